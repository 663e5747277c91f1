//! `/groups`: create, upsert by unique name, read, change, delete, restore; members by reference.

use serde_json::{Value, json};

use super::{
    super::{
        clock, identifiers,
        refusal::Refusal,
        schema::invalid,
        tables::GROUP,
        world::{Change, Collection, Document, KIND, OWNERS, text, texts},
    },
    Answer, Request,
    access::{CREATE_GROUPS, READ_GROUPS, WRITE_GROUPS, WRITE_MEMBERS},
    deleted,
    objects::{self, GROUPS},
    owners,
    relations::{self, Relation},
    shown, with_context,
};

/// Where a group or administrative unit keeps the ids of its members.
pub(super) const MEMBERS: &str = "~members";
const MANAGE_ROLES: &[&str] = &["RoleManagement.ReadWrite.Directory"];
const BIND_MEMBERS: &str = "members@odata.bind";
const BIND_OWNERS: &str = "owners@odata.bind";

const MEMBERSHIP: Relation =
    Relation { name: "members", stored: MEMBERS, kinds: &["user", "servicePrincipal", "group"], most: 300_000 };

pub(super) fn collection(request: &Request<'_>) -> Result<Answer, Refusal> {
    objects::collection(request, &GROUPS, || create(request, None))
}

pub(super) fn find<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    let found = match request.named_key(1) {
        Some(("uniquename", name)) => request.by_id.find(Collection::Groups, "uniqueName", name),
        Some(_) => return Err(Refusal::malformed("The key property is not valid for type 'microsoft.graph.group'.")),
        None => request.by_id.get(Collection::Groups, &request.segment(1).to_lowercase()),
    };
    found.ok_or_else(|| Refusal::not_found(request.segment(1)))
}

/// The same, as it really is: what a write starts from.
pub(super) fn found<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    request.truth(Collection::Groups, find(request)?)
}

/// A group that can hold directory roles is for those who manage roles, besides what any group needs.
pub(super) fn may_write(request: &Request<'_>, group: &Document) -> Result<(), Refusal> {
    request.caller.needs(WRITE_GROUPS)?;
    for_roles(request, group)
}

fn for_roles(request: &Request<'_>, group: &Document) -> Result<(), Refusal> {
    if group.get("isAssignableToRole") == Some(&Value::Bool(true)) {
        request.caller.needs(MANAGE_ROLES)
    } else {
        Ok(())
    }
}

