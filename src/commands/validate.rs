//! `accredit validate`: the manifests alone.

use std::path::PathBuf;

use crate::merge::Outcome;

use super::console::Console;
use super::estates::{self, Estates, Layout, Report, Selection};
use super::{Exit, Failure, manifests};

/// What was typed after `validate`.
#[derive(Debug)]
pub struct Arguments {
    pub paths: Vec<PathBuf>,
    pub selection: Selection,
    pub json: bool,
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { paths, selection, json } = arguments;
    let layout = if json { Layout::Json } else { Layout::Text };
    let several = match estates::find(console, &paths, selection)? {
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
    let (desired, _) = manifests::load(console, paths, &manifests::working_directory()?)?;
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
