//! `exchangeRoleGroupMember`: that an application is a member of one of Exchange's role groups, and so may run what its roles hold.
//!
//! <https://learn.microsoft.com/powershell/exchange/app-only-auth-powershell-v2>

use std::collections::BTreeMap;

use serde_json::json;

use crate::catalog::nearest;
use crate::model::{
    Action, Address, DesiredRoleGroup, Fields, ObservedRoleGroup, Place, Problem, Reason, Step, Unread, Value,
};

use super::write::{Certificates, Cmdlet, CmdletLook, Write};
use super::{Context, Kind, Resource, Survey, exchange_service_principal};

pub(super) struct ExchangeRoleGroupMember;

const NAME: &str = "exchangeRoleGroupMember";

const GROUP: &str = "roleGroup";
const MEMBER: &str = "member";

impl Kind for ExchangeRoleGroupMember {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, context: &Context<'_>, survey: &mut Survey) {
        survey.notices.extend(context.snapshot.exchange.role_groups_unread.iter().map(Unread::notice));
        let Some(organization) = &context.snapshot.exchange.organization else { return };
        for (handle, desired, actual) in context.applications() {
            // Not declared is not managed; and membership goes with the application.
            let Some(desired) = desired else { continue };
            let Some(declared) = desired.exchange.role_groups.as_ref() else { continue };
            let member = context.service_principal_id(handle);
            let principal = actual.and_then(|actual| actual.service_principal.as_ref());
            let id = principal.map(|found| found.id.to_lowercase());
            let is_member = |group: &&ObservedRoleGroup| id.as_ref().is_some_and(|id| group.members.contains(id));
            let groups = organization.role_groups.iter().filter(is_member);
            let mut found: BTreeMap<String, &ObservedRoleGroup> =
                groups.map(|group| (group.name.to_lowercase(), group)).collect();
            for wanted in declared {
                let Some(group) = find(&organization.role_groups, wanted) else {
                    survey.problems.push(no_such_group(&organization.role_groups, wanted));
                    continue;
                };
                let actual = found.remove(&group.name.to_lowercase());
                if actual.is_none() && organization.is_dehydrated {
                    survey.problems.push(dehydrated(&wanted.place));
                }
                let fields = fields(&group.name, member.clone());
                let actual = actual.map(|group| (group.name.clone(), fields.clone()));
                let mut resource = Resource::new(Address::new(handle, NAME, &group.name), Some(fields), actual);
                resource.needs.insert(exchange_service_principal::address(handle));
                survey.resources.push(resource);
            }
            for group in found.into_values() {
                if organization.is_dehydrated {
                    survey.problems.push(dehydrated(&desired.place));
                }
                let fields = fields(&group.name, member.clone());
                let address = Address::new(handle, NAME, &group.name);
                let mut resource = Resource::new(address, None, Some((group.name.clone(), fields)));
                resource.reason = Some(Reason::Undeclared);
                survey.resources.push(resource);
            }
        }
    }

    fn writes(&self, step: &Step, _: &Certificates) -> Vec<Write> {
        let change = |name: &'static str, fields: &Fields, removes: bool| {
            let text = |name: &str| fields.get(name).and_then(Value::id).unwrap_or_default();
            let mut parameters = json!({ "Identity": text(GROUP), "Member": text(MEMBER) });
            if removes {
                // Nobody can answer over HTTP.
                parameters["Confirm"] = false.into();
            }
            Write::Cmdlet(Cmdlet {
                name,
                parameters,
                look: CmdletLook {
                    name: "Get-RoleGroupMember",
                    parameters: json!({ "Identity": text(GROUP) }),
                    having: json!({ "ExternalDirectoryObjectId": text(MEMBER) }),
                },
                removes,
            })
        };
        match &step.action {
            Action::Create { after } => vec![change("Add-RoleGroupMember", after, false)],
            Action::Delete { id: _, before } => vec![change("Remove-RoleGroupMember", before, true)],
            Action::Update { .. } | Action::Renew { .. } | Action::Prove { .. } => Vec::new(),
        }
    }
}

fn fields(group: &str, member: Value) -> Fields {
    Fields::from([(GROUP.to_owned(), Value::text(group)), (MEMBER.to_owned(), member)])
}

fn find<'a>(groups: &'a [ObservedRoleGroup], wanted: &DesiredRoleGroup) -> Option<&'a ObservedRoleGroup> {
    groups.iter().find(|group| group.name.eq_ignore_ascii_case(&wanted.name))
}

fn no_such_group(groups: &[ObservedRoleGroup], wanted: &DesiredRoleGroup) -> Problem {
    let names = nearest(&wanted.name, groups.iter().map(|group| group.name.as_str()));
    let help = names.first().map_or_else(
        || "see the role groups under Roles in the Exchange admin center".to_owned(),
        |name| format!("did you mean `{name}`?"),
    );
    Problem::error(format!("Exchange has no role group `{}` in this tenant", wanted.name)).at(&wanted.place).help(help)
}

fn dehydrated(place: &Place) -> Problem {
    Problem::error("Exchange refuses changes to role groups in this tenant: it is dehydrated").at(place).help(
        "somebody with Organization Management runs `Enable-OrganizationCustomization` in Exchange Online PowerShell, once for the \
         tenant; some minutes later this can be planned",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::write::writes;

    #[test]
    fn a_member_is_added_and_removed_by_its_object_id() {
        let of = |action: Action| {
            let sent = writes(&ExchangeRoleGroupMember, action);
            let [Write::Cmdlet(cmdlet)] = sent.as_slice() else { panic!("one cmdlet") };
            assert_eq!(
                (cmdlet.look.name, &cmdlet.look.parameters),
                ("Get-RoleGroupMember", &json!({ "Identity": "Help Desk" }))
            );
            (cmdlet.name, cmdlet.parameters.clone(), cmdlet.removes)
        };
        let fields = fields("Help Desk", Value::named("sp", "Reports"));
        assert_eq!(
            of(Action::Create { after: fields.clone() }),
            ("Add-RoleGroupMember", json!({ "Identity": "Help Desk", "Member": "sp" }), false)
        );
        assert_eq!(
            of(Action::Delete { id: "Help Desk".to_owned(), before: fields }),
            ("Remove-RoleGroupMember", json!({ "Identity": "Help Desk", "Member": "sp", "Confirm": false }), true)
        );
    }
}
