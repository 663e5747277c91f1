//! `roleManagement/exchange`, beta only: Exchange's own roles, their assignments and scopes, as Graph shows them. The
//! cmdlets of the admin endpoint work on the same documents.

use serde_json::{Map, Value, json};

use super::{
    super::{
        clock,
        exchange_online::{
            DEHYDRATED,
            role_assignments::{self, Holder},
            roles, scopes,
        },
        odata,
        refusal::Refusal,
        schema::{
            Kind,
            Shape::{Boolean, List, Object, Text},
            property,
        },
        world::{Change, Collection, Document, text},
    },
    Answer, Request, with_context,
};

const DEFINITION: Kind = Kind {
    name: "unifiedRoleDefinition",
    properties: &[
        property("id", Text).fixed(),
        property("description", Text).fixed(),
        property("displayName", Text).fixed().filter("eq startswith"),
        property("isEnabled", Boolean).fixed().filter("eq"),
        property("version", Text).fixed(),
        property("isBuiltIn", Boolean).fixed().filter("eq"),
        property("templateId", Text).fixed(),
        property("allowedPrincipalTypes", Text).fixed(),
        property("rolePermissions", List(&Text)).fixed(),
    ],
};
const ASSIGNMENT: Kind = Kind {
    name: "unifiedRoleAssignment",
    properties: &[
        property("id", Text).fixed(),
        property("principalId", Text).required().filter("eq"),
        property("roleDefinitionId", Text).required().filter("eq"),
        property("directoryScopeId", Text).filter("eq"),
        property("appScopeId", Text).filter("eq"),
    ],
};
const SCOPE: Kind = Kind {
    name: "customAppScope",
    properties: &[
        property("id", Text).fixed(),
        property("type", Text).at_creation(),
        property("displayName", Text).required().filter("eq"),
        property("customAttributes", Object(&[property("Exclusive", Boolean), property("RecipientFilter", Text)])),
    ],
};

const DEFINITIONS: &str = "roleManagement/exchange/roleDefinitions";
const ASSIGNMENTS: &str = "roleManagement/exchange/roleAssignments";
const SCOPES: &str = "roleManagement/exchange/customAppScopes";

const READ: &[&str] = &["RoleManagement.Read.Exchange", "RoleManagement.Read.All", "RoleManagement.ReadWrite.Exchange"];
const WRITE: &[&str] = &["RoleManagement.ReadWrite.Exchange"];

/// Refuses what a dehydrated organization does.
fn check_customized(request: &Request<'_>) -> Result<(), Refusal> {
    if request.dehydrated { Err(Refusal::bad_request(DEHYDRATED)) } else { Ok(()) }
}

/// Everything under the segment.
pub(super) fn serve(request: &Request<'_>, names: &[&str]) -> Result<Answer, Refusal> {
    if request.version != "beta" {
        return Err(Refusal::unknown_segment(request.segment(1)));
    }
    match (request.method, names) {
        ("GET", ["roledefinitions"]) => definitions(request),
        ("GET", ["roledefinitions", _]) => definition(request),
        ("GET", ["roleassignments"]) => assignments(request),
        ("POST", ["roleassignments"]) => assign(request),
        ("GET", ["roleassignments", _]) => {
            request.caller.needs(READ)?;
            request.entity(&ASSIGNMENT, ASSIGNMENTS, &shown(found(request)?))
        }
        ("DELETE", ["roleassignments", _]) => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE)?;
            check_customized(request)?;
            let id = text(found(request)?, "id");
            Ok(Answer::no_content(vec![Change::remove(role_assignments::STORED, id)]))
        }
        ("GET", ["customappscopes"]) => custom_scopes(request),
        ("POST", ["customappscopes"]) => create_scope(request),
        ("GET", ["customappscopes", _]) => {
            request.caller.needs(READ)?;
            request.entity(&SCOPE, SCOPES, found_scope(request)?)
        }
        ("PATCH", ["customappscopes", _]) => change_scope(request),
        ("DELETE", ["customappscopes", _]) => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE)?;
            check_customized(request)?;
            let scope = found_scope(request)?;
            if scopes::is_used(request.world, scope) {
                return Err(Refusal::bad_request("The scope is in use by one or more role assignments."));
            }
            Ok(Answer::no_content(vec![Change::remove(scopes::STORED, text(scope, "id"))]))
        }
        (
            _,
            ["roledefinitions" | "roleassignments" | "customappscopes"]
            | ["roledefinitions" | "roleassignments" | "customappscopes", _],
        ) => Err(Refusal::method_not_allowed()),
        _ => Err(Refusal::unknown_segment(request.segment(2))),
    }
}

