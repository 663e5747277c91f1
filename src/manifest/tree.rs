//! A YAML file as a tree in which every key and value knows its place.
//!
//! The only module that knows the YAML crate. It reads strictly: no tags, no `yes` for `true`, no duplicate keys, and
//! never more nodes than a person would write, however small the file that asks for them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_yaml::budget::BudgetBreach;
use serde_yaml::{DuplicateKeyPolicy, Error, Location, Options, Spanned};

use crate::model::{Place, Problem};

use super::source::Source;

/// Values and keys of one file; an estate of ten thousand applications in files of 4 MiB stays well below.
const MAXIMUM_NODES: usize = 400_000;
/// Levels of lists and maps in each other; a manifest needs eight.
const MAXIMUM_DEPTH: usize = 48;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub value: Content,
    pub place: Place,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    Null,
    Bool(bool),
    /// As it prints; no key of a manifest takes a number.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a map with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: String,
    pub key_place: Place,
    pub value: Node,
}

impl Node {
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Content::Map(entries) => entries,
            Content::Null | Content::Bool(_) | Content::Number(_) | Content::Text(_) | Content::List(_) => &[],
        }
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Content::List(items) => items,
            Content::Null | Content::Bool(_) | Content::Number(_) | Content::Text(_) | Content::Map(_) => &[],
        }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Content::Null => serde_json::Value::Null,
            Content::Bool(value) => (*value).into(),
            // Others are allowed nowhere.
            Content::Number(text) => text.parse::<u32>().map_or_else(|_| text.as_str().into(), Into::into),
            Content::Text(text) => text.as_str().into(),
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect(),
        }
    }

    /// What it is, as a message says it.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Content::Null => "nothing",
            Content::Bool(true) => "`true`",
            Content::Bool(false) => "`false`",
            Content::Number(_) => "a number",
            Content::Text(_) => "text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }
}

/// Reads one file. Problems that leave something to look at come beside the tree.
///
/// Duplicate keys are found here, all of them and each with both its places; the YAML crate would stop at the first.
/// It keeps the duplicates of numbers (`1` and `0x1`) to itself, though, so these are looked for in a second reading.
pub(super) fn parse(source: &Source) -> (Option<Node>, Vec<Problem>) {
    match serde_yaml::from_str_with_options::<Spanned<Raw>>(source.text(), options(DuplicateKeyPolicy::LastWins)) {
        Ok(Spanned { value: Raw::Null, .. }) | Err(Error::Eof { .. }) => (None, vec![nothing_in(source)]),
        Ok(raw) => {
            let mut builder = Builder { source, problems: Vec::new(), has_numbers_for_keys: false };
            let node = builder.node(raw);
            let mut problems = builder.problems;
            if builder.has_numbers_for_keys && problems.is_empty() {
                let strict = options(DuplicateKeyPolicy::Error);
                let read = serde_yaml::from_str_with_options::<IgnoredAny>(source.text(), strict);
                problems.extend(read.err().map(|error| describe(&error, source)));
            }
            (Some(node), problems)
        }
        Err(error) => (None, vec![describe(&error, source)]),
    }
}

fn options(duplicate_keys: DuplicateKeyPolicy) -> Options {
    serde_yaml::options! {
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
        duplicate_keys: duplicate_keys,
        budget: serde_yaml::budget! {
            max_nodes: MAXIMUM_NODES,
            max_depth: MAXIMUM_DEPTH,
            max_documents: 2,
            max_aliases: 10_000,
            max_merge_keys: 2_000,
        },
    }
}

fn nothing_in(source: &Source) -> Problem {
    let problem = Problem::error(format!("`{}` says nothing", source.name()));
    problem.help("write a manifest, or leave the file out")
}

