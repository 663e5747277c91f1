//! `accredit certificate new`: a key with its self-signed certificate, in files or in a key store.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::commands::console::Console;
use crate::commands::{Exit, Failure, now};
use crate::keys::{self, Bundle, DirectoryStore, Encoded, OutputFormat, PfxTerms};
use crate::model::{CertificateProfile, ExportFormat, KeyAlgorithm, Period, PfxEncryption, StoredCertificate};

use super::files::{self, Output, password_path};
use super::password::{PasswordSource, ask_new};
use super::{stem, subject};

/// What was typed after `new`.
#[derive(Debug)]
pub struct Arguments {
    pub subject: Option<String>,
    pub dns_names: Vec<String>,
    pub valid_for: Period,
    pub key: KeyAlgorithm,
    pub friendly_name: Option<String>,
    pub place: Place,
    pub formats: BTreeSet<OutputFormat>,
    pub pfx_encryption: PfxEncryption,
    pub password: PasswordSource,
    pub generate_password: bool,
    pub force: bool,
    pub now: Option<Timestamp>,
}

/// Where the key shall lie.
#[derive(Debug)]
pub enum Place {
    /// Plain files of one name.
    Directory { directory: PathBuf, name: Option<String> },
    /// As `apply` would have put it.
    Store { store: PathBuf, handle: String, certificate: String },
}

pub(super) fn run(console: &Console, arguments: &Arguments) -> Result<Exit, Failure> {
    let handle = match &arguments.place {
        Place::Store { handle, .. } => Some(handle.as_str()),
        Place::Directory { .. } => None,
    };
    let named = arguments.subject.as_deref().or(if arguments.dns_names.is_empty() { handle } else { None });
    let not_before = now(arguments.now);
    let profile = CertificateProfile {
        subject: subject(named, &arguments.dns_names)?,
        dns_names: arguments.dns_names.clone(),
        key: arguments.key,
        not_before,
        not_after: arguments.valid_for.after(not_before),
    };
    match &arguments.place {
        Place::Directory { directory, name } => {
            let name = stem(name.as_deref(), &profile.subject);
            in_directory(console, arguments, &profile, directory, &name)?;
        }
        Place::Store { store, handle, certificate } => {
            in_store(console, arguments, &profile, &DirectoryStore::open(store), (handle, certificate))?;
        }
    }
    Ok(Exit::Success)
}

fn in_directory(
    console: &Console,
    arguments: &Arguments,
    profile: &CertificateProfile,
    directory: &Path,
    name: &str,
) -> Result<(), Failure> {
    let mut formats = arguments.formats.clone();
    // Without its key a certificate is good for nothing.
    if !formats.contains(&OutputFormat::Pem) && !formats.contains(&OutputFormat::Pfx) {
        formats.insert(OutputFormat::Key);
    }
    let path = |format: OutputFormat| files::path_in(directory, &format!("{name}.{}", format.as_str()));
    let pfx = path(OutputFormat::Pfx);
    let mut outputs = Vec::new();
    let password = if formats.contains(&OutputFormat::Pfx) {
        Some(pfx_password(console, arguments, &pfx, &mut outputs)?)
    } else {
        None
    };
    let bundle = Bundle::of_pair(keys::self_signed(profile)?, arguments.friendly_name.clone());
    for format in formats {
        // The password is the PFX's: what is PEM here is made to be read by programs.
        let password = password.as_ref().filter(|_| format == OutputFormat::Pfx);
        let encoded = bundle.encode(format, password, arguments.pfx_encryption)?;
        outputs.push(Output { path: path(format), encoded });
    }
    std::fs::create_dir_all(directory)
        .map_err(|error| Failure::new(format!("`{}` could not be made", directory.display()), error))?;
    files::write(console, outputs, arguments.force)?;
    let facts = keys::inspect(bundle.certificate.as_deref().unwrap_or_default())?;
    show(console, &facts)
}

fn pfx_password(
    console: &Console,
    arguments: &Arguments,
    pfx: &Path,
    outputs: &mut Vec<Output>,
) -> Result<SecretString, Failure> {
    if arguments.generate_password {
        let password = keys::random_password()?;
        outputs.push(password_file(pfx, &password));
        return Ok(password);
    }
    match arguments.password.take()? {
        Some(password) => Ok(password),
        None => ask_new(console, &format!("`{}`", pfx.display())),
    }
}

/// The file that keeps a generated password.
pub(super) fn password_file(path: &Path, password: &SecretString) -> Output {
    use secrecy::ExposeSecret as _;
    // No line end: `Get-Content -Raw`, `$(cat …)` and `openssl -passin file:` then all read the same.
    let bytes = Zeroizing::new(password.expose_secret().as_bytes().to_vec());
    Output { path: password_path(path), encoded: Encoded { bytes, is_private: true } }
}

fn in_store(
    console: &Console,
    arguments: &Arguments,
    profile: &CertificateProfile,
    store: &DirectoryStore,
    (handle, certificate): (&str, &str),
) -> Result<(), Failure> {
    let mut formats = BTreeSet::new();
    for format in &arguments.formats {
        formats.insert(match format {
            OutputFormat::Cer => ExportFormat::Cer,
            OutputFormat::Pem => ExportFormat::Pem,
            OutputFormat::Pfx => ExportFormat::Pfx,
            // Every key store has it: `private-key.pem`.
            OutputFormat::Key => continue,
        });
    }
    let wants_password = formats.contains(&ExportFormat::Pfx) && !arguments.generate_password;
    let given = match arguments.password.take()? {
        None if wants_password => Some(ask_new(console, "the PFX")?),
        given => given,
    };
    let _lock = store.lock()?;
    let stored = store.create(handle, certificate, profile)?;
    let password = match given {
        None if formats.contains(&ExportFormat::Pfx) => Some(store.generated_password(handle, certificate, &stored)?),
        given => given,
    };
    let terms = PfxTerms {
        friendly_name: arguments.friendly_name.as_deref(),
        password: password.as_ref(),
        encryption: arguments.pfx_encryption,
    };
    store.export(handle, certificate, &stored, &formats, terms)?;
    let paths = store.paths(handle, certificate, &stored)?;
    console.say(&format!("Wrote `{}` (readable by you alone).", paths.directory.display()));
    show(console, &stored)
}

/// The values that whoever uses it must know.
fn show(console: &Console, facts: &StoredCertificate) -> Result<(), Failure> {
    let instant = |instant: Timestamp| instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let rows = [
        ("Subject", facts.subject.to_string()),
        ("Thumbprint", facts.thumbprint.to_string()),
        ("NotBefore", instant(facts.not_before)),
        ("NotAfter", instant(facts.not_after)),
    ];
    let lines: Vec<String> = rows.iter().map(|(label, value)| format!("{label:<11} {value}")).collect();
    console.data(&(lines.join("\n") + "\n"))
}
