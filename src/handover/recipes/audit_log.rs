//! A month's unified audit log to a CSV file.

use super::{Job, Month};

pub(super) const JOB: Job = Job {
    title: "Audit log export",
    name: "audit-log",
    command: "Export-AuditLog",
    remarks: &[
        "The unified audit log of last month, by UTC, to a CSV file.",
        "It needs Exchange's role View-Only Audit Logs, which Exchange Administrator brings along.",
        "Search-UnifiedAuditLog gives 100 records unless it is asked for pages, and 50,000 to one search; so a search that is",
        "full is made again in two halves.",
        "Spreadsheets take what begins with = for a formula: import the columns as text.",
    ],
    // The log is kept by UTC, so the month begins and ends by UTC too.
    file: "\
$now = [DateTime]::UtcNow
$end = [DateTime]::new($now.Year, $now.Month, 1, 0, 0, 0, [DateTimeKind]::Utc)
if ($Month) {
    $first = [DateTime]::ParseExact($Month, 'yyyy-MM', [CultureInfo]::InvariantCulture)
    $end = [DateTime]::SpecifyKind($first, 'Utc').AddMonths(1)
}
$start = $end.AddMonths(-1)
$name = $start.ToString('yyyy-MM', [CultureInfo]::InvariantCulture)
$file = Join-Path $Directory \"AuditLog_$name.csv\"
",
    month: Some(Month {
        remark: "Another month than the last, such as 2026-10.",
        // Records may take a day to appear.
        is_early: "$now -lt $end.AddDays(1)",
    }),
    functions: "\
function Get-AuditRecord([DateTime] $From, [DateTime] $To) {
    $range = @{ StartDate = $From.ToString('o'); EndDate = $To.ToString('o') }
    $failed = $true
    for ($attempt = 1; $failed; $attempt++) {
        $session = [Guid]::NewGuid().ToString()
        $found = [System.Collections.Generic.List[object]]::new()
        do {
            $page = @(Search-UnifiedAuditLog @range -SessionId $session -SessionCommand ReturnLargeSet -ResultSize 5000 -ErrorAction Stop)
            # A search that broke off says so by this index alone, and its session gives nothing more.
            $failed = @($page | Where-Object { $_.ResultIndex -eq -1 }).Count -gt 0
            if (-not $failed) { $found.AddRange($page) }
        } while (-not $failed -and $page.Count -gt 0 -and $found.Count -lt 50000)
        if ($failed -and $attempt -ge 3) { throw \"The search from $From to $To broke off three times.\" }
        if ($failed) { Start-Sleep -Seconds (60 * $attempt) }
    }
    if ($found.Count -lt 50000) { return $found }
    $half = [long](($To - $From).Ticks / 2)
    if ($half -lt [TimeSpan]::TicksPerSecond) { throw \"More than 50,000 records within two seconds of $From.\" }
    $middle = $From.AddTicks($half)
    Get-AuditRecord -From $From -To $middle
    Get-AuditRecord -From $middle -To $To
}

function Get-Creation($Record) {
    $created = [DateTime] $Record.CreationDate
    if ($created.Kind -eq 'Local') { return $created.ToUniversalTime() }
    [DateTime]::SpecifyKind($created, 'Utc')
}

",
    // Whether a search has what was made at its very end, no page says: the next month has that.
    body: "\
$records = @(Get-AuditRecord -From $start -To $end | Sort-Object -Property Identity -Unique)
$records = @($records | Where-Object { (Get-Creation $_) -lt $end })
if ($records.Count -eq 0) {
    throw \"No records of ${name}: does Get-AdminAuditLogConfig say that auditing is on, and may the application view the log?\"
}
$created = @{ Name = 'CreationDate'; Expression = { (Get-Creation $_).ToString('o') } }
$columns = @($created, 'RecordType', 'Operations', 'UserIds', 'AuditData')
$records | Sort-Object -Property { Get-Creation $_ } |
    Select-Object -Property $columns |
    Export-Csv -LiteralPath \"$file.part\" -NoTypeInformation -Encoding UTF8
Move-Item -LiteralPath \"$file.part\" -Destination $file -Force
",
    is_mailed: true,
    // A run that fails has three more.
    schedule: "17 4 2-5 * *",
};
