//! Azure's own programs. What an application may do there its roles in Azure say, which Accredit does not look at.

use super::{Script, names_in_tools, outside_of_global, refuses_kept_key};
use crate::handover::Handover;
use crate::handover::quoting::{argument, powershell};
use crate::model::{Cloud, ExportFormat};

/// <https://learn.microsoft.com/powershell/module/az.accounts/connect-azaccount>
pub(super) fn az_powershell(script: &mut Script, handover: &Handover) {
    let Some(names) = names_in_tools(script, handover) else { return };
    if refuses_kept_key(script, handover) {
        return;
    }
    script.note("Module Az.Accounts, on Windows. What it may do there, its roles in Azure say.");
    let environment = outside_of_global(handover, "-Environment", names.azure);
    script.line(&format!(
        "Connect-AzAccount -ServicePrincipal -ApplicationId {} -Tenant {} -CertificateThumbprint {}{environment}",
        powershell(&handover.app_id),
        powershell(&handover.tenant_id),
        powershell(handover.certificate.thumbprint.as_str())
    ));
}

/// <https://learn.microsoft.com/cli/azure/authenticate-azure-cli-service-principal>
pub(super) fn azure_cli(script: &mut Script, handover: &Handover) {
    let Some(names) = names_in_tools(script, handover) else { return };
    if refuses_kept_key(script, handover) {
        return;
    }
    let Some(pem) = handover.certificate.pem() else {
        let how = handover.certificate.how_to_get(ExportFormat::Pem);
        script.note(&format!("It takes a PEM file with certificate and key; {how}."));
        return;
    };
    script.note("Versions before 2.67 take the file as --password. Without roles in Azure it has no subscription, and needs the last option.");
    if handover.cloud != Cloud::Global {
        script.line(&format!("az cloud set --name {}", names.azure));
    }
    script.line(&format!(
        "az login --service-principal --username {} --tenant {} --certificate {} --allow-no-subscriptions",
        argument(&handover.app_id),
        argument(&handover.tenant_id),
        argument(&pem.to_string_lossy())
    ));
}
