//! Requests that nobody thought of: whatever comes, the emulator answers, never with 500, and refuses in Graph's form.
//!
//! A few hundred on every run; `ACCREDIT_FUZZ_CASES` says another number.

use std::{env, time::Duration};

use super::client::*;
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::select,
    test_runner::{Config, TestCaseError, TestRunner},
};
use reqwest::Method;
use serde_json::{Map, Value, json};

const CASES: u32 = 300;

/// Segments that mean something somewhere. `{…}` stands for the id of an object that is there.
const SEGMENTS: &[&str] = &[
    "applications",
    "servicePrincipals",
    "users",
    "groups",
    "oauth2PermissionGrants",
    "roleManagement",
    "directory",
    "roleDefinitions",
    "roleAssignments",
    "directoryRoles",
    "directoryRoleTemplates",
    "directoryObjects",
    "getByIds",
    "deletedItems",
    "microsoft.graph.application",
    "restore",
    "organization",
    "domains",
    "policies",
    "appManagementPolicies",
    "administrativeUnits",
    "members",
    "owners",
    "$ref",
    "$count",
    "$batch",
    "delta",
    "addPassword",
    "removePassword",
    "addKey",
    "removeKey",
    "federatedIdentityCredentials",
    "appRoleAssignments",
    "appRoleAssignedTo",
    "ownedObjects",
    "memberOf",
    "me",
    "applications(appId='{appId}')",
    "applications(uniqueName='fuzzed')",
    "servicePrincipals(appId='{appId}')",
    "users('zoe.howard@contoso.onmicrosoft.com')",
    "{application}",
    "{servicePrincipal}",
    "{user}",
    "{credential}",
    "11111111-2222-3333-4444-555555555555",
];

const NAMES: &[&str] = &[
    "id",
    "appId",
    "displayName",
    "tags",
    "identifierUris",
    "web",
    "api",
    "info",
    "keyCredentials",
    "uniqueName",
    "passwordCredentials",
    "requiredResourceAccess",
    "appRoles",
    "owners@odata.bind",
    "@odata.id",
    "@odata.type",
    "principalId",
    "resourceId",
    "appRoleId",
    "roleDefinitionId",
    "directoryScopeId",
    "clientId",
    "consentType",
    "scope",
    "accountEnabled",
    "passwordProfile",
    "userPrincipalName",
    "mailNickname",
    "passwordCredential",
    "keyId",
    "ids",
    "types",
    "name",
    "issuer",
    "subject",
    "audiences",
    "redirectUris",
    "homePageUrl",
    "key",
    "type",
    "usage",
    "startDateTime",
    "endDateTime",
    "requests",
    "method",
    "url",
    "dependsOn",
    "headers",
    "body",
    "optionalClaims",
    "idToken",
];

const FILTER_WORDS: &[&str] = &[
    "displayName",
    "appId",
    "tags",
    "owners",
    "keyCredentials",
    "createdDateTime",
    "/",
    "$count",
    "any",
    "all",
    "(",
    ")",
    "t",
    ":",
    "eq",
    "ne",
    "ge",
    "lt",
    "in",
    "not",
    "and",
    "or",
    "startswith",
    "endswith",
    "contains",
    ",",
    "'x'",
    "'it''s'",
    "null",
    "true",
    "7",
    "7.5",
    "2025-01-01",
    "2025-01-01T00:00:00Z",
    "11111111-2222-3333-4444-555555555555",
    "'",
];

const TEXTS: &[&str] = &[
    "",
    "x",
    "Zoë",
    "{application}",
    "{servicePrincipal}",
    "{user}",
    "{appId}",
    "11111111-2222-3333-4444-555555555555",
    "2025-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z",
    "-9999-01-01T00:00:00Z",
    "AzureADMyOrg",
    "AllPrincipals",
    "/",
    "Principal",
    "AsymmetricX509Cert",
    "Verify",
    "TUlJ",
    "GET",
    "POST",
    "/applications",
    "/v1.0/users",
    "a@contoso.onmicrosoft.com",
    "https://graph.microsoft.com/v1.0/directoryObjects/{user}",
];

/// One request as it goes out.
#[derive(Debug, Clone)]
struct Fuzzed {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
}

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => select(SEGMENTS).prop_map(str::to_owned),
        2 => select(SEGMENTS).prop_map(str::to_uppercase),
        1 => "[a-zA-Z0-9$.()='@-]{0,12}",
        1 => "(%[0-9a-fA-F]{2}|%[g-zG-Z]|%|[a-z(')]){1,6}",
    ]
}

