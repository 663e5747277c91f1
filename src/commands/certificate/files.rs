//! Reading certificate files with their passwords, and writing new ones.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::commands::Failure;
use crate::commands::console::Console;
use crate::keys::{self, Encoded, KeyFile, Replace, Unreadable};

use super::password::{PasswordSource, ask, can_ask};

/// Passwords for files that need one. The source is asked once, and only when a file does need one.
pub(super) struct Passwords<'a> {
    source: &'a PasswordSource,
    given: Option<SecretString>,
}

impl<'a> Passwords<'a> {
    pub(super) fn new(source: &'a PasswordSource) -> Self {
        Self { source, given: None }
    }

    /// What was given on the command line.
    pub(super) fn given(&mut self) -> Result<Option<SecretString>, Failure> {
        if self.given.is_none() {
            self.given = self.source.take()?;
        }
        Ok(self.given.clone())
    }
}

/// Reads a file. The inner error is about what it holds.
pub(super) fn read(path: &Path, passwords: &mut Passwords<'_>) -> Result<Result<KeyFile, Unreadable>, Failure> {
    let failed = |error| Failure::new(format!("`{}` cannot be read", path.display()), error);
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > keys::MAXIMUM_SIZE {
        let help = "give a file that ends in `.cer`, `.pem`, `.p7b`, `.pfx` or the like";
        return Ok(Err(Unreadable::SomethingElse { what: format!("{size} bytes long, so no certificate"), help }));
    }
    let bytes = std::fs::read(path).map(Zeroizing::new).map_err(failed)?;
    let outcome = keys::read(&bytes, None);
    if !matches!(outcome, Err(Unreadable::PasswordNeeded)) {
        return Ok(outcome);
    }
    if let Some(password) = passwords.given()? {
        return Ok(keys::read(&bytes, Some(&password)));
    }
    if !can_ask() {
        return Ok(outcome);
    }
    let password = ask(&format!("Password of {}", path.display()))?;
    let opened = keys::read(&bytes, Some(&password));
    if opened.is_ok() {
        passwords.given = Some(password);
    }
    Ok(opened)
}

/// Reads a file that must be readable.
pub(super) fn open(path: &Path, passwords: &mut Passwords<'_>) -> Result<KeyFile, Failure> {
    read(path, passwords)?.map_err(|error| {
        let help = error.help();
        Failure::new(format!("`{}` cannot be used", path.display()), error).hint(help)
    })
}

/// A file to be written.
pub(super) struct Output {
    pub(super) path: PathBuf,
    pub(super) encoded: Encoded,
}

/// A file in a directory, called without it where that is the working directory.
pub(super) fn path_in(directory: &Path, name: &str) -> PathBuf {
    if directory == Path::new(".") { PathBuf::from(name) } else { directory.join(name) }
}

/// Writes files, those with private keys first. What is there already is found before the first is written.
pub(super) fn write(console: &Console, mut outputs: Vec<Output>, force: bool) -> Result<(), Failure> {
    let existing = if force { Replace::Allowed } else { Replace::Never };
    if !force && let Some(there) = outputs.iter().find(|output| output.path.symlink_metadata().is_ok()) {
        return Err(Failure::message(format!("`{}` is there already, and nothing was written", there.path.display()))
            .hint("choose another name, or replace it with `--force`"));
    }
    outputs.sort_by_key(|output| !output.encoded.is_private);
    for Output { path, encoded } in &outputs {
        keys::place(path, &encoded.bytes, encoded.is_private, existing)?;
        let readers = if encoded.is_private { " (readable by you alone)" } else { "" };
        console.say(&format!("Wrote `{}`{readers}.", path.display()));
    }
    Ok(())
}

/// The file of a generated password, beside the file that it opens.
pub(super) fn password_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-password");
    name.into()
}
