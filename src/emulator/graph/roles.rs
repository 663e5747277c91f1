//! Directory roles: their definitions, who is assigned to them, and the templates.

use serde_json::{Map, Value, json};

use super::{
    super::{
        identifiers, odata,
        refusal::Refusal,
        schema::Property,
        tables::{ROLE_ASSIGNMENT, ROLE_DEFINITION, ROLE_TEMPLATE},
        world::{Change, Collection, Document, View, text},
    },
    Answer, Request,
    access::{READ_ROLES, WRITE_ROLES},
    with_context,
};

const DEFINITIONS: &str = "roleManagement/directory/roleDefinitions";
const ASSIGNMENTS: &str = "roleManagement/directory/roleAssignments";

/// A definition as the client sees it, with the context that each carries within.
fn shown(request: &Request<'_>, definition: &Document, selected: Option<&[&'static Property]>) -> Document {
    let mut definition = definition.clone();
    let context = request.context(&format!("{DEFINITIONS}('{}')/inheritsPermissionsFrom", text(&definition, "id")));
    definition.insert("inheritsPermissionsFrom@odata.context".into(), context.into());
    odata::project(&ROLE_DEFINITION, &definition, selected)
}

pub(super) fn definitions(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_ROLES)?;
    request.query.allow(&["$select", "$filter"])?;
    let mut listing = request.listing(&ROLE_DEFINITION, DEFINITIONS);
    // All definitions come on one page.
    listing.page_size = usize::MAX;
    let body =
        listing.page(&request.query, request.lists.all(Collection::RoleDefinitions), |definition, selected| {
            shown(request, definition, selected)
        })?;
    Ok(Answer::ok(body))
}

pub(super) fn definition(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_ROLES)?;
    // What it inherits from is shown in any case.
    request.query.allow(&["$select", "$expand"])?;
    request.query.expanded(&ROLE_DEFINITION, request.connections(&ROLE_DEFINITION))?;
    let definition = request
        .by_id
        .get(Collection::RoleDefinitions, &request.segment(3).to_lowercase())
        .ok_or_else(|| Refusal::not_found(request.segment(3)))?;
    let selected = request.query.selected(&ROLE_DEFINITION)?;
    let selection = odata::selection(selected.as_deref());
    let context = request.context(&format!("{DEFINITIONS}{selection}/$entity"));
    Ok(Answer::ok(with_context(&context, shown(request, definition, selected.as_deref()))))
}

pub(super) fn templates(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_ROLES)?;
    request.query.allow(&["$select"])?;
    let templates: Vec<Document> =
        request.lists.all(Collection::RoleDefinitions).map(|definition| ROLE_TEMPLATE.fill(definition)).collect();
    let mut listing = request.listing(&ROLE_TEMPLATE, "directoryRoleTemplates");
    listing.page_size = usize::MAX;
    let body = listing.page(&request.query, templates.iter(), |template, selected| {
        odata::project(&ROLE_TEMPLATE, template, selected)
    })?;
    Ok(Answer::ok(body))
}

/// Assignments whose principal is there.
fn live(seen: View<'_>) -> impl Iterator<Item = &Document> {
    seen.all(Collection::RoleAssignments)
        .filter(move |assignment| seen.directory_object(text(assignment, "principalId")).is_some())
}

pub(super) fn assignments(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_ROLES)?;
            request.query.allow(&["$select", "$filter", "$top"])?;
            let body = request.listing(&ROLE_ASSIGNMENT, ASSIGNMENTS).page(
                &request.query,
                live(request.lists),
                |document, selected| odata::project(&ROLE_ASSIGNMENT, document, selected),
            )?;
            Ok(Answer::ok(body))
        }
        "POST" => create(request),
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn create(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    request.caller.needs(WRITE_ROLES)?;
    let sent = request.object()?;
    ROLE_ASSIGNMENT.check(sent, true)?;
    let (role_id, principal_id) =
        (text(sent, "roleDefinitionId").to_lowercase(), text(sent, "principalId").to_lowercase());
    let world = request.world;
    if !text(sent, "appScopeId").is_empty() || text(sent, "directoryScopeId").is_empty() {
        return Err(Refusal::bad_request("One or more property values specified are invalid."));
    }
    // Built-in roles go by their template id, which is their id.
    let role = world
        .get(Collection::RoleDefinitions, &role_id)
        .ok_or_else(|| Refusal::not_found(text(sent, "roleDefinitionId")))?;
    match request.references.directory_object(&principal_id) {
        Some(("user" | "servicePrincipal", _)) => {}
        _ => return Err(Refusal::not_found(text(sent, "principalId"))),
    }
    let scope = text(sent, "directoryScopeId");
    let scope_id = match scope {
        "/" => None,
        scope => {
            let id = scope.trim_start_matches('/').to_lowercase();
            match world.directory_object(&id) {
                Some(("application" | "servicePrincipal", _)) if scope.starts_with('/') => Some(id),
                _ => return Err(Refusal::not_found(scope.trim_start_matches('/'))),
            }
        }
    };
    let id = identifiers::role_assignment(&role_id, &principal_id, scope_id.as_deref());
    if world.get(Collection::RoleAssignments, &id).is_some() {
        return Err(Refusal::bad_request(
            "A conflicting object with one or more of the specified property values is present in the directory.",
        ));
    }
    let assignment = json!({
        "id": id,
        "principalId": principal_id,
        "directoryScopeId": scope,
        "roleDefinitionId": role["id"],
    });
    let assignment: Map<String, Value> = assignment.as_object().cloned().unwrap_or_default();
    let body = with_context(&request.context(&format!("{ASSIGNMENTS}/$entity")), assignment.clone());
    let location = format!("{}/{ASSIGNMENTS}/{id}", request.base());
    Ok(Answer::created(body, location, vec![Change::put(Collection::RoleAssignments, assignment)]))
}

pub(super) fn assignment(request: &Request<'_>) -> Result<Answer, Refusal> {
    let find = || {
        live(request.by_id)
            .find(|assignment| text(assignment, "id") == request.segment(3))
            .ok_or_else(|| Refusal::not_found(request.segment(3)))
    };
    match request.method {
        "GET" => {
            request.caller.needs(READ_ROLES)?;
            request.entity(&ROLE_ASSIGNMENT, ASSIGNMENTS, find()?)
        }
        "DELETE" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_ROLES)?;
            find()?;
            let change = Change::remove(Collection::RoleAssignments, request.segment(3));
            Ok(Answer::no_content(vec![change]))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}
