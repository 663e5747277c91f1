//! The rules for `keyCredentials` and `passwordCredentials`, which applications and service principals share.
//!
//! A sent collection of keys replaces the one there was. An element without a key must be one that is there already,
//! and unchanged; any other is a new certificate and is really read.

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use serde_json::{Value, json};

use super::{
    certificates::{Certificate, LENIENT},
    clock, identifiers,
    refusal::Refusal,
    unsettled::{AddKeyNames, EndedKeys, Unsettled},
    world::{Document, list, text},
};

/// The collection after a write.
pub(crate) fn replace_keys(
    before: &[Value],
    sent: &[Value],
    now: Timestamp,
    unsettled: Unsettled,
) -> Result<Vec<Value>, Refusal> {
    let mut after: Vec<Value> = Vec::new();
    for credential in sent {
        let Some(credential) = credential.as_object() else {
            return Err(invalid_value());
        };
        let key_id = text(credential, "keyId");
        if !key_id.is_empty() && after.iter().any(|other| same_id(other, key_id)) {
            return Err(Refusal::bad_request(format!("Duplicate KeyId '{key_id}' found in the credentials.")));
        }
        let existing = before.iter().find(|existing| same_id(existing, key_id));
        let kept = match existing.and_then(Value::as_object) {
            Some(existing) if !key_id.is_empty() => {
                let has_ended =
                    instant(existing.get("endDateTime").and_then(Value::as_str)).is_some_and(|end| end <= now);
                if has_ended && unsettled.ended_keys == EndedKeys::Refused {
                    return Err(invalid_end());
                }
                keep(existing, credential)?
            }
            _ => add(credential, now)?,
        };
        // One certificate is held once: under its new keyId it takes the place of the old entry.
        let is_new = existing.is_none() || key_id.is_empty();
        after.retain(|other| !is_new || other["key"] != kept["key"]);
        after.push(Value::Object(kept));
    }
    Ok(after)
}

/// One more key, of `addKey`.
pub(crate) fn new_key(sent: &Document, now: Timestamp, unsettled: Unsettled) -> Result<Document, Refusal> {
    match unsettled.add_key_names {
        AddKeyNames::Kept => add(sent, now),
        AddKeyNames::Ignored => {
            let is_needed = |name: &String| ["type", "usage", "key"].contains(&name.as_str());
            add(&sent.iter().filter(|(name, _)| is_needed(name)).map(|(k, v)| (k.clone(), v.clone())).collect(), now)
        }
    }
}

/// The keys of a collection that were not there before.
pub(crate) fn added<'a>(before: &'a [Value], after: &'a [Value]) -> impl Iterator<Item = &'a Value> {
    after.iter().filter(|key| !before.iter().any(|other| other["keyId"] == key["keyId"]))
}

/// The collection without one key; none when it has no such one.
pub(crate) fn without_key(owner: &Document, key_id: &str) -> Option<Vec<Value>> {
    let before = list(owner, "keyCredentials");
    let after: Vec<Value> = before.iter().filter(|key| !same_id(key, key_id)).cloned().collect();
    (after.len() < before.len()).then_some(after)
}

/// New client secrets, of an application that is created with some.
pub(crate) fn new_passwords(sent: &[Value], now: Timestamp) -> Result<Vec<Value>, Refusal> {
    let passwords: Vec<Value> =
        sent.iter().filter_map(Value::as_object).map(|sent| new_password(sent, now)).collect::<Result<_, _>>()?;
    one_of_each_id(&passwords)?;
    Ok(passwords)
}

/// Refuses two credentials with one `keyId`.
pub(crate) fn one_of_each_id(credentials: &[Value]) -> Result<(), Refusal> {
    for (index, credential) in credentials.iter().enumerate() {
        if credentials[..index].iter().any(|other| other["keyId"] == credential["keyId"]) {
            let id = credential["keyId"].as_str().unwrap_or_default();
            return Err(Refusal::bad_request(format!("Duplicate KeyId '{id}' found in the credentials.")));
        }
    }
    Ok(())
}

fn same_id(credential: &Value, key_id: &str) -> bool {
    credential["keyId"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(key_id))
}

