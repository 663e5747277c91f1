//! An application by a token of an issuer that it trusts.

use accredit::model::AuthenticationMethod::WorkloadIdentity;
use serde_json::{Value as Json, json};

use super::scene::*;
use super::stand_in::{StandIn, answer};

const SUBJECT: &str = "repo:contoso/site:ref:refs/heads/main";
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// The client id of an application that trusts the emulator's own issuer.
async fn trusting(scene: &Scene, subject: &str) -> String {
    let (id, client_id) = scene.application(json!({"displayName": "Deployment"})).await;
    let issuer = format!("{}/_emulator/oidc", scene.emulator.url());
    let trust = json!({"name": "site", "issuer": issuer, "subject": subject, "audiences": [AUDIENCE]});
    scene.graph(&format!("applications/{id}/federatedIdentityCredentials"), trust).await;
    client_id
}

/// A token of that issuer.
async fn issued(scene: &Scene) -> String {
    let address = format!("{}/_emulator/oidc/token", scene.emulator.url());
    let minted = client().post(address).json(&json!({"subject": SUBJECT})).send().await.unwrap();
    minted.json::<Json>().await.unwrap()["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_in_a_file_or_a_variable_signs_in() {
    let mut scene = Scene::new().await;
    let client_id = trusting(&scene, SUBJECT).await;
    let token = issued(&scene).await;
    let file = scene.file("token", token.as_bytes());
    scene.set("AZURE_CLIENT_ID", &client_id);
    for (variable, value, source) in [
        ("AZURE_FEDERATED_TOKEN_FILE", file.to_str().unwrap(), "in the file that AZURE_FEDERATED_TOKEN_FILE names"),
        ("ARM_OIDC_TOKEN_FILE_PATH", file.to_str().unwrap(), "in the file that ARM_OIDC_TOKEN_FILE_PATH names"),
        ("ARM_OIDC_TOKEN", &token, "in ARM_OIDC_TOKEN"),
    ] {
        scene.set(variable, value);
        let operator = scene.sign_in().await.unwrap();
        assert_eq!(operator.method(), WorkloadIdentity);
        assert!(operator.description().contains(source), "{}", operator.description());
        assert_eq!(claims(&token_of(&operator, GRAPH).await)["appid"], client_id);
        scene.unset(variable);
    }
}

#[tokio::test]
async fn a_job_of_github_asks_for_its_token_and_signs_in_with_it() {
    let mut scene = Scene::new().await;
    let client_id = trusting(&scene, SUBJECT).await;
    let token = issued(&scene).await;
    let github = StandIn::new(move |_| answer(200, &json!({"count": 1, "value": token}))).await;
    scene.internet = led_to(&github.url);
    scene.set("AZURE_CLIENT_ID", &client_id).set("GITHUB_ACTIONS", "true");
    scene.set("ACTIONS_ID_TOKEN_REQUEST_URL", "https://pipelines.actions.example/token?api-version=2.0");
    scene.set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary-of-the-job");
    let operator = scene.sign_in().await.unwrap();
    assert!(operator.description().contains("with a token of GitHub Actions (workloadIdentity)"));
    token_of(&operator, KEY_VAULT).await;
    let asked = github.asked();
    assert_eq!(asked.len(), 2, "each assertion is a new one");
    assert_eq!(asked[0].address, "/token?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange");
    assert_eq!(asked[0].header("authorization"), Some("Bearer canary-of-the-job"));
    assert_eq!(asked[0].header("host"), Some("pipelines.actions.example"));
}

#[tokio::test]
async fn github_is_asked_again_where_it_is_busy() {
    let mut scene = Scene::new().await;
    let client_id = trusting(&scene, SUBJECT).await;
    let token = issued(&scene).await;
    let statuses = std::sync::Mutex::new([503, 429].into_iter());
    let github = StandIn::new(move |_| match statuses.lock().unwrap().next() {
        Some(status) => answer(status, &json!({})),
        None => answer(200, &json!({"value": token})),
    })
    .await;
    scene.internet = led_to(&github.url);
    scene.set("AZURE_CLIENT_ID", &client_id).set("ACTIONS_ID_TOKEN_REQUEST_URL", "https://actions.example/token");
    scene.set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary");
    scene.sign_in().await.unwrap();
    assert_eq!(*scene.waits.lock().unwrap(), [1, 2]);
}

#[tokio::test]
async fn what_the_emulator_answers_as_github_does_signs_in() {
    let mut scene = Scene::new().await;
    let client_id = trusting(&scene, SUBJECT).await;
    scene.internet = led_to(scene.emulator.url());
    let address = format!("{}/_emulator/oidc/token?subject={SUBJECT}", scene.emulator.url());
    scene.internet = std::sync::Arc::new(accredit::transport::Http::of_this_machine().unwrap());
    scene.set("AZURE_CLIENT_ID", &client_id).set("ACTIONS_ID_TOKEN_REQUEST_URL", &address);
    scene.set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "anything");
    scene.sign_in().await.unwrap();
}

