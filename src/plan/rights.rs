//! What a plan needs of the operator. A plan's writes are values, so what it needs is looked up for the very requests that it
//! will send; there is no list of rights by kind that could fall behind.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::catalog::apis::MICROSOFT_GRAPH;
use crate::catalog::capabilities::reads_of_a_plan;
use crate::catalog::least_privilege::{self, Circumstances, Entry};
use crate::catalog::powers::{Held, Verdict, held, least_role, least_set, verdict, writes_owned_alone};
use crate::catalog::risks;
use crate::catalog::roles;
use crate::kinds::{Certificates, Intent, Write, kind};
use crate::model::{
    Action, Desired, ExchangeRights, MissingRight, ObservedOwner, Operator, Powers, Right, Rights, Snapshot, Step,
    Value,
};

/// A request that a step sends, as far as it matters whether it is allowed.
#[derive(Clone, Copy)]
struct Asked<'a> {
    step: &'a Step,
    entry: &'static Entry,
    circumstances: Circumstances,
}

/// What `steps` need, and of what the operator has no part of `estate`, all that is declared as if none of it were there,
/// would have a use for.
pub(super) fn rights(
    steps: &[Step],
    estate: &[Step],
    (desired, intent): (&Desired, Intent),
    snapshot: &Snapshot,
    now: Timestamp,
) -> Rights {
    let certificates = Certificates::of(&snapshot.keys, now);
    let asked = asked(steps, snapshot, &certificates);
    let mut reads: Vec<&'static Entry> =
        snapshot.reads.iter().filter_map(|path| least_privilege::find("GET", path)).collect();
    // Of an application that is yet to be made nothing was read, and the next plan reads all of it.
    if !estate.is_empty() {
        reads.extend(reads_of_a_plan());
    }
    let mut needed: BTreeSet<&'static str> = BTreeSet::new();
    needed.extend(reads.iter().flat_map(|entry| entry.least(Circumstances::PLAIN)));
    needed.extend(asked.iter().flat_map(|asked| asked.entry.least(asked.circumstances)));
    let is_known = snapshot.operator.powers != Powers::Unknown;
    let missing = if is_known { missing(&asked, &snapshot.operator) } else { Vec::new() };
    // What is destroyed says nothing of what the manifests need.
    let surplus = if intent == Intent::Destroy {
        BTreeSet::new()
    } else {
        let mut whole = self::asked(estate, snapshot, &certificates);
        whole.extend(&asked);
        let mut surplus = surplus(&reads, &whole, &snapshot.operator);
        surplus.retain(|right| !keeps_a_list(right, desired));
        surplus
    };
    let exchange = exchange(steps, snapshot, &certificates);
    Rights { needed: least_set(&needed).into_iter().map(right).collect(), known: is_known, missing, exchange, surplus }
}

/// What it takes at Exchange's admin endpoint, which was asked what the operator may run.
fn exchange(steps: &[Step], snapshot: &Snapshot, certificates: &Certificates) -> Option<ExchangeRights> {
    let organization = snapshot.exchange.organization.as_ref()?;
    let mut rights = ExchangeRights::default();
    for step in steps {
        let Some((_, kind)) = kind(&step.address.kind) else { continue };
        for cmdlet in kind.writes(step, certificates).iter().flat_map(Write::cmdlets) {
            rights.cmdlets.insert(cmdlet.to_owned());
            if !organization.cmdlets.contains(cmdlet) {
                rights.missing.insert(cmdlet.to_owned());
                rights.steps.insert(step.address.clone());
            }
        }
    }
    (!rights.cmdlets.is_empty()).then_some(rights)
}

/// Whether a permission or role is what it takes to remove from a managed list what somebody else adds to it, even where the list is to be
/// empty.
fn keeps_a_list(permission: &str, desired: &Desired) -> bool {
    let mut applications = desired.applications.values();
    match permission {
        "AppRoleAssignment.ReadWrite.All" | "DelegatedPermissionGrant.ReadWrite.All" => {
            applications.any(|application| application.permissions.is_some())
        }
        "RoleManagement.ReadWrite.Exchange" => applications.any(|application| application.exchange.roles.is_some()),
        ExchangeRights::LEAST_ROLE => applications.any(|application| application.exchange.role_groups.is_some()),
        "RoleManagement.ReadWrite.Directory" => {
            !desired.user_roles.is_empty() || applications.any(|application| application.roles.is_some())
        }
        _ => false,
    }
}

fn right(permission: &str) -> Right {
    Right { permission: permission.to_owned(), role: least_role(permission).map(str::to_owned) }
}

fn asked<'a>(steps: &'a [Step], snapshot: &Snapshot, certificates: &Certificates) -> Vec<Asked<'a>> {
    let mut asked = Vec::new();
    for step in steps {
        let Some((_, kind)) = kind(&step.address.kind) else { continue };
        let requests = kind.writes(step, certificates).into_iter().flat_map(|write| write.requests());
        for (method, path) in requests {
            let Some(entry) = least_privilege::find(method, &path) else { continue };
            let circumstances = Circumstances {
                owned: is_owned(step, &path, snapshot),
                of_microsoft_graph: is_of_microsoft_graph(step, snapshot),
            };
            asked.push(Asked { step, entry, circumstances });
        }
    }
    asked
}

