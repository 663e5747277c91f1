//! Making a new version of a certificate: ordered once, and waited for.
//!
//! A vault makes one version at a time, in an operation that can be looked at. So whenever it is not sure what became
//! of an order (the answer was lost, or another operation was under way), it is looked at what is being made and what
//! was made before anything is ordered again.

use std::collections::BTreeSet;
use std::time::Duration;

use azure_core::http::Response;
use azure_core::http::headers::{Headers, RETRY_AFTER};
use azure_core::http::poller::PollerOptions;
use azure_core::time;
use azure_security_keyvault_certificates::models::{
    CertificateClientCreateCertificateOptions, CertificateOperation, CreateCertificateParameters,
};
use futures_util::TryStreamExt as _;

use super::errand::Deed;
use super::policy::{self, Untellable};
use super::versions::usable;
use super::{VaultError, VaultStore};
use crate::keys::error::StoreError;
use crate::model::{CertificateProfile, KeyAccess, StoredCertificate};

/// How long a version may take. Vaults need some seconds for one that they sign themselves.
const DEADLINE: Duration = Duration::from_mins(2);
/// How often something is ordered that surely was not made.
const ORDERS: u32 = 3;
/// Between two looks where the vault does not say how long to wait, and after an order that came to nothing.
const PAUSE: Duration = Duration::from_secs(1);
/// A vault asks to wait for ten seconds as a rule.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What became of the operation that was last under way.
enum Operation {
    /// There is none.
    None,
    Completed,
    /// It failed or was cancelled.
    Ended {
        code: String,
        message: String,
    },
}

impl VaultStore {
    /// Makes a new version, with its key in the vault.
    pub async fn make(&self, profile: &CertificateProfile) -> Result<StoredCertificate, StoreError> {
        let errand = || self.errand(Deed::MakeCertificate, None);
        let parameters = policy::parameters(profile, self.certificate.exportable).map_err(|error| match error {
            Untellable::Profile(source) => VaultError::Profile { errand: errand(), source },
            Untellable::NoWholeMonths => {
                VaultError::Months { errand: errand(), not_before: profile.not_before, not_after: profile.not_after }
            }
        })?;
        match tokio::time::timeout(DEADLINE, self.order_until_made(profile, parameters)).await {
            Ok(made) => Ok(made?),
            Err(_) => Err(VaultError::Unfinished { errand: errand(), seconds: DEADLINE.as_secs() }.into()),
        }
    }

