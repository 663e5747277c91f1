//! Who calls, and what the application permissions in the token allow.
//!
//! Only the token's `roles` count; directory roles of the caller give nothing here.

use std::collections::BTreeSet;

use super::super::{
    refusal::Refusal,
    world::{Document, OWNERS, texts},
};

/// Who makes a request.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// The tester, through the control endpoint: may do everything.
    Administrator,
    /// An application, by its token.
    Application { service_principal: String, roles: BTreeSet<String> },
}

pub(crate) const READ_APPLICATIONS: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Application.ReadWrite.OwnedBy",
    "Application.ReadUpdate.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(crate) const READ_ASSIGNMENTS: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Application.ReadWrite.OwnedBy",
    "AppRoleAssignment.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(crate) const READ_GRANTS: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "DelegatedPermissionGrant.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
];
pub(crate) const WRITE_GRANTS: &[&str] = &["DelegatedPermissionGrant.ReadWrite.All", "Directory.ReadWrite.All"];
pub(crate) const READ_ROLES: &[&str] = &[
    "RoleManagement.Read.Directory",
    "RoleManagement.Read.All",
    "RoleManagement.ReadWrite.Directory",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(crate) const WRITE_ROLES: &[&str] = &["RoleManagement.ReadWrite.Directory"];
pub(crate) const READ_USERS: &[&str] =
    &["User.Read.All", "User.ReadWrite.All", "User.ReadBasic.All", "Directory.Read.All", "Directory.ReadWrite.All"];
pub(crate) const WRITE_USERS: &[&str] = &["User.ReadWrite.All", "Directory.ReadWrite.All"];
pub(crate) const READ_ORGANIZATION: &[&str] =
    &["Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
pub(crate) const READ_DOMAINS: &[&str] =
    &["Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
pub(crate) const READ_OBJECTS: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Application.Read.All",
    "Application.ReadWrite.All",
    "User.Read.All",
    "User.ReadWrite.All",
];
const READ_DIRECTORY: &[&str] = &["Directory.Read.All", "Directory.ReadWrite.All"];

impl Caller {
    pub(crate) fn has(&self, permission: &str) -> bool {
        match self {
            Self::Administrator => true,
            Self::Application { roles, .. } => roles.contains(permission),
        }
    }

    /// Refuses a caller who has none of these.
    pub(crate) fn needs(&self, any_of: &[&str]) -> Result<(), Refusal> {
        if any_of.iter().any(|permission| self.has(permission)) { Ok(()) } else { Err(Refusal::denied()) }
    }

    /// Whether this caller may only write what it owns.
    pub(crate) fn writes_owned_only(&self) -> bool {
        !self.has("Application.ReadWrite.All") && self.has("Application.ReadWrite.OwnedBy")
    }

    /// The service principal of a calling application.
    pub(crate) fn service_principal(&self) -> Option<&str> {
        match self {
            Self::Administrator => None,
            Self::Application { service_principal, .. } => Some(service_principal),
        }
    }

    pub(crate) fn owns(&self, object: &Document) -> bool {
        match self {
            Self::Administrator => true,
            Self::Application { service_principal, .. } => {
                texts(object, OWNERS).any(|owner| owner == service_principal)
            }
        }
    }

    /// May create applications and service principals.
    pub(crate) fn may_create(&self) -> Result<(), Refusal> {
        self.needs(&["Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"])
    }

    /// May change or delete this application or service principal.
    pub(crate) fn may_write(&self, object: &Document) -> Result<(), Refusal> {
        if self.has("Application.ReadWrite.All") || (self.writes_owned_only() && self.owns(object)) {
            Ok(())
        } else {
            Err(Refusal::denied())
        }
    }

    /// May change who owns it: an application also needs to read the directory for that.
    pub(crate) fn may_write_owners(&self, object: &Document) -> Result<(), Refusal> {
        self.may_write(object)?;
        self.needs(READ_DIRECTORY)
    }

    /// May grant or withdraw app roles of this resource.
    pub(crate) fn may_assign(&self, of_microsoft_graph: bool) -> Result<(), Refusal> {
        if self.has("AppRoleAssignment.ReadWrite.All") {
            return self.needs(READ_APPLICATIONS);
        }
        if of_microsoft_graph {
            return Err(Refusal::denied());
        }
        self.needs(&["Application.ReadWrite.All"])
    }
}