/// Whether the operator owns what a request writes to: it owns what it makes, and what Graph lists as its own.
fn is_owned(step: &Step, path: &str, snapshot: &Snapshot) -> bool {
    // There is no delegated permission for what is owned alone.
    if matches!(snapshot.operator.powers, Powers::User { .. }) {
        return false;
    }
    // What belongs to an application that is yet to be made is yet to be made too.
    let Some(application) = snapshot.applications.get(&step.address.holder) else { return true };
    let object = least_privilege::object_id(path).unwrap_or(&application.id);
    let is_operator = |owner: &ObservedOwner| snapshot.operator.object_id.as_ref() == Some(&owner.id);
    // The list of what is owned may be behind the list of owners, which is read where the manifest declares them.
    if object == application.id && application.owners.iter().any(is_operator) {
        return true;
    }
    match &snapshot.owned {
        Some(owned) => owned.contains(object),
        // Where it could not be read, it is not known that the operator does not own it.
        None => writes_owned_alone(&snapshot.operator),
    }
}

fn is_of_microsoft_graph(step: &Step, snapshot: &Snapshot) -> bool {
    let fields = match &step.action {
        Action::Delete { id: _, before } => before,
        Action::Create { after }
        | Action::Update { id: _, changes: _, after }
        | Action::Renew { id: _, changes: _, after }
        | Action::Prove { after } => after,
    };
    let resource = fields.get("resourceId").and_then(Value::id);
    let api = resource.and_then(|id| snapshot.apis.iter().find(|api| api.id == id));
    api.is_none_or(|api| api.app_id == MICROSOFT_GRAPH)
}

fn missing(asked: &[Asked<'_>], operator: &Operator) -> Vec<MissingRight> {
    let mut missing: BTreeMap<&'static str, MissingRight> = BTreeMap::new();
    let held = held(operator);
    for Asked { step, entry, circumstances } in asked {
        let judged = verdict(operator, entry, *circumstances);
        if judged == Verdict::Allowed {
            continue;
        }
        let lacking = entry.least(*circumstances).iter().filter(|permission| !held.has(permission));
        for permission in lacking {
            let one = missing.entry(permission).or_insert_with(|| MissingRight {
                right: right(permission),
                steps: BTreeSet::new(),
                certain: false,
            });
            one.steps.insert(step.address.clone());
            one.certain |= judged == Verdict::Refused;
        }
    }
    // One that another of them includes comes with it.
    let names: BTreeSet<&'static str> = missing.keys().copied().collect();
    let least = least_set(&names);
    missing.into_iter().filter(|(name, _)| least.contains(name)).map(|(_, missing)| missing).collect()
}

/// Permissions and roles of an application that nothing needs.
fn surplus(reads: &[&'static Entry], asked: &[Asked<'_>], operator: &Operator) -> BTreeSet<String> {
    // A user has the scopes of a client that others made, and the roles of a day's work.
    let Powers::Application { permissions, roles: role_ids } = &operator.powers else { return BTreeSet::new() };
    let requests: Vec<(&'static Entry, Circumstances)> = reads
        .iter()
        .map(|entry| (*entry, Circumstances::PLAIN))
        .chain(asked.iter().map(|asked| (asked.entry, asked.circumstances)))
        .collect();
    let all = held(operator);
    let used: BTreeSet<&str> = requests
        .iter()
        .filter_map(|(entry, circumstances)| {
            let mut ways = entry.ways.iter().filter(|way| way.applies(*circumstances));
            ways.find(|way| way.permissions.iter().all(|permission| all.has(permission)))
        })
        .flat_map(|way| way.permissions.iter().copied())
        .collect();
    let used = Held::new(used);
    let mut surplus: BTreeSet<String> =
        permissions.iter().filter(|permission| !used.has(permission)).cloned().collect();
    let without_roles = Held::new(permissions.iter().map(String::as_str));
    let roles_help = requests.iter().any(|(entry, circumstances)| {
        all.allows(entry, *circumstances) && !without_roles.allows(entry, *circumstances)
    });
    if !roles_help {
        let dangerous = |role: &&String| {
            let amounts = Held::default().with_roles([role.as_str()]);
            least_privilege::all().iter().any(|entry| {
                amounts.allows(entry, Circumstances::PLAIN)
                    && entry.ways.iter().any(|way| {
                        way.permissions.iter().any(|permission| risks::of_graph_permission(permission).is_some())
                    })
            })
        };
        surplus.extend(
            role_ids.iter().filter(dangerous).filter_map(|id| roles::find(id)).map(|role| role.name.to_owned()),
        );
    }
    surplus
}
