//! A finding that somebody knows of and answers for, until a day.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Place;

/// What a baseline says of one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Of the finding that is accepted.
    pub fingerprint: String,
    /// What people read of it, where it is written down: the rule's code and the address. A finding that is another one is not
    /// accepted, so that nobody accepts what he does not read.
    pub rule: Option<String>,
    pub address: Option<String>,
    pub terms: Terms,
    /// Where the baseline says it.
    pub place: Place,
}

/// Who accepted a finding, why, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    pub owner: String,
    pub reason: String,
    /// The last day on which it is accepted, in UTC.
    pub expires: Date,
}

impl Terms {
    pub fn hold_at(&self, now: Timestamp) -> bool {
        now.to_zoned(TimeZone::UTC).date() <= self.expires
    }
}

/// One entry of a baseline as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BaselineEntry {
    pub fingerprint: String,
    pub rule: String,
    pub address: String,
    pub message: String,
    #[serde(flatten)]
    pub terms: Terms,
}
