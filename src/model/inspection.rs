//! What was found in certificate files, and what Entra and Exchange would say to it. Public facts alone.

use jiff::Timestamp;
use serde::Serialize;

use super::{DistinguishedName, Thumbprint};

/// Files that were looked at together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// The instant to which days and dates were held.
    pub now: Timestamp,
    /// Whether everything was readable and nothing stands against using it.
    pub fit: bool,
    pub files: Vec<InspectedFile>,
    /// Worst first.
    pub findings: Vec<Remark>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectedFile {
    pub file: String,
    /// `None` where it could not be read.
    pub format: Option<String>,
    /// How its parts are encrypted.
    pub protections: Vec<String>,
    pub certificates: Vec<InspectedCertificate>,
    pub private_keys: Vec<InspectedKey>,
    pub requests: Vec<InspectedRequest>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectedCertificate {
    #[serde(flatten)]
    pub facts: CertificateFacts,
    /// Whole days until it ends; negative once it has.
    pub days_left: i64,
    pub friendly_name: Option<String>,
    /// Whether its private key is among what was read.
    pub has_private_key: bool,
    /// The subjects of those that issued it, the nearest first, as far as they are among what was read.
    pub chain: Vec<DistinguishedName>,
    /// Whether another certificate that was read was issued by this one.
    pub issued_another: bool,
}

/// What a certificate says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateFacts {
    pub subject: DistinguishedName,
    pub issuer: DistinguishedName,
    /// Upper-case hex.
    pub serial_number: String,
    pub thumbprint: Thumbprint,
    pub thumbprint_sha256: Thumbprint,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub key: KeyFacts,
    pub signature_algorithm: String,
    pub self_signed: bool,
    /// Whether it may issue others.
    pub authority: bool,
    pub dns_names: Vec<String>,
    pub key_usages: Vec<String>,
    pub extended_key_usages: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyFacts {
    /// `RSA`, `EC`, `Ed25519`, or an object identifier.
    pub kind: String,
    pub bits: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectedKey {
    #[serde(flatten)]
    pub key: KeyFacts,
    pub encrypted: bool,
    pub friendly_name: Option<String>,
    /// The provider that Windows will keep it in.
    pub provider: Option<String>,
    /// `CSP` or `CNG`, where a provider is named.
    pub provider_kind: Option<&'static str>,
    /// The thumbprint of its certificate, where that was read too.
    pub belongs_to: Option<Thumbprint>,
}

/// A PKCS#10 request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectedRequest {
    pub subject: DistinguishedName,
    pub key: KeyFacts,
    pub dns_names: Vec<String>,
    pub key_usages: Vec<String>,
    pub extended_key_usages: Vec<String>,
    /// Whether it is signed by the key that it asks a certificate for.
    pub signature_holds: bool,
    /// Whether its private key is among what was read.
    pub has_private_key: bool,
}

/// How much a finding stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RemarkSeverity {
    /// It will not work like this.
    Error,
    /// It may fail somewhere.
    Warning,
    /// Worth knowing.
    Note,
}

/// One thing that Entra, Exchange or Windows would say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remark {
    pub severity: RemarkSeverity,
    /// Stays the same when the words change: `key-not-rsa`.
    pub code: &'static str,
    pub file: String,
    pub message: String,
    /// What to do.
    pub help: String,
}
