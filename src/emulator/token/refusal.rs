//! The errors of the token service: OAuth's `error` with an AADSTS code.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::{clock, identifiers};

/// A refused sign-in.
#[derive(Debug, Clone)]
pub(crate) struct TokenRefusal {
    pub(crate) status: u16,
    error: &'static str,
    code: u32,
    message: String,
}

impl TokenRefusal {
    pub(crate) fn new(status: u16, error: &'static str, code: u32, message: impl Into<String>) -> Self {
        Self { status, error, code, message: message.into() }
    }

    pub(crate) fn invalid_client(code: u32, message: impl Into<String>) -> Self {
        Self::new(401, "invalid_client", code, message)
    }

    pub(crate) fn invalid_request(code: u32, message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request", code, message)
    }

    /// The number behind `AADSTS`.
    pub(crate) fn code(&self) -> u32 {
        self.code
    }

    /// The body; `correlation` is the client's own request id when it sent one.
    pub(crate) fn body(&self, now: Timestamp, origin: &str, correlation: &str) -> Value {
        let (code, timestamp, trace) = (self.code, clock::spaced(now), identifiers::guid());
        json!({
            "error": self.error,
            "error_description": format!(
                "AADSTS{code}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}",
                self.message
            ),
            "error_codes": [code],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("{origin}/error?code={code}"),
        })
    }
}
