//! One request and its answer, with the token, and with patience where Graph asks for it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;

use crate::transport::Transport;

use super::GraphError;

/// Gives a token for Graph that is good for some minutes yet.
pub type TokenSource = Arc<dyn Fn() -> Fetching + Send + Sync>;
type Fetching = Pin<Box<dyn Future<Output = Result<SecretString, Box<dyn std::error::Error + Send + Sync>>> + Send>>;

/// How often a request is sent at most when Graph says "not now".
const TRIES: u32 = 6;

/// Sends requests to one Graph host and nowhere else.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    token: TokenSource,
    /// Scheme, host and version, such as `https://graph.microsoft.com/v1.0`.
    base: String,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client {{ base: {:?} }}", self.base)
    }
}

impl Client {
    /// `host` with its scheme, without a version.
    pub fn new(transport: Arc<dyn Transport>, token: TokenSource, host: &str) -> Self {
        Self { transport, token, base: format!("{}/v1.0", host.trim_end_matches('/')) }
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// The path of a link that Graph gave, if it leads to the host that the token is for.
    pub(super) fn path_of_link<'l>(&self, link: &'l str) -> Option<&'l str> {
        link.strip_prefix(&self.base).filter(|path| path.starts_with('/'))
    }

    /// Sends a request. A lost answer is repeated for `GET` alone; "not now" is waited for and repeated for all, as
    /// Graph says it before it does anything.
    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Json>,
        create_if_missing: bool,
    ) -> Result<Option<Json>, GraphError> {
        let mut tries = 1;
        loop {
            let outcome = self.send_once(method, path, body, create_if_missing).await;
            let wait = match &outcome {
                Err((error, retry_after)) if tries < TRIES => wait(method, error, *retry_after, tries),
                Ok(_) | Err(_) => None,
            };
            match (outcome, wait) {
                (Ok(answer), _) => return Ok(answer),
                (Err((error, _)), None) => return Err(error),
                (Err((error, _)), Some(wait)) => {
                    tracing::info!("waiting {} s: {error}", wait.as_secs());
                    tokio::time::sleep(wait).await;
                    tries += 1;
                }
            }
        }
    }

    async fn send_once(
        &self,
        method: &str,
        path: &str,
        body: Option<&Json>,
        create_if_missing: bool,
    ) -> Result<Option<Json>, (GraphError, Option<Duration>)> {
        let unreadable = |reason: String| {
            (GraphError::Unreadable { method: method.to_owned(), path: path.to_owned(), reason }, None)
        };
        let token = (self.token)().await.map_err(|source| {
            (GraphError::SignIn { method: method.to_owned(), path: path.to_owned(), source }, None)
        })?;
        let mut bearer = http::HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|_| unreadable("the operator's token cannot stand in a header".to_owned()))?;
        bearer.set_sensitive(true);
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{}", self.base, path.replace(' ', "%20")))
            .header(http::header::AUTHORIZATION, bearer)
            .header(http::header::ACCEPT, "application/json");
        if create_if_missing {
            request = request.header("Prefer", "create-if-missing");
        }
        let bytes = match body {
            Some(body) => {
                request = request.header(http::header::CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        let request = request.body(bytes).map_err(|error| unreadable(error.to_string()))?;
        let answer =
            self.transport.send(request).await.map_err(|source| {
                (GraphError::Lost { method: method.to_owned(), path: path.to_owned(), source }, None)
            })?;
        tracing::debug!("{method} {path}: {}", answer.status());
        if !answer.status().is_success() {
            let retry_after = answer.headers().get(http::header::RETRY_AFTER);
            let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
            return Err((GraphError::refused(method, path, &answer), retry_after.map(Duration::from_secs)));
        }
        if answer.body().is_empty() {
            return Ok(None);
        }
        let body = answer.body().strip_prefix(b"\xef\xbb\xbf").unwrap_or(answer.body());
        let json = serde_json::from_slice(body).map_err(|error| unreadable(format!("the answer is not JSON: {error}")));
        json.map(Some)
    }
}

/// How long to wait before the same request is sent again; `None`: it is not.
fn wait(method: &str, error: &GraphError, retry_after: Option<Duration>, tries: u32) -> Option<Duration> {
    let again = match error {
        GraphError::Refused { status: 429, .. } => true,
        // Only a request that changes nothing, or one that Graph itself says to repeat, is repeated.
        GraphError::Refused { status: 502..=504, .. } => method == "GET" || retry_after.is_some(),
        GraphError::Lost { source, .. } => method == "GET" || source.never_sent,
        GraphError::Refused { .. } | GraphError::Unreadable { .. } | GraphError::SignIn { .. } => false,
    };
    // 0.5 s, 1 s, 2 s … where Graph does not say.
    let usual = Duration::from_millis(250 << tries);
    again.then(|| retry_after.unwrap_or(usual))
}
