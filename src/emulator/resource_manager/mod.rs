//! As much of Azure Resource Manager as a sign-in needs: where the services are, which tenants and subscriptions.
//!
//! Pure: no I/O, no clock. There is one subscription, made up from the tenant's id, with nothing in it.

mod metadata;

use serde_json::{Value, json};

use super::{
    identifiers,
    token::tenants,
    world::{World, text},
};

/// The audiences of tokens that the resource manager takes.
pub(crate) const AUDIENCES: [&str; 5] = [
    "https://management.core.windows.net/",
    "https://management.core.windows.net",
    "https://management.azure.com/",
    "https://management.azure.com",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",
];

/// A refusal in the resource manager's form.
#[derive(Debug)]
pub(crate) struct ResourceRefusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl ResourceRefusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(crate) fn body(&self) -> Value {
        json!({ "error": { "code": self.code, "message": self.message } })
    }
}

/// `GET /metadata/endpoints`, which needs no token.
pub(crate) fn metadata(origin: &str, version: &str) -> Result<Value, ResourceRefusal> {
    check_version(version)?;
    Ok(metadata::document(origin, version))
}

/// Serves a request whose token was accepted. `parts` is the path in lower case, without a leading `arm`.
pub(crate) fn serve(world: &World, method: &str, parts: &[&str], version: &str) -> Result<Value, ResourceRefusal> {
    check_version(version)?;
    let subscription = identifiers::derived_guid(&[world.tenant_id(), "subscription"]);
    let listed = |values: Vec<Value>| json!({ "value": values });
    if let ["subscriptions", id, ..] = *parts
        && id != subscription
    {
        return Err(if identifiers::is_guid(id) {
            ResourceRefusal::new(404, "SubscriptionNotFound", format!("The subscription '{id}' could not be found."))
        } else {
            let message = format!("The provided subscription identifier '{id}' is malformed or invalid.");
            ResourceRefusal::new(400, "InvalidSubscriptionId", message)
        });
    }
    match (method, parts) {
        ("GET", ["tenants"]) => Ok(listed(vec![tenant(world)])),
        ("GET", ["subscriptions"]) => {
            let mut body = listed(vec![shown(world, &subscription)]);
            body["count"] = json!({ "type": "Total", "value": 1 });
            Ok(body)
        }
        ("GET", ["subscriptions", id]) => Ok(shown(world, id)),
        ("GET", ["subscriptions", _, "resourcegroups" | "resources" | "providers" | "locations"]) => {
            Ok(listed(Vec::new()))
        }
        _ => Err(ResourceRefusal::new(
            404,
            "NotFound",
            format!("The emulator's resource manager does not serve {method} '/{}'.", parts.join("/")),
        )),
    }
}

fn check_version(version: &str) -> Result<(), ResourceRefusal> {
    if version.is_empty() {
        return Err(ResourceRefusal::new(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    }
    let is_date = version.get(..10).is_some_and(|date| date.parse::<jiff::civil::Date>().is_ok());
    if is_date && matches!(version.get(10..), Some("" | "-preview")) {
        return Ok(());
    }
    Err(ResourceRefusal::new(400, "InvalidApiVersionParameter", format!("The api-version '{version}' is invalid.")))
}

fn tenant(world: &World) -> Value {
    let id = world.tenant_id();
    let document = world.tenant();
    json!({
        "id": format!("/tenants/{id}"),
        "tenantId": id,
        "countryCode": document.map_or("", |tenant| text(tenant, "countryLetterCode")),
        "displayName": document.map_or("", |tenant| text(tenant, "displayName")),
        "domains": tenants::names(world).into_iter().skip(1).collect::<Vec<_>>(),
        "tenantCategory": "Home",
        "defaultDomain": world.domain(),
        "tenantType": "AAD",
    })
}

fn shown(world: &World, id: &str) -> Value {
    json!({
        "id": format!("/subscriptions/{id}"),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": id,
        "tenantId": world.tenant_id(),
        "displayName": "Emulator",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    })
}
