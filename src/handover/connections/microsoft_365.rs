//! Microsoft Teams PowerShell, and the CLI for Microsoft 365.

use super::{Script, names_in_tools, option, outside_of_global, refuses_kept_key};
use crate::handover::Handover;
use crate::handover::quoting::{argument, powershell};
use crate::model::ExportFormat;

/// <https://learn.microsoft.com/microsoftteams/teams-powershell-application-authentication>
pub(super) fn teams(script: &mut Script, handover: &Handover) {
    let Some(names) = names_in_tools(script, handover) else { return };
    if refuses_kept_key(script, handover) {
        return;
    }
    script.note("Module MicrosoftTeams 4.7.1 or later (5.0.1 in the clouds of the US government). New-Team and some others do not run");
    script.note("app-only.");
    let environment = names.teams.map_or_else(String::new, |name| {
        script.note("Microsoft documents -TeamsEnvironmentName for users alone; where it is refused, leave it out.");
        option("-TeamsEnvironmentName", name)
    });
    script.line(&format!(
        "Connect-MicrosoftTeams -CertificateThumbprint {} -ApplicationId {} -TenantId {}{environment}",
        powershell(handover.certificate.thumbprint.as_str()),
        powershell(&handover.app_id),
        powershell(&handover.tenant_id)
    ));
}

/// <https://pnp.github.io/cli-microsoft365/cmd/login>
pub(super) fn cli(script: &mut Script, handover: &Handover) {
    let Some(names) = names_in_tools(script, handover) else { return };
    if refuses_kept_key(script, handover) {
        return;
    }
    let cloud = outside_of_global(handover, "--cloud", names.cli_for_microsoft_365);
    let (app_id, tenant) = (argument(&handover.app_id), argument(&handover.organization));
    let login = format!("m365 login --authType certificate --appId {app_id} --tenant {tenant}{cloud}");
    // It takes a PFX too, and its password as an argument, which stands in the process list.
    if let Some(pem) = handover.certificate.pem() {
        script.line(&format!("{login} --certificateFile {}", argument(&pem.to_string_lossy())));
    } else {
        let how = handover.certificate.how_to_get(ExportFormat::Pem);
        script.note(&format!("It takes a PEM file with certificate and key; {how}."));
    }
}
