//! Passwords on the command line: where they are, never what they are.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::commands::Failure;
use crate::commands::console::{Console, environment};

use super::terminal::ask_hidden;

/// Where a password comes from; at most one of them is given.
#[derive(Debug, Default)]
pub struct PasswordSource {
    /// The name of an environment variable.
    pub environment: Option<String>,
    /// A file, of which it is the first line; `-` is standard input.
    pub file: Option<PathBuf>,
    /// A command, of whose output it is the first line.
    pub command: Option<String>,
}

impl PasswordSource {
    /// The password, if there is word of where it comes from.
    pub(super) fn take(&self) -> Result<Option<SecretString>, Failure> {
        match self {
            Self { environment: Some(name), .. } => from_environment(name).map(Some),
            Self { file: Some(path), .. } => from_file(path).map(Some),
            Self { command: Some(command), .. } => from_command(command).map(Some),
            Self { environment: None, file: None, command: None } => Ok(None),
        }
    }
}

fn from_environment(name: &str) -> Result<SecretString, Failure> {
    environment(name).map(SecretString::from).ok_or_else(|| {
        // What is not written as names usually are may be the password itself.
        let is_name = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        let shown = if is_name { format!("`{name}`") } else { "what `--password-env` names".to_owned() };
        Failure::message(format!("{shown} is not set in the environment, or is no text"))
            .hint("`--password-env` takes the name of a variable, never the password itself")
    })
}

fn from_file(path: &Path) -> Result<SecretString, Failure> {
    let typed = || std::io::read_to_string(std::io::stdin()).map(|text| first_line(&Zeroizing::new(text)));
    let found = if path == Path::new("-") { typed() } else { first_line_of(path) };
    found.map_err(|error| {
        Failure::new(format!("the password cannot be read from `{}`", path.display()), error)
            .hint("`--password-file` takes the path of a file in UTF-8 whose first line is the password")
    })
}

/// The first line of a file.
pub(in crate::commands) fn first_line_of(path: &Path) -> std::io::Result<SecretString> {
    std::fs::read_to_string(path).map(|text| first_line(&Zeroizing::new(text)))
}

pub(in crate::commands) fn from_command(command: &str) -> Result<SecretString, Failure> {
    let mut shell = if cfg!(windows) { Command::new("cmd") } else { Command::new("sh") };
    shell.args([if cfg!(windows) { "/C" } else { "-c" }, command]);
    shell.stdin(Stdio::inherit()).stderr(Stdio::inherit());
    let failed = |error| Failure::new("the command that prints the password could not be run", error);
    let output = shell.output().map_err(failed)?;
    let printed = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(Failure::message(format!("the command that prints the password failed ({})", output.status))
            .hint("run it by itself: it must print the password and nothing else on standard output"));
    }
    let text = std::str::from_utf8(&printed)
        .map_err(|_| Failure::message("the command that prints the password printed something else than UTF-8"))?;
    Ok(first_line(text))
}

fn first_line(text: &str) -> SecretString {
    // Windows PowerShell puts a mark before what it writes as UTF-8.
    text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default().into()
}

/// Whether somebody sits there to be asked.
pub(in crate::commands) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks on the terminal, without showing what is typed.
pub(in crate::commands) fn ask(question: &str) -> Result<SecretString, Failure> {
    ask_hidden(question).map_err(|error| Failure::new("the password could not be read", error))
}

/// Asks for a password to protect something new with: twice, so that a slip is noticed.
pub(in crate::commands) fn ask_new(console: &Console, what: &str) -> Result<SecretString, Failure> {
    if !can_ask() {
        return Err(Failure::message(format!("{what} needs a password, and there is nobody to ask")).hint(
            "say where it is with `--password-env NAME`, `--password-file FILE` or `--password-command COMMAND`, or add `--generate-password`",
        ));
    }
    loop {
        let first = ask(&format!("Password for {what}"))?;
        let second = ask("Once more")?;
        if first.expose_secret() == second.expose_secret() {
            return Ok(first);
        }
        console.say("The two differ.");
    }
}
