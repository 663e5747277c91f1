//! Encryption at rest by age (<https://age-encryption.org/v1>): private files are encrypted to public keys, so that a team
//! can keep its key store in git.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::x25519::{Identity, Recipient};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// Private keys of age that open what was encrypted to their public halves.
#[derive(Clone, Default)]
pub struct Identities(Arc<Vec<Identity>>);

/// Why something was not encrypted or decrypted.
#[derive(Debug, thiserror::Error)]
pub enum AgeError {
    #[error("there is no private key of age to open it: say where one is with `ACCREDIT_AGE_IDENTITY_FILE`")]
    NoIdentity,
    #[error("it is encrypted to none of the private keys of age that were given")]
    OtherRecipients,
    #[error("`{recipient}` is no public key of age: {reason}")]
    Recipient { recipient: String, reason: String },
    #[error("line {line} of the private keys of age is none: {reason}")]
    Identity { line: usize, reason: String },
    #[error(
        "none of the private keys of age that were given belongs to the declared recipients, so nobody here could open it again"
    )]
    Unopenable,
    #[error("it is no file of age, or damaged: {reason}")]
    Damaged { reason: String },
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} private keys of age]", self.0.len())
    }
}

impl Identities {
    /// Reads private keys as `age-keygen` writes them: one a line, with comments that begin with `#`.
    pub fn parse(text: &SecretString) -> Result<Self, AgeError> {
        let lines = text.expose_secret().lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let identities = keys.map(|(line, text)| {
            text.parse().map_err(|reason: &str| AgeError::Identity { line, reason: reason.to_owned() })
        });
        Ok(Self(Arc::new(identities.collect::<Result<_, _>>()?)))
    }

    fn can_open(&self, recipients: &BTreeSet<String>) -> bool {
        self.0.iter().any(|identity| recipients.contains(&identity.to_public().to_string()))
    }

    /// Encrypts to all recipients, as text. One of these private keys must be among them: a key that nobody here can open
    /// again may be lost.
    pub(super) fn encrypt(&self, plain: &[u8], recipients: &BTreeSet<String>) -> Result<Vec<u8>, AgeError> {
        if self.0.is_empty() {
            return Err(AgeError::NoIdentity);
        }
        if !self.can_open(recipients) {
            return Err(AgeError::Unopenable);
        }
        let parsed = recipients.iter().map(|recipient| {
            recipient
                .parse::<Recipient>()
                .map_err(|reason| AgeError::Recipient { recipient: recipient.clone(), reason: reason.to_owned() })
        });
        let parsed: Vec<Recipient> = parsed.collect::<Result<_, _>>()?;
        let damaged = |error: &dyn fmt::Display| AgeError::Damaged { reason: error.to_string() };
        let encryptor =
            age::Encryptor::with_recipients(parsed.iter().map(|recipient| recipient as &dyn age::Recipient))
                .map_err(|error| damaged(&error))?;
        let mut encrypted = Vec::new();
        let write = |encrypted: &mut Vec<u8>| -> std::io::Result<()> {
            let armour = ArmoredWriter::wrap_output(encrypted, Format::AsciiArmor)?;
            let mut writer = encryptor.wrap_output(armour)?;
            writer.write_all(plain)?;
            writer.finish()?.finish()?;
            Ok(())
        };
        write(&mut encrypted).map_err(|error| damaged(&error))?;
        Ok(encrypted)
    }

    pub(super) fn decrypt(&self, encrypted: &[u8]) -> Result<Zeroizing<String>, AgeError> {
        if self.0.is_empty() {
            return Err(AgeError::NoIdentity);
        }
        let damaged = |error: &dyn fmt::Display| AgeError::Damaged { reason: error.to_string() };
        let decryptor = age::Decryptor::new(ArmoredReader::new(encrypted)).map_err(|error| damaged(&error))?;
        let identities = self.0.iter().map(|identity| identity as &dyn age::Identity);
        let mut reader = decryptor.decrypt(identities).map_err(|error| match error {
            age::DecryptError::NoMatchingKeys => AgeError::OtherRecipients,
            other => damaged(&other),
        })?;
        // Room for all of it at once: a string that grows leaves its former self unwiped.
        let mut plain = Zeroizing::new(String::with_capacity(encrypted.len()));
        reader.read_to_string(&mut plain).map_err(|error| damaged(&error))?;
        Ok(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Identities, String) {
        let identity = Identity::generate();
        let text = format!("# created by a test\n{}\n", identity.to_string().expose_secret());
        (Identities::parse(&text.into()).unwrap(), identity.to_public().to_string())
    }

    #[test]
    fn every_recipient_and_nobody_else_reads_what_was_encrypted() {
        let ((one, first), (other, second), (stranger, _)) = (pair(), pair(), pair());
        let recipients = BTreeSet::from([first, second]);
        let encrypted = one.encrypt(b"a private key", &recipients).unwrap();
        assert!(encrypted.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----"));
        for identities in [&one, &other] {
            assert_eq!(identities.decrypt(&encrypted).unwrap().as_str(), "a private key");
        }
        assert!(matches!(stranger.decrypt(&encrypted), Err(AgeError::OtherRecipients)));
        assert!(matches!(Identities::default().decrypt(&encrypted), Err(AgeError::NoIdentity)));
    }

    #[test]
    fn nothing_is_encrypted_that_nobody_here_could_open() {
        let ((one, _), (_, theirs)) = (pair(), pair());
        let theirs = BTreeSet::from([theirs]);
        assert!(matches!(one.encrypt(b"a private key", &theirs), Err(AgeError::Unopenable)));
        assert!(matches!(Identities::default().encrypt(b"a private key", &theirs), Err(AgeError::NoIdentity)));
    }

    #[test]
    fn damage_is_told() {
        let (one, first) = pair();
        let mut encrypted = one.encrypt(b"a private key", &BTreeSet::from([first])).unwrap();
        let middle = encrypted.len() / 2;
        encrypted[middle] = if encrypted[middle] == b'A' { b'B' } else { b'A' };
        assert!(matches!(one.decrypt(&encrypted), Err(AgeError::Damaged { .. } | AgeError::OtherRecipients)));
        assert!(matches!(one.decrypt(b"text"), Err(AgeError::Damaged { .. })));
        assert!(matches!(Identities::parse(&"AGE-SECRET-KEY-1X".into()), Err(AgeError::Identity { line: 1, .. })));
    }

    #[test]
    fn printing_shows_no_key() {
        assert_eq!(format!("{:?}", pair().0), "[1 private keys of age]");
    }
}
