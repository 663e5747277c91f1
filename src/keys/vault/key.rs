//! Signing with a key that never leaves its vault.

use azure_security_keyvault_keys::models::{KeyClientSignOptions, SignParameters, SignatureAlgorithm};

use super::errand::{Deed, Errand};
use super::{VaultError, Vaults};
use crate::keys::signer::JwsAlgorithm;

/// A key that never leaves its vault: that of one version of a certificate, which has the certificate's name.
#[derive(Clone, Debug)]
pub(in crate::keys) struct VaultKey {
    pub(super) vaults: Vaults,
    pub(super) url: String,
    pub(super) name: String,
    pub(super) version: String,
}

impl VaultKey {
    /// The signature of a SHA-256 digest.
    pub(in crate::keys) async fn sign(&self, algorithm: JwsAlgorithm, digest: &[u8]) -> Result<Vec<u8>, VaultError> {
        let Self { vaults, url, name, version } = self;
        let errand = || Errand::new(Deed::Sign, url, name, Some(version));
        let failed = |error| VaultError::of(errand(), error);
        let algorithm = match algorithm {
            JwsAlgorithm::Rs256 => SignatureAlgorithm::Rs256,
            JwsAlgorithm::Ps256 => SignatureAlgorithm::Ps256,
        };
        let parameters = SignParameters { algorithm: Some(algorithm), value: Some(digest.to_vec()) };
        let parameters = parameters.try_into().map_err(failed)?;
        let options = KeyClientSignOptions { key_version: Some(version.clone()), ..Default::default() };
        let signed = vaults.clients(url)?.keys.sign(name, parameters, Some(options)).await.map_err(failed)?;
        let signed = signed.into_model().map_err(failed)?;
        signed.result.ok_or_else(|| VaultError::Unreadable { errand: errand(), source: None })
    }
}
