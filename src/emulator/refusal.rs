//! What Graph says when it refuses: one value with status, code and message, and the usual ones by name.
//!
//! The texts are the service's own, because clients match them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock;

/// A refused request.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) details: Vec<(&'static str, &'static str)>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), details: Vec::new() }
    }

    /// 400 `Request_BadRequest`, the directory's answer to most faulty writes.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "Request_BadRequest", message)
    }

    /// 400 `BadRequest`, the answer of the layer in front of the directory.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn unsupported_query() -> Self {
        Self::new(400, "Request_UnsupportedQuery", "Unsupported Query.")
    }

    pub(crate) fn not_found(id: &str) -> Self {
        let message =
            format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present.");
        Self::new(404, "Request_ResourceNotFound", message)
    }

    pub(crate) fn denied() -> Self {
        Self::new(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
    }

    pub(crate) fn unknown_segment(segment: &str) -> Self {
        Self::malformed(format!("Resource not found for the segment '{segment}'."))
    }

    pub(crate) fn invalid_token(message: impl Into<String>) -> Self {
        Self::new(401, "InvalidAuthenticationToken", message)
    }

    /// Adds one entry of `details`: its code and what it is about.
    pub(crate) fn with_detail(mut self, code: &'static str, target: &'static str) -> Self {
        self.details.push((code, target));
        self
    }

    /// The error body.
    pub(crate) fn body(&self, now: Timestamp, request_id: &str, client_request_id: &str) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if !self.details.is_empty() {
            let details = self
                .details
                .iter()
                .map(|(code, target)| json!({ "code": code, "message": self.message, "target": target }));
            error["details"] = details.collect();
        }
        error["innerError"] = json!({
            "date": clock::without_zone(now),
            "request-id": request_id,
            "client-request-id": client_request_id,
        });
        json!({ "error": error })
    }
}
