//! Which permissions of Microsoft Graph allow which request, the least first: one table by request, asked before the first
//! write, after a refusal, and by the documentation.
//!
//! <https://learn.microsoft.com/graph/permissions-reference>, and the page of each operation.

use std::fmt::Write as _;

/// One request and the ways to be allowed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub method: &'static str,
    /// Below v1.0, or beginning with `/beta/`, with `{}` where an id or another key stands.
    pub path: &'static str,
    /// What it does, as the end of "needed for …".
    pub purpose: &'static str,
    /// Each suffices; the least first.
    pub ways: &'static [Way],
}

/// Permissions that together suffice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    pub permissions: &'static [&'static str],
    pub reach: Reach,
}

/// How far a way reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    All,
    /// Only applications and service principals that the operator owns, as it does those that it makes.
    Owned,
    /// Only permissions of other APIs than Microsoft Graph.
    OtherApis,
}

/// What a request is about, as far as ways depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// Whether the operator owns the application or service principal, or is about to make it.
    pub owned: bool,
    /// Whether a permission of Microsoft Graph is granted or taken away.
    pub of_microsoft_graph: bool,
}

impl Circumstances {
    /// Nothing that would make less suffice.
    pub const PLAIN: Self = Self { owned: false, of_microsoft_graph: true };
}

impl Way {
    pub fn applies(&self, circumstances: Circumstances) -> bool {
        match self.reach {
            Reach::All => true,
            Reach::Owned => circumstances.owned,
            Reach::OtherApis => !circumstances.of_microsoft_graph,
        }
    }
}

impl Entry {
    /// The permissions of the first way there is in these circumstances.
    pub fn least(&self, circumstances: Circumstances) -> &'static [&'static str] {
        self.ways.iter().find(|way| way.applies(circumstances)).map_or(&[], |way| way.permissions)
    }

    /// What to say to somebody who was refused it.
    pub fn remedy(&self) -> String {
        let mut text = String::new();
        for way in self.ways {
            let permissions: Vec<String> = way.permissions.iter().map(|name| format!("`{name}`")).collect();
            let limit = match way.reach {
                Reach::All => "",
                Reach::Owned => " for what the operator owns",
                Reach::OtherApis => " for other APIs than Microsoft Graph",
            };
            let _ = write!(
                text,
                "{}{}{limit}",
                if text.is_empty() { "" } else { ", or " },
                permissions.join(" together with ")
            );
            // What comes after the first way that always suffices allows more than is needed.
            if way.reach == Reach::All {
                break;
            }
        }
        text
    }
}

const fn any(permissions: &'static [&'static str]) -> Way {
    Way { permissions, reach: Reach::All }
}

const fn owned(permissions: &'static [&'static str]) -> Way {
    Way { permissions, reach: Reach::Owned }
}

const fn other_apis(permissions: &'static [&'static str]) -> Way {
    Way { permissions, reach: Reach::OtherApis }
}

const fn get(path: &'static str, purpose: &'static str, ways: &'static [Way]) -> Entry {
    Entry { method: "GET", path, purpose, ways }
}

const fn post(path: &'static str, purpose: &'static str, ways: &'static [Way]) -> Entry {
    Entry { method: "POST", path, purpose, ways }
}

const fn patch(path: &'static str, purpose: &'static str, ways: &'static [Way]) -> Entry {
    Entry { method: "PATCH", path, purpose, ways }
}

const fn delete(path: &'static str, purpose: &'static str, ways: &'static [Way]) -> Entry {
    Entry { method: "DELETE", path, purpose, ways }
}

