//! The identity of the machine: of a virtual machine, and of one that Azure Arc connects. App Service, which the official
//! crate knows by variables of the process, is in `command_line`.

use std::sync::{Arc, Mutex};

use accredit::model::AuthenticationMethod::ManagedIdentity;
use axum::body::Body;
use axum::response::Response;
use serde_json::{Value as Json, json};

use super::scene::*;
use super::stand_in::{Asked, StandIn, answer};

/// The metadata service of a virtual machine, which gives `token`.
async fn metadata_service(token: Result<String, (u16, Json)>) -> StandIn {
    StandIn::new(move |asked: &Asked| {
        if asked.header("metadata") != Some("true") {
            let text = "Required metadata header not specified";
            return answer(400, &json!({"error": "invalid_request", "error_description": text}));
        }
        match &token {
            // All numbers are texts.
            Ok(token) => answer(
                200,
                &json!({"access_token": token, "client_id": "7d0e", "expires_in": "86399", "expires_on": "4102444800",
                    "ext_expires_in": "86399", "not_before": "1", "resource": GRAPH, "token_type": "Bearer"}),
            ),
            Err((status, body)) => answer(*status, body),
        }
    })
    .await
}

fn not_found() -> (u16, Json) {
    (400, json!({"error": "invalid_request", "error_description": "Identity not found"}))
}

#[tokio::test]
async fn a_virtual_machine_gives_its_own_identity_or_one_that_is_named() {
    let mut scene = Scene::new().await;
    let token = scene.token(GRAPH).await;
    let service = metadata_service(Ok(token.clone())).await;
    scene.machine = led_to(&service.url);
    let operator = scene.sign_in().await.unwrap();
    assert_eq!(operator.method(), ManagedIdentity);
    assert!(operator.description().contains("as the managed identity of this machine (managedIdentity)"));
    assert_eq!(token_of(&operator, GRAPH).await, token);

    scene.set("AZURE_CLIENT_ID", "7d0e-of-the-identity");
    let operator = scene.sign_in().await.unwrap();
    assert!(operator.description().contains("7d0e-of-the-identity of this machine, from AZURE_CLIENT_ID"));
    let asked: Vec<Asked> = service.asked().into_iter().filter(|asked| asked.header("metadata").is_some()).collect();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].path(), "/metadata/identity/oauth2/token");
    assert_eq!(asked[0].header("host"), Some("169.254.169.254"));
    let resource = "resource=https%3A%2F%2Fgraph.microsoft.com";
    assert!(asked[0].address.contains(resource) && !asked[0].address.contains("client_id"), "{asked:?}");
    assert!(asked[1].address.contains("client_id=7d0e-of-the-identity"), "{asked:?}");
}

#[tokio::test]
async fn a_machine_without_an_identity_is_passed_over() {
    let mut scene = Scene::new().await;
    let service = metadata_service(Err(not_found())).await;
    scene.machine = led_to(&service.url);
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains("managedIdentity: this machine has no managed identity of its own"), "{error}");
    scene.set("AZURE_CLIENT_ID", "7d0e");
    let error = scene.refused(ManagedIdentity).await;
    assert!(error.contains("no managed identity 7d0e, which AZURE_CLIENT_ID names"), "{error}");
}

#[tokio::test]
async fn what_is_no_machine_of_azure_is_passed_over() {
    let mut scene = Scene::new().await;
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains("managedIdentity: this is no machine or service of Azure"), "{error}");
    // Other clouds have a service at the same address.
    for status in [401, 403, 404, 200] {
        let service = StandIn::new(move |_| answer(status, &json!({}))).await;
        scene.machine = led_to(&service.url);
        let error = told(&scene.sign_in().await.unwrap_err());
        assert!(error.contains("managedIdentity: this is no machine or service of Azure"), "{error}");
        assert_eq!(service.asked().len(), 1, "it is asked once");
    }
}

