//! Lowers the permissions of an application: names are looked up in the catalog, sets are put in order.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{apis, permissions};
use crate::model::{DesiredPermission, PermissionType, Place, SignInAudience};

use super::cursor::At;
use super::findings::{Findings, did_you_mean};
use super::specification::{ConsentSpecification, PermissionsSpecification};
use super::texts;

/// How many APIs and permissions one application may ask for, and how many when personal accounts may sign in.
/// <https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation>
const MAXIMUM_APIS: usize = 50;
const MAXIMUM_PERMISSIONS: usize = 400;
const MAXIMUM_PERMISSIONS_PERSONAL: usize = 200;
const MAXIMUM_PERMISSIONS_PERSONAL_PER_API: usize = 30;

pub(super) fn lower(
    specifications: &[PermissionsSpecification],
    at: At<'_>,
    audience: Option<SignInAudience>,
    findings: &mut Findings,
) -> Vec<DesiredPermission> {
    let mut lowered = named(specifications, at, findings);
    check_limits(&lowered, at.name(), audience, findings);
    lowered.sort_by_key(identity);
    lowered
}

/// The permissions that are named, each once, in the order in which they are written.
pub(super) fn named(
    specifications: &[PermissionsSpecification],
    at: At<'_>,
    findings: &mut Findings,
) -> Vec<DesiredPermission> {
    let mut lowered = Vec::new();
    for (index, specification) in specifications.iter().enumerate() {
        let at = at.index(index);
        let api_at = at.key("api");
        let Some((api, api_id)) = look_up_api(&specification.api, api_at.place(), findings) else { continue };
        let consent = specification.consent != Some(ConsentSpecification::None);
        let groups = [
            (PermissionType::Application, "application", &specification.application),
            (PermissionType::Delegated, "delegated", &specification.delegated),
        ];
        if groups.iter().all(|(_, _, names)| names.as_ref().is_none_or(Vec::is_empty)) {
            let message = format!("no permission of `{}` is named", specification.api);
            let help = "write `application: [ … ]` or `delegated: [ … ]`, or leave the API out";
            findings.error_with_help(message, api_at.place(), help);
        }
        for (permission_type, key, names) in groups {
            for (index, text) in names.iter().flatten().enumerate() {
                let place = at.key(key).index(index).place();
                let Some((permission, permission_id)) =
                    look_up_permission(&api, api_id.as_deref(), permission_type, text, place, findings)
                else {
                    continue;
                };
                lowered.push(DesiredPermission {
                    place: place.clone(),
                    api_place: api_at.place().clone(),
                    api: api.clone(),
                    api_id: api_id.clone(),
                    permission_type,
                    permission,
                    permission_id,
                    consent,
                });
            }
        }
    }
    refuse_duplicates(&lowered, findings);
    lowered
}

/// The API's name and, where it is known, its appId. `None` when what is written cannot be right.
fn look_up_api(text: &str, place: &Place, findings: &mut Findings) -> Option<(String, Option<String>)> {
    if let Some(api) = apis::find(text) {
        return Some((api.name.to_owned(), Some(api.id.to_owned())));
    }
    if texts::is_guid(text) {
        let id = text.to_ascii_lowercase();
        return Some((id.clone(), Some(id)));
    }
    if text.trim().is_empty() || texts::is_broken_guid(text) {
        let help = "write the API's name, or its appId as 8-4-4-4-12 hexadecimal digits";
        findings.error_with_help(format!("`{text}` cannot be an API"), place, help);
        return None;
    }
    let nearest = findings.nearest("apis", text, apis::nearest_names);
    if !nearest.is_empty() {
        findings.error_with_help(format!("there is no API `{text}`"), place, did_you_mean(&nearest));
        return None;
    }
    let help = "the tenant will be asked for a service principal of this name";
    findings.warning(format!("the catalog does not know the API `{text}`"), place, help);
    Some((text.to_owned(), None))
}

