//! What operators may do: those with the least do the whole job, and whoever lacks one permission is told before anything is
//! written.

use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};

use accredit::catalog::apis::MICROSOFT_GRAPH;
use accredit::catalog::capabilities::capabilities;
use accredit::catalog::least_privilege::{self, Reach};
use accredit::catalog::powers::roles_with_permissions;
use accredit::catalog::risks;
use accredit::catalog::{permissions, roles};
use accredit::emulator;
use accredit::fetch::FetchError;
use accredit::kinds::Intent;
use accredit::model::{Operator, PermissionType, Plan, Powers};
use accredit::plan::{Limits, Refusal, approve};
use accredit::render::{Paint, markdown, text};
use serde_json::{Value as Json, json};

use super::world::{TENANT, World, one_of_everything, repository};

/// What it takes to read, and nothing else.
const READS: [&str; 2] = ["Directory.Read.All", "Policy.Read.All"];

/// An application that holds these permissions of Microsoft Graph and nothing else, and its secret.
async fn application(world: &World, name: &str, permissions: &[&str]) -> (emulator::Operator, String) {
    let made = world.admin("POST", "/v1.0/applications", json!({ "displayName": name })).await;
    let app_id = made["appId"].as_str().unwrap().to_owned();
    let principal = world.admin("POST", "/v1.0/servicePrincipals", json!({ "appId": app_id })).await;
    let principal = principal["id"].as_str().unwrap().to_owned();
    let graph = world.read(&format!("/v1.0/servicePrincipals(appId='{MICROSOFT_GRAPH}')?$select=id")).await;
    for permission in permissions {
        let known = permissions::find(MICROSOFT_GRAPH, PermissionType::Application, permission).unwrap();
        let body = json!({ "principalId": principal, "resourceId": graph["id"], "appRoleId": known.id });
        world.admin("POST", &format!("/v1.0/servicePrincipals/{principal}/appRoleAssignments"), body).await;
    }
    let client_secret = secret(world, made["id"].as_str().unwrap()).await;
    (emulator::Operator { client_id: app_id, client_secret }, principal)
}

/// A client secret of an application that is there.
async fn secret(world: &World, id: &str) -> String {
    let path = format!("/v1.0/applications/{id}/addPassword");
    let added = world.admin("POST", &path, json!({ "passwordCredential": { "displayName": "test" } })).await;
    added["secretText"].as_str().unwrap().to_owned()
}

/// A tenant with one manifest and an operator who holds these permissions and nothing else.
async fn world_of(manifest: &str, permissions: &[&str]) -> World {
    let mut world = World::new().await;
    world.write("exo.yaml", manifest);
    let (operator, _) = application(&world, "operator", permissions).await;
    world.sign_in_as(operator).await;
    world.forget_requests().await;
    world
}

fn needed(plan: &Plan) -> BTreeSet<&str> {
    plan.rights.as_ref().unwrap().needed.iter().map(|right| right.permission.as_str()).collect()
}

fn missing(plan: &Plan) -> Vec<&str> {
    plan.rights.as_ref().unwrap().missing.iter().map(|missing| missing.right.permission.as_str()).collect()
}

/// Neither consent nor roles: what is only declared needs nobody's consent.
fn modest() -> String {
    one_of_everything("exo")
        .replace("[Exchange.ManageAsApp]\n", "[Exchange.ManageAsApp]\n        consent: none\n")
        .replace("      - role: Exchange Administrator\n", "      []\n")
        .replace("    roles:\n      []", "    roles: []")
        .replace("[Exchange.ManageAsApp]\n        consent: none", "[full_access_as_app]\n        consent: none")
}

fn with_everything() -> String {
    one_of_everything("exo").replace(
        "    certificates:",
        "      - { api: Microsoft Graph, application: [Mail.Read], delegated: [User.Read] }\n    certificates:",
    )
}

