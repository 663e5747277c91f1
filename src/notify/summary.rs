//! What there is to tell of a run, in few words.

use std::collections::BTreeSet;

use crate::model::{Finding, FindingClass, Plan, Severity};

/// What a notification says.
#[derive(Debug)]
pub struct Summary<'a> {
    pub plan: &'a Plan,
    /// What the run fails on, the worst first.
    pub failing: Vec<&'a Finding>,
    pub accepted: usize,
}

impl<'a> Summary<'a> {
    /// `fails` says which findings the run fails on.
    pub fn of(plan: &'a Plan, fails: impl Fn(&Finding) -> bool) -> Self {
        let failing = plan.findings.iter().filter(|finding| fails(finding)).collect();
        let accepted = plan.findings.iter().filter(|finding| finding.circumstances.accepted.is_some()).count();
        Self { plan, failing, accepted }
    }

    pub(super) fn count(&self, severity: Severity) -> usize {
        self.failing.iter().filter(|finding| finding.severity == severity).count()
    }

    /// One line without the names of anything.
    pub(super) fn headline(&self) -> String {
        if self.failing.is_empty() {
            return "Accredit: in line".to_owned();
        }
        let counted = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
        let classes: BTreeSet<FindingClass> = self.failing.iter().map(|finding| finding.rule.class()).collect();
        let classes: Vec<&str> = classes.into_iter().map(FindingClass::code).collect();
        format!(
            "Accredit: {}, {} ({})",
            counted(self.count(Severity::Error), "error"),
            counted(self.count(Severity::Warning), "warning"),
            classes.join(", ")
        )
    }

    pub(super) fn context(&self) -> String {
        let Plan { organization, estate, now, .. } = self.plan;
        format!("{organization}, estate {estate}, {}", now.strftime("%Y-%m-%d %H:%M UTC"))
    }

    /// The worst findings, one line each, and how many are left out.
    pub(super) fn lines(&self, most: usize) -> (Vec<String>, usize) {
        const LONGEST: usize = 300;
        let line = |finding: &&Finding| {
            let text = format!("{} {}: {}", finding.address, finding.rule.code(), finding.message);
            // What a tenant calls its things may hold anything.
            let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            if text.chars().count() <= LONGEST {
                text
            } else {
                text.chars().take(LONGEST).chain("…".chars()).collect()
            }
        };
        let lines = self.failing.iter().take(most).map(line).collect();
        (lines, self.failing.len().saturating_sub(most))
    }
}
