//! The Entra token service, as far as applications use it: client credentials and discovery.
//!
//! `sign_in` is pure: it checks a request against the world and gives back claims. Signing them is the `Signer`'s.

mod assertion;
pub(crate) mod discovery;
mod refusal;
mod signer;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    credentials::is_current,
    identifiers,
    seed::MICROSOFT_GRAPH,
    world::{Collection, Document, View, World, list, text},
};
pub(crate) use refusal::TokenRefusal;
pub(crate) use signer::{Signer, SignerError};

/// What every app-only token carries when its application has no directory role.
const NO_ROLE: &str = "0997a1d0-0d1d-4acb-b408-d5ca73121e90";
const LIFETIME: i64 = 3600;
/// Tokens begin a little before they are made, for clocks that are behind.
const HEAD_START: i64 = 300;

/// Which of the two token endpoints was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `/oauth2/token`: `resource=`, and numbers as texts.
    V1,
    /// `/oauth2/v2.0/token`: `scope=…/.default`.
    V2,
}

/// A request for a token.
#[derive(Debug)]
pub(crate) struct SignIn<'a> {
    pub(crate) world: &'a World,
    /// What the token service knows of it by now.
    pub(crate) seen: View<'a>,
    pub(crate) now: Timestamp,
    pub(crate) endpoint: Endpoint,
    /// `http://host` as the client wrote it.
    pub(crate) origin: &'a str,
    /// All addresses of this emulator, each of which means Microsoft Graph.
    pub(crate) own_urls: &'a [String],
    pub(crate) form: BTreeMap<String, String>,
    /// The client id and secret of HTTP Basic.
    pub(crate) basic: Option<(String, String)>,
}

/// A token to be signed.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) claims: Value,
    pub(crate) resource: String,
}

/// Refuses a tenant that is not this one; `name` is its id or domain.
pub(crate) fn check_tenant(world: &World, name: &str) -> Result<(), TokenRefusal> {
    if name.eq_ignore_ascii_case(world.tenant_id()) || name.eq_ignore_ascii_case(world.domain()) {
        return Ok(());
    }
    if ["common", "organizations", "consumers"].contains(&name) {
        return Err(TokenRefusal::invalid_request(
            50059,
            "No tenant-identifying information found in either the request or implied by any provided credentials.",
        ));
    }
    if !identifiers::is_guid(name) && !name.contains('.') {
        return Err(TokenRefusal::invalid_request(
            900_023,
            format!("Specified tenant identifier '{name}' is neither a valid DNS name, nor a valid external domain."),
        ));
    }
    Err(TokenRefusal::invalid_request(
        90002,
        format!(
            "Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the \
             correct cloud. Check with your subscription administrator, this may happen if there are no active \
             subscriptions for the tenant."
        ),
    ))
}

impl SignIn<'_> {
    fn parameter(&self, name: &str) -> Result<&str, TokenRefusal> {
        self.form.get(name).map(String::as_str).filter(|value| !value.is_empty()).ok_or_else(|| {
            TokenRefusal::invalid_request(
                900_144,
                format!("The request body must contain the following parameter: '{name}'."),
            )
        })
    }
}

