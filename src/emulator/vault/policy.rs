//! The policy of a certificate: what is sent is checked, what is missing gets the service's defaults.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{body, private_key::Shape, refusal::Refusal};

pub(super) const PKCS12: &str = "application/x-pkcs12";
pub(super) const PEM: &str = "application/x-pem-file";
const MEMBERS: &[&str] =
    &["id", "key_props", "secret_props", "x509_props", "lifetime_actions", "issuer", "attributes", "platformManaged"];
const KEY_USAGES: &[&str] = &[
    "cRLSign",
    "dataEncipherment",
    "decipherOnly",
    "digitalSignature",
    "encipherOnly",
    "keyAgreement",
    "keyCertSign",
    "keyEncipherment",
    "nonRepudiation",
];

/// Reads the `policy` member of a request over an existing policy; none when there is no such member.
pub(super) fn read(sent: &Map<String, Value>, old: Option<&Value>, now: Timestamp) -> Result<Option<Value>, Refusal> {
    match body::inner(sent, "policy", MEMBERS)? {
        None => Ok(None),
        Some(sent) => merge(&sent, old, now).map(Some),
    }
}

/// Reads a body that is a policy itself, over the existing one.
pub(super) fn members() -> &'static [&'static str] {
    MEMBERS
}

/// A whole policy: what is sent, then what was there before, then the defaults.
pub(super) fn merge(sent: &Map<String, Value>, old: Option<&Value>, now: Timestamp) -> Result<Value, Refusal> {
    if sent.contains_key("platformManaged") {
        return Err(Refusal::not_served("certificates managed by the platform"));
    }
    let before = |group: &str, name: &str| old.map(|old| old[group][name].clone()).filter(|value| !value.is_null());
    let part = |group: &str, known: &[&str]| body::inner(sent, group, known).map(Option::unwrap_or_default);
    let keep = |part: &Map<String, Value>, group: &str, name: &str, default: Value| {
        part.get(name).cloned().or_else(|| before(group, name)).unwrap_or(default)
    };

    let key = part("key_props", &["exportable", "kty", "key_size", "reuse_key", "crv"])?;
    check_key(&key)?;
    let elliptic = keep(&key, "key_props", "kty", json!("RSA")) == json!("EC");
    let (detail, default) = if elliptic { ("crv", json!("P-256")) } else { ("key_size", json!(2048)) };
    let mut key_properties = json!({});
    for (name, default) in
        [("exportable", json!(true)), ("kty", json!("RSA")), (detail, default), ("reuse_key", json!(false))]
    {
        key_properties[name] = keep(&key, "key_props", name, default);
    }

    let secret = part("secret_props", &["contentType"])?;
    if body::string(&secret, "contentType")?.is_some_and(|kind| kind != PKCS12 && kind != PEM) {
        return Err(invalid("contentType must be application/x-pkcs12 or application/x-pem-file."));
    }
    let content_type = keep(&secret, "secret_props", "contentType", json!(PKCS12));

    let issuer = part("issuer", &["name", "cty", "cert_transparency"])?;
    let issuer_name = keep(&issuer, "issuer", "name", Value::Null);
    let issuer_name = issuer_name.as_str().ok_or_else(|| invalid("issuer is required."))?.to_owned();
    let mut shown_issuer = json!({ "name": issuer_name });
    for name in ["cty", "cert_transparency"] {
        let value = keep(&issuer, "issuer", name, Value::Null);
        if !value.is_null() {
            shown_issuer[name] = value;
        }
    }
    let lifetime_actions = match sent.get("lifetime_actions") {
        Some(actions) => read_lifetime_actions(actions)?,
        None => old.map_or_else(|| default_actions(&issuer_name), |old| old["lifetime_actions"].clone()),
    };

    let attributes =
        part("attributes", &["enabled", "created", "updated", "nbf", "exp", "recoveryLevel", "recoverableDays"])?;
    let enabled = body::boolean(&attributes, "enabled")?.map(Value::from);
    let created = before("attributes", "created").unwrap_or_else(|| now.as_second().into());
    Ok(json!({
        "key_props": key_properties,
        "secret_props": { "contentType": content_type },
        "x509_props": x509(sent, old)?,
        "lifetime_actions": lifetime_actions,
        "issuer": shown_issuer,
        "attributes": {
            "enabled": enabled.or_else(|| before("attributes", "enabled")).unwrap_or(Value::Bool(true)),
            "created": created,
            "updated": now.as_second(),
        },
    }))
}

fn invalid(why: &str) -> Refusal {
    Refusal::bad_parameter(format!("Property policy has invalid value\r\n{why}"))
}

