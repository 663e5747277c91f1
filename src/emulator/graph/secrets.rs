//! `addPassword` and `removePassword` of applications and service principals.

use serde_json::{Map, Value};

use super::{
    super::{
        credentials::{new_password, one_of_each_id, without_password},
        refusal::Refusal,
        tables::PASSWORD_CREDENTIAL,
        world::{Change, Collection, Document, list, text},
    },
    Answer, Request, applications, credential_rules, service_principals, with_context,
};

/// The application or service principal that the path names, as it really is.
pub(super) fn holder<'a>(request: &Request<'a>) -> Result<(Collection, &'a Document), Refusal> {
    if request.segment(0).eq_ignore_ascii_case("applications") {
        Ok((Collection::Applications, applications::found(request)?))
    } else {
        Ok((Collection::ServicePrincipals, service_principals::found(request)?))
    }
}

fn target<'a>(request: &Request<'a>) -> Result<(Collection, &'a Document), Refusal> {
    if request.method != "POST" {
        return Err(Refusal::method_not_allowed());
    }
    request.query.allow(&[])?;
    let found = holder(request)?;
    request.caller.may_write(found.1)?;
    Ok(found)
}

pub(super) fn add(request: &Request<'_>) -> Result<Answer, Refusal> {
    let (collection, object) = target(request)?;
    let empty = Map::new();
    let body = match &request.body {
        None | Some(Value::Null) => &empty,
        Some(_) => request.object()?,
    };
    super::only(body, &["passwordCredential"], "addPassword")?;
    let sent = match body.get("passwordCredential") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(sent)) => sent,
        Some(_) => {
            return Err(Refusal::malformed(
                "Cannot convert the value of parameter 'passwordCredential' to the expected type.",
            ));
        }
    };
    PASSWORD_CREDENTIAL.check(sent, true)?;
    let password = new_password(sent, request.now)?;
    credential_rules::check(request, collection, object, &[], &[&password])?;
    let mut passwords = list(object, "passwordCredentials").to_vec();
    passwords.push(password.clone());
    one_of_each_id(&passwords)?;
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
    super::only(body, &["keyId"], "removePassword")?;
    credential_rules::check_lock(request, collection, object, "passwordCredentials")?;
    let passwords = without_password(object, text(body, "keyId"))?;
    let mut after = object.clone();
    after.insert("passwordCredentials".into(), passwords.into());
    Ok(Answer::no_content(vec![Change::put(collection, after)]))
}
