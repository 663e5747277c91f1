//! Exchange's own roles: by Graph and by the admin endpoint, for all mailboxes and for some, and what Exchange then lets the
//! application do.

use std::time::Duration;

use accredit::emulator;
use accredit::kinds::Intent;
use accredit::model::Plan;
use accredit::plan::{Limits, Refusal, approve};
use accredit::render::{Paint, markdown, text};
use serde_json::{Value as Json, json};

use super::process::Bench;
use super::world::{TENANT, TENANT_ID, World, repository};

const EXCHANGE_APP: &str = "00000002-0000-0ff1-ce00-000000000000";
const MANAGE_AS_APP: &str = "dc50a0fb-09a3-484d-be87-e023b12c6440";
const GLOBAL_READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";

const FILTER: &str = "CustomAttribute1 -eq 'reports'";

/// A manifest of one application with these lines below `exchange:`.
fn manifest(exchange: &[&str]) -> String {
    let mut out = format!(
        "tenant: {TENANT}\nestate: tests\napplications:\n  reports:\n    displayName: Reports\n    permissions:\n      - {{ api: Office 365 Exchange Online, application: [Exchange.ManageAsApp] }}\n    exchange:\n"
    );
    for line in exchange {
        out += &format!("      {line}\n");
    }
    out
}

async fn world(exchange: &[&str]) -> World {
    let world = World::new().await;
    world.write("reports.yaml", &manifest(exchange));
    world
}

/// Lets an application of the tenant look at Exchange: with the app role, and with a directory role.
async fn let_read(world: &World, app_id: &str) {
    let principal = world.read(&format!("/v1.0/servicePrincipals(appId='{app_id}')?$select=id")).await["id"].clone();
    let exchange = world.read(&format!("/v1.0/servicePrincipals(appId='{EXCHANGE_APP}')?$select=id")).await;
    let consent = json!({ "principalId": principal, "resourceId": exchange["id"], "appRoleId": MANAGE_AS_APP });
    let path = format!("/v1.0/servicePrincipals/{}/appRoleAssignments", principal.as_str().unwrap());
    world.admin("POST", &path, consent).await;
    let role = json!({ "principalId": principal, "roleDefinitionId": GLOBAL_READER, "directoryScopeId": "/" });
    world.admin("POST", "/v1.0/roleManagement/directory/roleAssignments", role).await;
}

/// The application with a secret, to sign in as it.
async fn automation(world: &World) -> emulator::Operator {
    let found = world.application("reports").await;
    let path = format!("/v1.0/applications/{}/addPassword", found["id"].as_str().unwrap());
    let added = world.admin("POST", &path, json!({ "passwordCredential": { "displayName": "test" } })).await;
    emulator::Operator {
        client_id: found["appId"].as_str().unwrap().to_owned(),
        client_secret: added["secretText"].as_str().unwrap().to_owned(),
    }
}

async fn principal(world: &World) -> String {
    let app_id = world.application("reports").await["appId"].as_str().unwrap().to_owned();
    let found = world.read(&format!("/v1.0/servicePrincipals(appId='{app_id}')?$select=id")).await;
    found["id"].as_str().unwrap().to_owned()
}

async fn beta(world: &World, what: &str) -> Vec<Json> {
    let listed = world.read(&format!("/beta/roleManagement/exchange/{what}")).await;
    listed["value"].as_array().unwrap().clone()
}

/// The applications that Exchange was told of, besides the operator's.
async fn known_to_exchange(world: &World) -> Vec<Json> {
    let administrator = world.admin_endpoint(TENANT_ID, world.emulator.operator());
    let rows = administrator.run("Get-ServicePrincipal", &json!({})).await.unwrap();
    let operator = &world.emulator.operator().client_id;
    rows.into_iter().filter(|row| row["AppId"] != operator.as_str()).collect()
}

/// As somebody else, an Exchange role for the application.
async fn give(world: &World, role: &str, scope: Json) {
    let roles = beta(world, "roleDefinitions").await;
    let role = roles.iter().find(|found| found["displayName"] == role).unwrap();
    let mut body = json!({
        "roleDefinitionId": role["id"],
        "principalId": format!("/ServicePrincipals/{}", principal(world).await),
    });
    body.as_object_mut().unwrap().extend(scope.as_object().unwrap().clone());
    world.admin("POST", "/beta/roleManagement/exchange/roleAssignments", body).await;
}

fn steps(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| step.address.to_string()).collect()
}

async fn problems(world: &World) -> Vec<(String, String)> {
    let problems = world.try_plan(&world.desired(), Intent::Reconcile).await.unwrap_err();
    problems.into_iter().map(|problem| (problem.message, problem.help.unwrap_or_default())).collect()
}

#[tokio::test]
async fn a_role_of_cmdlets_lets_the_application_run_those_and_no_others() {
    let world = world(&["roles: [View-Only Recipients]"]).await;
    world.converge(&world.desired()).await;
    let held = beta(&world, "roleAssignments").await;
    assert_eq!(held.len(), 1);
    assert_eq!(held[0]["principalId"], format!("/ServicePrincipals/{}", principal(&world).await));
    assert_eq!(held[0]["directoryScopeId"], "/");
    let cmdlets = world.admin_endpoint(TENANT_ID, &automation(&world).await).cmdlets().await.unwrap();
    assert!(cmdlets.contains("Get-Mailbox") && cmdlets.contains("Get-AcceptedDomain"), "{cmdlets:?}");
    assert!(!cmdlets.contains("Add-RoleGroupMember") && !cmdlets.contains("Get-ManagementRole"), "{cmdlets:?}");
    // What is declared no longer is taken away; what is not declared is left alone.
    world.write("reports.yaml", &manifest(&["roles: []"]));
    world.converge(&world.desired()).await;
    assert!(beta(&world, "roleAssignments").await.is_empty());
    give(&world, "Mail Recipients", json!({ "directoryScopeId": "/" })).await;
    world.write("reports.yaml", &manifest(&["roleGroups: []"]).replace("exchange:\n      roleGroups: []", "tags: []"));
    assert!(world.plan(&world.desired()).await.is_empty());
}

