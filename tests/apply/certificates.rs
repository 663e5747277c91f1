//! A certificate's life: renewal before its end, overlap, and what is left alone.

use accredit::kinds::Intent;
use accredit::model::{Action, Reason};
use serde_json::json;

use super::world::{World, days_after, noon, one_of_everything};

/// The number of certificates on the application.
async fn uploaded(world: &World) -> usize {
    world.application("exo").await["keyCredentials"].as_array().unwrap().len()
}

#[tokio::test]
async fn nothing_happens_before_the_renewal_period() {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    world.converge(&desired).await;
    world.turn_to(days_after(noon(), 365 - 31)).await;
    assert!(world.plan(&desired).await.is_empty());
}

#[tokio::test]
async fn the_pfx_is_as_strong_as_the_manifest_says() {
    let world = World::new().await;
    for (handle, said, is_legacy) in
        [("unsaid", "", false), ("modern", "pfxEncryption: modern", false), ("legacy", "pfxEncryption: legacy", true)]
    {
        let manifest = one_of_everything(handle);
        let with = manifest.replace("        pfxPassword:", &format!("        {said}\n        pfxPassword:"));
        let path = world.write("exo.yaml", &with);
        let desired = world.load(&[path]);
        let shown = world.plan_text(&desired).await;
        assert_eq!(shown.contains("pfxEncryption = \"legacy\""), is_legacy, "{shown}");
        world.converge(&desired).await;
        let slot = world.keys().join(handle).join("main");
        let generation = std::fs::read_dir(slot).unwrap().next().unwrap().unwrap().path();
        let file = |extension: &str| std::fs::read(generation.join(format!("{handle}-main.{extension}"))).unwrap();
        let password = String::from_utf8(file("pfx-password")).unwrap();
        let pfx = accredit::keys::read(&file("pfx"), Some(&password.into())).unwrap();
        assert_eq!(pfx.is_legacy, is_legacy, "{handle}");
        assert!(world.plan(&desired).await.is_empty());
    }
}

#[tokio::test]
async fn a_certificate_is_renewed_in_time_and_the_old_one_goes_after_the_overlap() {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    world.converge(&desired).await;

    world.turn_to(days_after(noon(), 365 - 12)).await;
    let plan = world.plan(&desired).await;
    let renewal = &plan.steps[0];
    assert_eq!(renewal.address.to_string(), "exo/certificate/main");
    assert!(matches!(renewal.action, Action::Renew { .. }));
    assert_eq!(renewal.reason, Reason::Expires { days: 12, renew_before: "30d".to_owned() });
    let shown = world.plan_text(&desired).await;
    assert!(shown.contains("(expires in 12 days, policy renews 30 days before)"), "{shown}");
    assert_eq!(plan.counts().destroy, 0, "the old one stays");
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 2, "both work during the overlap");

    world.turn_to(days_after(world.now, 11)).await;
    assert!(world.plan(&desired).await.is_empty(), "the overlap has not passed");

    world.turn_to(days_after(world.now, 4)).await;
    let plan = world.plan(&desired).await;
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.steps[0].address.to_string(), "exo/application");
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 1);
}

#[tokio::test]
async fn an_expired_certificate_is_replaced_and_says_since_when() {
    let start = "2024-01-01T00:00:00Z".parse().unwrap();
    let mut world = World::at(start).await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    world.converge(&desired).await;
    world.turn_to(days_after(start, 366 + 3)).await;
    let plan = world.plan(&desired).await;
    assert_eq!(plan.steps[0].reason, Reason::Expired { days: 3 });
}

#[tokio::test]
async fn another_subject_or_key_size_makes_a_new_certificate_beside_the_old() {
    for (before, after) in [("[exo.example]", "[other.example]"), ("export:", "key: rsa-3072\n        export:")] {
        let world = World::new().await;
        world.write("exo.yaml", &one_of_everything("exo"));
        world.converge(&world.desired()).await;
        world.write("exo.yaml", &one_of_everything("exo").replace(before, after));
        let desired = world.desired();
        let plan = world.plan(&desired).await;
        assert!(matches!(plan.steps[0].action, Action::Renew { .. }), "{plan:?}");
        assert_eq!(plan.steps[0].reason, Reason::CannotChangeInPlace);
        world.converge(&desired).await;
        assert_eq!(uploaded(&world).await, 2);
    }
}

#[tokio::test]
async fn an_export_that_is_missing_is_made_again() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    world.converge(&desired).await;
    let slot = world.keys().join("exo/main");
    let generation = std::fs::read_dir(slot).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(generation.join("exo-main.cer")).unwrap();
    let plan = world.plan(&desired).await;
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.steps[0].address.to_string(), "exo/certificate/main");
    world.converge(&desired).await;
    assert!(generation.join("exo-main.cer").exists());
}

#[tokio::test]
async fn a_machine_without_the_keys_plans_no_new_certificate() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    std::fs::remove_dir_all(world.keys()).unwrap();
    let plan = world.plan(&world.desired()).await;
    assert!(plan.is_empty(), "a pull request's runner has no keys, and that is no change: {plan:?}");
}

