//! Azure's own Python clients for Key Vault, against the emulator.

use super::client::*;
use accredit::emulator::{self, Options};
use base64::{Engine, prelude::*};
use serde_json::json;
use std::{path::Path, process::Command};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with the packages of tests/interop/requirements.txt at ACCREDIT_PYTHON"]
async fn azures_clients_use_the_vaults() {
    let options = Options { https: Some("127.0.0.1:0".parse().unwrap()), ..Options::new(DOMAIN) };
    let emulator = emulator::start(options).await.unwrap();
    let client = Client::operator(&emulator).await;
    // An application that signs in with a certificate.
    let certificate = Certificate::new();
    let body = json!({ "displayName": "Vault reader", "keyCredentials": [certificate.credential()] });
    let (_, app_id, _) = application(&client, "vault-reader", body).await;
    let directory = tempfile::tempdir().unwrap();
    let authority = directory.path().join("ca.pem");
    std::fs::write(&authority, emulator.certificate_authority_pem().unwrap()).unwrap();
    let file = directory.path().join("reader.pem");
    let text = BASE64_STANDARD.encode(&certificate.der);
    let block = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    std::fs::write(&file, format!("{}{block}", certificate.key)).unwrap();

    #[expect(clippy::disallowed_methods, reason = "the interpreter is named by the environment")]
    let python = std::env::var_os("ACCREDIT_PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/key_vault.py"))
        .args([emulator.https_url().unwrap(), emulator.tenant_id(), &emulator.operator().client_id, &app_id])
        .args([&file, &authority])
        .env("OPERATOR_SECRET", &emulator.operator().client_secret);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{shown}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(shown.lines().last(), Some("all steps passed"), "{shown}");
}
