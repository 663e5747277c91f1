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
use super::world::{TENANT, TENANT_ID, World, days_after, noon, one_of_everything, repository};

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
    drift(desired, snapshot, world.now, &accredit::model::Selection::default()).unwrap()
}

fn of(plan: &Plan, rule: Rule) -> Vec<&Finding> {
    plan.findings.iter().filter(|finding| finding.rule == rule).collect()
}

fn day(instant: Option<jiff::Timestamp>) -> String {
    instant.unwrap().strftime("%F").to_string()
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
    assert_eq!(day(finding.circumstances.since), "2026-11-21");
    assert!(finding.circumstances.until.is_some());
    let hands = finding.circumstances.could_have.join("; ");
    assert!(hands.contains(&format!("its owner zoe.howard@{TENANT}")), "{hands}");
    assert!(hands.contains("Cloud Application Administrator, Application Administrator or Global"), "{hands}");
    assert!(finding.circumstances.remedy.contains("`foreignCredentials: remove`"));
    assert!(finding.place.as_ref().unwrap().file.ends_with("exo.yaml"));
    assert_eq!(failing(&plan), 1);
    // The plan's own JSON holds all of it, and comes back as it was.
    let document = plan_json(&plan);
    assert_eq!(plan_json(&from_json(&document).unwrap()), document);
    let document: Json = serde_json::from_str(&document).unwrap();
    assert_eq!(document["findings"][0]["fingerprint"], json!(finding.fingerprint()));
    assert_eq!(document["findings"][0]["class"], "drift");
    // A day later it is the same finding.
    let before = finding.fingerprint();
    let mut world = world;
    world.turn_to(days_after(noon(), 1)).await;
    assert_eq!(only(&look(&world).await).fingerprint(), before);
}

/// Of the form of ours, which anybody may choose.
const CHOSEN: &str = "11111111-2222-8333-a444-555555555555";

#[tokio::test]
async fn a_certificate_under_a_chosen_key_id_with_the_declared_name_is_an_intruders_until_its_key_is_found() {
    let mut world = world().await;
    world.turn_to(days_after(noon(), 100)).await;
    world.intrude_under(CHOSEN, "main").await;
    let plan = look(&world).await;
    let finding = only(&plan);
    assert_eq!((finding.rule, finding.severity, finding.removed), (Rule::Undeclared, Severity::Error, false));
    assert_eq!(finding.subject, CHOSEN);
    assert!(finding.message.contains("another store, or an intruder's"), "{}", finding.message);
    assert!(finding.circumstances.remedy.contains("delete it by its keyId"), "{}", finding.circumstances.remedy);
    assert_eq!(failing(&plan), 1);
    // `apply` removes nothing of what may be somebody else's, and says it too.
    let desired = world.desired();
    assert!(world.plan(&desired).await.findings.iter().any(|it| it.message.contains("an intruder's")));
    // That it ends later makes it no successor.
    world.turn_to(days_after(noon(), 340)).await;
    let plan = look(&world).await;
    let expires = of(&plan, Rule::Expires);
    assert!(expires.iter().any(|it| it.address.to_string() == "exo/certificate/main"), "{expires:?}");
}

#[tokio::test]
async fn a_machine_without_keys_takes_what_is_named_like_ours_for_ours_and_says_nothing() {
    let world = world().await;
    std::fs::remove_dir_all(world.keys().join("exo")).unwrap();
    let plan = look(&world).await;
    assert!(plan.findings.is_empty(), "{}", drift_text(&plan, Paint::PLAIN));
}

