//! Private files: in the clear for their owner alone, or encrypted to recipients under the same name with `.age`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::super::age::{AgeError, Identities};
use super::super::durable::{self, FileError, Readers};
use super::super::error::StoreError;
use super::is_missing;
use super::layout::RECIPIENTS;

/// How the private files of a store are kept, and by whom they can be opened.
#[derive(Clone, Debug, Default)]
pub(super) struct Protection {
    /// None: in the clear.
    pub(super) recipients: BTreeSet<String>,
    pub(super) identities: Identities,
}

/// Where a private file lies when it is encrypted.
pub(super) fn encrypted(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".age");
    name.into()
}

impl Protection {
    /// The name and the bytes under which a private file is to lie in `directory`.
    pub(super) fn sealed(&self, path: &Path, plain: &[u8]) -> Result<(PathBuf, Zeroizing<Vec<u8>>), StoreError> {
        if self.recipients.is_empty() {
            return Ok((path.to_owned(), Zeroizing::new(plain.to_vec())));
        }
        let bytes = self.identities.encrypt(plain, &self.recipients).map_err(age_error(path))?;
        // What was encrypted is opened once before anybody relies on it.
        let opened = self.identities.decrypt(&bytes).map_err(age_error(path))?;
        if opened.as_bytes() != plain {
            let reason = "what was encrypted does not come out as it went in".to_owned();
            return Err(age_error(path)(AgeError::Damaged { reason }));
        }
        Ok((encrypted(path), Zeroizing::new(bytes)))
    }

    /// Writes a private file in the place of whatever lies there under its name.
    pub(super) fn replace(&self, path: &Path, plain: &[u8]) -> Result<PathBuf, StoreError> {
        let (path, bytes) = self.sealed(path, plain)?;
        durable::replace(&path, &bytes, Readers::Owner)?;
        Ok(path)
    }

    /// What is in a private file, in the clear or not.
    pub(super) fn read(&self, path: &Path) -> Result<Zeroizing<String>, StoreError> {
        match durable::read_private(path) {
            Err(FileError::Failed { source, .. }) if is_missing(&source) && encrypted(path).exists() => {
                let path = encrypted(path);
                let bytes = fs::read(&path).map_err(durable::failed("read", &path))?;
                self.identities.decrypt(&bytes).map_err(age_error(&path))
            }
            outcome => Ok(outcome?),
        }
    }
}

fn age_error(path: &Path) -> impl Fn(AgeError) -> StoreError + '_ {
    |source| StoreError::Age { path: path.to_owned(), source }
}

/// To whom the private files of a directory are encrypted; `None` where they lie in the clear.
pub(super) fn recipients_of(directory: &Path, private_key: &Path) -> Result<Option<BTreeSet<String>>, StoreError> {
    if private_key.exists() || !encrypted(private_key).exists() {
        return Ok(None);
    }
    let path = directory.join(RECIPIENTS);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())),
        // Nobody knows; whoever encrypts next says so.
        Err(error) if is_missing(&error) => Ok(Some(BTreeSet::new())),
        Err(error) => Err(durable::failed("read", &path)(error).into()),
    }
}

/// The text of the file that says to whom a key is encrypted.
pub(super) fn recipients_text(recipients: &BTreeSet<String>) -> String {
    recipients.iter().flat_map(|recipient| [recipient.as_str(), "\n"]).collect()
}
