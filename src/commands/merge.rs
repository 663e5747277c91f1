//! `accredit merge`: the results of several runs as one document.

use std::path::PathBuf;

use crate::merge::{MergeError, Merged, Part, merge};

use super::console::Console;
use super::{Exit, Failure};

/// What was typed after `merge`.
#[derive(Debug)]
pub struct Arguments {
    pub files: Vec<PathBuf>,
    /// Whether results of which some shards are missing are good enough.
    pub allow_missing: bool,
}

pub(super) fn run(console: &Console, arguments: &Arguments) -> Result<Exit, Failure> {
    let mut parts = Vec::new();
    for file in &arguments.files {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file);
        let text = text.map_err(|error| Failure::new(format!("the result `{name}` could not be read"), error))?;
        parts.push(Part { name, text });
    }
    let Merged { text, missing, failed } = merge(&parts).map_err(|error| {
        let hint = match error {
            MergeError::NotAResult { .. } | MergeError::Differ { .. } => {
                "`merge` takes what runs print as JSON, JSON lines or SARIF, one form at a time"
            }
            MergeError::Twice { .. } => "give each result once",
            MergeError::OtherShards { .. } => "give the results of one run",
        };
        Failure::from(error).hint(hint)
    })?;
    if !missing.is_empty() && !arguments.allow_missing {
        return Err(Failure::message(format!("there is no result of the shards {}", missing.join(", ")))
            .hint("run them again, or merge what is there with `--allow-missing`"));
    }
    console.data(&text)?;
    if !missing.is_empty() {
        console.say(&format!("Note: there is no result of the shards {}.", missing.join(", ")));
    }
    if failed.is_empty() {
        return Ok(Exit::Success);
    }
    Err(Failure::message(format!("there is no result but an error for {}", failed.join(", "))))
}