/// Each of the four ways to say for whom, and what Exchange makes of it.
#[tokio::test]
async fn a_scope_restricts_to_the_mailboxes_it_means() {
    let world = world(&["roleGroups: []"]).await;
    let user = |name: &str| format!("/v1.0/users/{name}@{TENANT}");
    let zoe = world.read(&user("zoe.howard")).await["id"].as_str().unwrap().to_owned();
    let attributes = json!({ "onPremisesExtensionAttributes": { "extensionAttribute1": "Reports" } });
    world.admin("PATCH", &user("zoe.howard"), attributes).await;
    let group =
        json!({ "displayName": "Sales", "mailEnabled": false, "mailNickname": "sales", "securityEnabled": true });
    let unit = json!({ "displayName": "Branch" });
    for (path, body) in [("groups", group), ("directory/administrativeUnits", unit)] {
        let made = world.admin("POST", &format!("/v1.0/{path}"), body).await;
        let member = json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{zoe}", world.emulator.url()) });
        let id = made["id"].as_str().unwrap();
        world.admin("POST", &format!("/v1.0/{path}/{id}/members/$ref"), member).await;
    }
    let scopes = [
        format!("recipientFilter: \"{FILTER}\""),
        "group: sales".to_owned(),
        "administrativeUnit: Branch".to_owned(),
        format!("user: {zoe}"),
    ];
    let administrator = world.admin_endpoint(TENANT_ID, world.emulator.operator());
    for scope in scopes {
        world.write(
            "reports.yaml",
            &manifest(&["roles:", &format!("  - {{ role: Application Mail.Read, scope: {{ {scope} }} }}")]),
        );
        let desired = world.desired();
        let plan = world.plan(&desired).await;
        let (key, _) = scope.split_once(':').unwrap();
        assert!(text(&plan, Paint::PLAIN).contains(&format!("Application Mail.Read on {key} ")), "{scope}");
        world.converge(&desired).await;
        let held = beta(&world, "roleAssignments").await;
        assert_eq!(held.len(), 1, "{scope}: {held:?}");
        let principal = principal(&world).await;
        if known_to_exchange(&world).await.is_empty() {
            let app_id = world.application("reports").await["appId"].clone();
            let parameters = json!({ "AppId": app_id, "ObjectId": principal, "DisplayName": "Reports" });
            administrator.run("New-ServicePrincipal", &parameters).await.unwrap();
        }
        for (who, in_scope) in [("zoe.howard", "True"), ("megan", "False")] {
            let asked = json!({ "Identity": principal, "Resource": format!("{who}@{TENANT}") });
            let rows = administrator.run("Test-ServicePrincipalAuthorization", &asked).await.unwrap();
            assert_eq!(rows.len(), 1);
            assert_eq!(rows[0]["InScope"], in_scope, "{scope}: {who}");
        }
    }
    // By another name it is the same user.
    let by_name = format!("  - {{ role: Application Mail.Read, scope: {{ user: zoe.howard@{TENANT} }} }}");
    world.write("reports.yaml", &manifest(&["roles:", &by_name]));
    assert!(world.plan(&world.desired()).await.is_empty());
    // The scope that was made for the filter went with the last role that held for it.
    assert!(beta(&world, "customAppScopes").await.is_empty());
}

#[tokio::test]
async fn a_scope_is_made_once_mended_and_removed_with_its_application() {
    let role = |role: &str, filter: &str| format!("  - {{ role: {role}, scope: {{ recipientFilter: \"{filter}\" }} }}");
    let (read, send) = (role("Application Mail.Read", FILTER), role("Application Mail.Send", FILTER));
    let world = world(&["roles:", &read, &send]).await;
    let desired = world.desired();
    world.converge(&desired).await;
    let made = beta(&world, "customAppScopes").await;
    assert_eq!(made.len(), 1, "two roles with one filter: {made:?}");
    assert_eq!(made[0]["customAttributes"], json!({ "Exclusive": false, "RecipientFilter": FILTER }));
    assert!(made[0]["displayName"].as_str().unwrap().starts_with("accredit reports "));
    // Somebody widens it, and makes it one that restricts nobody.
    let path = format!("/beta/roleManagement/exchange/customAppScopes/{}", made[0]["id"].as_str().unwrap());
    let wide = json!({ "customAttributes": { "Exclusive": true, "RecipientFilter": "Alias -like '*'" } });
    world.admin("PATCH", &path, wide).await;
    let plan = world.plan(&desired).await;
    assert_eq!(plan.counts().change, 1);
    assert!(text(&plan, Paint::PLAIN).contains("Alias -like '*'"));
    world.converge(&desired).await;
    assert_eq!(beta(&world, "customAppScopes").await, made);
    // A filter that only looks different is the same; another one is another scope.
    let spaced = role("Application Mail.Read", "( CustomAttribute1  -eq 'reports' )");
    world.write("reports.yaml", &manifest(&["roles:", &spaced, &send]));
    assert!(world.plan(&world.desired()).await.is_empty());
    let other = role("Application Mail.Read", "CustomAttribute1 -eq 'other'");
    world.write("reports.yaml", &manifest(&["roles:", &other]));
    world.converge(&world.desired()).await;
    let left = beta(&world, "customAppScopes").await;
    assert_eq!(
        (left.len(), &left[0]["customAttributes"]["RecipientFilter"]),
        (1, &json!("CustomAttribute1 -eq 'other'"))
    );
    // A scope of somebody else's stays, and so it does at the end; ours goes after the role, and both before the application.
    let foreign =
        json!({ "displayName": "Executives", "customAttributes": { "RecipientFilter": "Title -like 'VP*'" } });
    world.admin("POST", "/beta/roleManagement/exchange/customAppScopes", foreign).await;
    let plan = world.try_plan(&world.desired(), Intent::Destroy).await.unwrap();
    let destroyed = steps(&plan);
    assert_eq!(destroyed.len(), 3, "{destroyed:?}");
    assert!(destroyed[0].starts_with("reports/exchangeRoleAssignment/Application Mail.Read on "), "{destroyed:?}");
    assert!(destroyed[1].starts_with("reports/exchangeScope/accredit reports "), "{destroyed:?}");
    assert_eq!(destroyed[2], "reports/application");
    assert!(world.carry_out(&world.desired(), plan).await.is_complete());
    let left = beta(&world, "customAppScopes").await;
    assert_eq!((left.len(), &left[0]["displayName"]), (1, &json!("Executives")));
}

