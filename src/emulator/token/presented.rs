//! A signed token that a client presents, taken apart but not yet believed.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use super::TokenRefusal;

const SKEW: i64 = 300;
const SUPPORTED: [Algorithm; 6] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];

/// A client assertion: its parts are read, its signature is not checked.
pub(super) struct Presented<'a> {
    whole: &'a str,
    header: Value,
    claims: Value,
}

impl<'a> Presented<'a> {
    pub(super) fn read(whole: &'a str) -> Result<Self, TokenRefusal> {
        let mut parts = whole.split('.');
        let (Some(header), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed());
        };
        let object = |part: &str| {
            BASE64_URL_SAFE_NO_PAD
                .decode(part.trim_end_matches('='))
                .ok()
                .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
                .filter(Value::is_object)
                .ok_or_else(malformed)
        };
        let (header, claims) = (object(header)?, object(claims)?);
        let kind = header["typ"].as_str().unwrap_or("JWT");
        if !kind.eq_ignore_ascii_case("JWT") && kind != "http://openid.net/specs/jwt/1.0" {
            return Err(TokenRefusal::invalid_request(
                5_002_727,
                "Invalid JWT header type specified. Allowed types: 'JWT','http://openid.net/specs/jwt/1.0'.",
            ));
        }
        let read = Self { whole, header, claims };
        for required in ["iss", "aud"] {
            if read.claims[required].is_null() {
                return Err(TokenRefusal::invalid_request(
                    90014,
                    format!(
                        "The required field '{required}' is missing from the credential. Ensure that you have all the \
                         necessary parameters for the login request."
                    ),
                ));
            }
        }
        Ok(read)
    }

    /// A text of the header; empty when it is absent.
    pub(super) fn header(&self, name: &str) -> &str {
        self.header[name].as_str().unwrap_or_default()
    }

    /// A text among the claims; empty when it is absent.
    pub(super) fn claim(&self, name: &str) -> &str {
        self.claims[name].as_str().unwrap_or_default()
    }

    /// Whom it is for: one text or several.
    pub(super) fn audiences(&self) -> Vec<&str> {
        match &self.claims["aud"] {
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        }
    }

    pub(super) fn algorithm(&self) -> Result<Algorithm, TokenRefusal> {
        let name = self.header("alg");
        name.parse().ok().filter(|algorithm| SUPPORTED.contains(algorithm)).ok_or_else(|| {
            TokenRefusal::invalid_client(
                5_002_738,
                format!(
                    "Invalid JWT token. '{name}' is not a supported signature algorithm. Supported signing algorithms \
                     are: 'RS256,RS384,RS512,PS256,PS384,PS512'"
                ),
            )
        })
    }

    /// Whether the signature is this key's. Some clients keep the padding of Base64, and sign it.
    pub(super) fn is_signed_by(&self, algorithm: Algorithm, key: &DecodingKey) -> bool {
        self.whole.rsplit_once('.').is_some_and(|(message, signature)| {
            let signature = signature.trim_end_matches('=');
            jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, algorithm).unwrap_or_default()
        })
    }

    /// Refuses one that is too old or too new.
    pub(super) fn check_times(&self, now: Timestamp) -> Result<(), TokenRefusal> {
        let expires = second(&self.claims["exp"]).unwrap_or_default();
        let begins = second(&self.claims["nbf"]).unwrap_or_default();
        let current = now.as_second();
        if current <= expires.saturating_add(SKEW) && current >= begins.saturating_sub(SKEW) {
            return Ok(());
        }
        let shown = |second: i64| format!("{:.7}", Timestamp::from_second(second).unwrap_or_default());
        Err(TokenRefusal::invalid_client(
            700_024,
            format!(
                "Client assertion is not within its valid time range. Current time: {now:.7}, assertion valid from \
                 {}, expiry time of assertion {}. Review the documentation at \
                 https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .",
                shown(begins),
                shown(expires)
            ),
        ))
    }
}

pub(super) fn malformed() -> TokenRefusal {
    TokenRefusal::invalid_request(50027, "JWT token is invalid or malformed.")
}

/// A time in seconds. Python's MSAL sends fractions.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the part below a second does not matter, and beyond the range is as far as it goes"
)]
fn second(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|second| second as i64))
}
