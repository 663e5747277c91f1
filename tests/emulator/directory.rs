//! What the emulator serves and refuses, over real HTTP, as a client sees it.

use super::client::*;
use base64::{Engine, prelude::*};
use jsonwebtoken::Algorithm;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_secret_buys_a_token_and_wrong_ones_are_refused() {
    let emulator = start().await;
    let operator = emulator.operator();
    let (id, secret) = (operator.client_id.as_str(), operator.client_secret.as_str());
    let answer = sign_in(&emulator, &[("client_id", id), ("client_secret", secret)]).await;
    assert_eq!(answer.body["expires_in"], 3599);
    let claims = claims(answer.body["access_token"].as_str().unwrap());
    assert_eq!(claims["appid"], id);
    assert_eq!(claims["idtyp"], "app");
    assert_eq!(claims["appidacr"], "1");
    assert_eq!(claims["oid"], claims["sub"]);
    assert_eq!(claims["wids"], json!(["0997a1d0-0d1d-4acb-b408-d5ca73121e90"]));
    assert_eq!(claims["roles"].as_array().unwrap().len(), 13);
    assert!(!format!("{operator:?}").contains(secret));

    let basic = http()
        .post(format!("{}/{DOMAIN}/oauth2/token", emulator.url()))
        .basic_auth(id, Some(secret))
        .form(&[("grant_type", "client_credentials"), ("resource", emulator.url())])
        .send()
        .await
        .unwrap();
    let basic = Answer::read(basic).await;
    assert_eq!(basic.body["expires_in"], "3599");

    for (form, status, error, code) in [
        (vec![("client_id", id), ("client_secret", "wrong")], 401, "invalid_client", 7_000_215),
        (vec![("client_id", id)], 401, "invalid_client", 7_000_218),
        (vec![("client_id", "nobody"), ("client_secret", secret)], 400, "unauthorized_client", 700_016),
    ] {
        let answer = sign_in(&emulator, &form).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.body["error"], error);
        assert_eq!(answer.body["error_codes"], json!([code]));
        assert!(answer.body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{code}: ")));
    }
    let secret = [("client_id", id), ("client_secret", secret)];
    let answer = sign_in_to(&emulator, "https://nowhere.example/.default", &secret).await;
    assert_eq!(answer.body["error"], "invalid_resource");
    let answer = sign_in_to(&emulator, "https://graph.microsoft.com/User.Read", &secret).await;
    assert_eq!(answer.body["error"], "invalid_scope");
    let elsewhere =
        format!("{}/11111111-2222-3333-4444-555555555555/v2.0/.well-known/openid-configuration", emulator.url());
    let answer = Answer::read(http().get(elsewhere).send().await.unwrap()).await;
    assert_eq!((answer.status, &answer.body["error_codes"]), (400, &json!([90002])));
}

