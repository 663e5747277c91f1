//! Groups, their members and owners; administrative units.

use super::client::*;
use reqwest::Method;
use serde_json::{Value, json};

async fn group(client: &Client, name: &str, more: Value) -> String {
    let mut body = json!({ "displayName": name, "mailEnabled": false, "mailNickname": name, "securityEnabled": true });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let made = client.post("/groups", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn members_count_directly_and_through_groups() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let (zoe, megan) = (person(&client, "zoe.howard").await, person(&client, "megan").await);
    let (_, _, principal) = application(&client, "member", json!({ "displayName": "Member" })).await;
    let bound = json!({
        "members@odata.bind": [reference(&client, &zoe)["@odata.id"]],
        "owners@odata.bind": [reference(&client, &megan)["@odata.id"]],
    });
    let inner = group(&client, "inner", bound).await;
    let outer = group(&client, "outer", json!({})).await;
    let members = format!("/groups/{outer}/members/$ref");
    assert_eq!(client.post(&members, reference(&client, &inner)).await.status, 204);
    // As older clients of Terraform's write it: with the tenant in the address.
    let address = format!("{}/v1.0/{}/directoryObjects/{principal}", client.url, emulator.tenant_id());
    assert_eq!(client.post(&members, json!({ "@odata.id": address })).await.status, 204);
    let twice = client.post(&members, reference(&client, &inner)).await;
    assert_eq!(
        twice.message(),
        "One or more added object references already exist for the following modified properties: 'members'."
    );

    let mut both = vec![inner.clone(), principal.clone()];
    both.sort();
    assert_eq!(ids(&client, &format!("/groups/{outer}/members?$select=id")).await, both);
    assert_eq!(ids(&client, &format!("/groups/{outer}/members/microsoft.graph.group")).await, [inner.as_str()]);
    let mut all = vec![inner.clone(), principal.clone(), zoe.clone()];
    all.sort();
    assert_eq!(ids(&client, &format!("/groups/{outer}/transitiveMembers")).await, all);
    assert_eq!(ids(&client, &format!("/groups/{inner}/owners")).await, [megan.as_str()]);
    assert_eq!(ids(&client, &format!("/users/{zoe}/memberOf")).await, [inner.as_str()]);
    let mut groups = vec![inner.clone(), outer.clone()];
    groups.sort();
    assert_eq!(ids(&client, &format!("/users/{zoe}/transitiveMemberOf/microsoft.graph.group")).await, groups);
    assert_eq!(ids(&client, &format!("/servicePrincipals/{principal}/memberOf")).await, [outer.as_str()]);
    assert_eq!(ids(&client, &format!("/users/{megan}/ownedObjects")).await, [inner.as_str()]);

    let check = json!({ "groupIds": [outer, "11111111-2222-3333-4444-555555555555"] });
    let checked = client.post(&format!("/directoryObjects/{zoe}/checkMemberGroups"), check).await;
    assert_eq!(checked.body["value"], json!([outer]));
    let got = client.post(&format!("/users/{zoe}/getMemberGroups"), json!({ "securityEnabledOnly": true })).await;
    assert_eq!(got.body["value"], json!(groups));

    let member = format!("/groups/{outer}/members/{inner}/$ref");
    assert_eq!(client.delete(&member).await.status, 204);
    assert_eq!(client.delete(&member).await.status, 404);
    assert_eq!(client.delete(&format!("/groups/{inner}")).await.status, 204);
    assert_eq!(ids(&client, &format!("/users/{zoe}/memberOf")).await, [] as [String; 0]);
    assert_eq!(ids(&client, "/directory/deletedItems/microsoft.graph.group").await, [inner.as_str()]);
    let restored = client.post(&format!("/directory/deletedItems/{inner}/restore"), json!({})).await;
    assert_eq!(restored.body["@odata.type"], "#microsoft.graph.group");
    assert_eq!(ids(&client, &format!("/groups/{inner}/members")).await, [zoe]);
}

#[tokio::test]
async fn a_group_that_is_half_given_or_of_no_known_sort_is_refused() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let whole = json!({ "displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true });
    for (name, value) in [
        ("mailNickname", Value::Null),
        ("mailNickname", json!("with blank")),
        ("mailEnabled", json!(true)),
        ("groupTypes", json!(["Unknown"])),
        ("groupTypes", json!(["DynamicMembership"])),
        ("securityEnabled", json!(false)),
        ("nonsense", json!(1)),
    ] {
        let mut body = whole.clone();
        body[name] = value;
        assert_eq!(client.post("/groups", body).await.status, 400, "{name}");
    }
    let id = group(&client, "plain", json!({})).await;
    let fixed = client.patch(&format!("/groups/{id}"), json!({ "isAssignableToRole": true })).await;
    assert_eq!(fixed.status, 400);
    assert_eq!(client.patch(&format!("/groups/{id}"), json!({ "description": null })).await.status, 204);
    let itself = client.post(&format!("/groups/{id}/members/$ref"), reference(&client, &id)).await;
    assert_eq!(itself.status, 400);
    let (app, _, _) = application(&client, "none", json!({ "displayName": "None" })).await;
    let wrong = client.post(&format!("/groups/{id}/members/$ref"), reference(&client, &app)).await;
    assert_eq!(wrong.message(), "The reference target of type 'Application' is invalid for the 'members' reference.");
    let path = "/groups(uniqueName='handled')";
    let body = json!({ "displayName": "H", "mailEnabled": false, "mailNickname": "h", "securityEnabled": true });
    for expected in [201, 204] {
        let upsert = client.send(Method::PATCH, path, Some(body.clone()), &[("Prefer", "create-if-missing")]).await;
        assert_eq!(upsert.status, expected, "{}", upsert.body);
    }
}

#[tokio::test]
async fn an_app_role_is_assigned_to_a_group() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let id = group(&client, "readers", json!({})).await;
    let role = "aaaaaaaa-0000-0000-0000-000000000001";
    let body = json!({ "displayName": "Api", "appRoles": [{
        "id": role, "displayName": "Reader", "value": "Read", "isEnabled": true, "allowedMemberTypes": ["User"],
    }]});
    let (_, _, resource) = application(&client, "api", body).await;
    let path = format!("/groups/{id}/appRoleAssignments");
    let consent = json!({ "principalId": id, "resourceId": resource, "appRoleId": role });
    let made = client.post(&path, consent).await;
    assert_eq!((made.status, &made.body["principalType"]), (201, &json!("Group")), "{}", made.body);
    let assignment = made.body["id"].as_str().unwrap();
    assert_eq!(ids(&client, &path).await, [assignment]);
    assert_eq!(ids(&client, &format!("/servicePrincipals/{resource}/appRoleAssignedTo")).await, [assignment]);
    assert_eq!(client.delete(&format!("{path}/{assignment}")).await.status, 204);
}

#[tokio::test]
async fn a_unit_has_members_and_administrators() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let (zoe, megan) = (person(&client, "zoe.howard").await, person(&client, "megan").await);
    let body = json!({ "displayName": "Berlin", "description": "", "visibility": "Public" });
    let unit = client.post("/directory/administrativeUnits", body).await;
    assert_eq!(unit.status, 201, "{}", unit.body);
    let path = format!("/directory/administrativeUnits/{}", unit.body["id"].as_str().unwrap());
    assert_eq!(client.patch(&path, json!({ "displayName": "Bonn" })).await.status, 204);
    assert_eq!(client.post(&format!("{path}/members/$ref"), reference(&client, &zoe)).await.status, 204);
    let born = json!({
        "@odata.type": "#microsoft.graph.group", "displayName": "Born here", "mailEnabled": false,
        "mailNickname": "born", "securityEnabled": true,
    });
    let born = client.post(&format!("{path}/members"), born).await;
    assert_eq!(born.status, 201, "{}", born.body);
    let mut members = vec![zoe.clone(), born.body["id"].as_str().unwrap().to_owned()];
    members.sort();
    assert_eq!(ids(&client, &format!("{path}/members")).await, members);
    assert_eq!(ids(&client, &format!("{path}/members/microsoft.graph.user")).await, [zoe.as_str()]);
    let listed = ids(&client, "/directory/administrativeUnits?$filter=displayName eq 'Bonn'").await;
    assert_eq!(listed, [unit.body["id"].as_str().unwrap()]);

    let helpdesk = json!({ "roleTemplateId": "729827e3-9c14-49f7-bb1b-9608f156bbb8" });
    let role = client.post("/directoryRoles", helpdesk).await.body["id"].clone();
    let scoped = json!({ "roleId": role, "roleMemberInfo": { "id": megan } });
    let scoped = client.post(&format!("{path}/scopedRoleMembers"), scoped).await;
    assert_eq!(scoped.status, 201, "{}", scoped.body);
    assert_eq!(scoped.body["roleMemberInfo"]["displayName"], "Megan Bowen");
    let id = scoped.body["id"].as_str().unwrap();
    let role = role.as_str().unwrap();
    assert_eq!(ids(&client, &format!("/directoryRoles/{role}/scopedMembers")).await, [id]);
    assert_eq!(ids(&client, &format!("/users/{megan}/scopedRoleMemberOf")).await, [id]);
    assert_eq!(client.get(&format!("{path}/scopedRoleMembers/{id}")).await.body["id"], id);
    let filter = format!("/roleManagement/directory/roleAssignments?$filter=principalId eq '{megan}'");
    let assignment = client.get(&filter).await.body["value"][0].clone();
    assert_eq!(assignment["directoryScopeId"], path.trim_start_matches("/directory").to_owned());
    assert_eq!(client.delete(&format!("{path}/scopedRoleMembers/{id}")).await.status, 204);
    assert_eq!(client.get(&filter).await.body["value"], json!([]));
    assert_eq!(client.delete(&format!("{path}/members/{zoe}/$ref")).await.status, 204);
    assert_eq!(client.delete(&path).await.status, 204);
    assert_eq!(client.get(&path).await.status, 404);
}
