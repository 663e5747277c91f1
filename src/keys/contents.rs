//! What a file holds, whatever format it is in.

use secrecy::{ExposeSecret as _, SecretString};

use super::ber::{self, BIT_STRING, Element, INTEGER, Malformed, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};
use super::encryption::Password;
use super::unreadable::Unreadable;
use super::{PrivateKey, foreign, pem, pfx, pkcs7};

/// No file with certificates is near as large, in bytes; a wrong path may lead to a disk image.
pub const MAXIMUM_SIZE: u64 = 16 * 1024 * 1024;

/// The format of a file as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    Der,
    Pem,
    Pkcs7,
    Pfx,
}

impl FileFormat {
    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Der => "DER",
            Self::Pem => "PEM",
            Self::Pkcs7 => "PKCS#7",
            Self::Pfx => "PFX (PKCS#12)",
        }
    }
}

/// What a PFX says beside a certificate or key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    pub friendly_name: Option<String>,
    /// Where Windows keeps the key, or is asked to: the name of a CSP or of a CNG key storage provider.
    pub provider: Option<String>,
    /// Ties a key to its certificate.
    pub local_key_id: Option<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCertificate {
    pub der: Vec<u8>,
    pub labels: Labels,
}

#[derive(Clone, Debug)]
pub struct FoundKey {
    pub key: PrivateKey,
    pub labels: Labels,
    pub was_encrypted: bool,
}

/// Certificates, keys and requests in the order in which a file holds them.
#[derive(Clone, Debug)]
pub struct KeyFile {
    pub format: FileFormat,
    pub certificates: Vec<FoundCertificate>,
    pub keys: Vec<FoundKey>,
    /// PKCS#10, DER.
    pub requests: Vec<Vec<u8>>,
    /// How its parts are encrypted, for people.
    pub protections: Vec<String>,
    /// Peculiarities that are worth saying.
    pub notes: Vec<&'static str>,
    /// Whether Windows Server 2016 and before can open it, if it is a PFX.
    pub is_legacy: bool,
}

impl KeyFile {
    pub(super) fn new(format: FileFormat) -> Self {
        Self {
            format,
            certificates: Vec::new(),
            keys: Vec::new(),
            requests: Vec::new(),
            protections: Vec::new(),
            notes: Vec::new(),
            is_legacy: false,
        }
    }

    fn add(&mut self, other: Self) {
        let Self { format: _, certificates, keys, requests, protections, notes, is_legacy } = other;
        self.certificates.extend(certificates);
        self.keys.extend(keys);
        self.requests.extend(requests);
        self.protections.extend(protections);
        self.notes.extend(notes);
        self.is_legacy |= is_legacy;
    }

    fn is_empty(&self) -> bool {
        self.certificates.is_empty() && self.keys.is_empty() && self.requests.is_empty()
    }
}

/// Reads a file of any format that certificates and keys come in. The password opens a PFX or an encrypted key.
pub fn read(bytes: &[u8], password: Option<&SecretString>) -> Result<KeyFile, Unreadable> {
    if let Some(text) = foreign::text(bytes) {
        if text.contains("-----BEGIN ") {
            return read_pem(&text, password);
        }
        if let Some(der) = foreign::bare_base64(&text) {
            let mut file = read_der(&der, password)?;
            file.notes.push("it is Base64 without the lines `-----BEGIN …-----` and `-----END …-----`");
            return Ok(file);
        }
    }
    if let Some(known) = foreign::recognize(bytes) {
        return Err(known);
    }
    read_der(bytes, password)
}

fn read_pem(text: &str, password: Option<&SecretString>) -> Result<KeyFile, Unreadable> {
    let mut file = KeyFile::new(FileFormat::Pem);
    for block in pem::blocks(text)? {
        let label = block.label.as_str();
        match label {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                // OpenSSL's trusted form has its own remarks behind the certificate.
                let der = ber::read_first(&block.der)?.whole.to_vec();
                file.certificates.push(FoundCertificate { der, labels: Labels::default() });
            }
            "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" => {
                file.format = FileFormat::Pkcs7;
                file.add(pkcs7::decode(&block.der)?);
            }
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => file.requests.push(block.der.to_vec()),
            "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" if !block.is_encrypted => {
                file.add(read_der(&block.der, password)?);
            }
            // What OpenSSL writes before an EC key.
            "EC PARAMETERS" => {}
            _ => return Err(foreign::block(label)),
        }
    }
    if file.is_empty() {
        return Err(Malformed::Missing { what: "a certificate or key" }.into());
    }
    Ok(file)
}

/// Tells the formats apart by what stands first in them.
fn read_der(bytes: &[u8], password: Option<&SecretString>) -> Result<KeyFile, Unreadable> {
    let element = ber::read(bytes).map_err(|error| foreign::not_der(bytes, error))?;
    let parts = element.sequence("a certificate or key")?.all().map_err(|error| foreign::not_der(bytes, error))?;
    let mut file = KeyFile::new(FileFormat::Der);
    let key = |key| FoundKey { key, labels: Labels::default(), was_encrypted: false };
    let tags: Vec<u8> = parts.iter().map(|part| part.tag).take(3).collect();
    match tags.as_slice() {
        [SEQUENCE, SEQUENCE, BIT_STRING] if is_request(parts[0]) => file.requests.push(bytes.to_vec()),
        [SEQUENCE, SEQUENCE, BIT_STRING] => {
            file.certificates.push(FoundCertificate { der: bytes.to_vec(), labels: Labels::default() });
        }
        [OBJECT_IDENTIFIER, ..] => return pkcs7::decode(bytes),
        [INTEGER, SEQUENCE, OCTET_STRING] => file.keys.push(key(PrivateKey::from_pkcs8(bytes)?)),
        [INTEGER, SEQUENCE, ..] if parts[0].number() == Some(3) => return pfx::decode(bytes, password),
        [INTEGER, INTEGER, INTEGER] => file.keys.push(key(PrivateKey::from_pkcs1(bytes)?)),
        [INTEGER, OCTET_STRING, ..] => file.keys.push(key(PrivateKey::from_sec1(bytes)?)),
        [SEQUENCE, OCTET_STRING] => {
            let password = password.ok_or(Unreadable::PasswordNeeded)?;
            let (opened, encryption) = PrivateKey::from_encrypted(bytes, Password::Text(password.expose_secret()))?;
            file.protections.push(format!("key: {}", encryption.name()));
            file.keys.push(FoundKey { was_encrypted: true, ..key(opened) });
        }
        [SEQUENCE, BIT_STRING] | [INTEGER, INTEGER] => return Err(foreign::block("PUBLIC KEY")),
        _ => return Err(foreign::not_der(bytes, Malformed::Unexpected { what: "a certificate or key" })),
    }
    Ok(file)
}

/// A request has a version, a name and a key; a certificate has its serial number first, or a version in `[0]`.
fn is_request(information: Element<'_>) -> bool {
    let parts = information.children().all().unwrap_or_default();
    let tags: Vec<u8> = parts.iter().map(|part| part.tag).take(3).collect();
    let is_key =
        |part: Element<'_>| part.children().all().is_ok_and(|parts| parts.len() == 2 && parts[1].tag == BIT_STRING);
    tags == [INTEGER, SEQUENCE, SEQUENCE] && is_key(parts[2])
}