#[tokio::test]
async fn a_scope_that_somebody_widened_is_ours_by_its_name_and_goes() {
    let role = format!("  - {{ role: Application Mail.Read, scope: {{ recipientFilter: \"{FILTER}\" }} }}");
    let world = world(&["roles:", &role]).await;
    world.converge(&world.desired()).await;
    let scope = beta(&world, "customAppScopes").await[0]["id"].as_str().unwrap().to_owned();
    let wide = json!({ "customAttributes": { "Exclusive": false, "RecipientFilter": "Alias -like '*'" } });
    world.admin("PATCH", &format!("/beta/roleManagement/exchange/customAppScopes/{scope}"), wide).await;
    world.write("reports.yaml", &manifest(&["roles: []"]));
    world.converge(&world.desired()).await;
    assert!(beta(&world, "customAppScopes").await.is_empty());
}

/// An application that leaves the manifests takes its scopes with it, however often that does not succeed.
#[tokio::test]
async fn a_scope_that_could_not_be_removed_keeps_its_application_until_it_is() {
    let role = format!("  - {{ role: Application Mail.Read, scope: {{ recipientFilter: \"{FILTER}\" }} }}");
    let world = World::new().await;
    let others = "  others:\n    displayName: Others\n    exchange: { roles: [View-Only Recipients] }\n";
    world.write("reports.yaml", &(manifest(&["roles:", &role]) + others));
    world.converge(&world.desired()).await;
    world.write("reports.yaml", &format!("tenant: {TENANT}\nestate: tests\napplications:\n{others}"));
    let refused = json!({ "status": 400, "code": "BadRequest", "message": "Not now." });
    world.faults(json!([{ "method": "DELETE", "path": "customAppScopes", "then": refused }])).await;
    let plan = world.plan(&world.desired()).await;
    assert_eq!(plan.counts().destroy, 3);
    let report = world.carry_out(&world.desired(), plan).await;
    assert_eq!((report.failed.len(), report.skipped.len()), (1, 1), "{report:?}");
    assert!(world.find("reports").await.is_some());
    world.no_faults().await;
    let left = world.plan(&world.desired()).await;
    assert_eq!(left.counts().destroy, 2, "{left:?}");
    assert!(world.carry_out(&world.desired(), left).await.is_complete());
    assert!(beta(&world, "customAppScopes").await.is_empty() && world.find("reports").await.is_none());
}

#[tokio::test]
async fn what_cannot_be_read_of_exchange_is_left_as_it_is() {
    let role = format!("  - {{ role: Application Mail.Read, scope: {{ recipientFilter: \"{FILTER}\" }} }}");
    let world = world(&["roles:", &role, "roleGroups: [Help Desk]"]).await;
    world.converge(&world.desired()).await;
    let none = manifest(&["roles: []", "roleGroups: []"]);
    world.write("reports.yaml", &none.replace("displayName: Reports", "displayName: New"));
    let refused = json!({ "status": 403, "code": "Authorization_RequestDenied", "message": "No." });
    let faults = json!([
        { "path": "adminapi", "then": { "status": 403, "body": "" } },
        { "path": "/beta/roleManagement/exchange", "then": refused },
    ]);
    world.faults(faults).await;
    let desired = world.desired();
    let plan = world.plan(&desired).await;
    assert_eq!(steps(&plan), ["reports/application"]);
    for unread in
        ["Exchange's own roles and their scopes could not be read", "Exchange's role groups could not be read"]
    {
        assert!(plan.notices.iter().any(|notice| notice.starts_with(unread)), "{:?}", plan.notices);
    }
    assert_eq!(world.plan(&desired).await, plan, "it is said in the same words each time");
    assert!(world.carry_out(&desired, plan).await.is_complete());
    world.no_faults().await;
    exactly_one_of_each(&world).await;
    world.converge(&desired).await;
    assert!(beta(&world, "roleAssignments").await.is_empty());
}

