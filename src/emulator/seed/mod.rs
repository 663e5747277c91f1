//! What a new tenant holds: the APIs with their permissions, the directory roles, a few people, and the application
//! that operates the tenant.

pub(crate) mod dump;
pub(crate) mod estate;
pub(crate) mod file;
mod references;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Operator, clock,
    credentials::new_password,
    exchange_online::role_groups,
    graph::{activated, new_service_principal, new_user},
    identifiers, role_permissions,
    tables::{APPLICATION, ROLE_DEFINITION, SERVICE_PRINCIPAL},
    world::{Change, Collection, Document, list, text},
};

/// The `appId` of Microsoft Graph.
pub(crate) const MICROSOFT_GRAPH: &str = "00000003-0000-0000-c000-000000000000";
/// Where the tenant keeps the private key that all applications of a numbered seed share.
pub(crate) const SHARED_KEY: &str = "~seedKey";
/// The tenant that first-party applications belong to.
const MICROSOFT_SERVICES: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";

/// The one role that every tenant has activated.
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

const PEOPLE: [(&str, &str); 6] = [
    ("zoe.howard", "Zoe Howard"),
    ("amanda.morgan", "Amanda Morgan"),
    ("amelia.nash", "Amelia Nash"),
    ("stephen.hunter", "Stephen Hunter"),
    ("carol.baker", "Carol Baker"),
    ("megan", "Megan Bowen"),
];

/// The `appId` of Exchange Online.
pub(crate) const EXCHANGE_ONLINE: &str = "00000002-0000-0ff1-ce00-000000000000";

/// What the operator may do at Exchange, besides reaching it.
const OPERATOR_ROLE_GROUP: &str = "Organization Management";

const OPERATOR_PERMISSIONS: [(&str, &[&str]); 2] =
    [(MICROSOFT_GRAPH, &GRAPH_PERMISSIONS), (EXCHANGE_ONLINE, &["Exchange.ManageAsApp"])];

const GRAPH_PERMISSIONS: [&str; 13] = [
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "RoleManagement.ReadWrite.Directory",
    "Directory.Read.All",
    "User.Read.All",
    "Organization.Read.All",
    "User.ReadWrite.All",
    "Group.ReadWrite.All",
    "AdministrativeUnit.ReadWrite.All",
    "Policy.ReadWrite.ApplicationConfiguration",
    "Domain.ReadWrite.All",
    "RoleManagement.ReadWrite.Exchange",
];

/// Addresses by which clients ask for a token of an API, besides its `appId`.
const ADDRESSES: &[(&str, &[&str])] = &[
    (MICROSOFT_GRAPH, &["https://graph.microsoft.com"]),
    (EXCHANGE_ONLINE, &["https://outlook.office365.com", "https://outlook.office.com"]),
    ("c5393580-f805-4401-95e8-94b7a6ef2fc2", &["https://manage.office.com"]),
    ("cfa8b339-82a2-471a-a3c9-0fc0be7a4093", &["https://vault.azure.net"]),
    ("00000002-0000-0000-c000-000000000000", &["https://graph.windows.net"]),
];

/// The rows of a fact table, without its comments.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| line.split('\t').collect())
}

