//! The block ciphers under which keys are found, in CBC mode with PKCS#7 padding.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::iv::FixedLength;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{Block, BlockModeDecrypt as _, BlockModeEncrypt as _, InnerIvInit as _, KeyInit as _};
use cbc::{Decryptor, Encryptor};
use des::TdesEde3;
use rc2::Rc2;
use zeroize::{Zeroize as _, Zeroizing};

/// A cipher and the size of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
    /// The first of its two keys is used twice.
    TripleDesTwoKeys,
    Rc2With40Bits,
    Rc2With128Bits,
}

/// The most that padding adds.
const BLOCK: usize = 16;

impl Cipher {
    /// Bytes.
    pub(super) fn key_length(self) -> usize {
        match self {
            Self::Aes128 | Self::TripleDesTwoKeys | Self::Rc2With128Bits => 16,
            Self::Aes192 | Self::TripleDes => 24,
            Self::Aes256 => 32,
            Self::Rc2With40Bits => 5,
        }
    }

    /// Bytes of a block, and so of the initialization vector.
    pub(super) fn block_length(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => BLOCK,
            Self::TripleDes | Self::TripleDesTwoKeys | Self::Rc2With40Bits | Self::Rc2With128Bits => 8,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Aes128 => "AES-128",
            Self::Aes192 => "AES-192",
            Self::Aes256 => "AES-256",
            Self::TripleDes => "TripleDES",
            Self::TripleDesTwoKeys => "TripleDES with two keys",
            Self::Rc2With40Bits => "RC2 with 40 bits",
            Self::Rc2With128Bits => "RC2 with 128 bits",
        }
    }

    fn aes(self) -> Option<&'static Algorithm> {
        match self {
            Self::Aes128 => Some(&AES_128),
            Self::Aes192 => Some(&AES_192),
            Self::Aes256 => Some(&AES_256),
            Self::TripleDes | Self::TripleDesTwoKeys | Self::Rc2With40Bits | Self::Rc2With128Bits => None,
        }
    }

    /// Fails also where the padding shows that the key is wrong.
    pub(super) fn decrypt(self, key: &[u8], vector: &[u8], bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let mut buffer = Zeroizing::new(bytes.to_vec());
        let length = if let Some(algorithm) = self.aes() {
            let key = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(algorithm, key)?)?;
            let vector = DecryptionContext::Iv128(FixedLength::try_from(vector)?);
            key.decrypt(&mut buffer, vector)?.len()
        } else {
            let vector: &Block<TdesEde3> = vector.try_into().map_err(|_| Unspecified)?;
            let opened = match self {
                Self::Rc2With40Bits | Self::Rc2With128Bits => {
                    let cipher = Rc2::new_with_eff_key_len(key, key.len() * 8);
                    Decryptor::inner_iv_init(cipher, vector).decrypt_padded::<Pkcs7>(&mut buffer)
                }
                _ => Decryptor::inner_iv_init(triple_des(key)?, vector).decrypt_padded::<Pkcs7>(&mut buffer),
            };
            opened.map_err(|_| Unspecified)?.len()
        };
        buffer.truncate(length);
        Ok(buffer)
    }

    /// For the two ciphers that are written: AES-256 and TripleDES.
    pub(super) fn encrypt(self, key: &[u8], vector: &[u8], plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
        // Encrypted in place, with room for the padding from the start: a vector that grows leaves its plain self behind.
        let mut buffer = Vec::with_capacity(plain.len() + BLOCK);
        buffer.extend_from_slice(plain);
        let outcome = if let Some(algorithm) = self.aes() {
            let vector = EncryptionContext::Iv128(FixedLength::try_from(vector)?);
            UnboundCipherKey::new(algorithm, key)
                .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
                .and_then(|key| key.less_safe_encrypt(&mut buffer, vector))
                .map(drop)
        } else {
            let vector: &Block<TdesEde3> = vector.try_into().map_err(|_| Unspecified)?;
            let padding = self.block_length() - plain.len() % self.block_length();
            buffer.resize(plain.len() + padding, 0);
            triple_des(key).and_then(|cipher| {
                let sealed = Encryptor::inner_iv_init(cipher, vector).encrypt_padded::<Pkcs7>(&mut buffer, plain.len());
                sealed.map(drop).map_err(|_| Unspecified)
            })
        };
        match outcome {
            Ok(()) => Ok(buffer),
            Err(error) => {
                buffer.zeroize();
                Err(error)
            }
        }
    }
}

fn triple_des(key: &[u8]) -> Result<TdesEde3, Unspecified> {
    let mut three = Zeroizing::new(key.to_vec());
    if key.len() == 16 {
        three.extend_from_slice(&key[..8]);
    }
    TdesEde3::new_from_slice(&three).map_err(|_| Unspecified)
}
