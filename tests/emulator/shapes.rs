//! What well-known clients ask for besides plain objects: single properties, answers without metadata, connections
//! inside objects, counts; and the shapes in which they send bodies.

use super::client::*;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const EVENTUAL: (&str, &str) = ("ConsistencyLevel", "eventual");

async fn with(client: &Client, path: &str, header: (&str, &str)) -> Answer {
    client.send(Method::GET, path, None, &[header]).await
}

/// The status, the type and the text of an answer that is no JSON.
async fn plain(client: &Client, path: &str) -> (StatusCode, String, String) {
    let address = format!("{}/v1.0{path}", client.url);
    let answer = client.http.get(address).bearer_auth(&client.token).send().await.unwrap();
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    (answer.status(), kind.unwrap_or_default(), answer.text().await.unwrap())
}

async fn group(client: &Client, name: &str, more: Value) -> String {
    // As CLI for Microsoft 365 spells it.
    let mut body = json!({ "displayName": name, "mailEnabled": false, "mailNickName": name, "securityEnabled": true });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = client.post("/groups", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["mailNickname"], name);
    made.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_property_has_an_address_of_its_own() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let role = json!({
        "id": "0610a4a7-3535-4eb5-89ef-7935b1818f2d", "allowedMemberTypes": ["Application"], "displayName": "Read",
        "description": "Reads", "value": "Read",
    });
    let scope = json!({ "id": "11111111-2222-3333-4444-555555555555", "type": "Admin", "value": "Use" });
    let body = json!({ "displayName": "One", "appRoles": [role], "api": { "oauth2PermissionScopes": [scope] } });
    let (id, app_id, principal) = application(&client, "one", body).await;
    for path in [format!("/applications/{id}/appRoles"), format!("/applications(appId='{app_id}')/AppRoles")] {
        let roles = client.get(&path).await;
        assert_eq!(
            roles.body["@odata.context"],
            format!("{}/v1.0/$metadata#applications('{id}')/appRoles", client.url),
            "{}",
            roles.body
        );
        // Nobody said whether the role is enabled: it is.
        assert_eq!(
            (&roles.body["value"][0]["value"], &roles.body["value"][0]["isEnabled"]),
            (&json!("Read"), &json!(true))
        );
    }
    let scopes = client.get(&format!("/servicePrincipals/{principal}/oauth2PermissionScopes")).await;
    assert_eq!(scopes.body["value"][0]["isEnabled"], true);
    assert!(scopes.body["value"][0].get("origin").is_none());
    let web = client.get(&format!("/applications/{id}/web")).await;
    assert_eq!(web.body["redirectUris"], json!([]));
    let name = client.get(&format!("/applications/{id}/displayName")).await;
    assert_eq!(name.body["value"], "One");
    let (status, kind, text) = plain(&client, &format!("/applications/{id}/displayName/$value")).await;
    assert_eq!((status.as_u16(), kind.as_str(), text.as_str()), (200, "text/plain", "One"));
    assert_eq!(client.get(&format!("/applications/{id}/description")).await.status, 204);
    assert_eq!(client.get(&format!("/applications/{id}/appRoles/$value")).await.status, 400);
    assert_eq!(client.get(&format!("/applications/{id}/nonsense")).await.status, 400);
    assert_eq!(client.patch(&format!("/applications/{id}/displayName"), json!({})).await.status, 405);
    assert_eq!(client.get("/applications/11111111-2222-3333-4444-555555555555/appRoles").await.status, 404);
}

#[tokio::test]
async fn metadata_comes_as_asked_for() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    for name in ["one", "two"] {
        application(&client, name, json!({ "displayName": name })).await;
    }
    let accept = |what| ("Accept", what);
    let none = with(&client, "/applications?$top=1", accept("application/json;odata.metadata=none")).await;
    let names: Vec<&String> = none.body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["@odata.nextLink", "value"]);
    assert!(none.headers["content-type"].to_str().unwrap().contains("odata.metadata=none"));
    let header = accept("application/json; charset=utf-8; IEEE754Compatible=false; odata.metadata=full");
    let full = with(&client, "/applications?$top=1", header).await;
    let first = &full.body["value"][0];
    assert_eq!(first["@odata.type"], "#microsoft.graph.application");
    let id = first["id"].as_str().unwrap();
    assert_eq!(
        first["@odata.id"],
        format!(
            "{}/v2/{}/directoryObjects/{id}/Microsoft.DirectoryServices.Application",
            client.url,
            emulator.tenant_id()
        )
    );
    let one = with(&client, &format!("/applications/{id}"), accept("application/json;odata.metadata=full")).await;
    assert_eq!(one.body["@odata.type"], "#microsoft.graph.application");
    assert!(one.body["@odata.context"].is_string());
    let gone = with(&client, "/applications/x/y", accept("application/json;odata.metadata=none")).await;
    assert!(gone.body["error"]["code"].is_string());
}

