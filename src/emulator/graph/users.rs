//! `/users`, as far as applications have to do with users: owners and holders of roles.

use serde_json::{Value, json};

use super::{
    super::{
        clock, identifiers,
        refusal::Refusal,
        schema::invalid,
        tables::USER,
        world::{Change, Collection, Document, text},
    },
    Answer, Request,
    access::{READ_USERS, WRITE_USERS},
    applications::soft_delete,
    shown, with_context,
};

pub(super) fn collection(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_USERS)?;
            request.query.allow(&["$select", "$filter", "$top"])?;
            let body = request.listing(&USER, "users").page(
                &request.query,
                request.lists.all(Collection::Users),
                |document, selected| shown(&USER, document, selected, false),
            )?;
            Ok(Answer::ok(body).costing(2))
        }
        "POST" => create(request),
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn find<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    let key = request.segment(1);
    let seen = request.by_id;
    seen.get(Collection::Users, &key.to_lowercase())
        .or_else(|| seen.find(Collection::Users, "userPrincipalName", key))
        .ok_or_else(|| Refusal::not_found(key))
}

pub(super) fn one(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_USERS)?;
            request.entity(&USER, "users", find(request)?)
        }
        "PATCH" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_USERS)?;
            let before = find(request)?;
            let mut sent = request.object()?.clone();
            USER.check(&sent, false)?;
            sent.remove("passwordProfile");
            let after = USER.merge(before, &sent);
            Ok(Answer::no_content(vec![Change::put(Collection::Users, after)]))
        }
        "DELETE" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_USERS)?;
            let at = clock::seconds(request.now);
            let changes = soft_delete(Collection::Users, "user", find(request)?, &at);
            Ok(Answer::no_content(changes))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn create(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    request.caller.needs(WRITE_USERS)?;
    let mut sent = request.object()?.clone();
    USER.check(&sent, true)?;
    for name in ["displayName", "userPrincipalName", "mailNickname"] {
        if text(&sent, name).is_empty() {
            return Err(Refusal::bad_request(format!("A value is required for property '{name}' of resource 'User'.")));
        }
    }
    if !sent.get("passwordProfile").is_some_and(Value::is_object) || !sent.contains_key("accountEnabled") {
        return Err(Refusal::bad_request("A password must be specified to create a new user."));
    }
    let name = text(&sent, "userPrincipalName").to_owned();
    let Some((_, domain)) = name.split_once('@') else {
        return Err(invalid("userPrincipalName", "user"));
    };
    if !domain.eq_ignore_ascii_case(request.world.domain()) {
        return Err(Refusal::bad_request(
            "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain \
             names in your organization.",
        ));
    }
    if request.world.find(Collection::Users, "userPrincipalName", &name).is_some() {
        return Err(Refusal::bad_request(
            "Another object with the same value for property userPrincipalName already exists.",
        )
        .with_detail("ObjectConflict", "userPrincipalName"));
    }
    sent.remove("passwordProfile");
    let user = new_user(&sent, &clock::seconds(request.now));
    let id = text(&user, "id").to_owned();
    let body = with_context(&request.context("users/$entity"), shown(&USER, &user, None, false));
    let location = request.location("directoryObjects", &id, "/Microsoft.DirectoryServices.User");
    Ok(Answer::created(body, location, vec![Change::put(Collection::Users, user)]))
}

/// A user with an id of its own.
pub(crate) fn new_user(sent: &Document, created: &str) -> Document {
    let mut user = USER.fill(sent);
    user.insert("id".into(), identifiers::guid().into());
    user.insert("createdDateTime".into(), created.into());
    if text(&user, "userType").is_empty() {
        user.insert("userType".into(), json!("Member"));
    }
    user
}
