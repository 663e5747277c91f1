# Audit log export from contoso.onmicrosoft.com, as the application exo (EXO PowerShell automated).
# The unified audit log of last month, by UTC, to a CSV file.
# It needs Exchange's role View-Only Audit Logs, which Exchange Administrator brings along.
# Search-UnifiedAuditLog gives 100 records unless it is asked for pages, and 50,000 to one search; so a search that is
# full is made again in two halves.
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
    $certificate = Get-AutomationCertificate -Name 'exo-main'
    Connect-ExchangeOnline -AppId '3f2db3ef-10b5-428c-8ed7-9a81478c57ed' -Certificate $certificate -Organization 'contoso.onmicrosoft.com' -ShowBanner:$false
    $records = Get-AuditRecord -From $start -To $end | Sort-Object -Property Identity -Unique
    $records | Sort-Object -Property CreationDate |
        Select-Object -Property CreationDate, RecordType, Operations, UserIds, AuditData |
        Export-Csv -Path "$file.part" -NoTypeInformation -Encoding UTF8
    Move-Item -LiteralPath "$file.part" -Destination $file
} finally {
    Disconnect-ExchangeOnline -Confirm:$false
}

Connect-AzAccount -Identity | Out-Null
$storage = New-AzStorageContext -StorageAccountName $StorageAccount -UseConnectedAccount
Set-AzStorageBlobContent -File $file -Container $Container -Context $storage -Force | Out-Null
