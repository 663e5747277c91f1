//! The emulator's front page, and what its control endpoints promise under many requests.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use super::client::*;
use accredit::emulator::{self, Emulator, Options};
use reqwest::Method;
use serde_json::{Value, json};

async fn started(change: Value) -> Emulator {
    let mut options = Options::new(DOMAIN);
    options.now = Some(NOW.parse().unwrap());
    options.random_seed = Some(11);
    options.knobs = options.knobs.changed(&change).unwrap();
    let emulator = emulator::start(options).await.unwrap();
    assert_eq!(control(&emulator, Method::POST, "clock", Some(json!({ "stopped": true }))).await.status, 200);
    emulator
}

async fn advance(emulator: &Emulator, seconds: u64) {
    let order = json!({ "advance": format!("PT{seconds}S") });
    assert_eq!(control(emulator, Method::POST, "clock", Some(order)).await.status, 200);
}

async fn page(emulator: &Emulator, path: &str, accept: &str) -> (u16, String, String) {
    let answer = http().get(format!("{}{path}", emulator.url())).header("Accept", accept).send().await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (answer.status().as_u16(), kind, answer.text().await.unwrap())
}

#[tokio::test]
async fn the_front_page_says_what_this_is() {
    let emulator = start().await;
    for path in ["/", "/_emulator", "/_emulator/"] {
        let (status, kind, body) = page(&emulator, path, "*/*").await;
        assert_eq!((status, kind.as_str()), (200, "application/json; charset=utf-8"), "{path}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["tenantId"], emulator.tenant_id());
        assert_eq!(body["domain"], DOMAIN);
        assert_eq!(body["addresses"], json!([emulator.url()]));
        for accept in ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/plain"] {
            let (status, kind, body) = page(&emulator, path, accept).await;
            assert_eq!((status, kind.as_str()), (200, "text/plain; charset=utf-8"), "{path}");
            assert!(body.contains(emulator.tenant_id()) && body.lines().count() > 20, "{body}");
        }
        let (_, kind, _) = page(&emulator, path, "application/json, text/plain;q=0.5").await;
        assert_eq!(kind, "application/json; charset=utf-8");
    }
    // With a token it is a call to Graph.
    let client = Client::operator(&emulator).await;
    let answer = client.http.get(format!("{}/", client.url)).bearer_auth(&client.token).send().await.unwrap();
    assert!(!answer.status().is_success());
}

#[tokio::test]
async fn the_front_page_and_the_refusal_name_every_control_endpoint() {
    let emulator = start().await;
    let refused = control(&emulator, Method::GET, "nothing", None).await;
    assert_eq!(refused.status, 404);
    let message = refused.body["error"].as_str().unwrap().to_owned();
    let page = control(&emulator, Method::GET, "", None).await;
    for endpoint in page.body["control"].as_array().unwrap() {
        let route = endpoint["path"].as_str().unwrap().strip_prefix("/_emulator/").unwrap();
        assert!(message.contains(route), "{route} in {message}");
        // Each method that is listed is served, and one that is not says which are.
        for method in endpoint["methods"].as_array().unwrap() {
            let method: Method = method.as_str().unwrap().parse().unwrap();
            let status = control(&emulator, method.clone(), route, None).await.status;
            assert!(status != 405 && (status != 404 || route == "seed/key"), "{method} {route}: {status}");
        }
        let refused = control(&emulator, Method::PUT, route, None).await;
        assert_eq!(refused.status, 405, "{route}");
        assert!(refused.headers.contains_key("allow"));
    }
}

