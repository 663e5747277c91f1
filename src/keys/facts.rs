//! Reads everything public out of a certificate or request, of whatever kind its key is.

use jiff::Timestamp;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_parser::asn1_rs::Oid;
use x509_parser::certificate::X509Certificate;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::{ExtendedKeyUsage, GeneralName, KeyUsage, ParsedExtension};
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::inspect::{InspectError, instant, parse};
use super::name;
use crate::model::{CertificateFacts, InspectedRequest, KeyFacts, Thumbprint};

/// The facts of a certificate, DER.
pub(super) fn certificate(der: &[u8]) -> Result<CertificateFacts, InspectError> {
    let certificate = parse(der)?;
    let mut extensions = Extensions::default();
    for extension in certificate.extensions() {
        extensions.add(extension.parsed_extension());
    }
    let same_names = certificate.subject().as_raw() == certificate.issuer().as_raw();
    Ok(CertificateFacts {
        subject: name::read(certificate.subject()),
        issuer: name::read(certificate.issuer()),
        serial_number: certificate.raw_serial().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02X}")),
        thumbprint: Thumbprint::from_bytes(&Sha1::digest(der)),
        thumbprint_sha256: Thumbprint::from_bytes(&Sha256::digest(der)),
        not_before: dated(&certificate, |dates| dates.not_before)?,
        not_after: dated(&certificate, |dates| dates.not_after)?,
        key: key(certificate.public_key()),
        signature_algorithm: signature_algorithm(&certificate.signature_algorithm.algorithm.to_id_string()),
        self_signed: same_names && is_signed_by(&certificate, certificate.public_key()),
        authority: extensions.authority,
        dns_names: extensions.dns_names,
        key_usages: extensions.key_usages,
        extended_key_usages: extensions.extended_key_usages,
    })
}

/// The facts of a PKCS#10 request, DER.
pub(super) fn request(der: &[u8]) -> Result<InspectedRequest, InspectError> {
    let not_a_request = |reason: String| InspectError::NotARequest { reason };
    let (rest, request) = X509CertificationRequest::from_der(der).map_err(|error| not_a_request(error.to_string()))?;
    if !rest.is_empty() {
        return Err(not_a_request(format!("{} bytes follow after its end", rest.len())));
    }
    let mut extensions = Extensions::default();
    for extension in request.requested_extensions().into_iter().flatten() {
        extensions.add(extension);
    }
    Ok(InspectedRequest {
        subject: name::read(&request.certification_request_info.subject),
        key: key(&request.certification_request_info.subject_pki),
        dns_names: extensions.dns_names,
        key_usages: extensions.key_usages,
        extended_key_usages: extensions.extended_key_usages,
        signature_holds: request.verify_signature().is_ok(),
        has_private_key: false,
    })
}

/// The public key that a request asks a certificate for, as a `SubjectPublicKeyInfo`.
pub(super) fn requested_key(der: &[u8]) -> Option<Vec<u8>> {
    let (_, request) = X509CertificationRequest::from_der(der).ok()?;
    Some(request.certification_request_info.subject_pki.raw.to_vec())
}

/// The kind and size of a public key, given as a `SubjectPublicKeyInfo`.
pub(super) fn public_key(der: &[u8]) -> Option<KeyFacts> {
    let (_, key_info) = SubjectPublicKeyInfo::from_der(der).ok()?;
    Some(key(&key_info))
}

/// The names of a certificate's subject and issuer, DER.
pub(super) fn names(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let certificate = parse(der).ok()?;
    Some((certificate.subject().as_raw().to_vec(), certificate.issuer().as_raw().to_vec()))
}

/// Whether the key of `issuer`, a certificate in DER, signed `der`.
pub(super) fn is_signed_with_key_of(der: &[u8], issuer: &[u8]) -> bool {
    let (Ok(certificate), Ok(issuer)) = (parse(der), parse(issuer)) else { return false };
    is_signed_by(&certificate, issuer.public_key())
}

/// A signature of a kind that cannot be checked here is believed: names alone then decide.
fn is_signed_by(certificate: &X509Certificate<'_>, key: &SubjectPublicKeyInfo<'_>) -> bool {
    use x509_parser::error::X509Error;
    match certificate.verify_signature(Some(key)) {
        Ok(()) | Err(X509Error::SignatureUnsupportedAlgorithm) => true,
        // Keys below 2048 bits are refused with the same words as a wrong signature.
        Err(_) => self::key(key).bits.is_some_and(|bits| bits < 2048),
    }
}

fn dated(
    certificate: &X509Certificate<'_>,
    which: impl Fn(&x509_parser::certificate::Validity) -> x509_parser::time::ASN1Time,
) -> Result<Timestamp, InspectError> {
    instant(which(certificate.validity()))
}

fn key(key: &SubjectPublicKeyInfo<'_>) -> KeyFacts {
    let named = |kind: &str, bits: usize| KeyFacts { kind: kind.to_owned(), bits: (bits > 0).then_some(bits) };
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => named("RSA", rsa.key_size()),
        Ok(PublicKey::EC(point)) => named("EC", point.key_size()),
        Ok(PublicKey::DSA(_)) => named("DSA", 0),
        Ok(_) | Err(_) => match key.algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => named("Ed25519", 256),
            "1.3.101.113" => named("Ed448", 456),
            other => named(other, 0),
        },
    }
}

fn signature_algorithm(identifier: &str) -> String {
    let known = match identifier {
        "1.2.840.113549.1.1.4" => "MD5 with RSA",
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => "SHA-1 with RSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.1.11" => "SHA-256 with RSA",
        "1.2.840.113549.1.1.12" => "SHA-384 with RSA",
        "1.2.840.113549.1.1.13" => "SHA-512 with RSA",
        "1.2.840.10045.4.1" => "SHA-1 with ECDSA",
        "1.2.840.10045.4.3.2" => "SHA-256 with ECDSA",
        "1.2.840.10045.4.3.3" => "SHA-384 with ECDSA",
        "1.2.840.10045.4.3.4" => "SHA-512 with ECDSA",
        "1.3.101.112" => "Ed25519",
        other => other,
    };
    known.to_owned()
}

#[derive(Default)]
struct Extensions {
    authority: bool,
    dns_names: Vec<String>,
    key_usages: Vec<String>,
    extended_key_usages: Vec<String>,
}

impl Extensions {
    fn add(&mut self, extension: &ParsedExtension<'_>) {
        match extension {
            ParsedExtension::BasicConstraints(constraints) => self.authority = constraints.ca,
            ParsedExtension::SubjectAlternativeName(alternatives) => {
                self.dns_names.extend(alternatives.general_names.iter().filter_map(|name| match name {
                    GeneralName::DNSName(name) => Some((*name).to_owned()),
                    _ => None,
                }));
            }
            ParsedExtension::KeyUsage(usage) => self.key_usages = key_usages(*usage),
            ParsedExtension::ExtendedKeyUsage(usage) => self.extended_key_usages = extended_key_usages(usage),
            _ => {}
        }
    }
}

fn key_usages(usage: KeyUsage) -> Vec<String> {
    let named = [
        (usage.digital_signature(), "digitalSignature"),
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
    ];
    named.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name.to_owned()).collect()
}

fn extended_key_usages(usage: &ExtendedKeyUsage<'_>) -> Vec<String> {
    let named = [
        (usage.any, "anyExtendedKeyUsage"),
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ];
    let named = named.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name.to_owned());
    named.chain(usage.other.iter().map(Oid::to_id_string)).collect()
}
