//! PKCS#12 (RFC 7292): certificates and their keys under a password.
//!
//! Two strengths are written. The modern one is PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC, the whole under an
//! HMAC-SHA256: Windows reads it from 10 1709 and Server 2019 on, OpenSSL from 1.0 on. The legacy one is TripleDES and
//! SHA-1, for older Windows. What other programs write is read in any of the schemes that `encryption` knows.

mod mac;
mod read;
mod write;

use aws_lc_rs::error::Unspecified;
use secrecy::SecretString;

use crate::model::PfxEncryption;

pub(super) use read::decode;
pub use write::CSP_NAME;
pub(super) use write::encode;

/// What a PFX needs beside a certificate and its key.
#[derive(Clone, Copy, Debug, Default)]
pub struct PfxTerms<'a> {
    /// The name that Windows shows.
    pub friendly_name: Option<&'a str>,
    /// Needed wherever a PFX is to be written.
    pub password: Option<&'a SecretString>,
    pub encryption: PfxEncryption,
}

/// Why no PFX or encrypted key was written.
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

/// PBES2 takes the password as UTF-8 and the MAC takes it as UCS-2; only what both can say opens everywhere.
pub(super) fn check_password(password: &str) -> Result<(), PfxError> {
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
