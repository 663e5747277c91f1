//! Where each declared certificate is kept, and under which password it is exported. Passwords are had before the first
//! write, so that a missing one stops a run that has done nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use secrecy::SecretString;

use crate::keys::{DirectoryStore, KeyStore, StoreError, StoreLock};
use crate::model::{
    CertificateProfile, CertificateSource, Desired, DesiredCertificate, StoreReference, StoredCertificate, StoredKeys,
    Thumbprint,
};

/// A declared certificate by handle and name.
pub type CertificateName = (String, String);

/// The key stores of one estate, locked where this run writes to them.
#[derive(Debug)]
pub struct Keys {
    keepers: BTreeMap<CertificateName, Keeper>,
    _locks: Vec<StoreLock>,
}

/// One declared certificate's place.
#[derive(Clone, Debug)]
pub struct Keeper {
    pub certificate: DesiredCertificate,
    pub store: KeyStore,
    /// `None`: one is made when the PFX is, and kept beside it.
    pub pfx_password: Option<SecretString>,
}

impl Keys {
    /// Takes the locks of the directories of `used`.
    pub fn open(
        desired: &Desired,
        used: &BTreeSet<CertificateName>,
        stores: &BTreeMap<CertificateName, KeyStore>,
        mut pfx_passwords: BTreeMap<CertificateName, SecretString>,
    ) -> Result<Self, StoreError> {
        let mut keepers = BTreeMap::new();
        let mut directories: BTreeSet<&Path> = BTreeSet::new();
        for (handle, application) in &desired.applications {
            for (name, certificate) in application.certificates.iter().flatten() {
                let key = (handle.to_string(), name.clone());
                let Some(store) = stores.get(&key) else { continue };
                if used.contains(&key) && !matches!(certificate.source, CertificateSource::File { .. }) {
                    if let StoreReference::Directory { path, recipients: _ } = &certificate.store {
                        directories.insert(path);
                    }
                    store.check()?;
                }
                let pfx_password = pfx_passwords.remove(&key);
                keepers.insert(key, Keeper { certificate: certificate.clone(), store: store.clone(), pfx_password });
            }
        }
        let mut locks = Vec::new();
        let mut locked = BTreeSet::new();
        for directory in directories {
            // One directory may be spelled in several ways, and its lock can be held once.
            if directory.canonicalize().is_ok_and(|real| locked.contains(&real)) {
                continue;
            }
            locks.push(DirectoryStore::open(directory).lock()?);
            locked.extend(directory.canonicalize());
        }
        Ok(Self { keepers, _locks: locks })
    }

    /// Whether the certificates of `used` are those that were seen before the locks were taken.
    pub async fn are_as_in(
        &self,
        used: &BTreeSet<CertificateName>,
        seen: &BTreeMap<CertificateName, StoredKeys>,
    ) -> Result<bool, StoreError> {
        for (key, keeper) in self.keepers.iter().filter(|(key, _)| used.contains(*key)) {
            let now = keeper.store.list().await?;
            if public_parts(&now) != seen.get(key).map(public_parts).unwrap_or_default() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub fn keeper(&self, handle: &str, name: &str) -> Option<&Keeper> {
        self.keepers.get(&(handle.to_owned(), name.to_owned()))
    }

    /// The places of all certificates that are declared for `handle`, by name.
    pub fn of(&self, handle: &str) -> impl Iterator<Item = (&str, &Keeper)> {
        let own = self.keepers.iter().filter(move |((holder, _), _)| holder == handle);
        own.map(|((_, name), keeper)| (name.as_str(), keeper))
    }
}

/// What a plan was made from: certificates, and requests with what lies beside them.
fn public_parts(kept: &StoredKeys) -> (Vec<Thumbprint>, Vec<(String, Vec<Thumbprint>)>) {
    let requests = kept.requests.iter().map(|request| {
        let signed = request.signed.iter().map(|signed| signed.certificate.thumbprint.clone());
        (request.id.clone(), signed.collect())
    });
    (kept.generations.iter().map(|stored| stored.thumbprint.clone()).collect(), requests.collect())
}

impl Keeper {
    /// Makes a key with its certificate and exports it. The key is safe before this returns.
    pub(super) async fn make(&self, profile: &CertificateProfile) -> Result<StoredCertificate, StoreError> {
        let stored = self.store.make(profile).await?;
        self.export(&stored).await?;
        Ok(stored)
    }

    pub(super) async fn export(&self, stored: &StoredCertificate) -> Result<(), StoreError> {
        self.store.export(stored, &self.certificate, self.pfx_password.clone()).await.map(drop)
    }
}
