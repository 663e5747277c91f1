//! Whether a step takes from the operator what it reads and writes with.

use std::collections::BTreeSet;

use crate::model::{Action, FieldChange, Snapshot, Step, Value};

/// Whether a step removes the operator itself, what it was granted, a role of it, or a credential that it may have signed in with.
///
/// Which credential it signed in with no token says. A certificate that is followed by another one of the application's may go; the
/// last one may not, and nor may a secret or a federated credential.
pub(super) fn is_removed_by(step: &Step, actual: &Snapshot) -> bool {
    if !is_of_operator(step, actual) {
        return false;
    }
    match (step.address.kind.as_str(), &step.action) {
        ("application" | "servicePrincipal", Action::Delete { .. })
        | (
            "appRoleAssignment"
            | "oauth2PermissionGrant"
            | "roleAssignment"
            | "exchangeRoleAssignment"
            | "exchangeRoleGroupMember"
            | "passwordCredential"
            | "federatedIdentityCredential",
            Action::Delete { .. },
        ) => true,
        ("application", Action::Update { id: _, changes, after: _ }) => changes.iter().any(loses_the_last_certificate),
        ("oauth2PermissionGrant", Action::Update { id: _, changes, after: _ }) => {
            changes.iter().any(|change| change.path == "scope" && !lost(change).is_empty())
        }
        _ => false,
    }
}

/// Whether the step is about the application that signed in, or about the user who did.
fn is_of_operator(step: &Step, actual: &Snapshot) -> bool {
    let operator = &actual.operator;
    let holder = &step.address.holder;
    if let Some(application) = actual.applications.get(holder) {
        return operator.app_id.as_deref().is_some_and(|id| application.app_id.eq_ignore_ascii_case(id));
    }
    let user = actual.users.get(&holder.to_lowercase());
    user.is_some() && user == operator.object_id.as_ref()
}

fn lost(change: &FieldChange) -> Vec<&Value> {
    let after: BTreeSet<&Value> = change.after.members().collect();
    change.before.members().filter(|value| !after.contains(value)).collect()
}

fn loses_the_last_certificate(change: &FieldChange) -> bool {
    change.path == "keyCredentials" && !lost(change).is_empty() && change.after.members().next().is_none()
}