/// By the real program: no certificate waits for Exchange, and that there is nothing to do is said of what was seen alone.
#[test]
fn without_exchange_certificates_are_renewed_and_an_empty_plan_is_a_failure() {
    let permissions = "    permissions: [{ api: Exchange Online, application: [Exchange.ManageAsApp] }]\n";
    let keys = "    certificates:\n      main: { store: { directory: ../.accredit/keys } }\n";
    let bench = Bench::new(&format!(
        "estate: tests\napplications:\n  exo:\n    displayName: exo automated\n{permissions}    exchange: {{ roleGroups: [Help Desk] }}\n{keys}"
    ));
    bench.applied();
    let refused = json!([{ "path": "adminapi", "then": { "status": 403, "body": "" } }]);
    bench.control("POST", "faults", &refused);
    let said = |arguments: &[&str]| {
        let output = bench.command(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap())
    };
    let (code, planned) = said(&["plan"]);
    assert_eq!(code, Some(1), "{planned}");
    assert!(
        planned.contains("error: Exchange's role groups could not be read") && planned.contains("HTTP 403"),
        "{planned}"
    );
    let (code, rotated) = said(&["rotate", "exo", "--auto-approve"]);
    assert_eq!(code, Some(0), "{rotated}");
    assert!(rotated.contains("Exchange's role groups could not be read"), "{rotated}");
    let (code, looked) = said(&["doctor"]);
    assert!(code.is_some() && !looked.contains("error: "), "{looked}");
}

#[tokio::test]
async fn an_object_by_two_names_is_one_scope() {
    let world = World::new().await;
    let zoe = world.read(&format!("/v1.0/users/zoe.howard@{TENANT}")).await["id"].as_str().unwrap().to_owned();
    let role = |user: &str| format!("  - {{ role: Application Mail.Read, scope: {{ user: {user} }} }}");
    world.write("reports.yaml", &manifest(&["roles:", &role(&zoe), &role(&format!("zoe.howard@{TENANT}"))]));
    let problems = problems(&world).await;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].0, "the Exchange role `Application Mail.Read` is here twice for the same scope");
}

#[tokio::test]
async fn a_list_that_cannot_be_filtered_is_read_whole() {
    let world = world(&["roles: [View-Only Recipients]"]).await;
    let refused = json!({ "status": 400, "code": "BadRequest", "message": "Filter is not supported." });
    world.faults(json!([{ "method": "GET", "path": "principalId", "then": refused }])).await;
    let faulty = world.snapshot(&world.desired()).await;
    assert_eq!(faulty.exchange.roles_unread, None);
    world.no_faults().await;
    world.converge(&world.desired()).await;
    // Of directory roles Graph can be asked so, and says so.
    let fault = json!([{ "method": "GET", "path": "exchange/roleAssignments?", "then": refused }]);
    world.faults(fault).await;
    let plan = world.plan(&world.desired()).await;
    assert!(plan.is_empty() && plan.notices.is_empty(), "{plan:?}");
}

#[tokio::test]
async fn a_scope_that_somebody_else_uses_too_is_not_removed_and_says_so() {
    let role = format!("  - {{ role: Application Mail.Read, scope: {{ recipientFilter: \"{FILTER}\" }} }}");
    let mut world = world(&["roles:", &role]).await;
    let patience = world.patience_of_the_tenant(Duration::from_hours(1), Duration::from_mins(10));
    world.wait_with(patience.clone());
    world.converge(&world.desired()).await;
    let scope = beta(&world, "customAppScopes").await[0]["id"].clone();
    let roles = beta(&world, "roleDefinitions").await;
    let role = roles.iter().find(|found| found["displayName"] == "Application Mail.Send").unwrap();
    let operator = world.emulator.operator().client_id.clone();
    let other = world.read(&format!("/v1.0/servicePrincipals(appId='{operator}')?$select=id")).await;
    let body = json!({
        "roleDefinitionId": role["id"],
        "principalId": format!("/ServicePrincipals/{}", other["id"].as_str().unwrap()),
        "appScopeId": scope,
    });
    world.admin("POST", "/beta/roleManagement/exchange/roleAssignments", body).await;
    world.write("reports.yaml", &manifest(&["roles: []"]));
    let report = world.run(&world.desired(), Intent::Reconcile).await;
    assert_eq!(report.failed.len(), 1, "{:?}", report.failed);
    assert!(report.failed[0].error.hint().unwrap().contains("something else uses it"));
    assert!(patience.elapsed() < Duration::from_mins(2), "nobody waits for somebody else: {:?}", patience.elapsed());
    assert_eq!(beta(&world, "roleAssignments").await.len(), 1, "our own went");
}

#[tokio::test]
async fn what_somebody_else_gave_is_drift_and_taken_away() {
    let world = world(&["roles: [View-Only Recipients]", "roleGroups: [Hygiene Management]"]).await;
    let desired = world.desired();
    world.converge(&desired).await;
    give(&world, "Mail Recipients", json!({ "directoryScopeId": "/" })).await;
    let scope = json!({ "displayName": "Executives", "customAttributes": { "RecipientFilter": "Title -like 'VP*'" } });
    let scope = world.admin("POST", "/beta/roleManagement/exchange/customAppScopes", scope).await;
    give(&world, "Application Mail.Send", json!({ "appScopeId": scope["id"] })).await;
    let zoe = world.read(&format!("/v1.0/users/zoe.howard@{TENANT}")).await["id"].as_str().unwrap().to_owned();
    give(&world, "Application Mail.Read", json!({ "directoryScopeId": format!("/Users/{zoe}") })).await;
    let zoe = format!("the Exchange role Application Mail.Read on Zoe Howard (/Users/{zoe}) is not declared");
    let administrator = world.admin_endpoint(TENANT_ID, world.emulator.operator());
    let member = json!({ "Identity": "Organization Management", "Member": principal(&world).await });
    administrator.run("Add-RoleGroupMember", &member).await.unwrap();
    let plan = world.plan(&desired).await;
    let shown = text(&plan, Paint::PLAIN);
    for found in [
        zoe.as_str(),
        "the Exchange role Mail Recipients is not declared; this plan removes it",
        "the Exchange role Application Mail.Send on customAppScope Executives is not declared",
        "membership in Exchange's role group Organization Management is not declared",
    ] {
        assert!(shown.contains(found), "no {found} in\n{shown}");
    }
    assert_eq!(plan.counts().destroy, 4);
    world.converge(&desired).await;
    let rows = administrator.run("Get-RoleGroupMember", &json!({ "Identity": "Hygiene Management" })).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(beta(&world, "roleAssignments").await.len(), 1);
    assert_eq!(beta(&world, "customAppScopes").await.len(), 1, "it is somebody else's");
}

