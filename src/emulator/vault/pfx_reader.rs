//! Reads PKCS#12 (RFC 7292): keys and certificates that are not encrypted, or encrypted with PBES2 and AES, or with triple
//! DES under SHA-1, as .NET writes them. RC2 is told apart and refused.

use aws_lc_rs::{
    cipher::{AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey},
    digest, hmac,
    iv::FixedLength,
    pbkdf2,
};
use cbc::{
    Decryptor,
    cipher::{BlockModeDecrypt as _, InnerIvInit as _, KeyInit as _, block_padding::Pkcs7},
};
use des::TdesEde3;
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, Tag, models::ObjectIdentifier};

use super::pfx::{
    AES_256_CBC, CERTIFICATE_BAG, DATA, ENCRYPTED_DATA, HMAC_WITH_SHA256, PBES2, PBKDF2, Purpose, SHA_256,
    SHROUDED_KEY_BAG, X509_CERTIFICATE, derive,
};

const TRIPLE_DES: &[u64] = &[1, 2, 840, 113_549, 1, 12, 1, 3];
const KEY_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 1];
const AES_128_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 2];
const AES_192_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 22];
const HMAC_WITH_SHA1: &[u64] = &[1, 2, 840, 113_549, 2, 7];
const HMAC_WITH_SHA384: &[u64] = &[1, 2, 840, 113_549, 2, 10];
const HMAC_WITH_SHA512: &[u64] = &[1, 2, 840, 113_549, 2, 11];
const SHA_1: &[u64] = &[1, 3, 14, 3, 2, 26];
const SHA_384: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 2];
const SHA_512: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 3];
/// The largest number of rounds that a file may ask for; Windows takes no more. Everybody waits while they are made.
const MOST_ITERATIONS: u32 = 600_000;
/// The largest number of parts, and of keys, each of which asks for rounds of its own.
const MOST_PARTS: usize = 8;

/// Why a file was not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Unreadable,
    Password,
    /// Its object identifier.
    Cipher(String),
}

impl From<ASN1Error> for Trouble {
    fn from(_: ASN1Error) -> Self {
        Self::Unreadable
    }
}

/// What a file held, all as DER.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) keys: Vec<Vec<u8>>,
    pub(super) certificates: Vec<Vec<u8>>,
}

/// An algorithm with its parameters as DER.
struct Algorithm {
    identifier: ObjectIdentifier,
    parameters: Vec<u8>,
}

struct Mac {
    algorithm: Algorithm,
    value: Vec<u8>,
    salt: Vec<u8>,
    iterations: u32,
}

fn is(identifier: &ObjectIdentifier, known: &[u64]) -> bool {
    identifier.components() == known
}

fn octets(reader: BERReader<'_, '_>) -> ASN1Result<Vec<u8>> {
    reader.read_bytes()
}

fn raw(reader: BERReader<'_, '_>) -> ASN1Result<Vec<u8>> {
    reader.read_der()
}

fn count(reader: BERReader<'_, '_>) -> ASN1Result<u32> {
    reader.read_u32()
}

fn algorithm(reader: BERReader<'_, '_>) -> ASN1Result<Algorithm> {
    reader.read_sequence(|reader| {
        let identifier = reader.next().read_oid()?;
        let parameters = reader.read_optional(raw)?.unwrap_or_default();
        Ok(Algorithm { identifier, parameters })
    })
}

/// A password as PBES2 takes it, and as everything older does.
struct Password<'a> {
    text: &'a str,
    spelled: &'a [u8],
}

/// UTF-16, big-endian, ending in a zero.
fn spelled(password: &str) -> Vec<u8> {
    password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect()
}

/// Reads a file with its password.
pub(super) fn read(file: &[u8], password: &str) -> Result<Content, Trouble> {
    let (safe, mac) = yasna::parse_ber(file, |reader| {
        reader.read_sequence(|reader| {
            if reader.next().read_u8()? != 3 {
                return Err(ASN1Error::new(ASN1ErrorKind::Invalid));
            }
            let safe = reader.next().read_sequence(|content| {
                if !is(&content.next().read_oid()?, DATA) {
                    return Err(ASN1Error::new(ASN1ErrorKind::Invalid));
                }
                content.next().read_tagged(Tag::context(0), octets)
            })?;
            let mac = reader.read_optional(|reader| {
                reader.read_sequence(|reader| {
                    let (algorithm, value) =
                        reader.next().read_sequence(|info| Ok((algorithm(info.next())?, info.next().read_bytes()?)))?;
                    let salt = reader.next().read_bytes()?;
                    let iterations = reader.read_optional(count)?.unwrap_or(1);
                    Ok(Mac { algorithm, value, salt, iterations })
                })
            })?;
            Ok((safe, mac))
        })
    })?;
    let spelled = match mac {
        Some(mac) => check(&mac, &safe, password)?,
        None => spelled(password),
    };
    let password = Password { text: password, spelled: &spelled };
    let parts = yasna::parse_ber(&safe, |reader| reader.collect_sequence_of(part))?;
    if parts.len() > MOST_PARTS {
        return Err(Trouble::Unreadable);
    }
    let mut content = Content::default();
    for part in parts {
        let bags = match part {
            Part::Plain(bags) => bags,
            Part::Encrypted(scheme, bytes) => decrypt(&scheme, bytes, &password)?,
        };
        for bag in yasna::parse_ber(&bags, |reader| reader.collect_sequence_of(bag))? {
            match bag {
                Bag::Certificate(der) => content.certificates.push(der),
                Bag::Key(der) => content.keys.push(der),
                Bag::Shrouded(..) if content.keys.len() == MOST_PARTS => return Err(Trouble::Unreadable),
                Bag::Shrouded(scheme, bytes) => content.keys.push(decrypt(&scheme, bytes, &password)?),
                Bag::Other => {}
            }
        }
    }
    Ok(content)
}

