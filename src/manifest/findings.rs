//! What is collected while a manifest is checked: problems, and places that must not be shown.

use crate::model::{Place, Problem};

#[derive(Debug, Default)]
pub(super) struct Findings {
    pub problems: Vec<Problem>,
    /// Places of secrets that were written out.
    pub secrets: Vec<Place>,
}

impl Findings {
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
