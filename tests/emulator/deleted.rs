//! Deleted objects: what stays reserved for them, and what comes back or goes with them.

use super::client::*;
use serde_json::json;

const READER: &str = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";

#[tokio::test]
async fn an_application_is_not_restored_beside_one_that_took_its_identifier() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let body = json!({ "displayName": "Interface", "identifierUris": ["api://interface"] });
    let first = client.post("/applications", body.clone()).await;
    let id = first.body["id"].as_str().unwrap();
    assert_eq!(client.delete(&format!("/applications/{id}")).await.status, 204);
    let second = client.post("/applications", body).await;
    assert_eq!(second.status, 201, "{}", second.body);
    let restore = format!("/directory/deletedItems/{id}/restore");
    let refused = client.post(&restore, json!({})).await;
    assert_eq!(refused.said(), (400, "Request_BadRequest"), "{}", refused.body);
    let other = second.body["id"].as_str().unwrap();
    assert_eq!(client.patch(&format!("/applications/{other}"), json!({ "identifierUris": [] })).await.status, 204);
    assert_eq!(client.post(&restore, json!({})).await.status, 200);
}

#[tokio::test]
async fn a_deleted_group_keeps_its_unique_name() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let body = json!({
        "displayName": "Staff", "mailNickname": "staff", "mailEnabled": false, "securityEnabled": true,
        "uniqueName": "staff",
    });
    let group = client.post("/groups", body.clone()).await;
    assert_eq!(group.status, 201, "{}", group.body);
    let id = group.body["id"].as_str().unwrap();
    assert_eq!(client.delete(&format!("/groups/{id}")).await.status, 204);
    assert_eq!(client.post("/groups", body.clone()).await.said(), (400, "Request_BadRequest"));
    assert_eq!(client.delete(&format!("/directory/deletedItems/{id}")).await.status, 204);
    assert_eq!(client.post("/groups", body).await.status, 201);
}

#[tokio::test]
async fn a_grant_for_one_user_goes_with_the_user() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let (_, _, principal) = application(&client, "Granted", json!({ "displayName": "Granted" })).await;
    let (graph, user) = (resource(&client, GRAPH).await, person(&client, "megan").await);
    let grant = json!({
        "clientId": principal.to_uppercase(), "resourceId": graph.to_uppercase(), "consentType": "Principal",
        "principalId": user.to_uppercase(), "scope": "User.Read",
    });
    let made = client.post("/oauth2PermissionGrants", grant).await;
    assert_eq!((made.status, &made.body["principalId"]), (201, &json!(user)), "{}", made.body);
    let address = format!("/oauth2PermissionGrants/{}", made.body["id"].as_str().unwrap());
    assert_eq!(client.delete(&format!("/users/{user}")).await.status, 204);
    assert_eq!(client.get(&address).await.status, 404);
    assert_eq!(client.post(&format!("/directory/deletedItems/{user}/restore"), json!({})).await.status, 200);
    assert_eq!(client.get(&address).await.status, 200);
    assert_eq!(client.delete(&format!("/users/{user}")).await.status, 204);
    assert_eq!(client.delete(&format!("/directory/deletedItems/{user}")).await.status, 204);
    let state = control(&emulator, reqwest::Method::GET, "state", None).await;
    let grants = state.body["oauth2PermissionGrants"].to_string();
    assert!(grants != "null" && !grants.contains(&user), "{grants}");
}

#[tokio::test]
async fn a_restored_service_principal_is_as_its_application_is_now() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let (id, _, principal) = application(&client, "Before", json!({ "displayName": "Before" })).await;
    let role = json!({ "principalId": principal, "roleDefinitionId": READER, "directoryScopeId": "/" });
    assert_eq!(client.post("/roleManagement/directory/roleAssignments", role).await.status, 201);
    assert_eq!(client.delete(&format!("/servicePrincipals/{principal}")).await.status, 204);
    assert_eq!(client.patch(&format!("/applications/{id}"), json!({ "displayName": "After" })).await.status, 204);
    let restored = client.post(&format!("/directory/deletedItems/{principal}/restore"), json!({})).await;
    assert_eq!((restored.status, &restored.body["displayName"]), (200, &json!("After")));
    let held = ids(&client, &format!("/servicePrincipals/{principal}/memberOf")).await;
    assert_eq!(held.len(), 1);
}
