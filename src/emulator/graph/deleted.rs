//! `/directory/deletedItems`: what was deleted and can still be restored or purged.

use jiff::{SignedDuration, Timestamp};
use serde_json::Map;

use super::{
    super::{
        refusal::Refusal,
        world::{Change, Collection, Document, KIND, World, text},
    },
    Answer, Request,
    access::{READ_APPLICATIONS, WRITE_UNITS, WRITE_USERS},
    application_rules, groups,
    objects::{self, Set},
    service_principals, shown, with_context,
};

/// How long a deleted object can be restored.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Whether a deleted object is still there at this time.
fn is_kept_at(document: &Document, now: Timestamp) -> bool {
    text(document, "deletedDateTime").parse::<Timestamp>().map_or(true, |deleted| now < deleted + KEPT)
}

pub(super) fn is_kept(request: &Request<'_>, document: &Document) -> bool {
    is_kept_at(document, request.now)
}

/// What is over its time goes for good. Called with every write.
pub(super) fn expired(world: &World, now: Timestamp) -> Vec<Change> {
    let over = world.matching(Collection::Deleted, &["deletedDateTime"], |document| !is_kept_at(document, now));
    over.flat_map(|document| purge(world, document)).collect()
}

fn set_of(document: &Document) -> &'static Set {
    objects::of_kind(text(document, KIND))
}

fn may_write(request: &Request<'_>, document: &Document) -> Result<(), Refusal> {
    match text(document, KIND) {
        "user" => request.caller.needs(WRITE_USERS),
        "group" => groups::may_write(request, document),
        "administrativeUnit" => request.caller.needs(WRITE_UNITS),
        _ => request.caller.may_write(document),
    }
}

pub(super) fn list(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    let cast = request.segment(2).rsplit('.').next().unwrap_or_default();
    let set = objects::of_kind(cast);
    request.caller.needs(set.read)?;
    request.query.allow(&["$select", "$filter", "$top"])?;
    let documents = request
        .lists
        .all(Collection::Deleted)
        .filter(|document| text(document, KIND) == set.kind.name && is_kept(request, document));
    let name = set.name.rsplit('/').next().unwrap_or_default();
    let body = request
        .listing(set.kind, name)
        .page(&request.query, documents, |document, selected| shown(set.kind, document, selected, false))?;
    Ok(Answer::ok(body))
}

fn find<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    request
        .by_id
        .get(Collection::Deleted, &request.segment(2).to_lowercase())
        .filter(|document| is_kept(request, document) && objects::named(text(document, KIND)).is_some())
        .ok_or_else(|| Refusal::not_found(request.segment(2)))
}

/// A deleted or restored object: with its type, as every object of `directoryObjects`.
fn typed(request: &Request<'_>, document: &Document) -> Answer {
    let kind = set_of(document).kind;
    let mut object = Map::new();
    object.insert("@odata.type".into(), format!("#microsoft.graph.{}", kind.name).into());
    object.extend(shown(kind, document, None, false));
    Answer::ok(with_context(&request.context("directoryObjects/$entity"), object))
}

pub(super) fn one(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    match request.method {
        "GET" => {
            let readers = find(request).map_or(READ_APPLICATIONS, |document| set_of(document).read);
            request.caller.needs(readers)?;
            Ok(typed(request, find(request)?))
        }
        "DELETE" => {
            let document = request.truth(Collection::Deleted, find(request)?)?;
            may_write(request, document)?;
            Ok(Answer::no_content(purge(request.world, document)))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// An object goes for good, and with it what refers to it.
fn purge(world: &World, document: &Document) -> Vec<Change> {
    let id = text(document, "id");
    let referring = [
        (Collection::AppRoleAssignments, &["principalId", "resourceId"][..]),
        (Collection::Grants, &["clientId", "resourceId", "principalId"]),
        (Collection::RoleAssignments, &["principalId", "~scope"]),
    ];
    let mut changes = vec![Change::remove(Collection::Deleted, id)];
    for (collection, ends) in referring {
        let mut gone: Vec<&str> = ends
            .iter()
            .flat_map(|end| world.find_all(collection, end, id))
            .map(|document| text(document, "id"))
            .collect();
        gone.sort_unstable();
        gone.dedup();
        changes.extend(gone.into_iter().map(|gone| Change::remove(collection, gone)));
    }
    changes
}

pub(super) fn restore(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "POST" {
        return Err(Refusal::method_not_allowed());
    }
    request.query.allow(&[])?;
    let deleted = request.truth(Collection::Deleted, find(request)?)?;
    may_write(request, deleted)?;
    let kind = text(deleted, KIND);
    let app_id = text(deleted, "appId");
    let world = request.world;
    if kind == "user"
        && world.find(Collection::Users, "userPrincipalName", text(deleted, "userPrincipalName")).is_some()
    {
        return Err(Refusal::bad_request(
            "Another object with the same value for property userPrincipalName already exists.",
        )
        .with_detail("ObjectConflict", "userPrincipalName"));
    }
    if kind == "servicePrincipal" {
        if world.find(Collection::ServicePrincipals, "appId", app_id).is_some() {
            return Err(service_principals::name_in_use(app_id));
        }
        let own = text(deleted, "appOwnerOrganizationId") == world.tenant_id();
        if own && world.find(Collection::Applications, "appId", app_id).is_none() {
            return Err(Refusal::bad_request(format!(
                "The appId '{app_id}' of the service principal does not reference a valid application object."
            ))
            .with_detail("NoBackingApplicationObject", "appId"));
        }
    }
    match kind {
        "application" => application_rules::check_unique(request, deleted, text(deleted, "id"))?,
        "group" => groups::check_unique_name(request, deleted, text(deleted, "id"))?,
        _ => {}
    }
    let mut restored = deleted.clone();
    // Its application may have changed meanwhile.
    if kind == "servicePrincipal"
        && let Some(application) = world.find(Collection::Applications, "appId", app_id)
    {
        restored = service_principals::mirror(&restored, application);
    }
    restored.insert("deletedDateTime".into(), serde_json::Value::Null);
    let answer = typed(request, &restored);
    restored.remove(KIND);
    let collection = objects::of_kind(kind).collection;
    let changes = vec![Change::remove(Collection::Deleted, text(deleted, "id")), Change::put(collection, restored)];
    Ok(Answer { location: Some(request.origin.to_owned()), changes, ..answer })
}