const READ_APPLICATIONS: &[Way] = &[any(&["Application.Read.All"]), any(&["Application.ReadWrite.OwnedBy"])];
const WRITE_APPLICATIONS: &[Way] = &[owned(&["Application.ReadWrite.OwnedBy"]), any(&["Application.ReadWrite.All"])];
/// Whoever changes owners also has to be able to read them.
const WRITE_OWNERS: &[Way] = &[
    owned(&["Application.ReadWrite.OwnedBy", "Directory.Read.All"]),
    any(&["Application.ReadWrite.All", "Directory.Read.All"]),
];
const GRANT_PERMISSIONS: &[Way] =
    &[any(&["AppRoleAssignment.ReadWrite.All", "Application.Read.All"]), other_apis(&["Application.ReadWrite.All"])];
const READ_GRANTS: &[Way] = &[any(&["Directory.Read.All"]), any(&["DelegatedPermissionGrant.ReadWrite.All"])];
const WRITE_GRANTS: &[Way] = &[any(&["DelegatedPermissionGrant.ReadWrite.All"]), any(&["Directory.ReadWrite.All"])];
const READ_ROLES: &[Way] = &[any(&["RoleManagement.Read.Directory"])];
const WRITE_ROLES: &[Way] = &[any(&["RoleManagement.ReadWrite.Directory"])];
const READ_GROUPS: &[Way] = &[any(&["GroupMember.Read.All"])];
const READ_UNITS: &[Way] = &[any(&["AdministrativeUnit.Read.All"])];
const READ_EXCHANGE_ROLES: &[Way] = &[any(&["RoleManagement.Read.Exchange"])];
const WRITE_EXCHANGE_ROLES: &[Way] = &[any(&["RoleManagement.ReadWrite.Exchange"])];
const READ_POLICIES: &[Way] = &[any(&["Policy.Read.All"]), any(&["Policy.ReadWrite.ApplicationConfiguration"])];

