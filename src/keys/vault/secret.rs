//! Secrets in vaults: passwords that manifests name.

use azure_security_keyvault_secrets::models::{Secret, SetSecretParameters};
use secrecy::{ExposeSecret as _, SecretString};

use super::errand::{Deed, Errand};
use super::{VaultError, Vaults, without_slash};

impl Vaults {
    /// A secret's value; `None` where the vault has none of that name. The body that it came in is not overwritten.
    pub async fn secret(&self, url: &str, name: &str) -> Result<Option<SecretString>, VaultError> {
        let url = without_slash(url);
        let failed = |error| VaultError::of(Errand::new(Deed::ReadSecret, url, name, None), error).without_quotes();
        let read = self.clients(url)?.secrets.get_secret(name, None).await;
        match read.and_then(azure_core::http::Response::into_model).map_err(failed) {
            Ok(Secret { value, .. }) => Ok(value.map(SecretString::from)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts a secret into a vault, as a new version where there is one of that name.
    pub async fn put_secret(&self, url: &str, name: &str, value: &SecretString) -> Result<(), VaultError> {
        let url = without_slash(url);
        let failed = |error| VaultError::of(Errand::new(Deed::WriteSecret, url, name, None), error).without_quotes();
        let parameters = SetSecretParameters { value: Some(value.expose_secret().to_owned()), ..Default::default() };
        let parameters = parameters.try_into().map_err(failed)?;
        self.clients(url)?.secrets.set_secret(name, parameters, None).await.map_err(failed)?;
        Ok(())
    }
}
