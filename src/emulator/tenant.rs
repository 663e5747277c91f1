//! A running tenant: its world, where it is kept, its signing key, and the testers' orders.
//!
//! `commit` is the one way to change it: disk first, memory after.

use std::{io, sync::Arc};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    control::record::Record,
    refusal::Refusal,
    storage::journal::Journal,
    token::{Signer, SignerError},
    trouble::chance::{Chance, settled},
    trouble::conflicts::Touches,
    trouble::faults::Faults,
    trouble::knobs::Knobs,
    trouble::throttle::Meters,
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
    pub(crate) knobs: Knobs,
    pub(crate) faults: Faults,
    pub(crate) meters: Meters,
    touches: Touches,
    pub(crate) record: Record,
    pub(crate) chance: Chance,
    initial: (Knobs, Faults),
    random_seed: u64,
    closed: bool,
}

impl Tenant {
    pub(crate) fn new(world: World, journal: Option<Journal>) -> Self {
        Self {
            world,
            journal,
            signer: None,
            knobs: Knobs::default(),
            faults: Faults::default(),
            meters: Meters::default(),
            touches: Touches::default(),
            record: Record::default(),
            chance: Chance::new(0),
            initial: (Knobs::default(), Faults::default()),
            random_seed: 0,
            closed: false,
        }
    }

    /// Sets the trouble that there is from the start, and where random choices begin. From here on, `reset` leads back.
    pub(crate) fn trouble(&mut self, knobs: Knobs, faults: Faults, random_seed: u64) {
        self.knobs = knobs.clone();
        self.faults = faults.clone();
        self.random_seed = random_seed;
        self.randomize();
        self.initial = (knobs, faults);
        self.world.set_origin();
    }

    /// Random choices begin where they began.
    fn randomize(&mut self) {
        self.chance = Chance::new(settled(&[self.random_seed, 0]));
        self.world.randomize(self.random_seed);
    }

    /// Begins a request, or a tester's order, which no replica answers.
    pub(crate) fn begin(&mut self, now: Timestamp, is_order: bool) {
        self.world.begin(now, self.knobs.lag, is_order);
    }

    /// Back to the state after the start: objects, knobs, faults, random choices, log and counters.
    pub(crate) fn reset(&mut self) -> io::Result<()> {
        let changes = self.world.back_to_origin();
        self.commit(changes)?;
        self.world.set_origin();
        self.world.settle();
        (self.knobs, self.faults) = self.initial.clone();
        self.meters.clear();
        self.touches.clear();
        self.record.clear();
        self.randomize();
        Ok(())
    }

    /// Makes the changes that a client asked for, unless they come too soon after others.
    pub(crate) fn write(&mut self, changes: Vec<Change>, now: Timestamp) -> Result<(), Refusal> {
        self.touches.check(&self.knobs.conflicts, &self.world, &changes, now)?;
        self.touches.note(&self.knobs.conflicts, &self.world, &changes, now);
        self.commit(changes)
            .map_err(|error| Refusal::new(503, "ServiceUnavailable", format!("The write could not be kept: {error}.")))
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
}
