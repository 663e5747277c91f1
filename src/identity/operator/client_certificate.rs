//! An application's certificate with its key, from a PEM or PFX file.
//!
//! The official crate has a credential for it, which needs OpenSSL and signs with RS256 alone. Its credential for assertions
//! is used instead, with assertions of our own.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::ClientMethodOptions;
use azure_identity::{ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions};
use secrecy::{ExposeSecret as _, SecretString};

use crate::identity::{Clock, assertion};
use crate::keys::{self, Bundle, KeyPair, Signer, Unreadable};

use super::credential::{Candidate, NoToken};
use super::environment::refused_application;
use super::official::{self, Official};
use super::surroundings::Surroundings;

/// Makes assertions that are signed with a certificate's key.
struct Signed {
    signer: Signer,
    client_id: String,
    audience: String,
    clock: Clock,
}

impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signed {{ client_id: {:?} }}", self.client_id)
    }
}

#[async_trait]
impl ClientAssertion for Signed {
    async fn secret(&self, _options: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let Self { signer, client_id, audience, clock } = self;
        let assertion = assertion::sign(signer, client_id, audience, clock()).await;
        match assertion {
            Ok(assertion) => Ok(assertion.expose_secret().to_owned()),
            Err(error) => Err(Error::with_error(ErrorKind::Credential, error, "no assertion was signed")),
        }
    }
}

/// `file` holds the certificate, beside the variable that says its password; `from` are the variables of the client id and
/// of the file.
pub(super) fn candidate(
    surroundings: &Surroundings,
    client_id: &str,
    (file, password_variable, password): (&[u8], &str, Option<&SecretString>),
    from: [&'static str; 2],
) -> Result<Candidate, NoToken> {
    let [client_id_from, file_from] = from;
    let pair = pair(file, password).map_err(|reason| {
        let failed = NoToken::failed(format!("the certificate of {file_from} is of no use: {reason}"));
        match reason {
            Unusable::Unreadable(Unreadable::PasswordNeeded | Unreadable::WrongPassword) => {
                failed.help(format!("set {password_variable} to the file's password"))
            }
            Unusable::Unreadable(error) => failed.help(error.help()),
            Unusable::Other(_) => failed.help("give a PEM or PFX file with one certificate and its private key"),
        }
    })?;
    let signed = Signed {
        signer: Signer::from(pair),
        client_id: client_id.to_owned(),
        audience: surroundings.token_address(),
        clock: Arc::clone(&surroundings.clock),
    };
    let options = ClientAssertionCredentialOptions {
        client_options: surroundings.client_options(Arc::clone(&surroundings.token_service)),
    };
    let credential =
        ClientAssertionCredential::new(surroundings.tenant.clone(), client_id.to_owned(), signed, Some(options))
            .map_err(|error| NoToken::failed(official::text(&error)))?;
    let credential = Box::new(Official { credential, judge: refused_application(surroundings) });
    let description = format!("as application {client_id} with a certificate, from {client_id_from} and {file_from}");
    Ok(Candidate { credential, description })
}

#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("{0}")]
    Unreadable(Unreadable),
    #[error("{0}")]
    Other(String),
}

fn pair(file: &[u8], password: Option<&SecretString>) -> Result<KeyPair, Unusable> {
    let contents = keys::read(file, password).map_err(Unusable::Unreadable)?;
    let Bundle { certificate, chain: _, private_key, friendly_name: _ } =
        Bundle::of_files(&[contents]).map_err(|error| Unusable::Other(error.to_string()))?;
    match (certificate, private_key) {
        (Some(certificate), Some(private_key)) => Ok(KeyPair { certificate, private_key }),
        (None, _) => Err(Unusable::Other("it holds no certificate".to_owned())),
        (_, None) => Err(Unusable::Other("it holds no private key".to_owned())),
    }
}
