//! From YAML files to [`Desired`], or to every problem at once, each with its place.
//!
//! A file goes through here in five steps: read within limits (`files`), parsed into a tree that knows its places
//! (`tree`), held against the JSON Schema (`shape`), read into types (`specification`), lowered with the defaults and
//! checked for sense against the catalog (`estate` and what it calls). What is wrong is taken out and reported, and the
//! rest goes on, so that one mistake does not hide the next. Only files are read here; no tenant is asked, and no
//! secret is ever held.

mod application;
mod baseline;
mod certificates;
mod cursor;
mod estate;
mod exchange;
mod expiry;
mod files;
mod findings;
mod format;
mod handles;
mod partition;
mod permissions;
mod policies;
mod report;
mod roles;
mod schema;
mod secrets;
mod shape;
mod source;
mod specification;
mod specification_certificate;
mod specification_exchange;
mod specification_policy;
mod texts;
mod tree;

use std::path::{Path, PathBuf};

use crate::model::{Desired, Problem, Severity};

pub use baseline::{LoadedBaseline, baseline_text, load_baseline};
pub use format::{FormattedFile, Formatting, LeftAlone, format, format_text, without_secrets};
pub use partition::{EstatePaths, OfNoEstate, estates};
pub use report::render_problems;
pub use schema::schema;
pub use source::Sources;

use estate::CheckedFile;
use findings::Findings;

/// What came of reading manifests.
#[derive(Debug)]
pub struct Loaded {
    /// There only when no problem is an error.
    pub desired: Option<Desired>,
    /// By place; those without one come first.
    pub problems: Vec<Problem>,
    /// The texts that the problems point into.
    pub sources: Sources,
}

/// Reads the manifests under `paths`, files or directories, as one estate.
///
/// Relative paths begin at `working_directory`, in which nothing is written.
pub fn load(paths: &[PathBuf], working_directory: &Path) -> Loaded {
    let mut findings = Findings::default();
    let (read, problems) = files::read(paths, working_directory);
    // What is missing can be told only when everything was read.
    let mut complete = problems.is_empty();
    findings.problems.extend(problems);
    if read.is_empty() && complete {
        findings.problems.push(Problem::error("there are no manifests to read"));
        complete = false;
    }
    let mut sources = Sources::default();
    let mut checked = Vec::new();
    for file in read {
        if file.is_text {
            let (tree, problems) = tree::parse(&file.source);
            complete &= tree.is_some();
            findings.problems.extend(problems);
            if let Some(written) = tree
                && let Some(sound) = shape::check(&written, schema::value(), &mut findings)
            {
                checked.push(CheckedFile { written, sound, directory: file.directory });
            } else {
                complete = false;
            }
        }
        sources.insert(file.source);
    }
    let desired = estate::lower(&checked, complete, &mut findings);
    sources.hide(&findings.secrets);
    let problems = in_order(findings.problems);
    let is_sound = problems.iter().all(|problem| problem.severity == Severity::Warning);
    Loaded { desired: is_sound.then_some(desired), problems, sources }
}

/// By place, and each once: what is wrong with a default is wrong with every application that takes it.
fn in_order(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by(|one, other| {
        let key = |problem: &Problem| {
            problem.place.as_ref().map(|place| (std::sync::Arc::clone(&place.file), place.start, place.end))
        };
        key(one).cmp(&key(other)).then_with(|| one.message.cmp(&other.message))
    });
    problems.dedup();
    problems
}
