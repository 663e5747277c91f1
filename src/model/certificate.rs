//! What is said of certificates without holding a key: the profiles to make one or to ask for one by, and the formats of
//! files.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DistinguishedName;

/// A SHA-1 or SHA-256 thumbprint, upper-case hex as Windows, Entra and Exchange print it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Thumbprint(String);

impl Thumbprint {
    pub fn from_bytes(digest: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]);
        Self(nibbles.map(|nibble| char::from(DIGITS[usize::from(nibble)])).collect())
    }

    /// A thumbprint written as 40 or 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then(|| Self(text.to_ascii_uppercase()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key's algorithm and size in bits. Exchange and Entra's assertion both want RSA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyAlgorithm {
    #[default]
    Rsa2048,
    Rsa3072,
    Rsa4096,
}

impl KeyAlgorithm {
    pub const ALL: [Self; 3] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
        }
    }
}

impl FromStr for KeyAlgorithm {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text).ok_or(())
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Everything that goes into a self-signed certificate, dates included: making one takes no decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateProfile {
    pub subject: DistinguishedName,
    /// Subject alternative names of type DNS, in the order written. Odd names such as `pre_prod.woshub.com` are kept.
    pub dns_names: Vec<String>,
    pub key: KeyAlgorithm,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

/// What a certificate authority is asked to certify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestProfile {
    pub subject: DistinguishedName,
    /// As in [`CertificateProfile::dns_names`].
    pub dns_names: Vec<String>,
    pub usages: BTreeSet<Usage>,
}

/// An extended key usage to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usage {
    ClientAuthentication,
    /// Some authorities issue nothing without it.
    ServerAuthentication,
}

impl Usage {
    /// As RFC 5280 spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientAuthentication => "clientAuth",
            Self::ServerAuthentication => "serverAuth",
        }
    }
}

/// A file made from a certificate and its key, beside the key in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExportFormat {
    /// DER, public half only.
    Cer,
    /// PEM, the certificate followed by its private key as PKCS#8.
    Pem,
    /// PKCS#12 with the private key, under a password.
    Pfx,
}

impl ExportFormat {
    pub const ALL: [Self; 3] = [Self::Cer, Self::Pem, Self::Pfx];

    /// The file extension, which is also the name in the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cer => "cer",
            Self::Pem => "pem",
            Self::Pfx => "pfx",
        }
    }
}

/// How a PFX is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PfxEncryption {
    /// AES-256 and SHA-256, which Windows reads from 10 1709 and Server 2019 on.
    #[default]
    Modern,
    /// TripleDES and SHA-1, for Windows Server 2016 and before.
    Legacy,
}

impl PfxEncryption {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Modern => "modern",
            Self::Legacy => "legacy",
        }
    }
}
