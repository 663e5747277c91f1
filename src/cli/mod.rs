//! The command line: what there is to type, and what each word means. It does nothing itself.

mod certificate;
mod connect;
mod doctor;
mod drift;
mod emulate;
mod estates;
mod fmt;
mod init;
mod selection;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::Timestamp;

use crate::commands::apply::{Allowed, Approval};
use crate::commands::saved::Conditions;
use crate::commands::{self, AuthenticationMethod, Color, Format, Limits, MANIFESTS, Selection, Service, Target};

#[derive(Debug, Parser)]
#[command(
    name = "accredit",
    version,
    about = "Certificates, app registrations, consent and roles for unattended Microsoft 365 scripts, declared in YAML",
    after_help = "Try it with no tenant of your own:\n  accredit apply --emulator manifests/\n\nMost days:\n  accredit validate manifests/     check the files, with no tenant\n  accredit plan manifests/         show what would change\n  accredit apply manifests/        change it, after you said yes",
    disable_help_subcommand = true,
    propagate_version = true
)]
pub struct Cli {
    /// When to colour the output.
    #[arg(long, global = true, value_enum, default_value_t = ColorArgument::Auto)]
    color: ColorArgument,
    #[command(subcommand)]
    command: Verb,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ColorArgument {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArgument {
    /// For people.
    Text,
    /// One document, for programs (docs/plan-format.md).
    Json,
    /// Events, one JSON object a line (docs/events.md).
    JsonLines,
    /// For the comment on a pull request.
    Markdown,
    /// A page that needs nothing else.
    Html,
    /// Findings, for code scanning.
    Sarif,
    /// Findings as annotations of GitHub Actions.
    Github,
    /// Findings as a code quality report of GitLab.
    Gitlab,
    /// For pipelines that show tests.
    Junit,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write a first manifest, or files for pipelines.
    #[command(
        after_help = "Examples:\n  accredit init                                              # asks a few questions\n  accredit init --tenant contoso.onmicrosoft.com --for exchange-read --owner zoe.howard@contoso.onmicrosoft.com\n  accredit init --ci github                                  # plan, apply and drift in GitHub Actions"
    )]
    Init(Box<init::InitArguments>),
    /// Check manifests without a tenant.
    #[command(
        after_help = "Examples:\n  accredit validate manifests/ more/exo.yaml\n  accredit validate estates/*/    # several estates, each by itself"
    )]
    Validate(ValidateArguments),
    /// Put manifests into one form: order of keys, indentation, quotes; comments stay.
    #[command(
        after_help = "Examples:\n  accredit fmt manifests/\n  accredit fmt --check --diff manifests/   # 0 all in form, 1 error, 2 some are not; writes nothing\n  accredit fmt - < exo.yaml                # from standard input to standard output"
    )]
    Fmt(fmt::FmtArguments),
    /// Show what apply would change, and change nothing.
    #[command(
        after_help = "Examples:\n  accredit plan --emulator manifests/\n  accredit plan --emulator --json manifests/ > plan.json\n  accredit plan --emulator --detailed-exitcode manifests/   # 0 nothing to do, 1 error, 2 changes\n  accredit plan --emulator --target 'exo-*' --exclude '*/roleAssignment' manifests/\n  accredit plan --emulator --replace exo-automation/certificate/main manifests/\n  accredit plan --json --shard 3/16 estates/*/              # a share of several estates"
    )]
    Plan(PlanArguments),
    /// Make the tenant as the manifests say.
    #[command(
        after_help = "Examples:\n  accredit apply --emulator manifests/\n  accredit plan --out plan.json manifests/ && accredit apply plan.json   # what was reviewed and nothing else\n  accredit apply --emulator --auto-approve --target exo-automation manifests/\n  accredit apply --emulator --auto-approve --json manifests/ > events.jsonl"
    )]
    Apply(ApplyArguments),
    /// Prove that applications work: sign in with their certificates and read at every API.
    #[command(
        after_help = "Examples:\n  accredit verify --emulator manifests/\n  accredit verify exo-automation --cmdlet Get-TransportRule --cmdlet 'Get-Mailbox ResultSize=10' manifests/\n  accredit verify --junit verify.xml manifests/   # 0 all proven, 1 otherwise"
    )]
    Verify(verify::VerifyArguments),
    /// Delete what the manifests declare. Keys stay in their stores.
    #[command(after_help = "Example:\n  accredit destroy --emulator --target exo-automation manifests/")]
    Destroy(DestroyArguments),
    /// Bring back a deleted application with its appId, within 30 days.
    #[command(after_help = "Example:\n  accredit restore --emulator exo-automation manifests/")]
    Restore(RestoreArguments),
    /// Follow a certificate with a new one now, or end such a rotation.
    #[command(
        after_help = "Examples:\n  accredit rotate exo-automation --emulator manifests/            # a new one beside the old\n  accredit rotate exo-automation --finish --emulator manifests/   # the old one goes; refused while the new one does not sign in"
    )]
    Rotate(RotateArguments),
    /// Show what a script needs to sign in as an application: values, commands for each service, scripts to begin with.
    #[command(
        after_help = "Examples:\n  accredit connect exo-automation --emulator manifests/\n  accredit connect exo-automation --format github >> \"$GITHUB_OUTPUT\"\n  accredit connect exo-automation --for exchange-online\n  accredit connect exo-automation --recipe mailbox-export --host task-scheduler --out scripts"
    )]
    Connect(Box<connect::ConnectArguments>),
    /// Find what is not as the manifests say: changes from outside, what is gone, credentials that end. Changes nothing.
    #[command(
        after_help = "Examples:\n  accredit drift --emulator manifests/                      # 0 in line, 1 error, 2 something to look at\n  accredit drift --emulator --fail-on expiry manifests/\n  accredit drift --emulator --all-apps --inventory all.jsonl manifests/\n  accredit drift --emulator --write-baseline baseline.yaml --owner 'Zoe Howard' --until 2027-01-31 manifests/\n  accredit drift --emulator --baseline baseline.yaml manifests/\n  ACCREDIT_NOTIFY_URL=https://hooks.slack.com/services/… accredit drift manifests/"
    )]
    Drift(Box<drift::DriftArguments>),
    /// Show who is signed in to which tenant, and what that is good for.
    #[command(after_help = "Example:\n  accredit whoami --emulator manifests/")]
    Whoami(WhoamiArguments),
    /// Say why an application cannot connect, or what an error text means, and what to do.
    #[command(
        after_help = "Examples:\n  accredit doctor --emulator                                      # every declared application\n  accredit doctor exo-automation --emulator manifests/\n  accredit doctor 'AADSTS700027: Client assertion contains an invalid signature.'\n  Get-Content error.txt | accredit doctor -                       # a long text"
    )]
    Doctor(doctor::DoctorArguments),
    /// Show a plan that was saved with `plan --out` or `plan --json`.
    #[command(
        after_help = "Examples:\n  accredit show plan.json --format markdown\n  accredit show plan.json --format html > plan.html\n  accredit show plan.json --format sarif > plan.sarif"
    )]
    Show(ShowArguments),
    /// Put the results of several runs together, such as those of shards.
    #[command(
        after_help = "Examples:\n  accredit merge shard-*.json > all.json   # 1 where one is missing, there twice, or has an error for a result\n  accredit merge one.sarif other.sarif > all.sarif"
    )]
    Merge(estates::MergeArguments),
    /// Make, read, convert and judge certificates and keys, with no tenant.
    #[command(
        subcommand,
        after_help = "Examples:\n  accredit certificate new --dns-name m365info.com --format cer,pfx --generate-password\n  accredit certificate inspect exo.pfx"
    )]
    Certificate(Box<certificate::CertificateVerb>),
    /// Serve a tenant on this machine, for other programs to use.
    #[command(
        after_help = "Examples:\n  accredit emulate                                           # `plan --emulator` elsewhere uses it\n  accredit emulate --in-memory --https 8443 --ca-out ca.pem  # with TLS; clients trust ca.pem\n  accredit emulate --in-memory --seed 10000 --lag 0s..30s --replicas 3 --throttle graph"
    )]
    Emulate(Box<emulate::EmulateArguments>),
    /// Print the JSON Schema of manifests, for editors, or write it into a file.
    #[command(
        after_help = "Examples:\n  accredit schema schemas/manifest.schema.json\n  accredit schema --plan schemas/plan.schema.json"
    )]
    Schema {
        /// That of the JSON of plans instead, for those who read them.
        #[arg(long)]
        plan: bool,
        file: Option<PathBuf>,
    },
    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  accredit completions bash > /etc/bash_completion.d/accredit")]
    Completions { shell: Shell },
    /// Write the manual pages into a directory.
    #[command(after_help = "Example:\n  accredit man /usr/local/share/man/man1")]
    Man { directory: PathBuf },
}

