# Mailbox export from contoso.onmicrosoft.com, as the application exo (EXO PowerShell automated).
# All mailboxes, name and address, to a CSV file.
# Any role that reads recipients will do, such as Exchange Recipient Administrator or Global Reader.
# Without -ResultSize Unlimited, Get-EXOMailbox ends after 1000 mailboxes.
# Spreadsheets take a name that begins with = for a formula: import the columns as text.
#
# Once, in the Automation account: have a runtime environment of PowerShell 7.4 with the modules ExchangeOnlineManagement 3.9.2,
# Az.Accounts and Az.Storage, add the PFX as the certificate exo-main, and give the account's identity
# Storage Blob Data Contributor on the container. Then link a daily schedule.
# A managed identity can sign in to Exchange itself too (-ManagedIdentity), and then needs no certificate.
param(
    # Where the file goes: what a runbook leaves on its machine is gone with it.
    [Parameter(Mandatory)] [string] $StorageAccount,
    [string] $Container = 'exports'
)
$Directory = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid().ToString())
try {
    $ErrorActionPreference = 'Stop'

    New-Item -ItemType Directory -Path $Directory -Force | Out-Null
    $stamp = Get-Date -Format 'yyyyMMdd-HHmm'
    $file = Join-Path $Directory "AllMailboxes_$stamp.csv"
    Connect-AzAccount -Identity | Out-Null
    $storage = New-AzStorageContext -StorageAccountName $StorageAccount -UseConnectedAccount
    $blob = "exo/$(Split-Path -Path $file -Leaf)"
    $done = @(Get-AzStorageBlob -Container $Container -Prefix $blob -Context $storage | Where-Object Name -EQ $blob)
    if ($done.Count -gt 0) { return }

    try {
        $certificate = Get-AutomationCertificate -Name 'exo-main'
        Connect-ExchangeOnline -AppId '3f2db3ef-10b5-428c-8ed7-9a81478c57ed' -Certificate $certificate -Organization 'contoso.onmicrosoft.com' -ShowBanner:$false
        $mailboxes = @(Get-EXOMailbox -ResultSize Unlimited -ErrorAction Stop)
        if ($mailboxes.Count -eq 0) { throw 'No mailboxes: may the application read recipients?' }
        $mailboxes | Sort-Object -Property DisplayName |
            Select-Object -Property DisplayName, PrimarySmtpAddress |
            Export-Csv -LiteralPath "$file.part" -NoTypeInformation -Encoding UTF8
        Move-Item -LiteralPath "$file.part" -Destination $file -Force
    } finally {
        # Where there is no module, that is the error to be seen.
        if (Get-Command Disconnect-ExchangeOnline -ErrorAction Ignore) { Disconnect-ExchangeOnline -Confirm:$false }
    }
    Set-AzStorageBlobContent -File $file -Container $Container -Blob $blob -Context $storage -Force | Out-Null
} finally {
    Remove-Item -LiteralPath $Directory -Recurse -Force -ErrorAction SilentlyContinue
}
