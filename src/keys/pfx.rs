//! Writes PKCS#12 (RFC 7292): a certificate and its key under a password.
//!
//! One profile: PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC, the whole under an HMAC-SHA256. Windows reads it from
//! 10 1709 and Server 2019 on, OpenSSL from 1.0 on. Everything particular to it stands in [`protect`] and [`mac_key`],
//! where a legacy profile (3DES, SHA-1) for older Windows would branch.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{AES_256, AES_256_KEY_LEN, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::digest::{self, SHA256};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{hmac, pbkdf2, rand};
use secrecy::{ExposeSecret, SecretString};
use sha1::{Digest, Sha1};
use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, DERWriterSet, Tag};
use zeroize::{Zeroize, Zeroizing};

use super::KeyPair;

/// What slows guessing without hitting the limits of .NET's `X509CertificateLoader` (300 000 each, 1 000 000 in all).
const ITERATIONS: NonZeroU32 = NonZeroU32::new(100_000).expect("not zero");

const SALT: usize = 16;

/// Exchange refuses CNG keys ("non-CNG", "Invalid provider type"); named in the file, this provider makes Windows
/// import the key into a CSP that can sign with SHA-256.
const CSP_NAME: &str = "Microsoft Enhanced RSA and AES Cryptographic Provider";

const DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 1];
const ENCRYPTED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 6];
const SHROUDED_KEY_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 2];
const CERTIFICATE_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 3];
const X509_CERTIFICATE: &[u64] = &[1, 2, 840, 113_549, 1, 9, 22, 1];
const FRIENDLY_NAME: &[u64] = &[1, 2, 840, 113_549, 1, 9, 20];
const LOCAL_KEY_ID: &[u64] = &[1, 2, 840, 113_549, 1, 9, 21];
const MICROSOFT_CSP_NAME: &[u64] = &[1, 3, 6, 1, 4, 1, 311, 17, 1];
const PBES2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 13];
const PBKDF2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 12];
const HMAC_WITH_SHA256: &[u64] = &[1, 2, 840, 113_549, 2, 9];
const AES_256_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 42];
const SHA_256: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 1];

/// Why no PFX was written.
#[derive(Debug, thiserror::Error)]
pub enum PfxError {
    #[error("a PFX needs a password: an empty one protects nothing, and Windows and OpenSSL disagree on what it means")]
    EmptyPassword,
    #[error("the PFX password holds a control character such as a line break: use printable characters")]
    ControlCharacter,
    #[error("the PFX password holds a character beyond U+FFFF (an emoji, say), which PKCS#12 cannot express")]
    BeyondBasicPlane,
    #[error("the friendly name is longer than 255 characters: shorten it")]
    LongFriendlyName,
    #[error("the cryptographic library failed; run again, and look at the machine if it repeats")]
    Cryptography,
}

impl From<Unspecified> for PfxError {
    fn from(_: Unspecified) -> Self {
        Self::Cryptography
    }
}

/// The PFX of a key pair, with the friendly name that Windows shows.
pub(super) fn encode(
    pair: &KeyPair,
    friendly_name: Option<&str>,
    password: &SecretString,
) -> Result<Vec<u8>, PfxError> {
    let password = password.expose_secret();
    check_password(password)?;
    let friendly_name = friendly_name.filter(|name| !name.is_empty());
    if friendly_name.is_some_and(|name| name.chars().count() > 255) {
        return Err(PfxError::LongFriendlyName);
    }
    // Ties the two bags together; OpenSSL uses the same value.
    let local_key_id = Sha1::digest(&pair.certificate);

    let certificate_bags = safe_contents(
        CERTIFICATE_BAG,
        |value| write_certificate(value, &pair.certificate),
        |set| {
            write_bag_attributes(set, friendly_name, &local_key_id);
        },
    );
    let protected_certificate = protect(&certificate_bags, password)?;
    let protected_key = protect(pair.private_key.expose(), password)?;
    let key_bags = safe_contents(
        SHROUDED_KEY_BAG,
        |value| protected_key.write_key(value),
        |set| {
            write_bag_attributes(set, friendly_name, &local_key_id);
            write_attribute(set.next(), MICROSOFT_CSP_NAME, |writer| writer.write_bmp_string(CSP_NAME));
        },
    );

    let authenticated_safe = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_sequence(|content| {
                content.next().write_oid(&ObjectIdentifier::from_slice(ENCRYPTED_DATA));
                content.next().write_tagged(Tag::context(0), |writer| protected_certificate.write_data(writer));
            });
            write_data(writer.next(), &key_bags);
        });
    });

    let mut salt = [0; SALT];
    rand::fill(&mut salt)?;
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, mac_key(password, &salt).as_slice()), &authenticated_safe);
    Ok(yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_u8(3);
            write_data(writer.next(), &authenticated_safe);
            writer.next().write_sequence(|writer| {
                writer.next().write_sequence(|digest_info| {
                    write_algorithm(digest_info.next(), SHA_256);
                    digest_info.next().write_bytes(mac.as_ref());
                });
                writer.next().write_bytes(&salt);
                writer.next().write_u32(ITERATIONS.get());
            });
        });
    }))
}

/// PBES2 takes the password as UTF-8 and the MAC takes it as UCS-2; only what both can say opens everywhere.
fn check_password(password: &str) -> Result<(), PfxError> {
    if password.is_empty() {
        return Err(PfxError::EmptyPassword);
    }
    if password.chars().any(char::is_control) {
        return Err(PfxError::ControlCharacter);
    }
    if password.chars().any(|character| character > '\u{FFFF}') {
        return Err(PfxError::BeyondBasicPlane);
    }
    Ok(())
}

