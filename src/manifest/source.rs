//! The texts of the manifests, as far as they may be shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Place, sha256};

use super::secrets;

/// The manifests that were read, by the names the user knows them by.
#[derive(Clone, Debug, Default)]
pub struct Sources(BTreeMap<Arc<str>, Source>);

/// One manifest's text.
#[derive(Clone, Debug)]
pub(super) struct Source {
    name: Arc<str>,
    text: String,
    /// The text as it may be shown: byte for byte as long, with what is or looks like a secret starred out.
    shown: String,
}

impl Sources {
    pub(super) fn insert(&mut self, source: Source) {
        self.0.insert(Arc::clone(&source.name), source);
    }

    pub(super) fn get(&self, name: &str) -> Option<&Source> {
        self.0.get(name)
    }

    /// The SHA-256 of each text, in hex, by its name.
    pub fn digests(&self) -> BTreeMap<String, String> {
        self.0.values().map(|source| (source.name().to_owned(), sha256(source.text()))).collect()
    }

    /// Hides places from everything that is ever shown.
    pub(super) fn hide(&mut self, places: &[Place]) {
        if places.is_empty() {
            return;
        }
        for (name, source) in &mut self.0 {
            let spans = places.iter().filter(|place| place.file == *name).map(Place::span);
            source.shown = secrets::star_out(&source.shown, spans);
        }
    }
}

impl Source {
    pub(super) fn new(name: Arc<str>, text: String) -> Self {
        let shown = secrets::without_secrets(&text);
        Self { name, text, shown }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    pub(super) fn beginning(&self) -> Place {
        self.place_of(0, 1, 1, 1)
    }

    /// A place from bytes that may lie anywhere: brought onto character boundaries and widened to one character.
    pub(super) fn place_of(&self, start: usize, end: usize, line: usize, column: usize) -> Place {
        let start = floor(&self.text, start);
        let end = floor(&self.text, end);
        let end = match self.text.get(start..).and_then(|rest| rest.chars().next()) {
            Some(first) => end.max(start + first.len_utf8()),
            None => start,
        };
        Place { file: Arc::clone(&self.name), line: line.max(1), column: column.max(1), start, end }
    }

    /// The place of a byte, with its line and column counted.
    pub(super) fn place_at(&self, byte: usize) -> Place {
        let byte = floor(&self.text, byte);
        let before = self.text.get(..byte).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        self.place_of(byte, byte, line, column)
    }
}

/// The nearest character boundary at or before a byte.
pub(super) fn floor(text: &str, byte: usize) -> usize {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}
