//! From what files hold to a file in another format.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::contents::KeyFile;
use super::pfx::{self, PfxError};
use super::{KeyPair, PrivateKey, facts, inspect, pem};
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
        let mut certificates: Vec<_> = files.iter().flat_map(|file| &file.certificates).collect();
        certificates.dedup_by(|one, other| one.der == other.der);
        let mut with_key = certificates.iter().filter_map(|found| {
            let public = inspect::public_key(&found.der).ok()?;
            let key = keys().find(|key| key.key.subject_public_key_info().as_ref() == Some(&public))?;
            Some((*found, key))
        });
        if let Some((found, key)) = with_key.next() {
            let friendly_name = key.labels.friendly_name.clone().or_else(|| found.labels.friendly_name.clone());
            return Ok(Self {
                certificate: Some(found.der.clone()),
                chain: chain(&found.der, &certificates.iter().map(|found| found.der.as_slice()).collect::<Vec<_>>()),
                private_key: Some(key.key.clone()),
                friendly_name,
            });
        }
        let issued_none =
            |der: &[u8]| certificates.iter().all(|other| other.der == der || !facts::is_issued_by(&other.der, der));
        let leaves: Vec<_> = certificates.iter().filter(|found| issued_none(&found.der)).collect();
        match (leaves.as_slice(), keys().next()) {
            ([_, ..], Some(_)) => Err(OutputError::KeyDiffers),
            ([], None) => Err(OutputError::NoCertificate),
            ([], Some(key)) => Ok(Self {
                certificate: None,
                chain: Vec::new(),
                private_key: Some(key.key.clone()),
                friendly_name: key.labels.friendly_name.clone(),
            }),
            ([found], None) => Ok(Self {
                certificate: Some(found.der.clone()),
                chain: chain(&found.der, &certificates.iter().map(|found| found.der.as_slice()).collect::<Vec<_>>()),
                private_key: None,
                friendly_name: found.labels.friendly_name.clone(),
            }),
            (_, None) => Err(OutputError::Ambiguous),
        }
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

/// Those that issued a certificate, the nearest first, without itself.
fn chain(der: &[u8], known: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut chain: Vec<Vec<u8>> = Vec::new();
    loop {
        let last = chain.last().map_or(der, Vec::as_slice);
        let is_new = |issuer: &[u8]| issuer != der && chain.iter().all(|link| link != issuer);
        let next = known.iter().find(|issuer| is_new(issuer) && facts::is_issued_by(last, issuer));
        match next {
            Some(issuer) => chain.push(issuer.to_vec()),
            None => return chain,
        }
    }
}
