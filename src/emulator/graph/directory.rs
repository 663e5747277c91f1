//! The tenant itself (`/organization`) and look-ups over all kinds of objects (`/directoryObjects`).

use serde_json::{Map, Value};

use super::{
    super::{
        odata,
        refusal::Refusal,
        tables::ORGANIZATION,
        world::{Document, text},
    },
    Answer, Request,
    access::{READ_OBJECTS, READ_ORGANIZATION},
    domains,
    owners::directory_object,
    with_context,
};

fn reads(request: &Request<'_>, permissions: &[&str]) -> Result<(), Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(permissions)?;
    request.query.allow(&["$select"])
}

fn the_organization(request: &Request<'_>) -> Document {
    let world = request.world;
    let tenant = world.tenant().cloned().unwrap_or_default();
    let mut organization = ORGANIZATION.fill(&tenant);
    organization.insert("tenantType".into(), "AAD".into());
    organization.insert("verifiedDomains".into(), domains::of_organization(world));
    organization
}

pub(super) fn organizations(request: &Request<'_>) -> Result<Answer, Refusal> {
    reads(request, READ_ORGANIZATION)?;
    let organization = the_organization(request);
    let body = request.listing(&ORGANIZATION, "organization").page(
        &request.query,
        std::iter::once(&organization),
        |document, selected| odata::project(&ORGANIZATION, document, selected),
    )?;
    Ok(Answer::ok(body))
}

pub(super) fn organization(request: &Request<'_>) -> Result<Answer, Refusal> {
    reads(request, READ_ORGANIZATION)?;
    let organization = the_organization(request);
    if !text(&organization, "id").eq_ignore_ascii_case(request.segment(1)) {
        return Err(Refusal::not_found(request.segment(1)));
    }
    request.entity(&ORGANIZATION, "organization", &organization)
}

/// `/directoryObjects/{id}`.
pub(super) fn object(request: &Request<'_>) -> Result<Answer, Refusal> {
    reads(request, READ_OBJECTS)?;
    let (_, document) = request
        .by_id
        .directory_object(&request.segment(1).to_lowercase())
        .ok_or_else(|| Refusal::not_found(request.segment(1)))?;
    let shown = directory_object(request, document);
    Ok(Answer::ok(with_context(&request.context("directoryObjects/$entity"), shown)))
}

/// Objects in an order of the directory's own; what it cannot find is left out.
pub(super) fn get_by_ids(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "POST" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_OBJECTS)?;
    request.query.allow(&["$select"])?;
    let body = request.object()?;
    if let Some(other) = body.keys().find(|name| *name != "ids" && *name != "types") {
        return Err(Refusal::malformed(format!(
            "The parameter '{other}' in the request payload is not a valid parameter for the operation 'getByIds'."
        )));
    }
    let strings = |name: &str| -> Option<Vec<String>> {
        let values = body.get(name)?.as_array()?;
        values.iter().map(|value| Some(value.as_str()?.to_lowercase())).collect()
    };
    let mut ids =
        strings("ids").ok_or_else(|| Refusal::bad_request("One or more property values specified are invalid."))?;
    if ids.len() > 1000 {
        return Err(Refusal::bad_request("Too many object identifiers were specified."));
    }
    ids.sort();
    ids.dedup();
    let types = strings("types");
    let value: Vec<Value> = ids
        .iter()
        .filter_map(|id| request.lists.directory_object(id))
        .filter(|(kind, _)| {
            types.as_ref().is_none_or(|types| {
                types.iter().any(|wanted| wanted.eq_ignore_ascii_case(kind) || wanted == "directoryobject")
            })
        })
        .map(|(_, document)| Value::Object(directory_object(request, document)))
        .collect();
    let mut body = Map::new();
    body.insert("@odata.context".into(), request.context("directoryObjects").into());
    body.insert("value".into(), value.into());
    Ok(Answer { location: Some(request.origin.to_owned()), ..Answer::ok(Value::Object(body)).costing(3) })
}
