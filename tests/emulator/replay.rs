//! Recorded exchanges with the real service, replayed: status, error, context and property names must agree.
//!
//! The recordings are not part of this repository. They are read from `shared/transcripts` beside it, or from the folder
//! that `ACCREDIT_TRANSCRIPTS` names.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use accredit::emulator::{self, Emulator, Options};
use serde_json::{Value, json};
use uuid::Uuid;

/// The recordings, each with the steps that are left out: other services, paths that the emulator does not serve, and
/// objects that another tenant had.
const SCENARIOS: &[(&str, &[usize])] = &[
    ("azcli_addpassword_client_keyid_2023", &[4]),
    ("azcli_app_create_defaults_2022", &[]),
    ("azcli_app_create_idempotent_2024", &[]),
    ("azcli_app_credential_password_2022", &[]),
    ("azcli_app_federated_credential_2022", &[]),
    ("azcli_app_optional_claims_2021", &[]),
    ("azcli_app_owner_2022", &[1, 2]),
    ("azcli_app_required_permissions_2022", &[]),
    ("azcli_app_scenario_2024", &[]),
    ("azcli_app_show_by_wrong_id_2022", &[]),
    ("azcli_cert_app_create_and_patch_2022", &[]),
    ("azcli_cert_from_keyvault_2023", &[1, 2, 3, 4, 5]),
    ("azcli_cert_from_keyvault_half_year_2023", &[]),
    ("azcli_create_for_rbac_2025", &[]),
    ("azcli_first_party_sp_2023", &[1, 2]),
    ("azcli_managed_identity_getbyids_2024", &[2]),
    // The left-out steps speak of a membership that was made before.
    ("azcli_group_scenario_2022", &[4, 7, 8]),
    ("azcli_managed_identity_roles_2024", &[2]),
    ("azcli_oauth2_permission_grants_2022", &[]),
    ("azcli_rest_raw_calls_2020", &[4]),
    ("azcli_sp_credential_password_2022", &[]),
    ("azcli_sp_owner_2022", &[]),
    ("azcli_sp_scenario_2022", &[]),
    ("azcli_special_characters_2022", &[]),
    ("azcli_special_characters_in_upn_2022", &[]),
    ("azcli_user_scenario_2023", &[]),
    ("azpowershell_app_crud_2021", &[]),
];

/// Stands for the service principal of an application that is made.
const PRINCIPAL: &str = "principal";

/// Values are compared in recordings since then: before, the service had other defaults.
const DEFAULTS_SINCE: &str = "2024";

/// The newest recording is the standard for order.
const STANDARD: &str = "azcli_create_for_rbac_2025";

/// The domain in the recordings.
const DOMAIN: &str = "AzureSDKTeam.onmicrosoft.com";

/// Properties that the service has added over the years; an older recording may lack them.
const LATER: [&str; 13] = [
    "certification",
    "defaultRedirectUri",
    "disabledByMicrosoftStatus",
    "nativeAuthenticationApisEnabled",
    "requestSignatureVerification",
    "resourceSpecificApplicationPermissions",
    "samlMetadataUrl",
    "serviceManagementReference",
    "servicePrincipalLockConfiguration",
    "serviceProvisioningErrors",
    "signInAudience",
    "uniqueName",
    "verifiedPublisher",
];

/// What the clock and the dice decide.
const CHANCE: [&str; 4] = ["createdDateTime", "hint", "innerError", "secretText"];

#[expect(clippy::disallowed_methods, reason = "where the recordings lie is up to the machine")]
fn transcripts() -> PathBuf {
    env::var_os("ACCREDIT_TRANSCRIPTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/transcripts"), PathBuf::from)
}

fn read(scenario: &str) -> Vec<Value> {
    let file = transcripts().join(scenario).with_extension("jsonl");
    let text = fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; ACCREDIT_TRANSCRIPTS may name the folder", file.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn names(object: &Value) -> BTreeSet<&str> {
    let members = object.as_object().into_iter().flatten();
    members.map(|(name, _)| name.as_str()).filter(|name| !name.starts_with('@')).collect()
}

/// The object of an answer: itself, or the first of a list.
fn object(answer: &Value) -> &Value {
    answer["value"].get(0).unwrap_or(answer)
}

