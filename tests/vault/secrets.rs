//! Secrets in vaults, and that they are shown nowhere.

use accredit::keys::VaultError;
use bytes::Bytes;
use futures_util::future::join_all;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::world::{MadeUp, VAULT, World, told};

const CANARY: &str = "canary-in-the-vault";

#[tokio::test]
async fn a_secret_is_read_where_there_is_one() {
    let world = World::new().await;
    assert!(world.vaults.secret(VAULT, "pfx").await.unwrap().is_none());
    let value = SecretString::from("first value with \"quotes\" and ü");
    world.vaults.put_secret(VAULT, "pfx", &value).await.unwrap();
    let read = world.vaults.secret(VAULT, "pfx").await.unwrap().unwrap();
    assert_eq!(read.expose_secret(), value.expose_secret());
    world.vaults.put_secret(VAULT, "pfx", &"second".into()).await.unwrap();
    assert_eq!(world.vaults.secret(VAULT, "pfx").await.unwrap().unwrap().expose_secret(), "second");
    assert!(world.vaults.secret("https://other.vault.azure.net", "pfx").await.unwrap().is_none());
}

#[tokio::test]
async fn a_secret_arrives_whole_though_the_first_request_was_lost() {
    let each = [json!("reset"), json!({ "status": 503 })].map(|then| async move {
        let world = World::new().await;
        world.faults(json!([{ "service": "vault", "nth": 1, "then": then }])).await;
        world.vaults.put_secret(VAULT, "pfx", &"whole".into()).await.unwrap();
        assert_eq!(world.vaults.secret(VAULT, "pfx").await.unwrap().unwrap().expose_secret(), "whole", "{then}");
        assert_eq!(world.asked().await, ["PUT /secrets/pfx", "PUT /secrets/pfx", "GET /secrets/pfx/"], "{then}");
    });
    join_all(each).await;
}

#[tokio::test]
async fn a_deleted_secret_is_missed_and_keeps_its_name() {
    let world = World::new().await;
    world.vaults.put_secret(VAULT, "pfx", &CANARY.into()).await.unwrap();
    assert_eq!(world.raw("DELETE", "/secrets/pfx", None).await.0, 200);
    assert!(world.vaults.secret(VAULT, "pfx").await.unwrap().is_none());
    let error = world.vaults.put_secret(VAULT, "pfx", &CANARY.into()).await.unwrap_err();
    let lines = told(&error);
    assert!(lines.starts_with("writing `https://team.vault.azure.net/secrets/pfx`: Conflict (Obj"), "{lines}");
    assert!(lines.contains("(HTTP 409, x-ms-request-id "), "{lines}");
    let help = error.help().unwrap();
    assert!(help.contains("az keyvault secret recover --vault-name team --name pfx"), "{help}");
    assert!(!format!("{lines}{help}{error:?}").contains(CANARY));
}

#[tokio::test]
async fn neither_secrets_nor_tokens_are_in_errors() {
    let world = World::new().await;
    let token = (world.token)().await.unwrap().expose_secret().to_owned();
    let mut shown = format!("{:?}{:?}", world.vaults, world.store("exo"));
    let mut errors: Vec<VaultError> = Vec::new();
    // An answer that is not what it should be, and holds the secret.
    for body in [r#"{"value": ["canary-in-the-vault"]}"#, r#"{"value": "canary-in-the-vault""#, "canary-in-the-vault"] {
        let odd = world.vaults_by(MadeUp(move || Ok(http::Response::new(Bytes::from(body)))));
        errors.push(odd.secret(VAULT, "pfx").await.unwrap_err());
    }
    assert!(errors.iter().all(|error| matches!(error, VaultError::Unreadable { source: None, .. })), "{errors:?}");
    // No answer, and refusals.
    let refused = [400, 401, 403, 404, 409, 500].map(|status| json!({ "status": status }));
    let each = refused.into_iter().chain([json!("reset")]).map(|then| async move {
        let world = World::new().await;
        world.faults(json!([{ "service": "vault", "then": then }])).await;
        world.vaults.put_secret(VAULT, "pfx", &CANARY.into()).await.unwrap_err()
    });
    errors.extend(join_all(each).await);
    shown.extend(errors.iter().map(|error| format!("{}{error:?}{:?}", told(error), error.help())));
    assert!(!shown.contains(CANARY), "{shown}");
    assert!(!shown.contains(&token) && !shown.contains("Bearer ey"), "{shown}");
}