/// Each kind of estate, and the least with which it can be applied.
fn jobs() -> [(&'static str, String, BTreeSet<&'static str>); 3] {
    let least = |more: &[&'static str]| READS.into_iter().chain(more.iter().copied()).collect();
    [
        ("without consent", modest(), least(&["Application.ReadWrite.OwnedBy"])),
        (
            "with consent and a role",
            one_of_everything("exo"),
            least(&[
                "Application.ReadWrite.OwnedBy",
                "AppRoleAssignment.ReadWrite.All",
                "RoleManagement.ReadWrite.Directory",
            ]),
        ),
        (
            "with everything",
            with_everything(),
            least(&[
                "Application.ReadWrite.OwnedBy",
                "AppRoleAssignment.ReadWrite.All",
                "DelegatedPermissionGrant.ReadWrite.All",
                "RoleManagement.ReadWrite.Directory",
            ]),
        ),
    ]
}

#[tokio::test]
async fn operators_of_least_privilege_do_the_whole_job() {
    for (job, manifest, least) in jobs() {
        let least_list: Vec<&str> = least.iter().copied().collect();
        let mut world = world_of(&manifest, &least_list).await;
        let plan = world.plan(&world.desired()).await;
        assert_eq!(needed(&plan), least, "{job}");
        assert_eq!(missing(&plan), Vec::<&str>::new(), "{job}");
        assert_eq!(plan.rights.as_ref().unwrap().surplus, BTreeSet::new(), "{job}");
        world.converge(&world.desired()).await;
        // From one end of its life to the other: a change, other owners, another certificate, no more consent.
        let other = manifest
            .replace("displayName: exo automated", "displayName: another name")
            .replace("zoe.howard", "megan")
            .replace("dnsNames: [exo.example]", "dnsNames: [other.example]");
        world.write("exo.yaml", &other);
        let plan = world.plan(&world.desired()).await;
        assert_eq!(missing(&plan), Vec::<&str>::new(), "{job}");
        world.converge(&world.desired()).await;
        world.turn_to(super::world::days_after(world.now, 340)).await;
        world.apply(&world.desired()).await;
        let report = world.run(&world.desired(), Intent::Destroy).await;
        assert!(report.is_complete(), "{job}: {:?}", report.failed);
    }
}

/// One permission less: the plan says which, and not a single write is sent. Or it was not needed for this, and all is done.
#[tokio::test]
async fn without_one_of_them_nothing_is_written_or_all_of_it() {
    let (_, manifest, least) = jobs().into_iter().last().unwrap();
    for without in &least {
        let rest: Vec<&str> = least.iter().filter(|permission| *permission != without).copied().collect();
        let world = world_of(&manifest, &rest).await;
        let desired = world.desired();
        let snapshot = match world.try_snapshot(&desired).await {
            Ok(snapshot) => snapshot,
            Err(FetchError::Graph(error)) => {
                let hint = error.hint().unwrap();
                assert!(hint.contains("Read"), "{without}: {hint}");
                assert_eq!(*without, "Directory.Read.All");
                assert_eq!(world.writes().await, Vec::<String>::new());
                continue;
            }
            Err(error) => panic!("{without}: {error}"),
        };
        let plan = accredit::plan::plan(&desired, &snapshot, world.now, Intent::Reconcile).unwrap();
        match approve(plan.clone(), &Limits::default()).map_err(only) {
            Err(Refusal::MissingRights { permissions }) => {
                // Nothing less than all of them where those that it makes cannot be made.
                assert_eq!(permissions, [*without], "{without}");
                let shown = text(&plan, Paint::PLAIN);
                assert!(shown.contains("The operator lacks rights") && shown.contains(without), "{shown}");
                assert!(markdown(&plan).contains(without));
                assert_eq!(world.writes().await, Vec::<String>::new(), "{without}");
            }
            Err(refusal) => panic!("{without}: {refusal}"),
            Ok(_) => {
                assert_eq!(*without, "Policy.Read.All", "only what can be done without is not refused");
                world.converge(&desired).await;
            }
        }
    }
}

/// The same for a change and for the end: of an estate that is there, with an operator that loses one permission.
#[tokio::test]
async fn a_change_without_one_of_them_is_refused_whole_or_done_whole() {
    let (_, manifest, least) = jobs().into_iter().last().unwrap();
    let mut world = World::new().await;
    world.write("exo.yaml", &manifest);
    let least: Vec<&str> = least.into_iter().collect();
    let (operator, principal) = application(&world, "operator", &least).await;
    world.sign_in_as(operator.clone()).await;
    world.converge(&world.desired()).await;
    let changed = manifest
        .replace("displayName: exo automated", "displayName: another name")
        .replace("zoe.howard", "megan")
        .replace("application: [Mail.Read]", "application: [Mail.Send]")
        .replace("delegated: [User.Read]", "delegated: [Mail.Read]")
        .replace("role: Exchange Administrator", "role: Global Reader");
    world.write("exo.yaml", &changed);
    let mut refused = BTreeSet::new();
    for (intent, without) in [Intent::Reconcile, Intent::Destroy]
        .into_iter()
        .flat_map(|intent| least.iter().map(move |without| (intent, *without)))
    {
        let known = permissions::find(MICROSOFT_GRAPH, PermissionType::Application, without).unwrap();
        let path = format!("/v1.0/servicePrincipals/{principal}/appRoleAssignments");
        let listed = world.read(&path).await;
        let taken = listed["value"].as_array().unwrap().iter().find(|held| held["appRoleId"] == known.id).unwrap();
        world.admin("DELETE", &format!("{path}/{}", taken["id"].as_str().unwrap()), Json::Null).await;
        world.sign_in_as(operator.clone()).await;
        world.forget_requests().await;
        match world.try_snapshot(&world.desired()).await {
            Err(error) => assert_eq!(without, "Directory.Read.All", "{error}"),
            Ok(snapshot) => {
                let plan = accredit::plan::plan(&world.desired(), &snapshot, world.now, intent).unwrap();
                match approve(plan, &Limits::default()).map_err(only) {
                    Err(Refusal::MissingRights { permissions }) => {
                        // Those of others stay beyond reach: it takes more to write what is not owned.
                        assert_eq!(permissions.len(), 1, "{permissions:?}");
                        refused.insert((intent == Intent::Destroy, without));
                    }
                    Err(refusal) => panic!("{refusal}"),
                    // Not needed for this.
                    Ok(_) => {}
                }
            }
        }
        assert_eq!(world.writes().await, Vec::<String>::new());
        let graph = taken["resourceId"].clone();
        let body = json!({ "principalId": principal, "resourceId": graph, "appRoleId": known.id });
        world.admin("POST", &path, body).await;
    }
    let writing = [
        (false, "AppRoleAssignment.ReadWrite.All"),
        (false, "Application.ReadWrite.OwnedBy"),
        (false, "DelegatedPermissionGrant.ReadWrite.All"),
        (false, "RoleManagement.ReadWrite.Directory"),
        // One request takes an application with all it has.
        (true, "Application.ReadWrite.OwnedBy"),
    ];
    assert_eq!(refused, writing.into());
    world.sign_in_as(operator).await;
    world.converge(&world.desired()).await;
    // And what was not refused is done: the end takes no power to give consent.
    let (modest, _) = application(&world, "modest", &["Directory.Read.All", "Application.ReadWrite.All"]).await;
    world.sign_in_as(modest).await;
    let plan = world.try_plan(&world.desired(), Intent::Destroy).await.unwrap();
    assert!(approve(plan.clone(), &Limits::default()).is_ok());
    assert!(world.carry_out(&world.desired(), plan).await.is_complete());
}

/// What is refused beforehand would have been refused: the brake is no invention.
#[tokio::test]
async fn what_is_called_missing_is_what_graph_refuses() {
    for without in [
        "AppRoleAssignment.ReadWrite.All",
        "DelegatedPermissionGrant.ReadWrite.All",
        "RoleManagement.ReadWrite.Directory",
    ] {
        let (_, manifest, least) = jobs().into_iter().last().unwrap();
        let rest: Vec<&str> = least.iter().filter(|permission| **permission != without).copied().collect();
        let world = world_of(&manifest, &rest).await;
        let plan = world.plan(&world.desired()).await;
        let foreseen: BTreeSet<String> = plan
            .rights
            .as_ref()
            .unwrap()
            .missing
            .iter()
            .flat_map(|missing| &missing.steps)
            .map(ToString::to_string)
            .collect();
        let report = world.carry_out(&world.desired(), plan).await;
        assert!(!report.failed.is_empty(), "{without}");
        for failure in &report.failed {
            assert!(foreseen.contains(&failure.address.to_string()), "{without}: {}", failure.address);
            assert!(failure.error.hint().unwrap().contains(without), "{:?}", failure.error.hint());
        }
    }
}

#[tokio::test]
async fn an_operator_who_can_only_read_plans_everything() {
    let mut world = World::new().await;
    for entry in std::fs::read_dir(repository("manifests")).unwrap() {
        let path = entry.unwrap().path();
        world.write(path.file_name().unwrap().to_str().unwrap(), &std::fs::read_to_string(&path).unwrap());
    }
    let before = world.plan(&world.desired()).await;
    let (operator, _) = application(&world, "reader", &READS).await;
    world.sign_in_as(operator).await;
    world.forget_requests().await;
    let plan = world.plan(&world.desired()).await;
    assert_eq!(plan.steps, before.steps, "it sees as much as who may do anything");
    assert_eq!(world.writes().await, Vec::<String>::new());
    assert_eq!(
        missing(&plan),
        ["AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.OwnedBy", "RoleManagement.ReadWrite.Directory"]
    );
}

/// The two identities of `manifests/operators.yaml` hold what it takes to plan and to apply the manifests beside it, and no
/// more.
#[tokio::test]
async fn the_declared_operators_hold_the_least() {
    let mut world = World::new().await;
    world.write("operators.yaml", &std::fs::read_to_string(repository("manifests/operators.yaml")).unwrap());
    world.converge(&world.desired()).await;
    for entry in std::fs::read_dir(repository("manifests")).unwrap() {
        let path = entry.unwrap().path();
        world.write(path.file_name().unwrap().to_str().unwrap(), &std::fs::read_to_string(&path).unwrap());
    }
    for (handle, is_to_write) in [("accredit-plan", false), ("accredit-apply", true)] {
        let found = world.application(handle).await;
        let client_secret = secret(&world, found["id"].as_str().unwrap()).await;
        let client_id = found["appId"].as_str().unwrap().to_owned();
        world.sign_in_as(emulator::Operator { client_id, client_secret }).await;
        let Powers::Application { permissions, .. } = &world.operator.powers else { panic!("{:?}", world.operator) };
        let permissions: BTreeSet<&str> = permissions.iter().map(String::as_str).collect();
        let plan = world.plan(&world.desired()).await;
        if is_to_write {
            assert_eq!(permissions, needed(&plan));
            assert_eq!(missing(&plan), Vec::<&str>::new());
            assert_eq!(plan.rights.as_ref().unwrap().surplus, BTreeSet::new());
            world.converge(&world.desired()).await;
        } else {
            assert_eq!(permissions, READS.into_iter().collect());
            let writes: BTreeSet<&str> = missing(&plan).into_iter().collect();
            assert_eq!(needed(&plan), permissions.union(&writes).copied().collect());
        }
    }
}

/// Once the one that applies owns both, it renews their certificates, as `docs/rights.md` says.
#[tokio::test]
async fn the_operators_renew_themselves() {
    let mut world = World::new().await;
    let manifest = std::fs::read_to_string(repository("manifests/operators.yaml")).unwrap();
    world.write("operators.yaml", &manifest);
    world.converge(&world.desired()).await;
    let found = world.application("accredit-apply").await;
    let client_secret = secret(&world, found["id"].as_str().unwrap()).await;
    let client_id = found["appId"].as_str().unwrap().to_owned();
    let operator = emulator::Operator { client_id, client_secret };
    world.sign_in_as(operator.clone()).await;
    world.turn_to(super::world::days_after(world.now, 340)).await;
    assert_eq!(missing(&world.plan(&world.desired()).await), ["Application.ReadWrite.All"]);

    world.sign_in_as(world.emulator.operator().clone()).await;
    let owned =
        manifest.replace("    roles: []", "    roles: []\n    owners: [{ servicePrincipal: Accredit (apply) }]");
    world.write("operators.yaml", &owned);
    world.apply(&world.desired()).await;
    world.turn_to(super::world::days_after(world.now, 320)).await;
    world.sign_in_as(operator).await;
    let plan = world.plan(&world.desired()).await;
    assert!(!plan.is_empty());
    assert_eq!(missing(&plan), Vec::<&str>::new());
    world.apply(&world.desired()).await;
}

/// The two identities of a careful team, and an administrator by hand: whoever plans, what is applied is applied, and nobody
/// takes the others' ownership away.
#[tokio::test]
async fn two_identities_plan_alike() {
    let mut world = World::new().await;
    let operators = std::fs::read_to_string(repository("manifests/operators.yaml")).unwrap();
    world.write("operators.yaml", &operators);
    world.converge(&world.desired()).await;
    let administrator = world.emulator.operator().clone();
    let mut of = Vec::new();
    for handle in ["accredit-plan", "accredit-apply"] {
        let found = world.application(handle).await;
        let client_secret = secret(&world, found["id"].as_str().unwrap()).await;
        // The manifest has no secrets; this one is the test's way to sign in, and no drift of interest.
        of.push(emulator::Operator { client_id: found["appId"].as_str().unwrap().to_owned(), client_secret });
    }
    let [reader, writer] = of.try_into().unwrap();
    let estate = operators.lines().find(|line| line.starts_with("estate:")).unwrap();
    world.write("exo.yaml", &one_of_everything("exo").replace("estate: tests", estate));
    world.sign_in_as(writer.clone()).await;
    world.apply(&world.desired()).await;
    for who in [&writer, &reader, &administrator] {
        world.sign_in_as(who.clone()).await;
        let plan = world.plan(&world.desired()).await;
        assert!(plan.is_empty(), "{plan:#?}");
        assert_eq!(missing(&plan), Vec::<&str>::new());
    }
    // The administrator changes something by hand, and the writer goes on.
    world.write("exo.yaml", &one_of_everything("exo").replace("estate: tests", estate).replace("exo automated", "new"));
    world.apply(&world.desired()).await;
    world.write("exo.yaml", &one_of_everything("exo").replace("estate: tests", estate));
    world.sign_in_as(writer).await;
    let plan = world.plan(&world.desired()).await;
    assert_eq!((plan.steps.len(), missing(&plan)), (1, Vec::new()), "{plan:#?}");
    world.apply(&world.desired()).await;
}

/// Who may write only its own applications is told so of others', and may write them as an owner.
#[tokio::test]
async fn what_somebody_else_made_needs_more_than_what_the_operator_owns() {
    let mut world = World::new().await;
    world.write("exo.yaml", &modest());
    world.converge(&world.desired()).await;
    let least = ["Directory.Read.All", "Policy.Read.All", "Application.ReadWrite.OwnedBy"];
    let (operator, principal) = application(&world, "operator", &least).await;
    world.sign_in_as(operator).await;
    world.write("exo.yaml", &modest().replace("displayName: exo automated", "displayName: another name"));
    let plan = world.plan(&world.desired()).await;
    assert_eq!(missing(&plan), ["Application.ReadWrite.All"]);
    let refusal = only(approve(plan, &Limits::default()).unwrap_err());
    assert!(refusal.to_string().contains("`Application.ReadWrite.All`"), "{refusal}");
    assert!(refusal.hint().contains("--skip-rights-check"), "{}", refusal.hint());

    let id = world.application("exo").await["id"].as_str().unwrap().to_owned();
    let reference = json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{principal}", world.emulator.url()) });
    world.admin("POST", &format!("/v1.0/applications/{id}/owners/$ref"), reference).await;
    let plan = world.plan(&world.desired()).await;
    assert_eq!(missing(&plan), Vec::<&str>::new());
    world.converge(&world.desired()).await;
}

#[tokio::test]
async fn directory_roles_are_as_good_as_permissions() {
    let mut world = World::new().await;
    world.write("exo.yaml", &with_everything());
    let (operator, principal) = application(&world, "operator", &[]).await;
    for role in ["Cloud Application Administrator", "Privileged Role Administrator"] {
        let plan = {
            world.sign_in_as(operator.clone()).await;
            world.try_snapshot(&world.desired()).await.ok().map(|snapshot| {
                accredit::plan::plan(&world.desired(), &snapshot, world.now, Intent::Reconcile).unwrap()
            })
        };
        if let Some(plan) = plan {
            assert_eq!(missing(&plan), ["AppRoleAssignment.ReadWrite.All", "RoleManagement.ReadWrite.Directory"]);
            let rights = plan.rights.unwrap();
            assert!(
                rights
                    .missing
                    .iter()
                    .all(|missing| missing.right.role.as_deref() == Some("Privileged Role Administrator"))
            );
        }
        let body = json!({
            "@odata.type": "#microsoft.graph.unifiedRoleAssignment",
            "roleDefinitionId": roles::find(role).unwrap().template_id,
            "principalId": principal,
            "directoryScopeId": "/",
        });
        world.admin("POST", "/v1.0/roleManagement/directory/roleAssignments", body).await;
    }
    world.sign_in_as(operator).await;
    let plan = world.plan(&world.desired()).await;
    assert_eq!(missing(&plan), Vec::<&str>::new());
    world.converge(&world.desired()).await;
}

/// Permissions of Exchange can be granted without those that amount to everything, by whoever may change all applications.
#[tokio::test]
async fn exchange_takes_less_than_microsoft_graph() {
    let roles_aside = one_of_everything("exo").replace("    roles:\n      - role: Exchange Administrator\n", "");
    let operator = ["Directory.Read.All", "Policy.Read.All", "Application.ReadWrite.All"];
    let world = world_of(&roles_aside, &operator).await;
    world.converge(&world.desired()).await;
    let graph = roles_aside.replace(
        "[Exchange.ManageAsApp]",
        "[Exchange.ManageAsApp]\n      - { api: Microsoft Graph, application: [Mail.Read] }",
    );
    world.write("exo.yaml", &graph);
    let plan = world.plan(&world.desired()).await;
    assert_eq!(missing(&plan), ["AppRoleAssignment.ReadWrite.All"]);
    assert_eq!(plan.rights.unwrap().missing[0].steps.len(), 1);
}

/// What a user owns is in no token: a role that seems to be missing is said and stops nothing, a scope that is missing does.
#[tokio::test]
async fn of_a_user_only_scopes_are_certain() {
    let mut world = World::new().await;
    world.write("exo.yaml", &modest());
    let user = |scopes: &[&str]| Operator {
        object_id: Some("user".to_owned()),
        powers: Powers::User { scopes: scopes.iter().map(ToString::to_string).collect(), roles: BTreeSet::new() },
        ..Operator::default()
    };
    world.operator = user(&["Application.ReadWrite.All", "Directory.Read.All"]);
    let plan = world.plan(&world.desired()).await;
    assert_eq!(missing(&plan), ["Application.ReadWrite.All"]);
    let shown = text(&plan, Paint::PLAIN);
    assert!(shown.contains("(?)") && shown.contains("Cloud Application Administrator"), "{shown}");
    assert!(approve(plan, &Limits::default()).is_ok());
    world.operator = user(&["User.Read"]);
    let plan = world.plan(&world.desired()).await;
    assert!(matches!(approve(plan, &Limits::default()).map_err(only), Err(Refusal::MissingRights { .. })));
}

#[tokio::test]
async fn more_than_is_needed_is_known() {
    let more = [
        "Application.ReadWrite.All",
        "Directory.ReadWrite.All",
        "Policy.Read.All",
        "Mail.Read",
        "RoleManagement.ReadWrite.Directory",
    ];
    let world = world_of(&modest(), &more).await;
    let plan = world.plan(&world.desired()).await;
    let surplus = plan.rights.unwrap().surplus;
    // `roles: []` is a list too: to keep it empty takes the permission to write roles.
    let expected = ["Directory.ReadWrite.All", "Mail.Read"];
    assert_eq!(surplus, expected.map(str::to_owned).into(), "less than Directory.ReadWrite.All would do");
    // What the manifests need for something that is done already is no surplus.
    let least = jobs()[1].2.iter().copied().collect::<Vec<_>>();
    let world = world_of(&one_of_everything("exo"), &least).await;
    world.converge(&world.desired()).await;
    assert_eq!(world.plan(&world.desired()).await.rights.unwrap().surplus, BTreeSet::new());
}

#[tokio::test]
async fn a_plan_says_that_exchange_takes_its_time_and_only_when_it_does() {
    let world = World::new().await;
    world.write("exo.yaml", &modest());
    assert!(!world.plan_text(&world.desired()).await.contains("15 minutes"));
    world.write("exo.yaml", &one_of_everything("exo"));
    assert!(world.plan_text(&world.desired()).await.contains("up to 15 minutes"));
    world.converge(&world.desired()).await;
    assert!(!world.plan_text(&world.desired()).await.contains("15 minutes"));
}

#[tokio::test]
async fn a_tenant_without_exchange_is_explained() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let exchange = "00000002-0000-0ff1-ce00-000000000000";
    let found = world.read(&format!("/v1.0/servicePrincipals(appId='{exchange}')?$select=id")).await;
    world.admin("DELETE", &format!("/v1.0/servicePrincipals/{}", found["id"].as_str().unwrap()), Json::Null).await;
    let problems = world.try_plan(&world.desired(), Intent::Reconcile).await.unwrap_err();
    let told = problems[0].help.as_ref().unwrap();
    assert!(told.contains(&format!("az ad sp create --id {exchange}")) && told.contains("licence"), "{told}");
    // And the remedy is one.
    world.admin("POST", "/v1.0/servicePrincipals", json!({ "appId": exchange })).await;
    world.converge(&world.desired()).await;
}

