//! Signing in as an application by its certificate, to show that it can.

use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;

use crate::keys::{KeyStore, Signer, StoreError};
use crate::model::StoredCertificate;
use crate::patience::Patience;
use crate::transport::Transport;

use super::token::Grant;
use super::{SignInError, assertion};

/// Gives the instant it is: that of the machine, or one that was ordered.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Signs in to one tenant as its applications.
#[derive(Clone)]
pub struct CertificateSignIn {
    pub transport: Arc<dyn Transport>,
    /// The login host with its scheme.
    pub authority: String,
    /// By its id or a domain.
    pub tenant: String,
    /// What a token is for where only the sign-in matters: an API that every tenant has.
    pub resource: String,
    pub clock: Clock,
    pub patience: Patience,
}

impl std::fmt::Debug for CertificateSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CertificateSignIn {{ authority: {:?}, tenant: {:?} }}", self.authority, self.tenant)
    }
}

/// Why a certificate did not prove that one can sign in with it.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    #[error("its key cannot be used")]
    Key(#[from] StoreError),
    #[error("it does not sign in")]
    SignIn(#[from] SignInError),
}

impl CertificateSignIn {
    /// Proves a certificate: its key is taken out of its store, or asked to sign there, and gets one new token, which is thrown
    /// away. It is all that Accredit means where it says that a certificate has signed in. Gives the signer, for more tokens.
    pub async fn prove(
        &self,
        app_id: &str,
        store: &KeyStore,
        certificate: &StoredCertificate,
    ) -> Result<Signer, ProofError> {
        let signer = store.signer(certificate).await?;
        self.token(app_id, &signer, &self.resource).await?;
        Ok(signer)
    }

    /// The same of something that was written a moment ago: what the token service may not have heard of yet is tried again,
    /// with a new assertion each time.
    pub async fn prove_soon(
        &self,
        app_id: &str,
        store: &KeyStore,
        certificate: &StoredCertificate,
    ) -> Result<Signer, ProofError> {
        let why = "the token service does not know the new certificate yet";
        let is_not_known_yet =
            |error: &ProofError| matches!(error, ProofError::SignIn(error) if error.may_be_replication());
        let prove = async || self.prove(app_id, store, certificate).await;
        self.patience.until_known(why, prove, is_not_known_yet).await
    }

    /// A new token for `resource`, such as `https://outlook.office365.com`.
    pub async fn token(&self, app_id: &str, signer: &Signer, resource: &str) -> Result<SecretString, SignInError> {
        let Self { transport: _, authority, tenant, resource: _, clock: _, patience } = self;
        let grant = Grant { authority, tenant, client_id: app_id, resource };
        let assertion = assertion::sign(signer, app_id, &grant.address(), (self.clock)())
            .await
            .map_err(|source| SignInError::Sign { tenant: tenant.clone(), client_id: app_id.to_owned(), source })?;
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".into();
        let shown = [("client_assertion_type", &kind), ("client_assertion", &assertion)];
        grant.request(&*self.transport, patience, &shown).await
    }
}
