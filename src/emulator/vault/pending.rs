//! Certificates on their way: created with a signing request, completed by time or by a merge, cancelled.
//!
//! A certificate of the issuer `Self` is in progress at first, as it is with the service. It is completed when its
//! pending operation is looked at the second time, and at the latest five seconds after it was ordered.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    super::{
        certificates::{Certificate, LENIENT},
        odata,
        world::{Change, Document, World, text},
    },
    Answer, Request, body,
    certificates::{self, Content},
    issue, keys, policy,
    private_key::{self, PrivateKey, Shape},
    refusal::Refusal,
    store::{self, CERTIFICATES, KEYS},
};

/// The key of the certificate to be, which the control endpoints never show.
const KEY: &str = "~pendingKey";
/// How long a certificate is on its way when nobody asks after it.
const SECONDS: i64 = 5;
const RETRY_AFTER: u32 = 1;
const IN_PROGRESS: &str = "Pending certificate created. Certificate request is in progress. This may take some time \
                           based on the issuer provider. Please check again later.";
const TO_BE_MERGED: &str = "Pending certificate created. Please Perform Merge to complete the request.";

pub(super) fn create(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    certificates::check_place(request, name)?;
    let sent = request.object(&["policy", "attributes", "tags", "preserveCertOrder"])?;
    certificates::check_order(&sent)?;
    let known = request.whole(name).and_then(|whole| whole.get("policy"));
    let policy = match policy::read(&sent, None, request.now)? {
        Some(policy) => policy,
        None => known.cloned().ok_or_else(|| Refusal::bad_parameter("Property policy is required"))?,
    };
    let issuer = policy["issuer"]["name"].as_str().unwrap_or_default();
    if !issuer.eq_ignore_ascii_case("Self") && !issuer.eq_ignore_ascii_case("Unknown") {
        return Err(Refusal::bad_parameter(format!("Property policy has invalid value\r\nIssuer not found: {issuer}")));
    }
    let status_details = if issuer.eq_ignore_ascii_case("Self") { IN_PROGRESS } else { TO_BE_MERGED };
    let attributes = request.new_attributes(sent.get("attributes"))?;
    let key = key(request, name, &policy)?;
    let csr = issue::request(&policy, &key)?;
    let version = store::new_version();
    let (start, end) = issue::validity(&policy, request.now);

    let mut document = request.new_document(&CERTIFICATES, name, &version);
    let now = request.now.as_second();
    document.insert(
        "attributes".into(),
        json!({ "enabled": false, "nbf": start, "exp": end, "created": now, "updated": now }),
    );
    certificates::tag(&mut document, &sent)?;
    let mut whole = certificates::new_whole(request, name, policy);
    let pending = json!({
        "version": version,
        "csr": BASE64_STANDARD.encode(csr),
        "cancellation_requested": false,
        "status": "inProgress",
        "status_details": status_details,
        "request_id": store::new_version(),
        "created": now,
        "enabled": attributes.get("enabled"),
        "looked": false,
    });
    let asked = pending["request_id"].as_str().unwrap_or_default().to_owned();
    whole.insert("pending".into(), pending);
    whole.insert(KEY.into(), key.stored().into());
    let shown = shown(request, &whole);
    let api = request.parameter("api-version").unwrap_or_default();
    let address = format!("{}/pending", request.name_id(&CERTIFICATES, &whole));
    Ok(Answer {
        status: 202,
        body: Some(shown),
        location: Some(format!("{address}?api-version={api}&request_id={asked}")),
        retry_after: Some(RETRY_AFTER),
        changes: vec![Change::put(CERTIFICATES.collection, document), Change::put(CERTIFICATES.collection, whole)],
    })
}

/// A new key, or the one of before when the policy reuses it and it fits.
fn key(request: &Request<'_>, name: &str, policy: &Value) -> Result<PrivateKey, Refusal> {
    let wanted = Shape::read(policy["key_props"].as_object().unwrap_or(&serde_json::Map::new()))?;
    if policy["key_props"]["reuse_key"] == json!(true)
        && let Ok(old) = request.find(&KEYS, name, None)
    {
        let old = PrivateKey::from_stored(text(old, keys::PRIVATE))?;
        if old.shape() == wanted {
            return Ok(old);
        }
    }
    PrivateKey::generate(wanted)
}

