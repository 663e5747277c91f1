//! Clients that nobody here wrote, judging what we made: Python's MSAL signs in with the exported files, OpenSSL reads
//! each of them.

use std::path::PathBuf;
use std::process::Command;

use accredit::emulator::Options;
use serde_json::{Value as Json, json};

use super::world::{TENANT, World, one_of_everything, repository};

/// An estate with one application, applied, and where its files lie.
async fn applied() -> (World, PathBuf) {
    let mut options = Options::new(TENANT);
    options.https = Some(([127, 0, 0, 1], 0).into());
    // A foreign client knows no other clock than the machine's.
    let now = jiff::Timestamp::now();
    let world = World::with(options, now).await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    let slot = world.keys().join("exo/main");
    let generation = std::fs::read_dir(slot).unwrap().next().unwrap().unwrap().path();
    (world, generation)
}

fn output(command: &mut Command) -> String {
    let shown = format!("{command:?}");
    let output = command.output().unwrap_or_else(|error| panic!("{shown}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shown}:\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with MSAL at ACCREDIT_PYTHON; .ci/run makes one"]
async fn msal_signs_in_with_the_exported_files() {
    let (world, generation) = applied().await;
    let application = world.application("exo").await;
    let authority = world.directory.path().join("ca.pem");
    std::fs::write(&authority, world.emulator.certificate_authority_pem().unwrap()).unwrap();
    let python = std::env::var_os("ACCREDIT_PYTHON").unwrap_or_else(|| "python3".into());
    let arguments = [
        repository("tests/interop/msal_sign_in.py").into_os_string(),
        world.emulator.https_url().unwrap().into(),
        TENANT.into(),
        application["appId"].as_str().unwrap().into(),
        generation.join("exo-main.pem").into(),
        generation.join("exo-main.pfx").into(),
        generation.join("exo-main.pfx-password").into(),
        authority.into_os_string(),
        "https://outlook.office365.com/.default".into(),
    ];
    let shown = tokio::task::spawn_blocking(move || output(Command::new(python).args(arguments))).await.unwrap();
    let answer: Json = serde_json::from_str(&shown).unwrap();
    for way in ["thumbprint", "certificate", "pfx"] {
        let claims = &answer[way]["claims"];
        assert_eq!(claims["roles"], json!(["Exchange.ManageAsApp"]), "{way}: {answer:#}");
        assert_eq!(claims["wids"], json!(["29232cdf-9323-42fd-ade2-1d097af3e4de"]), "{way}: {answer:#}");
        assert_eq!(claims["appidacr"], json!("2"), "{way}: signed in with a certificate");
        assert_eq!(claims["aud"], json!("https://outlook.office365.com"), "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the openssl command; .ci/run has it"]
async fn openssl_reads_every_exported_file_and_agrees_on_the_thumbprint() {
    let (world, generation) = applied().await;
    let uploaded = world.application("exo").await["keyCredentials"][0]["customKeyIdentifier"].clone();
    let uploaded = uploaded.as_str().unwrap().to_owned();
    let fingerprint = |arguments: &[&str]| {
        let shown = output(Command::new("openssl").current_dir(&generation).args(arguments));
        shown.trim().rsplit('=').next().unwrap().replace(':', "")
    };
    let of_cer = fingerprint(&["x509", "-in", "exo-main.cer", "-inform", "DER", "-noout", "-fingerprint", "-sha1"]);
    assert_eq!(of_cer, uploaded);
    let of_pem = fingerprint(&["x509", "-in", "exo-main.pem", "-noout", "-fingerprint", "-sha1"]);
    assert_eq!(of_pem, uploaded);
    let pfx = ["pkcs12", "-in", "exo-main.pfx", "-passin", "file:exo-main.pfx-password", "-nodes", "-out", "read.pem"];
    output(Command::new("openssl").current_dir(&generation).args(pfx));
    let of_pfx = fingerprint(&["x509", "-in", "read.pem", "-noout", "-fingerprint", "-sha1"]);
    assert_eq!(of_pfx, uploaded);
    let public =
        |file: &str| output(Command::new("openssl").current_dir(&generation).args(["pkey", "-in", file, "-pubout"]));
    assert_eq!(public("read.pem"), public("private-key.pem"));
}

/// Two people of a team keep a store in git, with keys that the reference implementation made; it opens what was encrypted,
/// for each of them.
#[test]
#[ignore = "needs the commands age, age-keygen and openssl; .ci/run has them"]
fn age_opens_what_was_encrypted_to_a_team() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let recipients: Vec<String> = ["zoe", "megan"]
        .map(|who| {
            let identity = path.join(who);
            output(Command::new("age-keygen").arg("-o").arg(&identity));
            output(Command::new("age-keygen").arg("-y").arg(&identity)).trim().to_owned()
        })
        .to_vec();
    let store = format!("{{ directory: ../keys, recipients: [{}] }}", recipients.join(", "));
    let manifest = one_of_everything("exo")
        .replace("{ directory: ../.accredit/keys }", &store)
        .replace("[cer, pem, pfx]", "[cer, pfx]");
    std::fs::create_dir(path.join("manifests")).unwrap();
    std::fs::write(path.join("manifests/exo.yaml"), manifest).unwrap();
    let accredit = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accredit"));
        output(command.args(arguments).current_dir(path).env("ACCREDIT_AGE_IDENTITY_FILE", path.join("zoe")))
    };
    accredit(&["apply", "--emulator", "--auto-approve"]);
    let generation = std::fs::read_dir(path.join("keys/exo/main")).unwrap().next().unwrap().unwrap().path();
    accredit(&["certificate", "export", "exo", "--store", "keys", "--format", "key", "--out", "plain.key"]);
    let plain = std::fs::read_to_string(path.join("plain.key")).unwrap();
    for who in ["zoe", "megan"] {
        let decrypt = |file: &str| {
            output(Command::new("age").args(["--decrypt", "-i"]).arg(path.join(who)).arg(generation.join(file)))
        };
        assert_eq!(decrypt("private-key.pem.age"), plain);
        let password = decrypt("exo-main.pfx-password.age");
        let pfx = generation.join("exo-main.pfx");
        let opened = output(
            Command::new("openssl")
                .args(["pkcs12", "-nodes", "-nocerts", "-passin", "env:P", "-in"])
                .arg(pfx)
                .env("P", password),
        );
        let key = |pem: &str| pem[pem.find("-----BEGIN").unwrap()..].trim().to_owned();
        assert_eq!(key(&opened), key(&plain));
    }
}
