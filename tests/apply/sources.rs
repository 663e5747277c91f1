//! Certificates that an authority signs, that others keep in files, and keys that lie encrypted.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use accredit::keys::{Identities, self_signed};
use accredit::kinds::Intent;
use accredit::model::{CertificateProfile, Desired, DistinguishedName, KeyAlgorithm, Rotate};
use accredit::render::{Paint, text};
use jiff::Timestamp;
use serde_json::json;

use super::authority::Authority;
use super::world::{World, days_after, noon, one_of_everything};

/// The manifest with another certificate.
fn with(certificate: &str) -> String {
    let manifest = one_of_everything("exo");
    let (before, rest) = manifest.split_once("    certificates:\n").unwrap();
    let (_, after) = rest.split_once("    roles:\n").unwrap();
    format!("{before}    certificates:\n      main:\n{certificate}    roles:\n{after}")
}

fn of_authority() -> String {
    with(
        "        source: csr\n        dnsNames: [exo.example]\n        store: { directory: ../.accredit/keys }\n        export: [cer, pfx]\n        pfxPassword: { generate: true }\n",
    )
}

fn slot(world: &World) -> PathBuf {
    world.keys().join("exo/main")
}

/// The directories of requests and of generations, each sorted.
fn directories(world: &World) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let entries = std::fs::read_dir(slot(world)).map(|entries| entries.map(|entry| entry.unwrap().path()).collect());
    let mut entries: Vec<PathBuf> = entries.unwrap_or_default();
    entries.sort();
    entries.into_iter().partition(|path| path.file_name().unwrap().to_str().unwrap().starts_with("request-"))
}

async fn uploaded(world: &World) -> usize {
    world.application("exo").await["keyCredentials"].as_array().unwrap().len()
}

/// Signs the one request that waits, from this instant for a year, and puts the answer beside it.
fn sign(world: &World, authority: &Authority, name: &str, start: Timestamp) -> PathBuf {
    let (requests, _) = directories(world);
    assert_eq!(requests.len(), 1);
    let request = std::fs::read_to_string(requests[0].join("exo-main.csr")).unwrap();
    let signed = authority.sign(&request, start, days_after(start, 365));
    let file = requests[0].join(name);
    std::fs::write(&file, signed).unwrap();
    file
}

#[tokio::test]
async fn an_authoritys_certificate_from_the_request_to_the_next_one() {
    let authority = Authority::new();
    let mut world = World::new().await;
    world.write("exo.yaml", &of_authority());
    let desired = world.desired();
    let shown = world.plan_text(&desired).await;
    assert!(shown.contains("exo/certificateRequest/main will be created"), "{shown}");
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 0, "there is nothing to upload yet");
    let (requests, generations) = directories(&world);
    assert_eq!((requests.len(), generations.len()), (1, 0));
    let shown = world.plan_text(&desired).await;
    assert!(shown.contains("waiting for the signed certificate"), "{shown}");
    assert!(shown.contains("exo-main.csr") && shown.contains("No changes."), "{shown}");

    sign(&world, &authority, "answer.cer", noon());
    let shown = world.plan_text(&desired).await;
    assert!(shown.contains("(an authority has signed what was requested)"), "{shown}");
    assert!(shown.contains("O=Contoso, CN=exo.example"), "what it signed, not what it was asked: {shown}");
    let key = std::fs::read(requests[0].join("private-key.pem")).unwrap();
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 1);
    let (requests, generations) = directories(&world);
    assert_eq!((requests.len(), generations.len()), (0, 1));
    assert_eq!(std::fs::read(generations[0].join("private-key.pem")).unwrap(), key, "the same key");
    assert!(generations[0].join("exo-main.pfx").exists());

    // In its time another one is asked for, with a new key, and the one in use stays until that one has signed in.
    world.turn_to(days_after(noon(), 365 - 25)).await;
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 1);
    let shown = world.plan_text(&desired).await;
    assert!(shown.contains("active") && shown.contains("requested"), "{shown}");
    assert!(shown.contains("ends in 25 days"), "{shown}");
    world.turn_to(days_after(noon(), 365 - 20)).await;
    sign(&world, &authority, "answer.pem", world.now);
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 2);
    world.turn_to(days_after(noon(), 365 - 5)).await;
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 1);
    assert_eq!(directories(&world).1.len(), 2, "keys are never deleted");
}