/// Checks who asks and for what, and makes the claims.
pub(crate) fn sign_in(request: &SignIn<'_>) -> Result<Grant, TokenRefusal> {
    let world = request.world;
    // 1. What is asked for.
    let grant_type = request.parameter("grant_type")?;
    if grant_type != "client_credentials" {
        return Err(TokenRefusal::new(
            400,
            "unsupported_grant_type",
            70003,
            format!("The app requested an unsupported grant type '{grant_type}'."),
        ));
    }
    let client_id = match &request.basic {
        Some((client_id, _)) => client_id.to_lowercase(),
        None => request.parameter("client_id")?.to_lowercase(),
    };
    let resource = asked_resource(request)?;
    // 2. Who asks.
    let application = request.seen.find(Collection::Applications, "appId", &client_id);
    let principal = request.seen.find(Collection::ServicePrincipals, "appId", &client_id);
    let Some(application) = application.or(principal) else {
        return Err(unknown_client(world, &client_id));
    };
    let method = authenticate(request, &client_id, application, principal)?;
    let Some(principal) = principal else {
        return Err(TokenRefusal::new(
            401,
            "invalid_client",
            7_000_229,
            format!(
                "The client application {client_id} is missing service principal in the tenant {}.",
                world.tenant_id()
            ),
        ));
    };
    if principal.get("accountEnabled").is_some_and(|enabled| enabled == false) {
        return Err(TokenRefusal::new(
            400,
            "unauthorized_client",
            7_000_112,
            format!("Application '{client_id}'({}) is disabled.", text(application, "displayName")),
        ));
    }
    // 3. What it may have.
    let (audience, target) = find_resource(request, &resource)?;
    let roles = roles_of(request.seen, principal, target);
    if roles.is_none() && target.get("appRoleAssignmentRequired").is_some_and(|required| required == true) {
        return Err(TokenRefusal::new(
            400,
            "invalid_grant",
            501_051,
            format!(
                "Application '{client_id}'({}) is not assigned to a role for the application '{}'({}).",
                text(application, "displayName"),
                text(target, "appId"),
                text(target, "displayName")
            ),
        ));
    }
    let claims = claims(request, &audience, application, principal, method, roles);
    Ok(Grant { claims, resource })
}

fn unknown_client(world: &World, client_id: &str) -> TokenRefusal {
    let directory = world.tenant().map_or("", |tenant| text(tenant, "displayName"));
    TokenRefusal::new(
        400,
        "unauthorized_client",
        700_016,
        format!(
            "Application with identifier '{client_id}' was not found in the directory '{directory}'. This can happen \
             if the application has not been installed by the administrator of the tenant or consented to by any user \
             in the tenant. You may have sent your authentication request to the wrong tenant."
        ),
    )
}

/// The resource as the client names it.
fn asked_resource(request: &SignIn<'_>) -> Result<String, TokenRefusal> {
    if request.endpoint == Endpoint::V1 {
        return request.parameter("resource").map(str::to_owned);
    }
    let scope = request.parameter("scope")?;
    let invalid = |code: u32, message: String| TokenRefusal::new(400, "invalid_scope", code, message);
    if scope.contains(' ') {
        return Err(invalid(
            70011,
            format!(
                "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid."
            ),
        ));
    }
    scope.strip_suffix("/.default").map(str::to_owned).ok_or_else(|| {
        invalid(
            1_002_012,
            format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value \
                 with /.default suffixed to the resource identifier (application ID URI)."
            ),
        )
    })
}

fn find_resource<'a>(request: &SignIn<'a>, resource: &str) -> Result<(String, &'a Document), TokenRefusal> {
    let bare = resource.trim_end_matches('/');
    let is_own = request.own_urls.iter().any(|url| url.eq_ignore_ascii_case(bare)) || request.origin == bare;
    let named = |name: &str| request.seen.find(Collection::ServicePrincipals, "servicePrincipalNames", name);
    let found = if is_own {
        request.seen.find(Collection::ServicePrincipals, "appId", MICROSOFT_GRAPH)
    } else {
        named(bare).or_else(|| named(&format!("{bare}/")))
    };
    match found {
        Some(principal) if is_own => Ok(("https://graph.microsoft.com".to_owned(), principal)),
        Some(principal) => Ok((resource.to_owned(), principal)),
        None => {
            let tenant = request.world.tenant().map_or("", |tenant| text(tenant, "displayName"));
            Err(TokenRefusal::new(
                400,
                "invalid_resource",
                500_011,
                format!(
                    "The resource principal named {resource} was not found in the tenant named {tenant}. This can \
                     happen if the application has not been installed by the administrator of the tenant or consented \
                     to by any user in the tenant. You might have sent your authentication request to the wrong tenant."
                ),
            ))
        }
    }
}

