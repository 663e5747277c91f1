//! The official clients for one vault.

use std::sync::Arc;

use azure_core::http::{ClientOptions, RetryOptions, Transport as Sender};
use azure_security_keyvault_certificates::{CertificateClient, CertificateClientOptions};
use azure_security_keyvault_keys::{KeyClient, KeyClientOptions};
use azure_security_keyvault_secrets::{SecretClient, SecretClientOptions};

use super::carrier::{Carrier, Operator};
use super::error::VaultError;
use super::patience::Patience;
use crate::transport::{TokenSource, Transport};

/// The official clients for one vault.
pub(super) struct Clients {
    pub(super) certificates: CertificateClient,
    /// Orders certificates. What it sends is not sent again by itself: a second order would make a second version.
    pub(super) orders: CertificateClient,
    pub(super) keys: KeyClient,
    pub(super) secrets: SecretClient,
}

impl Clients {
    /// Sends nothing yet.
    pub(super) fn open(url: &str, transport: &Arc<dyn Transport>, token: &TokenSource) -> Result<Self, VaultError> {
        let operator = Arc::new(Operator(Arc::clone(token)));
        let options = |repeats: bool| {
            let carrier = Carrier::new(Arc::clone(transport), repeats);
            let patience = if repeats { Patience::new() } else { Patience::when_refused() };
            ClientOptions {
                transport: Some(Sender::new(Arc::new(carrier))),
                retry: RetryOptions::custom(Arc::new(patience)),
                ..ClientOptions::default()
            }
        };
        let certificates = |repeats| {
            let options = CertificateClientOptions { client_options: options(repeats), ..Default::default() };
            CertificateClient::new(url, operator.clone(), Some(options))
        };
        let failed = |error| VaultError::Address { url: url.to_owned(), source: Box::new(error) };
        let keys = KeyClientOptions { client_options: options(true), ..Default::default() };
        let secrets = SecretClientOptions { client_options: options(true), ..Default::default() };
        Ok(Self {
            certificates: certificates(true).map_err(failed)?,
            orders: certificates(false).map_err(failed)?,
            keys: KeyClient::new(url, operator.clone(), Some(keys)).map_err(failed)?,
            secrets: SecretClient::new(url, operator.clone(), Some(secrets)).map_err(failed)?,
        })
    }
}
