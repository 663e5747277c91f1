//! `accredit schema`, `completions` and `man`: what is made from the program itself.

use std::path::Path;

use clap_complete::Shell;

use crate::{manifest, saved};

use super::console::Console;
use super::{Exit, Failure};

pub(super) fn schema(console: &Console, of_plans: bool, file: Option<&Path>) -> Result<Exit, Failure> {
    let schema = if of_plans { saved::schema() } else { manifest::schema() };
    match file {
        None => console.data(&schema)?,
        Some(file) => std::fs::write(file, schema)
            .map_err(|error| Failure::new(format!("the schema could not be written to `{}`", file.display()), error))?,
    }
    Ok(Exit::Success)
}

pub(super) fn completions(console: &Console, shell: Shell, mut command: clap::Command) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "accredit", &mut script);
    console.data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}

pub(super) fn manual(console: &Console, directory: &Path, command: clap::Command) -> Result<Exit, Failure> {
    let failed =
        |error| Failure::new(format!("the manual pages could not be written to `{}`", directory.display()), error);
    std::fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(command, directory).map_err(failed)?;
    console.say(&format!("The manual pages are in `{}`.", directory.display()));
    Ok(Exit::Success)
}
