//! Who calls, and what the application permissions in the token allow.
//!
//! A directory role of the caller (the token's `wids`) counts as the application permissions that it amounts to.

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
    Application { service_principal: String, roles: BTreeSet<String>, directory_roles: BTreeSet<String> },
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
pub(crate) const REVOKE_SESSIONS: &[&str] =
    &["User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All"];
pub(crate) const READ_ORGANIZATION: &[&str] =
    &["Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
pub(crate) const READ_DOMAINS: &[&str] =
    &["Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
pub(crate) const WRITE_DOMAINS: &[&str] = &["Domain.ReadWrite.All"];
pub(crate) const READ_GROUPS: &[&str] = &[
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(crate) const CREATE_GROUPS: &[&str] = &["Group.Create", "Group.ReadWrite.All", "Directory.ReadWrite.All"];
pub(crate) const WRITE_GROUPS: &[&str] = &["Group.ReadWrite.All", "Directory.ReadWrite.All"];
pub(crate) const WRITE_MEMBERS: &[&str] =
    &["GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"];
pub(crate) const READ_UNITS: &[&str] = &[
    "AdministrativeUnit.Read.All",
    "AdministrativeUnit.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(crate) const WRITE_UNITS: &[&str] = &["AdministrativeUnit.ReadWrite.All"];
pub(crate) const READ_POLICIES: &[&str] = &["Policy.Read.All", "Policy.ReadWrite.ApplicationConfiguration"];
pub(crate) const WRITE_POLICIES: &[&str] = &["Policy.ReadWrite.ApplicationConfiguration"];
pub(crate) const READ_OBJECTS: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Application.Read.All",
    "Application.ReadWrite.All",
    "User.Read.All",
    "User.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
];
pub(crate) const READ_DIRECTORY: &[&str] = &["Directory.Read.All", "Directory.ReadWrite.All"];

const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// Directory roles by template id, and the application permissions that each amounts to here.
const DIRECTORY_ROLES: &[(&str, &[&str])] = &[
    // Application Administrator
    ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", APPLICATION_ADMINISTRATION),
    // Cloud Application Administrator
    ("158c047a-c907-4556-b7ef-446551a6b5f7", APPLICATION_ADMINISTRATION),
    // Application Developer: creates, and owns what it creates
    ("cf1c38e5-3621-4004-a7cb-879624dced7c", &["Application.ReadWrite.OwnedBy", "Directory.Read.All"]),
    // Privileged Role Administrator
    (
        "e8611ab8-c189-46e8-94e1-60213ab1f814",
        &[
            "RoleManagement.ReadWrite.Directory",
            "AppRoleAssignment.ReadWrite.All",
            "DelegatedPermissionGrant.ReadWrite.All",
            "AdministrativeUnit.ReadWrite.All",
            "Directory.Read.All",
        ],
    ),
    // Exchange Administrator
    ("29232cdf-9323-42fd-ade2-1d097af3e4de", &["RoleManagement.ReadWrite.Exchange", "Directory.Read.All"]),
    // User Administrator
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", &["User.ReadWrite.All", "Group.ReadWrite.All", "Directory.Read.All"]),
    // Groups Administrator
    ("fdd7a751-b60b-444a-984c-02652fe8fa1c", &["Group.ReadWrite.All", "Directory.Read.All"]),
    // Directory Writers
    ("9360feb5-f418-4baa-8175-e2a00bac4301", &["Group.ReadWrite.All", "Directory.Read.All"]),
    // Domain Name Administrator
    ("8329153b-31d0-4727-b945-745eb3bc5f31", &["Domain.ReadWrite.All", "Directory.Read.All"]),
    // Directory Readers
    ("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", &["Directory.Read.All"]),
    // Global Reader
    (
        "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
        &["Directory.Read.All", "Policy.Read.All", "RoleManagement.Read.Directory"],
    ),
];

const APPLICATION_ADMINISTRATION: &[&str] = &[
    "Application.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Policy.ReadWrite.ApplicationConfiguration",
    "Directory.Read.All",
];

impl Caller {
    pub(crate) fn has(&self, permission: &str) -> bool {
        match self {
            Self::Administrator => true,
            Self::Application { roles, directory_roles, .. } => {
                roles.contains(permission)
                    || directory_roles.contains(GLOBAL_ADMINISTRATOR)
                    || DIRECTORY_ROLES
                        .iter()
                        .any(|(role, gives)| directory_roles.contains(*role) && gives.contains(&permission))
            }
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
