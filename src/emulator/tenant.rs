//! A running tenant: its world, where it is kept, its signing key, and the testers' orders.
//!
//! `commit` is the one way to change it: disk first, memory after.

use std::{io, sync::Arc};

use serde_json::Value;

use super::{
    faults::Faults,
    journal::Journal,
    token::{Signer, SignerError},
    world::{Change, Collection, World, text},
};

const SIGNING_KEY: &str = "~signingKey";

/// Why the signing key is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error(transparent)]
    Signer(#[from] SignerError),
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// Everything that changes while the emulator runs.
pub(crate) struct Tenant {
    pub(crate) world: World,
    journal: Option<Journal>,
    signer: Option<Arc<Signer>>,
    pub(crate) faults: Faults,
    pub(crate) log: Vec<Value>,
    closed: bool,
}

impl Tenant {
    pub(crate) fn new(world: World, journal: Option<Journal>) -> Self {
        Self { world, journal, signer: None, faults: Faults::default(), log: Vec::new(), closed: false }
    }

    /// Makes the changes durable, then true.
    pub(crate) fn commit(&mut self, changes: Vec<Change>) -> io::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        if self.closed {
            return Err(io::Error::other("the emulator is stopping"));
        }
        if let Some(journal) = &mut self.journal {
            journal.append(&changes)?;
        }
        self.world.apply(changes);
        if let Some(journal) = &mut self.journal {
            // The change is on disk already; a failed clean-up is tried again with the next one.
            let _ = journal.compact(&self.world);
        }
        Ok(())
    }

    /// Refuses every later change, so that another process may take the file over.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// Adds members to the tenant's own document.
    pub(crate) fn remember(&mut self, members: Vec<(&str, Value)>) -> io::Result<()> {
        let mut tenant = self.world.tenant().cloned().unwrap_or_default();
        for (name, value) in members {
            tenant.insert(name.to_owned(), value);
        }
        self.commit(vec![Change::put(Collection::Tenant, tenant)])
    }

    /// The signing key, made when it is first needed.
    pub(crate) fn signer(&mut self) -> Result<Arc<Signer>, KeyError> {
        if let Some(signer) = &self.signer {
            return Ok(Arc::clone(signer));
        }
        let stored = self.world.tenant().map_or("", |tenant| text(tenant, SIGNING_KEY)).to_owned();
        let pem = if stored.is_empty() {
            let made = Signer::generate()?;
            self.remember(vec![(SIGNING_KEY, made.clone().into())])?;
            made
        } else {
            stored
        };
        let signer = Arc::new(Signer::from_pem(&pem)?);
        self.signer = Some(Arc::clone(&signer));
        Ok(signer)
    }

    pub(crate) fn record(&mut self, method: &str, path: &str, status: Option<u16>) {
        self.log.push(serde_json::json!({ "method": method, "path": path, "status": status }));
    }
}
