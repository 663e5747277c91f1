//! Encryption under a password, as private keys and PFX files have it: PBES2 (RFC 8018) and PKCS#12's own schemes.
//!
//! Two are written, named by [`PfxEncryption`]. What is read is all that OpenSSL, Java and every Windows write.

mod cipher;
mod derivation;
mod read;
mod write;

pub(super) use derivation::{Purpose, derive};
pub(super) use read::bounded;
pub(super) use write::{Protected, iterations, random, write_algorithm};

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{digest, pbkdf2};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

use self::cipher::Cipher;

/// Files with more are taken for an attempt to keep the machine busy; .NET stops at 300 000.
pub(super) const MAXIMUM_ITERATIONS: u32 = 5_000_000;

/// A password, or that there is none: PKCS#12 tells an empty one from none at all, and programs differ in which they
/// mean.
#[derive(Clone, Copy)]
pub(super) enum Password<'a> {
    None,
    Text(&'a str),
}

impl Password<'_> {
    /// Big-endian UTF-16 that ends in a zero, or nothing.
    fn utf16(self) -> Zeroizing<Vec<u8>> {
        let Self::Text(text) = self else { return Zeroizing::default() };
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * text.len() + 2));
        bytes.extend(text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes));
        bytes
    }

    pub(super) fn utf8(&self) -> &[u8] {
        match self {
            Self::None => &[],
            Self::Text(text) => text.as_bytes(),
        }
    }
}

/// How something is encrypted, salt and all; only the password is missing.
#[derive(Clone, Debug)]
pub(super) struct Encryption {
    cipher: Cipher,
    derivation: Derivation,
}

#[derive(Clone, Debug)]
enum Derivation {
    Pbkdf2 { function: Function, salt: Vec<u8>, iterations: NonZeroU32, vector: Vec<u8> },
    Pkcs12 { salt: Vec<u8>, iterations: u32 },
}

/// The hash of a PBKDF2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Function {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    fn pbkdf2(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }

    pub(super) fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

impl Encryption {
    /// Fails where the password is wrong, or the bytes are damaged: the two cannot be told apart here.
    pub(super) fn decrypt(&self, bytes: &[u8], password: Password<'_>) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let (key, vector) = self.key(password);
        self.cipher.decrypt(&key, &vector, bytes)
    }

    fn encrypt(&self, plain: &[u8], password: Password<'_>) -> Result<Vec<u8>, Unspecified> {
        let (key, vector) = self.key(password);
        self.cipher.encrypt(&key, &vector, plain)
    }

    fn key(&self, password: Password<'_>) -> (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>) {
        match &self.derivation {
            Derivation::Pbkdf2 { function, salt, iterations, vector } => {
                let mut key = Zeroizing::new(vec![0; self.cipher.key_length()]);
                pbkdf2::derive(function.pbkdf2(), *iterations, salt, password.utf8(), &mut key);
                (key, Zeroizing::new(vector.clone()))
            }
            Derivation::Pkcs12 { salt, iterations } => {
                let derived =
                    |purpose, length| derive(Function::Sha1.digest(), purpose, password, salt, *iterations, length);
                let key = derived(Purpose::Key, self.cipher.key_length());
                (key, derived(Purpose::Vector, self.cipher.block_length()))
            }
        }
    }

    /// For people: `AES-256, PBKDF2 with SHA-256, 100000 iterations`.
    pub(super) fn name(&self) -> String {
        let cipher = self.cipher.name();
        match &self.derivation {
            Derivation::Pbkdf2 { function, iterations, .. } => {
                format!("{cipher}, PBKDF2 with {}, {iterations} iterations", function.name())
            }
            Derivation::Pkcs12 { iterations, .. } => format!("{cipher}, PKCS#12 with SHA-1, {iterations} iterations"),
        }
    }

    /// Whether Windows Server 2016 and before can read it.
    pub(super) fn is_legacy(&self) -> bool {
        matches!(self.derivation, Derivation::Pkcs12 { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The derivation of RFC 7292 against OpenSSL's `PKCS12KDF`, for a length of one block of the hash and of more.
    #[test]
    fn derives_what_openssl_derives() {
        let salt = [0x0a, 0x58, 0xcf, 0x64, 0x53, 0x0d, 0x82, 0x3f];
        let derived = |purpose, length| {
            let bytes = derive(Function::Sha1.digest(), purpose, Password::Text("smeg"), &salt, 1, length);
            bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
        };
        assert_eq!(derived(Purpose::Key, 24), "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3");
        assert_eq!(derived(Purpose::Vector, 8), "79993dfe048d3b76");
    }

    #[test]
    fn odd_parameters_fail_and_never_panic() {
        for password in [Password::None, Password::Text(""), Password::Text("x")] {
            for cipher in [Cipher::Aes256, Cipher::TripleDes, Cipher::TripleDesTwoKeys, Cipher::Rc2With40Bits] {
                let own = Derivation::Pkcs12 { salt: Vec::new(), iterations: 1 };
                let pbkdf2 = Derivation::Pbkdf2 {
                    function: Function::Sha256,
                    salt: Vec::new(),
                    iterations: NonZeroU32::MIN,
                    vector: vec![0; cipher.block_length()],
                };
                for derivation in [own, pbkdf2] {
                    let encryption = Encryption { cipher, derivation };
                    for bytes in [&[][..], &[1; 7], &[2; 15]] {
                        assert!(encryption.decrypt(bytes, password).is_err());
                    }
                }
            }
        }
    }
}