/// Something encrypted under the password, with what is needed to decrypt it.
struct Protected {
    salt: [u8; SALT],
    iv: Vec<u8>,
    ciphertext: Vec<u8>,
}

fn protect(plain: &[u8], password: &str) -> Result<Protected, Unspecified> {
    let mut salt = [0; SALT];
    rand::fill(&mut salt)?;
    let mut key = Zeroizing::new([0; AES_256_KEY_LEN]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ITERATIONS, &salt, password.as_bytes(), key.as_mut_slice());

    // Encrypted in place, with room for the padding from the start: a vector that grows leaves its plain self behind.
    let mut ciphertext = Vec::with_capacity(plain.len() + AES_256.block_len());
    ciphertext.extend_from_slice(plain);
    let context = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, key.as_slice())?)
        .and_then(|key| key.encrypt(&mut ciphertext))
        .inspect_err(|_| ciphertext.zeroize())?;
    let iv: &[u8] = (&context).try_into()?;
    Ok(Protected { salt, iv: iv.to_vec(), ciphertext })
}

impl Protected {
    /// As `EncryptedPrivateKeyInfo`.
    fn write_key(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|writer| {
            self.write_scheme(writer.next());
            writer.next().write_bytes(&self.ciphertext);
        });
    }

    /// As `EncryptedData`.
    fn write_data(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|writer| {
            writer.next().write_u8(0);
            writer.next().write_sequence(|content| {
                content.next().write_oid(&ObjectIdentifier::from_slice(DATA));
                self.write_scheme(content.next());
                content.next().write_tagged_implicit(Tag::context(0), |writer| writer.write_bytes(&self.ciphertext));
            });
        });
    }

    fn write_scheme(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|writer| {
            writer.next().write_oid(&ObjectIdentifier::from_slice(PBES2));
            writer.next().write_sequence(|writer| {
                writer.next().write_sequence(|derivation| {
                    derivation.next().write_oid(&ObjectIdentifier::from_slice(PBKDF2));
                    derivation.next().write_sequence(|parameters| {
                        parameters.next().write_bytes(&self.salt);
                        parameters.next().write_u32(ITERATIONS.get());
                        write_algorithm(parameters.next(), HMAC_WITH_SHA256);
                    });
                });
                writer.next().write_sequence(|encryption| {
                    encryption.next().write_oid(&ObjectIdentifier::from_slice(AES_256_CBC));
                    encryption.next().write_bytes(&self.iv);
                });
            });
        });
    }
}

/// The key derivation of RFC 7292, appendix B, for one block of SHA-256: exactly the length of the key wanted.
fn mac_key(password: &str, salt: &[u8]) -> Zeroizing<Vec<u8>> {
    /// The block size of SHA-256.
    const BLOCK: usize = 64;
    /// Appendix B.3: the derived bits are a key for a MAC.
    const FOR_A_MAC: u8 = 3;

    // UTF-16, big-endian, ending in a zero.
    let characters: Zeroizing<Vec<u8>> =
        Zeroizing::new(password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect());
    let filled = |bytes: &[u8]| bytes.len().div_ceil(BLOCK) * BLOCK;
    let mut input = Zeroizing::new(Vec::with_capacity(BLOCK + filled(salt) + filled(&characters)));
    input.extend([FOR_A_MAC; BLOCK]);
    input.extend(salt.iter().cycle().take(filled(salt)));
    input.extend(characters.iter().cycle().take(filled(&characters)));

    let mut key = Zeroizing::new(digest::digest(&SHA256, &input).as_ref().to_vec());
    for _ in 1..ITERATIONS.get() {
        let next = digest::digest(&SHA256, &key);
        key.copy_from_slice(next.as_ref());
    }
    key
}

/// A `SafeContents` of one bag.
fn safe_contents(
    kind: &[u64],
    value: impl FnOnce(DERWriter<'_>),
    attributes: impl FnOnce(&mut DERWriterSet<'_>),
) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|bags| {
            bags.next().write_sequence(|bag| {
                bag.next().write_oid(&ObjectIdentifier::from_slice(kind));
                bag.next().write_tagged(Tag::context(0), value);
                bag.next().write_set_of(attributes);
            });
        });
    })
}

fn write_certificate(writer: DERWriter<'_>, certificate: &[u8]) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(X509_CERTIFICATE));
        writer.next().write_tagged(Tag::context(0), |writer| writer.write_bytes(certificate));
    });
}

fn write_bag_attributes(set: &mut DERWriterSet<'_>, friendly_name: Option<&str>, local_key_id: &[u8]) {
    if let Some(name) = friendly_name {
        write_attribute(set.next(), FRIENDLY_NAME, |writer| writer.write_bmp_string(name));
    }
    write_attribute(set.next(), LOCAL_KEY_ID, |writer| writer.write_bytes(local_key_id));
}

fn write_attribute(writer: DERWriter<'_>, kind: &[u64], value: impl FnOnce(DERWriter<'_>)) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(kind));
        writer.next().write_set_of(|values| value(values.next()));
    });
}

fn write_algorithm(writer: DERWriter<'_>, algorithm: &[u64]) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(algorithm));
        writer.next().write_null();
    });
}

/// A `ContentInfo` of plain data.
fn write_data(writer: DERWriter<'_>, data: &[u8]) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(DATA));
        writer.next().write_tagged(Tag::context(0), |writer| writer.write_bytes(data));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_passwords_that_do_not_open_everywhere() {
        assert!(matches!(check_password(""), Err(PfxError::EmptyPassword)));
        assert!(matches!(check_password("a\nb"), Err(PfxError::ControlCharacter)));
        assert!(matches!(check_password("key🔑"), Err(PfxError::BeyondBasicPlane)));
        assert!(check_password("Grüße €").is_ok());
    }
}