/// The real program, signed in as this application.
async fn accredit(world: &World, operator: &emulator::Operator, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accredit"));
    let now = world.now.to_string();
    command.args(arguments).arg(format!("--emulator={}", world.emulator.url())).current_dir(&world.directory);
    if arguments[0] != "whoami" {
        command.args(["--now", &now]);
    }
    command.env("AZURE_CLIENT_ID", &operator.client_id).env("AZURE_CLIENT_SECRET", &operator.client_secret);
    command.env_remove("ACCREDIT_LOG").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn shown(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn the_program_refuses_to_start_and_goes_on_all_the_same_where_told() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let least = [
        "Directory.Read.All",
        "Policy.Read.All",
        "Application.ReadWrite.OwnedBy",
        "AppRoleAssignment.ReadWrite.All",
        "Mail.Read",
    ];
    let (operator, _) = application(&world, "operator", &least).await;
    world.forget_requests().await;

    let planned = accredit(&world, &operator, &["plan"]).await;
    let (out, err) = shown(&planned);
    assert!(planned.status.success(), "{err}");
    assert!(out.contains("RoleManagement.ReadWrite.Directory") && out.contains("exo/roleAssignment"), "{out}");
    assert!(
        err.contains("which `apply` refuses") && err.contains("more than these manifests need: `Mail.Read`"),
        "{err}"
    );
    let json = accredit(&world, &operator, &["plan", "--json"]).await;
    let json: Json = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["rights"]["missing"][0]["permission"], "RoleManagement.ReadWrite.Directory");
    assert_eq!(json["rights"]["surplus"], json!(["Mail.Read"]));

    let refused = accredit(&world, &operator, &["apply", "--auto-approve"]).await;
    let (out, err) = shown(&refused);
    assert_eq!(refused.status.code(), Some(1));
    assert!(out.contains("The operator lacks rights that this plan needs:"), "{out}");
    assert!(err.contains("lacks `RoleManagement.ReadWrite.Directory`") && err.contains("--skip-rights-check"), "{err}");
    assert_eq!(world.writes().await, Vec::<String>::new());
    assert!(!world.keys().exists(), "no key was made");

    let tried = accredit(&world, &operator, &["apply", "--auto-approve", "--skip-rights-check"]).await;
    let (_, err) = shown(&tried);
    assert_eq!(tried.status.code(), Some(1));
    assert!(err.contains("giving a directory role needs `RoleManagement.ReadWrite.Directory`"), "{err}");
    assert!(err.contains("request-id") && err.contains("Authorization_RequestDenied"), "{err}");
    assert!(world.find("exo").await.is_some(), "all else was done");
}

