//! Lowers roles of Exchange's own and their scopes.

use std::collections::BTreeMap;

use crate::catalog::exchange_roles::{self, Table};
use crate::kinds::recipient_filter;
use crate::model::{DesiredExchange, DesiredExchangeRole, DesiredRoleGroup, ExchangeScope, Place};

use super::application::check_length;
use super::cursor::At;
use super::findings::{Findings, did_you_mean};
use super::specification_exchange::{ExchangeRoleSpecification, ExchangeScopeSpecification, ExchangeSpecification};
use super::texts;

/// <https://learn.microsoft.com/powershell/module/exchangepowershell/new-managementscope>
const MAXIMUM_FILTER: usize = 20_000;

pub(super) fn lower(specification: &ExchangeSpecification, at: At<'_>, findings: &mut Findings) -> DesiredExchange {
    let ExchangeSpecification { roles, role_groups } = specification;
    DesiredExchange {
        roles: roles.as_ref().map(|it| lower_roles(it, at.key("roles"), findings)),
        role_groups: role_groups.as_ref().map(|it| lower_groups(it, at.key("roleGroups"), findings)),
    }
}

fn lower_roles(
    specifications: &[ExchangeRoleSpecification],
    at: At<'_>,
    findings: &mut Findings,
) -> Vec<DesiredExchangeRole> {
    let mut lowered = Vec::new();
    for (index, specification) in specifications.iter().enumerate() {
        let at = at.index(index);
        let (role, place, scope, scope_place) = match specification {
            ExchangeRoleSpecification::Text(role) => (role, at.place(), ExchangeScope::Organization, at.place()),
            ExchangeRoleSpecification::Assignment(it) => {
                let place = at.key("role").place();
                let Some(written) = &it.scope else {
                    // What was refused for its shape is not absent.
                    if at.key("scope").exists() {
                        continue;
                    }
                    lowered.extend(role_of(&it.role, place, ExchangeScope::Organization, place, findings));
                    continue;
                };
                let (scope, scope_place) = scope(written, at.key("scope"), findings);
                (&it.role, place, scope, scope_place)
            }
        };
        lowered.extend(role_of(role, place, scope, scope_place, findings));
    }
    let identity = |role: &DesiredExchangeRole| (role.role.to_lowercase(), meant(&role.scope));
    let mut seen: BTreeMap<_, &Place> = BTreeMap::new();
    for role in &lowered {
        if let Some(first) = seen.insert(identity(role), &role.place) {
            findings.twice(format!("the Exchange role `{}` is here twice", role.role), &role.place, first);
        }
    }
    for role in lowered.iter().filter(|role| role.scope != ExchangeScope::Organization) {
        let mut everywhere = lowered.iter().filter(|other| other.scope == ExchangeScope::Organization);
        if let Some(other) = everywhere.find(|other| exchange_roles::allows_the_same(&other.role, &role.role)) {
            findings.warning(
                format!("the scope of `{}` restricts nothing: `{}` is here for all mailboxes", role.role, other.role),
                &role.scope_place,
                "what roles allow adds up: leave out the one without a scope",
            );
        }
    }
    lowered.sort_by_key(identity);
    lowered
}

/// A scope, the same for all ways to write it that can be told without the tenant.
fn meant(scope: &ExchangeScope) -> ExchangeScope {
    match scope {
        ExchangeScope::Organization => ExchangeScope::Organization,
        ExchangeScope::RecipientFilter(text) => ExchangeScope::RecipientFilter(recipient_filter::normalized(text)),
        ExchangeScope::AdministrativeUnit(text) => ExchangeScope::AdministrativeUnit(text.to_lowercase()),
        ExchangeScope::Group(text) => ExchangeScope::Group(text.to_lowercase()),
        ExchangeScope::User(text) => ExchangeScope::User(text.to_lowercase()),
    }
}

fn role_of(
    text: &str,
    place: &Place,
    scope: ExchangeScope,
    scope_place: &Place,
    findings: &mut Findings,
) -> Option<DesiredExchangeRole> {
    let role = look_up(text, &exchange_roles::ROLES, "role", place, findings)?;
    if scope != ExchangeScope::Organization && !exchange_roles::is_application_role(&role) {
        findings.warning(
            format!("the scope of `{role}` limits what it writes, and not what it reads"),
            scope_place,
            "reading is limited by the roles that begin with `Application `, such as `Application Mail.Read`",
        );
    }
    Some(DesiredExchangeRole { place: place.clone(), role, scope, scope_place: scope_place.clone() })
}