/// An existing credential, sent back: it may not differ from what is stored.
fn keep(existing: &Document, sent: &Document) -> Result<Document, Refusal> {
    let unchanged = sent.iter().all(|(name, value)| {
        let stored = existing.get(name);
        match name.as_str() {
            _ if value.is_null() => true,
            "@odata.type" | "keyId" => true,
            "startDateTime" | "endDateTime" => instant(value.as_str()) == instant(stored.and_then(Value::as_str)),
            "key" => {
                let der = |text: Option<&str>| text.and_then(Certificate::from_base64).map(|read| read.der);
                der(value.as_str()) == der(stored.and_then(Value::as_str))
            }
            _ => stored == Some(value),
        }
    });
    if unchanged {
        return Ok(existing.clone());
    }
    Err(Refusal::bad_request(format!(
        "Update to existing credential with KeyId '{}' is not allowed.",
        text(existing, "keyId")
    ))
    .with_detail("KeyNotUpdatable", "keyCredentials"))
}

fn instant(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok()
}

fn invalid_value() -> Refusal {
    Refusal::new(400, "KeyCredentialsInvalidValue", "Key credential value is invalid.")
}

fn invalid_end() -> Refusal {
    Refusal::new(400, "KeyCredentialsInvalidEndDate", "Key credential end date is invalid.")
        .with_detail("InvalidKeyEndDate", "keyCredentials.endDateTime")
}

fn add(sent: &Document, now: Timestamp) -> Result<Document, Refusal> {
    let usage = text(sent, "usage");
    if !["Verify", "Sign", "Encrypt"].contains(&usage) {
        return Err(Refusal::bad_request(
            "The value for the property \"usage\" in one of your credentials is invalid. Acceptable values are Sign, \
             Verify.",
        ));
    }
    let kind = text(sent, "type");
    let fits = match kind {
        "AsymmetricX509Cert" => usage != "Sign",
        "X509CertAndPassword" => usage == "Sign",
        _ => false,
    };
    if !fits {
        return Err(Refusal::bad_request("The value for the property \"type\" in one of your credentials is invalid."));
    }
    if kind == "X509CertAndPassword" && Certificate::from_base64(text(sent, "key")).is_none() {
        return packed(sent, now);
    }
    let certificate = Certificate::from_base64(text(sent, "key")).ok_or_else(invalid_value)?;
    let identifier = identifier(sent, &certificate)?;
    let (start, start_text) = date(sent, "startDateTime", certificate.not_before);
    let (end, end_text) = date(sent, "endDateTime", certificate.not_after);
    if start < certificate.not_before {
        return Err(Refusal::new(400, "KeyCredentialsInvalidStartDate", "Key credential start date is invalid."));
    }
    if end > certificate.not_after || end <= start || end <= now {
        return Err(invalid_end());
    }
    let display_name = sent.get("displayName").and_then(Value::as_str);
    let key_id = sent.get("keyId").and_then(Value::as_str);
    let credential = json!({
        "customKeyIdentifier": identifier,
        "displayName": display_name.unwrap_or(&certificate.subject),
        "endDateTime": end_text,
        "key": BASE64_STANDARD.encode(&certificate.der),
        "keyId": key_id.map_or_else(identifiers::guid, str::to_lowercase),
        "startDateTime": start_text,
        "type": kind,
        "usage": usage,
    });
    match credential {
        Value::Object(credential) => Ok(credential),
        _ => Err(invalid_value()),
    }
}

