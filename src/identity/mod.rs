//! How the operator signs in: for now, as an application with a client secret.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::transport::{Transport, TransportError};

/// A token is fetched anew this long before it ends.
const RESERVE: Duration = Duration::from_mins(5);

/// How often a token is asked for when the service is busy, and the first wait between two of them.
const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// The operator as an application with a client secret.
/// <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>
pub struct ClientSecret {
    transport: Arc<dyn Transport>,
    /// The login host with its scheme.
    pub authority: String,
    pub tenant: String,
    pub client_id: String,
    secret: SecretString,
    /// The resource that the tokens are for, such as `https://graph.microsoft.com`.
    resource: String,
    cached: Mutex<Option<(SecretString, Instant)>>,
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientSecret {{ tenant: {:?}, client_id: {:?} }}", self.tenant, self.client_id)
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("signing in to `{tenant}` as application {client_id} failed")]
    Transport {
        tenant: String,
        client_id: String,
        #[source]
        source: TransportError,
    },
    #[error("signing in to `{tenant}` as application {client_id} was refused (HTTP {status}): {message}")]
    Refused { tenant: String, client_id: String, status: u16, message: String },
}

#[derive(Deserialize)]
struct Token {
    access_token: SecretString,
    expires_in: u64,
}

#[derive(Deserialize)]
struct Refusal {
    error_description: String,
}

impl ClientSecret {
    pub fn new(
        transport: Arc<dyn Transport>,
        authority: &str,
        tenant: &str,
        client_id: &str,
        secret: SecretString,
        resource: &str,
    ) -> Self {
        Self {
            transport,
            authority: authority.trim_end_matches('/').to_owned(),
            tenant: tenant.to_owned(),
            client_id: client_id.to_owned(),
            secret,
            resource: resource.to_owned(),
            cached: Mutex::new(None),
        }
    }

    /// A token that is good for some minutes yet.
    pub async fn token(&self) -> Result<SecretString, SignInError> {
        let mut cached = self.cached.lock().await;
        if let Some((token, until)) = &*cached
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        let token = self.fetch_with_patience().await?;
        let good_for = Duration::from_secs(token.expires_in).saturating_sub(RESERVE);
        *cached = Some((token.access_token.clone(), Instant::now() + good_for));
        Ok(token.access_token)
    }

    /// The object id of the operator's service principal, as its token says it. Tokens for another API are opaque by
    /// contract, so this is a hint and nothing more.
    pub async fn object_id(&self) -> Result<Option<String>, SignInError> {
        use base64::Engine as _;
        let token = self.token().await?;
        let claims = token.expose_secret().split('.').nth(1).unwrap_or_default();
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap_or_default();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap_or_default();
        Ok(claims["oid"].as_str().map(str::to_owned))
    }

    /// Asking for a token changes nothing, so it is asked for again where the service is busy or does not answer.
    async fn fetch_with_patience(&self) -> Result<Token, SignInError> {
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match self.fetch().await {
                Err(SignInError::Transport { .. } | SignInError::Refused { status: 429 | 500..=504, .. }) => {
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
                outcome => return outcome,
            }
        }
        self.fetch().await
    }

    async fn fetch(&self) -> Result<Token, SignInError> {
        let refused = |status: u16, message: String| SignInError::Refused {
            tenant: self.tenant.clone(),
            client_id: self.client_id.clone(),
            status,
            message,
        };
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", self.secret.expose_secret()),
            ("scope", &format!("{}/.default", self.resource)),
        ];
        let body: String = form
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect::<Vec<_>>()
            .join("&");
        let request = http::Request::post(format!("{}/{}/oauth2/v2.0/token", self.authority, self.tenant))
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(body))
            .map_err(|error| refused(0, format!("`{}` cannot stand in an address: {error}", self.tenant)))?;
        let answer = self.transport.send(request).await.map_err(|source| SignInError::Transport {
            tenant: self.tenant.clone(),
            client_id: self.client_id.clone(),
            source,
        })?;
        let status = answer.status().as_u16();
        if status != 200 {
            let message = serde_json::from_slice::<Refusal>(answer.body())
                .map_or_else(|_| "no reason was given".to_owned(), |refusal| refusal.error_description);
            return Err(refused(status, message));
        }
        serde_json::from_slice(answer.body()).map_err(|_| refused(status, "the answer holds no token".to_owned()))
    }
}