#[tokio::test]
async fn a_read_is_some_version_that_was_true_within_the_lag() {
    const LAG: u64 = 10;
    let emulator = started(json!({ "lag": { "byId": "0s..10s", "lists": "2s..10s", "replicas": 5 } })).await;
    let client = Client::operator(&emulator).await;
    let made = client.post("/applications", json!({ "displayName": "0", "notes": "0" })).await;
    let path = format!("/applications/{}", made.body["id"].as_str().unwrap());
    advance(&emulator, LAG).await;
    // When each version became true; the version is its place.
    let mut written = vec![0_u64];
    let (mut now, mut random, mut stale) = (LAG, 12345_u64, 0);
    for _ in 0..150 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        match (random >> 33) % 4 {
            0 => {
                let version = written.len().to_string();
                let answer = client.patch(&path, json!({ "displayName": version, "notes": version })).await;
                assert_eq!(answer.status, 204);
                written.push(now);
            }
            1 => {
                let seconds = (random >> 40) % 5;
                advance(&emulator, seconds).await;
                now += seconds;
            }
            other => {
                let seen = if other == 2 {
                    client.get(&path).await.body
                } else {
                    let app_id = made.body["appId"].as_str().unwrap();
                    client.get(&format!("/applications?$filter=appId eq '{app_id}'")).await.body["value"][0].clone()
                };
                assert_eq!(seen["displayName"], seen["notes"], "a mix of two versions");
                let version: usize = seen["displayName"].as_str().unwrap().parse().unwrap();
                assert!(version < written.len());
                stale += usize::from(version + 1 < written.len());
                let ended = written.get(version + 1);
                assert!(ended.is_none_or(|ended| ended + LAG > now), "version {version} is too old at {now}");
            }
        }
    }
    assert!(stale > 10, "the lag was seen {stale} times");
    advance(&emulator, LAG).await;
    for _ in 0..20 {
        assert_eq!(client.get(&path).await.body["displayName"], (written.len() - 1).to_string());
    }
}

#[tokio::test]
async fn waiting_as_long_as_told_is_enough_for_every_limit() {
    let throttle = json!({
        "resourceUnits": { "most": 1, "window": "5s" }, "writes": { "most": 1, "window": "30s 500us" },
    });
    let emulator = started(json!({ "throttle": throttle })).await;
    let client = Client::operator(&emulator).await;
    assert_eq!(client.post("/applications", json!({ "displayName": "One" })).await.status, 201);
    let refused = client.post("/applications", json!({ "displayName": "Two" })).await;
    assert_eq!(refused.status, 429);
    let seconds: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(seconds, 31);
    advance(&emulator, seconds).await;
    assert_eq!(client.post("/applications", json!({ "displayName": "Two" })).await.status, 201);
}

