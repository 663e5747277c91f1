//! Checking a client assertion: a JWT that the client signed with the private key of an uploaded certificate.
//!
//! The signature is really verified; the order of the checks is the service's.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::DecodingKey;
use serde_json::Value;

use super::{
    super::{
        certificates::{Certificate, LENIENT, hex},
        credentials::is_current,
        world::{Document, list},
    },
    TokenRefusal,
    presented::Presented,
};

const ADVICE: &str = "Review the documentation at \
    https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .";
/// The addresses of the real service. Some clients write them into the assertion wherever they send it.
const REAL_SERVICE: [&str; 4] = [
    "https://login.microsoftonline.com",
    "https://login.windows.net",
    "https://login.microsoft.com",
    "https://sts.windows.net",
];

/// What the assertion must be for.
pub(super) struct Expected<'a> {
    pub(super) client_id: &'a str,
    /// Every address of this emulator, and the one that the client used.
    pub(super) addresses: Vec<&'a str>,
    pub(super) tenant_names: Vec<&'a str>,
    pub(super) now: Timestamp,
}

/// Refuses an assertion that does not prove the client.
pub(super) fn check(
    presented: &Presented<'_>,
    holders: &[&Document],
    expected: &Expected<'_>,
) -> Result<(), TokenRefusal> {
    // 1. It was made by this client, with an algorithm that certificates are used with.
    let algorithm = presented.algorithm()?;
    if !presented.claim("iss").eq_ignore_ascii_case(expected.client_id) {
        return Err(TokenRefusal::invalid_client(
            700_021,
            format!("Client assertion application identifier doesn't match 'client_id' parameter. {ADVICE}"),
        ));
    }
    if presented.claim("iss") != presented.claim("sub") {
        return Err(TokenRefusal::invalid_client(50048, "Subject must match Issuer claim in the client assertion."));
    }
    // 2. The certificate is one of the client's.
    if ["x5t#S256", "x5t", "kid"].iter().all(|name| presented.header(name).is_empty()) {
        return Err(TokenRefusal::invalid_client(
            5_002_723,
            "Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 thumbprint, nor keyId specified \
             in token header.",
        ));
    }
    let (credential, certificate) = locate(presented, holders).ok_or_else(|| not_found(presented, expected))?;
    // 3. The credential, and the certificate in it, are within their dates.
    let is_valid = certificate.not_before <= expected.now && expected.now < certificate.not_after;
    if !is_valid || !is_current(credential, expected.now) {
        let begins = credential["startDateTime"].as_str().and_then(|at| at.parse().ok());
        let is_early = certificate.not_before > expected.now || begins.is_some_and(|at: Timestamp| at > expected.now);
        return Err(key_refusal(
            expected,
            &format!(
                "The key used is {}., Thumbprint of key used by client: '{}', Found key 'Start={}, End={}', ",
                if is_early { "not yet valid" } else { "expired" },
                certificate.thumbprint(),
                american(&credential["startDateTime"]),
                american(&credential["endDateTime"])
            ),
        ));
    }
    // 4. The signature is that of the certificate's key.
    let key = certificate.rsa_public_key.as_deref().map(DecodingKey::from_rsa_der);
    if !key.is_some_and(|key| presented.is_signed_by(algorithm, &key)) {
        return Err(key_refusal(
            expected,
            &format!(
                "The provided signature value did not match the expected signature value., Thumbprint of key used by \
                 client: '{}', ",
                certificate.thumbprint()
            ),
        ));
    }
    // 5. It is meant for this token service.
    let accepted = audiences(expected);
    let is_meant =
        |audience: &str| accepted.iter().any(|accepted| accepted.eq_ignore_ascii_case(audience.trim_end_matches('/')));
    if !presented.audiences().into_iter().any(is_meant) {
        return Err(TokenRefusal::invalid_client(
            700_023,
            format!(
                "Client assertion audience claim does not match Realm issuer. {ADVICE} The audience was '{}'.",
                presented.audiences().join(",")
            ),
        ));
    }
    // 6. It is neither too old nor too new.
    presented.check_times(expected.now)
}

/// The credential that the header names by `x5t#S256`, `x5t` or `kid`.
fn locate<'a>(presented: &Presented<'_>, holders: &[&'a Document]) -> Option<(&'a Value, Certificate)> {
    let credentials = holders
        .iter()
        .flat_map(|holder| list(holder, "keyCredentials"))
        .filter(|credential| credential["usage"] == "Verify");
    credentials
        .filter_map(|credential| Some((credential, Certificate::from_base64(credential["key"].as_str()?)?)))
        .find(|(_, certificate)| is_named(presented, certificate))
}

fn is_named(presented: &Presented<'_>, certificate: &Certificate) -> bool {
    let (sha256, sha1, kid) = (presented.header("x5t#S256"), presented.header("x5t"), presented.header("kid"));
    if !sha256.is_empty() {
        return decoded(sha256) == certificate.sha256();
    }
    if !sha1.is_empty() {
        return decoded(sha1) == certificate.sha1();
    }
    decoded(kid) == certificate.sha1()
        || decoded(kid) == certificate.sha256()
        || kid.eq_ignore_ascii_case(&certificate.thumbprint())
}

/// Base64 in either alphabet.
fn decoded(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).or_else(|_| LENIENT.decode(text)).unwrap_or_default()
}

/// `04/08/2025 09:40:20`: how the service writes a date inside this message.
fn american(date: &Value) -> String {
    let at: Option<Timestamp> = date.as_str().and_then(|date| date.parse().ok());
    at.map_or_else(String::new, |at| at.strftime("%m/%d/%Y %H:%M:%S").to_string())
}

/// Everything that an assertion may be addressed to: the token endpoints and the issuers, by any name of the tenant.
fn audiences(expected: &Expected<'_>) -> Vec<String> {
    let addresses = expected.addresses.iter().chain(&REAL_SERVICE);
    addresses
        .flat_map(|address| {
            expected.tenant_names.iter().flat_map(move |tenant| {
                ["/oauth2/v2.0/token", "/oauth2/token", "/v2.0", ""].map(|path| format!("{address}/{tenant}{path}"))
            })
        })
        .collect()
}

fn not_found(presented: &Presented<'_>, expected: &Expected<'_>) -> TokenRefusal {
    let name = ["x5t", "x5t#S256", "kid"].map(|name| presented.header(name)).into_iter().find(|name| !name.is_empty());
    let thumbprint = name.map(|name| hex(&decoded(name))).unwrap_or_default();
    let reason = format!("The key was not found., Thumbprint of key used by client: '{thumbprint}', ");
    key_refusal(expected, &reason)
}

fn key_refusal(expected: &Expected<'_>, reason: &str) -> TokenRefusal {
    let client_id = expected.client_id;
    TokenRefusal::invalid_client(
        700_027,
        format!(
            "Client assertion contains an invalid signature. [Reason - {reason}Please visit the Azure Portal, Graph \
             Explorer or directly use MS Graph to see configured keys for app Id '{client_id}'. Review the \
             documentation at https://docs.microsoft.com/en-us/graph/deployments to determine the corresponding \
             service endpoint and \
             https://docs.microsoft.com/en-us/graph/api/application-get?view=graph-rest-1.0&tabs=http to build a \
             query request URL, such as 'https://graph.microsoft.com/beta/applications/{client_id}'].",
        ),
    )
}
