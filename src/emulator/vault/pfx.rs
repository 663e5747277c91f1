//! Writes a certificate's secret: PKCS#12 (RFC 7292) under an empty password, or PEM.
//!
//! One profile: PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC, the whole under an HMAC-SHA256. The password is empty
//! because the service's is: whoever may read the secret has the key.

use aws_lc_rs::{
    cipher::{AES_256, AES_256_KEY_LEN, PaddedBlockEncryptingKey, UnboundCipherKey},
    digest,
    error::Unspecified,
    hmac, pbkdf2, rand,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha1::{Digest, Sha1};
use yasna::{DERWriter, Tag, models::ObjectIdentifier};

use super::refusal::Refusal;

pub(super) const DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 1];
pub(super) const ENCRYPTED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 6];
pub(super) const SHROUDED_KEY_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 2];
pub(super) const CERTIFICATE_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 3];
pub(super) const X509_CERTIFICATE: &[u64] = &[1, 2, 840, 113_549, 1, 9, 22, 1];
const LOCAL_KEY_ID: &[u64] = &[1, 2, 840, 113_549, 1, 9, 21];
pub(super) const PBES2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 13];
pub(super) const PBKDF2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 12];
pub(super) const HMAC_WITH_SHA256: &[u64] = &[1, 2, 840, 113_549, 2, 9];
pub(super) const AES_256_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 42];
pub(super) const SHA_256: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 1];

/// An empty password is no secret; more rounds would only cost time.
const ITERATIONS: u32 = 2000;
const SALT: usize = 16;

/// The key, when it may leave the vault, and the certificates, the key's own first.
pub(super) fn pem(key: Option<&[u8]>, chain: &[Vec<u8>]) -> String {
    let blocks = key.map(|key| ("PRIVATE KEY", key)).into_iter();
    let blocks = blocks.chain(chain.iter().map(|der| ("CERTIFICATE", der.as_slice())));
    blocks.map(|(label, der)| block(label, der)).collect()
}

fn block(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let mut lines = String::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        lines.push_str(line);
        lines.push('\n');
        rest = more;
    }
    format!("-----BEGIN {label}-----\n{lines}-----END {label}-----\n")
}

/// The same as PKCS#12.
pub(super) fn write(key: Option<&[u8]>, chain: &[Vec<u8>]) -> Result<Vec<u8>, Refusal> {
    encode(key, chain).map_err(|Unspecified| Refusal::new(500, "InternalError", "The cryptographic library failed."))
}

fn encode(key: Option<&[u8]>, chain: &[Vec<u8>]) -> Result<Vec<u8>, Unspecified> {
    // Ties the key to its certificate.
    let local_key_id = Sha1::digest(chain.first().map_or(&[][..], Vec::as_slice));
    let certificates = protect(&yasna::construct_der(|writer| {
        writer.write_sequence(|bags| {
            for (index, der) in chain.iter().enumerate() {
                let own = (index == 0 && key.is_some()).then_some(local_key_id.as_slice());
                write_bag(bags.next(), CERTIFICATE_BAG, own, |value| {
                    value.write_sequence(|bag| {
                        write_identifier(bag.next(), X509_CERTIFICATE);
                        bag.next().write_tagged(Tag::context(0), |writer| writer.write_bytes(der));
                    });
                });
            }
        });
    }))?;
    let key = match key {
        None => None,
        Some(key) => {
            let shrouded = protect(key)?;
            Some(yasna::construct_der(|writer| {
                writer.write_sequence(|bags| {
                    write_bag(bags.next(), SHROUDED_KEY_BAG, Some(&local_key_id), |value| {
                        value.write_sequence(|info| {
                            shrouded.write_scheme(info.next());
                            info.next().write_bytes(&shrouded.ciphertext);
                        });
                    });
                });
            }))
        }
    };
    let safe = yasna::construct_der(|writer| {
        writer.write_sequence(|parts| {
            parts.next().write_sequence(|content| {
                write_identifier(content.next(), ENCRYPTED_DATA);
                content.next().write_tagged(Tag::context(0), |writer| certificates.write_data(writer));
            });
            if let Some(key) = &key {
                write_data(parts.next(), key);
            }
        });
    });
    let mut salt = [0; SALT];
    rand::fill(&mut salt)?;
    let mac_key = derive(&digest::SHA256, Purpose::Mac, &[0, 0], &salt, ITERATIONS, digest::SHA256_OUTPUT_LEN);
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &mac_key), &safe);
    Ok(yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_u8(3);
            write_data(writer.next(), &safe);
            writer.next().write_sequence(|writer| {
                writer.next().write_sequence(|info| {
                    write_algorithm(info.next(), SHA_256);
                    info.next().write_bytes(mac.as_ref());
                });
                writer.next().write_bytes(&salt);
                writer.next().write_u32(ITERATIONS);
            });
        });
    }))
}

