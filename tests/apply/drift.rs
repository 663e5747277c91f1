//! What is not as the manifests say: found by reading alone, told apart, accepted, and told to others.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use accredit::catalog::apis::MICROSOFT_GRAPH;
use accredit::catalog::permissions;
use accredit::drift::{Inventory, accept, drift, entries, fails, usual_classes};
use accredit::emulator;
use accredit::fetch::inventory;
use accredit::graph::Reader;
use accredit::manifest::{baseline_text, load_baseline, render_problems};
use accredit::model::{Finding, FindingClass, PermissionType, Plan, Rule, Severity, Terms};
use accredit::notify::{NotifyError, Summary, Webhook, WebhookKind, message, notify};
use accredit::patience::Patience;
use accredit::render::{Paint, drift_text, from_json, json as plan_json};
use accredit::transport::Http;
use serde_json::{Value as Json, json};

use super::process::Bench;
use super::world::{TENANT, TENANT_ID, World, days_after, noon, one_of_everything};

/// A tenant that is as one manifest says.
async fn world() -> World {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    world
}

async fn look(world: &World) -> Plan {
    let desired = world.desired();
    let snapshot = world.snapshot(&desired).await;
    drift(desired, snapshot, world.now).unwrap()
}

fn of(plan: &Plan, rule: Rule) -> Vec<&Finding> {
    plan.findings.iter().filter(|finding| finding.rule == rule).collect()
}

/// The only finding there is.
fn only(plan: &Plan) -> &Finding {
    let [finding] = plan.findings.as_slice() else { panic!("{}", drift_text(plan, Paint::PLAIN)) };
    finding
}

fn failing(plan: &Plan) -> usize {
    plan.findings.iter().filter(|finding| fails(finding, &usual_classes())).count()
}

async fn principal(world: &World) -> String {
    let app_id = world.application("exo").await["appId"].as_str().unwrap().to_owned();
    let found = world.read(&format!("/v1.0/servicePrincipals(appId='{app_id}')?$select=id")).await;
    found["id"].as_str().unwrap().to_owned()
}

async fn path(world: &World) -> String {
    format!("/v1.0/applications/{}", world.application("exo").await["id"].as_str().unwrap())
}

#[tokio::test]
async fn what_is_as_declared_has_nothing_to_tell() {
    let world = world().await;
    let plan = look(&world).await;
    assert!(plan.findings.is_empty(), "{}", drift_text(&plan, Paint::PLAIN));
    assert!(drift_text(&plan, Paint::PLAIN).contains("In line. 5 resources as declared."));
}

#[tokio::test]
async fn an_attackers_certificate_is_told_with_since_when_and_who_could_have() {
    let world = world().await;
    world.intrude("backdoor").await;
    let plan = look(&world).await;
    let finding = only(&plan);
    assert_eq!((finding.rule, finding.severity), (Rule::Undeclared, Severity::Error));
    assert!(finding.message.contains("`backdoor`") && finding.message.contains("can sign in"), "{}", finding.message);
    assert_eq!(finding.circumstances.since.map(|it| it.strftime("%F").to_string()).as_deref(), Some("2026-11-21"));
    assert!(finding.circumstances.until.is_some());
    let hands = finding.circumstances.could_have.join("; ");
    assert!(hands.contains(&format!("its owner zoe.howard@{TENANT}")), "{hands}");
    assert!(hands.contains("Cloud Application Administrator, Application Administrator or Global"), "{hands}");
    assert!(finding.circumstances.remedy.contains("`foreignCredentials: remove`"));
    assert!(finding.place.as_ref().unwrap().file.ends_with("exo.yaml"));
    assert_eq!(failing(&plan), 1);
    // The plan's own JSON holds all of it, and comes back as it was.
    let document = plan_json(&plan);
    assert_eq!(from_json(&document).unwrap().findings, plan.findings);
    let document: Json = serde_json::from_str(&document).unwrap();
    assert_eq!(document["findings"][0]["fingerprint"], json!(finding.fingerprint()));
    assert_eq!(document["findings"][0]["class"], "drift");
    // A day later it is the same finding.
    let before = finding.fingerprint();
    let mut world = world;
    world.turn_to(days_after(noon(), 1)).await;
    assert_eq!(only(&look(&world).await).fingerprint(), before);
}

#[tokio::test]
async fn an_edit_in_the_portal_is_told_with_before_and_after() {
    let world = world().await;
    let path = path(&world).await;
    world.admin("PATCH", &path, json!({ "displayName": "renamed", "signInAudience": "AzureADMultipleOrgs" })).await;
    let plan = look(&world).await;
    let changed = of(&plan, Rule::Changed);
    let told: Vec<(&str, Severity)> = changed.iter().map(|it| (it.subject.as_str(), it.severity)).collect();
    assert_eq!(told, [("signInAudience", Severity::Error), ("displayName", Severity::Warning)]);
    assert_eq!(changed[1].message, "`displayName` is \"renamed\" and \"exo automated\" is declared");
    let change = changed[1].circumstances.change.as_ref().unwrap();
    assert_eq!((change.before.id(), change.after.id()), (Some("renamed"), Some("exo automated")));
    assert_eq!(plan.findings.len(), 2);
}

