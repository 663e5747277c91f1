//! One recorded answer against ours: status, refusal, context, headers, and the properties with their JSON types.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::tenant::Exchanged;

/// Properties and claims that the service has added or moved over the years; a recording may lack them.
const LATER: &[&str] = &[
    "certification",
    "client-request-id",
    "defaultRedirectUri",
    "disabledByMicrosoftStatus",
    "error_uri",
    "nativeAuthenticationApisEnabled",
    "redirectUriSettings",
    "requestSignatureVerification",
    "resourceSpecificApplicationPermissions",
    "samlMetadataUrl",
    "serviceManagementReference",
    "serviceProvisioningErrors",
    "servicePrincipalLockConfiguration",
    "signInAudience",
    "spa",
    "tenantType",
    "uniqueName",
    "verifiedPublisher",
];

/// Whatever a service puts below these is data, or is different in each answer.
const OPAQUE: &[&str] = &["innererror", "stacktrace", "value_of_cmdlet"];

/// What the clock and the dice decide.
const CHANCE: &[&str] =
    &["createdDateTime", "hint", "innerError", "secretText", "renewedDateTime", "access_token", "timestamp"];

/// Values are compared in recordings since then: before, the service had other defaults.
const DEFAULTS_SINCE: &str = "2024";

/// How much of a recorded answer binds us.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own about a recording")]
pub(super) struct Rule {
    /// The source quotes a part of the answer: ours may have more.
    pub(super) excerpt: bool,
    /// The objects are those of another tenant: their number and their values are not ours.
    pub(super) foreign: bool,
    /// The recording has all headers that count, so that one which is missing there must be missing here.
    pub(super) headers: bool,
    /// The newest recording is the standard for the order of properties.
    pub(super) ordered: bool,
    /// Recorded before the defaults of today: what is null here may have had a value there.
    pub(super) older: bool,
    /// The wording of the message is not compared: it is older than what the service says now, or speaks of other things.
    pub(super) reworded: bool,
}

/// Where two answers differ, each in words that hold nothing of the recording but names and numbers.
pub(super) fn differences(step: &Value, recorded: &Value, ours: &Exchanged, rule: Rule) -> Vec<String> {
    let mut wrong = Vec::new();
    let older = step["recorded"].as_str().is_some_and(|day| day < DEFAULTS_SINCE);
    let rule = Rule { older, ..rule };
    let response = &step["response"];
    if let Some(status) = response["status"].as_u64().filter(|status| *status != u64::from(ours.status)) {
        let code = code(&ours.body).as_str().map(|code| format!(" `{code}`")).unwrap_or_default();
        return vec![format!("status {}{code} instead of {status}", ours.status)];
    }
    if recorded["error"].is_object() && code(recorded) != code(&ours.body) {
        let shown = |code: &Value| code.as_str().map_or_else(|| "none".to_owned(), |code| format!("`{code}`"));
        if !(rule.excerpt && code(recorded).is_null()) {
            wrong.push(format!("error code {} instead of {}", shown(code(&ours.body)), shown(code(recorded))));
        }
    }
    if recorded["error"].is_string() {
        for name in ["error", "error_codes"] {
            if recorded[name] != ours.body[name] {
                wrong.push(format!("`{name}` differs"));
            }
        }
    }
    let message = |answer: &Value| answer["error"]["message"].clone();
    if !rule.reworded && !message(recorded).is_null() && message(recorded) != message(&ours.body) {
        wrong.push("message differs".to_owned());
    }
    headers(response, ours, rule, &mut wrong);
    for name in ["@odata.context", "@odata.nextLink"] {
        let (theirs, own) = (address(&recorded[name]), address(&ours.body[name]));
        if theirs != own && !(rule.excerpt && theirs.is_none()) {
            wrong.push(match (theirs, own) {
                (Some(_), None) => format!("`{name}` missing"),
                (None, Some(_)) => format!("`{name}` not recorded"),
                _ => format!("`{name}` differs"),
            });
        }
    }
    shape("", &untrimmed(recorded), &ours.body, rule, &mut wrong);
    let names_of = |answer: &Value| answer.as_object().map(|members| members.keys().cloned().collect::<Vec<_>>());
    if rule.ordered && names_of(recorded) != names_of(&ours.body) {
        wrong.push("order of properties differs".to_owned());
    }
    if !rule.foreign && !rule.excerpt {
        values(step, recorded, &ours.body, &mut wrong);
    }
    wrong
}

fn code(answer: &Value) -> &Value {
    &answer["error"]["code"]
}

fn headers(response: &Value, ours: &Exchanged, rule: Rule, wrong: &mut Vec<String>) {
    let recorded = |name: &str| {
        let headers = response["headers"].as_object().into_iter().flatten();
        headers.filter(|(other, _)| other.eq_ignore_ascii_case(name)).find_map(|(_, value)| value.as_str())
    };
    for name in ["location", "odata-version", "content-type", "www-authenticate"] {
        let (theirs, own) = (recorded(name), ours.header(name));
        let same = match (name, theirs, own) {
            // Content types of successes are left out of the recordings: they are the same throughout.
            ("content-type" | "www-authenticate", None, _) => true,
            (_, None, _) if !rule.headers => true,
            (_, None, None) => true,
            ("location", Some(theirs), Some(own)) => address(&theirs.into()) == address(&own.into()),
            // Which schemes are offered; their parameters name hosts.
            ("www-authenticate", Some(theirs), Some(own)) => challenge(theirs) == challenge(own),
            (_, Some(theirs), Some(own)) => theirs.eq_ignore_ascii_case(own),
            _ => false,
        };
        if !same {
            let what = if theirs.is_none() {
                "not recorded"
            } else if own.is_none() {
                "missing"
            } else {
                "differs"
            };
            wrong.push(format!("header {name} {what}"));
        }
    }
    let success = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
    if rule.headers && ours.header("odata-version").is_some() && ours.header("content-type") != Some(success) {
        wrong.push("header content-type differs".to_owned());
    }
}

