//! `accredit plan`: what apply would do.

use std::path::{Path, PathBuf};

use crate::kinds::Intent;
use crate::patience::Patience;
use crate::plan::{Limits, approve};
use crate::render;

use super::console::Console;
use super::session::Session;
use super::show::rendered;
use super::{Exit, Failure, Format, Target, rights};

/// What was typed after `plan`.
#[derive(Debug)]
pub struct Arguments {
    pub target: Target,
    pub destroy: bool,
    pub format: Format,
    pub out: Option<PathBuf>,
    pub detailed_exitcode: bool,
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { target, destroy, format, out, detailed_exitcode } = arguments;
    let session = Session::open(console, target, Patience::PROPAGATION_TIMEOUT).await?.yielding();
    let snapshot = session.snapshot(console).await?;
    let intent = if destroy { Intent::Destroy } else { Intent::Reconcile };
    let plan = session.plan(console, &snapshot, intent)?;
    console.data(&rendered(console, &plan, format))?;
    rights::remark(console, &session, &plan);
    if let Err(refusal) = approve(plan.clone(), Limits::default()) {
        console.say(&format!("\nNote: {refusal}, which `apply` refuses: {}.", refusal.hint()));
    }
    if let Some(file) = out {
        save(&file, &render::json(&plan))?;
        console.say(&format!("\nSaved the plan to `{0}`; `accredit show {0}` shows it again.", file.display()));
    }
    Ok(if detailed_exitcode && !plan.is_empty() { Exit::Changes } else { Exit::Success })
}

/// Writes the whole file or leaves what was there; what is no plain file, such as a pipe, is written into.
fn save(file: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let failed =
        |error: std::io::Error| Failure::new(format!("the plan could not be saved to `{}`", file.display()), error);
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    if file.exists() && !file.is_file() {
        return std::fs::write(&file, text).map_err(failed);
    }
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
    draft.write_all(text.as_bytes()).map_err(failed)?;
    draft.as_file().sync_all().map_err(failed)?;
    draft.persist(&file).map_err(|error| failed(error.error))?;
    Ok(())
}