/// A value without what the clock and the dice decide.
fn without_chance(value: &Value) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(without_chance).collect(),
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| !CHANCE.contains(&name.as_str()));
            kept.map(|(name, value)| (name.clone(), without_chance(value))).collect()
        }
        _ => value.clone(),
    }
}

/// What follows `$metadata` in the context: before it stands the host.
fn context(answer: &Value) -> Value {
    let context = answer["@odata.context"].as_str().and_then(|context| context.split_once("$metadata"));
    json!(context.map(|(_, rest)| rest))
}

/// The code and the message of a refusal.
fn said(answer: &Value) -> Value {
    json!([answer["error"]["code"], answer["error"]["message"]])
}

/// A tenant with the objects of a recording, under ids of its own.
struct Replay {
    emulator: Emulator,
    http: reqwest::Client,
    /// From the recording's ids to the tenant's.
    ids: BTreeMap<String, String>,
}

impl Replay {
    async fn new(steps: &[Value]) -> Self {
        let at = format!("{}T12:00:00Z", &steps[0]["recorded"].as_str().unwrap()[..10]);
        let options = Options { now: Some(at.parse().unwrap()), ..Options::new(DOMAIN) };
        Self {
            emulator: emulator::start(options).await.unwrap(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            ids: BTreeMap::new(),
        }
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let call = json!({ "method": method, "path": path, "body": body });
        let request = self.http.post(format!("{}/_emulator/graph", self.emulator.url())).json(&call);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// A part of the recording with the tenant's ids.
    fn translated(&self, recorded: &Value) -> Value {
        serde_json::from_str(&self.translated_text(&recorded.to_string())).unwrap()
    }

    fn translated_text(&self, recorded: &str) -> String {
        self.ids.iter().fold(recorded.to_owned(), |text, (recorded, ours)| text.replace(recorded, ours))
    }

    /// Notes which of our ids stand where the recording has others.
    fn learn(&mut self, recorded: &Value, ours: &Value) {
        match (recorded, ours) {
            (Value::Object(recorded), Value::Object(ours)) => {
                for (name, value) in recorded {
                    let Some(own) = ours.get(name) else { continue };
                    match (name.as_str(), value, own) {
                        (
                            "id" | "appId" | "keyId" | "appOwnerOrganizationId",
                            Value::String(value),
                            Value::String(own),
                        ) => {
                            self.know(value, own);
                        }
                        _ => self.learn(value, own),
                    }
                }
            }
            (Value::Array(recorded), Value::Array(ours)) => {
                for (recorded, ours) in recorded.iter().zip(ours) {
                    self.learn(recorded, ours);
                }
            }
            _ => {}
        }
    }

    fn know(&mut self, recorded: &str, ours: &str) {
        if recorded != ours {
            self.ids.entry(recorded.to_owned()).or_insert_with(|| ours.to_owned());
        }
    }

    /// Makes what the recording had made before its first step, and this step speaks of.
    async fn prepare(&mut self, request: &Value, recorded: &Value) {
        let path: Vec<&str> = request["path"].as_str().unwrap().split('/').collect();
        let body = &request["body"];
        let client = request["query"].as_str().and_then(|query| query.strip_prefix("$filter=clientId%20eq%20'"));
        let (id, property) = match path[2..] {
            ["applications", id, ..] => (id, "id"),
            ["servicePrincipals", id, ..] => (id, PRINCIPAL),
            ["servicePrincipals"] if body["appId"].is_string() => (body["appId"].as_str().unwrap(), "appId"),
            ["oauth2PermissionGrants"] if client.is_some() => (client.unwrap().trim_end_matches('\''), PRINCIPAL),
            _ => return,
        };
        if Uuid::parse_str(id).is_err() || self.ids.contains_key(id) {
            return;
        }
        let uris: Vec<&Value> = recorded["servicePrincipalNames"].as_array().into_iter().flatten().skip(1).collect();
        let name = recorded["appDisplayName"].as_str().unwrap_or("Made before");
        let body = json!({ "displayName": name, "identifierUris": uris });
        let (_, mut made) = self.call("POST", "/v1.0/applications", &body).await;
        if property == PRINCIPAL {
            (_, made) = self.call("POST", "/v1.0/servicePrincipals", &json!({ "appId": made["appId"] })).await;
        }
        self.know(id, made[if property == PRINCIPAL { "id" } else { property }].as_str().unwrap());
    }

    /// Makes the groups and people that this step refers to.
    async fn prepare_members(&mut self, request: &Value) {
        let path: Vec<&str> = request["path"].as_str().unwrap().split('/').collect();
        let reference = request["body"]["@odata.id"].as_str().unwrap_or_default();
        let referenced: Vec<&str> = reference.rsplitn(3, '/').collect();
        let mut wanted = Vec::new();
        if let ["groups" | "directoryObjects", id, ..] = path[2..] {
            wanted.push((id, "groups"));
        }
        if let [id, set @ ("directoryObjects" | "users"), _] = referenced[..] {
            wanted.push((id, if set == "users" { "users" } else { "groups" }));
        }
        for (id, set) in wanted {
            let ours = self.ids.values().any(|own| own == id);
            if Uuid::parse_str(id).is_err() || self.ids.contains_key(id) || ours {
                continue;
            }
            let name = format!("before{}", self.ids.len());
            let body = json!({
                "displayName": name, "mailEnabled": false, "mailNickname": name, "securityEnabled": true,
            });
            let person = json!({
                "accountEnabled": true, "displayName": name, "mailNickname": name,
                "userPrincipalName": format!("{name}@{DOMAIN}"), "passwordProfile": { "password": "not kept" },
            });
            let body = if set == "users" { person } else { body };
            let (_, made) = self.call("POST", &format!("/v1.0/{set}"), &body).await;
            self.know(id, made["id"].as_str().unwrap());
        }
    }

    async fn step(&mut self, standard: bool, step: &Value) -> Vec<String> {
        let (request, response) = (&step["request"], &step["response"]);
        let recorded = &response["body"];
        let method = request["method"].as_str().unwrap();
        let mut path = request["path"].as_str().unwrap().to_owned();
        if let Some(query) = request["query"].as_str() {
            path = format!("{path}?{query}");
        }
        if response["status"] != 404 {
            self.prepare(request, recorded).await;
            self.prepare_members(request).await;
        }
        let body = self.translated(&request["body"]);
        let (status, answer) = self.call(method, &self.translated_text(&path), &body).await;
        if response["status"] != status {
            return vec![format!("{status} {answer}")];
        }
        self.learn(recorded, &answer);
        let recorded = self.translated(recorded);
        let mut wrong = Vec::new();
        let mut same = |what: &str, ours: Value, theirs: Value| {
            if ours != theirs {
                wrong.push(format!("{what}: {ours}, recorded {theirs}"));
            }
        };
        same("error", said(&answer), said(&recorded));
        same("context", context(&answer), context(&recorded));
        let count = |answer: &Value| answer["value"].as_array().map(Vec::len);
        same("count", json!(count(&answer)), json!(count(&recorded)));
        let (ours, theirs) = (object(&answer), object(&recorded));
        let (mut have, want) = (names(ours), names(theirs));
        have.retain(|name| want.contains(name) || !LATER.contains(name));
        same("names", json!(have), json!(want));
        let since = step["recorded"].as_str().unwrap();
        for name in want {
            if ["id", "appId"].contains(&name) || (since >= DEFAULTS_SINCE && !CHANCE.contains(&name)) {
                same(name, without_chance(&ours[name]), without_chance(&theirs[name]));
            }
        }
        if standard && method == "POST" {
            let order = |answer: &Value| json!(answer.as_object().unwrap().keys().collect::<Vec<_>>());
            same("order", order(&answer), order(&recorded));
        }
        wrong
    }
}

#[tokio::test]
#[ignore = "needs the recorded transcripts beside the repository; .ci/run runs it"]
async fn recorded_exchanges_come_out_as_recorded() {
    let (mut replayed, mut wrong) = (0, Vec::new());
    for &(scenario, left_out) in SCENARIOS {
        let steps = read(scenario);
        let mut replay = Replay::new(&steps).await;
        for (number, step) in (1..).zip(&steps).filter(|(number, _)| !left_out.contains(number)) {
            let found = replay.step(scenario == STANDARD, step).await;
            wrong.extend(found.into_iter().map(|wrong| format!("{scenario} step {number}: {wrong}")));
            replayed += 1;
        }
    }
    // Past the test harness, which would swallow it.
    writeln!(io::stderr(), "{replayed} recorded exchanges replayed, {} disagreements", wrong.len()).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
