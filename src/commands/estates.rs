//! Several estates in one run: each by itself, one result of all.

use std::path::PathBuf;

use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::manifest::{self, EstatePaths};
use crate::merge::{Outcome, Refusal, Reported, Shard, document, sarif, shard_line};
use crate::render::printable;

use super::console::{Console, environment};
use super::{Exit, Failure, Format, manifests};

/// The number of this pod among those of an Indexed Job of Kubernetes, counted from 0.
const JOB_COMPLETION_INDEX: &str = "JOB_COMPLETION_INDEX";
/// How many pods the job has; the manifest of the job has to pass it on.
const JOB_COMPLETIONS: &str = "JOB_COMPLETIONS";

/// Which of the given estates a run is about, and how many of them at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Share {
    pub shard: Option<Shard>,
    /// How many shards there are, where the number of this one is in the environment.
    pub shards: Option<u32>,
    /// At least 1; 0 counts as 1.
    pub at_once: usize,
}

/// How the results of several estates are put into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One below the other, each under its name.
    Text,
    Markdown,
    /// A document that holds those of the estates.
    Json,
    /// One log with all runs.
    Sarif,
    /// Lines that follow each other.
    Lines,
    /// Lines of JSON that follow each other.
    JsonLines,
}

impl Layout {
    pub(super) fn of(format: Format) -> Result<Self, Failure> {
        match format {
            Format::Text => Ok(Self::Text),
            Format::Markdown => Ok(Self::Markdown),
            Format::Json => Ok(Self::Json),
            Format::JsonLines => Ok(Self::JsonLines),
            Format::Sarif => Ok(Self::Sarif),
            Format::Github => Ok(Self::Lines),
            Format::Html | Format::Gitlab | Format::Junit => {
                Err(Failure::message("this format is of one estate, and there are several")
                    .hint("run each of them by itself, or take text, markdown, JSON, JSON lines or SARIF"))
            }
        }
    }

    /// Whether what an estate prints is JSON that becomes a part of the whole.
    fn is_gathered(self) -> bool {
        matches!(self, Self::Json | Self::Sarif)
    }
}

/// What came of one estate.
#[derive(Debug)]
pub(super) struct Report {
    /// What the verb prints for one estate alone.
    pub(super) text: String,
    pub(super) outcome: Outcome,
    pub(super) exit: Exit,
}

impl Report {
    /// Of a verb that prints a plan, in JSON where the layout is [`Layout::Json`].
    pub(super) fn of_plan(text: String, layout: Layout, exit: Exit) -> Self {
        let plan = if layout.is_gathered() { serde_json::from_str(&text).unwrap_or(Value::Null) } else { Value::Null };
        Self { text, outcome: Outcome::Plan(plan), exit }
    }
}

/// The estates that a run is about: one, that takes the paths as they were given, or several.
#[derive(Debug)]
pub(super) enum Estates {
    One(Vec<PathBuf>),
    Several { estates: Vec<EstatePaths>, shard: Option<Shard> },
}

/// Tells the estates under some paths apart, and takes those of this run's shard.
pub(super) fn find(console: &Console, paths: &[PathBuf], asked: Share) -> Result<Estates, Failure> {
    let shard = shard(asked)?;
    let found = manifest::estates(paths, &manifests::working_directory()?).map_err(|error| {
        Failure::from(error).hint("move it into the directory of its estate, or say `tenant` and `estate` in it")
    })?;
    let Some(shard) = shard else {
        return Ok(match found.as_slice() {
            [_] => Estates::One(paths.to_vec()),
            _ => Estates::Several { estates: found, shard: None },
        });
    };
    let number = found.len();
    let takes = |estate: &EstatePaths| {
        let path = estate.paths.first().map(|path| path.display().to_string()).unwrap_or_default();
        // What does not say whose it is has an error for a result, in one of the shards.
        shard.takes(estate.tenant.as_ref().unwrap_or(&path), estate.estate.as_deref().unwrap_or_default())
    };
    let estates: Vec<EstatePaths> = found.into_iter().filter(takes).collect();
    console.say(&format!("Shard {shard}: {} of {number} estates.", estates.len()));
    Ok(Estates::Several { estates, shard: Some(shard) })
}

/// The shard of this run, by what was typed or by the environment of an Indexed Job.
fn shard(asked: Share) -> Result<Option<Shard>, Failure> {
    if asked.shard.is_some() {
        return Ok(asked.shard);
    }
    let number = |name: &str| -> Result<Option<u32>, Failure> {
        let Some(text) = environment(name) else { return Ok(None) };
        let read =
            text.parse().map_err(|error| Failure::new(format!("the variable {name} is `{}`", printable(&text)), error));
        read.map(Some)
    };
    let of = match asked.shards {
        Some(of) => Some(of),
        None => number(JOB_COMPLETIONS)?,
    };
    let Some(of) = of else { return Ok(None) };
    let Some(index) = number(JOB_COMPLETION_INDEX)? else {
        if asked.shards.is_none() {
            return Ok(None);
        }
        return Err(Failure::message(format!(
            "`--shards` was given, and the variable {JOB_COMPLETION_INDEX} is not set"
        ))
        .hint("an Indexed Job of Kubernetes sets it; elsewhere write `--shard 3/16`"));
    };
    let shard = Shard::new(index.saturating_add(1), of);
    let shard = shard
        .map_err(|error| Failure::new(format!("{JOB_COMPLETION_INDEX} is {index}, and there are {of} shards"), error));
    shard.map(Some)
}