fn document(value: &Value) -> Document {
    value.as_object().cloned().unwrap_or_default()
}

fn described(role: &roles::Role) -> Document {
    document(&json!({
        "id": role.id,
        "description": role.description(),
        "displayName": role.name,
        "isEnabled": true,
        "version": "0.12 (14.0.451.0)",
        "isBuiltIn": true,
        "templateId": null,
        "allowedPrincipalTypes": if role.is_application { "servicePrincipal" } else { "user,group,servicePrincipal" },
        "rolePermissions": [{
            "allowedResourceActions": role.actions(),
            "excludedResourceActions": [],
            "condition": null,
        }],
    }))
}

fn definitions(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.caller.needs(READ)?;
    request.query.allow(&["$select", "$filter"])?;
    let all: Vec<Document> = roles::all(request.world).iter().map(described).collect();
    let mut listing = request.listing(&DEFINITION, DEFINITIONS);
    // All definitions come on one page.
    listing.page_size = usize::MAX;
    let body = listing
        .page(&request.query, all.iter(), |document, selected| odata::project(&DEFINITION, document, selected))?;
    Ok(Answer::ok(body))
}

fn definition(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.caller.needs(READ)?;
    let key = request.segment(3);
    let role = roles::all(request.world).into_iter().find(|role| role.id.eq_ignore_ascii_case(key));
    let role = role.ok_or_else(|| Refusal::not_found(key))?;
    request.entity(&DEFINITION, DEFINITIONS, &described(&role))
}

/// An assignment as Graph writes it: its holder with the kind before the id.
fn shown(assignment: &Document) -> Document {
    let mut shown = assignment.clone();
    let holder = format!("/{}/{}", text(assignment, "principalKind"), text(assignment, "principalId"));
    shown.insert("principalId".into(), holder.into());
    ASSIGNMENT.fill(&shown)
}

fn assignments(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.caller.needs(READ)?;
    request.query.allow(&["$select", "$filter", "$top"])?;
    let all: Vec<Document> = role_assignments::live(request.lists).map(shown).collect();
    let body = request
        .listing(&ASSIGNMENT, ASSIGNMENTS)
        .page(&request.query, all.iter(), |document, selected| odata::project(&ASSIGNMENT, document, selected))?;
    Ok(Answer::ok(body))
}

fn found<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    let key = request.segment(3);
    role_assignments::live(request.by_id)
        .find(|assignment| text(assignment, "id").eq_ignore_ascii_case(key))
        .ok_or_else(|| Refusal::not_found(key))
}

/// Checks that the place in the directory is there: `/`, or one of three kinds of object.
fn check_directory_scope(request: &Request<'_>, scope: &str) -> Result<String, Refusal> {
    if scope == "/" {
        return Ok(scope.to_owned());
    }
    let invalid = || Refusal::bad_request("One or more property values specified are invalid.");
    let (kind, id) = scope.strip_prefix('/').and_then(|scope| scope.split_once('/')).ok_or_else(invalid)?;
    let (segment, collection) = [
        ("Users", Collection::Users),
        ("AdministrativeUnits", Collection::AdministrativeUnits),
        ("Groups", Collection::Groups),
    ]
    .into_iter()
    .find(|(segment, _)| segment.eq_ignore_ascii_case(kind))
    .ok_or_else(invalid)?;
    let id = id.to_lowercase();
    request.references.get(collection, &id).ok_or_else(|| Refusal::not_found(&id))?;
    Ok(format!("/{segment}/{id}"))
}

