//! What Graph refused, as it said it.

use serde_json::Value as Json;

use crate::catalog::least_privilege;
use crate::patience::OutOfTime;
use crate::transport::TransportError;

/// A request to Graph that did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    #[error("{method} {path}: {code}: {message} (HTTP {status}, request-id {request_id})")]
    Refused { method: String, path: String, status: u16, code: String, message: String, request_id: String },
    /// No answer came; a write may have taken effect.
    #[error("{method} {path}")]
    Lost {
        method: String,
        path: String,
        #[source]
        source: TransportError,
    },
    #[error("{method} {path}: {reason}")]
    Unreadable { method: String, path: String, reason: String },
    #[error("{method} {path}: the operator could not sign in")]
    SignIn {
        method: String,
        path: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The run's deadline came before an answer.
    #[error("{method} {path} was given up{}", last.as_ref().map(|last| format!(": {}", last.in_brief())).unwrap_or_default())]
    OutOfTime {
        method: String,
        path: String,
        /// Why it had not succeeded until then.
        last: Option<Box<Self>>,
        #[source]
        source: OutOfTime,
    },
}

/// The JSON of an answer. Some gateways put a byte order mark before it.
pub(super) fn json(answer: &http::Response<bytes::Bytes>) -> serde_json::Result<Json> {
    serde_json::from_slice(answer.body().strip_prefix(b"\xef\xbb\xbf").unwrap_or(answer.body()))
}

/// In place of Graph's code, where an answer has none: somebody on the way may have given it.
const NO_CODE: &str = "no code";

