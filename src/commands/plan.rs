//! `accredit plan`: what apply would do.

use std::path::PathBuf;

use crate::kinds::Intent;
use crate::patience::Patience;
use crate::plan::{Limits, approve};
use crate::saved::MadeFrom;

use super::console::Console;
use super::estates::{self, Estates, Layout, Report, Selection};
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
    pub selection: Selection,
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let selection = arguments.selection;
    let several = match estates::find(console, &arguments.target.paths, selection)? {
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
    estates::each(console, several, layout, selection.at_once, work).await
}

/// Makes the plan of one estate. Where it is the only one, the plan is printed before what is remarked of it.
async fn made(
    console: &Console,
    arguments: &Arguments,
    target: Target,
    layout: Layout,
    is_alone: bool,
) -> Result<Report, Failure> {
    let Arguments { target: _, destroy, format, out, sign, detailed_exitcode, selection: _ } = arguments;
    let key = sign.as_deref().map(saved::signing_key).transpose()?;
    let (paths, only) = (target.paths.clone(), target.only.clone());
    let session = Session::open(console, target, Patience::PROPAGATION_TIMEOUT).await?.yielding();
    let snapshot = session.snapshot(console).await?;
    let intent = if *destroy { Intent::Destroy } else { Intent::Reconcile };
    let plan = session.plan(console, &snapshot, intent)?;
    let text = rendered(console, &plan, *format);
    if is_alone {
        console.data(&text)?;
    }
    rights::remark(console, &session, &plan);
    if let Err(refusal) = approve(plan.clone(), Limits::default()) {
        console.say(&format!("\nNote: {refusal}, which `apply` refuses: {}.", refusal.hint()));
    }
    if let Some(file) = out {
        let paths = paths.iter().map(|path| path.display().to_string()).collect();
        let made_from = MadeFrom { paths, manifests: session.manifests(), only, destroy: *destroy };
        saved::save(file, &plan, &made_from, key.as_ref())?;
        console.say(&format!(
            "\nSaved the plan to `{0}`: `accredit show {0}` shows it again, `accredit apply {0}` carries it out.",
            file.display()
        ));
    }
    let exit = if *detailed_exitcode && !plan.is_empty() { Exit::Changes } else { Exit::Success };
    Ok(Report::of_plan(text, layout, exit))
}
