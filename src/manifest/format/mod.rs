//! `accredit fmt`: one form for all manifests, with the comments where they belong.
//!
//! A file is read as blocks (`blocks`) and printed again (`print`), with its keys in the order of the schema (`order`) and
//! what stands on one line tidied (`flow`). Nobody has to trust that: what was printed is read like any manifest, and where
//! it does not say the same as before, or would be printed otherwise a second time, the file stays as it is.

mod blocks;
mod flow;
mod order;
mod print;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::model::Problem;

use super::source::{Source, Sources};
use super::tree::{self, Content, Node};
use super::{files, schema, secrets};

use order::Known;

/// A manifest before and after, and why it was left alone if it was.
#[derive(Debug)]
pub struct FormattedFile {
    pub path: PathBuf,
    pub before: String,
    pub after: String,
    pub left_alone: Option<LeftAlone>,
}

/// Why a file stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftAlone {
    /// It has keys that no manifest has: it is something else.
    NoManifest,
    /// It is written in a way that cannot be printed anew for sure.
    NotSafe,
}

impl LeftAlone {
    pub fn why(self) -> &'static str {
        match self {
            Self::NoManifest => "it has keys that no manifest has",
            Self::NotSafe => "it is written in a way of YAML that cannot be put in order for sure",
        }
    }
}

/// What came of formatting.
#[derive(Debug)]
pub struct Formatting {
    /// Those that could be read.
    pub files: Vec<FormattedFile>,
    /// What is wrong with the others.
    pub problems: Vec<Problem>,
    /// The texts that the problems point into.
    pub sources: Sources,
}

/// Formats the manifests under `paths`, files or directories, and writes nothing.
pub fn format(paths: &[PathBuf], working_directory: &Path) -> Formatting {
    let (read, problems) = files::read(paths, working_directory);
    let mut formatting = Formatting { files: Vec::new(), problems, sources: Sources::default() };
    for file in read {
        let mark = if file.has_byte_order_mark { "\u{feff}" } else { "" };
        if file.is_text {
            formatting.add(file.path, mark, &file.source);
        }
        formatting.sources.insert(file.source);
    }
    formatting
}

/// Formats one manifest that lies in no file, under the name that problems call it by.
pub fn format_text(name: &str, text: &str) -> Formatting {
    let mut formatting = Formatting { files: Vec::new(), problems: Vec::new(), sources: Sources::default() };
    let (mark, text) = text.strip_prefix('\u{feff}').map_or(("", text), |text| ("\u{feff}", text));
    let source = Source::new(Arc::from(name), text.to_owned());
    formatting.add(PathBuf::from(name), mark, &source);
    formatting.sources.insert(source);
    formatting
}

/// A text as it may be shown: with what is or looks like a secret starred out.
pub fn without_secrets(text: &str) -> String {
    secrets::without_secrets(text)
}

impl Formatting {
    fn add(&mut self, path: PathBuf, mark: &str, source: &Source) {
        let (tree, problems) = tree::parse(source);
        let Some(tree) = tree.filter(|_| problems.is_empty()) else {
            self.problems.extend(problems);
            return;
        };
        let before = source.text();
        let (after, left_alone) = match formatted(before, &tree) {
            Ok(after) => (after, None),
            Err(why) => (before.to_owned(), Some(why)),
        };
        let marked = |text: &str| format!("{mark}{text}");
        self.files.push(FormattedFile { path, before: marked(before), after: marked(&after), left_alone });
    }
}

/// The text in its one form, which says what `tree` says.
fn formatted(text: &str, tree: &Node) -> Result<String, LeftAlone> {
    let root = schema::value();
    let known: Vec<&str> = Known::top(root, true).keys().collect();
    if !tree.entries().iter().all(|entry| known.contains(&entry.key.as_str())) || tree.entries().is_empty() {
        return Err(LeftAlone::NoManifest);
    }
    let attempt = |sorts: bool| {
        let printed = printed(text, root, sorts)?;
        let is_stable = || self::printed(&printed, root, sorts).as_deref() == Some(printed.as_str());
        (says(&printed, tree) && is_stable()).then_some(printed)
    };
    attempt(true).or_else(|| attempt(false)).ok_or(LeftAlone::NotSafe)
}

fn printed(text: &str, root: &Value, sorts: bool) -> Option<String> {
    let has_carriage_returns = text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'));
    let ends = if has_carriage_returns { "\r\n" } else { "\n" };
    let text = text.replace("\r\n", "\n");
    if text.contains('\r') {
        return None;
    }
    let mut lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(&text).split('\n').collect();
    // What stands before the mark of a document is of that document.
    let mark = lines.iter().position(|line| line.trim_end() == "---");
    let mut head = String::new();
    if let Some(at) = mark {
        let before: Vec<&str> = lines.drain(..=at).collect();
        for line in before.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
            if !line.starts_with('#') && line != "---" {
                return None;
            }
            head.push_str(line);
            head.push('\n');
        }
    }
    let block = blocks::read(&lines).ok()?;
    Some((head + &print::print(block, &Known::top(root, sorts))).replace('\n', ends))
}

/// Whether a text says what a tree says, places apart.
fn says(text: &str, tree: &Node) -> bool {
    let (read, problems) = tree::parse(&Source::new(Arc::from(""), text.to_owned()));
    problems.is_empty() && read.is_some_and(|read| is_same(&read, tree))
}

fn is_same(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Content::Null, Content::Null) => true,
        (Content::Bool(one), Content::Bool(other)) => one == other,
        (Content::Number(one), Content::Number(other)) | (Content::Text(one), Content::Text(other)) => one == other,
        (Content::List(one), Content::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Content::Map(entries), Content::Map(others)) => {
            let same = |entry: &tree::Entry| other.entry(&entry.key).is_some_and(|it| is_same(&entry.value, &it.value));
            entries.len() == others.len() && entries.iter().all(same)
        }
        (
            Content::Null
            | Content::Bool(_)
            | Content::Number(_)
            | Content::Text(_)
            | Content::List(_)
            | Content::Map(_),
            _,
        ) => false,
    }
}
