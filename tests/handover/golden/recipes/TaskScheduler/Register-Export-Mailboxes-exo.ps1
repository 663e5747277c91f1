# Has Task Scheduler run Export-Mailboxes-exo.ps1, which lies beside this file, every morning.
#
# The account has to find the certificate with its key: `accredit connect exo --for windows` shows how it comes there.
#Requires -RunAsAdministrator
param(
    # Whom the task runs as, such as CONTOSO\service-account; a group managed service account ends with $ and has no password.
    [Parameter(Mandatory)] [string] $Account,
    [DateTime] $At = '06:00'
)
$ErrorActionPreference = 'Stop'

$script = Join-Path $PSScriptRoot 'Export-Mailboxes-exo.ps1'
$arguments = "-NoProfile -NonInteractive -ExecutionPolicy RemoteSigned -File `"$script`""
$task = @{
    TaskName    = 'Accredit exo-mailbox-export'
    Description = 'Mailbox export'
    Action      = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $arguments -WorkingDirectory $PSScriptRoot
    Trigger     = New-ScheduledTaskTrigger -Daily -At $At
    Settings    = New-ScheduledTaskSettingsSet -StartWhenAvailable -ExecutionTimeLimit (New-TimeSpan -Hours 4)
}
if ($Account.EndsWith('$')) {
    Register-ScheduledTask @task -Force -Principal (New-ScheduledTaskPrincipal -UserId $Account -LogonType Password)
} else {
    $credential = Get-Credential -UserName $Account -Message 'The account that the task runs as'
    $password = $credential.GetNetworkCredential().Password
    Register-ScheduledTask @task -Force -User $Account -Password $password
}