#[tokio::test]
async fn log_and_counters_add_up_under_many_clients() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    assert_eq!(control(&emulator, Method::DELETE, "requests", None).await.status, 204);
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let client = Client { http: http(), url: client.url.clone(), token: client.token.clone() };
            tokio::spawn(async move {
                for _ in 0..10 {
                    client.get("/organization").await;
                    client.get(&format!("/applications(uniqueName='none-{number}')")).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let log = control(&emulator, Method::GET, "requests", None).await.body;
    let mut logged: BTreeMap<u64, u64> = BTreeMap::new();
    for entry in log.as_array().unwrap() {
        *logged.entry(entry["status"].as_u64().unwrap()).or_default() += 1;
    }
    assert_eq!(logged, BTreeMap::from([(200, 80), (404, 80)]));
    let counters = control(&emulator, Method::GET, "counters", None).await.body;
    assert_eq!(counters["requests"], 160);
    let counted: u64 = counters["routes"].as_array().unwrap().iter().map(|row| row["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, 160);
}

#[tokio::test]
async fn a_reset_keeps_the_keys_that_clients_trust() {
    let directory = tempfile::tempdir().unwrap();
    let options = || Options {
        file: Some(directory.path().join("tenant")),
        https: Some("127.0.0.1:0".parse().unwrap()),
        ..Options::new(DOMAIN)
    };
    let emulator = emulator::start(options()).await.unwrap();
    let authority = emulator.certificate_authority_pem().unwrap().to_owned();
    let client = Client::operator(&emulator).await;
    assert_eq!(control(&emulator, Method::POST, "reset", None).await.status, 204);
    emulator.stop().await;
    let emulator = emulator::start(options()).await.unwrap();
    assert_eq!(emulator.certificate_authority_pem().unwrap(), authority);
    let again = Client { url: emulator.url().to_owned(), ..client };
    assert_eq!(again.get("/organization").await.status, 200);
    // The id of a tenant that is there is not changed by asking for another.
    drop(again);
    emulator.stop().await;
    let other = Options { tenant_id: Some("11111111-1111-1111-1111-111111111111".to_owned()), ..options() };
    assert!(matches!(emulator::start(other).await, Err(emulator::Error::OtherTenant(_))));
}

/// What `accredit emulate` says when it does not start.
fn complaint(directory: &std::path::Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accredit"));
    command.arg("emulate").arg("--in-memory").args(arguments).current_dir(directory).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn everything_wrong_with_the_options_is_told_in_plain_words() {
    let directory = tempfile::tempdir().unwrap();
    let said = complaint(directory.path(), &["--page-size", "0", "--lag", "soon", "--throttle", "loose"]);
    assert!(["--page-size", "--lag", "--throttle"].iter().all(|option| said.contains(option)), "{said}");
    assert!(said.contains("`--lag`: `soon` is no time"), "what is wrong is named once: {said}");
    let said = complaint(directory.path(), &["--seed", "nothing.json"]);
    assert!(said.contains("seed file `nothing.json`") && !said.contains("tenant file"), "{said}");
    assert!(complaint(directory.path(), &["--log", "no/log"]).contains("cannot use the log `no/log`"));
    assert!(complaint(directory.path(), &["--domain", "up/../there"]).contains("is no domain"));
    let said = complaint(directory.path(), &["--https", "0", "--host", "bad..name/"]);
    assert!(said.contains("`bad..name/` is no DNS name"), "{said}");
    std::fs::write(directory.path().join("seed.json"), r#"{"bar": [], "foo": []}"#).unwrap();
    let said = complaint(directory.path(), &["--seed", "seed.json"]);
    assert!(said.lines().count() >= 3 && !said.contains("\\n"), "{said}");
    std::fs::write(directory.path().join("faults.json"), r#"[{"then": "burn"}, {"then": "reset", "nth": 0}]"#).unwrap();
    let said = complaint(directory.path(), &["--faults", "faults.json"]);
    assert!(said.contains("fault 0") && said.contains("fault 1"), "{said}");
}

/// Lag, latency and faults by chance, and what came of the same requests.
async fn troubled(emulator: &Emulator, look: bool) -> Vec<(u64, String)> {
    let client = Client::operator(emulator).await;
    let fault = json!([{ "method": "GET", "probability": 0.3, "then": { "status": 503 } }]);
    assert_eq!(control(emulator, Method::POST, "faults", Some(fault)).await.status, 204);
    let mut met = Vec::new();
    let mut note = |answer: &Answer| {
        let name = answer.body["displayName"].as_str().unwrap_or_default();
        met.push((u64::from(answer.status), name.to_owned()));
    };
    for number in 0..4 {
        note(&client.upsert("same", json!({ "displayName": number.to_string() })).await);
        for _ in 0..10 {
            note(&client.get("/applications(uniqueName='same')").await);
            if look {
                for route in ["counters", "requests", "state", "knobs", "clock"] {
                    assert_eq!(control(emulator, Method::GET, route, None).await.status, 200);
                }
            }
        }
        advance(emulator, 3).await;
    }
    met
}

#[tokio::test]
async fn the_same_seed_and_requests_give_the_same_trouble_after_a_reset_too() {
    let knobs = json!({ "lag": { "byId": "0s..9s", "replicas": 4 }, "latency": { "graph": "1ms..3ms" } });
    let emulator = started(knobs.clone()).await;
    let first = troubled(&emulator, false).await;
    let statuses: Vec<u64> = first.iter().map(|(status, _)| *status).collect();
    assert!([200, 404, 503].iter().all(|status| statuses.contains(status)), "{first:?}");
    // Whoever looks at the emulator meanwhile changes nothing.
    let other = started(knobs).await;
    assert_eq!(troubled(&other, true).await, first, "another emulator");
    assert_eq!(control(&emulator, Method::POST, "reset", None).await.status, 204);
    assert_eq!(troubled(&emulator, false).await, first, "after the reset");
}
