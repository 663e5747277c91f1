//! Role groups: those of the product, with the members that somebody gave them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    super::{
        identifiers,
        world::{Change, Collection, Document, View, World, list as members_of, text},
    },
    ExchangeRefusal, Output,
    parameters::Call,
    recipients,
    roles::{GROUPS, Group, of_group},
    service_principals,
};

const STORED: Collection = Collection::ExchangeRoles;

/// The groups that were ever given a member.
pub(super) fn stored(seen: View<'_>) -> impl Iterator<Item = &Document> {
    seen.all(STORED)
}

fn id(world: &World, group: &Group) -> String {
    id_of(world.tenant_id(), group.name)
}

fn id_of(tenant_id: &str, group: &str) -> String {
    identifiers::derived_guid(&[tenant_id, "exchange role group", group])
}

fn document(tenant_id: &str, group: &str, members: &[String]) -> Document {
    let document = json!({ "id": id_of(tenant_id, group), "name": group, "members": members });
    document.as_object().cloned().unwrap_or_default()
}

/// A service principal as the only member of a group that nobody was in before, with the pointer that it takes.
pub(crate) fn first_member(tenant_id: &str, group: &str, principal: &Document, now: Timestamp) -> [Change; 2] {
    let members = [text(principal, "id").to_owned()];
    let pointer = service_principals::pointer(principal, text(principal, "displayName"), now);
    [
        Change::put(Collection::ExchangeServicePrincipals, pointer),
        Change::put(STORED, document(tenant_id, group, &members)),
    ]
}

fn find(call: &Call<'_>) -> Result<&'static Group, ExchangeRefusal> {
    let key = call.required("Identity");
    GROUPS
        .iter()
        .find(|group| group.name.eq_ignore_ascii_case(key) || id(call.request.world, group).eq_ignore_ascii_case(key))
        .ok_or_else(|| ExchangeRefusal::not_found(key))
}

fn members(call: &Call<'_>, group: &Group) -> Vec<String> {
    let stored = call.request.seen.get(STORED, &id(call.request.world, group));
    stored
        .map_or(&[][..], |stored| members_of(stored, "members"))
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// `Get-RoleGroup`.
pub(super) fn list(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let chosen: Vec<&Group> = match call.text("Identity") {
        None => GROUPS.iter().collect(),
        Some(_) => vec![find(call)?],
    };
    let rows = chosen
        .into_iter()
        .map(|group| {
            json!({
                "Name": group.name,
                "Identity": group.name,
                "DisplayName": group.name,
                "Guid": id(call.request.world, group),
                "Roles": of_group(group),
                "Members": members(call, group),
                "RecipientType": "Group",
                "RecipientTypeDetails": "RoleGroup",
                "IsValid": true,
            })
        })
        .collect();
    Ok(Output { rows, ..Output::default() })
}

/// `Get-RoleGroupMember`.
pub(super) fn members_of_group(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let seen = call.request.seen;
    let rows = members(call, find(call)?)
        .iter()
        .filter_map(|member| {
            if let Some(pointer) = service_principals::find(seen, member) {
                return Some(json!({
                    "Name": member,
                    "Identity": member,
                    "DisplayName": pointer["displayName"],
                    "ExternalDirectoryObjectId": member,
                    "RecipientType": "ServicePrincipal",
                    "RecipientTypeDetails": "ServicePrincipal",
                }));
            }
            recipients::find(seen, member).map(recipients::recipient)
        })
        .collect();
    Ok(Output { rows, ..Output::default() })
}

/// The id of whoever the call names as the member.
fn member(call: &Call<'_>) -> Result<String, ExchangeRefusal> {
    let (seen, key) = (call.request.seen, call.required("Member"));
    let pointer = service_principals::find(seen, key).map(|pointer| text(pointer, "objectId"));
    let user = recipients::find(seen, key).map(|user| text(user, "id"));
    pointer.or(user).map(str::to_owned).ok_or_else(|| ExchangeRefusal::not_found(key))
}

fn written(call: &Call<'_>, group: &Group, members: &[String]) -> Output {
    let document = document(call.request.world.tenant_id(), group.name, members);
    Output { rows: Vec::new(), changes: vec![Change::put(STORED, document)] }
}

/// `Add-RoleGroupMember`.
pub(super) fn add_member(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let (group, member) = (find(call)?, member(call)?);
    let mut after = members(call, group);
    if after.contains(&member) {
        return Err(ExchangeRefusal::rejected(&format!(
            "The recipient \"{member}\" is already a member of the group \"{}\".",
            group.name
        )));
    }
    after.push(member);
    Ok(written(call, group, &after))
}

/// `Remove-RoleGroupMember`.
pub(super) fn remove_member(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    service_principals::confirm(call)?;
    let (group, member) = (find(call)?, member(call)?);
    let before = members(call, group);
    let after: Vec<String> = before.iter().filter(|other| **other != member).cloned().collect();
    if after.len() == before.len() {
        return Err(ExchangeRefusal::rejected(&format!(
            "The recipient \"{member}\" isn't a member of the group \"{}\".",
            group.name
        )));
    }
    Ok(written(call, group, &after))
}
