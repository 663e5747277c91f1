//! Where keys, certificates and passwords are to be had, as manifests say it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Usage;

/// Who makes a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// Accredit makes the key and signs the certificate with it.
    SelfSigned,
    /// Accredit makes the key and a request, which an authority signs.
    Request { usages: BTreeSet<Usage> },
    /// Somebody else made it and keeps it in this file, with or without its key.
    File { path: PathBuf, password: Option<SecretReference> },
    /// It is an object of the vault that the store names.
    KeyVault(VaultCertificate),
}

impl CertificateSource {
    /// Whether Accredit has the next one made; otherwise it takes up what others make.
    pub fn is_made_here(&self) -> bool {
        match self {
            Self::SelfSigned | Self::Request { .. } => true,
            Self::KeyVault(vault) => vault.create,
            Self::File { .. } => false,
        }
    }
}

/// A certificate in a vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultCertificate {
    /// The object's name: letters, digits and `-`.
    pub name: String,
    /// The one version to use; `None` means the newest that is enabled.
    pub version: Option<String>,
    /// Whether the private key may ever leave the vault.
    pub exportable: bool,
    /// Whether Accredit makes new versions; otherwise it only takes up what others make.
    pub create: bool,
}

/// Where private keys lie.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreReference {
    Directory {
        /// Absolute, or relative to the working directory.
        path: PathBuf,
        /// Public keys of age that private keys are encrypted to; none means that they lie there in the clear.
        recipients: BTreeSet<String>,
    },
    /// The vault's address, such as `https://contoso.vault.azure.net`.
    KeyVault { url: String },
}

impl std::fmt::Display for StoreReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directory { path, recipients: _ } => path.display().fmt(f),
            Self::KeyVault { url } => f.write_str(url),
        }
    }
}

/// Where a secret is to be had. Never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretReference {
    /// The value of an environment variable.
    Environment(String),
    /// The first line of a file.
    File(PathBuf),
    /// The first line that a command prints. It is run by `apply` alone, never by `plan`.
    Command(String),
    /// Typed by whoever runs `apply`.
    Prompt,
    /// Made at random once and kept beside the file it protects, readable by its owner alone.
    Generated,
    /// A secret of a vault; made at random and put there where it is missing.
    KeyVault { url: String, name: String },
}
