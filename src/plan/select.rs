//! The part of a plan that was asked for: what is targeted with what it needs, less what is excluded with what needs it.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::nearest;
use crate::kinds::KINDS;
use crate::model::{Address, Finding, Problem, Selection, Step, Value};

/// What is left of a plan's steps, and what there is to say of that.
#[derive(Debug, Default)]
pub(super) struct Selected {
    pub steps: BTreeMap<Address, Step>,
    pub notices: Vec<String>,
}

/// Chooses among the steps of a plan. Nothing is deleted for the sake of something else: where what is chosen needs a deletion
/// that is not, it is left out itself.
pub(super) fn select(mut steps: BTreeMap<Address, Step>, selection: &Selection) -> Selected {
    let Some(partial) = selection.in_words() else { return Selected { steps, notices: Vec::new() } };
    let mut notices = vec![format!("this plan is partial: {partial}")];
    let needs = needs(&steps);
    let mut chosen: BTreeSet<Address> = steps.keys().filter(|address| selection.covers(address)).cloned().collect();
    let mut to_follow: Vec<Address> = chosen.iter().cloned().collect();
    while let Some(address) = to_follow.pop() {
        for needed in &needs[&address] {
            if chosen.contains(needed) || selection.excludes(needed) || steps[needed].action.is_delete() {
                continue;
            }
            chosen.insert(needed.clone());
            to_follow.push(needed.clone());
            if let Some(step) = steps.get_mut(needed) {
                step.notes.push(format!("it was not asked for and is taken along: {address} needs it"));
            }
        }
    }
    let mut left_out: BTreeMap<Address, Address> = BTreeMap::new();
    while let Some((address, lacking)) = chosen.iter().find_map(|address| {
        Some((address.clone(), needs[address].iter().find(|needed| !chosen.contains(needed))?.clone()))
    }) {
        chosen.remove(&address);
        left_out.insert(address, lacking);
    }
    if !left_out.is_empty() {
        let each = left_out.iter().map(|(address, lacking)| format!("{address} (it needs {lacking})"));
        let each: Vec<String> = each.collect();
        notices.push(format!("left out, for what they need is not selected: {}", each.join(", ")));
    }
    steps.retain(|address, _| chosen.contains(address));
    Selected { steps, notices }
}

/// What each step needs of the others.
fn needs(steps: &BTreeMap<Address, Step>) -> BTreeMap<Address, BTreeSet<Address>> {
    let of = |step: &Step| {
        let mut needs: BTreeSet<Address> =
            step.needs.iter().filter(|needed| steps.contains_key(*needed)).cloned().collect();
        // As long as a role holds for a scope, Exchange keeps it.
        if step.action.is_delete() && step.address.kind == "exchangeScope" {
            let holds = |other: &&Step| {
                let kind = other.address.kind.as_str();
                other.action.is_delete()
                    && other.address.holder == step.address.holder
                    && ["application", "exchangeRoleAssignment"].contains(&kind)
            };
            needs.extend(steps.values().filter(holds).map(|other| other.address.clone()));
        }
        needs
    };
    steps.iter().map(|(address, step)| (address.clone(), of(step))).collect()
}

/// The findings that are about what was selected; none says that it is done away with unless a step of `steps` does it.
pub(super) fn findings(
    mut findings: Vec<Finding>,
    steps: &BTreeMap<Address, Step>,
    selection: &Selection,
) -> Vec<Finding> {
    if selection.is_everything() {
        return findings;
    }
    findings.retain(|finding| selection.covers(&finding.address));
    for finding in &mut findings {
        finding.removed &= steps.values().any(|step| removes(step, finding));
    }
    findings
}

fn removes(step: &Step, finding: &Finding) -> bool {
    use crate::model::Action;
    if step.address.holder != finding.address.holder {
        return false;
    }
    let is_subject = |id: &str| !finding.subject.is_empty() && id.contains(&finding.subject);
    match &step.action {
        Action::Delete { id, before: _ } => step.address == finding.address || is_subject(id),
        Action::Update { id: _, changes, after: _ } => changes.iter().any(|change| {
            let stays: BTreeSet<&Value> = change.after.members().collect();
            let mut gone = change.before.members().filter(|value| !stays.contains(value));
            // A certificate is named by its thumbprint there, and by its `keyId` here.
            change.path == "keyCredentials" && step.address == finding.address && gone.next().is_some()
                || gone.filter_map(Value::id).any(is_subject)
        }),
        Action::Create { .. } | Action::Renew { .. } | Action::Prove { .. } => false,
    }
}

/// The patterns that mean none of `known`, where what they mean was looked at.
pub(super) fn unmatched(selection: &Selection, known: &BTreeSet<Address>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (option, pattern) in selection.patterns().filter(|(_, pattern)| !pattern.is_whole()) {
        if known.iter().any(|address| pattern.means(address)) {
            continue;
        }
        let of_holder = || known.iter().filter(|address| pattern.means_holder(&address.holder));
        let addresses: Vec<String> = of_holder().map(ToString::to_string).collect();
        let kinds = KINDS.iter().map(|kind| format!("{}/{}", pattern.holder(), kind.name()));
        let written = pattern.to_string();
        let candidates: Vec<String> =
            addresses.iter().cloned().chain(kinds).filter(|candidate| *candidate != written).collect();
        let help = match nearest(&written, candidates.iter().map(String::as_str)).as_slice() {
            [] if addresses.is_empty() => format!("of `{}` nothing is selected that could be meant", pattern.holder()),
            [] => format!("there is {}", listed(&addresses)),
            near => format!("did you mean {}?", listed(near)),
        };
        problems
            .push(Problem::error(format!("`{option} {written}` means nothing that is declared or there")).help(help));
    }
    problems
}

/// How many names are worth reading.
const MOST_LISTED: usize = 10;

fn listed(names: &[impl AsRef<str>]) -> String {
    let mut listed: Vec<String> = names.iter().take(MOST_LISTED).map(|name| format!("`{}`", name.as_ref())).collect();
    if names.len() > MOST_LISTED {
        listed.push(format!("{} more", names.len() - MOST_LISTED));
    }
    match listed.pop() {
        Some(last) if !listed.is_empty() => format!("{} and {last}", listed.join(", ")),
        last => last.unwrap_or_default(),
    }
}
