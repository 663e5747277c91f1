//! What Graph returns for roles of Exchange's own and their assignments.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::model::{Named, ObservedExchangeRoleAssignment, ObservedScope};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assignment {
    id: String,
    role_definition_id: String,
    #[serde(default)]
    directory_scope_id: Option<String>,
    #[serde(default)]
    app_scope_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    id: String,
    display_name: Option<String>,
}

/// Where the roles of Exchange's own that a service principal holds are listed.
pub fn exchange_role_assignments_of(principal: &str) -> String {
    format!("{}?$filter=principalId eq '{}'", super::PATH, super::principal(principal))
}

/// Whether an assignment is that service principal's.
pub fn is_exchange_role_of(json: &Json, principal: &str) -> bool {
    let holder = json["principalId"].as_str().unwrap_or_default();
    holder.rsplit('/').next().is_some_and(|id| id.eq_ignore_ascii_case(principal))
}

pub fn exchange_role_assignment(json: &Json) -> Result<ObservedExchangeRoleAssignment, serde_json::Error> {
    let Assignment { id, role_definition_id, directory_scope_id, app_scope_id } = Assignment::deserialize(json)?;
    let scope = match (app_scope_id.filter(|id| !id.is_empty()), directory_scope_id) {
        (Some(id), _) => ObservedScope::App(id),
        (None, scope) => ObservedScope::Directory(scope.unwrap_or_else(|| "/".to_owned())),
    };
    Ok(ObservedExchangeRoleAssignment { id, role_definition_id, scope })
}

/// An object's id and its display name: a role, a user, a group or an administrative unit.
pub fn named(json: &Json) -> Result<Named, serde_json::Error> {
    let Object { id, display_name } = Object::deserialize(json)?;
    Ok(Named { name: display_name.unwrap_or_else(|| id.clone()), id })
}