pub(super) fn one(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_GROUPS)?;
            request.entity(&GROUP, "groups", find(request)?)
        }
        "PATCH" => {
            request.query.allow(&[])?;
            match (found(request), request.named_key(1)) {
                (Ok(group), _) => update(request, group),
                (Err(_), Some(("uniquename", name))) if request.create_if_missing => create(request, Some(name)),
                (Err(refusal), _) => Err(refusal),
            }
        }
        "DELETE" => {
            request.query.allow(&[])?;
            let group = found(request)?;
            may_write(request, group)?;
            Ok(Answer::no_content(objects::soft_delete(request, &GROUPS, group)))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn check(group: &Document) -> Result<(), Refusal> {
    if text(group, "displayName").is_empty() || text(group, "displayName").chars().count() > 256 {
        return Err(invalid("displayName", "Group"));
    }
    let nickname = text(group, "mailNickname");
    let fits = |letter: char| letter.is_ascii() && !letter.is_ascii_control() && !"@()\\[]\";:<>, ".contains(letter);
    if nickname.is_empty() || nickname.len() > 64 || !nickname.chars().all(fits) {
        return Err(invalid("mailNickname", "Group"));
    }
    let types: Vec<&str> = texts(group, "groupTypes").collect();
    if types.iter().any(|kind| !["Unified", "DynamicMembership"].contains(kind)) {
        return Err(invalid("groupTypes", "Group"));
    }
    let (unified, dynamic) = (types.contains(&"Unified"), types.contains(&"DynamicMembership"));
    // Mail without Unified is a distribution list, and those are Exchange's.
    if (group["mailEnabled"] == true) != unified {
        return Err(invalid("mailEnabled", "Group"));
    }
    if group["securityEnabled"] != true && !unified {
        return Err(invalid("securityEnabled", "Group"));
    }
    if dynamic == text(group, "membershipRule").is_empty() {
        return Err(invalid("membershipRule", "Group"));
    }
    let for_roles = group.get("isAssignableToRole") == Some(&Value::Bool(true));
    if for_roles && (dynamic || group["securityEnabled"] != true) {
        return Err(invalid("isAssignableToRole", "Group"));
    }
    Ok(())
}

fn create(request: &Request<'_>, unique_name: Option<&str>) -> Result<Answer, Refusal> {
    request.caller.needs(CREATE_GROUPS)?;
    let (group, answered) = make(request, unique_name)?;
    let location = request.location("directoryObjects", text(&group, "id"), "/Microsoft.DirectoryServices.Group");
    let body = with_context(&request.context("groups/$entity"), answered);
    Ok(Answer::created(body, location, vec![Change::put(Collection::Groups, group)]))
}

/// A new group of what the body says, as it is kept and as it is shown.
pub(super) fn make(request: &Request<'_>, unique_name: Option<&str>) -> Result<(Document, Document), Refusal> {
    let mut sent = request.object()?.clone();
    let (bound_owners, bound_members) = (sent.remove(BIND_OWNERS), sent.remove(BIND_MEMBERS));
    if let Some(name) = unique_name {
        if sent.get("uniqueName").is_some_and(|sent| sent != name) {
            return Err(invalid("uniqueName", "Group"));
        }
        sent.insert("uniqueName".into(), name.into());
    }
    GROUP.check(&sent, true)?;
    for name in ["displayName", "mailEnabled", "mailNickname", "securityEnabled"] {
        if sent.get(name).is_none_or(Value::is_null) {
            return Err(Refusal::bad_request(format!(
                "A value is required for property '{name}' of resource 'Group'."
            ))
            .with_detail("MissingValue", "group"));
        }
    }
    for_roles(request, &sent)?;
    let mut group = GROUP.fill(&sent);
    check(&group)?;
    check_unique_name(request, &sent, "")?;
    let (id, now) = (identifiers::guid(), clock::seconds(request.now));
    for (name, value) in [
        ("id", json!(id)),
        ("createdDateTime", json!(now)),
        ("renewedDateTime", json!(now)),
        ("securityIdentifier", json!(identifiers::security_identifier(&id))),
    ] {
        group.insert(name.into(), value);
    }
    if group["mailEnabled"] == true {
        let mail = format!("{}@{}", text(&group, "mailNickname"), request.world.domain());
        group.insert("proxyAddresses".into(), json!([format!("SMTP:{mail}")]));
        group.insert("mail".into(), mail.into());
        if group["visibility"].is_null() {
            group.insert("visibility".into(), "Public".into());
        }
    }
    let members = relations::bound(request, &MEMBERSHIP, bound_members.as_ref())?;
    check_members(request, &group, &members)?;
    group.insert(OWNERS.into(), relations::bound(request, &owners::RELATION, bound_owners.as_ref())?.into());
    group.insert(MEMBERS.into(), members.into());
    let answered = shown(&GROUP, &group, None, false);
    Ok((group, answered))
}

pub(super) fn check_unique_name(request: &Request<'_>, sent: &Document, own_id: &str) -> Result<(), Refusal> {
    let name = text(sent, "uniqueName");
    // A soft-deleted group keeps its name.
    let by_deleted = request
        .world
        .find_all(Collection::Deleted, "uniqueName", name)
        .filter(|other| text(other, KIND) == "group" && deleted::is_kept(request, other));
    let holders = request.world.find_all(Collection::Groups, "uniqueName", name).chain(by_deleted);
    if !name.is_empty() && holders.into_iter().any(|other| text(other, "id") != own_id) {
        return Err(Refusal::bad_request("Another object with the same value for property uniqueName already exists.")
            .with_detail("ObjectConflict", "uniqueName"));
    }
    Ok(())
}

fn update(request: &Request<'_>, before: &Document) -> Result<Answer, Refusal> {
    let mut sent = request.object()?.clone();
    let (bound_owners, bound) = (sent.remove(BIND_OWNERS), sent.remove(BIND_MEMBERS));
    if bound_owners.is_none() && sent.is_empty() && bound.is_some() {
        may_write_members(request, before)?;
    } else {
        may_write(request, before)?;
    }
    GROUP.check(&sent, false)?;
    let had = text(before, "uniqueName");
    if sent.get("uniqueName").is_some_and(|name| !had.is_empty() && name != had) {
        return Err(Refusal::bad_request("Property 'uniqueName' is read-only and cannot be set."));
    }
    check_unique_name(request, &sent, text(before, "id"))?;
    let mut after = GROUP.merge(before, &sent);
    check(&after)?;
    if bound_owners.is_some() {
        let added = relations::bound(request, &owners::RELATION, bound_owners.as_ref())?;
        after.insert(OWNERS.into(), relations::extended(&owners::RELATION, before, &added)?.into());
    }
    if bound.is_some() {
        let added = relations::bound(request, &MEMBERSHIP, bound.as_ref())?;
        check_members(request, before, &added)?;
        after.insert(MEMBERS.into(), relations::extended(&MEMBERSHIP, before, &added)?.into());
    }
    if bound_owners.is_some() {
        let added = relations::bound(request, &owners::RELATION, bound_owners.as_ref())?;
        after.insert(OWNERS.into(), relations::extended(&owners::RELATION, before, &added)?.into());
    }
    Ok(Answer::no_content(vec![Change::put(Collection::Groups, after)]))
}

fn may_write_members(request: &Request<'_>, group: &Document) -> Result<(), Refusal> {
    request.caller.needs(WRITE_MEMBERS)?;
    for_roles(request, group)
}

/// Who may be a member depends on the group too.
fn check_members(request: &Request<'_>, group: &Document, added: &[String]) -> Result<(), Refusal> {
    if added.is_empty() {
        return Ok(());
    }
    if texts(group, "groupTypes").any(|kind| kind == "DynamicMembership") {
        return Err(Refusal::new(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        ));
    }
    let has_group = added.iter().any(|id| request.world.get(Collection::Groups, id).is_some());
    let no_groups = group.get("isAssignableToRole") == Some(&Value::Bool(true))
        || texts(group, "groupTypes").any(|kind| kind == "Unified");
    if has_group && no_groups || added.iter().any(|id| id == text(group, "id")) {
        return Err(Refusal::bad_request(
            "The reference target of type 'Group' is invalid for the 'members' reference.",
        ));
    }
    Ok(())
}

/// `/groups/{id}/members/$ref`.
pub(super) fn member_references(request: &Request<'_>) -> Result<Answer, Refusal> {
    let group = if request.method == "GET" { find(request)? } else { found(request)? };
    match request.method {
        "GET" => {
            request.caller.needs(READ_GROUPS)?;
            owners::addresses(request, texts(group, MEMBERS))
        }
        "POST" => {
            may_write_members(request, group)?;
            let id = relations::reference(request, &MEMBERSHIP)?;
            check_members(request, group, &[id])?;
            relations::add(request, &MEMBERSHIP, Collection::Groups, group)
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// `/groups/{id}/members/{id}/$ref`.
pub(super) fn member_reference(request: &Request<'_>) -> Result<Answer, Refusal> {
    let group = if request.method == "GET" { find(request)? } else { found(request)? };
    match request.method {
        "GET" => {
            request.caller.needs(READ_GROUPS)?;
            owners::one_address(request, texts(group, MEMBERS), 3)
        }
        "DELETE" => {
            may_write_members(request, group)?;
            relations::remove(request, &MEMBERSHIP, Collection::Groups, group, 3)
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}
