//! Proves that applications can do what they are declared for: each signs in with its certificate, and does something harmless
//! at every API that its manifest names. It changes nothing, and every token is a new one.

mod api;
mod application;
mod certificate;
mod claims;
mod exchange;
mod failure;
mod graph;

pub use claims::{Expected, identity};
pub use exchange::{CmdletCall, InvalidCall};

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

use crate::exchange::Service;
use crate::fetch::{FetchError, found};
use crate::graph::{Client, Reader};
use crate::identity::CertificateSignIn;
use crate::keys::KeyStore;
use crate::kinds::{DeclaredExchangeAccess, declared_exchange_access};
use crate::model::{
    Check, Desired, DesiredApplication, Handle, ObservedApplication, Outcome, Snapshot, Subject, Verification,
    VerifiedApplication,
};
use crate::patience::{Patience, shown};
use crate::transport::TokenSource;

/// Applications that are proven at once.
const AT_ONCE: usize = 8;

/// How long Exchange may keep in memory what an application may do by roles of its own.
/// <https://learn.microsoft.com/exchange/permissions-exo/application-rbac>
const EXCHANGE_CACHE: Duration = Duration::from_hours(2);

/// What proofs are made with.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// The operator's, who looks what there is.
    pub reader: &'a Reader,
    /// The places of the declared certificates, by handle and name.
    pub stores: &'a BTreeMap<(String, String), KeyStore>,
    /// Its resource is Microsoft Graph.
    pub sign_in: &'a CertificateSignIn,
    /// Requests to Graph go by it, with the applications' tokens instead of the operator's.
    pub graph: &'a Client,
    pub exchange: &'a Service,
    /// The operator's tokens for a resource.
    pub token: &'a (dyn Fn(&str) -> TokenSource + Sync),
    /// None where the cloud's file does not say where it is.
    pub security_and_compliance: Option<&'a Service>,
}

/// What is wanted of a proof.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Only this one of an application's certificates.
    pub certificate: Option<String>,
    /// Cmdlets that have to work, besides those that are always tried.
    pub cmdlets: Vec<CmdletCall>,
    /// Whether Security & Compliance has to work whatever the manifest declares.
    pub security_and_compliance: bool,
    /// Whether the mailboxes that were read are named.
    pub show_mailboxes: bool,
    pub waiting: Waiting,
    /// How long what was written may take to be known everywhere.
    pub propagation: Duration,
}

impl Asked {
    /// That everything works that is declared, and nothing besides.
    pub fn of_all(waiting: Waiting, propagation: Duration) -> Self {
        Self {
            certificate: None,
            cmdlets: Vec::new(),
            security_and_compliance: false,
            show_mailboxes: false,
            waiting,
            propagation,
        }
    }
}

/// When what may only not be known everywhere yet is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// As long as something that Graph dates was written less than the time of propagation ago: an application that is
    /// broken since long is told of at once.
    WhileRecent,
    /// For the time of propagation, from now on: what Graph does not date, such as a directory role, was just written.
    Always,
    /// The same, and even for what Graph does not show: this run wrote it.
    AfterWriting,
    Never,
}

