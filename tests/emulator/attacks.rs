//! Tokens that somebody made up: what the services refuse, although the tenant's own key signed it.

use super::client::*;
use accredit::emulator::Emulator;
use reqwest::Method;
use serde_json::{Value, json};

/// A resource, and a request that its service serves to a token for it.
const SERVICES: [(&str, &str); 4] = [
    ("https://graph.microsoft.com", "/v1.0/applications"),
    ("https://management.azure.com", "/subscriptions?api-version=2022-12-01"),
    ("https://vault.azure.net", "/secrets?api-version=7.4"),
    ("https://outlook.office365.com", "/adminapi/beta/{tenant}/Mailbox"),
];

async fn mint(emulator: &Emulator, audience: &str, claims: &Value) -> Answer {
    let body = json!({ "subject": "anybody", "audience": audience, "claims": claims });
    control(emulator, Method::POST, "oidc/token", Some(body)).await
}

async fn call(emulator: &Emulator, path: &str, token: &str) -> u16 {
    let address = format!("{}{}", emulator.url(), path.replace("{tenant}", emulator.tenant_id()));
    http().get(address).bearer_auth(token).send().await.unwrap().status().as_u16()
}

/// The claims of a token that the operator really has for a resource, with the roles that open everything.
async fn real(emulator: &Emulator, resource: &str) -> (String, Value) {
    let operator = emulator.operator();
    let form = [("client_id", operator.client_id.as_str()), ("client_secret", operator.client_secret.as_str())];
    let answer = sign_in_to(emulator, &format!("{resource}/.default"), &form).await;
    let token = answer.body["access_token"].as_str().unwrap().to_owned();
    let mut claims = claims(&token);
    claims["roles"] = json!(["Application.ReadWrite.All", "Exchange.ManageAsApp"]);
    claims["wids"] = json!([EXCHANGE_ADMINISTRATOR]);
    (token, claims)
}

#[tokio::test]
async fn a_federated_token_is_no_access_token() {
    let emulator = start_now().await;
    for (resource, path) in SERVICES {
        let (token, mut claims) = real(&emulator, resource).await;
        if !path.contains("adminapi") {
            assert_eq!(call(&emulator, path, &token).await, 200, "{resource}");
        }
        let forged = mint(&emulator, resource, &claims).await;
        assert_eq!(forged.status, 400, "the rehearsal issuer signs as the tenant itself: {}", forged.body);
        for issuer in [
            format!("{}/_emulator/oidc", emulator.url()),
            format!("{}/{}/v2.0", emulator.url(), emulator.tenant_id()),
            "https://sts.windows.net/5efe10ef-0b95-4faa-b289-e66749ffacbb/".to_owned(),
        ] {
            claims["iss"] = issuer.clone().into();
            let foreign = mint(&emulator, resource, &claims).await;
            let token = foreign.body["token"].as_str().unwrap();
            assert_eq!(call(&emulator, path, token).await, 401, "{resource} took a token of {issuer}");
        }
    }
}

#[tokio::test]
async fn a_token_from_the_future_is_not_valid_yet() {
    let emulator = start_now().await;
    for (resource, path) in &SERVICES[..3] {
        let (token, _) = real(&emulator, resource).await;
        let earlier = json!({ "now": "2026-03-01T11:00:00Z", "backwards": true });
        assert_eq!(control(&emulator, Method::POST, "clock", Some(earlier)).await.status, 200);
        assert_eq!(call(&emulator, path, &token).await, 401, "{resource}");
        assert_eq!(control(&emulator, Method::POST, "clock", Some(json!({ "now": NOW }))).await.status, 200);
        assert_eq!(call(&emulator, path, &token).await, 200, "{resource}");
    }
}
