//! Scripts to begin with: a job in PowerShell, and what runs it again and again on each kind of host.

mod audit_log;
mod azure_automation;
mod azure_pipelines;
mod github_actions;
mod mailbox_export;
mod task_scheduler;

use std::fmt::Write as _;

use super::Handover;
use super::quoting::comment;
use crate::model::Cloud;

/// On a machine that is new for each run, in a step of its own: what a module brings along sees no secret. Version 3.9 runs in
/// PowerShell 7.4 and later, 3.10 wants 7.6.
const INSTALL: &str = "Install-Module -Name ExchangeOnlineManagement -RequiredVersion 3.9.2 -Repository PSGallery -Scope CurrentUser -Force";

/// What a script does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// All mailboxes to a CSV file, daily.
    MailboxExport,
    /// Last month's unified audit log to a CSV file.
    AuditLog,
}

/// What runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    TaskScheduler,
    AzureAutomation,
    GitHubActions,
    AzurePipelines,
}

impl Recipe {
    pub const ALL: [Self; 2] = [Self::MailboxExport, Self::AuditLog];

    /// Why it cannot be had in a cloud.
    /// <https://learn.microsoft.com/powershell/module/exchangepowershell/search-unifiedauditlog>
    pub fn refused_in(self, cloud: Cloud) -> Option<&'static str> {
        match (self, cloud) {
            (Self::AuditLog, Cloud::China) => {
                Some("in the cloud of 21Vianet, Search-UnifiedAuditLog finds nothing whatever there is")
            }
            (Self::AuditLog | Self::MailboxExport, _) => None,
        }
    }
}

impl Host {
    pub const ALL: [Self; 4] = [Self::TaskScheduler, Self::AzureAutomation, Self::GitHubActions, Self::AzurePipelines];
}

/// A file of a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipeFile {
    /// Below the directory that it is written into.
    pub path: String,
    pub text: String,
}

/// The files, the script or workflow itself first.
pub fn recipe(recipe: Recipe, host: Host, handover: &Handover) -> Vec<RecipeFile> {
    let job = match recipe {
        Recipe::MailboxExport => mailbox_export::JOB,
        Recipe::AuditLog => audit_log::JOB,
    };
    match host {
        Host::TaskScheduler => task_scheduler::files(&job, handover),
        Host::AzureAutomation => azure_automation::files(&job, handover),
        Host::GitHubActions => github_actions::files(&job, handover),
        Host::AzurePipelines => azure_pipelines::files(&job, handover),
    }
}

/// A job as every host needs it.
struct Job {
    /// What it is called, for people.
    title: &'static str,
    /// One word, for names of tasks and artifacts.
    name: &'static str,
    /// What PowerShell would call it: a verb and a noun.
    command: &'static str,
    /// What stands above everything: rights and limits, as comments without their sign.
    remarks: &'static [&'static str],
    /// Sets `$file` to the path that is written, within `$Directory`; of a month also `$start` and `$end`.
    file: &'static str,
    /// Which month, and when it can be had. `None`: whatever there is now.
    month: Option<Month>,
    /// Functions of its own, or nothing.
    functions: &'static str,
    /// Writes `$file`, once connected.
    body: &'static str,
    /// Whether a machine of one's own may mail what is written.
    is_mailed: bool,
    /// Minute, hour, day of the month, month, day of the week, in UTC.
    schedule: &'static str,
}

const TOO_EARLY: &str = "throw 'Records may take a day to appear: too early.'";

/// A job about one month.
struct Month {
    /// What `$Month` is, as a remark.
    remark: &'static str,
    /// True until the month's records are all there.
    is_early: &'static str,
}

impl Job {
    /// The name of this job for this application: several may share a machine, a repository or a project.
    fn name_for(&self, handover: &Handover) -> String {
        format!("{}-{}", handover.handle, self.name)
    }

    fn script_file(&self, handover: &Handover) -> String {
        format!("{}-{}.ps1", self.command, handover.handle)
    }

    /// A parameter that has the job do another month than the last; nothing for what has none.
    fn month_parameter(&self) -> String {
        let parameter = |month: &Month| format!(",\n    # {}\n    [string] $Month", month.remark);
        self.month.as_ref().map_or_else(String::new, parameter)
    }

    /// The same for what gets its values from the environment.
    fn month_of_environment(&self) -> &'static str {
        if self.month.is_some() { "$Month = $env:MONTH\n" } else { "" }
    }

    /// What a run does that comes too early, where nobody comes back.
    fn refusal(&self) -> String {
        let refusal = |month: &Month| format!("if ({}) {{ {TOO_EARLY} }}\n", month.is_early);
        self.month.as_ref().map_or_else(String::new, refusal)
    }

    /// The same where there is another run every day, unless somebody asked for this month.
    fn postponement(&self) -> String {
        let postponement =
            |month: &Month| format!("if ({}) {{\n    if ($Month) {{ {TOO_EARLY} }}\n    return\n}}\n", month.is_early);
        self.month.as_ref().map_or_else(String::new, postponement)
    }
}

/// The script from `$Directory` on: sets `$file`, goes on if `guard` lets it, connects by `connect`, does the job, and disconnects
/// whatever happened.
fn script(job: &Job, connect: &str, guard: &str) -> String {
    let Job { file, functions, body, .. } = job;
    format!(
        "\
$ErrorActionPreference = 'Stop'

{functions}New-Item -ItemType Directory -Path $Directory -Force | Out-Null
{file}{guard}
try {{
{}{}}} finally {{
    # Where there is no module, that is the error to be seen.
    if (Get-Command Disconnect-ExchangeOnline -ErrorAction Ignore) {{ Disconnect-ExchangeOnline -Confirm:$false }}
}}
",
        indented(connect, 4),
        indented(body, 4)
    )
}

/// The first lines of a script: what it is and what it needs.
fn heading(job: &Job, handover: &Handover) -> String {
    let mut out = format!(
        "# {} from {}, as the application {} ({}).\n",
        job.title,
        comment(&handover.organization),
        comment(&handover.handle),
        comment(&handover.display_name)
    );
    for remark in job.remarks {
        let _ = writeln!(out, "# {remark}");
    }
    out
}

/// The same lines further to the right; empty ones stay empty.
fn indented(text: &str, by: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', by));
            out += line;
        }
        out.push('\n');
    }
    out
}
