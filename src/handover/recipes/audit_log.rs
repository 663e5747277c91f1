//! Last month's unified audit log to a CSV file.

use super::Job;

pub(super) const JOB: Job = Job {
    title: "Audit log export",
    name: "audit-log",
    script_file: "Export-AuditLog.ps1",
    registration_file: "Register-AuditLogExport.ps1",
    workflow_file: ".github/workflows/audit-log.yml",
    pipeline_file: "audit-log.azure-pipelines.yml",
    remarks: &[
        "The unified audit log of last month, by UTC, to a CSV file.",
        "It needs Exchange's role View-Only Audit Logs, which Exchange Administrator brings along.",
        "Search-UnifiedAuditLog gives 100 records unless it is asked for pages, and 50,000 to one search; so a search that is",
        "full is made again in two halves.",
    ],
    // The log is kept by UTC, so the month begins and ends by UTC too.
    file: "\
$now = [DateTime]::UtcNow
$end = [DateTime]::new($now.Year, $now.Month, 1, 0, 0, 0, [DateTimeKind]::Utc)
$start = $end.AddMonths(-1)
$month = $start.ToString('yyyy-MM', [CultureInfo]::InvariantCulture)
$file = Join-Path $Directory \"AuditLog_$month.csv\"
# Records may take a day to appear, so the first is too early; and a month that is done is done.
if ($now.Day -eq 1 -or (Test-Path -LiteralPath $file)) { return }
",
    functions: "\
function Get-AuditRecord([DateTime] $From, [DateTime] $To) {
    $session = [Guid]::NewGuid().ToString()
    $found = [System.Collections.Generic.List[object]]::new()
    do {
        $page = @(Search-UnifiedAuditLog -StartDate $From -EndDate $To -SessionId $session -SessionCommand ReturnLargeSet -ResultSize 5000)
        $found.AddRange($page)
    } while ($page.Count -gt 0 -and $found.Count -lt 50000)
    if ($found.Count -lt 50000) { return $found }
    $half = [long](($To - $From).Ticks / 2)
    if ($half -lt [TimeSpan]::TicksPerSecond) { throw \"More than 50,000 records within two seconds of $From.\" }
    $middle = $From.AddTicks($half)
    Get-AuditRecord -From $From -To $middle
    Get-AuditRecord -From $middle -To $To
}

",
    body: "\
$records = Get-AuditRecord -From $start -To $end | Sort-Object -Property Identity -Unique
$records | Sort-Object -Property CreationDate |
    Select-Object -Property CreationDate, RecordType, Operations, UserIds, AuditData |
    Export-Csv -Path \"$file.part\" -NoTypeInformation -Encoding UTF8
Move-Item -LiteralPath \"$file.part\" -Destination $file
",
    is_mailed: true,
    schedule: "17 4 2 * *",
};
