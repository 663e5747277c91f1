//! A finger on the tree: follows keys and indices and always has a place to point at.

use crate::model::Place;

use super::tree::{Content, Entry, Node};

#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    node: Option<&'a Node>,
    /// The name of the value, or of the nearest thing around it that is there.
    key: &'a Place,
}

impl<'a> At<'a> {
    pub(super) fn root(node: &'a Node) -> Self {
        Self { node: Some(node), key: &node.place }
    }

    pub(super) fn entry(entry: &'a Entry) -> Self {
        Self { node: Some(&entry.value), key: &entry.key_place }
    }

    pub(super) fn key(self, name: &str) -> Self {
        match self.node.and_then(|node| node.entry(name)) {
            Some(entry) => Self::entry(entry),
            None => Self { node: None, key: self.key },
        }
    }

    pub(super) fn index(self, index: usize) -> Self {
        let Some(Node { value: Content::List(items), .. }) = self.node else { return Self { node: None, ..self } };
        match items.get(index) {
            Some(item) => Self { node: Some(item), key: &item.place },
            None => Self { node: None, ..self },
        }
    }

    /// Every key of a map with its value, in the order written.
    pub(super) fn entries(self) -> impl Iterator<Item = (&'a str, Self)> {
        self.node.map(Node::entries).unwrap_or_default().iter().map(|entry| (entry.key.as_str(), Self::entry(entry)))
    }

    /// Where to point at: the value where it is a scalar, else its name.
    pub(super) fn place(self) -> &'a Place {
        match self.node {
            Some(Node { value: Content::Bool(_) | Content::Number(_) | Content::Text(_), place }) => place,
            Some(Node { value: Content::Null | Content::List(_) | Content::Map(_), .. }) | None => self.key,
        }
    }

    /// The place of the value's name.
    pub(super) fn name(self) -> &'a Place {
        self.key
    }

    pub(super) fn exists(self) -> bool {
        self.node.is_some()
    }
}