fn scope<'a>(written: &ExchangeScopeSpecification, at: At<'a>, findings: &mut Findings) -> (ExchangeScope, &'a Place) {
    let ExchangeScopeSpecification { recipient_filter, administrative_unit, group, user } = written;
    let (scope, at) = match (recipient_filter, administrative_unit, group, user) {
        (Some(filter), _, _, _) => {
            (ExchangeScope::RecipientFilter(filter.trim().to_owned()), at.key("recipientFilter"))
        }
        (None, Some(unit), _, _) => (ExchangeScope::AdministrativeUnit(unit.clone()), at.key("administrativeUnit")),
        (None, None, Some(group), _) => (ExchangeScope::Group(group.clone()), at.key("group")),
        (None, None, None, Some(user)) => (ExchangeScope::User(user.clone()), at.key("user")),
        (None, None, None, None) => return (ExchangeScope::Organization, at.place()),
    };
    let place = at.place();
    match &scope {
        ExchangeScope::RecipientFilter(filter) => {
            if filter.chars().any(char::is_control) {
                findings.error("the recipient filter has a line break or another control character", place);
            } else if let Some(fault) = recipient_filter::fault(filter) {
                let help = "write it as Exchange does, such as `CustomAttribute1 -eq 'reports'`";
                findings.error_with_help(format!("`{filter}` cannot be a recipient filter: {fault}"), place, help);
            }
            check_length(Some(filter), MAXIMUM_FILTER, at, findings);
        }
        ExchangeScope::User(user) => {
            if let Err(reason) = texts::user_principal_name(user)
                .or_else(|reason| if texts::is_guid(user) { Ok(()) } else { Err(reason) })
            {
                findings.error(format!("`{user}` cannot be a user principal name: {reason}"), place);
            }
        }
        ExchangeScope::AdministrativeUnit(name) => check_name(name, "an administrative unit", place, findings),
        ExchangeScope::Group(name) => check_name(name, "a group", place, findings),
        ExchangeScope::Organization => {}
    }
    (scope, place)
}

fn check_name(name: &str, what: &str, place: &Place, findings: &mut Findings) {
    if name.trim().is_empty() || texts::is_broken_guid(name) {
        let help = "write its display name, or its id as 8-4-4-4-12 hexadecimal digits";
        findings.error_with_help(format!("`{name}` cannot be {what}"), place, help);
    }
}

fn lower_groups(names: &[String], at: At<'_>, findings: &mut Findings) -> Vec<DesiredRoleGroup> {
    let mut lowered = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let place = at.index(index).place();
        let name = look_up(name, &exchange_roles::ROLE_GROUPS, "role group", place, findings);
        lowered.extend(name.map(|name| DesiredRoleGroup { place: place.clone(), name }));
    }
    let mut seen: BTreeMap<String, &Place> = BTreeMap::new();
    for group in &lowered {
        if let Some(first) = seen.insert(group.name.to_lowercase(), &group.place) {
            findings.twice(format!("the role group `{}` is here twice", group.name), &group.place, first);
        }
    }
    lowered.sort_by_key(|group| group.name.to_lowercase());
    lowered
}

/// The name as Exchange spells it. `None` when what is written cannot be right.
fn look_up(text: &str, table: &'static Table, what: &str, place: &Place, findings: &mut Findings) -> Option<String> {
    if let Some(name) = table.find(text) {
        return Some(name.to_owned());
    }
    if text.trim().is_empty() {
        findings.error(format!("the name of a {what} is empty"), place);
        return None;
    }
    // Organizations make their own, often under names near to built-in ones: the tenant has the last word.
    let nearest = findings.nearest(what, text, |text| table.nearest(text));
    let help = if nearest.is_empty() {
        format!("the tenant will be asked for a {what} of this name")
    } else {
        format!("{} otherwise the tenant will be asked for it", did_you_mean(&nearest))
    };
    findings.warning(format!("Exchange has no built-in {what} `{text}`"), place, help);
    Some(text.trim().to_owned())
}
