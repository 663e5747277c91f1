//! How HTTP requests leave the program: one trait with one method, so that a proxy, a recorder or a fault can stand
//! between. It knows nothing of Graph.

pub mod azure;
mod retry_after;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};

pub use retry_after::{instant, retry_after};

/// A request on its way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, TransportError>> + Send + 'a>>;

pub trait Transport: Send + Sync {
    /// Sends one request and reads the whole answer. Follows no redirects.
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_>;
}

/// A token as the value of `Authorization`, which debug output does not show. `None`: it cannot stand in a header.
pub fn bearer(token: &SecretString) -> Option<http::HeaderValue> {
    let mut value = http::HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).ok()?;
    value.set_sensitive(true);
    Some(value)
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

impl TransportError {
    /// What most likely helps.
    pub fn hint(&self) -> Option<&'static str> {
        let first: &(dyn std::error::Error + 'static) = &*self.source;
        let causes: Vec<String> =
            std::iter::successors(Some(first), |error| error.source()).map(ToString::to_string).collect();
        let says = |words: &str| causes.iter().any(|cause| cause.contains(words));
        if says("invalid peer certificate") {
            Some(
                "this machine does not trust whoever answered; where a company's proxy looks into TLS, name the bundle with \
                 its authority in `SSL_CERT_FILE`",
            )
        } else if says("tunnel") || says("proxy") {
            Some("look at the proxy that `HTTPS_PROXY` names; hosts in `NO_PROXY` are reached without it")
        } else {
            None
        }
    }
}

/// A certificate authority to trust.
#[derive(Clone, Debug)]
pub struct Authority(reqwest::Certificate);

/// A file that should hold certificate authorities and does not.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("it holds no certificate in PEM")]
    None,
    #[error("it holds a certificate that cannot be read")]
    Unreadable(#[source] reqwest::Error),
}

impl Authority {
    /// All that a PEM bundle holds.
    pub fn read(bundle: &[u8]) -> Result<Vec<Self>, AuthorityError> {
        let read = reqwest::Certificate::from_pem_bundle(bundle).map_err(AuthorityError::Unreadable)?;
        if read.is_empty() { Err(AuthorityError::None) } else { Ok(read.into_iter().map(Self).collect()) }
    }
}

/// HTTP over TCP and TLS.
#[derive(Debug)]
pub struct Http(reqwest::Client);

impl Http {
    const CONNECT: Duration = Duration::from_secs(10);
    /// Graph's own gateway gives up after a minute.
    const ANSWER: Duration = Duration::from_secs(90);
    const MACHINE_CONNECT: Duration = Duration::from_secs(1);
    const MACHINE_ANSWER: Duration = Duration::from_secs(10);

    /// Trusts `authorities` besides those of the machine. Proxies are those that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name.
    ///
    /// # Errors
    /// Where the machine has no certificate authorities to trust, for example in an empty container.
    pub fn new(authorities: &[Authority]) -> Result<Self, reqwest::Error> {
        let trusted = authorities.iter().map(|Authority(certificate)| certificate.clone());
        let builder = Self::builder().tls_certs_merge(trusted).tls_version_min(reqwest::tls::Version::TLS_1_2);
        builder.connect_timeout(Self::CONNECT).timeout(Self::ANSWER).build().map(Self)
    }

    /// For what the machine itself serves, such as its metadata service. A proxy would answer for another machine, so none
    /// is asked, and what is not there is soon known not to be.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_this_machine() -> Result<Self, reqwest::Error> {
        let builder = Self::builder().connect_timeout(Self::MACHINE_CONNECT).timeout(Self::MACHINE_ANSWER);
        builder.no_proxy().build().map(Self)
    }

    fn builder() -> reqwest::ClientBuilder {
        reqwest::Client::builder()
            .user_agent(concat!("accredit/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
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

/// Sends to some hosts and to nowhere else: a token that an answer would lead astray stays here.
pub struct Confined {
    transport: Arc<dyn Transport>,
    /// Hosts with their ports if these are not the usual one, or `*.` and what follows a name.
    hosts: Vec<String>,
}

/// Why a request was not sent.
#[derive(Debug, thiserror::Error)]
#[error("tokens for {0} are sent nowhere else")]
struct Astray(String);

impl Confined {
    /// `hosts` are addresses such as `https://graph.microsoft.com`, or `*.vault.azure.net` for all hosts one label below that one.
    pub fn new(transport: Arc<dyn Transport>, hosts: &[&str]) -> Self {
        let hosts = hosts.iter().map(|host| host.trim_start_matches("https://").to_ascii_lowercase()).collect();
        Self { transport, hosts }
    }

    fn admits(&self, uri: &http::Uri) -> bool {
        let authority = uri.authority().map(|authority| authority.as_str().to_ascii_lowercase()).unwrap_or_default();
        let authority = authority.strip_suffix(":443").unwrap_or(&authority);
        let is = |host: &String| match host.strip_prefix("*.") {
            Some(parent) => authority.split_once('.').is_some_and(|(name, rest)| !name.is_empty() && rest == parent),
            None => authority == *host,
        };
        uri.scheme_str() == Some("https") && self.hosts.iter().any(is)
    }
}

impl Transport for Confined {
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
        if self.admits(request.uri()) {
            return self.transport.send(request);
        }
        let host = request.uri().authority().map_or_else(String::new, ToString::to_string);
        let source = Box::new(Astray(self.hosts.join(" and ")));
        Box::pin(async move { Err(TransportError { host, never_sent: true, source }) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_to_another_host() {
        let admits = |hosts: &str, uri: &str| {
            let http: Arc<dyn Transport> = Arc::new(Http::new(&[]).unwrap());
            Confined::new(http, &[hosts]).admits(&uri.parse().unwrap())
        };
        let graph = "https://graph.microsoft.com";
        assert!(admits(graph, "https://graph.microsoft.com/v1.0/users"));
        assert!(admits(graph, "https://GRAPH.microsoft.com:443/v1.0/users"));
        for astray in [
            "http://graph.microsoft.com/v1.0/users",
            "https://graph.microsoft.com.evil.example/v1.0/users",
            "https://graph.microsoft.com@evil.example/",
            "https://graph.microsoft.com:8443/",
            "https://evil.example/graph.microsoft.com",
            "/v1.0/users",
        ] {
            assert!(!admits(graph, astray), "{astray}");
        }
        let vaults = "*.vault.azure.net";
        assert!(admits(vaults, "https://contoso.vault.azure.net/keys"));
        for astray in
            ["https://vault.azure.net/", "https://a.b.vault.azure.net/", "https://vault.azure.net.evil.example/"]
        {
            assert!(!admits(vaults, astray), "{astray}");
        }
    }
}
