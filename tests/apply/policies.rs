//! What the tenant allows is known before anything is written, and what is there and nobody wants goes where the manifest says so.

use accredit::kinds::Intent;
use accredit::render::{Paint, text};
use serde_json::{Value as Json, json};

use super::world::{World, days_after, noon, one_of_everything};

fn limit(lifetime: &str, created_from: &Json) -> Json {
    json!([{ "restrictionType": "asymmetricKeyLifetime", "maxLifetime": lifetime, "state": "enabled",
             "restrictForAppsCreatedAfterDateTime": created_from }])
}

async fn default_policy(world: &World, lifetime: &str, created_from: &Json) {
    let body =
        json!({ "isEnabled": true, "applicationRestrictions": { "keyCredentials": limit(lifetime, created_from) } });
    world.admin("PATCH", "/v1.0/policies/defaultAppManagementPolicy", body).await;
}

fn valid_for(period: &str) -> String {
    one_of_everything("exo").replace("        export:", &format!("        validFor: {period}\n        export:"))
}

async fn problems(world: &World) -> Vec<String> {
    match world.try_plan(&world.desired(), Intent::Reconcile).await {
        Ok(_) => Vec::new(),
        Err(problems) => problems.into_iter().map(|problem| problem.message).collect(),
    }
}

#[tokio::test]
async fn a_lifetime_that_the_tenant_refuses_is_refused_by_the_plan() {
    let world = World::new().await;
    default_policy(&world, "P180D", &Json::Null).await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let told = problems(&world).await;
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("the tenant allows at most 180d") && told[0].contains("app management policy"),
        "{told:?}"
    );
    // Just as long as is allowed, to the minute by which it is dated back.
    world.write("exo.yaml", &valid_for("180d"));
    world.converge(&world.desired()).await;
}

#[tokio::test]
async fn a_policy_for_newer_applications_leaves_older_ones_alone() {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    default_policy(&world, "P90D", &json!("2026-12-01T00:00:00Z")).await;
    world.turn_to(days_after(noon(), 365 - 20)).await;
    assert_eq!(problems(&world).await, Vec::<String>::new());
    world.converge(&world.desired()).await;
    world.write("new.yaml", &one_of_everything("new"));
    assert!(problems(&world).await[0].contains("at most 90d"));
}

#[tokio::test]
async fn a_policy_of_its_own_replaces_the_default() {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    default_policy(&world, "P90D", &Json::Null).await;
    let body = json!({ "displayName": "long", "description": "", "isEnabled": true,
                       "restrictions": { "keyCredentials": limit("P3Y", &Json::Null) } });
    let policy = world.admin("POST", "/v1.0/policies/appManagementPolicies", body).await["id"].clone();
    let application = world.application("exo").await["id"].as_str().unwrap().to_owned();
    let reference = json!({ "@odata.id": format!("{}/v1.0/policies/appManagementPolicies/{}", world.emulator.url(), policy.as_str().unwrap()) });
    world.turn_to(days_after(noon(), 365 - 20)).await;
    assert!(problems(&world).await[0].contains("at most 90d"));
    world.admin("POST", &format!("/v1.0/applications/{application}/appManagementPolicies/$ref"), reference).await;
    world.converge(&world.desired()).await;
}

#[tokio::test]
async fn what_may_not_be_read_is_said_and_the_rest_is_planned() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let refused = json!({ "status": 403, "code": "Authorization_RequestDenied", "message": "Insufficient privileges" });
    world.faults(json!([{ "method": "GET", "path": "/policies/", "then": refused, "when": "before" }])).await;
    let desired = world.desired();
    let shown = text(&world.plan(&desired).await, Paint::PLAIN);
    assert!(shown.contains("app management policies cannot be read"), "{shown}");
    world.converge(&desired).await;
}

/// An application with a secret, an ended secret, a foreign certificate and a federated credential, and all of it on the
/// service principal too as far as that can have it.
async fn infested() -> World {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    world.intrude("by hand").await;
    std::fs::remove_file(world.directory.path().join("manifests/other.yaml")).unwrap();
    world.run(&world.desired(), Intent::Reconcile).await;
    let application = world.application("exo").await;
    let path = format!("/v1.0/applications/{}", application["id"].as_str().unwrap());
    let principal = format!("/v1.0/servicePrincipals(appId='{}')", application["appId"].as_str().unwrap());
    for (holder, name, end) in [
        (&path, "theirs", "2028-01-01T00:00:00Z"),
        (&path, "ended", "2026-12-01T00:00:00Z"),
        (&principal, "on the principal", "2028-01-01T00:00:00Z"),
    ] {
        let body = json!({ "passwordCredential": { "displayName": name, "endDateTime": end } });
        world.admin("POST", &format!("{holder}/addPassword"), body).await;
    }
    let body = json!({ "name": "actions", "issuer": "https://token.actions.githubusercontent.com",
                       "subject": "repo:contoso/scripts:ref:refs/heads/main", "audiences": ["api://AzureADTokenExchange"] });
    world.admin("POST", &format!("{path}/federatedIdentityCredentials"), body).await;
    let keys = world.read(&format!("{path}?$select=keyCredentials")).await["keyCredentials"].clone();
    let mut foreign = keys.as_array().unwrap().iter().find(|key| key["displayName"] == "by hand").unwrap().clone();
    foreign["keyId"] = json!("21111111-2222-4333-8444-555555555555");
    world.admin("PATCH", &principal, json!({ "keyCredentials": [foreign] })).await;
    world
}

