//! The emulator as a running thing: its file, its ports, its trouble on request.

use super::client::*;
use accredit::emulator::{self, Options};
use reqwest::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn a_tenant_file_outlives_its_emulator_and_has_one_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { file: Some(directory.path().join("sub/tenant.jsonl")), ..Options::new(DOMAIN) };
    let file = options.file.clone().unwrap();
    let first = emulator::start(options.clone()).await.unwrap();
    let client = Client::operator(&first).await;
    let (id, _, _) = application(&client, "kept", json!({ "displayName": "Kept" })).await;
    let refused = emulator::start(options.clone()).await.err().unwrap();
    assert!(refused.to_string().contains("already served"), "{refused}");
    let running = emulator::running(&file).unwrap();
    assert_eq!((running.url.as_str(), &running.operator), (first.url(), first.operator()));
    assert!(refused.to_string().contains("`accredit emulate`"), "{refused}");
    first.stop().await;
    assert!(emulator::running(&file).is_none());

    // One that serves a single command is found by nobody, and still has the file to itself.
    let embedded = emulator::start(Options { announce: false, ..options.clone() }).await.unwrap();
    assert!(emulator::running(&file).is_none());
    assert!(!file.with_file_name("tenant.jsonl.running").exists());
    assert!(matches!(emulator::start(options.clone()).await, Err(emulator::Error::InUse(_))));
    embedded.stop().await;

    let second = emulator::start(options).await.unwrap();
    assert_eq!(second.tenant_id(), running.tenant_id);
    // The token of before is still good: its key is kept with the tenant.
    let client = Client { url: second.url().to_owned(), ..client };
    assert_eq!(client.get(&format!("/applications/{id}")).await.body["displayName"], "Kept");
    #[cfg(unix)]
    for name in ["tenant.jsonl", "tenant.jsonl.running", "tenant.jsonl.lock"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(file.with_file_name(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_nothing_on_the_wire() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    for (when, effect) in [("before", StatusCode::NOT_FOUND), ("after", StatusCode::OK)] {
        let faults = json!([{ "method": "POST", "path": "/applications", "nth": 1, "then": "reset", "when": when }]);
        assert_eq!(control(&emulator, Method::POST, "faults", Some(faults)).await.status, 204);
        let body = json!({ "displayName": when, "uniqueName": when }).to_string();
        let address = emulator.url().strip_prefix("http://").unwrap();
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST /v1.0/applications HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: \
             application/json\r\nContent-Length: {}\r\n\r\n{body}",
            client.token,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut received = Vec::new();
        let end = stream.read_to_end(&mut received).await;
        assert!(received.is_empty(), "{when}: {}", String::from_utf8_lossy(&received));
        assert!(end.is_err(), "the connection is reset, not closed politely");
        let found = client.get(&format!("/applications(uniqueName='{when}')")).await;
        assert_eq!(found.status, effect.as_u16(), "{when}");
    }
}

#[tokio::test]
async fn ordered_trouble_comes_when_ordered_and_is_logged() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    let faults = json!([
        { "method": "GET", "path": "/organization", "nth": 2, "then": {
            "status": 429, "code": "TooManyRequests", "message": "Slow.", "headers": { "Retry-After": "3" } } },
        { "path": "/oauth2/", "then": { "status": 503, "code": "temporarily_unavailable", "message": "Later." } },
    ]);
    assert_eq!(control(&emulator, Method::POST, "faults", Some(faults)).await.status, 204);
    control(&emulator, Method::DELETE, "requests", None).await;
    assert_eq!(client.get("/organization").await.status, 200);
    let throttled = client.get("/organization").await;
    assert_eq!(throttled.said(), (429, "TooManyRequests"));
    assert_eq!(throttled.headers["retry-after"], "3");
    assert_eq!(client.get("/organization").await.status, 200);
    assert_eq!(sign_in(&emulator, &[]).await.body["error"], "temporarily_unavailable");
    control(&emulator, Method::DELETE, "faults", None).await;
    assert_eq!(sign_in(&emulator, &[]).await.status, 400);
    let log = control(&emulator, Method::GET, "requests", None).await.body;
    let statuses: Vec<u64> = log.as_array().unwrap().iter().map(|entry| entry["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 429, 200, 503, 400]);

    let call = json!({ "method": "POST", "path": "/v1.0/applications", "body": { "displayName": "Out of band" } });
    let made = control(&emulator, Method::POST, "graph", Some(call)).await;
    assert_eq!(made.status, 201);
    let state = control(&emulator, Method::GET, "state", None).await.body;
    assert!(state["applications"].as_array().unwrap().iter().any(|app| app["id"] == made.body["id"]));
    assert!(!state.to_string().contains(&emulator.operator().client_secret));
    assert_eq!(control(&emulator, Method::POST, "faults", Some(json!([{ "then": "explode" }]))).await.status, 400);
}

#[tokio::test]
async fn tls_is_trusted_through_the_tenants_own_authority() {
    let options = Options { https: Some("127.0.0.1:0".parse().unwrap()), ..Options::new(DOMAIN) };
    let emulator = emulator::start(options).await.unwrap();
    let authority = reqwest::Certificate::from_pem(emulator.certificate_authority_pem().unwrap().as_bytes()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([authority]).build().unwrap();
    let url = emulator.https_url().unwrap();
    let address = format!("{url}/{DOMAIN}/v2.0/.well-known/openid-configuration");
    let document = Answer::read(http.get(address).send().await.unwrap()).await.body;
    assert_eq!(document["issuer"], format!("{url}/{}/v2.0", emulator.tenant_id()));
    let keys = Answer::read(http.get(document["jwks_uri"].as_str().unwrap()).send().await.unwrap()).await;
    assert_eq!(keys.body["keys"][0]["kty"], "RSA");
    emulator.stop().await;
}