/// Every request that Accredit sends to Microsoft Graph.
const ENTRIES: &[Entry] = &[
    get("/organization", "reading the tenant's name and domains", &[any(&["Organization.Read.All"])]),
    get("/applications", "finding applications", READ_APPLICATIONS),
    get("/applications/{}", "reading an application", READ_APPLICATIONS),
    get("/applications/{}/owners", "reading the owners of an application", READ_APPLICATIONS),
    get(
        "/applications/{}/federatedIdentityCredentials",
        "reading the federated credentials of an application",
        READ_APPLICATIONS,
    ),
    get(
        "/directory/deletedItems/microsoft.graph.application",
        "finding applications that were deleted",
        READ_APPLICATIONS,
    ),
    get(
        "/directory/deletedItems/microsoft.graph.servicePrincipal",
        "finding service principals that were deleted",
        READ_APPLICATIONS,
    ),
    get("/servicePrincipals", "finding service principals", READ_APPLICATIONS),
    get("/servicePrincipals/{}", "reading a service principal", READ_APPLICATIONS),
    get("/servicePrincipals/{}/ownedObjects", "reading what the operator owns", READ_APPLICATIONS),
    get(
        "/servicePrincipals/{}/appRoleAssignments",
        "reading which application permissions were granted",
        READ_APPLICATIONS,
    ),
    get("/oauth2PermissionGrants", "reading which delegated permissions were granted", READ_GRANTS),
    get("/roleManagement/directory/roleDefinitions", "reading what directory roles there are", READ_ROLES),
    get("/roleManagement/directory/roleAssignments", "reading who has which directory role", READ_ROLES),
    get("/policies/defaultAppManagementPolicy", "reading what limits the tenant sets to certificates", READ_POLICIES),
    get("/policies/appManagementPolicies", "reading what limits the tenant sets to certificates", READ_POLICIES),
    get(
        "/policies/appManagementPolicies/{}/appliesTo",
        "reading what limits the tenant sets to certificates",
        &[any(&["Policy.Read.All", "Application.Read.All"]), any(&["Policy.ReadWrite.ApplicationConfiguration"])],
    ),
    get("/users/{}", "finding a user", &[any(&["User.Read.All"])]),
    get("/groups", "finding a group", READ_GROUPS),
    get("/groups/{}", "finding a group", READ_GROUPS),
    get("/directory/administrativeUnits", "finding an administrative unit", READ_UNITS),
    get("/directory/administrativeUnits/{}", "finding an administrative unit", READ_UNITS),
    get(
        "/beta/roleManagement/exchange/roleDefinitions",
        "reading what roles of its own Exchange has",
        READ_EXCHANGE_ROLES,
    ),
    get(
        "/beta/roleManagement/exchange/roleAssignments",
        "reading who has which role of Exchange's own",
        READ_EXCHANGE_ROLES,
    ),
    get(
        "/beta/roleManagement/exchange/customAppScopes",
        "reading the scopes of Exchange's own roles",
        READ_EXCHANGE_ROLES,
    ),
    patch("/applications/{}", "making or changing an application", WRITE_APPLICATIONS),
    delete("/applications/{}", "deleting an application", WRITE_APPLICATIONS),
    post("/applications/{}/addKey", "adding a certificate to an application", WRITE_APPLICATIONS),
    post("/applications/{}/removeKey", "removing a certificate from an application", WRITE_APPLICATIONS),
    post("/applications/{}/removePassword", "removing a client secret from an application", WRITE_APPLICATIONS),
    post("/applications/{}/owners/$ref", "adding an owner to an application", WRITE_OWNERS),
    delete("/applications/{}/owners/{}/$ref", "removing an owner from an application", WRITE_OWNERS),
    delete(
        "/applications/{}/federatedIdentityCredentials/{}",
        "removing a federated credential from an application",
        WRITE_APPLICATIONS,
    ),
    post("/directory/deletedItems/{}/restore", "restoring what was deleted", WRITE_APPLICATIONS),
    post("/servicePrincipals", "making a service principal", WRITE_APPLICATIONS),
    patch("/servicePrincipals/{}", "changing a service principal", WRITE_APPLICATIONS),
    post(
        "/servicePrincipals/{}/removePassword",
        "removing a client secret from a service principal",
        WRITE_APPLICATIONS,
    ),
    post("/servicePrincipals/{}/appRoleAssignedTo", "granting an application permission", GRANT_PERMISSIONS),
    delete("/servicePrincipals/{}/appRoleAssignments/{}", "taking an application permission away", GRANT_PERMISSIONS),
    post("/oauth2PermissionGrants", "granting delegated permissions", WRITE_GRANTS),
    patch("/oauth2PermissionGrants/{}", "changing which delegated permissions are granted", WRITE_GRANTS),
    delete("/oauth2PermissionGrants/{}", "taking delegated permissions away", WRITE_GRANTS),
    post("/roleManagement/directory/roleAssignments", "giving a directory role", WRITE_ROLES),
    delete("/roleManagement/directory/roleAssignments/{}", "taking a directory role away", WRITE_ROLES),
    post("/beta/roleManagement/exchange/roleAssignments", "giving a role of Exchange's own", WRITE_EXCHANGE_ROLES),
    delete(
        "/beta/roleManagement/exchange/roleAssignments/{}",
        "taking a role of Exchange's own away",
        WRITE_EXCHANGE_ROLES,
    ),
    post(
        "/beta/roleManagement/exchange/customAppScopes",
        "making a scope for a role of Exchange's own",
        WRITE_EXCHANGE_ROLES,
    ),
    patch(
        "/beta/roleManagement/exchange/customAppScopes/{}",
        "changing a scope of Exchange's own roles",
        WRITE_EXCHANGE_ROLES,
    ),
    delete(
        "/beta/roleManagement/exchange/customAppScopes/{}",
        "removing a scope of Exchange's own roles",
        WRITE_EXCHANGE_ROLES,
    ),
];

pub fn all() -> &'static [Entry] {
    ENTRIES
}

/// The entry of a request, whose path may have a query, keys in parentheses, and empty segments for ids that are not known
/// yet.
pub fn find(method: &str, path: &str) -> Option<&'static Entry> {
    let segments = segments(path);
    ENTRIES.iter().find(|entry| {
        let template: Vec<&str> = entry.path.split('/').skip(1).collect();
        entry.method == method
            && template.len() == segments.len()
            && template.iter().zip(&segments).all(|(expected, found)| *expected == "{}" || expected == found)
    })
}

