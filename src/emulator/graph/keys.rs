//! The keys of an application or service principal: sent as a whole, or changed by itself with `addKey` and `removeKey`, with
//! a proof that it has one.

use serde_json::{Map, Value};

use super::{
    super::{
        credentials::{new_key, one_of_each_id, replace_keys, without_key},
        refusal::Refusal,
        tables::{KEY_CREDENTIAL, PASSWORD_CREDENTIAL_OF_KEY},
        world::{Change, Collection, Document, list, text},
    },
    Answer, Request, credential_rules, proof,
    secrets::holder,
    with_context,
};

/// The keys that an object has after a write that sends some.
pub(super) fn keys_after(request: &Request<'_>, before: &[Value], sent: &Document) -> Result<Value, Refusal> {
    Ok(replace_keys(before, list(sent, "keyCredentials"), request.now, request.unsettled)?.into())
}

/// The holder of the keys, if the caller may change them: it is the caller itself, or the caller may write it.
fn target<'a>(request: &Request<'a>) -> Result<(Collection, &'a Document), Refusal> {
    if request.method != "POST" {
        return Err(Refusal::method_not_allowed());
    }
    request.query.allow(&[])?;
    let (collection, object) = holder(request)?;
    let own = request
        .caller
        .service_principal()
        .and_then(|id| request.world.get(Collection::ServicePrincipals, id))
        .is_some_and(|principal| text(principal, "appId") == text(object, "appId"));
    if !own {
        request.caller.may_write(object)?;
    }
    Ok((collection, object))
}

fn unfit() -> Refusal {
    Refusal::bad_request("One or more property values specified are invalid.")
}

pub(super) fn add(request: &Request<'_>) -> Result<Answer, Refusal> {
    let (collection, object) = target(request)?;
    let body = request.object()?;
    super::only(body, &["keyCredential", "passwordCredential", "proof"], "addKey")?;
    proof::check(text(body, "proof"), object, request.now)?;
    let sent = body.get("keyCredential").and_then(Value::as_object).ok_or_else(unfit)?;
    KEY_CREDENTIAL.check(sent, true)?;
    let empty = Map::new();
    let password = match body.get("passwordCredential") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(password)) => password,
        Some(_) => return Err(unfit()),
    };
    PASSWORD_CREDENTIAL_OF_KEY.check(password, true)?;
    // Only a certificate with its private key is locked by a password.
    let is_packed = text(sent, "type") == "X509CertAndPassword";
    if is_packed == text(password, "secretText").is_empty() || text(sent, "usage") == "Encrypt" {
        return Err(unfit());
    }
    let key = Value::Object(new_key(sent, request.now, request.unsettled)?);
    let mut keys: Vec<Value> = list(object, "keyCredentials").to_vec();
    keys.push(key.clone());
    one_of_each_id(&keys)?;
    credential_rules::check(request, collection, object, &[&key], &[])?;
    keys.retain(|other| other["key"] != key["key"] || other["keyId"] == key["keyId"]);
    let mut after = object.clone();
    after.insert("keyCredentials".into(), keys.into());
    let mut shown = key.as_object().cloned().unwrap_or_default();
    shown.insert("key".into(), Value::Null);
    let body = with_context(&request.context("microsoft.graph.keyCredential"), shown);
    Ok(Answer {
        location: Some(request.origin.to_owned()),
        changes: vec![Change::put(collection, after)],
        ..Answer::ok(body)
    })
}

pub(super) fn remove(request: &Request<'_>) -> Result<Answer, Refusal> {
    let (collection, object) = target(request)?;
    let body = request.object()?;
    super::only(body, &["keyId", "proof"], "removeKey")?;
    proof::check(text(body, "proof"), object, request.now)?;
    credential_rules::check_lock(request, collection, object, "keyCredentials")?;
    let key_id = text(body, "keyId");
    let keys = without_key(object, key_id)
        .ok_or_else(|| Refusal::bad_request(format!("No key credential found with keyId '{key_id}'.")))?;
    let mut after = object.clone();
    after.insert("keyCredentials".into(), keys.into());
    Ok(Answer::no_content(vec![Change::put(collection, after)]))
}
