//! `$orderby`: the keys by which a list is sorted. Objects with equal keys come in the order of their ids.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    super::{
        refusal::Refusal,
        schema::{Kind, Property, Shape},
        world::Document,
    },
    filter::{Offer, offer},
};

/// The keys of a list, each with whether it descends.
#[derive(Debug)]
pub(crate) struct Order(Vec<(&'static Property, bool)>);

/// A value to sort by. What is not set comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Key {
    Nothing,
    Boolean(bool),
    Number(i64),
    Text(String),
}

fn unsupported() -> Refusal {
    Refusal::new(400, "Request_UnsupportedQuery", "Sorting not supported for current query.")
}

impl Order {
    /// Reads the keys. With a filter or a search beside it, sorting is for advanced queries only.
    pub(crate) fn parse(text: &str, kind: &Kind, advanced: bool, alone: bool) -> Result<Self, Refusal> {
        let mut keys = Vec::new();
        for item in text.split(',') {
            let mut words = item.split_whitespace();
            let name = words.next().unwrap_or_default();
            let descends = match words.next().map(str::to_ascii_lowercase).as_deref() {
                None | Some("asc") => false,
                Some("desc") => true,
                Some(_) => return Err(syntax(text)),
            };
            if name.is_empty() || words.next().is_some() {
                return Err(syntax(text));
            }
            let property = kind.property(name).ok_or_else(|| {
                Refusal::malformed(format!(
                    "Invalid orderby clause: Could not find a property named '{name}' on type 'microsoft.graph.{}'.",
                    kind.name
                ))
            })?;
            match offer(property, "orderby") {
                Offer::Always if alone || advanced => {}
                Offer::Advanced if advanced => {}
                _ => return Err(unsupported()),
            }
            keys.push((property, descends));
        }
        Ok(Self(keys))
    }

    /// The members of an object that it looks at.
    pub(super) fn members(&self) -> Vec<&'static str> {
        self.0.iter().map(|(property, _)| property.name).collect()
    }

    pub(super) fn keys(&self, document: &Document) -> Vec<Key> {
        self.0.iter().map(|(property, _)| key(property, document)).collect()
    }

    /// Compares keys and, where they are equal, ids.
    pub(super) fn compare(&self, left: (&[Key], &str), right: (&[Key], &str)) -> Ordering {
        let keys = self.0.iter().zip(left.0.iter().zip(right.0));
        keys.map(|((_, descends), (left, right))| if *descends { right.cmp(left) } else { left.cmp(right) })
            .find(|ordering| *ordering != Ordering::Equal)
            .unwrap_or_else(|| left.1.cmp(right.1))
    }
}

fn key(property: &Property, document: &Document) -> Key {
    match (property.shape, document.get(property.name)) {
        (_, Some(Value::Bool(value))) => Key::Boolean(*value),
        (_, Some(Value::Number(number))) => number.as_i64().map_or(Key::Nothing, Key::Number),
        (Shape::Instant, Some(Value::String(text))) => {
            text.parse::<Timestamp>().map_or(Key::Nothing, |at| Key::Number(at.as_microsecond()))
        }
        (_, Some(Value::String(text))) => Key::Text(text.to_lowercase()),
        _ => Key::Nothing,
    }
}

fn syntax(text: &str) -> Refusal {
    let end = text.chars().count();
    Refusal::malformed(format!("Invalid orderby clause: Syntax error at position {end} in '{text}'."))
}
