//! What was consented to, held against what is declared and what Exchange's PowerShell wants.

use super::{Outcome, Subject, failed};
use crate::catalog::apis::{EXCHANGE_ONLINE, EXCHANGE_ONLINE_PROTECTION};
use crate::catalog::clouds;
use crate::catalog::exchange_roles::permissions_past_the_scope_of;
use crate::doctor::failure::ManifestLines;
use crate::model::{DesiredPermission, ExchangeScope, HeldPermission, PermissionType, Remedy};

const MANAGE_AS_APP: &str = "Exchange.ManageAsApp";
const SECOND_VERSION: &str = "Exchange.ManageAsAppV2";
const MAILBOXES: &str = "full_access_as_app";

impl<'a> Subject<'a> {
    fn permissions(&self) -> impl Iterator<Item = HeldPermission<'a>> {
        let apis = &self.observed.snapshot.apis;
        self.service_principal().into_iter().flat_map(|found| found.application_permissions(apis))
    }

    /// Application permissions that the service principal holds, with the appId of their API.
    fn held(&self) -> Vec<(&'a str, &'a str)> {
        self.permissions().map(|held| (held.api.app_id.as_str(), held.value.unwrap_or(held.id))).collect()
    }

    /// Whether it is meant to run cmdlets of Exchange or Security & Compliance: by a declared consent, or one that it has.
    pub(super) fn is_for_exchange(&self) -> bool {
        let is_exchange = |app_id: &str| [EXCHANGE_ONLINE, EXCHANGE_ONLINE_PROTECTION].contains(&app_id);
        let declared = self.desired.permissions.iter().flatten();
        let mut declared = declared.filter(|permission| permission.permission_type == PermissionType::Application);
        declared.any(|permission| permission.consent && permission.api_id.as_deref().is_some_and(is_exchange))
            || self.held().iter().any(|(app_id, _)| is_exchange(app_id))
    }

    fn holds(&self, permission: &DesiredPermission) -> bool {
        self.permissions().any(|HeldPermission { api, id, value }| {
            let is_api = permission.api_id.as_ref().map_or_else(
                || api.display_name.eq_ignore_ascii_case(&permission.api),
                |id| api.app_id.eq_ignore_ascii_case(id),
            );
            let is_role = permission.permission_id.as_ref().map_or_else(
                || value.is_some_and(|value| value.eq_ignore_ascii_case(&permission.permission)),
                |wanted| id.eq_ignore_ascii_case(wanted),
            );
            is_api && is_role
        })
    }
}

pub(super) fn granted(subject: &Subject<'_>) -> Outcome {
    let held = subject.held();
    let evidence = vec![match held.as_slice() {
        [] => "no application permission is granted".to_owned(),
        held => format!("granted: {}", held.iter().map(|(_, value)| *value).collect::<Vec<_>>().join(", ")),
    }];
    let holds = |wanted: &str| held.iter().any(|(_, value)| *value == wanted);
    if subject.is_for_exchange() && !holds(MANAGE_AS_APP) {
        return without_manage_as_app(subject, evidence, holds(SECOND_VERSION), holds(MAILBOXES));
    }
    let declared = subject.desired.permissions.iter().flatten();
    let missing: Vec<&DesiredPermission> = declared
        .filter(|permission| permission.permission_type == PermissionType::Application && permission.consent)
        .filter(|permission| !subject.holds(permission))
        .collect();
    if let Some(first) = missing.first() {
        let names: Vec<&str> = missing.iter().map(|permission| permission.permission.as_str()).collect();
        let cause =
            format!("{} of {} is declared and nobody has consented to it in this tenant", names.join(", "), first.api);
        let remedy = subject.apply("have the consent granted, by somebody who may; then take a new token");
        return failed(15, cause, evidence, remedy);
    }
    if let Some((role, permission)) = scope_without_effect(subject, &held) {
        let cause = format!(
            "`{role}` is declared for some mailboxes, and `{permission}`, granted in Entra, reaches all of them: rights add up"
        );
        let remedy = subject.apply(format!(
            "declare the permissions without `{permission}` and apply; Exchange's cache takes 30 minutes to 2 hours"
        ));
        return failed(32, cause, evidence, remedy);
    }
    let mut notes = Vec::new();
    if holds(MAILBOXES) && subject.is_for_exchange() {
        notes.push(format!("`{MAILBOXES}` opens every mailbox to EWS, and PowerShell does not need it"));
    }
    Outcome::Passed { evidence, notes }
}

/// A declared role with a scope, and a permission by which that restricts nothing.
fn scope_without_effect<'a>(subject: &Subject<'a>, held: &[(&'a str, &'a str)]) -> Option<(&'a str, &'a str)> {
    let roles = subject.desired.exchange.roles.iter().flatten();
    let mut scoped = roles.filter(|role| role.scope != ExchangeScope::Organization);
    scoped.find_map(|role| {
        let past = permissions_past_the_scope_of(&role.role);
        let reaches = |(api, value): &&(&str, &str)| past.iter().any(|(id, name)| id == api && name == value);
        held.iter().find(reaches).map(|(_, permission)| (role.role.as_str(), *permission))
    })
}

/// Exchange refuses the token of an application that lacks it.
fn without_manage_as_app(
    subject: &Subject<'_>,
    evidence: Vec<String>,
    has_second_version: bool,
    has_mailboxes: bool,
) -> Outcome {
    let cloud = clouds::facts(subject.observed.desired.cloud);
    let wanted = [cloud.exchange_permission.id, cloud.security_and_compliance_permission.id];
    let declared = subject.desired.permissions.iter().flatten();
    let is_declared = declared.clone().any(|permission| {
        permission.consent && permission.permission_id.as_deref().is_some_and(|id| wanted.contains(&id))
    });
    let remedy = if is_declared {
        subject.apply("the manifest declares the right permission with consent: apply it, then take a new token")
    } else {
        let lines = "permissions:\n  - api: Office 365 Exchange Online\n    application: [Exchange.ManageAsApp]\n    consent: granted";
        Remedy {
            text: "declare the permission beside those that stay, apply, and take a new token".to_owned(),
            manifest: Some(ManifestLines::Application(lines).in_place(subject.handle)),
            commands: vec![format!("accredit apply --target {}", subject.handle)],
        }
    };
    if has_second_version {
        let cause = format!(
            "only `{SECOND_VERSION}` is granted, which is for the new Admin API; PowerShell wants `{MANAGE_AS_APP}`"
        );
        failed(20, cause, evidence, remedy)
    } else if has_mailboxes {
        let cause = format!("`{MAILBOXES}` is granted in place of `{MANAGE_AS_APP}`, and PowerShell does not take it");
        failed(21, cause, evidence, remedy)
    } else {
        let cause = format!("`{MANAGE_AS_APP}` is not granted, so tokens do not have it and Exchange answers 401");
        failed(1, cause, evidence, remedy)
    }
}
