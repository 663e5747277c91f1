//! What becomes of handles: applications that get another one, that are let go of, and that leave fields to others.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use accredit::kinds::Intent;
use accredit::model::{Desired, Reason, Selection};
use accredit::transport::Transport;
use serde_json::{Value as Json, json};

use super::mortal::{Fate, Mortal};
use super::world::{TENANT, World, one_of_everything};

/// What `exo` is under its new handle.
fn renamed(more: &str) -> String {
    one_of_everything("exo").replace("  exo:\n", "  auto:\n") + more
}

const MOVED: &str = "moved: [{ from: exo, to: auto }]\n";

/// Applied as `exo`, and about to be `auto`.
async fn about_to_move() -> (World, Json, Vec<String>) {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    let before = world.application("exo").await;
    let keys = files(&world.keys().join("exo/main"));
    world.write("exo.yaml", &renamed(MOVED));
    (world, before, keys)
}

/// All files below a directory with their contents, as if they lay under `auto`.
fn files(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        for file in std::fs::read_dir(entry.path()).into_iter().flatten().flatten() {
            let name = file.file_name().into_string().unwrap().replace("exo-main", "auto-main");
            let text = String::from_utf8_lossy(&std::fs::read(file.path()).unwrap()).into_owned();
            let mode = permissions(&file.path());
            found.push(format!("{}/{name} {mode}\n{text}", entry.file_name().into_string().unwrap()));
        }
    }
    found.sort();
    found
}

#[cfg(unix)]
fn permissions(path: &Path) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    format!("{:o}", std::fs::metadata(path).unwrap().permissions().mode())
}

#[cfg(not(unix))]
fn permissions(_: &Path) -> String {
    String::new()
}

