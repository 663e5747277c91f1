//! `appRoleAssignments` and `appRoleAssignedTo`: which principal holds which app role of which resource.

use serde_json::{Value, json};

use super::{
    super::{
        clock, identifiers,
        refusal::Refusal,
        seed::MICROSOFT_GRAPH,
        tables::APP_ROLE_ASSIGNMENT,
        world::{Change, Collection, Document, View, list, text},
    },
    Answer, Request,
    access::READ_ASSIGNMENTS,
    groups, odata, service_principals, users, with_context,
};

/// The role of resources that declare none.
const DEFAULT_ROLE: &str = "00000000-0000-0000-0000-000000000000";

/// Which end of the assignment the path is about.
fn side(request: &Request<'_>) -> &'static str {
    if request.segment(2).eq_ignore_ascii_case("appRoleAssignments") { "principalId" } else { "resourceId" }
}

/// The object that the path begins with: a service principal, or a user or group as the one end.
fn find<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    match request.segment(0).to_ascii_lowercase().as_str() {
        "users" => users::find(request),
        "groups" => groups::find(request),
        _ => service_principals::find(request),
    }
}

/// An object's assignments, by the end that it stands at. Those of a deleted principal come back with it, and until then
/// nobody sees them.
pub(super) fn of<'a>(seen: View<'a>, end: &'static str, id: &'a str) -> impl Iterator<Item = &'a Document> {
    seen.find_all(Collection::AppRoleAssignments, end, id).filter(move |assignment| {
        ["principalId", "resourceId"].iter().all(|end| seen.holds_directory_object(text(assignment, end)))
    })
}

fn set(request: &Request<'_>, object: &Document) -> String {
    let of = request.segment(0).to_ascii_lowercase();
    let of = if of == "serviceprincipals" { "servicePrincipals" } else { of.as_str() };
    let side = if side(request) == "principalId" { "appRoleAssignments" } else { "appRoleAssignedTo" };
    format!("{of}('{}')/{side}", text(object, "id"))
}

pub(super) fn collection(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_ASSIGNMENTS)?;
            request.query.allow(&["$select", "$filter", "$top"])?;
            let object = find(request)?;
            let documents = of(request.lists, side(request), text(object, "id"));
            let body = request.listing(&APP_ROLE_ASSIGNMENT, &set(request, object)).page(
                &request.query,
                documents,
                |document, selected| odata::project(&APP_ROLE_ASSIGNMENT, document, selected),
            )?;
            Ok(Answer::ok(body).costing(2))
        }
        "POST" => create(request),
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn create(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    if !request.caller.has("Application.ReadWrite.All") {
        request.caller.needs(&["AppRoleAssignment.ReadWrite.All"])?;
    }
    let object = find(request)?;
    let sent = request.object()?;
    APP_ROLE_ASSIGNMENT.check(sent, true)?;
    if ["principalId", "resourceId", "appRoleId"].iter().any(|name| text(sent, name).is_empty()) {
        return Err(Refusal::bad_request("One or more properties are invalid."));
    }
    let world = request.world;
    let (principal_id, resource_id) =
        (text(sent, "principalId").to_lowercase(), text(sent, "resourceId").to_lowercase());
    let role_id = text(sent, "appRoleId").to_lowercase();
    let misdirected = || Refusal::bad_request("Not a valid reference update.");
    let path_agrees = match side(request) {
        "principalId" => text(object, "id") == principal_id,
        _ => text(object, "id") == resource_id,
    };
    if !path_agrees {
        return Err(misdirected());
    }
    let resource = request.references.get(Collection::ServicePrincipals, &resource_id).ok_or_else(misdirected)?;
    let (kind, principal) = match request.references.directory_object(&principal_id) {
        Some(("user", user)) => ("User", user),
        Some(("servicePrincipal", principal)) => ("ServicePrincipal", principal),
        Some(("group", group)) if group["securityEnabled"] == true => ("Group", group),
        _ => return Err(misdirected()),
    };
    request.caller.may_assign(text(resource, "appId") == MICROSOFT_GRAPH)?;
    let member = if kind == "ServicePrincipal" { "Application" } else { "User" };
    let role = list(resource, "appRoles").iter().find(|role| role["id"] == role_id.as_str());
    let assignable = match role {
        Some(role) => {
            role["isEnabled"] == true
                && role["allowedMemberTypes"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == member))
        }
        None => role_id == DEFAULT_ROLE && list(resource, "appRoles").is_empty(),
    };
    if !assignable {
        return Err(Refusal::bad_request("Permission being assigned was not found on application"));
    }
    let exists = world
        .find_all(Collection::AppRoleAssignments, "principalId", &principal_id)
        .any(|assignment| text(assignment, "resourceId") == resource_id && text(assignment, "appRoleId") == role_id);
    if exists {
        return Err(Refusal::bad_request("Permission being assigned already exists on the object")
            .with_detail("InvalidUpdate", "principalId"));
    }
    let id = identifiers::app_role_assignment(&principal_id);
    let assignment = json!({
        "id": id,
        "deletedDateTime": null,
        "appRoleId": role_id,
        "createdDateTime": clock::ticks(request.now),
        "principalDisplayName": principal["displayName"],
        "principalId": principal_id,
        "principalType": kind,
        "resourceDisplayName": resource["displayName"],
        "resourceId": resource_id,
    });
    let Value::Object(assignment) = assignment else {
        return Err(misdirected());
    };
    let context = request.context(&format!("{}/$entity", set(request, object)));
    let location = request.location("directoryObjects", &principal_id, &format!("/appRoleAssignments/{id}"));
    let body = with_context(&context, assignment.clone());
    let changes = vec![Change::put(Collection::AppRoleAssignments, assignment)];
    Ok(Answer::created(body, location, changes))
}

pub(super) fn one(request: &Request<'_>) -> Result<Answer, Refusal> {
    let writes = match request.method {
        "GET" => false,
        "DELETE" => true,
        // Under a user the service says it in other words.
        "PATCH" if !request.segment(0).eq_ignore_ascii_case("servicePrincipals") => {
            return Err(Refusal::bad_request("Invalid resource identifier for EntitlementGrant."));
        }
        _ => return Err(Refusal::method_not_allowed()),
    };
    if writes && !request.caller.has("Application.ReadWrite.All") {
        request.caller.needs(&["AppRoleAssignment.ReadWrite.All"])?;
    }
    if !writes {
        request.caller.needs(READ_ASSIGNMENTS)?;
    }
    let object = find(request)?;
    let assignment = request
        .by_id
        .get(Collection::AppRoleAssignments, request.segment(3))
        .filter(|assignment| text(assignment, side(request)) == text(object, "id"))
        .ok_or_else(|| Refusal::not_found(request.segment(3)))?;
    if !writes {
        return request.entity(&APP_ROLE_ASSIGNMENT, &set(request, object), assignment);
    }
    request.query.allow(&[])?;
    let assignment = request.truth(Collection::AppRoleAssignments, assignment)?;
    let resource = request.world.get(Collection::ServicePrincipals, text(assignment, "resourceId"));
    let of_graph = resource.is_some_and(|resource| text(resource, "appId") == MICROSOFT_GRAPH);
    request.caller.may_assign(of_graph)?;
    Ok(Answer::no_content(vec![Change::remove(Collection::AppRoleAssignments, request.segment(3))]))
}