/// Something encrypted, with what is needed to decrypt it.
struct Protected {
    salt: [u8; SALT],
    start: Vec<u8>,
    ciphertext: Vec<u8>,
}

fn protect(plain: &[u8]) -> Result<Protected, Unspecified> {
    let mut salt = [0; SALT];
    rand::fill(&mut salt)?;
    let mut key = [0; AES_256_KEY_LEN];
    let iterations = ITERATIONS.try_into().map_err(|_| Unspecified)?;
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, b"", &mut key);
    let mut ciphertext = plain.to_vec();
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, &key)?)?;
    let context = key.encrypt(&mut ciphertext)?;
    let start: &[u8] = (&context).try_into()?;
    Ok(Protected { salt, start: start.to_vec(), ciphertext })
}

impl Protected {
    fn write_data(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|writer| {
            writer.next().write_u8(0);
            writer.next().write_sequence(|content| {
                write_identifier(content.next(), DATA);
                self.write_scheme(content.next());
                content.next().write_tagged_implicit(Tag::context(0), |writer| writer.write_bytes(&self.ciphertext));
            });
        });
    }

    fn write_scheme(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|writer| {
            write_identifier(writer.next(), PBES2);
            writer.next().write_sequence(|writer| {
                writer.next().write_sequence(|derivation| {
                    write_identifier(derivation.next(), PBKDF2);
                    derivation.next().write_sequence(|parameters| {
                        parameters.next().write_bytes(&self.salt);
                        parameters.next().write_u32(ITERATIONS);
                        write_algorithm(parameters.next(), HMAC_WITH_SHA256);
                    });
                });
                writer.next().write_sequence(|encryption| {
                    write_identifier(encryption.next(), AES_256_CBC);
                    encryption.next().write_bytes(&self.start);
                });
            });
        });
    }
}

/// What bits are derived for, by the number of RFC 7292, appendix B.3.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Key = 1,
    Start = 2,
    Mac = 3,
}

/// The key derivation of RFC 7292, appendix B.2. `password` is UTF-16 with its final zero.
pub(super) fn derive(
    hash: &'static digest::Algorithm,
    purpose: Purpose,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    length: usize,
) -> Vec<u8> {
    let block = hash.block_len();
    let filled = |bytes: &[u8]| bytes.len().div_ceil(block) * block;
    let mut input: Vec<u8> = salt.iter().cycle().take(filled(salt)).copied().collect();
    input.extend(password.iter().cycle().take(filled(password)));
    let mut derived = Vec::new();
    while derived.len() < length {
        let mut part = digest::digest(hash, &[&vec![purpose as u8; block][..], &input].concat()).as_ref().to_vec();
        for _ in 1..iterations {
            part = digest::digest(hash, &part).as_ref().to_vec();
        }
        derived.extend(&part);
        // Every block of the input plus the part, plus one.
        for chunk in input.chunks_mut(block) {
            let mut carry = 1;
            for (index, byte) in chunk.iter_mut().enumerate().rev() {
                carry += u16::from(*byte) + u16::from(part[index % part.len()]);
                *byte = carry.to_be_bytes()[1];
                carry >>= 8;
            }
        }
    }
    derived.truncate(length);
    derived
}

fn write_bag(writer: DERWriter<'_>, kind: &[u64], own: Option<&[u8]>, value: impl FnOnce(DERWriter<'_>)) {
    writer.write_sequence(|bag| {
        write_identifier(bag.next(), kind);
        bag.next().write_tagged(Tag::context(0), value);
        if let Some(own) = own {
            bag.next().write_set_of(|set| {
                set.next().write_sequence(|attribute| {
                    write_identifier(attribute.next(), LOCAL_KEY_ID);
                    attribute.next().write_set_of(|values| values.next().write_bytes(own));
                });
            });
        }
    });
}

fn write_identifier(writer: DERWriter<'_>, identifier: &[u64]) {
    writer.write_oid(&ObjectIdentifier::from_slice(identifier));
}

fn write_algorithm(writer: DERWriter<'_>, algorithm: &[u64]) {
    writer.write_sequence(|writer| {
        write_identifier(writer.next(), algorithm);
        writer.next().write_null();
    });
}

fn write_data(writer: DERWriter<'_>, data: &[u8]) {
    writer.write_sequence(|writer| {
        write_identifier(writer.next(), DATA);
        writer.next().write_tagged(Tag::context(0), |writer| writer.write_bytes(data));
    });
}