/// A certificate with its private key, packed and locked by a password: only its dates as sent are known.
fn packed(sent: &Document, now: Timestamp) -> Result<Document, Refusal> {
    let packed: String = text(sent, "key").split_whitespace().collect();
    // PKCS #12 is a DER sequence that begins with the number 3.
    let bytes = LENIENT.decode(packed).map_err(|_| invalid_value())?;
    if bytes.first() != Some(&0x30) || !bytes.windows(3).take(8).any(|window| window == [2, 1, 3]) {
        return Err(invalid_value());
    }
    let in_a_year = now + SignedDuration::from_hours(365 * 24);
    let (start, start_text) = date(sent, "startDateTime", now);
    let (end, end_text) = date(sent, "endDateTime", in_a_year);
    if end <= start || end <= now {
        return Err(invalid_end());
    }
    let credential = json!({
        "customKeyIdentifier": sent.get("customKeyIdentifier").cloned().unwrap_or(Value::Null),
        "displayName": sent.get("displayName").cloned().unwrap_or(Value::Null),
        "endDateTime": end_text,
        "key": BASE64_STANDARD.encode(&bytes),
        "keyId": sent.get("keyId").and_then(Value::as_str).map_or_else(identifiers::guid, str::to_lowercase),
        "startDateTime": start_text,
        "type": "X509CertAndPassword",
        "usage": "Sign",
    });
    credential.as_object().cloned().ok_or_else(invalid_value)
}

fn identifier(sent: &Document, certificate: &Certificate) -> Result<String, Refusal> {
    match sent.get("customKeyIdentifier").and_then(Value::as_str) {
        None => Ok(certificate.thumbprint()),
        Some(identifier) => match LENIENT.decode(identifier) {
            Ok(bytes) if (1..=32).contains(&bytes.len()) => Ok(identifier.to_owned()),
            _ => Err(Refusal::bad_request(
                "When present, application key identifier cannot be empty and can be at most 32 bytes.",
            )),
        },
    }
}

/// A date as sent, in UTC; or the certificate's own.
fn date(sent: &Document, name: &str, otherwise: Timestamp) -> (Timestamp, String) {
    let at = instant(sent.get(name).and_then(Value::as_str)).unwrap_or(otherwise);
    (at, clock::ticks(at))
}

/// The keys as a client sees them: the certificates themselves only when `with_key`.
pub(crate) fn shown_keys(document: &mut Document, with_key: bool) {
    if let Some(Value::Array(keys)) = document.get_mut("keyCredentials") {
        for key in keys.iter_mut().filter(|_| !with_key) {
            key["key"] = Value::Null;
        }
    }
    if let Some(Value::Array(passwords)) = document.get_mut("passwordCredentials") {
        for password in passwords {
            password["secretText"] = Value::Null;
        }
    }
}

/// A new client secret, as `addPassword` makes it; the stored form holds the secret.
pub(crate) fn new_password(sent: &Document, now: Timestamp) -> Result<Value, Refusal> {
    let start = instant(sent.get("startDateTime").and_then(Value::as_str)).unwrap_or(now);
    let in_two_years = now
        .to_zoned(TimeZone::UTC)
        .checked_add(2.years())
        .map_or(now + SignedDuration::from_hours(2 * 8760), |at| at.timestamp());
    let end = instant(sent.get("endDateTime").and_then(Value::as_str)).unwrap_or(in_two_years);
    if end <= start || end <= now {
        return Err(Refusal::bad_request("Password credential end date is invalid."));
    }
    let secret = identifiers::secret();
    let key_id = sent.get("keyId").and_then(Value::as_str);
    Ok(json!({
        "customKeyIdentifier": sent.get("customKeyIdentifier").cloned().unwrap_or(Value::Null),
        "displayName": sent.get("displayName").cloned().unwrap_or(Value::Null),
        "endDateTime": clock::ticks(end),
        "hint": &secret[..3],
        "keyId": key_id.map_or_else(identifiers::guid, str::to_lowercase),
        "secretText": secret,
        "startDateTime": clock::ticks(start),
    }))
}

/// The collection without one password; refused when it has no such one.
pub(crate) fn without_password(owner: &Document, key_id: &str) -> Result<Vec<Value>, Refusal> {
    let before = list(owner, "passwordCredentials");
    let after: Vec<Value> = before.iter().filter(|password| !same_id(password, key_id)).cloned().collect();
    if after.len() == before.len() {
        return Err(Refusal::bad_request(format!("No password credential found with keyId '{key_id}'.")));
    }
    Ok(after)
}

/// Whether a credential may be used now.
pub(crate) fn is_current(credential: &Value, now: Timestamp) -> bool {
    let start = instant(credential["startDateTime"].as_str());
    let end = instant(credential["endDateTime"].as_str());
    start.is_none_or(|start| start <= now) && end.is_none_or(|end| now < end)
}
