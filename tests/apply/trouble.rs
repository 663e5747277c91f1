//! The articles' job against a Graph in trouble: the same end each time, nothing twice, in bounded time and requests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use accredit::model::Desired;
use accredit::patience::Patience;
use accredit::transport::{Sending, Transport};
use bytes::Bytes;
use serde_json::{Value as Json, json};

use super::world::{TENANT, World, days_after, noon, one_of_everything, repository};

/// What the manifests make, without what is drawn anew each time.
type EndState = BTreeMap<String, Json>;

/// Reads it as somebody else, with every fault and lag out of the way.
async fn end_state(world: &World) -> EndState {
    let list = async |path: &str| {
        let mut items = Vec::new();
        let mut next = path.to_owned();
        loop {
            let page = world.read(&next).await;
            items.extend(page["value"].as_array().unwrap().iter().cloned());
            match page["@odata.nextLink"].as_str() {
                Some(link) => next = String::from(&link[link.find("/v1.0").unwrap()..]),
                None => return items,
            }
        }
    };
    let sorted = |items: &[Json], name: &str| {
        let mut values: Vec<String> = items.iter().map(|item| item[name].as_str().unwrap().to_owned()).collect();
        values.sort();
        values
    };
    let mut state = EndState::new();
    for application in list("/v1.0/applications").await {
        let (id, app_id) = (application["id"].as_str().unwrap(), application["appId"].as_str().unwrap());
        let Some(name) = application["uniqueName"].as_str() else { continue };
        let owners = list(&format!("/v1.0/applications/{id}/owners")).await;
        let principals = list(&format!("/v1.0/servicePrincipals?$filter=appId eq '{app_id}'")).await;
        let principal = principals[0]["id"].as_str().unwrap();
        let consents = list(&format!("/v1.0/servicePrincipals/{principal}/appRoleAssignments")).await;
        let roles = format!("/v1.0/roleManagement/directory/roleAssignments?$filter=principalId eq '{principal}'");
        let has = json!({
            "displayName": application["displayName"],
            "signInAudience": application["signInAudience"],
            "requiredResourceAccess": application["requiredResourceAccess"],
            "tags": application["tags"],
            "keys": application["keyCredentials"].as_array().unwrap().len(),
            "owners": sorted(&owners, "userPrincipalName"),
            "servicePrincipals": principals.len(),
            "consents": sorted(&consents, "appRoleId"),
            "roles": sorted(&list(&roles).await, "roleDefinitionId"),
        });
        assert!(state.insert(name.to_owned(), has).is_none(), "{name} was made twice");
    }
    state
}

/// A tenant whose clock stands still, and the five articles.
async fn articles() -> (World, Desired) {
    let mut world = World::new().await;
    for article in std::fs::read_dir(repository("manifests")).unwrap() {
        let article = article.unwrap();
        let text = std::fs::read_to_string(article.path()).unwrap();
        if text.contains("estate: walkthroughs") {
            world.write(article.file_name().to_str().unwrap(), &text);
        }
    }
    stop_the_clock(&mut world).await;
    let desired = world.desired();
    assert!(desired.applications.len() >= 5);
    (world, desired)
}

async fn one_application() -> (World, Desired) {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    stop_the_clock(&mut world).await;
    let desired = world.desired();
    (world, desired)
}

/// From here on time passes where a run waits, and nowhere else.
async fn stop_the_clock(world: &mut World) {
    world.control("POST", "clock", Some(json!({ "advance": "PT0S", "stopped": true }))).await;
    world.wait_with(world.patience_of_the_tenant(Patience::TIMEOUT, Patience::PROPAGATION_TIMEOUT));
}

async fn requests(world: &World) -> usize {
    world.control("GET", "requests", None).await.json::<Json>().await.unwrap().as_array().unwrap().len()
}

/// What comes of it with no trouble at all, and how many requests it takes.
async fn in_calm((world, desired): (World, Desired)) -> (EndState, usize) {
    world.apply(&desired).await;
    let asked = requests(&world).await;
    (end_state(&world).await, asked)
}

/// Applies amid the trouble, waits it out, and finds what a calm run leaves, with no more than `times` its requests.
async fn in_trouble((world, desired): (World, Desired), calm: &(EndState, usize), times: usize, trouble: &str) {
    let report = world.run(&desired, accredit::kinds::Intent::Reconcile).await;
    let asked = requests(&world).await;
    assert!(report.is_complete(), "{trouble}: failed: {:#?}\nskipped: {:#?}", report.failed, report.skipped);
    assert!(asked <= calm.1 * times, "{trouble}: {asked} requests, {} in calm", calm.1);
    world.no_faults().await;
    world.knobs(json!({ "lag": "0s" })).await;
    assert_eq!(end_state(&world).await, calm.0, "{trouble}");
    let plan = world.plan_text(&desired).await;
    assert!(plan.starts_with("No changes."), "{trouble}: {plan}");
}

