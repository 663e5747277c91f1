//! What was found in the tenant and in the key stores, read once before planning.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    DesiredRole, KeyPolicies, ObservedExchange, ObservedExchangeRoleAssignment, Operator, PermissionType, StoredKeys,
    Thumbprint,
};

/// Everything the planner looks at besides the manifests.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub tenant: ObservedTenant,
    /// Who reads and writes.
    pub operator: Operator,
    /// Object ids of what the operator owns. `None`: not looked at, as it does not matter or could not be read.
    pub owned: Option<BTreeSet<String>>,
    /// Object ids of the estate's own applications that may write applications: those that others sign in as to apply it.
    pub operators: BTreeSet<String>,
    /// What was read to come to this: paths as `catalog::least_privilege` has them.
    pub reads: BTreeSet<String>,
    /// By handle: the applications the manifests declare and those that carry the estate's tag.
    pub applications: BTreeMap<String, ObservedApplication>,
    /// Handles of the estate's applications that were not selected, of which nothing else was read.
    pub passed_over: BTreeSet<String>,
    /// Applications that say that they have the same handle, by their appIds.
    pub contested: BTreeMap<String, BTreeSet<String>>,
    /// `uniqueName`s of applications that have another handle by now.
    pub taken_names: BTreeMap<String, String>,
    /// By handle, and by `uniqueName` where that is another: applications that were deleted and can still be restored. Read only where a declared one is
    /// missing.
    pub deleted: BTreeMap<String, DeletedApplication>,
    /// The service principals of the APIs that the manifests name and that applications hold permissions of.
    pub apis: Vec<ObservedApi>,
    /// Object ids of the users the manifests name, by user principal name in lower case.
    pub users: BTreeMap<String, String>,
    /// Service principals that the manifests name as owners: what the manifest says → what has that name or appId.
    pub owner_service_principals: BTreeMap<String, Vec<ObservedOwner>>,
    pub role_definitions: Vec<ObservedRoleDefinition>,
    /// Role assignments of the users the manifests name, by object id.
    pub user_roles: BTreeMap<String, Vec<ObservedRoleAssignment>>,
    /// Roles of Exchange's own.
    pub exchange: ObservedExchange,
    /// What is in the key stores, by handle and certificate name.
    pub keys: BTreeMap<(String, String), StoredKeys>,
    /// By handle: what came of signing in as that application with certificates that are about to take over from others, by
    /// SHA-1 thumbprint.
    pub sign_ins: BTreeMap<String, BTreeMap<Thumbprint, SignIn>>,
    pub key_policies: KeyPolicies,
}