#[tokio::test]
async fn an_application_is_made_consented_and_signs_in_with_its_certificate() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    let certificate = Certificate::new();
    let zoe = client.get(&format!("/users/zoe.howard@{DOMAIN}")).await.body["id"].clone();
    let owner = format!("{}/v1.0/directoryObjects/{}", emulator.url(), zoe.as_str().unwrap());
    let body = json!({
        "displayName": "EXO automation",
        "keyCredentials": [certificate.credential()],
        "requiredResourceAccess": [{
            "resourceAppId": EXCHANGE, "resourceAccess": [{ "id": MANAGE_AS_APP, "type": "Role" }],
        }],
        "tags": ["accredit:estate", "accredit:other"],
        "owners@odata.bind": [owner],
    });
    let (id, app_id, principal) = application(&client, "exo-automation", body.clone()).await;
    let made = client.get("/applications(uniqueName='exo-automation')").await;
    assert_eq!(made.body["id"], *id);
    let key = &made.body["keyCredentials"][0];
    assert_eq!(key["key"], Value::Null);
    assert_eq!(key["displayName"], "CN=\"Automation, nightly\", C=AU");
    assert_eq!(key["customKeyIdentifier"].as_str().unwrap().len(), 40);
    assert_eq!(key["endDateTime"], "2040-01-01T00:00:00Z");
    let selected = client.get(&format!("/applications/{id}?$select=keyCredentials")).await;
    assert_eq!(selected.body["keyCredentials"][0]["key"], BASE64_STANDARD.encode(&certificate.der));
    let owners = client.get(&format!("/applications/{id}/owners")).await;
    assert_eq!(owners.body["value"][0]["id"], zoe);
    assert_eq!(owners.body["value"][0]["@odata.type"], "#microsoft.graph.user");

    // The same again is a change, not a second application.
    let mut again = body;
    again.as_object_mut().unwrap().remove("owners@odata.bind");
    again.as_object_mut().unwrap().remove("keyCredentials");
    assert_eq!(client.upsert("exo-automation", again).await.status, 204);

    let exchange = resource(&client, EXCHANGE).await;
    let consent = json!({ "principalId": principal, "resourceId": exchange, "appRoleId": MANAGE_AS_APP });
    let path = format!("/servicePrincipals/{exchange}/appRoleAssignedTo");
    let granted = client.post(&path, consent.clone()).await;
    assert_eq!(granted.status, 201, "{}", granted.body);
    let twice = client.post(&path, consent).await;
    assert_eq!(twice.said(), (400, "Request_BadRequest"));
    assert_eq!(twice.message(), "Permission being assigned already exists on the object");
    let role = json!({
        "@odata.type": "#microsoft.graph.unifiedRoleAssignment",
        "principalId": principal, "roleDefinitionId": EXCHANGE_ADMINISTRATOR, "directoryScopeId": "/",
    });
    let assigned = client.post("/roleManagement/directory/roleAssignments", role.clone()).await;
    assert_eq!(assigned.status, 201, "{}", assigned.body);
    let twice = client.post("/roleManagement/directory/roleAssignments", role).await;
    assert!(twice.message().starts_with("A conflicting object"));
    let listed =
        client.get(&format!("/roleManagement/directory/roleAssignments?$filter=principalId eq '{principal}'")).await;
    assert_eq!(listed.body["value"][0]["id"], assigned.body["id"]);

    let audience = format!("{}/{}/oauth2/v2.0/token", emulator.url(), emulator.tenant_id());
    for algorithm in [Algorithm::PS256, Algorithm::RS256] {
        // Python's MSAL sends fractions of seconds.
        let fraction = json!({ "exp": 4_000_000_000.5 });
        let assertion = certificate.assertion(algorithm, &audience, &app_id, &fraction);
        let form = [("client_id", app_id.as_str()), ASSERTION_TYPE, ("client_assertion", &assertion)];
        let answer = sign_in_to(&emulator, "https://outlook.office365.com/.default", &form).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let claims = claims(answer.body["access_token"].as_str().unwrap());
        assert_eq!(claims["roles"], json!(["Exchange.ManageAsApp"]));
        assert_eq!(claims["wids"], json!([EXCHANGE_ADMINISTRATOR]));
        assert_eq!(claims["appidacr"], "2");
        assert_eq!(claims["oid"], *principal);
        assert_eq!(claims["aud"], "https://outlook.office365.com");
    }
    let other = Certificate::new();
    for (assertion, code) in [
        (other.assertion(Algorithm::PS256, &audience, &app_id, &json!({})), 700_027),
        (certificate.assertion(Algorithm::PS256, "https://elsewhere.example", &app_id, &json!({})), 700_023),
        (certificate.assertion(Algorithm::PS256, &audience, &app_id, &json!({ "exp": 1_600_000_000 })), 700_024),
        (certificate.assertion(Algorithm::PS256, &audience, GRAPH, &json!({})), 700_021),
    ] {
        let form = [("client_id", app_id.as_str()), ASSERTION_TYPE, ("client_assertion", &assertion)];
        let answer = sign_in(&emulator, &form).await;
        assert_eq!(answer.body["error_codes"], json!([code]), "{}", answer.body);
        assert_eq!(answer.status, 401);
    }
    // Another key under the right certificate's name.
    let forged = Certificate { der: certificate.der.clone(), key: other.key };
    let assertion = forged.assertion(Algorithm::RS256, &audience, &app_id, &json!({}));
    let form = [("client_id", app_id.as_str()), ASSERTION_TYPE, ("client_assertion", &assertion)];
    let answer = sign_in(&emulator, &form).await;
    assert!(answer.body["error_description"].as_str().unwrap().contains("signature value did not match"));
}

