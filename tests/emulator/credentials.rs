//! `addKey` and `removeKey`, with real proofs of possession; certificates and secrets on creation.

use super::client::*;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// A proof signed by this certificate's key, at the emulator's time.
fn proof(certificate: &Certificate, holder: &str, change: &Value) -> String {
    let now = NOW.parse::<jiff::Timestamp>().unwrap().as_second();
    let mut claims = json!({
        "aud": "00000002-0000-0000-c000-000000000000", "iss": holder, "nbf": now, "exp": now + 600,
    });
    for (name, value) in change.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    let key = EncodingKey::from_rsa_pem(certificate.key.as_bytes()).unwrap();
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
}

#[tokio::test]
async fn an_application_rolls_its_own_keys_with_a_proof_and_no_permission() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let (first, second, third) = (Certificate::new(), Certificate::new(), Certificate::new());
    let body = json!({ "displayName": "Rolling", "keyCredentials": [first.credential()] });
    let (id, app_id, _) = application(&client, "rolling", body).await;
    let own = with_new_secret(&emulator, &client, &id, &app_id).await;
    let path = format!("/applications/{id}/addKey");
    let add =
        |proof: String| json!({ "keyCredential": second.credential(), "passwordCredential": null, "proof": proof });

    let now = NOW.parse::<jiff::Timestamp>().unwrap().as_second();
    for wrong in [
        proof(&first, &app_id, &json!({})),
        proof(&third, &id, &json!({})),
        proof(&first, &id, &json!({ "aud": GRAPH })),
        proof(&first, &id, &json!({ "exp": now + 601 })),
        "nonsense".to_owned(),
    ] {
        let refused = own.post(&path, add(wrong)).await;
        assert_eq!(refused.said(), (401, "Authentication_MissingOrMalformed"));
        assert_eq!(refused.message(), "Access Token missing or malformed.");
    }
    let late = proof(&first, &id, &json!({ "nbf": now - 2000, "exp": now - 1500 }));
    assert_eq!(own.post(&path, add(late)).await.said(), (401, "Authentication_ExpiredToken"));

    let added = own.post(&path, add(proof(&first, &id, &json!({})))).await;
    assert_eq!(added.status, 200, "{}", added.body);
    assert!(added.body["@odata.context"].as_str().unwrap().ends_with("#microsoft.graph.keyCredential"));
    assert_eq!(added.body["key"], Value::Null);
    // The new key proves itself at once, and may remove the old one.
    let keys = client.get(&format!("/applications/{id}")).await.body["keyCredentials"].clone();
    assert_eq!(keys.as_array().unwrap().len(), 2);
    let old = keys.as_array().unwrap().iter().find(|key| key["keyId"] != added.body["keyId"]).unwrap()["keyId"].clone();
    let remove = json!({ "keyId": old, "proof": proof(&second, &id, &json!({})) });
    assert_eq!(own.post(&format!("/applications(appId='{app_id}')/removeKey"), remove.clone()).await.status, 204);
    assert_eq!(own.post(&format!("/applications/{id}/removeKey"), remove).await.status, 400);
    let gone = own.post(&path, add(proof(&first, &id, &json!({})))).await;
    assert_eq!(gone.said(), (401, "Authentication_MissingOrMalformed"));

    // A stranger may not, whatever the proof.
    let (other, other_app, _) = application(&client, "stranger", json!({ "displayName": "Stranger" })).await;
    let stranger = with_new_secret(&emulator, &client, &other, &other_app).await;
    let refused = stranger.post(&path, add(proof(&second, &id, &json!({})))).await;
    assert_eq!(refused.said(), (403, "Authorization_RequestDenied"));
}

#[tokio::test]
async fn a_packed_certificate_needs_its_password() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let certificate = Certificate::new();
    let (_, _, principal) = application(&client, "saml", json!({ "displayName": "Saml" })).await;
    let path = format!("/servicePrincipals/{principal}");
    let keys = json!({ "keyCredentials": [certificate.credential()] });
    assert_eq!(client.patch(&path, keys).await.status, 204);
    let body = |password: Value| {
        json!({
            "keyCredential": { "type": "X509CertAndPassword", "usage": "Sign", "key": certificate.credential()["key"] },
            "passwordCredential": password,
            "proof": proof(&certificate, &principal, &json!({})),
        })
    };
    let add = format!("{path}/addKey");
    assert_eq!(client.post(&add, body(Value::Null)).await.status, 400);
    let added = client.post(&add, body(json!({ "secretText": "of the key" }))).await;
    assert_eq!((added.status, &added.body["usage"]), (200, &json!("Sign")), "{}", added.body);
}

#[tokio::test]
async fn one_certificate_is_held_once_and_a_secret_is_seen_once() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let certificate = Certificate::new();
    let body = json!({
        "displayName": "Once",
        "keyCredentials": [certificate.credential()],
        "passwordCredentials": [{ "displayName": "first", "endDateTime": "2026-09-01T00:00:00Z" }],
    });
    let made = client.post("/applications", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let (id, app_id) = (made.body["id"].as_str().unwrap(), made.body["appId"].as_str().unwrap());
    let secret = made.body["passwordCredentials"][0]["secretText"].as_str().unwrap();
    assert_eq!(client.post("/servicePrincipals", json!({ "appId": app_id })).await.status, 201);
    Client::with_secret(&emulator, app_id, secret).await;
    let path = format!("/applications/{id}");
    let read = client.get(&path).await.body;
    assert_eq!(read["passwordCredentials"][0]["secretText"], Value::Null);
    let nonsense = client.post(&format!("{path}/addPassword"), json!({ "passwordCredential": "new" })).await;
    assert_eq!(nonsense.status, 400, "{}", nonsense.body);

    let mut again = certificate.credential();
    again["keyId"] = "11111111-2222-3333-4444-555555555555".into();
    let both = json!({ "keyCredentials": [read["keyCredentials"][0], again] });
    assert_eq!(client.patch(&path, both).await.status, 204);
    let keys = client.get(&path).await.body["keyCredentials"].clone();
    assert_eq!(keys.as_array().unwrap().len(), 1);
    assert_eq!(keys[0]["keyId"], "11111111-2222-3333-4444-555555555555");
}

#[tokio::test]
async fn a_locked_service_principal_keeps_its_credentials() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let lock = json!({ "isEnabled": true, "allProperties": true });
    let body = json!({ "displayName": "Locked", "servicePrincipalLockConfiguration": lock });
    let (id, _, principal) = application(&client, "locked", body).await;
    let refused = client.post(&format!("/servicePrincipals/{principal}/addPassword"), json!({})).await;
    assert_eq!(refused.said(), (400, "CannotUpdateLockedServicePrincipalProperty"));
    assert_eq!(client.post(&format!("/applications/{id}/addPassword"), json!({})).await.status, 200);
}

#[tokio::test]
async fn a_password_has_a_key_id_of_its_own() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let (id, _, _) = application(&client, "Twice", json!({ "displayName": "Twice" })).await;
    let address = format!("/applications/{id}/addPassword");
    let body = json!({ "passwordCredential": { "keyId": "11111111-2222-3333-4444-555555555555" } });
    assert_eq!(client.post(&address, body.clone()).await.status, 200);
    assert_eq!(client.post(&address, body).await.said(), (400, "Request_BadRequest"));
    let misshapen = client.post(&address, json!({ "passwordCredential": "ci" })).await;
    assert_eq!(misshapen.said(), (400, "BadRequest"));
    let kept = client.get(&format!("/applications/{id}")).await;
    assert_eq!(kept.body["passwordCredentials"].as_array().unwrap().len(), 1);
}
