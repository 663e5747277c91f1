//! One request to the token service and its answer.

use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::keys::SignError;
use crate::patience::Patience;
use crate::transport::{Transport, TransportError};

/// How often a token is asked for when the service is busy, and the first wait between two of them.
const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(500);

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
    Refused {
        tenant: String,
        client_id: String,
        status: u16,
        /// The numbers behind `AADSTS`.
        codes: Vec<u64>,
        message: String,
    },
    #[error("signing in to `{tenant}` as application {client_id} needs a signature")]
    Sign {
        tenant: String,
        client_id: String,
        #[source]
        source: SignError,
    },
}

impl SignInError {
    /// Whether the service may only not have heard yet of what was written a moment ago: the application (700016), its
    /// service principal (7000229) or its certificate (700027).
    pub fn may_be_replication(&self) -> bool {
        match self {
            Self::Refused { codes, .. } => codes.iter().any(|code| [700_016, 7_000_229, 700_027].contains(code)),
            Self::Transport { .. } | Self::Sign { .. } => false,
        }
    }

    /// What the service said, without the numbers by which its makers find it again.
    pub fn in_brief(&self) -> String {
        match self {
            Self::Refused { message, .. } => {
                let end = message.find("Trace ID:").unwrap_or(message.len());
                message[..end].trim().trim_end_matches('.').to_owned()
            }
            Self::Transport { source, .. } => source.to_string(),
            Self::Sign { source, .. } => {
                // The innermost cause is what somebody can do something about.
                let causes = std::iter::successors(Some(source as &dyn std::error::Error), |error| error.source());
                causes.last().map_or_else(|| source.to_string(), ToString::to_string)
            }
        }
    }

    fn is_passing(&self) -> bool {
        matches!(self, Self::Transport { .. } | Self::Refused { status: 429 | 500..=504, .. })
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
}

#[derive(Deserialize)]
struct Refusal {
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u64>,
}

/// An endpoint of a tenant's token service, such as `token`. `authority` is the login host with its scheme.
pub(super) fn endpoint(authority: &str, tenant: &str, name: &str) -> String {
    format!("{authority}/{tenant}/oauth2/v2.0/{name}")
}

/// The body of a form.
pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let field = |(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
    fields.iter().map(field).collect::<Vec<_>>().join("&")
}

/// A sign-in as an application, whatever it shows for itself.
#[derive(Clone, Copy)]
pub(super) struct Grant<'a> {
    /// The login host with its scheme.
    pub(super) authority: &'a str,
    pub(super) tenant: &'a str,
    pub(super) client_id: &'a str,
    /// What the token is for, such as `https://graph.microsoft.com`.
    pub(super) resource: &'a str,
}

impl Grant<'_> {
    pub(super) fn address(&self) -> String {
        endpoint(self.authority, self.tenant, "token")
    }

    /// Asking for a token changes nothing, so it is asked for again where the service is busy or does not answer.
    /// <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>
    pub(super) async fn request(
        &self,
        transport: &dyn Transport,
        patience: &Patience,
        shown: &[(&str, &SecretString)],
    ) -> Result<SecretString, SignInError> {
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match self.request_once(transport, shown).await {
                Err(error) if error.is_passing() => {
                    if patience.pause(wait, "the token service is busy").await.is_err() {
                        return Err(error);
                    }
                    wait *= 2;
                }
                outcome => return outcome,
            }
        }
        self.request_once(transport, shown).await
    }

    async fn request_once(
        &self,
        transport: &dyn Transport,
        shown: &[(&str, &SecretString)],
    ) -> Result<SecretString, SignInError> {
        let refused = |status: u16, codes: Vec<u64>, message: String| SignInError::Refused {
            tenant: self.tenant.to_owned(),
            client_id: self.client_id.to_owned(),
            status,
            codes,
            message,
        };
        let scope = format!("{}/.default", self.resource);
        let plain = [("grant_type", "client_credentials"), ("client_id", self.client_id), ("scope", &scope)];
        let secret = shown.iter().map(|(name, value)| (*name, value.expose_secret()));
        let fields: Vec<(&str, &str)> = plain.into_iter().chain(secret).collect();
        let request = http::Request::post(self.address())
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form(&fields)))
            .map_err(|error| {
                refused(0, Vec::new(), format!("`{}` cannot stand in an address: {error}", self.tenant))
            })?;
        let answer = transport.send(request).await.map_err(|source| SignInError::Transport {
            tenant: self.tenant.to_owned(),
            client_id: self.client_id.to_owned(),
            source,
        })?;
        let status = answer.status().as_u16();
        if status != 200 {
            let refusal = serde_json::from_slice::<Refusal>(answer.body());
            return Err(match refusal {
                Ok(Refusal { error_description, error_codes }) if !error_description.trim().is_empty() => {
                    refused(status, error_codes, error_description)
                }
                Ok(Refusal { error_codes, .. }) => refused(status, error_codes, "no reason was given".to_owned()),
                Err(_) => refused(status, Vec::new(), "no reason was given".to_owned()),
            });
        }
        match serde_json::from_slice::<Granted>(answer.body()) {
            Ok(Granted { access_token }) => Ok(access_token),
            Err(_) => Err(refused(status, Vec::new(), "the answer holds no token".to_owned())),
        }
    }
}
