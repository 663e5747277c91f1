//! Clients that nobody here wrote, at work on the emulator.

use std::process::Command;

use accredit::emulator::{self, Options};
use serde_json::Value;

use super::client::DOMAIN;

/// Runs a script of `tests/interop` with the interpreter that `ACCREDIT_PYTHON` names, and reads what it prints.
async fn run(script: &str, arguments: Vec<String>) -> Value {
    #[expect(clippy::disallowed_methods, reason = "which Python has the packages is up to the machine")]
    let python = std::env::var_os("ACCREDIT_PYTHON").unwrap_or_else(|| "python3".into());
    let script = format!("{}/tests/interop/{script}", env!("CARGO_MANIFEST_DIR"));
    let run = move || Command::new(python).arg(script).args(arguments).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}\n{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&shown).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with msgraph-sdk at ACCREDIT_PYTHON; .ci/run makes one"]
async fn the_graph_sdk_for_python_manages_applications() {
    let options = Options { https: Some(([127, 0, 0, 1], 0).into()), ..Options::new(DOMAIN) };
    let emulator = emulator::start(options).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let authority = directory.path().join("ca.pem");
    std::fs::write(&authority, emulator.certificate_authority_pem().unwrap()).unwrap();
    let operator = emulator.operator();
    let arguments = vec![
        emulator.https_url().unwrap().to_owned(),
        emulator.tenant_id().to_owned(),
        operator.client_id.clone(),
        operator.client_secret.clone(),
        authority.to_string_lossy().into_owned(),
    ];
    let answer = run("graph_sdk.py", arguments).await;
    let done: Vec<&str> = answer["done"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let signed_in = done.iter().filter(|step| step.starts_with("sign in with")).count();
    assert_eq!((done.len(), signed_in), (17, 4), "{done:?}");
}
