//! `accredit drift`: what is not as the manifests say. It reads, and changes nothing.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use secrecy::SecretString;

use crate::drift::{Inventory, accept, entries, fails, usual_classes};
use crate::fetch::inventory;
use crate::manifest::{baseline_text, load_baseline};
use crate::model::{Acceptance, FindingClass, Plan, Terms, UnreadableStore};
use crate::notify::{Summary, Webhook, notify};
use crate::patience::Patience;
use crate::render::drift_text;
use crate::transport::Http;

use super::connection::internet;
use super::console::{Console, environment};
use super::estates::{self, Estates, Layout, Report, Share};
use super::policies::policies;
use super::session::Session;
use super::show::rendered;
use super::{Exit, Failure, Format, Target, WebhookKind, manifests};

/// Where webhooks are named that nobody should see in a list of processes.
const NOTIFY_URL: &str = "ACCREDIT_NOTIFY_URL";

/// So many applications of a whole tenant are kept to be shown.
const MOST_LISTED: usize = 1_000;

/// What was typed after `drift`.
#[derive(Debug)]
pub struct Arguments {
    pub target: Target,
    /// None means those that a run fails on where nobody says it.
    pub fail_on: Vec<FindingClass>,
    pub format: Format,
    pub baseline: Option<PathBuf>,
    pub write_baseline: Option<NewBaseline>,
    pub all_applications: bool,
    /// Where all applications that are in no manifest are written, a line each.
    pub inventory: Option<PathBuf>,
    pub notify: Vec<SecretString>,
    pub notify_as: Option<WebhookKind>,
    pub notify_always: bool,
    /// Files and directories of policies in Rego.
    pub policy: Vec<PathBuf>,
    pub share: Share,
}

/// A baseline to be written.
#[derive(Debug)]
pub struct NewBaseline {
    pub file: PathBuf,
    pub owner: String,
    pub until: Date,
    pub reason: Option<String>,
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { target, baseline, write_baseline, inventory, share, .. } = &arguments;
    if let Some(NewBaseline { file, .. }) = write_baseline
        && baseline.as_ref() != Some(file)
        && file.exists()
    {
        return Err(Failure::message(format!("`{}` is there already", file.display()))
            .hint("`--baseline` with the same file keeps what it accepts, and adds to it"));
    }
    let several = match estates::find(console, &target.paths, *share)? {
        Estates::One(_) => return Ok(look(console, &arguments, target.clone(), Layout::Lines, true).await?.exit),
        Estates::Several { estates, shard } => (estates, shard),
    };
    if write_baseline.is_some() || inventory.is_some() {
        return Err(Failure::message("a baseline or an inventory is of one estate, and there are several")
            .hint("write each of them by itself"));
    }
    let layout = Layout::of(arguments.format)?;
    let work = |paths| look(console, &arguments, Target { paths, ..target.clone() }, layout, false);
    estates::each(console, several, layout, share.at_once, work).await
}

/// Looks at one estate. Where it is the only one, what was found is printed before anybody is told.
async fn look(
    console: &Console,
    arguments: &Arguments,
    target: Target,
    layout: Layout,
    is_alone: bool,
) -> Result<Report, Failure> {
    let Arguments { fail_on, format, baseline, write_baseline, policy, .. } = arguments;
    let webhooks = webhooks(arguments)?;
    let accepted = baseline.as_deref().map(|file| read(console, file)).transpose()?.unwrap_or_default();
    let rego = policies(policy)?;
    let classes = if fail_on.is_empty() { usual_classes() } else { fail_on.iter().copied().collect() };
    let session = Session::open(console, target, Patience::PROPAGATION_TIMEOUT).await?;
    let session = session.yielding().proving_nothing().judged_by(rego);
    let mut plan = find(console, &session, arguments).await?;
    let remarks = accept(&mut plan.findings, &accepted, session.now);
    plan.notices.extend(remarks);
    if let Some(new) = write_baseline {
        let exit = write(console, &plan, &classes, new, session.now)?;
        return Ok(Report::of_plan(String::new(), layout, exit));
    }
    let is_text = *format == Format::Text;
    let text = if is_text { drift_text(&plan, console.paint) } else { rendered(console, &plan, *format) };
    if is_alone {
        console.data(&text)?;
    }
    let summary = Summary::of(&plan, |finding| fails(finding, &classes));
    let is_in_line = summary.failing.is_empty();
    if !is_in_line || arguments.notify_always {
        send(console, &webhooks, &summary, session.patience()).await?;
    }
    Ok(Report::of_plan(text, layout, if is_in_line { Exit::Success } else { Exit::Changes }))
}

