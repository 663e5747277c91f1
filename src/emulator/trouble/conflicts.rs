//! Writes to one object that come too soon after each other, or too soon after it was made.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::super::{
    refusal::Refusal,
    trouble::knobs::Conflicts,
    world::{Change, Collection, World, text},
};

const PERSONAL: [&str; 2] = ["AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"];

#[derive(Debug, Clone, Copy)]
struct Touched {
    made: Option<Timestamp>,
    written: Timestamp,
}

/// When objects were last made and written.
#[derive(Debug, Default)]
pub(crate) struct Touches(BTreeMap<(Collection, String), Touched>);

fn place(change: &Change) -> (Collection, &str) {
    match change {
        Change::Put { collection, id, .. } | Change::Remove { collection, id } => (*collection, id),
    }
}

impl Touches {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Refuses changes that come too soon.
    pub(crate) fn check(
        &self,
        knobs: &Conflicts,
        world: &World,
        changes: &[Change],
        now: Timestamp,
    ) -> Result<(), Refusal> {
        for change in changes {
            let (collection, id) = place(change);
            let Some(touched) = self.0.get(&(collection, id.to_owned())) else { continue };
            let Some(object) = world.get(collection, id) else { continue };
            let within = |since: Timestamp, limit: SignedDuration| {
                let age = since.duration_until(now);
                !age.is_negative() && age < limit
            };
            if touched.made.is_some_and(|made| within(made, knobs.creation.longest())) {
                return Err(if PERSONAL.contains(&text(object, "signInAudience")) {
                    Refusal::new(409, "Error_MsaAppDoesNotExist", "The corresponding MSA application does not exist.")
                } else {
                    Refusal::not_found(id)
                });
            }
            if within(touched.written, knobs.writes.longest()) {
                return Err(Refusal::new(
                    409,
                    "Directory_ConcurrencyViolation",
                    "Error due to concurrent requests being made to the tenant. Please wait briefly and retry.",
                ));
            }
        }
        Ok(())
    }

    /// Notes changes that are about to be made.
    pub(crate) fn note(&mut self, knobs: &Conflicts, world: &World, changes: &[Change], now: Timestamp) {
        if knobs.writes.is_none() && knobs.creation.is_none() {
            return;
        }
        for change in changes {
            let (collection, id) = place(change);
            let is_new = world.get(collection, id).is_none();
            let touched = self.0.entry((collection, id.to_owned())).or_insert(Touched { made: None, written: now });
            touched.written = now;
            if is_new {
                touched.made = Some(now);
            }
        }
    }
}
