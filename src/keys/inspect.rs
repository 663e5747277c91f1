//! Reads the public facts out of a certificate.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;

use super::name;
use crate::model::{KeyAccess, KeyAlgorithm, StoredCertificate, Thumbprint};

/// A certificate that is none, or none to sign in with.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    #[error("this is not an X.509 certificate in DER: {reason}")]
    NotACertificate { reason: String },
    #[error("this is not a certificate request in DER: {reason}")]
    NotARequest { reason: String },
    #[error(
        "the certificate's key is {found}: Exchange and Entra take RSA, and Accredit keeps 2048, 3072 or 4096 bits"
    )]
    UnsupportedKey { found: String },
    #[error("the certificate's dates lie outside of what can be reckoned with")]
    Dates,
}

/// The facts of a certificate, DER, by itself: nothing exported, and no key.
pub fn inspect(der: &[u8]) -> Result<StoredCertificate, InspectError> {
    let certificate = parse(der)?;
    Ok(StoredCertificate {
        thumbprint: Thumbprint::from_bytes(&Sha1::digest(der)),
        thumbprint_sha256: Thumbprint::from_bytes(&Sha256::digest(der)),
        subject: name::read(certificate.subject()),
        dns_names: dns_names(&certificate),
        key: key_algorithm(&certificate)?,
        not_before: instant(certificate.validity().not_before)?,
        not_after: instant(certificate.validity().not_after)?,
        der: der.to_vec(),
        exports: BTreeSet::new(),
        asked: None,
        follows: BTreeSet::new(),
        private_key: KeyAccess::Absent,
    })
}

/// The certificate's `SubjectPublicKeyInfo`.
pub(super) fn public_key(der: &[u8]) -> Result<Vec<u8>, InspectError> {
    Ok(parse(der)?.public_key().raw.to_vec())
}

pub(super) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, InspectError> {
    let not_a_certificate = |reason: String| InspectError::NotACertificate { reason };
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok((rest, _)) => Err(not_a_certificate(format!("{} bytes follow after its end", rest.len()))),
        Err(error) => Err(not_a_certificate(error.to_string())),
    }
}

fn dns_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for extension in certificate.iter_extensions() {
        if let ParsedExtension::SubjectAlternativeName(alternatives) = extension.parsed_extension() {
            names.extend(alternatives.general_names.iter().filter_map(|name| match name {
                GeneralName::DNSName(name) => Some((*name).to_owned()),
                _ => None,
            }));
        }
    }
    names
}

fn key_algorithm(certificate: &X509Certificate<'_>) -> Result<KeyAlgorithm, InspectError> {
    let bits = match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => key.key_size(),
        Ok(_) => return Err(InspectError::UnsupportedKey { found: "not RSA".to_owned() }),
        Err(error) => return Err(InspectError::UnsupportedKey { found: format!("unreadable ({error})") }),
    };
    match bits {
        2048 => Ok(KeyAlgorithm::Rsa2048),
        3072 => Ok(KeyAlgorithm::Rsa3072),
        4096 => Ok(KeyAlgorithm::Rsa4096),
        other => Err(InspectError::UnsupportedKey { found: format!("RSA of {other} bits") }),
    }
}

pub(super) fn instant(time: ASN1Time) -> Result<Timestamp, InspectError> {
    Timestamp::from_second(time.timestamp()).map_err(|_| InspectError::Dates)
}
