//! What there is to type after `fmt`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::{MANIFESTS, fmt};

#[derive(Debug, Args)]
pub(super) struct FmtArguments {
    /// Manifest files, or directories of them; `-` is standard input, which goes to standard output.
    #[arg(default_value = MANIFESTS)]
    paths: Vec<PathBuf>,
    /// Write nothing; name the files that are not in form, and exit with 2 if there are any.
    #[arg(long)]
    check: bool,
    /// Write nothing, and show what would change.
    #[arg(long)]
    diff: bool,
}

impl From<FmtArguments> for fmt::Arguments {
    fn from(arguments: FmtArguments) -> Self {
        let FmtArguments { paths, check, diff } = arguments;
        Self { paths, check, diff }
    }
}
