//! What is kept and given back: seeds, dumps, reset, the log, the counters, and a file that survives its process.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use super::client::*;
use accredit::emulator::{self, Emulator, Operator, Options, Seed};
use jsonwebtoken::Algorithm;
use reqwest::Method;
use serde_json::{Value, json};

async fn seeded(directory: &tempfile::TempDir, seed: &Value) -> Result<Emulator, emulator::Error> {
    let path = directory.path().join("seed.json");
    std::fs::write(&path, seed.to_string()).unwrap();
    emulator::start(Options { seed: Some(Seed::File(path)), ..Options::new(DOMAIN) }).await
}

async fn dumped(emulator: &Emulator, secrets: bool) -> Value {
    let route = if secrets { "dump?secrets=true" } else { "dump" };
    control(emulator, Method::GET, route, None).await.body
}

#[tokio::test]
async fn a_seed_file_is_completed_and_a_dump_of_it_makes_the_same_tenant() {
    let directory = tempfile::tempdir().unwrap();
    let certificate = Certificate::new();
    let app_id = "11111111-2222-3333-4444-555555555555";
    let emulator = seeded(
        &directory,
        &json!({
            "users": [{ "displayName": "Adele Vance", "userPrincipalName": format!("adele@{DOMAIN}"), "mailNickname": "adele" }],
            "applications": [{
                "displayName": "Nightly", "appId": app_id, "uniqueName": "nightly", "tags": ["night"],
                "owners": [format!("adele@{DOMAIN}")],
                "keyCredentials": [certificate.credential()],
                "passwordCredentials": [{ "displayName": "old", "secretText": "a secret of the seed" }],
            }],
            "servicePrincipals": [{ "appId": app_id }],
            "appRoleAssignments": [{ "principalId": app_id, "resourceId": EXCHANGE, "appRoleId": "Exchange.ManageAsApp" }],
            "oauth2PermissionGrants": [{ "clientId": app_id, "resourceId": GRAPH, "scope": "User.Read" }],
            "roleAssignments": [{ "principalId": app_id, "roleDefinitionId": "Exchange Administrator" }],
        }),
    )
    .await
    .unwrap();
    let secret = [("client_id", app_id), ("client_secret", "a secret of the seed")];
    assert_eq!(sign_in(&emulator, &secret).await.status, 200);
    let audience = format!("{}/{}/oauth2/v2.0/token", emulator.url(), emulator.tenant_id());
    let assertion = certificate.assertion(Algorithm::PS256, &audience, app_id, &json!({}));
    let form = [("client_id", app_id), ASSERTION_TYPE, ("client_assertion", &assertion)];
    let token = sign_in_to(&emulator, "https://outlook.office365.com/.default", &form).await;
    assert_eq!(token.status, 200, "{}", token.body);
    let claims = claims(token.body["access_token"].as_str().unwrap());
    assert_eq!(claims["roles"], json!(["Exchange.ManageAsApp"]));
    assert_eq!(claims["wids"], json!([EXCHANGE_ADMINISTRATOR]));
    let client = Client::operator(&emulator).await;
    let owners = client.get("/applications(uniqueName='nightly')/owners").await.body;
    assert_eq!(owners["value"][0]["displayName"], "Adele Vance");

    let (open, whole) = (dumped(&emulator, false).await, dumped(&emulator, true).await);
    for secret in ["a secret of the seed", emulator.operator().client_secret.as_str(), "PRIVATE KEY"] {
        assert!(!open.to_string().contains(secret), "{secret}");
        assert!(whole.to_string().contains(secret), "{secret}");
    }
    let again = seeded(&directory, &whole).await.unwrap();
    assert_eq!((again.tenant_id(), again.operator()), (emulator.tenant_id(), emulator.operator()));
    assert!(dumped(&again, true).await == whole, "the dumps differ");
    // Without secrets, everything else is there, and the operator has a new secret.
    let bare = seeded(&directory, &open).await.unwrap();
    assert_eq!(bare.operator().client_id, emulator.operator().client_id);
    assert_ne!(bare.operator().client_secret, emulator.operator().client_secret);
    let client = Client::operator(&bare).await;
    assert_eq!(client.get("/applications(uniqueName='nightly')").await.body["appId"], app_id);
    assert_eq!(sign_in(&bare, &secret).await.status, 401);
}

