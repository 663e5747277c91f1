//! A private key in memory: PKCS#8 that cannot be printed and is wiped when dropped.

mod public;
mod read;

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::KeyPair as _;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::encryption::{Password, Protected};
use super::{PfxError, pem, pfx};
use crate::model::PfxEncryption;

const LABEL: &str = "PRIVATE KEY";
const ENCRYPTED_LABEL: &str = "ENCRYPTED PRIVATE KEY";

/// A private key as PKCS#8 DER. Those that are made here and kept in stores are RSA; one read from a file may be of any
/// kind. Only this room can open it.
#[derive(Clone)]
pub struct PrivateKey(Zeroizing<Vec<u8>>);

impl PrivateKey {
    /// A copy; the pair is the caller's to wipe.
    pub(super) fn of(pair: &rcgen::KeyPair) -> Self {
        Self(Zeroizing::new(pair.serialize_der()))
    }

    /// `None` if the text holds no PKCS#8 key.
    pub(super) fn from_pem(text: &str) -> Option<Self> {
        pem::decode(LABEL, text).map(Self)
    }

    /// PKCS#8 DER.
    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }

    /// PKCS#8 PEM, unencrypted.
    pub fn pem(&self) -> SecretString {
        pem::encode_secret(LABEL, &self.0)
    }

    /// PKCS#8 PEM under a password: PBES2 with AES-256 and PBKDF2-HMAC-SHA256.
    pub fn encrypted_pem(&self, password: &SecretString) -> Result<SecretString, PfxError> {
        let password = password.expose_secret();
        pfx::check_password(password)?;
        let protected = Protected::new(&self.0, Password::Text(password), PfxEncryption::Modern)?;
        let der = yasna::construct_der(|writer| protected.write_key(writer));
        Ok(pem::encode_secret(ENCRYPTED_LABEL, &der))
    }

    /// The public half as a `SubjectPublicKeyInfo`; `None` if this is not a sound RSA key.
    pub(super) fn public_key(&self) -> Option<Vec<u8>> {
        let pair = rsa::KeyPair::from_pkcs8(&self.0).ok()?;
        Some(pair.public_key().as_der().ok()?.as_ref().to_vec())
    }

    /// The certificate followed by this key, both PEM.
    pub(super) fn bundle(&self, certificate: &[u8]) -> SecretString {
        let key = self.pem();
        let certificate = pem::encode_certificate(certificate);
        let mut bundle = Zeroizing::new(String::with_capacity(certificate.len() + key.expose_secret().len()));
        bundle.push_str(&certificate);
        bundle.push_str(key.expose_secret());
        bundle.as_str().into()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private key]")
    }
}
