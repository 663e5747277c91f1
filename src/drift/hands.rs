//! Who has the rights to have done it: those we know by name, and the roles and permissions of all others. A hint, and no
//! proof; who it was stands in the tenant's audit log.

use std::collections::BTreeMap;

use crate::catalog::apis::MICROSOFT_GRAPH;
use crate::catalog::powers::{Held, roles_with_permissions};
use crate::model::{Finding, ObservedRoleAssignment, Rule, Snapshot};

/// What the snapshot knows of rights over applications.
pub(super) struct Hands<'a> {
    snapshot: &'a Snapshot,
    /// What those hold that the snapshot knows, by how they are called.
    held: Vec<(String, Held)>,
}

impl<'a> Hands<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let mut held = Vec::new();
        for (handle, application) in &snapshot.applications {
            let Some(principal) = &application.service_principal else { continue };
            let permissions = principal.application_permissions(&snapshot.apis);
            let of_graph = permissions.filter(|held| held.api.app_id == MICROSOFT_GRAPH).filter_map(|held| held.value);
            let all = Held::new(of_graph).with_roles(templates(snapshot, &principal.role_assignments));
            held.push((format!("the application `{handle}` of this estate"), all));
        }
        let names: BTreeMap<&String, &String> = snapshot.users.iter().map(|(name, id)| (id, name)).collect();
        for (id, roles) in &snapshot.user_roles {
            let name = names.get(id).map_or(id, |name| *name);
            held.push((format!("the user {name}"), Held::default().with_roles(templates(snapshot, roles))));
        }
        Self { snapshot, held }
    }

    /// Nothing for what comes about by itself.
    pub(super) fn could_have(&self, finding: &Finding) -> Vec<String> {
        match finding.rule {
            Rule::Undeclared | Rule::OtherKeyId | Rule::Disabled | Rule::Changed | Rule::Gone => {}
            Rule::LeftManifest
            | Rule::Unmanaged
            | Rule::Missing
            | Rule::Expires
            | Rule::Expired
            | Rule::Lifetime
            | Rule::Policy
            | Rule::ApprovalNeeded
            | Rule::Foreign => {
                return Vec::new();
            }
        }
        let permission = permission_for(&finding.address.kind);
        let mut hands = Vec::new();
        if permission == APPLICATIONS {
            let application = self.snapshot.applications.get(&finding.address.holder);
            // An owner too many can do all that owners can, but was let in by somebody else.
            let owners = application.into_iter().flat_map(|application| &application.owners);
            let owners = owners.filter(|owner| finding.subject != format!("owners/{}", owner.id));
            hands.extend(owners.map(|owner| format!("its owner {}", owner.name)));
        }
        let known = self.held.iter().filter(|(_, held)| held.has(permission));
        hands.extend(known.map(|(name, _)| name.clone()));
        // Whoever administers applications may consent to the permissions of every API but Microsoft Graph.
        let is_of_another_api =
            finding.address.kind == "appRoleAssignment" && !finding.address.name.starts_with("Microsoft Graph/");
        let suffices = |permissions: &[&str]| {
            permissions.contains(&permission) || is_of_another_api && permissions.contains(&APPLICATIONS)
        };
        let roles = roles_with_permissions().iter().filter(|(_, permissions)| suffices(permissions));
        let mut roles: Vec<&str> = roles.map(|(role, _)| *role).collect();
        roles.push("Global Administrator");
        hands.push(format!("whoever holds {}", any_of(&roles)));
        hands.push(format!("applications with `{permission}`"));
        hands
    }
}

const APPLICATIONS: &str = "Application.ReadWrite.All";

/// The permission of Microsoft Graph that it takes to change something of this kind.
fn permission_for(kind: &str) -> &'static str {
    match kind {
        "appRoleAssignment" => "AppRoleAssignment.ReadWrite.All",
        "oauth2PermissionGrant" => "DelegatedPermissionGrant.ReadWrite.All",
        "roleAssignment" => "RoleManagement.ReadWrite.Directory",
        kind if kind.starts_with("exchange") => "RoleManagement.ReadWrite.Exchange",
        _ => APPLICATIONS,
    }
}

fn templates<'s>(snapshot: &'s Snapshot, assignments: &'s [ObservedRoleAssignment]) -> impl Iterator<Item = &'s str> {
    assignments.iter().filter_map(|assignment| {
        let mut definitions = snapshot.role_definitions.iter();
        let role = definitions.find(|definition| definition.has_id(&assignment.role_definition_id))?;
        Some(role.template_id.as_str())
    })
}

fn any_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}