/// Paths that are served.
const SERVED: &[&str] = &[
    "/applications",
    "/applications/{application}",
    "/applications(appId='{appId}')",
    "/applications(uniqueName='fuzzed')",
    "/applications/{application}/owners",
    "/applications/{application}/owners/$ref",
    "/applications/{application}/owners/{user}/$ref",
    "/applications/{application}/addPassword",
    "/applications/{application}/removePassword",
    "/applications/{application}/federatedIdentityCredentials",
    "/applications/$count",
    "/servicePrincipals",
    "/servicePrincipals/{servicePrincipal}",
    "/servicePrincipals(appId='{appId}')",
    "/servicePrincipals/{servicePrincipal}/appRoleAssignedTo",
    "/servicePrincipals/{servicePrincipal}/appRoleAssignments",
    "/servicePrincipals/{servicePrincipal}/ownedObjects",
    "/oauth2PermissionGrants",
    "/roleManagement/directory/roleAssignments",
    "/roleManagement/directory/roleDefinitions",
    "/users",
    "/users/{user}",
    "/organization",
    "/domains",
    "/directoryObjects/{user}",
    "/directoryObjects/getByIds",
    "/directory/deletedItems/microsoft.graph.application",
    "/directory/deletedItems/{application}",
    "/directory/deletedItems/{application}/restore",
    "/$batch",
];

/// Mostly paths that are served, so that more than the front door is tried; and paths of anything.
fn path() -> impl Strategy<Value = String> {
    let served = select(SERVED).prop_map(|path| format!("/v1.0{path}"));
    let longer =
        (select(SERVED), vec(segment(), 1..3)).prop_map(|(path, rest)| format!("/beta{path}/{}", rest.join("/")));
    let any = (select(vec!["v1.0", "beta", "V1.0", "v2.0", ""]), vec(segment(), 0..5))
        .prop_map(|(version, segments)| format!("/{version}/{}", segments.join("/")));
    prop_oneof![6 => served, 1 => longer, 2 => any]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        vec(select(FILTER_WORDS), 0..12).prop_map(|words| words.join(" ")),
        vec(select(FILTER_WORDS), 0..6).prop_map(|words| words.concat()),
        vec(select(NAMES), 0..4).prop_map(|names| names.join(",")),
        select(vec![
            "displayName eq 'x' or tags/any(t:t eq 'x')",
            "owners/$count eq 0 and not startswith(displayName,'x')",
            "keyCredentials/any(k:k/endDateTime le 2026-01-01T00:00:00Z)",
            "id in ('{application}','{user}')",
        ])
        .prop_map(str::to_owned),
        select(vec!["displayName desc", "\"displayName:a\"", "owners($select=id)", "true", "5", "1000", "RFNwdAp4"])
            .prop_map(str::to_owned),
        "[ -~]{0,20}",
        "\\PC{0,8}",
    ]
}

fn query() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        10 => select(vec!["$filter", "$select", "$top", "$orderby", "$search", "$expand", "$skiptoken", "$count", "$skip"])
            .prop_map(str::to_owned),
        1 => "[$a-z]{0,8}",
    ];
    let options = prop_oneof![3 => Just(Vec::new()), 2 => vec((name, value(), any::<bool>()), 1..3)];
    options.prop_map(|options| {
        let options: Vec<String> = options
            .into_iter()
            .map(
                |(name, value, raw)| {
                    if raw { format!("{name}={}", raw_query(&value)) } else { format!("{name}={}", encoded(&value)) }
                },
            )
            .collect();
        options.join("&")
    })
}

/// Only what cannot stand in a request line is encoded.
fn raw_query(value: &str) -> String {
    value
        .chars()
        .map(
            |letter| {
                if letter.is_ascii_graphic() && letter != '#' {
                    letter.to_string()
                } else {
                    encoded(&letter.to_string())
                }
            },
        )
        .collect()
}

fn encoded(value: &str) -> String {
    value
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        6 => select(TEXTS).prop_map(Value::from),
        1 => "\\PC{0,10}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let members = vec((select(NAMES), inner.clone()), 0..5).prop_map(|members| {
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
        });
        prop_oneof![1 => vec(inner, 0..4).prop_map(Value::from), 3 => members]
    })
}

