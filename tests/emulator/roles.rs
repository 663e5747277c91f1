//! Directory roles: activated ones, definitions of the tenant's own, assignments at every scope.

use super::client::*;
use serde_json::json;

const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
const READER: &str = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";

#[tokio::test]
async fn a_role_assignment_and_a_role_member_are_one_thing() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let megan = person(&client, "megan").await;
    let roles = client.get("/directoryRoles").await.body["value"].clone();
    assert_eq!(roles.as_array().unwrap().len(), 1);
    assert_eq!(roles[0]["roleTemplateId"], GLOBAL_ADMINISTRATOR);
    assert_ne!(roles[0]["id"], GLOBAL_ADMINISTRATOR);
    assert_eq!(client.get(&format!("/directoryRoles(roleTemplateId='{READER}')")).await.status, 404);
    let activated = client.post("/directoryRoles", json!({ "roleTemplateId": READER })).await;
    assert_eq!(activated.status, 201, "{}", activated.body);
    let again = client.post("/directoryRoles", json!({ "roleTemplateId": READER })).await;
    assert!(again.message().starts_with("A conflicting object"));

    let members = format!("/directoryRoles(roleTemplateId='{READER}')/members");
    assert_eq!(client.post(&format!("{members}/$ref"), reference(&client, &megan)).await.status, 204);
    assert_eq!(client.post(&format!("{members}/$ref"), reference(&client, &megan)).await.status, 400);
    assert_eq!(ids(&client, &members).await, [megan.as_str()]);
    let filter = format!("/roleManagement/directory/roleAssignments?$filter=principalId eq '{megan}'");
    let assignment = client.get(&filter).await.body["value"][0].clone();
    assert_eq!(assignment["roleDefinitionId"], READER);
    let of = ids(&client, &format!("/users/{megan}/transitiveMemberOf/microsoft.graph.directoryRole")).await;
    assert_eq!(of, [activated.body["id"].as_str().unwrap()]);
    let path = format!("/roleManagement/directory/roleAssignments/{}", assignment["id"].as_str().unwrap());
    assert_eq!(client.delete(&path).await.status, 204);
    assert_eq!(ids(&client, &members).await, [] as [String; 0]);

    // The other way round: an assignment activates the role.
    let body = json!({ "principalId": megan, "roleDefinitionId": EXCHANGE_ADMINISTRATOR, "directoryScopeId": "/" });
    assert_eq!(client.post("/roleManagement/directory/roleAssignments", body).await.status, 201);
    let members = format!("/directoryRoles/roleTemplateId={EXCHANGE_ADMINISTRATOR}/members");
    assert_eq!(ids(&client, &members).await, [megan.as_str()]);
    assert_eq!(client.delete(&format!("{members}/{megan}/$ref")).await.status, 204);
    let template = client.get(&format!("/directoryRoleTemplates/{READER}")).await;
    assert_eq!(template.body["displayName"], "Directory Readers");
}

#[tokio::test]
async fn the_tenant_defines_roles_of_its_own() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let set = "/roleManagement/directory/roleDefinitions";
    let body = json!({
        "displayName": "Application reader", "description": "", "isEnabled": true, "version": "1.0",
        "rolePermissions": [{ "allowedResourceActions": ["microsoft.directory/applications/standard/read"] }],
    });
    let made = client.post(set, body.clone()).await;
    assert_eq!((made.status, &made.body["isBuiltIn"]), (201, &json!(false)), "{}", made.body);
    assert_eq!(made.body["id"], made.body["templateId"]);
    assert!(client.post(set, body).await.message().starts_with("A conflicting object"));
    let nothing = json!({ "displayName": "Empty", "isEnabled": true, "rolePermissions": [] });
    assert_eq!(client.post(set, nothing).await.status, 400);
    let path = format!("{set}/{}", made.body["id"].as_str().unwrap());
    assert_eq!(client.patch(&path, json!({ "isEnabled": false })).await.status, 204);
    let built_in = client.get(&format!("{set}/{READER}")).await;
    assert_eq!(built_in.body["inheritsPermissionsFrom"], json!([]));
    assert_eq!(client.patch(&format!("{set}/{READER}"), json!({ "isEnabled": false })).await.status, 400);
    assert_eq!(client.delete(&format!("{set}/{READER}")).await.status, 400);

    // Its scope may be one application; its holder a group that may hold roles.
    let (id, _, _) = application(&client, "scoped", json!({ "displayName": "Scoped" })).await;
    let group = |name: &str, for_roles: bool| {
        json!({
            "displayName": name, "mailEnabled": false, "mailNickname": name, "securityEnabled": true,
            "isAssignableToRole": for_roles,
        })
    };
    let plain = client.post("/groups", group("plain", false)).await.body["id"].clone();
    let holder = client.post("/groups", group("holder", true)).await.body["id"].clone();
    let assign = |principal: &serde_json::Value| {
        json!({
            "principalId": principal, "roleDefinitionId": made.body["id"], "directoryScopeId": format!("/{id}"),
        })
    };
    let assignments = "/roleManagement/directory/roleAssignments";
    assert_eq!(client.post(assignments, assign(&plain)).await.status, 400);
    let assigned = client.post(assignments, assign(&holder)).await;
    assert_eq!(assigned.status, 201, "{}", assigned.body);
    assert!(assigned.body.as_object().unwrap().keys().all(|name| !name.starts_with('~')));
    assert_eq!(client.delete(&path).await.status, 204);
    assert_eq!(client.get(&path).await.status, 404);
    let left = client.get(&format!("{assignments}?$filter=principalId eq '{}'", holder.as_str().unwrap())).await;
    assert_eq!(left.body["value"], json!([]));
}
