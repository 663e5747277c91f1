//! The directory that keys are kept in: what can be done with it. What lies where in it says `layout`.
//!
//! A generation is written in a hidden directory beside its place and renamed there as a whole: that rename is the
//! commit. What a crash leaves behind is still hidden, was never uploaded anywhere, and is swept by whoever next holds
//! the lock. Nothing here ever deletes a finished key.

mod generation;
mod layout;
mod moving;
mod pending;
mod private;
mod sweep;
#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::age::Identities;
use super::certificate::{self, KeyPair};
use super::durable::{self, Readers, failed};
use super::error::StoreError;
use super::password::random_password;
use super::{PfxTerms, PrivateKey, inspect, pem, pfx};
use crate::model::{CertificateProfile, ExportFormat, StoredCertificate, StoredKeys};

use layout::{CERTIFICATE, PRIVATE_KEY, is_thumbprint};
use private::{Protection, encrypted};
use sweep::sweep;

pub use layout::StoredPaths;

/// A key store in one directory. Opening one touches nothing; the directory is made when the first key is.
#[derive(Clone, Debug)]
pub struct DirectoryStore {
    directory: PathBuf,
    protection: Protection,
}

/// Held while a store is written to; a second one for the same directory is refused. Ends with the process at latest.
#[derive(Debug)]
pub struct StoreLock {
    _file: File,
}