#[tokio::test]
async fn members_and_what_they_are_members_of_stand_inside_objects() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let (zoe, megan) = (person(&client, "zoe.howard").await, person(&client, "megan").await);
    let bind = |id: &String| format!("{}/v1.0/directoryObjects/{id}", client.url);
    let inner =
        group(&client, "inner", json!({ "members@odata.bind": [bind(&zoe)], "owners@odata.bind": [bind(&megan)] }))
            .await;
    let outer = group(&client, "outer", json!({})).await;
    let both = json!({ "members@odata.bind": [bind(&inner), bind(&megan)], "owners@odata.bind": [bind(&zoe)] });
    assert_eq!(client.patch(&format!("/groups/{outer}"), both.clone()).await.status, 204);
    assert_eq!(client.patch(&format!("/groups/{outer}"), both).await.status, 400);
    assert_eq!(ids(&client, &format!("/groups/{outer}/owners")).await, [zoe.as_str()]);

    let expanded = client.get(&format!("/groups/{inner}?$expand=members($select=id,displayName)")).await;
    let member = &expanded.body["members"][0];
    assert_eq!((&member["@odata.type"], &member["id"]), (&json!("#microsoft.graph.user"), &json!(zoe)));
    let of = client.get(&format!("/users/{zoe}?$expand=memberOf")).await;
    assert_eq!(of.body["memberOf"][0]["id"], inner.as_str());
    let of = client.get(&format!("/users/{zoe}?$expand=transitiveMemberOf($select=id)")).await;
    assert_eq!(of.body["transitiveMemberOf"].as_array().unwrap().len(), 2);
    let manager = json!({ "@odata.id": bind(&megan) });
    let path = format!("/users/{zoe}/manager/$ref");
    assert_eq!(client.send(Method::PUT, &path, Some(manager), &[]).await.status, 204);
    let manager = client.get(&format!("/users/{zoe}?$expand=manager($select=id)")).await;
    assert_eq!(manager.body["manager"]["id"], megan.as_str());

    // The number alone, for those who accept that it lags.
    let count = format!("/groups/{outer}/members/$count");
    assert_eq!(client.get(&count).await.status, 400);
    assert_eq!(with(&client, &count, EVENTUAL).await.body, json!(2));
    assert_eq!(
        with(&client, &format!("/groups/{outer}/members/microsoft.graph.user/$count"), EVENTUAL).await.body,
        json!(1)
    );
    let filtered = format!("/groups/{outer}/members/$count?$filter=id eq '{megan}'");
    assert_eq!(with(&client, &filtered, EVENTUAL).await.body, json!(1));
    let owned = format!("/groups?$filter=owners/any(o:o/id eq '{megan}')&$count=true");
    assert_eq!(with(&client, &owned, EVENTUAL).await.body["value"][0]["id"], inner.as_str());
    let names = with(&client, "/groups?$search=\"displayName:out\"&$orderby=displayName&$count=true", EVENTUAL).await;
    assert_eq!(names.body["value"][0]["id"], outer.as_str());
    // What is sorted by the directory itself needs no header; what is negated does.
    assert_eq!(client.get("/groups?$orderby=displayName").await.status, 200);
    assert_eq!(client.get("/groups?$filter=securityEnabled ne true").await.status, 400);
}

