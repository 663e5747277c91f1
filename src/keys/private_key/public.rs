//! The public half of a private key of any kind, to be compared with that of a certificate.

use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair as _,
};

use super::PrivateKey;
use super::read::{carried_public_point, element};
use crate::keys::ber::{self, BIT_STRING, Element, INTEGER, SEQUENCE};
use crate::keys::identifiers as id;

impl PrivateKey {
    /// The public half as a `SubjectPublicKeyInfo`, as far as it can be told: not for keys on unusual curves.
    pub(in crate::keys) fn subject_public_key_info(&self) -> Option<Vec<u8>> {
        let mut parts = ber::read(&self.0).ok()?.sequence("a key").ok()?;
        parts.number("the version").ok()?;
        let algorithm = parts.any("the kind").ok()?;
        let key = parts.octets("the key").ok()?;
        let kind = algorithm.children().any("the kind").ok()?;
        let public = if kind.is(id::RSA) {
            rsa_numbers(&key)?
        } else if kind.is(id::ELLIPTIC_CURVE) {
            let curve = algorithm.children().all().ok()?.get(1).copied()?;
            self.public_point(curve, &key)?
        } else {
            return None;
        };
        Some(element(SEQUENCE, &[algorithm.whole, &element(BIT_STRING, &[&public])]).to_vec())
    }

    fn public_point(&self, curve: Element<'_>, sec1: &[u8]) -> Option<Vec<u8>> {
        let known: [(&[u64], &'static EcdsaSigningAlgorithm); 3] = [
            (id::P_256, &ECDSA_P256_SHA256_ASN1_SIGNING),
            (id::P_384, &ECDSA_P384_SHA384_ASN1_SIGNING),
            (id::P_521, &ECDSA_P521_SHA512_ASN1_SIGNING),
        ];
        let derived = known.into_iter().find(|(identifier, _)| curve.is(identifier)).and_then(|(_, algorithm)| {
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, &self.0).ok()?;
            Some([&[0], pair.public_key().as_ref()].concat())
        });
        derived.or_else(|| carried_public_point(sec1))
    }

    /// Whether the numbers of an RSA key belong together; `None` for keys too short to be checked, and other kinds.
    pub(in crate::keys) fn is_sound(&self, bits: Option<usize>) -> Option<bool> {
        let checkable = bits.is_some_and(|bits| (2048..=8192).contains(&bits));
        checkable.then(|| rsa::KeyPair::from_pkcs8(&self.0).is_ok())
    }

    /// What kind of key this is, by its own words: `Ed25519`, or an object identifier.
    pub(in crate::keys) fn kind(&self) -> String {
        let kind = || {
            let mut parts = ber::read(&self.0).ok()?.sequence("a key").ok()?;
            parts.number("the version").ok()?;
            let kind = parts.any("the kind").ok()?.children().any("the kind").ok()?;
            Some(if kind.is(id::ED25519) {
                "Ed25519".to_owned()
            } else if kind.is(id::ELLIPTIC_CURVE) {
                "EC".to_owned()
            } else if kind.is(id::RSA) {
                "RSA".to_owned()
            } else {
                kind.dotted()
            })
        };
        kind().unwrap_or_else(|| "unknown".to_owned())
    }
}

/// An `RSAPublicKey` in a bit string, out of an `RSAPrivateKey`.
fn rsa_numbers(pkcs1: &[u8]) -> Option<Vec<u8>> {
    let mut numbers = ber::read(pkcs1).ok()?.sequence("an RSA key").ok()?;
    numbers.number("the version").ok()?;
    let modulus = numbers.tagged(INTEGER, "the modulus").ok()?;
    let exponent = numbers.tagged(INTEGER, "the exponent").ok()?;
    Some([&[0], element(SEQUENCE, &[modulus.whole, exponent.whole]).as_slice()].concat())
}
