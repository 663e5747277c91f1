//! What Exchange refused, as it said it.

use bytes::Bytes;
use serde_json::Value as Json;

use crate::model::Denial;
use crate::patience::OutOfTime;
use crate::transport::TransportError;

/// A cmdlet that did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    #[error("{cmdlet}: {message} (HTTP {status}, client-request-id {request_id})")]
    Refused {
        cmdlet: String,
        status: u16,
        message: String,
        request_id: String,
        /// `None` where the answer has none of the forms in which Exchange denies: something on the way may have given it.
        denial: Option<Denial>,
    },
    /// No answer came; a write may have taken effect.
    #[error("{cmdlet}")]
    Lost {
        cmdlet: String,
        #[source]
        source: TransportError,
    },
    #[error("{cmdlet}: {reason}{}", request_id.as_ref().map(|id| format!(" (client-request-id {id})")).unwrap_or_default())]
    Unreadable {
        cmdlet: String,
        reason: String,
        /// `None` where nothing was sent.
        request_id: Option<String>,
    },
    #[error("{cmdlet}: no token for Exchange")]
    SignIn {
        cmdlet: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The run's deadline came before an answer.
    #[error("{cmdlet} was given up{}", last.as_ref().map(|last| format!(": {}", last.in_brief())).unwrap_or_default())]
    OutOfTime {
        cmdlet: String,
        /// Why it had not succeeded until then.
        last: Option<Box<Self>>,
        #[source]
        source: OutOfTime,
    },
}

/// What Exchange answers, in words and no JSON, when a tenant has too many requests under way.
const TOO_MANY: &str = "maximum number of concurrent requests";

/// What it says of a cmdlet that no role of the caller holds.
const NOT_HELD: &str = "not allowed to call";

/// What it says of an object that it does not know.
const NOT_FOUND: &str = "couldn't be found";

/// What stands in the refusals of an organization whose roles cannot be changed yet.
const DEHYDRATED: &str = "Enable-OrganizationCustomization";

impl ExchangeError {
    pub(super) fn refused(cmdlet: &str, answer: &http::Response<Bytes>) -> Self {
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (status, message) = (answer.status().as_u16(), message(answer.body()));
        let denial = match (status, message.as_deref()) {
            (401, None) => Some(Denial::NoPermission),
            (403, None) => Some(Denial::NoRole),
            (401, Some(message)) if message.contains(NOT_HELD) => Some(Denial::CmdletNotHeld),
            _ => None,
        };
        Self::Refused {
            cmdlet: cmdlet.to_owned(),
            status,
            denial,
            message: message.unwrap_or_else(|| "no reason was given".to_owned()),
            request_id: header("client-request-id").or_else(|| header("request-id")).unwrap_or_default(),
        }
    }

    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Lost { .. } | Self::Unreadable { .. } | Self::SignIn { .. } | Self::OutOfTime { .. } => None,
        }
    }

    /// What Exchange said, or that it said nothing, in a few words.
    pub fn in_brief(&self) -> String {
        match self {
            Self::Refused { .. } if self.was_not_begun() => "Exchange has too much to do".to_owned(),
            Self::Refused { status, message, .. } => format!("{message} (HTTP {status})"),
            Self::Lost { source, .. } => source.to_string(),
            Self::Unreadable { reason, .. } => reason.clone(),
            Self::SignIn { .. } => "no token for Exchange".to_owned(),
            Self::OutOfTime { last: Some(last), source, .. } => format!("{}; {source}", last.in_brief()),
            Self::OutOfTime { last: None, source, .. } => source.to_string(),
        }
    }

    /// The right for want of which Exchange refused it. What was granted a moment ago looks the same.
    pub fn denial(&self) -> Option<Denial> {
        match self {
            Self::Refused { denial, .. } => *denial,
            Self::Lost { .. } | Self::Unreadable { .. } | Self::SignIn { .. } | Self::OutOfTime { .. } => None,
        }
    }

    /// Whether roles of this organization cannot be changed before somebody ran `Enable-OrganizationCustomization` in it, once.
    pub fn is_dehydrated(&self) -> bool {
        matches!(self, Self::Refused { message, .. } if message.contains(DEHYDRATED))
    }

    /// Whether Exchange says that something is not there. Who answers 404 in other words is somebody on the way.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { message, .. } if message.contains(NOT_FOUND))
    }

    /// Whether the request may have taken effect all the same.
    pub fn answer_lost(&self) -> bool {
        match self {
            Self::Lost { .. } | Self::Unreadable { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
            Self::SignIn { .. } => false,
            Self::OutOfTime { last, .. } => last.as_ref().is_some_and(|last| last.answer_lost()),
        }
    }

    /// Whether Exchange certainly did nothing, and would the next time.
    pub(super) fn was_not_begun(&self) -> bool {
        match self {
            Self::Refused { status, message, .. } => *status == 429 || message.contains(TOO_MANY),
            Self::Lost { source, .. } => source.never_sent && source.hint().is_none(),
            Self::Unreadable { .. } | Self::SignIn { .. } | Self::OutOfTime { .. } => false,
        }
    }

    /// Whether the next time may be better, for what may be done twice.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 408 | 500 | 502..=504),
            Self::Lost { source, .. } => source.hint().is_none(),
            Self::Unreadable { .. } | Self::SignIn { .. } | Self::OutOfTime { .. } => false,
        }
    }

    /// The likely cause and what helps.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Refused { .. } if self.is_dehydrated() => Some(
                "the organization is dehydrated: somebody with Organization Management runs `Enable-OrganizationCustomization` in \
                 Exchange Online PowerShell, once for the tenant; it works some minutes later",
            ),
            Self::Refused { denial: Some(Denial::CmdletNotHeld), .. } => {
                Some("its roles do not hold this cmdlet: give it a role that does; a new role takes up to 15 minutes")
            }
            Self::Refused { denial: Some(Denial::NoPermission), .. } => Some(
                "the token lacks `Exchange.ManageAsApp`: consent to it, and sign in anew, since a token keeps what it was issued with",
            ),
            Self::Refused { denial: Some(Denial::NoRole), .. } => Some(
                "the token has `Exchange.ManageAsApp`, but no role that Exchange accepts, such as Exchange Administrator or Security \
                 Reader; a new role takes up to 15 minutes",
            ),
            Self::Refused { status: 401 | 403, .. } => Some(
                "Exchange does not deny in these words: look whether a proxy or firewall between here and it gave this answer",
            ),
            Self::Refused { status: 404, .. } if !self.is_not_found() => Some(
                "Exchange does not say so that something is not there: look whether a proxy or firewall between here and it gave this \
                 answer",
            ),
            Self::Refused { status: 404, .. } => {
                Some("run it again: it looks anew, and what is there no longer is planned no longer")
            }
            Self::Refused { status: 409, .. } => Some(
                "something else has this name or id in Exchange: look at it in the Exchange admin center, and run it again",
            ),
            Self::Lost { source, .. } => source.hint(),
            Self::OutOfTime { .. } => Some("run it again later, or with a longer `--timeout`"),
            Self::Refused { status: 500..=599, .. } => Some("run it again when Exchange answers"),
            Self::Refused { .. } | Self::Unreadable { .. } | Self::SignIn { .. } => None,
        }
    }
}

