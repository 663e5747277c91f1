//! The assertion by which an application shows that it has a certificate's key.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::json;

use crate::keys::{JwsAlgorithm, SignError, Signer};

/// How long an assertion is good for.
const LIFE: SignedDuration = SignedDuration::from_mins(10);

/// An assertion of the application for the token service at `audience`.
/// <https://learn.microsoft.com/entra/identity-platform/certificate-credentials>
pub(super) async fn sign(
    signer: &Signer,
    client_id: &str,
    audience: &str,
    now: Timestamp,
) -> Result<SecretString, SignError> {
    let claims = json!({
        "aud": audience,
        "iss": client_id,
        "sub": client_id,
        "jti": uuid::Uuid::new_v4().to_string(),
        "nbf": now.as_second(),
        "iat": now.as_second(),
        "exp": (now + LIFE).as_second(),
    });
    signer.jwt(JwsAlgorithm::Ps256, &claims).await
}
