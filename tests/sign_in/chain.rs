//! The order in which ways of signing in are tried, and the tokens that are kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use accredit::identity::{Choice, Operator};
use accredit::model::AuthenticationMethod::{self, AccessToken, Environment, ManagedIdentity, WorkloadIdentity};
use serde_json::json;

use super::scene::*;
use super::stand_in::{StandIn, answer};

#[tokio::test]
async fn where_nothing_is_set_up_every_way_is_listed_with_what_to_do() {
    let scene = Scene::new().await;
    let error = scene.sign_in().await.unwrap_err();
    let said = error.passed_over();
    let methods: Vec<&str> = said.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(methods, AuthenticationMethod::ALL.map(AuthenticationMethod::as_str));
    let all = told(&error);
    for part in [
        "there is no way to sign in to `contoso.onmicrosoft.com` here",
        "environment: AZURE_CLIENT_ID is not set (set AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or",
        "workloadIdentity: neither AZURE_FEDERATED_TOKEN_FILE nor",
        "managedIdentity: this is no machine or service of Azure",
        "az login --tenant contoso.onmicrosoft.com --allow-no-subscriptions",
        "Connect-AzAccount -Tenant contoso.onmicrosoft.com",
    ] {
        assert!(all.contains(part), "{part} is missing in\n{all}");
    }
}

#[tokio::test]
async fn the_first_that_is_set_up_is_taken_and_a_named_one_alone() {
    let mut scene = Scene::new().await;
    scene.set_secret();
    let operator = scene.sign_in().await.unwrap();
    assert_eq!(passed_over(&operator), ["accessToken: ACCREDIT_ACCESS_TOKEN is not set"]);
    assert_eq!(operator.method(), Environment);

    let named = scene.sign_in_by(Environment).await.unwrap();
    assert_eq!(passed_over(&named), [""; 0]);
    let error = scene.refused(ManagedIdentity).await;
    let expected = "signing in to `contoso.onmicrosoft.com` by managedIdentity failed: this is no machine";
    assert!(error.starts_with(expected), "{error}");

    let choice = Choice::FirstOf(vec![AccessToken, WorkloadIdentity]);
    let error = Operator::sign_in(&scene.surroundings(), &choice).await.unwrap_err();
    assert_eq!(error.passed_over().len(), 2);
}

#[tokio::test]
async fn a_run_whose_variables_name_another_tenant_signs_in_to_none() {
    let mut scene = Scene::new().await;
    scene.set_secret();
    for (named, tenant, signs_in) in [
        (OTHER_TENANT_ID, TENANT_ID, false),
        ("fabrikam.onmicrosoft.com", TENANT, false),
        // Whose a domain is says the token service.
        (OTHER_TENANT_ID, TENANT, false),
        (TENANT, OTHER_TENANT_ID, false),
        ("fabrikam.onmicrosoft.com", TENANT_ID, false),
        (TENANT_ID, TENANT, true),
        (TENANT, TENANT_ID, true),
        (TENANT_ID, "Contoso.onmicrosoft.com", true),
        ("Contoso.onmicrosoft.com", TENANT, true),
        ("", TENANT, true),
    ] {
        tenant.clone_into(&mut scene.tenant);
        scene.set("AZURE_TENANT_ID", named);
        let outcome = scene.sign_in().await;
        assert_eq!(outcome.is_ok(), signs_in, "{named} {tenant}: {outcome:?}");
        if let Err(error) = outcome {
            let said = told(&error);
            let expected = [
                format!("AZURE_TENANT_ID is `{named}`, and the manifest's tenant is `{tenant}`"),
                "could not be found out".to_owned(),
            ];
            assert!(expected.iter().any(|expected| said.contains(expected)), "{said}");
        }
    }
    // It holds for every way, and Terraform's variable for Terraform's others.
    OTHER_TENANT_ID.clone_into(&mut scene.tenant);
    scene.set("AZURE_TENANT_ID", TENANT_ID);
    assert!(scene.refused(AccessToken).await.starts_with("nobody signs in to"));
    TENANT.clone_into(&mut scene.tenant);
    scene.unset("AZURE_CLIENT_SECRET").set("ARM_TENANT_ID", OTHER_TENANT_ID);
    scene.set("ARM_CLIENT_ID", "7d0e").set("ARM_CLIENT_SECRET", "canary");
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains("environment failed: ARM_TENANT_ID is"), "{error}");
}

/// A token service whose tokens are good for so many seconds, and how often it was asked.
async fn counting(seconds: u64) -> (StandIn, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let service = StandIn::new(move |_| {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        answer(
            200,
            &json!({"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds,
                "access_token": format!("token-{number}")}),
        )
    })
    .await;
    (service, count)
}

#[tokio::test]
async fn a_token_is_kept_and_is_fetched_anew_before_it_ends() {
    for (seconds, requests) in [(3600, 1), (301, 1), (299, 4)] {
        let mut scene = Scene::new().await;
        let (service, count) = counting(seconds).await;
        scene.set_secret().token_service = led_to(&service.url);
        let operator = scene.sign_in().await.unwrap();
        for _ in 0..3 {
            token_of(&operator, GRAPH).await;
        }
        assert_eq!(count.load(Ordering::SeqCst), requests, "good for {seconds} s");
    }
}

#[tokio::test]
async fn many_who_want_a_token_at_once_send_one_request() {
    let mut scene = Scene::new().await;
    let (service, count) = counting(3600).await;
    scene.set_secret().token_service = led_to(&service.url);
    let operator = scene.sign_in().await.unwrap();
    let (one, two, three) =
        tokio::join!(token_of(&operator, KEY_VAULT), token_of(&operator, KEY_VAULT), token_of(&operator, KEY_VAULT));
    assert!(one == two && two == three);
    assert_eq!(count.load(Ordering::SeqCst), 2, "one for Graph, one for vaults");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_quoted() {
    let mut scene = Scene::new().await;
    scene.set_secret();
    for body in [json!({"access_token": {"canary": 1}, "expires_in": 3600}), json!("canary")] {
        let service = StandIn::new(move |_| answer(200, &body)).await;
        scene.token_service = led_to(&service.url);
        let error = scene.sign_in().await.unwrap_err();
        assert!(!told(&error).contains("canary") && !format!("{error:?}").contains("canary"), "{error:?}");
    }
}
