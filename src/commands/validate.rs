//! `accredit validate`: the manifests alone.

use std::path::PathBuf;

use crate::manifest;

use super::console::Console;
use super::{Exit, Failure};

pub(super) fn run(console: &Console, paths: &[PathBuf]) -> Result<Exit, Failure> {
    let directory =
        std::env::current_dir().map_err(|error| Failure::new("the working directory cannot be read", error))?;
    let loaded = manifest::load(paths, &directory);
    if !loaded.problems.is_empty() {
        console.say(manifest::render_problems(&loaded.problems, &loaded.sources, console.talk.color).trim_end());
    }
    let Some(desired) = loaded.desired else { return Err(Failure::said()) };
    console.data(&format!(
        "{} {} of the estate `{}` for {}.\n",
        console.paint.bold(&console.paint.green("Valid:")),
        match desired.applications.len() {
            1 => "1 application".to_owned(),
            number => format!("{number} applications"),
        },
        desired.estate,
        desired.tenant
    ))?;
    Ok(Exit::Success)
}