#[tokio::test]
async fn what_somebody_added_is_told_one_by_one() {
    let world = world().await;
    let (path, principal) = (path(&world).await, principal(&world).await);
    world
        .admin("POST", &format!("{path}/addPassword"), json!({ "passwordCredential": { "displayName": "later" } }))
        .await;
    let federated = json!({ "name": "ci", "issuer": "https://token.actions.githubusercontent.com",
        "subject": "repo:evil/repo:ref:refs/heads/main", "audiences": ["api://AzureADTokenExchange"] });
    world.admin("POST", &format!("{path}/federatedIdentityCredentials"), federated).await;
    let graph = world.read(&format!("/v1.0/servicePrincipals(appId='{MICROSOFT_GRAPH}')?$select=id")).await;
    let mail = permissions::find(MICROSOFT_GRAPH, PermissionType::Application, "Mail.Read").unwrap();
    let consent = json!({ "principalId": principal, "resourceId": graph["id"], "appRoleId": mail.id });
    world.admin("POST", &format!("/v1.0/servicePrincipals/{principal}/appRoleAssignments"), consent).await;
    let mut asked = world.application("exo").await["requiredResourceAccess"].as_array().unwrap().clone();
    asked.push(json!({ "resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [{ "id": mail.id, "type": "Role" }] }));
    world.admin("PATCH", &path, json!({ "requiredResourceAccess": asked })).await;
    let roles =
        world.read("/v1.0/roleManagement/directory/roleDefinitions?$filter=displayName eq 'Global Reader'").await;
    let role = json!({ "@odata.type": "#microsoft.graph.unifiedRoleAssignment", "principalId": principal,
        "roleDefinitionId": roles["value"][0]["id"], "directoryScopeId": "/" });
    world.admin("POST", "/v1.0/roleManagement/directory/roleAssignments", role).await;
    let users = world.read("/v1.0/users?$select=id,userPrincipalName").await;
    let other = users["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|user| !user["userPrincipalName"].as_str().unwrap().starts_with("zoe.howard"));
    let owner = format!("https://graph.microsoft.com/v1.0/directoryObjects/{}", other.unwrap()["id"].as_str().unwrap());
    world.admin("POST", &format!("{path}/owners/$ref"), json!({ "@odata.id": owner })).await;

    let plan = look(&world).await;
    let undeclared = of(&plan, Rule::Undeclared);
    assert_eq!(undeclared.len(), plan.findings.len(), "{}", drift_text(&plan, Paint::PLAIN));
    let find = |words: &str| {
        let found = undeclared.iter().find(|finding| finding.message.contains(words));
        *found.unwrap_or_else(|| panic!("{words}: {}", drift_text(&plan, Paint::PLAIN)))
    };
    let secret = find("client secret `later`");
    assert!(!secret.removed && secret.circumstances.since.is_some() && secret.circumstances.until.is_some());
    assert!(find("federated credential `ci` lets").circumstances.since.is_none());
    let consent = find("consent to Microsoft Graph/Mail.Read is not declared");
    assert_eq!(consent.circumstances.since.map(|it| it.strftime("%F").to_string()).as_deref(), Some("2026-11-21"));
    assert!(consent.circumstances.could_have.join("; ").contains("Privileged Role Administrator or Global"));
    assert!(!consent.circumstances.could_have.join("; ").contains("Cloud Application"));
    assert!(find("the role Global Reader is not declared").removed);
    assert_eq!(find("the requested permission Microsoft Graph/Mail.Read is not declared").severity, Severity::Warning);
    let owner = find("is not declared").clone();
    assert!(owner.severity == Severity::Error && find("the owner ").removed);
    assert_eq!(undeclared.len(), 6);
    let fingerprints: BTreeSet<String> = plan.findings.iter().map(Finding::fingerprint).collect();
    assert_eq!(fingerprints.len(), 6, "each has its own");
}

#[tokio::test]
async fn what_is_gone_points_at_where_it_is_declared() {
    let world = world().await;
    let principal = principal(&world).await;
    let held = world.read(&format!("/v1.0/servicePrincipals/{principal}/appRoleAssignments")).await;
    let consent = held["value"][0]["id"].as_str().unwrap();
    world
        .admin("DELETE", &format!("/v1.0/servicePrincipals/{principal}/appRoleAssignments/{consent}"), Json::Null)
        .await;
    let path = format!("/v1.0/roleManagement/directory/roleAssignments?$filter=principalId eq '{principal}'");
    let role = world.read(&path).await["value"][0]["id"].as_str().unwrap().to_owned();
    world.admin("DELETE", &format!("/v1.0/roleManagement/directory/roleAssignments/{role}"), Json::Null).await;
    let plan = look(&world).await;
    let gone: Vec<(&str, usize)> =
        plan.findings.iter().map(|it| (it.message.as_str(), it.place.as_ref().unwrap().line)).collect();
    assert!(plan.findings.iter().all(|finding| finding.rule == Rule::Gone && finding.severity == Severity::Error));
    let manifest = std::fs::read_to_string(world.directory.path().join("manifests/exo.yaml")).unwrap();
    let line = |words: &str| manifest.lines().position(|line| line.contains(words)).unwrap() + 1;
    assert_eq!(
        gone,
        [
            (
                "admin consent to Office 365 Exchange Online/Exchange.ManageAsApp is declared and not there",
                line("Exchange.ManageAsApp")
            ),
            ("the role Exchange Administrator is declared and not there", line("role: Exchange Administrator")),
        ]
    );
}

#[tokio::test]
async fn a_service_principal_that_is_gone_is_told_once_and_not_with_all_it_held() {
    let world = world().await;
    let principal = principal(&world).await;
    world.admin("DELETE", &format!("/v1.0/servicePrincipals/{principal}"), Json::Null).await;
    let plan = look(&world).await;
    let finding = only(&plan);
    assert_eq!((finding.rule, finding.address.kind.as_str()), (Rule::Gone, "servicePrincipal"));
}

#[tokio::test]
async fn a_certificate_that_was_taken_away_is_gone() {
    let world = world().await;
    world.admin("PATCH", &path(&world).await, json!({ "keyCredentials": [] })).await;
    let plan = look(&world).await;
    let finding = only(&plan);
    assert_eq!(finding.rule, Rule::Gone);
    assert!(finding.message.starts_with("the certificate `"), "{}", finding.message);
    let manifest = std::fs::read_to_string(world.directory.path().join("manifests/exo.yaml")).unwrap();
    let line = manifest.lines().position(|line| line.contains("main:")).unwrap() + 1;
    assert_eq!(finding.place.as_ref().unwrap().line, line);
}

#[tokio::test]
async fn a_deleted_application_hides_no_other_and_a_new_one_is_only_missing() {
    let world = world().await;
    world.write("two.yaml", &one_of_everything("two"));
    world.converge(&world.desired()).await;
    world.admin("DELETE", &path(&world).await, Json::Null).await;
    world.admin("PATCH", "/v1.0/applications(uniqueName='two')", json!({ "displayName": "renamed" })).await;
    world.write("three.yaml", &one_of_everything("three"));
    let plan = look(&world).await;
    let told: Vec<(Rule, &str)> = plan.findings.iter().map(|it| (it.rule, it.address.holder.as_str())).collect();
    assert_eq!(told, [(Rule::Gone, "exo"), (Rule::Missing, "three"), (Rule::Changed, "two")]);
    assert!(plan.findings[0].circumstances.remedy.contains("`accredit restore exo`"));
    assert!(plan.findings[1].circumstances.remedy.contains("nothing says whether it was ever there"));
}

#[tokio::test]
async fn applications_of_the_estate_in_no_manifest_are_told_also_where_no_plan_is_possible() {
    let world = world().await;
    world.write("two.yaml", &one_of_everything("two"));
    world.write("three.yaml", &one_of_everything("three").replace("    roles:", "    protect: true\n    roles:"));
    world.converge(&world.desired()).await;
    for name in ["two", "three"] {
        std::fs::remove_file(world.directory.path().join(format!("manifests/{name}.yaml"))).unwrap();
    }
    let tags = json!({ "tags": ["accredit:estate:others"] });
    world.admin("PATCH", &path(&world).await, tags).await;
    let plan = look(&world).await;
    let told: Vec<(Rule, &str, bool)> =
        plan.findings.iter().map(|it| (it.rule, it.address.holder.as_str(), it.removed)).collect();
    assert_eq!(
        told,
        [(Rule::Changed, "exo", false), (Rule::Unmanaged, "three", false), (Rule::Unmanaged, "two", true)]
    );
    assert!(plan.findings[0].message.contains("the estate `others`"));
    assert!(plan.findings[1].message.ends_with("it is protected"));
    assert_eq!(plan.findings[2].circumstances.since, Some(noon()));
}

#[tokio::test]
async fn credentials_are_judged_by_their_dates_whoever_put_them_there() {
    let mut world = world().await;
    let path = path(&world).await;
    for (name, end) in [("short", "2027-10-25T12:00:00Z"), ("long", "2028-11-20T12:00:00Z")] {
        let secret = json!({ "passwordCredential": { "displayName": name, "endDateTime": end } });
        world.admin("POST", &format!("{path}/addPassword"), secret).await;
    }
    let dated = |plan: &Plan| -> Vec<(Rule, Severity, String)> {
        let dated = plan.findings.iter().filter(|it| it.rule.class() == FindingClass::Expiry);
        dated.map(|it| (it.rule, it.severity, it.message.clone())).collect()
    };
    let plan = look(&world).await;
    let told = dated(&plan);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].0, told[0].1), (Rule::Lifetime, Severity::Warning));
    assert!(told[0].2.contains("`long`") && told[0].2.contains("is good for 730 days"), "{told:?}");

    // 330 days later the certificate of a year ends in 35 days, and the secret in 8.
    world.turn_to(days_after(noon(), 330)).await;
    let plan = look(&world).await;
    let expires = of(&plan, Rule::Expires);
    let [secret] = expires.as_slice() else { panic!("{}", drift_text(&plan, Paint::PLAIN)) };
    assert_eq!(secret.severity, Severity::Warning);
    assert!(secret.message.contains("client secret `short`"), "{}", secret.message);
    assert!(secret.message.ends_with("ends in 8 days, on 2027-10-25"), "{}", secret.message);

    world.turn_to(days_after(noon(), 340)).await;
    let plan = look(&world).await;
    let expires = of(&plan, Rule::Expires);
    let [certificate] = expires.as_slice() else { panic!("{}", drift_text(&plan, Paint::PLAIN)) };
    assert_eq!(certificate.address.to_string(), "exo/certificate/main");
    assert_eq!(certificate.circumstances.remedy, "`accredit apply` makes its successor");
    let expired = of(&plan, Rule::Expired);
    let [secret] = expired.as_slice() else { panic!("{}", drift_text(&plan, Paint::PLAIN)) };
    assert!(secret.message.contains("`short`") && secret.message.contains("ended 2 days ago"), "{}", secret.message);
    assert_eq!(secret.severity, Severity::Warning);

    // Once it is followed, its end is no news.
    world.apply(&world.desired()).await;
    assert!(of(&look(&world).await, Rule::Expires).is_empty());
}

#[tokio::test]
async fn an_application_that_nobody_can_sign_in_as_any_more_is_an_error_even_where_plans_are_refused() {
    let mut world = World::new().await;
    let manifest = one_of_everything("exo");
    world.write(
        "exo.yaml",
        &manifest.replace("    certificates:", "    expiry: { onExpired: refuse }\n    certificates:"),
    );
    world.converge(&world.desired()).await;
    world.turn_to(days_after(noon(), 400)).await;
    let plan = look(&world).await;
    let expired = of(&plan, Rule::Expired);
    let [certificate] = expired.as_slice() else { panic!("{}", drift_text(&plan, Paint::PLAIN)) };
    assert_eq!(certificate.severity, Severity::Error);
    assert!(certificate.message.contains("nobody can sign in as this application any more"), "{}", certificate.message);
}

#[tokio::test]
async fn a_tenant_of_many_pages_is_gone_through_page_by_page() {
    let mut options = emulator::Options::new(TENANT);
    options.tenant_id = Some(TENANT_ID.to_owned());
    options.now = Some(noon());
    options.seed = Some(emulator::Seed::Applications(2_500));
    let world = World::with(options, noon()).await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    let desired = world.desired();
    world.forget_requests().await;
    let mut seen = Inventory::new(&desired, noon(), 10);
    let mut lines = 0;
    let reader: Reader = world.reader();
    inventory(&reader, |application| lines += usize::from(seen.look_at(application).is_some())).await.unwrap();
    let (findings, text) = seen.finish();
    assert_eq!(findings.len(), 10);
    assert!(findings.iter().all(|it| it.rule == Rule::Foreign && it.severity == Severity::Warning));
    assert!(
        findings.iter().all(|it| !fails(it, &usual_classes()) && fails(it, &BTreeSet::from([FindingClass::Inventory])))
    );
    let ends: Vec<_> = findings.iter().map(|it| it.circumstances.until.unwrap()).collect();
    assert!(ends.is_sorted(), "{ends:?}");
    assert!(lines >= 2_500, "{lines}");
    assert!(text.contains(&format!("{lines} are in no manifest")), "{text}");
    assert!(text.contains("the 10 whose credentials end first are shown"), "{text}");
    let log: Json = world.control("GET", "requests", None).await.json().await.unwrap();
    let pages = log.as_array().unwrap().iter().filter(|it| it["path"].as_str().unwrap().contains("/applications?"));
    assert_eq!(pages.count(), 3);
}
