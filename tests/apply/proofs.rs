//! What has to be known before a certificate that works is taken away, and what a run does that cannot know it.

use accredit::keys::self_signed;
use accredit::kinds::Intent;
use accredit::model::{CertificateProfile, DistinguishedName, KeyAlgorithm};
use secrecy::ExposeSecret as _;
use serde_json::{Value as Json, json};

use super::races::{FOREIGN, foreign};
use super::world::{World, days_after, noon, one_of_everything};

async fn credentials(world: &World, handle: &str) -> Vec<Json> {
    world.application(handle).await["keyCredentials"].as_array().unwrap().clone()
}

/// Writes the certificates of `exo` as if by hand.
async fn put(world: &World, credentials: Vec<Json>) {
    let application = world.application("exo").await["id"].as_str().unwrap().to_owned();
    world.admin("PATCH", &format!("/v1.0/applications/{application}"), json!({ "keyCredentials": credentials })).await;
}

/// A world in which one certificate has followed another, which goes today.
async fn on_the_last_day_of_the_overlap() -> World {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    world.turn_to(days_after(noon(), 365 - 20)).await;
    world.converge(&world.desired()).await;
    world.turn_to(days_after(noon(), 365 - 5)).await;
    world
}

/// Two applications take the same file: that one of them signs in says nothing of the other.
#[tokio::test]
async fn a_proof_counts_for_the_application_that_signed_in() {
    let mut world = World::new().await;
    let file = world.directory.path().join("shared.pem");
    let put = |days: i64| {
        let start = days_after(noon(), days);
        let pair = self_signed(&CertificateProfile {
            subject: DistinguishedName(format!("CN=shared {days}")),
            dns_names: Vec::new(),
            key: KeyAlgorithm::Rsa2048,
            not_before: start,
            not_after: days_after(start, 365),
        });
        std::fs::write(&file, pair.unwrap().bundle_pem().expose_secret()).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    };
    put(0);
    for handle in ["exo", "other"] {
        let manifest = one_of_everything(handle);
        let (before, rest) = manifest.split_once("        dnsNames").unwrap();
        let (_, after) = rest.split_once("    roles:").unwrap();
        world.write(
            &format!("{handle}.yaml"),
            &format!("{before}        source: {{ file: ../shared.pem }}\n    roles:{after}"),
        );
    }
    let desired = world.desired();
    world.converge(&desired).await;
    world.turn_to(days_after(noon(), 30)).await;
    put(30);
    world.converge(&desired).await;
    // Nobody can sign in as one of them any more.
    let id =
        world.read("/v1.0/servicePrincipals?$filter=displayName eq 'other automated'").await["value"][0]["id"].clone();
    let path = format!("/v1.0/servicePrincipals/{}", id.as_str().unwrap());
    world.admin("PATCH", &path, json!({ "accountEnabled": false })).await;
    world.turn_to(days_after(noon(), 60)).await;
    world.run(&desired, Intent::Reconcile).await;
    assert_eq!(credentials(&world, "exo").await.len(), 1, "it signed in");
    assert_eq!(credentials(&world, "other").await.len(), 2, "it did not");
}

/// The certificate by which others still work goes when ours has signed in, and not before.
#[tokio::test]
async fn a_foreign_certificate_works_until_one_of_ours_has_signed_in() {
    let world = World::new().await;
    let body = json!({ "uniqueName": "exo", "displayName": "by hand", "keyCredentials": [foreign(FOREIGN, noon())] });
    world.admin("POST", "/v1.0/applications", body).await;
    world.write(
        "exo.yaml",
        &one_of_everything("exo").replace("    roles:", "    foreignCredentials: remove\n    roles:"),
    );
    let desired = world.desired();
    world.faults(json!([{ "service": "token", "body": "client_assertion", "then": { "status": 401, "code": "invalid_client" } }])).await;
    let plan = world.plan_text(&desired).await;
    assert!(plan.contains("it goes when one that is declared has signed in; this plan leaves it"), "{plan}");
    let report = world.run(&desired, Intent::Reconcile).await;
    assert!(report.failed.iter().any(|failure| failure.address.kind == "signIn"), "{:?}", report.failed);
    world.run(&desired, Intent::Reconcile).await;
    assert_eq!(credentials(&world, "exo").await.len(), 2);
    world.no_faults().await;
    world.apply(&desired).await;
    let there = credentials(&world, "exo").await;
    assert!(there.len() == 1 && there[0]["keyId"] != FOREIGN, "{there:?}");
    assert!(world.plan(&desired).await.is_empty());
}

/// Between plan and write somebody removes the successor; that a stranger's certificate is still there is no comfort.
#[tokio::test]
async fn nothing_goes_whose_successor_is_gone() {
    let world = on_the_last_day_of_the_overlap().await;
    let desired = world.desired();
    let mut there = credentials(&world, "exo").await;
    there.push(foreign(FOREIGN, noon()));
    put(&world, there.clone()).await;
    let plan = world.plan(&desired).await;
    there.remove(1);
    put(&world, there).await;
    let report = world.carry_out(&desired, plan).await;
    let error = report.failed[0].error.to_string();
    assert!(error.contains("which the others make room for"), "{error}");
    assert_eq!(credentials(&world, "exo").await.len(), 2, "the older of ours and theirs");
}

/// A list that was read from a replica that is behind is never written back.
#[tokio::test]
async fn a_late_replica_costs_nobody_a_certificate() {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    world.converge(&desired).await;
    world.turn_to(days_after(noon(), 365 - 20)).await;
    world.knobs(json!({ "lag": { "byId": "20s" } })).await;
    let mut there = credentials(&world, "exo").await;
    there.push(foreign(FOREIGN, noon()));
    put(&world, there).await;
    let report = world.run(&desired, Intent::Reconcile).await;
    assert!(
        report.failed[0].error.to_string().contains("still shows the certificates as they were"),
        "{:?}",
        report.failed
    );
    world.knobs(json!({ "lag": { "byId": "0s" } })).await;
    world.turn_to(days_after(world.now, 1)).await;
    world.converge(&desired).await;
    let there = credentials(&world, "exo").await;
    assert!(there.iter().any(|credential| credential["keyId"] == FOREIGN), "{there:?}");
    assert_eq!(there.len(), 3);
}

/// The same identifier on a credential for another use is another credential.
#[tokio::test]
async fn what_encrypts_tokens_stays() {
    let world = on_the_last_day_of_the_overlap().await;
    let mut there = credentials(&world, "exo").await;
    let mut encrypting = foreign(FOREIGN, noon());
    encrypting["usage"] = json!("Encrypt");
    encrypting["customKeyIdentifier"] = there[0]["customKeyIdentifier"].clone();
    there.push(encrypting);
    put(&world, there).await;
    world.converge(&world.desired()).await;
    let there = credentials(&world, "exo").await;
    assert!(there.len() == 2 && there.iter().any(|credential| credential["keyId"] == FOREIGN), "{there:?}");
}

/// Whoever moves a certificate to another store is told that this alone moves nothing.
#[tokio::test]
async fn another_store_is_told_of() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    world.write("exo.yaml", &one_of_everything("exo").replace("../.accredit/keys", "../elsewhere"));
    let plan = world.plan_text(&world.desired()).await;
    assert!(plan.contains("elsewhere`; `accredit rotate` makes one there"), "{plan}");
}
