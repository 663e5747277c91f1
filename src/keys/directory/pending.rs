//! Keys that wait for their certificates: the request beside the key, and what somebody put beside both.

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

use sha1::{Digest as _, Sha1};

use super::super::contents::{self, KeyFile};
use super::super::durable::{self, Readers, failed};
use super::super::error::StoreError;
use super::super::inspect::{inspect, public_key};
use super::super::issuance::Link;
use super::super::request as pkcs10;
use super::super::{PrivateKey, facts, pem};
use super::layout::{self, FOLLOWS, PRIVATE_KEY, RECIPIENTS, StoredPaths};
use super::private::{encrypted, recipients_text};
use super::{DirectoryStore, generation};
use crate::model::{
    KeyAlgorithm, RequestProfile, SignedCertificate, StoredCertificate, StoredRequest, Thumbprint, UnusableFile,
};

/// No certificate file is near as large.
const MAXIMUM_SIZE: u64 = 1024 * 1024;
/// Somebody put a whole folder there; more is not looked at.
const MAXIMUM_FILES: usize = 100;

impl DirectoryStore {
    /// Makes a key and the request for its certificate. Once this returns, both survive a crash.
    pub fn request(
        &self,
        handle: &str,
        certificate: &str,
        profile: &RequestProfile,
        algorithm: KeyAlgorithm,
    ) -> Result<StoredRequest, StoreError> {
        let slot = self.slot(handle, certificate)?;
        let make = |source| StoreError::Make { handle: handle.to_owned(), certificate: certificate.to_owned(), source };
        let key = pkcs10::generate(algorithm).map_err(make)?;
        let text = pkcs10::request(&key, profile).map_err(make)?;
        let id = id_of(&key);
        let paths = layout::request(&slot, handle, certificate, &id);
        let draft = self.draft_with(&key, &paths.private_key, handle, &slot)?;
        let file = draft.path().join(paths.request().file_name().unwrap_or_default());
        durable::write_new(&file, text.as_bytes(), Readers::Everyone)?;
        durable::publish(draft, &paths.directory)?;
        read(&paths, &id)
    }

    /// Makes a generation of a request's key and the certificate with this thumbprint that lies beside it.
    ///
    /// The certificate is written beside the key and the directory renamed as a whole: the key is never copied.
    pub fn take_in(
        &self,
        handle: &str,
        certificate: &str,
        request: &str,
        thumbprint: &Thumbprint,
    ) -> Result<StoredCertificate, StoreError> {
        let slot = self.slot(handle, certificate)?;
        let paths = layout::request(&slot, handle, certificate, request);
        let taken = layout::generation(&slot, handle, certificate, thumbprint.as_str());
        if taken.directory.is_dir() {
            // A run before this one came as far as that.
            return generation::read(&taken, thumbprint.as_str());
        }
        let moved = || StoreError::RequestMoved { path: paths.directory.clone() };
        let pending = read(&paths, request)?;
        let signed = pending.signed.iter().find(|signed| signed.certificate.thumbprint == *thumbprint);
        let signed = signed.ok_or_else(moved)?;
        // The request may have been exchanged; the key decides.
        generation::read_key_of(&signed.certificate.der, &paths, &self.protection)?;
        let others: Vec<Vec<u8>> = candidates(&paths)?
            .into_iter()
            .filter_map(|path| read_file(&path).ok())
            .flat_map(|file| file.certificates)
            .map(|found| found.der)
            .collect();
        let links: Vec<Link<'_>> = others.iter().filter_map(|der| Link::of(der)).collect();
        let own = Link::of(&signed.certificate.der);
        let chain: String =
            own.iter().flat_map(|own| own.chain(&links)).map(|link| pem::encode_certificate(link.der)).collect();
        write_follows(&slot, &paths.directory)?;
        let text = pem::encode_certificate(&signed.certificate.der);
        durable::replace(&paths.certificate, text.as_bytes(), Readers::Everyone)?;
        if !chain.is_empty() {
            // Perhaps over the answer itself, which may have this name.
            durable::replace(&paths.chain(), chain.as_bytes(), Readers::Everyone)?;
        }
        durable::rename_directory(&paths.directory, &taken.directory)?;
        generation::read(&taken, thumbprint.as_str())
    }

    /// The file that says to whom the private files beside it are encrypted.
    pub(super) fn write_recipients(&self, directory: &Path) -> Result<(), StoreError> {
        let recipients = &self.protection.recipients;
        if recipients.is_empty() {
            return Ok(());
        }
        let text = recipients_text(recipients);
        Ok(durable::replace(&directory.join(RECIPIENTS), text.as_bytes(), Readers::Everyone)?)
    }
}

