//! What a first manifest needs to know: from what was typed, else asked for on a terminal, else a default.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use clap::ValueEnum as _;

use super::super::console::Console;
use super::super::failure::Failure;
use super::{Arguments, Purpose};

/// All that a first manifest needs to know.
pub(super) struct Answers {
    pub tenant: String,
    pub estate: String,
    pub purpose: Purpose,
    pub handle: String,
    pub display_name: String,
    pub owners: Vec<String>,
    pub store: Store,
}

/// Where private keys lie.
pub(super) enum Store {
    /// From where the program runs.
    Directory(String),
    KeyVault(String),
}

/// Keys lie here when nobody says it.
const STORE: &str = ".accredit/keys";

pub(super) fn take(console: &Console, arguments: &Arguments) -> Result<Answers, Failure> {
    let Arguments { tenant, estate, handle, display_name, purpose, store, owners, .. } = arguments;
    let asks = !arguments.yes && io::stdin().is_terminal() && console.talks_to_terminal;
    if !asks {
        let needed = [("--tenant", tenant.is_none()), ("--for", purpose.is_none())];
        let missing: Vec<&str> =
            needed.into_iter().filter(|(_, is_missing)| *is_missing).map(|(flag, _)| flag).collect();
        if !missing.is_empty() {
            let why = if arguments.yes { "nothing is asked with `--yes`" } else { "there is no terminal to ask on" };
            return Err(Failure::message(format!("{why}, and these were not given: {}", missing.join(", "))).hint(
                "such as `accredit init --tenant contoso.onmicrosoft.com --for exchange-read`; `--estate`, `--handle`, `--display-name`, `--owner`, `--store` and `--directory` have defaults",
            ));
        }
    }
    let form = Form { console, asks };
    if asks {
        console.say("A first manifest. Return takes what stands in brackets.\n");
    }
    let tenant = form.ask("Tenant, a domain or its id", tenant.as_ref(), None, tenant_is_valid)?;
    let here = std::env::current_dir().ok();
    let here = here.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let estate_here = here.map(|name| fitting(&name)).filter(|name| !name.is_empty());
    let estate_here = estate_here.unwrap_or_else(|| "accredit".to_owned());
    let estate = form.ask(
        "Name of the estate, which marks what is managed",
        estate.as_ref(),
        Some(&estate_here),
        estate_is_valid,
    )?;
    if asks && purpose.is_none() {
        let listed =
            Purpose::value_variants().iter().map(|purpose| format!("  {:<17} {}\n", purpose.name(), purpose.what()));
        console.say(&format!("\nWhat is the application for?\n{}", listed.collect::<String>()));
    }
    let purpose_named = purpose.map(|purpose| purpose.name().to_owned());
    let named = form.ask("For", purpose_named.as_ref(), Some(Purpose::ExchangeRead.name()), purpose_is_valid)?;
    let purpose = Purpose::from_str(&named, true).map_err(Failure::message)?;
    let handle = form.ask("Handle, which never changes", handle.as_ref(), Some(purpose.name()), handle_is_valid)?;
    let shown = readable(&handle);
    let display_name = form.ask("Name that people see", display_name.as_ref(), Some(&shown), display_name_is_valid)?;
    let owners = if owners.is_empty() && asks {
        let typed = form.ask("Owners, by user principal name, with commas", None, Some(""), owners_are_valid)?;
        typed.split(',').map(str::trim).filter(|owner| !owner.is_empty()).map(str::to_owned).collect()
    } else {
        for owner in owners {
            owners_are_valid(owner).map_err(|why| Failure::message(format!("`--owner {owner}`: {why}")))?;
        }
        owners.clone()
    };
    let store =
        form.ask("Where private keys lie, a directory or keyVault:NAME", store.as_ref(), Some(STORE), store_is_valid)?;
    let store = match store.strip_prefix("keyVault:") {
        Some(vault) => Store::KeyVault(vault.to_owned()),
        None => Store::Directory(store),
    };
    Ok(Answers { tenant, estate, purpose, handle, display_name, owners, store })
}

struct Form<'a> {
    console: &'a Console,
    asks: bool,
}

impl Form<'_> {
    /// What was given, else what is answered, else the default. A wrong answer is asked for again.
    fn ask(
        &self,
        question: &str,
        given: Option<&String>,
        default: Option<&str>,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<String, Failure> {
        if let Some(given) = given {
            check(given).map_err(|why| Failure::message(format!("`{given}`: {why}")))?;
            return Ok(given.clone());
        }
        if !self.asks {
            return Ok(default.unwrap_or_default().to_owned());
        }
        loop {
            let brackets = default.filter(|default| !default.is_empty()).map(|default| format!(" [{default}]"));
            let _ = write!(io::stderr().lock(), "{question}{}: ", brackets.unwrap_or_default());
            let mut answer = String::new();
            let read = io::stdin().lock().read_line(&mut answer);
            if read.map_err(|error| Failure::new("the answer could not be read", error))? == 0 {
                return Err(Failure::message("nobody answered, and nothing was written"));
            }
            let answer = match (answer.trim(), default) {
                ("", Some(default)) => default,
                (answer, _) => answer,
            };
            match check(answer) {
                Ok(()) => return Ok(answer.to_owned()),
                Err(why) => self.console.say(&format!("  {why}")),
            }
        }
    }
}

fn that(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

fn tenant_is_valid(text: &str) -> Result<(), String> {
    let is_domain = text.contains('.') && text.split('.').all(|label| !label.is_empty());
    let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    that(
        fits && (is_domain || uuid::Uuid::parse_str(text).is_ok()),
        "it is a domain such as contoso.onmicrosoft.com, or an id",
    )
}

fn estate_is_valid(text: &str) -> Result<(), String> {
    let fits = (1..=64).contains(&text.len());
    that(fits && fitting(text) == text, "it has 1 to 64 letters, digits, `.`, `_` or `-`")
}

fn purpose_is_valid(text: &str) -> Result<(), String> {
    let names: Vec<&str> = Purpose::value_variants().iter().map(|purpose| purpose.name()).collect();
    that(names.contains(&text), &format!("it is one of {}", names.join(", ")))
}

fn handle_is_valid(text: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let holds = begins && text.len() <= 64 && text.chars().all(fits);
    that(holds, "it has 1 to 64 lower-case letters, digits, `-`, `_` or `.`, and begins with a letter or digit")
}

fn display_name_is_valid(text: &str) -> Result<(), String> {
    let holds = (1..=120).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    that(holds, "it has 1 to 120 characters")
}

fn owners_are_valid(text: &str) -> Result<(), String> {
    let mut owners = text.split(',').map(str::trim).filter(|owner| !owner.is_empty());
    that(
        owners.all(|owner| owner.contains('@') && !owner.contains(' ')),
        "an owner is a user principal name such as zoe@contoso.com",
    )
}

fn store_is_valid(text: &str) -> Result<(), String> {
    that(!text.is_empty() && text != "keyVault:", "it is a directory, or keyVault: and the name of a vault")
}

/// What of a text may stand in the name of an estate.
fn fitting(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')).take(64).collect()
}

/// A handle as a name for people.
fn readable(handle: &str) -> String {
    let words = handle.replace(['-', '_', '.'], " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
