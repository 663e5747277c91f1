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

/// On a machine that is new for each run. Version 3.9 runs in PowerShell 7.4 and later, 3.10 wants 7.6.
const INSTALL: &str =
    "Install-Module -Name ExchangeOnlineManagement -RequiredVersion 3.9.2 -Scope CurrentUser -Force\n";

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
}

impl Host {
    pub const ALL: [Self; 4] = [Self::TaskScheduler, Self::AzureAutomation, Self::GitHubActions, Self::AzurePipelines];
}

/// A file of a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipeFile {
    /// Below the directory that it is written into.
    pub path: &'static str,
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
    script_file: &'static str,
    registration_file: &'static str,
    workflow_file: &'static str,
    pipeline_file: &'static str,
    /// What stands above everything: rights and limits, as comments without their sign.
    remarks: &'static [&'static str],
    /// Sets `$file` to the path that is written, within `$Directory`.
    file: &'static str,
    /// Functions of its own, or nothing.
    functions: &'static str,
    /// Writes `$file`, once connected.
    body: &'static str,
    /// Whether a machine of one's own may mail what is written.
    is_mailed: bool,
    /// Minute, hour, day of the month, month, day of the week, in UTC.
    schedule: &'static str,
}

/// The script from `$Directory` on: connects by `connect`, does the job, and disconnects whatever happened.
fn script(job: &Job, connect: &str) -> String {
    let Job { file, functions, body, .. } = job;
    format!(
        "\
$ErrorActionPreference = 'Stop'

{functions}New-Item -ItemType Directory -Path $Directory -Force | Out-Null
{file}
try {{
{}{}}} finally {{
    Disconnect-ExchangeOnline -Confirm:$false
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