fn shown(request: &Request<'_>, whole: &Document) -> Value {
    let pending = whole.get("pending").unwrap_or(&Value::Null);
    let address = request.name_id(&CERTIFICATES, whole);
    let mut shown = json!({
        "id": format!("{address}/pending"),
        "issuer": whole.get("policy").map(|policy| policy["issuer"].clone()),
        "csr": pending["csr"],
        "cancellation_requested": pending["cancellation_requested"],
        "status": pending["status"],
    });
    match pending["status"].as_str() {
        Some("completed") => shown["target"] = address.into(),
        Some("cancelled") => {
            shown["error"] =
                json!({ "code": "Cancelled", "message": "The certificate operation was cancelled by the user." });
        }
        Some("failed") => {
            shown["error"] = json!({ "code": "BadParameter", "message": "No certificate can be made of the policy." });
        }
        _ => shown["status_details"] = pending["status_details"].clone(),
    }
    shown["request_id"] = pending["request_id"].clone();
    shown
}

/// The pending operation of a living certificate.
fn find<'a>(request: &'a Request<'_>, name: &str) -> Result<&'a Document, Refusal> {
    let whole = request.whole(name).filter(|whole| whole.contains_key("pending") && !store::is_deleted(whole));
    whole.ok_or_else(|| Refusal::pending_not_found(name))
}

pub(super) fn get(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    let whole = find(request, name)?;
    let shown = shown(request, whole);
    if shown["status"] != "inProgress" {
        return Ok(Answer::ok(shown, Vec::new()));
    }
    let mut looked = whole.clone();
    if let Some(pending) = looked.get_mut("pending") {
        pending["looked"] = true.into();
    }
    // Nothing is written when it was seen before: a certificate of an unknown issuer can be looked at for days.
    let changes = if looked == *whole { Vec::new() } else { vec![Change::put(CERTIFICATES.collection, looked)] };
    Ok(Answer { retry_after: Some(RETRY_AFTER), ..Answer::ok(shown, changes) })
}

pub(super) fn cancel(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    let mut whole = find(request, name)?.clone();
    let sent = request.object(&["cancellation_requested"])?;
    let wanted =
        body::boolean(&sent, "cancellation_requested")?.ok_or_else(|| body::invalid("cancellation_requested"))?;
    if let Some(pending) = whole.get_mut("pending") {
        if pending["status"] != "inProgress" {
            return Err(Refusal::new(
                409,
                "Conflict",
                "The pending certificate is not in progress, so it cannot be cancelled.",
            ));
        }
        pending["cancellation_requested"] = wanted.into();
    }
    let shown = shown(request, &whole);
    Ok(Answer::ok(shown, vec![Change::put(CERTIFICATES.collection, whole)]))
}

pub(super) fn delete(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    let mut whole = find(request, name)?.clone();
    let shown = shown(request, &whole);
    whole.shift_remove("pending");
    whole.shift_remove(KEY);
    Ok(Answer::ok(shown, vec![Change::put(CERTIFICATES.collection, whole)]))
}

