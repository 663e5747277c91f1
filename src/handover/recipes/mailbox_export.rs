//! All mailboxes to a CSV file.

use super::Job;

pub(super) const JOB: Job = Job {
    title: "Mailbox export",
    name: "mailbox-export",
    command: "Export-Mailboxes",
    remarks: &[
        "All mailboxes, name and address, to a CSV file.",
        "Any role that reads recipients will do, such as Exchange Recipient Administrator or Global Reader.",
        "Without -ResultSize Unlimited, Get-EXOMailbox ends after 1000 mailboxes.",
        "Spreadsheets take a name that begins with = for a formula: import the columns as text.",
    ],
    // Twelve hours (`hh`) would give the files of the morning and of the evening one name.
    file: "$stamp = Get-Date -Format 'yyyyMMdd-HHmm'\n$file = Join-Path $Directory \"AllMailboxes_$stamp.csv\"\n",
    month: None,
    functions: "",
    body: "\
$mailboxes = @(Get-EXOMailbox -ResultSize Unlimited -ErrorAction Stop)
if ($mailboxes.Count -eq 0) { throw 'No mailboxes: may the application read recipients?' }
$mailboxes | Sort-Object -Property DisplayName |
    Select-Object -Property DisplayName, PrimarySmtpAddress |
    Export-Csv -LiteralPath \"$file.part\" -NoTypeInformation -Encoding UTF8
Move-Item -LiteralPath \"$file.part\" -Destination $file -Force
",
    is_mailed: false,
    schedule: "17 4 * * *",
};
