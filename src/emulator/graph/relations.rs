//! Relations that are written by reference: owners and members. An object keeps the ids of those that it is related to.

use serde_json::Value;

use super::{
    super::{
        refusal::Refusal,
        world::{Change, Collection, Document, texts},
    },
    Answer, Request, segments,
};

const MOST_IN_ONE_WRITE: usize = 20;

/// One relation.
pub(super) struct Relation {
    /// `owners`.
    pub(super) name: &'static str,
    /// The member of a document that holds the ids.
    pub(super) stored: &'static str,
    /// What may stand at the other end.
    pub(super) kinds: &'static [&'static str],
    pub(super) most: usize,
}

/// `POST …/owners/$ref`.
pub(super) fn add(
    request: &Request<'_>,
    relation: &Relation,
    collection: Collection,
    object: &Document,
) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    let id = reference(request, relation)?;
    let after = extended(relation, object, &[id])?;
    Ok(Answer::no_content(vec![with(relation, collection, object, &after)]))
}

/// `DELETE …/owners/{id}/$ref`, where the id is in this segment.
pub(super) fn remove(
    request: &Request<'_>,
    relation: &Relation,
    collection: Collection,
    object: &Document,
    index: usize,
) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    let leaving = request.segment(index).to_lowercase();
    let before: Vec<&str> = texts(object, relation.stored).collect();
    let after: Vec<String> = before.iter().filter(|id| **id != leaving).map(|id| (*id).to_owned()).collect();
    if after.len() == before.len() {
        return Err(Refusal::not_found(request.segment(index)));
    }
    Ok(Answer::no_content(vec![with(relation, collection, object, &after)]))
}

/// The one object that the body refers to by `@odata.id`.
pub(super) fn reference(request: &Request<'_>, relation: &Relation) -> Result<String, Refusal> {
    let body = request.object()?;
    if let Some(other) =
        body.keys().find(|name| !["@odata.id", "@odata.type", "@odata.context"].contains(&name.as_str()))
    {
        return Err(Refusal::malformed(format!(
            "The property '{other}' does not exist on type 'microsoft.graph.ReferenceCreate'."
        )));
    }
    referenced(request, relation, body.get("@odata.id").and_then(Value::as_str).unwrap_or_default())
}

/// The ids of an object's relation and these, refused when one is there already or they are too many.
pub(super) fn extended(relation: &Relation, object: &Document, added: &[String]) -> Result<Vec<String>, Refusal> {
    let mut after: Vec<String> = texts(object, relation.stored).map(str::to_owned).collect();
    for id in added {
        if after.contains(id) {
            return Err(Refusal::bad_request(format!(
                "One or more added object references already exist for the following modified properties: '{}'.",
                relation.name
            )));
        }
        after.push(id.clone());
    }
    if after.len() > relation.most {
        return Err(Refusal::new(
            403,
            "Directory_QuotaExceeded",
            format!("The object limit of {} was exceeded.", relation.name),
        ));
    }
    Ok(after)
}

fn with(relation: &Relation, collection: Collection, object: &Document, ids: &[String]) -> Change {
    let mut after = object.clone();
    after.insert(relation.stored.into(), ids.into());
    Change::put(collection, after)
}

/// The objects named in `owners@odata.bind` or `members@odata.bind`, each once.
pub(super) fn bound(request: &Request<'_>, relation: &Relation, bind: Option<&Value>) -> Result<Vec<String>, Refusal> {
    let Some(bind) = bind else {
        return Ok(Vec::new());
    };
    let addresses = bind.as_array().ok_or_else(|| {
        Refusal::malformed(format!("The value of '{}@odata.bind' must be a collection.", relation.name))
    })?;
    if addresses.len() > MOST_IN_ONE_WRITE {
        return Err(Refusal::bad_request("The number of references in the request exceeds the limit of '20'."));
    }
    let mut ids = Vec::new();
    for address in addresses {
        let id = referenced(request, relation, address.as_str().unwrap_or_default())?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// The object that an address such as `https://…/v1.0/directoryObjects/{id}` means. Clients write it with the tenant
/// between version and collection too, and on any host.
pub(super) fn referenced(request: &Request<'_>, relation: &Relation, address: &str) -> Result<String, Refusal> {
    let misshapen = || Refusal::bad_request("Invalid URL format specified in the reference property.");
    let path = address.split_once("://").map_or(address, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let (_, segments) = segments(path).ok_or_else(misshapen)?;
    let [.., set, object] = segments.as_slice() else {
        return Err(misshapen());
    };
    let of_set = match set.text.to_ascii_lowercase().as_str() {
        "directoryobjects" => None,
        "users" => Some("user"),
        "serviceprincipals" => Some("servicePrincipal"),
        "groups" => Some("group"),
        "applications" => Some("application"),
        _ => return Err(misshapen()),
    };
    let id = object.text.to_lowercase();
    match request.references.directory_object(&id) {
        Some((kind, _)) if of_set.is_some_and(|set| set != kind) => Err(Refusal::not_found(&object.text)),
        Some((kind, _)) if relation.kinds.contains(&kind) => Ok(id),
        Some((kind, _)) => {
            let mut letters = kind.chars();
            let kind: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
            Err(Refusal::bad_request(format!(
                "The reference target of type '{kind}' is invalid for the '{}' reference.",
                relation.name
            )))
        }
        None => Err(Refusal::not_found(&object.text)),
    }
}
