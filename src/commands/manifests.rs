//! The manifests that a command was given, with their problems shown.

use std::path::{Path, PathBuf};

use crate::manifest::{self, Sources};
use crate::model::{Desired, Problem};

use super::console::Console;
use super::failure::Failure;

/// The working directory, at which relative paths begin.
pub(super) fn working_directory() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|error| Failure::new("the working directory cannot be read", error))
}

/// What the manifests ask for; every problem that stands in the way is on the console.
pub(super) fn load(console: &Console, paths: &[PathBuf], directory: &Path) -> Result<(Desired, Sources), Failure> {
    let loaded = manifest::load(paths, directory);
    show(console, &loaded.problems, &loaded.sources);
    Ok((loaded.desired.ok_or_else(Failure::said)?, loaded.sources))
}

pub(super) fn show(console: &Console, problems: &[Problem], sources: &Sources) {
    if !problems.is_empty() {
        console.say(manifest::render_problems(problems, sources, console.talk.color).trim_end());
    }
}
