//! A short summary of a run's findings, posted to a webhook: Microsoft Teams, Slack, or anybody who reads JSON.
//!
//! The address of a webhook is a secret, for whoever knows it may post: it is shown nowhere, and its host alone is named.

mod generic;
mod slack;
mod summary;
mod teams;
mod webhook;

pub use summary::Summary;
pub use webhook::{InvalidWebhook, NotifyError, Webhook, WebhookKind};

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use secrecy::ExposeSecret as _;
use serde_json::Value as Json;

use crate::patience::{Patience, backoff};
use crate::transport::{Transport, retry_after};

/// How often it is tried altogether.
const ATTEMPTS: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Posts it. What is busy or broken for the moment is asked again as long as the run may take; what was sent and not answered
/// is not, or the message might come twice.
pub async fn notify(
    transport: &dyn Transport,
    webhook: &Webhook,
    summary: &Summary<'_>,
    patience: &Patience,
) -> Result<(), NotifyError> {
    let body = message(webhook.kind, summary).to_string();
    let mut failures = 0;
    loop {
        let (refused, asked) = match patience.within(post(transport, webhook, &body)).await {
            Err(late) => return Err(NotifyError::OutOfTime { host: webhook.host.clone(), source: late }),
            Ok(Ok(answer)) if answer.status().is_success() => return Ok(()),
            Ok(Ok(answer)) => {
                let status = answer.status();
                let refused = NotifyError::refused(&webhook.host, status, answer.body());
                if !(status.is_server_error() || status.as_u16() == 429 || status.as_u16() == 408) {
                    return Err(refused);
                }
                (refused, retry_after(answer.headers()))
            }
            Ok(Err(error)) if error.never_sent => (NotifyError::Lost(error), None),
            Ok(Err(error)) => return Err(NotifyError::Lost(error)),
        };
        failures += 1;
        if failures >= ATTEMPTS {
            return Err(refused);
        }
        let wait = asked.unwrap_or_else(|| backoff(FIRST_WAIT, LONGEST_WAIT, failures)).max(FIRST_WAIT);
        let why = format!("{} does not take the notification yet", webhook.host);
        if patience.pause(wait, &why).await.is_err() {
            return Err(refused);
        }
    }
}

async fn post(
    transport: &dyn Transport,
    webhook: &Webhook,
    body: &str,
) -> Result<http::Response<Bytes>, crate::transport::TransportError> {
    let mut request = http::Request::new(Bytes::copy_from_slice(body.as_bytes()));
    *request.method_mut() = http::Method::POST;
    // It was one when it was taken in.
    *request.uri_mut() = webhook.url.expose_secret().parse().unwrap_or_default();
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    transport.send(request).await
}

/// What is posted to a webhook of that kind.
pub fn message(kind: WebhookKind, summary: &Summary<'_>) -> Json {
    match kind {
        WebhookKind::Teams => teams::message(summary),
        WebhookKind::Slack => slack::message(summary),
        WebhookKind::Generic => generic::message(summary),
    }
}