#[tokio::test]
async fn a_role_group_lets_the_application_run_what_it_holds() {
    let world = world(&["roleGroups: [hygiene management]"]).await;
    let desired = world.desired();
    let plan = world.plan(&desired).await;
    assert_eq!(
        steps(&plan),
        [
            "reports/application",
            "reports/servicePrincipal",
            "reports/appRoleAssignment/Office 365 Exchange Online/Exchange.ManageAsApp",
            "reports/exchangeServicePrincipal",
            "reports/exchangeRoleGroupMember/Hygiene Management",
        ]
    );
    assert!(plan.notices.iter().any(|notice| notice.contains("30 minutes to 2 hours")), "{:?}", plan.notices);
    world.converge(&desired).await;
    let cmdlets = world.admin_endpoint(TENANT_ID, &automation(&world).await).cmdlets().await.unwrap();
    assert!(cmdlets.contains("Get-RoleGroup") && !cmdlets.contains("Add-RoleGroupMember"), "{cmdlets:?}");
    // Another name is another name there too; and the whole goes with the application.
    world.write(
        "reports.yaml",
        &manifest(&["roleGroups: [Help Desk]"]).replace("displayName: Reports", "displayName: New"),
    );
    world.converge(&world.desired()).await;
    let known = known_to_exchange(&world).await;
    assert_eq!((known.len(), &known[0]["DisplayName"]), (1, &json!("New")));
    let plan = world.try_plan(&world.desired(), Intent::Destroy).await.unwrap();
    assert_eq!(plan.counts().destroy, 1, "{plan:?}");
    let notes = &plan.steps[0].notes;
    assert!(notes[1].starts_with("it leaves Exchange's role groups too (Help Desk)"), "{notes:?}");
    assert!(world.carry_out(&world.desired(), plan).await.is_complete());
    assert!(known_to_exchange(&world).await.is_empty());
}

#[tokio::test]
async fn nobody_is_asked_for_what_is_not_declared() {
    let world = World::new().await;
    let asks = async |yes: &str| {
        let log: Json = world.control("GET", "requests", None).await.json().await.unwrap();
        log.as_array().unwrap().iter().any(|entry| entry["path"].as_str().unwrap().contains(yes))
    };
    world.write("reports.yaml", &manifest(&[]).replace("    exchange:\n", ""));
    world.converge(&world.desired()).await;
    assert!(!asks("/beta/").await && !asks("adminapi").await);
    world.write("reports.yaml", &manifest(&["roles: [View-Only Recipients]"]));
    world.converge(&world.desired()).await;
    assert!(asks("/beta/roleManagement/exchange").await && !asks("adminapi").await, "Graph suffices for roles");
}

#[tokio::test]
async fn misspelt_names_are_explained_by_those_of_the_tenant() {
    let world = world(&["roles: [View-Only Recipeints]", "roleGroups: [Hygeine Management]"]).await;
    assert_eq!(
        problems(&world).await,
        [
            (
                "Exchange has no role `View-Only Recipeints` in this tenant".to_owned(),
                "did you mean `View-Only Recipients`?".to_owned()
            ),
            (
                "Exchange has no role group `Hygeine Management` in this tenant".to_owned(),
                "did you mean `Hygiene Management`?".to_owned()
            ),
        ]
    );
}

#[tokio::test]
async fn a_scope_that_names_nothing_or_several_things_is_explained() {
    let world = World::new().await;
    for nickname in ["one", "two"] {
        let group =
            json!({ "displayName": "Twins", "mailEnabled": false, "mailNickname": nickname, "securityEnabled": true });
        world.admin("POST", "/v1.0/groups", group).await;
    }
    for (scope, message, help) in [
        ("group: Twins", "`Twins` is ambiguous: it is the name of 2 of its kind", "write the id of the group"),
        ("group: Nobody", "this tenant has no group `Nobody`", "display name or its id"),
        ("administrativeUnit: Nowhere", "this tenant has no administrative unit `Nowhere`", "display name or its id"),
        ("user: nobody@contoso.com", "this tenant has no user `nobody@contoso.com`", "user principal name"),
    ] {
        let role = format!("  - {{ role: Application Mail.Read, scope: {{ {scope} }} }}");
        world.write("reports.yaml", &manifest(&["roles:", &role]));
        let problems = problems(&world).await;
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].0, message);
        assert!(problems[0].1.contains(help), "{problems:?}");
    }
}

