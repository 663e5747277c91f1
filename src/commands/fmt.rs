//! `accredit fmt`: manifests in their one form.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use similar::TextDiff;

use crate::manifest::{self, FormattedFile, Formatting};
use crate::render::printable;

use super::console::Console;
use super::{Exit, Failure, manifests, written};

/// What was typed after `fmt`.
#[derive(Debug)]
pub struct Arguments {
    pub paths: Vec<PathBuf>,
    /// Name the files that are not in form.
    pub check: bool,
    /// Show what would change.
    pub diff: bool,
}

/// How standard input is called where files are.
const STANDARD_INPUT: &str = "standard input";

pub(super) fn run(console: &Console, arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { paths, check, diff } = arguments;
    let is_standard_input = |path: &PathBuf| path == Path::new("-");
    let reads_standard_input = paths.iter().any(is_standard_input);
    if reads_standard_input && paths.len() > 1 {
        return Err(
            Failure::message("`-` is standard input, and other paths were given beside it").hint("give it alone")
        );
    }
    let formatting = if reads_standard_input {
        manifest::format_text(STANDARD_INPUT, &standard_input()?)
    } else {
        manifest::format(paths, &manifests::working_directory()?)
    };
    let Formatting { files, problems, sources } = formatting;
    manifests::show(console, &problems, &sources);
    let mut failed = !problems.is_empty();
    let mut is_out_of_form = false;
    for file in &files {
        let name = printable(&file.path.display().to_string());
        if let Some(why) = file.left_alone {
            console.say(&format!("Left as it is: `{name}`; {}.", why.why()));
        }
        let changes = file.after != file.before;
        is_out_of_form |= changes;
        if changes && *check && !*diff {
            console.data(&format!("{name}\n"))?;
        }
        if changes && *diff {
            console.data(&difference(&name, file))?;
        }
        if *check || *diff {
            continue;
        }
        if reads_standard_input {
            console.data(&file.after)?;
        } else if changes {
            match written::replace(&file.path, &file.after) {
                Ok(()) => console.data(&format!("{name}\n"))?,
                Err(error) => {
                    failed = true;
                    console.failure(&Failure::new(format!("`{name}` could not be written"), error));
                }
            }
        }
    }
    if failed {
        return Err(Failure::said());
    }
    Ok(if *check && is_out_of_form { Exit::Changes } else { Exit::Success })
}

fn standard_input() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().read_to_string(&mut text);
    read.map_err(|error| Failure::new("standard input could not be read", error))?;
    Ok(text)
}

/// What would change in one file, without what looks like a secret: a difference ends up in logs.
fn difference(name: &str, file: &FormattedFile) -> String {
    let (before, after) = (manifest::without_secrets(&file.before), manifest::without_secrets(&file.after));
    let difference = TextDiff::from_lines(&before, &after);
    let shown = difference.unified_diff().context_radius(3).header(name, &format!("{name} (in form)")).to_string();
    if shown.is_empty() { format!("{name} differs in what is not shown\n") } else { shown }
}