fn object(value: Value) -> Document {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// The service principal of an API of Microsoft's, when the fact tables know it.
pub(crate) fn first_party(app_id: &str) -> Option<Document> {
    let name = rows(include_str!("../../facts/apis.tsv")).find(|row| row.get(1) == Some(&app_id))?[0];
    let (mut roles, mut scopes) = (Vec::new(), Vec::new());
    for row in rows(include_str!("../../facts/permissions.tsv")) {
        let [api, kind, value, id] = row[..] else { continue };
        if api != app_id {
            continue;
        }
        if kind == "Role" {
            roles.push(json!({
                "allowedMemberTypes": ["Application"],
                "description": value,
                "displayName": value,
                "id": id,
                "isEnabled": true,
                "origin": "Application",
                "value": value,
            }));
        } else {
            scopes.push(json!({
                "adminConsentDescription": value,
                "adminConsentDisplayName": value,
                "id": id,
                "isEnabled": true,
                "type": "Admin",
                "userConsentDescription": value,
                "userConsentDisplayName": value,
                "value": value,
            }));
        }
    }
    let addresses = ADDRESSES.iter().find(|(api, _)| *api == app_id).map_or(&[][..], |(_, addresses)| addresses);
    let names: Vec<&str> = std::iter::once(app_id).chain(addresses.iter().copied()).collect();
    let own = object(json!({
        "id": identifiers::guid(),
        "accountEnabled": true,
        "appDisplayName": name,
        "appId": app_id,
        "appOwnerOrganizationId": MICROSOFT_SERVICES,
        "displayName": name,
        "servicePrincipalNames": names,
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMultipleOrgs",
        "appRoles": roles,
        "oauth2PermissionScopes": scopes,
    }));
    Some(SERVICE_PRINCIPAL.fill(&own))
}

/// Everything that a new tenant holds.
pub(crate) fn tenant(tenant_id: &str, domain: &str, now: Timestamp, fixed: Option<&Operator>) -> Vec<Change> {
    let created = clock::seconds(now);
    let mut changes = Vec::new();
    let apis: Vec<Document> = rows(include_str!("../../facts/apis.tsv"))
        .filter_map(|row| row.get(1).and_then(|app_id| first_party(app_id)))
        .collect();
    changes.extend(apis.iter().map(|api| Change::put(Collection::ServicePrincipals, api.clone())));
    for row in rows(include_str!("../../facts/directory-roles.tsv")) {
        let [name, id, ..] = row[..] else { continue };
        let definition = object(json!({
            "id": id,
            "description": name,
            "displayName": name,
            "isBuiltIn": true,
            "isEnabled": true,
            "resourceScopes": ["/"],
            "templateId": id,
            "version": "1",
            "rolePermissions": role_permissions::of(id),
            "inheritsPermissionsFrom": role_permissions::inherited(id),
        }));
        let definition = ROLE_DEFINITION.fill(&definition);
        if id == GLOBAL_ADMINISTRATOR {
            changes.push(Change::put(Collection::DirectoryRoles, activated(&definition)));
        }
        changes.push(Change::put(Collection::RoleDefinitions, definition));
    }
    for (name, display_name) in PEOPLE {
        let (given, family) = display_name.split_once(' ').unwrap_or((display_name, ""));
        let user = object(json!({
            "displayName": display_name,
            "givenName": given,
            "surname": family,
            "userPrincipalName": format!("{name}@{domain}"),
            "mail": format!("{name}@{domain}"),
            "mailNickname": name,
            "accountEnabled": true,
        }));
        changes.push(Change::put(Collection::Users, new_user(&user, &created)));
    }
    let (client_id, client_secret) = operator(tenant_id, domain, now, &apis, fixed, &mut changes);
    let tenant = object(json!({
        "id": tenant_id,
        "displayName": display_name(domain),
        "createdDateTime": created,
        "countryLetterCode": "US",
        "~domain": domain,
        "~operator": { "clientId": client_id, "clientSecret": client_secret },
    }));
    changes.push(Change::put(Collection::Tenant, tenant));
    changes
}

/// `Contoso` for `contoso.onmicrosoft.com`.
fn display_name(domain: &str) -> String {
    let label = domain.split('.').next().unwrap_or(domain);
    let mut letters = label.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The application that signs in to manage the tenant: its id and its secret.
pub(crate) fn operator(
    tenant_id: &str,
    domain: &str,
    now: Timestamp,
    apis: &[Document],
    fixed: Option<&Operator>,
    changes: &mut Vec<Change>,
) -> (String, String) {
    let mut password = new_password(&Document::new(), now).unwrap_or_default();
    if let Some(fixed) = fixed {
        password["secretText"] = fixed.client_secret.clone().into();
        password["hint"] = fixed.client_secret.chars().take(3).collect::<String>().into();
    }
    let secret = password["secretText"].as_str().unwrap_or_default().to_owned();
    let client_id = fixed.map_or_else(identifiers::guid, |fixed| fixed.client_id.to_lowercase());
    // The operator outlives any test's clock.
    password["endDateTime"] = "2299-12-31T00:00:00Z".into();
    password["displayName"] = "seed".into();
    let application = APPLICATION.fill(&object(json!({
        "id": identifiers::guid(),
        "appId": client_id,
        "createdDateTime": clock::ticks(now),
        "displayName": "Accredit operator",
        "publisherDomain": domain,
        "signInAudience": "AzureADMyOrg",
        "passwordCredentials": [password],
        "parentalControlSettings": { "countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow" },
    })));
    let service_principal = new_service_principal(&application, tenant_id, &clock::seconds(now));
    let principal_id = text(&service_principal, "id");
    for (api, permission) in
        OPERATOR_PERMISSIONS.iter().flat_map(|(api, names)| names.iter().map(move |name| (api, name)))
    {
        let Some(api) = apis.iter().find(|found| text(found, "appId") == *api) else { continue };
        let Some(role) = list(api, "appRoles").iter().find(|role| role["value"] == **permission) else { continue };
        let assignment = object(json!({
            "id": identifiers::app_role_assignment(principal_id),
            "deletedDateTime": null,
            "appRoleId": role["id"],
            "createdDateTime": clock::ticks(now),
            "principalDisplayName": "Accredit operator",
            "principalId": principal_id,
            "principalType": "ServicePrincipal",
            "resourceDisplayName": api["displayName"],
            "resourceId": api["id"],
        }));
        changes.push(Change::put(Collection::AppRoleAssignments, assignment));
    }
    changes.extend(role_groups::first_member(tenant_id, OPERATOR_ROLE_GROUP, &service_principal, now));
    changes.push(Change::put(Collection::Applications, application));
    changes.push(Change::put(Collection::ServicePrincipals, service_principal));
    (client_id, secret)
}