#[tokio::test]
async fn what_is_no_answer_to_the_request_is_told_with_its_reason() {
    let authority = Authority::new();
    let world = World::new().await;
    world.write("exo.yaml", &of_authority());
    let desired = world.desired();
    world.converge(&desired).await;
    let request = directories(&world).0.remove(0);
    let file = |name: &str| request.join(name);
    let other = self_signed(&profile(noon())).unwrap();
    std::fs::write(file("other.cer"), &other.certificate).unwrap();
    std::fs::write(file("page.cer"), "<html>sign in</html>").unwrap();
    std::fs::write(file("issuer.pem"), &authority.certificate).unwrap();
    let shown = world.plan_text(&desired).await;
    assert!(
        shown.contains("other.cer` is of no use: it certifies another key than the one that was requested"),
        "{shown}"
    );
    assert!(shown.contains("page.cer` is of no use: it is a web page"), "{shown}");
    assert!(shown.contains("No changes."), "{shown}");
    // Not yet valid, and not valid any more.
    sign(&world, &authority, "early.cer", days_after(noon(), 3));
    let shown = world.plan_text(&desired).await;
    assert!(shown.contains("early.cer` is valid from 2026-11-24 on; it is taken up then"), "{shown}");
    std::fs::remove_file(file("early.cer")).unwrap();
    sign(&world, &authority, "late.cer", days_after(noon(), -400));
    let shown = world.plan_text(&desired).await;
    assert!(shown.contains("late.cer` ended on 2026-10-17: have it signed again"), "{shown}");
    // A good one beside all that is taken.
    sign(&world, &authority, "good.cer", noon());
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 1);
    assert!(directories(&world).1[0].join("chain.pem").exists(), "the issuer goes into the PFX");
}

#[tokio::test]
async fn a_changed_declaration_asks_for_another_certificate() {
    let world = World::new().await;
    world.write("exo.yaml", &of_authority());
    world.converge(&world.desired()).await;
    world.write("exo.yaml", &of_authority().replace("[exo.example]", "[other.example]"));
    world.converge(&world.desired()).await;
    assert_eq!(directories(&world).0.len(), 2, "the first request stays where it is");
    // An authority that signs nothing without another usage gets a request that asks for it.
    let manifest = of_authority().replace("source: csr", "source: { csr: { usages: [clientAuth, serverAuth] } }");
    world.write("exo.yaml", &manifest);
    let shown = world.plan_text(&world.desired()).await;
    assert!(shown.contains("certificateRequest") && shown.contains("serverAuth"), "{shown}");
}

/// Authorities date back to midnight. A second one of the same day is a rotation as any other, also when the run dies between
/// taking it in and uploading it.
#[tokio::test]
async fn two_certificates_of_one_day_follow_each_other() {
    let authority = Authority::new();
    let world = World::new().await;
    let midnight: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
    world.write("exo.yaml", &of_authority());
    let mut desired = world.desired();
    world.converge(&desired).await;
    sign(&world, &authority, "chain.pem", midnight);
    world.converge(&desired).await;
    let first = world.application("exo").await["keyCredentials"][0]["keyId"].clone();
    let rotate = |desired: &mut Desired, step: Rotate| {
        let application = desired.applications.values_mut().next().unwrap();
        application.certificates.as_mut().unwrap().get_mut("main").unwrap().rotate = step;
    };
    rotate(&mut desired, Rotate::Now);
    world.apply(&desired).await;
    let refused = world.try_plan(&desired, Intent::Reconcile).await.unwrap_err();
    assert!(refused[0].message.contains("being rotated already"), "{refused:?}");
    sign(&world, &authority, "answer.cer", midnight);
    rotate(&mut desired, Rotate::WhenDue);
    let refusal = json!({ "status": 403, "code": "Authorization_RequestDenied" });
    world.faults(json!([{ "path": "/v1.0/applications/*", "method": "PATCH", "then": refusal }, { "path": "addKey", "then": refusal }])).await;
    let report = world.run(&desired, Intent::Reconcile).await;
    assert!(!report.is_complete());
    world.no_faults().await;
    assert_eq!(uploaded(&world).await, 1);
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 2, "the run is finished");
    rotate(&mut desired, Rotate::Finish);
    world.apply(&desired).await;
    rotate(&mut desired, Rotate::WhenDue);
    assert!(world.plan(&desired).await.is_empty(), "what was removed does not come back");
    let left = world.application("exo").await["keyCredentials"].clone();
    assert!(left.as_array().unwrap().len() == 1 && left[0]["keyId"] != first, "{left}");
}

