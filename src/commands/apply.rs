//! `accredit apply` and `accredit destroy`: plan, ask, carry out, report.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secrecy::SecretString;

use crate::execute::{CertificateName, Execution, Keys, Report, execute};
use crate::kinds::{Certificates, Intent};
use crate::manifest;
use crate::model::{Action, ExportFormat, Plan, Snapshot};
use crate::patience::Patience;
pub use crate::plan::Limits as Allowed;
use crate::plan::{Refusal, approve};
use crate::render::{self, printable};
use crate::saved::SavedPlan;

use super::console::Console;
use super::failure::{causes, vault_help};
use super::handover::handover;
use super::plan::nothing_to_refresh;
use super::policies::policies;
use super::progress::Progress;
use super::saved::{self, Conditions};
use super::session::Session;
use super::stream::Stream;
use super::verify::after_apply;
use super::{Address, Exit, Failure, Target, manifests, now, rights, secrets};

/// What was typed after `apply` or `destroy`.
#[derive(Debug)]
pub struct Arguments {
    pub target: Target,
    /// What is to be made anew.
    pub replace: Vec<Address>,
    pub destroy: bool,
    /// Whether it was asked for as if there were a state to refresh.
    pub refresh_only: bool,
    pub approval: Approval,
    /// `None` where no saved plan can be meant.
    pub conditions: Option<Conditions>,
    /// Whether the applications are proven afterwards.
    pub verify: bool,
}

/// What a run that succeeded did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Nothing,
    Written,
}

/// What is agreed to beforehand.
#[derive(Clone, Debug)]
pub struct Approval {
    pub auto_approve: bool,
    pub allowed: Allowed,
    /// Files and directories of policies in Rego.
    pub policy: Vec<PathBuf>,
    /// How long to wait for each thing to become known.
    pub propagation_timeout: Duration,
    /// How many applications are written side by side.
    pub parallelism: usize,
    /// Whether events are printed, in place of what people read.
    pub json: bool,
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let console = &console.streaming(arguments.approval.json);
    console.told(Box::pin(apply(console, arguments)).await)
}

async fn apply(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { target, replace, destroy, refresh_only, approval, verify, conditions } = arguments;
    if refresh_only {
        return Err(nothing_to_refresh());
    }
    if let Some(conditions) = conditions {
        match saved::find(&target.paths)? {
            Some(_) if !replace.is_empty() => {
                return Err(Failure::message("`--replace` was given beside a saved plan").hint(
                    "a saved plan says itself what is made anew: give it alone, or plan again with `--replace`",
                ));
            }
            Some((file, saved)) => {
                return Box::pin(carry_out_saved(console, target, approval, verify, &conditions, (&file, saved))).await;
            }
            None if conditions.verify_key.is_some() => {
                return Err(Failure::message("`--verify-key` was given, and no saved plan")
                    .hint("`accredit plan --out FILE --sign KEY` makes one"));
            }
            None => {}
        }
    }
    let rego = policies(&approval.policy)?;
    let mut session = Session::open(console, target, approval.propagation_timeout).await?.judged_by(rego);
    session.replace(&replace)?;
    let intent = if destroy { Intent::Destroy } else { Intent::Reconcile };
    let done = proceed(console, &session, intent, &approval).await?;
    proven(console, &session, &approval, verify, done).await
}

/// Proves what was applied, where that was asked for.
async fn proven(
    console: &Console,
    session: &Session,
    approval: &Approval,
    verify: bool,
    done: Done,
) -> Result<Exit, Failure> {
    if verify {
        return after_apply(console, session, approval.propagation_timeout, done == Done::Written).await;
    }
    Ok(Exit::Success)
}

