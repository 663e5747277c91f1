//! Views of a plan and of what became of it. Everything here is made from the one plan value, so no two views can
//! disagree; nothing here prints.

mod diagnosis;
mod inspection;
mod json;
mod markdown;
mod paint;
mod rights;
mod risk;
mod rotation;
mod text;
mod value;
mod verification;

pub use diagnosis::{diagnosis_json, examination_text, recognition_text};
pub use inspection::{inspection_json, inspection_text};
pub use json::{FORMAT_VERSION, InvalidPlan, from_json, json};
pub use markdown::markdown;
pub use paint::Paint;
pub use rotation::rotation;
pub use text::{summary, text};
pub use value::{inline, printable};
pub use verification::{unverified_json, unverified_junit, verification_json, verification_junit, verification_text};

use crate::model::{Action, Period, Reason, Step};

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
        Reason::Rotated => "`accredit rotate` was asked for".to_owned(),
        Reason::Signed => "an authority has signed what was requested".to_owned(),
        Reason::Unproven => "the certificate takes over once it has signed in".to_owned(),
        Reason::Foreign => "it is declared nowhere, and `foreignCredentials: remove` is said".to_owned(),
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
