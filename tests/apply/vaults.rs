//! Keys that stay in a vault, and a password that is put there.

use accredit::kinds::Intent;
use accredit::model::{
    CertificateProfile, DistinguishedName, KeyAccess, KeyAlgorithm, Period, Rotate, Snapshot, VaultCertificate,
};
use accredit::render::{Paint, text};

use super::world::{TENANT, World, days_after, noon};

const URL: &str = "https://team.vault.azure.net";

fn manifest(certificate: &str) -> String {
    format!(
        "tenant: {TENANT}\nestate: vaults\napplications:\n  exo:\n    displayName: Exo\n    certificates:\n      main: {certificate}\n"
    )
}

fn declare(world: &World, certificate: &str) -> accredit::model::Desired {
    world.write("exo.yaml", &manifest(certificate));
    world.desired()
}

/// Somebody else makes a version.
async fn made_by_others(world: &World) -> String {
    let theirs = VaultCertificate { name: "theirs".to_owned(), version: None, exportable: true, create: true };
    let profile = CertificateProfile {
        subject: DistinguishedName("CN=theirs".to_owned()),
        dns_names: Vec::new(),
        key: KeyAlgorithm::Rsa2048,
        not_before: world.now - jiff::SignedDuration::from_mins(10),
        not_after: "P12M".parse::<Period>().unwrap().after(world.now),
    };
    let made = world.vaults_of_others().certificate(URL, &theirs).make(&profile).await.unwrap();
    match made.private_key {
        KeyAccess::Vault { version, .. } => version,
        other => panic!("{other:?}"),
    }
}

fn thumbprints(snapshot: &Snapshot) -> Vec<String> {
    let credentials = &snapshot.applications["exo"].key_credentials;
    credentials.iter().map(|credential| credential.thumbprint.as_ref().unwrap().to_string()).collect()
}

#[tokio::test]
async fn a_subject_of_several_parts_is_not_made_again_and_another_one_is() {
    let world = World::new().await;
    let first = "{ source: keyVault, subject: 'CN=Exo, OU=Mail, O=\"Contoso, Ltd\"', store: { keyVault: team } }";
    world.converge(&declare(&world, first)).await;
    let other = first.replace("OU=Mail", "OU=Post");
    let desired = declare(&world, &other);
    let planned = world.plan_text(&desired).await;
    assert!(planned.contains("must be replaced, the new one beside the old"), "{planned}");
    world.converge(&desired).await;
    assert_eq!(thumbprints(&world.snapshot(&desired).await).len(), 2);
}

#[tokio::test]
async fn a_key_that_may_leave_is_followed_by_one_that_may_not() {
    let world = World::new().await;
    let free = "{ source: { keyVault: { name: exo, exportable: true } }, store: { keyVault: team } }";
    world.converge(&declare(&world, free)).await;
    let desired = declare(&world, &free.replace("true", "false"));
    let planned = world.plan_text(&desired).await;
    assert!(planned.contains("exportable = \"true\" -> \"false\" # forces replacement"), "{planned}");
    world.converge(&desired).await;
}

#[tokio::test]
async fn versions_of_others_are_taken_up_one_after_the_other() {
    let mut world = World::new().await;
    let desired =
        declare(&world, "{ source: { keyVault: { name: theirs, create: false } }, store: { keyVault: team } }");
    let problems = world.try_plan(&desired, Intent::Reconcile).await.unwrap_err();
    assert_eq!(problems[0].message, format!("{URL} has no certificate `theirs` that is enabled"));
    made_by_others(&world).await;
    world.converge(&desired).await;
    let first = thumbprints(&world.snapshot(&desired).await);

    // It cannot be rotated from here.
    let mut rotated = desired.clone();
    rotated.applications.values_mut().next().unwrap().certificates.as_mut().unwrap().get_mut("main").unwrap().rotate =
        Rotate::Now;
    let problems = world.try_plan(&rotated, Intent::Reconcile).await.unwrap_err();
    assert_eq!(problems[0].message, "Accredit does not make this certificate");
    assert!(problems[0].help.as_ref().unwrap().contains("make a new version of `theirs`"), "{problems:?}");

    world.turn_to(days_after(noon(), 340)).await;
    made_by_others(&world).await;
    let planned = world.plan_text(&desired).await;
    assert!(planned.contains("next") && planned.contains("will sign in"), "{planned}");
    world.converge(&desired).await;
    world.turn_to(days_after(noon(), 355)).await;
    world.converge(&desired).await;
    let last = thumbprints(&world.snapshot(&desired).await);
    assert_eq!(last.len(), 1);
    assert_ne!(last, first);
}

#[tokio::test]
async fn a_pinned_version_is_used_and_no_other() {
    let mut world = World::new().await;
    let first = made_by_others(&world).await;
    world.turn_to(days_after(noon(), 1)).await;
    made_by_others(&world).await;
    let pinned = |version: &str| {
        format!("{{ source: {{ keyVault: {{ name: theirs, version: '{version}' }} }}, store: {{ keyVault: team }} }}")
    };
    let desired = declare(&world, &pinned(&first));
    world.converge(&desired).await;
    let kept = world.snapshot(&desired).await.keys.into_values().next().unwrap().generations;
    assert!(matches!(&kept.last().unwrap().private_key, KeyAccess::Vault { version, .. } if *version == first));
    assert_eq!(kept.len(), 1);

    let desired = declare(&world, &pinned(&"0".repeat(32)));
    let problems = world.try_plan(&desired, Intent::Reconcile).await.unwrap_err();
    assert!(problems[0].message.contains("the certificate has no such version"), "{problems:?}");
}

/// What the vault says goes into the error, with what to do about it; and nothing was written.
#[tokio::test]
async fn a_vault_that_refuses_says_so_with_its_code() {
    let world = World::new().await;
    let desired = declare(&world, "{ source: keyVault, store: { keyVault: team } }");
    let plan = world.plan(&desired).await;
    world
        .faults(serde_json::json!([{ "service": "vault", "method": "POST", "then": {
            "status": 403, "code": "Forbidden", "message": "Caller is not authorized to perform action on resource." } }]))
        .await;
    let report = world.carry_out(&desired, plan).await;
    assert_eq!(report.failed.len(), 1);
    let error: &dyn std::error::Error = &report.failed[0].error;
    let told: Vec<String> =
        std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect();
    let told = told.join("\n");
    assert!(told.contains("exo-main") && told.contains("Forbidden") && told.contains("team.vault.azure.net"), "{told}");
    world.no_faults().await;
    let planned = text(&world.plan(&desired).await, Paint::PLAIN);
    assert!(planned.contains("Plan: 3 to add"), "{planned}");
}
