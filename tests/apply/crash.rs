//! The process dies after any request, or the answer is lost: the next run finishes, with the same key and nothing twice.

use std::collections::BTreeSet;

use accredit::kinds::Intent;
use serde_json::json;

use super::world::{World, one_of_everything};

/// Key files in the store.
fn private_keys(world: &World) -> usize {
    let slot = world.keys().join("exo/main");
    std::fs::read_dir(slot).map_or(0, |entries| {
        entries.filter(|entry| entry.as_ref().unwrap().path().join("private-key.pem").exists()).count()
    })
}

async fn exactly_one_of_everything(world: &World) {
    let applications = world.read("/v1.0/applications?$filter=displayName eq 'exo automated'").await;
    let applications = applications["value"].as_array().unwrap();
    assert_eq!(applications.len(), 1);
    assert_eq!(applications[0]["keyCredentials"].as_array().unwrap().len(), 1);
    let app_id = applications[0]["appId"].as_str().unwrap();
    let principal = world.read(&format!("/v1.0/servicePrincipals(appId='{app_id}')")).await;
    let principal = principal["id"].as_str().unwrap();
    let consents = world.read(&format!("/v1.0/servicePrincipals/{principal}/appRoleAssignments")).await;
    assert_eq!(consents["value"].as_array().unwrap().len(), 1);
    let roles = world
        .read(&format!("/v1.0/roleManagement/directory/roleAssignments?$filter=principalId eq '{principal}'"))
        .await;
    assert_eq!(roles["value"].as_array().unwrap().len(), 1);
    assert_eq!(private_keys(world), 1, "the key that was made first is the one in use");
    let keys: BTreeSet<String> = std::fs::read_dir(world.keys().join("exo/main"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let uploaded = applications[0]["keyCredentials"][0]["customKeyIdentifier"].as_str().unwrap();
    assert!(keys.contains(uploaded), "{keys:?} {uploaded}");
}

/// Every write of a new application in turn: the connection drops, before or after the write took effect, and the run
/// goes no further (all later requests fail too, as if the process had died). Then it is run again.
#[tokio::test]
async fn a_run_that_dies_at_any_write_is_finished_by_the_next() {
    for when in ["before", "after"] {
        for write in 1..=4 {
            let world = World::new().await;
            world.write("exo.yaml", &one_of_everything("exo"));
            let desired = world.desired();
            // The tenant is read first; only then do requests begin to fail.
            let plan = world.plan(&desired).await;
            let mut faults = Vec::new();
            let writes = ["applications(uniqueName", "/servicePrincipals", "appRoleAssignedTo", "roleAssignments"];
            let dying = writes[write - 1];
            // POST /servicePrincipals is also a prefix of the consent's path, which comes later.
            let method = if write == 1 { "PATCH" } else { "POST" };
            faults.push(json!({ "method": method, "path": dying, "nth": 1, "then": "reset", "when": when }));
            for later in &writes[write..] {
                faults.push(json!({ "method": "POST", "path": later, "then": "reset", "when": "before" }));
            }
            faults.push(json!({ "method": "GET", "then": "reset", "when": "before" }));
            world.faults(json!(faults)).await;
            let report = world.carry_out(&desired, plan).await;
            assert!(!report.is_complete(), "{when} {write}");
            world.no_faults().await;
            world.converge(&desired).await;
            exactly_one_of_everything(&world).await;
        }
    }
}

/// An answer is lost though the write took effect, at every write: the same run goes on by looking.
#[tokio::test]
async fn a_lost_answer_is_answered_by_looking() {
    for write in ["applications(uniqueName", "/servicePrincipals", "appRoleAssignedTo", "roleAssignments"] {
        let world = World::new().await;
        world.write("exo.yaml", &one_of_everything("exo"));
        let desired = world.desired();
        let method = if write.starts_with("applications") { "PATCH" } else { "POST" };
        world.faults(json!([{ "method": method, "path": write, "nth": 1, "then": "reset", "when": "after" }])).await;
        world.converge(&desired).await;
        exactly_one_of_everything(&world).await;
    }
}

/// The same at a change of certificates. Where a certificate is added by itself and that is not answered, a look tells, and it
/// is sent once more; where that is not answered either, the next run goes on.
#[tokio::test]
async fn a_lost_answer_to_a_change_of_certificates_loses_none() {
    for (when, twice) in [("before", false), ("after", false), ("before", true), ("after", true)] {
        let world = World::new().await;
        world.write("exo.yaml", &one_of_everything("exo"));
        world.converge(&world.desired()).await;
        world.write("exo.yaml", &one_of_everything("exo").replace("[exo.example]", "[new.example]"));
        let desired = world.desired();
        let mut faults = vec![json!({ "method": "POST", "path": "addKey", "nth": 1, "then": "reset", "when": when })];
        if twice {
            faults.push(json!({ "method": "POST", "path": "addKey", "nth": 2, "then": "reset", "when": when }));
        }
        world.faults(json!(faults)).await;
        let report = world.run(&desired, Intent::Reconcile).await;
        let is_lost = when == "before" && twice;
        assert_eq!(report.is_complete(), !is_lost, "{when} {twice}: {:?}", report.failed);
        world.no_faults().await;
        world.converge(&desired).await;
        let application = world.application("exo").await;
        assert_eq!(application["keyCredentials"].as_array().unwrap().len(), 2);
        assert_eq!(private_keys(&world), 2, "no third key was made by the second run");
    }
}

#[tokio::test]
async fn throttling_is_waited_for() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    let throttled = |retry_after: bool| {
        let mut then = json!({ "status": 429, "code": "TooManyRequests", "message": "Too many requests" });
        if retry_after {
            then["headers"] = json!({ "Retry-After": "0" });
        }
        then
    };
    world
        .faults(json!([
            { "method": "PATCH", "nth": 1, "then": throttled(true), "when": "before" },
            { "method": "GET", "nth": 3, "then": throttled(true), "when": "before" },
            { "method": "POST", "path": "/servicePrincipals", "nth": 1, "then": throttled(false), "when": "before" },
        ]))
        .await;
    world.converge(&desired).await;
    exactly_one_of_everything(&world).await;
}

#[tokio::test]
async fn somebody_elses_object_is_found_and_not_made_again() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    // Consent given in the portal in the same moment: Graph says that it is there already.
    let exists = json!({ "status": 400, "code": "Request_BadRequest",
        "message": "Permission being assigned already exists on the object" });
    world
        .faults(json!([{ "method": "POST", "path": "appRoleAssignedTo", "nth": 1, "then": exists, "when": "after" }]))
        .await;
    world.converge(&desired).await;
    exactly_one_of_everything(&world).await;
}
