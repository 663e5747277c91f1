//! What there is to type after `verify`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use crate::commands::verify::Arguments;
use crate::commands::{Limits, MANIFESTS, Target, Waiting};

use super::selection::SelectionArguments;
use super::{ServiceArguments, span};

#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// Applications, by handle, and manifest files or directories, known by a slash or by `.yaml`. Default: every declared
    /// application that has a certificate, of `manifests/`.
    #[arg(value_name = "HANDLE|PATH")]
    targets: Vec<String>,
    #[command(flatten)]
    service: ServiceArguments,
    #[command(flatten)]
    selection: SelectionArguments,
    /// Only this one of the declared certificates. Default: all; the first that signs in gets the tokens.
    #[arg(long, value_name = "NAME")]
    certificate: Option<String>,
    /// A cmdlet that has to work too, one that begins with `Get-` or `Test-`, such as `'Get-Mailbox ResultSize=10'`; may be
    /// repeated.
    #[arg(long, value_name = "NAME [PARAMETER=VALUE]…")]
    cmdlet: Vec<String>,
    /// Prove Security & Compliance whatever the manifest declares.
    #[arg(long)]
    security_and_compliance: bool,
    /// Name the mailboxes that were read, and do not only count them.
    #[arg(long)]
    show_mailboxes: bool,
    #[command(flatten)]
    waiting: WaitingArguments,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
    /// Write it as JUnit XML too.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Reckon as if it were this instant (RFC 3339), for tests and rehearsals.
    #[arg(long, value_name = "INSTANT")]
    now: Option<Timestamp>,
    /// How long the run may take, such as `20m`.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = span)]
    timeout: Duration,
}

/// How long what was written may take to work.
#[derive(Debug, Args)]
struct WaitingArguments {
    /// Try again what may only not be known everywhere yet, from now on for the whole propagation timeout. Default: as long as
    /// something that Graph dates was written so lately.
    #[arg(long, conflicts_with = "no_wait")]
    wait: bool,
    /// Try everything once.
    #[arg(long)]
    no_wait: bool,
    /// How long what was written may take to be known everywhere, such as `15m`.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = span)]
    propagation_timeout: Duration,
}

impl From<VerifyArguments> for Arguments {
    fn from(arguments: VerifyArguments) -> Self {
        let VerifyArguments {
            targets,
            service,
            selection,
            certificate,
            cmdlet,
            security_and_compliance,
            show_mailboxes,
            waiting: WaitingArguments { wait, no_wait, propagation_timeout },
            json,
            junit,
            now,
            timeout,
        } = arguments;
        // No handle has a slash in it.
        let is_path = |text: &String| {
            let extension = Path::new(text).extension();
            let is_manifest = extension.is_some_and(|extension| extension == "yaml" || extension == "yml");
            is_manifest || text.contains(['/', '\\']) || matches!(&**text, "." | "..")
        };
        let (paths, handles): (Vec<String>, Vec<String>) = targets.into_iter().partition(is_path);
        let mut paths: Vec<PathBuf> = paths.into_iter().map(PathBuf::from).collect();
        if paths.is_empty() {
            paths.push(PathBuf::from(MANIFESTS));
        }
        let waiting = match (wait, no_wait) {
            (true, _) => Waiting::Always,
            (false, true) => Waiting::Never,
            (false, false) => Waiting::WhileRecent,
        };
        let limits = Limits { timeout, requests_per_second: None };
        Self {
            target: Target { paths, service: service.into(), selection: selection.into(), now, limits },
            handles,
            certificate,
            cmdlets: cmdlet,
            security_and_compliance,
            show_mailboxes,
            waiting,
            propagation_timeout,
            json,
            junit,
        }
    }
}