/// Proves the declared applications that have certificates.
///
/// # Errors
/// The tenant could not be read. What fails in an application is no error.
pub async fn verify(means: Means<'_>, desired: &Desired, asked: &Asked) -> Result<Verification, FetchError> {
    let patience = &means.sign_in.patience;
    let begun = (means.sign_in.clock)();
    let mut waited = Duration::ZERO;
    let mut waits = Patience::waits();
    let mut verification = Verification::default();
    let mut proven: BTreeMap<Handle, VerifiedApplication> = BTreeMap::new();
    let mut open = desired.clone();
    open.applications.retain(|_, application| has_certificate(application, asked.certificate.as_deref()));
    loop {
        let admin_endpoint =
            |tenant_id: &str| means.exchange.of_tenant(tenant_id, (means.token)(means.exchange.resource()));
        let found = found(means.reader, &admin_endpoint, &open, asked.waiting != Waiting::Never).await?;
        verification.tenant_id.clone_from(&found.tenant.id);
        verification.organization.clone_from(&found.tenant.initial_domain);
        let now = (means.sign_in.clock)();
        let exchange = declared_exchange_access(&open, &found, now);
        let round = round(means, &open, (&found, &exchange), asked, now).await;
        let mut waiting: Vec<(Duration, String)> = Vec::new();
        for (handle, mut application) in round {
            let newest = found.applications.get(handle.as_str()).and_then(|found| newest_change(found, begun));
            let left_of = |time: Duration| left(asked, time, newest, begun, waited);
            let left = left_of(asked.propagation);
            // What takes longer than anybody waits is still no failure.
            let has_own = has_exchanges_own(&open, &handle);
            let open_for = if has_own { left_of(asked.propagation.max(EXCHANGE_CACHE)) } else { left };
            let why = mark(&mut application.checks, open_for, asked.waiting == Waiting::AfterWriting);
            match why.filter(|_| asked.waiting != Waiting::Never && !left.is_zero()) {
                Some(why) => waiting.push((left, format!("{handle}: {why}"))),
                None => drop(open.applications.remove(&handle)),
            }
            proven.insert(handle, application);
        }
        let Some((left, why)) = waiting.iter().min_by_key(|(left, _)| *left) else { break };
        let wait = waits.next().unwrap_or(*left).min(*left);
        let others = if waiting.len() > 1 { format!(", and {} more", waiting.len() - 1) } else { String::new() };
        let why = format!("{why}{others} (at most {} more)", shown(in_minutes(*left)));
        if patience.pause(wait, &why).await.is_err() {
            break;
        }
        waited += wait;
    }
    verification.applications = proven.into_values().collect();
    Ok(verification)
}

/// Whether there is anything by which the application could sign in.
pub fn has_certificates(application: &DesiredApplication) -> bool {
    has_certificate(application, None)
}

/// Whether there is this certificate, or any.
pub fn has_certificate(application: &DesiredApplication, named: Option<&str>) -> bool {
    application.certificates.iter().flatten().any(|(name, _)| named.is_none_or(|named| named == name))
}

async fn round(
    means: Means<'_>,
    open: &Desired,
    (found, exchange): (&Snapshot, &BTreeMap<String, DeclaredExchangeAccess>),
    asked: &Asked,
    now: Timestamp,
) -> Vec<(Handle, VerifiedApplication)> {
    stream::iter(&open.applications)
        .map(|(handle, declared)| async move {
            let exchange = exchange.get(handle.as_str());
            let proof = application::Proof { means, cloud: open.cloud, handle, declared, found, exchange, asked, now };
            (handle.clone(), proof.run().await)
        })
        .buffered(AT_ONCE)
        .collect()
        .await
}

/// When an application was changed last, as far as Graph dates it: directory roles have no date.
fn newest_change(application: &ObservedApplication, now: Timestamp) -> Option<Timestamp> {
    let certificates = application.key_credentials.iter().filter_map(|credential| credential.start);
    let principal = application.service_principal.iter();
    let consents = principal.flat_map(|found| &found.app_role_assignments).filter_map(|consent| consent.created);
    // Some begin in the future, and none of the rest does: it is the tenant's clock that is ahead of this one.
    let written = application.created.into_iter().chain(consents).map(|at| at.min(now));
    written.chain(certificates.filter(|at| *at <= now)).max()
}

/// Whether an application is to have roles or role groups of Exchange's own.
fn has_exchanges_own(desired: &Desired, handle: &Handle) -> bool {
    desired.applications.get(handle).is_some_and(|application| application.exchange.is_some())
}

/// For how long it is still waited that what was written becomes known.
fn left(asked: &Asked, time: Duration, newest: Option<Timestamp>, begun: Timestamp, waited: Duration) -> Duration {
    let since = match (asked.waiting, newest) {
        (Waiting::Always | Waiting::AfterWriting, _) => Duration::ZERO,
        (Waiting::WhileRecent | Waiting::Never, Some(newest)) => begun.duration_since(newest).unsigned_abs(),
        (Waiting::WhileRecent | Waiting::Never, None) => return Duration::ZERO,
    };
    time.saturating_sub(since).saturating_sub(waited)
}

/// A long time in whole minutes: nobody counts these in seconds.
fn in_minutes(left: Duration) -> Duration {
    let minutes = left.as_secs().div_ceil(60);
    if minutes > 1 { Duration::from_mins(minutes) } else { left }
}

