//! A script for Windows' Task Scheduler, and the one that registers it.

use super::{Job, RecipeFile, heading, script};
use crate::handover::connections::connect_microsoft_graph;
use crate::handover::quoting::comment;
use crate::handover::{Handover, exchange_by_thumbprint};

pub(super) fn files(job: &Job, handover: &Handover) -> Vec<RecipeFile> {
    vec![
        RecipeFile { path: job.script_file(handover), text: exporting(job, handover) },
        RecipeFile { path: format!("Register-{}", job.script_file(handover)), text: registering(job, handover) },
    ]
}

/// Both scripts take them.
const MAIL: &str = ",
    # Mails the file too, from this mailbox to these addresses. The application needs Mail.Send of Microsoft Graph for it, and
    # the script the module Microsoft.Graph.Authentication.
    [ValidatePattern('^[^\\s\"]+$')] [string] $MailFrom,
    [ValidatePattern('^[^\"]+$')] [string[]] $MailTo";

/// A file has one list in one text.
const ADDRESSES: &str = "\
$recipients = @($MailTo -split '\\s*[,;]\\s*' | Where-Object { $_ })
if ([bool] $MailFrom -ne [bool] $recipients) { throw '-MailFrom and -MailTo go together.' }
";

fn exporting(job: &Job, handover: &Handover) -> String {
    let Handover { app_id, organization, cloud, addresses, certificate, .. } = handover;
    let connect = exchange_by_thumbprint(app_id, organization, &certificate.thumbprint, *cloud, addresses.as_ref());
    let (parameters, addresses_of_mail, mailing) = if job.is_mailed {
        (MAIL, ADDRESSES, format!("\n{}", mailing(job, handover)))
    } else {
        ("", "", String::new())
    };
    // It runs every day: a month that is done is done.
    let guard = match &job.month {
        Some(_) => format!("{}if (Test-Path -LiteralPath $file) {{ return }}\n", job.postponement()),
        None => String::new(),
    };
    format!(
        "{}\
#
# The certificate lies in a store of the account that runs this; a rotation gives it another thumbprint.
#Requires -Version 5.1
#Requires -Modules @{{ ModuleName = 'ExchangeOnlineManagement'; ModuleVersion = '3.2.0' }}
param(
    # Where the files go.
    [string] $Directory = (Join-Path $PSScriptRoot 'Exports\\{}'){}{parameters}
)
{addresses_of_mail}{}{mailing}",
        heading(job, handover),
        handover.handle,
        job.month_parameter(),
        script(job, &connect, &guard)
    )
}

fn mailing(job: &Job, handover: &Handover) -> String {
    let connect = connect_microsoft_graph(handover).replace('\n', "\n    ");
    let title = job.title;
    format!(
        "\
if (-not $MailFrom) {{ return }}
# The task fails once and shows it; the file stays.
if ((Get-Item -LiteralPath $file).Length -ge 3000000) {{ throw \"$file is written, and too large to be mailed.\" }}
try {{
    $attachment = @{{
        '@odata.type' = '#microsoft.graph.fileAttachment'
        name          = Split-Path -Path $file -Leaf
        contentBytes  = [Convert]::ToBase64String([IO.File]::ReadAllBytes($file))
    }}
    $message = @{{
        subject      = \"{title}: $($attachment.name)\"
        body         = @{{ contentType = 'Text'; content = 'The file is attached.' }}
        toRecipients = @($recipients | ForEach-Object {{ @{{ emailAddress = @{{ address = $_ }} }} }})
        attachments  = @($attachment)
    }}
    $body = @{{ message = $message }} | ConvertTo-Json -Depth 6
    {connect}
    Invoke-MgGraphRequest -Method POST -Uri \"/v1.0/users/$MailFrom/sendMail\" -Body $body -ContentType 'application/json'
}} catch {{
    # Under this name it counts as not done, and the next run mails it.
    Move-Item -LiteralPath $file -Destination \"$file.part\" -Force
    throw
}} finally {{
    if (Get-Command Disconnect-MgGraph -ErrorAction Ignore) {{ Disconnect-MgGraph -ErrorAction Ignore | Out-Null }}
}}
"
    )
}

fn registering(job: &Job, handover: &Handover) -> String {
    let title = job.title;
    let (script_file, name) = (job.script_file(handover), job.name_for(handover));
    let handle = comment(&handover.handle);
    let (parameters, mailing) = if job.is_mailed {
        (
            MAIL,
            format!(
                "{ADDRESSES}if ($MailFrom) {{ $arguments += \" -MailFrom `\"$MailFrom`\" -MailTo `\"$($recipients -join ';')`\"\" }}\n"
            ),
        )
    } else {
        ("", String::new())
    };
    format!(
        "\
# Has Task Scheduler run {script_file}, which lies beside this file, every morning.
#
# The account has to find the certificate with its key: `accredit connect {handle} --for windows` shows how it comes there.
#Requires -RunAsAdministrator
param(
    # Whom the task runs as, such as CONTOSO\\service-account; a group managed service account ends with $ and has no password.
    [Parameter(Mandatory)] [string] $Account,
    [DateTime] $At = '06:00'{parameters}
)
$ErrorActionPreference = 'Stop'

$script = Join-Path $PSScriptRoot '{script_file}'
$arguments = \"-NoProfile -NonInteractive -ExecutionPolicy RemoteSigned -File `\"$script`\"\"
{mailing}$task = @{{
    TaskName    = 'Accredit {name}'
    Description = '{}'
    Action      = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $arguments -WorkingDirectory $PSScriptRoot
    Trigger     = New-ScheduledTaskTrigger -Daily -At $At
    Settings    = New-ScheduledTaskSettingsSet -StartWhenAvailable -ExecutionTimeLimit (New-TimeSpan -Hours 4)
}}
if ($Account.EndsWith('$')) {{
    Register-ScheduledTask @task -Force -Principal (New-ScheduledTaskPrincipal -UserId $Account -LogonType Password)
}} else {{
    $credential = Get-Credential -UserName $Account -Message 'The account that the task runs as'
    $password = $credential.GetNetworkCredential().Password
    Register-ScheduledTask @task -Force -User $Account -Password $password
}}
",
        title.replace('\'', "''")
    )
}
