//! A plan as JUnit: what is as declared passes, what is not fails, and findings stand beside it.

use std::collections::BTreeMap;

use crate::model::{Finding, Plan, Severity, Step};

use super::junit::{Case, Suite, Verdict, document};
use super::paint::Paint;
use super::rules::{explanation, sentence};
use super::{because, headline, shown, text};

/// A suite for each application or user, a case for each of its resources and findings.
pub fn junit(plan: &Plan) -> String {
    let plan = &*shown(plan);
    let mut suites: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    let mut put = |holder, name: String, verdict| {
        let case = Case { class: String::from(holder), name, verdict };
        suites.entry(holder).or_default().push(case);
    };
    for step in &plan.steps {
        put(&step.address.holder, step.address.to_string(), of_step(step));
    }
    for address in &plan.unchanged {
        put(&address.holder, address.to_string(), Verdict::Passed { said: Vec::new() });
    }
    for finding in &plan.findings {
        let subject = if finding.subject.is_empty() { String::new() } else { format!(" {}", finding.subject) };
        let name = format!("{} {}{subject}", finding.rule.code(), finding.address);
        put(&finding.address.holder, name, of_finding(plan, finding));
    }
    let suites = suites.into_iter().map(|(name, cases)| Suite { name: name.to_owned(), cases });
    document(if plan.drift { "accredit drift" } else { "accredit plan" }, &suites.collect::<Vec<_>>())
}

fn of_step(step: &Step) -> Verdict {
    let mut details = String::new();
    text::block(&mut details, step, Paint::PLAIN);
    Verdict::Failed {
        kind: step.action.as_str().to_owned(),
        message: format!("{}: {}", headline(step), because(&step.reason)),
        details: details.trim_end().to_owned(),
    }
}

/// What nobody has to act on today does not turn a pipeline red.
fn of_finding(plan: &Plan, finding: &Finding) -> Verdict {
    let message = sentence(plan, finding);
    if let Some(terms) = &finding.circumstances.accepted {
        return Verdict::Passed {
            said: vec![format!("{message}; {} accepts it until {}", terms.owner, terms.expires)],
        };
    }
    match finding.severity {
        // What drift finds has to be looked at, however grave.
        Severity::Warning if !plan.drift => Verdict::Passed { said: vec![message] },
        Severity::Error | Severity::Warning => Verdict::Failed {
            kind: finding.rule.code().to_owned(),
            message,
            details: explanation(finding.rule).help.to_owned(),
        },
    }
}