#[derive(Debug, Args)]
struct ValidateArguments {
    /// Manifest files, or directories of them.
    #[arg(default_value = MANIFESTS)]
    paths: Vec<PathBuf>,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    estates: estates::EstatesArguments,
}

/// Which services are spoken to, and as whom.
#[derive(Debug, Args)]
struct ServiceArguments {
    /// Use a tenant on this machine instead of a real one: an embedded one kept under `.accredit/`, or the one that
    /// `accredit emulate` serves at URL.
    #[arg(long, value_name = "URL", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    emulator: Option<String>,
    /// Where the services of a `cloud: custom` are; also by `ACCREDIT_CLOUD_FILE`.
    #[arg(long, value_name = "FILE")]
    cloud_file: Option<PathBuf>,
    /// How to sign in: accessToken, environment, workloadIdentity, managedIdentity, azureCli, azureDeveloperCli,
    /// azurePowerShell or deviceCode. Default: what `ACCREDIT_AUTH` or the manifests say, else the first that is set up.
    #[arg(long, value_name = "METHOD")]
    auth: Option<AuthenticationMethod>,
}

impl From<ServiceArguments> for Service {
    fn from(arguments: ServiceArguments) -> Self {
        let ServiceArguments { emulator, cloud_file, auth } = arguments;
        Self { emulator, cloud_file, authentication: auth }
    }
}