#[tokio::test]
async fn a_certificate_under_a_chosen_key_id_with_a_name_of_its_own_counts() {
    let world = world().await;
    world.intrude_under(CHOSEN, "backup").await;
    let plan = look(&world).await;
    let finding = only(&plan);
    assert_eq!(finding.rule, Rule::LeftManifest);
    assert!(finding.message.contains("if it ever was"), "{}", finding.message);
    assert_eq!(failing(&plan), 1);
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
        .admin(
            "POST",
            &format!("{path}/addPassword"),
            json!({ "passwordCredential": { "displayName": "later", "endDateTime": "2027-11-20T12:00:00Z" } }),
        )
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
    assert_eq!(day(consent.circumstances.since), "2026-11-21");
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
async fn a_federated_credential_that_lets_somebody_else_in_and_a_consent_that_is_wider_are_accepted_no_more() {
    let world = world().await;
    let (path, principal) = (path(&world).await, principal(&world).await);
    let federated = json!({ "name": "ci", "issuer": "https://token.actions.githubusercontent.com",
        "subject": "repo:ours/deploy:ref:refs/heads/main", "audiences": ["api://AzureADTokenExchange"] });
    world.admin("POST", &format!("{path}/federatedIdentityCredentials"), federated).await;
    let graph = world.read(&format!("/v1.0/servicePrincipals(appId='{MICROSOFT_GRAPH}')?$select=id")).await;
    let consent = json!({ "clientId": principal, "consentType": "AllPrincipals", "principalId": null,
        "resourceId": graph["id"], "scope": "User.Read" });
    world.admin("POST", "/v1.0/oauth2PermissionGrants", consent).await;
    let mut plan = look(&world).await;
    assert_eq!(plan.findings.len(), 2, "{}", drift_text(&plan, Paint::PLAIN));
    let until = "2027-11-21".parse().unwrap();
    let terms = Terms { owner: "zoe".to_owned(), reason: "known".to_owned(), expires: until };
    let text = baseline_text(&entries(&plan.findings, &usual_classes(), &terms));
    let file = world.directory.path().join("baseline.yaml");
    std::fs::write(&file, text).unwrap();
    let baseline = load_baseline(&file, world.directory.path()).acceptances.unwrap();
    accept(&mut plan.findings, &baseline, world.now);
    assert_eq!(failing(&plan), 0);

    let listed = world.read(&format!("{path}/federatedIdentityCredentials")).await;
    let id = listed["value"][0]["id"].as_str().unwrap();
    let evil = json!({ "subject": "repo:evil/deploy:ref:refs/heads/main" });
    world.admin("PATCH", &format!("{path}/federatedIdentityCredentials/{id}"), evil).await;
    let grants = world.read(&format!("/v1.0/oauth2PermissionGrants?$filter=clientId eq '{principal}'")).await;
    let grant = grants["value"][0]["id"].as_str().unwrap();
    let wider = json!({ "scope": "User.Read Directory.AccessAsUser.All" });
    world.admin("PATCH", &format!("/v1.0/oauth2PermissionGrants/{grant}"), wider).await;
    let mut plan = look(&world).await;
    accept(&mut plan.findings, &baseline, world.now);
    assert_eq!(failing(&plan), 2, "{}", drift_text(&plan, Paint::PLAIN));
    let says = |words: &str| plan.findings.iter().any(|finding| finding.message.contains(words));
    assert!(says("repo:evil/deploy") && says("Directory.AccessAsUser.All"), "{}", drift_text(&plan, Paint::PLAIN));
}

#[tokio::test]
async fn another_estates_tag_hides_no_credential_and_is_accepted_for_that_estate_alone() {
    let world = world().await;
    world.intrude("backdoor").await;
    let mark = |estate: &str| json!({ "tags": [format!("accredit:estate:{estate}")] });
    world.admin("PATCH", &path(&world).await, mark("others")).await;
    let plan = look(&world).await;
    let told: Vec<(Rule, bool)> = plan.findings.iter().map(|finding| (finding.rule, finding.removed)).collect();
    assert_eq!(told, [(Rule::Undeclared, false), (Rule::Changed, false)], "{}", drift_text(&plan, Paint::PLAIN));
    assert!(plan.findings[0].message.contains("`backdoor`"));
    assert!(plan.findings[0].circumstances.remedy.contains("whose application"));
    let before = plan.findings[1].fingerprint();
    world.admin("PATCH", &path(&world).await, mark("strangers")).await;
    assert_ne!(look(&world).await.findings[1].fingerprint(), before);
}

#[tokio::test]
async fn what_lets_somebody_take_over_is_told_where_the_manifest_says_nothing_of_it() {
    let world = world().await;
    world.intrude("backdoor").await;
    let principal = principal(&world).await;
    let roles = world
        .read("/v1.0/roleManagement/directory/roleDefinitions?$filter=displayName eq 'Global Administrator'")
        .await;
    let role = json!({ "@odata.type": "#microsoft.graph.unifiedRoleAssignment", "principalId": principal,
        "roleDefinitionId": roles["value"][0]["id"], "directoryScopeId": "/" });
    world.admin("POST", "/v1.0/roleManagement/directory/roleAssignments", role).await;
    let graph = world.read(&format!("/v1.0/servicePrincipals(appId='{MICROSOFT_GRAPH}')?$select=id")).await;
    let power =
        permissions::find(MICROSOFT_GRAPH, PermissionType::Application, "RoleManagement.ReadWrite.Directory").unwrap();
    let consent = json!({ "principalId": principal, "resourceId": graph["id"], "appRoleId": power.id });
    world.admin("POST", &format!("/v1.0/servicePrincipals/{principal}/appRoleAssignments"), consent).await;
    world.write(
        "exo.yaml",
        &format!("tenant: {TENANT}\nestate: tests\napplications:\n  exo:\n    displayName: exo automated\n    foreignCredentials: remove\n"),
    );
    let plan = look(&world).await;
    let told: Vec<&str> = of(&plan, Rule::Undeclared).iter().map(|finding| finding.message.as_str()).collect();
    let says = |words: &str| told.iter().any(|message| message.contains(words));
    assert!(
        says("`backdoor`") && says("role Global Administrator") && says("RoleManagement.ReadWrite.Directory"),
        "{told:?}"
    );
    assert!(of(&plan, Rule::Undeclared).iter().all(|it| !it.removed && it.severity == Severity::Error), "{told:?}");
    // It is told, and stays.
    world.converge(&world.desired()).await;
    assert_eq!(world.application("exo").await["keyCredentials"].as_array().unwrap().len(), 2);
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
    assert_eq!(day(plan.findings[2].circumstances.since), "2026-11-21");
}

#[tokio::test]
async fn credentials_are_judged_by_their_dates_whoever_put_them_there() {
    let mut world = world().await;
    let path = path(&world).await;
    for (name, end) in [("short", "2027-10-25T12:00:00Z"), ("long", "2028-11-20T18:00:00Z")] {
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
    let ended = of(&plan, Rule::Expired);
    let [secret] = ended.as_slice() else { panic!("{}", drift_text(&plan, Paint::PLAIN)) };
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

/// The terms on which things are accepted here.
fn terms(until: &str) -> Terms {
    Terms { owner: "Zoe Howard".to_owned(), reason: "a test".to_owned(), expires: until.parse().unwrap() }
}

#[tokio::test]
async fn a_baseline_accepts_until_its_day_and_says_what_of_it_holds_no_more() {
    let world = world().await;
    world.intrude("backdoor").await;
    let mut plan = look(&world).await;
    let file = world.directory.path().join("baseline.yaml");
    let text = baseline_text(&entries(&plan.findings, &usual_classes(), &terms("2026-12-01")));
    std::fs::write(&file, &text).unwrap();
    let loaded = load_baseline(&file, world.directory.path());
    let acceptances = loaded.acceptances.unwrap_or_else(|| {
        panic!("{}", render_problems(&loaded.problems, &loaded.sources, false));
    });

    assert_eq!(accept(&mut plan.findings, &acceptances, noon()), Vec::<String>::new());
    assert_eq!(failing(&plan), 0);
    let shown = drift_text(&plan, Paint::PLAIN);
    assert!(shown.contains("exo/application undeclared, by Zoe Howard until 2026-12-01: a test"), "{shown}");
    assert!(shown.ends_with(" as declared; 1 accepted.\n"), "{shown}");

    // It is accepted to the end of that day, and no longer.
    let late: jiff::Timestamp = "2026-12-01T23:59:59Z".parse().unwrap();
    let mut plan = look(&world).await;
    assert!(accept(&mut plan.findings, &acceptances, late).is_empty());
    let mut plan = look(&world).await;
    let remarks = accept(&mut plan.findings, &acceptances, "2026-12-02T00:00:00Z".parse().unwrap());
    assert!(
        remarks[0].ends_with("Zoe Howard accepted exo/application (undeclared) until 2026-12-01, and it counts again")
    );
    assert_eq!(failing(&plan), 1);

    // Nobody accepts what he does not read.
    let misleading = text.replace("exo/application", "exo/servicePrincipal");
    std::fs::write(&file, misleading).unwrap();
    let acceptances = load_baseline(&file, world.directory.path()).acceptances.unwrap();
    let remarks = accept(&mut plan.findings, &acceptances, noon());
    assert!(remarks[0].ends_with("which is not what stands beside it, so nothing is accepted"), "{remarks:?}");
    assert_eq!(failing(&plan), 1);

    // What matches nothing is to be taken out.
    let remarks = accept(&mut [], &acceptances, noon());
    assert!(remarks[0].ends_with("matches nothing any more; take it out of the baseline"), "{remarks:?}");
}

#[test]
fn a_baseline_tells_all_its_problems_at_once_each_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("baseline.yaml");
    std::fs::write(
        &file,
        "baseline: \"1\"
accepted:
  - fingerprint: 0123456789abcdef0123456789abcdef
    owner: Zoe Howard
    reason: known
    expires: soon
  - fingerprint: \"12\"
    owner: Zoe Howard
    owner: Somebody Else
    reason: known
    expires: 2027-01-31
  - fingerprint: \"0123456789abcdef0123456789abcdef\"
    owner: \" \"
    reason: known
    expires: 2027-01-31
  - fingerprint: abcdefabcdefabcdefabcdefabcdefab
    owner: Zoe Howard
    reasons: known
",
    )
    .unwrap();
    let loaded = load_baseline(std::path::Path::new("baseline.yaml"), directory.path());
    assert!(loaded.acceptances.is_none());
    let text = render_problems(&loaded.problems, &loaded.sources, false);
    for line in [
        "`expires` is no day",
        "--> baseline.yaml:6:14",
        "a fingerprint has 32 hexadecimal digits",
        "--> baseline.yaml:7:18",
        "the key `owner` is here twice",
        "this finding is accepted twice",
        "`owner` is empty",
        "an item of `accepted` has no key `reasons`",
        "did you mean `reason`?",
        "an item of `accepted` has no `expires`",
    ] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
}

/// A webhook on this machine that answers with these, one after the other, and keeps what it is told.
struct Hook {
    url: String,
    told: Arc<Mutex<Vec<Json>>>,
}

/// What stands in its address and is seen nowhere.
const CANARY: &str = "canary-8d1f";

impl Hook {
    fn answering(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/services/{CANARY}?sig={CANARY}", listener.local_addr().unwrap());
        let told: Arc<Mutex<Vec<Json>>> = Arc::default();
        let (keep, answers): (_, Vec<String>) =
            (Arc::clone(&told), answers.iter().map(|it| (*it).to_owned()).collect());
        std::thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream);
                let (mut line, mut length) = (String::new(), 0);
                while reader.read_line(&mut line).unwrap() > 2 {
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                keep.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
                let answer = format!("HTTP/1.1 {answer}\r\nconnection: close\r\n\r\n");
                reader.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { url, told }
    }

    fn told(&self) -> Vec<Json> {
        self.told.lock().unwrap().clone()
    }
}

const REFUSING: &str = "403 Forbidden\r\ncontent-length: 0";
const OK: &str = "200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Patience whose waits take no time and are kept.
fn waits() -> (Patience, Arc<Mutex<Vec<Duration>>>) {
    let waits: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let keep = Arc::clone(&waits);
    let patience = Patience::default().skipping(move |wait| {
        keep.lock().unwrap().push(wait);
        Box::pin(tokio::task::yield_now())
    });
    (patience, waits)
}

async fn post(hook: &Hook, kind: WebhookKind) -> (Result<(), NotifyError>, Vec<Duration>) {
    let world = world().await;
    world.intrude("[click](https://evil.example) <!channel>").await;
    let plan = look(&world).await;
    let summary = Summary::of(&plan, |finding| fails(finding, &usual_classes()));
    let (patience, waits) = waits();
    let webhook = Webhook::new(&hook.url.as_str().into(), Some(kind)).unwrap();
    let outcome = notify(&Http::of_this_machine().unwrap(), &webhook, &summary, &patience).await;
    let waits = waits.lock().unwrap().clone();
    (outcome, waits)
}

#[tokio::test]
async fn a_busy_webhook_is_asked_again_when_it_says() {
    let busy = "429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 0";
    let hook = Hook::answering(&[busy, "503 Service Unavailable\r\ncontent-length: 0", OK]);
    let (outcome, waits) = post(&hook, WebhookKind::Generic).await;
    outcome.unwrap();
    assert_eq!(waits, [Duration::from_secs(7), Duration::from_secs(2)]);
    let told = hook.told();
    assert_eq!(told.len(), 3);
    let last = &told[2];
    assert_eq!(last["outcome"], "findings");
    assert_eq!(last["counts"], json!({ "errors": 1, "warnings": 0, "accepted": 0 }));
    assert_eq!(last["findings"][0]["rule"], "undeclared");
    assert_eq!(last["estate"], "tests");
}

#[tokio::test]
async fn a_webhook_that_refuses_or_stays_broken_is_given_up() {
    let hook = Hook::answering(&["404 Not Found\r\ncontent-length: 10\r\n\r\nno_service"]);
    let (outcome, waits) = post(&hook, WebhookKind::Slack).await;
    assert_eq!(outcome.unwrap_err().to_string(), "127.0.0.1 refused it with HTTP 404 (no_service)");
    assert!(waits.is_empty());
    let broken = "500 Internal Server Error\r\ncontent-length: 0";
    let hook = Hook::answering(&[broken; 6]);
    let (outcome, waits) = post(&hook, WebhookKind::Teams).await;
    assert_eq!(outcome.unwrap_err().to_string(), "127.0.0.1 refused it with HTTP 500");
    assert_eq!(waits.iter().map(Duration::as_secs).collect::<Vec<_>>(), [1, 2, 4, 8, 16]);
}

#[tokio::test]
async fn names_of_a_tenant_are_no_markup_in_messages() {
    let world = world().await;
    world.intrude("[click](https://evil.example) <!channel>").await;
    let plan = look(&world).await;
    let summary = Summary::of(&plan, |finding| fails(finding, &usual_classes()));
    // In Slack, plain text alone; in Teams, text runs alone.
    let slack = message(WebhookKind::Slack, &summary);
    assert_eq!(slack["text"], "Accredit: 1 error, 0 warnings (drift)");
    let blocks = slack["blocks"].as_array().unwrap();
    assert_eq!(blocks.len(), 3);
    assert!(blocks[2]["text"]["text"].as_str().unwrap().contains("<!channel>"));
    assert!(!slack.to_string().contains("mrkdwn"));
    let teams = message(WebhookKind::Teams, &summary);
    let card = &teams["attachments"][0]["content"];
    assert_eq!(
        (&teams["type"], &card["type"], &card["version"]),
        (&json!("message"), &json!("AdaptiveCard"), &json!("1.4"))
    );
    let body = card["body"].as_array().unwrap();
    assert!(body.iter().all(|block| block["type"] == "RichTextBlock"), "{card}");
    assert!(body[2]["inlines"][0]["text"].as_str().unwrap().contains("[click]"));
}

fn manifest() -> String {
    one_of_everything("exo").replacen(&format!("tenant: {TENANT}\n"), "", 1)
}

fn text(output: &[u8]) -> String {
    String::from_utf8(output.to_vec()).unwrap()
}

#[test]
fn the_program_exits_with_what_it_found_and_tells_it_once() {
    let bench = Bench::new(&manifest());
    bench.applied();
    let drift = |arguments: &[&str]| {
        let words: Vec<&str> = std::iter::once("drift").chain(arguments.iter().copied()).collect();
        let mut command = bench.command(&words);
        command.env_remove("ACCREDIT_NOTIFY_URL");
        command
    };
    let code = |arguments: &[&str]| drift(arguments).output().unwrap().status.code();
    assert_eq!(code(&[]), Some(0));
    // In line, nobody is told, unless somebody wants to hear that too.
    let quiet = Hook::answering(&[OK]);
    assert_eq!(code(&["--notify", &quiet.url]), Some(0));
    assert!(quiet.told().is_empty());
    assert_eq!(code(&["--notify", &quiet.url, "--notify-always"]), Some(0));
    assert_eq!(quiet.told()[0]["outcome"], "inLine");

    let rename = json!({ "method": "PATCH", "path": "/v1.0/applications(uniqueName='exo')", "body": { "displayName": "renamed" } });
    bench.control("POST", "graph", &rename);
    let output = drift(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let shown = text(&output.stdout);
    assert!(
        shown.contains("~ changed application: `displayName` is \"renamed\" and \"exo automated\" is declared"),
        "{shown}"
    );
    assert!(shown.contains("-> `accredit apply` puts it back"), "{shown}");
    assert!(shown.ends_with("Drift: 0 errors, 1 warning on 1 application.\n"), "{shown}");
    assert_eq!(code(&["--fail-on", "expiry"]), Some(0));
    assert_eq!(code(&["--fail-on", "expiry,drift"]), Some(2));
    assert_eq!(code(&["--fail-on", "weather"]), Some(1));
    assert_eq!(code(&["nowhere"]), Some(1));
    // Most of what a tenant holds is in no manifest, which is told and no reason to fail.
    let output = drift(&["--fail-on", "expiry", "--all-apps", "--inventory", "all.jsonl"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("in no manifest: "), "{}", text(&output.stdout));
    let written = std::fs::read_to_string(bench.path().join("all.jsonl")).unwrap();
    assert!(written.lines().all(|line| serde_json::from_str::<Json>(line).unwrap()["appId"].is_string()));
    assert!(!written.is_empty());
    assert_eq!(code(&["--all-apps", "--fail-on", "inventory"]), Some(2));

    // Told once, to a webhook that the environment names; what it is told holds no secret, and neither does what is shown.
    let hook = Hook::answering(&[OK, REFUSING]);
    let output = drift(&[]).env("ACCREDIT_NOTIFY_URL", &hook.url).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("Told 127.0.0.1."), "{}", text(&output.stderr));
    assert_eq!(hook.told()[0]["findings"][0]["rule"], "changed");
    // A webhook that refuses is an error, and the report is there all the same.
    let output =
        drift(&["--json"]).env("ACCREDIT_NOTIFY_URL", &hook.url).env("ACCREDIT_LOG", "trace").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let document: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["findings"][0]["change"]["before"], "renamed");
    let said = text(&output.stderr);
    assert!(said.contains("error: 127.0.0.1 could not be told"), "{said}");
    assert!(!said.contains(CANARY), "{said}");
    let output = drift(&["--notify", &format!("http://host.example/{CANARY}")]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("is not reached over HTTPS") && !text(&output.stderr).contains(CANARY));

    // A baseline.
    let accepting = ["--write-baseline", "baseline.yaml", "--owner", "Zoe Howard", "--until", "2027-01-31"];
    assert_eq!(code(&accepting), Some(0));
    assert_eq!(code(&accepting), Some(1), "it is there already");
    assert_eq!(code(&["--baseline", "baseline.yaml"]), Some(0));
    let secret = json!({ "method": "POST", "path": "/v1.0/applications(uniqueName='exo')/addPassword", "body": {} });
    bench.control("POST", "graph", &secret);
    assert_eq!(code(&["--baseline", "baseline.yaml"]), Some(2));
    let both: Vec<&str> = accepting.into_iter().chain(["--baseline", "baseline.yaml", "--reason", "both"]).collect();
    assert_eq!(code(&both), Some(0));
    let written = std::fs::read_to_string(bench.path().join("baseline.yaml")).unwrap();
    assert!(
        written.contains("reason: \"as it was found on 2026-11-21\"") && written.contains("reason: \"both\""),
        "{written}"
    );
    assert_eq!(code(&["--baseline", "baseline.yaml"]), Some(0));
    assert_eq!(code(&["--baseline", "manifests/exo.yaml"]), Some(1));
}

#[test]
fn whoever_may_only_read_finds_all_of_it_and_leaves_no_trace_in_the_tenant() {
    let mut bench = Bench::new(&manifest());
    bench.applied();
    // Two certificates beside each other: a plan would prove the new one by signing in with it.
    bench.turn_to_day(340);
    bench.applied();
    bench.turn_to_day(341);
    let (client_id, client_secret) = reader(&bench);
    bench.control("DELETE", "requests", &Json::Null);
    let mut command = bench.command_at_its_address(&["drift"]);
    command.env("AZURE_CLIENT_ID", client_id).env("AZURE_CLIENT_SECRET", client_secret);
    // Without the key store, as on a machine that only looks.
    std::fs::rename(bench.path().join(".accredit/keys"), bench.path().join("keys-elsewhere")).unwrap();
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    std::fs::rename(bench.path().join("keys-elsewhere"), bench.path().join(".accredit/keys")).unwrap();
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    // With a key store that cannot be read, all else is compared.
    std::fs::rename(bench.path().join(".accredit/keys/exo/main"), bench.path().join("kept")).unwrap();
    std::fs::write(bench.path().join(".accredit/keys/exo/main"), "no directory").unwrap();
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    let note = "Note: the key store of exo/certificate/main could not be read, and was not compared: ";
    assert!(text(&output.stdout).contains(note), "{}", text(&output.stdout));
    let log = bench.control("GET", "requests", &Json::Null);
    let log = log.as_array().unwrap();
    let is = |entry: &Json, words: &str| entry["path"].as_str().unwrap().contains(words);
    let writes = log.iter().filter(|it| it["method"] != "GET" && !is(it, "/oauth2/") && !is(it, "/$batch"));
    assert_eq!(writes.count(), 0, "{log:#?}");
    let sign_ins = log.iter().filter(|entry| is(entry, "/oauth2/") && entry["method"] == "POST").count();
    assert_eq!(sign_ins, 3, "once for each run, as the operator: {log:#?}");
}

/// An application of that tenant that may read and nothing else.
fn reader(bench: &Bench) -> (String, String) {
    let ask = |method: &str, path: &str, body: Json| {
        bench.control("POST", "graph", &json!({ "method": method, "path": path, "body": body }))
    };
    let made = ask("POST", "/v1.0/applications", json!({ "displayName": "reader" }));
    let principal = ask("POST", "/v1.0/servicePrincipals", json!({ "appId": made["appId"] }));
    let graph = ask("GET", &format!("/v1.0/servicePrincipals(appId='{MICROSOFT_GRAPH}')?$select=id"), Json::Null);
    for permission in ["Directory.Read.All", "Policy.Read.All"] {
        let known = permissions::find(MICROSOFT_GRAPH, PermissionType::Application, permission).unwrap();
        let path = format!("/v1.0/servicePrincipals/{}/appRoleAssignments", principal["id"].as_str().unwrap());
        let body = json!({ "principalId": principal["id"], "resourceId": graph["id"], "appRoleId": known.id });
        ask("POST", &path, body);
    }
    let path = format!("/v1.0/applications/{}/addPassword", made["id"].as_str().unwrap());
    let added = ask("POST", &path, json!({ "passwordCredential": { "displayName": "reader" } }));
    (made["appId"].as_str().unwrap().to_owned(), added["secretText"].as_str().unwrap().to_owned())
}

/// The page's fenced blocks of that language.
fn blocks(language: &str) -> Vec<String> {
    let page = std::fs::read_to_string(repository("docs/drift.md")).unwrap();
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_page_shows_what_the_program_prints() {
    let world = world().await;
    world.intrude("backdoor").await;
    std::fs::remove_file(world.directory.path().join("manifests/other.yaml")).unwrap();
    let other = world.application("other").await;
    world.admin("DELETE", &format!("/v1.0/applications/{}", other["id"].as_str().unwrap()), Json::Null).await;
    world.admin("PATCH", &path(&world).await, json!({ "displayName": "renamed" })).await;
    let plan = look(&world).await;
    let thumbprint = |text: &str| {
        let at = text.find("`backdoor` (").unwrap() + "`backdoor` (".len();
        text[at..at + 40].to_owned()
    };
    let page = blocks("console").remove(0);
    let page = page.strip_prefix("$ accredit drift manifests/\n").unwrap();
    let directory = format!("{}/", world.directory.path().display());
    let shown = drift_text(&plan, Paint::PLAIN).replace(&directory, "");
    assert_eq!(shown.replace(&thumbprint(&shown), &thumbprint(page)), page);
    // The baseline that it shows is one, and the notification has these keys.
    let file = world.directory.path().join("baseline.yaml");
    std::fs::write(&file, blocks("yaml").remove(0)).unwrap();
    assert_eq!(load_baseline(&file, world.directory.path()).acceptances.unwrap().len(), 1);
    let told = message(WebhookKind::Generic, &Summary::of(&plan, |_| true));
    let example: Json = serde_json::from_str(&blocks("json").remove(0)).unwrap();
    let keys = |value: &Json| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!((keys(&told), keys(&told["counts"])), (keys(&example), keys(&example["counts"])));
}

#[test]
fn the_pages_commands_run() {
    let bench = Bench::new(&manifest());
    let mut ran = 0;
    for line in blocks("sh").iter().flat_map(|block| block.lines()) {
        // What comes after it is the shell's.
        let line = line.split([';', '|', '#', '>']).next().unwrap().trim();
        let Some(words) = line.strip_prefix("accredit ").filter(|words| words.contains("--emulator")) else { continue };
        let words = words.replace("--emulator ", "").replace("'Zoe Howard'", "Zoe");
        let words: Vec<&str> = words.split_whitespace().collect();
        let output = bench.command(&words).output().unwrap();
        let expected = if words.contains(&"drift,inventory") { Some(2) } else { Some(0) };
        assert_eq!(output.status.code(), expected, "{line}: {}", text(&output.stderr));
        ran += 1;
    }
    assert_eq!(ran, 7);
}