#[tokio::test]
async fn whoami_says_who_and_what_for() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let held = ["Directory.Read.All", "AppRoleAssignment.ReadWrite.All"];
    let (operator, principal) = application(&world, "Night shift", &held).await;
    let output = accredit(&world, &operator, &["whoami"]).await;
    let (out, err) = shown(&output);
    assert!(output.status.success(), "{err}");
    for part in [TENANT, "Night shift (application)", &operator.client_id, &principal, "global", "a client secret"] {
        assert!(out.contains(part), "no {part} in\n{out}");
    }
    let line =
        |part: &str| out.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part} in\n{out}"));
    assert!(line("AppRoleAssignment.ReadWrite.All").contains("amounts to Global Administrator"), "{out}");
    assert!(line("grant application permissions of Microsoft Graph").contains('✓'), "{out}");
    let roles = line("give directory roles");
    assert!(roles.contains('✗') && roles.contains("lacks RoleManagement.ReadWrite.Directory"), "{out}");

    // Without any permission not even the tenant's name can be read, and who one is can be known all the same.
    let (nobody, _) = application(&world, "Nobody", &[]).await;
    let output = accredit(&world, &nobody, &["whoami"]).await;
    let (out, err) = shown(&output);
    assert!(output.status.success(), "{err}");
    assert!(out.contains("Nobody (application)") && !out.contains('✓'), "{out}");
    assert!(err.contains("`Organization.Read.All`"), "{err}");
    let json = accredit(&world, &operator, &["whoami", "--json"]).await;
    let json: Json = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["principal"]["appId"], json!(operator.client_id));
    assert_eq!(json["tenant"]["initialDomain"], TENANT);
    let abilities = json["capabilities"].as_array().unwrap();
    assert!(
        abilities.iter().any(|ability| ability["allowed"] == "no" && ability["missing"] == json!(["Policy.Read.All"]))
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_explained_by_the_least_permission() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let (operator, _) =
        application(&world, "operator", &["Application.Read.All", "User.Read.All", "Organization.Read.All"]).await;
    let output = accredit(&world, &operator, &["plan"]).await;
    let (_, err) = shown(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains("the tenant could not be read"), "{err}");
    assert!(err.contains("directory role") && err.contains("needs `RoleManagement.Read.Directory`"), "{err}");
}

