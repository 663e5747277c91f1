//! Trouble on request: lag, faults, latency, throttling, conflicts.

use std::time::{Duration, Instant};

use super::client::*;
use accredit::emulator::{self, Emulator, Options};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

async fn started(change: Value) -> Emulator {
    let mut options = Options::new(DOMAIN);
    options.now = Some("2026-03-01T10:00:00Z".parse::<Timestamp>().unwrap());
    options.random_seed = Some(7);
    options.knobs = options.knobs.changed(&change).unwrap();
    let emulator = emulator::start(options).await.unwrap();
    // Time stands still unless a test turns it.
    assert_eq!(control(&emulator, Method::POST, "clock", Some(json!({ "stopped": true }))).await.status, 200);
    emulator
}

async fn advance(emulator: &Emulator, by: &str) {
    assert_eq!(control(emulator, Method::POST, "clock", Some(json!({ "advance": by }))).await.status, 200);
}

async fn turn(emulator: &Emulator, change: Value) {
    let answer = control(emulator, Method::PATCH, "knobs", Some(change)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

async fn order(emulator: &Emulator, faults: Value) {
    let answer = control(emulator, Method::POST, "faults", Some(faults)).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

#[tokio::test]
async fn each_sort_of_read_is_behind_by_its_own_lag() {
    let emulator = started(json!({})).await;
    let client = Client::operator(&emulator).await;
    turn(&emulator, json!({ "lag": { "byId": "10s", "lists": "20s", "references": "30s", "tokens": "40s" } })).await;
    let made = client.post("/applications", json!({ "displayName": "New", "uniqueName": "new" })).await;
    assert_eq!(made.status, 201);
    let (id, app_id) = (made.body["id"].as_str().unwrap(), made.body["appId"].as_str().unwrap());
    let by_id = format!("/applications/{id}");
    let by_name = "/applications(uniqueName='new')";
    let list = format!("/applications?$filter=appId eq '{app_id}'");
    let found = |answer: Answer| answer.body["value"].as_array().unwrap().len();
    assert_eq!(client.get(&by_id).await.said(), (404, "Request_ResourceNotFound"));
    assert_eq!(client.get(by_name).await.status, 404);
    // The truth knows the name, although nobody can read it.
    assert_eq!(client.upsert("new", json!({ "displayName": "Again" })).await.said(), (400, "Request_BadRequest"));
    advance(&emulator, "PT10S").await;
    assert_eq!(client.get(&by_id).await.status, 200);
    assert_eq!(client.get(by_name).await.status, 200);
    assert_eq!(found(client.get(&list).await), 0);
    advance(&emulator, "PT10S").await;
    assert_eq!(found(client.get(&list).await), 1);
    let refused = client.post("/servicePrincipals", json!({ "appId": app_id })).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.body["error"]["details"][0]["code"], "NoBackingApplicationObject");
    advance(&emulator, "PT10S").await;
    let principal = client.post("/servicePrincipals", json!({ "appId": app_id })).await;
    assert_eq!(principal.status, 201);
    let graph = resource(&client, GRAPH).await;
    let role = json!({ "principalId": principal.body["id"], "resourceId": graph, "appRoleId": "7ab1d382-f21e-4acd-a863-ba3e13f7da61" });
    let path = format!("/servicePrincipals/{graph}/appRoleAssignedTo");
    let refused = client.post(&path, role.clone()).await;
    assert_eq!((refused.status, refused.message()), (400, "Not a valid reference update."));
    let wrong = [("client_id", app_id), ("client_secret", "wrong")];
    advance(&emulator, "PT9S").await;
    let unknown = sign_in(&emulator, &wrong).await;
    assert!(unknown.body["error_description"].as_str().unwrap().starts_with("AADSTS700016"), "{}", unknown.body);
    advance(&emulator, "PT1S").await;
    let known = sign_in(&emulator, &wrong).await;
    assert!(known.body["error_description"].as_str().unwrap().starts_with("AADSTS7000215"), "{}", known.body);
    advance(&emulator, "PT20S").await;
    assert_eq!(client.post(&path, role).await.status, 201);
}

#[tokio::test]
async fn a_write_through_a_stale_view_loses_nothing() {
    let emulator = started(json!({})).await;
    let client = Client::operator(&emulator).await;
    let (id, _, principal) = application(&client, "stale", json!({ "displayName": "One" })).await;
    let path = format!("/applications/{id}");
    turn(&emulator, json!({ "lag": "1m" })).await;
    assert_eq!(client.patch(&path, json!({ "notes": "first" })).await.status, 204);
    assert_eq!(client.patch(&path, json!({ "displayName": "Two" })).await.status, 204);
    let password = client.post(&format!("{path}/addPassword"), json!({})).await;
    assert_eq!(password.status, 200);
    assert_eq!(
        client.patch(&format!("/servicePrincipals/{principal}"), json!({ "notes": "its own" })).await.status,
        204
    );
    let owner = json!({ "@odata.id": format!("{}/v1.0/servicePrincipals/{principal}", emulator.url()) });
    assert_eq!(client.post(&format!("{path}/owners/$ref"), owner).await.status, 204);
    let old = client.get(&path).await.body;
    assert_eq!((&old["displayName"], &old["notes"]), (&json!("One"), &Value::Null), "a read of the old state");
    advance(&emulator, "PT1M").await;
    let new = client.get(&path).await.body;
    assert_eq!((&new["displayName"], &new["notes"]), (&json!("Two"), &json!("first")));
    assert_eq!(new["passwordCredentials"].as_array().unwrap().len(), 1);
    assert_eq!(client.get(&format!("{path}/owners")).await.body["value"].as_array().unwrap().len(), 1);
    let own = client.get(&format!("/servicePrincipals/{principal}")).await.body;
    assert_eq!((&own["displayName"], &own["notes"]), (&json!("Two"), &json!("its own")));
    // What is deleted is read for as long, but no longer written.
    assert_eq!(client.delete(&path).await.status, 204);
    assert_eq!(client.get(&path).await.status, 200);
    assert_eq!(client.patch(&path, json!({ "notes": "late" })).await.status, 404);
    advance(&emulator, "PT1M").await;
    assert_eq!(client.get(&path).await.status, 404);
}

#[tokio::test]
async fn replicas_flap_and_the_same_seed_flaps_the_same() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let emulator = started(json!({ "lag": { "byId": "0s..20s", "replicas": 4 } })).await;
        let client = Client::operator(&emulator).await;
        let mut statuses = Vec::new();
        for number in 0..3 {
            let made = client.post("/applications", json!({ "displayName": format!("App {number}") })).await;
            advance(&emulator, "PT8S").await;
            for _ in 0..12 {
                let path = format!("/applications/{}", made.body["id"].as_str().unwrap());
                statuses.push(client.get(&path).await.status);
            }
        }
        let flaps = statuses.windows(2).filter(|pair| pair == &[200, 404]).count();
        assert!(flaps > 0, "found, then not found: {statuses:?}");
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn requests_above_the_limit_are_throttled_in_a_batch_too() {
    let emulator = started(json!({ "throttle": "tight" })).await;
    let client = Client::operator(&emulator).await;
    let mut last = None;
    for number in 0..5 {
        let made = client.post("/applications", json!({ "displayName": format!("App {number}") })).await;
        assert_eq!(made.status, 201);
        last = Some(made);
    }
    assert_eq!(last.unwrap().headers["x-ms-throttle-limit-percentage"], "1.0");
    let refused = client.post("/applications", json!({ "displayName": "One too many" })).await;
    assert_eq!(refused.said(), (429, "TooManyRequests"));
    assert_eq!(refused.headers["retry-after"], "10");
    assert_eq!(refused.headers["x-ms-throttle-information"], "WriteLimitExceeded");
    let scope = format!("Tenant_Application/Write/{}/{}", emulator.operator().client_id, emulator.tenant_id());
    assert_eq!(refused.headers["x-ms-throttle-scope"], scope.as_str());
    // Reads go on: their limit is another.
    let requests = json!({ "requests": [
        { "id": "read", "method": "GET", "url": "/organization" },
        { "id": "write", "method": "POST", "url": "/applications", "body": { "displayName": "Batched" },
          "headers": { "Content-Type": "application/json" } },
    ] });
    let batch = client.post("/$batch", requests).await;
    assert_eq!(batch.status, 200);
    let responses = batch.body["responses"].as_array().unwrap();
    let of = |id: &str| responses.iter().find(|response| response["id"] == id).unwrap();
    assert_eq!((&of("read")["status"], &of("write")["status"]), (&json!(200), &json!(429)));
    assert_eq!(of("write")["headers"]["Retry-After"], "10");
    advance(&emulator, "PT4S").await;
    turn(&emulator, json!({ "throttle": { "retryAfter": false } })).await;
    advance(&emulator, "PT10S").await;
    assert_eq!(client.post("/applications", json!({ "displayName": "In time" })).await.status, 201);

    turn(&emulator, json!({ "throttle": { "token": { "most": 1, "window": "30s" } } })).await;
    let wrong = [("client_id", "x"), ("client_secret", "y")];
    assert_eq!(sign_in(&emulator, &wrong).await.status, 400);
    let refused = sign_in(&emulator, &wrong).await;
    assert_eq!((refused.status, refused.body["error"].as_str()), (429, Some("temporarily_unavailable")));
    assert!(!refused.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn writes_that_come_too_soon_conflict() {
    let emulator = started(json!({ "conflicts": { "writes": "2s", "creation": "5s" } })).await;
    let client = Client::operator(&emulator).await;
    let made = client.post("/applications", json!({ "displayName": "Own" })).await;
    let path = format!("/applications/{}", made.body["id"].as_str().unwrap());
    let personal = json!({ "displayName": "Personal", "signInAudience": "AzureADandPersonalMicrosoftAccount" });
    let personal = client.post("/applications", personal).await;
    let personal = format!("/applications/{}", personal.body["id"].as_str().unwrap());
    let note = || json!({ "notes": "x" });
    assert_eq!(client.patch(&path, note()).await.said(), (404, "Request_ResourceNotFound"));
    assert_eq!(client.patch(&personal, note()).await.said(), (409, "Error_MsaAppDoesNotExist"));
    assert_eq!(client.get(&path).await.body["notes"], Value::Null);
    advance(&emulator, "PT5S").await;
    assert_eq!(client.patch(&path, note()).await.status, 204);
    assert_eq!(client.patch(&path, note()).await.said(), (409, "Directory_ConcurrencyViolation"));
    assert_eq!(client.patch(&personal, note()).await.status, 204, "another object");
    advance(&emulator, "PT2S").await;
    assert_eq!(client.patch(&path, note()).await.status, 204);
}

#[tokio::test]
async fn answers_take_as_long_as_ordered_and_others_do_not_wait() {
    let emulator = started(json!({ "latency": { "graph": "300ms" } })).await;
    let client = Client::operator(&emulator).await;
    let begun = Instant::now();
    let (one, two, three) =
        tokio::join!(client.get("/organization"), client.get("/organization"), client.get("/organization"));
    assert_eq!([one.status, two.status, three.status], [200; 3]);
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_millis(850), "{took:?}");
}

#[tokio::test]
async fn faults_choose_by_body_pattern_count_and_service() {
    let emulator = started(json!({})).await;
    let client = Client::operator(&emulator).await;
    let answer = |status: u16| json!({ "status": status, "code": "Ordered" });
    order(
        &emulator,
        json!([
            { "service": "token", "then": { "status": 503, "body": { "odd": true }, "headers": { "X-Odd": "1" } }, "times": 1 },
            { "method": "POST", "path": "/v1.0/*applications", "body": "unlucky", "then": answer(500), "when": "after" },
            { "method": "GET", "path": "*/organization", "every": 3, "then": answer(502) },
            { "method": "GET", "path": "/domains", "probability": 0.5, "then": answer(504) },
        ]),
    )
    .await;
    let odd = sign_in(&emulator, &[]).await;
    assert_eq!((odd.status, &odd.body), (503, &json!({ "odd": true })));
    assert_eq!(odd.headers["x-odd"], "1");
    assert_eq!(sign_in(&emulator, &[]).await.status, 400);
    assert_eq!(client.post("/applications", json!({ "displayName": "lucky" })).await.status, 201);
    assert_eq!(client.post("/applications", json!({ "displayName": "unlucky" })).await.said(), (500, "Ordered"));
    let names = client.get("/applications?$filter=displayName eq 'unlucky'").await;
    assert_eq!(names.body["value"].as_array().unwrap().len(), 1, "it took effect first");
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(client.get("/organization").await.status);
    }
    assert_eq!(statuses, [200, 200, 502, 200, 200, 502]);
    let mut failed = 0;
    for _ in 0..40 {
        failed += u32::from(client.get("/domains").await.status == 504);
    }
    assert!((8..=32).contains(&failed), "{failed}");
    let told = control(&emulator, Method::GET, "faults", None).await.body;
    assert_eq!(told.as_array().unwrap().len(), 3, "the one that hit its times is used up");
}

#[tokio::test]
async fn answers_hang_and_break_off() {
    let emulator = started(json!({})).await;
    let client = Client::operator(&emulator).await;
    order(
        &emulator,
        json!([
            { "path": "notes=1", "nth": 1, "then": "hang" },
            { "path": "/domains", "nth": 1, "then": { "hang": "200ms" }, "when": "after" },
            { "path": "/users", "nth": 1, "then": "truncate" },
            { "path": "/organization", "nth": 1, "then": { "truncate": 5 } },
        ]),
    )
    .await;
    let impatient = reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(200)).build().unwrap();
    let address = format!("{}/v1.0/applications?notes=1", emulator.url());
    let gave_up = impatient.get(&address).bearer_auth(&client.token).send().await.err().unwrap();
    assert!(gave_up.is_timeout(), "{gave_up}");
    let begun = Instant::now();
    assert_eq!(client.get("/domains").await.status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(200));
    for (path, begins) in [("/users", 20..100_000), ("/organization", 5..6)] {
        let address = format!("{}/v1.0{path}", emulator.url());
        let mut torn = client.http.get(&address).bearer_auth(&client.token).send().await.unwrap();
        assert_eq!(torn.status(), 200);
        let length = usize::try_from(torn.content_length().unwrap()).unwrap();
        let mut read = 0;
        let end = loop {
            match torn.chunk().await {
                Ok(Some(chunk)) => read += chunk.len(),
                end => break end,
            }
        };
        assert!(end.is_err(), "the body breaks off");
        assert!(begins.contains(&read) && read < length, "{path}: {read} of {length}");
    }
    assert_eq!(client.get("/users").await.status, 200);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_the_reason() {
    let emulator = started(json!({})).await;
    let before = control(&emulator, Method::GET, "knobs", None).await.body;
    for (change, reason) in [
        (json!({ "lagg": "1s" }), "unknown field `lagg`"),
        (json!({ "lag": { "byId": "5 bananas" } }), "`5 bananas` is no time"),
        (json!({ "lag": { "byId": "9s..5s" } }), "ends before it begins"),
        (json!({ "lag": { "replicas": 0 } }), "from 1 to 16"),
        (json!({ "latency": { "graph": 5 } }), "expected a string"),
        (json!({ "pageSize": 0 }), "from 1 to 999"),
        (json!({ "throttle": "gentle" }), "`gentle` is no throttling"),
        (json!({ "throttle": { "writes": { "most": 0, "window": "1s" } } }), "above 0"),
        (json!([]), "must be an object"),
    ] {
        let refused = control(&emulator, Method::PATCH, "knobs", Some(change.clone())).await;
        assert_eq!(refused.status, 400, "{change}");
        assert!(refused.body["error"].as_str().unwrap().contains(reason), "{change}: {}", refused.body);
    }
    assert_eq!(control(&emulator, Method::GET, "knobs", None).await.body, before);
    for (fault, reason) in [
        (json!({ "then": { "status": 99 } }), "outside"),
        (json!({ "then": { "status": 600 } }), "outside"),
        (json!({ "then": "explode" }), "`then` is"),
        (json!({ "then": { "hang": "soon" } }), "`soon` is no time"),
        (json!({ "then": "reset", "wen": "after" }), "unknown field `wen`"),
        (json!({ "then": "reset", "when": "never" }), "unknown variant `never`"),
        (json!({ "then": "reset", "service": "mail" }), "unknown variant `mail`"),
        (json!({ "then": "reset", "nth": 0 }), "count from 1"),
        (json!({ "then": "reset", "nth": 1, "every": 2 }), "exclude each other"),
        (json!({ "then": "reset", "probability": 2 }), "from 0 to 1"),
        (json!({ "then": "reset", "method": "FETCH" }), "no method"),
        (json!({ "then": { "status": 500, "headers": { "a b": "c" } } }), "no header"),
        (json!({ "method": "GET" }), "missing field `then`"),
    ] {
        let refused = control(&emulator, Method::POST, "faults", Some(json!([fault.clone()]))).await;
        assert_eq!(refused.status, 400, "{fault}");
        assert!(refused.body["error"].as_str().unwrap().contains(reason), "{fault}: {}", refused.body);
    }
    assert_eq!(control(&emulator, Method::GET, "faults", None).await.body, json!([]));
    for order in [
        json!({ "advance": "PT1M", "now": "2027-01-01T00:00:00Z" }),
        json!({ "now": "2020-01-01T00:00:00Z" }),
        json!({ "back": true }),
        json!({ "advance": "-PT1M" }),
    ] {
        assert_eq!(control(&emulator, Method::POST, "clock", Some(order.clone())).await.status, 400, "{order}");
    }
    let back = json!({ "now": "2020-01-01T00:00:00Z", "backwards": true });
    assert_eq!(control(&emulator, Method::POST, "clock", Some(back)).await.body["now"], "2020-01-01T00:00:00Z");
    assert_eq!(control(&emulator, Method::GET, "knob", None).await.status, 404);
    assert_eq!(control(&emulator, Method::DELETE, "knobs", None).await.status, 405);
    assert_eq!(control(&emulator, Method::GET, "state?x=1", None).await.status, 400);
}

#[tokio::test]
async fn a_change_of_a_role_through_a_stale_view_loses_nothing() {
    let emulator = started(json!({})).await;
    let client = Client::operator(&emulator).await;
    let role = json!({
        "displayName": "Keeper", "isEnabled": true, "description": "before",
        "rolePermissions": [{ "allowedResourceActions": ["microsoft.directory/applications/basic/update"] }],
    });
    let made = client.post("/roleManagement/directory/roleDefinitions", role).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let address = format!("/roleManagement/directory/roleDefinitions/{}", made.body["id"].as_str().unwrap());
    turn(&emulator, json!({ "lag": { "byId": "1m" } })).await;
    assert_eq!(client.patch(&address, json!({ "description": "after" })).await.status, 204);
    assert_eq!(client.patch(&address, json!({ "displayName": "Renamed" })).await.status, 204);
    assert_eq!(client.get(&address).await.body["description"], "before");
    advance(&emulator, "PT1M").await;
    let now = client.get(&address).await.body;
    assert_eq!((&now["description"], &now["displayName"]), (&json!("after"), &json!("Renamed")));
}

#[tokio::test]
async fn what_was_restored_is_not_purged_through_a_stale_view() {
    let emulator = started(json!({})).await;
    let client = Client::operator(&emulator).await;
    let (_, _, principal) = application(&client, "Restored", json!({ "displayName": "Restored" })).await;
    let role = json!({ "principalId": principal, "roleDefinitionId": EXCHANGE_ADMINISTRATOR, "directoryScopeId": "/" });
    assert_eq!(client.post("/roleManagement/directory/roleAssignments", role).await.status, 201);
    assert_eq!(client.delete(&format!("/servicePrincipals/{principal}")).await.status, 204);
    turn(&emulator, json!({ "lag": { "byId": "1m" } })).await;
    let deleted = format!("/directory/deletedItems/{principal}");
    assert_eq!(client.post(&format!("{deleted}/restore"), json!({})).await.status, 200);
    assert_eq!(client.get(&deleted).await.status, 200, "the view is behind");
    assert_eq!(client.delete(&deleted).await.status, 404);
    let held =
        client.get(&format!("/roleManagement/directory/roleAssignments?$filter=principalId eq '{principal}'")).await;
    assert_eq!(held.body["value"].as_array().unwrap().len(), 1, "{}", held.body);
}

#[tokio::test]
async fn delta_brings_everything_however_replicas_lag() {
    let emulator = started(json!({ "lag": { "lists": "0s..20s", "replicas": 3 }, "pageSize": 3 })).await;
    let client = Client::operator(&emulator).await;
    let mut address = format!("{}/v1.0/applications/delta?$deltatoken=latest", client.url);
    let (mut made, mut told) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for second in 0..40 {
        if second < 15 {
            let answer = client.post("/applications", json!({ "displayName": format!("App {second}") })).await;
            made.insert(answer.body["id"].as_str().unwrap().to_owned());
        }
        let answer = client.http.get(&address).bearer_auth(&client.token).send().await.unwrap();
        let page = Answer::read(answer).await.body;
        for object in page["value"].as_array().unwrap() {
            told.insert(object["id"].as_str().unwrap().to_owned());
        }
        let link = page["@odata.deltaLink"].as_str().or(page["@odata.nextLink"].as_str()).unwrap();
        link.clone_into(&mut address);
        advance(&emulator, "PT1S").await;
    }
    assert!(told.is_superset(&made), "{} of {}", told.intersection(&made).count(), made.len());
}
