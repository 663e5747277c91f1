//! What Graph returns for app management policies, as far as they are about certificates.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::model::{KeyLimit, KeyPolicy};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    display_name: Option<String>,
    is_enabled: bool,
    /// Of a policy of one's own.
    #[serde(default)]
    restrictions: Option<Restrictions>,
    /// Of the tenant's default.
    #[serde(default)]
    application_restrictions: Option<Restrictions>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Restrictions {
    #[serde(default)]
    key_credentials: Option<Vec<Restriction>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Restriction {
    #[serde(rename = "restrictionType")]
    kind: String,
    #[serde(default)]
    max_lifetime: Option<String>,
    #[serde(default)]
    restrict_for_apps_created_after_date_time: Option<String>,
    #[serde(default)]
    state: Option<String>,
}

/// An enabled policy; `None` for one that is not.
pub fn key_policy(json: &Json) -> Result<Option<KeyPolicy>, serde_json::Error> {
    let wire = Wire::deserialize(json)?;
    if !wire.is_enabled {
        return Ok(None);
    }
    let restrictions = wire.restrictions.or(wire.application_restrictions);
    let restrictions = restrictions.and_then(|restrictions| restrictions.key_credentials).unwrap_or_default();
    let limits = restrictions.into_iter().filter_map(|restriction| {
        let is_limit = restriction.kind == "asymmetricKeyLifetime" && restriction.state.as_deref() != Some("disabled");
        let maximum_lifetime = restriction.max_lifetime.filter(|_| is_limit)?.parse().ok()?;
        let from = restriction.restrict_for_apps_created_after_date_time;
        Some(KeyLimit { maximum_lifetime, created_from: from.and_then(|from| from.parse().ok()) })
    });
    Ok(Some(KeyPolicy { name: wire.display_name.unwrap_or_default(), limits: limits.collect() }))
}