/// The tables of `docs/rights.md` are those of the program. `ACCREDIT_BLESS=1` writes them anew.
#[test]
fn the_documentation_has_the_tables_of_the_program() {
    let file = repository("docs/rights.md");
    let kept = std::fs::read_to_string(&file).unwrap();
    let mut fresh = kept.clone();
    for (name, table) in [
        ("capabilities", capabilities_table()),
        ("dangers", dangers_table()),
        ("roles", roles_table()),
        ("requests", requests_table()),
    ] {
        let start = format!("<!-- {name} -->\n");
        let (before, rest) = fresh.split_once(&start).unwrap();
        let (_, after) = rest.split_once("<!-- end -->").unwrap();
        fresh = format!("{before}{start}{table}<!-- end -->{after}");
    }
    if std::env::var_os("ACCREDIT_BLESS").is_some() {
        std::fs::write(&file, &fresh).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept == fresh, "docs/rights.md is stale: `ACCREDIT_BLESS=1 cargo test --test apply rights` rewrites it");
}

fn code<'n>(names: impl IntoIterator<Item = &'n str>, between: &str) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(between)
}

/// The one reason for which a plan is refused.
fn only(mut refusals: Vec<Refusal>) -> Refusal {
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    refusals.remove(0)
}

fn capabilities_table() -> String {
    let mut table = "| to | the least |\n|---|---|\n".to_owned();
    for capability in capabilities() {
        table += &format!("| {} | {} |\n", capability.name, code(capability.least(), ", "));
    }
    table
}