/// The names of the parameters of the first scheme.
fn challenge(header: &str) -> BTreeSet<&str> {
    let first = header.split(", PoP ").next().unwrap_or(header);
    first.split(['=', ' ', ',']).filter(|word| word.chars().all(|c| c.is_ascii_alphabetic() || c == '_')).collect()
}

/// An address without its host, and with every id and page mark made the same.
fn address(address: &Value) -> Option<String> {
    let address = address.as_str()?;
    let path = address.split_once("://").map_or(address, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let mut masked = String::new();
    for word in path.split_inclusive(['/', '\'', '(', ')', '=', '&', '?']) {
        let (word, end) = word.split_at(word.len() - usize::from(word.ends_with(['/', '\'', '(', ')', '=', '&', '?'])));
        let is_id = (word.len() == 36 && word.matches('-').count() == 4)
            || ((43..=64).contains(&word.len()) && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)))
            || masked.ends_with("skiptoken=")
            || masked.ends_with("request_id=")
            // The word that stands for the tenant in Exchange's recordings.
            || (masked.ends_with("adminapi/beta/") && word == "tenant");
        masked.push_str(if is_id { "{id}" } else { word });
        masked.push_str(end);
    }
    Some(masked.trim_end_matches('/').to_owned())
}

/// A recorded value without the marks of what was cut off.
fn untrimmed(value: &Value) -> Value {
    match value {
        Value::Array(elements) => {
            elements.iter().filter(|element| element["__trimmed__"].is_null()).map(untrimmed).collect()
        }
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| *name != "__trimmed__")
            .map(|(name, value)| (name.clone(), untrimmed(value)))
            .collect(),
        _ => value.clone(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The properties of two values and their JSON types, downwards; of lists, the first elements of the same type.
fn shape(path: &str, theirs: &Value, own: &Value, rule: Rule, wrong: &mut Vec<String>) {
    match (theirs, own) {
        (Value::Object(theirs), Value::Object(own)) => {
            let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            for (name, value) in theirs.iter().filter(|(name, _)| !name.starts_with("@odata.")) {
                match own.get(name) {
                    None => wrong.push(format!("`{}` missing", below(name))),
                    Some(_) if OPAQUE.contains(&name.as_str()) => {}
                    Some(own) => shape(&below(name), value, own, rule, wrong),
                }
            }
            for name in own.keys().filter(|name| !name.starts_with("@odata.")) {
                if !theirs.contains_key(name) && !rule.excerpt && !LATER.contains(&name.as_str()) {
                    wrong.push(format!("`{}` not recorded", below(name)));
                }
            }
        }
        // The answers of a batch stand in for themselves, each of them.
        (Value::Array(theirs), Value::Array(own)) if path == "responses" && theirs.len() == own.len() => {
            for (number, (theirs, own)) in theirs.iter().zip(own).enumerate() {
                shape(&format!("{path}[{number}]"), theirs, own, rule, wrong);
            }
        }
        (Value::Array(theirs), Value::Array(own)) => {
            let Some(first) = theirs.first() else {
                if path == "value" && !own.is_empty() {
                    wrong.push("list not empty".to_owned());
                }
                return;
            };
            let same = own.iter().find(|element| element["@odata.type"] == first["@odata.type"]);
            match same {
                Some(own) => shape(&format!("{path}[]"), first, own, rule, wrong),
                None if path == "value" || !(rule.foreign || rule.older) => {
                    wrong.push(format!("`{path}` has no such element"));
                }
                None => {}
            }
        }
        (Value::Null, _) | (Value::String(_), Value::Null) => {}
        (_, Value::Null) if (rule.foreign || rule.older) && !theirs.is_array() => {}
        _ if kind(theirs) == kind(own) => {}
        _ => wrong.push(format!("`{path}` is {} instead of {}", kind(own), kind(theirs))),
    }
}

/// The number of objects and, where the defaults are those of today, what is in the first.
fn values(step: &Value, recorded: &Value, ours: &Value, wrong: &mut Vec<String>) {
    let count = |answer: &Value| answer["value"].as_array().map(Vec::len);
    if count(recorded) != count(ours) {
        wrong.push(format!("{:?} objects instead of {:?}", count(ours).unwrap_or(0), count(recorded).unwrap_or(0)));
    }
    let since = step["recorded"].as_str().unwrap_or_default();
    let (own, theirs) = (object(ours), object(recorded));
    for (name, value) in theirs.as_object().into_iter().flatten() {
        let chance = name.starts_with('@') || CHANCE.contains(&name.as_str()) || name.starts_with("error");
        let compared = ["id", "appId"].contains(&name.as_str()) || (since >= DEFAULTS_SINCE && !chance);
        if compared && *value != json!("__redacted__") && without_chance(&own[name]) != without_chance(value) {
            wrong.push(format!("value of `{name}` differs"));
        }
    }
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
