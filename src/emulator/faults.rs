//! Trouble on request: refusals and lost connections that a tester has asked for.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One order for trouble.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    method: Option<String>,
    /// A part of the path, in any case.
    path: Option<String>,
    /// Which matching request it hits, counted from one; absent: every one.
    nth: Option<u64>,
    pub(crate) then: Then,
    #[serde(default)]
    pub(crate) when: When,
    #[serde(skip)]
    seen: u64,
}

/// What happens.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Then {
    Answer(FaultyAnswer),
    Drop(Reset),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reset {
    Reset,
}

/// The answer that is given instead.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultyAnswer {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
}

/// Whether the request takes effect first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum When {
    #[default]
    Before,
    After,
}

/// The orders in force.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, faults: Vec<Fault>) {
        self.0.extend(faults);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts a request, and gives back the first fault that hits it. One with an `nth` is then used up.
    pub(crate) fn strike(&mut self, method: &str, path: &str) -> Option<Fault> {
        let path = path.to_lowercase();
        let mut hit = None;
        for (index, fault) in self.0.iter_mut().enumerate() {
            let matches = fault.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && fault.path.as_ref().is_none_or(|part| path.contains(&part.to_lowercase()));
            if !matches {
                continue;
            }
            fault.seen += 1;
            if hit.is_none() && fault.nth.is_none_or(|nth| nth == fault.seen) {
                hit = Some((index, fault.clone()));
            }
        }
        let (index, fault) = hit?;
        if fault.nth.is_some() {
            self.0.remove(index);
        }
        Some(fault)
    }
}