/// A certificate that somebody else signed from the request.
pub(super) fn merge(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    let mut whole = find(request, name)?.clone();
    let sent = request.object(&["x5c", "attributes", "tags"])?;
    if whole.get("pending").is_none_or(|pending| pending["status"] != "inProgress") {
        return Err(Refusal::pending_not_found(name));
    }
    let chain: Vec<Vec<u8>> = body::strings(&sent, "x5c")?
        .ok_or_else(|| body::invalid("x5c"))?
        .iter()
        .map(|text| {
            let bytes = LENIENT.decode(text).or_else(|_| BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')));
            let der = bytes.ok().and_then(|der| Certificate::from_der(&der)).map(|certificate| certificate.der);
            der.ok_or_else(|| body::invalid("x5c"))
        })
        .collect::<Result<_, _>>()?;
    let key = PrivateKey::from_stored(text(&whole, KEY))?;
    let own = chain.first().and_then(|der| private_key::public_bits_of(der));
    if own.as_deref() != Some(key.public_bits()) {
        return Err(Refusal::bad_parameter(
            "The public key of the end-entity certificate in the specified X.509 certificate content does not match the \
             public part of the specified private key. Please check if certificate is valid.",
        ));
    }
    let attributes = request.new_attributes(sent.get("attributes"))?;
    let version = whole.get("pending").map_or("", |pending| pending["version"].as_str().unwrap_or_default());
    let mut document = request.find(&CERTIFICATES, name, Some(version))?.clone();
    certificates::tag(&mut document, &sent)?;
    let enabled = attributes.get("enabled") != Some(&json!(false));
    let content = Content { key: &key, chain: &chain };
    let (document, mut changes) = certificates::complete(document, &whole, &content, enabled, request.now)?;
    finish(&mut whole, "completed");
    let shown = certificates::bundle(request, &document, &whole);
    changes.push(Change::put(CERTIFICATES.collection, whole));
    Ok(Answer { status: 201, ..Answer::ok(shown, changes) })
}

fn finish(whole: &mut Document, status: &str) {
    whole.shift_remove(KEY);
    if let Some(pending) = whole.get_mut("pending") {
        pending["status"] = status.into();
    }
}

/// What has happened in the vaults by itself since the last request: certificates issued or cancelled, and deleted
/// objects whose time was over. `method` and `path` are the request that is about to be served.
pub(crate) fn settle(world: &World, now: Timestamp, vault: &str, method: &str, path: &str) -> Vec<Change> {
    let mut changes = store::expired(world, now.as_second());
    for whole in world.all(CERTIFICATES.collection) {
        let Some(pending) = whole.get("pending").filter(|pending| pending["status"] == "inProgress") else {
            continue;
        };
        let looked = method == "GET" && pending["looked"] == json!(true) && looks_at(path, vault, whole);
        let late = pending["created"].as_i64().is_some_and(|created| now.as_second() >= created + SECONDS);
        if store::is_deleted(whole) || !(looked || late) {
            continue;
        }
        let policy = whole.get("policy").unwrap_or(&Value::Null);
        let by_itself = policy["issuer"]["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("Self"));
        let mut settled = whole.clone();
        if pending["cancellation_requested"] == json!(true) {
            finish(&mut settled, "cancelled");
        } else if by_itself {
            match issue(world, whole, now) {
                Ok(completed) => {
                    changes.extend(completed);
                    finish(&mut settled, "completed");
                }
                // One certificate that cannot be made must not stop every request to the vaults.
                Err(_) => finish(&mut settled, "failed"),
            }
        } else {
            continue;
        }
        changes.push(Change::put(CERTIFICATES.collection, settled));
    }
    changes
}

/// Issues a pending certificate of the issuer `Self`.
fn issue(world: &World, whole: &Document, now: Timestamp) -> Result<Vec<Change>, Refusal> {
    let pending = whole.get("pending").unwrap_or(&Value::Null);
    let version = pending["version"].as_str().unwrap_or_default();
    let id = store::document_id(text(whole, "vault"), text(whole, "name"), Some(version));
    let document =
        world.get(CERTIFICATES.collection, &id).ok_or_else(|| Refusal::pending_not_found(text(whole, "name")))?;
    let key = PrivateKey::from_stored(text(whole, KEY))?;
    let seconds = |name: &str| store::attribute(document, name).as_i64().unwrap_or_default();
    let policy = whole.get("policy").unwrap_or(&Value::Null);
    let chain = [issue::self_signed(policy, &key, seconds("nbf"), seconds("exp"))?];
    let content = Content { key: &key, chain: &chain };
    let enabled = pending["enabled"] != json!(false);
    certificates::complete(document.clone(), whole, &content, enabled, now).map(|(_, changes)| changes)
}

fn looks_at(path: &str, vault: &str, whole: &Document) -> bool {
    let parts: Vec<String> =
        path.split('/').filter(|part| !part.is_empty()).map(|part| odata::decode(part, false)).collect();
    text(whole, "vault") == vault
        && matches!(&parts[..], [kind, name, pending] if kind.eq_ignore_ascii_case("certificates")
            && name.eq_ignore_ascii_case(text(whole, "name"))
            && pending == "pending")
}
