//! A script for Windows' Task Scheduler, and the one that registers it.

use super::{Job, RecipeFile, heading, script};
use crate::handover::connections::connect_microsoft_graph;
use crate::handover::quoting::comment;
use crate::handover::{Handover, exchange_by_thumbprint};

pub(super) fn files(job: &Job, handover: &Handover) -> Vec<RecipeFile> {
    vec![
        RecipeFile { path: job.script_file, text: exporting(job, handover) },
        RecipeFile { path: job.registration_file, text: registering(job, handover) },
    ]
}

const DIRECTORY: &str = "    # Where the files go.
    [string] $Directory = (Join-Path $PSScriptRoot 'Exports')";

const MAIL: &str = ",
    # Mails the file too, from this mailbox to these addresses. The application needs Mail.Send of Microsoft Graph for it, and
    # the script the module Microsoft.Graph.Authentication.
    [string] $MailFrom,
    [string[]] $MailTo";

fn exporting(job: &Job, handover: &Handover) -> String {
    let Handover { app_id, organization, cloud, addresses, certificate, .. } = handover;
    let connect = exchange_by_thumbprint(app_id, organization, &certificate.thumbprint, *cloud, addresses.as_ref());
    let (parameters, mailing) =
        if job.is_mailed { (MAIL, format!("\n{}", mailing(job, handover))) } else { ("", String::new()) };
    format!(
        "{}\
#
# The certificate lies in a store of the account that runs this; a rotation gives it another thumbprint.
#Requires -Version 5.1
#Requires -Modules @{{ ModuleName = 'ExchangeOnlineManagement'; ModuleVersion = '3.2.0' }}
param(
{DIRECTORY}{parameters}
)
{}{mailing}",
        heading(job, handover),
        script(job, &connect)
    )
}

fn mailing(job: &Job, handover: &Handover) -> String {
    let connect = connect_microsoft_graph(handover).replace('\n', "\n    ");
    let title = job.title;
    format!(
        "\
if (-not $MailFrom -or -not $MailTo) {{ return }}
if ((Get-Item -LiteralPath $file).Length -ge 3000000) {{
    Write-Warning \"$file is too large to be mailed.\"
    return
}}
try {{
    $attachment = @{{
        '@odata.type' = '#microsoft.graph.fileAttachment'
        name          = Split-Path -Path $file -Leaf
        contentBytes  = [Convert]::ToBase64String([IO.File]::ReadAllBytes($file))
    }}
    $message = @{{
        subject      = \"{title}: $($attachment.name)\"
        body         = @{{ contentType = 'Text'; content = 'The file is attached.' }}
        toRecipients = @($MailTo | ForEach-Object {{ @{{ emailAddress = @{{ address = $_ }} }} }})
        attachments  = @($attachment)
    }}
    $body = @{{ message = $message }} | ConvertTo-Json -Depth 6
    {connect}
    Invoke-MgGraphRequest -Method POST -Uri \"/v1.0/users/$MailFrom/sendMail\" -Body $body -ContentType 'application/json'
    Disconnect-MgGraph | Out-Null
}} catch {{
    # Under this name it counts as not done, and the next run mails it.
    Move-Item -LiteralPath $file -Destination \"$file.part\" -Force
    throw
}}
"
    )
}

fn registering(job: &Job, handover: &Handover) -> String {
    let Job { title, name, script_file, .. } = job;
    let handle = comment(&handover.handle);
    format!(
        "\
# Has Task Scheduler run {script_file}, which lies beside this file, every morning.
#
# The account has to find the certificate with its key: `accredit connect {handle} --for windows` shows how it comes there.
#Requires -RunAsAdministrator
param(
    # Whom the task runs as, such as CONTOSO\\service-account; a group managed service account ends with $ and has no password.
    [Parameter(Mandatory)] [string] $Account,
    [DateTime] $At = '06:00'
)
$ErrorActionPreference = 'Stop'

$script = Join-Path $PSScriptRoot '{script_file}'
$arguments = \"-NoProfile -NonInteractive -ExecutionPolicy RemoteSigned -File `\"$script`\"\"
$task = @{{
    TaskName    = 'Accredit {name}'
    Description = '{}'
    Action      = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $arguments -WorkingDirectory $PSScriptRoot
    Trigger     = New-ScheduledTaskTrigger -Daily -At $At
    Settings    = New-ScheduledTaskSettingsSet -StartWhenAvailable -ExecutionTimeLimit (New-TimeSpan -Hours 4)
}}
if ($Account.EndsWith('$')) {{
    Register-ScheduledTask @task -Principal (New-ScheduledTaskPrincipal -UserId $Account -LogonType Password)
}} else {{
    $credential = Get-Credential -UserName $Account -Message 'The account that the task runs as'
    $password = $credential.GetNetworkCredential().Password
    Register-ScheduledTask @task -User $Account -Password $password
}}
",
        title.replace('\'', "''")
    )
}
