//! A certificate that somebody else made and keeps in a file, with or without its key. The file is read and never written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::certificate::KeyPair;
use super::error::StoreError;
use super::examination::{Examined, examine};
use super::unreadable::Unreadable;
use super::{Bundle, contents, durable, inspect};
use crate::model::{Inspection, KeyAccess, StoreTrouble, StoredKeys, UnusableFile};

/// What helps where a file holds what is no use as a certificate.
const LOOK_INSIDE: &str = "`accredit certificate inspect` says what is in it";

/// A file that is declared as the source of a certificate.
#[derive(Clone, Debug)]
pub struct CertificateFile {
    path: PathBuf,
    /// Where one is declared: the password, or why it is not to be had.
    password: Option<Result<SecretString, String>>,
}

impl CertificateFile {
    pub fn new(path: &Path, password: Option<Result<SecretString, String>>) -> Self {
        Self { path: path.to_owned(), password }
    }

    /// The certificate in the file, or why there is none that could be used.
    pub fn list(&self) -> Result<StoredKeys, StoreError> {
        let bundle = match self.read()? {
            Ok(bundle) => bundle,
            Err(unusable) => return Ok(StoredKeys { unusable: Some(unusable), ..StoredKeys::default() }),
        };
        let der = bundle.certificate.unwrap_or_default();
        Ok(match inspect(&der) {
            Ok(mut stored) => {
                if bundle.private_key.is_some() {
                    stored.private_key = KeyAccess::Plain;
                }
                StoredKeys { generations: vec![stored], ..StoredKeys::default() }
            }
            Err(error) => {
                let unusable = self.unusable(error.to_string(), LOOK_INSIDE);
                StoredKeys { unusable: Some(unusable), ..StoredKeys::default() }
            }
        })
    }

    /// What Entra, Exchange and Windows would say to the file, if it can be read.
    pub fn examine(&self, now: Timestamp) -> Option<Inspection> {
        let bytes = fs::read(&self.path).map(Zeroizing::new).ok()?;
        let password = self.password.as_ref().and_then(|password| password.as_ref().ok());
        let contents = contents::read(&bytes, password).ok()?;
        let name = self.path.display().to_string();
        Some(examine(&[Examined { name: &name, contents: Ok(&contents) }], now))
    }

    /// The certificate with its key, if the file holds it.
    pub fn key_pair(&self) -> Result<KeyPair, StoreError> {
        let no_key = || StoreError::NoPrivateKey { what: self.path.display().to_string() };
        let bundle = self.read()?.map_err(|_| no_key())?;
        match (bundle.certificate, bundle.private_key) {
            (Some(certificate), Some(private_key)) => Ok(KeyPair { certificate, private_key }),
            (_, None) | (None, _) => Err(no_key()),
        }
    }

    /// The inner error is about what the file holds: a reason, and what helps.
    fn read(&self) -> Result<Result<Bundle, UnusableFile>, StoreError> {
        let path = &self.path;
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Err(self.unusable("it is not there", "put the certificate there, or say another path")));
            }
            Ok(facts) if facts.len() > contents::MAXIMUM_SIZE => {
                let reason = format!("it is {} bytes long, so no certificate", facts.len());
                return Ok(Err(self.unusable(reason, "give a `.cer`, `.pem`, `.p7b` or `.pfx`")));
            }
            Ok(_) | Err(_) => {}
        }
        let bytes = fs::read(path).map(Zeroizing::new).map_err(durable::failed("read", path))?;
        let contents = match contents::read(&bytes, self.password.as_ref().and_then(|password| password.as_ref().ok()))
        {
            Err(error @ Unreadable::PasswordNeeded) => {
                return Ok(Err(match &self.password {
                    Some(Err(missing)) => self.unusable(
                        format!("it is encrypted, and its password is not there: {missing}"),
                        "the password is where `source.file.password` says",
                    ),
                    Some(Ok(_)) | None => self.unusable(
                        error.to_string(),
                        "say where its password is: `source: { file: { path: …, password: { env: NAME } } }`",
                    ),
                }));
            }
            Err(error @ Unreadable::WrongPassword) => {
                let unusable = self.unusable(error.to_string(), error.help());
                return Ok(Err(UnusableFile { trouble: StoreTrouble::WrongPassword, ..unusable }));
            }
            Err(error) => return Ok(Err(self.unusable(error.to_string(), error.help()))),
            Ok(contents) => contents,
        };
        if !contents.keys.is_empty() {
            durable::refuse_exposed(path)?;
        }
        Ok(match Bundle::of_files(&[contents]) {
            Ok(bundle) if bundle.certificate.is_some() => Ok(bundle),
            Ok(_) => Err(self.unusable("it holds a key and no certificate", "give the certificate too")),
            Err(error) => Err(self.unusable(error.to_string(), LOOK_INSIDE)),
        })
    }

    fn unusable(&self, reason: impl Into<String>, help: &str) -> UnusableFile {
        UnusableFile::new(&self.path, reason, help)
    }
}
