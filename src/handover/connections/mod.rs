//! The commands that sign in as an application, service by service, with the parameters that its cloud wants.

mod azure;
mod exchange;
mod microsoft_365;
mod microsoft_graph;
mod password;
mod sharepoint;

pub(super) use exchange::exchange_by_object;
pub use exchange::exchange_by_thumbprint;
pub(super) use microsoft_graph::connect_microsoft_graph;
use password::secure_string;

use std::fmt::Write as _;
use std::path::Path;

use crate::catalog::clouds::{self, NamesInTools};
use crate::model::{Cloud, SecretReference};
use crate::render::Paint;

use super::needs::lacking;
use super::quoting::{comment, powershell};
use super::{CloudAddresses, Handover};

/// What there is to connect to, and with which program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    ExchangeOnline,
    SecurityAndCompliance,
    Teams,
    MicrosoftGraph,
    Pnp,
    SharePointOnline,
    AzPowerShell,
    AzureCli,
    CliForMicrosoft365,
    /// Retired; answered with what has taken its place.
    AzureAd,
}

impl Service {
    pub const ALL: [Self; 10] = [
        Self::ExchangeOnline,
        Self::SecurityAndCompliance,
        Self::Teams,
        Self::MicrosoftGraph,
        Self::Pnp,
        Self::SharePointOnline,
        Self::AzPowerShell,
        Self::AzureCli,
        Self::CliForMicrosoft365,
        Self::AzureAd,
    ];

    /// What `--for` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ExchangeOnline => "exchange-online",
            Self::SecurityAndCompliance => "security-and-compliance",
            Self::Teams => "teams",
            Self::MicrosoftGraph => "graph",
            Self::Pnp => "pnp",
            Self::SharePointOnline => "sharepoint-online",
            Self::AzPowerShell => "az-powershell",
            Self::AzureCli => "az",
            Self::CliForMicrosoft365 => "m365",
            Self::AzureAd => "azure-ad",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::ExchangeOnline => "Exchange Online",
            Self::SecurityAndCompliance => "Security & Compliance",
            Self::Teams => "Microsoft Teams",
            Self::MicrosoftGraph => "Microsoft Graph",
            Self::Pnp => "SharePoint Online with PnP PowerShell",
            Self::SharePointOnline => "SharePoint Online Management Shell",
            Self::AzPowerShell => "Az PowerShell",
            Self::AzureCli => "Azure CLI",
            Self::CliForMicrosoft365 => "CLI for Microsoft 365",
            Self::AzureAd => "Connect-AzureAD",
        }
    }
}

/// The same in one line where the application lacks something for a service, which is of no use yet.
pub fn commands_in_short(service: Service, handover: &Handover, paint: Paint) -> String {
    let lacking = lacking(service, handover);
    if lacking.is_empty() || service == Service::ExchangeOnline {
        return commands(service, handover, paint);
    }
    let (title, handle) = (paint.bold(&format!("# {}", service.title())), comment(&handover.handle));
    format!("{title}: {handle} {}. `--for {}` shows the commands.\n", lacking.join(", and "), service.name())
}

/// The commands for one service under its name. All of it is PowerShell, whose comments say what the commands need.
pub fn commands(service: Service, handover: &Handover, paint: Paint) -> String {
    let mut out = format!("{}\n", paint.bold(&format!("# {}", service.title())));
    for lack in lacking(service, handover) {
        let line = format!("# ! {} {lack}.", comment(&handover.handle));
        let _ = writeln!(out, "{}", paint.yellow(&line));
    }
    let mut script = Script::default();
    match service {
        Service::ExchangeOnline => exchange::online(&mut script, handover),
        Service::SecurityAndCompliance => exchange::security_and_compliance(&mut script, handover),
        Service::Teams => microsoft_365::teams(&mut script, handover),
        Service::MicrosoftGraph => microsoft_graph::microsoft_graph(&mut script, handover),
        Service::Pnp => sharepoint::pnp(&mut script, handover),
        Service::SharePointOnline => sharepoint::management_shell(&mut script, handover),
        Service::AzPowerShell => azure::az_powershell(&mut script, handover),
        Service::AzureCli => azure::azure_cli(&mut script, handover),
        Service::CliForMicrosoft365 => microsoft_365::cli(&mut script, handover),
        Service::AzureAd => {
            script.note("Retired: its support ended in March 2025. Instead:");
            microsoft_graph::microsoft_graph(&mut script, handover);
        }
    }
    out + &script.0
}

/// Lines of a script.
#[derive(Default)]
struct Script(String);

impl Script {
    /// A remark, on one line whatever is in it.
    fn note(&mut self, text: &str) {
        let _ = writeln!(self.0, "# {}", comment(text));
    }

    /// Puts a PFX and its password into the variables `$pfx` and `$password`.
    fn pfx(&mut self, path: &Path, password: Option<&SecretReference>, handover: &Handover) {
        if matches!(password, Some(SecretReference::KeyVault { .. })) {
            self.sign_in_to_azure(handover);
        }
        self.line(&format!("$pfx = {}", powershell(&path.to_string_lossy())));
        self.line(&format!("$password = {}", secure_string(password)));
    }

    /// As somebody who may read a vault's secrets. A custom cloud's name is known to whoever runs it.
    fn sign_in_to_azure(&mut self, handover: &Handover) {
        self.note("By whoever may read the vault's secrets; on a machine in Azure add -Identity:");
        let names = clouds::facts(handover.cloud).tools;
        let environment =
            names.map_or_else(String::new, |names| outside_of_global(handover, "-Environment", names.azure));
        self.line(&format!("Connect-AzAccount{environment}"));
    }

    fn line(&mut self, text: &str) {
        let _ = writeln!(self.0, "{text}");
    }
}

/// What the programs call the handover's cloud; where nobody knows, that is said in its place.
fn names_in_tools(script: &mut Script, handover: &Handover) -> Option<NamesInTools> {
    let names = clouds::facts(handover.cloud).tools;
    if names.is_none() {
        script.note("It has no name for this cloud that Accredit knows of: ask whoever runs the cloud.");
    }
    names
}

/// Whether the key cannot come to where the command needs it, which is then said in its place.
fn refuses_kept_key(script: &mut Script, handover: &Handover) -> bool {
    let is_kept = !handover.certificate.can_be_installed();
    if is_kept {
        script.note(
            "The key never leaves its vault, and this needs it here: declare `exportable: true` for the next one.",
        );
    }
    is_kept
}

/// An option that the worldwide cloud does without.
pub(super) fn outside_of_global(handover: &Handover, name: &str, value: &str) -> String {
    if handover.cloud == Cloud::Global { String::new() } else { option(name, value) }
}

/// What one more option adds to a command.
fn option(name: &str, value: &str) -> String {
    format!(" {name} {value}")
}