/// Makes what failed and may still pass by itself a thing that is waited for, and says what that is first, which is what the others
/// follow from. Where anything of the application failed for good, waiting would not make it work.
fn mark(checks: &mut [Check], left: Duration, just_made: bool) -> Option<String> {
    if left.is_zero() {
        return None;
    }
    let is_final = |check: &Check| match &check.outcome {
        Outcome::Failed { cause, hint: _ } => !cause.may_be_propagation(just_made),
        Outcome::Passed { .. } | Outcome::Waiting { .. } | Outcome::Skipped { .. } => false,
    };
    let is_hopeless = checks.iter().any(is_final);
    // What an API denies because the token lacks something for good is as final.
    let is_root = |check: &Check| matches!(check.subject, Subject::Permissions | Subject::DirectoryRoles);
    let roots = checks.iter().filter(|check| is_root(check) && is_final(check));
    let denied: BTreeSet<Option<String>> = roots.map(|check| check.api.clone()).collect();
    // Without its application or service principal nothing signs in.
    let is_absent = checks.iter().any(|check| check.subject == Subject::Application && is_final(check));
    // No API is named there: Exchange is meant.
    let is_ungiven = checks.iter().any(|check| check.subject == Subject::ExchangeRoles && is_final(check));
    let mut first = None;
    for check in checks {
        let Outcome::Failed { cause, hint } = &check.outcome else { continue };
        let follows = is_absent || cause.is_denial() && (is_ungiven || denied.contains(&check.api));
        if cause.may_be_propagation(just_made) && !follows {
            first.get_or_insert_with(|| format!("{}: {cause}", check.subject));
            check.outcome = Outcome::Waiting { cause: cause.clone(), hint: hint.clone() };
        }
    }
    first.filter(|_| !is_hopeless)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cause, Denial};

    fn failed(api: &str, subject: Subject, cause: Cause) -> Check {
        Check::failed(Some(api), subject, cause, "")
    }

    fn refused(status: u16, denial: Option<Denial>) -> Cause {
        let (cmdlet, message, request_id) = (String::new(), String::new(), String::new());
        Cause::ExchangeRefused { cmdlet, status, message, request_id, denial }
    }

    fn permissions(granted: &[&str]) -> Cause {
        let granted = granted.iter().map(|name| (*name).to_owned()).collect();
        Cause::MissingPermissions { missing: vec!["Exchange.ManageAsApp".to_owned()], granted }
    }

    const LONG: Duration = Duration::from_mins(15);

    fn outcomes(checks: &[Check]) -> Vec<&'static str> {
        checks.iter().map(|check| check.outcome.as_str()).collect()
    }

    #[test]
    fn what_follows_from_something_final_is_final_too() {
        let mut checks = [
            failed("exo", Subject::Permissions, permissions(&[])),
            failed("exo", Subject::Cmdlets, refused(401, Some(Denial::NoPermission))),
            failed("graph", Subject::Permissions, permissions(&["Exchange.ManageAsApp"])),
        ];
        assert_eq!(mark(&mut checks, LONG, false), None, "nothing is waited for that would not make it work");
        assert_eq!(outcomes(&checks), ["failed", "failed", "waiting"]);
    }

    #[test]
    fn what_is_on_its_way_is_waited_for_by_its_root() {
        let mut checks = [
            failed("exo", Subject::Permissions, permissions(&["Exchange.ManageAsApp"])),
            failed("exo", Subject::Cmdlets, refused(401, Some(Denial::NoPermission))),
        ];
        assert!(mark(&mut checks, LONG, false).unwrap().starts_with("permissions: "));
        assert_eq!(outcomes(&checks), ["waiting", "waiting"]);
        let proxy = || [failed("exo", Subject::Cmdlets, refused(403, None))];
        assert_eq!(mark(&mut proxy(), LONG, true), None, "no word of Exchange's");
        let role = || [failed("exo", Subject::Cmdlets, refused(403, Some(Denial::NoRole)))];
        assert!(mark(&mut role(), LONG, false).is_some());
        assert!(mark(&mut role(), Duration::ZERO, false).is_none());
    }

    #[test]
    fn what_graph_does_not_show_is_on_its_way_only_where_this_run_wrote_it() {
        let checks = || [failed("exo", Subject::Application, Cause::NoServicePrincipal)];
        assert_eq!(mark(&mut checks(), LONG, false), None);
        assert!(mark(&mut checks(), LONG, true).is_some());
    }
}