/// Checks the file against its password, and returns the spelling that fits.
fn check(mac: &Mac, safe: &[u8], password: &str) -> Result<Vec<u8>, Trouble> {
    let (hash, algorithm) = match mac.algorithm.identifier.components().as_slice() {
        SHA_1 => (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        SHA_256 => (&digest::SHA256, hmac::HMAC_SHA256),
        SHA_384 => (&digest::SHA384, hmac::HMAC_SHA384),
        SHA_512 => (&digest::SHA512, hmac::HMAC_SHA512),
        _ => return Err(Trouble::Cipher(mac.algorithm.identifier.to_string())),
    };
    if mac.iterations > MOST_ITERATIONS {
        return Err(Trouble::Unreadable);
    }
    // Of an empty password, some leave out even the final zero.
    let spellings = [spelled(password), Vec::new()];
    let tried = if password.is_empty() { &spellings[..] } else { &spellings[..1] };
    let fits = tried.iter().find(|password| {
        let key = derive(hash, Purpose::Mac, password, &mac.salt, mac.iterations, hash.output_len());
        hmac::verify(&hmac::Key::new(algorithm, &key), safe, &mac.value).is_ok()
    });
    fits.cloned().ok_or(Trouble::Password)
}

/// One part of the file: a list of bags, in the clear or encrypted.
enum Part {
    Plain(Vec<u8>),
    Encrypted(Algorithm, Vec<u8>),
}

fn part(reader: BERReader<'_, '_>) -> ASN1Result<Part> {
    reader.read_sequence(|reader| {
        let kind = reader.next().read_oid()?;
        reader.next().read_tagged(Tag::context(0), |reader| {
            if is(&kind, DATA) {
                return reader.read_bytes().map(Part::Plain);
            }
            if !is(&kind, ENCRYPTED_DATA) {
                return Err(ASN1Error::new(ASN1ErrorKind::Invalid));
            }
            reader.read_sequence(|reader| {
                reader.next().read_u8()?;
                reader.next().read_sequence(|content| {
                    content.next().read_oid()?;
                    let scheme = algorithm(content.next())?;
                    let bytes = content.next().read_tagged_implicit(Tag::context(0), octets)?;
                    Ok(Part::Encrypted(scheme, bytes))
                })
            })
        })
    })
}

enum Bag {
    Certificate(Vec<u8>),
    Key(Vec<u8>),
    Shrouded(Algorithm, Vec<u8>),
    Other,
}

fn bag(reader: BERReader<'_, '_>) -> ASN1Result<Bag> {
    reader.read_sequence(|reader| {
        let kind = reader.next().read_oid()?;
        let bag = reader.next().read_tagged(Tag::context(0), |reader| match kind.components().as_slice() {
            KEY_BAG => reader.read_der().map(Bag::Key),
            SHROUDED_KEY_BAG => {
                reader.read_sequence(|info| Ok(Bag::Shrouded(algorithm(info.next())?, info.next().read_bytes()?)))
            }
            CERTIFICATE_BAG => reader.read_sequence(|bag| {
                let is_x509 = is(&bag.next().read_oid()?, X509_CERTIFICATE);
                let der = bag.next().read_tagged(Tag::context(0), octets)?;
                Ok(if is_x509 { Bag::Certificate(der) } else { Bag::Other })
            }),
            _ => reader.read_der().map(|_| Bag::Other),
        })?;
        reader.read_optional(raw)?;
        Ok(bag)
    })
}

fn decrypt_triple_des(scheme: &Algorithm, bytes: &[u8], password: &[u8]) -> Result<Vec<u8>, Trouble> {
    let (salt, iterations) = yasna::parse_ber(&scheme.parameters, |reader| {
        reader.read_sequence(|reader| Ok((octets(reader.next())?, count(reader.next())?)))
    })?;
    if iterations > MOST_ITERATIONS {
        return Err(Trouble::Unreadable);
    }
    let derive =
        |purpose, length| derive(&digest::SHA1_FOR_LEGACY_USE_ONLY, purpose, password, &salt, iterations, length);
    let key: [u8; 24] = derive(Purpose::Key, 24).try_into().map_err(|_| Trouble::Unreadable)?;
    let start: [u8; 8] = derive(Purpose::Start, 8).try_into().map_err(|_| Trouble::Unreadable)?;
    triple_des(key, start, bytes).ok_or(Trouble::Password)
}

/// Decrypts, and takes the padding off; none when the key is wrong or the input is not of whole blocks.
fn triple_des(key: [u8; 24], start: [u8; 8], bytes: &[u8]) -> Option<Vec<u8>> {
    let opened = Decryptor::inner_iv_init(TdesEde3::new(&key.into()), &start.into());
    opened.decrypt_padded_vec::<Pkcs7>(bytes).ok()
}

fn decrypt(scheme: &Algorithm, mut bytes: Vec<u8>, password: &Password<'_>) -> Result<Vec<u8>, Trouble> {
    if is(&scheme.identifier, TRIPLE_DES) {
        return decrypt_triple_des(scheme, &bytes, password.spelled);
    }
    if !is(&scheme.identifier, PBES2) {
        return Err(Trouble::Cipher(scheme.identifier.to_string()));
    }
    let (derivation, encryption) = yasna::parse_ber(&scheme.parameters, |reader| {
        reader.read_sequence(|reader| Ok((algorithm(reader.next())?, algorithm(reader.next())?)))
    })?;
    if !is(&derivation.identifier, PBKDF2) {
        return Err(Trouble::Cipher(derivation.identifier.to_string()));
    }
    let (salt, iterations, function) = yasna::parse_ber(&derivation.parameters, |reader| {
        reader.read_sequence(|reader| {
            let salt = reader.next().read_bytes()?;
            let iterations = reader.next().read_u32()?;
            reader.read_optional(count)?;
            Ok((salt, iterations, reader.read_optional(algorithm)?))
        })
    })?;
    let function = function.map(|function| function.identifier);
    let function = match function.as_ref().map(|identifier| identifier.components().as_slice()) {
        None | Some(HMAC_WITH_SHA1) => pbkdf2::PBKDF2_HMAC_SHA1,
        Some(HMAC_WITH_SHA256) => pbkdf2::PBKDF2_HMAC_SHA256,
        Some(HMAC_WITH_SHA384) => pbkdf2::PBKDF2_HMAC_SHA384,
        Some(HMAC_WITH_SHA512) => pbkdf2::PBKDF2_HMAC_SHA512,
        Some(_) => return Err(Trouble::Unreadable),
    };
    let (cipher, length) = match encryption.identifier.components().as_slice() {
        AES_128_CBC => (&AES_128, 16),
        AES_192_CBC => (&AES_192, 24),
        AES_256_CBC => (&AES_256, 32),
        _ => return Err(Trouble::Cipher(encryption.identifier.to_string())),
    };
    let start: [u8; 16] =
        yasna::parse_ber(&encryption.parameters, octets)?.try_into().map_err(|_| Trouble::Unreadable)?;
    let iterations = Some(iterations).filter(|count| *count <= MOST_ITERATIONS).and_then(|count| count.try_into().ok());
    let mut key = vec![0; length];
    pbkdf2::derive(function, iterations.ok_or(Trouble::Unreadable)?, &salt, password.text.as_bytes(), &mut key);
    let plain = UnboundCipherKey::new(cipher, &key).and_then(PaddedBlockDecryptingKey::cbc_pkcs7).and_then(|key| {
        let plain = key.decrypt(&mut bytes, DecryptionContext::Iv128(FixedLength::from(start)))?;
        Ok(plain.to_vec())
    });
    plain.map_err(|_| Trouble::Password)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key three times is that key once; the vector is chosen so that the known block opens to nothing but padding.
    #[test]
    fn a_block_of_the_standards_tests_comes_out_right() {
        let key = 0x1334_5779_9BBC_DFF1_u64.to_be_bytes().repeat(3).try_into().unwrap();
        let block = 0x85E8_1354_0F0A_B405_u64.to_be_bytes();
        let start = |plain: u64| (0x0123_4567_89AB_CDEF ^ plain).to_be_bytes();
        assert_eq!(triple_des(key, start(0x0808_0808_0808_0808), &block), Some(Vec::new()));
        assert_eq!(triple_des(key, start(0x4142_4344_4546_4701), &block), Some(b"ABCDEFG".to_vec()));
        assert_eq!(triple_des(key, start(0x4142_4344_4546_4700), &block), None);
        assert_eq!(triple_des(key, start(0x4142_4344_4546_4701), &block[..7]), None);
    }
}