impl GraphError {
    pub(super) fn refused(method: &str, path: &str, answer: &http::Response<bytes::Bytes>) -> Self {
        let body = json(answer).unwrap_or(Json::Null);
        let error = &body["error"];
        let text = |value: &Json| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let header = answer.headers().get("request-id").and_then(|value| value.to_str().ok());
        let message = text(&error["message"]).or_else(|| text(&error["message"]["value"]));
        Self::Refused {
            method: method.to_owned(),
            path: path.to_owned(),
            status: answer.status().as_u16(),
            code: text(&error["code"]).unwrap_or_else(|| NO_CODE.to_owned()),
            message: message.unwrap_or_else(|| "no message".to_owned()),
            request_id: text(&error["innerError"]["request-id"])
                .or_else(|| header.map(str::to_owned))
                .unwrap_or_else(|| "unknown".to_owned()),
        }
    }

    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Lost { .. } | Self::Unreadable { .. } | Self::SignIn { .. } | Self::OutOfTime { .. } => None,
        }
    }

    /// Whether Graph says that something is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, code, .. } if code != NO_CODE)
    }

    /// What Graph said, or that it said nothing, in a few words.
    pub fn in_brief(&self) -> String {
        match self {
            Self::Refused { status: 429, .. } => "Graph is throttling (HTTP 429)".to_owned(),
            Self::Refused { status, code, .. } => format!("{code} (HTTP {status})"),
            Self::Lost { source, .. } => source.to_string(),
            Self::Unreadable { reason, .. } => reason.clone(),
            Self::SignIn { .. } => "the operator could not sign in".to_owned(),
            Self::OutOfTime { last: Some(last), source, .. } => format!("{}; {source}", last.in_brief()),
            Self::OutOfTime { last: None, source, .. } => source.to_string(),
        }
    }

    /// Whether a write to the same object, or its making, was still under way, so that Graph did not begin this one.
    pub fn is_conflict_of_writes(&self) -> bool {
        matches!(self, Self::Refused { status: 409, code, .. }
            if code == "Directory_ConcurrencyViolation" || code == "Error_MsaAppDoesNotExist")
    }

    /// Whether Graph may only not know yet what was written a moment ago: what it says then is what it says of objects that
    /// do not exist. Only for requests about objects of the same run does it mean anything else.
    pub fn may_be_replication(&self) -> bool {
        const SAYINGS: [&str; 4] = [
            "does not reference a valid application object",
            "backing application of the service principal being created must",
            "Not a valid reference update",
            "does not exist or one of its queried reference-property objects are not present",
        ];
        match self {
            Self::Refused { status: 404, .. } => self.is_not_found(),
            Self::Refused { status: 400 | 403, message, .. } => SAYINGS.iter().any(|saying| message.contains(saying)),
            Self::Refused { .. }
            | Self::Lost { .. }
            | Self::Unreadable { .. }
            | Self::SignIn { .. }
            | Self::OutOfTime { .. } => false,
        }
    }

    /// Whether Graph says that what was to be made is there already. It says so with several codes; the words are
    /// steadier (`Request_BadRequest` and `Request_MultipleObjectsWithSameKeyValue` both occur for each of them).
    pub fn already_exists(&self) -> bool {
        const SAYINGS: [&str; 6] = [
            "already in use",
            "already exist",
            "A conflicting object with one or more of the specified property values is present",
            "object references already exist",
            "Permission being assigned already exists",
            "EntitlementGrant entry already exists",
        ];
        match self {
            Self::Refused { status: 400 | 409, code, message, .. } => {
                code == "Request_MultipleObjectsWithSameKeyValue"
                    || SAYINGS.iter().any(|saying| message.contains(saying))
            }
            Self::Refused { .. }
            | Self::Lost { .. }
            | Self::Unreadable { .. }
            | Self::SignIn { .. }
            | Self::OutOfTime { .. } => false,
        }
    }

    /// Whether Graph says that what was to be removed is not there.
    pub fn already_gone(&self) -> bool {
        match self {
            Self::Refused { status: 404, .. } => self.is_not_found(),
            Self::Refused { status: 400, message, .. } => message.contains("credential found with keyId"),
            Self::Refused { .. }
            | Self::Lost { .. }
            | Self::Unreadable { .. }
            | Self::SignIn { .. }
            | Self::OutOfTime { .. } => false,
        }
    }

    /// Whether something cannot go yet because of others that need it; what was just removed may be the last of them.
    pub fn is_still_in_use(&self) -> bool {
        matches!(self, Self::Refused { status: 400 | 409, method, message, .. } if method == "DELETE" && message.contains("in use by"))
    }

    /// Whether an organization refuses changes to Exchange's own roles until somebody ran `Enable-OrganizationCustomization` in it.
    fn is_dehydrated(&self) -> bool {
        matches!(self, Self::Refused { message, .. } if message.contains("Enable-OrganizationCustomization"))
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

    /// The likely cause and what helps.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Refused { .. } if self.is_dehydrated() => {
                "the organization is dehydrated: somebody with Organization Management runs `Enable-OrganizationCustomization` in Exchange Online PowerShell, once for the tenant; it works some minutes later"
            }
            Self::Refused { .. } if self.is_still_in_use() => {
                "something else uses it, or Exchange has not noticed yet that nothing does: `Get-ManagementRoleAssignment` shows under CustomResourceScope whose roles hold for it; once they are taken away, or some minutes later, run it again"
            }
            Self::Refused { status: 401, .. } => {
                "the operator's token was not accepted: check the tenant, the cloud and the clock of this machine"
            }
            Self::Refused { status: 403, method, path, .. } => return Some(denied(method, path)),
            Self::Refused { status: 404, .. } if !self.is_not_found() => {
                "Graph does not say so that something is not there: look whether a proxy or firewall between here and it gave this answer"
            }
            Self::Refused { status: 404, .. } => {
                "it was deleted, or was made a moment ago and is not known everywhere yet: run it again, and it looks anew"
            }
            Self::OutOfTime { .. } => {
                "run it again later, or with a longer `--timeout`: what is done stays done, and it looks before it writes"
            }
            Self::Lost { method, .. } | Self::Refused { status: 500..=599, method, .. } if method == "GET" => {
                "nothing was changed; run it again when Graph answers"
            }
            Self::Lost { .. } | Self::Refused { status: 500..=599, .. } => {
                "whether it took effect is not known; run it again: it looks before it writes"
            }
            Self::Refused { .. } => {
                "Graph takes the request for wrong: compare what it says with the manifest; the request-id is what Microsoft's support asks for"
            }
            Self::Unreadable { .. } | Self::SignIn { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

/// What was not allowed, and the least that would allow it.
fn denied(method: &str, path: &str) -> String {
    const WHO: &str = "a Privileged Role Administrator or Global Administrator grants it, and a new sign-in has it; `accredit whoami` shows what the operator may do";
    match least_privilege::find(method, path) {
        Some(entry) => format!("{} needs {}: {WHO}", entry.purpose, entry.remedy()),
        None => format!("the operator lacks a permission for this request: {WHO}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, method: &str, path: &str) -> GraphError {
        let body = r#"{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges","innerError":{"request-id":"r-1"}}}"#;
        let answer = http::Response::builder().status(status).body(bytes::Bytes::from_static(body.as_bytes())).unwrap();
        GraphError::refused(method, path, &answer)
    }

    #[test]
    fn a_refusal_says_what_graph_said_and_what_would_allow_it() {
        let error = refused(403, "POST", "/servicePrincipals/1/appRoleAssignedTo");
        assert_eq!(
            error.to_string(),
            "POST /servicePrincipals/1/appRoleAssignedTo: Authorization_RequestDenied: Insufficient privileges (HTTP 403, request-id r-1)"
        );
        let hint = error.hint().unwrap();
        assert!(
            hint.starts_with("granting an application permission needs `AppRoleAssignment.ReadWrite.All` together with `Application.Read.All`"),
            "{hint}"
        );
        assert!(hint.contains("Privileged Role Administrator"), "{hint}");
    }

    #[test]
    fn who_answers_404_without_a_code_is_not_graph() {
        let own = refused(404, "DELETE", "/applications/1");
        assert!(own.is_not_found() && own.already_gone() && own.may_be_replication());
        let answer = http::Response::builder().status(404).body(bytes::Bytes::from_static(b"<html></html>")).unwrap();
        let other = GraphError::refused("DELETE", "/applications/1", &answer);
        assert!(!other.is_not_found() && !other.already_gone() && !other.may_be_replication());
        assert!(other.hint().unwrap().contains("proxy"));
    }

    #[test]
    fn every_refusal_has_a_remedy() {
        for status in [400, 401, 403, 404, 409, 429, 500, 503] {
            assert!(refused(status, "PATCH", "/applications/1").hint().is_some(), "{status}");
        }
        assert!(refused(403, "GET", "/something/else").hint().unwrap().contains("lacks a permission"));
    }
}