/// How many of each kind there are: certificates, secrets and federated credentials of the application, certificates and
/// secrets of its service principal.
async fn counts(world: &World) -> [usize; 5] {
    let application = world.application("exo").await;
    let path = format!("/v1.0/applications/{}/federatedIdentityCredentials", application["id"].as_str().unwrap());
    let principal = format!("/v1.0/servicePrincipals(appId='{}')", application["appId"].as_str().unwrap());
    let principal = world.read(&principal).await;
    let count = |value: &Json| value.as_array().unwrap().len();
    [
        count(&application["keyCredentials"]),
        count(&application["passwordCredentials"]),
        count(&world.read(&path).await["value"]),
        count(&principal["keyCredentials"]),
        count(&principal["passwordCredentials"]),
    ]
}

#[tokio::test]
async fn foreign_credentials_are_reported_and_left_alone() {
    let world = infested().await;
    assert_eq!(counts(&world).await, [2, 2, 1, 1, 1]);
    let desired = world.desired();
    let plan = world.plan(&desired).await;
    assert!(plan.is_empty(), "{plan:?}");
    assert_eq!(plan.findings.len(), 6, "{:?}", plan.findings);
    assert!(plan.findings.iter().all(|finding| !finding.removed));
}

#[tokio::test]
async fn foreign_credentials_are_removed_where_the_manifest_says_so_and_ours_stays() {
    let world = infested().await;
    let ours = world.application("exo").await["keyCredentials"][0].clone();
    let manifest = one_of_everything("exo").replace("    roles:", "    foreignCredentials: remove\n    roles:");
    world.write("exo.yaml", &manifest);
    let desired = world.desired();
    let plan = world.plan(&desired).await;
    assert!(plan.findings.iter().all(|finding| finding.removed), "{:?}", plan.findings);
    let shown = text(&plan, Paint::PLAIN);
    assert!(shown.contains("Plan: 0 to add, 2 to change, 4 to destroy."), "{shown}");
    world.converge(&desired).await;
    assert_eq!(counts(&world).await, [1, 0, 0, 0, 0]);
    assert_eq!(world.application("exo").await["keyCredentials"][0], ours);
}

#[tokio::test]
async fn what_has_ended_is_removed_where_the_manifest_says_so() {
    let mut world = infested().await;
    let manifest = one_of_everything("exo").replace("    roles:", "    expiry: { prune: expired }\n    roles:");
    world.write("exo.yaml", &manifest);
    assert!(world.plan(&world.desired()).await.is_empty(), "nothing has ended yet");
    world.turn_to("2026-12-02T00:00:00Z".parse().unwrap()).await;
    let desired = world.desired();
    assert_eq!(world.plan(&desired).await.counts().destroy, 1);
    world.converge(&desired).await;
    assert_eq!(counts(&world).await, [2, 1, 1, 1, 1]);
    world.turn_to("2028-01-02T00:00:00Z".parse().unwrap()).await;
    world.converge(&desired).await;
    assert_eq!(
        counts(&world).await,
        [1, 0, 1, 0, 0],
        "all certificates and secrets ended, but for the new one of ours"
    );
}

/// A removal whose answer is lost, or that somebody else did first.
#[tokio::test]
async fn a_removal_is_done_where_it_is_gone_already() {
    for when in ["before", "after"] {
        let world = infested().await;
        let manifest = one_of_everything("exo").replace("    roles:", "    foreignCredentials: remove\n    roles:");
        world.write("exo.yaml", &manifest);
        world
            .faults(json!([
                { "method": "POST", "path": "removePassword", "nth": 1, "then": "reset", "when": when },
                { "method": "POST", "path": "removeKey", "nth": 1, "then": "reset", "when": when },
                { "method": "DELETE", "path": "federatedIdentityCredentials", "nth": 1, "then": "reset", "when": when },
            ]))
            .await;
        world.converge(&world.desired()).await;
        assert_eq!(counts(&world).await, [1, 0, 0, 0, 0], "{when}");
    }
}
