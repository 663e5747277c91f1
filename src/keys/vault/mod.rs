//! Certificates, keys and secrets in Azure Key Vault, by its official clients.
//!
//! A certificate in a vault is a name with versions. Accredit orders new versions, reads what is public of them, and has
//! the vault sign with their keys; no private key comes here. Names in addresses are those of `az keyvault`: the
//! vault's, the certificate's, and a version of 32 hex digits.

mod carrier;
mod certificate;
mod clients;
mod creation;
mod errand;
mod error;
mod help;
mod key;
mod patience;
mod policy;
mod secret;
mod versions;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::VaultCertificate;
use crate::transport::{TokenSource, Transport};
pub use certificate::VaultStore;
use clients::Clients;
pub use error::VaultError;
pub(super) use key::VaultKey;

/// Reaches vaults as the operator.
#[derive(Clone)]
pub struct Vaults {
    transport: Arc<dyn Transport>,
    token: TokenSource,
    /// By address: a client keeps what it has learned.
    opened: Arc<Mutex<BTreeMap<String, Arc<Clients>>>>,
}

impl std::fmt::Debug for Vaults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vaults")
    }
}

impl Vaults {
    /// `token` gives tokens for Key Vault.
    pub fn new(transport: Arc<dyn Transport>, token: TokenSource) -> Self {
        Self { transport, token, opened: Arc::default() }
    }

    /// A certificate in the vault at `url`, such as `https://contoso.vault.azure.net`.
    pub fn certificate(&self, url: &str, certificate: &VaultCertificate) -> VaultStore {
        VaultStore::new(self.clone(), without_slash(url), certificate.clone())
    }

    fn clients(&self, url: &str) -> Result<Arc<Clients>, VaultError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(clients) = opened.get(url) {
            return Ok(Arc::clone(clients));
        }
        let clients = Arc::new(Clients::open(url, &self.transport, &self.token)?);
        opened.insert(url.to_owned(), Arc::clone(&clients));
        Ok(clients)
    }
}

fn without_slash(url: &str) -> &str {
    url.trim_end_matches('/')
}
