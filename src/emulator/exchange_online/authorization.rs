//! Whether an application's roles reach a mailbox.

use serde_json::json;

use super::{
    super::world::{Collection, Document, View, text, texts},
    ExchangeRefusal, Output, filter,
    parameters::Call,
    recipients,
    role_assignments::live,
    scopes, service_principals,
};

/// `Test-ServicePrincipalAuthorization`: the roles of an application, and whether a mailbox is in their scope. What
/// was granted in the directory does not count.
pub(super) fn test(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let seen = call.request.seen;
    let key = call.required("Identity");
    let pointer = service_principals::find(seen, key).ok_or_else(|| ExchangeRefusal::not_found(key))?;
    let mailbox = match call.text("Resource") {
        None => None,
        Some(key) => Some(recipients::find(seen, key).ok_or_else(|| ExchangeRefusal::not_found(key))?),
    };
    let held = live(seen).filter(|assignment| text(assignment, "principalId") == text(pointer, "objectId"));
    let rows = held
        .filter_map(|assignment| {
            let permission = text(assignment, "role").strip_prefix("Application ")?;
            let (allowed, kind) = allowed(seen, assignment);
            Some(json!({
                "RoleName": assignment["role"],
                "GrantedPermissions": permission,
                "AllowedResourceScope": allowed,
                "ScopeType": kind,
                "InScope": mailbox.map_or("Not Run".to_owned(), |user| reaches(seen, assignment, user)),
            }))
        })
        .collect();
    Ok(Output { rows, ..Output::default() })
}

fn allowed(seen: View<'_>, assignment: &Document) -> (String, &'static str) {
    let scope = text(assignment, "directoryScopeId");
    let id = scope.rsplit('/').next().unwrap_or_default().to_owned();
    match scope {
        "" => {
            let name =
                scopes::find(seen, text(assignment, "appScopeId")).map_or("", |scope| text(scope, "displayName"));
            (name.to_owned(), "CustomRecipientScope")
        }
        "/" => ("Organization".to_owned(), "OrganizationConfig"),
        scope if scope.starts_with("/AdministrativeUnits/") => (id, "AdministrativeUnit"),
        scope if scope.starts_with("/Groups/") => (id, "Group"),
        _ => (id, "User"),
    }
}

/// `True` or `False`; `Not Run` for a filter that the emulator cannot work out.
fn reaches(seen: View<'_>, assignment: &Document, user: &Document) -> String {
    let scope = text(assignment, "directoryScopeId");
    let id = scope.rsplit('/').next().unwrap_or_default();
    let user_id = text(user, "id");
    let is_member = |collection: Collection| {
        seen.get(collection, id).is_some_and(|holder| texts(holder, "~members").any(|member| member == user_id))
    };
    let answer = match scope {
        "/" => Some(true),
        "" => scopes::find(seen, text(assignment, "appScopeId"))
            .and_then(|scope| filter::parse(scope["customAttributes"]["RecipientFilter"].as_str()?)?.holds_for(user)),
        scope if scope.starts_with("/AdministrativeUnits/") => Some(is_member(Collection::AdministrativeUnits)),
        scope if scope.starts_with("/Groups/") => Some(is_member(Collection::Groups)),
        _ => Some(id == user_id),
    };
    answer.map_or("Not Run", |holds| if holds { "True" } else { "False" }).to_owned()
}
