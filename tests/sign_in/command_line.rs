//! The real program: which way it takes, where that is said, and the ways that the official crate finds by variables of its
//! process.

use std::process::{Command, Output, Stdio};

use accredit::model::AuthenticationMethod;
use serde_json::json;

use super::scene::*;
use super::stand_in::{StandIn, answer};

/// `accredit plan` for an empty estate of the scene's tenant, with these variables and no others.
fn plan(scene: &Scene, head: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let manifests = scene.directory.path().join("manifests");
    std::fs::create_dir_all(&manifests).unwrap();
    std::fs::write(manifests.join("estate.yaml"), format!("tenant: {TENANT}\nestate: tests\n{head}")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_accredit"));
    command.args(["plan", &format!("--emulator={}", scene.emulator.url()), "--now", "2026-11-21T12:00:00Z"]);
    command.args(arguments).current_dir(scene.directory.path()).stdin(Stdio::null());
    command.env_clear().env("PATH", scene.directory.path().join("bin")).envs(variables.iter().copied());
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn run(scene: &Scene, head: &'static str, arguments: &'static [&'static str], variables: &[(&str, &str)]) -> Output {
    // The stand-ins answer while the program runs.
    tokio::task::block_in_place(|| plan(scene, head, arguments, variables))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_says_how_it_signed_in_and_not_on_standard_output() {
    let scene = Scene::new().await;
    let operator = scene.emulator.operator();
    let variables =
        [("AZURE_CLIENT_ID", operator.client_id.as_str()), ("AZURE_CLIENT_SECRET", operator.client_secret.as_str())];
    let output = run(&scene, "", &[], &variables);
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    let expected = format!(
        "Signed in to `{TENANT}` as application {} with a client secret, from AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (environment).\n",
        operator.client_id
    );
    assert!(said.contains(&expected), "{said}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("Signed in"));
    assert!(!said.contains(&operator.client_secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_anything_it_lists_what_an_emulator_takes() {
    let scene = Scene::new().await;
    let output = run(&scene, "", &[], &[]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("caused by: environment: AZURE_CLIENT_ID is not set"), "{said}");
    assert!(said.contains("`accredit emulate` prints the values"), "{said}");
    assert!(!said.contains("azureCli"), "tokens of a real tenant have no business there: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_argument_goes_before_a_variable_and_that_before_the_manifest() {
    let scene = Scene::new().await;
    let token = scene.token(GRAPH).await;
    let printed = format!(r#"{{"accessToken":"{token}","expires_on":4102444800,"tokenType":"Bearer"}}"#);
    scene.program("az", &format!("printf '%s' '{printed}'"));
    let ready = [("ACCREDIT_ACCESS_TOKEN", token.as_str()), ("ACCREDIT_AUTH", "access-token")];
    for (head, arguments, variables, method) in [
        ("auth: azureCli\n", [].as_slice(), [].as_slice(), AuthenticationMethod::AzureCli),
        ("auth: azureCli\n", &[], &ready, AuthenticationMethod::AccessToken),
        ("auth: accessToken\n", &["--auth", "azure-cli"], &ready, AuthenticationMethod::AzureCli),
    ] {
        let output = run(&scene, head, arguments, variables);
        let said = said(&output);
        assert!(output.status.success() && said.contains(&format!("({method})")), "{said}");
        assert!(!said.contains(&token));
    }
    let output = run(&scene, "auth: azure\n", &[], &[]);
    assert!(said(&output).contains("azureCli"), "the nearest is suggested: {}", said(&output));
    let output = run(&scene, "", &["--auth", "azure"], &[]);
    assert!(said(&output).contains("`azure` is no way of signing in: write accessToken"), "{}", said(&output));
    let output = run(&scene, "", &[], &[("ACCREDIT_AUTH", "azure")]);
    assert!(said(&output).contains("ACCREDIT_AUTH cannot be used"), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn app_service_and_container_apps_give_their_identity() {
    let scene = Scene::new().await;
    let token = scene.token(GRAPH).await;
    let service = StandIn::new(move |asked| match asked.header("x-identity-header") {
        Some("canary") => answer(
            200,
            &json!({"access_token": token, "expires_on": "4102444800", "resource": GRAPH, "token_type": "Bearer"}),
        ),
        _ => answer(401, &json!({})),
    })
    .await;
    let endpoint = format!("{}/msi/token", service.url);
    let variables =
        [("IDENTITY_ENDPOINT", endpoint.as_str()), ("IDENTITY_HEADER", "canary"), ("AZURE_CLIENT_ID", "7d0e")];
    let output = run(&scene, "", &["--auth", "managedIdentity"], &variables);
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("as the managed identity 7d0e of this service, from AZURE_CLIENT_ID"), "{said}");
    assert!(!said.contains("canary"));
    let asked = &service.asked()[0];
    assert!(asked.address.starts_with("/msi/token?api-version=2019-08-01&resource="), "{asked:?}");
    assert!(asked.address.ends_with("&client_id=7d0e"), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_connection_of_azure_pipelines_signs_in() {
    let scene = Scene::new().await;
    let (id, client_id) = scene.application(json!({"displayName": "Deployment"})).await;
    let subject = "sc://contoso/project/connection";
    let issuer = format!("{}/_emulator/oidc", scene.emulator.url());
    let trust =
        json!({"name": "site", "issuer": issuer, "subject": subject, "audiences": ["api://AzureADTokenExchange"]});
    scene.graph(&format!("applications/{id}/federatedIdentityCredentials"), trust).await;
    let minted = client().post(format!("{issuer}/token")).json(&json!({"subject": subject})).send().await.unwrap();
    let token = minted.json::<serde_json::Value>().await.unwrap()["token"].clone();
    let pipelines = StandIn::new(move |_| answer(200, &json!({"oidcToken": token}))).await;
    let address = format!("{}/_apis/oidctoken", pipelines.url);
    let mut variables = vec![
        ("SYSTEM_OIDCREQUESTURI", address.as_str()),
        ("SYSTEM_ACCESSTOKEN", "canary"),
        ("AZURESUBSCRIPTION_CLIENT_ID", client_id.as_str()),
        ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "c0ffee"),
    ];
    let output = run(&scene, "", &["--auth", "workloadIdentity"], &variables);
    // The application may do nothing yet, so it is refused by Graph and not before.
    let text = said(&output);
    assert!(text.contains("with a token of Azure Pipelines for the service connection c0ffee"), "{text}");
    assert!(!text.contains("canary"));
    let asked = &pipelines.asked()[0];
    assert_eq!((asked.method.as_str(), asked.header("authorization")), ("POST", Some("Bearer canary")));
    assert!(asked.address.contains("serviceConnectionId=c0ffee"), "{asked:?}");

    variables.retain(|(name, _)| *name != "SYSTEM_ACCESSTOKEN");
    let output = run(&scene, "", &["--auth", "workloadIdentity"], &variables);
    assert!(said(&output).contains("env: { SYSTEM_ACCESSTOKEN: $(System.AccessToken) }"), "{}", said(&output));
}