/// An unscoped permission reaches every mailbox, whatever the scope of a role says: declared, or found.
#[tokio::test]
async fn a_permission_that_reaches_past_a_scope_is_warned_of() {
    let role = format!("  - {{ role: Application Mail.Read, scope: {{ recipientFilter: \"{FILTER}\" }} }}");
    let scoped = manifest(&["roles:", &role]);
    let world = World::new().await;
    let warned = async |manifest: &str| {
        world.write("reports.yaml", manifest);
        let plan = world.plan(&world.desired()).await;
        plan.notices.iter().find(|notice| notice.contains("restricts nothing")).cloned()
    };
    assert_eq!(warned(&scoped).await, None);
    let with = |permission: &str| {
        scoped.replace(
            "    exchange:",
            &format!("      - {{ api: Microsoft Graph, application: [{permission}] }}\n    exchange:"),
        )
    };
    let notice = warned(&with("Mail.ReadWrite")).await.unwrap();
    assert!(notice.starts_with("reports holds `Mail.ReadWrite` of Microsoft Graph for every mailbox"), "{notice}");
    assert!(notice.contains("the scope of `Application Mail.Read` restricts nothing"), "{notice}");
    assert_eq!(warned(&with("Mail.Send")).await, None, "it does not read");
    assert_eq!(warned(&with("Mail.Read").replace("[Mail.Read]", "[Mail.Read], consent: none")).await, None);
    world.converge(&world.desired()).await;
    // Found in the tenant, where the manifest says nothing of permissions; and it is said as long as it is so.
    world.write("reports.yaml", &with("Mail.Read"));
    world.converge(&world.desired()).await;
    let mut lines: Vec<&str> = scoped.lines().collect();
    lines.retain(|line| !line.contains("permissions:") && !line.contains("- { api"));
    assert!(warned(&(lines.join("\n") + "\n")).await.is_some());
    assert!(world.plan(&world.desired()).await.is_empty());
    // Where the manifest says that there are others, it goes with this plan.
    assert_eq!(warned(&scoped).await, None);
}

#[tokio::test]
async fn a_dehydrated_organization_is_known_before_the_first_write() {
    let world = world(&["roleGroups: [Help Desk]"]).await;
    world.knobs(json!({ "dehydrated": true })).await;
    world.forget_requests().await;
    let told = problems(&world).await;
    assert!(told[0].0.contains("dehydrated") && told[0].1.contains("`Enable-OrganizationCustomization`"), "{told:?}");
    // By Graph nobody can ask beforehand: it is the refusal that says so.
    let role = format!("  - {{ role: Application Mail.Read, scope: {{ recipientFilter: \"{FILTER}\" }} }}");
    world.write("reports.yaml", &manifest(&["roles:", &role]));
    let report = world.run(&world.desired(), Intent::Reconcile).await;
    let hint = report.failed[0].error.hint().unwrap();
    assert!(hint.contains("`Enable-OrganizationCustomization`"), "{hint}");
    // And the remedy is one.
    world
        .admin_endpoint(TENANT_ID, world.emulator.operator())
        .run("Enable-OrganizationCustomization", &json!({}))
        .await
        .unwrap();
    world.converge(&world.desired()).await;
    world.write("reports.yaml", &manifest(&["roleGroups: [Help Desk]"]));
    world.converge(&world.desired()).await;
}

#[tokio::test]
async fn a_record_of_another_object_is_not_worked_with() {
    let world = world(&["roleGroups: []"]).await;
    world.converge(&world.desired()).await;
    let administrator = world.admin_endpoint(TENANT_ID, world.emulator.operator());
    let app_id = world.application("reports").await["appId"].as_str().unwrap().to_owned();
    let stray = json!({ "AppId": app_id, "ObjectId": principal(&world).await, "DisplayName": "Reports" });
    administrator.run("New-ServicePrincipal", &stray).await.unwrap();
    // A wrong record cannot be made here, so what was found is bent.
    world.write("reports.yaml", &manifest(&["roleGroups: [Help Desk]"]));
    let desired = world.desired();
    let mut snapshot = world.snapshot(&desired).await;
    let organization = snapshot.exchange.organization.as_mut().unwrap();
    organization.service_principals.get_mut(&app_id).unwrap().object_id = TENANT_ID.to_owned();
    let problems = accredit::plan::plan(&desired, &snapshot, world.now, Intent::Reconcile).unwrap_err();
    assert!(problems[0].help.as_ref().unwrap().contains("Remove-ServicePrincipal"), "{problems:?}");
    // So is one that is left of a service principal that is gone.
    snapshot.applications.get_mut("reports").unwrap().service_principal = None;
    let problems = accredit::plan::plan(&desired, &snapshot, world.now, Intent::Reconcile).unwrap_err();
    assert!(problems.iter().any(|problem| problem.message.contains("it has no service principal")), "{problems:?}");
    world.converge(&desired).await;
}

/// Every write in turn: its answer is lost, whether it was done or not, and the same run goes on.
#[tokio::test]
async fn lost_answers_are_answered_by_looking() {
    let role = format!("  - {{ role: Application Mail.Read, scope: {{ recipientFilter: \"{FILTER}\" }} }}");
    let everything = ["roles:", role.as_str(), "roleGroups: [Help Desk]"];
    for when in ["before", "after"] {
        for write in ["customAppScopes", "exchange/roleAssignments", "New-ServicePrincipal", "Add-RoleGroupMember"] {
            let world = world(&everything).await;
            lose(&world, "POST", write, when).await;
            let desired = world.desired();
            world.converge(&desired).await;
            exactly_one_of_each(&world).await;
        }
        for write in ["customAppScopes/", "exchange/roleAssignments/", "Remove-RoleGroupMember"] {
            let world = world(&everything).await;
            world.converge(&world.desired()).await;
            let method = if write.starts_with("Remove") { "POST" } else { "DELETE" };
            world.write("reports.yaml", &manifest(&["roles: []", "roleGroups: []"]));
            lose(&world, method, write, when).await;
            world.converge(&world.desired()).await;
            assert!(
                beta(&world, "customAppScopes").await.is_empty() && beta(&world, "roleAssignments").await.is_empty()
            );
        }
    }
}

