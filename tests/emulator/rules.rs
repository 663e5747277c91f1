//! What applications may not hold, what a batch honours, what becomes of deleted objects, and the smaller resources.

use super::client::*;
use accredit::emulator::{self, Options};
use reqwest::Method;
use serde_json::{Value, json};

const ONE: &str = "aaaaaaaa-0000-0000-0000-000000000001";
const TWO: &str = "aaaaaaaa-0000-0000-0000-000000000002";

fn role(id: &str, value: &str) -> Value {
    json!({ "id": id, "displayName": value, "value": value, "isEnabled": false, "allowedMemberTypes": ["Application"] })
}

#[tokio::test]
async fn half_given_and_repeated_members_are_refused() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let (id, _, _) = application(&client, "ruled", json!({ "displayName": "Ruled" })).await;
    let path = format!("/applications/{id}");
    let access = |permissions: Value| json!({ "requiredResourceAccess": [{ "resourceAppId": EXCHANGE, "resourceAccess": permissions }] });
    let permission = json!({ "id": MANAGE_AS_APP, "type": "Role" });
    let mut nowhere = role(ONE, "a");
    nowhere["allowedMemberTypes"] = json!([]);
    for (body, code) in [
        (access(json!([{ "id": MANAGE_AS_APP }])), "Request_BadRequest"),
        (access(json!([permission, permission])), "DuplicateValue"),
        (json!({ "requiredResourceAccess": [{ "resourceAppId": EXCHANGE }] }), "Request_BadRequest"),
        (json!({ "appRoles": [role(ONE, "a"), role(ONE, "b")] }), "DuplicateValue"),
        (json!({ "appRoles": [role(ONE, "a"), role(TWO, "a")] }), "DuplicateValue"),
        (json!({ "appRoles": [role(ONE, "with blank")] }), "Request_BadRequest"),
        (json!({ "appRoles": [nowhere] }), "Request_BadRequest"),
        (
            json!({ "appRoles": [role(ONE, "a")], "api": { "oauth2PermissionScopes": [role_as_scope(TWO, "a")] } }),
            "DuplicateValue",
        ),
        (json!({ "api": { "oauth2PermissionScopes": [{ "value": "a", "isEnabled": true }] } }), "Request_BadRequest"),
        (json!({ "web": { "redirectUris": ["https://a.example", "https://a.example"] } }), "DuplicateValue"),
        (json!({ "spa": { "redirectUris": ["no address"] } }), "Request_BadRequest"),
        (json!({ "identifierUris": ["api://a", "API://a"] }), "DuplicateValue"),
        (
            json!({ "signInAudience": "AzureADMultipleOrgs", "identifierUris": ["https://elsewhere.example/a"] }),
            "HostNameNotOnVerifiedDomain",
        ),
    ] {
        let refused = client.patch(&path, body.clone()).await;
        assert_eq!(refused.said(), (400, code), "{body}");
    }
    let fine = json!({
        "requiredResourceAccess": [{ "resourceAppId": EXCHANGE, "resourceAccess": [permission] }],
        "appRoles": [role(ONE, "a"), role(TWO, "b")],
        "api": { "oauth2PermissionScopes": [role_as_scope(ONE, "a")] },
        "web": { "redirectUris": ["https://a.example", "http://localhost:8080/"] },
        "publicClient": { "redirectUris": ["msal://auth", "urn:ietf:wg:oauth:2.0:oob"] },
    });
    let answer = client.patch(&path, fine).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

fn role_as_scope(id: &str, value: &str) -> Value {
    json!({
        "id": id, "value": value, "isEnabled": false, "type": "User",
        "adminConsentDisplayName": value, "adminConsentDescription": value,
    })
}

