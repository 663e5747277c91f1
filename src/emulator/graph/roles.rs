//! `/roleManagement/directory`: role definitions as they are read, and who is assigned to a role where.

use serde_json::{Map, Value, json};

use super::{
    super::{
        identifiers, odata,
        refusal::Refusal,
        schema::Property,
        tables::{ROLE_ASSIGNMENT, ROLE_DEFINITION},
        world::{Change, Collection, Document, View, text},
    },
    Answer, Request,
    access::{READ_ROLES, WRITE_ROLES},
    directory_roles, role_definitions, with_context,
};

pub(super) const DEFINITIONS: &str = "roleManagement/directory/roleDefinitions";
const ASSIGNMENTS: &str = "roleManagement/directory/roleAssignments";

/// A definition as the client sees it, with the context that each carries within.
pub(super) fn shown(request: &Request<'_>, definition: &Document, selected: Option<&[&'static Property]>) -> Document {
    let mut definition = definition.clone();
    let context = request.context(&format!("{DEFINITIONS}('{}')/inheritsPermissionsFrom", text(&definition, "id")));
    definition.insert("inheritsPermissionsFrom@odata.context".into(), context.into());
    odata::project(&ROLE_DEFINITION, &definition, selected)
}

pub(super) fn definitions(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {}
        "POST" => return role_definitions::create(request),
        _ => return Err(Refusal::method_not_allowed()),
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

pub(super) fn find_definition<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    request
        .by_id
        .get(Collection::RoleDefinitions, &request.segment(3).to_lowercase())
        .ok_or_else(|| Refusal::not_found(request.segment(3)))
}

pub(super) fn definition(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {}
        "PATCH" => return role_definitions::update(request),
        "DELETE" => return role_definitions::remove(request),
        _ => return Err(Refusal::method_not_allowed()),
    }
    request.caller.needs(READ_ROLES)?;
    // What it inherits from is shown in any case.
    request.query.allow(&["$select", "$expand"])?;
    request.query.expanded(&ROLE_DEFINITION, request.connections(&ROLE_DEFINITION))?;
    let definition = find_definition(request)?;
    let selected = request.query.selected(&ROLE_DEFINITION)?;
    let selection = odata::selection(selected.as_deref());
    let context = request.context(&format!("{DEFINITIONS}{selection}/$entity"));
    Ok(Answer::ok(with_context(&context, shown(request, definition, selected.as_deref()))))
}

/// Assignments whose principal is there.
fn live(seen: View<'_>) -> impl Iterator<Item = &Document> {
    seen.all(Collection::RoleAssignments).filter(move |assignment| is_live(seen, assignment))
}

fn is_live(seen: View<'_>, assignment: &Document) -> bool {
    let scope = text(assignment, "~scope");
    seen.holds_directory_object(text(assignment, "principalId"))
        && (scope.is_empty() || seen.holds_directory_object(scope))
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
    if !text(sent, "appScopeId").is_empty() || text(sent, "directoryScopeId").is_empty() {
        return Err(Refusal::bad_request("One or more property values specified are invalid."));
    }
    let (assignment, changes) =
        assign(request, text(sent, "roleDefinitionId"), text(sent, "principalId"), text(sent, "directoryScopeId"))?;
    let location = format!("{}/{ASSIGNMENTS}/{}", request.base(), text(&assignment, "id"));
    let shown = odata::project(&ROLE_ASSIGNMENT, &assignment, None);
    let body = with_context(&request.context(&format!("{ASSIGNMENTS}/$entity")), shown);
    Ok(Answer::created(body, location, changes))
}

/// What a role may be assigned at, and the id of the object there; none is the tenant.
fn scope_id(request: &Request<'_>, scope: &str) -> Result<Option<String>, Refusal> {
    if scope == "/" {
        return Ok(None);
    }
    let (kinds, id): (&[&str], _) = match scope.strip_prefix("/administrativeUnits/") {
        Some(id) => (&["administrativeUnit"], id),
        None => (&["application", "servicePrincipal"], scope.trim_start_matches('/')),
    };
    match request.references.directory_object(&id.to_lowercase()) {
        Some((kind, _)) if kinds.contains(&kind) && scope.starts_with('/') => Ok(Some(id.to_lowercase())),
        _ => Err(Refusal::not_found(id)),
    }
}

/// Assigns a role: the assignment and the changes to the world, among them the role's activation.
pub(super) fn assign(
    request: &Request<'_>,
    role: &str,
    principal: &str,
    scope: &str,
) -> Result<(Document, Vec<Change>), Refusal> {
    let world = request.world;
    let (role_id, principal_id) = (role.to_lowercase(), principal.to_lowercase());
    // Built-in roles go by their template id, which is their id.
    let role = world.get(Collection::RoleDefinitions, &role_id).ok_or_else(|| Refusal::not_found(role))?;
    match request.references.directory_object(&principal_id) {
        Some(("user" | "servicePrincipal", _)) => {}
        Some(("group", group)) if group["isAssignableToRole"] == true => {}
        Some(("group", _)) => {
            return Err(Refusal::bad_request(
                "The group is not assignable to a role: 'isAssignableToRole' is not set.",
            ));
        }
        _ => return Err(Refusal::not_found(principal)),
    }
    let scope_id = scope_id(request, scope)?;
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
    let mut assignment: Map<String, Value> = assignment.as_object().cloned().unwrap_or_default();
    if let Some(scope_id) = scope_id {
        assignment.insert("~scope".into(), scope_id.into());
    }
    let mut changes = vec![Change::put(Collection::RoleAssignments, assignment.clone())];
    if role["isBuiltIn"] == true && world.find(Collection::DirectoryRoles, "roleTemplateId", &role_id).is_none() {
        changes.push(Change::put(Collection::DirectoryRoles, directory_roles::activated(role)));
    }
    Ok((assignment, changes))
}

pub(super) fn assignment(request: &Request<'_>) -> Result<Answer, Refusal> {
    let find = || {
        request
            .by_id
            .get(Collection::RoleAssignments, request.segment(3))
            .filter(|assignment| is_live(request.by_id, assignment))
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
            request.truth(Collection::RoleAssignments, find()?)?;
            let change = Change::remove(Collection::RoleAssignments, request.segment(3));
            Ok(Answer::no_content(vec![change]))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}
