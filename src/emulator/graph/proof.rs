//! Proof of possession, for `addKey` and `removeKey`: a JWT that the holder signed with the key of a certificate that it
//! already has.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use super::super::{
    certificates::Certificate,
    credentials::is_current,
    refusal::Refusal,
    world::{Document, list, text},
};

/// The directory itself, under its oldest name.
const AUDIENCE: &str = "00000002-0000-0000-c000-000000000000";
const LONGEST: i64 = 600;
const SKEW: i64 = 300;

/// The service says the same of every faulty proof.
fn faulty() -> Refusal {
    Refusal::new(401, "Authentication_MissingOrMalformed", "Access Token missing or malformed.")
}

/// Refuses a proof that does not show that the caller has a valid key of this application or service principal.
pub(super) fn check(proof: &str, holder: &Document, now: Timestamp) -> Result<(), Refusal> {
    let algorithm = jsonwebtoken::decode_header(proof).map_err(|_| faulty())?.alg;
    if ![Algorithm::RS256, Algorithm::PS256].contains(&algorithm) {
        return Err(faulty());
    }
    let claims = list(holder, "keyCredentials")
        .iter()
        .filter(|key| key["usage"] != "Encrypt" && is_current(key, now))
        .filter_map(|key| Certificate::from_base64(key["key"].as_str()?)?.rsa_public_key)
        .find_map(|key| signed(proof, algorithm, &key))
        .ok_or_else(faulty)?;
    let is_holder = claims["iss"].as_str().is_some_and(|issuer| issuer.eq_ignore_ascii_case(text(holder, "id")));
    let (Some(begins), Some(ends)) = (second(&claims["nbf"]), second(&claims["exp"])) else {
        return Err(faulty());
    };
    if claims["aud"] != AUDIENCE || !is_holder || ends <= begins || ends.saturating_sub(begins) > LONGEST {
        return Err(faulty());
    }
    let now = now.as_second();
    if now.saturating_add(SKEW) < begins || ends.saturating_add(SKEW) < now {
        return Err(Refusal::new(
            401,
            "Authentication_ExpiredToken",
            "Your access token has expired. Please renew it before submitting the request.",
        ));
    }
    Ok(())
}

fn signed(proof: &str, algorithm: Algorithm, key: &[u8]) -> Option<Value> {
    let mut validation = Validation::new(algorithm);
    // Times and audience are checked above, by the emulator's clock.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode::<Value>(proof, &DecodingKey::from_rsa_der(key), &validation)
        .ok()
        .map(|decoded| decoded.claims)
}

#[expect(clippy::cast_possible_truncation, reason = "the part below a second does not matter")]
fn second(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().map(|second| second as i64))
}