#[tokio::test]
async fn a_machine_of_another_tenant_is_passed_over() {
    let mut scene = Scene::new().await;
    let token = unsigned(&json!({"tid": OTHER_TENANT_ID, "oid": "1"}));
    let service = metadata_service(Ok(token.clone())).await;
    scene.machine = led_to(&service.url);
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains(&format!("managedIdentity: its tokens are for the tenant {OTHER_TENANT_ID}")), "{error}");
    assert!(!error.contains(&token));
    OTHER_TENANT_ID.clone_into(&mut scene.tenant);
    scene.sign_in().await.unwrap();
}

/// The agent of Azure Arc: names a key file, and gives a token to whoever shows what is in it.
async fn agent(token: String, named: Arc<Mutex<String>>) -> StandIn {
    StandIn::new(move |asked: &Asked| {
        assert_eq!(asked.header("metadata"), Some("true"));
        match asked.header("authorization") {
            Some("Basic canary-of-the-key") => answer(200, &json!({"access_token": token, "expires_in": "86399"})),
            Some(_) => answer(401, &json!({"error": "unauthorized_client"})),
            None => {
                let realm = format!("Basic realm={}", named.lock().unwrap());
                Response::builder().status(401).header("www-authenticate", realm).body(Body::empty()).unwrap()
            }
        }
    })
    .await
}

async fn arc(scene: &mut Scene) -> (StandIn, Arc<Mutex<String>>) {
    std::fs::create_dir(scene.arc_keys()).unwrap();
    let named = Arc::new(Mutex::new(scene.arc_keys().join("1.key").display().to_string()));
    let agent = agent(scene.token(GRAPH).await, Arc::clone(&named)).await;
    scene.machine = Arc::new(accredit::transport::Http::of_this_machine().unwrap());
    scene.set("IDENTITY_ENDPOINT", &format!("{}/metadata/identity/oauth2/token", agent.url));
    scene.set("IMDS_ENDPOINT", "http://localhost:40342");
    (agent, named)
}

#[tokio::test]
async fn a_machine_of_azure_arc_shows_the_key_that_its_agent_laid_down() {
    let mut scene = Scene::new().await;
    let (agent, _) = arc(&mut scene).await;
    scene.file("tokens/1.key", b"canary-of-the-key\n");
    let operator = scene.sign_in().await.unwrap();
    assert!(operator.description().contains("as this machine, which Azure Arc connects (managedIdentity)"));
    let asked = agent.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[0].address.contains("api-version=2020-06-01&resource=https://graph.microsoft.com"), "{asked:?}");
}

#[tokio::test]
async fn a_key_file_that_is_not_the_agents_is_never_read() {
    let mut scene = Scene::new().await;
    let (agent, named) = arc(&mut scene).await;
    scene.file("tokens/long.key", &[b'a'; 4097]);
    scene.file("secret.key", b"canary");
    scene.file("tokens/1.txt", b"canary");
    #[cfg(unix)]
    std::os::unix::fs::symlink(scene.directory.path().join("secret.key"), scene.arc_keys().join("link.key")).unwrap();
    let keys = scene.arc_keys();
    for (path, reason) in [
        (keys.join("long.key"), "is longer than 4096 bytes"),
        (scene.directory.path().join("secret.key"), "is not in `"),
        (keys.join("../secret.key"), "is not in `"),
        (keys.join("1.txt"), "does not end in `.key`"),
        (keys.join("missing.key"), "could not be read"),
        #[cfg(unix)]
        (keys.join("link.key"), "is not in `"),
    ] {
        *named.lock().unwrap() = path.display().to_string();
        let error = told(&scene.sign_in().await.unwrap_err());
        assert!(error.contains(reason) && !error.contains("canary"), "{error}");
    }
    assert!(agent.asked().iter().all(|asked| asked.header("authorization").is_none()));
}

#[tokio::test]
async fn the_agent_of_azure_arc_is_on_this_machine_and_knows_one_identity() {
    let mut scene = Scene::new().await;
    let _agent = arc(&mut scene).await;
    scene.set("AZURE_CLIENT_ID", "7d0e");
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains("managedIdentity: Azure Arc knows the machine's own identity alone"), "{error}");
    scene.unset("AZURE_CLIENT_ID").set("IDENTITY_ENDPOINT", "http://evil.example/token");
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains("IDENTITY_ENDPOINT is `http://evil.example/token`"), "{error}");
}
