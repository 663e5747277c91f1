//! Reads an `AlgorithmIdentifier` that says how something is encrypted.

use std::num::NonZeroU32;

use super::cipher::Cipher;
use super::{Derivation, Encryption, Function, MAXIMUM_ITERATIONS};
use crate::keys::ber::{Element, INTEGER, Malformed, SEQUENCE};
use crate::keys::identifiers as id;
use crate::keys::unreadable::Unreadable;

impl Encryption {
    pub(in crate::keys) fn read(algorithm: Element<'_>) -> Result<Self, Unreadable> {
        let mut parts = algorithm.sequence("an encryption scheme")?;
        let scheme = parts.any("an encryption scheme")?;
        if scheme.is(id::PBES2) {
            return read_pbes2(parts.any("the scheme's parameters")?);
        }
        let own = [
            (id::PBE_TRIPLE_DES, Cipher::TripleDes),
            (id::PBE_TRIPLE_DES_TWO_KEYS, Cipher::TripleDesTwoKeys),
            (id::PBE_RC2_128, Cipher::Rc2With128Bits),
            (id::PBE_RC2_40, Cipher::Rc2With40Bits),
        ];
        let Some((_, cipher)) = own.into_iter().find(|(identifier, _)| scheme.is(identifier)) else {
            return Err(unknown("encryption", scheme));
        };
        let mut parameters = parts.any("the scheme's parameters")?.sequence("the scheme's parameters")?;
        let salt = parameters.octets("a salt")?.to_vec();
        let iterations = bounded(parameters.number("the number of iterations")?)?.get();
        Ok(Self { cipher, derivation: Derivation::Pkcs12 { salt, iterations } })
    }
}

impl Function {
    /// From the identifier of an HMAC.
    pub(in crate::keys) fn of_hmac(identifier: Element<'_>) -> Option<Self> {
        let known = [
            (id::HMAC_WITH_SHA1, Self::Sha1),
            (id::HMAC_WITH_SHA256, Self::Sha256),
            (id::HMAC_WITH_SHA384, Self::Sha384),
            (id::HMAC_WITH_SHA512, Self::Sha512),
        ];
        known.into_iter().find_map(|(known, function)| identifier.is(known).then_some(function))
    }

    /// From the identifier of a digest.
    pub(in crate::keys) fn of_digest(identifier: Element<'_>) -> Option<Self> {
        let known = [
            (id::SHA_1, Self::Sha1),
            (id::SHA_256, Self::Sha256),
            (id::SHA_384, Self::Sha384),
            (id::SHA_512, Self::Sha512),
        ];
        known.into_iter().find_map(|(known, function)| identifier.is(known).then_some(function))
    }
}

fn read_pbes2(parameters: Element<'_>) -> Result<Encryption, Unreadable> {
    let mut parameters = parameters.sequence("the parameters of PBES2")?;
    let mut derivation = parameters.any("a key derivation")?.sequence("a key derivation")?;
    let kind = derivation.any("a key derivation")?;
    if !kind.is(id::PBKDF2) {
        return Err(unknown("key derivation", kind));
    }
    let mut inner = derivation.any("the parameters of PBKDF2")?.sequence("the parameters of PBKDF2")?;
    let salt = inner.octets("a salt")?.to_vec();
    let iterations = bounded(inner.number("the number of iterations")?)?;
    // The length of the key; the cipher says it too.
    inner.optional(INTEGER)?;
    let function = match inner.optional(SEQUENCE)? {
        None => Function::Sha1,
        Some(function) => {
            let identifier = function.children().any("a hash function")?;
            Function::of_hmac(identifier).ok_or_else(|| unknown("hash function", identifier))?
        }
    };
    let mut encryption = parameters.any("a cipher")?.sequence("a cipher")?;
    let kind = encryption.any("a cipher")?;
    let ciphers = [
        (id::AES_256_CBC, Cipher::Aes256),
        (id::AES_192_CBC, Cipher::Aes192),
        (id::AES_128_CBC, Cipher::Aes128),
        (id::TRIPLE_DES_CBC, Cipher::TripleDes),
    ];
    let Some((_, cipher)) = ciphers.into_iter().find(|(identifier, _)| kind.is(identifier)) else {
        return Err(unknown("cipher", kind));
    };
    let vector = encryption.octets("an initialization vector")?.to_vec();
    if vector.len() != cipher.block_length() {
        return Err(Malformed::Unexpected { what: "an initialization vector of another length" }.into());
    }
    Ok(Encryption { cipher, derivation: Derivation::Pbkdf2 { function, salt, iterations, vector } })
}

/// The number of iterations, unless it would keep the machine busy for hours.
pub(in crate::keys) fn bounded(iterations: u32) -> Result<NonZeroU32, Unreadable> {
    let iterations = iterations.max(1);
    if iterations > MAXIMUM_ITERATIONS {
        return Err(Unreadable::Unsupported {
            what: format!("{iterations} iterations of its key derivation"),
            help: "that is far more than any program asks for: take the file for hostile, or export it again",
        });
    }
    Ok(NonZeroU32::MIN.saturating_add(iterations - 1))
}

fn unknown(what: &str, identifier: Element<'_>) -> Unreadable {
    Unreadable::Unsupported {
        what: format!("the {what} {}", identifier.dotted()),
        help: "export it again with AES-256 and SHA-256, which every program of today reads",
    }
}
