//! What was found in the key stores: public facts only.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;

use super::{DistinguishedName, ExportFormat, KeyAlgorithm, Thumbprint};

/// Everything that is kept for one declared certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredKeys {
    /// Certificates with their keys, oldest first.
    pub generations: Vec<StoredCertificate>,
    /// Keys that wait for their certificates, in the order of their ids.
    pub requests: Vec<StoredRequest>,
    /// A declared file that cannot be used, with the reason.
    pub unusable: Option<UnusableFile>,
    /// Whether some of it lies under the handle that the application had before, and is to be copied.
    pub in_former: bool,
}

impl StoredKeys {
    /// Adds what lies under the handle that the application had before. What lies in both places is one and the same; `lacking`
    /// are the directories there that are still to be copied.
    pub fn take_up(&mut self, former: Self, lacking: &BTreeSet<String>) {
        self.in_former = !lacking.is_empty();
        let has = |stored: &StoredCertificate, all: &[StoredCertificate]| {
            all.iter().any(|other| other.thumbprint == stored.thumbprint)
        };
        let generations = former.generations.into_iter();
        let more: Vec<_> = generations.filter(|stored| !has(stored, &self.generations)).collect();
        self.generations.extend(more);
        self.generations.sort_by(|a, b| (a.not_before, &a.thumbprint).cmp(&(b.not_before, &b.thumbprint)));
        let more: Vec<_> = former
            .requests
            .into_iter()
            .filter(|request| lacking.contains(&format!("request-{}", request.id)))
            .filter(|request| !self.requests.iter().any(|other| other.id == request.id))
            .collect();
        self.requests.extend(more);
        self.requests.sort_by(|a, b| a.id.cmp(&b.id));
    }
}

/// The public facts of a certificate in a key store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCertificate {
    pub thumbprint: Thumbprint,
    pub thumbprint_sha256: Thumbprint,
    pub subject: DistinguishedName,
    pub dns_names: Vec<String>,
    pub key: KeyAlgorithm,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// Files that were exported and are still there.
    pub exports: BTreeSet<ExportFormat>,
    /// What an authority was asked for, where one signed it: authorities change what they sign.
    pub asked: Option<AskedFor>,
    /// Those that were in the store before it, where that is known.
    pub follows: BTreeSet<Thumbprint>,
    pub private_key: KeyAccess,
}

/// What stands in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedFor {
    pub subject: DistinguishedName,
    pub dns_names: Vec<String>,
    /// The extended key usages, as RFC 5280 spells them.
    pub usages: Vec<String>,
}

/// What can be done with a private key from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyAccess {
    /// It lies there in the clear, for its owner alone.
    Plain,
    /// It lies there encrypted to these recipients.
    Encrypted { recipients: BTreeSet<String> },
    /// A vault signs with it.
    Vault {
        /// Of the certificate.
        version: String,
        exportable: bool,
    },
    /// It is somewhere else, or nowhere.
    Absent,
}

/// A key that waits for an authority to sign its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRequest {
    /// Made from the key; names the request's directory.
    pub id: String,
    /// The request, PEM.
    pub file: PathBuf,
    pub asked: AskedFor,
    pub key: KeyAlgorithm,
    /// What was put beside it and certifies this key, the one that ends last first.
    pub signed: Vec<SignedCertificate>,
    /// What was put beside it and is of no use, with the reason.
    pub unusable: Vec<UnusableFile>,
}

/// A certificate that an authority made for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCertificate {
    pub file: PathBuf,
    pub certificate: StoredCertificate,
}

/// A file that holds no certificate that could be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusableFile {
    pub file: PathBuf,
    pub trouble: StoreTrouble,
    pub reason: String,
    pub help: String,
}

impl UnusableFile {
    /// One of which nothing is known but what is said.
    pub fn new(file: impl Into<PathBuf>, reason: impl Into<String>, help: impl Into<String>) -> Self {
        Self { file: file.into(), trouble: StoreTrouble::Other, reason: reason.into(), help: help.into() }
    }
}

/// What is the matter with the place of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreTrouble {
    /// The certificate is there, and its key is not.
    KeyMissing,
    /// The key there belongs to another certificate.
    KeyOfAnother,
    /// Others than its owner can read the key.
    Exposed,
    WrongPassword,
    /// What its message says.
    Other,
}

/// A place that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableStore {
    pub trouble: StoreTrouble,
    pub reason: String,
}
