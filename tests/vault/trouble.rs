//! Refusals and silence: asked again a little, and told in words that say what to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use accredit::keys::{StoreError, VaultError, Vaults};
use accredit::transport::{TokenSource, Transport, TransportError};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use crate::world::{MadeUp, VAULT, World, certificate, told};

/// What a person is told, cause by cause, and what helps.
fn heard(error: StoreError) -> (String, String) {
    let lines = told(&error);
    let StoreError::Vault(error) = error else { panic!("{error:?}") };
    (lines, error.help().unwrap_or_default())
}

/// Of every request to the vault.
fn always(then: &Json) -> Json {
    json!([{ "service": "vault", "then": then }])
}

#[tokio::test]
async fn what_is_refused_for_a_moment_is_asked_again() {
    let passing = [
        json!({ "status": 429, "code": "Throttled", "headers": { "Retry-After": "2" } }),
        json!({ "status": 500 }),
        json!({ "status": 503, "headers": { "Retry-After": "2" } }),
        json!("reset"),
        json!({ "truncate": 3 }),
    ];
    let each = passing.map(|then| async move {
        let world = World::new().await;
        world.faults(json!([{ "service": "vault", "nth": 1, "then": then }])).await;
        let begun = Instant::now();
        world.store("exo").list().await.unwrap();
        if then["headers"]["Retry-After"] == "2" {
            assert!(begun.elapsed() >= Duration::from_secs(2), "{then}: it waits as long as it is asked to");
        }
        assert_eq!(world.asked().await.len(), 2, "{then}");
    });
    join_all(each).await;
}

/// What a person hears of an attempt to list, and how often the vault was asked.
async fn heard_of(then: Json) -> (String, String, usize) {
    let world = World::new().await;
    world.faults(always(&then)).await;
    let (lines, help) = heard(world.store("exo").list().await.unwrap_err());
    (lines, help, world.asked().await.len())
}

#[tokio::test]
async fn what_is_refused_for_good_is_told_after_a_few_tries() {
    let (throttled, broken, silent) = tokio::join!(
        heard_of(json!({ "status": 429, "code": "Throttled", "message": "Too many." })),
        heard_of(json!({ "status": 502, "body": "<html>Bad gateway</html>" })),
        heard_of(json!("reset")),
    );
    let (lines, help, asked) = throttled;
    let what = "listing the versions of `https://team.vault.azure.net/certificates/exo`";
    assert!(lines.contains(&format!("{what}: Throttled: Too many. (HTTP 429")), "{lines}");
    assert!(help.starts_with("a vault takes so many requests in ten seconds"), "{help}");
    assert_eq!(asked, 4);
    let (lines, help, asked) = broken;
    assert!(lines.contains("no code: no message (HTTP 502"), "{lines}");
    assert!(help.starts_with("run it again later"), "{help}");
    assert_eq!(asked, 4);
    let (lines, help, asked) = silent;
    assert!(lines.contains(&format!("{what}: no answer came\nno answer from 127.0.0.1:")), "{lines}");
    assert!(!lines.contains("retried"), "{lines}");
    assert_eq!(help, "run it again once the vault answers");
    assert_eq!(asked, 4);
}

