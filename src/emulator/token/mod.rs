//! The Entra token service, as far as applications use it: client credentials and discovery.
//!
//! `sign_in` is pure: it checks a request against the world and gives back claims. Signing them is the `Signer`'s.

mod assertion;
mod claims;
pub(crate) mod discovery;
mod expression;
mod federated;
mod presented;
mod refusal;
mod resources;
mod signer;
pub(crate) mod tenants;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    clouds::HomeCloud,
    credentials::is_current,
    unsettled::Unsettled,
    world::{Collection, Document, View, World, list, text},
};
use claims::Proof;
pub(crate) use federated::{ISSUERS, with_issuer};
use presented::Presented;
pub(crate) use refusal::TokenRefusal;
pub(crate) use signer::{Rejected, Signer, SignerError, check_claims, issuer};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

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
    /// The tenant as the path names it.
    pub(crate) tenant_name: &'a str,
    /// `http://host` as the client wrote it.
    pub(crate) origin: &'a str,
    /// All addresses of this emulator, each of which means Microsoft Graph.
    pub(crate) own_urls: &'a [String],
    /// The public half of the tenant's signing key, which its own issuer of federated tokens signs with too.
    pub(crate) own_key: Value,
    pub(crate) unsettled: Unsettled,
    /// The cloud that the tenant is in.
    pub(crate) home: HomeCloud,
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

impl<'a> SignIn<'a> {
    fn parameter(&self, name: &str) -> Result<&str, TokenRefusal> {
        self.form.get(name).map(String::as_str).filter(|value| !value.is_empty()).ok_or_else(|| {
            TokenRefusal::invalid_request(
                900_144,
                format!("The request body must contain the following parameter: '{name}'."),
            )
        })
    }

    /// Every address of this emulator: those it was started with, and the one that the client used.
    fn addresses(&self) -> Vec<&'a str> {
        self.own_urls.iter().map(String::as_str).chain([self.origin]).collect()
    }
}

/// Checks who asks and for what, and makes the claims.
pub(crate) fn sign_in(request: &SignIn<'_>) -> Result<Grant, TokenRefusal> {
    tenants::check(request.world, request.tenant_name, request.home.is_at(request.origin))?;
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
        Some((client_id, _)) => client_id,
        None => request.parameter("client_id")?,
    };
    let resource = resources::asked(request)?;
    // 2. Who asks.
    let application = request.seen.find(Collection::Applications, "appId", client_id);
    let principal = request.seen.find(Collection::ServicePrincipals, "appId", client_id);
    let Some(application) = application.or(principal) else {
        return Err(unknown_client(request.world, client_id));
    };
    let proof = authenticate(request, client_id, application, principal)?;
    let Some(principal) = principal else {
        return Err(TokenRefusal::new(
            401,
            "invalid_client",
            7_000_229,
            format!(
                "The client application {client_id} is missing service principal in the tenant {}. See instructions \
                 here: https://go.microsoft.com/fwlink/?linkid=2225119",
                request.world.tenant_id()
            ),
        ));
    };
    let disabled = |holder: &Document, member: &str, when: bool| holder.get(member).is_some_and(|value| *value == when);
    if disabled(principal, "accountEnabled", false) || disabled(application, "isDisabled", true) {
        return Err(TokenRefusal::new(
            400,
            "unauthorized_client",
            7_000_112,
            format!("Application '{client_id}'({}) is disabled.", text(application, "displayName")),
        ));
    }
    // 3. What it may have.
    let target = resources::find(request, &resource)?;
    let roles = claims::roles_of(request.seen, principal, &target.principal);
    let requires_assignment =
        target.principal.get("appRoleAssignmentRequired").is_some_and(|required| *required == true);
    if roles.is_none() && requires_assignment {
        return Err(TokenRefusal::new(
            400,
            "invalid_grant",
            501_051,
            format!(
                "Application '{client_id}'({}) is not assigned to a role for the application '{resource}'({}).",
                text(application, "displayName"),
                text(&target.principal, "displayName")
            ),
        ));
    }
    let claims = claims::claims(request, &target, application, principal, proof, roles);
    Ok(Grant { claims, resource })
}

fn unknown_client(world: &World, client_id: &str) -> TokenRefusal {
    let directory = tenants::display_name(world);
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

/// Finds out that the client is who it says, and how it proved it.
fn authenticate(
    request: &SignIn<'_>,
    client_id: &str,
    application: &Document,
    principal: Option<&Document>,
) -> Result<Proof, TokenRefusal> {
    let form_secret = request.form.get("client_secret");
    let secret = request.basic.as_ref().map(|(_, secret)| secret).or(form_secret);
    let holders: Vec<&Document> = std::iter::once(application).chain(principal).collect();
    if let Some(secret) = secret {
        check_secret(secret, client_id, &holders, request.now)?;
        return Ok(Proof::Secret);
    }
    let Some(assertion) = request.form.get("client_assertion").filter(|assertion| !assertion.is_empty()) else {
        return Err(TokenRefusal::invalid_client(
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        ));
    };
    if request.parameter("client_assertion_type")? != JWT_BEARER {
        return Err(presented::malformed());
    }
    let presented = Presented::read(assertion)?;
    if federated::is_foreign(&presented) {
        federated::check(request, &presented, application)?;
        return Ok(Proof::Assertion);
    }
    let mut tenant_names = tenants::names(request.world);
    tenant_names.push(request.tenant_name);
    let expected = assertion::Expected { client_id, addresses: request.addresses(), tenant_names, now: request.now };
    assertion::check(&presented, &holders, &expected)?;
    Ok(Proof::Assertion)
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

/// The body of a successful answer.
pub(crate) fn success(endpoint: Endpoint, grant: &Grant, token: &str) -> Value {
    let number = |name: &str| grant.claims[name].as_i64().unwrap_or_default();
    // Counted from now, not from the head start that the token has; a second is lost on the way.
    let lifetime = number("exp") - number("nbf") - claims::HEAD_START - 1;
    match endpoint {
        Endpoint::V1 => json!({
            "token_type": "Bearer",
            "expires_in": lifetime.to_string(),
            "ext_expires_in": lifetime.to_string(),
            "expires_on": number("exp").to_string(),
            "not_before": number("nbf").to_string(),
            "resource": grant.resource,
            "access_token": token,
        }),
        Endpoint::V2 => json!({
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": token,
        }),
    }
}
