//! Private keys in the forms in which files hold them: PKCS#8, PKCS#1, SEC 1, encrypted PKCS#8.

use zeroize::Zeroizing;

use super::PrivateKey;
use crate::keys::ber::{
    self, BIT_STRING, EXPLICIT_0, EXPLICIT_1, Element, INTEGER, Malformed, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE,
};
use crate::keys::encryption::{Encryption, Password};
use crate::keys::unreadable::Unreadable;

/// `rsaEncryption` with its parameters, as in every PKCS#8 of an RSA key.
const RSA_ALGORITHM: &[u8] =
    &[SEQUENCE, 13, OBJECT_IDENTIFIER, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 0x05, 0];
const ELLIPTIC_CURVE: &[u8] = &[OBJECT_IDENTIFIER, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const VERSION: &[u8] = &[INTEGER, 1, 0];

impl PrivateKey {
    /// From PKCS#8, DER.
    pub(in crate::keys) fn from_pkcs8(der: &[u8]) -> Result<Self, Malformed> {
        let mut parts = ber::read(der)?.sequence("a private key")?;
        parts.number("the version of a private key")?;
        parts.tagged(SEQUENCE, "the kind of a private key")?.children().any("the kind of a private key")?;
        parts.octets("the private key itself")?;
        Ok(Self(Zeroizing::new(der.to_vec())))
    }

    /// From PKCS#1, DER: an RSA key without anything that says so.
    pub(in crate::keys) fn from_pkcs1(der: &[u8]) -> Result<Self, Malformed> {
        let numbers = ber::read(der)?.sequence("an RSA private key")?.all()?;
        if numbers.len() < 9 || numbers.iter().take(9).any(|number| number.tag != INTEGER) {
            return Err(Malformed::Missing { what: "a number of the RSA private key" });
        }
        Ok(Self(element(SEQUENCE, &[VERSION, RSA_ALGORITHM, &element(OCTET_STRING, &[der])])))
    }

    /// From SEC 1, DER: a key on an elliptic curve, which it names.
    pub(in crate::keys) fn from_sec1(der: &[u8]) -> Result<Self, Malformed> {
        let mut parts = ber::read(der)?.sequence("an EC private key")?;
        parts.number("the version of an EC private key")?;
        parts.octets("the EC private key itself")?;
        let curve = parts.tagged(EXPLICIT_0, "the curve of an EC private key")?.children();
        let curve = curve.clone().any("the curve of an EC private key")?;
        let algorithm = element(SEQUENCE, &[ELLIPTIC_CURVE, curve.whole]);
        Ok(Self(element(SEQUENCE, &[VERSION, &algorithm, &element(OCTET_STRING, &[der])])))
    }

    /// From encrypted PKCS#8, DER.
    pub(in crate::keys) fn from_encrypted(
        der: &[u8],
        password: Password<'_>,
    ) -> Result<(Self, Encryption), Unreadable> {
        Self::from_encrypted_element(ber::read(der)?, password)
    }

    pub(in crate::keys) fn from_encrypted_element(
        element: Element<'_>,
        password: Password<'_>,
    ) -> Result<(Self, Encryption), Unreadable> {
        let mut parts = element.sequence("an encrypted private key")?;
        let encryption = Encryption::read(parts.any("an encryption scheme")?)?;
        let ciphertext = parts.octets("the encrypted bytes of a private key")?;
        // Nothing else checks this password: what it opens must be a key.
        let key = encryption.decrypt(&ciphertext, password).map_err(|_| Unreadable::WrongPassword)?;
        let key = Self::from_pkcs8(&key).map_err(|_| Unreadable::WrongPassword)?;
        Ok((key, encryption))
    }
}

/// An element around others, in memory that is wiped.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 6));
    bytes.push(tag);
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => bytes.push(short),
        _ => {
            let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect();
            bytes.push(0x80 | u8::try_from(digits.len()).expect("at most eight"));
            bytes.extend(digits);
        }
    }
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// The public half that an EC key carries along, where it does.
pub(super) fn carried_public_point(sec1: &[u8]) -> Option<Vec<u8>> {
    let mut parts = ber::read(sec1).ok()?.sequence("an EC private key").ok()?;
    parts.number("the version").ok()?;
    parts.octets("the key").ok()?;
    parts.optional(EXPLICIT_0).ok()?;
    let point = parts.optional(EXPLICIT_1).ok()??.children().tagged(BIT_STRING, "the public key").ok()?;
    Some(point.primitive().to_vec())
}