#[tokio::test]
async fn everything_wrong_in_a_seed_file_is_told_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let error = seeded(
        &directory,
        &json!({
            "aplications": [],
            "users": {},
            "applications": [
                { "displayName": 5 }, { "displayName": "A", "colour": "red" }, {},
                { "displayName": "B", "id": "no guid" }, { "displayName": "C", "uniqueName": "c" },
                { "displayName": "D", "uniqueName": "C" },
                { "displayName": "E", "keyCredentials": [{ "key": "AAAA", "type": "AsymmetricX509Cert", "usage": "Verify" }] },
            ],
            "servicePrincipals": [{ "appId": "99999999-9999-9999-9999-999999999999" }],
            "roleAssignments": [{ "principalId": "nobody", "roleDefinitionId": "Exchange Administrator" }],
        }),
    )
    .await
    .err()
    .unwrap()
    .to_string();
    for told in [
        "`aplications` is no collection",
        "`users` must be a list",
        "applications[0]:",
        "applications[1]: The property 'colour'",
        "applications[2]: an application needs a `displayName`",
        "applications[3]: `id` is \"no guid\"",
        "applications[5]: the `uniqueName` `C` is there already",
        "applications[6]: `keyCredentials[0].key`",
        "servicePrincipals[0]: no application has",
        "roleAssignments[0]: nobody has",
    ] {
        assert!(error.contains(told), "{told} is not in\n{error}");
    }
}

#[tokio::test]
async fn a_numbered_seed_holds_applications_that_can_sign_in() {
    let options = Options { seed: Some(Seed::Applications(25)), random_seed: Some(3), ..Options::new(DOMAIN) };
    let emulator = emulator::start(options).await.unwrap();
    let client = Client::operator(&emulator).await;
    let seeded = client.get("/applications(uniqueName='seeded-00024')?$select=appId,keyCredentials,tags").await.body;
    let app_id = seeded["appId"].as_str().unwrap();
    let key = control(&emulator, Method::GET, "seed/key", None).await.body["privateKey"].as_str().unwrap().to_owned();
    let der =
        base64::Engine::decode(&base64::prelude::BASE64_STANDARD, seeded["keyCredentials"][0]["key"].as_str().unwrap());
    let certificate = Certificate { der: der.unwrap(), key };
    let audience = format!("{}/{}/oauth2/v2.0/token", emulator.url(), emulator.tenant_id());
    let assertion = certificate.assertion(Algorithm::RS256, &audience, app_id, &json!({}));
    let form = [("client_id", app_id), ASSERTION_TYPE, ("client_assertion", &assertion)];
    let token = sign_in_to(&emulator, "https://outlook.office365.com/.default", &form).await;
    assert_eq!(token.status, 200, "{}", token.body);
    let claims = claims(token.body["access_token"].as_str().unwrap());
    assert_eq!(claims["roles"], json!(["Exchange.ManageAsApp"]));
    assert_eq!(claims["wids"], json!([EXCHANGE_ADMINISTRATOR]));
    let owners = client.get("/applications(uniqueName='seeded-00024')/owners").await.body;
    assert_eq!(owners["value"].as_array().unwrap().len(), 1);
    let plain = start().await;
    assert_eq!(control(&plain, Method::GET, "seed/key", None).await.status, 404);
}

