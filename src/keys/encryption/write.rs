//! Writes what is encrypted under a password.

use std::num::NonZeroU32;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, Tag};

use super::cipher::Cipher;
use super::{Derivation, Encryption, Function, Password};
use crate::keys::identifiers as id;
use crate::model::PfxEncryption;

/// What slows guessing without hitting the limits of .NET's `X509CertificateLoader` (300 000 each, 1 000 000 in all).
const ITERATIONS: NonZeroU32 = NonZeroU32::new(100_000).expect("not zero");

/// What Windows of that time wrote itself; more only makes a weak file slow.
const LEGACY_ITERATIONS: u32 = 2_000;

const SALT: usize = 16;
const LEGACY_SALT: usize = 8;

/// Something encrypted under the password, with what is needed to decrypt it.
pub(in crate::keys) struct Protected {
    encryption: Encryption,
    ciphertext: Vec<u8>,
}

/// How often the key derivation of that strength repeats itself.
pub(in crate::keys) fn iterations(strength: PfxEncryption) -> u32 {
    match strength {
        PfxEncryption::Modern => ITERATIONS.get(),
        PfxEncryption::Legacy => LEGACY_ITERATIONS,
    }
}

impl Protected {
    pub(in crate::keys) fn new(
        plain: &[u8],
        password: Password<'_>,
        strength: PfxEncryption,
    ) -> Result<Self, Unspecified> {
        let encryption = match strength {
            PfxEncryption::Modern => Encryption {
                cipher: Cipher::Aes256,
                derivation: Derivation::Pbkdf2 {
                    function: Function::Sha256,
                    salt: random(SALT)?,
                    iterations: ITERATIONS,
                    vector: random(Cipher::Aes256.block_length())?,
                },
            },
            PfxEncryption::Legacy => Encryption {
                cipher: Cipher::TripleDes,
                derivation: Derivation::Pkcs12 { salt: random(LEGACY_SALT)?, iterations: LEGACY_ITERATIONS },
            },
        };
        let ciphertext = encryption.encrypt(plain, password)?;
        Ok(Self { encryption, ciphertext })
    }

    /// As `EncryptedPrivateKeyInfo`.
    pub(in crate::keys) fn write_key(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|writer| {
            self.encryption.write(writer.next());
            writer.next().write_bytes(&self.ciphertext);
        });
    }

    /// As `EncryptedData`.
    pub(in crate::keys) fn write_data(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|writer| {
            writer.next().write_u8(0);
            writer.next().write_sequence(|content| {
                content.next().write_oid(&ObjectIdentifier::from_slice(id::DATA));
                self.encryption.write(content.next());
                content.next().write_tagged_implicit(Tag::context(0), |writer| writer.write_bytes(&self.ciphertext));
            });
        });
    }
}

impl Encryption {
    /// As `AlgorithmIdentifier`, for the two that [`Protected::new`] chooses from.
    fn write(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|writer| match &self.derivation {
            Derivation::Pkcs12 { salt, iterations } => {
                writer.next().write_oid(&ObjectIdentifier::from_slice(id::PBE_TRIPLE_DES));
                writer.next().write_sequence(|parameters| {
                    parameters.next().write_bytes(salt);
                    parameters.next().write_u32(*iterations);
                });
            }
            Derivation::Pbkdf2 { function: _, salt, iterations, vector } => {
                writer.next().write_oid(&ObjectIdentifier::from_slice(id::PBES2));
                writer.next().write_sequence(|writer| {
                    writer.next().write_sequence(|derivation| {
                        derivation.next().write_oid(&ObjectIdentifier::from_slice(id::PBKDF2));
                        derivation.next().write_sequence(|parameters| {
                            parameters.next().write_bytes(salt);
                            parameters.next().write_u32(iterations.get());
                            write_algorithm(parameters.next(), id::HMAC_WITH_SHA256);
                        });
                    });
                    writer.next().write_sequence(|encryption| {
                        encryption.next().write_oid(&ObjectIdentifier::from_slice(id::AES_256_CBC));
                        encryption.next().write_bytes(vector);
                    });
                });
            }
        });
    }
}

/// An `AlgorithmIdentifier` without parameters.
pub(in crate::keys) fn write_algorithm(writer: DERWriter<'_>, algorithm: &[u64]) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(algorithm));
        writer.next().write_null();
    });
}

pub(in crate::keys) fn random(length: usize) -> Result<Vec<u8>, Unspecified> {
    let mut bytes = vec![0; length];
    rand::fill(&mut bytes)?;
    Ok(bytes)
}