/// What came of signing in with a certificate while the tenant was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    Accepted,
    /// In the token service's words, or why it could not be tried.
    Refused(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedTenant {
    pub id: String,
    pub display_name: String,
    /// The domain that ends in `.onmicrosoft.com`: the only one that Exchange takes as `-Organization` everywhere.
    pub initial_domain: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedApplication {
    /// The object id.
    pub id: String,
    pub app_id: String,
    /// What Entra calls it, from the day it was made: the handle that it had then.
    pub unique_name: String,
    /// What its tag says, where it was given another handle since; else its `uniqueName`.
    pub handle: String,
    pub created: Option<Timestamp>,
    pub display_name: String,
    pub description: Option<String>,
    pub notes: Option<String>,
    pub sign_in_audience: Option<String>,
    pub tags: Vec<String>,
    pub redirect_uris: Vec<String>,
    pub required_resource_access: Vec<ObservedPermission>,
    pub key_credentials: Vec<ObservedKeyCredential>,
    pub password_credentials: Vec<ObservedPasswordCredential>,
    pub owners: Vec<ObservedOwner>,
    pub federated_credentials: Vec<ObservedFederatedCredential>,
    pub service_principal: Option<ObservedServicePrincipal>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObservedPermission {
    pub api_id: String,
    pub permission_id: String,
    pub permission_type: PermissionType,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedKeyCredential {
    pub key_id: String,
    pub display_name: Option<String>,
    /// From `customKeyIdentifier`, where that is a SHA-1 thumbprint in hex or base64.
    pub thumbprint: Option<Thumbprint>,
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
    /// `AsymmetricX509Cert` for a certificate one signs in with.
    pub key_type: String,
    /// `Verify` for a certificate one signs in with.
    pub usage: String,
}

impl ObservedKeyCredential {
    /// Whether one can sign in with it, as opposed to signing or encrypting tokens.
    pub fn is_sign_in_certificate(&self) -> bool {
        self.key_type == "AsymmetricX509Cert" && self.usage == "Verify"
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedPasswordCredential {
    pub key_id: String,
    pub display_name: Option<String>,
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
}

/// Tokens of another identity provider that are as good as a credential of the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedFederatedCredential {
    pub id: String,
    pub name: String,
    pub issuer: String,
    pub subject: String,
    /// In the order of their names.
    pub audiences: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedOwner {
    pub id: String,
    /// The user principal name, or the service principal's display name.
    pub name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedServicePrincipal {
    pub id: String,
    pub account_enabled: bool,
    pub key_credentials: Vec<ObservedKeyCredential>,
    pub password_credentials: Vec<ObservedPasswordCredential>,
    pub app_role_assignments: Vec<ObservedAppRoleAssignment>,
    /// Tenant-wide (`AllPrincipals`) grants only; what single users consented to is theirs.
    pub grants: Vec<ObservedGrant>,
    pub role_assignments: Vec<ObservedRoleAssignment>,
    /// Read only where the manifest declares `exchange.roles`.
    pub exchange_role_assignments: Vec<ObservedExchangeRoleAssignment>,
}

/// An application permission that a service principal holds.
#[derive(Clone, Copy, Debug)]
pub struct HeldPermission<'a> {
    pub api: &'a ObservedApi,
    pub id: &'a str,
    /// `None`: the API does not offer it any more.
    pub value: Option<&'a str>,
}

impl ObservedServicePrincipal {
    /// The application permissions that it was consented to, of those of `apis`.
    pub fn application_permissions<'a>(&'a self, apis: &'a [ObservedApi]) -> impl Iterator<Item = HeldPermission<'a>> {
        self.app_role_assignments.iter().filter_map(|assignment| {
            let api = apis.iter().find(|api| api.id == assignment.resource_id)?;
            let value = api.application.get(&assignment.app_role_id).map(String::as_str);
            Some(HeldPermission { api, id: &assignment.app_role_id, value })
        })
    }
}

/// Admin consent to one application permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedAppRoleAssignment {
    pub id: String,
    pub app_role_id: String,
    /// The API's service principal.
    pub resource_id: String,
    pub resource_display_name: String,
    pub created: Option<Timestamp>,
}

/// Admin consent to delegated permissions of one API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedGrant {
    pub id: String,
    /// The API's service principal.
    pub resource_id: String,
    pub scopes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedRoleAssignment {
    pub id: String,
    pub role_definition_id: String,
    pub directory_scope_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedRoleDefinition {
    pub id: String,
    pub template_id: String,
    pub display_name: String,
}

impl ObservedRoleDefinition {
    /// Whether it is the one that a manifest means.
    pub fn is_meant_by(&self, role: &DesiredRole) -> bool {
        match &role.template_id {
            Some(id) => self.template_id.eq_ignore_ascii_case(id) || self.id.eq_ignore_ascii_case(id),
            None => self.display_name.eq_ignore_ascii_case(&role.role),
        }
    }

    /// Whether an assignment with this `roleDefinitionId` is one of it.
    pub fn has_id(&self, id: &str) -> bool {
        self.id == id || self.template_id == id
    }
}

/// The service principal of an API with what it offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedApi {
    /// The service principal's object id in this tenant.
    pub id: String,
    pub app_id: String,
    pub display_name: String,
    /// App role id → value.
    pub application: BTreeMap<String, String>,
    /// OAuth2 scope id → value.
    pub delegated: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedApplication {
    pub id: String,
    pub app_id: String,
    pub display_name: String,
    pub deleted: Option<Timestamp>,
}
