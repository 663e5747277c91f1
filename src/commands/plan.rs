//! `accredit plan`: what apply would do.

use std::path::PathBuf;

use crate::kinds::Intent;
use crate::patience::Patience;
use crate::plan::{Limits, Refusal, approve};
use crate::saved::MadeFrom;

use super::console::Console;
use super::policies::policies;
use super::session::Session;
use super::show::rendered;
use super::{Exit, Failure, Format, Target, rights, saved};

/// What was typed after `plan`.
#[derive(Debug)]
pub struct Arguments {
    pub target: Target,
    pub destroy: bool,
    pub format: Format,
    pub out: Option<PathBuf>,
    /// The private key that the saved plan is signed with.
    pub sign: Option<PathBuf>,
    pub detailed_exitcode: bool,
    /// Files and directories of policies in Rego.
    pub policy: Vec<PathBuf>,
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { target, destroy, format, out, sign, detailed_exitcode, policy } = arguments;
    let key = sign.as_deref().map(saved::signing_key).transpose()?;
    let rego = policies(&policy)?;
    let (paths, only) = (target.paths.clone(), target.only.clone());
    let session = Session::open(console, target, Patience::PROPAGATION_TIMEOUT).await?.yielding().judged_by(rego);
    let snapshot = session.snapshot(console).await?;
    let intent = if destroy { Intent::Destroy } else { Intent::Reconcile };
    let plan = session.plan(console, &snapshot, intent)?;
    console.data(&rendered(console, &plan, format))?;
    rights::remark(console, &session, &plan);
    let mut denied = None;
    for refusal in approve(plan.clone(), &Limits::default()).err().unwrap_or_default() {
        if let Refusal::Denied { .. } = refusal {
            denied = Some(Failure::message(refusal.to_string()).hint(refusal.hint()));
        } else {
            console.say(&format!("\nNote: {refusal}, which `apply` refuses: {}.", refusal.hint()));
        }
    }
    // Nothing may carry it out, so nobody is to find it.
    if let Some(denied) = denied {
        return Err(denied);
    }
    if let Some(file) = out {
        let paths = paths.iter().map(|path| path.display().to_string()).collect();
        let made_from = MadeFrom { paths, manifests: session.manifests(), only, destroy };
        saved::save(&file, &plan, &made_from, key.as_ref())?;
        console.say(&format!(
            "\nSaved the plan to `{0}`: `accredit show {0}` shows it again, `accredit apply {0}` carries it out.",
            file.display()
        ));
    }
    Ok(if detailed_exitcode && !plan.is_empty() { Exit::Changes } else { Exit::Success })
}