/// Does what was planned and reviewed before, if everything is as it was then.
async fn carry_out_saved(
    console: &Console,
    target: Target,
    approval: Approval,
    verify: bool,
    conditions: &Conditions,
    (file, saved): (&Path, SavedPlan),
) -> Result<Exit, Failure> {
    if let Some((option, _)) = target.selection.patterns().next() {
        return Err(Failure::message(format!("`{option}` was given beside a saved plan"))
            .hint(format!("a saved plan says itself what it is for: give it alone, or plan again with `{option}`")));
    }
    let paths: Vec<PathBuf> = saved.made_from.paths.iter().map(PathBuf::from).collect();
    let loaded = manifest::load(&paths, &manifests::working_directory()?);
    saved::check(file, &saved, conditions, now(target.now), &loaded.sources.digests())?;
    let loaded = manifests::sound(console, loaded)?;
    let SavedPlan { plan: then, made_from, signature: _ } = saved;
    let target = Target { paths, selection: made_from.selection, ..target };
    let rego = policies(&approval.policy)?;
    let session = Session::of(console, target, loaded, approval.propagation_timeout).await?;
    let mut session = session.judged_by(rego).reckoning_for(then.now);
    session.replace(&made_from.replace)?;
    let intent = if made_from.destroy { Intent::Destroy } else { Intent::Reconcile };
    let snapshot = session.snapshot(console).await?;
    let plan = session.plan(console, &snapshot, intent)?;
    saved::check_nothing_moved(console, &then, &plan)?;
    shown(console, &plan)?;
    rights::remark(console, &session, &plan);
    let reviewed = Approval { auto_approve: true, ..approval };
    let done = carry_out(console, &session, &snapshot, plan, intent, &reviewed).await?;
    proven(console, &session, &reviewed, verify, done).await
}

/// Plans, asks, and carries out what was approved.
pub(super) async fn proceed(
    console: &Console,
    session: &Session,
    intent: Intent,
    approval: &Approval,
) -> Result<Done, Failure> {
    let snapshot = session.snapshot(console).await?;
    let plan = session.plan(console, &snapshot, intent)?;
    shown(console, &plan)?;
    rights::remark(console, session, &plan);
    carry_out(console, session, &snapshot, plan, intent, approval).await
}

fn shown(console: &Console, plan: &Plan) -> Result<(), Failure> {
    for event in render::Event::of_plan(plan) {
        console.event(&event);
    }
    console.prose(|| render::text(plan, console.paint))
}

/// Asks, and does what a plan says that was shown.
async fn carry_out(
    console: &Console,
    session: &Session,
    snapshot: &Snapshot,
    plan: Plan,
    intent: Intent,
    approval: &Approval,
) -> Result<Done, Failure> {
    let (auto_approve, json) = (approval.auto_approve, approval.json);
    let destroy = intent == Intent::Destroy;
    if plan.is_empty() {
        if json {
            summary(console, &Report::default());
        } else if !destroy {
            console.data(&handover(console, session, snapshot, &Report::default()).await)?;
        }
        return Ok(Done::Nothing);
    }
    if json && !auto_approve {
        return Err(Failure::message("nobody can be asked whether this is to be done, and nothing was changed")
            .hint("with `--json`, give `--auto-approve` or a saved plan"));
    }
    session.check_clock()?;
    let approved = approve(plan.clone(), &approval.allowed).map_err(|refusals| refused(console, &refusals))?;
    if !auto_approve && !console.confirm(&question(&plan, destroy))? {
        return Err(Failure::message("it was not approved, and nothing was changed"));
    }
    let used = used(&plan);
    let passwords = pfx_passwords(console, session, &plan).await?;
    let keys = Keys::open(&session.desired, &used, &session.stores, passwords)?;
    let moved = if auto_approve {
        !keys.are_as_in(&used, &snapshot.keys).await?
    } else {
        // Reading takes time, in which others write: what was approved has to be what is done.
        session.plan(console, &session.snapshot(console).await?, intent)? != plan
    };
    if moved {
        return Err(Failure::message("the tenant or the key store changed since this plan was made")
            .hint("nothing was changed by this run; run it again and read the new plan"));
    }
    let stop = Arc::new(AtomicBool::new(false));
    // Whoever read the plan took their time for it.
    session.patience().begin_again();
    let listening = tokio::spawn(interrupts(Arc::clone(&stop), session.patience().clone()));
    let progress = Progress::new(console, plan.steps.len());
    let stream = Stream::new(console);
    let writer = session.writer();
    let report = execute(
        &approved,
        Execution {
            writer: &writer,
            keys: &keys,
            certificates: Certificates::of(&snapshot.keys, session.now),
            sign_in: session.sign_in(),
            admin_endpoint: &session.admin_endpoint(&snapshot.tenant.id),
            on_event: &|event| {
                progress.show(&event);
                stream.show(&event);
            },
            stop: &stop,
            parallelism: approval.parallelism,
        },
    )
    .await;
    listening.abort();
    progress.finish();
    stream.finish();
    finish(console, session, snapshot, &report, destroy).await
}

