//! A runbook for Azure Automation.

use super::{Job, RecipeFile, heading, script};
use crate::catalog::clouds;
use crate::handover::Handover;
use crate::handover::connections::{exchange_by_object, outside_of_global};
use crate::handover::quoting::{comment, powershell};

pub(super) fn files(job: &Job, handover: &Handover) -> Vec<RecipeFile> {
    let asset = handover.certificate.import_name(&handover.handle);
    let connect = format!(
        "$certificate = Get-AutomationCertificate -Name {}\n{}",
        powershell(&asset),
        exchange_by_object(handover)
    );
    let names = clouds::facts(handover.cloud).tools;
    let environment = names.map_or_else(String::new, |names| outside_of_global(handover, "-Environment", names.azure));
    let text = format!(
        "{}\
#
# Once, in the Automation account: import the module ExchangeOnlineManagement, add the PFX as the certificate
# {}, and give the account's identity Storage Blob Data Contributor on the container. Then link a schedule.
# A managed identity can sign in to Exchange itself too (-ManagedIdentity), and then needs no certificate.
param(
    # Where the file goes: what a runbook leaves on its machine is gone with it.
    [Parameter(Mandatory)] [string] $StorageAccount,
    [string] $Container = 'exports'
)
$Directory = Join-Path ([IO.Path]::GetTempPath()) 'exports'
{}
Connect-AzAccount -Identity{environment} | Out-Null
$storage = New-AzStorageContext -StorageAccountName $StorageAccount -UseConnectedAccount{environment}
Set-AzStorageBlobContent -File $file -Container $Container -Context $storage -Force | Out-Null
",
        heading(job, handover),
        comment(&asset),
        script(job, &connect)
    );
    vec![RecipeFile { path: job.script_file, text }]
}