/// Writes that succeed as they stand.
fn writes() -> Vec<(&'static str, &'static str, Value)> {
    let user = "f@contoso.onmicrosoft.com";
    vec![
        ("POST", "/applications", json!({ "displayName": "Fuzzed" })),
        ("PATCH", "/applications/{application}", json!({ "web": { "redirectUris": ["https://one"] } })),
        ("PATCH", "/applications(uniqueName='fuzzed')", json!({ "displayName": "Fuzzed" })),
        ("POST", "/applications/{application}/addPassword", json!({ "passwordCredential": { "displayName": "x" } })),
        ("POST", "/applications/{application}/removePassword", json!({ "keyId": "{credential}" })),
        (
            "POST",
            "/applications/{application}/owners/$ref",
            json!({ "@odata.id": "https://x/directoryObjects/{user}" }),
        ),
        (
            "POST",
            "/applications/{application}/federatedIdentityCredentials",
            json!({ "name": "n", "issuer": "https://i", "subject": "s", "audiences": ["a"] }),
        ),
        ("POST", "/servicePrincipals", json!({ "appId": "{appId}" })),
        ("PATCH", "/servicePrincipals/{servicePrincipal}", json!({ "tags": ["one"], "notes": "two" })),
        (
            "POST",
            "/servicePrincipals/{servicePrincipal}/appRoleAssignments",
            json!({ "principalId": "{servicePrincipal}", "resourceId": "{servicePrincipal}",
                    "appRoleId": "00000000-0000-0000-0000-000000000000" }),
        ),
        (
            "POST",
            "/oauth2PermissionGrants",
            json!({ "clientId": "{servicePrincipal}", "resourceId": "{servicePrincipal}",
                    "consentType": "AllPrincipals", "scope": "x" }),
        ),
        (
            "POST",
            "/roleManagement/directory/roleAssignments",
            json!({ "principalId": "{user}", "roleDefinitionId": "29232cdf-9323-42fd-ade2-1d097af3e4de",
                    "directoryScopeId": "/" }),
        ),
        (
            "POST",
            "/users",
            json!({ "displayName": "Fuzzed", "mailNickname": "f", "userPrincipalName": user, "accountEnabled": true,
                    "passwordProfile": { "password": "x" } }),
        ),
        ("PATCH", "/users/{user}", json!({ "jobTitle": "x" })),
        ("POST", "/directoryObjects/getByIds", json!({ "ids": ["{user}", "{application}"] })),
        (
            "POST",
            "/$batch",
            json!({ "requests": [{ "id": "1", "method": "GET", "url": "/users?$top=1" },
                                 { "id": "2", "method": "DELETE", "url": "/users/{user}", "dependsOn": ["1"] }] }),
        ),
    ]
}

/// Writes as they should be, or with a few members too many or of other types.
fn nearly_right() -> impl Strategy<Value = (&'static str, &'static str, Value)> {
    let changes = prop_oneof![Just(Vec::new()), vec((select(NAMES), json_value()), 1..3)];
    (select(writes()), changes).prop_map(|((method, path, mut body), changes)| {
        for (name, value) in changes {
            body[name] = value;
        }
        (method, path, body)
    })
}

fn body() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop_oneof![
        3 => Just(None),
        4 => nearly_right().prop_map(|(_, _, value)| Some(value.to_string().into_bytes())),
        2 => json_value().prop_map(|value| Some(value.to_string().into_bytes())),
        1 => vec(any::<u8>(), 0..40).prop_map(Some),
        1 => (1_usize..400).prop_map(|depth| Some("[".repeat(depth).into_bytes())),
    ]
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    (
        prop_oneof![9 => Just("application/json".to_owned()), 1 => "[ -~]{0,20}"],
        option::of(prop_oneof![3 => Just("eventual".to_owned()), 1 => "[ -~]{0,10}"]),
        option::of(prop_oneof![3 => Just("create-if-missing".to_owned()), 1 => "[ -~]{0,20}"]),
        option::of("[ -~]{0,40}"),
    )
        .prop_map(|(kind, consistency, prefer, id)| {
            [
                ("content-type", Some(kind)),
                ("consistencylevel", consistency),
                ("prefer", prefer),
                ("client-request-id", id),
            ]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
        })
}

fn request() -> impl Strategy<Value = Fuzzed> {
    let methods =
        vec!["GET", "GET", "GET", "GET", "POST", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "MERGE"];
    let anything =
        (select(methods), path(), query(), headers(), body()).prop_map(|(method, path, query, headers, body)| Fuzzed {
            method,
            path: if query.is_empty() { path } else { format!("{path}?{query}") },
            headers,
            body,
        });
    let write = (nearly_right(), headers()).prop_map(|((method, path, body), headers)| Fuzzed {
        method,
        path: format!("/v1.0{path}"),
        headers,
        body: Some(body.to_string().into_bytes()),
    });
    prop_oneof![3 => anything, 1 => write]
}

