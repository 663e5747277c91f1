//! What must never happen: a lost key, a deleted application nobody meant, a plan that is not what is done.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use accredit::kinds::Intent;
use accredit::plan::{Limits, Refusal, approve};
use accredit::transport::{Http, Sending, Transport};
use serde_json::{Value as Json, json};

use super::world::{TENANT, World, one_of_everything};

#[tokio::test]
async fn a_new_application_takes_four_writes() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    world.forget_requests().await;
    world.apply(&desired).await;
    let writes = world.writes().await;
    assert_eq!(writes.len(), 4, "{writes:#?}");
    assert!(writes[0].starts_with("PATCH /v1.0/applications(uniqueName="), "{writes:#?}");
    assert!(writes[1].starts_with("POST /v1.0/servicePrincipals"), "{writes:#?}");
}

#[tokio::test]
async fn a_protected_application_is_not_destroyed_even_after_it_left_the_manifests() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo").replace("    roles:", "    protect: true\n    roles:"));
    let desired = world.desired();
    world.converge(&desired).await;
    let problems = world.try_plan(&desired, Intent::Destroy).await.unwrap_err();
    assert!(problems[0].message.contains("is protected"), "{problems:?}");
    world.write("exo.yaml", &one_of_everything("other"));
    let problems = world.try_plan(&world.desired(), Intent::Reconcile).await.unwrap_err();
    assert!(problems[0].message.contains("is protected"), "{problems:?}");
}

#[tokio::test]
async fn an_application_of_another_estate_is_refused() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    world.write("exo.yaml", &one_of_everything("exo").replace("estate: tests", "estate: others"));
    let problems = world.try_plan(&world.desired(), Intent::Reconcile).await.unwrap_err();
    assert!(problems[0].message.contains("belongs to the estate `tests`"), "{problems:?}");
}

#[tokio::test]
async fn an_application_without_our_tag_is_never_destroyed() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    // As another tool makes it: our handle as its uniqueName, and no tag.
    world.admin("PATCH", "/v1.0/applications(uniqueName='exo')", json!({ "tags": [] })).await;
    let problems = world.try_plan(&world.desired(), Intent::Destroy).await.unwrap_err();
    assert!(problems[0].message.contains("does not carry the tag"), "{problems:?}");
}

#[tokio::test]
async fn to_destroy_is_to_destroy_what_is_declared() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.write("two.yaml", &one_of_everything("two"));
    world.converge(&world.desired()).await;
    std::fs::remove_file(world.directory.path().join("manifests/two.yaml")).unwrap();
    let plan = world.try_plan(&world.desired(), Intent::Destroy).await.unwrap();
    let destroyed: Vec<String> = plan.steps.iter().map(|step| step.address.to_string()).collect();
    assert_eq!(destroyed, ["exo/application"]);
}

#[tokio::test]
async fn absent_applications_are_not_managed_and_none_is_deleted() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    world.write("exo.yaml", &format!("tenant: {TENANT}\nestate: tests\n"));
    assert!(world.plan(&world.desired()).await.is_empty());
    world.write("exo.yaml", &format!("tenant: {TENANT}\nestate: tests\napplications: {{}}\n"));
    assert_eq!(world.plan(&world.desired()).await.counts().destroy, 1);
}

#[tokio::test]
async fn what_was_deleted_comes_back_whole() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    world.converge(&desired).await;
    let before = world.application("exo").await;
    world.forget_requests().await;
    world.run(&desired, Intent::Destroy).await;
    assert_eq!(world.writes().await.len(), 1, "one soft delete takes all along");
    for kind in ["application", "servicePrincipal"] {
        let deleted = world.read(&format!("/v1.0/directory/deletedItems/microsoft.graph.{kind}")).await;
        let id = deleted["value"][0]["id"].as_str().unwrap();
        world.admin("POST", &format!("/v1.0/directory/deletedItems/{id}/restore"), json!({})).await;
    }
    assert!(world.plan(&desired).await.is_empty());
    assert_eq!(world.application("exo").await["appId"], before["appId"]);
}

#[tokio::test]
async fn of_two_apis_with_one_name_none_is_taken_silently() {
    let world = World::new().await;
    for _ in 0..2 {
        let body = json!({ "displayName": "Team API", "appRoles": [{ "id": "22222222-3333-4444-8555-666666666666",
            "allowedMemberTypes": ["Application"], "displayName": "All", "description": "All", "value": "All.Do",
            "isEnabled": true }] });
        let made = world.admin("POST", "/v1.0/applications", body).await;
        world.admin("POST", "/v1.0/servicePrincipals", json!({ "appId": made["appId"] })).await;
    }
    let manifest = one_of_everything("exo").replace(
        "      - api: Office 365 Exchange Online\n        application: [Exchange.ManageAsApp]",
        "      - api: Team API\n        application: [All.Do]",
    );
    world.write("exo.yaml", &manifest);
    let problems = world.try_plan(&world.desired(), Intent::Reconcile).await.unwrap_err();
    assert!(problems[0].message.contains("ambiguous"), "{problems:?}");
}

#[tokio::test]
async fn the_brake_stops_a_run_that_would_delete_most_of_the_estate() {
    let world = World::new().await;
    for handle in ["a", "b", "c", "d"] {
        world.write(&format!("{handle}.yaml"), &one_of_everything(handle));
    }
    world.converge(&world.desired()).await;
    for handle in ["b", "c", "d"] {
        std::fs::remove_file(world.directory.path().join(format!("manifests/{handle}.yaml"))).unwrap();
    }
    let plan = world.plan(&world.desired()).await;
    let refusals = approve(plan.clone(), &Limits::default()).unwrap_err();
    assert_eq!(refusals, [Refusal::TooManyDeletes { deletes: 3, applications: 4 }]);
    assert!(refusals[0].hint().contains("--allow-deletes 3"));
    assert!(approve(plan.clone(), &Limits { allow_deletes: Some(2), ..Limits::default() }).is_err());
    assert!(approve(plan, &Limits { allow_deletes: Some(3), ..Limits::default() }).is_ok());
}

