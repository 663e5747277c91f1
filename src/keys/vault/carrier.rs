//! Lets the official clients send by our own transport and sign in with our own tokens.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{AUTHORIZATION, Headers, WWW_AUTHENTICATE};
use azure_core::http::{AsyncRawResponse, HttpClient, Request, StatusCode};
use azure_core::time::OffsetDateTime;
use bytes::Bytes;
use secrecy::ExposeSecret as _;

use crate::transport::azure::{self, Repeats};
use crate::transport::{TokenSource, Transport};

/// A vault does what it is asked within seconds.
const ANSWER: Duration = Duration::from_secs(30);

/// Carries requests of the official clients.
#[derive(Debug)]
pub(super) struct Carrier(azure::Carrier);

impl Carrier {
    /// `repeats`: whether a request whose answer was lost may be sent again without looking first.
    pub(super) fn new(transport: Arc<dyn Transport>, repeats: bool) -> Self {
        let repeats = if repeats { Repeats::Lost } else { Repeats::Unsent };
        Self(azure::Carrier { transport, service: "the vault", answer: ANSWER, repeats })
    }
}

#[async_trait]
impl HttpClient for Carrier {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        if request.headers().get_optional_str(&AUTHORIZATION).is_none() {
            return Ok(challenge(request));
        }
        self.0.execute_request(request).await
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
