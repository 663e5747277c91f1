//! Why a file could not be read, in words that say what to do.

use super::ber::Malformed;

/// A file that holds no certificate or key, or none that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("it is encrypted, and no password was given")]
    PasswordNeeded,
    #[error("the password is wrong")]
    WrongPassword,
    #[error("{what} is damaged: {reason}")]
    Damaged { what: &'static str, reason: String },
    #[error("it uses {what}, which Accredit does not read")]
    Unsupported { what: String, help: &'static str },
    #[error("it is {what}")]
    SomethingElse { what: String, help: &'static str },
}

impl Unreadable {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::PasswordNeeded => "give it with `--password-env`, `--password-file` or `--password-command`",
            Self::WrongPassword => {
                "look for a line end or space too much in where it comes from; Windows Server 2016 says the same of a PFX that is encrypted with AES-256"
            }
            Self::Damaged { .. } => "copy it again in binary mode, or have it exported again",
            Self::Unsupported { help, .. } | Self::SomethingElse { help, .. } => help,
        }
    }
}

impl From<Malformed> for Unreadable {
    fn from(error: Malformed) -> Self {
        Self::Damaged { what: "the file", reason: error.to_string() }
    }
}
