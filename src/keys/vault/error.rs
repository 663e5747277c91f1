//! Why a vault did not do what it was asked, and what to do about it.

use azure_core::error::ErrorKind;
use azure_core::http::RawResponse;
use azure_core::http::headers::HeaderName;
use serde_json::Value as Json;

use super::errand::Errand;
use crate::keys::certificate::MakeError;
use crate::transport::TransportError;
use crate::transport::azure::Silence;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a vault did not do what it was asked. No variant holds a secret or a token.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("`{url}` is not a vault's address")]
    Address {
        url: String,
        #[source]
        source: Cause,
    },
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// A write may have taken effect unless the request was never sent.
    #[error("{errand}: no answer came")]
    NoAnswer {
        errand: Errand,
        never_sent: bool,
        #[source]
        source: Cause,
    },
    #[error("{errand}: the operator could not sign in to Key Vault")]
    NoToken {
        errand: Errand,
        #[source]
        source: Cause,
    },
    /// `source` is left out where the answer may hold a secret.
    #[error("{errand}: the answer could not be understood")]
    Unreadable {
        errand: Errand,
        #[source]
        source: Option<Cause>,
    },
    #[error("{errand}: no certificate can be made as it was asked for")]
    Profile {
        errand: Errand,
        #[source]
        source: MakeError,
    },
    #[error("{errand}: {not_before} to {not_after} is not a number of whole months, in which vaults reckon")]
    Months { errand: Errand, not_before: jiff::Timestamp, not_after: jiff::Timestamp },
    #[error("{errand}: the vault gave up: {code}: {message}")]
    GaveUp { errand: Errand, code: String, message: String },
    #[error("{errand}: the vault was still at it after {seconds} seconds")]
    Unfinished { errand: Errand, seconds: u64 },
    #[error("{errand}: a version that somebody else ordered waits to be signed by an authority")]
    Occupied { errand: Errand },
}

/// What a vault said when it refused.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub errand: Errand,
    pub status: u16,
    pub code: String,
    /// Says more than the code, where the vault gives it: `ForbiddenByRbac`, `ObjectIsDeletedButRecoverable`.
    pub inner: Option<String>,
    pub message: String,
    /// Microsoft's support asks for it.
    pub request_id: Option<String>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.errand, self.code)?;
        if let Some(inner) = &self.inner {
            write!(f, " ({inner})")?;
        }
        write!(f, ": {} (HTTP {}", self.message, self.status)?;
        match &self.request_id {
            Some(id) => write!(f, ", x-ms-request-id {id})"),
            None => f.write_str(")"),
        }
    }
}

impl Refusal {
    fn read(errand: Errand, status: u16, response: Option<&RawResponse>) -> Self {
        const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
        let body: Json = response.and_then(|raw| serde_json::from_slice(raw.body()).ok()).unwrap_or(Json::Null);
        let error = &body["error"];
        // Key Vault breaks its messages into lines.
        let text = |value: &Json| value.as_str().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        let text = |value: &Json| text(value).filter(|text| !text.is_empty());
        Self {
            errand,
            status,
            code: text(&error["code"]).unwrap_or_else(|| "no code".to_owned()),
            inner: text(&error["innererror"]["code"]),
            message: text(&error["message"]).unwrap_or_else(|| "no message".to_owned()),
            request_id: response.and_then(|raw| raw.headers().get_optional_string(&REQUEST_ID)),
        }
    }

    /// Whether an object of that name was deleted and can still be recovered, so that there can be no new one.
    pub(super) fn is_of_a_deleted_object(&self) -> bool {
        self.inner.as_deref() == Some("ObjectIsDeletedButRecoverable")
    }
}

impl VaultError {
    /// What the client library made of a request that failed.
    pub(super) fn of(errand: Errand, error: azure_core::Error) -> Self {
        let kind = error.kind().clone();
        if let ErrorKind::HttpResponse { status, raw_response, .. } = kind {
            return Self::Refused(Box::new(Refusal::read(errand, *status, raw_response.as_deref())));
        }
        let source = cause(error);
        // The library is told of some silences under another kind, so that it does not ask again.
        if let Some(lost) = source.downcast_ref::<TransportError>() {
            return Self::NoAnswer { errand, never_sent: lost.never_sent, source };
        }
        if source.is::<Silence>() {
            return Self::NoAnswer { errand, never_sent: false, source };
        }
        match kind {
            ErrorKind::Credential => Self::NoToken { errand, source },
            ErrorKind::Connection => Self::NoAnswer { errand, never_sent: true, source },
            ErrorKind::Io => Self::NoAnswer { errand, never_sent: false, source },
            ErrorKind::HttpResponse { .. } | ErrorKind::DataConversion | ErrorKind::Other => {
                Self::Unreadable { errand, source: Some(source) }
            }
        }
    }

    /// The same without what the library quotes from an answer, which may be a secret.
    #[must_use]
    pub(super) fn without_quotes(self) -> Self {
        match self {
            Self::Unreadable { errand, source: _ } => Self::Unreadable { errand, source: None },
            other => other,
        }
    }

    /// Whether the vault says that there is no such object. What is no vault answers 404 too, in other words.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == 404 && refusal.code.ends_with("NotFound"))
    }

    /// Whether what was asked may have been done all the same, or may already be under way.
    pub(super) fn leaves_it_open(&self) -> bool {
        match self {
            Self::NoAnswer { never_sent, .. } => !never_sent,
            Self::Unreadable { .. } => true,
            Self::Refused(refusal) => match refusal.status {
                408 | 500.. => true,
                409 => !refusal.is_of_a_deleted_object(),
                _ => false,
            },
            Self::Address { .. }
            | Self::NoToken { .. }
            | Self::Profile { .. }
            | Self::Months { .. }
            | Self::GaveUp { .. }
            | Self::Unfinished { .. }
            | Self::Occupied { .. } => false,
        }
    }
}

/// The innermost error that is not the library's own: its wrappers only say that it will not try again.
fn cause(error: azure_core::Error) -> Cause {
    match error.into_inner() {
        Ok(inner) => match inner.downcast::<azure_core::Error>() {
            Ok(inner) => cause(*inner),
            Err(other) => other,
        },
        Err(innermost) => innermost.into(),
    }
}
