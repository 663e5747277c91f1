//! `accredit verify`: that applications can do what they are declared for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::catalog::nearest;
use crate::model::{Desired, Handle, Tally, Verification};
use crate::render::{
    Event, unverified_json, unverified_junit, verification_json, verification_junit, verification_text,
};
use crate::verify::{self, Asked, CmdletCall, Waiting, has_certificate, has_certificates};

use super::apply::interrupts;
use super::console::Console;
use super::session::Session;
use super::{Exit, Failure, Selection, Target, manifests};

/// What was typed after `verify`.
#[derive(Debug)]
pub struct Arguments {
    pub target: Target,
    /// Applications by handle, or further paths.
    pub handles: Vec<String>,
    pub certificate: Option<String>,
    /// Cmdlets with their parameters, as typed.
    pub cmdlets: Vec<String>,
    pub security_and_compliance: bool,
    pub show_mailboxes: bool,
    pub waiting: Waiting,
    pub propagation_timeout: Duration,
    pub json: bool,
    /// Where JUnit XML is written to.
    pub junit: Option<PathBuf>,
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments {
        mut target,
        handles,
        certificate,
        cmdlets,
        security_and_compliance,
        show_mailboxes,
        waiting,
        propagation_timeout,
        json,
        junit,
    } = arguments;
    let asked = Asked {
        certificate,
        cmdlets: cmdlets.iter().map(|text| call(text)).collect::<Result<_, _>>()?,
        security_and_compliance,
        show_mailboxes,
        waiting,
        propagation: propagation_timeout,
    };
    let handles = manifests::handles_among(handles, &mut target)?;
    let loaded = manifests::load(console, &target.paths, &manifests::working_directory()?)?;
    check(&loaded.0, &handles, asked.certificate.as_deref())?;
    select(&mut target, handles)?;
    if let Some(file) = &junit {
        check_writable(file)?;
    }
    let outcome = match Session::of(console, target, loaded, propagation_timeout).await {
        Ok(session) => match session.check_declared() {
            Ok(()) => prove(&session, &asked).await,
            Err(failure) => Err(failure),
        },
        Err(failure) => Err(failure),
    };
    let verification = match outcome {
        Ok(verification) => verification,
        Err(failure) => {
            // Whoever reads the document learns from it too that nothing was proven.
            let (mut causes, hint) = (failure.chain(), failure.help());
            if causes.is_empty() {
                causes.push("the tenant could not be looked at: standard error says why".to_owned());
            }
            if json {
                console.data(&unverified_json(&causes, hint.as_deref()))?;
            }
            if let Some(file) = junit {
                save(&file, &unverified_junit(&causes, hint.as_deref()))?;
            }
            return Err(failure);
        }
    };
    console.data(&if json {
        verification_json(&verification)
    } else {
        verification_text(&verification, console.paint)
    })?;
    if let Some(file) = junit {
        save(&file, &verification_junit(&verification))?;
    }
    if verification.tally().is_good() { Ok(Exit::Success) } else { Err(Failure::said()) }
}

/// Proves what an apply has left behind. `wrote` says whether it wrote anything.
pub(super) async fn after_apply(
    console: &Console,
    session: &Session,
    propagation_timeout: Duration,
    wrote: bool,
) -> Result<Exit, Failure> {
    if !session.desired.applications.values().any(has_certificates) {
        console.say("\nNote: none of these applications has a certificate, so there is nothing to prove.");
        return Ok(Exit::Success);
    }
    let waiting = if wrote { Waiting::AfterWriting } else { Waiting::WhileRecent };
    let asked = Asked::of_all(waiting, propagation_timeout);
    let verification = prove(session, &asked).await?;
    console.event(&Event::verified(&verification));
    console.prose(|| format!("\n{}", verification_text(&verification, console.paint)))?;
    let Tally { failed, waiting, .. } = verification.tally();
    match (failed + waiting, wrote) {
        (0, _) => Ok(Exit::Success),
        (_, true) => Err(Failure::message("everything was written and stays, and not all of it is proven to work")
            .hint("what is new may take up to 15 minutes to work: `accredit verify` looks again, and writes nothing")),
        (_, false) => Err(Failure::message("nothing was written, and not everything is proven to work")),
    }
}

