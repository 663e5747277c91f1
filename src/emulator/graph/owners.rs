//! Owners: listed, added and removed by reference. Applications, service principals and groups have some.

use serde_json::{Map, Value};

use super::{
    super::{
        refusal::Refusal,
        schema::Kind,
        tables::USER,
        world::{Collection, Document, OWNERS, text, texts},
    },
    Answer, Request, applications, groups, navigation, objects,
    relations::{self, Relation},
    service_principals, shown,
};

/// Owners are people and service principals.
pub(super) const RELATION: Relation =
    Relation { name: "owners", stored: OWNERS, kinds: &["user", "servicePrincipal"], most: 100 };

/// The owned object that the path names, and where it is kept; for a write, as it really is.
fn owned<'a>(request: &Request<'a>) -> Result<(Collection, &'a Document), Refusal> {
    let (collection, seen) = match request.segment(0).to_ascii_lowercase().as_str() {
        "applications" => (Collection::Applications, applications::find(request)?),
        "groups" => (Collection::Groups, groups::find(request)?),
        _ => (Collection::ServicePrincipals, service_principals::find(request)?),
    };
    let object = if request.method == "GET" { seen } else { request.truth(collection, seen)? };
    Ok((collection, object))
}

fn may_write(request: &Request<'_>, collection: Collection, object: &Document) -> Result<(), Refusal> {
    if collection == Collection::Groups {
        groups::may_write(request, object)
    } else {
        request.caller.may_write_owners(object)
    }
}

pub(super) fn list(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    let (collection, object) = owned(request)?;
    request.caller.needs(objects::of_collection(collection).read)?;
    mixed(request, texts(object, OWNERS), 3).map(|answer| answer.costing(2))
}

/// Objects of several kinds as one list. Where the path goes on with a type at this segment, only those.
pub(super) fn mixed<'i>(
    request: &Request<'_>,
    ids: impl Iterator<Item = &'i str>,
    cast: usize,
) -> Result<Answer, Refusal> {
    request.query.allow(&["$select", "$filter", "$top"])?;
    let found = navigation::live(request.lists, ids);
    let Some(set) = request.cast(cast)? else {
        return Ok(Answer::ok(request.objects(&found)?));
    };
    let of_kind = found.iter().filter(|(kind, _)| kind.name == set.kind.name).map(|(_, object)| *object);
    let name = set.name.rsplit('/').next().unwrap_or_default();
    let body = request
        .listing(set.kind, name)
        .page(&request.query, of_kind, |document, selected| shown(set.kind, document, selected, false))?;
    Ok(Answer::ok(body))
}

/// `…/$ref`: the addresses of related objects.
pub(super) fn addresses<'i>(request: &Request<'_>, ids: impl Iterator<Item = &'i str>) -> Result<Answer, Refusal> {
    request.query.allow(&["$select"])?;
    let value: Vec<Value> = ids
        .filter_map(|id| request.lists.directory_object(id))
        .map(|(kind, object)| serde_json::json!({ "@odata.id": address(request, kind, text(object, "id")) }))
        .collect();
    let body = serde_json::json!({ "@odata.context": request.context("Collection($ref)"), "value": value });
    Ok(Answer::ok(body))
}

/// `…/{id}/$ref`: one related object's address.
pub(super) fn one_address<'i>(
    request: &Request<'_>,
    mut ids: impl Iterator<Item = &'i str>,
    index: usize,
) -> Result<Answer, Refusal> {
    request.query.allow(&["$select"])?;
    let wanted = request.segment(index).to_lowercase();
    let found = ids.find(|id| *id == wanted).and_then(|id| request.lists.directory_object(id));
    let (kind, object) = found.ok_or_else(|| Refusal::not_found(request.segment(index)))?;
    let address = address(request, kind, text(object, "id"));
    Ok(Answer::ok(serde_json::json!({ "@odata.context": request.context("$ref"), "@odata.id": address })))
}

fn address(request: &Request<'_>, kind: &str, id: &str) -> String {
    let mut letters = kind.chars();
    let kind: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let tenant = request.world.tenant_id();
    format!("{}/v2/{tenant}/directoryObjects/{id}/Microsoft.DirectoryServices.{kind}", request.origin)
}

/// A directory object among others, with its type; `$select` keeps what it names.
pub(super) fn directory_object(request: &Request<'_>, document: &Document) -> Document {
    let kind = kind_of(request, text(document, "id"));
    let mut object = Map::new();
    object.insert("@odata.type".into(), format!("#microsoft.graph.{}", kind.name).into());
    match &request.query.select {
        None => object.extend(shown(kind, document, None, false)),
        Some(select) => {
            // Of several kinds each shows what it has.
            let chosen: Vec<_> = select.split(',').filter_map(|name| kind.property(name.trim())).collect();
            object.extend(shown(kind, document, Some(&chosen), false));
        }
    }
    object
}

fn kind_of(request: &Request<'_>, id: &str) -> &'static Kind {
    let views = [request.lists, request.by_id, request.references];
    let found = views.iter().find_map(|view| view.directory_object(id));
    found.map_or(&USER, |(kind, _)| objects::of_kind(kind).kind)
}

/// `…/owners/$ref`.
pub(super) fn references(request: &Request<'_>) -> Result<Answer, Refusal> {
    let (collection, object) = owned(request)?;
    match request.method {
        "GET" => {
            request.caller.needs(objects::of_collection(collection).read)?;
            addresses(request, texts(object, OWNERS))
        }
        "POST" => {
            may_write(request, collection, object)?;
            relations::add(request, &RELATION, collection, object)
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// `…/owners/{id}/$ref`.
pub(super) fn reference(request: &Request<'_>) -> Result<Answer, Refusal> {
    let (collection, object) = owned(request)?;
    match request.method {
        "GET" => {
            request.caller.needs(objects::of_collection(collection).read)?;
            one_address(request, texts(object, OWNERS), 3)
        }
        "DELETE" => {
            may_write(request, collection, object)?;
            relations::remove(request, &RELATION, collection, object, 3)
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// The owners named in `owners@odata.bind`; a caller that may only write its own is always among them.
pub(super) fn bound(request: &Request<'_>, bind: Option<&Value>) -> Result<Vec<String>, Refusal> {
    let mut owners = relations::bound(request, &RELATION, bind)?;
    if request.caller.writes_owned_only()
        && let Some(caller) = request.caller.service_principal()
        && !owners.iter().any(|owner| owner == caller)
    {
        owners.push(caller.to_owned());
    }
    Ok(owners)
}