fn dangers_table() -> String {
    let mut table = "| permission | whoever has it |\n|---|---|\n".to_owned();
    let named: BTreeSet<&str> =
        least_privilege::all().iter().flat_map(|entry| entry.ways).flat_map(|way| way.permissions).copied().collect();
    for (permission, (_, why)) in risks::graph_permissions().filter(|(name, _)| named.contains(name)) {
        table += &format!("| `{permission}` | {why} |\n");
    }
    table
}

fn roles_table() -> String {
    let mut table = "| directory role | permissions |\n|---|---|\n".to_owned();
    for (role, permissions) in roles_with_permissions() {
        table += &format!("| {role} | {} |\n", code(permissions.iter().copied(), ", "));
    }
    table
}

fn requests_table() -> String {
    let mut table = "| request | is | the least | or |\n|---|---|---|---|\n".to_owned();
    for entry in least_privilege::all() {
        let ways: Vec<String> = entry
            .ways
            .iter()
            .map(|way| {
                let limit = match way.reach {
                    Reach::All => "",
                    Reach::Owned => ", if owned",
                    Reach::OtherApis => ", except for Microsoft Graph's",
                };
                format!("{}{limit}", code(way.permissions.iter().copied(), " and "))
            })
            .collect();
        let (least, others) = ways.split_first().unwrap();
        table +=
            &format!("| `{} {}` | {} | {least} | {} |\n", entry.method, entry.path, entry.purpose, others.join("; "));
    }
    table
}
