//! The requests of Terraform's azuread provider, in its order and with its bodies: types named everywhere, nulls and
//! empty lists, addresses with and without the tenant, and the caller as an owner who leaves again.

use super::client::*;
use reqwest::Method;
use serde_json::{Value, json};

async fn caller(emulator: &accredit::emulator::Emulator, client: &Client) -> String {
    let filter = format!("/servicePrincipals?$filter=appId eq '{}'", emulator.operator().client_id);
    ids(client, &filter).await.remove(0)
}

#[tokio::test]
async fn an_application_with_all_that_belongs_to_it() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let caller = caller(&emulator, &client).await;
    let owner = person(&client, "megan").await;
    assert_eq!(ids(&client, "/applications?$filter=displayName eq 'Deployer'").await, [] as [String; 0]);
    assert_eq!(client.get(&format!("/directoryObjects/{caller}")).await.status, 200);
    let body = json!({
        "@odata.type": "#microsoft.graph.application",
        "api": {
            "@odata.type": "#microsoft.graph.apiApplication", "acceptMappedClaims": null, "knownClientApplications": [],
            "oauth2PermissionScopes": [], "requestedAccessTokenVersion": 2,
        },
        "appRoles": [],
        "defaultRedirectUri": null,
        "description": null,
        "displayName": "TERRAFORM_UPDATE_11111111-2222-3333-4444-555555555555",
        "groupMembershipClaims": null,
        "identifierUris": [],
        "info": { "marketingUrl": null, "privacyStatementUrl": null, "supportUrl": null, "termsOfServiceUrl": null },
        "isDeviceOnlyAuthSupported": false,
        "isFallbackPublicClient": false,
        "notes": null,
        "optionalClaims": { "accessToken": [], "idToken": [], "saml2Token": [] },
        "owners@odata.bind": [reference(&client, &caller)["@odata.id"]],
        "publicClient": { "redirectUris": [] },
        "requiredResourceAccess": [],
        "serviceManagementReference": null,
        "servicePrincipalLockConfiguration": null,
        "signInAudience": "AzureADMyOrg",
        "spa": { "redirectUris": [] },
        "tags": [],
        "web": {
            "homePageUrl": null, "logoutUrl": null, "redirectUris": [],
            "implicitGrantSettings": { "enableAccessTokenIssuance": false, "enableIdTokenIssuance": false },
        },
    });
    let made = client.post("/applications", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/applications/{}", made.body["id"].as_str().unwrap());
    assert_eq!(client.patch(&path, json!({ "displayName": "Deployer" })).await.status, 204);
    assert_eq!(client.get(&path).await.body["displayName"], "Deployer");
    let beta = client.http.patch(format!("{}/beta{path}", client.url)).bearer_auth(&client.token);
    let beta = beta.json(&json!({ "oauth2RequirePostResponse": false })).send().await.unwrap();
    assert_eq!(beta.status(), 204);
    let owners = format!("{path}/owners");
    assert_eq!(client.post(&format!("{owners}/$ref"), reference(&client, &owner)).await.status, 204);
    assert_eq!(client.delete(&format!("{owners}/{caller}/$ref")).await.status, 204);
    assert_eq!(ids(&client, &format!("{owners}?$select=id")).await, [owner.as_str()]);
    assert_eq!(client.get(&format!("{owners}/{owner}/$ref?$select=id,url")).await.status, 200);

    let api = json!({ "requiredResourceAccess": [{
        "@odata.type": "#microsoft.graph.requiredResourceAccess", "resourceAppId": EXCHANGE,
        "resourceAccess": [{ "@odata.type": "#microsoft.graph.resourceAccess", "id": MANAGE_AS_APP, "type": "Role" }],
    }]});
    assert_eq!(client.patch(&path, api).await.status, 204);
    let password = json!({ "passwordCredential": { "displayName": "rotated", "endDateTime": "2027-01-01T00:00:00Z" } });
    let password = client.post(&format!("{path}/addPassword"), password).await;
    assert_eq!(password.status, 200, "{}", password.body);
    let certificate = Certificate::new();
    let mut key = certificate.credential();
    key["@odata.type"] = "#microsoft.graph.keyCredential".into();
    key["keyId"] = "11111111-2222-3333-4444-555555555555".into();
    key["startDateTime"] = "2026-01-01T00:00:00Z".into();
    key["endDateTime"] = "2027-01-01T00:00:00Z".into();
    assert_eq!(client.patch(&path, json!({ "keyCredentials": [key] })).await.status, 204);
    let mut kept = client.get(&path).await.body["keyCredentials"].clone();
    kept.as_array_mut().unwrap().push(Certificate::new().credential());
    let both = client.patch(&path, json!({ "keyCredentials": kept })).await;
    assert_eq!(both.status, 204, "{}", both.body);
    let federated = json!({
        "@odata.type": "#microsoft.graph.federatedIdentityCredential", "name": "main", "description": "",
        "issuer": "https://token.example", "subject": "repo:o/r", "audiences": ["api://AzureADTokenExchange"],
    });
    let federated = client.post(&format!("{path}/federatedIdentityCredentials"), federated).await;
    assert_eq!(federated.status, 201, "{}", federated.body);
    let remove = json!({ "keyId": password.body["keyId"] });
    assert_eq!(client.post(&format!("{path}/removePassword"), remove).await.status, 204);

    let principal = json!({
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "accountEnabled": true, "alternativeNames": [], "appId": made.body["appId"], "appRoleAssignmentRequired": false,
        "description": "TERRAFORM_UPDATE_1", "loginUrl": null, "notes": null, "notificationEmailAddresses": [],
        "owners@odata.bind": [reference(&client, &caller)["@odata.id"]], "preferredSingleSignOnMode": null,
        "samlSingleSignOnSettings": { "@odata.type": "#microsoft.graph.samlSingleSignOnSettings", "relayState": null },
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
    });
    let principal = client.post("/servicePrincipals", principal).await;
    assert_eq!(principal.status, 201, "{}", principal.body);
    let principal_path = format!("/servicePrincipals/{}", principal.body["id"].as_str().unwrap());
    let change = json!({ "description": null, "preferredTokenSigningKeyThumbprint": "AB", "tags": [] });
    assert_eq!(client.patch(&principal_path, change).await.status, 204);
    assert_eq!(client.delete(&format!("{principal_path}/owners/{caller}/$ref")).await.status, 204);
    let graph = resource(&client, GRAPH).await;
    let grant = json!({
        "@odata.type": "#microsoft.graph.oAuth2PermissionGrant", "clientId": principal.body["id"],
        "consentType": "AllPrincipals", "principalId": null, "resourceId": graph, "scope": "openid",
    });
    let grant = client.post("/oauth2PermissionGrants", grant).await;
    assert_eq!(grant.status, 201, "{}", grant.body);

    assert_eq!(client.delete(&principal_path).await.status, 204);
    assert_eq!(client.delete(&path).await.status, 204);
    let deleted = format!("/directory/deletedItems/{}", made.body["id"].as_str().unwrap());
    assert_eq!(client.delete(&deleted).await.status, 204);
    assert_eq!(client.get(&deleted).await.status, 404);
}

