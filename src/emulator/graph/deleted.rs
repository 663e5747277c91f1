//! `/directory/deletedItems`: what was deleted and can still be restored or purged.

use serde_json::Map;

use super::{
    super::{
        refusal::Refusal,
        schema::Kind,
        tables::{APPLICATION, SERVICE_PRINCIPAL, USER},
        world::{Change, Collection, Document, KIND, text},
    },
    Answer, Request,
    access::{READ_APPLICATIONS, READ_USERS, WRITE_USERS},
    directory::collection_of,
    service_principals, shown, with_context,
};

fn kind(name: &str) -> &'static Kind {
    match name.to_ascii_lowercase().as_str() {
        "application" => &APPLICATION,
        "serviceprincipal" => &SERVICE_PRINCIPAL,
        _ => &USER,
    }
}

fn may_read(request: &Request<'_>, kind: &Kind) -> Result<(), Refusal> {
    request.caller.needs(if kind.name == "user" { READ_USERS } else { READ_APPLICATIONS })
}

fn may_write(request: &Request<'_>, document: &Document) -> Result<(), Refusal> {
    if text(document, KIND) == "user" { request.caller.needs(WRITE_USERS) } else { request.caller.may_write(document) }
}

pub(super) fn list(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    let cast = request.segment(2).rsplit('.').next().unwrap_or_default();
    let kind = kind(cast);
    may_read(request, kind)?;
    request.query.allow(&["$select", "$filter", "$top"])?;
    let documents = request.lists.all(Collection::Deleted).filter(|document| text(document, KIND) == kind.name);
    let body =
        request
            .listing(kind, &format!("{}s", kind.name))
            .page(&request.query, documents, |document, selected| shown(kind, document, selected, false))?;
    Ok(Answer::ok(body))
}

fn find<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    request
        .by_id
        .get(Collection::Deleted, &request.segment(2).to_lowercase())
        .ok_or_else(|| Refusal::not_found(request.segment(2)))
}

/// A deleted or restored object: with its type, as every object of `directoryObjects`.
fn typed(request: &Request<'_>, document: &Document) -> Answer {
    let kind = kind(text(document, KIND));
    let mut object = Map::new();
    object.insert("@odata.type".into(), format!("#microsoft.graph.{}", kind.name).into());
    object.extend(shown(kind, document, None, false));
    Answer::ok(with_context(&request.context("directoryObjects/$entity"), object))
}

pub(super) fn one(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    match request.method {
        "GET" => {
            request.caller.needs(READ_APPLICATIONS)?;
            Ok(typed(request, find(request)?))
        }
        "DELETE" => {
            request.caller.needs(&[
                "Application.ReadWrite.All",
                "Application.ReadWrite.OwnedBy",
                "User.ReadWrite.All",
            ])?;
            let document = request.truth(Collection::Deleted, find(request)?)?;
            may_write(request, document)?;
            Ok(Answer::no_content(purge(request, text(document, "id"))))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// An object goes for good, and with it what refers to it.
fn purge(request: &Request<'_>, id: &str) -> Vec<Change> {
    let referring = [
        (Collection::AppRoleAssignments, ["principalId", "resourceId"]),
        (Collection::Grants, ["clientId", "resourceId"]),
        (Collection::RoleAssignments, ["principalId", "principalId"]),
    ];
    let mut changes = vec![Change::remove(Collection::Deleted, id)];
    for (collection, ends) in referring {
        let mut gone: Vec<&str> = ends
            .iter()
            .flat_map(|end| request.world.find_all(collection, end, id))
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
    let mut restored = deleted.clone();
    restored.insert("deletedDateTime".into(), serde_json::Value::Null);
    let answer = typed(request, &restored);
    restored.remove(KIND);
    let changes =
        vec![Change::remove(Collection::Deleted, text(deleted, "id")), Change::put(collection_of(kind), restored)];
    Ok(Answer { location: Some(request.origin.to_owned()), changes, ..answer })
}
