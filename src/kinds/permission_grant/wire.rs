//! What Graph returns for a delegated permission grant.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::model::ObservedGrant;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: String,
    consent_type: String,
    resource_id: String,
    scope: Option<String>,
}

/// A tenant-wide grant; `None` for what a single user consented to.
pub fn permission_grant(json: &Json) -> Result<Option<ObservedGrant>, serde_json::Error> {
    let Wire { id, consent_type, resource_id, scope } = Wire::deserialize(json)?;
    let scopes = scope.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    Ok((consent_type == "AllPrincipals").then_some(ObservedGrant { id, resource_id, scopes }))
}