#[tokio::test]
async fn a_failed_step_stops_what_needs_it_and_nothing_else() {
    let world = World::new().await;
    world.write("one.yaml", &one_of_everything("one"));
    world.write("two.yaml", &one_of_everything("two"));
    let desired = world.desired();
    let refused = json!({ "status": 403, "code": "Authorization_RequestDenied", "message": "Insufficient privileges" });
    world
        .faults(
            json!([{ "method": "PATCH", "path": "applications(uniqueName='one')", "then": refused, "when": "before" }]),
        )
        .await;
    let report = world.run(&desired, Intent::Reconcile).await;
    assert_eq!(report.failed.len(), 1);
    assert_eq!(report.failed[0].address.to_string(), "one/application");
    let skipped: Vec<String> = report.skipped.iter().map(|skipped| skipped.address.to_string()).collect();
    assert_eq!(
        skipped,
        [
            "one/servicePrincipal",
            "one/appRoleAssignment/Office 365 Exchange Online/Exchange.ManageAsApp",
            "one/roleAssignment/Exchange Administrator"
        ]
    );
    assert_eq!(report.done.iter().filter(|step| step.address.holder == "two").count(), 5);
    world.no_faults().await;
    world.converge(&desired).await;
}

#[tokio::test]
async fn nothing_is_destroyed_after_a_step_failed() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    world.write("exo.yaml", &one_of_everything("new"));
    let refused = json!({ "status": 400, "code": "Request_BadRequest", "message": "no" });
    world.faults(json!([{ "method": "POST", "path": "/servicePrincipals", "then": refused, "when": "before" }])).await;
    let report = world.run(&world.desired(), Intent::Reconcile).await;
    assert!(!report.is_complete());
    assert_eq!(report.counts().destroy, 0);
    assert_eq!(world.application("exo").await["uniqueName"], json!("exo"));
}

#[tokio::test]
async fn private_files_are_readable_by_their_owner_alone() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    let mut private = 0;
    let mut directories = vec![world.keys()];
    while let Some(directory) = directories.pop() {
        assert_eq!(std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700, "{directory:?}");
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let name = path.to_string_lossy().into_owned();
            let secret = String::from_utf8_lossy(&bytes).contains("PRIVATE KEY")
                || path.extension().is_some_and(|extension| extension == "pfx")
                || name.ends_with("password");
            if secret {
                private += 1;
                assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
            }
        }
    }
    assert_eq!(private, 4, "key, PEM, PFX and its password");
}

#[tokio::test]
async fn a_foreign_certificate_survives_a_change_of_ours() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    world.intrude("by hand").await;
    // Now ours has to be replaced.
    world.write("exo.yaml", &one_of_everything("exo").replace("exo.example", "new.example"));
    let plan = world.plan(&world.desired()).await;
    assert!(plan.findings.iter().any(|finding| finding.message.contains("by hand")), "{:?}", plan.findings);
    world.converge(&world.desired()).await;
    let names: Vec<Json> = world.application("exo").await["keyCredentials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|credential| credential["displayName"].clone())
        .collect();
    assert_eq!(names.iter().filter(|name| **name == json!("by hand")).count(), 1, "{names:?}");
    assert_eq!(names.len(), 3, "ours, its successor and the foreign one: {names:?}");
}

/// Makes the application in the very moment in which we do: between the last look and the request.
struct Race(Http);

impl Transport for Race {
    fn send(&self, request: http::Request<bytes::Bytes>) -> Sending<'_> {
        Box::pin(async move {
            if request.headers().contains_key("Prefer") {
                let body = json!({ "displayName": "theirs", "tags": ["accredit:estate:others"] }).to_string();
                let mut theirs = request.clone();
                *theirs.body_mut() = body.into();
                assert_eq!(self.0.send(theirs).await?.status(), 201);
            }
            self.0.send(request).await
        })
    }
}

#[tokio::test]
async fn an_upsert_that_changed_somebody_elses_application_is_no_success() {
    let mut world = World::new().await;
    // Without owners, whose binding an update refuses.
    let manifest = one_of_everything("exo").replace(&format!("    owners: [zoe.howard@{TENANT}]\n"), "");
    world.write("exo.yaml", &manifest);
    world.send_through(Arc::new(Race(Http::new(&[]).unwrap())));
    let report = world.run(&world.desired(), Intent::Reconcile).await;
    assert_eq!(report.failed.len(), 1);
    assert!(report.failed[0].error.to_string().contains("appeared in the moment"), "{:?}", report.failed);
    assert!(report.done.iter().all(|step| step.address.kind == "certificate"), "nothing was built upon it");
}

#[tokio::test]
async fn an_application_that_appears_between_plan_and_apply_is_not_overwritten() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    // Two people plan at once: both see an empty tenant. The second one to write must stop.
    let plan = world.plan(&desired).await;
    world.apply(&desired).await;
    let before = world.application("exo").await;
    let report = world.carry_out(&desired, plan).await;
    assert!(!report.is_complete());
    let after = world.application("exo").await;
    assert_eq!(before["keyCredentials"], after["keyCredentials"]);
    world.converge(&desired).await;
    let tenant = world.read("/v1.0/applications?$filter=displayName eq 'exo automated'").await;
    assert_eq!(tenant["value"].as_array().unwrap().len(), 1, "{TENANT}");
}
