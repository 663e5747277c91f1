//! `accredit apply` and `accredit destroy`: plan, ask, carry out, report.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use secrecy::SecretString;

use crate::execute::{Execution, Keys, Report, execute};
use crate::keys::StoreError;
use crate::kinds::{Certificates, Intent};
use crate::model::{Plan, SecretReference, Snapshot};
use crate::plan::{Limits, approve};
use crate::render::{self, printable};

use super::console::{Console, environment};
use super::handover::handover;
use super::progress::Progress;
use super::session::Session;
use super::{Exit, Failure, Target};

/// What was typed after `apply` or `destroy`.
#[derive(Debug)]
pub struct Arguments {
    pub target: Target,
    pub destroy: bool,
    pub auto_approve: bool,
    pub allow_deletes: Option<usize>,
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { target, destroy, auto_approve, allow_deletes } = arguments;
    let session = Session::open(console, target).await?;
    let snapshot = session.snapshot(console).await?;
    let intent = if destroy { Intent::Destroy } else { Intent::Reconcile };
    let plan = session.plan(console, &snapshot, intent)?;
    console.data(&render::text(&plan, console.paint))?;
    if plan.is_empty() {
        if !destroy {
            console.data(&handover(console, &session.desired, &snapshot, &Report::default(), session.now))?;
        }
        return Ok(Exit::Success);
    }
    let approved = approve(plan.clone(), Limits { allow_deletes })
        .map_err(|refusal| Failure::message(refusal.to_string()).hint(refusal.hint()))?;
    if !auto_approve && !console.confirm(&question(&plan, destroy))? {
        return Err(Failure::message("it was not approved, and nothing was changed"));
    }
    let keys = Keys::open(&session.desired, &used(&plan), secret)?;
    let moved = if auto_approve {
        !keys.are_as_in(&snapshot.keys)?
    } else {
        // Reading takes time, in which others write: what was approved has to be what is done.
        session.plan(console, &session.snapshot(console).await?, intent)? != plan
    };
    if moved {
        return Err(Failure::message("the tenant or the key store changed since this plan was made")
            .hint("nothing was changed by this run; run it again and read the new plan"));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let listening = tokio::spawn(interrupts(Arc::clone(&stop)));
    let progress = Progress::new(console, plan.steps.len());
    let writer = session.writer();
    let report = execute(
        &approved,
        Execution {
            writer: &writer,
            keys: &keys,
            certificates: certificates(&snapshot, session.now),
            on_event: &|event| progress.show(&event),
            stop: &stop,
        },
    )
    .await;
    listening.abort();
    progress.finish();
    finish(console, &session, &snapshot, &report, destroy)
}

fn question(plan: &Plan, destroy: bool) -> String {
    if destroy {
        format!("Do you really want to destroy all of this in {}?", plan.organization)
    } else {
        format!("Do you want to perform these actions in {}?", plan.organization)
    }
}

fn finish(
    console: &Console,
    session: &Session,
    snapshot: &Snapshot,
    report: &Report,
    destroy: bool,
) -> Result<Exit, Failure> {
    let counts = report.counts();
    let resources =
        format!("Resources: {} added, {} changed, {} destroyed.", counts.add, counts.change, counts.destroy);
    if !report.is_complete() {
        for failure in &report.failed {
            let mut told = Failure::message(format!("{} was not written", failure.address));
            let because = causes(&failure.error);
            console.say("");
            if let Some(hint) = failure.error.hint() {
                told = told.hint(hint);
            }
            console.failure_because(&told, &because);
        }
        if !report.skipped.is_empty() {
            console.say("\nNot tried:");
            for skipped in &report.skipped {
                console.say(&printable(&format!("  {}: {}", skipped.address, skipped.because)));
            }
        }
        console.say(&format!(
            "\n{} {resources} Run it again to continue: what is done stays done.",
            console.talk.bold(&console.talk.red("Apply incomplete."))
        ));
        return Err(Failure::said());
    }
    let complete = if destroy { "Destroy complete!" } else { "Apply complete!" };
    console.data(&format!("\n{} {resources}\n", console.paint.bold(&console.paint.green(complete))))?;
    if !destroy {
        console.data(&handover(console, &session.desired, snapshot, report, session.now))?;
    }
    Ok(Exit::Success)
}

fn causes(error: &(dyn std::error::Error + 'static)) -> Vec<String> {
    let mut chain = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        chain.push(cause.to_string());
        source = cause.source();
    }
    chain
}

/// The declared certificates that the plan makes or exports, by handle and name.
fn used(plan: &Plan) -> BTreeSet<(String, String)> {
    let certificates = plan.steps.iter().filter(|step| step.address.kind == "certificate");
    certificates.map(|step| (step.address.holder.clone(), step.address.name.clone())).collect()
}

fn certificates(snapshot: &Snapshot, now: Timestamp) -> Certificates {
    let stored = snapshot.keys.values().flatten();
    let stored = stored.map(|certificate| (certificate.thumbprint.clone(), certificate.clone())).collect();
    Certificates { stored, now }
}

/// Why a password is not to be had, or a store not to be opened.
#[derive(Debug, thiserror::Error)]
enum SecretError {
    #[error("the environment variable `{0}`, which a manifest names as the password of a PFX, is not set")]
    Environment(String),
    #[error("the password file `{path}`, which a manifest names, could not be read")]
    File {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the password file `{0}`, which a manifest names, is empty")]
    Empty(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn secret(reference: &SecretReference) -> Result<SecretString, SecretError> {
    match reference {
        SecretReference::Environment(name) => environment(name)
            .filter(|value| !value.is_empty())
            .map(SecretString::from)
            .ok_or_else(|| SecretError::Environment(name.clone())),
        SecretReference::File(path) => {
            let shown = path.display().to_string();
            let text =
                std::fs::read_to_string(path).map_err(|source| SecretError::File { path: shown.clone(), source })?;
            let first = text.lines().next().unwrap_or_default();
            if first.is_empty() { Err(SecretError::Empty(shown)) } else { Ok(SecretString::from(first)) }
        }
        // Made by the key store when it is needed.
        SecretReference::Generated => Ok(SecretString::from("")),
    }
}

/// The first interrupt lets the steps in flight finish, the second ends the program.
async fn interrupts(stop: Arc<AtomicBool>) {
    use std::io::Write as _;
    while tokio::signal::ctrl_c().await.is_ok() {
        if stop.swap(true, Ordering::SeqCst) {
            let _ = writeln!(std::io::stderr(), "\nAborted.");
            abort();
        }
        let _ = writeln!(
            std::io::stderr(),
            "\nInterrupted: finishing the steps in flight. Interrupt again to abort at once."
        );
    }
}

#[expect(clippy::exit, reason = "the second interrupt is there to end the program at once; a run is safe to kill")]
fn abort() -> ! {
    std::process::exit(130)
}
