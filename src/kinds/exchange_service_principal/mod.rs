//! `exchangeServicePrincipal`: Exchange's own record of an application, without which it can be no member of a role group.
//!
//! <https://learn.microsoft.com/powershell/module/exchangepowershell/new-serviceprincipal>

use serde_json::json;

use crate::model::{Action, Address, Fields, IgnoredField, Problem, Step, Value};

use super::write::{Certificates, Cmdlet, CmdletLook, Write};
use super::{Context, Kind, Resource, Survey};

pub(super) struct ExchangeServicePrincipal;

const NAME: &str = "exchangeServicePrincipal";

impl Kind for ExchangeServicePrincipal {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, context: &Context<'_>, survey: &mut Survey) {
        let Some(organization) = &context.snapshot.exchange.organization else { return };
        for (handle, desired, actual) in context.applications() {
            // Of an application that goes nothing is declared any more; it goes with the service principal, or later.
            let Some(desired) = desired else { continue };
            let Some([group, ..]) = desired.exchange.role_groups.as_deref() else { continue };
            let found = actual.and_then(|actual| {
                organization.service_principals.get(&actual.app_id.to_lowercase()).map(|found| (actual, found))
            });
            // Where the service principal is gone, another one will have another id.
            let ours = actual.and_then(|actual| actual.service_principal.as_ref()).map(|ours| ours.id.as_str());
            if let Some((actual, found)) = found
                && !ours.is_some_and(|ours| found.object_id.eq_ignore_ascii_case(ours))
            {
                let ours = ours.map_or_else(
                    || "it has no service principal".to_owned(),
                    |id| format!("its service principal is {id}"),
                );
                survey.problems.push(
                    Problem::error(format!("Exchange knows `{handle}` by the object id {}, and {ours}", found.object_id))
                    .at(&group.place)
                    .help(format!(
                        "the record is of a service principal that was deleted, or was made with the id of the application: \
                         remove it with `Remove-ServicePrincipal -Identity {}`, and this makes it anew",
                        actual.app_id
                    )),
                );
                continue;
            }
            let fields = |name: &str| {
                Fields::from([
                    ("appId".to_owned(), context.app_id(handle)),
                    ("objectId".to_owned(), context.service_principal_id(handle)),
                    ("displayName".to_owned(), Value::text(name)),
                ])
            };
            let is_ignored = desired.ignore.contains(&IgnoredField::DisplayName);
            let name = match found.filter(|_| is_ignored) {
                Some((_, found)) => &found.display_name,
                None => &desired.display_name,
            };
            let actual = found.map(|(_, found)| (found.object_id.clone(), fields(&found.display_name)));
            survey.resources.push(Resource::new(address(handle), Some(fields(name)), actual));
        }
    }

    fn writes(&self, step: &Step, _: &Certificates) -> Vec<Write> {
        match &step.action {
            Action::Create { after } => {
                let text = |name: &str| after.get(name).and_then(Value::id).unwrap_or_default();
                vec![Write::Cmdlet(Cmdlet {
                    name: "New-ServicePrincipal",
                    parameters: json!({
                        "AppId": text("appId"),
                        "ObjectId": text("objectId"),
                        "DisplayName": text("displayName"),
                    }),
                    look: CmdletLook {
                        name: "Get-ServicePrincipal",
                        parameters: json!({}),
                        having: json!({ "AppId": text("appId"), "ObjectId": text("objectId") }),
                    },
                    removes: false,
                })]
            }
            Action::Update { id, changes: _, after } => {
                let text = |name: &str| after.get(name).and_then(Value::id).unwrap_or_default();
                let name = text("displayName");
                vec![Write::Cmdlet(Cmdlet {
                    name: "Set-ServicePrincipal",
                    parameters: json!({ "Identity": id, "DisplayName": name }),
                    look: CmdletLook {
                        name: "Get-ServicePrincipal",
                        parameters: json!({}),
                        having: json!({ "AppId": text("appId"), "DisplayName": name }),
                    },
                    removes: false,
                })]
            }
            Action::Delete { .. } | Action::Renew { .. } | Action::Prove { .. } => Vec::new(),
        }
    }
}

pub(super) fn address(handle: &str) -> Address {
    Address::new(handle, NAME, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::write::writes;

    #[test]
    fn the_record_has_both_ids_and_only_its_name_changes() {
        let text = |(name, value): (&str, &str)| (name.to_owned(), Value::text(value));
        let after: Fields = [("appId", "app"), ("objectId", "sp"), ("displayName", "Reports")].map(text).into();
        let of = |action: Action| {
            let sent = writes(&ExchangeServicePrincipal, action);
            let [Write::Cmdlet(cmdlet)] = sent.as_slice() else { panic!("one cmdlet") };
            // It gives all records also when it is asked for one.
            assert_eq!((cmdlet.look.name, &cmdlet.look.parameters), ("Get-ServicePrincipal", &json!({})));
            assert_eq!(cmdlet.look.having["AppId"], "app");
            (cmdlet.name, cmdlet.parameters.clone())
        };
        assert_eq!(
            of(Action::Create { after: after.clone() }),
            ("New-ServicePrincipal", json!({ "AppId": "app", "ObjectId": "sp", "DisplayName": "Reports" }))
        );
        assert_eq!(
            of(Action::Update { id: "sp".to_owned(), changes: Vec::new(), after }),
            ("Set-ServicePrincipal", json!({ "Identity": "sp", "DisplayName": "Reports" }))
        );
    }
}