fn describe(error: &Error, source: &Source) -> Problem {
    let error = error.without_snippet();
    if let Error::AliasError { error: inner, .. } = error {
        return describe(inner, source);
    }
    let problem = match error {
        Error::MultipleDocuments { .. } => {
            Problem::error("a second document begins here").help("put it into a file of its own")
        }
        Error::UnsupportedTag { .. } => Problem::error("tags are not read").help("leave the `!…` out"),
        Error::UnknownAnchor { .. } => Problem::error("no anchor of this name comes before"),
        Error::RecursiveReferencesRequireWeakTypes { .. } => Problem::error("this alias contains itself"),
        Error::DuplicateMappingKey { .. } => Problem::error("this key is here twice"),
        Error::Unexpected { .. } | Error::NullIntoString { .. } => Problem::error("a key must be text"),
        Error::MergeValueNotMapOrSeqOfMaps { .. } => Problem::error("`<<` merges maps only"),
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            Problem::error(format!("nested deeper than {MAXIMUM_DEPTH} levels"))
        }
        Error::Budget { breach: BudgetBreach::Nodes { .. } | BudgetBreach::Events { .. }, .. } => {
            Problem::error(format!("more than {MAXIMUM_NODES} values")).help("split the file, or use fewer aliases")
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            Problem::error("its aliases unfold into more than is reasonable").help("write out what is meant")
        }
        Error::ExternalMessage { msg, .. } | Error::Message { msg, .. } => Problem::error(syntax(msg)),
        other => Problem::error(syntax(&other.to_string())),
    };
    let problem = match error.location() {
        Some(location) => problem.at(&source.place(&location)),
        None => problem.at(&source.beginning()),
    };
    let has_tabs = source.text().lines().any(|line| line.trim_start_matches(' ').starts_with('\t'));
    if has_tabs && problem.help.is_none() {
        problem.help("YAML is indented by spaces; this file has tabs")
    } else {
        problem
    }
}

/// The parser's own sentence, without the place that it repeats.
fn syntax(message: &str) -> String {
    let sentence = message.split(" at line ").next().unwrap_or(message);
    let sentence = sentence.split(" at byte ").next().unwrap_or(sentence);
    format!("not YAML: {}", sentence.lines().next().unwrap_or_default().trim())
}

/// The tree as the YAML crate hands it out.
#[derive(Debug)]
enum Raw {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<String>, Spanned<Self>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

/// Turns what the YAML crate read into our tree.
struct Builder<'a> {
    source: &'a Source,
    problems: Vec<Problem>,
    has_numbers_for_keys: bool,
}

impl Builder<'_> {
    fn node(&mut self, raw: Spanned<Raw>) -> Node {
        // Where a value is written, not where an alias repeats it: that is the place to mend.
        let place = self.source.place(&raw.defined);
        let value = match raw.value {
            Raw::Null => Content::Null,
            Raw::Bool(value) => Content::Bool(value),
            Raw::Number(text) => Content::Number(text),
            Raw::Text(text) => Content::Text(text),
            Raw::List(items) => Content::List(items.into_iter().map(|item| self.node(item)).collect()),
            Raw::Map(entries) => Content::Map(self.entries(entries)),
        };
        Node { value, place }
    }

    fn entries(&mut self, raw: Vec<(Spanned<String>, Spanned<Raw>)>) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut positions: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for (key, value) in raw {
            let entry = Entry { key_place: self.source.place(&key.defined), key: key.value, value: self.node(value) };
            // No key is such; and what stands here by mistake may be a secret.
            if entry.key.chars().count() > LONGEST_KEY || entry.key.chars().any(char::is_control) {
                let message = format!("this key is longer than {LONGEST_KEY} characters, or has several lines");
                self.problems.push(Problem::error(message).at(&entry.key_place));
                continue;
            }
            if let Some(first) = positions.get(entry.key.as_str()).and_then(|position| entries.get(*position)) {
                let problem = Problem::error(format!("the key `{}` is here twice", entry.key)).at(&entry.key_place);
                self.problems.push(problem.related(&first.key_place, "first written here"));
                continue;
            }
            self.has_numbers_for_keys |= entry.key.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
            positions.insert(entry.key.as_str().into(), entries.len());
            entries.push(entry);
        }
        entries
    }
}

/// Handles, the longest keys that a person chooses, are half as long.
const LONGEST_KEY: usize = 128;

impl Source {
    /// The place that the YAML crate means.
    fn place(&self, location: &Location) -> Place {
        let span = location.span();
        let (start, length) = if let (Some(start), Some(length)) = (span.byte_offset(), span.byte_len()) {
            (index(start), index(length))
        } else {
            // Syntax errors are told in characters.
            let text = self.text();
            let byte = |character: u64| text.char_indices().nth(index(character)).map_or(text.len(), |(at, _)| at);
            let start = byte(span.offset());
            (start, byte(span.offset().saturating_add(span.len())).saturating_sub(start))
        };
        self.place_of(start, start.saturating_add(length), index(location.line()), index(location.column()))
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
