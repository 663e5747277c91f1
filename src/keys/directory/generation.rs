//! One generation: a certificate with its key, in a directory that is named for its thumbprint.

use std::collections::BTreeSet;
use std::fs;

use super::super::certificate::KeyPair;
use super::super::contents::{self, KeyFile};
use super::super::durable::{self, FileError, failed};
use super::super::error::StoreError;
use super::super::inspect::{self, InspectError};
use super::super::{PrivateKey, facts, pem};
use super::is_missing;
use super::layout::{FOLLOWS, StoredPaths};
use super::private::{Protection, encrypted, recipients_of};
use crate::model::{AskedFor, ExportFormat, InspectedRequest, KeyAccess, StoredCertificate, Thumbprint};

/// The public facts of a generation whose key is there and private. Does not open the key.
pub(super) fn read(paths: &StoredPaths, thumbprint: &str) -> Result<StoredCertificate, StoreError> {
    let missing =
        |path: &std::path::Path| StoreError::Missing { path: path.to_owned(), directory: paths.directory.clone() };
    let text = fs::read_to_string(&paths.certificate).map_err(|source| match source {
        source if is_missing(&source) => missing(&paths.certificate),
        source => failed("read", &paths.certificate)(source).into(),
    })?;
    let mut stored = pem::decode_certificate(&text)
        .ok_or_else(|| InspectError::NotACertificate { reason: "there is no PEM block in it".to_owned() })
        .and_then(|der| inspect::inspect(&der))
        .map_err(damaged(paths))?;
    if stored.thumbprint.as_str() != thumbprint {
        return Err(StoreError::Misplaced { path: paths.certificate.clone() });
    }
    stored.private_key = if let Some(recipients) = recipients_of(&paths.directory, &paths.private_key)? {
        KeyAccess::Encrypted { recipients }
    } else {
        durable::refuse_exposed(&paths.private_key).map_err(|error| match error {
            FileError::Failed { source, .. } if is_missing(&source) => missing(&paths.private_key),
            other => other.into(),
        })?;
        KeyAccess::Plain
    };
    refuse_exposed_exports(paths)?;
    stored.exports = exports(paths);
    stored.asked = asked_for(paths);
    stored.follows = follows(paths);
    Ok(stored)
}

fn exports(paths: &StoredPaths) -> BTreeSet<ExportFormat> {
    ExportFormat::ALL.into_iter().filter(|format| paths.export(*format).is_file()).collect()
}

/// That exports with a key in the clear are their owner's alone.
fn refuse_exposed_exports(paths: &StoredPaths) -> Result<(), FileError> {
    let pem = paths.export(ExportFormat::Pem);
    if pem.is_file() { durable::refuse_exposed(&pem) } else { Ok(()) }
}

/// What was asked for, where an authority signed; whoever takes the request away loses nothing but that.
fn asked_for(paths: &StoredPaths) -> Option<AskedFor> {
    let bytes = fs::read(paths.request()).ok()?;
    let file = contents::read(&bytes, None).ok()?;
    let request = facts::request(file.requests.first()?).ok()?;
    Some(asked(request))
}

pub(super) fn asked(request: InspectedRequest) -> AskedFor {
    let InspectedRequest { subject, dns_names, extended_key_usages, .. } = request;
    AskedFor { subject, dns_names, usages: extended_key_usages }
}

/// The certificates that were there before this one, where that was written down.
fn follows(paths: &StoredPaths) -> BTreeSet<Thumbprint> {
    let text = fs::read_to_string(paths.directory.join(FOLLOWS)).unwrap_or_default();
    text.lines().filter_map(|line| Thumbprint::parse(line.trim())).collect()
}

/// Certificate and key of a generation, after checking that they belong together.
pub(super) fn read_pair(paths: &StoredPaths, protection: &Protection) -> Result<KeyPair, StoreError> {
    let thumbprint = paths.directory.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let certificate = read(paths, thumbprint)?.der;
    let private_key = read_key_of(&certificate, paths, protection)?;
    Ok(KeyPair { certificate, private_key })
}

/// The private key, after checking that it is the one of `certificate`.
pub(super) fn read_key_of(
    certificate: &[u8],
    paths: &StoredPaths,
    protection: &Protection,
) -> Result<PrivateKey, StoreError> {
    let text = protection.read(&paths.private_key)?;
    let want = inspect::public_key(certificate).map_err(damaged(paths))?;
    let key = PrivateKey::from_pem(&text).filter(|key| key.public_key() == Some(want));
    let path = if paths.private_key.exists() { paths.private_key.clone() } else { encrypted(&paths.private_key) };
    key.ok_or(StoreError::KeyDiffers { path })
}

/// Those that issued the certificate, the nearest first; none where it is self-signed.
pub(super) fn read_chain(paths: &StoredPaths) -> Result<Vec<Vec<u8>>, StoreError> {
    let path = paths.chain();
    let bytes = match fs::read(&path) {
        Err(error) if is_missing(&error) => return Ok(Vec::new()),
        outcome => outcome.map_err(failed("read", &path))?,
    };
    let file: Option<KeyFile> = contents::read(&bytes, None).ok();
    Ok(file.into_iter().flat_map(|file| file.certificates).map(|found| found.der).collect())
}

fn damaged(paths: &StoredPaths) -> impl Fn(InspectError) -> StoreError + '_ {
    |source| StoreError::Certificate { path: paths.certificate.clone(), directory: paths.directory.clone(), source }
}
