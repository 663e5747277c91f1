//! What lets an application in at Exchange besides directory roles.

use crate::catalog::exchange_roles::is_application_role;
use crate::model::{ObservedServicePrincipal, Snapshot};

/// Roles and role groups of Exchange's own that hold cmdlets, as far as the manifest has them looked at.
pub fn exchanges_own(principal: &ObservedServicePrincipal, snapshot: &Snapshot) -> Vec<String> {
    let exchange = &snapshot.exchange;
    let roles = principal.exchange_role_assignments.iter().filter_map(|assignment| {
        let definition = exchange
            .role_definitions
            .iter()
            .find(|role| role.id.eq_ignore_ascii_case(&assignment.role_definition_id))?;
        (!is_application_role(&definition.name)).then(|| format!("{} (Exchange's own)", definition.name))
    });
    let groups = exchange.organization.iter().flat_map(|organization| &organization.role_groups);
    let member = principal.id.to_lowercase();
    let groups = groups.filter(|group| group.members.contains(&member));
    roles.chain(groups.map(|group| format!("{} (a role group of Exchange's)", group.name))).collect()
}
