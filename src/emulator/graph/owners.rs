//! Owners of applications and service principals: listed, added and removed by reference.

use serde_json::{Map, Value};

use super::{
    super::{
        refusal::Refusal,
        schema::Kind,
        tables::{APPLICATION, SERVICE_PRINCIPAL, USER},
        world::{Change, Collection, Document, OWNERS, text, texts},
    },
    Answer, Request,
    access::READ_APPLICATIONS,
    applications, navigation, service_principals, shown,
};

const MOST: usize = 100;
const MOST_IN_ONE_CREATION: usize = 20;

/// The owned object that the path names, and where it is kept.
fn owned<'a>(request: &Request<'a>) -> Result<(Collection, &'a Document), Refusal> {
    if request.segment(0).eq_ignore_ascii_case("applications") {
        Ok((Collection::Applications, applications::find(request)?))
    } else {
        Ok((Collection::ServicePrincipals, service_principals::find(request)?))
    }
}

pub(super) fn list(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_APPLICATIONS)?;
    request.query.allow(&["$select", "$filter", "$top"])?;
    let (_, object) = owned(request)?;
    Ok(Answer::ok(request.objects(&navigation::owners(request.lists, object))?).costing(2))
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
    match request.references.directory_object(id) {
        Some(("application", _)) => &APPLICATION,
        Some(("servicePrincipal", _)) => &SERVICE_PRINCIPAL,
        _ => &USER,
    }
}

pub(super) fn add(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "POST" {
        return Err(Refusal::method_not_allowed());
    }
    request.query.allow(&[])?;
    let (collection, object) = owned(request)?;
    request.caller.may_write_owners(object)?;
    let body = request.object()?;
    if let Some(other) = body.keys().find(|name| *name != "@odata.id") {
        return Err(Refusal::malformed(format!(
            "The property '{other}' does not exist on type 'microsoft.graph.ReferenceCreate'."
        )));
    }
    let owner = referenced(request, text(body, "@odata.id"))?;
    let mut owners: Vec<&str> = texts(object, OWNERS).collect();
    if owners.contains(&owner.as_str()) {
        return Err(Refusal::bad_request(
            "One or more added object references already exist for the following modified properties: 'owners'.",
        ));
    }
    if owners.len() >= MOST {
        return Err(Refusal::new(403, "Directory_QuotaExceeded", "The object limit of owners was exceeded."));
    }
    owners.push(&owner);
    Ok(Answer::no_content(vec![with_owners(collection, object, &owners)]))
}

pub(super) fn remove(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "DELETE" {
        return Err(Refusal::method_not_allowed());
    }
    request.query.allow(&[])?;
    let (collection, object) = owned(request)?;
    request.caller.may_write_owners(object)?;
    let leaving = request.segment(3).to_lowercase();
    let owners: Vec<&str> = texts(object, OWNERS).collect();
    let after: Vec<&str> = owners.iter().copied().filter(|owner| *owner != leaving).collect();
    if after.len() == owners.len() {
        return Err(Refusal::not_found(request.segment(3)));
    }
    Ok(Answer::no_content(vec![with_owners(collection, object, &after)]))
}

fn with_owners(collection: Collection, object: &Document, owners: &[&str]) -> Change {
    let mut after = object.clone();
    after.insert(OWNERS.into(), owners.into());
    Change::put(collection, after)
}

/// The owners named in `owners@odata.bind`; a caller that may only write its own is always among them.
pub(super) fn bound(request: &Request<'_>, bind: Option<&Value>) -> Result<Vec<String>, Refusal> {
    let mut owners = Vec::new();
    if let Some(bind) = bind {
        let addresses = bind
            .as_array()
            .ok_or_else(|| Refusal::malformed("The value of 'owners@odata.bind' must be a collection."))?;
        if addresses.len() > MOST_IN_ONE_CREATION {
            return Err(Refusal::bad_request("The number of references in the request exceeds the limit of '20'."));
        }
        for address in addresses {
            let owner = referenced(request, address.as_str().unwrap_or_default())?;
            if !owners.contains(&owner) {
                owners.push(owner);
            }
        }
    }
    if request.caller.writes_owned_only()
        && let Some(caller) = request.caller.service_principal()
        && !owners.iter().any(|owner| owner == caller)
    {
        owners.push(caller.to_owned());
    }
    Ok(owners)
}

/// The user or service principal that an address such as `http://…/v1.0/directoryObjects/{id}` means.
fn referenced(request: &Request<'_>, address: &str) -> Result<String, Refusal> {
    let path = address.split_once("://").map_or(address, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let segments = super::segments(path).map(|(_, segments)| segments).unwrap_or_default();
    let [set, id] = segments.as_slice() else {
        return Err(Refusal::bad_request("Invalid URL format specified in the reference property."));
    };
    let collections: &[&str] = match set.text.to_ascii_lowercase().as_str() {
        "directoryobjects" => &["user", "servicePrincipal", "application"],
        "users" => &["user"],
        "serviceprincipals" => &["servicePrincipal"],
        _ => {
            return Err(Refusal::bad_request("Invalid URL format specified in the reference property."));
        }
    };
    let id_text = id.text.to_lowercase();
    match request.world.directory_object(&id_text) {
        Some(("application", _)) => Err(Refusal::bad_request(
            "The reference target of type 'Application' is invalid for the 'owners' reference.",
        )),
        Some((kind, _)) if collections.contains(&kind) => Ok(id_text),
        _ => Err(Refusal::not_found(&id.text)),
    }
}
