//! Keys: made or imported, in versions. A certificate's key is made by the certificate.

use serde_json::{Map, Value, json};

use super::{
    super::world::{Change, Document, text},
    Answer, Request, body, deletion,
    private_key::{Pair, PrivateKey, Shape},
    refusal::Refusal,
    store::{self, KEYS},
};

/// The private key, which the control endpoints never show.
pub(super) const PRIVATE: &str = "~pkcs8";
/// What a key can be used for, in the service's order.
const OPERATIONS: &[&str] = &["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"];
/// Operations that name no use here, but that clients may list.
const OTHER_OPERATIONS: &[&str] = &["import", "export"];

pub(super) fn item(document: &Document, id: &str) -> Value {
    let mut item = json!({ "kid": id, "attributes": attributes(document) });
    store::show(&mut item, document, "managed");
    item
}

fn attributes(document: &Document) -> Value {
    let mut shown = store::shown_attributes(document);
    shown["exportable"] = document.get("exportable").cloned().unwrap_or(Value::Bool(false));
    shown
}

pub(super) fn bundle(request: &Request<'_>, document: &Document) -> Value {
    let mut key = json!({ "kid": request.id(&KEYS, document) });
    for name in ["kty", "key_ops", "n", "e", "crv", "x", "y"] {
        store::show(&mut key, document, name);
    }
    let mut shown = json!({ "key": key, "attributes": attributes(document) });
    store::show(&mut shown, document, "tags");
    store::show(&mut shown, document, "managed");
    shown
}

/// Adds what makes a document a key.
pub(super) fn fill(document: &mut Document, key: &PrivateKey, operations: &[String]) {
    for (name, value) in key.public_members() {
        document.insert(name.into(), value);
    }
    document.insert("key_ops".into(), operations.into());
    document.insert(PRIVATE.into(), key.stored().into());
}

/// Everything that a key of this sort can be used for.
pub(super) fn all_operations(key: &PrivateKey) -> Vec<String> {
    let operations = if matches!(key.pair, Pair::Rsa(_)) { OPERATIONS } else { &["sign", "verify"] };
    operations.iter().map(|operation| (*operation).to_owned()).collect()
}

fn read_operations(sent: &Map<String, Value>) -> Result<Option<Vec<String>>, Refusal> {
    let operations = body::strings(sent, "key_ops")?;
    let known =
        |operation: &String| OPERATIONS.contains(&operation.as_str()) || OTHER_OPERATIONS.contains(&operation.as_str());
    if operations.as_ref().is_some_and(|operations| !operations.iter().all(known)) {
        return Err(body::invalid("key_ops"));
    }
    Ok(operations)
}

fn new_version(
    request: &Request<'_>,
    name: &str,
    sent: &Map<String, Value>,
    key: &PrivateKey,
    operations: Option<Vec<String>>,
) -> Result<Answer, Refusal> {
    let mut document = request.new_document(&KEYS, name, &store::new_version());
    fill(&mut document, key, &operations.unwrap_or_else(|| all_operations(key)));
    document.insert("attributes".into(), request.new_attributes(sent.get("attributes"))?.into());
    if let Some(tags) = body::tags(sent)? {
        document.insert("tags".into(), tags);
    }
    let shown = bundle(request, &document);
    Ok(Answer::ok(shown, vec![Change::put(KEYS.collection, document)]))
}

/// Refuses a new version under a certificate's name, or under a deleted one.
fn check_name(request: &Request<'_>, name: &str) -> Result<(), Refusal> {
    request.check_new(&KEYS, name)?;
    request.check_free_of_certificates(&KEYS, name)
}

pub(super) fn create(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    check_name(request, name)?;
    let sent = request.object(&[
        "kty",
        "key_size",
        "public_exponent",
        "key_ops",
        "attributes",
        "tags",
        "crv",
        "release_policy",
    ])?;
    body::string(&sent, "kty")?.ok_or_else(|| body::invalid("kty"))?;
    let shape = Shape::read(&sent)?;
    if sent.contains_key("release_policy") {
        return Err(Refusal::not_served("release policies"));
    }
    if body::number(&sent, "public_exponent")?.is_some_and(|exponent| exponent != 65537) {
        return Err(Refusal::not_served("public exponents other than 65537"));
    }
    let operations = read_operations(&sent)?;
    let key = PrivateKey::generate(shape)?;
    new_version(request, name, &sent, &key, operations)
}

pub(super) fn import(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    const KEY: &[&str] = &["kid", "kty", "key_ops", "n", "e", "d", "dp", "dq", "qi", "p", "q", "crv", "x", "y"];
    check_name(request, name)?;
    let sent = request.object(&["key", "Hsm", "attributes", "tags", "release_policy"])?;
    let key = body::inner(&sent, "key", KEY)?.ok_or_else(|| body::invalid("key"))?;
    if sent.contains_key("release_policy") || body::boolean(&sent, "Hsm")? == Some(true) {
        return Err(Refusal::not_served("keys in hardware and release policies"));
    }
    body::string(&key, "kty")?.ok_or_else(|| body::invalid("kty"))?;
    let operations = read_operations(&key)?;
    let private = PrivateKey::from_json(&key)?;
    new_version(request, name, &sent, &private, operations)
}

pub(super) fn rotate(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    check_name(request, name)?;
    let old = request.find(&KEYS, name, None)?;
    let key = PrivateKey::generate(PrivateKey::from_stored(text(old, PRIVATE))?.shape())?;
    let operations = body::strings(old, "key_ops")?;
    let mut sent = Map::new();
    if let Some(tags) = old.get("tags") {
        sent.insert("tags".into(), tags.clone());
    }
    new_version(request, name, &sent, &key, operations)
}

pub(super) fn get(request: &Request<'_>, name: &str, version: Option<&str>) -> Result<Answer, Refusal> {
    Ok(Answer::ok(bundle(request, request.find(&KEYS, name, version)?), Vec::new()))
}

pub(super) fn update(request: &Request<'_>, name: &str, version: Option<&str>) -> Result<Answer, Refusal> {
    let old = request.find(&KEYS, name, version)?;
    let sent = request.object(&["key_ops", "attributes", "tags"])?;
    deletion::check_alone(&KEYS, old)?;
    let mut document = request.updated(old, &sent)?;
    if let Some(operations) = read_operations(&sent)? {
        document.insert("key_ops".into(), operations.into());
    }
    let shown = bundle(request, &document);
    Ok(Answer::ok(shown, vec![Change::put(KEYS.collection, document)]))
}
