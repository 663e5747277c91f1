//! Passwords that nobody has to think of.

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::PfxError;

/// 24 characters of 6 bits each. None of them means anything to a shell, YAML or a `.env` file.
pub fn random_password() -> Result<SecretString, PfxError> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
    let mut random = Zeroizing::new([0; 24]);
    aws_lc_rs::rand::fill(random.as_mut_slice())?;
    // Room for all of it at once: a string that grows leaves its former self unwiped.
    let mut password = Zeroizing::new(String::with_capacity(random.len()));
    password.extend(random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 63)])));
    Ok(password.as_str().into())
}
