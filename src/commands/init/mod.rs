//! `accredit init`: a first manifest, and files for pipelines.

mod answers;
mod first_manifest;
mod pipelines;
mod purpose;

use std::path::{Path, PathBuf};

use crate::manifest;

use super::console::Console;
use super::{Exit, Failure, manifests, written};

pub use pipelines::Pipelines;
pub use purpose::Purpose;

/// What was typed after `init`.
#[derive(Clone, Debug)]
pub struct Arguments {
    pub tenant: Option<String>,
    pub estate: Option<String>,
    pub handle: Option<String>,
    pub display_name: Option<String>,
    pub purpose: Option<Purpose>,
    pub store: Option<String>,
    pub owners: Vec<String>,
    /// Where manifests lie.
    pub directory: PathBuf,
    /// Take the default of everything that was not said.
    pub yes: bool,
    /// Write over files that are there.
    pub force: bool,
    pub pipelines: Vec<Pipelines>,
}

impl Arguments {
    /// Whether pipelines alone are wanted.
    fn are_of_pipelines(&self) -> bool {
        let says = [&self.tenant, &self.estate, &self.handle, &self.display_name, &self.store];
        let of_manifest = says.into_iter().any(Option::is_some) || self.purpose.is_some() || !self.owners.is_empty();
        !self.pipelines.is_empty() && !of_manifest
    }
}

pub(super) fn run(console: &Console, arguments: &Arguments) -> Result<Exit, Failure> {
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    let mut first = None;
    if !arguments.are_of_pipelines() {
        let answers = answers::take(console, arguments)?;
        let file = arguments.directory.join(format!("{}.yaml", answers.handle));
        // The form is that of `accredit fmt`, whatever the answers are.
        let text = first_manifest::written(&answers, &arguments.directory);
        let formatting = manifest::format_text(&file.display().to_string(), &text);
        manifests::show(console, &formatting.problems, &formatting.sources);
        let text = formatting.files.into_iter().next().ok_or_else(Failure::said)?.after;
        first = Some(file.clone());
        files.push((file, text));
    }
    for pipelines in &arguments.pipelines {
        files.extend(pipelines.files().iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())));
    }
    if let Some((there, _)) = files.iter().find(|(file, _)| !arguments.force && is_there(file)) {
        return Err(Failure::message(format!("`{}` is there already, and nothing was written", there.display()))
            .hint("`--force` writes over it"));
    }
    for (file, text) in &files {
        let done = if is_there(file) { written::replace(file, text) } else { written::create(file, text) };
        done.map_err(|error| Failure::new(format!("`{}` could not be written", file.display()), error))?;
        console.data(&format!("{}\n", file.display()))?;
    }
    if let Some(file) = first {
        let loaded = manifest::load(std::slice::from_ref(&arguments.directory), &manifests::working_directory()?);
        manifests::show(console, &loaded.problems, &loaded.sources);
        if loaded.desired.is_none() {
            return Err(Failure::message(format!("`{}` was written, and has to be changed by hand", file.display())));
        }
        let directory = arguments.directory.display();
        console.say(&format!(
            "\nRead it, change what does not fit, and then:\n  accredit plan --emulator {directory}   # rehearse, with no tenant\n  accredit plan {directory}              # show what would change"
        ));
    }
    for pipelines in &arguments.pipelines {
        console.say(&format!("\n{}", pipelines.next()));
    }
    Ok(Exit::Success)
}

/// Whether there is anything at all, be it a link that leads nowhere.
fn is_there(file: &Path) -> bool {
    file.symlink_metadata().is_ok()
}