/// Reads the tenant, and finds what somebody should look at.
async fn find(console: &Console, session: &Session, arguments: &Arguments) -> Result<Plan, Failure> {
    let (snapshot, unreadable) = session.as_far_as_readable(session.selection()).await?;
    let snapshot = session.narrowed(console, snapshot)?;
    let mut plan = session.drift(console, snapshot)?;
    plan.notices.extend(unreadable.into_iter().map(|((handle, certificate), why)| {
        let UnreadableStore { trouble: _, reason } = why;
        format!("the key store of {handle}/certificate/{certificate} could not be read, and was not compared: {reason}")
    }));
    if arguments.all_applications || arguments.inventory.is_some() {
        let (findings, text) = list(session, arguments.inventory.as_deref()).await?;
        plan.findings.extend(findings);
        plan.notices.push(text);
    }
    Ok(plan)
}

/// Goes through all applications of the tenant, a page at a time.
async fn list(session: &Session, file: Option<&Path>) -> Result<(Vec<crate::model::Finding>, String), Failure> {
    let unwritten = |file: &Path, error| Failure::new(format!("`{}` could not be written", file.display()), error);
    let open = |file: &Path| File::create(file).map(BufWriter::new).map_err(|error| unwritten(file, error));
    let mut out = file.map(open).transpose()?;
    let mut failed = None;
    let mut seen = Inventory::new(&session.desired, session.now, MOST_LISTED);
    let take = |application| {
        let (Some(application), Some(out)) = (seen.look_at(application), &mut out) else { return };
        let line = serde_json::to_writer(&mut *out, &application).map_err(std::io::Error::from);
        failed = failed.take().or(line.and_then(|()| out.write_all(b"\n")).err());
    };
    inventory(&session.reader(), take).await.map_err(Failure::of_fetch)?;
    if let (Some(file), Some(mut out)) = (file, out) {
        let flushed = out.flush().err();
        if let Some(error) = failed.or(flushed) {
            return Err(unwritten(file, error));
        }
    }
    Ok(seen.finish())
}

/// What the baseline accepts; every problem of it is on the console.
fn read(console: &Console, file: &Path) -> Result<Vec<Acceptance>, Failure> {
    let loaded = load_baseline(file, &manifests::working_directory()?);
    manifests::show(console, &loaded.problems, &loaded.sources);
    loaded.acceptances.ok_or_else(Failure::said)
}

fn write(
    console: &Console,
    plan: &Plan,
    classes: &BTreeSet<FindingClass>,
    new: &NewBaseline,
    now: jiff::Timestamp,
) -> Result<Exit, Failure> {
    let NewBaseline { file, owner, until, reason } = new;
    let reason = reason.clone().unwrap_or_else(|| format!("as it was found on {}", now.strftime("%Y-%m-%d")));
    let terms = Terms { owner: owner.clone(), reason, expires: *until };
    if !terms.hold_at(now) {
        return Err(Failure::message(format!("{until} is past, so nothing would be accepted"))
            .hint("`--until` is the last day on which the findings are accepted"));
    }
    let entries = entries(&plan.findings, classes, &terms);
    std::fs::write(file, baseline_text(&entries))
        .map_err(|error| Failure::new(format!("`{}` could not be written", file.display()), error))?;
    console.say(&format!(
        "Wrote `{0}`: {1} accepted by {owner} until {until}. `accredit drift --baseline {0}` takes it; put it under review like a manifest.",
        file.display(),
        if entries.len() == 1 { "1 finding".to_owned() } else { format!("{} findings", entries.len()) },
    ));
    Ok(Exit::Success)
}

/// The webhooks that were named, else those of the environment.
fn webhooks(arguments: &Arguments) -> Result<Vec<Webhook>, Failure> {
    let mut urls = arguments.notify.clone();
    if urls.is_empty() {
        let named = environment(NOTIFY_URL).unwrap_or_default();
        urls.extend(named.split_whitespace().map(SecretString::from));
    }
    let webhook = |url: &SecretString| {
        Webhook::new(url, arguments.notify_as).map_err(|error| {
            Failure::from(error).hint(format!(
                "`--notify` and `{NOTIFY_URL}` take the whole address that Teams, Slack or another service gave, with `https://`"
            ))
        })
    };
    urls.iter().map(webhook).collect()
}

/// Tells all webhooks, also those after one that cannot be told.
async fn send(
    console: &Console,
    webhooks: &[Webhook],
    summary: &Summary<'_>,
    patience: &Patience,
) -> Result<(), Failure> {
    let mut failed = None;
    for webhook in webhooks {
        let transport = if webhook.is_on_this_machine() {
            let machine = Http::of_this_machine();
            std::sync::Arc::new(machine.map_err(|error| Failure::new("HTTP could not be set up", error))?)
        } else {
            internet(None)?
        };
        match notify(&*transport, webhook, summary, patience).await {
            Ok(()) => console.say(&format!("Told {}.", webhook.host())),
            Err(error) => {
                let hint = error.hint();
                let mut failure = Failure::new(format!("{} could not be told", webhook.host()), error);
                if let Some(hint) = hint {
                    failure = failure.hint(hint);
                }
                if let Some(before) = failed.replace(failure) {
                    console.failure(&before);
                }
            }
        }
    }
    failed.map_or(Ok(()), Err)
}
