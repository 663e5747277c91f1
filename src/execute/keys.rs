//! Where each declared certificate is kept, and under which password it is exported. Passwords are had before the first
//! write, so that a missing one stops a run that has done nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use secrecy::SecretString;

use crate::keys::{DirectoryStore, PfxTerms, StoreError, StoreLock};
use crate::model::{
    CertificateProfile, Desired, DesiredCertificate, ExportFormat, SecretReference, StoredCertificate, Thumbprint,
};

/// The key stores of one estate, locked.
#[derive(Debug)]
pub struct Keys {
    keepers: BTreeMap<(String, String), Keeper>,
    _locks: Vec<StoreLock>,
}

/// One declared certificate's place.
#[derive(Clone, Debug)]
pub struct Keeper {
    pub handle: String,
    pub name: String,
    pub certificate: DesiredCertificate,
    pub pfx_password: PfxPassword,
}

/// The password of a PFX.
#[derive(Clone, Debug)]
pub enum PfxPassword {
    /// No PFX is declared.
    None,
    Given(SecretString),
    /// Made when the PFX is, and kept beside it.
    Generated,
}

impl Keys {
    /// Takes the locks of the stores of `used`, certificates by handle and name, and asks `secret` for each password
    /// that is not generated.
    pub fn open<E: From<StoreError>>(
        desired: &Desired,
        used: &BTreeSet<(String, String)>,
        secret: impl Fn(&SecretReference) -> Result<SecretString, E>,
    ) -> Result<Self, E> {
        let mut keepers = BTreeMap::new();
        let mut stores: BTreeSet<&Path> = BTreeSet::new();
        for (handle, application) in &desired.applications {
            for (name, certificate) in application.certificates.iter().flatten() {
                let key = (handle.to_string(), name.clone());
                if !used.contains(&key) {
                    continue;
                }
                let pfx = certificate.export.contains(&ExportFormat::Pfx);
                let pfx_password = match &certificate.pfx_password {
                    Some(SecretReference::Generated) if pfx => PfxPassword::Generated,
                    Some(reference) if pfx => PfxPassword::Given(secret(reference)?),
                    Some(_) | None => PfxPassword::None,
                };
                stores.insert(&certificate.store);
                let (handle, name) = key.clone();
                keepers.insert(key, Keeper { handle, name, certificate: certificate.clone(), pfx_password });
            }
        }
        let mut locks = Vec::new();
        let mut locked = BTreeSet::new();
        for store in stores {
            // One directory may be spelled in several ways, and its lock can be held once.
            if store.canonicalize().is_ok_and(|real| locked.contains(&real)) {
                continue;
            }
            locks.push(DirectoryStore::open(store).lock()?);
            locked.extend(store.canonicalize());
        }
        Ok(Self { keepers, _locks: locks })
    }

    /// Whether the certificates of the locked stores are those that were seen before the lock was taken.
    pub fn are_as_in(&self, seen: &BTreeMap<(String, String), Vec<StoredCertificate>>) -> Result<bool, StoreError> {
        let thumbprints = |stored: &[StoredCertificate]| -> Vec<Thumbprint> {
            stored.iter().map(|stored| stored.thumbprint.clone()).collect()
        };
        for (key, keeper) in &self.keepers {
            let now = keeper.store().list(&keeper.handle, &keeper.name)?;
            if thumbprints(&now) != thumbprints(seen.get(key).map_or(&[], Vec::as_slice)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub fn keeper(&self, handle: &str, name: &str) -> Option<&Keeper> {
        self.keepers.get(&(handle.to_owned(), name.to_owned()))
    }
}

impl Keeper {
    pub fn store(&self) -> DirectoryStore {
        DirectoryStore::open(&self.certificate.store)
    }

    /// Makes a key with its certificate and exports it. The key is on disk before this returns.
    pub(super) fn make(&self, profile: &CertificateProfile) -> Result<StoredCertificate, StoreError> {
        let stored = self.store().create(&self.handle, &self.name, profile)?;
        self.export(&stored)?;
        Ok(stored)
    }

    pub(super) fn export(&self, stored: &StoredCertificate) -> Result<(), StoreError> {
        let store = self.store();
        let password = match &self.pfx_password {
            PfxPassword::None => None,
            PfxPassword::Given(password) => Some(password.clone()),
            PfxPassword::Generated => Some(store.generated_password(&self.handle, &self.name, stored)?),
        };
        let terms = PfxTerms {
            friendly_name: self.certificate.friendly_name.as_deref(),
            password: password.as_ref(),
            encryption: self.certificate.pfx_encryption,
        };
        store.export(&self.handle, &self.name, stored, &self.certificate.export, terms)?;
        Ok(())
    }
}
