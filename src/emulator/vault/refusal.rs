//! What Key Vault says when it refuses. The codes and texts are the service's own, because clients match them.

use serde_json::{Value, json};

use super::store::Kind;

/// A refused request.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    inner: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), inner: None }
    }

    pub(super) fn bad_parameter(message: impl Into<String>) -> Self {
        Self::new(400, "BadParameter", message)
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(401, "Unauthorized", message)
    }

    /// `name` is the name, or name and version, as the path has them.
    pub(super) fn not_found(kind: &Kind, name: &str) -> Self {
        let thing = kind.singular.to_lowercase();
        Self::new(
            404,
            &format!("{}NotFound", kind.singular),
            format!(
                "A {thing} with (name/id) {name} was not found in this key vault. If you recently deleted this {thing} \
                 you may be able to recover it using the correct recovery command. For help resolving this issue, \
                 please see https://go.microsoft.com/fwlink/?linkid=2125182"
            ),
        )
    }

    pub(super) fn deleted_not_found(kind: &Kind, name: &str) -> Self {
        let singular = kind.singular;
        Self::new(404, &format!("{singular}NotFound"), format!("Deleted {singular} not found: {name}"))
    }

    pub(super) fn pending_not_found(name: &str) -> Self {
        Self::new(404, "PendingCertificateNotFound", format!("Pending certificate not found: {name}"))
    }

    pub(super) fn name_is_deleted(kind: &Kind, name: &str) -> Self {
        let message = format!(
            "{} {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, \
             the {} can only be recovered or purged.",
            kind.singular,
            kind.singular.to_lowercase()
        );
        Self { inner: Some("ObjectIsDeletedButRecoverable"), ..Self::new(409, "Conflict", message) }
    }

    pub(super) fn forbidden(message: impl Into<String>, inner: &'static str) -> Self {
        Self { inner: Some(inner), ..Self::new(403, "Forbidden", message) }
    }

    pub(super) fn of_a_certificate(kind: &Kind) -> Self {
        let thing = kind.singular.to_lowercase();
        Self::new(
            403,
            "Forbidden",
            format!("The operation is not allowed on this {thing}, since it is associated with a certificate."),
        )
    }

    pub(super) fn not_served(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("This emulator does not serve {what}."))
    }

    pub(super) fn body(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(inner) = self.inner {
            error["innererror"] = json!({ "code": inner });
        }
        json!({ "error": error })
    }
}