/// Says every reason for which a plan is not carried out.
fn refused(console: &Console, refusals: &[Refusal]) -> Failure {
    for refusal in refusals {
        console.failure(&Failure::message(refusal.to_string()).hint(refusal.hint()));
    }
    Failure::said()
}

fn question(plan: &Plan, destroy: bool) -> String {
    if destroy {
        format!("Do you really want to destroy all of this in {}?", plan.organization)
    } else {
        format!("Do you want to perform these actions in {}?", plan.organization)
    }
}

async fn finish(
    console: &Console,
    session: &Session,
    snapshot: &Snapshot,
    report: &Report,
    destroy: bool,
) -> Result<Done, Failure> {
    summary(console, report);
    let counts = report.counts();
    let resources =
        format!("Resources: {} added, {} changed, {} destroyed.", counts.add, counts.change, counts.destroy);
    if !report.is_complete() {
        for failure in &report.failed {
            let mut told = Failure::message(format!("{} was not written", failure.address));
            let because = causes(&failure.error);
            console.say("");
            if let Some(hint) = failure.error.hint().or_else(|| vault_help(&failure.error)) {
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
    console.prose(|| format!("\n{} {resources}\n", console.paint.bold(&console.paint.green(complete))))?;
    if !destroy && !console.is_streaming() {
        console.data(&handover(console, session, snapshot, report).await)?;
    }
    Ok(Done::Written)
}

/// Tells programs how it ended.
fn summary(console: &Console, report: &Report) {
    for skipped in &report.skipped {
        console.event(&render::Event::ApplySkipped { address: &skipped.address, because: &skipped.because });
    }
    console.event(&render::Event::ApplySummary { summary: report.counts(), complete: report.is_complete() });
}

/// The declared certificates whose key stores the plan writes to.
fn used(plan: &Plan) -> BTreeSet<CertificateName> {
    let writing = plan.steps.iter().filter(|step| {
        ["certificate", "certificateKeys", "certificateRequest"].contains(&step.address.kind.as_str())
            && !step.action.is_delete()
    });
    writing.map(|step| (step.address.holder.clone(), step.address.name.clone())).collect()
}

/// The passwords of the PFX files that the plan has made, each asked for before anything is written.
async fn pfx_passwords(
    console: &Console,
    session: &Session,
    plan: &Plan,
) -> Result<BTreeMap<CertificateName, SecretString>, Failure> {
    let mut passwords = BTreeMap::new();
    let makes_files = |action: &Action| {
        action
            .after()
            .and_then(|after| after.get("export"))
            .is_some_and(|formats| formats.members().any(|format| format.id() == Some(ExportFormat::Pfx.as_str())))
    };
    for step in plan.steps.iter().filter(|step| step.address.kind == "certificate" && makes_files(&step.action)) {
        let (handle, name) = (&step.address.holder, &step.address.name);
        let application = session.desired.applications.get(handle.as_str());
        let certificate = application.and_then(|application| application.certificates.as_ref()?.get(name));
        let Some(reference) = certificate.and_then(|certificate| certificate.pfx_password.as_ref()) else { continue };
        let what = format!("the PFX of {handle}/{name}");
        if let Some(password) = secrets::secret(console, reference, &what, session.vaults()).await? {
            passwords.insert((handle.clone(), name.clone()), password);
        }
    }
    Ok(passwords)
}

/// The first interrupt lets the steps in flight finish, the second ends the program.
pub(super) async fn interrupts(stop: Arc<AtomicBool>, patience: Patience) {
    use std::io::Write as _;
    while tokio::signal::ctrl_c().await.is_ok() {
        if stop.swap(true, Ordering::SeqCst) {
            let _ = writeln!(std::io::stderr(), "\nAborted.");
            abort();
        }
        let _ = writeln!(
            std::io::stderr(),
            "\nInterrupted: finishing the requests in flight. Interrupt again to abort at once."
        );
        patience.interrupt();
    }
}

#[expect(clippy::exit, reason = "the second interrupt is there to end the program at once; a run is safe to kill")]
fn abort() -> ! {
    std::process::exit(130)
}
