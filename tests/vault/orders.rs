//! A version is ordered once, whatever becomes of the answer and whoever else orders one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use accredit::keys::{StoreError, VaultError};
use accredit::transport::{Sending, Transport, TransportError};
use bytes::Bytes;
use futures_util::future::join_all;
use secrecy::ExposeSecret as _;
use serde_json::{Value as Json, json};

use crate::world::{VAULT, World, certificate, profile, send_raw, told, version};

/// An order as somebody else would give it.
fn order(issuer: &str, subject: &str) -> Json {
    let names = json!({ "dns_names": ["exo.contoso.com"] });
    json!({ "policy": {
        "issuer": { "name": issuer },
        "key_props": { "exportable": false, "kty": "RSA", "key_size": 2048 },
        "x509_props": { "subject": subject, "sans": names, "validity_months": 12 },
    } })
}

#[tokio::test]
async fn a_lost_answer_to_an_order_makes_no_second_version() {
    let each = [json!("reset"), json!({ "truncate": 20 })].map(|then| async move {
        let world = World::new().await;
        let lost = json!([
            { "service": "vault", "method": "POST", "path": "/create", "nth": 1, "then": then, "when": "after" }
        ]);
        world.faults(lost).await;
        let made = world.store("exo").make(&profile()).await.unwrap();
        assert_eq!(world.count("exo").await, 1, "{then}");
        assert_eq!(world.store("exo").list().await.unwrap().generations, [made]);
        assert_eq!(orders(&world).await, 1, "{then}");
    });
    join_all(each).await;
}

/// How often a version was ordered.
async fn orders(world: &World) -> usize {
    world.asked().await.into_iter().filter(|asked| asked.ends_with("/create")).count()
}

#[tokio::test]
async fn an_order_that_never_arrived_is_given_again() {
    let refused = json!({ "status": 429, "headers": { "Retry-After": "1" } });
    let each = [json!("reset"), json!({ "status": 500 }), refused].map(|then| async move {
        let world = World::new().await;
        let lost = json!([{ "service": "vault", "method": "POST", "path": "/create", "nth": 1, "then": then }]);
        world.faults(lost).await;
        world.store("exo").make(&profile()).await.unwrap();
        assert_eq!((orders(&world).await, world.count("exo").await), (2, 1), "{then}");
    });
    join_all(each).await;
}

#[tokio::test]
async fn an_order_that_is_refused_again_and_again_is_given_up() {
    let world = World::new().await;
    let odd =
        json!([{ "service": "vault", "path": "/create", "then": { "status": 500, "code": "InternalServerError" } }]);
    world.faults(odd).await;
    let error = world.store("exo").make(&profile()).await.unwrap_err();
    let lines = told(&error);
    let made = "making a version of `https://team.vault.azure.net/certificates/exo`: InternalServerError";
    assert!(lines.contains(made), "{lines}");
    assert_eq!(orders(&world).await, 3);
    assert_eq!(world.count("exo").await, 0);
}

#[tokio::test]
async fn what_is_under_way_already_is_waited_for_and_taken_where_it_is_what_was_wanted() {
    let world = World::new().await;
    let (status, body) = world.raw("POST", "/certificates/exo/create", Some(order("Self", "CN=exo.contoso.com"))).await;
    assert_eq!(status, 202, "{body}");
    let made = world.store("exo").make(&profile()).await.unwrap();
    assert_eq!(world.count("exo").await, 1, "as after a run that was broken off");

    // Of another subject: it is waited for, and left to whoever wants it.
    let (status, body) = world.raw("POST", "/certificates/exo/create", Some(order("Self", "CN=other"))).await;
    assert_eq!(status, 202, "{body}");
    let next = world.store("exo").make(&profile()).await.unwrap();
    let kept = world.store("exo").list().await.unwrap().generations;
    let subjects: Vec<&str> = kept.iter().map(|stored| stored.subject.0.as_str()).collect();
    assert_eq!(subjects, ["CN=exo.contoso.com", "CN=other", "CN=exo.contoso.com"]);
    assert_eq!((version(&kept[0]), version(&kept[2])), (version(&made), version(&next)));
}

#[tokio::test]
async fn what_somebody_else_gave_up_stands_in_nobodys_way() {
    let world = World::new().await;
    assert_eq!(world.raw("POST", "/certificates/exo/create", Some(order("Self", "CN=x"))).await.0, 202);
    let cancel = json!({ "cancellation_requested": true });
    assert_eq!(world.raw("PATCH", "/certificates/exo/pending", Some(cancel)).await.0, 200);
    let made = world.store("exo").make(&profile()).await.unwrap();
    assert_eq!(world.store("exo").list().await.unwrap().generations, [made]);
}

