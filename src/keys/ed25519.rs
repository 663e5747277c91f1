//! Keys by which somebody stands for a text, such as a plan that was reviewed: Ed25519, as `openssl genpkey -algorithm ed25519`
//! makes them. They have nothing to do with certificates.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::pem;

/// Signs texts.
pub struct SigningKey(Ed25519KeyPair);

/// Tells who signed a text.
#[derive(Debug)]
pub struct VerifyKey(ParsedPublicKey);

/// A text that holds no such key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ed25519Error {
    #[error("it holds no private key of Ed25519 in PEM, unencrypted PKCS#8")]
    NoPrivateKey,
    #[error("it holds no public key of Ed25519 in PEM")]
    NoPublicKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey")
    }
}

impl SigningKey {
    pub fn read(text: &str) -> Result<Self, Ed25519Error> {
        let der = pem::decode("PRIVATE KEY", text).ok_or(Ed25519Error::NoPrivateKey)?;
        Ed25519KeyPair::from_pkcs8(&der).map(Self).map_err(|_| Ed25519Error::NoPrivateKey)
    }

    /// The signature of a text, in base64.
    pub fn sign(&self, text: &str) -> String {
        STANDARD.encode(self.0.sign(text.as_bytes()))
    }
}

impl VerifyKey {
    pub fn read(text: &str) -> Result<Self, Ed25519Error> {
        let der = pem::decode("PUBLIC KEY", text).ok_or(Ed25519Error::NoPublicKey)?;
        ParsedPublicKey::new(&ED25519, &der[..]).map(Self).map_err(|_| Ed25519Error::NoPublicKey)
    }

    /// Whether `signature`, in base64, is one of this text by this key's owner.
    pub fn verifies(&self, text: &str, signature: &str) -> bool {
        STANDARD.decode(signature).is_ok_and(|signature| self.0.verify_sig(text.as_bytes(), &signature).is_ok())
    }
}
