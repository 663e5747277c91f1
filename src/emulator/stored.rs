//! One document in memory: open, as handlers need it, or packed as JSON text, which takes a tenth of the room.
//!
//! A large tenant is packed nearly whole; what is asked for is opened, and packed again when too much is open.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use super::world::Document;

/// A document, open or packed. Copies share what they hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stored {
    packed: Option<Arc<[u8]>>,
    open: OnceLock<Arc<Document>>,
}

impl Stored {
    pub(crate) fn new(document: Document, opened: &AtomicUsize) -> Self {
        opened.fetch_add(1, Ordering::Relaxed);
        Self { packed: None, open: OnceLock::from(Arc::new(document)) }
    }

    /// The document, opened when it is not, and then counted.
    pub(crate) fn document(&self, opened: &AtomicUsize) -> &Document {
        self.open.get_or_init(|| {
            opened.fetch_add(1, Ordering::Relaxed);
            let text = self.packed.as_deref().unwrap_or_default();
            // It was written by `pack`, so it reads.
            Arc::new(serde_json::from_slice(text).unwrap_or_default())
        })
    }

    pub(crate) fn pack(&mut self) {
        if let Some(document) = self.open.get() {
            if self.packed.is_none() {
                self.packed = serde_json::to_vec(&**document).ok().map(Arc::from);
            }
            if self.packed.is_some() {
                self.open = OnceLock::new();
            }
        }
    }

    /// Writes the document as JSON.
    pub(crate) fn write(&self, mut writer: impl std::io::Write) -> std::io::Result<()> {
        match (&self.packed, self.open.get()) {
            (Some(text), _) => writer.write_all(text),
            (None, Some(document)) => Ok(serde_json::to_writer(writer, &**document)?),
            (None, None) => writer.write_all(b"{}"),
        }
    }
}
