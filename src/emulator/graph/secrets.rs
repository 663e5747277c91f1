//! `addPassword` and `removePassword` of applications and service principals.

use serde_json::{Map, Value};

use super::{
    super::{
        credentials::{new_password, without_password},
        refusal::Refusal,
        tables::PASSWORD_CREDENTIAL,
        world::{Change, Collection, Document, list, text},
    },
    Answer, Request, applications, service_principals, with_context,
};

fn target<'a>(request: &Request<'a>) -> Result<(Collection, &'a Document), Refusal> {
    if request.method != "POST" {
        return Err(Refusal::method_not_allowed());
    }
    request.query.allow(&[])?;
    let found = if request.segment(0).eq_ignore_ascii_case("applications") {
        (Collection::Applications, request.truth(Collection::Applications, applications::find(request)?)?)
    } else {
        (
            Collection::ServicePrincipals,
            request.truth(Collection::ServicePrincipals, service_principals::find(request)?)?,
        )
    };
    request.caller.may_write(found.1)?;
    Ok(found)
}

pub(super) fn add(request: &Request<'_>) -> Result<Answer, Refusal> {
    let (collection, object) = target(request)?;
    let empty = Map::new();
    let body = match &request.body {
        None => &empty,
        Some(_) => request.object()?,
    };
    only(body, "passwordCredential", "addPassword")?;
    let sent = body.get("passwordCredential").and_then(Value::as_object).unwrap_or(&empty);
    PASSWORD_CREDENTIAL.check(sent, true)?;
    let password = new_password(sent, request.now)?;
    let mut passwords = list(object, "passwordCredentials").to_vec();
    passwords.push(password.clone());
    let mut after = object.clone();
    after.insert("passwordCredentials".into(), passwords.into());
    let Value::Object(password) = password else {
        return Err(Refusal::bad_request("The password could not be made."));
    };
    let body = with_context(&request.context("microsoft.graph.passwordCredential"), password);
    Ok(Answer {
        location: Some(request.origin.to_owned()),
        changes: vec![Change::put(collection, after)],
        ..Answer::ok(body)
    })
}

pub(super) fn remove(request: &Request<'_>) -> Result<Answer, Refusal> {
    let (collection, object) = target(request)?;
    let body = request.object()?;
    only(body, "keyId", "removePassword")?;
    let passwords = without_password(object, text(body, "keyId"))?;
    let mut after = object.clone();
    after.insert("passwordCredentials".into(), passwords.into());
    Ok(Answer::no_content(vec![Change::put(collection, after)]))
}

/// Actions take the parameters that they declare and no other.
fn only(body: &Map<String, Value>, parameter: &str, action: &str) -> Result<(), Refusal> {
    match body.keys().find(|name| *name != parameter) {
        None => Ok(()),
        Some(other) => Err(Refusal::malformed(format!(
            "The parameter '{other}' in the request payload is not a valid parameter for the operation '{action}'."
        ))),
    }
}