/// The application is the one that it was, its keys are where they belong, and there is nothing to do, with and without `moved`.
async fn has_moved(world: &World, before: &Json, keys: &[String]) {
    let after = world.application("exo").await;
    for same in ["id", "appId", "uniqueName", "keyCredentials"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    let tags = after["tags"].as_array().unwrap();
    assert!(
        tags.contains(&json!("accredit:handle:auto")) && tags.contains(&json!("accredit:estate:tests")),
        "{tags:?}"
    );
    assert_eq!(files(&world.keys().join("auto/main")), keys);
    assert_eq!(files(&world.keys().join("exo/main")), keys, "a key was taken away");
    assert!(world.find("auto").await.is_none(), "a second one was made");
    for more in [MOVED, ""] {
        world.write("exo.yaml", &renamed(more));
        let plan = world.plan(&world.desired()).await;
        assert!(plan.is_empty(), "with `{more}`: {plan:?}");
    }
}

#[tokio::test]
async fn a_handle_changes_and_the_application_stays_with_its_keys() {
    let (world, before, keys) = about_to_move().await;
    let plan = world.plan(&world.desired()).await;
    let steps: Vec<String> = plan.steps.iter().map(|step| step.address.to_string()).collect();
    assert_eq!(steps, ["auto/certificateKeys/main", "auto/application"]);
    assert!(plan.steps.iter().all(|step| step.reason == Reason::Moved { from: "exo".to_owned() }), "{plan:?}");
    assert!(plan.steps[1].notes[0].contains("its uniqueName stays `exo`"), "{plan:?}");
    world.apply(&world.desired()).await;
    has_moved(&world, &before, &keys).await;
    // It can sign in, be rotated, moved on, and deleted and brought back by its handle.
    let proven = world.verify(&world.desired()).await;
    assert!(proven.tally().is_good(), "{proven:?}");
    let further = one_of_everything("exo").replace("  exo:\n", "  third:\n") + "moved: [{ from: auto, to: third }]\n";
    world.write("exo.yaml", &further);
    world.converge(&world.desired()).await;
    assert_eq!(world.application("exo").await["appId"], before["appId"]);
    world.run(&world.desired(), Intent::Destroy).await;
    let problems = world.try_plan(&world.desired(), Intent::Reconcile).await.unwrap_err();
    assert!(problems[0].help.as_ref().unwrap().contains("accredit restore third"), "{problems:?}");
}

#[tokio::test]
async fn a_name_that_is_taken_by_what_moved_away_makes_no_other_application() {
    let (world, before, _) = about_to_move().await;
    world.apply(&world.desired()).await;
    world.write("exo.yaml", &renamed(""));
    world.write(
        "again.yaml",
        &format!("tenant: {TENANT}\nestate: tests\napplications:\n  exo: {{ displayName: New }}\n"),
    );
    let problems = world.try_plan(&world.desired(), Intent::Reconcile).await.unwrap_err();
    assert!(problems[0].message.contains("still the uniqueName of `auto`, which was moved"), "{problems:?}");
    assert_eq!(world.application("exo").await["displayName"], before["displayName"]);
}

#[tokio::test]
async fn two_applications_are_never_taken_for_one() {
    let (world, _, _) = about_to_move().await;
    world.admin("PATCH", "/v1.0/applications(uniqueName='exo')", json!({ "notes": "x" })).await;
    world.admin("POST", "/v1.0/applications", json!({ "displayName": "Other", "uniqueName": "auto" })).await;
    let problems = world.try_plan(&world.desired(), Intent::Reconcile).await.unwrap_err();
    assert!(problems[0].message.contains("`exo` cannot be moved to `auto`: both are there"), "{problems:?}");
    // Whoever may write tags of one cannot have it taken for another.
    world.write("exo.yaml", &one_of_everything("exo"));
    let tags = json!(["accredit:estate:tests", "accredit:handle:exo"]);
    world.admin("PATCH", "/v1.0/applications(uniqueName='auto')", json!({ "tags": tags })).await;
    let problems = world.try_plan(&world.desired(), Intent::Reconcile).await.unwrap_err();
    assert!(problems[0].message.contains("`exo` may be any of the applications"), "{problems:?}");
}

#[tokio::test]
async fn a_move_that_dies_at_any_request_is_finished_by_the_next_run() {
    for fate in [Fate::DiesBefore, Fate::DiesAfter] {
        for nth in 1.. {
            let (mut world, before, keys) = about_to_move().await;
            let mortal = Mortal::new(&world);
            world.send_through(Arc::clone(&mortal) as Arc<dyn Transport>);
            let desired = world.desired();
            let plan = world.plan(&desired).await;
            mortal.arm(nth, fate);
            tokio::select! {
                report = world.carry_out(&desired, plan) => assert!(report.is_complete(), "{:?}", report.failed),
                () = mortal.death() => {}
            }
            mortal.disarm();
            world.apply(&desired).await;
            has_moved(&world, &before, &keys).await;
            if !mortal.has_come.load(Ordering::SeqCst) {
                assert!(nth > 1, "it sent nothing");
                break;
            }
        }
    }
}

/// Every state of the files that a killed run may leave behind.
#[tokio::test]
async fn keys_that_were_half_moved_are_never_lost() {
    let copy = |from: &Path, to: &Path| {
        std::fs::create_dir_all(to).unwrap();
        for file in std::fs::read_dir(from).unwrap().flatten() {
            let name = file.file_name().into_string().unwrap().replace("exo-main", "auto-main");
            std::fs::copy(file.path(), to.join(name)).unwrap();
        }
    };
    for state in ["draft", "both", "without its password"] {
        let (world, before, keys) = about_to_move().await;
        let generation = std::fs::read_dir(world.keys().join("exo/main")).unwrap().flatten().next().unwrap().path();
        let new = world.keys().join("auto/main");
        let place = new.join(if state == "draft" { ".new-half".as_ref() } else { generation.file_name().unwrap() });
        copy(&generation, &place);
        if state == "without its password" {
            std::fs::remove_file(place.join("auto-main.pfx-password")).unwrap();
        }
        let desired = world.desired();
        // Whatever lies where, it can sign in with the key that is on the application.
        assert!(world.verify(&desired).await.tally().is_good(), "{state}");
        world.apply(&desired).await;
        has_moved(&world, &before, &keys).await;
    }
}

#[tokio::test]
async fn the_application_alone_is_not_moved_without_its_keys() {
    let (world, before, keys) = about_to_move().await;
    let selection = Selection { targets: vec!["auto/application".parse().unwrap()], ..Selection::default() };
    let plan = world.try_plan_of(&world.desired(), Intent::Reconcile, &selection).await.unwrap();
    let steps: Vec<String> = plan.steps.iter().map(|step| step.address.to_string()).collect();
    assert_eq!(steps, ["auto/certificateKeys/main", "auto/application"]);
    assert!(world.carry_out(&world.desired(), plan).await.is_complete());
    has_moved(&world, &before, &keys).await;
}

#[tokio::test]
async fn what_lies_in_the_recycle_bin_is_brought_back_before_it_is_moved() {
    let (world, before, _) = about_to_move().await;
    let id = before["id"].as_str().unwrap();
    world.admin("DELETE", &format!("/v1.0/applications/{id}"), Json::Null).await;
    let problems = world.try_plan(&world.desired(), Intent::Reconcile).await.unwrap_err();
    assert!(problems[0].help.as_ref().unwrap().contains("accredit restore exo"), "{problems:?}");
    assert!(!world.keys().join("auto").exists());
}

/// `ln -s exo auto` was how both names worked before the handle changed.
#[cfg(unix)]
#[tokio::test]
async fn where_both_handles_are_one_directory_its_keys_stay() {
    let (world, before, keys) = about_to_move().await;
    std::os::unix::fs::symlink("exo", world.keys().join("auto")).unwrap();
    world.converge(&world.desired()).await;
    assert_eq!(world.application("exo").await["keyCredentials"], before["keyCredentials"]);
    let there = files(&world.keys().join("auto/main"));
    assert!(keys.iter().all(|file| there.contains(file)), "{there:?}");
    assert!(world.verify(&world.desired()).await.tally().is_good());
}

#[tokio::test]
async fn without_its_entry_a_half_finished_move_deletes_nothing() {
    let (world, before, _) = about_to_move().await;
    // The keys were copied and the application was not yet given its tag when the entry was taken out.
    let desired = world.desired();
    let mut plan = world.plan(&desired).await;
    plan.steps.truncate(1);
    assert!(world.carry_out(&desired, plan).await.is_complete());
    world.write("exo.yaml", &renamed(""));
    let problems = world.try_plan(&world.desired(), Intent::Reconcile).await.unwrap_err();
    assert!(
        problems[0].message.contains("`exo` would be destroyed, and its certificate is kept for `auto`"),
        "{problems:?}"
    );
    assert!(problems[0].help.as_ref().unwrap().contains("moved: [{ from: exo, to: auto }]"));
    // And where nothing was begun, the plan says what it may be.
    world.write("exo.yaml", &renamed("").replace("main:", "second:"));
    let plan = world.plan(&world.desired()).await;
    let gone = plan.steps.iter().find(|step| step.action.is_delete()).unwrap();
    assert!(gone.notes.iter().any(|note| note.contains("moved: [{ from: exo, to: auto }]")), "{gone:?}");
    assert_eq!(world.application("exo").await["appId"], before["appId"]);
}

#[tokio::test]
async fn scopes_and_roles_of_exchanges_own_come_along() {
    let world = World::new().await;
    let of = |handle: &str| {
        format!(
            "tenant: {TENANT}\nestate: tests\napplications:\n  {handle}:\n    displayName: Exo\n    exchange:\n      roles: [{{ role: Application Mail.Read, scope: {{ recipientFilter: \"Title -eq 'VP'\" }} }}]\n"
        )
    };
    world.write("exo.yaml", &of("exo"));
    world.converge(&world.desired()).await;
    world.write("exo.yaml", &(of("auto") + MOVED));
    let plan = world.plan(&world.desired()).await;
    let steps: Vec<String> = plan.steps.iter().map(|step| step.address.to_string()).collect();
    assert_eq!(steps, ["auto/application"], "{plan:?}");
    world.converge(&world.desired()).await;
    world.write("exo.yaml", &of("auto"));
    assert!(world.plan(&world.desired()).await.is_empty());
}

fn without(more: &str) -> String {
    format!("tenant: {TENANT}\nestate: tests\napplications: {{}}\n{more}")
}

#[tokio::test]
async fn what_is_let_go_of_stays_and_belongs_to_nobody() {
    let world = World::new().await;
    world.write("exo.yaml", &(one_of_everything("exo") + "    protect: true\n    tags: [blue]\n"));
    let applied = world.desired();
    world.converge(&applied).await;
    let before = world.application("exo").await;
    world.write("exo.yaml", &without("removed: [{ handle: exo }]\n"));
    let plan = world.plan(&world.desired()).await;
    let [step] = plan.steps.as_slice() else { panic!("{plan:?}") };
    assert_eq!((step.address.to_string().as_str(), &step.reason), ("exo/application", &Reason::LetGo));
    assert!(!step.action.is_delete());
    world.converge(&world.desired()).await;
    let after = world.application("exo").await;
    assert_eq!(after["tags"], json!(["blue"]));
    for same in ["id", "appId", "keyCredentials", "displayName", "requiredResourceAccess"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert!(world.keys().join("exo/main").is_dir());
    assert!(world.verify(&applied).await.tally().is_good(), "it works as before");
    // Afterwards nothing has to be said of it.
    world.write("exo.yaml", &without(""));
    assert!(world.plan(&world.desired()).await.is_empty());
    // Without the entry it would have gone.
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    world.write("exo.yaml", &without("removed: [{ handle: exo, destroy: true }]\n"));
    assert_eq!(world.plan(&world.desired()).await.counts().destroy, 1);
}

/// The index of tags learns late; what is to be deleted is looked at as it is.
#[tokio::test]
async fn what_was_let_go_of_a_moment_ago_is_not_deleted() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    world.knobs(json!({ "lag": { "lists": "1h" } })).await;
    let (let_go, gone): (Desired, Desired) = {
        world.write("exo.yaml", &without("removed: [{ handle: exo }]\n"));
        let let_go = world.desired();
        world.write("exo.yaml", &without(""));
        (let_go, world.desired())
    };
    world.apply(&let_go).await;
    assert!(world.plan(&gone).await.is_empty());
}

fn ignoring(ignore: &str, display_name: &str) -> String {
    one_of_everything("exo").replace("displayName: exo automated", &format!("displayName: {display_name}"))
        + &format!(
            "    notes: ours\n    tags: [blue]\n    web: {{ redirectUris: ['https://exo.example/a'] }}\n{ignore}"
        )
}

#[tokio::test]
async fn ignored_fields_are_made_as_declared_and_left_to_others_afterwards() {
    let world = World::new().await;
    let ignore = "    ignore: [notes, owners, tags, redirectUris, displayName]\n";
    world.write("exo.yaml", &ignoring(ignore, "One"));
    world.converge(&world.desired()).await;
    let made = world.application("exo").await;
    assert_eq!((&made["notes"], &made["displayName"]), (&json!("ours"), &json!("One")));
    assert_eq!(made["web"]["redirectUris"], json!(["https://exo.example/a"]));
    assert!(made["tags"].as_array().unwrap().contains(&json!("blue")));
    let theirs = json!({
        "notes": "theirs", "displayName": "Two", "web": { "redirectUris": ["https://exo.example/b"] },
        "tags": ["red", "accredit:estate:tests"],
    });
    world.admin("PATCH", "/v1.0/applications(uniqueName='exo')", theirs).await;
    world.write("exo.yaml", &ignoring(ignore, "Three"));
    let plan = world.plan(&world.desired()).await;
    assert!(plan.is_empty(), "{plan:?}");
    let said = plan.notices.iter().filter(|notice| notice.contains("`ignore`")).collect::<Vec<_>>();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].ends_with("exo (displayName, notes, tags, owners, redirectUris)"), "{said:?}");
    // The estate's own tags are no field of theirs, and what else changes is written alone.
    world.admin("PATCH", "/v1.0/applications(uniqueName='exo')", json!({ "tags": ["red"] })).await;
    world.converge(&world.desired()).await;
    let after = world.application("exo").await;
    let tags = after["tags"].as_array().unwrap();
    assert!(
        tags.len() == 2 && tags.contains(&json!("red")) && tags.contains(&json!("accredit:estate:tests")),
        "{tags:?}"
    );
    assert_eq!((&after["notes"], &after["displayName"]), (&json!("theirs"), &json!("Two")));
    // Without it, everything is as declared again.
    world.write("exo.yaml", &ignoring("", "Three"));
    world.converge(&world.desired()).await;
    assert_eq!(world.application("exo").await["displayName"], json!("Three"));
}
