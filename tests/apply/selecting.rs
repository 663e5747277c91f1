//! Parts of an estate: what is targeted with what it needs, less what is excluded with what needs it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use accredit::kinds::Intent;
use accredit::model::{Address, Plan, Selection, Step};
use accredit::plan::{CannotReplace, replace};
use accredit::render::{Paint, json, markdown, text};
use accredit::transport::{Sending, Transport};
use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::world::{World, one_of_everything};

fn selection(targets: &[&str], excludes: &[&str]) -> Selection {
    let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    Selection { targets: patterns(targets), excludes: patterns(excludes) }
}

async fn plan_of(world: &World, targets: &[&str], excludes: &[&str]) -> Plan {
    world.try_plan_of(&world.desired(), Intent::Reconcile, &selection(targets, excludes)).await.unwrap()
}

fn addresses(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| step.address.to_string()).collect()
}

fn step<'p>(plan: &'p Plan, address: &str) -> &'p Step {
    plan.steps.iter().find(|step| step.address.to_string() == address).unwrap()
}

async fn two() -> World {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.write("other.yaml", &one_of_everything("other"));
    world
}

#[tokio::test]
async fn what_is_targeted_takes_along_what_it_needs_and_says_so() {
    let world = two().await;
    let plan = plan_of(&world, &["ex?/appRoleAssignment"], &[]).await;
    assert_eq!(
        addresses(&plan),
        [
            "exo/certificate/main",
            "exo/application",
            "exo/servicePrincipal",
            "exo/appRoleAssignment/Office 365 Exchange Online/Exchange.ManageAsApp"
        ]
    );
    let because = |address| step(&plan, address).notes.join("; ");
    assert!(because("exo/application").contains("taken along: exo/servicePrincipal needs it"), "{plan:?}");
    assert!(because("exo/certificate/main").contains("taken along: exo/application needs it"), "{plan:?}");
    let notice = "this plan is partial: only `ex?/appRoleAssignment` was looked at";
    assert!(text(&plan, Paint::PLAIN).contains(&format!("Note: {notice}")));
    assert!(markdown(&plan).contains(r"this plan is partial: only \`ex?/appRoleAssignment\` was looked at"));
    assert!(json(&plan).contains(notice) && json(&plan).contains(r#""targets": ["#), "{}", json(&plan));
    let report = world.carry_out(&world.desired(), plan).await;
    assert!(report.is_complete(), "{:?}", report.failed);
    assert!(world.find("other").await.is_none());
    // The rest of it is as it would have been.
    assert_eq!(addresses(&plan_of(&world, &["exo"], &[]).await), ["exo/roleAssignment/Exchange Administrator"]);
    world.converge(&world.desired()).await;
}

#[tokio::test]
async fn what_is_excluded_takes_away_what_needs_it_and_says_so() {
    let world = two().await;
    let plan = plan_of(&world, &[], &["*/servicePrincipal", "other"]).await;
    assert_eq!(addresses(&plan), ["exo/certificate/main", "exo/application"]);
    let said = text(&plan, Paint::PLAIN);
    assert!(said.contains("everything was looked at but `*/servicePrincipal`, `other`"), "{said}");
    assert!(said.contains("exo/roleAssignment/Exchange Administrator (it needs exo/servicePrincipal)"), "{said}");
    // Also where it is needed by what was targeted.
    let plan = plan_of(&world, &["exo/application"], &["exo/certificate/main"]).await;
    assert!(plan.is_empty(), "{plan:?}");
    assert!(plan.notices.iter().any(|notice| notice.contains("exo/application (it needs exo/certificate/main)")));
    let rights = plan.rights.unwrap();
    assert!(rights.missing.is_empty(), "what is left out needs no rights");
}

#[tokio::test]
async fn nothing_outside_of_the_selection_is_deleted() {
    let world = two().await;
    world.converge(&world.desired()).await;
    // One application leaves the manifests; the other loses a consent and a role.
    std::fs::remove_file(world.directory.path().join("manifests/other.yaml")).unwrap();
    let consent = "      - api: Office 365 Exchange Online\n        application: [Exchange.ManageAsApp]\n";
    let less = one_of_everything("exo").replace(consent, "").replace("permissions:\n", "permissions: []\n");
    let role = "roles:\n      - role: Exchange Administrator\n";
    world.write("exo.yaml", &less.replace(role, "roles: []\n"));
    let all = world.try_plan_of(&world.desired(), Intent::Reconcile, &Selection::default()).await.unwrap();
    assert_eq!(all.counts().destroy, 3, "{all:?}");
    let plan = plan_of(&world, &["exo/roleAssignment/*"], &[]).await;
    assert_eq!(addresses(&plan), ["exo/roleAssignment/Exchange Administrator"]);
    let plan = plan_of(&world, &[], &["other"]).await;
    assert!(addresses(&plan).iter().all(|address| address.starts_with("exo/")), "{plan:?}");
    let plan = plan_of(&world, &["oth*"], &[]).await;
    assert_eq!(addresses(&plan), ["other/application"]);
    // What a dropped step would have done away with is not said to go.
    let plan = plan_of(&world, &["exo/appRoleAssignment", "exo/application"], &["exo/appRoleAssignment"]).await;
    assert!(plan.findings.iter().all(|finding| !finding.removed), "{:?}", plan.findings);
}

#[tokio::test]
async fn a_destruction_can_be_selected_and_what_is_protected_left_out() {
    let world = two().await;
    world.write("other.yaml", &(one_of_everything("other") + "    protect: true\n"));
    let desired = world.desired();
    world.converge(&desired).await;
    assert!(world.try_plan(&desired, Intent::Destroy).await.is_err(), "it is protected");
    let plan = world.try_plan_of(&desired, Intent::Destroy, &selection(&[], &["other"])).await.unwrap();
    assert_eq!(addresses(&plan), ["exo/application"]);
    let report = world.carry_out(&desired, plan).await;
    assert!(report.is_complete());
    assert!(world.find("exo").await.is_none() && world.find("other").await.is_some());
}

#[tokio::test]
async fn a_pattern_that_means_nothing_is_an_error_with_what_is_near() {
    let world = two().await;
    let desired = world.desired();
    for (pattern, help) in [
        ("exo/roleAssignmnt", "did you mean `exo/roleAssignment`"),
        ("exo/certificate/mian", "did you mean `exo/certificate/main`"),
    ] {
        let problems = world.try_plan_of(&desired, Intent::Reconcile, &selection(&[pattern], &[])).await.unwrap_err();
        let [problem] = problems.as_slice() else { panic!("{problems:?}") };
        assert_eq!(problem.message, format!("`--target {pattern}` means nothing that is declared or there"));
        assert!(problem.help.as_deref().unwrap_or_default().contains(help), "{problem:?}");
    }
}

/// A part first, then the rest: nothing is left to do, and no part deletes anything outside of itself.
#[test]
fn a_part_and_then_everything_leaves_nothing_to_do() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let patterns = vec![
        "exo",
        "oth*",
        "*/certificate",
        "*/application",
        "exo/servicePrincipal",
        "*/roleAssignment/*",
        "other/appRoleAssignment/*",
        "*",
    ];
    let some = prop::sample::subsequence(patterns.clone(), 1..=3);
    let none_or_some = prop::sample::subsequence(patterns, 0..=2);
    let mut runner = TestRunner::new(Config { cases: 10, failure_persistence: None, ..Config::default() });
    runner
        .run(&(some, none_or_some, any::<bool>()), |(targets, excludes, was_there)| {
            runtime.block_on(async {
                let world = two().await;
                if was_there {
                    world.converge(&world.desired()).await;
                    let less = one_of_everything("exo").replace("[Exchange.ManageAsApp]", "[full_access_as_app]");
                    world.write("exo.yaml", &less.replace("Exchange Administrator", "Global Reader"));
                    std::fs::remove_file(world.directory.path().join("manifests/other.yaml")).unwrap();
                }
                let desired = world.desired();
                let chosen = selection(&targets, &excludes);
                // Of an application that goes there is nothing but itself.
                if let Ok(plan) = world.try_plan_of(&desired, Intent::Reconcile, &chosen).await {
                    for step in &plan.steps {
                        let is_meant = chosen.covers(&step.address);
                        assert!(is_meant || !step.action.is_delete(), "{targets:?} {excludes:?}: {}", step.address);
                        assert!(!chosen.excludes(&step.address), "{targets:?} {excludes:?}: {}", step.address);
                    }
                    let report = world.carry_out(&desired, plan).await;
                    assert!(report.is_complete(), "{targets:?} {excludes:?}: {:?} {:?}", report.failed, report.skipped);
                    // Of what was deleted nothing is left that a pattern could mean.
                    if let Ok(again) = world.try_plan_of(&desired, Intent::Reconcile, &chosen).await {
                        assert!(again.is_empty(), "{targets:?} {excludes:?}: {again:?}");
                    }
                }
                world.converge(&desired).await;
            });
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn only_what_is_selected_is_read() {
    let world = two().await;
    world.converge(&world.desired()).await;
    let id = world.application("other").await["id"].as_str().unwrap().to_owned();
    world.forget_requests().await;
    let plan = plan_of(&world, &["exo"], &[]).await;
    assert!(plan.is_empty() && plan.applications == 1, "{plan:?}");
    let log = world.control("GET", "requests", None).await.text().await.unwrap();
    assert!(!log.contains(&id), "{log}");
}

#[tokio::test]
async fn a_certificate_is_replaced_by_a_successor_and_nothing_else_is() {
    let world = two().await;
    let mut desired = world.desired();
    world.converge(&desired).await;
    let main = Address::new("exo", "certificate", "main");
    replace(&mut desired, &main).unwrap();
    world.apply(&desired).await;
    let uploaded = world.application("exo").await["keyCredentials"].as_array().unwrap().len();
    assert_eq!(uploaded, 2, "the one before stays beside it");
    let refused = |address: &str| replace(&mut desired.clone(), &address.parse().unwrap()).unwrap_err();
    assert!(matches!(refused("exo/application"), CannotReplace::Application(_)));
    assert!(refused("exo/application").to_string().contains("another appId"));
    for grant in ["exo/roleAssignment/Exchange Administrator", "exo/appRoleAssignment/a/b"] {
        assert!(matches!(refused(grant), CannotReplace::Grant(_)));
        assert!(refused(grant).hint().contains("accredit doctor exo"));
    }
    assert_eq!(refused("exo/certificate/mian").hint(), "there is `exo/certificate/main`");
    assert!(matches!(refused("exos/certificate/main"), CannotReplace::NotDeclared(_)));
}

/// Counts the writes that are under way at the same time.
struct Counting {
    transport: Arc<dyn Transport>,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

impl Transport for Counting {
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
        Box::pin(async move {
            let path = request.uri().path();
            let is_write = request.method() != "GET" && path.starts_with("/v1.0/") && !path.ends_with("/$batch");
            if !is_write {
                return self.transport.send(request).await;
            }
            let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            let answer = self.transport.send(request).await;
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            answer
        })
    }
}

#[tokio::test]
async fn no_more_applications_are_written_side_by_side_than_was_said() {
    let most = async |parallelism: usize| {
        let mut world = World::new().await;
        for index in 0..8 {
            world.write(&format!("{index}.yaml"), &format!(
                "tenant: {}\nestate: tests\napplications:\n  app-{index}: {{ displayName: A{index}, permissions: [{{ api: Microsoft Graph, application: [User.Read.All, Mail.Read] }}] }}\n",
                super::world::TENANT
            ));
        }
        // Requests that take a moment overlap wherever they may.
        world.knobs(serde_json::json!({ "latency": { "graph": "20ms" } })).await;
        let counting = Arc::new(Counting {
            transport: Arc::clone(&world.others),
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        });
        world.send_through(Arc::clone(&counting) as Arc<dyn Transport>);
        world.wait_with(accredit::patience::Patience::new(Duration::from_mins(10), Duration::from_mins(1)));
        world.parallelism = parallelism;
        world.apply(&world.desired()).await;
        counting.most.load(Ordering::SeqCst)
    };
    assert_eq!(most(1).await, 1);
    let three = most(3).await;
    assert!((2..=3).contains(&three), "{three}");
}
