//! Who is a member of what: of groups, of administrative units, of directory roles; directly and through groups.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    super::{
        refusal::Refusal,
        world::{Collection, Document, View, text, texts},
    },
    Answer, Request,
    access::{READ_GROUPS, READ_OBJECTS},
    groups::{self, MEMBERS},
    objects, owners, service_principals, users,
};

/// The object whose memberships the path asks for.
fn subject<'a>(request: &Request<'a>) -> Result<(&'static str, &'a Document), Refusal> {
    match request.segment(0).to_ascii_lowercase().as_str() {
        "users" => Ok(("user", users::find(request)?)),
        "groups" => Ok(("group", groups::find(request)?)),
        "serviceprincipals" => Ok(("servicePrincipal", service_principals::find(request)?)),
        _ => request
            .by_id
            .directory_object(&request.segment(1).to_lowercase())
            .ok_or_else(|| Refusal::not_found(request.segment(1))),
    }
}

/// What this object is a direct member of.
pub(super) fn containers<'a>(seen: View<'a>, id: &str) -> Vec<&'a str> {
    let groups = seen.find_all(Collection::Groups, MEMBERS, id);
    let units = seen.find_all(Collection::AdministrativeUnits, MEMBERS, id);
    let roles = seen
        .find_all(Collection::RoleAssignments, "principalId", id)
        .filter(|assignment| text(assignment, "directoryScopeId") == "/")
        .filter_map(|assignment| {
            seen.find(Collection::DirectoryRoles, "roleTemplateId", text(assignment, "roleDefinitionId"))
        });
    groups.chain(units).chain(roles).map(|container| text(container, "id")).collect()
}

/// What this object is a member of, through groups too.
pub(super) fn all_containers<'a>(seen: View<'a>, id: &'a str) -> BTreeSet<&'a str> {
    let (mut all, mut waiting) = (BTreeSet::new(), vec![id]);
    while let Some(id) = waiting.pop() {
        for container in containers(seen, id) {
            let is_group = seen.get(Collection::Groups, container).is_some();
            if all.insert(container) && is_group {
                waiting.push(container);
            }
        }
    }
    all
}

/// `memberOf` and `transitiveMemberOf`.
pub(super) fn member_of(request: &Request<'_>, transitive: bool) -> Result<Answer, Refusal> {
    get_only(request)?;
    let (kind, object) = subject(request)?;
    request.caller.needs(readers(kind))?;
    let id = text(object, "id");
    let containers = if transitive {
        all_containers(request.lists, id).into_iter().collect()
    } else {
        containers(request.lists, id)
    };
    owners::mixed(request, containers.into_iter(), 3).map(|answer| answer.costing(2))
}

fn readers(kind: &str) -> &'static [&'static str] {
    objects::of_kind(kind).read
}

fn get_only(request: &Request<'_>) -> Result<(), Refusal> {
    if request.method == "GET" { Ok(()) } else { Err(Refusal::method_not_allowed()) }
}

/// `/groups/{id}/members` and `transitiveMembers`.
pub(super) fn members(request: &Request<'_>, transitive: bool) -> Result<Answer, Refusal> {
    get_only(request)?;
    request.caller.needs(READ_GROUPS)?;
    let group = groups::find(request)?;
    let all = if transitive { all_members(request.lists, group) } else { texts(group, MEMBERS).collect() };
    owners::mixed(request, all.into_iter(), 3).map(|answer| answer.costing(3))
}

/// Who is in a group, through groups too.
pub(super) fn all_members<'a>(seen: View<'a>, group: &'a Document) -> BTreeSet<&'a str> {
    let mut all: BTreeSet<&str> = texts(group, MEMBERS).collect();
    let mut waiting: Vec<&str> = all.iter().copied().collect();
    while let Some(inner) = waiting.pop().map(|id| seen.get(Collection::Groups, id)) {
        for member in inner.into_iter().flat_map(|group| texts(group, MEMBERS)) {
            if all.insert(member) {
                waiting.push(member);
            }
        }
    }
    all
}

/// `checkMemberGroups` and `checkMemberObjects`: which of these it is a member of.
pub(super) fn check(request: &Request<'_>) -> Result<Answer, Refusal> {
    let only_groups = request.segment(2).to_ascii_lowercase().ends_with("groups");
    let parameter = if only_groups { "groupIds" } else { "ids" };
    let (object, body) = action(request, parameter)?;
    let unfit = || Refusal::bad_request("One or more property values specified are invalid.");
    let asked = body.get(parameter).and_then(Value::as_array).ok_or_else(unfit)?;
    if asked.len() > 20 {
        return Err(Refusal::bad_request("The number of identifiers in the request exceeds the limit of '20'."));
    }
    let containers = all_containers(request.lists, text(object, "id"));
    let found = asked.iter().filter_map(Value::as_str).filter(|id| {
        let id = id.to_lowercase();
        containers.contains(id.as_str()) && (!only_groups || request.lists.get(Collection::Groups, &id).is_some())
    });
    Ok(strings(request, found).costing(4))
}

/// `getMemberGroups` and `getMemberObjects`: all that it is a member of.
pub(super) fn get(request: &Request<'_>) -> Result<Answer, Refusal> {
    let only_groups = request.segment(2).to_ascii_lowercase().ends_with("groups");
    let (object, body) = action(request, "securityEnabledOnly")?;
    let only_security = match body.get("securityEnabledOnly") {
        Some(Value::Bool(only)) => *only,
        None => false,
        Some(_) => return Err(Refusal::bad_request("One or more property values specified are invalid.")),
    };
    let found = all_containers(request.lists, text(object, "id")).into_iter().filter(|id| {
        match request.lists.get(Collection::Groups, id) {
            Some(group) => !only_security || group["securityEnabled"] == true,
            None => !only_groups,
        }
    });
    Ok(strings(request, found).costing(4))
}

fn action<'r, 'a>(request: &'r Request<'a>, parameter: &str) -> Result<(&'a Document, &'r Document), Refusal> {
    if request.method != "POST" {
        return Err(Refusal::method_not_allowed());
    }
    request.query.allow(&[])?;
    request.caller.needs(READ_OBJECTS)?;
    let (_, object) = subject(request)?;
    let body = request.object()?;
    super::only(body, &[parameter], request.segment(2))?;
    Ok((object, body))
}

fn strings<'s>(request: &Request<'_>, value: impl Iterator<Item = &'s str>) -> Answer {
    let value: Vec<&str> = value.collect();
    let body = serde_json::json!({ "@odata.context": request.context("Collection(Edm.String)"), "value": value });
    Answer { location: Some(request.origin.to_owned()), ..Answer::ok(body) }
}
