//! The order of steps, derived from the references between them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::kinds::kind;
use crate::model::{Address, Step};

/// Steps so that each comes after those it needs; deletions last, the dependent before what it depends on.
pub(super) fn in_order(mut steps: BTreeMap<Address, Step>) -> Vec<Step> {
    let deleted: Vec<Address> =
        steps.values().filter(|step| step.action.is_delete()).map(|step| step.address.clone()).collect();
    let rank = |address: &Address| kind(&address.kind).map_or(usize::MAX, |(rank, _)| rank);
    let present: BTreeSet<Address> = steps.keys().cloned().collect();
    for step in steps.values_mut() {
        // A reference to something that is not to be written is a reference to something that is there.
        step.needs.retain(|needed| present.contains(needed));
        if step.action.is_delete() {
            let own = rank(&step.address);
            let dependent = deleted.iter().filter(|other| other.holder == step.address.holder && rank(other) > own);
            step.needs.extend(dependent.cloned());
        }
    }
    let sort_key = |step: &Step| {
        let kind = rank(&step.address);
        let kind = if step.action.is_delete() { usize::MAX - kind } else { kind };
        (step.action.is_delete(), step.address.holder.clone(), kind, step.address.name.clone())
    };
    let mut waiting: Vec<Step> = steps.into_values().collect();
    waiting.sort_by_key(sort_key);
    let mut waiting = VecDeque::from(waiting);
    let mut ordered: Vec<Step> = Vec::new();
    let mut done: BTreeSet<Address> = BTreeSet::new();
    // Each round takes the first step whose needs are met. The kinds refer only to kinds before them, so there is one.
    while let Some(next) =
        waiting.iter().position(|step| step.needs.is_subset(&done)).or((!waiting.is_empty()).then_some(0))
    {
        if let Some(step) = waiting.remove(next) {
            done.insert(step.address.clone());
            ordered.push(step);
        }
    }
    ordered
}
