//! Keys from passwords, as PKCS#12 has its own way (RFC 7292, appendix B).

use aws_lc_rs::digest::{self, Algorithm};
use zeroize::Zeroizing;

use super::Password;

/// What the derived bytes are for (appendix B.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keys) enum Purpose {
    Key = 1,
    Vector = 2,
    Mac = 3,
}

/// Derives `length` bytes.
pub(in crate::keys) fn derive(
    algorithm: &'static Algorithm,
    purpose: Purpose,
    password: Password<'_>,
    salt: &[u8],
    iterations: u32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = algorithm.block_len();
    let characters = password.utf16();
    let filled = |bytes: &[u8]| bytes.len().div_ceil(block) * block;
    let diversifier = vec![purpose as u8; block];
    let mut input = Zeroizing::new(Vec::with_capacity(filled(salt) + filled(&characters)));
    input.extend(salt.iter().cycle().take(filled(salt)));
    input.extend(characters.iter().cycle().take(filled(&characters)));

    let mut derived = Zeroizing::new(Vec::with_capacity(length + digest::MAX_OUTPUT_LEN));
    while derived.len() < length {
        let mut first = digest::Context::new(algorithm);
        first.update(&diversifier);
        first.update(&input);
        let mut value = Zeroizing::new(first.finish().as_ref().to_vec());
        for _ in 1..iterations {
            let next = digest::digest(algorithm, &value);
            value.copy_from_slice(next.as_ref());
        }
        derived.extend_from_slice(&value);
        // Each block of the input goes on as itself, plus this value, plus one.
        for chunk in input.chunks_mut(block) {
            let mut carry = 1;
            for (byte, addend) in chunk.iter_mut().enumerate().rev().map(|(at, byte)| (byte, value[at % value.len()])) {
                carry += u16::from(*byte) + u16::from(addend);
                *byte = carry.to_le_bytes()[0];
                carry >>= 8;
            }
        }
    }
    derived.truncate(length);
    derived
}
