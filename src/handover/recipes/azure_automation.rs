//! A runbook for Azure Automation.

use super::{Job, RecipeFile, heading, indented, script};
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
    // What a runbook left on its machine says nothing of what arrived.
    let guard = format!(
        "\
{}Connect-AzAccount -Identity{environment} | Out-Null
$storage = New-AzStorageContext -StorageAccountName $StorageAccount -UseConnectedAccount{environment}
$blob = \"{}/$(Split-Path -Path $file -Leaf)\"
$done = @(Get-AzStorageBlob -Container $Container -Prefix $blob -Context $storage | Where-Object Name -EQ $blob)
if ($done.Count -gt 0) {{ return }}
",
        job.postponement(),
        handover.handle
    );
    let text = format!(
        "{}\
#
# Once, in the Automation account: have a runtime environment of PowerShell 7.4 with the modules ExchangeOnlineManagement 3.9.2,
# Az.Accounts and Az.Storage, add the PFX as the certificate {}, and give the account's identity
# Storage Blob Data Contributor on the container. Then link a daily schedule.
# A managed identity can sign in to Exchange itself too (-ManagedIdentity), and then needs no certificate.
param(
    # Where the file goes: what a runbook leaves on its machine is gone with it.
    [Parameter(Mandatory)] [string] $StorageAccount,
    [string] $Container = 'exports'{}
)
$Directory = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid().ToString())
try {{
{}    Set-AzStorageBlobContent -File $file -Container $Container -Blob $blob -Context $storage -Force | Out-Null
}} finally {{
    Remove-Item -LiteralPath $Directory -Recurse -Force -ErrorAction SilentlyContinue
}}
",
        heading(job, handover),
        comment(&asset),
        job.month_parameter(),
        indented(&script(job, &connect, &guard), 4)
    );
    vec![RecipeFile { path: job.script_file(handover), text }]
}
