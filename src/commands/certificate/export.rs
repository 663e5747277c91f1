//! `accredit certificate export`: the same certificate and key in another format.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::commands::console::Console;
use crate::commands::{Exit, Failure};
use crate::keys::{self, OutputFormat};
use crate::model::PfxEncryption;

use super::files::{self, Output, Passwords};
use super::new::password_file;
use super::password::{PasswordSource, ask_new};
use super::source::{self, bundle_of_files};

pub use super::source::Shelf;

/// What was typed after `export`.
#[derive(Debug)]
pub struct Arguments {
    /// Files, or one handle.
    pub sources: Vec<PathBuf>,
    pub shelf: Shelf,
    pub format: OutputFormat,
    pub out: Option<PathBuf>,
    pub pfx_encryption: PfxEncryption,
    pub friendly_name: Option<String>,
    /// Opens what is read.
    pub password: PasswordSource,
    /// Protects what is written.
    pub new_password: PasswordSource,
    pub generate_password: bool,
    pub force: bool,
}

pub(super) fn run(console: &Console, arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { sources, shelf, format, out, pfx_encryption, .. } = arguments;
    let mut passwords = Passwords::new(&arguments.password);
    let stored = match sources.as_slice() {
        [one] => source::find(one, shelf)?,
        _ => None,
    };
    let (mut bundle, stem) = match &stored {
        Some(stored) => (
            stored.bundle(*format != OutputFormat::Cer)?,
            PathBuf::from(format!("{}-{}", stored.handle, stored.certificate)),
        ),
        None => (bundle_of_files(sources, &mut passwords)?, sources[0].with_extension("")),
    };
    if arguments.friendly_name.is_some() {
        bundle.friendly_name.clone_from(&arguments.friendly_name);
    }
    // Not `with_extension`: what follows the last dot of `exo.contoso.com` is no extension.
    let path = out.clone().unwrap_or_else(|| {
        let mut name = stem.into_os_string();
        name.push(format!(".{}", format.as_str()));
        name.into()
    });
    let mut outputs = Vec::new();
    let password = match format {
        OutputFormat::Cer => None,
        OutputFormat::Pfx => match new_password(arguments, &path, &mut outputs, &mut passwords)? {
            None => Some(ask_new(console, &format!("`{}`", path.display()))?),
            given => given,
        },
        OutputFormat::Pem | OutputFormat::Key => new_password(arguments, &path, &mut outputs, &mut passwords)?,
    };
    let encoded = bundle.encode(*format, password.as_ref(), *pfx_encryption)?;
    outputs.push(Output { path, encoded });
    files::write(console, outputs, arguments.force)?;
    Ok(Exit::Success)
}

/// The password of what is written: one of its own, or that of what was read.
fn new_password(
    arguments: &Arguments,
    path: &Path,
    outputs: &mut Vec<Output>,
    passwords: &mut Passwords<'_>,
) -> Result<Option<SecretString>, Failure> {
    if arguments.generate_password {
        let password = keys::random_password()?;
        outputs.push(password_file(path, &password));
        return Ok(Some(password));
    }
    match arguments.new_password.take()? {
        None if arguments.format == OutputFormat::Pfx => passwords.given(),
        given => Ok(given),
    }
}