#[tokio::test]
async fn a_user_with_a_manager_and_a_group_with_both() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let (caller, manager) = (caller(&emulator, &client).await, person(&client, "megan").await);
    let body = json!({
        "@odata.type": "#microsoft.graph.user", "accountEnabled": true, "ageGroup": null, "city": null,
        "companyName": "Contoso", "consentProvidedForMinor": null, "country": null, "department": null,
        "displayName": "Jane", "employeeId": null,
        "employeeOrgData": { "@odata.type": "#microsoft.graph.employeeOrgData", "costCenter": null, "division": null },
        "employeeType": null, "faxNumber": null, "mailNickname": "jane", "otherMails": [], "passwordPolicies": null,
        "postalCode": null, "state": null, "streetAddress": null, "usageLocation": "DE",
        "userPrincipalName": format!("jane@{DOMAIN}"),
        "passwordProfile": { "forceChangePasswordNextSignIn": false, "password": "not kept" },
    });
    let made = client.post("/users", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/users/{}", made.body["id"].as_str().unwrap());
    assert_eq!(client.patch(&path, json!({ "showInAddressList": true })).await.status, 204);
    assert_eq!(client.get(&format!("{path}/manager")).await.said(), (404, "Request_ResourceNotFound"));
    let link = Some(reference(&client, &manager));
    assert_eq!(client.send(Method::PUT, &format!("{path}/manager/$ref"), link, &[]).await.status, 204);
    assert_eq!(client.get(&format!("{path}/manager")).await.body["id"], *manager);
    assert_eq!(client.delete(&format!("{path}/manager/$ref")).await.status, 204);
    let extra = client.get(&format!("{path}?$select=accountEnabled,companyName,employeeOrgData,usageLocation")).await;
    assert_eq!(extra.body["companyName"], "Contoso");

    let address = format!("{}/v1.0/{}/directoryObjects/{caller}", client.url, emulator.tenant_id());
    let group = json!({
        "@odata.type": "#microsoft.graph.group", "description": null, "displayName": "TERRAFORM_UPDATE_2",
        "groupTypes": [], "isAssignableToRole": false, "mailEnabled": false, "mailNickname": "deployers",
        "membershipRule": null, "owners@odata.bind": [address], "resourceBehaviorOptions": [],
        "resourceProvisioningOptions": [], "securityEnabled": true,
    });
    let group = client.post("/groups", group).await;
    assert_eq!((group.status, &group.body["isAssignableToRole"]), (201, &Value::Bool(false)), "{}", group.body);
    let group_path = format!("/groups/{}", group.body["id"].as_str().unwrap());
    assert_eq!(client.patch(&group_path, json!({ "displayName": "Deployers" })).await.status, 204);
    let member =
        client.post(&format!("{group_path}/members/$ref"), reference(&client, made.body["id"].as_str().unwrap())).await;
    assert_eq!(member.status, 204);
    let extra = "?$select=allowExternalSenders,autoSubscribeNewMembers,hideFromAddressLists,hideFromOutlookClients";
    assert_eq!(client.get(&format!("{group_path}{extra}")).await.status, 200);
    assert_eq!(ids(&client, &format!("{group_path}/owners?$select=id")).await, [caller]);
    assert_eq!(client.delete(&group_path).await.status, 204);
}

