//! What every way of signing in comes down to: something that gives tokens, or a reason why there are none.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;

/// A token and how long it is good for yet.
pub(super) struct Token {
    pub(super) secret: SecretString,
    pub(super) good_for: Duration,
}

/// Gives tokens.
#[async_trait]
pub(super) trait Credential: Send + Sync {
    /// A new token for `resource`, such as `https://graph.microsoft.com`.
    async fn token(&self, resource: &str) -> Result<Token, NoToken>;
}

/// A way of signing in that is there to be tried.
pub(super) struct Candidate {
    pub(super) credential: Box<dyn Credential>,
    /// With what, and where that comes from: `with a client secret, from AZURE_CLIENT_ID and AZURE_CLIENT_SECRET`.
    pub(super) description: String,
}

/// Why a way of signing in gave no token.
#[derive(Debug)]
pub(super) enum NoToken {
    /// Nobody set it up here, so that another one may be meant.
    Absent(Reason),
    /// It is set up here and did not work: going on would be to act as somebody else than was meant.
    Failed(Reason),
}

impl NoToken {
    pub(super) fn absent(text: impl Into<String>) -> Self {
        Self::Absent(Reason { text: text.into(), help: None })
    }

    pub(super) fn failed(text: impl Into<String>) -> Self {
        Self::Failed(Reason { text: text.into(), help: None })
    }

    #[must_use]
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        let help = Some(help.into());
        match self {
            Self::Absent(Reason { text, help: _ }) => Self::Absent(Reason { text, help }),
            Self::Failed(Reason { text, help: _ }) => Self::Failed(Reason { text, help }),
        }
    }

    /// With more words behind the reason.
    #[must_use]
    pub(super) fn and(self, more: &str) -> Self {
        let longer = |Reason { text, help }| Reason { text: text + more, help };
        match self {
            Self::Absent(reason) => Self::Absent(longer(reason)),
            Self::Failed(reason) => Self::Failed(longer(reason)),
        }
    }

    pub(super) fn reason(self) -> Reason {
        match self {
            Self::Absent(reason) | Self::Failed(reason) => reason,
        }
    }
}

/// Why something did not work, in a few words, and what to do about it. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub text: String,
    pub help: Option<String>,
}
