//! The order of a manifest's keys: that of the schema, which is that of `docs/manifest.md`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::shape::layers_of;

/// What the schema knows of one place in a manifest; nothing, where there is no such place.
#[derive(Clone)]
pub(super) struct Known<'s> {
    root: &'s Value,
    layers: Vec<&'s Map<String, Value>>,
    /// Whether keys are put in order at all.
    pub sorts: bool,
}

impl<'s> Known<'s> {
    pub(super) fn top(root: &'s Value, sorts: bool) -> Self {
        Self { root, layers: Vec::new(), sorts }.with(vec![root])
    }

    /// The same for one of several schemas, with their alternatives.
    fn with(&self, schemas: Vec<&'s Value>) -> Self {
        let mut layers: Vec<&'s Map<String, Value>> = Vec::new();
        let mut open = schemas;
        while let Some(schema) = open.pop() {
            for layer in layers_of(self.root, schema) {
                let branches = ["anyOf", "oneOf"].into_iter().filter_map(|word| layer.get(word)?.as_array());
                open.extend(branches.flatten());
                layers.push(layer);
            }
        }
        Self { root: self.root, layers, sorts: self.sorts }
    }

    fn properties(&self) -> Option<&'s Map<String, Value>> {
        self.layers.iter().find_map(|layer| layer.get("properties")?.as_object())
    }

    pub(super) fn of_key(&self, key: &str) -> Self {
        let named = self.properties().and_then(|properties| properties.get(key));
        let others =
            || self.layers.iter().find_map(|layer| layer.get("additionalProperties").filter(|it| it.is_object()));
        self.with(named.or_else(others).into_iter().collect())
    }

    pub(super) fn of_items(&self) -> Self {
        self.with(self.layers.iter().filter_map(|layer| layer.get("items")).collect())
    }

    /// The keys of a map that has chosen ones, in their order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'s str> {
        self.properties().into_iter().flat_map(|properties| properties.keys().map(String::as_str))
    }

    /// Entries in the order of their keys: as they were, unless all of them are known.
    pub(super) fn sorted<T>(&self, mut entries: Vec<T>, key: impl Fn(&T) -> &str) -> Vec<T> {
        let order: BTreeMap<&str, usize> = self.keys().enumerate().map(|(at, key)| (key, at)).collect();
        let are_known = entries.iter().all(|entry| order.contains_key(key(entry)));
        if self.sorts && are_known {
            entries.sort_by_key(|entry| order.get(key(entry)).copied());
        }
        entries
    }
}
