//! SharePoint Online, by the community's module and by Microsoft's.

use super::{Script, names_in_tools, outside_of_global, refuses_kept_key};
use crate::handover::Handover;
use crate::handover::quoting::powershell;

/// <https://pnp.github.io/powershell/cmdlets/Connect-PnPOnline.html>
pub(super) fn pnp(script: &mut Script, handover: &Handover) {
    let Some(names) = names_in_tools(script, handover) else { return };
    if refuses_kept_key(script, handover) {
        return;
    }
    script.note("Module PnP.PowerShell. The address follows from the initial domain; a renamed tenant has another.");
    let environment = outside_of_global(handover, "-AzureEnvironment", names.pnp);
    let connect = |credential: &str| {
        format!(
            "Connect-PnPOnline -Url {} -ClientId {} -Tenant {} {credential}{environment}",
            address(handover, "", names.sharepoint_suffix),
            powershell(&handover.app_id),
            powershell(&handover.organization)
        )
    };
    script.line(&connect(&format!("-Thumbprint {}", powershell(handover.certificate.thumbprint.as_str()))));
    if let Some((path, password)) = handover.certificate.pfx() {
        script.pfx(path, password, handover);
        script.line(&connect("-CertificatePath $pfx -CertificatePassword $password"));
    }
}

/// <https://learn.microsoft.com/powershell/module/microsoft.online.sharepoint.powershell/connect-sposervice>
pub(super) fn management_shell(script: &mut Script, handover: &Handover) {
    let Some(names) = names_in_tools(script, handover) else { return };
    if refuses_kept_key(script, handover) {
        return;
    }
    script.note("Module Microsoft.Online.SharePoint.PowerShell, a version of 2026, in Windows PowerShell 5.1:");
    let region = outside_of_global(handover, "-Region", names.sharepoint_region);
    script.line(&format!(
        "Connect-SPOService -Url {} -ClientId {} -TenantId {} -CertificateThumbprint {}{region}",
        address(handover, "-admin", names.sharepoint_suffix),
        powershell(&handover.app_id),
        powershell(&handover.tenant_id),
        powershell(handover.certificate.thumbprint.as_str())
    ));
}

/// The address of the tenant's SharePoint: the first part of the initial domain names it.
fn address(handover: &Handover, kind: &str, suffix: &str) -> String {
    let name = handover.organization.split('.').next().unwrap_or_default();
    powershell(&format!("https://{name}{kind}.{suffix}"))
}
