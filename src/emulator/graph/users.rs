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
    access::{READ_USERS, REVOKE_SESSIONS, WRITE_USERS},
    domains,
    objects::{self, USERS},
    owners,
    relations::{self, Relation},
    shown, with_context,
};

pub(super) fn collection(request: &Request<'_>) -> Result<Answer, Refusal> {
    objects::collection(request, &USERS, || create(request))
}

pub(super) fn find<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
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
            let before = request.truth(Collection::Users, find(request)?)?;
            let mut sent = request.object()?.clone();
            USER.check(&sent, false)?;
            if sent.get("displayName").is_some_and(|name| name == "") {
                return Err(invalid("displayName", "user"));
            }
            if sent.contains_key("userPrincipalName") {
                check_name(request, text(&sent, "userPrincipalName"), text(before, "id"))?;
            }
            sent.remove("passwordProfile");
            let after = USER.merge(before, &sent);
            Ok(Answer::no_content(vec![Change::put(Collection::Users, after)]))
        }
        "DELETE" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_USERS)?;
            let user = request.truth(Collection::Users, find(request)?)?;
            Ok(Answer::no_content(objects::soft_delete(request, &USERS, user)))
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
    check_name(request, &name, "")?;
    sent.remove("passwordProfile");
    let user = new_user(&sent, &clock::seconds(request.now));
    let id = text(&user, "id").to_owned();
    let body = with_context(&request.context("users/$entity"), shown(&USER, &user, None, false));
    let location = request.location("directoryObjects", &id, "/Microsoft.DirectoryServices.User");
    Ok(Answer::created(body, location, vec![Change::put(Collection::Users, user)]))
}

/// A name on one of the tenant's domains that nobody else has.
fn check_name(request: &Request<'_>, name: &str, own_id: &str) -> Result<(), Refusal> {
    let Some((_, domain)) = name.split_once('@') else {
        return Err(invalid("userPrincipalName", "user"));
    };
    if !domains::verified(request.world).any(|verified| domain.eq_ignore_ascii_case(verified)) {
        return Err(Refusal::bad_request(
            "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain \
             names in your organization.",
        ));
    }
    let taken = request.world.find(Collection::Users, "userPrincipalName", name);
    if taken.is_some_and(|other| text(other, "id") != own_id) {
        return Err(Refusal::bad_request(
            "Another object with the same value for property userPrincipalName already exists.",
        )
        .with_detail("ObjectConflict", "userPrincipalName"));
    }
    Ok(())
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

/// `/users/{id}/revokeSignInSessions`.
pub(super) fn revoke_sessions(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "POST" {
        return Err(Refusal::method_not_allowed());
    }
    request.query.allow(&[])?;
    request.caller.needs(REVOKE_SESSIONS)?;
    let mut after = request.truth(Collection::Users, find(request)?)?.clone();
    after.insert("signInSessionsValidFromDateTime".into(), clock::seconds(request.now).into());
    let body = json!({ "@odata.context": request.context("Edm.Boolean"), "value": true });
    Ok(Answer { changes: vec![Change::put(Collection::Users, after)], ..Answer::ok(body) })
}

pub(super) const MANAGER: Relation = Relation { name: "manager", stored: "~manager", kinds: &["user"], most: 1 };

/// `/users/{id}/manager`.
pub(super) fn manager(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_USERS)?;
    request.query.allow(&["$select"])?;
    let user = find(request)?;
    let (_, manager) =
        request.lists.directory_object(text(user, MANAGER.stored)).ok_or_else(|| Refusal::not_found(MANAGER.name))?;
    let body = owners::directory_object(request, manager);
    Ok(Answer::ok(with_context(&request.context("directoryObjects/$entity"), body)))
}

/// `/users/{id}/manager/$ref`.
pub(super) fn manager_reference(request: &Request<'_>) -> Result<Answer, Refusal> {
    let user = find(request)?;
    if request.method == "GET" {
        request.caller.needs(READ_USERS)?;
        return owners::addresses(request, std::iter::once(text(user, MANAGER.stored)));
    }
    request.query.allow(&[])?;
    request.caller.needs(WRITE_USERS)?;
    let mut after = request.truth(Collection::Users, user)?.clone();
    match request.method {
        "PUT" => {
            let id = relations::reference(request, &MANAGER)?;
            after.insert(MANAGER.stored.into(), id.into());
        }
        "DELETE" => {
            after.remove(MANAGER.stored).ok_or_else(|| Refusal::not_found(MANAGER.name))?;
        }
        _ => return Err(Refusal::method_not_allowed()),
    }
    Ok(Answer::no_content(vec![Change::put(Collection::Users, after)]))
}

/// `/users/{id}/directReports`.
pub(super) fn direct_reports(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_USERS)?;
    let id = text(find(request)?, "id");
    let reports = request.lists.all(Collection::Users).filter(|user| text(user, MANAGER.stored) == id);
    owners::mixed(request, reports.map(|user| text(user, "id")), 3)
}
