//! What lets an application in at Exchange besides directory roles: roles and role groups of Exchange's own.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::catalog::exchange_roles::is_application_role;
use crate::model::{Desired, ObservedServicePrincipal, Problem, Snapshot};

use super::exchange_role_assignment::ExchangeRoleAssignment;
use super::exchange_role_group_member::ExchangeRoleGroupMember;
use super::{Context, Intent, Kind as _, Survey};

/// Roles and role groups of Exchange's own that hold cmdlets, as far as the manifest has them looked at.
pub fn exchanges_own(principal: &ObservedServicePrincipal, snapshot: &Snapshot) -> Vec<String> {
    let roles = roles(principal, snapshot).filter(|name| !is_application_role(name)).map(a_role);
    let groups = snapshot.exchange.organization.iter().flat_map(|organization| &organization.role_groups);
    let member = principal.id.to_lowercase();
    let groups = groups.filter(|group| group.members.contains(&member));
    roles.chain(groups.map(|group| a_group(&group.name))).collect()
}

/// Roles of Exchange's own by which it uses mailboxes, and runs no cmdlet.
pub fn mailbox_roles(principal: &ObservedServicePrincipal, snapshot: &Snapshot) -> Vec<String> {
    roles(principal, snapshot).filter(|name| is_application_role(name)).map(a_role).collect()
}

fn roles<'a>(principal: &'a ObservedServicePrincipal, snapshot: &'a Snapshot) -> impl Iterator<Item = &'a str> {
    principal.exchange_role_assignments.iter().filter_map(|assignment| {
        let id = &assignment.role_definition_id;
        let mut definitions = snapshot.exchange.role_definitions.iter();
        definitions.find(|role| role.id.eq_ignore_ascii_case(id)).map(|role| role.name.as_str())
    })
}

fn a_role(name: &str) -> String {
    format!("{name} (Exchange's own)")
}

fn a_group(name: &str) -> String {
    format!("{name} (a role group of Exchange's)")
}

/// What an application is declared to have of Exchange's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeclaredExchangeAccess {
    /// Roles and role groups that it has, for people.
    pub held: Vec<String>,
    /// Those that it has not.
    pub missing: Vec<String>,
    /// Names that Exchange does not know, or knows more than once.
    pub problems: Vec<Problem>,
}

/// What the applications are declared to have of Exchange's own, by handle, as a plan sees it. Role groups are among it where they
/// were read.
pub fn declared_exchange_access(
    desired: &Desired,
    snapshot: &Snapshot,
    now: Timestamp,
) -> BTreeMap<String, DeclaredExchangeAccess> {
    let mut accesses: BTreeMap<String, DeclaredExchangeAccess> = BTreeMap::new();
    let context = Context::new(desired, snapshot, now, Intent::Reconcile, &mut Vec::new());
    let mut survey = Survey::default();
    ExchangeRoleAssignment.resources(&context, &mut survey);
    let roles = survey.resources.len();
    ExchangeRoleGroupMember.resources(&context, &mut survey);
    for (index, resource) in survey.resources.into_iter().enumerate().filter(|(_, one)| one.desired.is_some()) {
        let name = if index < roles { a_role(&resource.address.name) } else { a_group(&resource.address.name) };
        let access = accesses.entry(resource.address.holder).or_default();
        if resource.actual.is_some() { access.held.push(name) } else { access.missing.push(name) }
    }
    for problem in survey.problems {
        let Some(place) = &problem.place else { continue };
        let declares = |declared: &&crate::model::DesiredExchange| {
            let roles = declared.roles.iter().flatten().flat_map(|role| [&role.place, &role.scope_place]);
            roles.chain(declared.role_groups.iter().flatten().map(|group| &group.place)).any(|found| found == place)
        };
        let handles = desired.applications.iter().filter(|(_, application)| declares(&&application.exchange));
        for (handle, _) in handles {
            accesses.entry(handle.to_string()).or_default().problems.push(problem.clone());
        }
    }
    accesses
}
