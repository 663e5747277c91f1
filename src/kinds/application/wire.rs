//! What Graph returns for an application.

use std::collections::BTreeSet;

use base64::Engine as _;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::model::{
    DeletedApplication, ObservedApplication, ObservedFederatedCredential, ObservedKeyCredential, ObservedOwner,
    ObservedPasswordCredential, ObservedPermission, PermissionType, Thumbprint,
};

use super::HANDLE_TAG;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: String,
    app_id: String,
    #[serde(default)]
    unique_name: Option<String>,
    #[serde(default)]
    display_name: Option<String>,
    description: Option<String>,
    notes: Option<String>,
    sign_in_audience: Option<String>,
    deleted_date_time: Option<String>,
    created_date_time: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    web: Web,
    #[serde(default)]
    required_resource_access: Vec<RequiredResourceAccess>,
    #[serde(default)]
    key_credentials: Vec<KeyCredential>,
    #[serde(default)]
    password_credentials: Vec<PasswordCredential>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Web {
    #[serde(default)]
    redirect_uris: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequiredResourceAccess {
    resource_app_id: String,
    resource_access: Vec<ResourceAccess>,
}

#[derive(Deserialize)]
struct ResourceAccess {
    id: String,
    r#type: String,
}

/// A key credential, of an application or of a service principal.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct KeyCredential {
    key_id: String,
    display_name: Option<String>,
    custom_key_identifier: Option<String>,
    start_date_time: Option<String>,
    end_date_time: Option<String>,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    usage: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct PasswordCredential {
    key_id: String,
    display_name: Option<String>,
    start_date_time: Option<String>,
    end_date_time: Option<String>,
}

/// An application as `GET /applications/…` returns it; owners and service principal are read apart.
pub fn application(json: &Json) -> Result<ObservedApplication, serde_json::Error> {
    let wire = Wire::deserialize(json)?;
    let permissions = wire.required_resource_access.into_iter().flat_map(|api| {
        let api_id = api.resource_app_id;
        api.resource_access.into_iter().map(move |access| ObservedPermission {
            api_id: api_id.clone(),
            permission_id: access.id,
            permission_type: if access.r#type == "Role" {
                PermissionType::Application
            } else {
                PermissionType::Delegated
            },
        })
    });
    let unique_name = wire.unique_name.unwrap_or_default();
    Ok(ObservedApplication {
        handle: handle_of(&unique_name, &wire.tags),
        required_resource_access: permissions.collect(),
        id: wire.id,
        app_id: wire.app_id,
        unique_name,
        created: instant(wire.created_date_time.as_deref()),
        display_name: wire.display_name.unwrap_or_default(),
        description: wire.description,
        notes: wire.notes,
        sign_in_audience: wire.sign_in_audience,
        tags: wire.tags,
        redirect_uris: wire.web.redirect_uris,
        key_credentials: wire.key_credentials.into_iter().map(Into::into).collect(),
        password_credentials: wire.password_credentials.into_iter().map(Into::into).collect(),
        owners: Vec::new(),
        federated_credentials: Vec::new(),
        service_principal: None,
    })
}

/// What an application is called in manifests.
fn handle_of(unique_name: &str, tags: &[String]) -> String {
    let said = tags.iter().find_map(|tag| tag.strip_prefix(HANDLE_TAG)).filter(|handle| !handle.is_empty());
    said.unwrap_or(unique_name).to_owned()
}

/// The key credentials of an application or service principal.
pub fn key_credentials(json: &Json) -> Result<Vec<ObservedKeyCredential>, serde_json::Error> {
    let list = Vec::<KeyCredential>::deserialize(&json["keyCredentials"])?;
    Ok(list.into_iter().map(Into::into).collect())
}

/// A deleted application with the names by which it may be meant: its handle, and its uniqueName, which stays taken.
pub fn deleted_application(json: &Json) -> Result<(BTreeSet<String>, DeletedApplication), serde_json::Error> {
    let wire = Wire::deserialize(json)?;
    let deleted = DeletedApplication {
        id: wire.id,
        app_id: wire.app_id,
        display_name: wire.display_name.unwrap_or_default(),
        deleted: instant(wire.deleted_date_time.as_deref()),
    };
    let unique_name = wire.unique_name.unwrap_or_default();
    let names = BTreeSet::from([handle_of(&unique_name, &wire.tags), unique_name]);
    Ok((names.into_iter().filter(|name| !name.is_empty()).collect(), deleted))
}

/// A federated identity credential.
pub fn federated_credential(json: &Json) -> ObservedFederatedCredential {
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let audiences = json["audiences"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let mut audiences: Vec<String> = audiences.map(str::to_owned).collect();
    audiences.sort();
    ObservedFederatedCredential {
        id: text("id"),
        name: text("name"),
        issuer: text("issuer"),
        subject: text("subject"),
        audiences,
    }
}

/// An owner: a user or a service principal.
pub fn owner(json: &Json) -> Option<ObservedOwner> {
    let id = json["id"].as_str()?;
    let name = json["userPrincipalName"].as_str().or_else(|| json["displayName"].as_str()).unwrap_or(id);
    Some(ObservedOwner { id: id.to_owned(), name: name.to_owned() })
}

impl From<KeyCredential> for ObservedKeyCredential {
    fn from(wire: KeyCredential) -> Self {
        Self {
            thumbprint: wire.custom_key_identifier.as_deref().and_then(thumbprint),
            key_id: wire.key_id,
            display_name: wire.display_name,
            start: instant(wire.start_date_time.as_deref()),
            end: instant(wire.end_date_time.as_deref()),
            key_type: wire.r#type,
            usage: wire.usage,
        }
    }
}

impl From<PasswordCredential> for ObservedPasswordCredential {
    fn from(wire: PasswordCredential) -> Self {
        Self {
            key_id: wire.key_id,
            display_name: wire.display_name,
            start: instant(wire.start_date_time.as_deref()),
            end: instant(wire.end_date_time.as_deref()),
        }
    }
}

fn instant(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok()
}

/// Graph gives the SHA-1 thumbprint as 40 hex digits; what others wrote may be the base64 of its 20 bytes.
fn thumbprint(identifier: &str) -> Option<Thumbprint> {
    if identifier.len() == 40 {
        return Thumbprint::parse(identifier);
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(identifier).ok()?;
    (bytes.len() == 20).then(|| Thumbprint::from_bytes(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_thumbprint_in_both_spellings() {
        let hex = "D3083EC9CF8AEE4BD3428D8C8A6A228CB3383B6E";
        assert_eq!(thumbprint(hex).unwrap().as_str(), hex);
        assert_eq!(
            thumbprint("0wg+yc+K7kvTQo2Mimoijds4O24="),
            Thumbprint::parse("D3083EC9CF8AEE4BD3428D8C8A6A228DDB383B6E")
        );
        assert_eq!(thumbprint("CN=by hand"), None);
    }
}