async fn prove(session: &Session, asked: &Asked) -> Result<Verification, Failure> {
    let reader = session.reader();
    // An interrupt ends the waiting, and what is known by then is shown.
    let watch = tokio::spawn(interrupts(Arc::default(), session.patience().clone()));
    let outcome = verify::verify(session.means(&reader), &session.desired, asked).await;
    watch.abort();
    outcome.map_err(Failure::of_fetch)
}

fn call(text: &str) -> Result<CmdletCall, Failure> {
    text.parse().map_err(|error| Failure::new(format!("`--cmdlet '{text}'` is not run"), error))
}

/// What is chosen by name and by pattern: applications are proven whole.
fn select(target: &mut Target, handles: Vec<String>) -> Result<(), Failure> {
    if let Some((option, pattern)) = target.selection.patterns().find(|(_, pattern)| !pattern.is_whole()) {
        return Err(Failure::message(format!(
            "`{option} {pattern}` means a part of an application, and one is proven whole"
        ))
        .hint(format!("write `{option} {}`; `--certificate NAME` chooses among its certificates", pattern.holder())));
    }
    if handles.is_empty() {
        return Ok(());
    }
    if !target.selection.targets.is_empty() {
        return Err(Failure::message("applications were named, and `--target` was given beside them")
            .hint("name them all, or give them all as `--target`"));
    }
    target.selection.targets = Selection::of(handles).targets;
    Ok(())
}

/// That the applications and the certificate that were named are declared.
fn check(desired: &Desired, handles: &[String], certificate: Option<&str>) -> Result<(), Failure> {
    let declared = &desired.applications;
    for handle in handles {
        let Some(application) = declared.get(handle.as_str()) else {
            let near = nearest(handle, declared.keys().map(Handle::as_str));
            let hint = match near.first() {
                Some(near) => format!("did you mean `{near}`?"),
                None => "it takes the handle that stands under `applications:` in a manifest".to_owned(),
            };
            return Err(Failure::message(format!("no application `{handle}` is declared")).hint(hint));
        };
        if !has_certificates(application) {
            return Err(Failure::message(format!(
                "`{handle}` declares no certificate, so it has nothing to sign in with"
            )));
        }
    }
    let chosen =
        || declared.iter().filter(|(handle, _)| handles.is_empty() || handles.iter().any(|one| one == handle.as_str()));
    let names: Vec<&String> =
        chosen().flat_map(|(_, application)| application.certificates.iter().flatten()).map(|(name, _)| name).collect();
    if names.is_empty() {
        return Err(Failure::message(
            "no application of these manifests declares a certificate: there is nothing to prove",
        ));
    }
    let Some(wanted) = certificate else { return Ok(()) };
    let there_is = |mut names: Vec<&String>| {
        names.sort();
        names.dedup();
        let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
        format!("there is {}", names.join(", "))
    };
    // Whoever names an application wants to know of it; where none is named, those without it are left out.
    let mut chosen = handles.iter().filter_map(|handle| Some((handle, declared.get(handle.as_str())?)));
    match chosen.find(|(_, application)| !has_certificate(application, certificate)) {
        Some((handle, application)) => {
            let own = application.certificates.iter().flatten().map(|(name, _)| name).collect();
            Err(Failure::message(format!("`{handle}` declares no certificate `{wanted}`")).hint(there_is(own)))
        }
        None if names.iter().any(|name| *name == wanted) => Ok(()),
        None => Err(Failure::message(format!("no certificate `{wanted}` is declared")).hint(there_is(names))),
    }
}

/// That a file can be written, before minutes go by. Leaves no trace.
fn check_writable(file: &Path) -> Result<(), Failure> {
    let was_there = file.exists();
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .and_then(|_| if was_there { Ok(()) } else { std::fs::remove_file(file) })
        .map_err(|error| Failure::new(format!("`{}` cannot be written", file.display()), error))
}

fn save(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text)
        .map_err(|error| Failure::new(format!("`{}` could not be written", file.display()), error))
}