/// The objects that requests are about, by the words that stand for their ids.
struct Pool(Vec<(&'static str, String)>);

impl Pool {
    /// What an application has, made anew: requests may have deleted the last one.
    async fn new(client: &Client) -> Self {
        let made = client.post("/applications", json!({ "displayName": "Fuzzed" })).await;
        let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
        let principal = client.post("/servicePrincipals", json!({ "appId": text("appId") })).await;
        let password = client.post(&format!("/applications/{}/addPassword", text("id")), json!({})).await;
        let user = json!({
            "displayName": "Fuzzed", "mailNickname": "fuzzed", "accountEnabled": true,
            "userPrincipalName": format!("{}@{DOMAIN}", text("id")), "passwordProfile": { "password": "x" },
        });
        let user = client.post("/users", user).await;
        let id = |answer: &Answer, name: &str| answer.body[name].as_str().unwrap().to_owned();
        Self(vec![
            ("{application}", text("id")),
            ("{appId}", text("appId")),
            ("{servicePrincipal}", id(&principal, "id")),
            ("{credential}", id(&password, "keyId")),
            ("{user}", id(&user, "id")),
        ])
    }

    fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (word, id)| text.replace(word, id))
    }
}

/// What is wrong with an answer; nothing when it is as it should be.
async fn try_out(client: &Client, pool: &Pool, fuzzed: &Fuzzed) -> Result<u16, String> {
    let address = format!("{}{}", client.url, pool.fill(&fuzzed.path));
    let method = Method::from_bytes(fuzzed.method.as_bytes()).unwrap();
    let mut request = client.http.request(method, address).bearer_auth(&client.token);
    for (name, value) in &fuzzed.headers {
        request = request.header(*name, value);
    }
    if let Some(body) = &fuzzed.body {
        let body = match std::str::from_utf8(body) {
            Ok(text) => pool.fill(text).into_bytes(),
            Err(_) => body.clone(),
        };
        request = request.body(body);
    }
    let response = request.send().await.map_err(|error| format!("no answer: {error:?}"))?;
    let status = response.status().as_u16();
    let of_graph = ["/v1.0/", "/beta/"].iter().any(|version| fuzzed.path.to_lowercase().starts_with(version));
    let text = response.text().await.map_err(|error| format!("cut off: {error}"))?;
    if status >= 500 {
        return Err(format!("{status}: {text}"));
    }
    if status >= 400 && of_graph && fuzzed.method != "HEAD" {
        let body: Value = serde_json::from_str(&text).map_err(|_| format!("{status}, no JSON: {text}"))?;
        let error = &body["error"];
        let inner = ["date", "request-id", "client-request-id"].map(|name| error["innerError"][name].is_string());
        if !error["code"].is_string() || !error["message"].is_string() || inner.contains(&false) {
            return Err(format!("{status}, not in Graph's form: {text}"));
        }
    } else if !text.is_empty() && of_graph {
        serde_json::from_str::<Value>(&text).map_err(|_| format!("{status}, no JSON: {text}"))?;
    }
    Ok(status)
}

#[expect(clippy::disallowed_methods, reason = "how long to try is up to whoever runs it")]
fn cases() -> u32 {
    env::var("ACCREDIT_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES)
}

#[test]
fn whatever_comes_is_answered() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (emulator, client) = runtime.block_on(async {
        let emulator = start().await;
        let mut client = Client::operator(&emulator).await;
        client.http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        (emulator, client)
    });
    let config = Config { cases: cases(), failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let mut statuses = std::collections::BTreeMap::<u16, u32>::new();
    let (mut pool, mut tried) = (runtime.block_on(Pool::new(&client)), 0_u32);
    let seen = std::cell::RefCell::new((&mut statuses, &mut pool, &mut tried));
    let outcome = TestRunner::new(config).run(&request(), |fuzzed| {
        let mut seen = seen.borrow_mut();
        *seen.2 += 1;
        if *seen.2 % 50 == 0 {
            *seen.1 = runtime.block_on(Pool::new(&client));
        }
        let status = runtime.block_on(try_out(&client, seen.1, &fuzzed)).map_err(TestCaseError::fail)?;
        *seen.0.entry(status).or_default() += 1;
        Ok(())
    });
    println!("{statuses:?}");
    if let Err(error) = outcome {
        panic!("{error}");
    }
    // Most of the point is lost when everything is refused.
    assert!(statuses.keys().any(|status| *status < 300), "{statuses:?}");
    runtime.block_on(emulator.stop());
}
