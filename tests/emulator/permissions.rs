//! What a caller may do by its application permissions and by its directory roles.

use super::client::*;
use serde_json::{Value, json};

async fn caller(emulator: &accredit::emulator::Emulator, client: &Client, name: &str) -> (String, String, String) {
    let made = application(client, name, json!({ "displayName": name })).await;
    let poor = with_new_secret(emulator, client, &made.0, &made.1).await;
    for path in ["/groups", "/directoryRoles", "/directory/administrativeUnits", "/policies/appManagementPolicies"] {
        assert_eq!(poor.get(path).await.said(), (403, "Authorization_RequestDenied"), "{path}");
    }
    made
}

async fn hold(client: &Client, principal: &str, role: &str) {
    let body = json!({ "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/" });
    assert_eq!(client.post("/roleManagement/directory/roleAssignments", body).await.status, 201);
}

#[tokio::test]
async fn directory_roles_give_rights_too() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let (other, _, _) = application(&client, "other", json!({ "displayName": "Other" })).await;
    let group = json!({ "displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true });
    let change = json!({ "notes": "changed" });
    let assignment = |principal: &str| json!({ "principalId": principal, "roleDefinitionId": EXCHANGE_ADMINISTRATOR, "directoryScopeId": "/" });
    // Name, role, may write applications, create groups, assign roles.
    for (name, role, applications, groups, roles) in [
        ("app-admin", "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", 204, 403, 403),
        ("cloud-app-admin", "158c047a-c907-4556-b7ef-446551a6b5f7", 204, 403, 403),
        ("role-admin", "e8611ab8-c189-46e8-94e1-60213ab1f814", 403, 403, 201),
        ("groups-admin", "fdd7a751-b60b-444a-984c-02652fe8fa1c", 403, 201, 403),
        ("global-admin", "62e90394-69f5-4237-9190-012177145e10", 204, 201, 201),
        ("reader", "88d8e3e3-8f55-4a1e-953a-9b9898b8876b", 403, 403, 403),
    ] {
        let (id, app_id, principal) = caller(&emulator, &client, name).await;
        hold(&client, &principal, role).await;
        let by_role = with_new_secret(&emulator, &client, &id, &app_id).await;
        assert_eq!(by_role.get("/groups").await.status, 200, "{name}");
        assert_eq!(
            by_role.patch(&format!("/applications/{other}"), change.clone()).await.status,
            applications,
            "{name}"
        );
        assert_eq!(by_role.post("/groups", group.clone()).await.status, groups, "{name}");
        let assigned = by_role.post("/roleManagement/directory/roleAssignments", assignment(&principal)).await;
        assert_eq!(assigned.status, roles, "{name}");
    }
}

#[tokio::test]
async fn each_resource_has_a_permission_of_its_own() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let graph = resource(&client, GRAPH).await;
    let roles = client.get(&format!("/servicePrincipals/{graph}?$select=appRoles")).await.body["appRoles"].clone();
    let role = |value: &str| {
        roles.as_array().unwrap().iter().find(|role| role["value"] == value).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let unit = json!({ "displayName": "Unit" });
    let policy = json!({ "displayName": "P", "isEnabled": false, "restrictions": {} });
    let for_roles = json!({
        "displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true, "isAssignableToRole": true,
    });
    let cases: [(&str, &str, Value, u16); 5] = [
        ("AdministrativeUnit.ReadWrite.All", "/directory/administrativeUnits", unit, 201),
        ("Policy.ReadWrite.ApplicationConfiguration", "/policies/appManagementPolicies", policy, 201),
        ("Domain.ReadWrite.All", "/domains", json!({ "id": "example.com" }), 201),
        // A group for roles needs the right over roles as well.
        ("Group.ReadWrite.All", "/groups", for_roles, 403),
        ("GroupMember.ReadWrite.All", "/groups", json!({}), 403),
    ];
    for (permission, path, body, status) in cases {
        let (id, app_id, principal) = caller(&emulator, &client, permission).await;
        let consent = json!({ "principalId": principal, "resourceId": graph, "appRoleId": role(permission) });
        assert_eq!(client.post(&format!("/servicePrincipals/{graph}/appRoleAssignedTo"), consent).await.status, 201);
        let with_it = with_new_secret(&emulator, &client, &id, &app_id).await;
        let answer = with_it.post(path, body).await;
        assert_eq!(answer.status, status, "{permission}: {}", answer.body);
        assert_eq!(with_it.get("/applications").await.status, 403, "{permission}");
    }
}
