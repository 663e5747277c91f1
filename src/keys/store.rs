//! The directory that keys are kept in: what can be done with it. What lies where in it says `layout`.
//!
//! A generation is written in a hidden directory beside its place and renamed there as a whole: that rename is the
//! commit. What a crash leaves behind is still hidden, was never uploaded anywhere, and is swept by whoever next holds
//! the lock. Nothing here ever deletes a finished key.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::certificate::{self, KeyPair, MakeError};
use super::durable::{self, FileError, Readers, failed};
use super::inspect::{self, InspectError};
use super::layout::{self, CERTIFICATE, PRIVATE_KEY, StoredPaths, generation, is_thumbprint};
use super::password::random_password;
use super::sweep::sweep;
use super::{PfxTerms, PrivateKey, pem, pfx};
use crate::model::{CertificateProfile, ExportFormat, StoredCertificate};

/// A key store in one directory. Opening one touches nothing; the directory is made when the first key is.
#[derive(Clone, Debug)]
pub struct DirectoryStore {
    directory: PathBuf,
}

/// Held while a store is written to; a second one for the same directory is refused. Ends with the process at latest.
#[derive(Debug)]
pub struct StoreLock {
    _file: File,
}

/// Why the key store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(
        "another apply is using the key store `{path}`: wait for it to end and run again",
        path = path.display()
    )]
    Locked { path: PathBuf },
    #[error(
        "`{name}` cannot name a directory of the key store: use letters, digits, `-`, `_` and `.`, beginning with a \
         letter or digit"
    )]
    Name { name: String },
    #[error("no certificate was made for `{handle}/{certificate}`")]
    Make { handle: String, certificate: String, source: MakeError },
    #[error(
        "`{path}` is damaged: put it back from a copy, or move `{directory}` out of the key store to do without it",
        path = path.display(),
        directory = directory.display()
    )]
    Certificate { path: PathBuf, directory: PathBuf, source: InspectError },
    #[error(
        "`{path}` holds another certificate than its directory is named for: put each back into its own",
        path = path.display()
    )]
    Misplaced { path: PathBuf },
    #[error(
        "`{path}` is missing: put it back from a copy, or move `{directory}` out of the key store to do without it",
        path = path.display(),
        directory = directory.display()
    )]
    Missing { path: PathBuf, directory: PathBuf },
    #[error(
        "`{path}` is not the private key of the certificate beside it: put the right one back",
        path = path.display()
    )]
    KeyDiffers { path: PathBuf },
    #[error("a password is needed to write `{path}`", path = path.display())]
    PasswordMissing { path: PathBuf },
    #[error("no PFX was written to `{path}`", path = path.display())]
    Pfx { path: PathBuf, source: pfx::PfxError },
    #[error("no password was made for `{path}`: the source of randomness failed", path = path.display())]
    Randomness { path: PathBuf },
}

