//! Where a notification goes, and why it did not get there.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use secrecy::{ExposeSecret as _, SecretString};

use crate::patience::OutOfTime;
use crate::transport::TransportError;

/// What reads a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookKind {
    /// A workflow of Microsoft Teams, which takes an Adaptive Card.
    Teams,
    Slack,
    /// Anybody who reads our JSON.
    Generic,
}

impl WebhookKind {
    pub const ALL: [Self; 3] = [Self::Teams, Self::Slack, Self::Generic];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Teams => "teams",
            Self::Slack => "slack",
            Self::Generic => "generic",
        }
    }

    /// By the host: those of workflows and connectors, those of Slack, all others.
    fn of(host: &str) -> Self {
        let is = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
        let of_teams =
            ["logic.azure.com", "logic.azure.us", "webhook.office.com", "api.powerplatform.com", "powerautomate.com"];
        if of_teams.into_iter().any(is) {
            Self::Teams
        } else if ["hooks.slack.com", "hooks.slack-gov.com"].into_iter().any(is) {
            Self::Slack
        } else {
            Self::Generic
        }
    }
}

impl FromStr for WebhookKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| format!("write one of {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

/// A webhook's address and kind.
#[derive(Clone)]
pub struct Webhook {
    pub(super) url: SecretString,
    pub(super) host: String,
    pub(super) kind: WebhookKind,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({} at {})", self.kind.as_str(), self.host)
    }
}

/// An address that nothing is posted to. It is not shown, for it is a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWebhook {
    #[error("the webhook's address is no URL such as `https://host/path`")]
    NoUrl,
    #[error("the webhook at {0} is not reached over HTTPS, and everybody on the way could post to it")]
    NotEncrypted(String),
    #[error("the webhook's address holds a user name or a password before its host")]
    HasUser,
}

impl Webhook {
    /// `kind` where it is not the one that the host tells.
    pub fn new(url: &SecretString, kind: Option<WebhookKind>) -> Result<Self, InvalidWebhook> {
        let parsed: Uri = url.expose_secret().trim().parse().map_err(|_| InvalidWebhook::NoUrl)?;
        let (Some(scheme), Some(authority)) = (parsed.scheme_str(), parsed.authority()) else {
            return Err(InvalidWebhook::NoUrl);
        };
        if authority.as_str().contains('@') {
            return Err(InvalidWebhook::HasUser);
        }
        let host = authority.host().to_lowercase();
        match scheme {
            "https" => {}
            "http" if is_this_machine(&host) => {}
            "http" => return Err(InvalidWebhook::NotEncrypted(host)),
            _ => return Err(InvalidWebhook::NoUrl),
        }
        let kind = kind.unwrap_or_else(|| WebhookKind::of(&host));
        Ok(Self { url: url.expose_secret().trim().into(), host, kind })
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is served on this machine, whose requests no proxy should see.
    pub fn is_on_this_machine(&self) -> bool {
        is_this_machine(&self.host)
    }
}

fn is_this_machine(host: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].contains(&host)
}

/// Why a notification did not get there.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    #[error("{host} refused it with HTTP {status}{}", said.as_ref().map_or_else(String::new, |said| format!(" ({said})")))]
    Refused {
        host: String,
        status: u16,
        /// What it said, where that is a word or two.
        said: Option<String>,
    },
    #[error(transparent)]
    Lost(TransportError),
    #[error("{host} did not answer in time")]
    OutOfTime {
        host: String,
        #[source]
        source: OutOfTime,
    },
}

impl NotifyError {
    /// Slack says why in a word, such as `no_service`. Whatever is longer may repeat what it was sent to, and is not shown.
    pub(super) fn refused(host: &str, status: http::StatusCode, body: &[u8]) -> Self {
        let said = std::str::from_utf8(body).ok().map(str::trim);
        let is_word = |text: &&str| {
            (1..=40).contains(&text.len()) && text.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == ' ')
        };
        Self::Refused { host: host.to_owned(), status: status.as_u16(), said: said.filter(is_word).map(str::to_owned) }
    }

    /// What most likely helps.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Refused { status: 401 | 403 | 404 | 410, .. } => {
                Some("the webhook may be gone or its address incomplete: copy it again from where it was made")
            }
            Self::Refused { status: 400, .. } => {
                Some("the webhook wants another form: `--notify-as teams`, `slack` or `generic` chooses it")
            }
            Self::Refused { status: 300..=399, .. } => {
                Some("the webhook moved; redirects are not followed: give the address that it moved to")
            }
            Self::Refused { .. } | Self::Lost(_) | Self::OutOfTime { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(url: &str) -> Result<Webhook, InvalidWebhook> {
        Webhook::new(&url.into(), None)
    }

    #[test]
    fn hosts_tell_the_kind() {
        for (url, kind) in [
            ("https://prod-12.westeurope.logic.azure.com:443/workflows/a/triggers/manual", WebhookKind::Teams),
            ("https://contoso.webhook.office.com/webhookb2/a", WebhookKind::Teams),
            ("https://default1.2.environment.api.powerplatform.com/a", WebhookKind::Teams),
            ("https://hooks.slack.com/services/T0/B0/x", WebhookKind::Slack),
            ("https://hooks.slack.com.evil.example/services", WebhookKind::Generic),
            ("http://localhost:8080/hook", WebhookKind::Generic),
        ] {
            assert_eq!(webhook(url).unwrap().kind, kind, "{url}");
        }
        let named = Webhook::new(&"https://relay.example/x".into(), Some(WebhookKind::Slack)).unwrap();
        assert_eq!(named.kind, WebhookKind::Slack);
    }

    #[test]
    fn what_is_not_encrypted_or_no_address_is_refused_and_never_shown() {
        for url in [
            "http://hooks.slack.com/services/CANARY",
            "http://localhost.evil.example/CANARY",
            "https://user:CANARY@host.example/",
            "ftp://localhost/CANARY",
            "CANARY",
            "",
        ] {
            let error = webhook(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
        }
        assert!(!format!("{:?}", webhook("https://host.example/CANARY").unwrap()).contains("CANARY"));
    }
}
