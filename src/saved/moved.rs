//! What has moved between a saved plan and the same plan made again.

use std::collections::BTreeSet;

use crate::model::{Address, Finding, FindingClass, Plan, Value};
use crate::render::inline;

/// Something that is not as it was when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// A field of something in the tenant or in a key store.
    Field {
        address: Address,
        field: String,
        before: Value,
        after: Value,
    },
    Appeared(Address),
    Gone(Address),
    /// Something that no manifest declares was found on a managed application.
    Found(Finding),
    /// What was found then is not there any more.
    NotFound(Finding),
    /// Something else than what was planned is to be done about it.
    Decided(Address),
    /// What is to be done comes in another order.
    Order,
}

impl std::fmt::Display for Moved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Field { address, field, before, after } => {
                write!(f, "{address}: {field} was {} and is {}", inline(before), inline(after))
            }
            Self::Appeared(address) => write!(f, "{address} was not there and is"),
            Self::Gone(address) => write!(f, "{address} was there and is gone"),
            Self::Found(finding) => write!(f, "{}: found since: {}", finding.address, finding.message),
            Self::NotFound(finding) => write!(f, "{}: found then and not now: {}", finding.address, finding.message),
            Self::Decided(address) => write!(f, "{address}: something else is to be done about it than was planned"),
            Self::Order => f.write_str("the steps would come in another order"),
        }
    }
}

/// Compares what was found when a plan was made with what is found now, and what was to be done with what is. Whoever is signed
/// in does not matter.
pub fn moved(then: &Plan, now: &Plan) -> Vec<Moved> {
    let mut moved = Vec::new();
    for (address, before) in &then.observed {
        let Some(after) = now.observed.get(address) else {
            moved.push(Moved::Gone(address.clone()));
            continue;
        };
        let absent = Value::Null;
        let names = before.fields.keys().chain(after.fields.keys().filter(|name| !before.fields.contains_key(*name)));
        for name in names {
            let (one, other) = (before.fields.get(name).unwrap_or(&absent), after.fields.get(name).unwrap_or(&absent));
            if one != other {
                let (address, field) = (address.clone(), name.clone());
                moved.push(Moved::Field { address, field, before: one.clone(), after: other.clone() });
            }
        }
        if before.id != after.id {
            let (address, field) = (address.clone(), "id".to_owned());
            let (before, after) = (Value::text(&before.id), Value::text(&after.id));
            moved.push(Moved::Field { address, field, before, after });
        }
    }
    let appeared = now.observed.keys().filter(|address| !then.observed.contains_key(*address));
    moved.extend(appeared.cloned().map(Moved::Appeared));
    moved.extend(beyond(now, then).map(Moved::Found));
    moved.extend(beyond(then, now).map(Moved::NotFound));
    if moved.is_empty() {
        moved.extend(decided(then, now));
    }
    moved
}

/// What one plan found and the other did not. Where in the manifests it belongs does not matter, and what policies say of it is
/// not found in the tenant: they are asked again.
fn beyond<'a>(one: &'a Plan, other: &'a Plan) -> impl Iterator<Item = Finding> + 'a {
    let said = |finding: &Finding| (finding.fingerprint(), finding.message.clone(), finding.removed);
    let known: BTreeSet<_> = other.findings.iter().map(said).collect();
    let found = one.findings.iter().filter(|finding| finding.rule.class() != FindingClass::Policy);
    found.filter(move |finding| !known.contains(&said(finding))).cloned()
}

/// Where the same findings lead to something else, as they may where proofs or policies of the tenant differ.
fn decided(then: &Plan, now: &Plan) -> Vec<Moved> {
    let of = |plan: &Plan, address: &Address| plan.steps.iter().find(|step| step.address == *address).cloned();
    let addresses = then.steps.iter().chain(&now.steps).map(|step| &step.address);
    let mut changed: Vec<Address> =
        addresses.filter(|address| of(then, address) != of(now, address)).cloned().collect();
    changed.sort();
    changed.dedup();
    if changed.is_empty() && then.steps != now.steps {
        return vec![Moved::Order];
    }
    changed.into_iter().map(Moved::Decided).collect()
}
