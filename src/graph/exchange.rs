//! One request and its answer, with the token, and with patience where Graph asks for it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::Value as Json;

use crate::transport::{TokenSource, Transport};

use super::GraphError;

/// How long a request is repeated when Graph says "not now" or does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How often it is sent at most.
    pub tries: u32,
    /// The first wait where Graph names none; each further one is twice as long.
    pub first_wait: Duration,
    /// The longest wait that Graph may ask for.
    pub longest_wait: Duration,
}

impl Default for Patience {
    /// Half a minute in all where Graph names no wait, two minutes at once where it does.
    fn default() -> Self {
        Self { tries: 7, first_wait: Duration::from_millis(500), longest_wait: Duration::from_mins(2) }
    }
}

/// Sends requests to one Graph host and nowhere else.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    token: TokenSource,
    /// Scheme, host and version, such as `https://graph.microsoft.com/v1.0`.
    base: String,
    patience: Patience,
    /// When Graph first answered, by its own clock.
    answered: Arc<OnceLock<Timestamp>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client {{ base: {:?} }}", self.base)
    }
}

impl Client {
    /// `host` with its scheme, without a version.
    pub fn new(transport: Arc<dyn Transport>, token: TokenSource, host: &str) -> Self {
        let base = format!("{}/v1.0", host.trim_end_matches('/'));
        Self { transport, token, base, patience: Patience::default(), answered: Arc::default() }
    }

    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// The instant of Graph's first answer, by its clock; `None` before that.
    pub fn answered(&self) -> Option<Timestamp> {
        self.answered.get().copied()
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
                Err((error, retry_after)) if tries < self.patience.tries => {
                    let usual = self.patience.first_wait.saturating_mul(1 << (tries - 1));
                    let wait = retry_after.unwrap_or(usual);
                    let patient = wait <= self.patience.longest_wait;
                    (patient && may_repeat(method, error, retry_after.is_some())).then_some(wait)
                }
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
        let date = answer.headers().get(http::header::DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) {
            let _earlier = self.answered.set(date.timestamp());
        }
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

/// Whether the same request may be sent again.
fn may_repeat(method: &str, error: &GraphError, asked_to: bool) -> bool {
    match error {
        GraphError::Refused { status: 429, .. } => true,
        // Only a request that changes nothing, or one that Graph itself says to repeat, is repeated.
        GraphError::Refused { status: 500..=504, .. } => method == "GET" || asked_to,
        GraphError::Lost { source, .. } => method == "GET" || source.never_sent,
        GraphError::Refused { .. } | GraphError::Unreadable { .. } | GraphError::SignIn { .. } => false,
    }
}
