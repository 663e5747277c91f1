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

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

use crate::exchange::Service;
use crate::fetch::{FetchError, Found, found};
use crate::graph::{Client, Reader};
use crate::identity::CertificateSignIn;
use crate::keys::KeyStore;
use crate::model::{
    Check, Desired, DesiredApplication, Handle, ObservedApplication, Outcome, Verification, VerifiedApplication,
};
use crate::patience::{Patience, shown};

/// Applications that are proven at once.
const AT_ONCE: usize = 8;

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

/// When what may only not be known everywhere yet is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// As long as something that Graph dates was written less than the time of propagation ago: an application that is
    /// broken since long is told of at once.
    WhileRecent,
    /// For the time of propagation, from now on: what Graph does not date, such as a directory role, was just written.
    Always,
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
    open.applications.retain(|_, application| has_certificates(application));
    loop {
        let found = found(means.reader, &open).await?;
        verification.tenant_id.clone_from(&found.tenant.id);
        verification.organization.clone_from(&found.tenant.initial_domain);
        let now = (means.sign_in.clock)();
        let round = round(means, &open, &found, asked, now).await;
        let mut waiting: Vec<(Duration, String)> = Vec::new();
        for (handle, mut application) in round {
            let newest = found.applications.get(handle.as_str()).and_then(|found| newest_change(found, begun));
            let left = left(asked, newest, begun, waited);
            let why = mark(&mut application.checks, left);
            match why.filter(|_| asked.waiting != Waiting::Never) {
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
    application.certificates.as_ref().is_some_and(|certificates| !certificates.is_empty())
}

async fn round(
    means: Means<'_>,
    open: &Desired,
    found: &Found,
    asked: &Asked,
    now: Timestamp,
) -> Vec<(Handle, VerifiedApplication)> {
    stream::iter(&open.applications)
        .map(|(handle, declared)| async move {
            let proof = application::Proof { means, cloud: open.cloud, handle, declared, found, asked, now };
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
    application.created.into_iter().chain(certificates).chain(consents).filter(|at| *at <= now).max()
}

/// For how long it is still waited that what was written becomes known.
fn left(asked: &Asked, newest: Option<Timestamp>, begun: Timestamp, waited: Duration) -> Duration {
    let since = match (asked.waiting, newest) {
        (Waiting::Always, _) => Duration::ZERO,
        (Waiting::WhileRecent | Waiting::Never, Some(newest)) => begun.duration_since(newest).unsigned_abs(),
        (Waiting::WhileRecent | Waiting::Never, None) => return Duration::ZERO,
    };
    asked.propagation.saturating_sub(since).saturating_sub(waited)
}

/// A long time in whole minutes: nobody counts these in seconds.
fn in_minutes(left: Duration) -> Duration {
    let minutes = left.as_secs().div_ceil(60);
    if minutes > 1 { Duration::from_mins(minutes) } else { left }
}

/// Makes what failed and may still pass by itself a thing that is waited for, and says what that is first.
fn mark(checks: &mut [Check], left: Duration) -> Option<String> {
    if left.is_zero() {
        return None;
    }
    let mut first = None;
    for check in checks {
        let Outcome::Failed { cause, hint } = &check.outcome else { continue };
        if cause.may_be_propagation() {
            first.get_or_insert_with(|| format!("{}: {cause}", check.subject));
            check.outcome = Outcome::Waiting { cause: cause.clone(), hint: hint.clone() };
        }
    }
    first
}
