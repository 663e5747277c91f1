//! The one form in which declared and observed properties are compared, planned and rendered.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::Address;

/// The properties of one resource, by Graph's own names (`web.redirectUris` for a nested one).
pub type Fields = BTreeMap<String, Value>;

/// One property's value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Value {
    Null,
    Text(String),
    // Before the variants with fields: serde would read an array as the fields of those in their order.
    Set(BTreeSet<Self>),
    /// A property of another resource that is known only after that resource is written.
    Output {
        #[serde(rename = "knownAfterApply")]
        output: Output,
    },
    Named(Named),
    /// Something secret: a plan says that it is there and holds nothing of it.
    Sensitive {
        sensitive: True,
    },
}

impl Value {
    pub const SENSITIVE: Self = Self::Sensitive { sensitive: True };

    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub fn optional_text(text: Option<&str>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    pub fn named(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self::Named(Named { id: id.into(), name: name.into() })
    }

    pub fn output(of: Address, name: &str) -> Self {
        Self::Output { output: Output { of, name: name.to_owned() } }
    }

    pub fn set(values: impl IntoIterator<Item = Self>) -> Self {
        Self::Set(values.into_iter().collect())
    }

    /// This value with every reference replaced by what `resolve` gives for it, where it gives anything.
    #[must_use]
    pub fn resolved(&self, resolve: &impl Fn(&Output) -> Option<Self>) -> Self {
        match self {
            Self::Output { output } => resolve(output).unwrap_or_else(|| self.clone()),
            Self::Set(values) => Self::Set(values.iter().map(|value| value.resolved(resolve)).collect()),
            Self::Null | Self::Text(_) | Self::Named(_) | Self::Sensitive { sensitive: True } => self.clone(),
        }
    }

    /// The text of a [`Value::Text`] or the id of a [`Value::Named`].
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Named(named) => Some(&named.id),
            Self::Null | Self::Output { output: _ } | Self::Sensitive { sensitive: True } | Self::Set(_) => None,
        }
    }

    /// The members of a [`Value::Set`]; nothing for any other value.
    pub fn members(&self) -> impl Iterator<Item = &Self> {
        let set = if let Self::Set(values) = self { Some(values) } else { None };
        set.into_iter().flatten()
    }

    /// Every reference in this value to something that is not there yet.
    pub fn outputs(&self) -> Vec<&Output> {
        match self {
            Self::Output { output } => vec![output],
            Self::Set(values) => values.iter().flat_map(Self::outputs).collect(),
            Self::Null | Self::Text(_) | Self::Named(_) | Self::Sensitive { sensitive: True } => Vec::new(),
        }
    }
}

/// A reference that is also an unknown and a dependency: property `name` of the resource `of`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    pub of: Address,
    pub name: String,
}

/// An id with the name people know it by. Only the id decides whether two are the same.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    pub id: String,
    pub name: String,
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Named {}

impl PartialOrd for Named {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Named {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }
}

/// The JSON value `true` and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
pub struct True;

impl From<True> for bool {
    fn from(True: True) -> Self {
        true
    }
}

impl TryFrom<bool> for True {
    type Error = &'static str;

    fn try_from(value: bool) -> Result<Self, Self::Error> {
        if value { Ok(Self) } else { Err("`sensitive` is always true") }
    }
}

impl JsonSchema for True {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "True".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": true })
    }
}
