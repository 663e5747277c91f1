//! Signs what shows that one has a certificate's private key: assertions for the token service, proofs for Graph.

use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use aws_lc_rs::{rand::SystemRandom, rsa};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::vault::VaultKey;
use super::{KeyPair, PrivateKey};

/// How a JWT is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwsAlgorithm {
    Rs256,
    Ps256,
}

impl JwsAlgorithm {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }
}

/// A certificate with the means to sign by its key.
#[derive(Clone, Debug)]
pub struct Signer {
    /// DER.
    certificate: Vec<u8>,
    key: SigningKey,
}

#[derive(Clone, Debug)]
enum SigningKey {
    Here(PrivateKey),
    /// The key stays in its vault, which signs.
    Vault(VaultKey),
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("the private key is no sound RSA key")]
    Key,
    #[error("the cryptographic library did not sign")]
    Cryptography,
    #[error("the vault did not sign")]
    Vault(#[from] super::vault::VaultError),
}

impl From<KeyPair> for Signer {
    fn from(KeyPair { certificate, private_key }: KeyPair) -> Self {
        Self { certificate, key: SigningKey::Here(private_key) }
    }
}

impl Signer {
    pub(super) fn in_vault(certificate: Vec<u8>, key: VaultKey) -> Self {
        Self { certificate, key: SigningKey::Vault(key) }
    }

    /// A signed JWT with these claims that names the certificate in each way that services look for:
    /// <https://learn.microsoft.com/entra/identity-platform/certificate-credentials>
    pub async fn jwt(&self, algorithm: JwsAlgorithm, claims: &Json) -> Result<SecretString, SignError> {
        let sha1 = Sha1::digest(&self.certificate);
        let header = json!({
            "alg": algorithm.as_str(),
            "typ": "JWT",
            "x5t": URL_SAFE_NO_PAD.encode(sha1),
            "x5t#S256": URL_SAFE_NO_PAD.encode(Sha256::digest(&self.certificate)),
        });
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = match &self.key {
            SigningKey::Here(key) => sign(key, algorithm, signed.as_bytes())?,
            SigningKey::Vault(key) => key.sign(algorithm, &Sha256::digest(signed.as_bytes())).await?,
        };
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)).into())
    }
}

fn sign(key: &PrivateKey, algorithm: JwsAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
    let pair = rsa::KeyPair::from_pkcs8(key.expose()).map_err(|_| SignError::Key)?;
    let encoding: &'static dyn RsaEncoding = match algorithm {
        JwsAlgorithm::Rs256 => &RSA_PKCS1_SHA256,
        JwsAlgorithm::Ps256 => &RSA_PSS_SHA256,
    };
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), message, &mut signature).map_err(|_| SignError::Cryptography)?;
    Ok(signature)
}