/// The process dies at any of them: the next run finishes.
#[tokio::test]
async fn a_run_that_dies_is_finished_by_the_next() {
    let role = format!("  - {{ role: Application Mail.Read, scope: {{ recipientFilter: \"{FILTER}\" }} }}");
    for when in ["before", "after"] {
        for write in ["customAppScopes", "exchange/roleAssignments", "New-ServicePrincipal", "Add-RoleGroupMember"] {
            let world = world(&["roles:", &role, "roleGroups: [Help Desk]"]).await;
            let desired = world.desired();
            let plan = world.plan(&desired).await;
            lose(&world, "POST", write, when).await;
            // Nothing is answered any more, as if nobody were there to hear it.
            let silence = json!([
                { "method": "GET", "then": "reset", "when": "before" },
                { "method": "POST", "path": "exchange", "then": "reset", "when": "before" },
                { "method": "POST", "path": "InvokeCommand", "then": "reset", "when": "before" },
            ]);
            world.faults(silence).await;
            assert!(!world.carry_out(&desired, plan).await.is_complete(), "{when} {write}");
            world.no_faults().await;
            world.converge(&desired).await;
            exactly_one_of_each(&world).await;
        }
    }
}

/// What somebody on the way answers in place of Graph and of Exchange.
fn page_of_a_proxy() -> Json {
    json!({ "status": 404, "body": "<html><h1>Not found</h1></html>" })
}

#[tokio::test]
async fn a_404_of_somebody_on_the_way_takes_nothing_away() {
    let world = world(&["roles: [View-Only Recipients]", "roleGroups: [Help Desk]"]).await;
    world.converge(&world.desired()).await;
    world.write("reports.yaml", &manifest(&["roles: []", "roleGroups: []"]));
    for (fault, left) in [
        (json!({ "path": "InvokeCommand", "body": "Remove-RoleGroupMember", "then": page_of_a_proxy() }), 2),
        // What is gone all the same is gone, whoever answers.
        (json!({ "path": "InvokeCommand", "body": "Remove-", "when": "after", "then": page_of_a_proxy() }), 0),
        (json!({ "method": "DELETE", "path": "exchange/roleAssignments", "then": page_of_a_proxy() }), 1),
    ] {
        world.faults(json!([fault])).await;
        let report = world.run(&world.desired(), Intent::Reconcile).await;
        world.no_faults().await;
        assert_eq!(world.plan(&world.desired()).await.counts().destroy, left, "{fault}");
        for failed in &report.failed {
            assert!(failed.error.hint().unwrap().contains("proxy"), "{failed:?}");
        }
        if left == 0 {
            world.write("reports.yaml", &manifest(&["roles: [View-Only Recipients]", "roleGroups: []"]));
            world.converge(&world.desired()).await;
            world.write("reports.yaml", &manifest(&["roles: []", "roleGroups: []"]));
        }
    }
    world.converge(&world.desired()).await;
}

#[tokio::test]
async fn already_exists_is_believed_of_what_is_seen_alone() {
    let world = world(&["roleGroups: [Help Desk]"]).await;
    let exists =
        json!({ "status": 409, "body": { "error": { "code": "Conflict", "message": "The object already exists." } } });
    for (name, cmdlet) in [("Reports", "New-ServicePrincipal"), ("New", "Set-ServicePrincipal")] {
        let manifest = manifest(&["roleGroups: [Help Desk]"]);
        world.write("reports.yaml", &manifest.replace("displayName: Reports", &format!("displayName: {name}")));
        world.faults(json!([{ "path": "InvokeCommand", "body": cmdlet, "then": exists }])).await;
        let report = world.run(&world.desired(), Intent::Reconcile).await;
        let failed: Vec<&str> = report.failed.iter().map(|failed| failed.address.kind.as_str()).collect();
        assert_eq!(failed, ["exchangeServicePrincipal"], "{cmdlet}");
        assert!(report.failed[0].error.hint().unwrap().contains("something else has this name or id"));
        world.no_faults().await;
        world.converge(&world.desired()).await;
        assert_eq!(known_to_exchange(&world).await[0]["DisplayName"], name);
    }
}

/// Cmdlets all go to one path; what they are stands in the body.
async fn lose(world: &World, method: &str, write: &str, when: &str) {
    let fault = if write.contains('-') {
        json!({ "path": "InvokeCommand", "body": write, "nth": 1, "then": "reset", "when": when })
    } else {
        json!({ "method": method, "path": write, "nth": 1, "then": "reset", "when": when })
    };
    world.faults(json!([fault])).await;
}

async fn exactly_one_of_each(world: &World) {
    assert_eq!(beta(world, "customAppScopes").await.len(), 1);
    assert_eq!(beta(world, "roleAssignments").await.len(), 1);
    let administrator = world.admin_endpoint(TENANT_ID, world.emulator.operator());
    assert_eq!(known_to_exchange(world).await.len(), 1);
    let members = administrator.run("Get-RoleGroupMember", &json!({ "Identity": "Help Desk" })).await.unwrap();
    assert_eq!(members.len(), 1);
}

