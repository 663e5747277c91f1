# Audit log export from contoso.onmicrosoft.com, as the application exo (EXO PowerShell automated).
# The unified audit log of last month, by UTC, to a CSV file.
# It needs Exchange's role View-Only Audit Logs, which Exchange Administrator brings along.
# Search-UnifiedAuditLog gives 100 records unless it is asked for pages, and 50,000 to one search; so a search that is
# full is made again in two halves.
#
# The certificate lies in a store of the account that runs this; a rotation gives it another thumbprint.
#Requires -Version 5.1
#Requires -Modules @{ ModuleName = 'ExchangeOnlineManagement'; ModuleVersion = '3.2.0' }
param(
    # Where the files go.
    [string] $Directory = (Join-Path $PSScriptRoot 'Exports'),
    # Mails the file too, from this mailbox to these addresses. The application needs Mail.Send of Microsoft Graph for it, and
    # the script the module Microsoft.Graph.Authentication.
    [string] $MailFrom,
    [string[]] $MailTo
)
$ErrorActionPreference = 'Stop'

function Get-AuditRecord([DateTime] $From, [DateTime] $To) {
    $session = [Guid]::NewGuid().ToString()
    $found = [System.Collections.Generic.List[object]]::new()
    do {
        $page = @(Search-UnifiedAuditLog -StartDate $From -EndDate $To -SessionId $session -SessionCommand ReturnLargeSet -ResultSize 5000)
        $found.AddRange($page)
    } while ($page.Count -gt 0 -and $found.Count -lt 50000)
    if ($found.Count -lt 50000) { return $found }
    $half = [long](($To - $From).Ticks / 2)
    if ($half -lt [TimeSpan]::TicksPerSecond) { throw "More than 50,000 records within two seconds of $From." }
    $middle = $From.AddTicks($half)
    Get-AuditRecord -From $From -To $middle
    Get-AuditRecord -From $middle -To $To
}

New-Item -ItemType Directory -Path $Directory -Force | Out-Null
$now = [DateTime]::UtcNow
$end = [DateTime]::new($now.Year, $now.Month, 1, 0, 0, 0, [DateTimeKind]::Utc)
$start = $end.AddMonths(-1)
$month = $start.ToString('yyyy-MM', [CultureInfo]::InvariantCulture)
$file = Join-Path $Directory "AuditLog_$month.csv"
# Records may take a day to appear, so the first is too early; and a month that is done is done.
if ($now.Day -eq 1 -or (Test-Path -LiteralPath $file)) { return }

try {
    Connect-ExchangeOnline -AppId '3f2db3ef-10b5-428c-8ed7-9a81478c57ed' -CertificateThumbprint 'A26EFACAA44D7A6DF43593C3F320F19C8C689FFA' -Organization 'contoso.onmicrosoft.com' -ShowBanner:$false
    $records = Get-AuditRecord -From $start -To $end | Sort-Object -Property Identity -Unique
    $records | Sort-Object -Property CreationDate |
        Select-Object -Property CreationDate, RecordType, Operations, UserIds, AuditData |
        Export-Csv -Path "$file.part" -NoTypeInformation -Encoding UTF8
    Move-Item -LiteralPath "$file.part" -Destination $file
} finally {
    Disconnect-ExchangeOnline -Confirm:$false
}

if (-not $MailFrom -or -not $MailTo) { return }
if ((Get-Item -LiteralPath $file).Length -ge 3000000) {
    Write-Warning "$file is too large to be mailed."
    return
}
try {
    $attachment = @{
        '@odata.type' = '#microsoft.graph.fileAttachment'
        name          = Split-Path -Path $file -Leaf
        contentBytes  = [Convert]::ToBase64String([IO.File]::ReadAllBytes($file))
    }
    $message = @{
        subject      = "Audit log export: $($attachment.name)"
        body         = @{ contentType = 'Text'; content = 'The file is attached.' }
        toRecipients = @($MailTo | ForEach-Object { @{ emailAddress = @{ address = $_ } } })
        attachments  = @($attachment)
    }
    $body = @{ message = $message } | ConvertTo-Json -Depth 6
    Connect-MgGraph -ClientId '3f2db3ef-10b5-428c-8ed7-9a81478c57ed' -TenantId '2d992b96-9a03-4882-9bb0-486141b9adba' -CertificateThumbprint 'A26EFACAA44D7A6DF43593C3F320F19C8C689FFA' -NoWelcome
    Invoke-MgGraphRequest -Method POST -Uri "/v1.0/users/$MailFrom/sendMail" -Body $body -ContentType 'application/json'
    Disconnect-MgGraph | Out-Null
} catch {
    # Under this name it counts as not done, and the next run mails it.
    Move-Item -LiteralPath $file -Destination "$file.part" -Force
    throw
}
