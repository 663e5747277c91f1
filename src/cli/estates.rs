//! What there is to type where several estates are given, and after `merge`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::{Shard, estates, merge};

#[derive(Debug, Args)]
#[command(next_help_heading = "Several estates")]
pub(super) struct EstatesArguments {
    /// Only this share of the estates, such as `3/16`. Which estate belongs to which follows from its tenant and its name.
    #[arg(long, value_name = "NUMBER/OF", conflicts_with = "shards")]
    shard: Option<Shard>,
    /// The share whose number is in `JOB_COMPLETION_INDEX`, of so many; also by `JOB_COMPLETIONS`.
    #[arg(long, value_name = "OF", value_parser = clap::value_parser!(u32).range(1..))]
    shards: Option<u32>,
    /// How many estates are looked at side by side.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = at_once)]
    estates_at_once: usize,
}

fn at_once(text: &str) -> Result<usize, String> {
    let number = text.parse().map_err(|_| "it is no number".to_owned())?;
    if (1..=64).contains(&number) { Ok(number) } else { Err("it lies between 1 and 64".to_owned()) }
}

impl From<EstatesArguments> for estates::Share {
    fn from(arguments: EstatesArguments) -> Self {
        let EstatesArguments { shard, shards, estates_at_once } = arguments;
        Self { shard, shards, at_once: estates_at_once }
    }
}

#[derive(Debug, Args)]
pub(super) struct MergeArguments {
    /// Results of runs: JSON of several estates or of a plan, JSON lines, or SARIF.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Merge what is there although the results of some shards are missing.
    #[arg(long)]
    allow_missing: bool,
}

impl From<MergeArguments> for merge::Arguments {
    fn from(arguments: MergeArguments) -> Self {
        let MergeArguments { files, allow_missing } = arguments;
        Self { files, allow_missing }
    }
}