/// The provider's own SDK names media types on every request, asks for counts nobody needs, and writes blanks as `+`.
#[tokio::test]
async fn requests_as_the_providers_sdk_writes_them() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let headers = [
        ("Accept", "application/json; charset=utf-8; IEEE754Compatible=false; odata.metadata=full"),
        ("Content-Type", "application/json; charset=utf-8"),
        ("OData-Version", "4.0"),
        ("OData-MaxVersion", "4.0"),
        ("ConsistencyLevel", "eventual"),
    ];
    let send = |method: Method, path: String, body: Option<Value>| {
        let client = &client;
        async move { client.send(method, &path, body, &headers).await }
    };
    let query = "%24count=true&%24filter=displayName+eq+%27Listed%27";
    let none = send(Method::GET, format!("/applications?{query}"), None).await;
    assert_eq!((none.status, &none.body["@odata.count"]), (200, &json!(0)), "{}", none.body);
    let all = send(Method::GET, "/servicePrincipals?%24count=true".into(), None).await;
    assert!(all.body["@odata.count"].as_u64() > Some(0), "{}", all.body);

    let caller = caller(&emulator, &client).await;
    let body = json!({
        "displayName": "Listed", "owners@odata.bind": [reference(&client, &caller)["@odata.id"]],
        "passwordCredentials": [], "signInAudience": "AzureADMyOrg",
    });
    let made = send(Method::POST, "/applications".into(), Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/applications/{}", made.body["id"].as_str().unwrap());
    let owners = send(Method::GET, format!("{path}/owners"), None).await;
    assert_eq!(owners.body["value"][0]["@odata.type"], "#microsoft.graph.servicePrincipal");
    assert_eq!(send(Method::DELETE, path.clone(), None).await.status, 204);
    assert_eq!(send(Method::GET, path, None).await.status, 404);
}

#[tokio::test]
async fn roles_are_activated_and_groups_filled_in_beta() {
    let emulator = start_now().await;
    let client = Client::operator(&emulator).await;
    let megan = person(&client, "megan").await;
    let template = client.get(&format!("/directoryRoleTemplates/{EXCHANGE_ADMINISTRATOR}")).await;
    assert_eq!(template.body["displayName"], "Exchange Administrator");
    let filter = format!("/directoryRoles?$filter=roleTemplateId+eq+'{EXCHANGE_ADMINISTRATOR}'");
    assert_eq!(ids(&client, &filter).await, [] as [String; 0]);
    let role = client.post("/directoryRoles", json!({ "roleTemplateId": EXCHANGE_ADMINISTRATOR })).await;
    assert_eq!(role.status, 201, "{}", role.body);
    let path = format!("/directoryRoles/{}", role.body["id"].as_str().unwrap());
    assert_ne!(role.body["id"], EXCHANGE_ADMINISTRATOR);
    assert_eq!(client.post(&format!("{path}/members/$ref"), reference(&client, &megan)).await.status, 204);
    assert_eq!(ids(&client, &format!("{path}/members")).await, [megan.as_str()]);
    assert_eq!(client.delete(&format!("{path}/members/{megan}/$ref")).await.status, 204);

    let beta = |method: Method, path: String, body: Option<Value>| {
        let request = client.http.request(method, format!("{}/beta{path}", client.url)).bearer_auth(&client.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        async move { Answer::read(request.send().await.unwrap()).await }
    };
    let group = json!({
        "displayName": "Beta", "mailNickname": "beta", "mailEnabled": false, "securityEnabled": true, "groupTypes": [],
        "resourceBehaviorOptions": [], "resourceProvisioningOptions": [],
    });
    let group = beta(Method::POST, "/groups".into(), Some(group)).await;
    assert_eq!(group.status, 201, "{}", group.body);
    let path = format!("/groups/{}", group.body["id"].as_str().unwrap());
    let address = json!({ "@odata.id": format!("{}/beta/directoryObjects/{megan}", client.url) });
    assert_eq!(beta(Method::POST, format!("{path}/members/$ref"), Some(address)).await.status, 204);
    let members = beta(Method::GET, format!("{path}/members"), None).await;
    assert_eq!(members.body["value"][0]["@odata.type"], "#microsoft.graph.user");
    let principal = caller(&emulator, &client).await;
    let saml = beta(Method::GET, format!("/servicePrincipals/{principal}?$select=samlMetadataUrl"), None).await;
    assert_eq!(saml.status, 200, "{}", saml.body);

    let graph = resource(&client, GRAPH).await;
    let given = ids(&client, &format!("/servicePrincipals/{graph}/appRoleAssignedTo")).await;
    let one = client.get(&format!("/servicePrincipals/{graph}/appRoleAssignedTo?$filter=id eq '{}'", given[0])).await;
    assert_eq!(one.status, 200, "{}", one.body);
}
