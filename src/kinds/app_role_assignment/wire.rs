//! What Graph returns for an app role assignment.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::model::ObservedAppRoleAssignment;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: String,
    app_role_id: String,
    resource_id: String,
    resource_display_name: Option<String>,
    created_date_time: Option<Timestamp>,
}

pub fn app_role_assignment(json: &Json) -> Result<ObservedAppRoleAssignment, serde_json::Error> {
    let Wire { id, app_role_id, resource_id, resource_display_name, created_date_time: created } =
        Wire::deserialize(json)?;
    let resource_display_name = resource_display_name.unwrap_or_else(|| resource_id.clone());
    Ok(ObservedAppRoleAssignment { id, app_role_id, resource_id, resource_display_name, created })
}