/// How the client proved itself: `1` for a secret, `2` for a certificate.
fn authenticate(
    request: &SignIn<'_>,
    client_id: &str,
    application: &Document,
    principal: Option<&Document>,
) -> Result<&'static str, TokenRefusal> {
    let form_secret = request.form.get("client_secret");
    let secret = request.basic.as_ref().map(|(_, secret)| secret).or(form_secret);
    let holders: Vec<&Document> = std::iter::once(application).chain(principal).collect();
    if let Some(secret) = secret {
        check_secret(secret, client_id, &holders, request.now)?;
        return Ok("1");
    }
    let Some(assertion) = request.form.get("client_assertion") else {
        return Err(TokenRefusal::invalid_client(
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        ));
    };
    let kind = request.parameter("client_assertion_type")?;
    if kind != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
        return Err(TokenRefusal::invalid_request(50027, "JWT token is invalid or malformed."));
    }
    let expected = assertion::Expected {
        client_id,
        origin: request.origin,
        tenant_names: [request.world.tenant_id(), request.world.domain()],
        now: request.now,
    };
    assertion::check(assertion, &holders, &expected)?;
    Ok("2")
}

fn check_secret(secret: &str, client_id: &str, holders: &[&Document], now: Timestamp) -> Result<(), TokenRefusal> {
    let same: Vec<&Value> = holders
        .iter()
        .flat_map(|holder| list(holder, "passwordCredentials"))
        .filter(|password| password["secretText"] == secret)
        .collect();
    if same.iter().any(|password| is_current(password, now)) {
        return Ok(());
    }
    Err(if same.is_empty() {
        TokenRefusal::invalid_client(
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                 value, not the client secret ID, for a secret added to app '{client_id}'."
            ),
        )
    } else {
        TokenRefusal::invalid_client(
            7_000_222,
            format!(
                "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create \
                 new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for \
                 added security: https://aka.ms/certCreds."
            ),
        )
    })
}

/// The values of the app roles that a principal holds of a resource; none when it holds no assignment at all.
fn roles_of(seen: View<'_>, principal: &Document, resource: &Document) -> Option<Vec<String>> {
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

fn claims(
    request: &SignIn<'_>,
    audience: &str,
    application: &Document,
    principal: &Document,
    method: &str,
    roles: Option<Vec<String>>,
) -> Value {
    let world = request.world;
    let tenant_id = world.tenant_id();
    let issuer = format!("https://sts.windows.net/{tenant_id}/");
    let now = request.now.as_second();
    let principal_id = text(principal, "id");
    let mut directory_roles: Vec<&str> = request
        .seen
        .find_all(Collection::RoleAssignments, "principalId", principal_id)
        .filter(|assignment| text(assignment, "directoryScopeId") == "/")
        .map(|assignment| text(assignment, "roleDefinitionId"))
        .collect();
    if directory_roles.is_empty() {
        directory_roles.push(NO_ROLE);
    }
    let mut claims = json!({
        "aud": audience,
        "iss": issuer,
        "iat": now - HEAD_START,
        "nbf": now - HEAD_START,
        "exp": now + LIFETIME,
        "app_displayname": application["displayName"],
        "appid": application["appId"],
        "appidacr": method,
        "idp": issuer,
        "idtyp": "app",
        "oid": principal_id,
        "sub": principal_id,
        "tid": tenant_id,
        "uti": identifiers::short(),
        "ver": "1.0",
        "wids": directory_roles,
    });
    if let Some(roles) = roles.filter(|roles| !roles.is_empty()) {
        claims["roles"] = json!(roles);
    }
    claims
}

/// The body of a successful answer.
pub(crate) fn success(endpoint: Endpoint, grant: &Grant, token: &str) -> Value {
    let text = |value: &Value| value.as_i64().unwrap_or_default().to_string();
    match endpoint {
        Endpoint::V1 => json!({
            "token_type": "Bearer",
            "expires_in": "3599",
            "ext_expires_in": "3599",
            "expires_on": text(&grant.claims["exp"]),
            "not_before": text(&grant.claims["nbf"]),
            "resource": grant.resource,
            "access_token": token,
        }),
        Endpoint::V2 => json!({
            "token_type": "Bearer",
            "expires_in": 3599,
            "ext_expires_in": 3599,
            "access_token": token,
        }),
    }
}
