//! Whether a filter holds for an object.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    super::world::{Document, View},
    filter::Filter,
    navigation::Navigation,
    syntax::Operator,
};

/// A condition over an object, with every name resolved.
#[derive(Debug)]
pub(super) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// The value at a path; at an empty path, the element of a lambda itself.
    Holds {
        path: Vec<&'static str>,
        test: Test,
    },
    /// One element holds.
    Element {
        source: Source,
        holds: Box<Self>,
    },
    Count {
        source: Source,
        equal: bool,
        number: i64,
    },
}

/// Where elements come from.
#[derive(Debug)]
pub(super) enum Source {
    Property(Vec<&'static str>),
    Navigation(&'static Navigation),
}

#[derive(Debug)]
pub(super) enum Test {
    Compare(Operator, Want),
    OneOf(Vec<Want>),
    StartsWith(String),
    EndsWith(String),
}

/// A literal in the property's type. Texts are in lower case: the directory compares without regard to case.
#[derive(Debug, PartialEq)]
pub(super) enum Want {
    Null,
    Boolean(bool),
    Number(i64),
    Text(String),
    Instant {
        at: Timestamp,
        /// Written without a fraction, so that it is compared with what a reader sees: whole seconds.
        whole_seconds: bool,
    },
}

impl Want {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_lowercase())
    }
}

#[derive(Clone, Copy)]
enum Node<'a> {
    Object(&'a Document),
    Element(&'a Value),
}

impl<'a> Node<'a> {
    fn at(self, path: &[&str]) -> Option<&'a Value> {
        let (first, rest) = match (self, path) {
            (Self::Element(value), []) => return Some(value),
            (Self::Object(_), []) => return None,
            (_, [first, rest @ ..]) => (*first, rest),
        };
        let start = match self {
            Self::Object(document) => document.get(first),
            Self::Element(value) => value.get(first),
        };
        rest.iter().try_fold(start?, |value, name| value.get(*name))
    }
}

impl Filter {
    /// Whether it holds; navigation properties look into the view.
    pub(crate) fn holds(&self, document: &Document, view: Option<View<'_>>) -> bool {
        holds(&self.condition, Node::Object(document), view)
    }

    /// The members of an object that it looks at; none when it may look at all of them.
    pub(crate) fn members(&self) -> Option<Vec<&'static str>> {
        members(&self.condition)
    }
}

fn members(condition: &Condition) -> Option<Vec<&'static str>> {
    let first = |path: &[&'static str]| Some(path.iter().take(1).copied().collect());
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            let parts: Option<Vec<_>> = parts.iter().map(members).collect();
            Some(parts?.concat())
        }
        Condition::Not(inner) => members(inner),
        Condition::Holds { path, .. }
        | Condition::Element { source: Source::Property(path), .. }
        | Condition::Count { source: Source::Property(path), .. } => first(path),
        // What a navigation property looks at is its own affair.
        Condition::Element { source: Source::Navigation(_), .. }
        | Condition::Count { source: Source::Navigation(_), .. } => None,
    }
}

fn holds(condition: &Condition, node: Node<'_>, view: Option<View<'_>>) -> bool {
    match condition {
        Condition::All(parts) => parts.iter().all(|part| holds(part, node, view)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, node, view)),
        Condition::Not(inner) => !holds(inner, node, view),
        Condition::Holds { path, test } => passes(node.at(path).unwrap_or(&Value::Null), test),
        Condition::Element { source: Source::Property(path), holds: inner } => node
            .at(path)
            .and_then(Value::as_array)
            .is_some_and(|values| values.iter().any(|value| holds(inner, Node::Element(value), view))),
        Condition::Element { source: Source::Navigation(navigation), holds: inner } => match (node, view) {
            (Node::Object(document), Some(seen)) => {
                (navigation.find)(seen, document).iter().any(|(_, related)| holds(inner, Node::Object(related), view))
            }
            _ => false,
        },
        Condition::Count { source, equal, number } => {
            let count = match (source, node, view) {
                (Source::Property(path), ..) => node.at(path).and_then(Value::as_array).map_or(0, Vec::len),
                (Source::Navigation(navigation), Node::Object(document), Some(seen)) => {
                    (navigation.find)(seen, document).len()
                }
                (Source::Navigation(_), ..) => 0,
            };
            (i64::try_from(count) == Ok(*number)) == *equal
        }
    }
}

fn passes(value: &Value, test: &Test) -> bool {
    match test {
        Test::Compare(Operator::NotEqual, want) => !same(value, want),
        Test::Compare(Operator::Equal, want) => same(value, want),
        Test::Compare(operator, want) => ordering(value, want).is_some_and(|ordering| match operator {
            Operator::Greater => ordering == Ordering::Greater,
            Operator::AtLeast => ordering != Ordering::Less,
            Operator::Less => ordering == Ordering::Less,
            Operator::AtMost => ordering != Ordering::Greater,
            Operator::Equal | Operator::NotEqual => false,
        }),
        Test::OneOf(wants) => wants.iter().any(|want| same(value, want)),
        Test::StartsWith(start) => value.as_str().is_some_and(|value| value.to_lowercase().starts_with(start.as_str())),
        Test::EndsWith(end) => value.as_str().is_some_and(|value| value.to_lowercase().ends_with(end.as_str())),
    }
}

fn same(value: &Value, want: &Want) -> bool {
    match (value, want) {
        (Value::Null, want) => *want == Want::Null,
        // Most texts are ASCII, and then nothing needs to be made for the comparison.
        (Value::String(value), Want::Text(want)) if value.is_ascii() => value.eq_ignore_ascii_case(want),
        _ => ordering(value, want) == Some(Ordering::Equal),
    }
}

fn ordering(value: &Value, want: &Want) -> Option<Ordering> {
    match (value, want) {
        (Value::Bool(value), Want::Boolean(want)) => Some(value.cmp(want)),
        (Value::Number(value), Want::Number(want)) => Some(value.as_i64()?.cmp(want)),
        (Value::String(value), Want::Text(want)) => Some(value.to_lowercase().as_str().cmp(want)),
        (Value::String(value), Want::Instant { at, whole_seconds }) => {
            let value = value.parse::<Timestamp>().ok()?;
            Some(if *whole_seconds { value.as_second().cmp(&at.as_second()) } else { value.cmp(at) })
        }
        _ => None,
    }
}