#[tokio::test]
async fn what_graph_refuses_is_refused_in_its_words() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    let (id, _, principal) = application(&client, "one", json!({ "displayName": "One" })).await;
    let path = format!("/applications/{id}");

    let unknown = client.patch(&path, json!({ "web": { "homePage": "x" } })).await;
    assert_eq!(unknown.said(), (400, "BadRequest"));
    assert!(unknown.message().contains("'homePage' does not exist"));
    for body in [
        json!({ "appId": "11111111-2222-3333-4444-555555555555" }),
        json!({ "displayName": 7 }),
        json!({ "uniqueName": "two" }),
        json!({ "keyCredentials": null }),
        json!({ "requiredResourceAccess": [{ "resourceAppId": "x", "resourceAccess": [] }] }),
    ] {
        assert_eq!(client.patch(&path, body).await.status, 400);
    }
    assert_eq!(client.get(&path).await.body["displayName"], "One");

    for (path, said) in [
        ("/applications/11111111-2222-3333-4444-555555555555", (404, "Request_ResourceNotFound")),
        ("/nonsense", (400, "BadRequest")),
        ("/applications?$filter=uniqueName eq 'one'", (400, "Request_UnsupportedQuery")),
        ("/applications?$filter=nonsense eq 'one'", (400, "BadRequest")),
        ("/applications?$select=nonsense", (400, "BadRequest")),
        ("/applications?$expand=nonsense", (400, "BadRequest")),
        ("/applications?$orderby=displayName", (400, "Request_UnsupportedQuery")),
        ("/applications?$top=1000", (400, "Request_UnsupportedQuery")),
        ("/roleManagement/directory/roleDefinitions?$top=5", (400, "Request_UnsupportedQuery")),
        ("/applications/$count", (400, "Request_BadRequest")),
        ("/directory/deletedItems", (400, "Request_UnsupportedQuery")),
    ] {
        assert_eq!(client.get(path).await.said(), said, "{path}");
    }
    let missing = client.send(Method::PATCH, "/applications(uniqueName='two')", Some(json!({})), &[]).await;
    assert_eq!(missing.said(), (404, "Request_ResourceNotFound"));
    let again = client.post("/servicePrincipals", json!({ "appId": client.get(&path).await.body["appId"] })).await;
    assert_eq!(again.said(), (409, "Request_MultipleObjectsWithSameKeyValue"));

    // A deleted application takes its principal with it and keeps its name.
    assert_eq!(client.delete(&path).await.status, 204);
    assert_eq!(client.get(&format!("/servicePrincipals/{principal}")).await.status, 404);
    let taken = client.upsert("one", json!({ "displayName": "One" })).await;
    assert_eq!(taken.message(), "Another object with the same value for property uniqueName already exists.");
    let restored = client.post(&format!("/directory/deletedItems/{id}/restore"), json!({})).await;
    assert_eq!((restored.status, &restored.body["@odata.type"]), (200, &json!("#microsoft.graph.application")));

    // Tokens.
    let mut stranger = Client { http: http(), url: client.url.clone(), token: "nonsense".into() };
    let refused = stranger.get("/applications").await;
    assert_eq!(refused.said(), (401, "InvalidAuthenticationToken"));
    assert!(refused.message().starts_with("IDX14100"));
    assert!(refused.headers.contains_key("www-authenticate"));
    assert_eq!(refused.body["error"]["innerError"]["request-id"], refused.headers["request-id"].to_str().unwrap());
    let operator = emulator.operator();
    let form = [("client_id", operator.client_id.as_str()), ("client_secret", &operator.client_secret)];
    let elsewhere = sign_in_to(&emulator, "https://manage.office.com/.default", &form).await;
    stranger.token = elsewhere.body["access_token"].as_str().unwrap().to_owned();
    assert!(stranger.get("/applications").await.message().ends_with("Invalid audience."));

    // Permissions: an application with a secret and nothing else.
    let (id, app_id, _) = application(&client, "poor", json!({ "displayName": "Poor" })).await;
    let password = client.post(&format!("/applications/{id}/addPassword"), json!({})).await;
    let secret = password.body["secretText"].as_str().unwrap();
    assert_eq!(password.body["hint"], secret[..3]);
    let poor = Client::with_secret(&emulator, &app_id, secret).await;
    for path in ["/applications", "/users", "/organization", "/oauth2PermissionGrants"] {
        assert_eq!(poor.get(path).await.said(), (403, "Authorization_RequestDenied"), "{path}");
    }
    assert_eq!(poor.post("/applications", json!({ "displayName": "x" })).await.status, 403);
}

