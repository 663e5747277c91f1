//! From what files hold to a file in another format.

use std::collections::BTreeSet;
use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::contents::{FoundCertificate, KeyFile};
use super::issuance::Link;
use super::pfx::{self, PfxError};
use super::{KeyPair, PrivateKey, inspect, pem};
use crate::model::PfxEncryption;

/// The format of a file to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutputFormat {
    /// The certificate alone, DER.
    Cer,
    /// The certificate, those that issued it, and the private key where there is one, PEM.
    Pem,
    /// The private key alone, PKCS#8 PEM.
    Key,
    /// Everything under a password, PKCS#12.
    Pfx,
}

impl OutputFormat {
    /// The file extension.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cer => "cer",
            Self::Pem => "pem",
            Self::Key => "key",
            Self::Pfx => "pfx",
        }
    }
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    #[error("there is no certificate in what was given: add the file that holds it")]
    NoCertificate,
    #[error("there is no private key in what was given: add the file that holds it")]
    NoPrivateKey,
    #[error("several certificates were given, and none of the keys belongs to one: give one certificate with its key")]
    Ambiguous,
    #[error("the private key belongs to another certificate: give the key from which this one was made or requested")]
    KeyDiffers,
    #[error("a PFX needs a password")]
    PasswordMissing,
    #[error("the certificate cannot be read")]
    Certificate(#[from] inspect::InspectError),
    #[error(transparent)]
    Pfx(#[from] PfxError),
}

/// The bytes of a file, and whether they hold a private key.
pub struct Encoded {
    pub bytes: Zeroizing<Vec<u8>>,
    pub is_private: bool,
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded").field("is_private", &self.is_private).finish_non_exhaustive()
    }
}

/// A certificate with what belongs to it.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// DER; `None` where only a key is there.
    pub certificate: Option<Vec<u8>>,
    /// Those that issued it, DER, the nearest first.
    pub chain: Vec<Vec<u8>>,
    pub private_key: Option<PrivateKey>,
    pub friendly_name: Option<String>,
}

impl Bundle {
    pub fn of_pair(pair: KeyPair, friendly_name: Option<String>) -> Self {
        let KeyPair { certificate, private_key } = pair;
        Self { certificate: Some(certificate), chain: Vec::new(), private_key: Some(private_key), friendly_name }
    }

    /// Finds the one certificate that is meant among several: the one that a key belongs to, else the one that issued no
    /// other.
    pub fn of_files(files: &[KeyFile]) -> Result<Self, OutputError> {
        let keys = || files.iter().flat_map(|file| &file.keys);
        let mut seen = BTreeSet::new();
        let certificates = files.iter().flat_map(|file| &file.certificates).filter(|found| seen.insert(&found.der));
        let certificates: Vec<(&FoundCertificate, Link<'_>)> =
            certificates.filter_map(|found| Some((found, Link::of(&found.der)?))).collect();
        let with_key = certificates.iter().find_map(|(found, _)| {
            let public = inspect::public_key(&found.der).ok()?;
            let key = keys().find(|key| key.key.subject_public_key_info().as_ref() == Some(&public))?;
            Some((*found, Some(key)))
        });
        let (found, links): (Vec<&FoundCertificate>, Vec<Link<'_>>) = certificates.into_iter().unzip();
        let leaves = || found.iter().zip(&links).filter(|(_, link)| !link.issued_one_of(&links));
        let (certificate, key) = match (with_key, keys().next()) {
            (Some(pair), _) => pair,
            (None, Some(_)) if !found.is_empty() => return Err(OutputError::KeyDiffers),
            (None, Some(key)) => {
                let (private_key, friendly_name) = (Some(key.key.clone()), key.labels.friendly_name.clone());
                return Ok(Self { certificate: None, chain: Vec::new(), private_key, friendly_name });
            }
            (None, None) => match leaves().map(|(found, _)| *found).collect::<Vec<_>>().as_slice() {
                [] => return Err(OutputError::NoCertificate),
                [only] => (*only, None),
                _ => return Err(OutputError::Ambiguous),
            },
        };
        let chain =
            Link::of(&certificate.der).map(|link| link.chain(&links).iter().map(|link| link.der.to_vec()).collect());
        let named_by_key = key.and_then(|key| key.labels.friendly_name.clone());
        Ok(Self {
            certificate: Some(certificate.der.clone()),
            chain: chain.unwrap_or_default(),
            private_key: key.map(|key| key.key.clone()),
            friendly_name: named_by_key.or_else(|| certificate.labels.friendly_name.clone()),
        })
    }

    /// The bytes of one file. The password protects a PFX, which needs one, and a private key in PEM, which does not.
    pub fn encode(
        &self,
        format: OutputFormat,
        password: Option<&SecretString>,
        encryption: PfxEncryption,
    ) -> Result<Encoded, OutputError> {
        let certificate = || self.certificate.as_ref().ok_or(OutputError::NoCertificate);
        let key = || self.private_key.as_ref().ok_or(OutputError::NoPrivateKey);
        let key_pem = |key: &PrivateKey| match password {
            Some(password) => key.encrypted_pem(password),
            None => Ok(key.pem()),
        };
        let (bytes, is_private) = match format {
            OutputFormat::Cer => (Zeroizing::new(certificate()?.clone()), false),
            OutputFormat::Key => (key_pem(key()?)?.expose_secret().as_bytes().to_vec().into(), true),
            OutputFormat::Pem => {
                let key = self.private_key.as_ref().map(key_pem).transpose()?;
                let certificates = std::iter::once(certificate()?).chain(&self.chain);
                let public: String = certificates.map(|der| pem::encode_certificate(der)).collect();
                let private = key.as_ref().map_or("", |key| key.expose_secret());
                (Zeroizing::new([public.as_bytes(), private.as_bytes()].concat()), key.is_some())
            }
            OutputFormat::Pfx => {
                let pair = KeyPair { certificate: certificate()?.clone(), private_key: key()?.clone() };
                let password = password.ok_or(OutputError::PasswordMissing)?;
                let name = self.friendly_name.as_deref();
                (pfx::encode(&pair, &self.chain, name, password, encryption)?.into(), true)
            }
        };
        Ok(Encoded { bytes, is_private })
    }
}
