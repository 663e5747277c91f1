//! `/oauth2PermissionGrants`: delegated permissions of a client on a resource, for everyone or for one user.

use serde_json::Value;

use super::{
    super::{
        identifiers, odata,
        refusal::Refusal,
        schema::{Kind, invalid},
        tables::{GRANT, GRANT_IN_BETA},
        world::{Change, Collection, Document, View, text},
    },
    Answer, Request,
    access::{READ_GRANTS, WRITE_GRANTS},
    service_principals, users, with_context,
};

/// Grants whose ends are there: client, resource, and the user when they are for one.
pub(super) fn live(seen: View<'_>) -> impl Iterator<Item = &Document> {
    seen.all(Collection::Grants).filter(move |grant| is_live(seen, grant))
}

pub(super) fn is_live(seen: View<'_>, grant: &Document) -> bool {
    let principal = text(grant, "principalId");
    ["clientId", "resourceId"].iter().all(|end| seen.holds(Collection::ServicePrincipals, text(grant, end)))
        && (principal.is_empty() || seen.holds(Collection::Users, principal))
}

pub(super) fn collection(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_GRANTS)?;
            request.query.allow(&["$select", "$filter", "$top"])?;
            let body = page(request, live(request.lists))?;
            Ok(Answer::ok(body).costing(2))
        }
        "POST" => create(request),
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// `/servicePrincipals/{id}/oauth2PermissionGrants`, and a user's.
pub(super) fn of_client(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_GRANTS)?;
    request.query.allow(&["$select", "$top"])?;
    let (end, object) = if request.segment(0).eq_ignore_ascii_case("users") {
        ("principalId", users::find(request)?)
    } else {
        ("clientId", service_principals::find(request)?)
    };
    let lists = request.lists;
    let grants = lists.find_all(Collection::Grants, end, text(object, "id")).filter(|grant| is_live(lists, grant));
    Ok(Answer::ok(page(request, grants)?).costing(2))
}

fn page<'d>(request: &Request<'_>, grants: impl Iterator<Item = &'d Document>) -> Result<Value, Refusal> {
    let kind = kind(request);
    request
        .listing(kind, "oauth2PermissionGrants")
        .page(&request.query, grants, |document, selected| odata::project(kind, &dated(request, document), selected))
}

fn kind(request: &Request<'_>) -> &'static Kind {
    if request.version == "beta" { &GRANT_IN_BETA } else { &GRANT }
}

/// In beta every grant has times; whoever made it did not have to give any.
fn dated(request: &Request<'_>, grant: &Document) -> Document {
    let mut grant = grant.clone();
    if request.version == "beta" {
        for (name, time) in [("expiryTime", "9999-12-31T23:59:59.9999999Z"), ("startTime", "0001-01-01T00:00:00Z")] {
            let member = grant.entry(name).or_insert(Value::Null);
            if member.is_null() {
                *member = time.into();
            }
        }
    }
    grant
}

fn create(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    request.caller.needs(WRITE_GRANTS)?;
    let mut sent = request.object()?.clone();
    kind(request).check(&sent, true)?;
    for name in ["clientId", "resourceId", "principalId"] {
        if let Some(Value::String(id)) = sent.get_mut(name) {
            id.make_ascii_lowercase();
        }
    }
    let sent = &sent;
    let world = request.world;
    let missing = |name: &str| {
        Refusal::bad_request(format!("A value is required for property '{name}' of resource 'OAuth2PermissionGrant'."))
    };
    for name in ["clientId", "consentType", "resourceId"] {
        if text(sent, name).is_empty() {
            return Err(missing(name));
        }
    }
    let principal = Some(text(sent, "principalId")).filter(|principal| !principal.is_empty());
    if (text(sent, "consentType") == "Principal") != principal.is_some() {
        return Err(invalid("principalId", "OAuth2PermissionGrant"));
    }
    for name in ["clientId", "resourceId"] {
        if request.references.get(Collection::ServicePrincipals, text(sent, name)).is_none() {
            return Err(Refusal::not_found(text(sent, name)));
        }
    }
    if let Some(user) = principal.filter(|user| request.references.get(Collection::Users, user).is_none()) {
        return Err(Refusal::not_found(user));
    }
    let id = identifiers::grant(text(sent, "clientId"), text(sent, "resourceId"), principal);
    if world.get(Collection::Grants, &id).is_some() {
        return Err(Refusal::new(409, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists."));
    }
    let mut grant = dated(request, &kind(request).fill(sent));
    grant.insert("id".into(), id.clone().into());
    let location = request.location("oauth2PermissionGrants", &id, "");
    let body = with_context(&request.context("oauth2PermissionGrants/$entity"), grant.clone());
    Ok(Answer::created(body, location, vec![Change::put(Collection::Grants, grant)]))
}

pub(super) fn one(request: &Request<'_>) -> Result<Answer, Refusal> {
    let find = || {
        request
            .by_id
            .get(Collection::Grants, request.segment(1))
            .filter(|grant| is_live(request.by_id, grant))
            .ok_or_else(|| Refusal::not_found(request.segment(1)))
    };
    match request.method {
        "GET" => {
            request.caller.needs(READ_GRANTS)?;
            request.entity(kind(request), "oauth2PermissionGrants", &dated(request, find()?))
        }
        "PATCH" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_GRANTS)?;
            let grant = request.truth(Collection::Grants, find()?)?;
            let sent = request.object()?;
            kind(request).check(sent, false)?;
            let mut after = GRANT_IN_BETA.merge(grant, sent);
            after.retain(|name, value| GRANT.property(name).is_some() || !value.is_null());
            Ok(Answer::no_content(vec![Change::put(Collection::Grants, after)]))
        }
        "DELETE" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_GRANTS)?;
            let id = request.truth(Collection::Grants, find()?)?.get("id").and_then(Value::as_str).unwrap_or_default();
            Ok(Answer::no_content(vec![Change::remove(Collection::Grants, id)]))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}
