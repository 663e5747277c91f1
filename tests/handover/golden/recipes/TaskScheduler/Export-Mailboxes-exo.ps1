# Mailbox export from contoso.onmicrosoft.com, as the application exo (EXO PowerShell automated).
# All mailboxes, name and address, to a CSV file.
# Any role that reads recipients will do, such as Exchange Recipient Administrator or Global Reader.
# Without -ResultSize Unlimited, Get-EXOMailbox ends after 1000 mailboxes.
# Spreadsheets take a name that begins with = for a formula: import the columns as text.
#
# The certificate lies in a store of the account that runs this; a rotation gives it another thumbprint.
#Requires -Version 5.1
#Requires -Modules @{ ModuleName = 'ExchangeOnlineManagement'; ModuleVersion = '3.2.0' }
param(
    # Where the files go.
    [string] $Directory = (Join-Path $PSScriptRoot 'Exports\exo')
)
$ErrorActionPreference = 'Stop'

New-Item -ItemType Directory -Path $Directory -Force | Out-Null
$stamp = Get-Date -Format 'yyyyMMdd-HHmm'
$file = Join-Path $Directory "AllMailboxes_$stamp.csv"

try {
    Connect-ExchangeOnline -AppId '3f2db3ef-10b5-428c-8ed7-9a81478c57ed' -CertificateThumbprint 'A26EFACAA44D7A6DF43593C3F320F19C8C689FFA' -Organization 'contoso.onmicrosoft.com' -ShowBanner:$false
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
