//! Views of a plan and of what became of it. Everything here is made from the one plan value, so no two views can
//! disagree; nothing here prints.

mod cases;
mod diagnosis;
mod drift;
mod events;
mod github;
mod gitlab;
mod html;
mod inspection;
mod json;
mod junit;
mod markdown;
mod paint;
mod rights;
mod risk;
mod rotation;
mod rules;
mod sarif;
mod text;
mod value;
mod verification;

pub use cases::junit;
pub use diagnosis::{diagnosis_json, examination_text, recognition_text};
pub use drift::drift_text;
pub use events::{EVENTS_VERSION, Event, json_lines};
pub use github::github;
pub use gitlab::gitlab;
pub use html::html;
pub use inspection::{inspection_json, inspection_text};
pub use json::{Document, FORMAT_VERSION, InvalidPlan, from_json, json};
pub use markdown::markdown;
pub use paint::Paint;
pub use rotation::rotation;
pub use sarif::sarif;
pub use text::{summary, text};
pub use value::{inline, printable};
pub use verification::{unverified_json, unverified_junit, verification_json, verification_junit, verification_text};

use std::borrow::Cow;

use crate::model::{Action, Counts, Finding, Period, Plan, Reason, Step};

/// The symbol of an action, as Terraform's users know it.
pub fn symbol(action: &Action) -> &'static str {
    match action {
        Action::Create { .. } => "+",
        Action::Update { .. } => "~",
        Action::Renew { .. } => "+/-",
        Action::Prove { .. } => "<=",
        Action::Delete { .. } => "-",
    }
}

/// The first line over a step: what will happen to what.
fn headline(step: &Step) -> String {
    let will = match &step.action {
        Action::Create { .. } => "will be created",
        Action::Update { .. } => "will be updated in-place",
        Action::Renew { .. } => "must be replaced, the new one beside the old",
        Action::Prove { .. } => "will sign in",
        Action::Delete { .. } => "will be destroyed",
    };
    format!("{} {will}", step.address)
}

/// Why, in words.
fn because(reason: &Reason) -> String {
    match reason {
        Reason::Missing => "it is declared and not there".to_owned(),
        Reason::Differs => "it is not as declared".to_owned(),
        Reason::CannotChangeInPlace => "what differs cannot be changed in place".to_owned(),
        Reason::Undeclared => "it is there, and the list it belongs to does not declare it".to_owned(),
        Reason::RemovedFromManifests => "its application is in no manifest any more".to_owned(),
        Reason::Destroyed => "`accredit destroy` was asked for".to_owned(),
        Reason::Expires { days, renew_before } => {
            let before = renew_before.parse().map_or_else(|_| renew_before.clone(), Period::in_words);
            format!("expires in {}, policy renews {before} before", count(*days, "day"))
        }
        Reason::Expired { days } => format!("expired {} ago", count(*days, "day")),
        Reason::Rotated => "`accredit rotate` or `--replace` was asked for".to_owned(),
        Reason::Signed => "an authority has signed what was requested".to_owned(),
        Reason::Unproven => "the certificate takes over once it has signed in".to_owned(),
        Reason::Foreign => "it is declared nowhere, and `foreignCredentials: remove` is said".to_owned(),
        Reason::Moved { from } => format!("its application had the handle `{from}`"),
        Reason::LetGo => "`removed` says that it is let go of and stays".to_owned(),
        Reason::Ended => "its end has passed, and `prune: expired` is said".to_owned(),
    }
}

/// `1 day`, `12 days`.
fn count(number: impl Into<i64>, noun: &str) -> String {
    match number.into() {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// `Plan: 6 to add, 0 to change, 0 to destroy.`
fn counted(counts: Counts) -> String {
    let Counts { add, change, destroy } = counts;
    format!("Plan: {add} to add, {change} to change, {destroy} to destroy.")
}

/// What views show of a plan: where it only tells what is not as declared, nothing that an apply would do.
fn shown(plan: &Plan) -> Cow<'_, Plan> {
    if !plan.drift {
        return Cow::Borrowed(plan);
    }
    Cow::Owned(Plan { steps: Vec::new(), ..plan.clone() })
}

/// What a plan comes to, as a title.
fn title(plan: &Plan) -> String {
    if plan.drift {
        drift::counted(plan)
    } else if plan.is_empty() {
        "No changes".to_owned()
    } else {
        counted(plan.counts()).trim_start_matches("Plan: ").trim_end_matches('.').to_owned()
    }
}

/// What somebody has accepted, as a sentence; `None` where that is nothing.
fn accepted(plan: &Plan) -> Option<String> {
    let accepted = plan.findings.iter().filter(|finding| finding.circumstances.accepted.is_some()).count();
    let number = i64::try_from(accepted).unwrap_or(i64::MAX);
    (accepted > 0).then(|| format!("a baseline accepts {}", count(number, "finding")))
}

/// The findings that nobody has accepted, the gravest first, otherwise in the order that they have.
fn open(plan: &Plan) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> =
        plan.findings.iter().filter(|finding| finding.circumstances.accepted.is_none()).collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    sorted
}

/// A file as services name it, from the root of a repository on, if it was given like that.
fn relative(file: &str) -> String {
    let file = file.replace('\\', "/");
    file.strip_prefix("./").unwrap_or(&file).to_owned()
}
