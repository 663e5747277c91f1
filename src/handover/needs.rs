//! What an application lacks for a service. Each has permissions of its own: those of one open no other.

use crate::catalog::apis::{self, MICROSOFT_GRAPH, SHAREPOINT_ONLINE};
use crate::catalog::clouds::{self, PermissionId};
use crate::catalog::{permissions, roles};
use crate::model::PermissionType;

use super::{Handover, Service};

/// What is not granted in the tenant and has to be, each as what is said of the application.
pub fn lacking(service: Service, handover: &Handover) -> Vec<String> {
    let cloud = clouds::facts(handover.cloud);
    let mut lacking = Vec::new();
    match service {
        Service::ExchangeOnline => {
            lacking.extend(permission(handover, cloud.exchange_permission));
            // Its own roles let in too.
            let role = role(handover, "Exchange Online", roles::is_accepted_by_exchange);
            lacking.extend(role.filter(|_| handover.exchange_roles.is_empty()));
        }
        Service::SecurityAndCompliance => {
            lacking.extend(permission(handover, cloud.security_and_compliance_permission));
            lacking.extend(role(
                handover,
                "Security & Compliance PowerShell",
                roles::is_accepted_by_security_and_compliance,
            ));
        }
        Service::Teams => {
            // <https://learn.microsoft.com/microsoftteams/teams-powershell-application-authentication>
            lacking.extend(any_of(handover, &[MICROSOFT_GRAPH], "such as `Organization.Read.All`"));
            lacking.extend(role(handover, "Teams", |role| {
                ["Teams Administrator", "Skype For Business Administrator", "Global Administrator"].contains(&role.name)
            }));
        }
        Service::MicrosoftGraph | Service::AzureAd => {
            lacking.extend(any_of(
                handover,
                &[MICROSOFT_GRAPH],
                "such as `User.Read.All`; Exchange's do not count here",
            ));
        }
        Service::Pnp | Service::SharePointOnline => {
            lacking.extend(any_of(handover, &[SHAREPOINT_ONLINE], "such as `Sites.FullControl.All`"));
        }
        Service::CliForMicrosoft365 => {
            lacking.extend(any_of(handover, &[MICROSOFT_GRAPH, SHAREPOINT_ONLINE], "for what it is to do"));
        }
        // Roles in Azure are not looked at, and for other APIs none is needed.
        Service::AzPowerShell | Service::AzureCli => {}
    }
    lacking
}

fn permission(handover: &Handover, wanted: PermissionId) -> Option<String> {
    let found = permissions::find(wanted.api_id, PermissionType::Application, wanted.id)?;
    let is_granted = handover
        .granted
        .iter()
        .any(|granted| granted.api_id.eq_ignore_ascii_case(found.api_id) && granted.value == found.value);
    (!is_granted).then(|| format!("lacks consent to `{}` of {}", found.value, name(found.api_id)))
}

/// That there is no permission of any of these APIs.
fn any_of(handover: &Handover, wanted: &[&'static str], example: &str) -> Option<String> {
    let is_granted = |api: &&str| handover.granted.iter().any(|granted| granted.api_id.eq_ignore_ascii_case(api));
    let names: Vec<&str> = wanted.iter().copied().map(name).collect();
    (!wanted.iter().any(is_granted))
        .then(|| format!("has no application permission of {}, {example}", names.join(" or ")))
}

fn role(handover: &Handover, service: &str, is_accepted: impl Fn(&roles::Role) -> bool) -> Option<String> {
    let is_held = handover.roles.iter().filter_map(|name| roles::find(name)).any(is_accepted);
    (!is_held).then(|| format!("holds no directory role that {service} accepts"))
}

fn name(api_id: &'static str) -> &'static str {
    apis::find(api_id).map_or(api_id, |api| api.name)
}
