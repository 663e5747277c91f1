//! Checking a federated assertion: a token of somebody else's issuer that an application said it trusts.
//!
//! The credential that was configured is looked for first; only then does the signature matter. Nothing is fetched:
//! an issuer's keys must have been given to the emulator, or the issuer must be one of its own.

use jsonwebtoken::{DecodingKey, jwk::Jwk};
use serde_json::{Value, json};

use super::{
    super::world::{Document, World, list, text, texts},
    SignIn, TokenRefusal,
    expression::is_match,
    presented::Presented,
};

/// Where an application keeps its federated credentials.
const STORED: &str = "~federatedIdentityCredentials";
/// Where the tenant keeps the keys of the issuers that it was told of.
pub(crate) const ISSUERS: &str = "~issuers";

const ADVICE: &str = "Check your federated identity credential Subject, Audience and Issuer against the presented \
    assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation";
const CASE_ADVICE: &str = "The subject matches with case-insensitive comparison, but not with case-sensitive \
    comparison. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. \
    See documentation at: https://learn.microsoft.com/entra/workload-id/workload-identity-federation. See breaking \
    change notification and remediation at: \
    https://learn.microsoft.com/en-us/entra/identity-platform/reference-breaking-changes#august-2024.";

/// Whether an assertion was made by an issuer, and not by the client itself.
pub(super) fn is_foreign(presented: &Presented<'_>) -> bool {
    presented.claim("iss").contains("://")
}

/// Refuses an assertion that none of the application's federated credentials lets in.
pub(super) fn check(
    request: &SignIn<'_>,
    presented: &Presented<'_>,
    application: &Document,
) -> Result<(), TokenRefusal> {
    let configured = list(application, STORED);
    if configured.is_empty() {
        return Err(TokenRefusal::invalid_client(
            70025,
            format!(
                "The client '{}'({}) has no configured federated identity credentials.",
                text(application, "appId"),
                text(application, "displayName")
            ),
        ));
    }
    find(presented, configured)?;
    let issuer = presented.claim("iss");
    let keys = keys(request, issuer)
        .ok_or_else(|| TokenRefusal::invalid_request(501_661, "Request to External OIDC endpoint failed."))?;
    let algorithm = presented.algorithm()?;
    let kid = presented.header("kid");
    let named: Vec<&Value> =
        keys.iter().filter(|key| key["kid"] == kid || (kid.is_empty() && keys.len() == 1)).collect();
    if named.is_empty() {
        return Err(TokenRefusal::invalid_client(
            7_000_272,
            format!(
                "The certificate with identifier {kid} used to sign the federated credential could not be found in the \
                 metadata of identity provider {issuer}. Please validate that your Identity Provider's metadata \
                 exposes the key used to sign the incoming token."
            ),
        ));
    }
    let is_signed = named.into_iter().any(|key| {
        let key = serde_json::from_value::<Jwk>(key.clone()).ok().and_then(|key| DecodingKey::from_jwk(&key).ok());
        key.is_some_and(|key| presented.is_signed_by(algorithm, &key))
    });
    if !is_signed {
        return Err(TokenRefusal::invalid_client(700_027, "Client assertion failed signature validation."));
    }
    presented.check_times(request.now)
}

/// Looks for a credential with this issuer, then subject, then audience; each comparison is exact.
fn find(presented: &Presented<'_>, configured: &[Value]) -> Result<(), TokenRefusal> {
    let none = |code: u32, what: &str, value: &str| {
        TokenRefusal::invalid_client(
            code,
            format!("No matching federated identity record found for presented assertion {what} '{value}'. {ADVICE}"),
        )
    };
    let (issuer, subject) = (presented.claim("iss"), presented.claim("sub"));
    let of_issuer: Vec<&Value> = configured.iter().filter(|credential| credential["issuer"] == issuer).collect();
    if of_issuer.is_empty() {
        return Err(none(700_211, "issuer", issuer));
    }
    let is_subject = |credential: &&Value| {
        let expression = credential["claimsMatchingExpression"]["value"].as_str();
        expression
            .map_or_else(|| credential["subject"] == subject, |text| is_match(text, |claim| presented.claim(claim)))
    };
    let of_subject: Vec<&Value> = of_issuer.iter().copied().filter(is_subject).collect();
    if of_subject.is_empty() {
        let differs_in_case =
            |credential: &&Value| credential["subject"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(subject));
        return Err(if of_issuer.iter().any(differs_in_case) {
            TokenRefusal::invalid_client(
                7_002_138,
                format!(
                    "No matching federated identity record found for presented assertion subject '{subject}'. \
                     {CASE_ADVICE}"
                ),
            )
        } else {
            none(700_213, "subject", subject)
        });
    }
    let audiences = presented.audiences();
    let is_audience = |credential: &Value| {
        credential
            .as_object()
            .is_some_and(|credential| texts(credential, "audiences").any(|own| audiences.contains(&own)))
    };
    if of_subject.into_iter().any(is_audience) {
        return Ok(());
    }
    Err(none(700_212, "audience", &audiences.join(",")))
}

/// The public keys of an issuer; none when nobody told the emulator of it.
fn keys(request: &SignIn<'_>, issuer: &str) -> Option<Vec<Value>> {
    let tenant_id = request.world.tenant_id();
    let own = request.addresses().into_iter().chain(["https://login.microsoftonline.com"]);
    let is_own = own.into_iter().any(|address| {
        issuer == format!("{address}/_emulator/oidc") || issuer == format!("{address}/{tenant_id}/v2.0")
    });
    if is_own {
        return Some(vec![request.own_key.clone()]);
    }
    let known = request.world.tenant()?.get(ISSUERS)?.get(issuer)?;
    Some(known["keys"].as_array().cloned().unwrap_or_default())
}

/// The issuers after another one was made known; the keys of one that was known are replaced.
pub(crate) fn with_issuer(world: &World, sent: &Value) -> Result<Value, String> {
    let issuer = sent["issuer"].as_str().filter(|issuer| issuer.contains("://")).ok_or("`issuer` must be a URL")?;
    let keys = sent["jwks"]["keys"].as_array().ok_or("`jwks` must be an object with a list of `keys`")?;
    for key in keys {
        let read = serde_json::from_value::<Jwk>(key.clone()).map_err(|error| error.to_string())?;
        DecodingKey::from_jwk(&read).map_err(|error| error.to_string())?;
    }
    if let Some(name) =
        sent.as_object().and_then(|sent| sent.keys().find(|name| !["issuer", "jwks"].contains(&&***name)))
    {
        return Err(format!("unknown member `{name}`"));
    }
    let mut issuers = world.tenant().and_then(|tenant| tenant.get(ISSUERS)).cloned().unwrap_or_else(|| json!({}));
    issuers[issuer] = json!({ "keys": keys });
    Ok(issuers)
}
