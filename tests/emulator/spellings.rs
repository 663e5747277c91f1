//! Ways of writing a request that clients have and no documentation dwells on.

use accredit::emulator::{self, Options};
use base64::{Engine, prelude::*};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::client::*;

#[tokio::test]
async fn a_type_may_carry_the_short_name_of_its_namespace() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    let (id, ..) = application(&client, "short", json!({ "displayName": "Short" })).await;
    assert_eq!(client.delete(&format!("/applications/{id}")).await.status, 204);
    for name in ["graph.application", "microsoft.graph.application"] {
        let deleted = client.get(&format!("/directory/deletedItems/{name}")).await;
        assert_eq!(deleted.body["value"][0]["id"], id.as_str(), "{name}: {}", deleted.body);
    }
    let unknown = client.get("/directory/deletedItems/graph.nonsense").await;
    assert!(unknown.status >= 400, "{}", unknown.body);
}

#[tokio::test]
async fn the_tenant_may_stand_before_the_rest_of_a_path() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    for tenant in [emulator.tenant_id(), emulator.domain(), "myorganization"] {
        let found = client.get(&format!("/{tenant}/organization")).await;
        assert_eq!(found.body["value"][0]["id"], emulator.tenant_id(), "{tenant}: {}", found.body);
    }
    let other = client.get("/00000000-0000-0000-0000-000000000001/organization").await;
    assert_eq!(other.said(), (400, "BadRequest"));
}

/// Some clients keep the padding of Base64, and sign it: azure-identity for asyncio does.
#[tokio::test]
async fn a_padded_assertion_is_verified_as_it_was_signed() {
    let now = "2026-01-01T12:00:00Z".parse::<jiff::Timestamp>().unwrap();
    let emulator = emulator::start(Options { now: Some(now), ..Options::new(DOMAIN) }).await.unwrap();
    let client = Client::operator(&emulator).await;
    let certificate = Certificate::new();
    let body = json!({ "displayName": "Padded", "keyCredentials": [certificate.credential()] });
    let (_, client_id, _) = application(&client, "padded", body).await;
    let audience = format!("{}/{}/oauth2/v2.0/token", emulator.url(), emulator.tenant_id());
    let times = json!({ "nbf": now.as_second(), "exp": now.as_second() + 300 });
    let whole = certificate.assertion(Algorithm::PS256, &audience, &client_id, &times);
    let parts: Vec<&str> = whole.split('.').collect();
    let padded = |part: &str| BASE64_URL_SAFE.encode(BASE64_URL_SAFE_NO_PAD.decode(part).unwrap());
    // Blanks at the end of the claims, as many as it takes until there is something to pad.
    let mut claims =
        serde_json::from_slice::<Value>(&BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap().to_string();
    while claims.len().is_multiple_of(3) {
        claims.push(' ');
    }
    let message = format!("{}.{}", padded(parts[0]), BASE64_URL_SAFE.encode(&claims));
    assert!(message.contains('='));
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(certificate.key.as_bytes()).unwrap();
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::PS256).unwrap();
    let assertion = format!("{message}.{}", padded(&signature));
    let form = [("client_id", client_id.as_str()), ("client_assertion", &assertion), ASSERTION_TYPE];
    let signed_in = sign_in(&emulator, &form).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.body);
    let forged = assertion.replacen(&message[..8], &BASE64_URL_SAFE_NO_PAD.encode("{\"alg\" ")[..8], 1);
    assert_ne!(
        sign_in(&emulator, &[("client_id", client_id.as_str()), ("client_assertion", &forged), ASSERTION_TYPE])
            .await
            .status,
        200
    );
}
