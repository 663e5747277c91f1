//! All mailboxes to a CSV file.

use super::Job;

pub(super) const JOB: Job = Job {
    title: "Mailbox export",
    name: "mailbox-export",
    script_file: "Export-Mailboxes.ps1",
    registration_file: "Register-MailboxExport.ps1",
    workflow_file: ".github/workflows/mailbox-export.yml",
    pipeline_file: "mailbox-export.azure-pipelines.yml",
    remarks: &[
        "All mailboxes, name and address, to a CSV file.",
        "Any role that reads recipients will do, such as Exchange Recipient Administrator or Global Reader.",
        "Without -ResultSize Unlimited, Get-EXOMailbox ends after 1000 mailboxes.",
    ],
    // Twelve hours (`hh`) would give the files of the morning and of the evening one name.
    file: "$stamp = Get-Date -Format 'yyyyMMdd-HHmm'\n$file = Join-Path $Directory \"AllMailboxes_$stamp.csv\"\n",
    functions: "",
    body: "\
$mailboxes = Get-EXOMailbox -ResultSize Unlimited
$mailboxes | Sort-Object -Property DisplayName |
    Select-Object -Property DisplayName, PrimarySmtpAddress |
    Export-Csv -Path $file -NoTypeInformation -Encoding UTF8
",
    is_mailed: false,
    schedule: "17 4 * * *",
};