/// The permission's name and, where it is known, its id. `None` when what is written cannot be right.
fn look_up_permission(
    api: &str,
    api_id: Option<&str>,
    permission_type: PermissionType,
    text: &str,
    place: &Place,
    findings: &mut Findings,
) -> Option<(String, Option<String>)> {
    let known = api_id.and_then(|id| permissions::find(id, permission_type, text));
    if let Some(permission) = known {
        return Some((permission.value.to_owned(), Some(permission.id.to_owned())));
    }
    if texts::is_guid(text) {
        let id = text.to_ascii_lowercase();
        return Some((id.clone(), Some(id)));
    }
    if text.trim().is_empty() || texts::is_broken_guid(text) || text.contains(char::is_whitespace) {
        let help = "write the permission's name, or its id as 8-4-4-4-12 hexadecimal digits";
        findings.error_with_help(format!("`{text}` cannot be a permission"), place, help);
        return None;
    }
    let (kind, other_type, other_key) = match permission_type {
        PermissionType::Application => ("application", PermissionType::Delegated, "delegated"),
        PermissionType::Delegated => ("delegated", PermissionType::Application, "application"),
    };
    // An API that the catalog knows nothing of is the tenant's to judge.
    let Some(api_id) = api_id.filter(|id| apis::find(id).is_some()) else { return Some((text.to_owned(), None)) };
    let message = format!("`{api}` has no {kind} permission `{text}`");
    if permissions::find(api_id, other_type, text).is_some() && permissions::is_complete(api_id) {
        let help = format!("it is there as a permission of the other type: write it under `{other_key}`");
        findings.error_with_help(message, place, help);
        return None;
    }
    let nearest = findings
        .nearest(&format!("{api_id} {kind}"), text, |text| permissions::nearest_values(api_id, permission_type, text));
    if !nearest.is_empty() {
        findings.error_with_help(message, place, did_you_mean(&nearest));
        return None;
    }
    if permissions::is_complete(api_id) {
        findings.error(message, place);
        return None;
    }
    let message = format!("the catalog does not know the {kind} permission `{text}` of `{api}`");
    findings.warning(message, place, "the tenant will be asked for it");
    Some((text.to_owned(), None))
}

/// What makes two permissions the same one, and the order they are kept in.
fn identity(permission: &DesiredPermission) -> (String, PermissionType, String) {
    let api = permission.api_id.as_ref().unwrap_or(&permission.api);
    let name = permission.permission_id.as_ref().unwrap_or(&permission.permission);
    (api.to_ascii_lowercase(), permission.permission_type, name.to_ascii_lowercase())
}

fn refuse_duplicates(lowered: &[DesiredPermission], findings: &mut Findings) {
    let mut seen: BTreeMap<_, &Place> = BTreeMap::new();
    for permission in lowered {
        if let Some(first) = seen.insert(identity(permission), &permission.place) {
            let message = format!("the permission `{}` of `{}` is here twice", permission.permission, permission.api);
            findings.twice(message, &permission.place, first);
        }
    }
}

fn check_limits(
    lowered: &[DesiredPermission],
    place: &Place,
    audience: Option<SignInAudience>,
    findings: &mut Findings,
) {
    let mut per_api: BTreeMap<&str, usize> = BTreeMap::new();
    for permission in lowered {
        *per_api.entry(permission.api_id.as_deref().unwrap_or(&permission.api)).or_default() += 1;
    }
    let apis: BTreeSet<&str> = per_api.keys().copied().collect();
    if apis.len() > MAXIMUM_APIS {
        findings.error(format!("{} APIs, and Entra allows {MAXIMUM_APIS}", apis.len()), place);
    }
    let personal = audience.is_some_and(admits_personal_accounts);
    let most = if personal { MAXIMUM_PERMISSIONS_PERSONAL } else { MAXIMUM_PERMISSIONS };
    if lowered.len() > most {
        findings.error(format!("{} permissions, and Entra allows {most}", lowered.len()), place);
    }
    if personal && per_api.values().any(|count| *count > MAXIMUM_PERMISSIONS_PERSONAL_PER_API) {
        let most = MAXIMUM_PERMISSIONS_PERSONAL_PER_API;
        findings.error(format!("where personal accounts may sign in, Entra allows {most} permissions per API"), place);
    }
}

pub(super) fn admits_personal_accounts(audience: SignInAudience) -> bool {
    match audience {
        SignInAudience::AzureAdMyOrg | SignInAudience::AzureAdMultipleOrgs => false,
        SignInAudience::AzureAdAndPersonalMicrosoftAccount | SignInAudience::PersonalMicrosoftAccount => true,
    }
}