/// Does `work` for each of several estates and prints what came of all. One that fails never keeps the others from being
/// looked at: its error is its result, and the run fails when all are done.
pub(super) async fn each<F, Work>(
    console: &Console,
    (estates, shard): (Vec<EstatePaths>, Option<Shard>),
    layout: Layout,
    at_once: usize,
    work: F,
) -> Result<Exit, Failure>
where
    F: Fn(Vec<PathBuf>) -> Work,
    Work: Future<Output = Result<Report, Failure>>,
{
    let started = estates.into_iter().map(|estate| {
        let done = work(estate.paths.clone());
        async move { (estate, done.await) }
    });
    if let Some(shard) = shard.filter(|_| layout == Layout::JsonLines) {
        console.data(&format!("{}\n", shard_line(shard)))?;
    }
    let mut results = futures_util::stream::iter(started).buffered(at_once.max(1));
    let mut reported: Vec<Reported> = Vec::new();
    let mut tally = Tally::default();
    while let Some((estate, result)) = results.next().await {
        let name = name_of(&estate);
        let outcome = match result {
            Ok(Report { text, outcome, exit }) => {
                tally.add(exit);
                match layout {
                    Layout::Text => {
                        console.data(&format!("{}\n\n{text}\n", console.paint.bold(&format!("# {name}"))))?;
                    }
                    Layout::Markdown => console.data(&format!("{text}\n"))?,
                    Layout::Lines | Layout::JsonLines => console.data(&text)?,
                    Layout::Json | Layout::Sarif => {}
                }
                outcome
            }
            Err(failure) => {
                console.say(&format!("\n{} {name}", console.talk.bold(&console.talk.red("failed:"))));
                console.failure(&failure);
                let refusal = refusal(&failure);
                if layout == Layout::Markdown {
                    let message = printable(&refusal.message).replace('`', "'");
                    console.data(&format!("**{name}** has no result: `{message}`\n\n"))?;
                }
                if layout == Layout::JsonLines {
                    let EstatePaths { tenant, estate, paths: _ } = &estate;
                    let line = json!({ "type": "failed", "tenant": tenant, "estate": estate, "error": refusal });
                    console.data(&format!("{line}\n"))?;
                }
                tally.failed.push(name);
                Outcome::Error(refusal)
            }
        };
        // Texts were printed, and are not kept.
        if layout.is_gathered() {
            let paths = estate.paths.iter().map(|path| path.display().to_string()).collect();
            reported.push(Reported { tenant: estate.tenant, estate: estate.estate, paths, outcome });
        }
    }
    match layout {
        Layout::Json => console.data(&document(&reported, shard))?,
        Layout::Sarif => console.data(&sarif(reported, shard))?,
        Layout::Text | Layout::Markdown | Layout::Lines | Layout::JsonLines => {}
    }
    console.say(&tally.shown());
    if tally.failed.is_empty() { Ok(tally.exit()) } else { Err(Failure::said()) }
}

#[derive(Default)]
struct Tally {
    unchanged: usize,
    changed: usize,
    failed: Vec<String>,
}

impl Tally {
    fn add(&mut self, exit: Exit) {
        match exit {
            Exit::Success => self.unchanged += 1,
            Exit::Changes => self.changed += 1,
        }
    }

    fn exit(&self) -> Exit {
        if self.changed > 0 { Exit::Changes } else { Exit::Success }
    }

    fn shown(&self) -> String {
        let all = self.unchanged + self.changed + self.failed.len();
        let estates = if all == 1 { "1 estate".to_owned() } else { format!("{all} estates") };
        if self.failed.is_empty() {
            return format!("\n{estates}, none failed.");
        }
        format!("\n{estates}, {} failed: {}.", self.failed.len(), self.failed.join("; "))
    }
}

/// An estate as people call it.
fn name_of(EstatePaths { tenant, estate, paths }: &EstatePaths) -> String {
    let places = || paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let name = match (tenant, estate) {
        (Some(tenant), Some(estate)) => format!("the estate {estate} of {tenant}"),
        (Some(tenant), None) => format!("an estate of {tenant} ({})", places()),
        (None, Some(estate)) => format!("the estate {estate} ({})", places()),
        (None, None) => places(),
    };
    printable(&name)
}

fn refusal(failure: &Failure) -> Refusal {
    let mut messages = failure.messages().into_iter();
    let message = messages.next().unwrap_or_else(|| "it failed, as standard error says".to_owned());
    Refusal { message, causes: messages.collect(), hint: failure.help() }
}