#[tokio::test]
async fn a_foreign_certificate_under_our_name_takes_nothing_over() {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    let ours = world.application("exo").await["keyCredentials"][0]["keyId"].clone();
    world.intrude("main").await;
    let desired = world.desired();
    for days in [0, 15, 200] {
        world.turn_to(days_after(noon(), days)).await;
        let plan = world.plan(&desired).await;
        assert!(plan.findings.iter().any(|finding| finding.message.contains("is not declared")), "{:?}", plan.findings);
        world.converge(&desired).await;
        let credentials = world.application("exo").await["keyCredentials"].clone();
        assert!(credentials.as_array().unwrap().iter().any(|credential| credential["keyId"] == ours), "{credentials}");
    }
}

#[tokio::test]
async fn the_overlap_begins_when_the_successor_is_uploaded() {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    world.converge(&desired).await;
    // The key is made, and its upload is refused.
    world.turn_to(days_after(noon(), 365 - 29)).await;
    let refused = json!({ "status": 403, "code": "Authorization_RequestDenied", "message": "no" });
    world
        .faults(json!([
            { "method": "PATCH", "then": refused, "when": "before" },
            { "method": "POST", "path": "addKey", "then": refused, "when": "before" },
        ]))
        .await;
    assert!(!world.run(&desired, Intent::Reconcile).await.is_complete());
    world.no_faults().await;
    // It is uploaded twenty days later; only then does the overlap begin.
    world.turn_to(days_after(noon(), 365 - 9)).await;
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 2);
    world.turn_to(days_after(noon(), 365 - 1)).await;
    assert!(world.plan(&desired).await.is_empty());
}

#[tokio::test]
async fn a_renamed_certificate_is_followed_and_its_predecessor_goes_after_the_overlap() {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    world.turn_to(days_after(noon(), 100)).await;
    world.write("exo.yaml", &one_of_everything("exo").replace("      main:", "      renamed:"));
    let desired = world.desired();
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 2, "the hosts still sign in with the first");
    let plan = world.plan(&desired).await;
    assert!(
        plan.findings.iter().any(|finding| finding.message.contains("has left the manifest")),
        "{:?}",
        plan.findings
    );
    world.turn_to(days_after(noon(), 115)).await;
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 1);
}

#[tokio::test]
async fn no_certificates_means_none_of_ours() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    world.intrude("by hand").await;
    let manifest = one_of_everything("exo");
    let (before, rest) = manifest.split_once("    certificates:").unwrap();
    let after = rest.split_once("    roles:").unwrap().1;
    world.write("exo.yaml", &format!("{before}    certificates: {{}}\n    roles:{after}"));
    world.converge(&world.desired()).await;
    let credentials = world.application("exo").await["keyCredentials"].clone();
    assert_eq!(credentials.as_array().unwrap().len(), 1, "{credentials}");
    assert_eq!(credentials[0]["displayName"], json!("by hand"), "what is not ours is reported, not removed");
}

#[tokio::test]
async fn a_key_that_belongs_to_another_certificate_is_found_before_anything_is_done() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.write("two.yaml", &one_of_everything("two"));
    let desired = world.desired();
    world.converge(&desired).await;
    let generation = |handle: &str| {
        let slot = world.keys().join(handle).join("main");
        std::fs::read_dir(slot).unwrap().next().unwrap().unwrap().path().join("private-key.pem")
    };
    std::fs::copy(generation("two"), generation("exo")).unwrap();
    let error = world.try_snapshot(&desired).await.unwrap_err();
    let chain = format!("{error}: {}", std::error::Error::source(&error).unwrap());
    assert!(chain.contains("exo/certificate/main") && chain.contains("private-key.pem"), "{chain}");
}

#[tokio::test]
async fn our_certificate_under_a_foreign_key_id_is_uploaded_under_ours() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    world.converge(&desired).await;
    // As somebody does who uploads the `.cer` in the portal.
    let application = world.read("/v1.0/applications(uniqueName='exo')?$select=id,keyCredentials").await;
    let mut credential = application["keyCredentials"][0].clone();
    credential["keyId"] = json!("11111111-2222-4333-8444-555555555555");
    let path = format!("/v1.0/applications/{}", application["id"].as_str().unwrap());
    world.admin("PATCH", &path, json!({ "keyCredentials": [] })).await;
    world.admin("PATCH", &path, json!({ "keyCredentials": [credential] })).await;
    world.converge(&desired).await;
    let after = world.application("exo").await["keyCredentials"].clone();
    let ours = &application["keyCredentials"][0]["keyId"];
    assert!(after.as_array().unwrap().iter().any(|credential| credential["keyId"] == *ours), "{after}");
}

#[tokio::test]
async fn ours_comes_back_where_a_namesake_took_its_place() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    world.converge(&world.desired()).await;
    let ours = world.application("exo").await["keyCredentials"][0]["keyId"].clone();
    world.intrude("main").await;
    let application = world.application("exo").await;
    let credentials = application["keyCredentials"].as_array().unwrap().iter();
    let intruder: Vec<_> = credentials.filter(|credential| credential["keyId"] != ours).collect();
    let path = format!("/v1.0/applications/{}", application["id"].as_str().unwrap());
    world.admin("PATCH", &path, json!({ "keyCredentials": intruder })).await;
    let desired = world.desired();
    let plan = world.plan(&desired).await;
    assert!(plan.findings.iter().any(|finding| finding.message.contains("is not declared")), "{:?}", plan.findings);
    assert_eq!(plan.steps.len(), 1);
    world.converge(&desired).await;
    let after = world.application("exo").await["keyCredentials"].clone();
    assert!(after.as_array().unwrap().iter().any(|credential| credential["keyId"] == ours), "{after}");
}
