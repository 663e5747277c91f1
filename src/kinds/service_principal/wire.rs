//! What Graph returns for a service principal, of ours or of an API.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::model::{ObservedApi, ObservedServicePrincipal};

use super::super::application::{KeyCredential, PasswordCredential};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: String,
    #[serde(default)]
    account_enabled: Option<bool>,
    #[serde(default)]
    key_credentials: Vec<KeyCredential>,
    #[serde(default)]
    password_credentials: Vec<PasswordCredential>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireApi {
    id: String,
    app_id: String,
    display_name: String,
    #[serde(default)]
    app_roles: Vec<Offered>,
    #[serde(default)]
    oauth2_permission_scopes: Vec<Offered>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offered {
    id: String,
    value: Option<String>,
    #[serde(default)]
    allowed_member_types: Option<Vec<String>>,
}

/// A service principal; consents and roles are read apart.
pub fn service_principal(json: &Json) -> Result<ObservedServicePrincipal, serde_json::Error> {
    let wire = Wire::deserialize(json)?;
    Ok(ObservedServicePrincipal {
        id: wire.id,
        account_enabled: wire.account_enabled.unwrap_or(true),
        key_credentials: wire.key_credentials.into_iter().map(Into::into).collect(),
        password_credentials: wire.password_credentials.into_iter().map(Into::into).collect(),
        ..ObservedServicePrincipal::default()
    })
}

/// The service principal of an API with the permissions it offers.
pub fn api(json: &Json) -> Result<ObservedApi, serde_json::Error> {
    let wire = WireApi::deserialize(json)?;
    let offered = |list: Vec<Offered>| {
        let for_applications = list.into_iter().filter(|offered| {
            // A role for users and groups alone cannot be given to an application.
            offered.allowed_member_types.as_ref().is_none_or(|types| types.iter().any(|t| t == "Application"))
        });
        for_applications.filter_map(|offered| Some((offered.id, offered.value?))).collect()
    };
    Ok(ObservedApi {
        id: wire.id,
        app_id: wire.app_id,
        display_name: wire.display_name,
        application: offered(wire.app_roles),
        delegated: offered(wire.oauth2_permission_scopes),
    })
}
