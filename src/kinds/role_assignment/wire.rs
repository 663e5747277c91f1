//! What Graph returns for directory roles and their assignments.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::model::{ObservedRoleAssignment, ObservedRoleDefinition};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assignment {
    id: String,
    role_definition_id: String,
    #[serde(default)]
    directory_scope_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    id: String,
    template_id: Option<String>,
    display_name: String,
}

pub fn role_assignment(json: &Json) -> Result<ObservedRoleAssignment, serde_json::Error> {
    let Assignment { id, role_definition_id, directory_scope_id } = Assignment::deserialize(json)?;
    let directory_scope_id = directory_scope_id.unwrap_or_else(|| "/".to_owned());
    Ok(ObservedRoleAssignment { id, role_definition_id, directory_scope_id })
}

pub fn role_definition(json: &Json) -> Result<ObservedRoleDefinition, serde_json::Error> {
    let Definition { id, template_id, display_name } = Definition::deserialize(json)?;
    Ok(ObservedRoleDefinition { template_id: template_id.unwrap_or_else(|| id.clone()), id, display_name })
}
