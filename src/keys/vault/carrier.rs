//! Lets the official clients send by our own transport and sign in with our own tokens.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{AUTHORIZATION, Headers, WWW_AUTHENTICATE};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request, StatusCode};
use azure_core::time::OffsetDateTime;
use bytes::Bytes;
use secrecy::ExposeSecret as _;

use crate::transport::{TokenSource, Transport, TransportError};

/// A vault does what it is asked within seconds.
const ANSWER: Duration = Duration::from_secs(30);

/// A vault that did not answer in time.
#[derive(Debug, thiserror::Error)]
#[error("it took longer than {} seconds", ANSWER.as_secs())]
pub(super) struct Silence;

/// Carries requests of the official clients.
pub(super) struct Carrier {
    pub(super) transport: Arc<dyn Transport>,
    /// Whether a request whose answer was lost may be sent again without looking first.
    pub(super) repeats: bool,
}

impl std::fmt::Debug for Carrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Carrier")
    }
}

#[async_trait]
impl HttpClient for Carrier {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        if request.headers().get_optional_str(&AUTHORIZATION).is_none() {
            return Ok(challenge(request));
        }
        // The library sends what failed as `Io` or `Connection` once more, and nothing else.
        let lost = if self.repeats { ErrorKind::Io } else { ErrorKind::Other };
        let answer = match tokio::time::timeout(ANSWER, self.transport.send(outgoing(request)?)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error @ TransportError { never_sent: true, .. })) => {
                return Err(Error::with_error(ErrorKind::Connection, error, "the vault could not be reached"));
            }
            Ok(Err(error)) => return Err(Error::with_error(lost, error, "the vault did not answer")),
            Err(_) => return Err(Error::with_error(lost, Silence, "the vault did not answer")),
        };
        let (head, body) = answer.into_parts();
        Ok(AsyncRawResponse::from_bytes(StatusCode::from(head.status.as_u16()), incoming(&head.headers), body))
    }
}

/// The answer that a vault gives to a request without a token, which is how the clients begin.
///
/// It is given here, because nothing in it is news: the operator's tenant and the resource are known. And a client of
/// version 1.0 that gets another answer to its first request (429, 503, none) sends the second one without its body.
fn challenge(request: &Request) -> AsyncRawResponse {
    let host = request.url().host_str().unwrap_or_default();
    let resource = host.split_once('.').map_or(host, |(_, parent)| parent);
    let mut headers = Headers::new();
    headers.insert(WWW_AUTHENTICATE, format!("Bearer resource=\"https://{resource}\""));
    AsyncRawResponse::from_bytes(StatusCode::Unauthorized, headers, Bytes::new())
}

fn outgoing(request: &Request) -> azure_core::Result<http::Request<Bytes>> {
    let body = match request.body() {
        Body::Bytes(bytes) => bytes.clone(),
        Body::SeekableStream(_) => {
            return Err(Error::with_message(ErrorKind::Other, "requests to vaults are sent whole"));
        }
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
        headers.insert(name.as_str().to_owned(), values.join(", "));
    }
    headers
}

/// Gives the official clients the operator's tokens.
pub(super) struct Operator(pub(super) TokenSource);

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Operator")
    }
}

#[async_trait]
impl TokenCredential for Operator {
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let token = (self.0)().await;
        let token = token.map_err(|error| Error::with_error(ErrorKind::Credential, error, "there is no token"))?;
        // Our source keeps tokens by itself; of one that has ended already the client keeps none.
        Ok(AccessToken::new(token.expose_secret().to_owned(), OffsetDateTime::UNIX_EPOCH))
    }
}
