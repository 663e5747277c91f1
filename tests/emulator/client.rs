//! A client of the emulator, for the tests of it: requests with a token, answers as JSON, certificates.

use accredit::emulator::{self, Emulator, Options};
use base64::{Engine, prelude::*};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sha1::Digest;

pub(crate) const DOMAIN: &str = "contoso.onmicrosoft.com";
pub(crate) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
pub(crate) const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";
pub(crate) const MANAGE_AS_APP: &str = "dc50a0fb-09a3-484d-be87-e023b12c6440";
pub(crate) const EXCHANGE_ADMINISTRATOR: &str = "29232cdf-9323-42fd-ade2-1d097af3e4de";

/// A client with a token.
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) token: String,
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { status, headers, body }
    }

    /// The status and, of a refusal, the code.
    pub(crate) fn said(&self) -> (u16, &str) {
        (self.status, self.body["error"]["code"].as_str().unwrap_or_default())
    }

    pub(crate) fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or_default()
    }
}

impl Client {
    pub(crate) async fn operator(emulator: &Emulator) -> Self {
        let operator = emulator.operator();
        Self::with_secret(emulator, &operator.client_id, &operator.client_secret).await
    }

    pub(crate) async fn with_secret(emulator: &Emulator, client_id: &str, secret: &str) -> Self {
        let answer = sign_in(emulator, &[("client_id", client_id), ("client_secret", secret)]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Self {
            http: http(),
            url: emulator.url().to_owned(),
            token: answer.body["access_token"].as_str().unwrap().to_owned(),
        }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}/v1.0{path}", self.url)).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &[]).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body), &[]).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None, &[]).await
    }

    pub(crate) async fn upsert(&self, name: &str, body: Value) -> Answer {
        let path = format!("/applications(uniqueName='{name}')");
        self.send(Method::PATCH, &path, Some(body), &[("Prefer", "create-if-missing")]).await
    }
}

pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub(crate) async fn sign_in(emulator: &Emulator, form: &[(&str, &str)]) -> Answer {
    sign_in_to(emulator, "https://graph.microsoft.com/.default", form).await
}

pub(crate) async fn sign_in_to(emulator: &Emulator, scope: &str, form: &[(&str, &str)]) -> Answer {
    let mut form = form.to_vec();
    form.extend([("grant_type", "client_credentials"), ("scope", scope)]);
    let address = format!("{}/{}/oauth2/v2.0/token", emulator.url(), emulator.tenant_id());
    Answer::read(http().post(address).form(&form).send().await.unwrap()).await
}

pub(crate) async fn control(emulator: &Emulator, method: Method, route: &str, body: Option<Value>) -> Answer {
    let mut request = http().request(method, format!("{}/_emulator/{route}", emulator.url()));
    if let Some(body) = body {
        request = request.json(&body);
    }
    Answer::read(request.send().await.unwrap()).await
}

pub(crate) async fn start() -> Emulator {
    emulator::start(Options::new(DOMAIN)).await.unwrap()
}

pub(crate) const NOW: &str = "2026-03-01T12:00:00Z";

/// An emulator whose clock starts at [`NOW`].
pub(crate) async fn start_now() -> Emulator {
    let options = Options { now: Some(NOW.parse().unwrap()), ..Options::new(DOMAIN) };
    emulator::start(options).await.unwrap()
}

/// A secret for this application, and a client that signs in with it.
pub(crate) async fn with_new_secret(emulator: &Emulator, client: &Client, id: &str, app_id: &str) -> Client {
    let password = client.post(&format!("/applications/{id}/addPassword"), json!({})).await;
    Client::with_secret(emulator, app_id, password.body["secretText"].as_str().unwrap()).await
}

/// The id of one of the people whom every tenant has.
pub(crate) async fn person(client: &Client, name: &str) -> String {
    let answer = client.get(&format!("/users/{name}@{DOMAIN}")).await;
    answer.body["id"].as_str().unwrap().to_owned()
}

/// The address of a directory object, as clients refer to it.
pub(crate) fn reference(client: &Client, id: &str) -> Value {
    json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{id}", client.url) })
}

/// The ids of a listed collection.
pub(crate) async fn ids(client: &Client, path: &str) -> Vec<String> {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    let value = answer.body["value"].as_array().unwrap();
    let mut ids: Vec<String> = value.iter().map(|object| object["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

pub(crate) fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A certificate and what signs with it.
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    pub(crate) key: String,
}

impl Certificate {
    pub(crate) fn new() -> Self {
        let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        let mut parameters = rcgen::CertificateParams::new(vec![DOMAIN.to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2040, 1, 1);
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(rcgen::DnType::CountryName, "AU");
        parameters.distinguished_name.push(rcgen::DnType::CommonName, "Automation, nightly");
        Self { der: parameters.self_signed(&key).unwrap().der().to_vec(), key: key.serialize_pem() }
    }

    pub(crate) fn credential(&self) -> Value {
        json!({ "type": "AsymmetricX509Cert", "usage": "Verify", "key": BASE64_STANDARD.encode(&self.der) })
    }

    pub(crate) fn assertion(&self, algorithm: Algorithm, audience: &str, client_id: &str, change: &Value) -> String {
        let mut header = Header::new(algorithm);
        if algorithm == Algorithm::PS256 {
            header.x5t_s256 = Some(BASE64_URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(&self.der)));
        } else {
            header.x5t = Some(BASE64_STANDARD.encode(sha1::Sha1::digest(&self.der)));
        }
        let now = jiff_now();
        let mut claims = json!({
            "aud": audience, "iss": client_id, "sub": client_id, "jti": "1", "nbf": now, "exp": now + 300,
        });
        for (name, value) in change.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        let key = EncodingKey::from_rsa_pem(self.key.as_bytes()).unwrap();
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "assertions are made by the client's clock")]
pub(crate) fn jiff_now() -> i64 {
    jiff::Timestamp::now().as_second()
}

pub(crate) const ASSERTION_TYPE: (&str, &str) =
    ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");

/// An application with its service principal: object id, app id, principal id.
pub(crate) async fn application(client: &Client, name: &str, body: Value) -> (String, String, String) {
    let made = client.upsert(name, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
    let principal = client.post("/servicePrincipals", json!({ "appId": text("appId") })).await;
    assert_eq!(principal.status, 201, "{}", principal.body);
    (text("id"), text("appId"), principal.body["id"].as_str().unwrap().to_owned())
}

pub(crate) async fn resource(client: &Client, app_id: &str) -> String {
    let answer = client.get(&format!("/servicePrincipals(appId='{app_id}')?$select=id")).await;
    answer.body["id"].as_str().unwrap().to_owned()
}