/// An application that holds these permissions of Microsoft Graph and nothing else.
async fn operator(world: &World, permissions: &[&str]) -> emulator::Operator {
    let made = world.admin("POST", "/v1.0/applications", json!({ "displayName": "operator" })).await;
    let principal = world.admin("POST", "/v1.0/servicePrincipals", json!({ "appId": made["appId"] })).await;
    let graph = "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')";
    let graph = world.read(graph).await;
    for permission in permissions {
        let roles = graph["appRoles"].as_array().unwrap();
        let role = roles.iter().find(|role| role["value"] == *permission).unwrap();
        let body = json!({ "principalId": principal["id"], "resourceId": graph["id"], "appRoleId": role["id"] });
        let path = format!("/v1.0/servicePrincipals/{}/appRoleAssignments", principal["id"].as_str().unwrap());
        world.admin("POST", &path, body).await;
    }
    let path = format!("/v1.0/applications/{}/addPassword", made["id"].as_str().unwrap());
    let secret = world.admin("POST", &path, json!({})).await;
    emulator::Operator {
        client_id: made["appId"].as_str().unwrap().to_owned(),
        client_secret: secret["secretText"].as_str().unwrap().to_owned(),
    }
}

const LEAST: [&str; 4] = [
    "Directory.Read.All",
    "Application.ReadWrite.OwnedBy",
    "AppRoleAssignment.ReadWrite.All",
    "RoleManagement.ReadWrite.Exchange",
];

#[tokio::test]
async fn the_least_permissions_suffice_and_less_is_refused_before_the_first_write() {
    let role = format!("  - {{ role: Application Mail.Read, scope: {{ recipientFilter: \"{FILTER}\" }} }}");
    let mut world = world(&["roles:", &role]).await;
    let reader = LEAST.map(|permission| permission.replace("ReadWrite.Exchange", "Read.Exchange"));
    let reader: Vec<&str> = reader.iter().map(String::as_str).collect();
    world.sign_in_as(operator(&world, &reader).await).await;
    world.forget_requests().await;
    let plan = world.plan(&world.desired()).await;
    let shown = text(&plan, Paint::PLAIN);
    assert!(shown.contains("RoleManagement.ReadWrite.Exchange  Exchange Administrator"), "{shown}");
    let refusals = approve(plan, &Limits::default()).unwrap_err();
    let permissions = vec!["RoleManagement.ReadWrite.Exchange".to_owned()];
    assert_eq!(refusals, [Refusal::MissingRights { permissions }]);
    assert_eq!(world.writes().await, Vec::<String>::new());

    world.sign_in_as(operator(&world, &LEAST).await).await;
    let plan = world.plan(&world.desired()).await;
    let rights = plan.rights.as_ref().unwrap();
    assert_eq!((rights.missing.len(), rights.surplus.len()), (0, 0), "{rights:?}");
    let needed: Vec<&str> = rights.needed.iter().map(|right| right.permission.as_str()).collect();
    assert!(LEAST.iter().all(|permission| needed.contains(permission)) && needed.len() == LEAST.len(), "{needed:?}");
    world.converge(&world.desired()).await;

    let nobody: Vec<&str> = LEAST[..3].to_vec();
    world.sign_in_as(operator(&world, &nobody).await).await;
    let unread = world.snapshot(&world.desired()).await.exchange.roles_unread.unwrap();
    assert!(
        unread.hint.contains("`RoleManagement.Read.Exchange`") && unread.error.contains("request-id"),
        "{unread:?}"
    );
}

#[tokio::test]
async fn who_may_not_change_role_groups_is_told_before_the_first_write() {
    let mut world = world(&["roleGroups: [Help Desk]"]).await;
    let credentials = operator(&world, &LEAST).await;
    world.sign_in_as(credentials.clone()).await;
    let plan = world.plan(&world.desired()).await;
    assert!(!steps(&plan).iter().any(|step| step.contains("/exchange")), "{plan:?}");
    let notice = plan.notices.iter().find(|notice| notice.starts_with("Exchange's role groups")).unwrap();
    assert!(notice.contains("`Exchange.ManageAsApp`"), "{notice}");
    // Who may read them sees what is missing.
    let_read(&world, &credentials.client_id).await;
    world.sign_in_as(credentials.clone()).await;
    world.forget_requests().await;
    let plan = world.plan(&world.desired()).await;
    let shown = text(&plan, Paint::PLAIN);
    assert!(shown.contains("Exchange does not let it run Add-RoleGroupMember, New-ServicePrincipal"), "{shown}");
    assert!(markdown(&plan).contains("Exchange Administrator"));
    let refusals = approve(plan, &Limits::default()).unwrap_err();
    assert_eq!(refusals[0].to_string(), "the operator lacks `Exchange Administrator` for this plan");
    let writes = world.writes().await;
    assert!(writes.iter().all(|write| write.ends_with("InvokeCommand")), "cmdlets that read are sent so: {writes:?}");
}

#[tokio::test]
async fn the_example_of_the_documentation_is_what_it_says() {
    let world = World::new().await;
    let example = std::fs::read_to_string(repository("docs/exchange-least-privilege.yaml")).unwrap();
    world.write("example.yaml", &example);
    let report = world.converge(&world.desired()).await;
    let made = |kind: &str| report.done.iter().filter(|step| step.address.kind == kind).count();
    let kinds = ["exchangeScope", "exchangeRoleAssignment", "exchangeServicePrincipal", "exchangeRoleGroupMember"];
    assert_eq!(kinds.map(made), [1, 2, 1, 1]);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_named_by_its_request() {
    let world = World::new().await;
    world.faults(json!([{ "path": "InvokeCommand", "then": { "status": 200, "body": "<html></html>" } }])).await;
    let endpoint = world.admin_endpoint(TENANT_ID, world.emulator.operator());
    let error = endpoint.run("Get-ServicePrincipal", &json!({})).await.unwrap_err();
    assert!(error.to_string().contains("the answer is no JSON (client-request-id "), "{error}");
}
