//! Lowers directory roles, of applications and of users, and checks that Exchange will let an application in.

use std::collections::BTreeMap;

use crate::catalog::clouds::CloudFacts;
use crate::catalog::{apis, exchange_roles, roles};
use crate::model::{DesiredExchange, DesiredPermission, DesiredRole, DesiredUserRole, PermissionType, Place, Problem};

use super::cursor::At;
use super::findings::{Findings, any_of, did_you_mean};
use super::specification::{RoleAssignmentSpecification, RoleSpecification};
use super::texts;

pub(super) fn lower(specifications: &[RoleSpecification], at: At<'_>, findings: &mut Findings) -> Vec<DesiredRole> {
    let mut lowered = Vec::new();
    for (index, specification) in specifications.iter().enumerate() {
        let at = at.index(index);
        lowered.extend(match specification {
            RoleSpecification::Text(role) => role_of(role, at, None, at, None, findings),
            RoleSpecification::Assignment(it) => {
                let scope = it.scope.as_deref();
                role_of(&it.role, at.key("role"), scope, at.key("scope"), it.justification.clone(), findings)
            }
        });
    }
    let mut seen: BTreeMap<_, &Place> = BTreeMap::new();
    for role in &lowered {
        if let Some(first) = seen.insert(identity(role), &role.place) {
            findings.twice(format!("the role `{}` is here twice", role.role), &role.place, first);
        }
    }
    lowered.sort_by_key(identity);
    lowered
}

/// Lowers the roles of one file's users; duplicates are found over all files by [`refuse_duplicate_users`].
pub(super) fn lower_users(
    specifications: &[RoleAssignmentSpecification],
    at: At<'_>,
    findings: &mut Findings,
) -> Vec<DesiredUserRole> {
    let mut lowered = Vec::new();
    for (index, specification) in specifications.iter().enumerate() {
        let at = at.index(index);
        let user_place = at.key("user").place();
        if let Err(reason) = texts::user_principal_name(&specification.user) {
            let message = format!("`{}` cannot be a user principal name: {reason}", specification.user);
            findings.error(message, user_place);
        }
        let scope = specification.scope.as_deref();
        let justification = specification.justification.clone();
        let role = role_of(&specification.role, at.key("role"), scope, at.key("scope"), justification, findings);
        lowered.extend(role.map(|role| DesiredUserRole {
            user_place: user_place.clone(),
            user: specification.user.clone(),
            role,
        }));
    }
    lowered
}

pub(super) fn refuse_duplicate_users(lowered: &mut [DesiredUserRole], findings: &mut Findings) {
    let identity = |it: &DesiredUserRole| (it.user.to_ascii_lowercase(), identity(&it.role));
    lowered.sort_by_key(|it| (identity(it), it.user_place.clone()));
    for pair in lowered.windows(2) {
        if let [first, second] = pair
            && identity(first) == identity(second)
        {
            let message = format!("the role `{}` of `{}` is here twice", second.role.role, second.user);
            findings.twice(message, &second.role.place, &first.role.place);
        }
    }
}

/// What makes two roles the same one, and the order they are kept in.
fn identity(role: &DesiredRole) -> (String, String) {
    let name = role.template_id.as_ref().unwrap_or(&role.role);
    (name.to_ascii_lowercase(), role.scope.to_ascii_lowercase())
}

fn role_of(
    text: &str,
    at: At<'_>,
    scope: Option<&str>,
    scope_at: At<'_>,
    justification: Option<String>,
    findings: &mut Findings,
) -> Option<DesiredRole> {
    let scope = scope.unwrap_or("/");
    if let Err(reason) = texts::scope(scope) {
        findings.error_with_help(format!("`{scope}` cannot be a scope"), scope_at.place(), reason);
    }
    let (role, template_id) = look_up(text, at.place(), findings)?;
    Some(DesiredRole { place: at.place().clone(), role, template_id, scope: scope.to_owned(), justification })
}