#[derive(Debug, Args)]
struct TargetArguments {
    /// Manifest files, or directories of them.
    #[arg(default_value = MANIFESTS)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    service: ServiceArguments,
    #[command(flatten)]
    selection: selection::SelectionArguments,
    /// Reckon as if it were this instant (RFC 3339), for tests and rehearsals.
    #[arg(long, value_name = "INSTANT")]
    now: Option<Timestamp>,
    /// How long the run may take, waiting for a busy Graph included, such as `20m`.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = span)]
    timeout: Duration,
    /// Ask Graph at most so often in a second, to leave others their share.
    #[arg(long, value_name = "NUMBER", value_parser = rate)]
    max_requests_per_second: Option<f64>,
}

impl From<TargetArguments> for Target {
    fn from(arguments: TargetArguments) -> Self {
        let TargetArguments { paths, service, selection, now, timeout, max_requests_per_second } = arguments;
        let limits = Limits { timeout, requests_per_second: max_requests_per_second };
        Self { paths, service: service.into(), selection: selection.into(), now, limits }
    }
}

/// A number of requests in a second, such as `5` or `0.5`.
fn rate(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    if (0.01..=10_000.0).contains(&number) { Ok(number) } else { Err("it lies between 0.01 and 10000".to_owned()) }
}

#[derive(Debug, Args)]
struct PlanArguments {
    #[command(flatten)]
    target: TargetArguments,
    #[command(flatten)]
    replace: selection::ReplaceArguments,
    /// Plan the deletion of everything that the manifests declare.
    #[arg(long, conflicts_with = "replace")]
    destroy: bool,
    /// Print the plan as JSON: the same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    #[arg(long, value_enum, default_value_t = FormatArgument::Text)]
    format: FormatArgument,
    /// Save the plan as JSON, for `accredit show` and `accredit apply`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Sign the saved plan with this private key of Ed25519, in PEM.
    #[arg(long, value_name = "FILE", requires = "out")]
    sign: Option<PathBuf>,
    /// Exit with 0 when there is nothing to do, 1 on errors, 2 when something would change.
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    estates: estates::EstatesArguments,
}

