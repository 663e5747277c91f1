//! `accredit validate`: the manifests alone.

use std::path::PathBuf;

use super::console::Console;
use super::{Exit, Failure, manifests};

pub(super) fn run(console: &Console, paths: &[PathBuf]) -> Result<Exit, Failure> {
    let (desired, _) = manifests::load(console, paths, &manifests::working_directory()?)?;
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