#[tokio::test]
async fn a_request_of_another_life_than_the_policy_allows_is_not_taken() {
    let authority = Authority::new();
    let world = World::new().await;
    world.write("exo.yaml", &of_authority());
    let desired = world.desired();
    world.converge(&desired).await;
    let request = std::fs::read_to_string(directories(&world).0[0].join("exo-main.csr")).unwrap();
    let signed = authority.sign(&request, noon(), days_after(noon(), 3 * 365));
    std::fs::write(directories(&world).0[0].join("signed.cer"), signed).unwrap();
    let problems = world.try_plan(&desired, Intent::Reconcile).await.unwrap_err();
    assert!(problems[0].message.contains("no certificate may live longer than 1y"), "{problems:?}");
}

fn profile(start: Timestamp) -> CertificateProfile {
    CertificateProfile {
        subject: DistinguishedName("CN=theirs".to_owned()),
        dns_names: Vec::new(),
        key: KeyAlgorithm::Rsa2048,
        not_before: start,
        not_after: days_after(start, 365),
    }
}

/// Puts a certificate with its key where the manifest says.
fn put(path: &Path, start: Timestamp) {
    use secrecy::ExposeSecret as _;
    let pair = self_signed(&profile(start)).unwrap();
    std::fs::write(path, pair.bundle_pem().expose_secret()).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn a_file_of_others_is_taken_up_and_its_next_contents_follow_it() {
    let mut world = World::new().await;
    world.write("exo.yaml", &with("        source: { file: ../exo.pem }\n"));
    let desired = world.desired();
    let problems = world.try_plan(&desired, Intent::Reconcile).await.unwrap_err();
    assert!(problems[0].message.contains("exo.pem` cannot be used: it is not there"), "{problems:?}");
    let path = world.directory.path().join("exo.pem");
    put(&path, noon());
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 1);
    assert!(!world.keys().exists(), "nothing is made of it");
    world.turn_to(days_after(noon(), 365 - 20)).await;
    let shown = world.plan_text(&desired).await;
    assert!(shown.contains("ends in 20 days") && shown.contains("No changes."), "{shown}");
    put(&path, world.now);
    let plan = world.plan(&desired).await;
    let shown = text(&plan, Paint::PLAIN);
    assert!(shown.contains("exo/signIn/main will sign in"), "{shown}");
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 2);
    world.turn_to(days_after(noon(), 365 - 5)).await;
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 1);
}

#[tokio::test]
async fn a_public_half_is_enough_and_what_others_can_read_is_not_taken() {
    let world = World::new().await;
    let path = world.directory.path().join("exo.cer");
    world.write("exo.yaml", &with("        source: { file: ../exo.cer }\n"));
    let pair = self_signed(&profile(noon())).unwrap();
    std::fs::write(&path, &pair.certificate).unwrap();
    let desired = world.desired();
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 1);
    put(&path, noon());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = world.try_snapshot(&desired).await.unwrap_err();
    let chain = format!("{error}: {}", std::error::Error::source(&error).unwrap());
    assert!(chain.contains("chmod 600"), "{chain}");
}

#[tokio::test]
async fn a_pfx_opens_with_its_password_and_says_so_where_it_lacks() {
    let world = World::new().await;
    let path = world.directory.path().join("exo.pfx");
    let pair = self_signed(&profile(noon())).unwrap();
    let bundle = accredit::keys::Bundle::of_pair(pair, None);
    let encoded = bundle.encode(
        accredit::keys::OutputFormat::Pfx,
        Some(&"correct horse".into()),
        accredit::model::PfxEncryption::Modern,
    );
    std::fs::write(&path, &encoded.unwrap().bytes).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    world.write("exo.yaml", &with("        source: { file: ../exo.pfx }\n"));
    let problems = world.try_plan(&world.desired(), Intent::Reconcile).await.unwrap_err();
    assert!(problems[0].message.contains("password"), "{problems:?}");
    std::fs::write(world.directory.path().join("password"), "correct horse").unwrap();
    let source = "        source: { file: { path: ../exo.pfx, password: { file: ../password } } }\n";
    world.write("exo.yaml", &with(source));
    world.converge(&world.desired()).await;
    assert_eq!(uploaded(&world).await, 1);
}

