//! `accredit plan`: what apply would do.

use std::path::PathBuf;

use crate::kinds::Intent;
use crate::patience::Patience;
use crate::plan::{Limits, Refusal, approve};
use crate::saved::MadeFrom;

use super::console::Console;
use super::estates::{self, Estates, Layout, Report, Share};
use super::policies::policies;
use super::session::Session;
use super::show::rendered;
use super::{Address, Exit, Failure, Format, Target, rights, saved};

/// What was typed after `plan`.
#[derive(Debug)]
pub struct Arguments {
    pub target: Target,
    /// What is to be made anew.
    pub replace: Vec<Address>,
    pub destroy: bool,
    /// Whether it was asked for as if there were a state to refresh.
    pub refresh_only: bool,
    pub format: Format,
    pub out: Option<PathBuf>,
    /// The private key that the saved plan is signed with.
    pub sign: Option<PathBuf>,
    pub detailed_exitcode: bool,
    /// Files and directories of policies in Rego.
    pub policy: Vec<PathBuf>,
    pub share: Share,
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    if arguments.refresh_only {
        return Err(nothing_to_refresh());
    }
    let share = arguments.share;
    let several = match estates::find(console, &arguments.target.paths, share)? {
        Estates::One(_) => {
            return Ok(made(console, &arguments, arguments.target.clone(), Layout::Lines, true).await?.exit);
        }
        Estates::Several { estates, shard } => (estates, shard),
    };
    if arguments.out.is_some() {
        return Err(Failure::message("a saved plan is of one estate, and there are several")
            .hint("plan each of them with `--out` by itself"));
    }
    let layout = Layout::of(arguments.format)?;
    let work = |paths| made(console, &arguments, Target { paths, ..arguments.target.clone() }, layout, false);
    estates::each(console, several, layout, share.at_once, work).await
}

/// Makes the plan of one estate. Where it is the only one, the plan is printed before what is remarked of it.
async fn made(
    console: &Console,
    arguments: &Arguments,
    target: Target,
    layout: Layout,
    is_alone: bool,
) -> Result<Report, Failure> {
    let Arguments { replace, destroy, format, out, sign, detailed_exitcode, policy, .. } = arguments;
    let key = sign.as_deref().map(saved::signing_key).transpose()?;
    let rego = policies(policy)?;
    let (paths, selection) = (target.paths.clone(), target.selection.clone());
    let session = Session::open(console, target, Patience::PROPAGATION_TIMEOUT).await?;
    let mut session = session.yielding().judged_by(rego);
    session.replace(replace)?;
    let snapshot = session.snapshot(console).await?;
    let intent = if *destroy { Intent::Destroy } else { Intent::Reconcile };
    let plan = session.plan(console, &snapshot, intent)?;
    let text = rendered(console, &plan, *format);
    if is_alone {
        console.data(&text)?;
    }
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
        let (manifests, replace) = (session.manifests(), replace.clone());
        let made_from = MadeFrom { paths, manifests, selection, replace, destroy: *destroy };
        saved::save(file, &plan, &made_from, key.as_ref())?;
        console.say(&format!(
            "\nSaved the plan to `{0}`: `accredit show {0}` shows it again, `accredit apply {0}` carries it out.",
            file.display()
        ));
    }
    let exit = if *detailed_exitcode && !plan.is_empty() { Exit::Changes } else { Exit::Success };
    Ok(Report::of_plan(text, layout, exit))
}

/// What helps whoever looks for `--refresh-only`. Without a state file there is nothing that could be out of date.
pub(super) fn nothing_to_refresh() -> Failure {
    Failure::message("`--refresh-only` is not needed: Accredit keeps no state, and every plan reads the tenant anew")
        .hint("`accredit drift` shows what differs and what was found, proposes nothing, and exits with 2 where there is anything")
}
