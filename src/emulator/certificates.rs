//! Reading the certificates that clients upload: their dates, thumbprints, subject and public key.
//!
//! Only public halves ever come here.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use jiff::Timestamp;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

/// Standard base64, padded or not.
pub(crate) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What matters of a certificate.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    /// In the .NET form: `O=Contoso, S=State, C=AU`.
    pub(crate) subject: String,
    /// The PKCS#1 public key, when it is an RSA key.
    pub(crate) rsa_public_key: Option<Vec<u8>>,
}

impl Certificate {
    /// Reads base64 of DER or of PEM, with line breaks or without.
    pub(crate) fn from_base64(text: &str) -> Option<Self> {
        let packed: String = text.split_whitespace().collect();
        let bytes = LENIENT.decode(packed).ok()?;
        if !bytes.starts_with(b"-----") {
            return Self::from_der(&bytes);
        }
        let (_, pem) = x509_parser::pem::parse_x509_pem(&bytes).ok()?;
        Self::from_der(&pem.contents)
    }

    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        let (rest, parsed) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let key = parsed.public_key();
        let is_rsa = matches!(key.parsed(), Ok(x509_parser::public_key::PublicKey::RSA(_)));
        Some(Self {
            der: der.to_owned(),
            not_before: Timestamp::from_second(parsed.validity().not_before.timestamp()).ok()?,
            not_after: Timestamp::from_second(parsed.validity().not_after.timestamp()).ok()?,
            subject: subject(parsed.subject()),
            rsa_public_key: is_rsa.then(|| key.subject_public_key.data.to_vec()),
        })
    }

    pub(crate) fn sha1(&self) -> [u8; 20] {
        Sha1::digest(&self.der).into()
    }

    pub(crate) fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// The thumbprint as Windows and Graph write it: upper-case hex of the SHA-1.
    pub(crate) fn thumbprint(&self) -> String {
        hex(&self.sha1())
    }
}

/// Upper-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// The subject as .NET prints it: last part first, `S` for the state, quotes where a value needs them.
fn subject(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter()
        .map(|relative| {
            let attributes: Vec<String> = relative
                .iter()
                .map(|attribute| {
                    let oid = attribute.attr_type().to_id_string();
                    let label = match oid.as_str() {
                        "2.5.4.3" => "CN",
                        "2.5.4.4" => "SN",
                        "2.5.4.5" => "SERIALNUMBER",
                        "2.5.4.6" => "C",
                        "2.5.4.7" => "L",
                        "2.5.4.8" => "S",
                        "2.5.4.9" => "STREET",
                        "2.5.4.10" => "O",
                        "2.5.4.11" => "OU",
                        "2.5.4.12" => "T",
                        "2.5.4.42" => "G",
                        "1.2.840.113549.1.9.1" => "E",
                        "0.9.2342.19200300.100.1.25" => "DC",
                        other => &format!("OID.{other}"),
                    };
                    format!("{label}={}", quoted(attribute.as_str().unwrap_or_default()))
                })
                .collect();
            attributes.join(" + ")
        })
        .collect();
    parts.reverse();
    parts.join(", ")
}

fn quoted(value: &str) -> String {
    let special = |letter: char| ",+=\"\n<>#;".contains(letter);
    if value.is_empty() || value.contains(special) || value.trim() != value {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}