fn check_key(key: &Map<String, Value>) -> Result<(), Refusal> {
    Shape::read(key)?;
    body::boolean(key, "exportable")?;
    body::boolean(key, "reuse_key")?;
    Ok(())
}

fn x509(sent: &Map<String, Value>, old: Option<&Value>) -> Result<Value, Refusal> {
    let part = body::inner(
        sent,
        "x509_props",
        &["subject", "sans", "ekus", "key_usage", "validity_months", "basic_constraints"],
    )?
    .unwrap_or_default();
    let before = |name: &str| old.map(|old| old["x509_props"][name].clone()).filter(|value| !value.is_null());
    let mut shown = json!({});
    match (body::string(&part, "subject")?, before("subject")) {
        (Some(text), _) => shown["subject"] = text.into(),
        (None, Some(old)) => shown["subject"] = old,
        (None, None) => {}
    }
    if let Some(sans) = body::inner(&part, "sans", &["emails", "dns_names", "upns", "uris", "ipAddresses"])? {
        for name in sans.keys() {
            body::strings(&sans, name)?;
        }
        shown["sans"] = sans.into();
    } else if let Some(old) = before("sans") {
        shown["sans"] = old;
    }
    let named = |value: &Value| value.as_object().is_some_and(|sans| sans.values().any(|list| list != &json!([])));
    if shown["subject"].as_str().is_none_or(str::is_empty) && !named(&shown["sans"]) {
        return Err(invalid("Either a subject or subject alternative names are required."));
    }
    if shown["sans"].is_null() {
        drop(shown.as_object_mut().and_then(|shown| shown.shift_remove("sans")));
    }
    let usages = match body::strings(&part, "ekus")? {
        Some(usages) if usages.iter().all(|usage| object_identifier(usage).is_some()) => json!(usages),
        Some(_) => return Err(invalid("ekus must be object identifiers.")),
        None => before("ekus").unwrap_or_else(|| json!(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"])),
    };
    shown["ekus"] = usages;
    let usages = match body::strings(&part, "key_usage")? {
        Some(mut usages) if usages.iter().all(|usage| KEY_USAGES.contains(&usage.as_str())) => {
            usages.sort();
            usages.dedup();
            json!(usages)
        }
        Some(_) => return Err(body::invalid("key_usage")),
        None => before("key_usage").unwrap_or_else(|| json!(["digitalSignature", "keyEncipherment"])),
    };
    shown["key_usage"] = usages;
    let months = match body::number(&part, "validity_months")? {
        Some(months @ 1..=1200) => json!(months),
        Some(_) => return Err(invalid("validity_months must be positive.")),
        None => before("validity_months").unwrap_or(json!(12)),
    };
    shown["validity_months"] = months;
    shown["basic_constraints"] = json!({ "ca": false });
    Ok(shown)
}

/// The numbers of a dotted object identifier; none when it is one that the library underneath would panic at.
pub(super) fn object_identifier(text: &str) -> Option<Vec<u64>> {
    let numbers = text.split('.').map(str::parse).collect::<Result<Vec<u64>, _>>().ok()?;
    // The first two are written as one number.
    let starts_well = matches!(numbers[..], [0 | 1, 0..=39, ..] | [2, 0..=0xffff_ffff, ..]);
    starts_well.then_some(numbers)
}

fn default_actions(issuer: &str) -> Value {
    let action = if issuer.eq_ignore_ascii_case("Unknown") { "EmailContacts" } else { "AutoRenew" };
    json!([{ "trigger": { "lifetime_percentage": 80 }, "action": { "action_type": action } }])
}

fn read_lifetime_actions(sent: &Value) -> Result<Value, Refusal> {
    let wrong = || body::invalid("lifetime_actions");
    let mut actions = Vec::new();
    for action in sent.as_array().ok_or_else(wrong)? {
        let action = action.as_object().ok_or_else(wrong)?;
        if action.keys().any(|name| name != "trigger" && name != "action") {
            return Err(wrong());
        }
        let trigger =
            body::inner(action, "trigger", &["lifetime_percentage", "days_before_expiry"])?.ok_or_else(wrong)?;
        if trigger.len() != 1 || !trigger.values().all(|value| value.as_i64().is_some_and(|number| number > 0)) {
            return Err(wrong());
        }
        let then = body::inner(action, "action", &["action_type"])?.ok_or_else(wrong)?;
        if !matches!(body::string(&then, "action_type")?, Some("AutoRenew" | "EmailContacts")) {
            return Err(wrong());
        }
        actions.push(json!({ "trigger": trigger, "action": then }));
    }
    Ok(actions.into())
}
