//! `/directoryRoles`: the roles that are activated, and their members. A role is activated by hand, or by its first
//! assignment; its members are those who hold it in the whole tenant.

use serde_json::{Value, json};

use super::{
    super::{
        identifiers, odata,
        refusal::Refusal,
        tables::{DIRECTORY_ROLE, ROLE_TEMPLATE},
        world::{Change, Collection, Document, text},
    },
    Answer, Request,
    access::{READ_ROLES, WRITE_ROLES},
    administrative_units, owners,
    relations::{self, Relation},
    roles, shown, with_context,
};

const MEMBERSHIP: Relation =
    Relation { name: "members", stored: "~members", kinds: &["user", "servicePrincipal", "group"], most: usize::MAX };

/// A role of this definition, newly activated.
pub(crate) fn activated(definition: &Document) -> Document {
    let role = json!({
        "id": identifiers::guid(),
        "deletedDateTime": null,
        "description": definition["description"],
        "displayName": definition["displayName"],
        "roleTemplateId": definition["id"],
    });
    role.as_object().cloned().unwrap_or_default()
}

fn find<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    // Clients also write `/directoryRoles/roleTemplateId=…`.
    let written = request.segment(1);
    let by_template = match request.named_key(1) {
        Some(("roletemplateid", id)) => Some(id),
        Some(_) => {
            return Err(Refusal::malformed("The key property is not valid for type 'microsoft.graph.directoryRole'."));
        }
        None => {
            written.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("roleTemplateId")).map(|pair| pair.1)
        }
    };
    let found = match by_template {
        Some(id) => request.by_id.find(Collection::DirectoryRoles, "roleTemplateId", id.trim_matches('\'')),
        None => request.by_id.get(Collection::DirectoryRoles, &written.to_lowercase()),
    };
    found.ok_or_else(|| Refusal::not_found(written))
}

pub(super) fn collection(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_ROLES)?;
            request.query.allow(&["$select", "$filter"])?;
            let mut listing = request.listing(&DIRECTORY_ROLE, "directoryRoles");
            // All roles come on one page.
            listing.page_size = usize::MAX;
            let body =
                listing.page(&request.query, request.lists.all(Collection::DirectoryRoles), |role, selected| {
                    shown(&DIRECTORY_ROLE, role, selected, false)
                })?;
            Ok(Answer::ok(body))
        }
        "POST" => activate(request),
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn activate(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    request.caller.needs(WRITE_ROLES)?;
    let sent = request.object()?;
    DIRECTORY_ROLE.check(sent, true)?;
    let template = text(sent, "roleTemplateId").to_lowercase();
    let definition = request
        .world
        .get(Collection::RoleDefinitions, &template)
        .filter(|definition| definition["isBuiltIn"] == true)
        .ok_or_else(|| Refusal::not_found(text(sent, "roleTemplateId")))?;
    if request.world.find(Collection::DirectoryRoles, "roleTemplateId", &template).is_some() {
        return Err(Refusal::bad_request(
            "A conflicting object with one or more of the specified property values is present in the directory.",
        )
        .with_detail("ConflictingObjects", "roleTemplateId"));
    }
    let role = activated(definition);
    let location =
        request.location("directoryObjects", text(&role, "id"), "/Microsoft.DirectoryServices.DirectoryRole");
    let body = with_context(&request.context("directoryRoles/$entity"), role.clone());
    Ok(Answer::created(body, location, vec![Change::put(Collection::DirectoryRoles, role)]))
}

pub(super) fn one(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_ROLES)?;
    request.entity(&DIRECTORY_ROLE, "directoryRoles", find(request)?)
}

fn in_tenant(assignment: &Document) -> bool {
    text(assignment, "directoryScopeId") == "/"
}

fn member_ids<'a>(request: &Request<'a>, role: &Document) -> impl Iterator<Item = &'a str> {
    let template = text(role, "roleTemplateId");
    let assignments = request.lists.find_all(Collection::RoleAssignments, "roleDefinitionId", template);
    assignments.filter(|assignment| in_tenant(assignment)).map(|assignment| text(assignment, "principalId"))
}

/// The assignment by which this principal really holds the role in the whole tenant.
fn held<'a>(request: &Request<'a>, role: &Document, principal: &str) -> Option<&'a Document> {
    let template = text(role, "roleTemplateId");
    let of_principal = request.world.find_all(Collection::RoleAssignments, "principalId", principal);
    of_principal
        .filter(|assignment| in_tenant(assignment))
        .find(|assignment| text(assignment, "roleDefinitionId") == template)
}

/// `…/members`.
pub(super) fn members(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_ROLES)?;
    owners::mixed(request, member_ids(request, find(request)?), 3)
}

/// `…/members/$ref`.
pub(super) fn member_references(request: &Request<'_>) -> Result<Answer, Refusal> {
    let role = find(request)?;
    match request.method {
        "GET" => {
            request.caller.needs(READ_ROLES)?;
            owners::addresses(request, member_ids(request, role))
        }
        "POST" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_ROLES)?;
            let principal = relations::reference(request, &MEMBERSHIP)?;
            if held(request, role, &principal).is_some() {
                return Err(Refusal::bad_request(
                    "One or more added object references already exist for the following modified properties: \
                     'members'.",
                ));
            }
            let (_, changes) = roles::assign(request, text(role, "roleTemplateId"), &principal, "/")?;
            Ok(Answer::no_content(changes))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// `…/members/{id}/$ref`.
pub(super) fn member_reference(request: &Request<'_>) -> Result<Answer, Refusal> {
    let role = find(request)?;
    match request.method {
        "GET" => {
            request.caller.needs(READ_ROLES)?;
            owners::one_address(request, member_ids(request, role), 3)
        }
        "DELETE" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_ROLES)?;
            let wanted = request.segment(3).to_lowercase();
            let assignment = held(request, role, &wanted).ok_or_else(|| Refusal::not_found(request.segment(3)))?;
            Ok(Answer::no_content(vec![Change::remove(Collection::RoleAssignments, text(assignment, "id"))]))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// `…/scopedMembers`: who holds the role over an administrative unit.
pub(super) fn scoped_members(request: &Request<'_>) -> Result<Answer, Refusal> {
    let role = find(request)?;
    administrative_units::scoped_of(request, "roleDefinitionId", text(role, "roleTemplateId"))
}

/// `/directoryRoleTemplates/{id}`.
pub(super) fn template(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_ROLES)?;
    let definition = request
        .world
        .get(Collection::RoleDefinitions, &request.segment(1).to_lowercase())
        .filter(|definition| definition["isBuiltIn"] == true)
        .ok_or_else(|| Refusal::not_found(request.segment(1)))?;
    request.entity(&ROLE_TEMPLATE, "directoryRoleTemplates", &ROLE_TEMPLATE.fill(definition))
}

/// `/directoryRoleTemplates`.
pub(super) fn templates(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_ROLES)?;
    request.query.allow(&["$select"])?;
    let built_in = request
        .world
        .all(Collection::RoleDefinitions)
        .filter(|definition| definition["isBuiltIn"] == Value::Bool(true));
    let templates: Vec<Document> = built_in.map(|definition| ROLE_TEMPLATE.fill(definition)).collect();
    let mut listing = request.listing(&ROLE_TEMPLATE, "directoryRoleTemplates");
    listing.page_size = usize::MAX;
    let body = listing.page(&request.query, templates.iter(), |template, selected| {
        odata::project(&ROLE_TEMPLATE, template, selected)
    })?;
    Ok(Answer::ok(body))
}