impl DirectoryStore {
    pub fn open(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
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

    /// All generations of one certificate, oldest first.
    pub fn list(&self, handle: &str, certificate: &str) -> Result<Vec<StoredCertificate>, StoreError> {
        let slot = self.slot(handle, certificate)?;
        let entries = match fs::read_dir(&slot) {
            Err(error) if is_missing(&error) => return Ok(Vec::new()),
            outcome => outcome.map_err(failed("read the directory", &slot))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed("read the directory", &slot))?.file_name();
            if let Some(thumbprint) = name.to_str().filter(|name| is_thumbprint(name)) {
                let paths = generation(&slot, handle, certificate, thumbprint);
                let stored = read_generation(&paths, thumbprint)?;
                // A certificate whose key is another one would be uploaded, and nobody could sign in with it.
                read_key_of(&stored.der, &paths)?;
                found.push(stored);
            }
        }
        found.sort_by(|a, b| (a.not_before, &a.thumbprint).cmp(&(b.not_before, &b.thumbprint)));
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
        let stored = inspect::inspect(&pair.certificate).map_err(|source| StoreError::Certificate {
            path: slot.join(CERTIFICATE),
            directory: slot.clone(),
            source,
        })?;

        self.prepare()?;
        durable::create_directories(&slot)?;
        self.keep_out_of_git(handle)?;
        let draft = durable::draft_directory(&slot)?;
        let key = pair.private_key.pem();
        durable::write_new(&draft.path().join(PRIVATE_KEY), key.expose_secret().as_bytes(), Readers::Owner)?;
        durable::write_new(&draft.path().join(CERTIFICATE), pair.certificate_pem().as_bytes(), Readers::Everyone)?;
        durable::publish(draft, &slot.join(stored.thumbprint.as_str()))?;
        Ok(stored)
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
        let pair = read_pair(&paths)?;
        // All are encoded before the first is written: a bad password leaves nothing behind.
        let mut files = Vec::new();
        for &format in formats {
            let path = paths.export(format);
            let (bytes, readers) = match format {
                ExportFormat::Cer => (Zeroizing::new(pair.certificate.clone()), Readers::Everyone),
                ExportFormat::Pem => {
                    (Zeroizing::new(pair.bundle_pem().expose_secret().as_bytes().to_vec()), Readers::Owner)
                }
                ExportFormat::Pfx => {
                    let password = pfx.password.ok_or_else(|| StoreError::PasswordMissing { path: path.clone() })?;
                    let bytes = pfx::encode(&pair, &[], pfx.friendly_name, password, pfx.encryption)
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
        if path.exists() {
            return Ok(durable::read_private(&path)?.trim_end_matches(['\r', '\n']).into());
        }
        let password = random_password().map_err(|_| StoreError::Randomness { path: path.clone() })?;
        // No line end: `Get-Content -Raw`, `$(cat …)` and `openssl -passin file:` then all read the same.
        durable::replace(&path, password.expose_secret().as_bytes(), Readers::Owner)?;
        Ok(password)
    }

    /// The private key, PKCS#8 PEM, after checking that it belongs to the certificate.
    pub fn private_key_pem(
        &self,
        handle: &str,
        certificate: &str,
        stored: &StoredCertificate,
    ) -> Result<SecretString, StoreError> {
        let paths = self.paths(handle, certificate, stored)?;
        Ok(read_pair(&paths)?.private_key.pem())
    }

    /// The certificate with its key, after checking that they belong together.
    pub fn key_pair(&self, handle: &str, certificate: &str, stored: &StoredCertificate) -> Result<KeyPair, StoreError> {
        read_pair(&self.paths(handle, certificate, stored)?)
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
        Ok(generation(&self.slot(handle, certificate)?, handle, certificate, thumbprint))
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

    /// Keeps a commit from taking the keys along. In the handle's directory, which is ours alone: someone may have named a
    /// store that holds other files as well.
    fn keep_out_of_git(&self, handle: &str) -> Result<(), StoreError> {
        let path = self.directory.join(handle).join(".gitignore");
        if !path.exists() {
            durable::replace(&path, b"*\n", Readers::Everyone)?;
        }
        Ok(())
    }
}

/// The public facts of a generation whose key is there and private. Does not open the key.
fn read_generation(paths: &StoredPaths, thumbprint: &str) -> Result<StoredCertificate, StoreError> {
    let text = fs::read_to_string(&paths.certificate).map_err(|source| match source {
        source if is_missing(&source) => missing(paths, &paths.certificate),
        source => failed("read", &paths.certificate)(source).into(),
    })?;
    let mut stored = pem::decode_certificate(&text)
        .ok_or_else(|| InspectError::NotACertificate { reason: "there is no PEM block in it".to_owned() })
        .and_then(|der| inspect::inspect(&der))
        .map_err(damaged(paths))?;
    if stored.thumbprint.as_str() != thumbprint {
        return Err(StoreError::Misplaced { path: paths.certificate.clone() });
    }
    durable::refuse_exposed(&paths.private_key).map_err(|error| match error {
        FileError::Failed { source, .. } if is_missing(&source) => missing(paths, &paths.private_key),
        other => other.into(),
    })?;
    stored.exports = ExportFormat::ALL.into_iter().filter(|format| paths.export(*format).is_file()).collect();
    Ok(stored)
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

fn missing(paths: &StoredPaths, path: &Path) -> StoreError {
    StoreError::Missing { path: path.to_owned(), directory: paths.directory.clone() }
}

/// Certificate and key of a generation, after checking that they belong together.
fn read_pair(paths: &StoredPaths) -> Result<KeyPair, StoreError> {
    let thumbprint = paths.directory.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let certificate = read_generation(paths, thumbprint)?.der;
    let private_key = read_key_of(&certificate, paths)?;
    Ok(KeyPair { certificate, private_key })
}

/// The private key, after checking that it is the one of `certificate`.
fn read_key_of(certificate: &[u8], paths: &StoredPaths) -> Result<PrivateKey, StoreError> {
    let text = durable::read_private(&paths.private_key)?;
    let want = inspect::public_key(certificate).map_err(damaged(paths))?;
    let key = PrivateKey::from_pem(&text).filter(|key| key.public_key() == Some(want));
    key.ok_or_else(|| StoreError::KeyDiffers { path: paths.private_key.clone() })
}

fn damaged(paths: &StoredPaths) -> impl Fn(InspectError) -> StoreError + '_ {
    |source| StoreError::Certificate { path: paths.certificate.clone(), directory: paths.directory.clone(), source }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use tempfile::TempDir;

    use super::*;
    use crate::model::{DistinguishedName, KeyAlgorithm};

    fn profile() -> CertificateProfile {
        CertificateProfile {
            subject: DistinguishedName("CN=m365info.com".into()),
            dns_names: vec![],
            key: KeyAlgorithm::Rsa2048,
            not_before: "2026-11-20T23:04:47Z".parse().unwrap(),
            not_after: "2027-11-20T23:14:47Z".parse().unwrap(),
        }
    }

    fn store() -> (TempDir, DirectoryStore) {
        let place = TempDir::new().unwrap();
        let store = DirectoryStore::open(&place.path().join("keys"));
        (place, store)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn opening_and_listing_touch_nothing() {
        let (place, store) = store();
        assert_eq!(store.list("exo", "main").unwrap(), []);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn keeps_what_it_makes_private_and_out_of_git() {
        let (place, store) = store();
        let stored = store.create("exo", "main", &profile()).unwrap();
        let paths = store.paths("exo", "main", &stored).unwrap();
        let root = place.path().join("keys");
        for directory in [&root, &root.join("exo"), &root.join("exo/main"), &paths.directory] {
            assert_eq!(mode(directory), 0o700, "{}", directory.display());
        }
        assert_eq!(mode(&paths.private_key), 0o600);
        assert_eq!(fs::read_to_string(root.join("exo/.gitignore")).unwrap(), "*\n");
        assert_eq!(store.list("exo", "main").unwrap(), std::slice::from_ref(&stored));
    }

    #[test]
    fn exports_are_private_where_they_hold_the_key() {
        let (_place, store) = store();
        let stored = store.create("exo", "main", &profile()).unwrap();
        let password = store.generated_password("exo", "main", &stored).unwrap();
        let formats = BTreeSet::from(ExportFormat::ALL);
        let terms = PfxTerms { password: Some(&password), ..PfxTerms::default() };
        let files = store.export("exo", "main", &stored, &formats, terms).unwrap();
        let names: Vec<_> = files.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["exo-main.cer", "exo-main.pem", "exo-main.pfx"]);
        let paths = store.paths("exo", "main", &stored).unwrap();
        for path in [&files[1], &files[2], &paths.pfx_password] {
            assert_eq!(mode(path), 0o600, "{}", path.display());
        }
        assert_eq!(fs::read(&files[0]).unwrap(), stored.der);
        assert_eq!(store.list("exo", "main").unwrap()[0].exports, formats);
        assert_eq!(fs::read_dir(&paths.directory).unwrap().count(), 6);
    }

    #[test]
    fn a_generated_password_stays_the_same() {
        let (_place, store) = store();
        let stored = store.create("exo", "main", &profile()).unwrap();
        let password = store.generated_password("exo", "main", &stored).unwrap();
        assert_eq!(password.expose_secret().len(), 24);
        let again = store.generated_password("exo", "main", &stored).unwrap();
        assert_eq!(again.expose_secret(), password.expose_secret());
    }

    #[test]
    fn a_pfx_that_cannot_be_made_leaves_no_other_export_behind() {
        let (_place, store) = store();
        let stored = store.create("exo", "main", &profile()).unwrap();
        let export = |password: Option<&SecretString>| {
            let terms = PfxTerms { password, ..PfxTerms::default() };
            store.export("exo", "main", &stored, &BTreeSet::from(ExportFormat::ALL), terms)
        };
        assert!(matches!(export(None), Err(StoreError::PasswordMissing { .. })));
        assert!(matches!(export(Some(&"".into())), Err(StoreError::Pfx { .. })));
        assert_eq!(store.list("exo", "main").unwrap()[0].exports, BTreeSet::new());
    }

    #[test]
    fn lists_generations_oldest_first() {
        let (_place, store) = store();
        let younger = store.create("exo", "main", &profile()).unwrap();
        let elder_profile = CertificateProfile { not_before: "2025-01-01T00:00:00Z".parse().unwrap(), ..profile() };
        let elder = store.create("exo", "main", &elder_profile).unwrap();
        let other = store.create("exo", "other", &profile()).unwrap();
        assert_eq!(store.list("exo", "main").unwrap(), [elder, younger]);
        assert_eq!(store.list("exo", "other").unwrap(), [other]);
    }

    #[test]
    fn what_a_crash_left_counts_for_nothing_and_is_swept_under_the_lock() {
        let (place, store) = store();
        let stored = store.create("exo", "main", &profile()).unwrap();
        let slot = place.path().join("keys/exo/main");
        let crashed = slot.join(".new-Ab12Cd");
        let half_export = slot.join(stored.thumbprint.as_str()).join(".new-Ef34Gh");
        fs::create_dir(&crashed).unwrap();
        fs::write(crashed.join(PRIVATE_KEY), "half a key").unwrap();
        fs::write(&half_export, "half a pfx").unwrap();

        assert_eq!(store.list("exo", "main").unwrap(), std::slice::from_ref(&stored));
        let second = store.create("exo", "main", &profile()).unwrap();
        assert!(crashed.exists(), "without the lock it might be another's work");

        let _lock = store.lock().unwrap();
        assert!(!crashed.exists() && !half_export.exists());
        assert_eq!(store.list("exo", "main").unwrap().len(), 2);
        store.private_key_pem("exo", "main", &second).unwrap();
    }

    #[test]
    fn sweeping_follows_no_link_and_removes_nothing_foreign() {
        let (place, store) = store();
        store.create("exo", "main", &profile()).unwrap();
        let slot = place.path().join("keys/exo/main");
        let foreign = slot.join(".new-foreign");
        fs::create_dir(&foreign).unwrap();
        fs::write(foreign.join("notes.txt"), "mine").unwrap();
        let elsewhere = place.path().join("elsewhere");
        fs::create_dir_all(elsewhere.join("main/.new-x")).unwrap();
        fs::write(elsewhere.join("main/.new-x").join(PRIVATE_KEY), "").unwrap();
        symlink(&elsewhere, place.path().join("keys/linked")).unwrap();
        symlink(elsewhere.join("main/.new-x"), slot.join(".new-linked")).unwrap();

        let _lock = store.lock().unwrap();
        assert!(foreign.join("notes.txt").exists());
        assert!(elsewhere.join("main/.new-x").join(PRIVATE_KEY).exists());
    }

    #[test]
    fn a_second_apply_is_refused_until_the_first_ends() {
        let (_place, store) = store();
        let lock = store.lock().unwrap();
        let error = store.lock().unwrap_err();
        assert!(matches!(error, StoreError::Locked { .. }));
        assert!(error.to_string().starts_with("another apply is using the key store"), "{error}");
        drop(lock);
        store.lock().unwrap();
    }

    #[test]
    fn refuses_a_key_that_others_can_read() {
        let (_place, store) = store();
        let stored = store.create("exo", "main", &profile()).unwrap();
        let key = store.paths("exo", "main", &stored).unwrap().private_key;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        let error = store.list("exo", "main").unwrap_err();
        assert!(matches!(error, StoreError::File(FileError::Exposed { mode: 0o640, .. })));
        assert!(error.to_string().contains(&format!("chmod 600 '{}'", key.display())), "{error}");
        store.private_key_pem("exo", "main", &stored).unwrap_err();
    }

    #[test]
    fn says_which_file_is_missing_damaged_or_wrong() {
        let (_place, store) = store();
        let first = store.create("exo", "main", &profile()).unwrap();
        let second = store.create("exo", "main", &profile()).unwrap();
        let first_paths = store.paths("exo", "main", &first).unwrap();
        let second_paths = store.paths("exo", "main", &second).unwrap();

        let own_key = fs::read(&first_paths.private_key).unwrap();
        fs::copy(&second_paths.private_key, &first_paths.private_key).unwrap();
        assert!(matches!(store.private_key_pem("exo", "main", &first), Err(StoreError::KeyDiffers { .. })));
        fs::write(&first_paths.private_key, own_key).unwrap();
        store.private_key_pem("exo", "main", &first).unwrap();

        fs::remove_file(&first_paths.private_key).unwrap();
        assert!(matches!(store.list("exo", "main"), Err(StoreError::Missing { .. })));

        fs::copy(&second_paths.certificate, &first_paths.certificate).unwrap();
        assert!(matches!(store.list("exo", "main"), Err(StoreError::Misplaced { .. })));

        fs::write(&first_paths.certificate, "").unwrap();
        assert!(matches!(store.list("exo", "main"), Err(StoreError::Certificate { .. })));

        fs::remove_file(&first_paths.certificate).unwrap();
        let error = store.list("exo", "main").unwrap_err().to_string();
        assert!(error.contains("certificate.pem` is missing"), "{error}");
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let place = TempDir::new().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "mine").unwrap();
        let store = DirectoryStore::open(&file.join("keys"));
        for error in [
            store.create("exo", "main", &profile()).unwrap_err(),
            store.lock().map(drop).unwrap_err(),
            store.list("exo", "main").map(drop).unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(text.contains(file.to_str().unwrap()) && text.contains("choose another key directory"), "{text}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    }

    #[test]
    fn names_cannot_lead_out_of_the_store() {
        let (_place, store) = store();
        for name in ["..", "../x", "a/b", "", ".hidden", "a\0"] {
            assert!(matches!(store.list(name, "main"), Err(StoreError::Name { .. })), "{name}");
            assert!(matches!(store.list("exo", name), Err(StoreError::Name { .. })), "{name}");
        }
    }
}