#[tokio::test]
async fn a_deleted_object_is_kept_for_thirty_days() {
    let folder = std::env::temp_dir().join(format!("accredit-deleted-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    let at = |now: &str| Options {
        file: Some(folder.join("tenant.json")),
        now: Some(now.parse().unwrap()),
        ..Options::new(DOMAIN)
    };
    let emulator = emulator::start(at(NOW)).await.unwrap();
    let client = Client::operator(&emulator).await;
    let (id, _, principal) = application(&client, "mortal", json!({ "displayName": "Mortal" })).await;
    assert_eq!(client.delete(&format!("/applications/{id}")).await.status, 204);
    emulator.stop().await;

    let emulator = emulator::start(at("2026-03-31T11:59:00Z")).await.unwrap();
    let client = Client::operator(&emulator).await;
    assert_eq!(client.get(&format!("/directory/deletedItems/{id}")).await.status, 200);
    assert_eq!(client.upsert("mortal", json!({ "displayName": "Again" })).await.status, 400);
    emulator.stop().await;

    let emulator = emulator::start(at("2026-03-31T12:00:30Z")).await.unwrap();
    let client = Client::operator(&emulator).await;
    assert_eq!(client.get(&format!("/directory/deletedItems/{id}")).await.status, 404);
    assert_eq!(ids(&client, "/directory/deletedItems/microsoft.graph.servicePrincipal").await, [] as [String; 0]);
    let restore = client.post(&format!("/directory/deletedItems/{principal}/restore"), json!({})).await;
    assert_eq!(restore.status, 404);
    assert_eq!(client.upsert("mortal", json!({ "displayName": "Again" })).await.status, 201);
    emulator.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn the_headers_of_a_batched_request_are_its_own() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let counted = "/applications?$filter=displayName ne 'x'&$count=true";
    let eventual = json!({ "ConsistencyLevel": "eventual" });
    let batch = json!({ "requests": [
        { "id": "with", "method": "GET", "url": counted, "headers": eventual },
        { "id": "without", "method": "GET", "url": counted },
        { "id": "etag", "method": "PATCH", "url": "applications(uniqueName='batched')", "body": { "displayName": "B" },
          "headers": { "content-type": "application/json", "prefer": "create-if-missing", "If-Match": "*" } },
        { "id": "after", "method": "GET", "url": "/applications(uniqueName='batched')", "dependsOn": ["etag"] },
    ]});
    let headers = [("ConsistencyLevel", "eventual")];
    for headers in [&[][..], &headers] {
        let answer = client.send(Method::POST, "/$batch", Some(batch.clone()), headers).await;
        let responses = answer.body["responses"].as_array().unwrap();
        let response = |id: &str| responses.iter().find(|response| response["id"] == id).unwrap();
        assert_eq!(response("with")["status"], 200, "{}", response("with"));
        assert!(response("with")["body"]["@odata.count"].is_u64());
        assert_eq!(response("without")["status"], 400);
        assert_eq!(response("after")["status"], 200);
    }
    let twice = json!({ "requests": [
        { "id": "a", "method": "GET", "url": "/users" }, { "id": "A", "method": "GET", "url": "/users" },
    ]});
    assert_eq!(client.post("/$batch", twice).await.status, 400);
}

#[tokio::test]
async fn a_domain_is_added_and_verified_and_then_used() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let made = client.post("/domains", json!({ "id": "Fabrikam.example" })).await;
    assert_eq!((made.status, &made.body["isVerified"]), (201, &json!(false)), "{}", made.body);
    let user = json!({
        "accountEnabled": true, "displayName": "Ann", "mailNickname": "ann", "userPrincipalName": "ann@fabrikam.example",
        "passwordProfile": { "password": "not kept" },
    });
    assert_eq!(client.post("/users", user.clone()).await.status, 400);
    let records = client.get("/domains/fabrikam.example/verificationDnsRecords").await.body["value"].clone();
    assert!(records[0]["text"].as_str().unwrap().starts_with("MS=ms"));
    let verified = client.post("/domains/fabrikam.example/verify", json!({})).await;
    assert_eq!(verified.body["isVerified"], true);
    assert_eq!(client.post("/users", user).await.status, 201);
    assert_eq!(client.patch("/domains/fabrikam.example", json!({ "isDefault": true })).await.status, 204);
    let domains = client.get("/domains").await.body["value"].clone();
    let defaults: Vec<&Value> =
        domains.as_array().unwrap().iter().filter(|domain| domain["isDefault"] == true).collect();
    assert_eq!(defaults.len(), 1);
    assert_eq!(defaults[0]["id"], "fabrikam.example");
    assert_eq!(client.delete("/domains/fabrikam.example").await.status, 400);
    let organization = client.get("/organization").await.body["value"][0]["verifiedDomains"].clone();
    assert_eq!(organization.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_smaller_resources_are_there_or_refused_in_the_services_words() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let (id, app_id, principal) = application(&client, "small", json!({ "displayName": "Small" })).await;
    for path in
        ["claimsMappingPolicies", "tokenLifetimePolicies", "homeRealmDiscoveryPolicies", "tokenIssuancePolicies"]
    {
        assert_eq!(ids(&client, &format!("/servicePrincipals/{principal}/{path}")).await, [] as [String; 0]);
    }
    let path = format!("/applications/{id}/extensionProperties");
    let body = json!({ "name": "costCentre", "dataType": "String", "targetObjects": ["User"] });
    let made = client.post(&path, body.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["name"], format!("extension_{}_costCentre", app_id.replace('-', "")));
    assert_eq!(client.post(&path, body).await.status, 400);
    let available = client.post("/directoryObjects/getAvailableExtensionProperties", json!({})).await;
    assert_eq!(available.body["value"][0]["id"], made.body["id"]);
    assert_eq!(client.delete(&format!("{path}/{}", made.body["id"].as_str().unwrap())).await.status, 204);

    let federated = format!("/applications/{id}/federatedIdentityCredentials(name='ci')");
    let body = json!({ "issuer": "https://i.example", "subject": "s", "audiences": ["api://AzureADTokenExchange"] });
    let prefer = [("Prefer", "create-if-missing")];
    for expected in [201, 204] {
        let upsert = client.send(Method::PATCH, &federated, Some(body.clone()), &prefer).await;
        assert_eq!(upsert.status, expected, "{}", upsert.body);
    }
    let by_app_id = format!("/servicePrincipals(appId='{EXCHANGE}')");
    let upsert = client.send(Method::PATCH, &by_app_id, Some(json!({ "notes": "n" })), &prefer).await;
    assert_eq!(upsert.status, 204);

    let verify =
        client.post(&format!("/applications/{id}/setVerifiedPublisher"), json!({ "verifiedPublisherId": "1" })).await;
    assert_eq!(verify.said(), (400, "MPNAccountNotFoundOrNoAccess"));
    for (path, said) in [
        ("/me", (400, "BadRequest")),
        ("/applicationTemplates", (404, "NotFound")),
        (&*format!("/applications/{id}/logo"), (404, "NotFound")),
        (&*format!("/applications/{id}/nonsense"), (400, "BadRequest")),
        ("/policies/nonsense", (400, "BadRequest")),
    ] {
        assert_eq!(client.get(path).await.said(), said, "{path}");
    }
    assert_eq!(ids(&client, &format!("/servicePrincipals/{principal}/createdObjects")).await, [] as [String; 0]);
}
