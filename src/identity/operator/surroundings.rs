//! What signing in may look at and use, as values: the room itself reads no variable and no clock.

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use azure_core::cloud::CustomConfiguration;
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions, Transport as Sender};
use azure_core::time;

use crate::identity::Clock;
use crate::identity::token::endpoint;
use crate::transport::azure::{Carrier, Repeats};
use crate::transport::{Sending, Transport};

use super::device_code::DeviceCode;

/// The value of a variable, if it is set.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Waits as long as it is told.
pub type Wait = Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Everything that signing in looks at and sends by.
#[derive(Clone)]
pub struct Surroundings {
    pub environment: Environment,
    /// The login host with `https://`.
    pub authority: String,
    /// By its id or a domain, as the manifest says it.
    pub tenant: String,
    /// What tokens for Graph are for, such as `https://graph.microsoft.com`.
    pub graph: String,
    /// Leads to the login host.
    pub token_service: Arc<dyn Transport>,
    /// Leads to whoever else issues tokens, such as GitHub.
    pub internet: Arc<dyn Transport>,
    pub machine: Machine,
    /// Whether somebody sits at a terminal and may be asked to sign in.
    pub has_person: bool,
    pub show_device_code: Arc<dyn Fn(&DeviceCode) + Send + Sync>,
    pub clock: Clock,
    pub wait: Wait,
}

/// The machine that this runs on.
#[derive(Clone)]
pub struct Machine {
    /// Leads to what the machine itself serves, by no proxy.
    pub transport: Arc<dyn Transport>,
    /// Where the agent of Azure Arc lays down the keys that show that one is allowed to be on the machine.
    pub arc_keys: PathBuf,
    /// Is there where the agent of Azure Arc is.
    pub arc_agent: PathBuf,
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Surroundings {{ authority: {:?}, tenant: {:?} }}", self.authority, self.tenant)
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Machine {{ arc_keys: {:?} }}", self.arc_keys)
    }
}

impl Machine {
    /// <https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication>
    pub fn new(transport: Arc<dyn Transport>, environment: &Environment) -> Self {
        let of = |variable: &str, otherwise: &str| PathBuf::from(environment(variable).unwrap_or(otherwise.to_owned()));
        let (arc_keys, arc_agent) = if cfg!(windows) {
            let programs = of("ProgramFiles", r"C:\Program Files");
            (
                of("ProgramData", r"C:\ProgramData").join("AzureConnectedMachineAgent").join("Tokens"),
                programs.join("AzureConnectedMachineAgent").join("himds.exe"),
            )
        } else {
            ("/var/opt/azcmagent/tokens".into(), "/opt/azcmagent/bin/himds".into())
        };
        Self { transport, arc_keys, arc_agent }
    }
}

/// The names of the variables that name an application, Azure's own before those of Terraform.
const CLIENT_IDS: [&str; 2] = ["AZURE_CLIENT_ID", "ARM_CLIENT_ID"];

/// How long the token service is waited for.
const ANSWER: Duration = Duration::from_secs(30);

impl Surroundings {
    /// A variable that says something. Continuous integration sets those that it has no value for to nothing.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name).filter(|value| !value.is_empty())
    }

    /// The first of some variables that says something, with its name.
    pub(super) fn first_variable<'a>(&self, names: &[&'a str]) -> Option<(&'a str, String)> {
        names.iter().find_map(|name| Some((*name, self.variable(name)?)))
    }

    /// The application that variables name, for methods that need nothing else from them.
    pub(super) fn client_id(&self) -> Option<(&'static str, String)> {
        self.first_variable(&CLIENT_IDS)
    }

    /// Where the application that is signed in to asks for tokens.
    pub(super) fn token_address(&self) -> String {
        endpoint(&self.authority, &self.tenant, "token")
    }

    /// For credentials of the official crate that ask the token service, and other issuers before.
    pub(super) fn client_options(&self, token_service: Arc<dyn Transport>) -> ClientOptions {
        let login = self.authority.parse::<http::Uri>().ok().and_then(|uri| uri.authority().cloned());
        let fork = Fork { login, token_service, others: Arc::clone(&self.internet) };
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host.clone_from(&self.authority);
        ClientOptions {
            cloud: Some(Arc::new(cloud.into())),
            ..client_options(Arc::new(fork), "the token service", Repeats::Lost)
        }
    }

    /// For credentials of the official crate that ask this machine.
    pub(super) fn machine_options(&self) -> ClientOptions {
        client_options(Arc::clone(&self.machine.transport), "the machine's identity service", Repeats::Nothing)
    }
}

/// Asking for a token changes nothing, so it is asked for again, though not for long: somebody sits and waits.
fn client_options(transport: Arc<dyn Transport>, service: &'static str, repeats: Repeats) -> ClientOptions {
    let carrier = Carrier { transport, service, answer: ANSWER, repeats };
    let retry = ExponentialRetryOptions {
        initial_delay: time::Duration::milliseconds(500),
        max_retries: 4,
        max_total_elapsed: time::Duration::seconds(60),
        ..ExponentialRetryOptions::default()
    };
    ClientOptions {
        transport: Some(Sender::new(Arc::new(carrier))),
        retry: RetryOptions::exponential(retry),
        ..ClientOptions::default()
    }
}

/// Sends what is for the login host one way, and the rest another.
struct Fork {
    login: Option<http::uri::Authority>,
    token_service: Arc<dyn Transport>,
    others: Arc<dyn Transport>,
}

impl Transport for Fork {
    fn send(&self, request: http::Request<bytes::Bytes>) -> Sending<'_> {
        if request.uri().authority() == self.login.as_ref() {
            self.token_service.send(request)
        } else {
            self.others.send(request)
        }
    }
}

/// Whether something secret may be sent to an address: nobody else on the way can read it.
pub(super) fn is_confidential(address: &str) -> bool {
    let Ok(uri) = address.parse::<http::Uri>() else { return false };
    uri.scheme_str() == Some("https") || is_of_this_machine(address)
}

/// Whether an address is one of this machine's own.
pub(super) fn is_of_this_machine(address: &str) -> bool {
    let Ok(uri) = address.parse::<http::Uri>() else { return false };
    matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"))
}