#[derive(Debug, Args)]
struct PolicyArguments {
    /// Hold the plan against policies in Rego too: a file, or a directory of them, in the package `accredit`.
    #[arg(long, value_name = "PATH", help_heading = "Policies")]
    policy: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct ApplyArguments {
    #[command(flatten)]
    target: TargetArguments,
    #[command(flatten)]
    replace: selection::ReplaceArguments,
    #[command(flatten)]
    approval: ApprovalArguments,
    /// Prove afterwards that the applications with certificates work, as `accredit verify` does; what is new is waited for as
    /// long as `--propagation-timeout` says.
    #[arg(long)]
    verify: bool,
    /// Carry out a saved plan only if the owner of this public key signed it.
    #[arg(long, value_name = "FILE", help_heading = "Saved plans")]
    verify_key: Option<PathBuf>,
    /// Carry out no saved plan that was made longer ago.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = span, help_heading = "Saved plans")]
    maximum_plan_age: Duration,
}

#[derive(Debug, Args)]
struct DestroyArguments {
    #[command(flatten)]
    target: TargetArguments,
    #[command(flatten)]
    approval: ApprovalArguments,
}

#[derive(Debug, Args)]
struct ApprovalArguments {
    /// Do not ask.
    #[arg(long)]
    auto_approve: bool,
    #[command(flatten)]
    allowed: AllowedArguments,
    #[command(flatten)]
    policies: PolicyArguments,
    /// How long to wait for each thing that was written to become known everywhere, such as `10m` or `90s`.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = span)]
    propagation_timeout: Duration,
    /// How many applications are written side by side, 1 to 64; the steps of one are always done one by one.
    #[arg(long, value_name = "NUMBER", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    parallelism: u8,
    /// Print what happens as events, one JSON object a line, and nothing else (docs/events.md). Nobody can be asked then: it
    /// needs `--auto-approve` or a saved plan.
    #[arg(long)]
    json: bool,
}

/// What a run may do although a brake would stop it.
#[derive(Debug, Args)]
struct AllowedArguments {
    /// How many applications this run may delete; needed when it would delete more than 30 % of the estate and at least
    /// three.
    #[arg(long, value_name = "NUMBER", help_heading = "Brakes")]
    allow_deletes: Option<usize>,
    /// How many consents and roles this run may take away from what stays; needed when it would take more than 30 % of them and
    /// at least ten.
    #[arg(long, value_name = "NUMBER", help_heading = "Brakes")]
    allow_revocations: Option<usize>,
    /// A permission or role that amounts to the whole tenant and that this run may give, or give a way to use, by name. Once
    /// for each.
    #[arg(long, value_name = "NAME", help_heading = "Brakes")]
    allow_privileged: Vec<String>,
    /// Let this run take away what the operator itself reads and writes with.
    #[arg(long, help_heading = "Brakes")]
    allow_self_removal: bool,
    /// A policy of the level `approval` that this run has the approval of. Once for each.
    #[arg(long, value_name = "POLICY", help_heading = "Policies")]
    approve: Vec<String>,
    /// Start although the operator's token lacks permissions that the plan needs.
    #[arg(long)]
    skip_rights_check: bool,
}

impl From<AllowedArguments> for Allowed {
    fn from(arguments: AllowedArguments) -> Self {
        let AllowedArguments {
            allow_deletes,
            allow_revocations,
            allow_privileged,
            allow_self_removal,
            approve,
            skip_rights_check,
        } = arguments;
        Self {
            allow_deletes,
            allow_revocations,
            allow_privileged,
            allow_self_removal,
            approved: approve,
            despite_missing_rights: skip_rights_check,
        }
    }
}

impl From<ApprovalArguments> for Approval {
    fn from(arguments: ApprovalArguments) -> Self {
        let ApprovalArguments {
            auto_approve,
            allowed,
            policies: PolicyArguments { policy },
            propagation_timeout,
            parallelism,
            json,
        } = arguments;
        let (allowed, parallelism) = (allowed.into(), usize::from(parallelism));
        Self { auto_approve, allowed, policy, propagation_timeout, parallelism, json }
    }
}

/// A length of time, such as `10m`.
fn span(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|_| "write a time such as `20m` or `90s`".to_owned())?;
    span.try_into().map_err(|_| "it cannot be negative".to_owned())
}

#[derive(Debug, Args)]
struct WhoamiArguments {
    /// Manifest files, or directories of them: they name the tenant.
    #[arg(default_value = MANIFESTS)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    service: ServiceArguments,
    /// How long it may take, such as `30s`.
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = span)]
    timeout: Duration,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct RotateArguments {
    /// The application's handle.
    handle: String,
    #[command(flatten)]
    target: TargetArguments,
    /// Which of its certificates. Default: all.
    #[arg(long, value_name = "NAME")]
    certificate: Option<String>,
    /// Remove the certificates that the active one has followed, also before the overlap has passed.
    #[arg(long)]
    finish: bool,
    #[command(flatten)]
    approval: ApprovalArguments,
}

#[derive(Debug, Args)]
struct RestoreArguments {
    /// The deleted application's handle.
    handle: String,
    #[command(flatten)]
    target: TargetArguments,
    /// Do not ask.
    #[arg(long)]
    auto_approve: bool,
}

#[derive(Debug, Args)]
struct ShowArguments {
    /// The saved plan.
    file: PathBuf,
    /// The same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    #[arg(long, value_enum, default_value_t = FormatArgument::Text)]
    format: FormatArgument,
}