#[tokio::test]
async fn a_certificate_is_kept_added_and_removed_by_the_rules() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    let (first, second) = (Certificate::new(), Certificate::new());
    let body = json!({ "displayName": "One", "keyCredentials": [first.credential()] });
    let (id, _, _) = application(&client, "one", body).await;
    let path = format!("/applications/{id}");
    let stored = client.get(&path).await.body["keyCredentials"][0].clone();

    let both = client.patch(&path, json!({ "keyCredentials": [stored, second.credential()] })).await;
    assert_eq!(both.status, 204, "{}", both.body);
    let mut changed = stored.clone();
    changed["endDateTime"] = "2039-01-01T00:00:00Z".into();
    let refused = client.patch(&path, json!({ "keyCredentials": [changed] })).await;
    let key_id = stored["keyId"].as_str().unwrap();
    assert_eq!(refused.message(), format!("Update to existing credential with KeyId '{key_id}' is not allowed."));
    let mut late = second.credential();
    late["endDateTime"] = "2040-01-01T00:00:01Z".into();
    let refused = client.patch(&path, json!({ "keyCredentials": [late] })).await;
    assert_eq!(refused.said(), (400, "KeyCredentialsInvalidEndDate"));
    let nonsense = json!({ "type": "AsymmetricX509Cert", "usage": "Verify", "key": "bm9uc2Vuc2U=" });
    let refused = client.patch(&path, json!({ "keyCredentials": [nonsense] })).await;
    assert_eq!(refused.said(), (400, "KeyCredentialsInvalidValue"));
    assert_eq!(client.get(&path).await.body["keyCredentials"].as_array().unwrap().len(), 2);

    let pem =
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64_STANDARD.encode(&second.der));
    let mut from_pem = second.credential();
    from_pem["key"] = BASE64_STANDARD.encode(pem).into();
    assert_eq!(client.patch(&path, json!({ "keyCredentials": [from_pem] })).await.status, 204);
    let after = client.get(&path).await.body["keyCredentials"].clone();
    assert_eq!(after.as_array().unwrap().len(), 1);
    assert_ne!(after[0]["keyId"], stored["keyId"]);
}

#[tokio::test]
async fn pages_follow_one_another_until_none_is_left() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    for number in 0..5 {
        let body = json!({ "displayName": format!("Page {number}"), "tags": ["paged"] });
        assert_eq!(client.post("/applications", body).await.status, 201);
    }
    let mut address =
        format!("{}/v1.0/applications?$filter=tags/any(t:t eq 'paged')&$select=displayName&$top=2", client.url);
    let mut seen = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let page = Answer::read(client.http.get(&address).bearer_auth(&client.token).send().await.unwrap()).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body["@odata.context"].as_str().unwrap().ends_with("#applications(displayName)"));
        let value = page.body["value"].as_array().unwrap().clone();
        sizes.push(value.len());
        seen.extend(value.iter().map(|app| app["displayName"].as_str().unwrap().to_owned()));
        assert!(value.iter().all(|app| app.as_object().unwrap().len() == 1));
        match page.body["@odata.nextLink"].as_str() {
            Some(next) => next.clone_into(&mut address),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(sizes, [2, 2, 1]);
    assert_eq!(seen, ["Page 0", "Page 1", "Page 2", "Page 3", "Page 4"]);
}

