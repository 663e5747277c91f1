//! A tenant, a machine and variables to sign in with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use accredit::emulator::{self, Emulator, Options};
use accredit::identity::{Choice, DeviceCode, Environment, Machine, Operator, OperatorError, PassedOver, Surroundings};
use accredit::model::AuthenticationMethod;
use accredit::transport::{Detour, Http, Sending, Transport, TransportError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::{Value as Json, json};

pub(crate) const TENANT: &str = "contoso.onmicrosoft.com";
pub(crate) const TENANT_ID: &str = "6f1d4b0e-0d3c-4a57-9d2b-0c1f5a7e9b11";
pub(crate) const OTHER_TENANT_ID: &str = "0b5d1a11-3c4e-4c3f-8f6e-5a2b9d1e7c22";
pub(crate) const GRAPH: &str = "https://graph.microsoft.com";
pub(crate) const KEY_VAULT: &str = "https://vault.azure.net";

pub(crate) fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) struct Scene {
    pub(crate) emulator: Emulator,
    pub(crate) directory: tempfile::TempDir,
    pub(crate) tenant: String,
    pub(crate) token_service: Arc<dyn Transport>,
    pub(crate) internet: Arc<dyn Transport>,
    pub(crate) machine: Arc<dyn Transport>,
    pub(crate) has_person: bool,
    now: Timestamp,
    /// What was shown to the person.
    pub(crate) shown: Arc<Mutex<Vec<DeviceCode>>>,
    /// How long it was waited, in seconds.
    pub(crate) waits: Arc<Mutex<Vec<u64>>>,
    variables: BTreeMap<String, String>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::at(noon()).await
    }

    pub(crate) async fn at(now: Timestamp) -> Self {
        let mut options = Options::new(TENANT);
        options.tenant_id = Some(TENANT_ID.to_owned());
        options.now = Some(now);
        let emulator = emulator::start(options).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let programs = directory.path().join("bin");
        std::fs::create_dir(&programs).unwrap();
        let variables = BTreeMap::from([("PATH".to_owned(), programs.display().to_string())]);
        Self {
            token_service: led_to(emulator.url()),
            emulator,
            directory,
            tenant: TENANT.to_owned(),
            internet: Arc::new(Nowhere),
            machine: Arc::new(Nowhere),
            has_person: false,
            now,
            shown: Arc::default(),
            waits: Arc::default(),
            variables,
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn unset(&mut self, name: &str) -> &mut Self {
        self.variables.remove(name);
        self
    }

    /// The emulator's own operator, by an application's secret.
    pub(crate) fn set_secret(&mut self) -> &mut Self {
        let operator = self.emulator.operator().clone();
        self.set("AZURE_CLIENT_ID", &operator.client_id).set("AZURE_CLIENT_SECRET", &operator.client_secret)
    }

    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A program on the path.
    #[cfg(unix)]
    pub(crate) fn program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.directory.path().join("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Where the agent of Azure Arc lays down its keys.
    pub(crate) fn arc_keys(&self) -> PathBuf {
        self.directory.path().join("tokens")
    }

    pub(crate) fn surroundings(&self) -> Surroundings {
        let variables = self.variables.clone();
        let environment: Environment = Arc::new(move |name| variables.get(name).cloned());
        let now = self.now;
        let (shown, waits) = (Arc::clone(&self.shown), Arc::clone(&self.waits));
        Surroundings {
            environment,
            authority: "https://login.microsoftonline.com".to_owned(),
            tenant: self.tenant.clone(),
            graph: GRAPH.to_owned(),
            token_service: Arc::clone(&self.token_service),
            internet: Arc::clone(&self.internet),
            machine: Machine {
                transport: Arc::clone(&self.machine),
                arc_keys: self.arc_keys(),
                arc_agent: self.directory.path().join("himds"),
            },
            has_person: self.has_person,
            show_device_code: Arc::new(move |code| shown.lock().unwrap().push(code.clone())),
            clock: Arc::new(move || now),
            wait: Arc::new(move |wait: Duration| {
                waits.lock().unwrap().push(wait.as_secs());
                Box::pin(std::future::ready(()))
            }),
        }
    }

    pub(crate) async fn sign_in(&self) -> Result<Operator, OperatorError> {
        Operator::sign_in(&self.surroundings(), &Choice::default()).await
    }

    pub(crate) async fn sign_in_by(&self, method: AuthenticationMethod) -> Result<Operator, OperatorError> {
        Operator::sign_in(&self.surroundings(), &Choice::Named(method)).await
    }

    /// Why it cannot be signed in by `method`, and what is said to help.
    pub(crate) async fn refused(&self, method: AuthenticationMethod) -> String {
        told(&self.sign_in_by(method).await.unwrap_err())
    }

    /// A token of the tenant's operator, as other programs have them.
    pub(crate) async fn token(&self, resource: &str) -> String {
        let operator = self.emulator.operator();
        let form = [
            ("client_id", operator.client_id.as_str()),
            ("client_secret", operator.client_secret.as_str()),
            ("grant_type", "client_credentials"),
            ("scope", &format!("{resource}/.default")),
        ];
        let address = format!("{}/{TENANT_ID}/oauth2/v2.0/token", self.emulator.url());
        let answer: Json = client().post(address).form(&form).send().await.unwrap().json().await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// A new application with these properties and its service principal; gives its id and its client id.
    pub(crate) async fn application(&self, properties: Json) -> (String, String) {
        let made = self.graph("applications", properties).await;
        let text = |key: &str| made[key].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        self.graph("servicePrincipals", json!({ "appId": text("appId") })).await;
        (text("id"), text("appId"))
    }

    pub(crate) async fn graph(&self, path: &str, body: Json) -> Json {
        let request = client().post(format!("{}/v1.0/{path}", self.emulator.url()));
        let answer = request.bearer_auth(self.token(GRAPH).await).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }
}

/// A client that no proxy of the machine comes between.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub(crate) fn led_to(url: &str) -> Arc<dyn Transport> {
    Arc::new(Detour::new(Arc::new(Http::of_this_machine().unwrap()), url))
}

/// A way on which nobody is reached.
pub(crate) struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        Box::pin(async move { Err(TransportError { host, never_sent: true, source: "nobody is there".into() }) })
    }
}

/// An error as a person is told it, with what helps.
pub(crate) fn told(error: &OperatorError) -> String {
    let mut lines = vec![error.to_string()];
    lines.extend(error.passed_over());
    lines.extend(error.help().map(|help| format!("hint: {help}")));
    lines.join("\n")
}

/// Each way that was passed over, with its reason.
pub(crate) fn passed_over(operator: &Operator) -> Vec<String> {
    operator.passed_over().iter().map(|PassedOver { method, reason }| format!("{method}: {}", reason.text)).collect()
}

pub(crate) async fn token_of(operator: &Operator, resource: &str) -> String {
    operator.token(resource).await.unwrap().expose_secret().to_owned()
}

/// The claims of a token.
pub(crate) fn claims(token: &str) -> Json {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

/// A token that nobody signed.
pub(crate) fn unsigned(claims: &Json) -> String {
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(&json!({"alg": "RS256", "typ": "JWT"})), part(claims))
}
