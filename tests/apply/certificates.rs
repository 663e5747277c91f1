//! A certificate's life: renewal before its end, overlap, and what is left alone.

use accredit::model::{Action, Reason};

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
    world.now = days_after(noon(), 365 - 31);
    assert!(world.plan(&desired).await.is_empty());
}

#[tokio::test]
async fn a_certificate_is_renewed_in_time_and_the_old_one_goes_after_the_overlap() {
    let mut world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    world.converge(&desired).await;

    world.now = days_after(noon(), 365 - 12);
    let plan = world.plan(&desired).await;
    let renewal = &plan.steps[0];
    assert_eq!(renewal.address.to_string(), "exo/certificate/main");
    assert!(matches!(renewal.action, Action::Renew { .. }));
    assert_eq!(renewal.reason, Reason::Expires { days: 12, renew_before: "30d".to_owned() });
    let shown = world.plan_text(&desired).await;
    assert!(shown.contains("(expires in 12 days; policy renews 30d before)"), "{shown}");
    assert_eq!(plan.counts().destroy, 0, "the old one stays");
    world.converge(&desired).await;
    assert_eq!(uploaded(&world).await, 2, "both work during the overlap");

    world.now = days_after(world.now, 11);
    assert!(world.plan(&desired).await.is_empty(), "the overlap has not passed");

    world.now = days_after(world.now, 4);
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
    world.now = days_after(start, 366 + 3);
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
