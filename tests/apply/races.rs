//! Somebody else writes the same application's certificates, in the worst of all moments: nothing of theirs or ours is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use accredit::keys::self_signed;
use accredit::kinds::Intent;
use accredit::model::{CertificateProfile, DistinguishedName, KeyAlgorithm};
use accredit::patience::Patience;
use accredit::transport::{Http, Sending, Transport};
use base64::Engine as _;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::world::{World, days_after, noon, one_of_everything};

pub(crate) const FOREIGN: &str = "11111111-2222-4333-8444-555555555555";

/// A key credential of somebody who has never heard of Accredit.
pub(crate) fn foreign(key_id: &str, start: Timestamp) -> Json {
    let pair = self_signed(&CertificateProfile {
        subject: DistinguishedName("CN=theirs".to_owned()),
        dns_names: Vec::new(),
        key: KeyAlgorithm::Rsa2048,
        not_before: start,
        not_after: days_after(start, 365),
    });
    let key = base64::engine::general_purpose::STANDARD.encode(pair.unwrap().certificate);
    json!({ "keyId": key_id, "type": "AsymmetricX509Cert", "usage": "Verify", "key": key, "displayName": "theirs" })
}

/// Sends what it is given, and once, before the first request whose method and path match, has somebody else add a
/// certificate.
struct WorstMoment {
    transport: Http,
    method: &'static str,
    path: &'static str,
    control: String,
    application: String,
    certificate: Json,
    has_come: AtomicBool,
}

impl Transport for WorstMoment {
    fn send(&self, request: http::Request<bytes::Bytes>) -> Sending<'_> {
        Box::pin(async move {
            let is_it = request.method().as_str() == self.method && request.uri().path().contains(self.path);
            if is_it && !self.has_come.swap(true, Ordering::SeqCst) {
                let order = |method: &str, body: Json| {
                    let body = json!({ "method": method, "path": self.application, "body": body });
                    reqwest::Client::new().post(format!("{}/_emulator/graph", self.control)).json(&body)
                };
                let there: Json = order("GET", Json::Null).send().await.unwrap().json().await.unwrap();
                let mut credentials = there["keyCredentials"].as_array().unwrap().clone();
                credentials.push(self.certificate.clone());
                let answer = order("PATCH", json!({ "keyCredentials": credentials })).send().await.unwrap();
                assert!(answer.status().is_success(), "{answer:?}");
            }
            self.transport.send(request).await
        })
    }
}

/// The `keyId`s on the application.
async fn key_ids(world: &World) -> Vec<String> {
    let application = world.application("exo").await;
    let credentials = application["keyCredentials"].as_array().unwrap().iter();
    credentials.map(|credential| credential["keyId"].as_str().unwrap().to_owned()).collect()
}

/// An applied world in which somebody else adds a certificate right before the first such request.
async fn interrupted(method: &'static str, path: &'static str, unsettled: Json) -> World {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    world.knobs(json!({ "unsettled": unsettled })).await;
    let application = world.application("exo").await["id"].as_str().unwrap().to_owned();
    world.send_through(Arc::new(WorstMoment {
        transport: Http::new(&[]).unwrap(),
        method,
        path,
        control: world.emulator.url().to_owned(),
        application: format!("/v1.0/applications/{application}"),
        certificate: foreign(FOREIGN, noon()),
        has_come: AtomicBool::new(false),
    }));
    world
}

