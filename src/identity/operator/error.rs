//! Why nobody is signed in.

use crate::model::AuthenticationMethod;

use super::credential::Reason;

/// A way of signing in that was looked at, and why it was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    pub method: AuthenticationMethod,
    pub reason: Reason,
}

/// Why nobody is signed in. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// It was named, or is set up here and did not work.
    #[error("signing in to `{tenant}` by {method} failed: {}", reason.text)]
    Method { tenant: String, method: AuthenticationMethod, reason: Reason },
    /// The variables are about another tenant than the manifests.
    #[error("nobody signs in to `{tenant}`: {}", reason.text)]
    Tenant { tenant: String, reason: Reason },
    #[error("there is no way to sign in to `{tenant}` here")]
    Nothing { tenant: String, passed_over: Vec<PassedOver> },
}

impl OperatorError {
    /// What to do next.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Method { reason, .. } | Self::Tenant { reason, .. } => reason.help.clone(),
            Self::Nothing { .. } => {
                Some("any one of them is enough; docs/signing-in.md says more about each".to_owned())
            }
        }
    }

    /// Each way of signing in that was looked at, why it was not taken, and what would make it work.
    pub fn passed_over(&self) -> Vec<String> {
        let Self::Nothing { passed_over, .. } = self else { return Vec::new() };
        let told = passed_over.iter().map(|PassedOver { method, reason: Reason { text, help } }| match help {
            Some(help) => format!("{method}: {text} ({help})"),
            None => format!("{method}: {text}"),
        });
        told.collect()
    }
}
