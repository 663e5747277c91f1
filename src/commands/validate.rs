//! `accredit validate`: the manifests alone.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::merge::Outcome;
use crate::model::{Desired, Finding, Problem, Severity};
use crate::policy;

use super::console::Console;
use super::estates::{self, Estates, Layout, Report, Share};
use super::{Exit, Failure, manifests};

/// What was typed after `validate`.
#[derive(Debug)]
pub struct Arguments {
    pub paths: Vec<PathBuf>,
    pub share: Share,
    pub json: bool,
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { paths, share, json } = arguments;
    let layout = if json { Layout::Json } else { Layout::Text };
    let several = match estates::find(console, &paths, share)? {
        Estates::One(paths) if !json => {
            console.data(&valid(console, &paths)?.text)?;
            return Ok(Exit::Success);
        }
        Estates::One(paths) => {
            let found = crate::manifest::estates(&paths, &manifests::working_directory()?)?;
            (found, None)
        }
        Estates::Several { estates, shard } => (estates, shard),
    };
    let work = |paths: Vec<PathBuf>| async move { valid(console, &paths) };
    estates::each(console, several, layout, 1, work).await
}

fn valid(console: &Console, paths: &[PathBuf]) -> Result<Report, Failure> {
    let (desired, sources) = manifests::load(console, paths, &manifests::working_directory()?)?;
    let findings = policy::declared(&desired);
    let problems: Vec<Problem> = findings.iter().map(|finding| problem(finding, &desired)).collect();
    manifests::show(console, &problems, &sources);
    let denied: BTreeSet<&String> =
        findings.iter().filter(|it| it.severity == Severity::Error).map(|finding| &finding.subject).collect();
    if !denied.is_empty() {
        let names: Vec<String> = denied.iter().map(|name| format!("`{name}`")).collect();
        let (policies, deny) = if names.len() == 1 { ("policy", "denies") } else { ("policies", "deny") };
        return Err(Failure::message(format!("the {policies} {} {deny} what the manifests say", names.join(", "))));
    }
    let applications = desired.applications.len();
    let text = format!(
        "{} {} of the estate `{}` for {}.\n",
        console.paint.bold(&console.paint.green("Valid:")),
        match applications {
            1 => "1 application".to_owned(),
            number => format!("{number} applications"),
        },
        desired.estate,
        desired.tenant
    );
    Ok(Report { text, outcome: Outcome::Valid { applications }, exit: Exit::Success })
}

/// A finding with both of its places: what is out of line, and the policy that says so.
fn problem(finding: &Finding, desired: &Desired) -> Problem {
    let problem = match finding.severity {
        Severity::Error => Problem::error(format!("{}: {}", finding.address, finding.message)),
        Severity::Warning => Problem::warning(format!("{}: {}", finding.address, finding.message)),
    };
    let problem = finding.place.iter().fold(problem, Problem::at);
    let policy = desired.policies.get(&finding.subject);
    policy.iter().fold(problem, |problem, policy| problem.related(&policy.place, "the policy"))
}
