//! What happens while a plan is made or carried out, one JSON object a line. `docs/events.md` says what each field means.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{Address, Counts, Finding, Plan, Step, Verification};

use super::rules::sentence;
use super::{because, headline, verification};

/// Major version: a reader must know it. Minor version: events or fields were added.
pub const EVENTS_VERSION: &str = "1.0";

/// Something that happened, as others are told of it.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event<'a> {
    /// The first of all.
    Version {
        format_version: &'static str,
        accredit_version: &'static str,
    },
    /// What the plan is for.
    Tenant {
        tenant: &'a str,
        organization: &'a str,
        estate: &'a str,
    },
    /// A step of the plan, as its JSON has it.
    PlannedStep {
        step: &'a Step,
    },
    /// A finding, as the plan's JSON has it.
    Finding {
        finding: &'a Finding,
        fingerprint: String,
        /// It stands in the message.
        #[serde(skip)]
        sentence: String,
    },
    /// What to know of the plan as a whole.
    Notice {
        notice: &'a str,
    },
    /// How much is planned.
    PlanSummary {
        summary: Counts,
    },
    /// How much was found, where nothing is planned.
    DriftSummary {
        summary: String,
    },
    ApplyStart {
        address: &'a Address,
        action: &'static str,
    },
    /// Told every ten seconds of each step under way.
    ApplyProgress {
        address: &'a Address,
        action: &'static str,
        seconds: u64,
    },
    ApplyComplete {
        address: &'a Address,
        action: &'static str,
        seconds: u64,
    },
    /// `errors` are what failed and what that came from, outermost first.
    ApplyErrored {
        address: &'a Address,
        action: &'static str,
        seconds: u64,
        errors: Vec<String>,
        hint: Option<String>,
    },
    /// A step that was not begun.
    ApplySkipped {
        address: &'a Address,
        because: &'a str,
    },
    /// `seconds` is absent where nobody knows how long.
    Waiting {
        why: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
    },
    /// What was done, also where not everything was.
    ApplySummary {
        summary: Counts,
        complete: bool,
    },
    /// What `--verify` found: the document of `accredit verify --json`.
    Verified {
        verification: serde_json::Value,
    },
    /// The run failed. It is the last of all then.
    Error {
        errors: Vec<String>,
        hint: Option<String>,
    },
}

impl<'a> Event<'a> {
    pub const fn version() -> Self {
        Self::Version { format_version: EVENTS_VERSION, accredit_version: env!("CARGO_PKG_VERSION") }
    }

    pub fn verified(found: &Verification) -> Self {
        Self::Verified { verification: verification::verification_value(found) }
    }

    /// All that there is to say of a plan, in the order in which it is said.
    pub fn of_plan(plan: &'a Plan) -> Vec<Self> {
        let Plan { tenant, organization, estate, steps, findings, notices, .. } = plan;
        let mut events = vec![Self::Tenant { tenant, organization, estate }];
        let finding = |finding: &'a Finding| Self::Finding {
            finding,
            fingerprint: finding.fingerprint(),
            sentence: sentence(plan, finding),
        };
        events.extend(findings.iter().map(finding));
        events.extend(notices.iter().map(|notice| Self::Notice { notice }));
        if plan.drift {
            events.push(Self::DriftSummary { summary: super::title(plan) });
            return events;
        }
        events.extend(steps.iter().map(|step| Self::PlannedStep { step }));
        events.push(Self::PlanSummary { summary: plan.counts() });
        events
    }

    /// The event as one line, with the line end.
    pub fn line(&self, time: Timestamp) -> String {
        #[derive(Serialize)]
        struct Line<'l> {
            time: Timestamp,
            level: &'static str,
            message: String,
            #[serde(flatten)]
            event: &'l Event<'l>,
        }
        let line = Line { time, level: self.level(), message: self.message(), event: self };
        // Every key is text and nothing in an event can fail to serialize.
        serde_json::to_string(&line).expect("an event is always representable as JSON") + "\n"
    }

    fn level(&self) -> &'static str {
        match self {
            Self::ApplyErrored { .. } | Self::Error { .. } => "error",
            Self::Finding { .. } | Self::ApplySkipped { .. } | Self::ApplySummary { summary: _, complete: false } => {
                "warning"
            }
            Self::Version { .. }
            | Self::Tenant { .. }
            | Self::PlannedStep { step: _ }
            | Self::Notice { notice: _ }
            | Self::PlanSummary { summary: _ }
            | Self::DriftSummary { summary: _ }
            | Self::ApplyStart { .. }
            | Self::ApplyProgress { .. }
            | Self::ApplyComplete { .. }
            | Self::Waiting { .. }
            | Self::ApplySummary { summary: _, complete: true }
            | Self::Verified { verification: _ } => "info",
        }
    }

    /// For people. Programs look at the other fields.
    fn message(&self) -> String {
        match self {
            Self::Version { format_version: _, accredit_version } => format!("Accredit {accredit_version}"),
            Self::Tenant { tenant, organization, estate } => {
                format!("the estate {estate} in {organization} ({tenant})")
            }
            Self::PlannedStep { step } => format!("{} ({})", headline(step), because(&step.reason)),
            Self::Finding { finding: _, fingerprint: _, sentence } => sentence.clone(),
            Self::DriftSummary { summary } => summary.clone(),
            Self::Notice { notice } => (*notice).to_owned(),
            Self::PlanSummary { summary } => super::counted(*summary),
            Self::ApplyStart { address, action } => format!("{address}: {action} begins"),
            Self::ApplyProgress { address, action, seconds } => format!("{address}: {action} goes on after {seconds}s"),
            Self::ApplyComplete { address, action, seconds } => {
                format!("{address}: {action} is complete after {seconds}s")
            }
            Self::ApplyErrored { address, action, seconds: _, errors, hint: _ } => {
                format!("{address}: {action} failed: {}", errors.join(": "))
            }
            Self::ApplySkipped { address, because } => format!("{address}: not tried: {because}"),
            Self::Waiting { why, seconds: Some(seconds) } => format!("waiting {seconds}s: {why}"),
            Self::Waiting { why, seconds: None } => format!("waiting: {why}"),
            Self::ApplySummary { summary: Counts { add, change, destroy }, complete } => {
                let how = if *complete { "complete" } else { "incomplete" };
                format!("apply {how}: {add} added, {change} changed, {destroy} destroyed")
            }
            Self::Verified { verification } => {
                let proven = if verification["passed"] == true { "proven" } else { "not proven" };
                format!("the applications are {proven} to work")
            }
            Self::Error { errors, hint: _ } => errors.join(": "),
        }
    }
}

/// The plan as events, all of the instant that it was reckoned for.
pub fn json_lines(plan: &Plan) -> String {
    let events = std::iter::once(Event::version()).chain(Event::of_plan(plan));
    events.map(|event| event.line(plan.now)).collect()
}
