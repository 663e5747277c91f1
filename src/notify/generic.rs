//! Our own JSON, for whoever makes something of it.

use serde_json::{Value as Json, json};

use crate::model::{Plan, Severity};

use super::Summary;

/// The version of this form: major.minor, as plans have it.
const FORMAT_VERSION: &str = "1.0";

/// Whoever wants more reads the report.
const MOST: usize = 100;

pub(super) fn message(summary: &Summary<'_>) -> Json {
    let Plan { tenant, organization, estate, now, .. } = summary.plan;
    let findings: Vec<_> = summary.failing.iter().take(MOST).collect();
    json!({
        "formatVersion": FORMAT_VERSION,
        "accreditVersion": env!("CARGO_PKG_VERSION"),
        "outcome": if summary.failing.is_empty() { "inLine" } else { "findings" },
        "text": summary.headline(),
        "tenant": tenant,
        "organization": organization,
        "estate": estate,
        "now": now,
        "counts": {
            "errors": summary.count(Severity::Error),
            "warnings": summary.count(Severity::Warning),
            "accepted": summary.accepted,
        },
        "findings": findings,
        "leftOut": summary.failing.len().saturating_sub(MOST),
    })
}
