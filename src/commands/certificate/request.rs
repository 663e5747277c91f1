//! `accredit certificate csr`: a key and the request by which an authority certifies it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::commands::console::Console;
use crate::commands::{Exit, Failure};
use crate::keys::{self, Encoded, OutputError, PrivateKey};
use crate::model::{KeyAlgorithm, RequestProfile, Usage};

use super::files::{self, Output, Passwords};
use super::password::PasswordSource;
use super::{stem, subject};

/// What was typed after `csr`.
#[derive(Debug)]
pub struct Arguments {
    pub subject: Option<String>,
    pub dns_names: Vec<String>,
    pub usages: BTreeSet<Usage>,
    /// A file with the key to use again; without it a new one is made.
    pub key: Option<PathBuf>,
    pub algorithm: KeyAlgorithm,
    pub directory: PathBuf,
    pub name: Option<String>,
    pub password: PasswordSource,
    pub force: bool,
}

pub(super) fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { subject: given, dns_names, usages, key, algorithm, directory, name, password, force } = arguments;
    let subject = subject(given.as_deref(), &dns_names)?;
    let name = stem(name.as_deref(), &subject);
    let profile = RequestProfile { subject, dns_names, usages };
    let mut outputs = Vec::new();
    let path = |extension: &str| files::path_in(&directory, &format!("{name}.{extension}"));
    let (key, key_path) = if let Some(file) = key {
        (existing(&file, &password)?, file)
    } else {
        let key = keys::generate(algorithm)?;
        let bytes = Zeroizing::new(key.pem().expose_secret().as_bytes().to_vec());
        outputs.push(Output { path: path("key"), encoded: Encoded { bytes, is_private: true } });
        (key, path("key"))
    };
    let request = keys::request(&key, &profile)?;
    let bytes = Zeroizing::new(request.into_bytes());
    outputs.push(Output { path: path("csr"), encoded: Encoded { bytes, is_private: false } });
    std::fs::create_dir_all(&directory)
        .map_err(|error| Failure::new(format!("`{}` could not be made", directory.display()), error))?;
    files::write(console, outputs, force)?;
    console.say(&format!(
        "Send `{}` to the certificate authority. Look at its answer with\n  accredit certificate inspect signed.cer {}",
        path("csr").display(),
        key_path.display()
    ));
    Ok(Exit::Success)
}

fn existing(file: &std::path::Path, password: &PasswordSource) -> Result<PrivateKey, Failure> {
    let contents = files::open(file, &mut Passwords::new(password))?;
    let found = contents.keys.into_iter().next().map(|found| found.key);
    found.ok_or_else(|| Failure::new(format!("`{}` cannot be used", file.display()), OutputError::NoPrivateKey))
}