#[tokio::test]
async fn scopes_and_members_of_roles_are_expanded() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let zoe = person(&client, "zoe.howard").await;
    let unit =
        client.post("/directory/administrativeUnits", json!({ "displayName": "West", "visibility": null })).await;
    let unit = unit.body["id"].as_str().unwrap().to_owned();
    let bound =
        client.post(&format!("/directory/administrativeUnits/{unit}/members/$ref"), reference(&client, &zoe)).await;
    assert_eq!(bound.status, 204);
    let unit_body = client.get(&format!("/directory/administrativeUnits/{unit}?$expand=members")).await.body;
    assert_eq!(unit_body["members"][0]["id"], zoe.as_str());
    let definitions =
        client.get("/roleManagement/directory/roleDefinitions?$filter=displayName eq 'User Administrator'").await;
    let definition = definitions.body["value"][0]["id"].as_str().unwrap().to_owned();
    for scope in ["/".to_owned(), format!("/administrativeUnits/{unit}")] {
        let body = json!({ "principalId": zoe, "roleDefinitionId": definition, "directoryScopeId": scope });
        let made = client.post("/roleManagement/directory/roleAssignments", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.body["id"].as_str().unwrap();
        let path = format!("/roleManagement/directory/roleAssignments/{id}?$expand=directoryScope");
        let expected = if scope == "/" { Value::Null } else { json!(unit) };
        assert_eq!(client.get(&path).await.body["directoryScope"]["id"], expected);
    }
    let roles = client.get("/directoryRoles?$filter=displayName eq 'User Administrator'&$expand=members").await;
    assert_eq!(roles.body["value"][0]["members"][0]["id"], zoe.as_str(), "{}", roles.body);
}

#[tokio::test]
async fn nulls_and_nothing_are_taken_as_clients_send_them() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let body = json!({
        "displayName": "Nulls", "description": null, "info": { "marketingUrl": null }, "web": null, "notes": null,
    });
    let (id, _, principal) = application(&client, "nulls", body).await;
    let path = format!("/applications/{id}");
    let address = json!({ "web": { "homePageUrl": "https://example.com" } });
    assert_eq!(client.patch(&path, address).await.status, 204);
    let change = json!({ "description": null, "info": null, "web": { "homePageUrl": null, "logoutUrl": null } });
    assert_eq!(client.patch(&path, change).await.status, 204);
    let read = client.get(&path).await.body;
    assert_eq!((&read["web"]["homePageUrl"], &read["web"]["redirectUris"]), (&Value::Null, &json!([])));
    assert_eq!(read["info"]["marketingUrl"], Value::Null);
    assert_eq!(client.patch(&path, json!({ "displayName": null })).await.status, 400);
    for body in [json!({}), Value::Null, json!({ "passwordCredential": null })] {
        let added = client.post(&format!("{path}/addPassword"), body).await;
        assert_eq!(added.status, 200, "{}", added.body);
        assert!(added.body["secretText"].is_string());
    }
    assert_eq!(client.post(&format!("{path}/addPassword"), json!({ "passwordCredential": "x" })).await.status, 400);
    let graph = resource(&client, "00000003-0000-0000-c000-000000000000").await;
    let grant = json!({
        "clientId": principal, "consentType": "AllPrincipals", "principalId": null, "resourceId": graph, "scope": "User.Read",
    });
    let made = client.post("/oauth2PermissionGrants", grant).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(made.body.get("startTime").is_none());
    let roles = client.get(&format!("/servicePrincipals/{graph}/appRoles")).await.body;
    let role =
        roles["value"].as_array().unwrap().iter().find(|role| role["value"] == "User.Read.All").unwrap()["id"].clone();
    let assigned = json!({ "principalId": principal, "resourceId": graph, "appRoleId": role });
    let assigned = client.post(&format!("/servicePrincipals/{graph}/appRoleAssignedTo"), assigned).await;
    assert_eq!(assigned.status, 201, "{}", assigned.body);
    // As the older clients of Terraform's read an assignment.
    let assigned = assigned.body["id"].as_str().unwrap();
    let found = client.get(&format!("/servicePrincipals/{graph}/appRoleAssignedTo?$filter=id eq '{assigned}'")).await;
    assert_eq!(found.body["value"][0]["id"], assigned, "{}", found.body);
    let expanded = client.get("/servicePrincipals?$expand=appRoleAssignments&$filter=displayName eq 'Nulls'").await;
    assert_eq!(expanded.body["value"][0]["appRoleAssignments"][0]["id"], assigned, "{}", expanded.body);
    let stranger = json!({ "api": { "preAuthorizedApplications": [
        { "appId": principal, "delegatedPermissionIds": ["11111111-2222-3333-4444-555555555555"] },
    ] } });
    assert_eq!(client.patch(&path, stranger).await.status, 400);
}