impl DirectoryStore {
    pub fn open(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), protection: Protection::default() }
    }

    /// The same with private files that are encrypted to these recipients, and opened by these identities.
    #[must_use]
    pub fn protected(self, recipients: &BTreeSet<String>, identities: &Identities) -> Self {
        let protection = Protection { recipients: recipients.clone(), identities: identities.clone() };
        Self { protection, ..self }
    }

    /// Keeps other processes from writing here, and sweeps up what crashed ones left unfinished.
    pub fn lock(&self) -> Result<StoreLock, StoreError> {
        self.prepare()?;
        let path = self.directory.join(".lock");
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed("open the lock file", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked { path: self.directory.clone() }),
            Err(TryLockError::Error(source)) => return Err(failed("lock", &path)(source).into()),
        }
        sweep(&self.directory);
        Ok(StoreLock { _file: file })
    }

    /// Everything that is kept for one certificate: generations oldest first, and keys that wait for theirs.
    pub fn list(&self, handle: &str, certificate: &str) -> Result<StoredKeys, StoreError> {
        let slot = self.slot(handle, certificate)?;
        let entries = match fs::read_dir(&slot) {
            Err(error) if is_missing(&error) => return Ok(StoredKeys::default()),
            outcome => outcome.map_err(failed("read the directory", &slot))?,
        };
        let mut found = StoredKeys::default();
        for entry in entries {
            let name = entry.map_err(failed("read the directory", &slot))?.file_name();
            let Some(name) = name.to_str() else { continue };
            if is_thumbprint(name) {
                let paths = layout::generation(&slot, handle, certificate, name);
                let stored = generation::read(&paths, name)?;
                // A certificate whose key is another one would be uploaded, and nobody could sign in with it. An encrypted
                // key is looked at when it is opened.
                if paths.private_key.exists() {
                    generation::read_key_of(&stored.der, &paths, &self.protection)?;
                }
                found.generations.push(stored);
            } else if let Some(id) = layout::request_id(name) {
                let paths = layout::request(&slot, handle, certificate, id);
                found.requests.push(pending::read(&paths, id)?);
            }
        }
        found.generations.sort_by(|a, b| (a.not_before, &a.thumbprint).cmp(&(b.not_before, &b.thumbprint)));
        found.requests.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }

    /// Makes a key and its certificate. Once this returns, both survive a crash; if it fails, neither counts.
    pub fn create(
        &self,
        handle: &str,
        certificate: &str,
        profile: &CertificateProfile,
    ) -> Result<StoredCertificate, StoreError> {
        let slot = self.slot(handle, certificate)?;
        let pair = certificate::self_signed(profile).map_err(|source| StoreError::Make {
            handle: handle.to_owned(),
            certificate: certificate.to_owned(),
            source,
        })?;
        let stored = inspect(&pair.certificate).map_err(|source| StoreError::Certificate {
            path: slot.join(CERTIFICATE),
            directory: slot.clone(),
            source,
        })?;
        let paths = layout::generation(&slot, handle, certificate, stored.thumbprint.as_str());
        let draft = self.draft_with(&pair.private_key, &paths.private_key, handle, &slot)?;
        pending::write_follows(&slot, draft.path())?;
        durable::write_new(&draft.path().join(CERTIFICATE), pair.certificate_pem().as_bytes(), Readers::Everyone)?;
        durable::publish(draft, &paths.directory)?;
        generation::read(&paths, stored.thumbprint.as_str())
    }

    /// A directory in `slot` that holds a private key, which will lie in `place`, and has no name yet.
    fn draft_with(&self, key: &PrivateKey, place: &Path, handle: &str, slot: &Path) -> Result<TempDir, StoreError> {
        // Before anything is written: who is to open it again may be nobody.
        let key = key.pem();
        let (place, bytes) = self.protection.sealed(place, key.expose_secret().as_bytes())?;
        self.prepare()?;
        durable::create_directories(slot)?;
        self.keep_out_of_git(handle)?;
        let draft = durable::draft_directory(slot)?;
        let file = draft.path().join(place.file_name().unwrap_or_default());
        durable::write_new(&file, &bytes, Readers::Owner)?;
        self.write_recipients(draft.path())?;
        Ok(draft)
    }

    /// Writes files for use elsewhere, each wholly or not at all, over what was there; gives their paths.
    pub fn export(
        &self,
        handle: &str,
        certificate: &str,
        stored: &StoredCertificate,
        formats: &BTreeSet<ExportFormat>,
        pfx: PfxTerms<'_>,
    ) -> Result<Vec<PathBuf>, StoreError> {
        let paths = self.paths(handle, certificate, stored)?;
        let pair = generation::read_pair(&paths, &self.protection)?;
        let chain = generation::read_chain(&paths)?;
        // All are encoded before the first is written: a bad password leaves nothing behind.
        let mut files = Vec::new();
        for &format in formats {
            let path = paths.export(format);
            let (bytes, readers) = match format {
                ExportFormat::Cer => (Zeroizing::new(pair.certificate.clone()), Readers::Everyone),
                ExportFormat::Pem => {
                    let mut text = Zeroizing::new(pair.bundle_pem().expose_secret().as_bytes().to_vec());
                    text.extend(chain.iter().flat_map(|der| pem::encode_certificate(der).into_bytes()));
                    (text, Readers::Owner)
                }
                ExportFormat::Pfx => {
                    let password = pfx.password.ok_or_else(|| StoreError::PasswordMissing { path: path.clone() })?;
                    let bytes = pfx::encode(&pair, &chain, pfx.friendly_name, password, pfx.encryption)
                        .map_err(|source| StoreError::Pfx { path: path.clone(), source })?;
                    (Zeroizing::new(bytes), Readers::Owner)
                }
            };
            files.push((path, bytes, readers));
        }
        for (path, bytes, readers) in &files {
            durable::replace(path, bytes, *readers)?;
        }
        Ok(files.into_iter().map(|(path, _, _)| path).collect())
    }

    /// The password that was made for this generation's PFX; makes and keeps one if there is none.
    pub fn generated_password(
        &self,
        handle: &str,
        certificate: &str,
        stored: &StoredCertificate,
    ) -> Result<SecretString, StoreError> {
        let path = self.paths(handle, certificate, stored)?.pfx_password;
        if path.exists() || encrypted(&path).exists() {
            return Ok(self.protection.read(&path)?.trim_end_matches(['\r', '\n']).into());
        }
        let password = random_password().map_err(|_| StoreError::Randomness { path: path.clone() })?;
        // No line end: `Get-Content -Raw`, `$(cat …)` and `openssl -passin file:` then all read the same.
        self.protection.replace(&path, password.expose_secret().as_bytes())?;
        Ok(password)
    }

    /// Those that issued the certificate, DER, the nearest first; none where it is self-signed.
    pub fn chain(
        &self,
        handle: &str,
        certificate: &str,
        stored: &StoredCertificate,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        generation::read_chain(&self.paths(handle, certificate, stored)?)
    }

    /// The certificate with its key, after checking that they belong together.
    pub fn key_pair(&self, handle: &str, certificate: &str, stored: &StoredCertificate) -> Result<KeyPair, StoreError> {
        generation::read_pair(&self.paths(handle, certificate, stored)?, &self.protection)
    }

    /// Keeps all private files of a certificate as this store keeps new ones: encrypted to its recipients, or in the clear where
    /// it has none. What lay there otherwise goes once the other form is safe.
    pub fn protect(&self, handle: &str, certificate: &str) -> Result<(), StoreError> {
        let slot = self.slot(handle, certificate)?;
        let kept = self.list(handle, certificate)?;
        let generations = kept.generations.iter().map(|stored| self.paths(handle, certificate, stored));
        let requests = kept.requests.iter().map(|request| Ok(layout::request(&slot, handle, certificate, &request.id)));
        for paths in generations.chain(requests) {
            let paths = paths?;
            for private in [&paths.private_key, &paths.pfx_password] {
                if private.exists() || encrypted(private).exists() {
                    let plain = self.protection.read(private)?;
                    let written = self.protection.replace(private, plain.as_bytes())?;
                    let other = if written == *private { encrypted(private) } else { private.clone() };
                    durable::remove(&other)?;
                }
            }
            self.write_recipients(&paths.directory)?;
            if self.protection.recipients.is_empty() {
                durable::remove(&paths.directory.join(layout::RECIPIENTS))?;
            } else {
                // A copy of the key in the clear, which can be made again.
                durable::remove(&paths.export(ExportFormat::Pem))?;
            }
        }
        let ignore = self.directory.join(handle).join(".gitignore");
        if fs::read_to_string(&ignore).is_ok_and(|text| text == IGNORE_ALL || text == IGNORE_PLAIN) {
            durable::replace(&ignore, self.ignored().as_bytes(), Readers::Everyone)?;
        }
        self.keep_out_of_git(handle)
    }

    /// Whether private files can be written and read again here, before anything else is begun.
    pub fn check_recipients(&self) -> Result<(), StoreError> {
        let path = self.directory.join(PRIVATE_KEY);
        self.protection.sealed(&path, b"").map(drop)
    }

    /// The names of the certificates that are kept for a handle, in the order of the alphabet.
    pub fn names(&self, handle: &str) -> Result<Vec<String>, StoreError> {
        if !layout::is_name(handle) {
            return Err(StoreError::Name { name: handle.to_owned() });
        }
        let directory = self.directory.join(handle);
        let entries = match fs::read_dir(&directory) {
            Err(error) if is_missing(&error) => return Ok(Vec::new()),
            outcome => outcome.map_err(failed("read the directory", &directory))?,
        };
        let mut names: Vec<String> = entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| layout::is_name(name))
            .collect();
        names.sort();
        Ok(names)
    }

    /// Where everything about one generation lies.
    pub fn paths(
        &self,
        handle: &str,
        certificate: &str,
        stored: &StoredCertificate,
    ) -> Result<StoredPaths, StoreError> {
        let thumbprint = stored.thumbprint.as_str();
        if !is_thumbprint(thumbprint) {
            return Err(StoreError::Name { name: thumbprint.to_owned() });
        }
        Ok(layout::generation(&self.slot(handle, certificate)?, handle, certificate, thumbprint))
    }

    /// The directory that holds all generations of one certificate.
    fn slot(&self, handle: &str, certificate: &str) -> Result<PathBuf, StoreError> {
        if let Some(name) = [handle, certificate].into_iter().find(|name| !layout::is_name(name)) {
            return Err(StoreError::Name { name: name.to_owned() });
        }
        Ok(self.directory.join(handle).join(certificate))
    }

    /// Makes the store's directory.
    fn prepare(&self) -> Result<(), StoreError> {
        durable::create_directories(&self.directory)?;
        Ok(())
    }

    /// Whether a generation lies here.
    pub fn holds(&self, handle: &str, certificate: &str, stored: &StoredCertificate) -> bool {
        self.paths(handle, certificate, stored).is_ok_and(|paths| paths.directory.is_dir())
    }

    /// Keeps a commit from taking keys in the clear along. In the handle's directory, which is ours alone: someone may have
    /// named a store that holds other files as well.
    fn keep_out_of_git(&self, handle: &str) -> Result<(), StoreError> {
        let path = self.directory.join(handle).join(".gitignore");
        if !path.exists() {
            durable::replace(&path, self.ignored().as_bytes(), Readers::Everyone)?;
        }
        Ok(())
    }

    fn ignored(&self) -> &'static str {
        if self.protection.recipients.is_empty() { IGNORE_ALL } else { IGNORE_PLAIN }
    }
}

/// What keeps git from everything below.
const IGNORE_ALL: &str = "*\n";
/// What keeps git from private files in the clear alone: beside encrypted ones there may be those of certificates that have
/// left the manifest, or that are kept otherwise.
const IGNORE_PLAIN: &str = "*.pem\n!certificate.pem\n!chain.pem\n*.pfx-password\n.new-*\n";

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}
