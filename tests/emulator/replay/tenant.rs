//! A tenant with the objects of a recording, under ids of its own.

use std::{collections::BTreeMap, path::Path, sync::LazyLock};

use accredit::emulator::{self, Emulator, Options};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::client::{Certificate, http};

/// The domain in the recordings.
const DOMAIN: &str = "AzureSDKTeam.onmicrosoft.com";

/// An answer, read.
#[derive(Debug, Default)]
pub(super) struct Exchanged {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Value,
    pub(super) text: String,
}

impl Exchanged {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let headers = response.headers().iter().map(header).collect();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        Self { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text }
    }
}

/// An application that can sign in.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) id: String,
    pub(super) app_id: String,
    pub(super) principal: String,
    pub(super) secret: String,
}

/// Making a key takes long: one serves all.
pub(super) static CERTIFICATE: LazyLock<Certificate> = LazyLock::new(Certificate::new);

pub(super) struct Replay {
    pub(super) emulator: Emulator,
    http: reqwest::Client,
    /// From the recording's ids to the tenant's.
    ids: BTreeMap<String, String>,
    /// Where the last page said that the next one is: path and query.
    pub(super) next: Option<String>,
}

impl Replay {
    pub(super) async fn new(day: &str, page_size: usize) -> Self {
        let at = format!("{}T12:00:00Z", &day[..10]);
        Self::with(Options { now: Some(at.parse().unwrap()), page_size, ..Options::new(DOMAIN) }).await
    }

    /// A tenant that is kept in a file.
    pub(super) async fn kept(day: &str, file: &Path) -> Self {
        let at = format!("{day}T12:00:00Z");
        Self::with(Options { now: Some(at.parse().unwrap()), file: Some(file.to_owned()), ..Options::new(DOMAIN) })
            .await
    }

    async fn with(options: Options) -> Self {
        Self { emulator: emulator::start(options).await.unwrap(), http: http(), ids: BTreeMap::new(), next: None }
    }

    pub(super) fn url(&self) -> &str {
        self.emulator.url()
    }

    /// A call to Graph by an administrator, as the recorded clients were.
    pub(super) async fn call(&self, method: &str, path: &str, body: &Value) -> Exchanged {
        let call = json!({ "method": method, "path": path, "body": body });
        Exchanged::of(self.http.post(format!("{}/_emulator/graph", self.url())).json(&call)).await
    }

    /// A request as any client sends it.
    pub(super) async fn send(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> Exchanged {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.url()));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        Exchanged::of(request).await
    }

    pub(super) async fn form(&self, path: &str, form: &[(&str, &str)]) -> Exchanged {
        let mut form = form.to_vec();
        form.push(("grant_type", "client_credentials"));
        Exchanged::of(self.http.post(format!("{}{path}", self.url())).form(&form)).await
    }

    pub(super) fn token_path(&self) -> String {
        format!("/{}/oauth2/v2.0/token", self.emulator.tenant_id())
    }

    pub(super) async fn token(&self, client_id: &str, secret: &str, resource: &str) -> String {
        let scope = format!("{resource}/.default");
        let form = [("client_id", client_id), ("client_secret", secret), ("scope", scope.as_str())];
        let answer = self.form(&self.token_path(), &form).await;
        answer.body["access_token"].as_str().unwrap_or_default().to_owned()
    }

    pub(super) async fn operator_token(&self) -> String {
        let operator = self.emulator.operator();
        self.token(&operator.client_id, &operator.client_secret, "https://graph.microsoft.com").await
    }

    /// An application with a service principal and a secret.
    pub(super) async fn identity(&self) -> Identity {
        let (id, app_id) = self.application(&json!({ "displayName": "Made before" })).await;
        let principal = self.make("/v1.0/servicePrincipals", &json!({ "appId": app_id })).await;
        let secret = self.call("POST", &format!("/v1.0/applications/{id}/addPassword"), &json!({})).await;
        let secret = secret.body["secretText"].as_str().unwrap_or_default().to_owned();
        Identity { id, app_id, principal, secret }
    }

    /// An application: its object id and its client id.
    pub(super) async fn application(&self, body: &Value) -> (String, String) {
        let made = self.call("POST", "/v1.0/applications", body).await;
        let text = |name: &str| made.body[name].as_str().unwrap_or_else(|| panic!("{}", made.text)).to_owned();
        (text("id"), text("appId"))
    }

    /// Makes an object that a recording takes for granted: its id, or a new one when it cannot be made.
    pub(super) async fn make(&self, path: &str, body: &Value) -> String {
        let made = self.call("POST", path, body).await;
        made.body["id"].as_str().map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
    }

    pub(super) async fn user(&self) -> String {
        let name = format!("made-{}", &Uuid::new_v4().simple().to_string()[..8]);
        let body = json!({
            "userPrincipalName": format!("{name}@{DOMAIN}"), "displayName": name, "mailNickname": name,
            "accountEnabled": true, "passwordProfile": { "password": "Made-before-1" },
        });
        self.make("/v1.0/users", &body).await
    }

    pub(super) async fn group(&self, unified: bool) -> String {
        let name = format!("made-{}", &Uuid::new_v4().simple().to_string()[..8]);
        let types = if unified { json!(["Unified"]) } else { json!([]) };
        let body = json!({
            "displayName": name, "mailNickname": name, "mailEnabled": unified, "securityEnabled": !unified,
            "groupTypes": types,
        });
        self.make("/v1.0/groups", &body).await
    }

    /// The service principal of an API that every tenant has.
    pub(super) async fn api(&self, app_id: &str) -> Option<String> {
        let found = self.call("GET", &format!("/v1.0/servicePrincipals(appId='{app_id}')"), &Value::Null).await;
        found.body["id"].as_str().map(str::to_owned)
    }

    /// A part of the recording with the tenant's ids.
    pub(super) fn translated(&self, recorded: &Value) -> Value {
        serde_json::from_str(&self.translated_text(&recorded.to_string())).unwrap()
    }

    pub(super) fn translated_text(&self, recorded: &str) -> String {
        self.ids.iter().fold(recorded.to_owned(), |text, (recorded, ours)| text.replace(recorded, ours))
    }

    pub(super) fn knows(&self, recorded: &str) -> bool {
        self.ids.contains_key(recorded)
    }

    pub(super) fn know(&mut self, recorded: &str, ours: &str) {
        if !recorded.is_empty() && recorded != ours {
            self.ids.entry(recorded.to_owned()).or_insert_with(|| ours.to_owned());
        }
    }

    /// Notes which of our ids stand where the recording has others.
    pub(super) fn learn(&mut self, recorded: &Value, ours: &Value) {
        match (recorded, ours) {
            (Value::Object(recorded), Value::Object(ours)) => {
                for (name, value) in recorded {
                    let Some(own) = ours.get(name) else { continue };
                    match (name.as_str(), value, own) {
                        (
                            "id" | "appId" | "keyId" | "appOwnerOrganizationId",
                            Value::String(value),
                            Value::String(own),
                        ) => self.know(value, own),
                        _ => self.learn(value, own),
                    }
                }
            }
            (Value::Array(recorded), Value::Array(ours)) => {
                for (recorded, ours) in recorded.iter().zip(ours) {
                    self.learn(recorded, ours);
                }
            }
            _ => {}
        }
    }
}
