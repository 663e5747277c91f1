//! Errors as causes, with what helps.

use std::error::Error;

use crate::exchange::ExchangeError;
use crate::fetch::in_one_line;
use crate::graph::GraphError;
use crate::identity::SignInError;
use crate::keys::{StoreError, VaultError};
use crate::model::{Cause, Check, Outcome, Subject};

impl Check {
    pub(super) fn passed(api: Option<&str>, subject: Subject, evidence: impl Into<String>) -> Self {
        Self::of(api, subject, Outcome::Passed { evidence: evidence.into() })
    }

    pub(super) fn failed(api: Option<&str>, subject: Subject, cause: Cause, hint: impl Into<String>) -> Self {
        Self::of(api, subject, Outcome::Failed { cause, hint: Some(hint.into()) })
    }

    pub(super) fn skipped(api: Option<&str>, subject: Subject, because: impl Into<String>) -> Self {
        Self::of(api, subject, Outcome::Skipped { because: because.into() })
    }

    pub(super) fn of(api: Option<&str>, subject: Subject, outcome: Outcome) -> Self {
        Self { api: api.map(str::to_owned), subject, outcome, notes: Vec::new() }
    }
}

/// A store that was not read, or did not sign.
pub(super) fn of_store(subject: Subject, error: &StoreError) -> Check {
    let hint = std::iter::successors(Some(error as &(dyn Error + 'static)), |&error| error.source())
        .find_map(|error| error.downcast_ref::<VaultError>()?.help());
    Check::of(None, subject, Outcome::Failed { cause: Cause::Store { message: said(&in_one_line(error)) }, hint })
}

/// A sign-in that gave no token.
pub(super) fn of_sign_in(api: Option<&str>, subject: Subject, error: &SignInError) -> Check {
    let message = said(&error.in_brief());
    let (cause, hint) = match error {
        SignInError::Refused { status, codes, .. } => {
            let hint = codes.iter().find_map(|code| remedy(*code));
            let hint =
                hint.or((*status == 429 || *status >= 500).then_some("run it again when the token service answers"));
            let hint = hint.map(str::to_owned);
            (Cause::TokenRefused { status: *status, codes: codes.clone(), message }, hint)
        }
        SignInError::Transport { source, .. } => (Cause::NoAnswer { message }, source.hint().map(str::to_owned)),
        SignInError::Sign { .. } => (Cause::Store { message }, None),
    };
    Check::of(api, subject, Outcome::Failed { cause, hint })
}

/// What is known to help, by the number behind `AADSTS`.
/// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
fn remedy(code: u64) -> Option<&'static str> {
    Some(match code {
        700_016 => {
            "the application is not in this tenant: look whether `tenant` and `cloud` in the manifests are right, then run \
             `accredit plan`"
        }
        7_000_229 => "`accredit apply` makes its service principal, with its consents and roles",
        700_027 => "the certificate is not on the application, or has ended there: `accredit plan` says which",
        7_000_112 => "switch on \"Enabled for users to sign in?\" under Enterprise applications",
        700_025 => "the application is a public client: switch off \"Allow public client flows\" under Authentication",
        90_002 | 90_038 | 900_023 | 900_382 | 900_432 => {
            "look whether `tenant` and `cloud` in the manifests are right: tenants of one cloud are unknown in the others"
        }
        53_003 => "a Conditional Access policy for workload identities is in the way, such as one of locations",
        500_011 | 650_052 | 650_057 => {
            "the API has no service principal in this tenant, or is another cloud's: look at `cloud` in the manifests"
        }
        500_014 => "the API's own service principal is disabled in this tenant",
        501_051 | 65_001 | 650_056 => "`accredit apply` grants the consent",
        _ => return None,
    })
}

/// A cmdlet, or the list of them, that did not come.
pub(super) fn of_exchange(api: &str, subject: Subject, error: &ExchangeError) -> Check {
    let cause = match error {
        ExchangeError::Refused { cmdlet, status, message, request_id, denial } => Cause::ExchangeRefused {
            cmdlet: cmdlet.clone(),
            status: *status,
            message: said(message),
            request_id: request_id.clone(),
            denial: *denial,
        },
        ExchangeError::Lost { .. }
        | ExchangeError::Unreadable { .. }
        | ExchangeError::SignIn { .. }
        | ExchangeError::OutOfTime { .. } => Cause::NoAnswer { message: said(&error.in_brief()) },
    };
    Check::of(Some(api), subject, Outcome::Failed { cause, hint: error.hint().map(str::to_owned) })
}

/// A request to Graph that was refused, or not answered.
pub(super) fn of_graph(api: &str, subject: Subject, error: &GraphError) -> Check {
    let (cause, hint) = match error {
        GraphError::Refused { path, status, code, message, request_id, method: _ } => {
            let cause = Cause::GraphRefused {
                path: path.clone(),
                status: *status,
                code: code.clone(),
                message: said(message),
                request_id: request_id.clone(),
            };
            let hint =
                "the token has the permission, so Graph may not know of it yet, or the service is not licensed here";
            (cause, Some(hint.to_owned()))
        }
        GraphError::Lost { .. }
        | GraphError::Unreadable { .. }
        | GraphError::SignIn { .. }
        | GraphError::OutOfTime { .. } => (Cause::NoAnswer { message: said(&in_one_line(error)) }, error.hint()),
    };
    Check::of(Some(api), subject, Outcome::Failed { cause, hint })
}

/// Others' words as far as they are shown.
const LONGEST: usize = 500;

/// What others said, without tokens and no longer than anybody reads.
fn said(text: &str) -> String {
    let is_of_token = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("eyJ") {
        let end = rest[at..].find(|character| !is_of_token(character)).map_or(rest.len(), |end| at + end);
        shown.push_str(&rest[..at]);
        let word = &rest[at..end];
        shown.push_str(if word.matches('.').count() >= 2 { "(a token)" } else { word });
        rest = &rest[end..];
    }
    shown.push_str(rest);
    match shown.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_say_is_cut_and_holds_no_token() {
        assert_eq!(said("Bearer eyJ0eXAi.eyJhdWQi.c2ln-_ was refused"), "Bearer (a token) was refused");
        assert_eq!(said("eyJ is how they begin"), "eyJ is how they begin");
        let page = said(&"ä".repeat(9000));
        assert!(page.chars().count() == LONGEST + 1 && page.ends_with('…'));
    }
}
