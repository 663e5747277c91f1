//! `accredit certificate import-commands`: the lines that put a PFX where the program that signs in finds it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::commands::console::Console;
use crate::commands::{Exit, Failure};
use crate::handover::import;
use crate::keys::{self, CSP_NAME};
use crate::model::ExportFormat;

pub use crate::handover::ImportTarget;

use super::files::{self, Passwords};
use super::password::PasswordSource;
use super::source::{self, Shelf};

/// What was typed after `import-commands`.
#[derive(Debug)]
pub struct Arguments {
    /// A PFX, or a handle.
    pub source: PathBuf,
    pub shelf: Shelf,
    /// None means all.
    pub targets: BTreeSet<ImportTarget>,
    /// The account that the script runs as.
    pub account: Option<String>,
    pub password: PasswordSource,
}

pub(super) fn run(console: &Console, arguments: &Arguments) -> Result<Exit, Failure> {
    let (pfx, thumbprint) = find(arguments)?;
    let account = arguments.account.as_deref();
    let mut out = String::new();
    for target in ImportTarget::ALL {
        if !arguments.targets.is_empty() && !arguments.targets.contains(&target) {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out += &import(target, &pfx, thumbprint.as_deref(), account, CSP_NAME);
    }
    console.data(&out)?;
    Ok(Exit::Success)
}

/// The PFX, and the thumbprint where it can be known without asking for a password.
fn find(arguments: &Arguments) -> Result<(PathBuf, Option<String>), Failure> {
    if let Some(stored) = source::find(&arguments.source, &arguments.shelf)? {
        let pfx = stored.paths()?.export(ExportFormat::Pfx);
        if !pfx.exists() {
            return Err(Failure::message(format!("`{}` was never exported as PFX", stored.handle)).hint(
                "declare `export: [pfx]` in its manifest and apply, or run `accredit certificate export HANDLE --format pfx`",
            ));
        }
        return Ok((pfx, Some(stored.generation.thumbprint.to_string())));
    }
    let path = &arguments.source;
    let mut passwords = Passwords::new(&arguments.password);
    let given = passwords.given()?;
    let bytes =
        std::fs::read(path).map_err(|error| Failure::new(format!("`{}` cannot be read", path.display()), error))?;
    let mut certificates = match keys::read(&bytes, given.as_ref()) {
        Ok(contents) if contents.format != keys::FileFormat::Pfx => {
            return Err(Failure::message(format!("`{}` is {}, not a PFX", path.display(), contents.format.as_str()))
                .hint("make one with `accredit certificate export FILE… --format pfx`"));
        }
        Ok(contents) => vec![contents],
        // Without its password only the certificate beside it says which one it is.
        Err(keys::Unreadable::PasswordNeeded) => Vec::new(),
        Err(_) => vec![files::open(path, &mut passwords)?],
    };
    let beside = path.with_extension("cer");
    if certificates.is_empty() && beside.exists() {
        certificates.extend(files::open(&beside, &mut passwords));
    }
    let bundle = keys::Bundle::of_files(&certificates).ok();
    let der = bundle.and_then(|bundle| bundle.certificate);
    let thumbprint = der.and_then(|der| Some(keys::inspect(&der).ok()?.thumbprint.to_string()));
    Ok((path.clone(), thumbprint))
}
