//! How HTTP requests leave the program: one trait with one method, so that a proxy, a recorder or a fault can stand
//! between. It knows nothing of Graph.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use secrecy::SecretString;

/// A request on its way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, TransportError>> + Send + 'a>>;

pub trait Transport: Send + Sync {
    /// Sends one request and reads the whole answer. Follows no redirects.
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_>;
}

/// Gives a token that is good for some minutes yet.
pub type TokenSource = Arc<dyn Fn() -> FetchingToken + Send + Sync>;

/// A token on its way.
pub type FetchingToken =
    Pin<Box<dyn Future<Output = Result<SecretString, Box<dyn std::error::Error + Send + Sync>>> + Send>>;

/// No answer came, or not a whole one. The request may have taken effect all the same.
#[derive(Debug, thiserror::Error)]
#[error("no answer from {host}")]
pub struct TransportError {
    pub host: String,
    /// Whether the connection could not even be made, so that nothing can have happened.
    pub never_sent: bool,
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// HTTP over TCP and TLS.
#[derive(Debug)]
pub struct Http(reqwest::Client);

impl Http {
    const CONNECT: Duration = Duration::from_secs(10);
    /// Graph's own gateway gives up after a minute.
    const ANSWER: Duration = Duration::from_secs(90);

    /// # Errors
    /// Where the machine has no certificate authorities to trust, for example in an empty container.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("accredit/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Self::CONNECT)
            .timeout(Self::ANSWER)
            .build()?;
        Ok(Self(client))
    }
}

impl Transport for Http {
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
        Box::pin(async move {
            let host = request.uri().authority().map_or_else(String::new, ToString::to_string);
            let failed = |error: reqwest::Error| TransportError {
                host: host.clone(),
                never_sent: error.is_connect(),
                source: Box::new(error.without_url()),
            };
            let request = reqwest::Request::try_from(request).map_err(failed)?;
            let answer = self.0.execute(request).await.map_err(failed)?;
            let mut response = http::Response::builder().status(answer.status());
            if let Some(headers) = response.headers_mut() {
                *headers = answer.headers().clone();
            }
            let body = answer.bytes().await.map_err(failed)?;
            response.body(body).map_err(|error| TransportError {
                host: host.clone(),
                never_sent: false,
                source: Box::new(error),
            })
        })
    }
}

/// Leads requests for any host to one server, which tells by the `Host` header for whom they are meant. Addresses in
/// answers have to be those that were asked for, so the scheme goes along.
pub struct Detour {
    transport: Arc<dyn Transport>,
    /// Scheme, host and port.
    server: String,
}

impl Detour {
    pub fn new(transport: Arc<dyn Transport>, server: &str) -> Self {
        Self { transport, server: server.to_owned() }
    }
}

impl Transport for Detour {
    fn send(&self, mut request: http::Request<Bytes>) -> Sending<'_> {
        let header = |text: Option<&str>| text.and_then(|text| http::HeaderValue::from_str(text).ok());
        let (host, scheme) = (header(request.uri().host()), header(request.uri().scheme_str()));
        let path = request.uri().path_and_query().map_or("", |path| path.as_str());
        if let (Some(host), Some(scheme), Ok(uri)) = (host, scheme, format!("{}{path}", self.server).parse()) {
            request.headers_mut().insert(http::header::HOST, host);
            request.headers_mut().insert("x-forwarded-proto", scheme);
            *request.uri_mut() = uri;
        }
        self.transport.send(request)
    }
}
