//! What is collected while a manifest is checked: problems, and places that must not be shown.

use std::collections::BTreeMap;

use crate::model::{Place, Problem};

#[derive(Debug, Default)]
pub(super) struct Findings {
    pub problems: Vec<Problem>,
    /// Places of secrets that were written out.
    pub secrets: Vec<Place>,
    /// Misspelt names that the catalog was searched for, with what was found.
    searched: BTreeMap<(String, String), Vec<&'static str>>,
}

/// Distinct misspelt names that are worth a search through the catalog. Beyond that nobody reads suggestions, and the
/// tenant still has the last word.
const MAXIMUM_SEARCHES: usize = 1_000;

impl Findings {
    /// The names near to a misspelt one, from a search that is made once for each table and name.
    pub(super) fn nearest(
        &mut self,
        table: &str,
        text: &str,
        search: impl FnOnce(&str) -> Vec<&'static str>,
    ) -> Vec<&'static str> {
        let key = (table.to_owned(), text.to_owned());
        if let Some(found) = self.searched.get(&key) {
            return found.clone();
        }
        if self.searched.len() >= MAXIMUM_SEARCHES {
            return Vec::new();
        }
        let found = search(text);
        self.searched.insert(key, found.clone());
        found
    }

    /// Whether there are so many problems already that suggestions are no help.
    pub(super) fn are_too_many(&self) -> bool {
        self.problems.len() >= MAXIMUM_SEARCHES
    }

    pub(super) fn error(&mut self, message: impl Into<String>, place: &Place) {
        self.problems.push(Problem::error(message).at(place));
    }

    pub(super) fn error_with_help(&mut self, message: impl Into<String>, place: &Place, help: impl Into<String>) {
        self.problems.push(Problem::error(message).at(place).help(help));
    }

    /// An error about something that another place said first.
    pub(super) fn twice(&mut self, message: impl Into<String>, place: &Place, first: &Place) {
        self.problems.push(Problem::error(message).at(place).related(first, "first written here"));
    }

    pub(super) fn warning(&mut self, message: impl Into<String>, place: &Place, help: impl Into<String>) {
        self.problems.push(Problem::warning(message).at(place).help(help));
    }

    /// A secret was written out: says so without showing it.
    pub(super) fn secret(&mut self, message: impl Into<String>, secret: &Place, shown: &Place, help: &str) {
        self.secrets.push(secret.clone());
        self.error_with_help(message, shown, help);
    }
}

/// `did you mean …?` for one or more names.
pub(super) fn did_you_mean(names: &[&str]) -> String {
    format!("did you mean {}?", any_of(names.iter().copied()))
}

/// `a`, `b` or `c`, each in backticks.
pub(super) fn any_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.pop() {
        None => String::new(),
        Some(only) if quoted.is_empty() => only,
        Some(last) => format!("{} or {last}", quoted.join(", ")),
    }
}
