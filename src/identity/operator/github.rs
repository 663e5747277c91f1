//! Tokens that GitHub Actions issues for a job. The official crate knows nothing of them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::transport::{Transport, TransportError};

use super::credential::NoToken;
use super::surroundings::{Surroundings, Wait, is_confidential};

/// Where a job asks for a token, with that by which it is known to be the job; Terraform's names for the same follow.
const ADDRESSES: [&str; 2] = ["ACTIONS_ID_TOKEN_REQUEST_URL", "ARM_OIDC_REQUEST_URL"];
const TOKENS: [&str; 2] = ["ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ARM_OIDC_REQUEST_TOKEN"];

/// Asks GitHub for tokens.
pub(super) struct GitHub {
    transport: Arc<dyn Transport>,
    address: String,
    token: SecretString,
    wait: Wait,
}

/// How long it is waited after an answer that says to come back later. To ask changes nothing.
const WAITS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

impl std::fmt::Debug for GitHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GitHub")
    }
}

#[derive(Deserialize)]
struct Answer {
    value: SecretString,
}

impl GitHub {
    /// <https://docs.github.com/actions/reference/security/oidc>
    pub(super) fn find(surroundings: &Surroundings) -> Result<Option<Self>, NoToken> {
        let address = surroundings.first_variable(&ADDRESSES);
        let token = surroundings.first_variable(&TOKENS);
        let (Some((from, address)), Some((_, token))) = (address, token) else {
            if surroundings.variable("GITHUB_ACTIONS").as_deref() == Some("true") {
                return Err(NoToken::absent("this is GitHub Actions, but the job may not have a token of its own")
                    .help("give the job `permissions: { id-token: write, contents: read }`"));
            }
            return Ok(None);
        };
        if !is_confidential(&address) {
            return Err(NoToken::failed(format!("{from} is no https address, and a token would be sent there")));
        }
        let separator = if address.contains('?') { '&' } else { '?' };
        let audience = utf8_percent_encode(audience(&surroundings.authority), NON_ALPHANUMERIC);
        let address = format!("{address}{separator}audience={audience}");
        let Surroundings { internet, wait, .. } = surroundings;
        Ok(Some(Self { transport: Arc::clone(internet), address, token: token.into(), wait: Arc::clone(wait) }))
    }
}

/// For whom tokens have to be that applications of a cloud are shown.
/// <https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations>
fn audience(authority: &str) -> &'static str {
    match authority.trim_start_matches("https://") {
        "login.microsoftonline.us" => "api://AzureADTokenExchangeUSGov",
        "login.chinacloudapi.cn" | "login.partner.microsoftonline.cn" => "api://AzureADTokenExchangeChina",
        _ => "api://AzureADTokenExchange",
    }
}

#[async_trait]
impl ClientAssertion for GitHub {
    async fn secret(&self, _options: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let mut answer = self.ask().await;
        for wait in WAITS {
            if !answer.as_ref().map_or_else(|error| error.never_sent, |answer| is_passing(answer.status())) {
                break;
            }
            (self.wait)(wait).await;
            answer = self.ask().await;
        }
        let failed = |what: String| Error::with_message(ErrorKind::Credential, what);
        let answer =
            answer.map_err(|error| Error::with_error(ErrorKind::Credential, error, "GitHub did not answer"))?;
        if answer.status() != 200 {
            return Err(failed(format!("GitHub issued no token (HTTP {})", answer.status().as_u16())));
        }
        let answer: Result<Answer, _> = serde_json::from_slice(answer.body());
        let answer = answer.map_err(|_| failed("GitHub's answer holds no token".to_owned()))?;
        Ok(answer.value.expose_secret().to_owned())
    }
}

fn is_passing(status: http::StatusCode) -> bool {
    status == 429 || status.is_server_error()
}

impl GitHub {
    async fn ask(&self) -> Result<http::Response<Bytes>, TransportError> {
        let request = http::Request::get(&self.address)
            .header(http::header::AUTHORIZATION, format!("Bearer {}", self.token.expose_secret()))
            .header(http::header::ACCEPT, "application/json")
            .body(Bytes::new());
        match request {
            Ok(request) => self.transport.send(request).await,
            Err(error) => Err(TransportError { host: self.address.clone(), never_sent: true, source: Box::new(error) }),
        }
    }
}
