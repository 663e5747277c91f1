//! A tenant with a vault, our own way to it, and somebody else's.

use std::sync::Arc;

use accredit::emulator::{self, Emulator};
use accredit::keys::{VaultStore, Vaults};
use accredit::model::{CertificateProfile, DistinguishedName, KeyAlgorithm, StoredCertificate, VaultCertificate};
use accredit::transport::{Detour, Http, Sending, TokenSource, Transport, TransportError};
use bytes::Bytes;
use jiff::Timestamp;
use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::{Value as Json, json};

use super::operator;

const TENANT: &str = "contoso.onmicrosoft.com";
const RESOURCE: &str = "https://vault.azure.net";
pub(crate) const VAULT: &str = "https://team.vault.azure.net";
const HOST: &str = "team.vault.azure.net";

/// The instant at which tests begin; the emulator's clock goes on from it.
pub(crate) fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) token: TokenSource,
    pub(crate) vaults: Vaults,
}

impl World {
    pub(crate) async fn new() -> Self {
        let options = emulator::Options { now: Some(noon()), ..emulator::Options::new(TENANT) };
        let emulator = emulator::start(options).await.unwrap();
        let token = operators_token(&emulator);
        let vaults = Vaults::new(to(&emulator), Arc::clone(&token));
        Self { emulator, token, vaults }
    }

    /// The vault, by another way than the usual one.
    pub(crate) fn vaults_by(&self, transport: impl Transport + 'static) -> Vaults {
        Vaults::new(Arc::new(transport), Arc::clone(&self.token))
    }

    pub(crate) fn transport(&self) -> Arc<dyn Transport> {
        to(&self.emulator)
    }

    /// A certificate of which Accredit makes versions that cannot be exported.
    pub(crate) fn store(&self, name: &str) -> VaultStore {
        self.vaults.certificate(VAULT, &certificate(name))
    }

    /// Asks the vault as somebody else would, with a client of his own.
    pub(crate) async fn raw(&self, method: &str, path: &str, body: Option<Json>) -> (u16, Json) {
        let token = (self.token)().await.unwrap();
        send_raw(self.emulator.url(), secrecy::ExposeSecret::expose_secret(&token), method, path, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Json {
        let (status, body) = self.raw("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Somebody else imports a version.
    pub(crate) async fn import(&self, name: &str, pem: &str) -> String {
        let body = json!({ "value": pem, "policy": { "secret_props": { "contentType": "application/x-pem-file" } } });
        let (status, made) = self.raw("POST", &format!("/certificates/{name}/import"), Some(body)).await;
        assert_eq!(status, 200, "{made}");
        version_of(&made)
    }

    pub(crate) async fn disable(&self, name: &str, version: &str) {
        let body = json!({ "attributes": { "enabled": false } });
        let (status, body) = self.raw("PATCH", &format!("/certificates/{name}/{version}"), Some(body)).await;
        assert_eq!(status, 200, "{body}");
    }

    /// How many versions there are, enabled or not.
    pub(crate) async fn count(&self, name: &str) -> usize {
        let versions = self.get(&format!("/certificates/{name}/versions")).await;
        versions["value"].as_array().unwrap().len()
    }

    pub(crate) async fn faults(&self, faults: Json) {
        self.control("DELETE", "faults", None).await;
        self.control("POST", "faults", Some(faults)).await;
    }

    /// Moves the clock on, so that what follows was made later to the second.
    pub(crate) async fn later(&self) {
        self.control("POST", "clock", Some(json!({ "advance": "5s" }))).await;
    }

    /// Method and path of what the vault was asked, without its query, and forgets it.
    pub(crate) async fn asked(&self) -> Vec<String> {
        let log = self.control("GET", "requests", None).await;
        self.control("DELETE", "requests", None).await;
        let log = log.as_array().unwrap().iter().filter(|entry| entry["service"] == "vault");
        let text = |value: &Json| value.as_str().unwrap().split('?').next().unwrap().to_owned();
        log.map(|entry| format!("{} {}", text(&entry["method"]), text(&entry["path"]))).collect()
    }

    async fn control(&self, method: &str, what: &str, body: Option<Json>) -> Json {
        let mut request = http().request(method.parse().unwrap(), format!("{}/_emulator/{what}", self.emulator.url()));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{method} {what}: {answer:?}");
        answer.json().await.unwrap_or(Json::Null)
    }
}

pub(crate) async fn send_raw(url: &str, token: &str, method: &str, path: &str, body: Option<Json>) -> (u16, Json) {
    let address = format!("{url}{path}?api-version=7.4");
    let mut request = http().request(method.parse().unwrap(), address).bearer_auth(token).header("host", HOST);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or(Json::Null))
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub(crate) fn certificate(name: &str) -> VaultCertificate {
    VaultCertificate { name: name.to_owned(), version: None, exportable: false, create: true }
}

/// A year of `CN=exo.contoso.com`, as a manifest would have it at noon.
pub(crate) fn profile() -> CertificateProfile {
    CertificateProfile {
        subject: DistinguishedName("CN=exo.contoso.com".to_owned()),
        dns_names: vec!["exo.contoso.com".to_owned()],
        key: KeyAlgorithm::Rsa2048,
        not_before: "2026-11-21T11:50:00Z".parse().unwrap(),
        not_after: "2027-11-21T12:00:00Z".parse().unwrap(),
    }
}

pub(crate) fn version_of(bundle: &Json) -> String {
    bundle["id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

pub(crate) fn version(stored: &StoredCertificate) -> &str {
    match &stored.private_key {
        accredit::model::KeyAccess::Vault { version, .. } => version,
        other => panic!("{other:?}"),
    }
}

/// A certificate of these days by somebody else, with its key, as PEM.
pub(crate) fn foreign(key: &KeyPair, days: std::ops::Range<i64>) -> String {
    let at = |day: i64| time::OffsetDateTime::from_unix_timestamp(noon().as_second() + day * 86_400).unwrap();
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, "made elsewhere");
    (parameters.not_before, parameters.not_after) = (at(days.start), at(days.end));
    parameters.serial_number = Some(uuid::Uuid::new_v4().into_bytes().to_vec().into());
    let certificate = parameters.self_signed(key).unwrap();
    format!("{}{}", key.serialize_pem(), certificate.pem())
}

/// An error with everything that caused it, as a person is told.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    let lines: Vec<String> = chain.map(ToString::to_string).collect();
    for pair in lines.windows(2) {
        assert!(!pair[0].contains(&pair[1]), "said twice: {lines:#?}");
    }
    lines.join("\n")
}

fn operators_token(emulator: &Emulator) -> TokenSource {
    let transport: Arc<dyn Transport> = Arc::new(Http::new(&[]).unwrap());
    operator::token(emulator, emulator.operator(), &transport, TENANT, RESOURCE)
}

fn to(emulator: &Emulator) -> Arc<dyn Transport> {
    Arc::new(Detour::new(Arc::new(Http::new(&[]).unwrap()), emulator.url()))
}

/// A way on which every answer is made up.
pub(crate) struct MadeUp<F>(pub(crate) F);

impl<F: Fn() -> Result<http::Response<Bytes>, TransportError> + Send + Sync> Transport for MadeUp<F> {
    fn send(&self, _: http::Request<Bytes>) -> Sending<'_> {
        Box::pin(async move { (self.0)() })
    }
}
