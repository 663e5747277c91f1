# Mailbox export from contoso.onmicrosoft.com, as the application exo (EXO PowerShell automated).
# All mailboxes, name and address, to a CSV file.
# Any role that reads recipients will do, such as Exchange Recipient Administrator or Global Reader.
# Without -ResultSize Unlimited, Get-EXOMailbox ends after 1000 mailboxes.
#
# Once, in the Automation account: import the module ExchangeOnlineManagement, add the PFX as the certificate
# exo-main, and give the account's identity Storage Blob Data Contributor on the container. Then link a schedule.
# A managed identity can sign in to Exchange itself too (-ManagedIdentity), and then needs no certificate.
param(
    # Where the file goes: what a runbook leaves on its machine is gone with it.
    [Parameter(Mandatory)] [string] $StorageAccount,
    [string] $Container = 'exports'
)
$Directory = Join-Path ([IO.Path]::GetTempPath()) 'exports'
$ErrorActionPreference = 'Stop'

New-Item -ItemType Directory -Path $Directory -Force | Out-Null
$stamp = Get-Date -Format 'yyyyMMdd-HHmm'
$file = Join-Path $Directory "AllMailboxes_$stamp.csv"

try {
    $certificate = Get-AutomationCertificate -Name 'exo-main'
    Connect-ExchangeOnline -AppId '3f2db3ef-10b5-428c-8ed7-9a81478c57ed' -Certificate $certificate -Organization 'contoso.onmicrosoft.com' -ShowBanner:$false
    $mailboxes = Get-EXOMailbox -ResultSize Unlimited
    $mailboxes | Sort-Object -Property DisplayName |
        Select-Object -Property DisplayName, PrimarySmtpAddress |
        Export-Csv -Path $file -NoTypeInformation -Encoding UTF8
} finally {
    Disconnect-ExchangeOnline -Confirm:$false
}

Connect-AzAccount -Identity | Out-Null
$storage = New-AzStorageContext -StorageAccountName $StorageAccount -UseConnectedAccount
Set-AzStorageBlobContent -File $file -Container $Container -Context $storage -Force | Out-Null
