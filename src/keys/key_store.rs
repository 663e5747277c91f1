//! Where one declared certificate is kept, whichever kind of place that is. Directories are read and written off the
//! threads that talk to services.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use secrecy::SecretString;

use super::directory::DirectoryStore;
use super::error::StoreError;
use super::file::CertificateFile;
use super::signer::Signer;
use super::vault::VaultStore;
use super::{Identities, PfxTerms, Vaults};
use crate::model::{
    CertificateProfile, CertificateSource, DesiredCertificate, ExportFormat, Inspection, KeyAlgorithm, RequestProfile,
    StoreReference, StoredCertificate, StoredKeys, StoredRequest, Thumbprint,
};

/// What opens key stores that are not plain directories.
#[derive(Clone, Debug)]
pub struct Openers {
    /// Private keys of age, for directories with encrypted keys.
    pub identities: Identities,
    pub vaults: Vaults,
}

/// The place of one declared certificate.
#[derive(Clone, Debug)]
pub struct KeyStore {
    handle: String,
    name: String,
    place: Place,
    /// The handle that its application had, under which some of it may lie yet.
    former: Option<String>,
}

#[derive(Clone, Debug)]
enum Place {
    Directory(DirectoryStore),
    File(CertificateFile),
    Vault(VaultStore),
    /// A vault that keys are to be put into, which the manifest refuses.
    Nowhere,
}

impl KeyStore {
    /// `password` opens the file that is declared as the source, where one is declared for it, or says why it is not to be had.
    pub fn open(
        handle: &str,
        name: &str,
        certificate: &DesiredCertificate,
        password: Option<Result<SecretString, String>>,
        openers: &Openers,
    ) -> Self {
        let place = match (&certificate.source, &certificate.store) {
            (CertificateSource::File { path, password: _ }, _) => Place::File(CertificateFile::new(path, password)),
            (CertificateSource::KeyVault(vault), StoreReference::KeyVault { url }) => {
                Place::Vault(openers.vaults.certificate(url, vault))
            }
            (_, StoreReference::KeyVault { .. }) => Place::Nowhere,
            (_, StoreReference::Directory { path, recipients }) => {
                Place::Directory(DirectoryStore::open(path).protected(recipients, &openers.identities))
            }
        };
        Self { handle: handle.to_owned(), name: name.to_owned(), place, former: None }
    }

    /// The same for an application that may have had another handle when its keys were made.
    #[must_use]
    pub fn formerly(self, handle: Option<&str>) -> Self {
        Self { former: handle.map(str::to_owned), ..self }
    }

    /// Everything that is kept for the certificate.
    pub async fn list(&self) -> Result<StoredKeys, StoreError> {
        match &self.place {
            Place::Directory(store) => {
                let mut kept = self.blocking(store, DirectoryStore::list).await?;
                if let Some(former) = self.former.clone() {
                    let (older, lacking) = self
                        .blocking(store, move |store, handle, name| {
                            Ok((store.list(&former, name)?, store.lacking(&former, handle, name)?))
                        })
                        .await?;
                    let lacking: BTreeSet<String> = lacking.into_iter().map(|one| one.name).collect();
                    kept.take_up(older, &lacking);
                }
                Ok(kept)
            }
            Place::File(file) => file.list(),
            Place::Vault(vault) => vault.list().await,
            Place::Nowhere => Err(self.makes_none()),
        }
    }

    /// What would be said to the file that is declared as the source, where one is and can be read.
    pub fn examine(&self, now: Timestamp) -> Option<Inspection> {
        match &self.place {
            Place::File(file) => file.examine(now),
            Place::Directory(_) | Place::Vault(_) | Place::Nowhere => None,
        }
    }

    /// Whether private files can be written here and read again, before anything is begun.
    pub fn check(&self) -> Result<(), StoreError> {
        match &self.place {
            Place::Directory(store) => store.check_recipients(),
            Place::File(_) | Place::Vault(_) | Place::Nowhere => Ok(()),
        }
    }

    /// Makes a key and its certificate. The key is safe in its place before this returns.
    pub async fn make(&self, profile: &CertificateProfile) -> Result<StoredCertificate, StoreError> {
        match &self.place {
            Place::Directory(store) => {
                let profile = profile.clone();
                self.blocking(store, move |store, handle, name| store.create(handle, name, &profile)).await
            }
            Place::File(_) | Place::Nowhere => Err(self.makes_none()),
            Place::Vault(vault) => vault.make(profile).await,
        }
    }

