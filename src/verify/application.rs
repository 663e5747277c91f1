//! One application from its certificate to one harmless request at each of its APIs.

use jiff::Timestamp;

use crate::kinds::DeclaredExchangeAccess;
use crate::model::{
    Cause, Check, Cloud, DesiredApplication, Handle, ObservedApplication, Outcome, Snapshot, Subject,
    VerifiedApplication,
};

use super::{Asked, Means, api, certificate};

/// Everything that the proof of one application looks at.
#[derive(Clone, Copy)]
pub(super) struct Proof<'a> {
    pub(super) means: Means<'a>,
    pub(super) cloud: Cloud,
    pub(super) handle: &'a Handle,
    pub(super) declared: &'a DesiredApplication,
    pub(super) found: &'a Snapshot,
    /// What it is declared to have of Exchange's own; `None` where that is nothing.
    pub(super) exchange: Option<&'a DeclaredExchangeAccess>,
    pub(super) asked: &'a Asked,
    pub(super) now: Timestamp,
}

impl Proof<'_> {
    pub(super) async fn run(self) -> VerifiedApplication {
        let mut proven = VerifiedApplication {
            handle: self.handle.to_string(),
            display_name: self.declared.display_name.clone(),
            app_id: None,
            checks: Vec::new(),
        };
        let Some(application) = self.found.applications.get(self.handle.as_str()) else {
            let hint = "`accredit apply` makes it; where somebody deleted it, `accredit restore` brings it back";
            proven.checks.push(Check::failed(None, Subject::Application, Cause::NoApplication, hint));
            return proven;
        };
        proven.app_id = Some(application.app_id.clone());
        proven.checks.push(presence(application));
        proven.checks.extend(self.exchanges_own());
        let (checks, signer) = certificate::prove(self, application).await;
        let is_told = checks.iter().any(|check| check.outcome.cause().is_some());
        proven.checks.extend(checks);
        if signer.is_none() && !is_told {
            // Nothing failed, as nothing was tried, and that is no proof.
            let subject = Subject::Certificate(self.asked.certificate.clone().unwrap_or_default());
            let hint = "declare a certificate, or name one that is declared";
            proven.checks.push(Check::failed(None, subject, Cause::NoCertificate, hint));
        }
        for api in api::of(self) {
            match &signer {
                Some(signer) => proven.checks.extend(api.prove(self, application, signer).await),
                None => proven.checks.push(Check {
                    api: Some(api.name),
                    subject: Subject::Token,
                    outcome: Outcome::Skipped { because: "no certificate signs in".to_owned() },
                    notes: Vec::new(),
                }),
            }
        }
        proven
    }

    /// That it has the declared roles and role groups of Exchange's own, as Exchange shows them. No token says so, and what one may
    /// do by them shows in Exchange alone.
    fn exchanges_own(self) -> Vec<Check> {
        if !self.declared.exchange.is_some() {
            return Vec::new();
        }
        let none = DeclaredExchangeAccess::default();
        let DeclaredExchangeAccess { held, missing, problems } = self.exchange.unwrap_or(&none);
        let check = |outcome| Check::of(None, Subject::ExchangeRoles, outcome);
        let mut checks: Vec<Check> = Vec::new();
        for problem in problems {
            let cause = Cause::NotOffered { message: problem.message.clone() };
            checks.push(check(Outcome::Failed { cause, hint: problem.help.clone() }));
        }
        if !missing.is_empty() {
            let cause = Cause::MissingExchangeRoles { missing: missing.clone() };
            let hint = "`accredit apply` gives what the manifest declares; `accredit plan` shows it first".to_owned();
            checks.push(check(Outcome::Failed { cause, hint: Some(hint) }));
        } else if !held.is_empty() {
            checks.push(check(Outcome::Passed { evidence: held.join(", ") }));
        }
        checks.extend(self.found.exchange.unread().map(|unread| {
            let because = format!("{} could not be read: {}", unread.what, unread.error);
            check(Outcome::Skipped { because })
        }));
        checks
    }
}

/// That the application is there and may sign in, as Graph shows it.
fn presence(application: &ObservedApplication) -> Check {
    let (cause, hint) = match &application.service_principal {
        None => (Cause::NoServicePrincipal, "`accredit apply` makes it, with its consents and roles"),
        Some(found) if !found.account_enabled => {
            (Cause::Disabled, "switch on \"Enabled for users to sign in?\" under Enterprise applications")
        }
        Some(found) => {
            return Check::passed(
                None,
                Subject::Application,
                format!("{}, its service principal {}", application.app_id, found.id),
            );
        }
    };
    Check::failed(None, Subject::Application, cause, hint)
}
