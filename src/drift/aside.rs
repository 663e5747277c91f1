//! Applications for which there is no plan as long as they are as they are. They are taken out of what is planned, so that one
//! of them does not hide the drift of all others.

use std::collections::BTreeMap;

use crate::kinds::{ESTATE_TAG, PROTECTED_TAG, estate_tag};
use crate::model::{
    Address, Desired, DesiredApplication, Finding, Handle, ObservedApplication, OnExpired, Rule, Severity, Snapshot,
};

/// What was set aside, and what there is to say of it.
pub(super) struct Aside {
    pub(super) findings: Vec<Finding>,
    /// Those that are there.
    pub(super) applications: BTreeMap<String, ObservedApplication>,
    /// Declared ones that carry another estate's tag.
    pub(super) taken: BTreeMap<Handle, DesiredApplication>,
}

pub(super) fn set_aside(desired: &mut Desired, snapshot: &mut Snapshot) -> Aside {
    let mut findings = Vec::new();
    let mut applications = BTreeMap::new();
    let mut taken_ones = BTreeMap::new();
    let ours = estate_tag(&desired.estate);
    let Snapshot { applications: found, deleted, .. } = snapshot;
    desired.applications.retain(|handle, declared| {
        // That it has ended is told as a finding, whatever it means for a plan.
        if declared.expiry.on_expired == OnExpired::Refuse {
            declared.expiry.on_expired = OnExpired::Warn;
        }
        let place = Some(declared.place.clone());
        let Some(actual) = found.get(handle.as_str()) else {
            let Some(deleted) = deleted.get(handle.as_str()) else { return true };
            let when = deleted.deleted.map_or_else(String::new, |when| format!(" on {}", when.strftime("%Y-%m-%d")));
            let message =
                format!("the application (appId {}) was deleted{when}, with all that it holds", deleted.app_id);
            let mut gone = finding(Rule::Gone, Severity::Error, handle.as_str(), message);
            gone.circumstances.remedy =
                format!("`accredit restore {handle}` brings it back with the same appId, within 30 days");
            findings.push(Finding { place, ..gone });
            return false;
        };
        let other = actual.tags.iter().find_map(|tag| tag.strip_prefix(ESTATE_TAG));
        let Some(other) = other.filter(|_| !actual.tags.contains(&ours)) else { return true };
        let message = format!("it carries the tag of the estate `{other}`, and not that of `{}`", desired.estate);
        let mut taken = finding(Rule::Changed, Severity::Error, handle.as_str(), message);
        // Whose tag it is belongs to what is accepted.
        taken.subject = format!("tags/{ESTATE_TAG}{other}");
        taken.circumstances.remedy = format!(
            "ask whoever keeps `{other}` which of you has it; `accredit plan` refuses until one of the two lets go of it"
        );
        findings.push(Finding { place, ..taken });
        taken_ones.insert(handle.clone(), declared.clone());
        applications.extend(found.remove_entry(handle.as_str()));
        false
    });
    let is_declared = |name: &str| desired.applications.contains_key(name) || applications.contains_key(name);
    let others: Vec<String> = found.keys().filter(|name| !is_declared(name)).cloned().collect();
    for name in others {
        let Some(actual) = found.get(&name) else { continue };
        let is_protected = actual.tags.iter().any(|tag| tag == PROTECTED_TAG);
        let message = format!(
            "`{}` (appId {}) carries the tag of this estate and is in no manifest",
            actual.display_name, actual.app_id
        );
        let mut unmanaged = finding(Rule::Unmanaged, Severity::Warning, &name, message);
        unmanaged.circumstances.since = actual.created;
        unmanaged.removed = desired.applications_declared && !is_protected;
        if is_protected {
            unmanaged.message.push_str("; it is protected");
            "put it back into a manifest; `accredit plan` refuses until then, as it would delete it"
                .clone_into(&mut unmanaged.circumstances.remedy);
        }
        findings.push(unmanaged);
        if is_protected || !desired.applications_declared {
            applications.extend(found.remove_entry(&name));
        }
    }
    Aside { findings, applications, taken: taken_ones }
}

fn finding(rule: Rule, severity: Severity, handle: &str, message: String) -> Finding {
    super::finding(rule, severity, Address::new(handle, "application", ""), message)
}
