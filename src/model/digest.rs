//! What a text is known by.

use sha2::{Digest as _, Sha256};

/// The SHA-256 of a text, as `sha256sum` prints it.
pub fn sha256(text: &str) -> String {
    let digits = |byte: u8| [byte >> 4, byte & 0x0F].map(|nibble| char::from_digit(u32::from(nibble), 16));
    Sha256::digest(text).into_iter().flat_map(digits).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_sha256sum_prints() {
        assert_eq!(sha256("accredit\n"), "af1c6c24b093136839d8799123fbe1d98d11badb677825766d67626f7850e14a");
    }
}
