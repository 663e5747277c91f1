//! Who signs in: which way was chosen, what it may look at, and the line that says what came of it.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;

use crate::identity::{
    Choice, Clock, DeviceCode, Environment, Machine, Operator, OperatorError, PassedOver, Surroundings, Wait,
};
use crate::model::AuthenticationMethod;
use crate::render::printable;
use crate::transport::Transport;

use super::console::{Console, environment};
use super::failure::Failure;

/// Says how to sign in, where no argument does.
const VARIABLE: &str = "ACCREDIT_AUTH";

/// Where to sign in, and as whom.
pub(super) struct SignIn<'a> {
    /// The login host with `https://`.
    pub(super) authority: &'a str,
    pub(super) tenant: &'a str,
    /// What tokens for Graph are for.
    pub(super) graph: &'a str,
    /// Leads to the login host.
    pub(super) token_service: Arc<dyn Transport>,
    /// Leads to everywhere.
    pub(super) internet: Arc<dyn Transport>,
    /// Leads to this machine alone.
    pub(super) machine: Arc<dyn Transport>,
    pub(super) clock: Clock,
    pub(super) place: Place,
}

/// What kind of tenant it is.
pub(super) enum Place {
    Real,
    /// An emulator elsewhere. Tokens of a real tenant have no business there, so what gives such is not tried unasked.
    Emulator {
        url: String,
    },
    /// An emulator in this process, with the client id and secret of its operator.
    Embedded {
        client_id: String,
        client_secret: String,
    },
}

/// Signs in, and says how.
pub(super) async fn sign_in(
    console: &Console,
    argument: Option<AuthenticationMethod>,
    manifest: Option<AuthenticationMethod>,
    to: SignIn<'_>,
) -> Result<Operator, Failure> {
    let SignIn { authority, tenant, graph, token_service, internet, machine, clock, place } = to;
    let chosen = match (argument, environment(VARIABLE).filter(|value| !value.is_empty())) {
        (Some(method), _) => Some(method),
        (None, Some(name)) => {
            Some(name.parse().map_err(|error| Failure::new(format!("{VARIABLE} cannot be used"), error))?)
        }
        (None, None) => manifest,
    };
    let choice = match (&place, chosen) {
        (Place::Embedded { .. }, _) => Choice::Named(AuthenticationMethod::Environment),
        (_, Some(method)) => Choice::Named(method),
        (Place::Real, None) => Choice::default(),
        (Place::Emulator { .. }, None) => Choice::FirstOf(vec![
            AuthenticationMethod::AccessToken,
            AuthenticationMethod::Environment,
            AuthenticationMethod::WorkloadIdentity,
        ]),
    };
    let lookup: Environment = match &place {
        Place::Embedded { client_id, client_secret } => {
            let (client_id, client_secret) = (client_id.clone(), client_secret.clone());
            Arc::new(move |name| match name {
                "AZURE_CLIENT_ID" => Some(client_id.clone()),
                "AZURE_CLIENT_SECRET" => Some(client_secret.clone()),
                _ => None,
            })
        }
        Place::Real | Place::Emulator { .. } => Arc::new(environment),
    };
    let wait: Wait = Arc::new(|duration| Box::pin(tokio::time::sleep(duration)));
    let surroundings = Surroundings {
        machine: Machine::new(machine, &lookup),
        environment: lookup,
        authority: authority.to_owned(),
        tenant: tenant.to_owned(),
        graph: graph.to_owned(),
        token_service,
        internet,
        has_person: console.talks_to_terminal && io::stdin().is_terminal(),
        show_device_code: show_device_code(console.clone()),
        clock,
        wait,
    };
    let operator = match Operator::sign_in(&surroundings, &choice).await {
        Ok(operator) => operator,
        Err(error) => return Err(failed(console, error, &place)),
    };
    if !matches!(place, Place::Embedded { .. }) {
        console.say(&printable(&line(&operator)));
    }
    Ok(operator)
}

fn show_device_code(console: Console) -> Arc<dyn Fn(&DeviceCode) + Send + Sync> {
    Arc::new(move |DeviceCode { user_code, verification_uri }| {
        let (code, address) = (printable(user_code), printable(verification_uri));
        console.say(&format!("To sign in, open {address} in a browser and type the code {code}"));
    })
}

/// Who is signed in and how, and what was looked at before.
fn line(operator: &Operator) -> String {
    let signed_in = format!("Signed in {}.", operator.description());
    // Nobody expects a ready token who has none.
    let passed_over = operator.passed_over().iter().filter(|passed| passed.method != AuthenticationMethod::AccessToken);
    let passed_over: Vec<String> =
        passed_over.map(|PassedOver { method, reason }| format!("{method} ({})", reason.text)).collect();
    if passed_over.is_empty() { signed_in } else { format!("{signed_in} Passed over: {}.", passed_over.join(", ")) }
}

fn failed(console: &Console, error: OperatorError, place: &Place) -> Failure {
    let causes = error.passed_over();
    let help = match (&error, place) {
        (OperatorError::Nothing { .. }, Place::Emulator { url }) => {
            Some(format!("`accredit emulate` prints the values of AZURE_CLIENT_ID and AZURE_CLIENT_SECRET for {url}"))
        }
        (error, _) => error.help(),
    };
    let failure = match help {
        Some(help) => Failure::from(error).hint(help),
        None => Failure::from(error),
    };
    if causes.is_empty() {
        return failure;
    }
    console.failure_because(&failure, &causes);
    Failure::said()
}
