//! What there is to type after `drift`.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;
use secrecy::SecretString;

use crate::commands::drift::{Arguments, NewBaseline};
use crate::commands::{FindingClass, Format, WebhookKind};

use super::estates::EstatesArguments;
use super::{FormatArgument, PolicyArguments, TargetArguments};

#[derive(Debug, Args)]
pub(super) struct DriftArguments {
    #[command(flatten)]
    target: TargetArguments,
    /// Exit with 2 for findings of these classes: drift, expiry, policy, inventory; may be repeated. Default: all but inventory.
    #[arg(long, value_name = "CLASS", value_delimiter = ',')]
    fail_on: Vec<FindingClass>,
    /// Print it as JSON: the same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    #[arg(long, value_enum, default_value_t = FormatArgument::Text)]
    format: FormatArgument,
    /// Also list the applications of the tenant that are in no manifest; the 1,000 whose credentials end first are shown.
    #[arg(long, conflicts_with_all = ["target", "exclude"])]
    all_apps: bool,
    /// Write all of them into this file, one JSON object a line.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["target", "exclude"])]
    inventory: Option<PathBuf>,
    #[command(flatten)]
    baseline: BaselineArguments,
    #[command(flatten)]
    notify: NotifyArguments,
    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    estates: EstatesArguments,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Accepted findings")]
struct BaselineArguments {
    /// Findings that somebody has accepted, in YAML: they do not count until the day that stands there.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Accept all that this run would fail on, in a new baseline, and exit with 0.
    #[arg(long, value_name = "FILE", requires_all = ["owner", "until"])]
    write_baseline: Option<PathBuf>,
    /// Who answers for what is accepted.
    #[arg(long, value_name = "NAME", requires = "write_baseline")]
    owner: Option<String>,
    /// The last day on which it is accepted, such as `2027-01-31`.
    #[arg(long, value_name = "DATE", requires = "write_baseline")]
    until: Option<Date>,
    /// Why it is accepted.
    #[arg(long, value_name = "TEXT", requires = "write_baseline")]
    reason: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Notifications")]
struct NotifyArguments {
    /// Post a summary to this webhook when there is something to look at; may be repeated. Whoever lists the processes of the
    /// machine reads it here; `ACCREDIT_NOTIFY_URL` takes it too.
    #[arg(long, value_name = "URL", value_parser = secret)]
    notify: Vec<SecretString>,
    /// What reads it: teams, slack or generic. Default: what the host tells.
    #[arg(long, value_name = "KIND")]
    notify_as: Option<WebhookKind>,
    /// Post it also when all is in line.
    #[arg(long)]
    notify_always: bool,
}

/// Takes any text, for clap would show one that is wrong.
#[expect(clippy::unnecessary_wraps, reason = "clap asks for a result")]
fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(text.into())
}

impl From<DriftArguments> for Arguments {
    fn from(arguments: DriftArguments) -> Self {
        let DriftArguments {
            target,
            fail_on,
            json,
            format,
            all_apps,
            inventory,
            baseline: BaselineArguments { baseline, write_baseline, owner, until, reason },
            notify: NotifyArguments { notify, notify_as, notify_always },
            policies: PolicyArguments { policy },
            estates,
        } = arguments;
        let new = write_baseline.zip(owner).zip(until);
        Self {
            target: target.into(),
            fail_on,
            format: if json { Format::Json } else { format.into() },
            baseline,
            write_baseline: new.map(|((file, owner), until)| NewBaseline { file, owner, until, reason }),
            all_applications: all_apps,
            inventory,
            notify,
            notify_as,
            notify_always,
            policy,
            share: estates.into(),
        }
    }
}
