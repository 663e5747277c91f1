//! What holding a permission or a directory role amounts to.

use std::collections::BTreeSet;

use super::least_privilege::{Circumstances, Entry};
use super::roles;
use crate::model::{Operator, Powers};

/// Permissions with others that whoever has them does not need.
/// <https://learn.microsoft.com/graph/permissions-reference>
const INCLUDES: &[(&str, &[&str])] = &[
    ("Application.ReadWrite.All", &["Application.Read.All"]),
    (
        "Directory.Read.All",
        &[
            "AdministrativeUnit.Read.All",
            "Application.Read.All",
            "GroupMember.Read.All",
            "Organization.Read.All",
            "RoleManagement.Read.Directory",
            "User.Read.All",
        ],
    ),
    ("Directory.ReadWrite.All", &["Directory.Read.All"]),
    ("Organization.ReadWrite.All", &["Organization.Read.All"]),
    ("RoleManagement.Read.All", &["RoleManagement.Read.Directory", "RoleManagement.Read.Exchange"]),
    ("RoleManagement.ReadWrite.Directory", &["RoleManagement.Read.Directory"]),
    ("RoleManagement.ReadWrite.Exchange", &["RoleManagement.Read.Exchange"]),
    ("User.ReadWrite.All", &["User.Read.All"]),
];

/// Directory roles and the permissions of Microsoft Graph that each amounts to for what Accredit does, the least role first.
/// <https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference>
const ROLES: &[(&str, &[&str])] = &[
    ("Directory Readers", &["Directory.Read.All"]),
    ("Global Reader", &["Directory.Read.All", "Policy.Read.All"]),
    ("Application Developer", &["Application.ReadWrite.OwnedBy", "Directory.Read.All"]),
    ("Cloud Application Administrator", APPLICATION_ADMINISTRATION),
    ("Application Administrator", APPLICATION_ADMINISTRATION),
    ("Exchange Administrator", &["RoleManagement.ReadWrite.Exchange", "Directory.Read.All"]),
    (
        "Privileged Role Administrator",
        &[
            "RoleManagement.ReadWrite.Directory",
            "AppRoleAssignment.ReadWrite.All",
            "DelegatedPermissionGrant.ReadWrite.All",
            "Directory.Read.All",
        ],
    ),
];

const APPLICATION_ADMINISTRATION: &[&str] = &[
    "Application.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Policy.ReadWrite.ApplicationConfiguration",
    "Directory.Read.All",
];

const GLOBAL_ADMINISTRATOR: &str = "Global Administrator";

/// The least directory role that amounts to this permission.
pub fn least_role(permission: &str) -> Option<&'static str> {
    let amounts = |role: &&(&str, &[&str])| Held::new(role.1.iter().copied()).has(permission);
    ROLES.iter().find(amounts).map(|(name, _)| *name)
}

/// What the table knows roles to amount to, the least first.
pub fn roles_with_permissions() -> &'static [(&'static str, &'static [&'static str])] {
    ROLES
}

/// A set of permissions with all that they include.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    everything: bool,
    permissions: BTreeSet<String>,
}

impl Held {
    pub fn new<'p>(permissions: impl IntoIterator<Item = &'p str>) -> Self {
        let mut held = Self::default();
        for permission in permissions {
            held.add(permission);
        }
        held
    }

    /// With what directory roles, by template id, amount to. Roles that are not known add nothing.
    #[must_use]
    pub fn with_roles<'r>(mut self, template_ids: impl IntoIterator<Item = &'r str>) -> Self {
        for role in template_ids.into_iter().filter_map(roles::find) {
            self.everything |= role.name == GLOBAL_ADMINISTRATOR;
            let amounts = ROLES.iter().find(|(name, _)| *name == role.name).map_or(&[][..], |(_, amounts)| *amounts);
            for permission in amounts {
                self.add(permission);
            }
        }
        self
    }

    fn add(&mut self, permission: &str) {
        if self.permissions.insert(permission.to_owned()) {
            let included = INCLUDES.iter().find(|(name, _)| *name == permission);
            for included in included.into_iter().flat_map(|(_, included)| *included) {
                self.add(included);
            }
        }
    }

    pub fn has(&self, permission: &str) -> bool {
        self.everything || self.permissions.contains(permission)
    }

    pub fn allows(&self, entry: &Entry, circumstances: Circumstances) -> bool {
        let suffices = |permissions: &[&str]| permissions.iter().all(|permission| self.has(permission));
        entry.ways.iter().any(|way| way.applies(circumstances) && suffices(way.permissions))
    }
}

/// Whether a request will be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Allowed,
    /// It depends on what no token says: what a user owns, and roles for a part of the tenant.
    Doubtful,
    Refused,
}

/// Whether Microsoft Graph will allow this operator a request. Of an operator who is not known nothing is expected to be
/// refused.
pub fn verdict(operator: &Operator, entry: &Entry, circumstances: Circumstances) -> Verdict {
    match &operator.powers {
        Powers::Unknown => Verdict::Allowed,
        Powers::Application { permissions: _, roles } => {
            if held(operator).allows(entry, circumstances) {
                Verdict::Allowed
            } else if roles.iter().any(|id| is_unjudged(id)) {
                Verdict::Doubtful
            } else {
                Verdict::Refused
            }
        }
        Powers::User { scopes, roles } => {
            // There is no delegated permission for what is owned alone: the user's own rights say that.
            let scoped = Circumstances { owned: false, ..circumstances };
            if !acts_wholly_for_user(scopes) && !of(scopes).allows(entry, scoped) {
                return Verdict::Refused;
            }
            let own = Held::default().with_roles(roles.iter().map(String::as_str));
            if own.allows(entry, circumstances) { Verdict::Allowed } else { Verdict::Doubtful }
        }
    }
}

