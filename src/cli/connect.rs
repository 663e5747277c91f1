//! What there is to type after `connect`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::commands::connect::{Arguments, Format, Host, Recipe, Service, Show};
use crate::commands::{Limits, MANIFESTS, Selection, Target};

use super::{ServiceArguments, span};

#[derive(Debug, Args)]
pub(super) struct ConnectArguments {
    /// The application's handle.
    handle: String,
    /// Manifest files, or directories of them.
    #[arg(default_value = MANIFESTS)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    service: ServiceArguments,
    /// Which of its certificates. Default: the first that can be used.
    #[arg(long, value_name = "NAME")]
    certificate: Option<String>,
    /// The values alone, in this form; `text` adds the commands for every service.
    #[arg(long, value_enum, default_value_t = FormatArgument::Text, conflicts_with_all = ["connect_to", "recipe"])]
    format: FormatArgument,
    /// The commands for this service alone, or those that bring the key to another machine with Windows.
    #[arg(long = "for", id = "connect_to", value_name = "SERVICE", value_enum, conflicts_with = "recipe")]
    connect_to: Option<ForArgument>,
    /// A script to begin with.
    #[arg(long, value_enum, help_heading = "Recipes")]
    recipe: Option<RecipeArgument>,
    /// What runs the script.
    #[arg(long, value_enum, default_value_t = HostArgument::TaskScheduler, requires = "recipe", help_heading = "Recipes")]
    host: HostArgument,
    /// Write all files of the recipe into this directory, instead of the first to standard output.
    #[arg(long, value_name = "DIRECTORY", requires = "recipe", help_heading = "Recipes")]
    out: Option<PathBuf>,
    /// Replace files that are there.
    #[arg(long, requires = "out", help_heading = "Recipes")]
    force: bool,
    /// Reckon as if it were this instant (RFC 3339), for tests and rehearsals.
    #[arg(long, value_name = "INSTANT")]
    now: Option<Timestamp>,
    /// How long it may take, such as `30s`.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = span)]
    timeout: Duration,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArgument {
    Text,
    Json,
    /// For `set -a; . FILE` in a shell.
    Dotenv,
    /// Variables.
    #[value(name = "powershell")]
    PowerShell,
    /// Lines for the file that `$GITHUB_OUTPUT` names.
    #[value(name = "github")]
    GitHub,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ForArgument {
    ExchangeOnline,
    SecurityAndCompliance,
    Teams,
    Graph,
    Pnp,
    SharepointOnline,
    #[value(name = "az-powershell")]
    AzPowerShell,
    /// The Azure CLI.
    Az,
    /// The CLI for Microsoft 365.
    M365,
    /// Retired: shows what has taken its place.
    AzureAd,
    /// Brings the key to another machine.
    Windows,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RecipeArgument {
    /// All mailboxes to a CSV file.
    MailboxExport,
    /// Last month's unified audit log to a CSV file.
    AuditLog,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HostArgument {
    TaskScheduler,
    AzureAutomation,
    #[value(name = "github-actions")]
    GitHubActions,
    AzurePipelines,
}

impl From<ConnectArguments> for Arguments {
    fn from(arguments: ConnectArguments) -> Self {
        let ConnectArguments {
            handle,
            paths,
            service,
            certificate,
            format,
            connect_to,
            recipe,
            host,
            out,
            force,
            now,
            timeout,
        } = arguments;
        let limits = Limits { timeout, requests_per_second: None };
        let target = Target { paths, service: service.into(), selection: Selection::default(), now, limits };
        let show = match (recipe, connect_to) {
            (Some(recipe), _) => Show::Recipe { recipe: recipe.into(), host: host.into(), out, force },
            (None, Some(service)) => service.shows(),
            (None, None) => format.shows(),
        };
        Self { handle, certificate, show, target }
    }
}

impl FormatArgument {
    fn shows(self) -> Show {
        Show::Values(match self {
            Self::Text => return Show::Everything,
            Self::Json => Format::Json,
            Self::Dotenv => Format::Dotenv,
            Self::PowerShell => Format::PowerShell,
            Self::GitHub => Format::GitHub,
        })
    }
}

impl ForArgument {
    fn shows(self) -> Show {
        Show::Commands(match self {
            Self::ExchangeOnline => Service::ExchangeOnline,
            Self::SecurityAndCompliance => Service::SecurityAndCompliance,
            Self::Teams => Service::Teams,
            Self::Graph => Service::MicrosoftGraph,
            Self::Pnp => Service::Pnp,
            Self::SharepointOnline => Service::SharePointOnline,
            Self::AzPowerShell => Service::AzPowerShell,
            Self::Az => Service::AzureCli,
            Self::M365 => Service::CliForMicrosoft365,
            Self::AzureAd => Service::AzureAd,
            Self::Windows => return Show::Import,
        })
    }
}

impl From<RecipeArgument> for Recipe {
    fn from(recipe: RecipeArgument) -> Self {
        match recipe {
            RecipeArgument::MailboxExport => Self::MailboxExport,
            RecipeArgument::AuditLog => Self::AuditLog,
        }
    }
}

impl From<HostArgument> for Host {
    fn from(host: HostArgument) -> Self {
        match host {
            HostArgument::TaskScheduler => Self::TaskScheduler,
            HostArgument::AzureAutomation => Self::AzureAutomation,
            HostArgument::GitHubActions => Self::GitHubActions,
            HostArgument::AzurePipelines => Self::AzurePipelines,
        }
    }
}