/// `/applications(uniqueName='exo')/owners?$select=id` is `applications`, `uniqueName='exo'`, `owners`.
fn segments(path: &str) -> Vec<&str> {
    let path = path.split('?').next().unwrap_or_default();
    let segments = path.strip_prefix('/').unwrap_or(path).split('/');
    segments
        .flat_map(|segment| match segment.strip_suffix(')').and_then(|segment| segment.split_once('(')) {
            Some((collection, key)) => vec![collection, key],
            None => vec![segment],
        })
        .collect()
}

/// The id of the object that a path leads to or through; `None` where it is named by another key, or not known yet.
pub fn object_id(path: &str) -> Option<&str> {
    segments(path).get(1).copied().filter(|key| !key.is_empty() && !key.contains('='))
}

#[cfg(test)]
mod tests {
    use super::super::{apis::MICROSOFT_GRAPH, permissions};
    use super::*;
    use crate::model::PermissionType;

    fn path_of(method: &str, path: &str) -> Option<&'static str> {
        find(method, path).map(|entry| entry.path)
    }

    #[test]
    fn requests_are_found_by_their_form() {
        assert_eq!(path_of("PATCH", "/applications(uniqueName='exo')"), Some("/applications/{}"));
        assert_eq!(path_of("GET", "/applications?$filter=tags/any(t:t eq 'a')"), Some("/applications"));
        assert_eq!(
            path_of("POST", "/applications(uniqueName='exo')/owners/$ref"),
            Some("/applications/{}/owners/$ref")
        );
        assert_eq!(
            path_of("POST", "/servicePrincipals//appRoleAssignedTo"),
            Some("/servicePrincipals/{}/appRoleAssignedTo")
        );
        assert_eq!(path_of("DELETE", "/organization"), None);
        assert_eq!(path_of("GET", "/servicePrincipals/1/synchronization"), None);
    }

    #[test]
    fn every_permission_of_the_table_is_one_of_microsoft_graph() {
        for entry in ENTRIES {
            assert!(!entry.ways.is_empty(), "{entry:?}");
            assert!(!entry.least(Circumstances::PLAIN).is_empty(), "{entry:?} is never allowed");
            for permission in entry.ways.iter().flat_map(|way| way.permissions) {
                let found = permissions::find(MICROSOFT_GRAPH, PermissionType::Application, permission);
                assert_eq!(found.map(|found| found.value), Some(*permission), "{entry:?}");
            }
        }
    }

    #[test]
    fn no_request_stands_in_the_table_twice() {
        let requests: std::collections::BTreeSet<_> = ENTRIES.iter().map(|entry| (entry.method, entry.path)).collect();
        assert_eq!(requests.len(), ENTRIES.len());
        for entry in ENTRIES {
            assert_eq!(path_of(entry.method, entry.path), Some(entry.path), "another entry hides it");
        }
    }

    #[test]
    fn only_ids_are_ids() {
        assert_eq!(object_id("/applications/1/owners/$ref"), Some("1"));
        for path in [
            "/applications(uniqueName='exo')/owners/$ref",
            "/servicePrincipals",
            "/servicePrincipals//appRoleAssignedTo",
        ] {
            assert_eq!(object_id(path), None, "{path}");
        }
    }

    #[test]
    fn what_is_owned_needs_less() {
        let change = find("PATCH", "/applications/1").unwrap();
        assert_eq!(change.least(Circumstances::PLAIN), ["Application.ReadWrite.All"]);
        let owned = Circumstances { owned: true, ..Circumstances::PLAIN };
        assert_eq!(change.least(owned), ["Application.ReadWrite.OwnedBy"]);
        assert_eq!(
            change.remedy(),
            "`Application.ReadWrite.OwnedBy` for what the operator owns, or `Application.ReadWrite.All`"
        );
    }
}
