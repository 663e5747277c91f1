//! Replication lag: how long a write takes until a replica has it, and the earlier versions that are read meanwhile.
//!
//! A write of an object becomes true at once and is seen by a replica after a lag of its own. The lag is not stored:
//! it follows from the number of the write, the collection, the replica, and the seed; never from an id, which is random.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::{
    trouble::chance::{Chance, settled},
    trouble::span::Span,
    world::stored::Stored,
    world::{Collection, Reads},
};

/// How far each sort of read is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a time, or an object with a time for each sort of read"
)]
pub struct Lag {
    /// Reads of an object that the path names.
    pub by_id: Span,
    /// Lists.
    pub lists: Span,
    /// Look-ups of objects that a body refers to.
    pub references: Span,
    /// The token service.
    pub tokens: Span,
    /// How many replicas answer reads, each with lags of its own.
    pub replicas: u64,
}

impl Default for Lag {
    fn default() -> Self {
        let none = Span::default();
        Self { by_id: none, lists: none, references: none, tokens: none, replicas: 1 }
    }
}

impl Lag {
    fn span(&self, reads: Reads) -> Span {
        match reads {
            Reads::ById => self.by_id,
            Reads::Lists => self.lists,
            Reads::References => self.references,
            Reads::Tokens => self.tokens,
        }
    }

    fn longest(&self) -> SignedDuration {
        [self.by_id, self.lists, self.references, self.tokens].map(Span::longest).into_iter().max().unwrap_or_default()
    }
}

/// One write that not every replica has yet.
#[derive(Debug)]
struct Write {
    at: Timestamp,
    /// All objects that one request changes share it: their order goes by ids and must not matter.
    number: u64,
    /// What there was until then.
    before: Option<Stored>,
}

/// What a replica knows of an object.
#[derive(Debug)]
pub(crate) enum Seen<'a> {
    /// What is true.
    Truth,
    /// What was there earlier; nothing, if it was not there.
    Earlier(Option<&'a Stored>),
}

/// The writes of late, and the request from whose side they are looked at.
#[derive(Debug)]
pub(crate) struct Replication {
    lag: Lag,
    seed: u64,
    chance: Chance,
    now: Timestamp,
    replica: u64,
    writes: u64,
    late: BTreeMap<Collection, BTreeMap<Arc<str>, VecDeque<Write>>>,
    /// The same writes in their order, to be forgotten in it.
    order: VecDeque<(Timestamp, Collection, Arc<str>)>,
}

impl Default for Replication {
    fn default() -> Self {
        Self {
            lag: Lag::default(),
            seed: 0,
            chance: Chance::new(0),
            now: Timestamp::UNIX_EPOCH,
            replica: 0,
            writes: 0,
            late: BTreeMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl Replication {
    pub(crate) fn randomize(&mut self, seed: u64) {
        self.seed = seed;
        self.writes = 0;
        self.chance = Chance::new(settled(&[seed, 1]));
    }

    /// Begins a request: the time, and the replica that answers it. A tester's order needs none, so none is drawn for it.
    pub(crate) fn begin(&mut self, now: Timestamp, lag: Lag, is_order: bool) {
        // A clock that was set back makes old instants meaningless.
        if now < self.now {
            self.forget();
        }
        self.now = now;
        self.lag = lag;
        let longest = lag.longest();
        if longest.is_zero() {
            self.forget();
            return;
        }
        if !is_order {
            self.replica = self.chance.below(lag.replicas);
        }
        while self.order.front().is_some_and(|(at, ..)| at.duration_until(now) >= longest) {
            if let Some((_, collection, id)) = self.order.pop_front()
                && let Some(objects) = self.late.get_mut(&collection)
                && let Some(writes) = objects.get_mut(&id)
            {
                writes.pop_front();
                if writes.is_empty() {
                    objects.remove(&id);
                }
            }
        }
    }

    pub(crate) fn forget(&mut self) {
        self.late.clear();
        self.order.clear();
    }

    /// Whether anything can lag at all.
    pub(crate) fn is_on(&self) -> bool {
        !self.lag.longest().is_zero()
    }

    /// Counts a request's changes, after all of them were recorded.
    pub(crate) fn count_write(&mut self) {
        self.writes += 1;
    }

    /// The number of the newest write to an object that may not be seen everywhere yet; 0 if there is none.
    pub(crate) fn newest(&self, collection: Collection, id: &str) -> u64 {
        let writes = self.late.get(&collection).and_then(|objects| objects.get(id));
        writes.and_then(VecDeque::back).map_or(0, |write| write.number)
    }

    pub(crate) fn record(&mut self, collection: Collection, id: &Arc<str>, before: Option<Stored>) {
        let write = Write { at: self.now, number: self.writes + 1, before };
        self.late.entry(collection).or_default().entry(Arc::clone(id)).or_default().push_back(write);
        self.order.push_back((self.now, collection, Arc::clone(id)));
    }

    /// The objects of a collection that were written lately.
    pub(crate) fn late(&self, collection: Collection) -> impl Iterator<Item = &Arc<str>> {
        self.late.get(&collection).into_iter().flat_map(BTreeMap::keys)
    }

    /// Whether something in the collection may be seen otherwise than it is.
    pub(crate) fn touches(&self, collection: Collection) -> bool {
        self.late.get(&collection).is_some_and(|objects| !objects.is_empty())
    }

    /// What this request's replica knows of an object.
    pub(crate) fn seen(&self, reads: Reads, collection: Collection, id: &str) -> Seen<'_> {
        let Some(writes) = self.late.get(&collection).and_then(|objects| objects.get(id)) else {
            return Seen::Truth;
        };
        let span = self.lag.span(reads);
        let mut seen = Seen::Truth;
        // The newest write that has arrived counts; one that it has overtaken does not.
        for write in writes.iter().rev() {
            let random = settled(&[self.seed, write.number, collection as u64, self.replica, reads as u64]);
            if write.at.duration_until(self.now) >= span.pick(random) {
                break;
            }
            seen = Seen::Earlier(write.before.as_ref());
        }
        seen
    }
}
