//! Reads the certificates out of PKCS#7, the form in which certificate authorities hand out a whole chain.

use super::ber::{self, EXPLICIT_0, Malformed, SEQUENCE, SET};
use super::contents::{FileFormat, FoundCertificate, KeyFile, Labels};
use super::identifiers as id;
use super::unreadable::Unreadable;

pub(super) fn decode(bytes: &[u8]) -> Result<KeyFile, Unreadable> {
    let mut parts = ber::read(bytes)?.sequence("PKCS#7")?;
    let kind = parts.any("the kind of PKCS#7")?;
    if !kind.is(id::SIGNED_DATA) {
        return Err(Unreadable::Unsupported {
            what: format!("PKCS#7 of the kind {}", kind.dotted()),
            help: "ask the certificate authority for the certificate as `.cer`, or for its chain as `.p7b`",
        });
    }
    let inner = parts.tagged(EXPLICIT_0, "the contents of PKCS#7")?.children().any("the contents of PKCS#7")?;
    let mut signed = inner.sequence("the contents of PKCS#7")?;
    signed.number("the version of PKCS#7")?;
    signed.tagged(SET, "the hash functions of PKCS#7")?;
    signed.tagged(SEQUENCE, "what PKCS#7 signs")?;
    let mut file = KeyFile::new(FileFormat::Pkcs7);
    if let Some(certificates) = signed.optional(EXPLICIT_0)? {
        for element in certificates.children().all()? {
            // Other choices are attribute certificates, which nobody uses.
            if element.tag == SEQUENCE {
                file.certificates.push(FoundCertificate { der: element.whole.to_vec(), labels: Labels::default() });
            }
        }
    }
    if file.certificates.is_empty() {
        return Err(Malformed::Missing { what: "a certificate" }.into());
    }
    Ok(file)
}