#[tokio::test]
async fn a_token_that_no_credential_matches_is_told_by_its_claims() {
    let mut scene = Scene::new().await;
    let client_id = trusting(&scene, "repo:contoso/site:environment:production").await;
    let token = issued(&scene).await;
    scene.set("AZURE_CLIENT_ID", &client_id).set("ARM_OIDC_TOKEN", &token);
    let error = scene.sign_in().await.unwrap_err();
    let said = told(&error);
    assert!(said.contains("AADSTS70021"), "{said}");
    assert!(said.contains(&format!("the subject `{SUBJECT}` and the audience `{AUDIENCE}`")), "{said}");
    assert!(said.contains("/_emulator/oidc`"), "{said}");
    assert!(said.contains("hint: put exactly these three values into a federated credential"), "{said}");
    assert!(!said.contains(&token) && !format!("{error:?}").contains(&token));
}

#[tokio::test]
async fn a_job_that_may_not_have_a_token_is_told_what_to_write() {
    let mut scene = Scene::new().await;
    scene.set("AZURE_CLIENT_ID", "7d0e").set("GITHUB_ACTIONS", "true");
    let error = scene.refused(WorkloadIdentity).await;
    assert!(error.contains("permissions: { id-token: write, contents: read }"), "{error}");
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains("workloadIdentity: this is GitHub Actions, but the job may not"), "{error}");
}

#[tokio::test]
async fn nothing_secret_goes_where_others_can_read_it() {
    let mut scene = Scene::new().await;
    let eavesdropper = StandIn::new(|_| answer(200, &json!({}))).await;
    scene.internet = led_to(&eavesdropper.url);
    scene.set("AZURE_CLIENT_ID", "7d0e");
    scene.set("ACTIONS_ID_TOKEN_REQUEST_URL", "http://pipelines.actions.example/token");
    scene.set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary");
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains("ACTIONS_ID_TOKEN_REQUEST_URL is no https address"), "{error}");
    scene.set("SYSTEM_OIDCREQUESTURI", "http://dev.azure.example/token").set("SYSTEM_ACCESSTOKEN", "canary");
    scene.set("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "connection");
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains("SYSTEM_OIDCREQUESTURI is no https address"), "{error}");
    assert_eq!(eavesdropper.asked().len(), 0);
}

#[tokio::test]
async fn what_is_missing_beside_a_token_is_named() {
    let mut scene = Scene::new().await;
    scene.set("ARM_OIDC_TOKEN", "canary");
    let error = scene.refused(WorkloadIdentity).await;
    assert!(error.contains("there is a token in ARM_OIDC_TOKEN, but AZURE_CLIENT_ID is not set"), "{error}");
    // Nobody is signed in as the machine instead.
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains("workloadIdentity failed: ") && !error.contains("canary"), "{error}");
    scene.unset("ARM_OIDC_TOKEN").set("SYSTEM_OIDCREQUESTURI", "https://dev.azure.example/token");
    let error = scene.refused(WorkloadIdentity).await;
    assert!(error.contains("env: { SYSTEM_ACCESSTOKEN: $(System.AccessToken) }"), "{error}");
    // The token itself, where its file should be named.
    scene.set("AZURE_FEDERATED_TOKEN_FILE", "canary").set("AZURE_CLIENT_ID", "7d0e");
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains("AZURE_FEDERATED_TOKEN_FILE does not lead to a file"), "{error}");
    assert!(!error.contains("canary"), "{error}");
}

#[tokio::test]
async fn what_github_says_that_is_no_token_is_not_shown() {
    let mut scene = Scene::new().await;
    scene.set("AZURE_CLIENT_ID", "7d0e").set("ACTIONS_ID_TOKEN_REQUEST_URL", "https://actions.example/token");
    scene.set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary");
    for (status, body, said) in [
        (403, json!({"message": "canary"}), "GitHub issued no token (HTTP 403)"),
        (200, json!({"value": {"canary": 1}}), "GitHub's answer holds no token"),
    ] {
        let github = StandIn::new(move |_| answer(status, &body)).await;
        scene.internet = led_to(&github.url);
        let error = told(&scene.sign_in().await.unwrap_err());
        assert!(error.contains(said) && !error.contains("canary"), "{error}");
    }
    scene.internet = std::sync::Arc::new(Nowhere);
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains("no answer from actions.example: nobody is there"), "{error}");
}