    async fn order_until_made(
        &self,
        profile: &CertificateProfile,
        parameters: CreateCertificateParameters,
    ) -> Result<StoredCertificate, VaultError> {
        let known = self.enabled().await?;
        let mut tries_left = ORDERS;
        loop {
            tries_left -= 1;
            // 1. Ordered, refused, or unknown.
            let doubt = match self.order(parameters.clone()).await {
                Ok(()) => None,
                Err(error) if error.leaves_it_open() => Some(error),
                Err(error) => return Err(error),
            };
            // 2. Whatever is under way, by whomever, comes to its end first.
            let operation = self.follow().await?;
            // 3. Ours, or as good as ours.
            let wanted = |made: &StoredCertificate| self.is_as_ordered(made, profile);
            if let Some(made) = self.made_since(&known, doubt.is_none(), wanted).await? {
                return Ok(made);
            }
            // 4. Nothing was made.
            let errand = self.errand(Deed::MakeCertificate, None);
            match (doubt, operation) {
                (None, Operation::Ended { code, message }) => return Err(VaultError::GaveUp { errand, code, message }),
                (None, Operation::Completed | Operation::None) => {
                    let message = "the operation is over, and no version came of it that is enabled".to_owned();
                    return Err(VaultError::GaveUp { errand, code: "no version".to_owned(), message });
                }
                // Refused for another reason than an operation under way.
                (Some(VaultError::Refused(refusal)), Operation::None) if refusal.status == 409 => {
                    return Err(VaultError::Refused(refusal));
                }
                (Some(error), _) if tries_left == 0 => return Err(error),
                (Some(_), _) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// The ids of the versions that are there and enabled.
    async fn enabled(&self) -> Result<BTreeSet<String>, VaultError> {
        Ok(self.versions().await?.into_iter().filter(|version| version.enabled).map(|version| version.id).collect())
    }

    /// Orders a version, and waits as long as the vault asks to wait before the first look.
    ///
    /// The client's own poller is not awaited to its end: it loses what a failed operation says.
    async fn order(&self, parameters: CreateCertificateParameters) -> Result<(), VaultError> {
        let failed = |error| VaultError::of(self.errand(Deed::MakeCertificate, None), error);
        let pause = time::Duration::try_from(PAUSE).unwrap_or_default();
        let options = CertificateClientCreateCertificateOptions {
            method_options: PollerOptions { frequency: pause, ..PollerOptions::default() },
        };
        let clients = self.vaults.clients(&self.url)?;
        let parameters = parameters.try_into().map_err(failed)?;
        let poller = clients.orders.begin_create_certificate(&self.certificate.name, parameters, Some(options));
        poller.map_err(failed)?.try_next().await.map_err(failed)?;
        Ok(())
    }

    /// Looks at the operation that is under way until it is not any more.
    async fn follow(&self) -> Result<Operation, VaultError> {
        let errand = || self.errand(Deed::AwaitCertificate, None);
        let failed = |error| VaultError::of(errand(), error);
        let clients = self.vaults.clients(&self.url)?;
        loop {
            let looked = clients.certificates.get_certificate_operation(&self.certificate.name, None).await;
            let response = match looked.map_err(failed) {
                Ok(response) => response,
                Err(error) if error.is_not_found() => return Ok(Operation::None),
                Err(error) => return Err(error),
            };
            let pause = pause(response.headers());
            let CertificateOperation { status, error, issuer_parameters, status_details, .. } =
                Response::into_model(response).map_err(failed)?;
            let status = status.unwrap_or_default();
            if status.eq_ignore_ascii_case("completed") {
                return Ok(Operation::Completed);
            }
            if !status.eq_ignore_ascii_case("inProgress") {
                let error = error.unwrap_or_default();
                let message = error.message.or(status_details).unwrap_or_else(|| "no reason was given".to_owned());
                return Ok(Operation::Ended { code: error.code.unwrap_or(status), message });
            }
            // It goes on when an authority's certificate is merged into it, which may be never.
            let issuer = issuer_parameters.and_then(|issuer| issuer.name).unwrap_or_default();
            if issuer.eq_ignore_ascii_case("Unknown") {
                return Err(VaultError::Occupied { errand: errand() });
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// The newest version that is not among the `known` and is `wanted`; where the order was surely taken, also one
    /// that is not quite so: a vault may spell a subject in another order.
    async fn made_since(
        &self,
        known: &BTreeSet<String>,
        any: bool,
        wanted: impl Fn(&StoredCertificate) -> bool,
    ) -> Result<Option<StoredCertificate>, VaultError> {
        let versions = usable(self.versions().await?, None).unwrap_or_default();
        let mut second_best = None;
        for version in versions.into_iter().rev().filter(|version| !known.contains(&version.id)) {
            match self.read(&version.id).await? {
                Ok(stored) if wanted(&stored) => return Ok(Some(stored)),
                Ok(stored) if any => second_best = second_best.or(Some(stored)),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(second_best)
    }

    fn is_as_ordered(&self, made: &StoredCertificate, profile: &CertificateProfile) -> bool {
        let exportable = self.certificate.exportable;
        let access = matches!(made.private_key, KeyAccess::Vault { exportable: kept, .. } if kept == exportable);
        access
            && made.key == profile.key
            && made.subject.has_parts_of(&profile.subject)
            && made.dns_names.iter().collect::<BTreeSet<_>>() == profile.dns_names.iter().collect()
    }
}

/// How long a vault asks to wait before the next look.
fn pause(headers: &Headers) -> Duration {
    let asked = headers.get_optional_str(&RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
    asked.map_or(PAUSE, Duration::from_secs).min(LONGEST_PAUSE)
}