#[tokio::test]
async fn a_batch_is_served_out_of_order_and_respects_dependencies() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    let batch = json!({ "requests": [
        { "id": "1", "method": "GET", "url": "/organization" },
        { "id": "2", "method": "GET", "url": "/applications/nonsense" },
        { "id": "3", "method": "GET", "url": "users", "dependsOn": ["2"] },
        { "id": "4", "method": "PATCH", "url": "/applications(uniqueName='batched')",
          "headers": { "Content-Type": "application/json", "Prefer": "create-if-missing" },
          "body": { "displayName": "Batched" } },
    ]});
    let answer = client.post("/$batch", batch).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let responses = answer.body["responses"].as_array().unwrap();
    let status = |id: &str| responses.iter().find(|response| response["id"] == id).unwrap()["status"].clone();
    assert_eq!([status("1"), status("2"), status("3"), status("4")], [200, 404, 424, 201]);
    assert_ne!(responses[0]["id"], "1");
    let many: Vec<Value> =
        (0..21).map(|id| json!({ "id": id.to_string(), "method": "GET", "url": "/users" })).collect();
    assert_eq!(client.post("/$batch", json!({ "requests": many })).await.status, 400);
}

#[tokio::test]
async fn an_application_that_owns_may_write_what_it_owns() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    let (other, _, _) = application(&client, "other", json!({ "displayName": "Other" })).await;
    let (id, app_id, principal) = application(&client, "owner", json!({ "displayName": "Owner" })).await;
    let graph = resource(&client, GRAPH).await;
    let consent = json!({
        "principalId": principal, "resourceId": graph, "appRoleId": "18a4783c-866b-4cc7-a460-3d5e5662c884",
    });
    let path = format!("/servicePrincipals/{principal}/appRoleAssignments");
    assert_eq!(client.post(&path, consent).await.status, 201);
    let password = client.post(&format!("/applications/{id}/addPassword"), json!({})).await;
    let owner = Client::with_secret(&emulator, &app_id, password.body["secretText"].as_str().unwrap()).await;
    assert_eq!(owner.patch(&format!("/applications/{other}"), json!({ "notes": "x" })).await.status, 403);
    let own = owner.post("/applications", json!({ "displayName": "Own" })).await;
    let own_path = format!("/applications/{}", own.body["id"].as_str().unwrap());
    assert_eq!(owner.patch(&own_path, json!({ "notes": "x" })).await.status, 204);
    let foreign = owner.post(
        "/servicePrincipals",
        json!({ "appId": client.get(&format!("/applications/{other}")).await.body["appId"] }),
    );
    assert!(foreign.await.message().contains("must in the local tenant"));
}

#[tokio::test]
async fn a_batch_that_cannot_be_ordered_is_refused() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    let get =
        |id: &str, depends_on: Value| json!({ "id": id, "method": "GET", "url": "/users", "dependsOn": depends_on });
    for requests in [
        json!([get("1", json!(["2"])), get("2", json!(["1"]))]),
        json!([get("1", json!(["nobody"]))]),
        json!([get("1", json!(["1"]))]),
        json!([get("1", json!("2")), get("2", json!([]))]),
        json!([get("1", json!([null])), get("2", json!([]))]),
        json!([{ "id": "1", "method": "GET", "url": "/users", "headers": ["ConsistencyLevel"] }]),
    ] {
        let answer = client.post("/$batch", json!({ "requests": requests })).await;
        assert_eq!(answer.said(), (400, "BadRequest"), "{}", answer.body);
    }
    let nested = json!({ "requests": [{
        "id": "1", "method": "POST", "url": "/$batch", "headers": { "Content-Type": "application/json" },
        "body": { "requests": [get("2", json!([]))] },
    }]});
    let answer = client.post("/$batch", nested).await;
    assert_eq!(answer.body["responses"][0]["status"], 400, "{}", answer.body);
}