/// Whether a program may do whatever its user may. Those that Microsoft makes for administrators hold this instead of many
/// permissions: the Azure CLI, Azure PowerShell.
/// <https://learn.microsoft.com/graph/permissions-reference#directoryaccessasuserall>
fn acts_wholly_for_user(scopes: &BTreeSet<String>) -> bool {
    scopes.contains("Directory.AccessAsUser.All")
}

/// Whether a directory role is one that may amount to something here, and that is not known to.
fn is_unjudged(template_id: &str) -> bool {
    roles::find(template_id).is_some_and(|role| {
        role.privileged && role.name != GLOBAL_ADMINISTRATOR && !ROLES.iter().any(|(name, _)| *name == role.name)
    })
}

/// What an operator may use: of a user, the delegated permissions that the user's own roles amount to too.
pub fn held(operator: &Operator) -> Held {
    match &operator.powers {
        Powers::Unknown => Held::default(),
        Powers::Application { permissions, roles } => of(permissions).with_roles(roles.iter().map(String::as_str)),
        Powers::User { scopes, roles } => {
            let own = Held::default().with_roles(roles.iter().map(String::as_str));
            if acts_wholly_for_user(scopes) {
                return own;
            }
            Held::new(of(scopes).permissions.iter().map(String::as_str).filter(|scope| own.has(scope)))
        }
    }
}

/// Whether an operator may write only those applications that it owns.
pub fn writes_owned_alone(operator: &Operator) -> bool {
    match &operator.powers {
        Powers::Application { .. } => {
            let held = held(operator);
            held.has("Application.ReadWrite.OwnedBy") && !held.has("Application.ReadWrite.All")
        }
        Powers::Unknown | Powers::User { .. } => false,
    }
}

fn of(permissions: &BTreeSet<String>) -> Held {
    Held::new(permissions.iter().map(String::as_str))
}

/// These permissions without those that others among them include.
pub fn least_set(permissions: &BTreeSet<&'static str>) -> BTreeSet<&'static str> {
    let included = |permission: &&str| {
        let mut others = permissions.iter().filter(|other| *other != permission);
        others.any(|other| Held::new([*other]).has(permission))
    };
    permissions.iter().copied().filter(|permission| !included(permission)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::least_privilege::find;
    use super::super::{apis::MICROSOFT_GRAPH, permissions};
    use super::*;
    use crate::model::PermissionType;

    fn template_id(role: &str) -> &'static str {
        roles::find(role).unwrap().template_id
    }

    #[test]
    fn every_name_in_the_tables_exists() {
        let included = INCLUDES.iter().flat_map(|(name, included)| included.iter().chain([name]));
        let amounts = ROLES.iter().flat_map(|(_, amounts)| *amounts);
        for permission in included.chain(amounts) {
            assert!(
                permissions::find(MICROSOFT_GRAPH, PermissionType::Application, permission).is_some(),
                "{permission}"
            );
        }
        for name in ROLES.iter().map(|(name, _)| *name).chain([GLOBAL_ADMINISTRATOR]) {
            assert_eq!(roles::find(name).map(|role| role.name), Some(name));
        }
    }

    #[test]
    fn the_least_role_is_named() {
        assert_eq!(least_role("Application.Read.All"), Some("Directory Readers"));
        assert_eq!(least_role("Application.ReadWrite.All"), Some("Cloud Application Administrator"));
        assert_eq!(least_role("RoleManagement.ReadWrite.Directory"), Some("Privileged Role Administrator"));
        assert_eq!(least_role("Mail.Read"), None);
    }

    #[test]
    fn a_user_needs_the_scope_and_the_role() {
        let assign = find("POST", "/roleManagement/directory/roleAssignments").unwrap();
        let user = |scopes: &[&str], roles: &[&str]| Operator {
            powers: Powers::User {
                scopes: scopes.iter().map(ToString::to_string).collect(),
                roles: roles.iter().map(|role| template_id(role).to_owned()).collect(),
            },
            ..Operator::default()
        };
        let judge = |operator: Operator| verdict(&operator, assign, Circumstances::PLAIN);
        assert_eq!(judge(user(&["User.Read"], &["Global Administrator"])), Verdict::Refused);
        assert_eq!(judge(user(&["RoleManagement.ReadWrite.Directory"], &[])), Verdict::Doubtful);
        assert_eq!(
            judge(user(&["RoleManagement.ReadWrite.Directory"], &["Privileged Role Administrator"])),
            Verdict::Allowed
        );
        assert_eq!(judge(Operator::default()), Verdict::Allowed);
    }

    #[test]
    fn what_another_permission_includes_is_not_needed_beside_it() {
        let set = BTreeSet::from(["Application.Read.All", "Directory.Read.All", "Policy.Read.All", "User.Read.All"]);
        assert_eq!(least_set(&set), BTreeSet::from(["Directory.Read.All", "Policy.Read.All"]));
    }
}
