//! What a token says: about the client, what it may do, and for how long.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    super::{
        identifiers,
        world::{Collection, Document, View, list, text},
    },
    SignIn,
    resources::{KEY_VAULT, RESOURCE_MANAGER, Target},
    signer,
};

/// What every app-only token carries when its application has no directory role.
const NO_ROLE: &str = "0997a1d0-0d1d-4acb-b408-d5ca73121e90";
const LIFETIME: i64 = 3600;
/// For clients that said they can be told of a revocation.
const LONG_LIFETIME: i64 = 86400;
/// Tokens begin a little before they are made, for clocks that are behind.
pub(super) const HEAD_START: i64 = 300;

/// How a client proved itself, as `appidacr` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    Secret,
    Assertion,
}

/// The values of the app roles that a principal holds of a resource; none when it holds no assignment at all.
pub(super) fn roles_of(seen: View<'_>, principal: &Document, resource: &Document) -> Option<Vec<String>> {
    let held: Vec<&str> = seen
        .find_all(Collection::AppRoleAssignments, "principalId", text(principal, "id"))
        .filter(|assignment| text(assignment, "resourceId") == text(resource, "id"))
        .map(|assignment| text(assignment, "appRoleId"))
        .collect();
    if held.is_empty() {
        return None;
    }
    let values = list(resource, "appRoles")
        .iter()
        .filter(|role| role["isEnabled"] == true && role["id"].as_str().is_some_and(|id| held.contains(&id)));
    Some(values.filter_map(|role| role["value"].as_str().map(str::to_owned)).collect())
}

/// The directory roles that a principal holds for the whole tenant, itself or through a group.
fn directory_roles(seen: View<'_>, principal_id: &str) -> Vec<String> {
    let groups = seen.find_all(Collection::Groups, "~members", principal_id).map(|group| text(group, "id"));
    let mut roles: Vec<String> = std::iter::once(principal_id)
        .chain(groups)
        .flat_map(|holder| seen.find_all(Collection::RoleAssignments, "principalId", holder))
        .filter(|assignment| text(assignment, "directoryScopeId") == "/")
        .map(|assignment| text(assignment, "roleDefinitionId").to_owned())
        .collect();
    roles.sort();
    roles.dedup();
    if roles.is_empty() {
        roles.push(NO_ROLE.to_owned());
    }
    roles
}

pub(super) fn claims(
    request: &SignIn<'_>,
    target: &Target<'_>,
    application: &Document,
    principal: &Document,
    proof: Proof,
    roles: Option<Vec<String>>,
) -> Value {
    let tenant_id = request.world.tenant_id();
    let principal_id = text(principal, "id");
    let now = request.now.as_second();
    let is_revocable = understands_revocation(request);
    let method = if proof == Proof::Secret { "1" } else { "2" };
    let mut claims = json!({
        "aud": target.audience,
        "iat": now - HEAD_START,
        "nbf": now - HEAD_START,
        "exp": now + if is_revocable { LONG_LIFETIME } else { LIFETIME },
        "aio": format!("k2Rg{}", BASE64_URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes())),
        "oid": principal_id,
        "rh": reference(tenant_id, target.app_id()),
        "sub": principal_id,
        "tid": tenant_id,
        "uti": identifiers::short(),
    });
    if let Some(roles) = roles.filter(|roles| !roles.is_empty()) {
        claims["roles"] = json!(roles);
    }
    if target.takes_v2() {
        claims["iss"] = format!("{}/{tenant_id}/v2.0", request.origin).into();
        claims["azp"] = application["appId"].clone();
        claims["azpacr"] = method.into();
        claims["ver"] = "2.0".into();
    } else {
        let issuer = signer::issuer(tenant_id);
        claims["iss"] = issuer.as_str().into();
        claims["idp"] = issuer.into();
        claims["appid"] = application["appId"].clone();
        claims["appidacr"] = method.into();
        claims["ver"] = "1.0".into();
    }
    // An API of the tenant's own gets only what it asked for; Microsoft's get more.
    if target.application.is_none_or(|api| wants(api, "idtyp")) {
        claims["idtyp"] = "app".into();
    }
    let is_azure = [RESOURCE_MANAGER, KEY_VAULT].contains(&target.app_id());
    if target.application.is_none() {
        let created = request.world.tenant().and_then(|tenant| text(tenant, "createdDateTime").parse().ok());
        claims["xms_tcdt"] = created.map_or(0, |at: Timestamp| at.as_second()).into();
        if !is_azure {
            claims["app_displayname"] = application["displayName"].clone();
            claims["tenant_region_scope"] = "EU".into();
            claims["xms_tdbr"] = "EU".into();
            claims["wids"] = json!(directory_roles(request.seen, principal_id));
        }
        if is_revocable {
            claims["xms_cc"] = json!(["CP1"]);
        }
    }
    claims
}

/// Whether an API asked for an optional claim.
fn wants(api: &Document, claim: &str) -> bool {
    api.get("optionalClaims")
        .and_then(|claims| claims["accessToken"].as_array())
        .is_some_and(|claims| claims.iter().any(|optional| optional["name"] == claim))
}

/// Whether the client announced, in the `claims` parameter, that it handles a challenge in the midst of a lifetime.
fn understands_revocation(request: &SignIn<'_>) -> bool {
    let sent: Option<Value> = request.form.get("claims").and_then(|claims| serde_json::from_str(claims).ok());
    sent.is_some_and(|sent| {
        let values = &sent["access_token"]["xms_cc"]["values"];
        values.as_array().is_some_and(|values| values.iter().any(|value| value == "CP1"))
    })
}

/// The `rh` claim: tenant and resource, packed.
fn reference(tenant_id: &str, app_id: &str) -> String {
    let guid = |text: &str| Uuid::try_parse(text).unwrap_or_default().to_bytes_le();
    let bytes = [&[1, 0xae, 0][..], &guid(tenant_id), &guid(app_id), &[0xad, 0, 0]].concat();
    format!("0.{}.", BASE64_URL_SAFE_NO_PAD.encode(bytes))
}
