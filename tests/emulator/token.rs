//! The token service over real HTTP: what proves a client, what its tokens say, and how everything else is refused.

use super::client::*;
use accredit::emulator::{self, Emulator, Options};
use base64::{Engine, prelude::*};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use sha1::Digest;

/// The emulators' day, and the same in seconds.
const TODAY: (&str, i64) = ("2026-03-02T10:00:00Z", 1_772_445_600);
const KEY_VAULT: &str = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093";
const RESOURCE_MANAGER: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";

fn options(now: &str) -> Options {
    Options { now: Some(now.parse().unwrap()), ..Options::new(DOMAIN) }
}

async fn today() -> Emulator {
    emulator::start(options(TODAY.0)).await.unwrap()
}

/// An assertion of today, changed as told.
fn assertion(certificate: &Certificate, audience: &str, client_id: &str, change: &Value) -> String {
    let mut claims = json!({ "nbf": TODAY.1, "exp": TODAY.1 + 600 });
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    certificate.assertion(Algorithm::PS256, audience, client_id, &claims)
}

async fn present(emulator: &Emulator, client_id: &str, assertion: &str) -> Answer {
    sign_in(emulator, &[("client_id", client_id), ASSERTION_TYPE, ("client_assertion", assertion)]).await
}

/// The status and the number behind `AADSTS`.
fn refused(answer: &Answer) -> (u16, i64) {
    (answer.status, answer.body["error_codes"][0].as_i64().unwrap_or_default())
}

fn description(answer: &Answer) -> &str {
    answer.body["error_description"].as_str().unwrap_or_default()
}

async fn get(emulator: &Emulator, path: &str) -> Answer {
    Answer::read(http().get(format!("{}{path}", emulator.url())).send().await.unwrap()).await
}

