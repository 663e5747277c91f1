//! Exchange's pointers to service principals of the directory: it knows only those that it was told of.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    super::{
        clock,
        world::{Change, Collection, Document, View, text},
    },
    ExchangeRefusal, Output, access,
    parameters::Call,
};

const STORED: Collection = Collection::ExchangeServicePrincipals;

/// The pointers whose service principal is still there: one that is deleted takes its pointer with it.
pub(super) fn live(seen: View<'_>) -> impl Iterator<Item = &Document> {
    seen.all(STORED).filter(move |pointer| access::is_application(seen, text(pointer, "objectId")))
}

/// Finds a pointer by object id, application id or display name.
pub(super) fn find<'a>(seen: View<'a>, key: &str) -> Option<&'a Document> {
    live(seen).find(|pointer| {
        ["objectId", "appId", "displayName"].iter().any(|name| text(pointer, name).eq_ignore_ascii_case(key))
    })
}

fn row(pointer: &Document) -> Value {
    let (object_id, created) = (text(pointer, "objectId"), text(pointer, "createdDateTime"));
    json!({
        "DisplayName": pointer["displayName"],
        "AppId": pointer["appId"],
        "ObjectId": object_id,
        "ServiceId": object_id,
        "Identity": object_id,
        "Id": object_id,
        "Name": object_id,
        "Guid": pointer["id"],
        "ExchangeVersion": "0.20 (15.0.0.0)",
        "ObjectCategory": "Person",
        "ObjectClass": ["top", "person", "organizationalPerson", "user"],
        "WhenCreatedUTC": created,
        "WhenChangedUTC": created,
        "IsValid": true,
    })
}

/// The pointer to a service principal of the directory.
pub(super) fn pointer(principal: &Document, display_name: &str, now: Timestamp) -> Document {
    let object_id = text(principal, "id");
    let pointer = json!({
        "id": object_id,
        "appId": principal["appId"],
        "objectId": object_id,
        "displayName": display_name,
        "createdDateTime": clock::ticks(now),
    });
    pointer.as_object().cloned().unwrap_or_default()
}

/// `Get-ServicePrincipal`. An identity that is not there gets all of them, as the product's own documentation warns.
#[expect(clippy::unnecessary_wraps, reason = "every cmdlet may fail")]
pub(super) fn list(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let seen = call.request.seen;
    let found = call.text("Identity").and_then(|key| find(seen, key));
    let rows = found.map_or_else(|| live(seen).map(row).collect(), |pointer| vec![row(pointer)]);
    Ok(Output { rows, ..Output::default() })
}

/// `New-ServicePrincipal`: both ids must be those of one service principal of the directory.
pub(super) fn create(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let world = call.request.world;
    let app_id = call.required("AppId").to_lowercase();
    let Some(object_id) = call.text("ObjectId").or_else(|| call.text("ServiceId")).map(str::to_lowercase) else {
        return Err(ExchangeRefusal::missing_parameters("ObjectId"));
    };
    let principal = world
        .get(Collection::ServicePrincipals, &object_id)
        .filter(|principal| text(principal, "appId") == app_id)
        .ok_or_else(|| ExchangeRefusal::not_found(&object_id))?;
    if live(call.request.seen).any(|pointer| text(pointer, "objectId") == object_id || text(pointer, "appId") == app_id)
    {
        return Err(ExchangeRefusal::exists(&object_id));
    }
    let display_name = call.text("DisplayName").unwrap_or_else(|| text(principal, "displayName"));
    let pointer = pointer(principal, display_name, call.request.now);
    Ok(Output { rows: vec![row(&pointer)], changes: vec![Change::put(STORED, pointer)] })
}

fn named<'a>(call: &Call<'a>) -> Result<&'a Document, ExchangeRefusal> {
    let key = call.required("Identity");
    find(call.request.seen, key).ok_or_else(|| ExchangeRefusal::not_found(key))
}

/// `Set-ServicePrincipal`: the display name, and nothing else.
pub(super) fn change(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let mut pointer = named(call)?.clone();
    if let Some(name) = call.text("DisplayName") {
        pointer.insert("displayName".into(), name.into());
    }
    Ok(Output { rows: Vec::new(), changes: vec![Change::put(STORED, pointer)] })
}

/// `Remove-ServicePrincipal`, with the assignments that it holds.
pub(super) fn remove(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    confirm(call)?;
    let pointer = named(call)?;
    let assignments = call.request.world.all(Collection::ExchangeRoleAssignments);
    let held = assignments.filter(|assignment| text(assignment, "principalId") == text(pointer, "objectId"));
    let mut changes: Vec<Change> =
        held.map(|assignment| Change::remove(Collection::ExchangeRoleAssignments, text(assignment, "id"))).collect();
    changes.push(Change::remove(STORED, text(pointer, "id")));
    Ok(Output { rows: Vec::new(), changes })
}

/// Refuses a removal that would have to ask: nobody can answer over HTTP.
pub(super) fn confirm(call: &Call<'_>) -> Result<(), ExchangeRefusal> {
    if call.flag("Confirm") == Some(false) || call.flag("Force") == Some(true) {
        return Ok(());
    }
    Err(ExchangeRefusal::rejected(
        "The cmdlet asks for confirmation, which cannot be given here. Send Confirm as false.",
    ))
}
