//! How objects are connected: a navigation property finds the objects that another one is connected with.

use std::fmt;

use super::super::{
    schema::Kind,
    world::{Document, View},
};

/// A found object with its kind.
pub(crate) type Related<'a> = (&'static Kind, &'a Document);

/// A navigation property of a kind.
#[derive(Clone, Copy)]
pub(crate) struct Navigation {
    pub(crate) name: &'static str,
    /// Whether it leads to a list or to one object.
    pub(crate) many: bool,
    /// Whether objects of several kinds are there, each shown with its type.
    pub(crate) mixed: bool,
    /// What `$select` and `$filter` may name there.
    pub(crate) kind: &'static Kind,
    pub(crate) find: for<'a> fn(View<'a>, &'a Document) -> Vec<Related<'a>>,
}

impl fmt::Debug for Navigation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Navigation").field(&self.name).finish()
    }
}

/// The navigation properties of a kind, and where they look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connections<'a> {
    pub(crate) all: &'static [Navigation],
    pub(crate) view: View<'a>,
}

impl Connections<'_> {
    /// Finds a navigation property by its name in any case.
    pub(crate) fn named(&self, name: &str) -> Option<&'static Navigation> {
        self.all.iter().find(|navigation| navigation.name.eq_ignore_ascii_case(name))
    }
}