/// The role's name today and its template id. `None` when what is written cannot be right.
fn look_up(text: &str, place: &Place, findings: &mut Findings) -> Option<(String, Option<String>)> {
    if let Some(role) = roles::find(text) {
        return Some((role.name.to_owned(), Some(role.template_id.to_owned())));
    }
    if texts::is_guid(text) {
        let id = text.to_ascii_lowercase();
        return Some((id.clone(), Some(id)));
    }
    if text.trim().is_empty() || texts::is_broken_guid(text) {
        let help = "write the role's name, or its template id as 8-4-4-4-12 hexadecimal digits";
        findings.error_with_help(format!("`{text}` cannot be a directory role"), place, help);
        return None;
    }
    let nearest = findings.nearest("roles", text, roles::nearest_names);
    if !nearest.is_empty() {
        findings.error_with_help(format!("there is no directory role `{text}`"), place, did_you_mean(&nearest));
        return None;
    }
    let help = "the tenant will be asked for a role of this name";
    findings.warning(format!("the catalog does not know the directory role `{text}`"), place, help);
    Some((text.to_owned(), None))
}

const EXCHANGE_PERMISSION: &str = "Exchange.ManageAsApp";

/// `Exchange.ManageAsApp` opens the door, a directory role says what may be done behind it: without one that Exchange
/// accepts every session is refused.
pub(super) fn check_exchange(
    permissions: &[DesiredPermission],
    desired: Option<&[DesiredRole]>,
    exchange: &DesiredExchange,
    at: At<'_>,
    cloud: &CloudFacts,
    findings: &mut Findings,
) {
    let doors = [cloud.exchange_permission, cloud.security_and_compliance_permission];
    let door = permissions.iter().find(|it| {
        let known = |id: &str, permission_id: &str| {
            it.api_id.as_deref() == Some(id) && it.permission_id.as_deref() == Some(permission_id)
        };
        it.consent
            && it.permission_type == PermissionType::Application
            && doors.iter().any(|door| known(door.api_id, door.id))
    });
    let holds_cmdlets = exchange.roles.iter().flatten().any(|role| !exchange_roles::is_application_role(&role.role));
    let is_member = exchange.role_groups.iter().flatten().next().is_some();
    let Some(door) = door else {
        if holds_cmdlets || is_member {
            let message = format!(
                "roles of Exchange's own hold cmdlets, and without `{EXCHANGE_PERMISSION}` nobody connects to run one"
            );
            let help = format!("add `{{ api: Exchange Online, application: [{EXCHANGE_PERMISSION}] }}`");
            findings.warning(message, at.key("exchange").name(), help);
        }
        return;
    };
    let is_protection = door.api_id.as_deref() == Some(apis::EXCHANGE_ONLINE_PROTECTION);
    let (service, names): (_, Vec<&str>) = if is_protection {
        ("Security & Compliance", roles::names_accepted_by_security_and_compliance().collect())
    } else {
        ("Exchange", roles::names_accepted_by_exchange().collect())
    };
    let accepted = |role: &DesiredRole| {
        role.scope == "/"
            && role.template_id.as_deref().and_then(roles::find).is_some_and(|role| names.contains(&role.name))
    };
    // Security & Compliance has roles and role groups of its own.
    if !is_protection && (holds_cmdlets || is_member) {
        return;
    }
    let help = format!("{service} accepts, for the whole tenant, {}", any_of(names.iter().copied()));
    match desired {
        None => {
            let message =
                format!("`{}` is of no use without a directory role, and `roles` is not declared", door.permission);
            findings.warning(message, &door.place, help);
        }
        Some(desired) if !desired.iter().any(accepted) => {
            let message = format!("`{}` is of no use without a directory role that {service} accepts", door.permission);
            let help = if is_protection {
                format!("{help}; where a role group of its own is used instead, leave `roles` out")
            } else {
                format!(
                    "{help}; or give it less by a role that holds cmdlets under `exchange.roles`, or by `exchange.roleGroups`"
                )
            };
            let problem = Problem::error(message).at(&door.place).help(help);
            findings.problems.push(problem.related(at.key("roles").name(), "none of these"));
        }
        Some(_) => {}
    }
}
