//! Management scopes: named filters that say for which recipients a role assignment holds.

use serde_json::{Map, Value, json};

use super::{
    super::{
        clock, identifiers,
        world::{Change, Collection, Document, View, World, text},
    },
    ExchangeRefusal, Output, filter,
    parameters::Call,
    role_assignments,
    service_principals::confirm,
};

pub(crate) const STORED: Collection = Collection::ExchangeScopes;

/// Finds a scope by its name or id.
pub(crate) fn find<'a>(seen: View<'a>, key: &str) -> Option<&'a Document> {
    seen.all(STORED).find(|scope| {
        text(scope, "displayName").eq_ignore_ascii_case(key) || text(scope, "id").eq_ignore_ascii_case(key)
    })
}

/// A new scope; the caller has checked that its name is free.
pub(crate) fn new(name: &str, recipient_filter: &str, is_exclusive: bool, created: &str) -> Document {
    let scope = json!({
        "id": identifiers::guid(),
        "displayName": name,
        "type": "RecipientScope",
        "customAttributes": { "Exclusive": is_exclusive, "RecipientFilter": recipient_filter },
        "~created": created,
    });
    scope.as_object().cloned().unwrap_or_default()
}

/// Whether an assignment holds for a scope. Those of a holder that was deleted went with it.
pub(crate) fn is_used(world: &World, scope: &Document) -> bool {
    let mut assignments = world.all(Collection::ExchangeRoleAssignments);
    assignments.any(|assignment| {
        text(assignment, "appScopeId") == text(scope, "id") && role_assignments::has_holder(world, assignment)
    })
}

/// Whether a text can be a recipient filter.
pub(crate) fn is_filter(text: &str) -> bool {
    filter::parse(text).is_some()
}

fn row(scope: &Document) -> Value {
    let attributes = &scope["customAttributes"];
    json!({
        "Name": scope["displayName"],
        "Identity": scope["displayName"],
        "Guid": scope["id"],
        "RecipientRoot": "",
        "RecipientFilter": attributes["RecipientFilter"],
        "ServerFilter": "",
        "DatabaseFilter": "",
        "ScopeRestrictionType": "RecipientScope",
        "Exclusive": attributes["Exclusive"],
        "ExchangeVersion": "0.10 (14.0.100.0)",
        "WhenCreatedUTC": text(scope, "~created"),
        "IsValid": true,
    })
}

/// `Get-ManagementScope`.
pub(super) fn list(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let seen = call.request.seen;
    let chosen: Vec<&Document> = match call.text("Identity") {
        None => seen.all(STORED).collect(),
        Some(key) => vec![find(seen, key).ok_or_else(|| ExchangeRefusal::not_found(key))?],
    };
    let exclusive = call.flag("Exclusive");
    let orphan = call.flag("Orphan");
    let rows = chosen
        .into_iter()
        .filter(|scope| exclusive.is_none_or(|exclusive| scope["customAttributes"]["Exclusive"] == exclusive))
        .filter(|scope| orphan != Some(true) || !is_used(call.request.world, scope))
        .map(row)
        .collect();
    Ok(Output { rows, ..Output::default() })
}

fn checked<'a>(call: &'a Call<'_>) -> Result<Option<&'a str>, ExchangeRefusal> {
    let sent = call.text("RecipientRestrictionFilter");
    match sent.filter(|sent| !is_filter(sent)) {
        Some(_) => Err(ExchangeRefusal::rejected("The recipient restriction filter is not a valid OPath filter.")),
        None => Ok(sent),
    }
}

/// `New-ManagementScope`.
pub(super) fn create(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let name = call.required("Name");
    let recipient_filter = checked(call)?.unwrap_or_default();
    if call.text("RecipientRoot").is_some() {
        return Err(ExchangeRefusal::rejected(
            "The emulator has no organizational units: RecipientRoot is not served.",
        ));
    }
    if find(call.request.seen, name).is_some() {
        return Err(ExchangeRefusal::exists(name));
    }
    let is_exclusive = call.flag("Exclusive") == Some(true);
    let scope = new(name, recipient_filter, is_exclusive, &clock::ticks(call.request.now));
    Ok(Output { rows: vec![row(&scope)], changes: vec![Change::put(STORED, scope)] })
}

/// `Set-ManagementScope`.
pub(super) fn change(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let key = call.required("Identity");
    let found = find(call.request.seen, key).ok_or_else(|| ExchangeRefusal::not_found(key))?;
    // What is written back is what there is by now, so that no newer change is lost.
    let now = call.request.world.get(STORED, text(found, "id"));
    let mut scope = now.ok_or_else(|| ExchangeRefusal::not_found(key))?.clone();
    if let Some(name) = call.text("Name") {
        if find(call.request.seen, name).is_some_and(|other| other["id"] != scope["id"]) {
            return Err(ExchangeRefusal::exists(name));
        }
        scope.insert("displayName".into(), name.into());
    }
    if let Some(sent) = checked(call)? {
        let mut attributes: Map<String, Value> = scope["customAttributes"].as_object().cloned().unwrap_or_default();
        attributes.insert("RecipientFilter".into(), sent.into());
        scope.insert("customAttributes".into(), attributes.into());
    }
    Ok(Output { rows: Vec::new(), changes: vec![Change::put(STORED, scope)] })
}

/// `Remove-ManagementScope`.
pub(super) fn remove(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    confirm(call)?;
    let key = call.required("Identity");
    let scope = find(call.request.seen, key).ok_or_else(|| ExchangeRefusal::not_found(key))?;
    if is_used(call.request.world, scope) {
        return Err(ExchangeRefusal::rejected("The management scope is in use by one or more role assignments."));
    }
    Ok(Output { rows: Vec::new(), changes: vec![Change::remove(STORED, text(scope, "id"))] })
}
