//! Findings that somebody has accepted, with who, why and until when.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{Acceptance, BaselineEntry, Finding, FindingClass, Terms};

use super::fails;

/// Marks what is accepted, and says what of the baseline does not hold any more, one sentence each.
pub fn accept(findings: &mut [Finding], baseline: &[Acceptance], now: Timestamp) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut by_fingerprint: BTreeMap<String, Vec<&mut Finding>> = BTreeMap::new();
    for finding in findings {
        by_fingerprint.entry(finding.fingerprint()).or_default().push(finding);
    }
    for acceptance in baseline {
        let Acceptance { fingerprint, rule, address, terms, place } = acceptance;
        let Terms { owner, reason: _, expires } = terms;
        let Some(matching) = by_fingerprint.get_mut(fingerprint) else {
            let of = address.as_deref().unwrap_or(fingerprint);
            remarks.push(format!(
                "{place}: the acceptance of {owner} for {of} matches nothing any more; take it out of the baseline"
            ));
            continue;
        };
        for finding in matching {
            let is_read = rule.as_deref().is_none_or(|rule| rule == finding.rule.code())
                && address.as_deref().is_none_or(|address| address == finding.address.to_string());
            if !is_read {
                remarks.push(format!(
                    "{place}: this fingerprint is that of {} ({}), which is not what stands beside it, so nothing is accepted",
                    finding.address,
                    finding.rule.code()
                ));
            } else if terms.hold_at(now) {
                finding.circumstances.accepted = Some(terms.clone());
            } else {
                remarks.push(format!(
                    "{place}: {owner} accepted {} ({}) until {expires}, and it counts again",
                    finding.address,
                    finding.rule.code()
                ));
            }
        }
    }
    remarks
}

/// A baseline that accepts all that a run would fail on, on these terms, and keeps what is accepted already on its own.
pub fn entries(findings: &[Finding], classes: &BTreeSet<FindingClass>, terms: &Terms) -> Vec<BaselineEntry> {
    let mut entries: Vec<BaselineEntry> = findings
        .iter()
        .filter_map(|finding| {
            let kept = finding.circumstances.accepted.clone();
            let terms = kept.or_else(|| fails(finding, classes).then(|| terms.clone()))?;
            Some(BaselineEntry {
                fingerprint: finding.fingerprint(),
                rule: finding.rule.code().to_owned(),
                address: finding.address.to_string(),
                message: finding.message.clone(),
                terms,
            })
        })
        .collect();
    entries.sort_by(|one, other| {
        (&one.address, &one.rule, &one.message).cmp(&(&other.address, &other.rule, &other.message))
    });
    entries.dedup_by(|one, other| one.fingerprint == other.fingerprint);
    entries
}