#[tokio::test]
async fn an_assertion_may_be_addressed_in_every_form_that_clients_use() {
    let emulator = today().await;
    let client = Client::operator(&emulator).await;
    let certificate = Certificate::new();
    let body = json!({ "displayName": "Addressed", "keyCredentials": [certificate.credential()] });
    let (_, app_id, _) = application(&client, "addressed", body).await;
    let (url, tenant) = (emulator.url(), emulator.tenant_id());
    for audience in [
        format!("{url}/{tenant}/oauth2/v2.0/token"),
        format!("{url}/{tenant}/oauth2/token"),
        format!("{url}/{tenant}/v2.0"),
        format!("{url}/{DOMAIN}/oauth2/v2.0/token"),
        format!("{url}/{}/v2.0", DOMAIN.to_uppercase()),
        format!("{url}/{tenant}/"),
        format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"),
    ] {
        let answer = present(&emulator, &app_id, &assertion(&certificate, &audience, &app_id, &json!({}))).await;
        assert_eq!(answer.status, 200, "{audience}: {}", answer.body);
    }
    // Some clients keep the padding of Base64, and sign it.
    let padded = |value: Value| BASE64_URL_SAFE.encode(value.to_string());
    let header = json!({ "alg": "RS256", "kid": BASE64_URL_SAFE_NO_PAD.encode(sha1::Sha1::digest(&certificate.der)) });
    let body = json!({ "aud": format!("{url}/{tenant}/v2.0"), "iss": app_id, "sub": app_id, "exp": TODAY.1 + 600 });
    let message = format!("{}.{}", padded(header), padded(body));
    let key = EncodingKey::from_rsa_pem(certificate.key.as_bytes()).unwrap();
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::RS256).unwrap();
    let answer = present(&emulator, &app_id, &format!("{message}.{signature}==")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let listed = json!({ "aud": [format!("{url}/{tenant}/v2.0")] });
    let answer = present(&emulator, &app_id, &assertion(&certificate, "", &app_id, &listed)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for audience in [format!("{url}/11111111-2222-3333-4444-555555555555/v2.0"), "https://elsewhere.example".into()] {
        let answer = present(&emulator, &app_id, &assertion(&certificate, &audience, &app_id, &json!({}))).await;
        assert_eq!(refused(&answer), (401, 700_023), "{audience}");
    }
}

#[tokio::test]
async fn an_assertion_that_proves_nothing_is_refused_with_the_code_for_it() {
    let emulator = today().await;
    let client = Client::operator(&emulator).await;
    let certificate = Certificate::new();
    let body = json!({ "displayName": "Certain", "keyCredentials": [certificate.credential()] });
    let (id, app_id, _) = application(&client, "certain", body).await;
    let audience = format!("{}/{}/v2.0", emulator.url(), emulator.tenant_id());
    let good = |change: Value| assertion(&certificate, &audience, &app_id, &change);
    let header = |algorithm: Algorithm, fill: fn(&mut Header)| {
        let mut header = Header::new(algorithm);
        fill(&mut header);
        let claims = json!({ "aud": audience, "iss": app_id, "sub": app_id, "exp": TODAY.1 + 600 });
        let key = match algorithm {
            Algorithm::HS256 => EncodingKey::from_secret(b"secret"),
            _ => EncodingKey::from_rsa_pem(certificate.key.as_bytes()).unwrap(),
        };
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    };
    for (assertion, expected) in [
        ("no.jwt".to_owned(), (400, 50027)),
        ("a.b.c".to_owned(), (400, 50027)),
        (good(json!({ "iss": null })), (400, 90014)),
        (good(json!({ "aud": null })), (400, 90014)),
        (good(json!({ "iss": GRAPH, "sub": GRAPH })), (401, 700_021)),
        (good(json!({ "sub": GRAPH })), (401, 50048)),
        (good(json!({ "exp": null })), (401, 700_024)),
        (good(json!({ "exp": TODAY.1 - 301 })), (401, 700_024)),
        (good(json!({ "nbf": TODAY.1 + 400 })), (401, 700_024)),
        (header(Algorithm::HS256, |_| {}), (401, 5_002_738)),
        (header(Algorithm::RS256, |_| {}), (401, 5_002_723)),
        (header(Algorithm::RS256, |header| header.typ = Some("at+jwt".into())), (400, 5_002_727)),
        (header(Algorithm::RS256, |header| header.kid = Some("unknown".into())), (401, 700_027)),
    ] {
        let answer = present(&emulator, &app_id, &assertion).await;
        assert_eq!(refused(&answer), expected, "{}", answer.body);
    }
    // Times are forgiven five minutes.
    assert_eq!(present(&emulator, &app_id, &good(json!({ "exp": TODAY.1 - 200 }))).await.status, 200);
    let answer = present(&emulator, &app_id, &good(json!({ "exp": 0, "nbf": 1_516_239_022 }))).await;
    assert!(
        description(&answer)
            .contains("Client assertion is not within its valid time range. Current time: 2026-03-02T10:00:0")
    );
    assert!(description(&answer).contains(
        "assertion valid from 2018-01-18T01:30:22.0000000Z, expiry time of assertion 1970-01-01T00:00:00.0000000Z."
    ));

    // A certificate that was taken away again.
    let empty = json!({ "keyCredentials": [] });
    assert_eq!(client.patch(&format!("/applications/{id}"), empty).await.status, 204);
    let answer = present(&emulator, &app_id, &good(json!({}))).await;
    assert_eq!(refused(&answer), (401, 700_027));
    assert!(description(&answer).contains("[Reason - The key was not found., Thumbprint of key used by client: '"));
}

#[tokio::test]
async fn a_certificate_signs_in_between_its_dates_only() {
    let directory = tempfile::tempdir().unwrap();
    let at = |now: &str| Options { file: Some(directory.path().join("tenant.jsonl")), ..options(now) };
    let first = emulator::start(at(TODAY.0)).await.unwrap();
    let client = Client::operator(&first).await;
    let certificate = Certificate::new();
    let mut credential = certificate.credential();
    credential["startDateTime"] = "2026-03-03T00:00:00Z".into();
    credential["endDateTime"] = "2026-03-05T00:00:00Z".into();
    let body = json!({ "displayName": "Between", "keyCredentials": [credential] });
    let (_, app_id, _) = application(&client, "between", body).await;
    let tenant = first.tenant_id().to_owned();
    first.stop().await;
    for (now, expected, reason) in [
        ("2026-03-02T10:00:00Z", (401, 700_027), "The key used is not yet valid."),
        ("2026-03-04T10:00:00Z", (200, 0), ""),
        ("2026-03-06T10:00:00Z", (401, 700_027), "The key used is expired., Thumbprint of key used by client: '"),
        // By then the certificate itself is over as well.
        ("2041-01-01T00:00:00Z", (401, 700_027), "The key used is expired."),
    ] {
        let emulator = emulator::start(at(now)).await.unwrap();
        let audience = format!("{}/{tenant}/v2.0", emulator.url());
        let times = json!({ "nbf": 0, "exp": 4_000_000_000_i64 });
        let answer = present(&emulator, &app_id, &assertion(&certificate, &audience, &app_id, &times)).await;
        assert_eq!(refused(&answer), expected, "{now}: {}", answer.body);
        assert!(description(&answer).contains(reason), "{}", description(&answer));
        emulator.stop().await;
    }
}

#[tokio::test]
async fn a_scope_names_one_resource_in_any_of_its_forms() {
    let emulator = today().await;
    let operator = emulator.operator();
    let secret = [("client_id", operator.client_id.as_str()), ("client_secret", operator.client_secret.as_str())];
    let own = emulator.url();
    let arm = format!("{own}/arm//.default");
    let vaults = own.replace("http://", "http://vault.");
    let vault = format!("{vaults}/.default");
    let own = format!("{own}//.default");
    for (scope, audience) in [
        ("https://graph.microsoft.com/.default", "https://graph.microsoft.com"),
        ("https://graph.microsoft.com//.default", "https://graph.microsoft.com/"),
        ("00000003-0000-0000-c000-000000000000/.default", GRAPH),
        ("https://graph.microsoft.com/.default openid profile offline_access", "https://graph.microsoft.com"),
        ("openid offline_access profile https://outlook.office365.com/.DEFAULT", "https://outlook.office365.com"),
        ("https://vault.azure.net/.default", "https://vault.azure.net"),
        ("https://management.azure.com/.default", "https://management.azure.com"),
        ("https://management.core.windows.net//.default", "https://management.core.windows.net/"),
        ("https://graph.windows.net/.default", "https://graph.windows.net"),
        (&own, "https://graph.microsoft.com"),
        (&arm, "https://management.azure.com"),
        (&vault, &vaults),
    ] {
        let answer = sign_in_to(&emulator, scope, &secret).await;
        assert_eq!(answer.status, 200, "{scope}: {}", answer.body);
        assert_eq!(claims(answer.body["access_token"].as_str().unwrap())["aud"], audience, "{scope}");
    }
    for (scope, error, code) in [
        ("https://graph.microsoft.com/.default https://vault.azure.net/.default", "invalid_request", 700_022),
        ("https://graph.microsoft.com/User.Read", "invalid_scope", 1_002_012),
        ("openid", "invalid_scope", 70011),
        ("/.default", "invalid_scope", 1_002_012),
        ("https://nowhere.example/.default", "invalid_resource", 500_011),
    ] {
        let answer = sign_in_to(&emulator, scope, &secret).await;
        assert_eq!((answer.status, &answer.body["error"]), (400, &json!(error)), "{scope}");
        assert_eq!(refused(&answer), (400, code), "{scope}");
    }
    let answer = sign_in(&emulator, &[secret[0], secret[1], ("resource", "https://graph.microsoft.com")]).await;
    assert_eq!(refused(&answer), (400, 901_002));
}

#[tokio::test]
async fn a_token_says_what_a_recorded_one_says() {
    let emulator = today().await;
    let operator = emulator.operator();
    let secret = [("client_id", operator.client_id.as_str()), ("client_secret", operator.client_secret.as_str())];
    let answer = sign_in(&emulator, &secret).await;
    assert_eq!(answer.body["expires_in"], 3599);
    let graph = claims(answer.body["access_token"].as_str().unwrap());
    let mut names: Vec<&String> = graph.as_object().unwrap().keys().collect();
    names.sort();
    // Those of the recorded token of May 2024.
    let recorded = [
        "aio",
        "app_displayname",
        "appid",
        "appidacr",
        "aud",
        "exp",
        "iat",
        "idp",
        "idtyp",
        "iss",
        "nbf",
        "oid",
        "rh",
        "roles",
        "sub",
        "tenant_region_scope",
        "tid",
        "uti",
        "ver",
        "wids",
        "xms_tcdt",
        "xms_tdbr",
    ];
    assert_eq!(names, recorded);
    let tenant = emulator.tenant_id();
    assert_eq!(graph["iss"], format!("https://sts.windows.net/{tenant}/"));
    assert_eq!(graph["exp"].as_i64().unwrap() - graph["nbf"].as_i64().unwrap(), 3900);
    assert_eq!(graph["xms_tcdt"], TODAY.1);
    assert_eq!(graph["rh"].as_str().unwrap().len(), 54);
    assert_eq!(answer.headers["x-ms-clitelem"], "1,0,0,,");
    assert!(answer.headers.contains_key("x-ms-ests-server"));

    // Azure's own APIs are told nothing of the directory.
    let answer = sign_in_to(&emulator, "https://management.azure.com/.default", &secret).await;
    let azure = claims(answer.body["access_token"].as_str().unwrap());
    assert_eq!((&azure["wids"], &azure["idtyp"]), (&Value::Null, &json!("app")));

    // A client that can be told of a revocation gets a token for a day.
    let capable = ("claims", r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#);
    let answer = sign_in(&emulator, &[secret[0], secret[1], capable]).await;
    assert_eq!(answer.body["expires_in"], 86399);
    assert_eq!(claims(answer.body["access_token"].as_str().unwrap())["xms_cc"], json!(["CP1"]));
}

#[tokio::test]
async fn an_api_that_wants_tokens_of_the_second_version_gets_them() {
    let emulator = today().await;
    let client = Client::operator(&emulator).await;
    let role = "11111111-2222-3333-4444-555555555555";
    let body = json!({
        "displayName": "API",
        "identifierUris": [format!("https://{DOMAIN}/api")],
        "api": { "requestedAccessTokenVersion": 2 },
        "appRoles": [{
            "allowedMemberTypes": ["Application"], "description": "Read", "displayName": "Read", "id": role,
            "isEnabled": true, "value": "Things.Read",
        }],
    });
    let (_, api, api_principal) = application(&client, "api", body).await;
    let operator = emulator.operator();
    let secret = [("client_id", operator.client_id.as_str()), ("client_secret", operator.client_secret.as_str())];
    let scope = format!("https://{DOMAIN}/api/.default");
    let answer = sign_in_to(&emulator, &scope, &secret).await;
    let token = claims(answer.body["access_token"].as_str().unwrap());
    assert_eq!((&token["ver"], &token["aud"]), (&json!("2.0"), &json!(api)));
    assert_eq!(token["azp"], operator.client_id);
    assert_eq!((&token["appid"], &token["roles"], &token["wids"]), (&Value::Null, &Value::Null, &Value::Null));
    let discovery = get(&emulator, &format!("/{DOMAIN}/v2.0/.well-known/openid-configuration")).await;
    assert_eq!(token["iss"], discovery.body["issuer"]);

    // With an assignment required, an application that has none is refused, and one that has gets its role.
    let path = format!("/servicePrincipals/{api_principal}");
    assert_eq!(client.patch(&path, json!({ "appRoleAssignmentRequired": true })).await.status, 204);
    let answer = sign_in_to(&emulator, &scope, &secret).await;
    assert_eq!((refused(&answer), &answer.body["error"]), ((400, 501_051), &json!("invalid_grant")));
    let own = resource(&client, &operator.client_id).await;
    let consent = json!({ "principalId": own, "resourceId": api_principal, "appRoleId": role });
    assert_eq!(client.post(&format!("{path}/appRoleAssignedTo"), consent).await.status, 201);
    let answer = sign_in_to(&emulator, &scope, &secret).await;
    assert_eq!(claims(answer.body["access_token"].as_str().unwrap())["roles"], json!(["Things.Read"]));
    // A resource that is switched off takes nobody.
    assert_eq!(client.patch(&path, json!({ "accountEnabled": false })).await.status, 204);
    assert_eq!(refused(&sign_in_to(&emulator, &scope, &secret).await), (400, 500_014));
}

#[tokio::test]
async fn what_the_endpoint_cannot_take_is_refused() {
    let emulator = today().await;
    let client = Client::operator(&emulator).await;
    let address = format!("{}/{DOMAIN}/oauth2/v2.0/token", emulator.url());
    let read = Answer::read(http().get(&address).send().await.unwrap()).await;
    assert_eq!(refused(&read), (405, 900_561));
    let json = json!({ "grant_type": "client_credentials" });
    let sent = Answer::read(http().post(&address).json(&json).send().await.unwrap()).await;
    assert_eq!(refused(&sent), (400, 900_144));
    assert!(description(&sent).contains("following parameter: 'grant_type'"));
    let form = [("grant_type", "password"), ("client_id", "x")];
    let sent = Answer::read(http().post(&address).form(&form).send().await.unwrap()).await;
    assert_eq!((refused(&sent), &sent.body["error"]), ((400, 70003), &json!("unsupported_grant_type")));

    // The shape of a refusal, and the client's own id in it.
    let form = [("grant_type", "client_credentials"), ("client_id", "clientId"), ("scope", "x/.default")];
    let own = "0f0f0f0f-1111-2222-3333-444444444444";
    let sent = http().post(&address).header("client-request-id", own).form(&form).send().await.unwrap();
    let sent = Answer::read(sent).await;
    assert_eq!(sent.body["correlation_id"], own);
    assert_eq!(sent.body["timestamp"].as_str().unwrap().len(), "2026-03-02 10:00:00Z".len());
    assert_eq!(sent.body["error_uri"], format!("{}/error?code=700016", emulator.url()));
    assert!(
        description(&sent).starts_with(
            "AADSTS700016: Application with identifier 'clientId' was not found in the directory 'Contoso'."
        )
    );
    assert!(description(&sent).contains(&format!(" Correlation ID: {own} Timestamp: 2026-03-02 10:00:")));

    for (tenant, code) in [
        ("11111111-2222-3333-4444-555555555555", 90002),
        ("elsewhere.example", 90002),
        ("directoryid", 900_023),
        ("common", 50059),
    ] {
        let address = format!("{}/{tenant}/oauth2/v2.0/token", emulator.url());
        let sent = Answer::read(http().post(address).form(&form).send().await.unwrap()).await;
        assert_eq!(refused(&sent), (400, code), "{tenant}");
    }

    // An application without a service principal, and one that was disabled.
    let alone = client.post("/applications", json!({ "displayName": "Alone" })).await;
    let (id, app_id) = (alone.body["id"].as_str().unwrap(), alone.body["appId"].as_str().unwrap());
    let secret = client.post(&format!("/applications/{id}/addPassword"), json!({})).await;
    let form = [("client_id", app_id), ("client_secret", secret.body["secretText"].as_str().unwrap())];
    assert_eq!(refused(&sign_in(&emulator, &form).await), (401, 7_000_229));
    let principal = client.post("/servicePrincipals", json!({ "appId": app_id })).await;
    assert_eq!(sign_in(&emulator, &form).await.status, 200);
    let path = format!("/servicePrincipals/{}", principal.body["id"].as_str().unwrap());
    assert_eq!(client.patch(&path, json!({ "accountEnabled": false })).await.status, 204);
    let answer = sign_in(&emulator, &form).await;
    assert_eq!((refused(&answer), &answer.body["error"]), ((400, 7_000_112), &json!("unauthorized_client")));
}

#[tokio::test]
async fn discovery_tells_every_name_of_the_tenant_and_of_none() {
    let emulator = today().await;
    let (url, tenant) = (emulator.url(), emulator.tenant_id());
    for name in [tenant, DOMAIN] {
        let second = get(&emulator, &format!("/{name}/v2.0/.well-known/openid-configuration")).await.body;
        assert_eq!(second["issuer"], format!("{url}/{tenant}/v2.0"));
        assert_eq!(second["token_endpoint"], format!("{url}/{tenant}/oauth2/v2.0/token"));
        let first = get(&emulator, &format!("/{name}/.well-known/openid-configuration")).await.body;
        assert_eq!(first["issuer"], format!("https://sts.windows.net/{tenant}/"));
        assert_eq!(first["token_endpoint"], format!("{url}/{tenant}/oauth2/token"));
        for keys in [&first["jwks_uri"], &second["jwks_uri"]] {
            let keys = Answer::read(http().get(keys.as_str().unwrap()).send().await.unwrap()).await;
            assert_eq!(keys.body["keys"][0]["kty"], "RSA");
        }
    }
    for name in ["common", "organizations"] {
        let any = get(&emulator, &format!("/{name}/v2.0/.well-known/openid-configuration")).await.body;
        assert_eq!(any["issuer"], format!("{url}/{{tenantid}}/v2.0"));
        assert_eq!(any["token_endpoint"], format!("{url}/{name}/oauth2/v2.0/token"));
    }
    let asked = format!("authorization_endpoint={url}/{DOMAIN}/oauth2/v2.0/authorize");
    let known = get(&emulator, &format!("/common/discovery/instance?api-version=1.1&{asked}")).await.body;
    assert_eq!(known["tenant_discovery_endpoint"], format!("{url}/{DOMAIN}/v2.0/.well-known/openid-configuration"));
    let host = url.strip_prefix("http://").unwrap();
    assert_eq!(known["metadata"][0]["aliases"], json!([host, host.split(':').next().unwrap()]));
    let old = get(&emulator, &format!("/common/discovery/instance?api-version=1.0&{asked}")).await.body;
    assert_eq!(old["metadata"], Value::Null);
    let other = "authorization_endpoint=https://login.example/common/oauth2/authorize";
    let other = get(&emulator, &format!("/common/discovery/instance?api-version=1.1&{other}")).await;
    assert_eq!((other.status, &other.body["error"]), (400, &json!("invalid_instance")));
    let realm = get(&emulator, &format!("/common/userrealm/zoe.howard%40{DOMAIN}?api-version=1.0")).await.body;
    assert_eq!(realm["account_type"], "Managed");
    assert_eq!(get(&emulator, "/common/userrealm/a@b.example").await.body["account_type"], "Unknown");
}

/// A credential of an application, by the administrator.
async fn trust(client: &Client, id: &str, issuer: &str, subject: &str) {
    let body = json!({
        "name": "trusted", "issuer": issuer, "subject": subject, "audiences": ["api://AzureADTokenExchange"],
    });
    let made = client.post(&format!("/applications/{id}/federatedIdentityCredentials"), body).await;
    assert_eq!(made.status, 201, "{}", made.body);
}

async fn minted(emulator: &Emulator, body: Value) -> String {
    let answer = control(emulator, Method::POST, "oidc/token", Some(body)).await;
    answer.body["token"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
}

#[tokio::test]
async fn a_job_rehearses_federation_with_the_emulators_own_issuer() {
    let emulator = today().await;
    let client = Client::operator(&emulator).await;
    let (id, app_id, _) = application(&client, "federated", json!({ "displayName": "Federated" })).await;
    let subject = "repo:contoso/Site:ref:refs/heads/main";
    let token = minted(&emulator, json!({ "subject": subject })).await;
    assert_eq!(refused(&present(&emulator, &app_id, &token).await), (401, 70025));

    let discovery = get(&emulator, "/_emulator/oidc/.well-known/openid-configuration").await.body;
    let issuer = discovery["issuer"].as_str().unwrap();
    assert_eq!(issuer, format!("{}/_emulator/oidc", emulator.url()));
    trust(&client, &id, issuer, subject).await;
    let answer = present(&emulator, &app_id, &token).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(claims(answer.body["access_token"].as_str().unwrap())["appidacr"], "2");

    // The way a runner hands its token to a job.
    let address =
        "/_emulator/oidc/token?subject=repo:contoso/Site:ref:refs/heads/main&audience=api://AzureADTokenExchange";
    let runner = get(&emulator, address).await.body;
    assert_eq!(present(&emulator, &app_id, runner["value"].as_str().unwrap()).await.status, 200);

    for (body, code, text) in [
        (
            json!({ "subject": "repo:contoso/Site:pull_request" }),
            700_213,
            "presented assertion subject 'repo:contoso/Site:pull_request'. Check",
        ),
        (json!({ "subject": subject.to_lowercase() }), 7_002_138, "matches with case-insensitive comparison"),
        (json!({ "subject": subject, "audience": "other" }), 700_212, "presented assertion audience 'other'"),
        (
            json!({ "subject": subject, "claims": { "iss": "https://other.example" } }),
            700_211,
            "issuer 'https://other.example'",
        ),
        (json!({ "subject": subject, "claims": { "exp": TODAY.1 - 400 } }), 700_024, "valid time range"),
    ] {
        let answer = present(&emulator, &app_id, &minted(&emulator, body).await).await;
        assert_eq!((refused(&answer), &answer.body["error"]), ((401, code), &json!("invalid_client")));
        assert!(description(&answer).contains(text), "{}", description(&answer));
    }
    let refused = control(&emulator, Method::POST, "oidc/token", Some(json!({ "subject": 1 }))).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn an_expression_over_claims_lets_a_job_in() {
    let emulator = today().await;
    let client = Client::operator(&emulator).await;
    let (id, app_id, _) = application(&client, "flexible", json!({ "displayName": "Flexible" })).await;
    let body = json!({
        "name": "branches", "issuer": format!("{}/_emulator/oidc", emulator.url()),
        "audiences": ["api://AzureADTokenExchange"],
        "claimsMatchingExpression": {
            "value": "claims['sub'] matches 'repo:contoso/site:ref:refs/heads/*'", "languageVersion": 1,
        },
    });
    let path = format!("/applications/{id}/federatedIdentityCredentials");
    // The published version knows no expressions.
    assert_eq!(client.post(&path, body.clone()).await.status, 400);
    let beta = format!("{}/beta{path}", emulator.url());
    let post = http().post(&beta).bearer_auth(&client.token).json(&body);
    let made = Answer::read(post.send().await.unwrap()).await;
    assert_eq!((made.status, &made.body["subject"]), (201, &Value::Null), "{}", made.body);
    let both = http().post(&beta).bearer_auth(&client.token).json(&json!({
        "name": "both", "issuer": "https://other.example", "subject": "x", "audiences": ["api://AzureADTokenExchange"],
        "claimsMatchingExpression": body["claimsMatchingExpression"],
    }));
    assert_eq!(Answer::read(both.send().await.unwrap()).await.status, 400);
    let listed = client.get(&path).await.body;
    assert!(listed["value"][0].get("claimsMatchingExpression").is_none());

    let main = minted(&emulator, json!({ "subject": "repo:contoso/site:ref:refs/heads/main" })).await;
    assert_eq!(present(&emulator, &app_id, &main).await.status, 200);
    let other = minted(&emulator, json!({ "subject": "repo:contoso/site:pull_request" })).await;
    assert_eq!(refused(&present(&emulator, &app_id, &other).await), (401, 700_213));
    // A change of something else in the published version leaves the expression alone.
    let change = json!({ "description": "Branches" });
    assert_eq!(client.patch(&format!("{path}/branches"), change).await.status, 204);
    assert_eq!(present(&emulator, &app_id, &main).await.status, 200);
}

#[tokio::test]
async fn an_issuer_is_trusted_when_its_keys_were_made_known() {
    let emulator = today().await;
    let client = Client::operator(&emulator).await;
    let issuer = "https://token.actions.githubusercontent.com";
    let subject = "repo:contoso/site:environment:prod";
    let (id, app_id, _) = application(&client, "actions", json!({ "displayName": "Actions" })).await;
    trust(&client, &id, issuer, subject).await;
    let certificate = Certificate::new();
    let token = |kid: &str| {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(kid.to_owned());
        let claims = json!({
            "iss": issuer, "sub": subject, "aud": "api://AzureADTokenExchange", "exp": TODAY.1 + 300,
        });
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_rsa_pem(certificate.key.as_bytes()).unwrap()).unwrap()
    };
    // Nobody said yet what its keys are: the real service would have tried to fetch them.
    let answer = present(&emulator, &app_id, &token("one")).await;
    assert_eq!(refused(&answer), (400, 501_661));

    let key = |kid: &str, of: &Certificate| {
        use x509_parser::prelude::FromDer;
        let (_, read) = x509_parser::certificate::X509Certificate::from_der(&of.der).unwrap();
        let x509_parser::public_key::PublicKey::RSA(numbers) = read.public_key().parsed().unwrap() else { panic!() };
        let modulus = numbers.modulus.iter().skip_while(|byte| **byte == 0).copied().collect::<Vec<u8>>();
        json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
            "n": BASE64_URL_SAFE_NO_PAD.encode(modulus), "e": BASE64_URL_SAFE_NO_PAD.encode(numbers.exponent),
        })
    };
    let known =
        json!({ "issuer": issuer, "jwks": { "keys": [key("one", &certificate), key("two", &Certificate::new())] } });
    assert_eq!(control(&emulator, Method::POST, "issuers", Some(known)).await.status, 204);
    assert_eq!(present(&emulator, &app_id, &token("one")).await.status, 200);
    assert_eq!(refused(&present(&emulator, &app_id, &token("two")).await), (401, 700_027));
    let answer = present(&emulator, &app_id, &token("three")).await;
    assert_eq!(refused(&answer), (401, 7_000_272));
    assert!(
        description(&answer).contains("The certificate with identifier three used to sign the federated credential")
    );

    for wrong in [json!({}), json!({ "issuer": issuer, "jwks": { "keys": [{ "kty": "oct" }] } })] {
        assert_eq!(control(&emulator, Method::POST, "issuers", Some(wrong)).await.status, 400);
    }
    assert_eq!(control(&emulator, Method::GET, "issuers", None).await.body[issuer]["keys"][0]["kid"], "one");
    assert_eq!(control(&emulator, Method::DELETE, "issuers", None).await.status, 204);
    assert_eq!(refused(&present(&emulator, &app_id, &token("one")).await), (400, 501_661));
}

#[tokio::test]
async fn the_resource_manager_says_where_everything_is_and_takes_its_own_tokens_only() {
    let emulator = today().await;
    let url = emulator.url();
    let old = get(&emulator, "/metadata/endpoints?api-version=2015-01-01").await.body;
    assert_eq!(old["authentication"]["loginEndpoint"], format!("{url}/"));
    assert_eq!(old["authentication"]["audiences"][0], "https://management.core.windows.net/");
    let clouds = get(&emulator, "/metadata/endpoints?api-version=2019-05-01").await.body;
    assert_eq!(clouds.as_array().unwrap().len(), 1);
    let cloud = get(&emulator, "/metadata/endpoints?api-version=2022-09-01").await.body;
    assert_eq!(cloud, clouds[0]);
    assert_eq!(cloud["microsoftGraphResourceId"], format!("{url}/"));
    assert_eq!(cloud["resourceManager"], format!("{url}/arm/"));
    let missing = get(&emulator, "/metadata/endpoints").await;
    assert_eq!(missing.said(), (400, "MissingApiVersionParameter"));

    let operator = emulator.operator();
    let secret = [("client_id", operator.client_id.as_str()), ("client_secret", operator.client_secret.as_str())];
    let token = |answer: Answer| answer.body["access_token"].as_str().unwrap().to_owned();
    // Terraform makes both scopes out of the document's addresses.
    let azure = token(sign_in_to(&emulator, &format!("{url}/arm/.default"), &secret).await);
    let graph = token(sign_in_to(&emulator, &format!("{url}/.default"), &secret).await);
    let ask = async |path: &str, token: &str| {
        Answer::read(http().get(format!("{url}{path}")).bearer_auth(token).send().await.unwrap()).await
    };
    let tenants = ask("/tenants?api-version=2022-12-01", &azure).await.body;
    assert_eq!(tenants["value"][0]["tenantId"], emulator.tenant_id());
    assert_eq!(tenants["value"][0]["defaultDomain"], DOMAIN);
    let subscriptions = ask("/arm/subscriptions?api-version=2022-12-01", &azure).await.body;
    let id = subscriptions["value"][0]["subscriptionId"].as_str().unwrap();
    assert_eq!(subscriptions["value"][0]["state"], "Enabled");
    let one = ask(&format!("/subscriptions/{id}?api-version=2022-12-01"), &azure).await;
    assert_eq!(one.body["tenantId"], emulator.tenant_id());
    let other = ask("/subscriptions/11111111-2222-3333-4444-555555555555?api-version=2022-12-01", &azure).await;
    assert_eq!(other.said(), (404, "SubscriptionNotFound"));
    let answer = ask("/subscriptions?api-version=2022-12-01", &graph).await;
    assert_eq!(answer.said(), (401, "InvalidAuthenticationTokenAudience"));
    let answer = get(&emulator, "/subscriptions?api-version=2022-12-01").await;
    assert_eq!(answer.said(), (401, "AuthenticationFailed"));
    assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer authorization_uri="));
    assert_eq!(ask("/v1.0/organization", &azure).await.said(), (401, "InvalidAuthenticationToken"));
    for app_id in [KEY_VAULT, RESOURCE_MANAGER] {
        let answer = sign_in_to(&emulator, &format!("{app_id}/.default"), &secret).await;
        assert_eq!(claims(&token(answer))["aud"], app_id);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with MSAL and azure-identity at ACCREDIT_PYTHON; .ci/run makes one"]
#[expect(clippy::disallowed_methods, reason = "the interpreter is chosen outside")]
async fn pythons_libraries_sign_in_by_every_kind_of_credential() {
    let directory = tempfile::tempdir().unwrap();
    let file = Some(directory.path().join("tenant.jsonl"));
    // Two years ago somebody uploaded a certificate for a month.
    let past = emulator::start(Options { file: file.clone(), ..options("2024-11-01T00:00:00Z") }).await.unwrap();
    let client = Client::operator(&past).await;
    let certificate = Certificate::new();
    let mut credential = certificate.credential();
    credential["endDateTime"] = "2024-12-01T00:00:00Z".into();
    let body = json!({ "displayName": "Expired", "keyCredentials": [credential] });
    let (_, expired, _) = application(&client, "expired", body).await;
    past.stop().await;
    // A foreign client knows no other clock than the machine's.
    let https = Some(([127, 0, 0, 1], 0).into());
    let emulator = emulator::start(Options { file, https, ..Options::new(DOMAIN) }).await.unwrap();
    let client = Client::operator(&emulator).await;
    let body = json!({ "displayName": "Every", "keyCredentials": [certificate.credential()] });
    let (id, app_id, principal) = application(&client, "every", body).await;
    let secret = client.post(&format!("/applications/{id}/addPassword"), json!({})).await.body["secretText"].clone();
    let subject = "repo:contoso/site:ref:refs/heads/main";
    trust(&client, &id, &format!("{}/_emulator/oidc", emulator.url()), subject).await;
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("ca.pem"), emulator.certificate_authority_pem().unwrap()).unwrap();
    let encoded = BASE64_STANDARD.encode(&certificate.der);
    let pem = format!("{}-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n", certificate.key);
    std::fs::write(path("client.pem"), pem).unwrap();
    let facts = json!({
        "url": emulator.https_url().unwrap(), "ca": path("ca.pem"), "tenant": emulator.tenant_id(), "client": app_id,
        "secret": secret, "pem": path("client.pem"), "expired": expired, "subject": subject,
        "issuer_url": emulator.url(),
    });
    std::fs::write(path("facts.json"), facts.to_string()).unwrap();
    let python = std::env::var_os("ACCREDIT_PYTHON").unwrap_or_else(|| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/msal_every_credential.py");
    let mut command = std::process::Command::new(python);
    command.arg(script).arg(path("facts.json"));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (way, method) in [
        ("msal secret", "1"),
        ("msal thumbprint", "2"),
        ("msal certificate", "2"),
        ("msal pfx", "2"),
        ("msal federated", "2"),
        ("identity secret", "1"),
        ("identity pem", "2"),
        ("identity pfx", "2"),
        ("identity assertion", "2"),
        ("identity workload", "2"),
    ] {
        let claims = &answers[way]["claims"];
        assert_eq!((&claims["appidacr"], &claims["oid"]), (&json!(method), &json!(principal)), "{way}: {answers:#}");
    }
    for (way, code) in [
        ("msal wrong secret", 7_000_215),
        ("msal expired certificate", 700_027),
        ("msal wrong subject", 700_213),
        ("identity expired certificate", 700_027),
        ("identity wrong subject", 700_213),
    ] {
        assert_eq!(answers[way]["refused"], json!([code]), "{way}: {answers:#}");
    }
}
