//! `/directory/administrativeUnits` (in beta also `/administrativeUnits`): units, their members, and who administers them.

use serde_json::{Value, json};

use super::{
    super::{
        identifiers,
        refusal::Refusal,
        schema::invalid,
        tables::{ADMINISTRATIVE_UNIT, GROUP},
        world::{Change, Collection, Document, text, texts},
    },
    Answer, Request,
    access::{CREATE_GROUPS, READ_ROLES, READ_UNITS, WRITE_ROLES, WRITE_UNITS},
    groups::{self, MEMBERS},
    objects::{self, UNITS},
    owners,
    relations::{self, Relation},
    roles, shown, with_context,
};

const MEMBERSHIP: Relation = Relation { name: "members", stored: MEMBERS, kinds: &["user", "group"], most: 300_000 };

/// Where the unit's id stands in the path: one segment later under `/directory`.
fn at(request: &Request<'_>) -> usize {
    if request.segment(0).eq_ignore_ascii_case("directory") { 2 } else { 1 }
}

pub(super) fn collection(request: &Request<'_>) -> Result<Answer, Refusal> {
    objects::collection(request, &UNITS, || create(request))
}

fn find<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    let id = request.segment(at(request));
    let seen = request.by_id.get(Collection::AdministrativeUnits, &id.to_lowercase());
    let seen = seen.ok_or_else(|| Refusal::not_found(id))?;
    if request.method == "GET" { Ok(seen) } else { request.truth(Collection::AdministrativeUnits, seen) }
}

pub(super) fn one(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_UNITS)?;
            request.entity(&ADMINISTRATIVE_UNIT, UNITS.name, find(request)?)
        }
        "PATCH" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_UNITS)?;
            let before = find(request)?;
            let sent = request.object()?;
            ADMINISTRATIVE_UNIT.check(sent, false)?;
            let after = ADMINISTRATIVE_UNIT.merge(before, sent);
            check(&after)?;
            Ok(Answer::no_content(vec![Change::put(Collection::AdministrativeUnits, after)]))
        }
        "DELETE" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_UNITS)?;
            Ok(Answer::no_content(objects::soft_delete(request, &UNITS, find(request)?)))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn check(unit: &Document) -> Result<(), Refusal> {
    if text(unit, "displayName").is_empty() {
        return Err(Refusal::bad_request(
            "A value is required for property 'displayName' of resource 'AdministrativeUnit'.",
        ));
    }
    let visibility = text(unit, "visibility");
    if !["", "Public", "HiddenMembership"].contains(&visibility) {
        return Err(invalid("visibility", "AdministrativeUnit"));
    }
    Ok(())
}

fn create(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.caller.needs(WRITE_UNITS)?;
    let mut sent = request.object()?.clone();
    let bound = sent.remove("members@odata.bind");
    ADMINISTRATIVE_UNIT.check(&sent, true)?;
    check(&sent)?;
    let id = identifiers::guid();
    let mut unit = ADMINISTRATIVE_UNIT.fill(&sent);
    unit.insert("id".into(), id.clone().into());
    if unit["isMemberManagementRestricted"].is_null() {
        unit.insert("isMemberManagementRestricted".into(), false.into());
    }
    let body = shown(&ADMINISTRATIVE_UNIT, &unit, None, false);
    unit.insert(MEMBERS.into(), relations::bound(request, &MEMBERSHIP, bound.as_ref())?.into());
    let body = with_context(&request.context("directory/administrativeUnits/$entity"), body);
    let location = request.location("directoryObjects", &id, "/Microsoft.DirectoryServices.AdministrativeUnit");
    Ok(Answer::created(body, location, vec![Change::put(Collection::AdministrativeUnits, unit)]))
}