/// The words that say most: they stand deep inside, in one of three places, or are the whole body.
fn message(body: &[u8]) -> Option<String> {
    let text =
        |text: &str| Some(text.trim().trim_matches('\0').trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    let Ok(Json::Object(answer)) = serde_json::from_slice(body) else {
        return text(&String::from_utf8_lossy(body));
    };
    let error = answer.get("error").unwrap_or(&Json::Null);
    // `Ex6F9304|Microsoft.Exchange.SomeException|What happened.`
    let details = error["details"].as_array().into_iter().flatten().filter_map(|detail| detail["message"].as_str());
    let detail = details.map(|detail| detail.splitn(3, '|').last().unwrap_or(detail)).find_map(text);
    let inner = || error["innererror"]["internalexception"]["message"].as_str().and_then(text);
    detail.or_else(inner).or_else(|| error["message"].as_str().and_then(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_say_most_are_found() {
        let of = |body: &str| message(body.as_bytes());
        assert_eq!(
            of(r#"{"error":{"message":"Error executing cmdlet","details":[{"message":"Ex6F9304|Some.Exception|It | couldn't be found."}],"innererror":{"internalexception":{"message":"thrown"}}}}"#)
                .as_deref(),
            Some("It | couldn't be found.")
        );
        let inner =
            r#"{"error":{"message":"Invalid Operation","innererror":{"internalexception":{"message":"inner"}}}}"#;
        assert_eq!(of(inner).as_deref(), Some("inner"));
        assert_eq!(of(r#"{"error":{"message":"Invalid Operation"}}"#).as_deref(), Some("Invalid Operation"));
        assert_eq!(of("You have reached the maximum").as_deref(), Some("You have reached the maximum"));
        for nothing in ["", "\0\0\0\0", "{}", "  "] {
            assert_eq!(of(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn only_exchanges_own_forms_are_its_denials() {
        let refused = |status: u16, body: &'static str| {
            let answer = http::Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap();
            ExchangeError::refused("Get-Mailbox", &answer)
        };
        assert_eq!(refused(401, "").denial(), Some(Denial::NoPermission));
        let not_held = refused(401, r#"{"error":{"message":"User is not allowed to call Get-Mailbox"}}"#);
        assert_eq!(not_held.denial(), Some(Denial::CmdletNotHeld));
        for status in [401, 403] {
            let proxy = refused(status, "<html><h1>Blocked by policy</h1></html>");
            assert_eq!(proxy.denial(), None);
            assert!(proxy.hint().unwrap().contains("proxy"), "{proxy}");
        }
        let last = Some(Box::new(refused(503, "busy")));
        let late = ExchangeError::OutOfTime { cmdlet: "Get-Mailbox".to_owned(), last, source: OutOfTime::Interrupted };
        assert_eq!(late.in_brief(), "busy (HTTP 503); the run was interrupted while it waited");
    }

    #[test]
    fn what_was_not_begun_may_be_sent_again_whatever_it_is() {
        let refused = |status: u16, body: &'static str| {
            let answer = http::Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap();
            ExchangeError::refused("New-ServicePrincipal", &answer)
        };
        assert!(refused(429, "").was_not_begun());
        assert!(refused(500, "You have reached the maximum number of concurrent requests per tenant.").was_not_begun());
        assert!(!refused(503, "").was_not_begun() && refused(503, "").is_passing());
        assert_eq!(refused(403, "\0\0").denial(), Some(Denial::NoRole));
        let refusal = refused(
            400,
            r#"{"error":{"details":[{"message":"|E|Run the command: Enable-OrganizationCustomization."}]}}"#,
        );
        assert!(refusal.is_dehydrated() && refusal.hint().unwrap().contains("once for the tenant"));
    }
}