#[tokio::test]
async fn reset_leads_back_to_the_start() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    let before = dumped(&emulator, true).await;
    let (id, _, _) = application(&client, "gone", json!({ "displayName": "Gone" })).await;
    let operator = format!("/applications(appId='{}')", emulator.operator().client_id);
    assert_eq!(client.patch(&operator, json!({ "notes": "changed" })).await.status, 204);
    assert_eq!(client.delete(&format!("/applications/{id}")).await.status, 204);
    control(&emulator, Method::PATCH, "knobs", Some(json!({ "lag": "1h" }))).await;
    control(&emulator, Method::POST, "faults", Some(json!([{ "path": "/never", "then": "reset" }]))).await;
    assert!(dumped(&emulator, true).await != before, "nothing was changed");
    assert_eq!(control(&emulator, Method::POST, "reset", None).await.status, 204);
    assert!(dumped(&emulator, true).await == before, "something is left");
    assert_eq!(control(&emulator, Method::GET, "faults", None).await.body, json!([]));
    assert_eq!(control(&emulator, Method::GET, "knobs", None).await.body["lag"]["byId"], "0s");
    assert_eq!(control(&emulator, Method::GET, "requests", None).await.body, json!([]));
    assert_eq!(client.get(&operator).await.body["notes"], Value::Null);
}

#[tokio::test]
async fn the_log_tells_who_asked_what_and_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log.jsonl");
    let emulator = emulator::start(Options { log: Some(log.clone()), ..Options::new(DOMAIN) }).await.unwrap();
    let client = Client::operator(&emulator).await;
    let fault = json!([{ "path": "/organization", "nth": 1, "then": { "status": 503 } }]);
    control(&emulator, Method::POST, "faults", Some(fault)).await;
    assert_eq!(client.get("/organization").await.status, 503);
    assert_eq!(client.get("/organization").await.status, 200);
    let id = "12345678-1234-1234-1234-123456789012";
    assert_eq!(client.get(&format!("/applications/{id}?$select=id")).await.status, 404);
    client.get("/applications?client_secret=hush").await;
    let text = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(control(&emulator, Method::GET, "requests", None).await.body, json!(lines));
    let facts: Vec<(&str, &str, u64)> = lines
        .iter()
        .map(|line| {
            (line["service"].as_str().unwrap(), line["method"].as_str().unwrap(), line["status"].as_u64().unwrap())
        })
        .collect();
    let get = |status| ("graph", "GET", status);
    assert_eq!(facts, [("token", "POST", 200), get(503), get(200), get(404), get(400)]);
    assert_eq!((&lines[1]["fault"], &lines[2]["fault"]), (&json!("answer"), &Value::Null));
    assert!(lines.iter().all(|line| line["application"] == emulator.operator().client_id.as_str()), "{text}");
    assert_eq!(lines[2]["resourceUnits"], 1);
    for secret in [&client.token, &emulator.operator().client_secret, "hush"] {
        assert!(!text.contains(secret));
    }
    let counters = control(&emulator, Method::GET, "counters", None).await.body;
    assert_eq!((&counters["requests"], &counters["retries"]), (&json!(5), &json!(1)));
    let routes = counters["routes"].as_array().unwrap();
    let count = |route: &str, status: u16| {
        routes
            .iter()
            .find(|entry| entry["route"] == route && entry["status"] == status)
            .map(|entry| entry["count"].clone())
    };
    assert_eq!(count("/{tenant}/oauth2/v2.0/token", 200), Some(json!(1)));
    assert_eq!(count("/v1.0/applications/{id}", 404), Some(json!(1)));
    assert_eq!(control(&emulator, Method::DELETE, "counters", None).await.status, 204);
    assert_eq!(control(&emulator, Method::GET, "counters", None).await.body["requests"], 0);
}

#[tokio::test]
async fn an_administrator_may_send_headers() {
    let emulator = start().await;
    let call = json!({
        "method": "PATCH", "path": "/v1.0/applications(uniqueName='forced')",
        "headers": { "Prefer": "create-if-missing" }, "body": { "displayName": "Forced" },
    });
    assert_eq!(control(&emulator, Method::POST, "graph", Some(call.clone())).await.status, 201);
    assert_eq!(control(&emulator, Method::POST, "graph", Some(call)).await.status, 204);
    let unknown = json!({ "method": "GET", "path": "/users", "header": {} });
    assert_eq!(control(&emulator, Method::POST, "graph", Some(unknown)).await.status, 400);
}

