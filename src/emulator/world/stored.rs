//! One document in memory: JSON text, which takes a tenth of the room of an open document, with the places where its
//! members begin, so that a scan over a large tenant opens only the members that it looks at.
//!
//! A document that a handler asks for is opened, and closed again when too much is open.

use std::{
    cell::Cell,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;

use super::super::world::Document;

/// A document as JSON text.
#[derive(Debug, Default)]
pub(crate) struct Packed {
    text: Box<str>,
    /// Where the quotation mark of each member's name stands.
    starts: Box<[u32]>,
}

/// A document, packed and perhaps open. Copies share what they hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stored {
    packed: Arc<Packed>,
    open: OnceLock<Arc<Document>>,
}

/// Members that are looked up in many documents. Documents of a collection mostly have their members in the same order,
/// so each is looked for first where it was the last time.
#[derive(Debug)]
pub(crate) struct Members(Vec<(&'static str, Cell<usize>)>);

impl Members {
    pub(crate) fn new(mut names: Vec<&'static str>) -> Self {
        names.sort_unstable();
        names.dedup();
        Self(names.into_iter().map(|name| (name, Cell::new(0))).collect())
    }
}

impl Packed {
    pub(crate) fn new(document: &Document) -> Self {
        let (mut text, mut starts) = (String::from("{"), Vec::with_capacity(document.len()));
        for (name, value) in document {
            if text.len() > 1 {
                text.push(',');
            }
            // No request's body is nearly as large as such a number.
            starts.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
            text.push_str(&Value::from(name.as_str()).to_string());
            text.push(':');
            text.push_str(&value.to_string());
        }
        text.push('}');
        Self { text: text.into(), starts: starts.into() }
    }

    /// The whole document as JSON.
    pub(crate) fn text(&self) -> &str {
        if self.text.is_empty() { "{}" } else { &self.text }
    }

    pub(crate) fn open(&self) -> Document {
        // It was written by `new`, so it reads.
        serde_json::from_str(self.text()).unwrap_or_default()
    }

    /// The JSON of the member at this place, when it has this name.
    fn named(&self, index: usize, name: &str) -> Option<&str> {
        let start = usize::try_from(*self.starts.get(index)?).ok()?;
        // Behind every member stands a comma or the brace.
        let end = match self.starts.get(index + 1) {
            Some(next) => usize::try_from(*next).ok()?,
            None => self.text.len(),
        };
        self.text.get(start + 1..end - 1)?.strip_prefix(name)?.strip_prefix("\":")
    }

    /// The JSON of a member. `hint` is where it was in another document.
    pub(crate) fn member(&self, name: &str, hint: &Cell<usize>) -> Option<&str> {
        self.named(hint.get(), name).or_else(|| {
            let index = (0..self.starts.len()).find(|index| self.named(*index, name).is_some())?;
            hint.set(index);
            self.named(index, name)
        })
    }

    /// The document with these members only.
    pub(crate) fn part(&self, members: &Members) -> Document {
        let found = members.0.iter().filter_map(|(name, hint)| Some((*name, self.member(name, hint)?)));
        found.filter_map(|(name, text)| Some((name.to_owned(), serde_json::from_str(text).ok()?))).collect()
    }
}

impl Stored {
    pub(crate) fn new(document: &Document) -> Self {
        Self { packed: Arc::new(Packed::new(document)), open: OnceLock::new() }
    }

    /// The document, opened when it is not, and then counted.
    pub(crate) fn document(&self, opened: &AtomicUsize) -> &Document {
        self.open.get_or_init(|| {
            opened.fetch_add(1, Ordering::Relaxed);
            Arc::new(self.packed.open())
        })
    }

    pub(crate) fn packed(&self) -> &Arc<Packed> {
        &self.packed
    }

    /// Forgets the open document.
    pub(crate) fn close(&mut self) {
        self.open.take();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_found_wherever_they_stand() {
        let document = |value: Value| value.as_object().cloned().unwrap();
        let one = document(json!({ "a\"b": 1, "name": "x,\"y\":{", "tags": ["{", "}"], "n": null, "nam": 7 }));
        let other = document(json!({ "tags": [], "more": {}, "name": "z" }));
        let members = Members::new(vec!["name", "tags", "nam", "missing", "name"]);
        for whole in [&one, &other, &one, &Document::new()] {
            let packed = Packed::new(whole);
            assert_eq!(packed.open(), *whole);
            let part = packed.part(&members);
            for name in ["name", "tags", "nam", "missing"] {
                assert_eq!(part.get(name), whole.get(name), "{name}");
            }
        }
    }
}
