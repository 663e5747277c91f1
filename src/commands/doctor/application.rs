//! Applications, looked at one by one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::FORMAT_VERSION;
use crate::commands::console::Console;
use crate::commands::session::Session;
use crate::commands::{Exit, Failure, Target};
use crate::doctor::{Observed, can_sign_in, examine, recognize, with_proof};
use crate::graph::{Reader, literal};
use crate::kinds::declared_exchange_access;
use crate::model::{ExaminedApplication, ObservedApplication, Recognition, Selection, VerifiedApplication};
use crate::patience::Patience;
use crate::render;
use crate::verify::{Asked, Waiting, verify};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    format_version: u32,
    healthy: bool,
    /// The tenant's id and its initial domain.
    tenant: &'a str,
    organization: &'a str,
    applications: &'a [ExaminedApplication],
}

/// What is said where the tenant could not even be asked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Unreached<'a> {
    format_version: u32,
    healthy: bool,
    error: &'a [String],
    #[serde(flatten)]
    recognition: &'a Recognition,
}

pub(super) async fn run(
    console: &Console,
    mut target: Target,
    handle: Option<String>,
    json: bool,
) -> Result<Exit, Failure> {
    if let Some(handle) = handle.clone() {
        target.selection.targets.extend(Selection::of([handle]).targets);
    }
    let session = match Session::open(console, target, Patience::PROPAGATION_TIMEOUT).await {
        Ok(session) => session,
        Err(failure) => return unreached(console, failure, json),
    };
    if handle.is_none() {
        session.check_declared()?;
    }
    if let Some(unknown) = handle.filter(|name| !session.desired.applications.contains_key(name.as_str())) {
        return Err(Failure::message(format!("`{unknown}` is no handle of the manifests")));
    }
    let applications = match examined(&session).await {
        Ok(applications) => applications,
        Err(failure) => return unreached(console, failure, json),
    };
    let Examined { tenant, organization, applications } = applications;
    let healthy = applications.iter().all(ExaminedApplication::is_healthy);
    if json {
        let document = Document {
            format_version: FORMAT_VERSION,
            healthy,
            tenant: &tenant,
            organization: &organization,
            applications: &applications,
        };
        console.data(&render::diagnosis_json(&document))?;
    } else {
        console.data(&render::examination_text(&applications, console.paint))?;
    }
    if healthy {
        console.say("Where it fails all the same, give the error text: `accredit doctor 'TEXT'`.");
        return Ok(Exit::Success);
    }
    Err(Failure::said())
}

struct Examined {
    tenant: String,
    organization: String,
    applications: Vec<ExaminedApplication>,
}

async fn examined(session: &Session) -> Result<Examined, Failure> {
    let now = session.now;
    let (snapshot, unreadable) = session.as_far_as_readable(&Selection::default()).await?;
    let declared = session.desired.applications.keys();
    let found = declared.clone().filter_map(|handle| snapshot.applications.get(handle.as_str()));
    let deleted_service_principals = deleted(&session.reader(), found).await?;
    let files: BTreeMap<_, _> =
        session.stores.iter().filter_map(|(key, store)| Some((key.clone(), store.examine(now)?))).collect();
    let exchange = declared_exchange_access(&session.desired, &snapshot, now);
    let observed = Observed {
        desired: &session.desired,
        snapshot: &snapshot,
        unreadable: &unreadable,
        files: &files,
        exchange: &exchange,
        deleted_service_principals: &deleted_service_principals,
        now,
    };
    let examined: Vec<ExaminedApplication> = declared.filter_map(|handle| examine(observed, handle.as_str())).collect();
    let proofs = proofs(session, &examined).await?;
    let proof = |handle: &str| proofs.iter().find(|proof| proof.handle == handle);
    let applications = examined
        .into_iter()
        .map(|examined| {
            let proof = proof(&examined.handle);
            with_proof(examined, proof)
        })
        .collect();
    let organization = snapshot.tenant.initial_domain.clone();
    Ok(Examined { tenant: snapshot.tenant.id.clone(), organization, applications })
}

/// What became of those that were tried: all of which nothing is known that would keep them from signing in.
async fn proofs(session: &Session, examined: &[ExaminedApplication]) -> Result<Vec<VerifiedApplication>, Failure> {
    let ready: BTreeSet<&str> =
        examined.iter().filter(|examined| can_sign_in(examined)).map(|examined| examined.handle.as_str()).collect();
    let mut desired = session.desired.clone();
    desired.applications.retain(|handle, _| ready.contains(handle.as_str()));
    if desired.applications.is_empty() {
        return Ok(Vec::new());
    }
    let asked = Asked::of_all(Waiting::Never, Patience::PROPAGATION_TIMEOUT);
    let reader = session.reader();
    let verification = verify(session.means(&reader), &desired, &asked).await.map_err(Failure::of_fetch)?;
    Ok(verification.applications)
}

/// The `appId`s of those whose service principal is missing because it was deleted.
async fn deleted(
    reader: &Reader,
    applications: impl Iterator<Item = &ObservedApplication>,
) -> Result<BTreeSet<String>, Failure> {
    let mut deleted = BTreeSet::new();
    for application in applications.filter(|application| application.service_principal.is_none()) {
        let filter = literal(&application.app_id);
        let path = format!("/directory/deletedItems/microsoft.graph.servicePrincipal?$filter=appId eq {filter}");
        if !reader.list(&path).await?.is_empty() {
            deleted.insert(application.app_id.clone());
        }
    }
    Ok(deleted)
}

/// Nobody could sign in or read: what is known of that.
fn unreached(console: &Console, failure: Failure, json: bool) -> Result<Exit, Failure> {
    let error = failure.chain();
    let recognition = recognize(&error.join("\n"), "HANDLE");
    if json {
        console.data(&render::diagnosis_json(&Unreached {
            format_version: FORMAT_VERSION,
            healthy: false,
            error: &error,
            recognition: &recognition,
        }))?;
    } else if !recognition.is_empty() {
        console.failure(&failure);
        console.say("");
        console.data(&render::recognition_text(&recognition, console.paint))?;
        return Err(Failure::said());
    }
    Err(failure)
}