/// The file that names the certificates that are here already. Authorities date back as they like, so dates do not tell
/// which one came after which.
pub(super) fn write_follows(slot: &Path, directory: &Path) -> Result<(), StoreError> {
    let entries = fs::read_dir(slot).map_err(failed("read the directory", slot))?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| layout::is_thumbprint(name)).collect();
    names.sort();
    let text: String = names.iter().flat_map(|name| [name.as_str(), "\n"]).collect();
    Ok(durable::replace(&directory.join(FOLLOWS), text.as_bytes(), Readers::Everyone)?)
}

/// Sixteen hexadecimal digits that are the same for the same key.
fn id_of(key: &PrivateKey) -> String {
    let digest = Sha1::digest(key.public_key().unwrap_or_default());
    Thumbprint::from_bytes(&digest).as_str()[..16].to_ascii_lowercase()
}

/// A request with what lies beside it.
pub(super) fn read(paths: &StoredPaths, id: &str) -> Result<StoredRequest, StoreError> {
    let file = paths.request();
    let moved = || StoreError::RequestMoved { path: file.clone() };
    let missing = |path: &Path| StoreError::Missing { path: path.to_owned(), directory: paths.directory.clone() };
    if !paths.private_key.exists() && !encrypted(&paths.private_key).exists() {
        return Err(missing(&paths.private_key));
    }
    if paths.private_key.exists() {
        durable::refuse_exposed(&paths.private_key)?;
    }
    if !file.exists() {
        return Err(missing(&file));
    }
    let der = read_file(&file).ok().and_then(|found| found.requests.into_iter().next()).ok_or_else(moved)?;
    let facts = facts::request(&der).map_err(|_| moved())?;
    let key = facts::requested_key(&der).ok_or_else(moved)?;
    let algorithm = match facts.key.bits {
        Some(2048) => KeyAlgorithm::Rsa2048,
        Some(3072) => KeyAlgorithm::Rsa3072,
        Some(4096) => KeyAlgorithm::Rsa4096,
        Some(_) | None => return Err(moved()),
    };
    let mut signed = Vec::new();
    let mut unusable = Vec::new();
    for path in candidates(paths)? {
        match answer(&path, &key) {
            Ok(certificate) => signed.push(SignedCertificate { file: path, certificate }),
            Err((reason, help)) => unusable.push(UnusableFile::new(path, reason, help)),
        }
    }
    signed.sort_by_key(|signed| Reverse(signed.certificate.not_after));
    // The same certificate in several formats is one.
    signed.dedup_by(|one, other| one.certificate.thumbprint == other.certificate.thumbprint);
    // Authorities hand out their own certificates with it; beside a good answer they need no remark.
    if !signed.is_empty() {
        unusable.clear();
    }
    Ok(StoredRequest { id: id.to_owned(), file, asked: generation::asked(facts), key: algorithm, signed, unusable })
}

/// What somebody put beside the request.
fn candidates(paths: &StoredPaths) -> Result<Vec<PathBuf>, StoreError> {
    let entries = fs::read_dir(&paths.directory).map_err(failed("read the directory", &paths.directory))?;
    let is_ours = |name: &str| {
        name.starts_with('.')
            || name.starts_with(PRIVATE_KEY)
            || name == RECIPIENTS
            || name == FOLLOWS
            || layout::is_request(name)
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| !is_ours(name)))
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .take(MAXIMUM_FILES)
        .collect();
    found.sort();
    Ok(found)
}

/// What a file holds, or why that is not known: a reason, and what helps.
fn read_file(path: &Path) -> Result<KeyFile, (String, String)> {
    let size = fs::metadata(path).map_or(0, |facts| facts.len());
    if size > MAXIMUM_SIZE {
        return Err((format!("it is {size} bytes long, so no certificate"), "take it away".to_owned()));
    }
    let bytes = fs::read(path).map_err(|error| (error.to_string(), "make it readable for this user".to_owned()))?;
    contents::read(&bytes, None).map_err(|error| (error.to_string(), error.help().to_owned()))
}

/// The certificate for the key among what a file holds, or why there is none.
fn answer(path: &Path, key: &[u8]) -> Result<StoredCertificate, (String, String)> {
    let file = read_file(path)?;
    let is_for_key = |der: &[u8]| public_key(der).is_ok_and(|public| public == key);
    match file.certificates.iter().find(|found| is_for_key(&found.der)) {
        Some(found) => inspect(&found.der)
            .map_err(|error| (error.to_string(), "have a certificate with an RSA key signed".to_owned())),
        None if file.certificates.is_empty() => {
            let help = "put the certificate there that the authority answers with".to_owned();
            Err(("there is no certificate in it".to_owned(), help))
        }
        None => {
            let help = "have the `.csr` beside it signed, and put that answer there".to_owned();
            Err(("it certifies another key than the one that was requested".to_owned(), help))
        }
    }
}
