//! What command lines and SDKs send that was seen or read in them, and that no documentation shows: the command line for
//! Microsoft 365, Graph's SDK for Go, Graph's PowerShell module, Bicep.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::*;

#[tokio::test]
async fn a_compressed_body_is_read_and_an_unknown_encoding_refused() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(br#"{"displayName": "Compressed"}"#).unwrap();
    let body = encoder.finish().unwrap();
    for (encoding, status) in [("gzip", 201), ("br", 415)] {
        let request = client.http.post(format!("{}/v1.0/applications", client.url)).bearer_auth(&client.token);
        let request = request.header("content-type", "application/json").header("content-encoding", encoding);
        assert_eq!(request.body(body.clone()).send().await.unwrap().status().as_u16(), status, "{encoding}");
    }
    assert_eq!(ids(&client, "/applications?$filter=displayName eq 'Compressed'").await.len(), 1);
}

/// `m365 entra group add` and `m365 entra group member add`.
#[tokio::test]
async fn a_group_is_made_with_a_name_in_another_case_and_filled_by_a_numbered_batch() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    let body = json!({
        "displayName": "Nightly", "mailNickName": "nightly", "visibility": "Public", "groupTypes": [],
        "mailEnabled": false, "securityEnabled": true,
    });
    let group = client.post("/groups", body).await;
    assert_eq!((group.status, &group.body["mailNickname"]), (201, &json!("nightly")), "{}", group.body);
    let path = format!("/groups/{}", group.body["id"].as_str().unwrap());
    let both = json!({ "mailNickName": "a", "mailNickname": "b" });
    assert_eq!(client.patch(&path, both).await.said(), (400, "BadRequest"));

    let member = reference(&client, &person(&client, "megan").await)["@odata.id"].clone();
    let batch = json!({ "requests": [
        { "id": 1, "method": "PATCH", "url": path, "headers": { "content-type": "application/json" },
          "body": { "members@odata.bind": [member] } },
        { "id": 2, "method": "PATCH", "url": path, "headers": { "content-type": "application/json" },
          "body": { "owners@odata.bind": [member] } },
        { "id": 21, "method": "GET", "url": format!("{path}/members/$count"), "dependsOn": [1],
          "headers": { "ConsistencyLevel": "eventual" } },
    ]});
    let answer = client.post("/$batch", batch).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let of = |id: &str| {
        let responses = answer.body["responses"].as_array().unwrap();
        responses.iter().find(|response| response["id"] == id).unwrap().clone()
    };
    assert_eq!((&of("1")["status"], &of("2")["status"]), (&json!(204), &json!(204)), "{}", answer.body);
    assert_eq!(ids(&client, &format!("{path}/owners")).await.len(), 1);
    assert_eq!(of("21")["body"], 1);
}

#[tokio::test]
async fn sessions_are_revoked() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let path = format!("/users/{}", person(&client, "megan").await);
    control(&emulator, Method::POST, "clock", Some(json!({ "now": NOW, "stopped": true, "backwards": true }))).await;
    let revoked = client.post(&format!("{path}/revokeSignInSessions"), json!({})).await;
    assert_eq!((revoked.status, &revoked.body["value"]), (200, &Value::Bool(true)));
    let user = client.get(&format!("{path}?$select=signInSessionsValidFromDateTime")).await;
    assert_eq!(user.body["signInSessionsValidFromDateTime"], NOW);
}

#[tokio::test]
async fn a_tenant_without_licences_says_so() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    for path in ["/subscribedSkus", "/groupSettings", "/policies/activityBasedTimeoutPolicies"] {
        assert_eq!(ids(&client, path).await, [] as [String; 0], "{path}");
    }
    for name in ["roleAssignmentScheduleInstances", "roleEligibilitySchedules", "roleEligibilityScheduleRequests"] {
        let answer = client.get(&format!("/roleManagement/directory/{name}")).await;
        assert_eq!(answer.said(), (400, "AadPremiumLicenseRequired"), "{name}");
    }
    let sign_ins = client.get("/auditLogs/signIns").await;
    assert_eq!(sign_ins.said(), (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"));
}

/// `Connect-MgGraph` and what comes after it: dates as .NET writes them, keys without a name, edited next links.
#[tokio::test]
async fn the_powershell_module_is_served() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let headers = [
        ("SdkVersion", "graph-powershell/2.30.0"),
        ("client-request-id", "11111111-2222-3333-4444-555555555555"),
        ("Accept", "application/json"),
        ("Accept-Encoding", "gzip, deflate"),
    ];
    let certificate = Certificate::new();
    let body = json!({
        "displayName": "Module",
        "keyCredentials": [{
            "type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "CN=module",
            "key": certificate.credential()["key"],
            "startDateTime": "2026-02-01T00:00:00.0000000Z", "endDateTime": "2026-12-31T23:59:59.0000000Z",
        }],
        "requiredResourceAccess": [{
            "resourceAppId": EXCHANGE, "resourceAccess": [{ "id": MANAGE_AS_APP, "type": "Role" }],
        }],
    });
    let made = client.send(Method::POST, "/applications", Some(body), &headers).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let app_id = made.body["appId"].as_str().unwrap();
    let by_app_id = format!("/applications(appId='{app_id}')");
    let patched = client.send(Method::PATCH, &by_app_id, Some(json!({ "notes": "x" })), &headers).await;
    assert_eq!(patched.status, 204);
    for path in [by_app_id, format!("/applications(appId=%27{app_id}%27)")] {
        assert_eq!(client.get(&path).await.body["notes"], "x", "{path}");
    }
    let user = person(&client, "megan").await;
    assert_eq!(client.get(&format!("/users('{user}')/memberOf")).await.status, 200);

    let first = client.send(Method::GET, "/servicePrincipals?%24top=5&%24select=id", None, &headers).await;
    let next = first.body["@odata.nextLink"].as_str().unwrap();
    let (_, query) = next.split_once('?').unwrap();
    assert!(query.contains("top=5"), "{next}");
    let edited = format!("/servicePrincipals?{}", query.replace("%24top=5", "%24top=2").replace("$top=5", "$top=2"));
    assert_eq!(ids(&client, &edited).await.len(), 2);
}

/// What Bicep's extension does to come to the state that a template describes.
#[tokio::test]
async fn templates_are_upserts_by_key() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    let prefer = [("Prefer", "create-if-missing")];
    let made = client.upsert("template", json!({ "displayName": "Template" })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let app_id = made.body["appId"].as_str().unwrap();
    let path = format!("/servicePrincipals(appId='{app_id}')");
    for status in [201, 204] {
        let answer = client.send(Method::PATCH, &path, Some(json!({ "notes": "by a template" })), &prefer).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let credential = "/applications(uniqueName='template')/federatedIdentityCredentials(name='main')";
    for (subject, status) in [("repo:o/r", 201), ("repo:o/other", 204)] {
        let body = json!({
            "issuer": "https://token.example", "subject": subject, "audiences": ["api://AzureADTokenExchange"],
        });
        let answer = client.send(Method::PATCH, credential, Some(body), &prefer).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    assert_eq!(client.get(credential).await.body["subject"], "repo:o/other");
    let body = json!({ "displayName": "G", "mailNickname": "g", "mailEnabled": false, "securityEnabled": true });
    let group = client.send(Method::PATCH, "/groups(uniqueName='g')", Some(body), &prefer).await;
    assert_eq!(group.status, 201, "{}", group.body);
}