    /// Makes a key and the request for its certificate. The key is safe in its place before this returns.
    pub async fn request(&self, profile: &RequestProfile, key: KeyAlgorithm) -> Result<StoredRequest, StoreError> {
        match &self.place {
            Place::Directory(store) => {
                let profile = profile.clone();
                self.blocking(store, move |store, handle, name| store.request(handle, name, &profile, key)).await
            }
            Place::File(_) | Place::Vault(_) | Place::Nowhere => Err(self.makes_none()),
        }
    }

    /// Puts what an authority signed beside the key that it was requested for.
    pub async fn take_in(&self, request: &str, thumbprint: &Thumbprint) -> Result<StoredCertificate, StoreError> {
        match &self.place {
            Place::Directory(store) => {
                let (request, thumbprint) = (request.to_owned(), thumbprint.clone());
                self.blocking(store, move |store, handle, name| store.take_in(handle, name, &request, &thumbprint))
                    .await
            }
            Place::File(_) | Place::Vault(_) | Place::Nowhere => Err(self.makes_none()),
        }
    }

    /// Keeps the private files as the store is declared to keep them.
    pub async fn protect(&self) -> Result<(), StoreError> {
        match &self.place {
            Place::Directory(store) => self.blocking(store, DirectoryStore::protect).await,
            Place::File(_) | Place::Vault(_) | Place::Nowhere => Ok(()),
        }
    }

    /// Copies what lies under the handle that the application had.
    pub async fn copy_in(&self) -> Result<(), StoreError> {
        match (&self.place, self.former.clone()) {
            (Place::Directory(store), Some(former)) => {
                self.blocking(store, move |store, handle, name| store.copy_in(&former, handle, name)).await
            }
            (Place::Directory(_), None) | (Place::File(_) | Place::Vault(_) | Place::Nowhere, _) => Ok(()),
        }
    }

    /// Writes files for use elsewhere. `password` is that of the PFX; without one a password is made and kept.
    pub async fn export(
        &self,
        stored: &StoredCertificate,
        certificate: &DesiredCertificate,
        password: Option<SecretString>,
    ) -> Result<Vec<PathBuf>, StoreError> {
        match &self.place {
            Place::Directory(store) => {
                let (stored, certificate) = (stored.clone(), certificate.clone());
                self.blocking(store, move |store, handle, name| {
                    export(store, (handle, name), &stored, &certificate, password)
                })
                .await
            }
            Place::File(_) | Place::Vault(_) | Place::Nowhere => Ok(Vec::new()),
        }
    }

    /// The means to sign by a certificate's key.
    pub async fn signer(&self, stored: &StoredCertificate) -> Result<Signer, StoreError> {
        match &self.place {
            Place::Directory(store) => {
                let (stored, former) = (stored.clone(), self.former.clone());
                let pair = self
                    .blocking(store, move |store, handle, name| {
                        let older = former.as_deref().filter(|_| !store.holds(handle, name, &stored));
                        store.key_pair(older.unwrap_or(handle), name, &stored)
                    })
                    .await?;
                Ok(pair.into())
            }
            Place::File(file) => Ok(file.key_pair()?.into()),
            Place::Vault(vault) => vault.signer(stored),
            Place::Nowhere => Err(self.makes_none()),
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        store: &DirectoryStore,
        work: impl FnOnce(&DirectoryStore, &str, &str) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (store, handle, name) = (store.clone(), self.handle.clone(), self.name.clone());
        let working = tokio::task::spawn_blocking(move || work(&store, &handle, &name));
        working.await.unwrap_or(Err(StoreError::Thread))
    }

    fn makes_none(&self) -> StoreError {
        StoreError::MakesNone { what: format!("{}/{}", self.handle, self.name) }
    }
}

fn export(
    store: &DirectoryStore,
    (handle, name): (&str, &str),
    stored: &StoredCertificate,
    certificate: &DesiredCertificate,
    password: Option<SecretString>,
) -> Result<Vec<PathBuf>, StoreError> {
    let formats: &BTreeSet<ExportFormat> = &certificate.export;
    let password = match password {
        None if formats.contains(&ExportFormat::Pfx) => Some(store.generated_password(handle, name, stored)?),
        given => given,
    };
    let terms = PfxTerms {
        friendly_name: certificate.friendly_name.as_deref(),
        password: password.as_ref(),
        encryption: certificate.pfx_encryption,
    };
    store.export(handle, name, stored, formats, terms)
}