#[tokio::test]
async fn whoever_may_not_is_told_the_role_that_he_lacks() {
    let world = World::new().await;
    let message = "Caller is not authorized to perform action on resource.\r\nCaller: appid=1;oid=2\r\nVault: team;location=westeurope\r\n";
    let body =
        json!({ "error": { "code": "Forbidden", "message": message, "innererror": { "code": "ForbiddenByRbac" } } });
    world.faults(always(&json!({ "status": 403, "body": body }))).await;
    let (lines, help) = heard(world.store("exo").list().await.unwrap_err());
    let said = "Forbidden (ForbiddenByRbac): Caller is not authorized to perform action on resource. Caller: appid=1;oid=2 Vault: team;location=westeurope (HTTP 403";
    assert!(lines.contains(said), "{lines}");
    assert!(help.starts_with("give the operator the role `Key Vault Reader` on the vault `team`"), "{help}");
    assert_eq!(world.asked().await.len(), 1, "a refusal is not asked again");

    let make = json!([{ "service": "vault", "path": "/create", "then": { "status": 403, "body": body } }]);
    world.faults(make).await;
    let (_, help) = heard(world.store("exo").make(&crate::world::profile()).await.unwrap_err());
    assert!(help.contains("`Key Vault Certificates Officer`") && help.contains("`create` for certificates"), "{help}");

    world.faults(always(&json!({ "status": 403, "body": body }))).await;
    let help = world.vaults.secret(VAULT, "pfx").await.unwrap_err().help().unwrap();
    assert!(help.contains("`Key Vault Secrets User`"), "{help}");
    let help = world.vaults.put_secret(VAULT, "pfx", &"x".into()).await.unwrap_err().help().unwrap();
    assert!(help.contains("`Key Vault Secrets Officer`"), "{help}");

    let wall = json!({ "error": { "code": "Forbidden", "message": "Client address is not authorized and caller is not a trusted service.", "innererror": { "code": "ForbiddenByFirewall" } } });
    world.faults(always(&json!({ "status": 403, "body": wall }))).await;
    let (_, help) = heard(world.store("exo").list().await.unwrap_err());
    assert!(help.starts_with("the vault's firewall keeps this machine out"), "{help}");
}

#[tokio::test]
async fn a_token_that_the_vault_does_not_take_is_told() {
    let world = World::new().await;
    let odd: TokenSource = Arc::new(|| Box::pin(async { Ok("no-token-at-all".into()) }));
    let store = Vaults::new(world.transport(), odd).certificate(VAULT, &certificate("exo"));
    let (lines, help) = heard(store.list().await.unwrap_err());
    assert!(lines.contains("Unauthorized: ") && lines.contains("(HTTP 401"), "{lines}");
    assert!(help.contains("the vault `team` may belong to another tenant"), "{help}");
    assert!(!lines.contains("no-token-at-all"), "{lines}");
}

#[tokio::test]
async fn an_operator_who_cannot_sign_in_is_told_why() {
    let none: TokenSource = Arc::new(|| Box::pin(async { Err("AADSTS7000215: the secret is wrong".into()) }));
    let transport: Arc<dyn Transport> =
        Arc::new(MadeUp(|| -> Result<_, TransportError> { panic!("nothing is sent without a token") }));
    let vaults = Vaults::new(transport, none);
    let error = vaults.secret(VAULT, "pfx").await.unwrap_err();
    let want = "reading `https://team.vault.azure.net/secrets/pfx`: the operator could not sign in to Key Vault\nAADSTS7000215: the secret is wrong";
    assert_eq!(told(&error), want);
}

#[tokio::test]
async fn a_vault_that_is_not_there_is_told_by_its_name() {
    let world = World::new().await;
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let vaults = world.vaults_by(MadeUp(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let source = "failed to lookup address information".into();
        Err(TransportError { host: "nowhere.vault.azure.net".to_owned(), never_sent: true, source })
    }));
    let store = vaults.certificate("https://nowhere.vault.azure.net", &certificate("exo"));
    let (lines, help) = heard(store.make(&crate::world::profile()).await.unwrap_err());
    let want = "the vault did not do what it was asked\nlisting the versions of `https://nowhere.vault.azure.net/certificates/exo`: no answer came\nno answer from nowhere.vault.azure.net\nfailed to lookup address information";
    assert_eq!(lines, want);
    assert!(help.contains("whether a vault `nowhere` is there (`az keyvault show --name nowhere`)"), "{help}");
    assert_eq!(tries.load(Ordering::SeqCst), 4);
    let error = vaults.secret("nowhere", "pfx").await.unwrap_err();
    assert!(matches!(error, VaultError::Address { .. }), "{error:?}");
}