/// `…/members`: a list; or a new group that is a member from the start.
pub(super) fn members(request: &Request<'_>) -> Result<Answer, Refusal> {
    let unit = find(request)?;
    match request.method {
        "GET" => {
            request.caller.needs(READ_UNITS)?;
            owners::mixed(request, texts(unit, MEMBERS), at(request) + 2)
        }
        "POST" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_UNITS)?;
            request.caller.needs(CREATE_GROUPS)?;
            let kind = request.object()?.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
            if !kind.trim_start_matches('#').eq_ignore_ascii_case("microsoft.graph.group") {
                return Err(Refusal::bad_request("Only groups can be created in an administrative unit."));
            }
            let (group, answered) = groups::make(request, None)?;
            let id = text(&group, "id").to_owned();
            let ids = relations::extended(&MEMBERSHIP, unit, std::slice::from_ref(&id))?;
            let mut after = unit.clone();
            after.insert(MEMBERS.into(), ids.into());
            let mut typed = Document::new();
            typed.insert("@odata.type".into(), format!("#microsoft.graph.{}", GROUP.name).into());
            typed.extend(answered);
            let body = with_context(&request.context("directoryObjects/$entity"), typed);
            let location = request.location("directoryObjects", &id, "/Microsoft.DirectoryServices.Group");
            let changes =
                vec![Change::put(Collection::Groups, group), Change::put(Collection::AdministrativeUnits, after)];
            Ok(Answer::created(body, location, changes))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// `…/members/$ref`.
pub(super) fn member_references(request: &Request<'_>) -> Result<Answer, Refusal> {
    let unit = find(request)?;
    match request.method {
        "GET" => {
            request.caller.needs(READ_UNITS)?;
            owners::addresses(request, texts(unit, MEMBERS))
        }
        "POST" => {
            request.caller.needs(WRITE_UNITS)?;
            relations::add(request, &MEMBERSHIP, Collection::AdministrativeUnits, unit)
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// `…/members/{id}/$ref`, and `…/members/{id}` for one member itself.
pub(super) fn member(request: &Request<'_>, is_reference: bool) -> Result<Answer, Refusal> {
    let unit = find(request)?;
    let index = at(request) + 2;
    match (request.method, is_reference) {
        ("GET", true) => {
            request.caller.needs(READ_UNITS)?;
            owners::one_address(request, texts(unit, MEMBERS), index)
        }
        ("GET", false) if request.cast(index).is_ok() => members(request),
        ("GET", false) => {
            request.caller.needs(READ_UNITS)?;
            request.query.allow(&["$select"])?;
            let wanted = request.segment(index).to_lowercase();
            let (_, found) = texts(unit, MEMBERS)
                .find(|id| *id == wanted)
                .and_then(|id| request.lists.directory_object(id))
                .ok_or_else(|| Refusal::not_found(request.segment(index)))?;
            let body = owners::directory_object(request, found);
            Ok(Answer::ok(with_context(&request.context("directoryObjects/$entity"), body)))
        }
        ("DELETE", true) => {
            request.caller.needs(WRITE_UNITS)?;
            relations::remove(request, &MEMBERSHIP, Collection::AdministrativeUnits, unit, index)
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// A role assignment at a unit, as the unit shows it.
fn scoped(request: &Request<'_>, assignment: &Document) -> Option<Value> {
    let world = request.world;
    let (principal, role, unit) = (
        text(assignment, "principalId"),
        world.find(Collection::DirectoryRoles, "roleTemplateId", text(assignment, "roleDefinitionId"))?,
        text(assignment, "~scope"),
    );
    let (_, member) = world.directory_object(principal)?;
    Some(json!({
        "id": identifiers::scoped_role_member(text(role, "id"), principal, unit),
        "roleId": role["id"],
        "administrativeUnitId": unit,
        "roleMemberInfo": {
            "id": principal,
            "displayName": member["displayName"],
            "userPrincipalName": member.get("userPrincipalName"),
        },
    }))
}

fn assignments_of<'a>(request: &Request<'a>, unit: &'a Document) -> impl Iterator<Item = &'a Document> {
    let id = text(unit, "id");
    request.world.find_all(Collection::RoleAssignments, "~scope", id)
}

/// `…/scopedRoleMembers`.
pub(super) fn scoped_role_members(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    let unit = find(request)?;
    let name = format!("directory/administrativeUnits('{}')/scopedRoleMembers", text(unit, "id"));
    match request.method {
        "GET" => {
            request.caller.needs(READ_ROLES)?;
            let value: Vec<Value> =
                assignments_of(request, unit).filter_map(|assignment| scoped(request, assignment)).collect();
            Ok(Answer::ok(json!({ "@odata.context": request.context(&name), "value": value })))
        }
        "POST" => {
            request.caller.needs(WRITE_ROLES)?;
            let sent = request.object()?;
            super::only(sent, &["roleId", "roleMemberInfo", "@odata.type"], "scopedRoleMembers")?;
            let faulty = || Refusal::bad_request("One or more property values specified are invalid.");
            let role_id = text(sent, "roleId").to_lowercase();
            let principal = sent.get("roleMemberInfo").and_then(|info| info["id"].as_str()).ok_or_else(faulty)?;
            let role = request
                .world
                .get(Collection::DirectoryRoles, &role_id)
                .ok_or_else(|| Refusal::not_found(text(sent, "roleId")))?;
            let scope = format!("/administrativeUnits/{}", text(unit, "id"));
            let (assignment, changes) =
                roles::assign(request, text(role, "roleTemplateId"), &principal.to_lowercase(), &scope)?;
            let member = scoped(request, &assignment).ok_or_else(faulty)?;
            let id = member["id"].as_str().unwrap_or_default().to_owned();
            let member = member.as_object().cloned().unwrap_or_default();
            let body = with_context(&request.context(&format!("{name}/$entity")), member);
            let location = format!("{}/{name}/{id}", request.base());
            Ok(Answer::created(body, location, changes))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// `/users/{id}/scopedRoleMemberOf` and `/directoryRoles/{id}/scopedMembers`: roles over units, by one end.
pub(super) fn scoped_of(request: &Request<'_>, end: &str, id: &str) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_ROLES)?;
    request.query.allow(&[])?;
    let value: Vec<Value> = request
        .world
        .all(Collection::RoleAssignments)
        .filter(|assignment| {
            text(assignment, end) == id && text(assignment, "directoryScopeId").starts_with("/administrativeUnits/")
        })
        .filter_map(|assignment| scoped(request, assignment))
        .collect();
    Ok(Answer::ok(json!({ "@odata.context": request.context("scopedRoleMemberships"), "value": value })))
}

/// `…/scopedRoleMembers/{id}`.
pub(super) fn scoped_role_member(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    let unit = find(request)?;
    let wanted = request.segment(at(request) + 2);
    let (assignment, shown) = assignments_of(request, unit)
        .filter_map(|assignment| Some((assignment, scoped(request, assignment)?)))
        .find(|(_, shown)| shown["id"] == wanted)
        .ok_or_else(|| Refusal::not_found(wanted))?;
    match request.method {
        "GET" => {
            request.caller.needs(READ_ROLES)?;
            let set = format!("directory/administrativeUnits('{}')/scopedRoleMembers/$entity", text(unit, "id"));
            let shown = shown.as_object().cloned().unwrap_or_default();
            Ok(Answer::ok(with_context(&request.context(&set), shown)))
        }
        "DELETE" => {
            request.caller.needs(WRITE_ROLES)?;
            Ok(Answer::no_content(vec![Change::remove(Collection::RoleAssignments, text(assignment, "id"))]))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}
