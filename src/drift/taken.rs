//! Declared applications that carry another estate's tag. No plan touches them, and yet whatever else is on them is told: or one
//! tag would hide a credential beside it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::kinds::{ESTATE_TAG, Intent, estate_tag};
use crate::model::{Desired, DesiredApplication, Finding, Handle, ObservedApplication, Problem, Selection, Snapshot};
use crate::plan::plan;

use super::{differences, expiry};

/// What would be told of them if the tag were that of this estate; nothing of it is done away with before they are.
pub(super) fn of(
    taken: BTreeMap<Handle, DesiredApplication>,
    applications: &BTreeMap<String, ObservedApplication>,
    (desired, snapshot): (&Desired, &Snapshot),
    now: Timestamp,
    selection: &Selection,
) -> Result<Vec<Finding>, Vec<Problem>> {
    if taken.is_empty() {
        return Ok(Vec::new());
    }
    let ours = estate_tag(&desired.estate);
    let mended = |actual: &ObservedApplication| {
        let mut mended = actual.clone();
        mended.tags.retain(|tag| !tag.starts_with(ESTATE_TAG));
        mended.tags.push(ours.clone());
        mended
    };
    let found =
        taken.keys().filter_map(|handle| Some((handle.to_string(), mended(applications.get(handle.as_str())?))));
    let snapshot = Snapshot { applications: found.collect(), ..snapshot.clone() };
    let desired = Desired { applications: taken, user_roles: Vec::new(), let_go: BTreeMap::new(), ..desired.clone() };
    let mut plan = plan(&desired, &snapshot, now, Intent::Reconcile)?;
    let mut findings = std::mem::take(&mut plan.findings);
    findings.extend(differences::of(&plan, &desired));
    findings.extend(expiry::of(&plan, &desired, &snapshot));
    findings.retain(|finding| selection.covers(&finding.address));
    for finding in &mut findings {
        finding.removed = false;
        "settle first whose application it is: until then nothing is done about it"
            .clone_into(&mut finding.circumstances.remedy);
    }
    Ok(findings)
}