fn assign(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    request.caller.needs(WRITE)?;
    check_customized(request)?;
    let sent = request.object()?;
    ASSIGNMENT.check(sent, true)?;
    let (directory_scope, app_scope) = (text(sent, "directoryScopeId"), text(sent, "appScopeId"));
    // Exactly one of the two says where the role holds.
    if directory_scope.is_empty() == app_scope.is_empty() {
        return Err(Refusal::bad_request("One or more property values specified are invalid."));
    }
    let role_id = text(sent, "roleDefinitionId");
    let role = roles::all(request.world)
        .into_iter()
        .find(|role| role.id.eq_ignore_ascii_case(role_id))
        .ok_or_else(|| Refusal::not_found(role_id))?;
    let principal_id = text(sent, "principalId");
    let (holder, principal) =
        Holder::find(request.references, principal_id).ok_or_else(|| Refusal::not_found(principal_id))?;
    if role.is_application && holder != Holder::ServicePrincipal {
        return Err(Refusal::bad_request("The role can be assigned to a service principal only."));
    }
    let directory_scope = match directory_scope {
        "" => String::new(),
        scope => check_directory_scope(request, scope)?,
    };
    let app_scope = match app_scope {
        "" => String::new(),
        id => {
            let scope = request.references.get(scopes::STORED, &id.to_lowercase());
            text(scope.ok_or_else(|| Refusal::not_found(id))?, "id").to_owned()
        }
    };
    let created = clock::ticks(request.now);
    let assignment = role_assignments::new(None, &role, holder, principal, &directory_scope, &app_scope, &created);
    if role_assignments::is_double(request.world, &assignment) {
        return Err(Refusal::bad_request(
            "A conflicting object with one or more of the specified property values is present in the directory.",
        ));
    }
    let body = with_context(&request.context(&format!("{ASSIGNMENTS}/$entity")), shown(&assignment));
    let location = format!("{}/{ASSIGNMENTS}/{}", request.base(), text(&assignment, "id"));
    Ok(Answer::created(body, location, vec![Change::put(role_assignments::STORED, assignment)]))
}

fn custom_scopes(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.caller.needs(READ)?;
    request.query.allow(&["$select", "$filter", "$top"])?;
    let body = request.listing(&SCOPE, SCOPES).page(
        &request.query,
        request.lists.all(scopes::STORED),
        |document, selected| odata::project(&SCOPE, document, selected),
    )?;
    Ok(Answer::ok(body))
}

fn found_scope<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    let key = request.segment(3);
    request.by_id.get(scopes::STORED, &key.to_lowercase()).ok_or_else(|| Refusal::not_found(key))
}

/// Refuses a name that another scope has, and a filter that is none.
fn check_scope(request: &Request<'_>, id: &str, name: &str, recipient_filter: &str) -> Result<(), Refusal> {
    let mut others = request.world.all(scopes::STORED).filter(|other| text(other, "id") != id);
    if others.any(|other| text(other, "displayName").eq_ignore_ascii_case(name)) {
        return Err(Refusal::bad_request(
            "A conflicting object with one or more of the specified property values is present in the directory.",
        ));
    }
    if name.is_empty() || !scopes::is_filter(recipient_filter) {
        return Err(Refusal::bad_request("One or more property values specified are invalid."));
    }
    Ok(())
}

fn create_scope(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    request.caller.needs(WRITE)?;
    check_customized(request)?;
    let sent = request.object()?;
    SCOPE.check(sent, true)?;
    if !["", "RecipientScope"].contains(&text(sent, "type")) {
        return Err(Refusal::bad_request("One or more property values specified are invalid."));
    }
    let attributes = &sent.get("customAttributes").cloned().unwrap_or_default();
    let recipient_filter = attributes["RecipientFilter"].as_str().unwrap_or_default();
    check_scope(request, "", text(sent, "displayName"), recipient_filter)?;
    let scope = scopes::new(
        text(sent, "displayName"),
        recipient_filter,
        attributes["Exclusive"] == true,
        &clock::ticks(request.now),
    );
    let body = with_context(&request.context(&format!("{SCOPES}/$entity")), SCOPE.fill(&scope));
    let location = format!("{}/{SCOPES}/{}", request.base(), text(&scope, "id"));
    Ok(Answer::created(body, location, vec![Change::put(scopes::STORED, scope)]))
}

fn change_scope(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    request.caller.needs(WRITE)?;
    check_customized(request)?;
    let before = request.truth(scopes::STORED, found_scope(request)?)?;
    let sent: &Map<String, Value> = request.object()?;
    SCOPE.check(sent, false)?;
    let after = SCOPE.merge(before, sent);
    let recipient_filter = after["customAttributes"]["RecipientFilter"].as_str().unwrap_or_default();
    check_scope(request, text(before, "id"), text(&after, "displayName"), recipient_filter)?;
    Ok(Answer::no_content(vec![Change::put(scopes::STORED, after)]))
}
