//! `accredit certificate …`: keys, certificates and their files, with no tenant.

pub mod export;
mod files;
pub mod import_commands;
pub mod inspect;
pub mod new;
pub(super) mod password;
pub mod request;
mod source;
mod terminal;

// What the command line speaks of; it sees no room but this one.
pub use crate::keys::OutputFormat;
pub use crate::model::{KeyAlgorithm, Period, PfxEncryption, Usage};
pub use password::PasswordSource;

use crate::commands::console::Console;
use crate::commands::{Exit, Failure};
use crate::model::DistinguishedName;

/// What was typed after `certificate`.
#[derive(Debug)]
pub enum Action {
    New(new::Arguments),
    Request(request::Arguments),
    Inspect(inspect::Arguments),
    Export(export::Arguments),
    ImportCommands(import_commands::Arguments),
}

pub(super) fn run(console: &Console, action: Action) -> Result<Exit, Failure> {
    match action {
        Action::New(arguments) => new::run(console, &arguments),
        Action::Request(arguments) => request::run(console, arguments),
        Action::Inspect(arguments) => inspect::run(console, &arguments),
        Action::Export(arguments) => export::run(console, &arguments),
        Action::ImportCommands(arguments) => import_commands::run(console, &arguments),
    }
}

/// A subject as it was typed, or the first DNS name.
fn subject(given: Option<&str>, dns_names: &[String]) -> Result<DistinguishedName, Failure> {
    let text = given.or(dns_names.first().map(String::as_str)).ok_or_else(|| {
        Failure::message("nothing says whose certificate it shall be")
            .hint("add `--subject CN=name`, or `--dns-name name.example`")
    })?;
    Ok(text.parse::<DistinguishedName>()?)
}

/// What files are called when no name is given: the common name, as far as it can name a file.
fn stem(given: Option<&str>, subject: &DistinguishedName) -> String {
    let common_name = || {
        let parts = subject.attributes().unwrap_or_default();
        parts.into_iter().next().map_or_else(|| "certificate".to_owned(), |(_, value)| value)
    };
    let name = given.map_or_else(common_name, str::to_owned);
    let allowed = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '-' };
    let name: String = name.chars().map(allowed).collect();
    name.trim_start_matches('.').to_owned()
}