#[tokio::test]
async fn a_fixed_operator_is_taken_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let operator = Operator {
        client_id: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee".to_owned(),
        client_secret: "fixed for this job".to_owned(),
    };
    let options = Options {
        file: Some(directory.path().join("tenant")),
        operator: Some(operator.clone()),
        ..Options::new(DOMAIN)
    };
    let emulator = emulator::start(options.clone()).await.unwrap();
    assert!(emulator.is_new());
    assert_eq!(emulator.operator(), &operator);
    Client::operator(&emulator).await;
    emulator.stop().await;
    let again = emulator::start(options.clone()).await.unwrap();
    assert!(!again.is_new());
    again.stop().await;
    let other = Operator { client_secret: "another".to_owned(), ..operator };
    let refused = emulator::start(Options { operator: Some(other), ..options }).await;
    assert!(matches!(refused, Err(emulator::Error::Operator(_))));
}

/// `accredit emulate` as a process, and what it printed.
fn serve(directory: &std::path::Path, more: &[&str]) -> (Child, std::collections::BTreeMap<String, String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accredit"));
    command.args(["emulate", "--file", "tenant"]).args(more).current_dir(directory);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = std::collections::BTreeMap::new();
    while !said.contains_key("AZURE_CLIENT_SECRET") {
        let line = lines.next().unwrap().unwrap();
        let (name, value) = line.split_once('=').unwrap();
        said.insert(name.to_owned(), value.to_owned());
    }
    (child, said)
}

async fn sign_in_at(said: &std::collections::BTreeMap<String, String>) -> Client {
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
        ("client_id", &said["AZURE_CLIENT_ID"]),
        ("client_secret", &said["AZURE_CLIENT_SECRET"]),
    ];
    let url = &said["ACCREDIT_EMULATOR"];
    let address = format!("{url}/{}/oauth2/v2.0/token", said["AZURE_TENANT_ID"]);
    let answer = Answer::read(http().post(address).form(&form).send().await.unwrap()).await;
    Client { http: http(), url: url.clone(), token: answer.body["access_token"].as_str().unwrap().to_owned() }
}

#[tokio::test]
async fn whatever_was_answered_survives_a_process_that_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let mut kept: Vec<String> = Vec::new();
    for round in 0..4 {
        let (mut child, said) = serve(directory.path(), &["--seed", "5"]);
        let client = sign_in_at(&said).await;
        for id in &kept {
            assert_eq!(client.get(&format!("/applications/{id}")).await.status, 200, "round {round}: {id}");
        }
        let made = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (http, url, token) = (client.http.clone(), client.url.clone(), client.token.clone());
                let made = std::sync::Arc::clone(&made);
                tokio::spawn(async move {
                    for number in 0.. {
                        let body = json!({ "displayName": format!("{round}-{writer}-{number}") });
                        let request = http.post(format!("{url}/v1.0/applications")).bearer_auth(&token).json(&body);
                        let Ok(response) = request.send().await else { break };
                        let Ok(text) = response.text().await else { break };
                        let Ok(body) = serde_json::from_str::<Value>(&text) else { break };
                        made.lock().unwrap().push(body["id"].as_str().unwrap().to_owned());
                    }
                })
            })
            .collect();
        // The writers decide how long it lives: until so many answers have come.
        while made.lock().unwrap().len() < 40 + round * 15 {
            tokio::task::yield_now().await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for writer in writers {
            writer.await.unwrap();
        }
        kept.append(&mut made.lock().unwrap());
    }
    assert!(kept.len() >= 250, "{}", kept.len());
    let (mut child, said) = serve(directory.path(), &["--ready-file", "ready"]);
    let client = sign_in_at(&said).await;
    for id in &kept {
        assert_eq!(client.get(&format!("/applications/{id}")).await.status, 200, "{id}");
    }
    assert_eq!(client.get("/applications(uniqueName='seeded-00004')").await.status, 200);
    while !directory.path().join("ready").exists() {
        tokio::task::yield_now().await;
    }
    let ready = std::fs::read_to_string(directory.path().join("ready")).unwrap();
    assert!(ready.contains(&format!("ACCREDIT_EMULATOR={}\n", said["ACCREDIT_EMULATOR"])));
    child.kill().unwrap();
    child.wait().unwrap();
}
