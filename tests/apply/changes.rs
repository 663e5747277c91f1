//! Somebody changes something; the plan shows exactly that, and an apply puts it right.

use accredit::kinds::Intent;
use accredit::model::{Action, Plan, Reason};
use serde_json::{Value as Json, json};

use super::world::{TENANT, World, one_of_everything};

async fn applied() -> (World, accredit::model::Desired) {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    world.converge(&desired).await;
    (world, desired)
}

fn addresses(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| step.address.to_string()).collect()
}

async fn id(world: &World) -> String {
    world.application("exo").await["id"].as_str().unwrap().to_owned()
}

async fn service_principal(world: &World) -> String {
    let app_id = world.application("exo").await["appId"].as_str().unwrap().to_owned();
    let found = world.read(&format!("/v1.0/servicePrincipals(appId='{app_id}')")).await;
    found["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_renamed_application_is_renamed_back_and_never_made_twice() {
    let (world, desired) = applied().await;
    let id = id(&world).await;
    world.admin("PATCH", &format!("/v1.0/applications/{id}"), json!({ "displayName": "by hand" })).await;
    let plan = world.plan(&desired).await;
    assert_eq!(addresses(&plan), ["exo/application"]);
    let Action::Update { changes, .. } = &plan.steps[0].action else { panic!("{plan:?}") };
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].path, "displayName");
    world.converge(&desired).await;
    assert_eq!(world.application("exo").await["id"], json!(id));
}

#[tokio::test]
async fn a_removed_role_is_assigned_again() {
    let (world, desired) = applied().await;
    let principal = service_principal(&world).await;
    let path = "/v1.0/roleManagement/directory/roleAssignments";
    let listed = world.read(&format!("{path}?$filter=principalId eq '{principal}'")).await;
    let assignment = listed["value"][0]["id"].as_str().unwrap();
    world.admin("DELETE", &format!("{path}/{assignment}"), Json::Null).await;
    let plan = world.plan(&desired).await;
    assert_eq!(addresses(&plan), ["exo/roleAssignment/Exchange Administrator"]);
    assert_eq!(plan.steps[0].reason, Reason::Missing);
    world.converge(&desired).await;
}

#[tokio::test]
async fn a_role_from_elsewhere_is_reported_and_removed() {
    let (world, desired) = applied().await;
    let principal = service_principal(&world).await;
    let global_administrator = "62e90394-69f5-4237-9190-012177145e10";
    world
        .admin(
            "POST",
            "/v1.0/roleManagement/directory/roleAssignments",
            json!({ "roleDefinitionId": global_administrator, "principalId": principal, "directoryScopeId": "/" }),
        )
        .await;
    let plan = world.plan(&desired).await;
    assert_eq!(addresses(&plan), ["exo/roleAssignment/Global Administrator"]);
    assert_eq!(plan.steps[0].reason, Reason::Undeclared);
    assert!(plan.findings.iter().any(|finding| finding.removed), "{:?}", plan.findings);
    world.converge(&desired).await;
}

#[tokio::test]
async fn consent_and_permission_from_elsewhere_are_removed() {
    let (world, desired) = applied().await;
    let (id, principal) = (id(&world).await, service_principal(&world).await);
    let filter = "displayName eq 'Microsoft Graph'";
    let graph = world.read(&format!("/v1.0/servicePrincipals?$filter={filter}&$select=id")).await;
    let graph = graph["value"][0]["id"].as_str().unwrap().to_owned();
    let user_read = json!({ "id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope" });
    let application = world.application("exo").await;
    let mut access = application["requiredResourceAccess"].as_array().unwrap().clone();
    access.push(json!({ "resourceAppId": "00000003-0000-0000-c000-000000000000", "resourceAccess": [user_read] }));
    world.admin("PATCH", &format!("/v1.0/applications/{id}"), json!({ "requiredResourceAccess": access })).await;
    let directory_read_all = "7ab1d382-f21e-4acd-a863-ba3e13f7da61";
    world
        .admin(
            "POST",
            &format!("/v1.0/servicePrincipals/{graph}/appRoleAssignedTo"),
            json!({ "principalId": principal, "resourceId": graph, "appRoleId": directory_read_all }),
        )
        .await;
    world
        .admin(
            "POST",
            "/v1.0/oauth2PermissionGrants",
            json!({ "clientId": principal, "consentType": "AllPrincipals", "principalId": null, "resourceId": graph,
                "scope": "User.Read" }),
        )
        .await;
    let plan = world.plan(&desired).await;
    assert_eq!(
        addresses(&plan),
        [
            "exo/application",
            "exo/oauth2PermissionGrant/Microsoft Graph",
            "exo/appRoleAssignment/Microsoft Graph/Directory.Read.All",
        ]
    );
    world.converge(&desired).await;
}

#[tokio::test]
async fn owners_are_added_and_removed_one_by_one() {
    let (world, desired) = applied().await;
    let id = id(&world).await;
    let megan = world.read(&format!("/v1.0/users/megan@{TENANT}")).await["id"].as_str().unwrap().to_owned();
    let zoe = world.read(&format!("/v1.0/users/zoe.howard@{TENANT}")).await["id"].as_str().unwrap().to_owned();
    let reference = json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{megan}", world.emulator.url()) });
    world.admin("POST", &format!("/v1.0/applications/{id}/owners/$ref"), reference).await;
    world.admin("DELETE", &format!("/v1.0/applications/{id}/owners/{zoe}/$ref"), Json::Null).await;
    let plan = world.plan(&desired).await;
    assert_eq!(addresses(&plan), ["exo/application"]);
    world.converge(&desired).await;
}

