//! Microsoft Graph PowerShell.
//!
//! <https://learn.microsoft.com/powershell/module/microsoft.graph.authentication/connect-mggraph>

use super::{Script, option, refuses_kept_key};
use crate::catalog::clouds;
use crate::handover::Handover;
use crate::handover::quoting::powershell;
use crate::model::Cloud;

/// What a custom cloud is called in the module's own list of clouds.
const CUSTOM: &str = "Custom";

pub(super) fn microsoft_graph(script: &mut Script, handover: &Handover) {
    script.note("Module Microsoft.Graph.Authentication, on Windows. It takes the place of AzureAD and MSOnline, which are retired.");
    if refuses_kept_key(script, handover) {
        return;
    }
    script.line(&connect_microsoft_graph(handover));
}

/// On Windows, with the certificate in a store of the account that runs it.
pub(in crate::handover) fn connect_microsoft_graph(handover: &Handover) -> String {
    let mut definition = String::new();
    let environment = match (handover.cloud, clouds::facts(handover.cloud).tools, &handover.addresses) {
        (Cloud::Global, ..) | (_, None, None) => String::new(),
        (_, Some(names), _) => option("-Environment", names.microsoft_graph),
        (_, None, Some(addresses)) => {
            let (login, graph) = (powershell(&addresses.login), powershell(&addresses.graph));
            definition = format!("Add-MgEnvironment -Name {CUSTOM} -AzureADEndpoint {login} -GraphEndpoint {graph}\n");
            option("-Environment", CUSTOM)
        }
    };
    format!(
        "{definition}Connect-MgGraph -ClientId {} -TenantId {} -CertificateThumbprint {}{environment} -NoWelcome",
        powershell(&handover.app_id),
        powershell(&handover.tenant_id),
        powershell(handover.certificate.thumbprint.as_str())
    )
}
