//! One certificate in one vault: what is there, and the means to sign by it.

use azure_core::http::Response;
use azure_security_keyvault_certificates::models::CertificateClientGetCertificateOptions;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::errand::{Deed, Errand};
use super::versions::{Unpinned, Version, usable, worth_reading};
use super::{VaultError, VaultKey, Vaults};
use crate::keys::error::StoreError;
use crate::keys::inspect::{InspectError, inspect};
use crate::keys::signer::Signer;
use crate::model::{KeyAccess, StoredCertificate, StoredKeys, UnusableFile, VaultCertificate};

/// Versions that are read at the same time.
const AT_ONCE: usize = 8;

/// One certificate in one vault.
#[derive(Clone, Debug)]
pub struct VaultStore {
    pub(super) vaults: Vaults,
    pub(super) url: String,
    pub(super) certificate: VaultCertificate,
}

impl VaultStore {
    pub(super) fn new(vaults: Vaults, url: &str, certificate: VaultCertificate) -> Self {
        Self { vaults, url: url.to_owned(), certificate }
    }

    /// The versions of the certificate that are enabled, oldest first; the last is the one to use.
    ///
    /// Those that had ended when the newest was made are left out. One that cannot be used is left out, too, and said
    /// to be unusable where it is the one to use.
    pub async fn list(&self) -> Result<StoredKeys, StoreError> {
        let pinned = self.certificate.version.as_deref();
        let versions = match usable(self.versions().await?, pinned) {
            Ok(versions) => worth_reading(versions),
            Err(why) => return Ok(StoredKeys { unusable: Some(self.unpinned(why)), ..StoredKeys::default() }),
        };
        let reading = stream::iter(versions).map(|version| async move {
            let read = self.read(&version.id).await?;
            Ok::<_, VaultError>((version, read))
        });
        let read: Vec<_> = reading.buffered(AT_ONCE).try_collect().await?;
        let unusable = read.last().and_then(|(version, read)| Some(self.unusable(version, read.as_ref().err()?)));
        let generations = read.into_iter().filter_map(|(_, read)| read.ok()).collect();
        Ok(StoredKeys { generations, unusable, ..StoredKeys::default() })
    }

    /// The means to sign by a version's key.
    pub fn signer(&self, stored: &StoredCertificate) -> Result<Signer, StoreError> {
        let KeyAccess::Vault { version, exportable: _ } = &stored.private_key else {
            return Err(StoreError::NoPrivateKey { what: self.address(None) });
        };
        let key = VaultKey {
            vaults: self.vaults.clone(),
            url: self.url.clone(),
            name: self.certificate.name.clone(),
            version: version.clone(),
        };
        Ok(Signer::in_vault(stored.der.clone(), key))
    }

    /// Every version of the certificate, in no order; none where there is no such certificate.
    pub(super) async fn versions(&self) -> Result<Vec<Version>, VaultError> {
        let failed = |error| VaultError::of(self.errand(Deed::ListVersions, None), error);
        let clients = self.vaults.clients(&self.url)?;
        let pager = clients.certificates.list_certificate_properties_versions(&self.certificate.name, None);
        let listed: Result<Vec<_>, _> = pager.map_err(failed)?.map_err(failed).try_collect().await;
        match listed {
            Ok(listed) => Ok(listed.iter().filter_map(Version::read).collect()),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The public facts of one version. The inner error is about the certificate itself.
    pub(super) async fn read(&self, version: &str) -> Result<Result<StoredCertificate, InspectError>, VaultError> {
        let errand = || self.errand(Deed::ReadCertificate, Some(version));
        let options = CertificateClientGetCertificateOptions {
            certificate_version: Some(version.to_owned()),
            ..Default::default()
        };
        let clients = self.vaults.clients(&self.url)?;
        let read = clients.certificates.get_certificate(&self.certificate.name, Some(options)).await;
        let read = read.and_then(Response::into_model).map_err(|error| VaultError::of(errand(), error))?;
        let der = read.cer.ok_or_else(|| VaultError::Unreadable { errand: errand(), source: None })?;
        // A vault has one policy for all versions, and says of no version under which policy it was made. So this is
        // true of the newest, as long as nobody has changed the policy since, and may be untrue of older ones. The key
        // itself tells nothing: its `exportable` is about release to enclaves, and is not shown for certificates.
        // What is not said is taken for exportable, as vaults do.
        let exportable = read.policy.and_then(|policy| policy.key_properties?.exportable).unwrap_or(true);
        Ok(inspect(&der).map(|stored| StoredCertificate {
            private_key: KeyAccess::Vault { version: version.to_owned(), exportable },
            ..stored
        }))
    }

    pub(super) fn errand(&self, deed: Deed, version: Option<&str>) -> Errand {
        Errand::new(deed, &self.url, &self.certificate.name, version)
    }

    fn address(&self, version: Option<&str>) -> String {
        let address = format!("{}/certificates/{}", self.url, self.certificate.name);
        version.map_or(address.clone(), |version| format!("{address}/{version}"))
    }

    fn unpinned(&self, why: Unpinned) -> UnusableFile {
        let (reason, help) = match why {
            Unpinned::Missing => {
                ("the certificate has no such version", "name one that is there, or none, so that the newest is used")
            }
            Unpinned::Disabled => ("this version is disabled", "enable it in the vault, or name another one, or none"),
        };
        UnusableFile::new(self.address(self.certificate.version.as_deref()), reason, help)
    }

    fn unusable(&self, version: &Version, error: &InspectError) -> UnusableFile {
        let help = "make a version with an RSA key, or disable this one, so that the one before it is used";
        UnusableFile::new(self.address(Some(&version.id)), error.to_string(), help)
    }
}
