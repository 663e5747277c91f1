//! A ready token.

use accredit::model::AuthenticationMethod::AccessToken;
use serde_json::json;

use super::scene::*;

#[tokio::test]
async fn a_ready_token_goes_before_everything_else_and_is_used_as_it_is() {
    let mut scene = Scene::new().await;
    let token = scene.token(GRAPH).await;
    scene.set_secret().set("ACCREDIT_ACCESS_TOKEN", &token);
    let operator = scene.sign_in().await.unwrap();
    assert_eq!(operator.method(), AccessToken);
    assert_eq!(token_of(&operator, GRAPH).await, token);
    assert_eq!(passed_over(&operator), [""; 0]);
    assert!(operator.description().contains("with the token in ACCREDIT_ACCESS_TOKEN (accessToken)"));
    assert!(!format!("{operator:?}").contains(&token));

    let error = told(&operator.token(KEY_VAULT).await.unwrap_err());
    assert!(error.contains("is for `https://graph.microsoft.com` and not for `https://vault.azure.net`"), "{error}");
    assert!(!error.contains(&token));
}

#[tokio::test]
async fn a_token_that_has_ended_or_is_of_another_tenant_is_refused() {
    let mut scene = Scene::new().await;
    scene.set("ACCREDIT_ACCESS_TOKEN", &unsigned(&json!({ "exp": noon().as_second() - 1 })));
    assert!(scene.refused(AccessToken).await.contains("the token in ACCREDIT_ACCESS_TOKEN has ended"));

    // The manifest names a domain, so the token service says which tenant has it.
    let token = unsigned(&json!({ "tid": OTHER_TENANT_ID, "exp": noon().as_second() + 3600 }));
    scene.set("ACCREDIT_ACCESS_TOKEN", &token);
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains(&format!("for the tenant {OTHER_TENANT_ID}")) && error.contains(TENANT_ID), "{error}");
    assert!(!error.contains(&token));
    scene.tenant = OTHER_TENANT_ID.to_uppercase();
    scene.sign_in().await.unwrap();
}

#[tokio::test]
async fn a_token_for_something_else_is_refused_before_it_is_used() {
    let mut scene = Scene::new().await;
    let token = scene.token(KEY_VAULT).await;
    scene.set("ACCREDIT_ACCESS_TOKEN", &token);
    let error = scene.refused(AccessToken).await;
    assert!(
        error.contains(&format!("is for `{KEY_VAULT}` and not for `{GRAPH}`")) && !error.contains(&token),
        "{error}"
    );
    for audience in [GRAPH, "https://graph.microsoft.com/", "00000003-0000-0000-c000-000000000000"] {
        scene.set("ACCREDIT_ACCESS_TOKEN", &unsigned(&json!({ "aud": audience })));
        scene.sign_in().await.unwrap();
    }
}

#[tokio::test]
async fn without_its_variable_it_says_which_one_to_set() {
    let scene = Scene::new().await;
    let error = scene.refused(AccessToken).await;
    assert!(error.contains("ACCREDIT_ACCESS_TOKEN is not set\nhint: set ACCREDIT_ACCESS_TOKEN"), "{error}");
}
