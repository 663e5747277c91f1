//! App management policies: what they restrict, whom, and which of two counts.

use super::client::*;
use serde_json::{Value, json};

const DEFAULT: &str = "/policies/defaultAppManagementPolicy";

async fn enforce(client: &Client, restrictions: Value) {
    let body = json!({ "isEnabled": true, "applicationRestrictions": restrictions });
    let answer = client.patch(DEFAULT, body).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

#[tokio::test]
async fn the_default_policy_restricts_what_is_added() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let before = client.get(DEFAULT).await;
    assert_eq!((before.status, &before.body["isEnabled"]), (200, &json!(false)));
    let (id, app_id, _) = application(&client, "old", json!({ "displayName": "Old" })).await;
    enforce(&client, json!({
        "passwordCredentials": [{ "restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "P90D" }],
        "keyCredentials": [{ "restrictionType": "asymmetricKeyLifetime", "state": "enabled", "maxLifetime": "P1Y" }],
        "identifierUris": { "uriAdditionWithoutUniqueTenantIdentifier": { "state": "enabled" } },
    }))
    .await;

    let add = format!("/applications/{id}/addPassword");
    let long = client.post(&add, json!({})).await;
    assert_eq!(long.said(), (400, "CredentialInvalidLifetimeAsPerAppPolicy"));
    assert!(long.message().ends_with("as per assigned policy 'Default app management tenant policy'."));
    assert_eq!(long.body["error"]["details"][0]["code"], "InvalidKeyEndDate");
    let short = json!({ "passwordCredential": { "endDateTime": "2026-05-30T12:00:00Z" } });
    assert_eq!(client.post(&add, short).await.status, 200);
    let certificate = Certificate::new();
    let key = json!({ "keyCredentials": [certificate.credential()] });
    let path = format!("/applications/{id}");
    assert_eq!(client.patch(&path, key.clone()).await.said(), (400, "CredentialInvalidLifetimeAsPerAppPolicy"));
    let mut body = key.clone();
    body["displayName"] = "New".into();
    assert_eq!(client.post("/applications", body).await.said(), (400, "CredentialInvalidLifetimeAsPerAppPolicy"));
    let mut year = certificate.credential();
    year["startDateTime"] = "2026-01-01T00:00:00Z".into();
    year["endDateTime"] = "2027-01-01T00:00:00Z".into();
    assert_eq!(client.patch(&path, json!({ "keyCredentials": [year] })).await.status, 204);

    let uris = |uri: String| json!({ "identifierUris": [uri] });
    let refused = client.patch(&path, uris("api://something".into())).await;
    assert_eq!(refused.said(), (400, "InvalidUniqueTenantIdentifierAsPerAppPolicy"));
    assert_eq!(client.patch(&path, uris(format!("api://{app_id}"))).await.status, 204);

    // A policy of its own replaces the default wholly, as long as it is enabled.
    let own = json!({ "displayName": "Free", "isEnabled": true, "restrictions": { "passwordCredentials": [] } });
    let own = client.post("/policies/appManagementPolicies", own).await;
    assert_eq!(own.status, 201, "{}", own.body);
    let policy = format!("/policies/appManagementPolicies/{}", own.body["id"].as_str().unwrap());
    let assign = format!("{path}/appManagementPolicies/$ref");
    let link = json!({ "@odata.id": format!("{}/v1.0{policy}", client.url) });
    assert_eq!(client.post(&assign, link.clone()).await.status, 204);
    assert_eq!(client.post(&assign, link).await.status, 400);
    assert_eq!(client.patch(&path, key.clone()).await.status, 204);
    assert_eq!(ids(&client, &format!("{policy}/appliesTo")).await, [id.as_str()]);
    assert_eq!(ids(&client, &format!("{path}/appManagementPolicies")).await, [own.body["id"].as_str().unwrap()]);
    assert_eq!(client.patch(&policy, json!({ "isEnabled": false })).await.status, 204);
    assert_eq!(client.post(&add, json!({})).await.said(), (400, "CredentialInvalidLifetimeAsPerAppPolicy"));
    let reference = format!("{path}/appManagementPolicies/{}/$ref", own.body["id"].as_str().unwrap());
    assert_eq!(client.delete(&reference).await.status, 204);
    assert_eq!(client.delete(&policy).await.status, 204);
}

#[tokio::test]
async fn a_restriction_may_begin_with_applications_of_a_certain_age() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let (id, _, _) = application(&client, "old", json!({ "displayName": "Old" })).await;
    let add = format!("/applications/{id}/addPassword");
    let from = |at: &str, state: &str| {
        json!({ "passwordCredentials": [{
            "restrictionType": "passwordAddition", "state": state, "maxLifetime": null,
            "restrictForAppsCreatedAfterDateTime": at,
        }]})
    };
    enforce(&client, from("2026-03-02T00:00:00Z", "enabled")).await;
    assert_eq!(client.post(&add, json!({})).await.status, 200);
    enforce(&client, from("2026-01-01T00:00:00Z", "enabled")).await;
    assert_eq!(client.post(&add, json!({})).await.said(), (400, "CredentialTypeNotAllowedAsPerAppPolicy"));
    enforce(&client, from("2026-01-01T00:00:00Z", "disabled")).await;
    assert_eq!(client.post(&add, json!({})).await.status, 200);
    let unfit = json!({ "applicationRestrictions": { "passwordCredentials": [
        { "restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "ninety days" },
    ]}});
    assert_eq!(client.patch(DEFAULT, unfit).await.status, 400);
}