pub fn main() -> ExitCode {
    let Cli { color, command } = match Cli::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // clap's own code for a wrong word is 2, which means "something would change" here.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    let color = match color {
        ColorArgument::Auto => Color::Auto,
        ColorArgument::Always => Color::Always,
        ColorArgument::Never => Color::Never,
    };
    commands::run(color, command.into())
}

/// The whole command line as clap knows it, for completions and manual pages.
pub fn command() -> clap::Command {
    Cli::command()
}

impl From<FormatArgument> for Format {
    fn from(format: FormatArgument) -> Self {
        match format {
            FormatArgument::Text => Self::Text,
            FormatArgument::Json => Self::Json,
            FormatArgument::JsonLines => Self::JsonLines,
            FormatArgument::Markdown => Self::Markdown,
            FormatArgument::Html => Self::Html,
            FormatArgument::Sarif => Self::Sarif,
            FormatArgument::Github => Self::Github,
            FormatArgument::Gitlab => Self::Gitlab,
            FormatArgument::Junit => Self::Junit,
        }
    }
}

impl From<Verb> for commands::Command {
    fn from(verb: Verb) -> Self {
        let format = |json: bool, format: FormatArgument| if json { Format::Json } else { format.into() };
        match verb {
            Verb::Init(arguments) => Self::Init(Box::new((*arguments).into())),
            Verb::Fmt(arguments) => Self::Fmt(arguments.into()),
            Verb::Validate(ValidateArguments { paths, json, estates }) => {
                Self::Validate(commands::validate::Arguments { paths, share: estates.into(), json })
            }
            Verb::Merge(arguments) => Self::Merge(arguments.into()),
            Verb::Plan(PlanArguments {
                target,
                replace,
                destroy,
                json,
                format: named,
                out,
                sign,
                detailed_exitcode,
                policies,
                estates,
            }) => Self::Plan(commands::plan::Arguments {
                target: target.into(),
                replace: replace.replace,
                destroy,
                refresh_only: replace.refresh_only,
                format: format(json, named),
                out,
                sign,
                detailed_exitcode,
                policy: policies.policy,
                share: estates.into(),
            }),
            Verb::Apply(ApplyArguments { target, replace, approval, verify, verify_key, maximum_plan_age }) => {
                let conditions = Some(Conditions { verify_key, maximum_age: maximum_plan_age });
                let (target, approval) = (target.into(), approval.into());
                let selection::ReplaceArguments { replace, refresh_only } = replace;
                Self::Apply(commands::apply::Arguments {
                    target,
                    replace,
                    destroy: false,
                    refresh_only,
                    approval,
                    verify,
                    conditions,
                })
            }
            Verb::Destroy(DestroyArguments { target, approval }) => {
                let (target, approval) = (target.into(), approval.into());
                let (verify, conditions) = (false, None);
                let (replace, refresh_only) = (Vec::new(), false);
                Self::Apply(commands::apply::Arguments {
                    target,
                    replace,
                    destroy: true,
                    refresh_only,
                    approval,
                    verify,
                    conditions,
                })
            }
            Verb::Verify(arguments) => Self::Verify(arguments.into()),
            Verb::Restore(RestoreArguments { handle, target, auto_approve }) => {
                Self::Restore(commands::restore::Arguments { handle, target: target.into(), auto_approve })
            }
            Verb::Rotate(RotateArguments { handle, target, certificate, finish, approval }) => {
                Self::Rotate(commands::rotate::Arguments {
                    handle,
                    certificate,
                    finish,
                    target: target.into(),
                    approval: approval.into(),
                })
            }
            Verb::Connect(arguments) => Self::Connect((*arguments).into()),
            Verb::Drift(arguments) => Self::Drift((*arguments).into()),
            Verb::Whoami(WhoamiArguments { paths, service, timeout, json }) => {
                let limits = Limits { timeout, requests_per_second: None };
                let target =
                    Target { paths, service: service.into(), selection: Selection::default(), now: None, limits };
                Self::Whoami(commands::whoami::Arguments { target, json })
            }
            Verb::Doctor(arguments) => Self::Doctor(arguments.into()),
            Verb::Show(ShowArguments { file, json, format: named }) => Self::Show { file, format: format(json, named) },
            Verb::Emulate(arguments) => Self::Emulate(Box::new((*arguments).into())),
            Verb::Certificate(verb) => Self::Certificate((*verb).into()),
            Verb::Schema { plan, file } => Self::Schema { plan, file },
            Verb::Completions { shell } => Self::Completions { shell, command: command() },
            Verb::Man { directory } => Self::Man { directory, command: command() },
        }
    }
}