#[tokio::test]
async fn a_certificate_and_a_secret_from_elsewhere_are_reported_and_left() {
    let (world, desired) = applied().await;
    let id = id(&world).await;
    world
        .admin(
            "POST",
            &format!("/v1.0/applications/{id}/addPassword"),
            json!({ "passwordCredential": { "displayName": "backdoor" } }),
        )
        .await;
    let plan = world.plan(&desired).await;
    assert!(plan.is_empty(), "{plan:?}");
    assert_eq!(plan.findings.len(), 1);
    assert!(plan.findings[0].message.contains("backdoor"), "{:?}", plan.findings);
    assert!(!plan.findings[0].removed);
}

#[tokio::test]
async fn a_federated_credential_from_elsewhere_is_reported() {
    let (world, desired) = applied().await;
    let path = format!("/v1.0/applications/{}/federatedIdentityCredentials", id(&world).await);
    let credential = json!({ "name": "ci", "issuer": "https://token.actions.githubusercontent.com",
        "subject": "repo:octo/mail:ref:refs/heads/main", "audiences": ["api://AzureADTokenExchange"] });
    world.admin("POST", &path, credential).await;
    let plan = world.plan(&desired).await;
    assert!(plan.is_empty());
    assert!(plan.findings[0].message.contains("repo:octo/mail"), "{:?}", plan.findings);
}

#[tokio::test]
async fn a_certificate_that_was_removed_is_uploaded_again_with_the_same_key() {
    let (world, desired) = applied().await;
    let before = world.application("exo").await;
    let id = id(&world).await;
    world.admin("PATCH", &format!("/v1.0/applications/{id}"), json!({ "keyCredentials": [] })).await;
    let plan = world.plan(&desired).await;
    assert_eq!(addresses(&plan), ["exo/application"]);
    world.converge(&desired).await;
    let after = world.application("exo").await;
    assert_eq!(before["keyCredentials"][0]["customKeyIdentifier"], after["keyCredentials"][0]["customKeyIdentifier"]);
}

#[tokio::test]
async fn absent_is_not_managed_and_an_empty_list_means_none() {
    let world = World::new().await;
    let minimal =
        |more: &str| format!("tenant: {TENANT}\nestate: tests\napplications:\n  exo:\n    displayName: Exo\n{more}");
    world.write("exo.yaml", &minimal("    tags: [blue]\n    roles:\n      - Global Reader\n"));
    world.converge(&world.desired()).await;
    world.write("exo.yaml", &minimal(""));
    assert!(world.plan(&world.desired()).await.is_empty());
    world.write("exo.yaml", &minimal("    tags: []\n    roles: []\n    owners: []\n"));
    let desired = world.desired();
    let plan = world.plan(&desired).await;
    assert_eq!(addresses(&plan), ["exo/application", "exo/roleAssignment/Global Reader"]);
    world.converge(&desired).await;
    let tags = world.application("exo").await["tags"].clone();
    assert_eq!(tags, json!(["accredit:estate:tests"]));
}

#[tokio::test]
async fn a_handle_that_left_the_manifests_is_destroyed_and_can_be_restored() {
    let (world, _) = applied().await;
    world.write("exo.yaml", &one_of_everything("other"));
    let desired = world.desired();
    let plan = world.plan(&desired).await;
    let last = plan.steps.last().unwrap();
    assert_eq!(last.address.to_string(), "exo/application");
    assert_eq!(last.reason, Reason::RemovedFromManifests);
    world.converge(&desired).await;

    // Its name is held: the plan says so and makes no second one.
    world.write("exo.yaml", &one_of_everything("exo"));
    let problems = world.try_plan(&world.desired(), Intent::Reconcile).await.unwrap_err();
    assert!(problems[0].message.contains("was deleted"), "{problems:?}");
    assert!(problems[0].help.as_ref().unwrap().contains("accredit restore exo"), "{problems:?}");
}

#[tokio::test]
async fn a_users_roles_are_given_and_his_others_left_alone() {
    let world = World::new().await;
    world.write(
        "users.yaml",
        &format!("tenant: {TENANT}\nestate: tests\nroleAssignments:\n  - user: amelia.nash@{TENANT}\n    role: Global Reader\n"),
    );
    let desired = world.desired();
    let user = world.read(&format!("/v1.0/users/amelia.nash@{TENANT}")).await["id"].clone();
    let helpdesk = "729827e3-9c14-49f7-bb1b-9608f156bbb8";
    world
        .admin(
            "POST",
            "/v1.0/roleManagement/directory/roleAssignments",
            json!({ "roleDefinitionId": helpdesk, "principalId": user, "directoryScopeId": "/" }),
        )
        .await;
    let report = world.converge(&desired).await;
    assert_eq!(report.counts().add, 1);
    let report = world.run(&desired, Intent::Destroy).await;
    assert_eq!(report.counts().destroy, 1);
}
