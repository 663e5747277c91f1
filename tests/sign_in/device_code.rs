//! A person who types a code into a browser.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use accredit::identity::DeviceCode;
use accredit::model::AuthenticationMethod::DeviceCode as ByDeviceCode;
use accredit::transport::{Sending, Transport};
use bytes::Bytes;
use serde_json::{Value as Json, json};

use super::scene::*;
use super::stand_in::{Asked, StandIn, answer};

/// The token service, which says these one after the other when it is asked whether the person has signed in.
async fn token_service(answers: Vec<Json>) -> StandIn {
    let answers = Mutex::new(answers.into_iter());
    StandIn::new(move |asked: &Asked| match asked.path().rsplit('/').next() {
        Some("devicecode") => answer(
            200,
            &json!({"user_code": "C9WFN7R2L", "device_code": "canary-of-the-device", "expires_in": 900, "interval": 5,
                "verification_uri": "https://microsoft.com/devicelogin", "message": "To sign in, …"}),
        ),
        Some("token") => {
            let next = answers.lock().unwrap().next().unwrap_or_else(|| json!({"error": "authorization_pending"}));
            answer(if next["error"].is_null() { 200 } else { 400 }, &next)
        }
        _ => panic!("{asked:?}"),
    })
    .await
}

fn granted(token: &str, refresh_token: &str) -> Json {
    json!({"token_type": "Bearer", "scope": "Directory.Read.All", "expires_in": 3600, "access_token": token,
        "refresh_token": refresh_token})
}

fn refused(error: &str) -> Json {
    json!({"error": error, "error_description": format!("AADSTS70016: {error}. Trace ID: 1"), "error_codes": [70016]})
}

#[tokio::test]
async fn a_person_signs_in_with_a_code_and_once_is_enough() {
    let mut scene = Scene::new().await;
    let service = token_service(vec![
        refused("authorization_pending"),
        refused("slow_down"),
        granted("token-for-graph", "canary-of-refreshing"),
        granted("token-for-vaults", "canary-of-more"),
        granted("token-for-another", "canary-of-the-last"),
    ])
    .await;
    scene.token_service = led_to(&service.url);
    scene.has_person = true;
    let operator = scene.sign_in().await.unwrap();
    assert_eq!(operator.method(), ByDeviceCode);
    assert_eq!(operator.description(), format!("to `{TENANT}` with a device code (deviceCode)"));
    assert_eq!(token_of(&operator, GRAPH).await, "token-for-graph");
    assert_eq!(token_of(&operator, KEY_VAULT).await, "token-for-vaults");
    token_of(&operator, "https://outlook.office365.com").await;

    let expected = DeviceCode {
        user_code: "C9WFN7R2L".to_owned(),
        verification_uri: "https://microsoft.com/devicelogin".to_owned(),
    };
    assert_eq!(*scene.shown.lock().unwrap(), [expected]);
    assert_eq!(*scene.waits.lock().unwrap(), [5, 5, 10]);
    let asked = service.asked();
    assert_eq!(asked.len(), 6);
    assert!(
        asked.iter().all(|asked| asked.method == "POST" && asked.header("host") == Some("login.microsoftonline.com"))
    );
    assert_eq!(asked[0].path(), format!("/{TENANT}/oauth2/v2.0/devicecode"));
    let client_id = "client_id=14d82eec%2D204b%2D4c2f%2Db7e8%2D296a70dab67e";
    assert!(asked.iter().all(|asked| asked.body.contains(client_id)));
    assert!(asked[0].body.contains("graph%2Emicrosoft%2Ecom%2FApplication%2EReadWrite%2EAll"), "{}", asked[0].body);
    assert!(asked[1].body.contains("device_code=canary%2Dof%2Dthe%2Ddevice"), "{}", asked[1].body);
    assert!(asked[4].body.contains("refresh_token=canary%2Dof%2Drefreshing"), "{}", asked[4].body);
    assert!(asked[5].body.contains("refresh_token=canary%2Dof%2Dmore"), "the newest is used: {}", asked[5].body);
    assert!(!format!("{operator:?}").contains("canary"));
}

#[tokio::test]
async fn whoever_does_not_sign_in_is_told_why_there_is_no_token() {
    for (said, reason) in [
        ("access_denied", "the person did not agree to sign in"),
        ("authorization_declined", "the person did not agree to sign in"),
        ("expired_token", "nobody signed in in time"),
        ("invalid_client", "AADSTS70016: invalid_client"),
    ] {
        let mut scene = Scene::new().await;
        let service = token_service(vec![refused(said)]).await;
        scene.token_service = led_to(&service.url);
        let error = scene.refused(ByDeviceCode).await;
        assert!(error.contains(reason) && !error.contains("canary") && !error.contains("Trace ID"), "{error}");
    }
}

#[tokio::test]
async fn it_is_not_waited_for_longer_than_the_code_is_good_for() {
    let mut scene = Scene::new().await;
    let service = token_service(Vec::new()).await;
    scene.token_service = led_to(&service.url);
    assert!(scene.refused(ByDeviceCode).await.contains("nobody signed in in time"));
    let waited: u64 = scene.waits.lock().unwrap().iter().sum();
    assert!((900..=910).contains(&waited), "{waited}");
}

/// Loses the answers to some requests, counted from one.
struct Losing {
    way: Arc<dyn Transport>,
    sent: AtomicUsize,
    lost: &'static [usize],
}

impl Transport for Losing {
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
        let number = self.sent.fetch_add(1, Ordering::SeqCst) + 1;
        if self.lost.contains(&number) { Nowhere.send(request) } else { self.way.send(request) }
    }
}

#[tokio::test]
async fn a_few_lost_answers_end_nothing_and_many_do() {
    for (lost, signs_in) in [([2, 3, 4].as_slice(), true), (&[2, 3, 4, 5], false)] {
        let mut scene = Scene::new().await;
        let service = token_service(vec![granted("token", "refresh")]).await;
        let way = led_to(&service.url);
        scene.token_service = Arc::new(Losing { way, sent: AtomicUsize::new(0), lost });
        let outcome = scene.sign_in_by(ByDeviceCode).await;
        assert_eq!(outcome.is_ok(), signs_in, "{outcome:?}");
    }
}

#[tokio::test]
async fn after_a_refresh_token_was_revoked_the_person_is_asked_again() {
    let mut scene = Scene::new().await;
    scene.set("ACCREDIT_PUBLIC_CLIENT_ID", "1f2e");
    let service =
        token_service(vec![granted("one", "refresh"), refused("invalid_grant"), granted("two", "refresh")]).await;
    scene.token_service = led_to(&service.url);
    let operator = scene.sign_in_by(ByDeviceCode).await.unwrap();
    assert_eq!(token_of(&operator, KEY_VAULT).await, "two");
    assert_eq!(scene.shown.lock().unwrap().len(), 2);
    assert!(service.asked().iter().all(|asked| asked.body.contains("client_id=1f2e")));
}

#[tokio::test]
async fn where_nobody_sits_nobody_is_asked() {
    let scene = Scene::new().await;
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains("deviceCode: nobody sits at a terminal"), "{error}");
}
