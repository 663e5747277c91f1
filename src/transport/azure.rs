//! Lets Microsoft's own crates send by our transport, so that proxies, authorities and detours are the same for them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request, StatusCode};
use bytes::Bytes;

use super::{Transport, TransportError};

/// No service is waited for longer at once, in seconds.
const LONGEST_WAIT: u64 = 30;

/// A service that did not answer in time.
#[derive(Debug, thiserror::Error)]
#[error("it took longer than {} seconds", .0.as_secs())]
pub struct Silence(pub Duration);

/// Carries requests of Microsoft's crates.
#[derive(Clone)]
pub struct Carrier {
    pub transport: Arc<dyn Transport>,
    /// What is asked, for errors: `the vault`.
    pub service: &'static str,
    /// How long an answer is waited for.
    pub answer: Duration,
    pub repeats: Repeats,
}

/// What the crate above may send a second time by itself. It repeats what failed as `Io` or `Connection`, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// What was not answered too.
    Lost,
    /// Only what cannot have arrived.
    Unsent,
    /// Nothing.
    Nothing,
}

impl std::fmt::Debug for Carrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Carrier")
    }
}

#[async_trait]
impl HttpClient for Carrier {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let Self { transport, service, answer, repeats } = self;
        let (unsent, lost) = match repeats {
            Repeats::Lost => (ErrorKind::Connection, ErrorKind::Io),
            Repeats::Unsent => (ErrorKind::Connection, ErrorKind::Other),
            Repeats::Nothing => (ErrorKind::Other, ErrorKind::Other),
        };
        let answer = match tokio::time::timeout(*answer, transport.send(outgoing(request)?)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error @ TransportError { never_sent: true, .. })) => {
                return Err(Error::with_error(unsent, error, format!("{service} could not be reached")));
            }
            Ok(Err(error)) => return Err(Error::with_error(lost, error, format!("{service} did not answer"))),
            Err(_) => return Err(Error::with_error(lost, Silence(*answer), format!("{service} did not answer"))),
        };
        let (head, body) = answer.into_parts();
        Ok(AsyncRawResponse::from_bytes(StatusCode::from(head.status.as_u16()), incoming(&head.headers), body))
    }
}

fn outgoing(request: &Request) -> azure_core::Result<http::Request<Bytes>> {
    let body = match request.body() {
        Body::Bytes(bytes) => bytes.clone(),
        Body::SeekableStream(_) => return Err(Error::with_message(ErrorKind::Other, "requests are sent whole")),
    };
    let mut outgoing = http::Request::builder().method(request.method().as_str()).uri(request.url().as_str());
    for (name, value) in request.headers().iter() {
        outgoing = outgoing.header(name.as_str(), value.as_str());
    }
    outgoing.body(body).map_err(|error| Error::with_error(ErrorKind::Other, error, "no request could be made"))
}

fn incoming(received: &http::HeaderMap) -> Headers {
    let mut headers = Headers::new();
    for name in received.keys() {
        let values: Vec<&str> = received.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        let mut value = values.join(", ");
        // The crates above would sleep as long as they are told, in silence and beyond every deadline.
        if name == http::header::RETRY_AFTER && value.parse::<u64>().map_or(true, |seconds| seconds > LONGEST_WAIT) {
            value = LONGEST_WAIT.to_string();
        }
        headers.insert(name.as_str().to_owned(), value);
    }
    headers
}