/// Two people: one who makes keys, and one who is a recipient too.
#[tokio::test]
async fn keys_that_lie_encrypted_serve_whoever_can_open_them() {
    let (one, one_public) = identity();
    let (other, other_public) = identity();
    let mut world = World::new().await;
    world.identities = one.clone();
    let manifest = |recipients: &str| {
        with(&format!(
            "        dnsNames: [exo.example]\n        store: {{ directory: ../.accredit/keys, recipients: [{recipients}] }}\n        export: [cer, pfx]\n        pfxPassword: {{ generate: true }}\n"
        ))
    };
    world.write("exo.yaml", &manifest(&one_public));
    let desired = world.desired();
    world.converge(&desired).await;
    let generation = directories(&world).1.remove(0);
    let names = |directory: &Path| {
        let mut names: Vec<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(
        names(&generation),
        [
            "certificate.pem",
            "exo-main.cer",
            "exo-main.pfx",
            "exo-main.pfx-password.age",
            "follows.txt",
            "private-key.pem.age",
            "recipients.txt"
        ]
    );
    // It may be kept in git, but for what lies in the clear beside it: a certificate that has left the manifest, say.
    let others = world.keys().join("exo/old").join("0".repeat(40));
    std::fs::create_dir_all(&others).unwrap();
    for name in ["certificate.pem", "private-key.pem", "exo-old.pem", "exo-old.pfx-password"] {
        std::fs::write(others.join(name), "").unwrap();
    }
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git").current_dir(world.keys()).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "--quiet"]);
    let added = git(&["add", "--all", "--dry-run", "."]);
    assert!(added.contains("private-key.pem.age") && added.contains("exo/old/"), "{added}");
    for private in ["private-key.pem'", "exo-old.pem'", "pfx-password'"] {
        assert!(!added.contains(private), "{private}: {added}");
    }
    std::fs::remove_dir_all(world.keys().join("exo/old")).unwrap();

    // Without a key of age the plan is the same; with a stranger's too.
    world.identities = Identities::default();
    assert!(world.plan(&desired).await.is_empty());
    world.identities = other.clone();
    assert!(world.plan(&desired).await.is_empty());

    // A second recipient: planned, and done by one who can open what is there.
    world.identities = one.clone();
    world.write("exo.yaml", &manifest(&format!("{one_public}, {other_public}")));
    let desired = world.desired();
    let shown = world.plan_text(&desired).await;
    assert!(shown.contains("recipients") && shown.contains(&other_public), "{shown}");
    world.converge(&desired).await;

    // The other one rotates, and nothing lies in the clear.
    world.identities = other;
    world.turn_to(days_after(noon(), 365 - 20)).await;
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 2);
    world.turn_to(days_after(noon(), 365 - 5)).await;
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 1);
    for directory in directories(&world).1 {
        assert!(!names(&directory).iter().any(|name| name == "private-key.pem"), "{directory:?}");
    }
}

#[tokio::test]
async fn a_store_in_the_clear_becomes_encrypted_without_losing_a_key() {
    let (one, public) = identity();
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    let generation = directories(&world).1.remove(0);
    let key = std::fs::read_to_string(generation.join("private-key.pem")).unwrap();
    let encrypted = one_of_everything("exo")
        .replace("directory: ../.accredit/keys", &format!("directory: ../.accredit/keys, recipients: [{public}]"))
        .replace("[cer, pem, pfx]", "[cer, pfx]");
    world.write("exo.yaml", &encrypted);
    let desired = world.desired();
    // Nobody here could open it again: nothing is begun.
    let stores = world.stores(&desired);
    let used = [("exo".to_owned(), "main".to_owned())].into();
    let error = accredit::execute::Keys::open(&desired, &used, &stores, [].into()).unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("no private key of age"), "{error}");
    world.identities = one.clone();
    world.converge(&desired).await;
    assert!(!generation.join("private-key.pem").exists() && !generation.join("exo-main.pem").exists());
    assert!(!std::fs::read_to_string(generation.join("private-key.pem.age")).unwrap().contains("PRIVATE KEY"));
    // And back.
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    assert_eq!(std::fs::read_to_string(generation.join("private-key.pem")).unwrap(), key);
    assert!(!generation.join("private-key.pem.age").exists());
    assert!(world.keys().join("exo/.gitignore").exists());
}

fn identity() -> (Identities, String) {
    use secrecy::ExposeSecret as _;
    let identity = age::x25519::Identity::generate();
    let text = identity.to_string().expose_secret().to_owned();
    (Identities::parse(&text.into()).unwrap(), identity.to_public().to_string())
}