#[tokio::test]
async fn a_certificate_that_is_added_in_the_moment_of_ours_stays() {
    // Before the read, between read and write, and after the write, whether or not Graph keeps the names we give.
    for names in ["kept", "ignored"] {
        for (method, path) in [("GET", "/v1.0/applications/"), ("POST", "addKey")] {
            let mut world = interrupted(method, path, json!({ "addKeyNames": names })).await;
            world.turn_to(days_after(noon(), 365 - 20)).await;
            let desired = world.desired();
            let report = world.run(&desired, Intent::Reconcile).await;
            assert!(report.is_complete(), "{names} {path}: {:?}", report.failed);
            let there = key_ids(&world).await;
            assert!(there.iter().any(|id| id == FOREIGN), "{names} {path}: {there:?}");
            assert_eq!(there.len(), 3, "{names} {path}: both of ours and theirs");
            let plan = world.plan(&desired).await;
            assert!(plan.is_empty(), "{names} {path}: {plan:?}");
            assert!(
                plan.findings.iter().any(|finding| finding.message.contains("theirs")),
                "it is reported: {:?}",
                plan.findings
            );
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_added_in_the_moment_one_of_ours_goes_stays() {
    let mut world = interrupted("POST", "removeKey", json!({})).await;
    world.turn_to(days_after(noon(), 365 - 20)).await;
    let desired = world.desired();
    world.converge(&desired).await;
    world.turn_to(days_after(noon(), 365 - 5)).await;
    world.apply(&desired).await;
    let there = key_ids(&world).await;
    assert!(there.iter().any(|id| id == FOREIGN), "{there:?}");
    assert_eq!(there.len(), 2, "the older of ours went: {there:?}");
}

/// Two machines with key stores of their own rotate at the same time.
#[tokio::test]
async fn two_applies_at_once_lose_nothing() {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let one = world.desired();
    world.converge(&one).await;
    world.turn_to(days_after(noon(), 365 - 20)).await;
    // The other machine has a copy of the keys, and its manifests beside them.
    let elsewhere = world.directory.path().join("other");
    std::fs::create_dir_all(&elsewhere).unwrap();
    let copied = std::process::Command::new("cp").arg("-a").args([&world.keys(), &elsewhere.join("keys")]).status();
    assert!(copied.unwrap().success());
    let manifest = one_of_everything("exo").replace("../.accredit/keys", "keys");
    std::fs::write(elsewhere.join("exo.yaml"), manifest).unwrap();
    let other = world.load(&[elsewhere.join("exo.yaml")]);
    let (first, second) = (world.plan(&one).await, world.plan(&other).await);
    let (first, second) = tokio::join!(world.carry_out(&one, first), world.carry_out(&other, second));
    assert!(first.is_complete() && second.is_complete(), "{:?} {:?}", first.failed, second.failed);
    assert_eq!(key_ids(&world).await.len(), 3, "the old one and one of each");
    // Each still signs in with its own, and neither takes the other's away, now or later.
    for days in [1, 16, 19] {
        world.turn_to(days_after(noon(), 365 - 20 + days)).await;
        for desired in [&one, &other] {
            world.apply(desired).await;
        }
    }
    let there = key_ids(&world).await;
    assert!(there.len() >= 2, "{there:?}");
    assert!(world.plan(&one).await.is_empty() && world.plan(&other).await.is_empty());
}

/// The first certificate on an application that somebody else made: nothing proves us, so the list is written whole, with
/// every other entry just as it was read.
#[tokio::test]
async fn entries_of_all_kinds_survive_a_write_of_the_whole_list() {
    let world = World::new().await;
    let mut odd = Vec::new();
    for (number, identifier) in
        [(1, json!("0wg+yc+K7kvTQo2Mimoijds4O24=")), (2, json!("Q049YnkgaGFuZA==")), (3, Json::Null)]
    {
        let mut credential = foreign(&format!("{number}1111111-2222-4333-8444-555555555555"), noon());
        credential["customKeyIdentifier"] = identifier;
        // More digits than most programs keep.
        credential["startDateTime"] = json!("2026-11-21T12:00:00.1234567Z");
        credential["endDateTime"] = json!("2027-11-20T12:00:00.7654321+00:00");
        odd.push(credential);
    }
    odd[2].as_object_mut().unwrap().remove("displayName");
    let mut encrypting = foreign("41111111-2222-4333-8444-555555555555", noon());
    encrypting["usage"] = json!("Encrypt");
    odd.push(encrypting);
    let body = json!({ "uniqueName": "exo", "displayName": "theirs", "keyCredentials": odd });
    world.admin("POST", "/v1.0/applications", body).await;
    let before = world.application("exo").await["keyCredentials"].as_array().unwrap().clone();
    world.write("exo.yaml", &one_of_everything("exo"));
    world.forget_requests().await;
    world.converge(&world.desired()).await;
    let after = world.application("exo").await["keyCredentials"].as_array().unwrap().clone();
    assert_eq!(after.len(), 5);
    for credential in before {
        assert!(after.contains(&credential), "{credential}\n{after:#?}");
    }
    assert!(world.writes().await.iter().all(|write| !write.contains("addKey")), "nothing could prove us");
}

#[tokio::test]
async fn somebody_who_empties_the_list_meanwhile_is_told_of() {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    world.intrude("by hand").await;
    world.turn_to(days_after(noon(), 365 - 20)).await;
    let desired = world.desired();
    let plan = world.plan(&desired).await;
    // The plan is made; then an administrator removes everything, ours included.
    let application = world.application("exo").await["id"].as_str().unwrap().to_owned();
    world.admin("PATCH", &format!("/v1.0/applications/{application}"), json!({ "keyCredentials": [] })).await;
    let report = world.carry_out(&desired, plan).await;
    // Nothing proves us any more: ours is written, and nothing that was there is missing.
    assert!(report.is_complete(), "{:?}", report.failed);
    assert_eq!(key_ids(&world).await.len(), 1);
}

#[tokio::test]
async fn a_removal_that_would_leave_nothing_that_works_is_refused() {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    world.converge(&desired).await;
    world.turn_to(days_after(noon(), 365 - 20)).await;
    world.converge(&desired).await;
    world.turn_to(days_after(noon(), 365 - 5)).await;
    let plan = world.plan(&desired).await;
    assert_eq!(plan.steps.len(), 1, "the older one goes");
    // In the meantime somebody removes the newer one.
    let application = world.application("exo").await;
    let older = application["keyCredentials"][0].clone();
    let path = format!("/v1.0/applications/{}", application["id"].as_str().unwrap());
    world.admin("PATCH", &path, json!({ "keyCredentials": [older] })).await;
    let report = world.carry_out(&desired, plan).await;
    assert_eq!(report.failed.len(), 1);
    assert!(report.failed[0].error.to_string().contains("without a certificate that works"), "{:?}", report.failed);
    assert_eq!(key_ids(&world).await.len(), 1);
    world.converge(&desired).await;
}

/// Some have seen Graph refuse a list that holds an ended certificate.
#[tokio::test]
async fn an_ended_certificate_of_somebody_else_does_not_stop_a_rotation() {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    world.converge(&desired).await;
    world.knobs(json!({ "unsettled": { "endedKeys": "refused" } })).await;
    let application = world.read("/v1.0/applications(uniqueName='exo')").await;
    let mut credentials = application["keyCredentials"].as_array().unwrap().clone();
    let mut short = foreign(FOREIGN, noon());
    short["endDateTime"] = json!("2026-12-01T00:00:00Z");
    credentials.push(short);
    let path = format!("/v1.0/applications/{}", application["id"].as_str().unwrap());
    world.admin("PATCH", &path, json!({ "keyCredentials": credentials })).await;
    world.turn_to(days_after(noon(), 365 - 20)).await;
    world.converge(&desired).await;
    assert_eq!(key_ids(&world).await.len(), 3);
    // Where ours have ended too, nothing proves us, and the ended one stands in the way: the manifest can have it removed.
    world.turn_to(days_after(noon(), 3 * 365)).await;
    let report = world.run(&desired, Intent::Reconcile).await;
    let failure = &report.failed[0].error;
    assert!(failure.hint().unwrap().contains("prune: expired"), "{failure:?}");
    world.write(
        "exo.yaml",
        &one_of_everything("exo").replace("    roles:", "    expiry: { prune: expired }\n    roles:"),
    );
    world.converge(&world.desired()).await;
    assert_eq!(key_ids(&world).await.len(), 1);
}

/// Graph does not take the list at once, and somebody else adds a certificate while it is waited for.
#[tokio::test]
async fn a_list_that_has_to_be_sent_again_is_read_again() {
    let busy = json!({ "status": 429, "code": "TooManyRequests", "headers": { "Retry-After": "12" } });
    let conflict = json!({ "status": 409, "code": "Directory_ConcurrencyViolation", "message": "another write" });
    for refusal in [busy, conflict] {
        let mut world = World::new().await;
        let one = foreign("21111111-2222-4333-8444-555555555555", noon());
        let body = json!({ "uniqueName": "exo", "displayName": "theirs", "keyCredentials": [one] });
        let path = format!("/v1.0/applications/{}", text(&world.admin("POST", "/v1.0/applications", body).await["id"]));
        world.write("exo.yaml", &one_of_everything("exo"));
        let desired = world.desired();
        let plan = world.plan(&desired).await;
        world.faults(json!([{ "method": "PATCH", "body": "keyCredentials", "nth": 1, "then": refusal }])).await;
        let (control, two) = (format!("{}/_emulator/graph", world.emulator.url()), foreign(FOREIGN, noon()));
        let has_come = Arc::new(AtomicBool::new(false));
        world.wait_with(Patience::new(Patience::TIMEOUT, Duration::ZERO).skipping(move |_| {
            let (control, path, two, has_come) = (control.clone(), path.clone(), two.clone(), Arc::clone(&has_come));
            Box::pin(async move {
                if has_come.swap(true, Ordering::SeqCst) {
                    return;
                }
                let order = |method: &str, body: Json| {
                    let order = json!({ "method": method, "path": path, "body": body });
                    reqwest::Client::new().post(&control).json(&order).send()
                };
                let there: Json = order("GET", Json::Null).await.unwrap().json().await.unwrap();
                let mut credentials = there["keyCredentials"].as_array().unwrap().clone();
                credentials.push(two);
                let answer = order("PATCH", json!({ "keyCredentials": credentials })).await.unwrap();
                assert!(answer.status().is_success(), "{answer:?}");
            })
        }));
        let report = world.carry_out(&desired, plan).await;
        assert!(report.is_complete(), "{:#?}", report.failed);
        let there = key_ids(&world).await;
        assert!(there.len() == 3 && there.iter().any(|id| id == FOREIGN), "{there:?}");
    }
}

/// An application that somebody else makes under the same handle, and that reads do not show yet: it is not taken for ours,
/// nothing of it is changed, and it is given nothing.
#[tokio::test]
async fn somebody_elses_new_application_is_given_nothing() {
    let mut world = World::new().await;
    let manifest = one_of_everything("exo");
    // Without owners the upsert has nothing that Graph would refuse of an application that is there.
    let owners = manifest.lines().find(|line| line.contains("owners:")).unwrap().to_owned();
    for manifest in [manifest.replace(&format!("{owners}\n"), ""), manifest] {
        world = if world.find("exo").await.is_some() { World::new().await } else { world };
        world.write("exo.yaml", &manifest);
        world.control("POST", "clock", Some(json!({ "now": noon().to_string(), "stopped": true }))).await;
        world.wait_with(world.patience_of_the_tenant(Patience::TIMEOUT, Patience::PROPAGATION_TIMEOUT));
        let desired = world.desired();
        let plan = world.plan(&desired).await;
        world.knobs(json!({ "lag": "12s" })).await;
        let theirs = foreign(FOREIGN, noon());
        let body = json!({ "uniqueName": "exo", "displayName": "theirs", "keyCredentials": [theirs] });
        world.admin("POST", "/v1.0/applications", body).await;
        world.forget_requests().await;
        let report = world.carry_out(&desired, plan).await;
        assert!(!report.is_complete());
        let writes = world.writes().await;
        assert!(writes.iter().all(|write| write.starts_with("PATCH /v1.0/applications(uniqueName=")), "{writes:#?}");
        world.knobs(json!({ "lag": "0s" })).await;
        let application = world.application("exo").await;
        let told = format!("{:?}", report.failed[0].error);
        assert!(["MadeMeanwhile", "ChangedInstead"].contains(&told.as_str()), "{told}");
        if told == "MadeMeanwhile" {
            assert_eq!(application["displayName"], "theirs");
            assert_eq!(key_ids(&world).await, [FOREIGN]);
        }
    }
}

/// Somebody else has removed already what we remove, and added one of theirs; reads are behind. What is done is done, and no old
/// list is written over theirs.
#[tokio::test]
async fn a_removal_that_is_done_already_writes_no_old_list() {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    let old = key_ids(&world).await;
    for days in [340, 356] {
        world.turn_to(days_after(noon(), days)).await;
        if days == 340 {
            world.apply(&world.desired()).await;
        }
    }
    world.control("POST", "clock", Some(json!({ "now": world.now.to_string(), "stopped": true }))).await;
    world.wait_with(world.patience_of_the_tenant(Patience::TIMEOUT, Patience::PROPAGATION_TIMEOUT));
    let desired = world.desired();
    let plan = world.plan(&desired).await;
    assert!(!plan.is_empty());
    let application = world.application("exo").await;
    let credentials = application["keyCredentials"].as_array().unwrap().iter();
    let mut kept: Vec<Json> = credentials.filter(|it| it["keyId"] != json!(old[0])).cloned().collect();
    assert_eq!(kept.len(), 1);
    kept.push(foreign(FOREIGN, world.now));
    world.knobs(json!({ "lag": "25s" })).await;
    let path = format!("/v1.0/applications/{}", text(&application["id"]));
    world.admin("PATCH", &path, json!({ "keyCredentials": kept })).await;
    world.forget_requests().await;
    let report = world.carry_out(&desired, plan).await;
    assert!(report.is_complete(), "{:#?}", report.failed);
    let writes = world.writes().await;
    assert!(writes.iter().all(|write| !write.starts_with("PATCH")), "{writes:#?}");
    world.knobs(json!({ "lag": "0s" })).await;
    let there = key_ids(&world).await;
    assert!(there.len() == 2 && there.iter().any(|id| id == FOREIGN), "{there:?}");
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap()
}
