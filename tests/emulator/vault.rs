//! Key Vault over HTTP: the challenge, tokens, and the shapes that the recordings have.

use super::client::*;
use accredit::emulator::{self, Emulator, Options};
use base64::{Engine, prelude::*};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::PathBuf;

const VAULT: &str = "https://vault.azure.net/.default";
/// 2026-03-01T00:00:00Z.
const NOW: i64 = 1_772_323_200;

/// A vault of the emulator, with a token for it.
struct Vault {
    http: reqwest::Client,
    url: String,
    host: Option<&'static str>,
    token: String,
}

impl Vault {
    async fn of(emulator: &Emulator) -> Self {
        let token = token(emulator, VAULT).await;
        Self { http: http(), url: emulator.url().to_owned(), host: None, token }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let separator = if path.contains('?') { '&' } else { '?' };
        let address = format!("{}{path}{separator}api-version=7.4", self.url);
        let mut request = self.http.request(method, address).bearer_auth(&self.token);
        if let Some(host) = self.host {
            request = request.header("host", host);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }
}

async fn token(emulator: &Emulator, scope: &str) -> String {
    let operator = emulator.operator();
    let form = [("client_id", operator.client_id.as_str()), ("client_secret", operator.client_secret.as_str())];
    let answer = sign_in_to(emulator, scope, &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["access_token"].as_str().unwrap().to_owned()
}

async fn started(file: Option<PathBuf>, now: i64) -> Emulator {
    let now = Some(jiff::Timestamp::from_second(now).unwrap());
    emulator::start(Options { file, now, ..Options::new(DOMAIN) }).await.unwrap()
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_request_without_a_token_is_challenged_and_a_token_is_checked() {
    let emulator = started(None, NOW).await;
    let address = format!("{}/certificates/cert1/create?api-version=7.4", emulator.url());
    let asked = http().post(&address).header("x-ms-client-request-id", "mine").send().await.unwrap();
    let answer = Answer::read(asked).await;
    assert_eq!(answer.said(), (401, "Unauthorized"));
    assert_eq!(answer.message(), "AKV10000: Request is missing a Bearer or PoP token.");
    let challenge = format!(
        "Bearer authorization=\"{}/{}\", resource=\"https://vault.azure.net\"",
        emulator.url(),
        emulator.tenant_id()
    );
    assert_eq!(answer.headers["www-authenticate"], challenge.as_str());
    assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(answer.headers["x-ms-client-request-id"], "mine");
    for name in ["x-ms-request-id", "x-ms-keyvault-region", "x-ms-keyvault-service-version"] {
        assert!(answer.headers.contains_key(name), "{name}");
    }

    let mut vault = Vault::of(&emulator).await;
    let good = vault.token.clone();
    assert_eq!(vault.get("/secrets").await.body, json!({ "value": [], "nextLink": null }));
    vault.token = token(&emulator, "https://vault.azure.net//.default").await;
    assert_eq!(vault.get("/secrets").await.status, 200, "the audience may end in a slash");
    vault.token = token(&emulator, "https://graph.microsoft.com/.default").await;
    let refused = vault.get("/secrets").await;
    assert_eq!(refused.said(), (401, "Unauthorized"));
    assert!(refused.message().starts_with("AKV10022: Invalid audience."), "{}", refused.message());
    assert!(refused.headers.contains_key("www-authenticate"));
    let (head, signature) = good.rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    vault.token = format!("{head}.{turned}");
    assert_eq!(vault.get("/secrets").await.status, 401);

    let old = emulator::start(Options::new(DOMAIN)).await.unwrap();
    vault.token = token(&old, VAULT).await;
    assert_eq!(vault.get("/secrets").await.status, 401, "another tenant's token");

    for version in ["", "api-version=1.0", "api-version="] {
        let request = http().get(format!("{}/keys?{version}", emulator.url())).bearer_auth(&good);
        assert_eq!(Answer::read(request.send().await.unwrap()).await.said(), (400, "BadParameter"), "{version}");
    }
}

#[tokio::test]
async fn a_token_ends_with_its_time() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tenant.jsonl");
    let emulator = started(Some(file.clone()), NOW).await;
    let mut vault = Vault::of(&emulator).await;
    assert_eq!(vault.put("/secrets/kept", json!({ "value": "x" })).await.status, 200);
    assert_eq!(vault.put("/secrets/gone", json!({ "value": "x" })).await.status, 200);
    let deleted = vault.delete("/secrets/gone").await.body;
    assert_eq!(deleted["scheduledPurgeDate"].as_i64().unwrap() - deleted["deletedDate"].as_i64().unwrap(), 7_776_000);
    emulator.stop().await;

    let emulator = started(Some(file), NOW + 91 * 86_400).await;
    vault.url = emulator.url().to_owned();
    assert_eq!(vault.get("/secrets/kept").await.said(), (401, "Unauthorized"));
    let vault = Vault::of(&emulator).await;
    assert_eq!(vault.get("/secrets/kept").await.body["value"], "x");
    assert_eq!(vault.get("/deletedsecrets/gone").await.said(), (404, "SecretNotFound"));
    assert_eq!(vault.put("/secrets/gone", json!({ "value": "new" })).await.status, 200);
}

#[tokio::test]
async fn a_certificate_is_created_as_it_was_recorded() {
    let emulator = started(None, NOW).await;
    let vault = Vault::of(&emulator).await;
    let policy = json!({
        "key_props": { "exportable": true, "kty": "RSA", "key_size": 2048, "reuse_key": true },
        "secret_props": { "contentType": "application/x-pkcs12" },
        "x509_props": {
            "subject": "CN=CLIGetDefaultPolicy",
            "sans": {},
            "key_usage": ["cRLSign", "dataEncipherment", "digitalSignature", "keyEncipherment", "keyAgreement", "keyCertSign"],
            "validity_months": 24,
        },
        "lifetime_actions": [{ "trigger": { "days_before_expiry": 90 }, "action": { "action_type": "AutoRenew" } }],
        "issuer": { "name": "Self" },
    });
    let body = json!({ "policy": policy, "attributes": { "enabled": true } });
    let made = vault.post("/certificates/cert1/create", body.clone()).await;
    assert_eq!(made.status, 202, "{}", made.body);
    let url = emulator.url();
    let asked = made.body["request_id"].as_str().unwrap();
    let location = format!("{url}/certificates/cert1/pending?api-version=7.4&request_id={asked}");
    assert_eq!(made.headers["location"], location.as_str());
    assert!(made.headers.contains_key("retry-after"));
    let members = ["id", "issuer", "csr", "cancellation_requested", "status", "status_details", "request_id"];
    assert_eq!(names(&made.body), members);
    assert_eq!(made.body["id"], format!("{url}/certificates/cert1/pending"));
    assert_eq!((&made.body["issuer"], &made.body["status"]), (&json!({ "name": "Self" }), &json!("inProgress")));
    assert_eq!(vault.post("/certificates/cert1/create", body.clone()).await.said(), (409, "Conflict"));
    let early = vault.get("/certificates/cert1/").await.body;
    assert_eq!(names(&early), ["id", "attributes", "policy", "pending"]);
    assert_eq!(early["attributes"]["enabled"], false);
    assert_eq!(vault.get("/secrets/cert1").await.status, 404);
    assert_eq!(vault.get("/certificates").await.body["value"], json!([]));

    assert_eq!(vault.get("/certificates/cert1/pending").await.body, made.body);
    let done = vault.get("/certificates/cert1/pending").await.body;
    assert_eq!(names(&done), ["id", "issuer", "csr", "cancellation_requested", "status", "target", "request_id"]);
    assert_eq!((&done["status"], &done["csr"]), (&json!("completed"), &made.body["csr"]));
    assert_eq!(done["target"], format!("{url}/certificates/cert1"));

    let found = vault.get("/certificates/cert1/").await.body;
    assert_eq!(names(&found), ["id", "kid", "sid", "x5t", "cer", "attributes", "policy", "pending"]);
    let version = found["id"].as_str().unwrap().rsplit('/').next().unwrap();
    assert_eq!(found["kid"], format!("{url}/keys/cert1/{version}"));
    assert_eq!(found["sid"], format!("{url}/secrets/cert1/{version}"));
    let attributes = &found["attributes"];
    let members = ["enabled", "nbf", "exp", "created", "updated", "recoveryLevel", "recoverableDays"];
    assert_eq!(names(attributes), members);
    // Ten minutes before now, and two years after it.
    assert!((0..60).contains(&(attributes["nbf"].as_i64().unwrap() - (NOW - 600))));
    assert!((0..60).contains(&(attributes["exp"].as_i64().unwrap() - (NOW + 731 * 86_400))));
    let shown = &found["policy"];
    let members = ["id", "key_props", "secret_props", "x509_props", "lifetime_actions", "issuer", "attributes"];
    assert_eq!(names(shown), members);
    assert_eq!(shown["key_props"], policy["key_props"]);
    assert_eq!(
        shown["x509_props"],
        json!({
            "subject": "CN=CLIGetDefaultPolicy",
            "sans": {},
            "ekus": ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"],
            "key_usage": ["cRLSign", "dataEncipherment", "digitalSignature", "keyAgreement", "keyCertSign", "keyEncipherment"],
            "validity_months": 24,
            "basic_constraints": { "ca": false },
        })
    );
    let key = vault.get(&format!("/keys/cert1/{version}")).await.body;
    assert_eq!(names(&key["key"]), ["kid", "kty", "key_ops", "n", "e"]);
    assert_eq!((&key["managed"], &key["key"]["kty"]), (&json!(true), &json!("RSA")));
    let secret = vault.get("/secrets/cert1").await.body;
    assert_eq!(names(&secret), ["value", "contentType", "id", "managed", "attributes", "kid"]);

    // The policy reuses the key.
    assert_eq!(vault.post("/certificates/cert1/create", body).await.status, 202);
    vault.get("/certificates/cert1/pending").await;
    vault.get("/certificates/cert1/pending").await;
    let again = vault.get("/keys/cert1").await.body;
    assert_eq!(again["key"]["n"], key["key"]["n"]);
    assert_ne!(again["key"]["kid"], key["key"]["kid"]);
    let versions = vault.get("/certificates/cert1/versions").await.body;
    assert_eq!(versions["value"].as_array().unwrap().len(), 2);
    assert_eq!(names(&versions["value"][0]), ["id", "x5t", "attributes"]);

    // The parts of a certificate belong to it.
    for path in ["/secrets/cert1", "/keys/cert1"] {
        assert_eq!(vault.delete(path).await.said(), (403, "Forbidden"), "{path}");
    }
    assert_eq!(vault.put("/secrets/cert1", json!({ "value": "x" })).await.status, 403);
    let state = control(&emulator, Method::GET, "state", None).await.body;
    assert_eq!(state["vaultCertificates"].as_array().unwrap().len(), 3, "{}", state["vaultCertificates"]);
    let text = state.to_string();
    assert!(!text.contains(secret["value"].as_str().unwrap()) && !text.contains("pkcs8"), "secrets are shown");
}

#[tokio::test]
async fn a_deleted_object_can_be_recovered_or_purged_but_not_replaced() {
    let emulator = started(None, NOW).await;
    let vault = Vault::of(&emulator).await;
    let set = vault.put("/secrets/word", json!({ "value": "one", "tags": {} })).await.body;
    assert_eq!(names(&set), ["value", "id", "attributes", "tags"]);
    let deleted = vault.delete("/secrets/word").await.body;
    assert_eq!(names(&deleted), ["recoveryId", "deletedDate", "scheduledPurgeDate", "id", "attributes", "tags"]);
    assert_eq!(deleted["recoveryId"], format!("{}/deletedsecrets/word", emulator.url()));
    let missing = vault.get("/secrets/word").await;
    assert_eq!(missing.said(), (404, "SecretNotFound"));
    assert!(missing.message().starts_with("A secret with (name/id) word was not found in this key vault."));
    let refused = vault.put("/secrets/WORD", json!({ "value": "two" })).await;
    assert_eq!(refused.said(), (409, "Conflict"));
    assert_eq!(refused.body["error"]["innererror"]["code"], "ObjectIsDeletedButRecoverable");
    assert_eq!(vault.get("/deletedsecrets/word").await.body, deleted);
    assert_eq!(vault.send(Method::POST, "/deletedsecrets/word/recover", None).await.status, 200);
    assert_eq!(vault.get("/secrets/word").await.body["value"], "one");
    assert_eq!(vault.get("/deletedsecrets/word").await.message(), "Deleted Secret not found: word");
    vault.delete("/secrets/word").await;
    assert_eq!(vault.delete("/deletedsecrets/word").await.status, 204);
    assert_eq!(vault.send(Method::POST, "/deletedsecrets/word/recover", None).await.status, 404);
    assert_eq!(vault.put("/secrets/word", json!({ "value": "two" })).await.status, 200);
}

#[tokio::test]
async fn what_is_not_known_is_refused() {
    let emulator = started(None, NOW).await;
    let vault = Vault::of(&emulator).await;
    let refused = [
        vault.put("/secrets/s", json!({ "value": "x", "colour": "red" })).await,
        vault.put("/secrets/s", json!({ "value": 5 })).await,
        vault.put("/secrets/s", json!({ "value": "x", "attributes": { "enabled": "yes" } })).await,
        vault.put("/secrets/s", json!({ "value": "x", "attributes": { "exp": 1, "nbf": 2 } })).await,
        vault.put("/secrets/s", json!([])).await,
        vault.put("/secrets/a_b", json!({ "value": "x" })).await,
        vault.get("/secrets?colour=red").await,
        vault.get("/secrets?maxresults=26").await,
        vault.post("/keys/k/create", json!({ "kty": "RSA", "key_size": 1024 })).await,
        vault.post("/keys/k/create", json!({ "kty": "wax" })).await,
        vault.post("/keys/k/create", json!({ "kty": "EC", "crv": "P-257" })).await,
        vault.post("/keys/k/create", json!({ "kty": "RSA", "crv": "P-256" })).await,
        vault.post("/certificates/c/create", json!({})).await,
        vault.post("/certificates/c/create", json!({ "policy": { "issuer": { "name": "Self" } } })).await,
        vault
            .post(
                "/certificates/c/create",
                json!({ "policy": { "issuer": { "name": "Self" }, "x509_props": { "subject": "no name" } } }),
            )
            .await,
        vault.post("/certificates/c/import", json!({ "value": "AAAA" })).await,
    ];
    for (index, answer) in refused.iter().enumerate() {
        assert_eq!(answer.said(), (400, "BadParameter"), "{index}: {}", answer.body);
    }
    assert_eq!(vault.post("/keys/k/create", json!({ "kty": "oct" })).await.status, 501);
    assert_eq!(vault.send(Method::POST, "/secrets/s/backup", None).await.status, 501);
    assert_eq!(vault.patch("/secrets", json!({})).await.status, 405);
    assert_eq!(vault.get("/secrets/s/0123/more").await.status, 405);
    let state = control(&emulator, Method::GET, "state", None).await.body;
    for collection in ["vaultSecrets", "vaultKeys", "vaultCertificates"] {
        assert_eq!(state[collection], json!([]), "nothing was made");
    }
}

#[tokio::test]
async fn a_key_signs_what_its_time_and_its_uses_allow() {
    let emulator = started(None, NOW).await;
    let vault = Vault::of(&emulator).await;
    let made = vault.post("/keys/k/create", json!({ "kty": "RSA", "key_ops": ["sign", "verify"] })).await.body;
    assert_eq!(made["key"]["key_ops"], json!(["sign", "verify"]));
    let digest = BASE64_URL_SAFE_NO_PAD.encode([7; 32]);
    let signed = vault.post("/keys/k/sign", json!({ "alg": "PS256", "value": digest })).await.body;
    assert_eq!(signed["kid"], made["key"]["kid"]);
    let check = |value: Value| json!({ "alg": "PS256", "digest": digest, "value": value });
    assert_eq!(vault.post("/keys/k/verify", check(signed["value"].clone())).await.body, json!({ "value": true }));
    let other = BASE64_URL_SAFE_NO_PAD.encode([0; 256]);
    assert_eq!(vault.post("/keys/k/verify", check(json!(other))).await.body, json!({ "value": false }));
    let short = json!({ "alg": "RS512", "value": digest });
    assert_eq!(vault.post("/keys/k/sign", short).await.said(), (400, "BadParameter"));
    let encrypt = json!({ "alg": "RSA-OAEP", "value": digest });
    assert_eq!(vault.post("/keys/k/encrypt", encrypt).await.said(), (403, "Forbidden"));

    let sign = json!({ "alg": "RS256", "value": digest });
    for (attributes, inner) in [
        (json!({ "exp": NOW - 1 }), "KeyExpired"),
        (json!({ "exp": NOW + 900_000, "nbf": NOW + 90_000 }), "KeyNotYetValid"),
        (json!({ "enabled": false }), "KeyDisabled"),
    ] {
        assert_eq!(vault.patch("/keys/k", json!({ "attributes": attributes })).await.status, 200);
        let refused = vault.post("/keys/k/sign", sign.clone()).await;
        assert_eq!((refused.status, &refused.body["error"]["innererror"]["code"]), (403, &json!(inner)));
    }
}

#[tokio::test]
async fn a_host_names_a_vault() {
    let emulator = started(None, NOW).await;
    let plain = Vault::of(&emulator).await;
    let one = Vault { host: Some("one.vault.example:8443"), ..Vault::of(&emulator).await };
    let two = Vault { host: Some("two.vault.example:8443"), ..Vault::of(&emulator).await };
    let set = one.put("/secrets/word", json!({ "value": "of one" })).await.body;
    assert!(set["id"].as_str().unwrap().starts_with("http://one.vault.example:8443/secrets/word/"));
    assert_eq!(two.get("/secrets/word").await.status, 404);
    assert_eq!(plain.get("/secrets/word").await.status, 404);
    assert_eq!(one.get("/secrets/word").await.body["value"], "of one");

    let request = http().get(format!("{}/secrets?api-version=7.4", emulator.url()));
    let asked = request.header("host", "one.vault.example:8443").send().await.unwrap();
    let challenge = format!(
        "Bearer authorization=\"{}/{}\", resource=\"http://vault.example:8443\"",
        emulator.url(),
        emulator.tenant_id()
    );
    assert_eq!(asked.headers()["www-authenticate"], challenge.as_str());
    // Behind something that takes TLS off.
    let request = http().get(format!("{}/secrets?api-version=7.4", emulator.url()));
    let request = request.header("host", "one.vault.example").header("x-forwarded-proto", "https");
    let asked = request.send().await.unwrap();
    let challenge = asked.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.ends_with("resource=\"https://vault.example\""), "{challenge}");
    let one = Vault { token: token(&emulator, "http://vault.example:8443/.default").await, ..one };
    assert_eq!(one.get("/secrets/word").await.status, 200);
    let two = Vault { token: one.token.clone(), host: Some("two.vault.elsewhere"), ..two };
    assert_eq!(two.get("/secrets/word").await.status, 401, "a token for another host's vaults");

    // Pages follow the host too.
    for number in 0..3 {
        one.put(&format!("/secrets/n{number}"), json!({ "value": "x" })).await;
    }
    let page = one.get("/secrets?maxresults=3").await.body;
    assert_eq!(page["value"].as_array().unwrap().len(), 3);
    let next = page["nextLink"].as_str().unwrap();
    let next = next.strip_prefix("http://one.vault.example:8443").unwrap().replace("api-version=7.4&", "");
    let last = one.get(&next).await.body;
    assert_eq!(last["value"].as_array().unwrap().len(), 1);
    assert_eq!(last["nextLink"], Value::Null);
}

#[tokio::test]
async fn a_cancelled_certificate_never_comes() {
    let emulator = started(None, NOW).await;
    let vault = Vault::of(&emulator).await;
    let body = json!({ "policy": { "issuer": { "name": "Self" }, "x509_props": { "subject": "cn=MyCert" } } });
    assert_eq!(vault.post("/certificates/c/create", body.clone()).await.status, 202);
    let cancelled = vault.patch("/certificates/c/pending", json!({ "cancellation_requested": true })).await.body;
    assert_eq!((&cancelled["cancellation_requested"], &cancelled["status"]), (&json!(true), &json!("inProgress")));
    vault.get("/certificates/c/pending").await;
    assert_eq!(vault.get("/certificates/c/pending").await.body["status"], "cancelled");
    assert_eq!(vault.delete("/certificates/c/pending").await.status, 200);
    let gone = vault.get("/certificates/c/pending").await;
    assert_eq!(gone.message(), "Pending certificate not found: c");
    assert_eq!(vault.get("/certificates/c").await.body["attributes"]["enabled"], false);
    assert_eq!(vault.get("/keys/c").await.status, 404);
    // The name is free for another attempt.
    assert_eq!(vault.post("/certificates/c/create", body).await.status, 202);
}

fn certificate(subject: &str) -> Value {
    json!({ "policy": { "issuer": { "name": "Self" }, "x509_props": { "subject": subject } } })
}

#[tokio::test]
async fn what_no_certificate_can_be_made_of_stops_nobody_else() {
    let emulator = started(None, NOW).await;
    let vault = Vault::of(&emulator).await;
    // Identifiers that no certificate can hold.
    for identifier in ["9.9.9", "1.40.1", "2.18446744073709551615.1"] {
        let refused = vault.post("/certificates/c/create", certificate(&format!("CN=x, {identifier}=y"))).await;
        assert_eq!(refused.said(), (400, "BadParameter"), "{identifier}");
        let mut body = certificate("CN=x");
        body["policy"]["x509_props"]["ekus"] = json!([identifier]);
        let refused = vault.post("/certificates/c/create", body).await;
        assert_eq!(refused.said(), (400, "BadParameter"), "{identifier}");
    }
    assert_eq!(vault.post("/certificates/c/create", certificate("CN=x")).await.status, 202);
    // A policy is held to the same by every way to change it.
    let nonsense = json!({ "x509_props": { "subject": "nonsense" } });
    assert_eq!(vault.patch("/certificates/c/policy", nonsense.clone()).await.said(), (400, "BadParameter"));
    assert_eq!(vault.patch("/certificates/c", json!({ "policy": nonsense })).await.said(), (400, "BadParameter"));
    // A time that no certificate has: it fails alone.
    let never = json!({ "attributes": { "exp": i64::MAX } });
    assert_eq!(vault.patch("/certificates/c", never).await.status, 200);
    vault.get("/certificates/c/pending").await;
    let failed = vault.get("/certificates/c/pending").await;
    assert_eq!((failed.status, &failed.body["status"]), (200, &json!("failed")));
    assert_eq!(vault.get("/secrets").await.status, 200);
}

#[tokio::test]
async fn the_words_of_other_services_are_names_in_a_vault() {
    let emulator = started(None, NOW).await;
    let vault = Vault::of(&emulator).await;
    for name in ["oauth2", "userrealm", "discovery"] {
        assert_eq!(vault.put(&format!("/secrets/{name}"), json!({ "value": name })).await.status, 200, "{name}");
        let versions = vault.get(&format!("/secrets/{name}/versions")).await.body;
        let id = versions["value"][0]["id"].as_str().unwrap();
        let read = vault.get(id.strip_prefix(emulator.url()).unwrap()).await;
        assert_eq!(read.body["value"], name);
        let created = vault.post(&format!("/keys/{name}/create"), json!({ "kty": "EC" })).await;
        assert_eq!(created.status, 200, "{name}: {}", created.body);
    }
}

#[tokio::test]
async fn a_certificate_on_its_way_has_its_name_to_itself() {
    let emulator = started(None, NOW).await;
    let vault = Vault::of(&emulator).await;
    assert_eq!(vault.post("/certificates/c/create", certificate("CN=x")).await.status, 202);
    assert_eq!(vault.put("/secrets/c", json!({ "value": "mine" })).await.said(), (403, "Forbidden"));
    assert_eq!(vault.post("/keys/C/create", json!({ "kty": "EC" })).await.said(), (403, "Forbidden"));
    vault.get("/certificates/c/pending").await;
    assert_eq!(vault.get("/certificates/c/pending").await.body["status"], "completed");
    assert_eq!(vault.get("/secrets/c/versions").await.body["value"].as_array().unwrap().len(), 1);
    vault.delete("/certificates/c").await;
    assert_eq!(vault.delete("/deletedcertificates/c").await.status, 204);
    assert_eq!(vault.put("/secrets/c", json!({ "value": "mine" })).await.status, 200);
}

#[tokio::test]
async fn a_host_that_is_no_name_of_a_vault_means_the_vault_without_one() {
    let emulator = started(None, NOW).await;
    let mut vault = Vault::of(&emulator).await;
    vault.put("/secrets/plain", json!({ "value": "x" })).await;
    for (host, status) in [("a/b.vault.localhost", 200), (".vault.localhost", 200), ("a-b.vault.localhost", 404)] {
        vault.host = Some(host);
        assert_eq!(vault.get("/secrets/plain").await.status, status, "{host}");
    }
}
