//! The manifests that a command was given, with their problems shown.

use std::path::{Path, PathBuf};

use crate::manifest::{self, Loaded, Sources};
use crate::model::{Desired, Problem};

use super::Target;
use super::console::Console;
use super::failure::Failure;

/// The working directory, at which relative paths begin.
pub(super) fn working_directory() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|error| Failure::new("the working directory cannot be read", error))
}

/// What the manifests ask for; every problem that stands in the way is on the console.
pub(super) fn load(console: &Console, paths: &[PathBuf], directory: &Path) -> Result<(Desired, Sources), Failure> {
    sound(console, manifest::load(paths, directory))
}

/// What manifests that were read ask for, as [`load`] gives it.
pub(super) fn sound(console: &Console, loaded: Loaded) -> Result<(Desired, Sources), Failure> {
    show(console, &loaded.problems, &loaded.sources);
    Ok((loaded.desired.ok_or_else(|| Failure::of_problems(&loaded.problems))?, loaded.sources))
}

/// Tells words apart that may be handles or paths, as other commands are given them: what the manifests declare is a handle, and
/// what else is there on the disk is where the manifests lie. Gives the handles, and has the target lead to the rest.
pub(super) fn handles_among(words: Vec<String>, target: &mut Target) -> Result<Vec<String>, Failure> {
    let on_disk = |word: &String| Path::new(word).exists();
    if !words.iter().any(on_disk) {
        return Ok(words);
    }
    let desired = manifest::load(&target.paths, &working_directory()?).desired;
    let is_declared = |word: &str| desired.as_ref().is_some_and(|desired| desired.applications.contains_key(word));
    let (lead, handles): (Vec<String>, Vec<String>) =
        words.into_iter().partition(|word| on_disk(word) && !is_declared(word));
    target.lead_to(lead);
    Ok(handles)
}

pub(super) fn show(console: &Console, problems: &[Problem], sources: &Sources) {
    if !problems.is_empty() {
        console.say(manifest::render_problems(problems, sources, console.talk.color).trim_end());
    }
}