fn refusal(status: u16, headers: &Json) -> Json {
    json!({ "status": status, "code": "trouble", "message": "of the test's making", "headers": headers })
}

#[tokio::test]
async fn three_in_ten_requests_are_throttled() {
    let calm = in_calm(articles().await).await;
    for (name, headers) in [
        ("with Retry-After", json!({ "Retry-After": "7" })),
        ("with a date", json!({ "Retry-After": "Sat, 21 Nov 2026 12:00:20 GMT" })),
        ("without Retry-After", json!({})),
    ] {
        let (world, desired) = articles().await;
        world.faults(json!([{ "service": "graph", "probability": 0.3, "then": refusal(429, &headers) }])).await;
        in_trouble((world, desired), &calm, 3, name).await;
    }
}

#[tokio::test]
async fn one_in_ten_requests_finds_graph_broken() {
    let calm = in_calm(articles().await).await;
    for (status, when) in [(500, "before"), (502, "after"), (503, "before"), (504, "after")] {
        let (world, desired) = articles().await;
        let fault =
            json!({ "service": "graph", "probability": 0.1, "then": refusal(status, &json!({})), "when": when });
        world.faults(json!([fault])).await;
        in_trouble((world, desired), &calm, 3, &format!("{status} {when}")).await;
    }
}

#[tokio::test]
async fn the_connection_breaks_at_every_request_in_turn() {
    let calm = in_calm(one_application().await).await;
    for nth in 1..=calm.1 {
        for when in ["before", "after"] {
            let (world, desired) = one_application().await;
            world.faults(json!([{ "service": "graph", "nth": nth, "then": "reset", "when": when }])).await;
            in_trouble((world, desired), &calm, 2, &format!("request {nth}, {when}")).await;
        }
    }
}

/// The same of sign-ins: that of the operator, and that of a certificate which others wait for.
#[tokio::test]
async fn the_connection_breaks_at_every_sign_in_in_turn() {
    let rotating = async || {
        let (mut world, desired) = one_application().await;
        world.apply(&desired).await;
        world.turn_to(days_after(noon(), 340)).await;
        world.apply(&desired).await;
        world.turn_to(days_after(noon(), 360)).await;
        world.forget_requests().await;
        (world, desired)
    };
    let calm = in_calm(rotating().await).await;
    let mut broken = 0;
    for when in ["before", "after"] {
        for nth in 1.. {
            let (world, desired) = rotating().await;
            world.faults(json!([{ "service": "token", "nth": nth, "then": "reset", "when": when }])).await;
            world.apply(&desired).await;
            let left: Json = world.control("GET", "faults", None).await.json().await.unwrap();
            if left != json!([]) {
                break;
            }
            broken += 1;
            assert_eq!(end_state(&world).await, calm.0, "sign-in {nth}, {when}");
        }
    }
    assert!(broken >= 4, "only {broken} sign-ins were broken");
}

#[tokio::test]
async fn replicas_are_a_minute_behind_and_disagree() {
    let calm = in_calm(articles().await).await;
    for lag in ["60s", "0s..60s"] {
        let (world, desired) = articles().await;
        world.knobs(json!({ "lag": lag })).await;
        world.knobs(json!({ "lag": { "replicas": 3 } })).await;
        in_trouble((world, desired), &calm, 8, lag).await;
    }
}

/// A rotation and its end while replicas disagree: no certificate is lost, made twice or taken away
/// too early.
#[tokio::test]
async fn a_rotation_is_carried_out_on_replicas_that_are_behind() {
    let (mut world, desired) = one_application().await;
    world.apply(&desired).await;
    let mut keys = Vec::new();
    for day in [340, 341, 356] {
        world.turn_to(days_after(noon(), day)).await;
        world.control("POST", "clock", Some(json!({ "now": world.now.to_string(), "stopped": true }))).await;
        world.wait_with(world.patience_of_the_tenant(Patience::TIMEOUT, Patience::PROPAGATION_TIMEOUT));
        let plan = world.plan(&desired).await;
        world.knobs(json!({ "lag": "0s..60s" })).await;
        world.knobs(json!({ "lag": { "replicas": 3 } })).await;
        let report = world.carry_out(&desired, plan).await;
        assert!(report.is_complete(), "day {day}: {:#?}", report.failed);
        world.knobs(json!({ "lag": "0s" })).await;
        keys.push(world.application("exo").await["keyCredentials"].as_array().unwrap().len());
    }
    assert_eq!(keys, [2, 2, 1]);
    let plan = world.plan_text(&desired).await;
    assert!(plan.starts_with("No changes."), "{plan}");
}

