//! Checking a client assertion: a JWT that the client signed with the private key of an uploaded certificate.
//!
//! The signature is really verified; the order of the checks is the service's.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use serde_json::Value;

use super::{
    super::{
        certificates::{Certificate, LENIENT, hex},
        credentials::is_current,
        world::{Document, list},
    },
    TokenRefusal,
};

const SKEW: i64 = 300;

/// What the assertion must be for.
pub(super) struct Expected<'a> {
    pub(super) client_id: &'a str,
    pub(super) origin: &'a str,
    pub(super) tenant_names: [&'a str; 2],
    pub(super) now: Timestamp,
}

/// Refuses an assertion that does not prove the client.
pub(super) fn check(assertion: &str, holders: &[&Document], expected: &Expected<'_>) -> Result<(), TokenRefusal> {
    // 1. It is a JWT with an algorithm that certificates are used with.
    let malformed = || TokenRefusal::invalid_request(50027, "JWT token is invalid or malformed.");
    let header = jsonwebtoken::decode_header(assertion.replace('=', "")).map_err(|_| malformed())?;
    if ![Algorithm::RS256, Algorithm::PS256].contains(&header.alg) {
        return Err(malformed());
    }
    // 2. The certificate is one of the client's.
    let (credential, certificate) = locate(&header, holders).ok_or_else(|| not_found(&header, expected))?;
    // 3. The credential is within its dates.
    if !is_current(credential, expected.now) {
        return Err(key_refusal(
            expected,
            &format!(
                "The key used is expired., Thumbprint of key used by client: '{}', Found key 'Start={}, End={}', ",
                certificate.thumbprint(),
                credential["startDateTime"].as_str().unwrap_or_default(),
                credential["endDateTime"].as_str().unwrap_or_default()
            ),
        ));
    }
    // 4. The signature is that of the certificate's key.
    let claims = verify(assertion, header.alg, &certificate).ok_or_else(|| {
        key_refusal(
            expected,
            &format!(
                "The provided signature value did not match the expected signature value., Thumbprint of key used by \
                 client: '{}', ",
                certificate.thumbprint()
            ),
        )
    })?;
    // 5. It is meant for this token service and made by this client.
    if !audiences(expected)
        .any(|audience| claims["aud"].as_str().is_some_and(|aud| aud.eq_ignore_ascii_case(&audience)))
    {
        return Err(TokenRefusal::invalid_client(
            700_023,
            format!(
                "Client assertion audience claim does not match Realm issuer. Review the documentation at \
                 https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials . \
                 The audience was '{}'.",
                claims["aud"].as_str().unwrap_or_default()
            ),
        ));
    }
    let is_client =
        |claim: &str| claims[claim].as_str().is_some_and(|value| value.eq_ignore_ascii_case(expected.client_id));
    if claims["iss"] != claims["sub"] {
        return Err(TokenRefusal::invalid_client(50048, "Subject must match Issuer claim in the client assertion."));
    }
    if !is_client("iss") {
        return Err(TokenRefusal::invalid_client(
            700_021,
            "Client assertion application identifier doesn't match 'client_id' parameter.",
        ));
    }
    // 6. It is neither too old nor too new.
    let Some(expires) = second(&claims["exp"]) else {
        return Err(malformed());
    };
    let begins = second(&claims["nbf"]).unwrap_or(i64::MIN);
    let now = expected.now.as_second();
    if now > expires.saturating_add(SKEW) || now < begins.saturating_sub(SKEW) {
        let shown =
            |second: i64| Timestamp::from_second(second).map_or_else(|_| "(none)".to_owned(), |at| at.to_string());
        return Err(TokenRefusal::invalid_client(
            700_024,
            format!(
                "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, \
                 expiry time of assertion {}. Review the documentation at \
                 https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .",
                expected.now,
                shown(begins),
                shown(expires)
            ),
        ));
    }
    Ok(())
}

/// The credential that the header names by `x5t#S256`, `x5t` or `kid`.
fn locate<'a>(header: &Header, holders: &[&'a Document]) -> Option<(&'a Value, Certificate)> {
    let credentials = holders
        .iter()
        .flat_map(|holder| list(holder, "keyCredentials"))
        .filter(|credential| credential["usage"] == "Verify");
    credentials
        .filter_map(|credential| Some((credential, Certificate::from_base64(credential["key"].as_str()?)?)))
        .find(|(_, certificate)| named(header, certificate))
}

fn named(header: &Header, certificate: &Certificate) -> bool {
    if let Some(sha256) = &header.x5t_s256 {
        return decoded(sha256) == certificate.sha256();
    }
    if let Some(sha1) = &header.x5t {
        return decoded(sha1) == certificate.sha1();
    }
    header
        .kid
        .as_ref()
        .is_some_and(|kid| decoded(kid) == certificate.sha1() || kid.eq_ignore_ascii_case(&certificate.thumbprint()))
}

/// A time in seconds. Python's MSAL sends fractions.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the part below a second does not matter, and a time out of range is out of its validity too"
)]
fn second(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|second| second as i64))
}

/// Base64 in either alphabet.
fn decoded(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).or_else(|_| LENIENT.decode(text)).unwrap_or_default()
}

/// The claims, when the signature is right. Some clients keep the padding of Base64, and sign it.
fn verify(assertion: &str, algorithm: Algorithm, certificate: &Certificate) -> Option<Value> {
    let key = DecodingKey::from_rsa_der(certificate.rsa_public_key.as_deref()?);
    let (message, signature) = assertion.rsplit_once('.')?;
    let signature = signature.trim_end_matches('=');
    jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm).ok().filter(|right| *right)?;
    let (_, claims) = message.split_once('.')?;
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?).ok()
}

fn audiences(expected: &Expected<'_>) -> impl Iterator<Item = String> {
    let origin = expected.origin;
    expected.tenant_names.into_iter().flat_map(move |tenant| {
        ["oauth2/v2.0/token", "oauth2/token", "v2.0"].map(|path| format!("{origin}/{tenant}/{path}"))
    })
}

fn not_found(header: &Header, expected: &Expected<'_>) -> TokenRefusal {
    let name = header.x5t.as_ref().or(header.x5t_s256.as_ref()).or(header.kid.as_ref());
    let thumbprint = name.map(|name| hex(&decoded(name))).unwrap_or_default();
    let reason = format!("The key was not found., Thumbprint of key used by client: '{thumbprint}', ");
    key_refusal(expected, &reason)
}

fn key_refusal(expected: &Expected<'_>, reason: &str) -> TokenRefusal {
    TokenRefusal::invalid_client(
        700_027,
        format!(
            "Client assertion contains an invalid signature. [Reason - {reason}Please visit the Azure Portal, Graph \
             Explorer or directly use MS Graph to see configured keys for app Id '{}'.].",
            expected.client_id
        ),
    )
}