#[tokio::test]
async fn what_waits_for_an_authority_is_not_waited_for() {
    let world = World::new().await;
    assert_eq!(world.raw("POST", "/certificates/exo/create", Some(order("Unknown", "CN=x"))).await.0, 202);
    let error = world.store("exo").make(&profile()).await.unwrap_err();
    let StoreError::Vault(error @ VaultError::Occupied { .. }) = error else { panic!("{error:?}") };
    let help = error.help().unwrap();
    assert!(help.contains("az keyvault certificate pending delete --vault-name team --name exo"), "{help}");
}

#[tokio::test]
async fn a_name_that_cannot_have_a_version_is_told_with_the_way_out() {
    let world = World::new().await;
    // Of a certificate that was deleted.
    world.store("exo").make(&profile()).await.unwrap();
    assert_eq!(world.raw("DELETE", "/certificates/exo", None).await.0, 200);
    assert!(world.store("exo").list().await.unwrap().generations.is_empty());
    let error = world.store("exo").make(&profile()).await.unwrap_err();
    let lines = told(&error);
    assert!(lines.contains("Conflict (ObjectIsDeletedButRecoverable): Certificate exo is currently in a "), "{lines}");
    let StoreError::Vault(error) = error else { panic!("{error:?}") };
    let help = error.help().unwrap();
    let [recover, purge] =
        ["recover", "purge"].map(|verb| format!("az keyvault certificate {verb} --vault-name team --name exo"));
    assert!(help.contains(&recover) && help.contains(&purge), "{help}");
    // Of a key that is no certificate's.
    assert_eq!(world.raw("POST", "/keys/taken/create", Some(json!({ "kty": "RSA" }))).await.0, 200);
    let error = world.store("taken").make(&profile()).await.unwrap_err();
    assert!(told(&error).contains("Key taken exists and does not belong to a certificate"), "{error:?}");
}

/// Does something as somebody else right after an order has arrived, and may lose its answer.
struct Meddling {
    transport: Arc<dyn Transport>,
    url: String,
    token: String,
    loses: bool,
    done: AtomicBool,
}

impl Meddling {
    fn new(world: &World, token: &str, loses: bool) -> Self {
        let (transport, url) = (world.transport(), world.emulator.url().to_owned());
        Self { transport, url, token: token.to_owned(), loses, done: AtomicBool::new(false) }
    }
}

impl Transport for Meddling {
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
        Box::pin(async move {
            let is_order = request.uri().path().ends_with("/create");
            let answer = self.transport.send(request).await?;
            if !is_order || self.done.swap(true, Ordering::SeqCst) {
                return Ok(answer);
            }
            let pending = "/certificates/exo/pending";
            if self.loses {
                // It is complete at the second look.
                for _ in 0..2 {
                    send_raw(&self.url, &self.token, "GET", pending, None).await;
                }
                let lost = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
                return Err(TransportError { host: "team".to_owned(), never_sent: false, source: Box::new(lost) });
            }
            let cancel = json!({ "cancellation_requested": true });
            let (status, body) = send_raw(&self.url, &self.token, "PATCH", pending, Some(cancel)).await;
            assert_eq!(status, 200, "{body}");
            Ok(answer)
        })
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_so_late_that_the_version_is_there_makes_no_second_one() {
    let world = World::new().await;
    let token = (world.token)().await.unwrap();
    let vaults = world.vaults_by(Meddling::new(&world, token.expose_secret(), true));
    let made = vaults.certificate(VAULT, &certificate("exo")).make(&profile()).await.unwrap();
    assert_eq!(world.store("exo").list().await.unwrap().generations, [made]);
    assert_eq!(world.count("exo").await, 1);
}

#[tokio::test]
async fn what_the_vault_says_of_an_operation_that_failed_is_passed_on() {
    let world = World::new().await;
    let token = (world.token)().await.unwrap();
    let vaults = world.vaults_by(Meddling::new(&world, token.expose_secret(), false));
    let error = vaults.certificate(VAULT, &certificate("exo")).make(&profile()).await.unwrap_err();
    assert!(matches!(error, StoreError::Vault(VaultError::GaveUp { .. })), "{error:?}");
    let lines = told(&error);
    assert!(lines.contains("the vault gave up: Cancelled: The certificate operation was cancelled"), "{lines}");
    assert!(world.store("exo").list().await.unwrap().generations.is_empty());
}