#[tokio::test]
async fn objects_are_busy_right_after_they_were_written() {
    let changed = async || {
        let (world, desired) = one_application().await;
        world.apply(&desired).await;
        // Two writes to the application: its properties, then its owners.
        let owners = format!("[zoe.howard@{TENANT}, megan@{TENANT}]");
        let text = one_of_everything("exo").replace("exo automated", "another name");
        world.write("exo.yaml", &text.replace(&format!("[zoe.howard@{TENANT}]"), &owners));
        let desired = world.desired();
        (world, desired)
    };
    let calm = in_calm(changed().await).await;
    for conflicts in [json!({ "writes": "5s" }), json!({ "writes": "90s" })] {
        let (world, desired) = changed().await;
        world.knobs(json!({ "conflicts": conflicts })).await;
        in_trouble((world, desired), &calm, 3, &conflicts.to_string()).await;
    }
}

#[tokio::test]
async fn a_tenant_with_tiny_limits_is_waited_for_and_no_faster_than_it_may() {
    let calm = in_calm(articles().await).await;
    let (world, desired) = articles().await;
    world.knobs(json!({ "throttle": "tight" })).await;
    in_trouble((world, desired), &calm, 3, "tight").await;
}

#[tokio::test]
async fn a_run_ends_at_its_deadline_and_says_what_it_waited_for() {
    let (mut world, desired) = one_application().await;
    world.wait_with(world.patience_of_the_tenant(Duration::from_mins(5), Duration::ZERO));
    let plan = world.plan(&desired).await;
    let busy = refusal(429, &json!({ "Retry-After": "100" }));
    world.faults(json!([{ "method": "POST", "path": "/servicePrincipals", "then": busy }])).await;
    let report = world.carry_out(&desired, plan).await;
    let [failure] = report.failed.as_slice() else { panic!("{report:#?}") };
    let causes: Vec<String> =
        std::iter::successors(Some(&failure.error as &dyn std::error::Error), |error| error.source())
            .map(ToString::to_string)
            .collect();
    assert_eq!(
        causes[1..],
        [
            "POST /servicePrincipals was given up: Graph is throttling (HTTP 429)",
            "a run takes at most 5 min (`--timeout`), and waiting on would take longer"
        ]
    );
    let hint = failure.error.hint().unwrap();
    assert!(hint.contains("run it again"), "{hint}");
    // What was done stays done, and the next run goes on.
    world.no_faults().await;
    world.wait_with(world.patience_of_the_tenant(Duration::from_mins(5), Duration::ZERO));
    world.converge(&desired).await;
}

/// What looks like lag is lag only for what this run made: somebody else's deletion is no reason to wait ten minutes.
#[tokio::test]
async fn a_deleted_object_is_not_waited_for() {
    let (world, desired) = one_application().await;
    world.apply(&desired).await;
    world.write("exo.yaml", &one_of_everything("exo").replace("exo automated", "another name"));
    let desired = world.desired();
    let plan = world.plan(&desired).await;
    let application = world.application("exo").await;
    world.admin("DELETE", &format!("/v1.0/applications/{}", application["id"].as_str().unwrap()), Json::Null).await;
    let before = requests(&world).await;
    let report = world.carry_out(&desired, plan).await;
    assert_eq!(report.failed.len(), 1, "{report:#?}");
    assert!(requests(&world).await - before < 5, "it was tried again and again");
}

/// Sends on, and keeps which reads every batch held.
struct Watcher {
    transport: Arc<dyn Transport>,
    batches: Mutex<Vec<Vec<String>>>,
}

impl Transport for Watcher {
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
        if request.uri().path().ends_with("/$batch") {
            let body: Json = serde_json::from_slice(request.body()).unwrap();
            let urls = body["requests"].as_array().unwrap().iter();
            self.batches.lock().unwrap().push(urls.map(|item| item["url"].as_str().unwrap().to_owned()).collect());
        }
        self.transport.send(request)
    }
}

#[tokio::test]
async fn of_a_batch_only_what_was_not_served_is_asked_for_again() {
    let (mut world, desired) = articles().await;
    world.apply(&desired).await;
    let watcher = Arc::new(Watcher { transport: Arc::clone(&world.others), batches: Mutex::default() });
    world.send_through(Arc::clone(&watcher) as Arc<dyn Transport>);
    let calm = world.plan_text(&desired).await;
    let in_calm = std::mem::take(&mut *watcher.batches.lock().unwrap());
    for (status, headers) in
        [(429, json!({ "Retry-After": "30" })), (429, json!({})), (503, json!({})), (500, json!({}))]
    {
        let busy = refusal(status, &headers);
        let fault = json!({ "path": "*/federatedIdentityCredentials", "times": 2, "then": busy });
        world.faults(json!([fault])).await;
        assert_eq!(world.plan_text(&desired).await, calm);
        let batches = std::mem::take(&mut *watcher.batches.lock().unwrap());
        let again: Vec<&Vec<String>> = batches.iter().filter(|batch| !in_calm.contains(*batch)).collect();
        let [again] = again.as_slice() else { panic!("{status}: {again:#?}") };
        assert_eq!(again.len(), 2, "{status}: {again:?}");
        assert!(again.iter().all(|path| path.ends_with("/federatedIdentityCredentials")), "{status}: {again:?}");
    }
}
