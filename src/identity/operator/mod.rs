//! The operator: whoever Accredit acts as. A person or an application, signed in in one of several ways.
//!
//! The ways are tried in one order. What is not set up here is passed over with a reason; what is set up and does not work
//! ends the search, because to go on would be to act as somebody else than was meant. Tokens are kept in memory alone.

mod access_token;
mod arc;
mod azure_powershell;
mod client_certificate;
mod command_line_tools;
mod credential;
mod device_code;
mod environment;
mod error;
mod github;
mod managed_identity;
mod official;
mod presented;
mod programs;
mod refusal;
mod surroundings;
mod tenant;
mod workload_identity;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use crate::model::{self, AuthenticationMethod};

pub use credential::Reason;
pub use device_code::DeviceCode;
pub use error::{OperatorError, PassedOver};
pub use surroundings::{Environment, Machine, Surroundings, Wait};

use super::claims;
use credential::{Candidate, NoToken, Token};

/// A token is fetched anew this long before it ends; the official crate does the same.
const RESERVE: Duration = Duration::from_mins(5);

/// Which ways of signing in are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// This one alone.
    Named(AuthenticationMethod),
    /// The first that is set up.
    FirstOf(Vec<AuthenticationMethod>),
}

impl Default for Choice {
    fn default() -> Self {
        Self::FirstOf(AuthenticationMethod::ALL.to_vec())
    }
}

/// Somebody who is signed in.
pub struct Operator {
    tenant: String,
    method: AuthenticationMethod,
    candidate: Candidate,
    passed_over: Vec<PassedOver>,
    holder: model::Operator,
    cache: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<Option<Cached>>>>>,
}

struct Cached {
    token: SecretString,
    until: Instant,
}

impl Cached {
    fn new(Token { secret, good_for }: Token) -> Self {
        Self { token: secret, until: Instant::now() + good_for.saturating_sub(RESERVE) }
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Operator {{ tenant: {:?}, method: {} }}", self.tenant, self.method)
    }
}

impl Operator {
    /// Signs in, which is to get a first token for Graph.
    pub async fn sign_in(surroundings: &Surroundings, choice: &Choice) -> Result<Self, OperatorError> {
        let tenant = surroundings.tenant.clone();
        let (methods, named) = match choice {
            Choice::Named(method) => (std::slice::from_ref(method), true),
            Choice::FirstOf(methods) => (methods.as_slice(), false),
        };
        if let Err(no_token) = tenant::check_variable(surroundings, tenant::VARIABLE).await {
            return Err(OperatorError::Tenant { tenant, reason: no_token.reason() });
        }
        let mut passed_over = Vec::new();
        for &method in methods {
            match attempt(surroundings, method, named).await {
                Ok((candidate, token)) => {
                    let holder = claims::operator(&token.secret);
                    let first = Arc::new(tokio::sync::Mutex::new(Some(Cached::new(token))));
                    let cache = Mutex::new(BTreeMap::from([(surroundings.graph.clone(), first)]));
                    return Ok(Self { tenant, method, candidate, passed_over, holder, cache });
                }
                Err(NoToken::Absent(reason)) if !named => passed_over.push(PassedOver { method, reason }),
                Err(no_token) => {
                    return Err(OperatorError::Method { tenant, method, reason: no_token.reason() });
                }
            }
        }
        Err(OperatorError::Nothing { tenant, passed_over })
    }

    /// A token for `resource` that is good for some minutes yet. Whoever asks while another one fetches waits for that one.
    pub async fn token(&self, resource: &str) -> Result<SecretString, OperatorError> {
        let slot = {
            let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cache.entry(resource.to_owned()).or_default())
        };
        let mut slot = slot.lock().await;
        if let Some(Cached { token, until }) = &*slot
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        let token = self.candidate.credential.token(resource).await.map_err(|no_token| OperatorError::Method {
            tenant: self.tenant.clone(),
            method: self.method,
            reason: no_token.reason(),
        })?;
        Ok(slot.insert(Cached::new(token)).token.clone())
    }

    pub fn method(&self) -> AuthenticationMethod {
        self.method
    }

    /// In the order in which they were looked at.
    pub fn passed_over(&self) -> &[PassedOver] {
        &self.passed_over
    }

    /// Who it is, as the first token for Graph says.
    pub fn holder(&self) -> &model::Operator {
        &self.holder
    }

    /// Who is signed in, where, and how: `to `contoso.onmicrosoft.com` with the Azure CLI (azureCli), as adele@contoso.com`.
    pub fn description(&self) -> String {
        let Self { tenant, method, candidate, passed_over: _, holder, cache: _ } = self;
        let how = &candidate.description;
        match holder.name.as_ref().or(holder.app_id.as_ref()) {
            // That of an application says who it is by itself.
            Some(who) if !how.starts_with("as application") => format!("to `{tenant}` {how} ({method}), as {who}"),
            Some(_) | None => format!("to `{tenant}` {how} ({method})"),
        }
    }
}

/// One way of signing in, up to a token.
async fn attempt(
    surroundings: &Surroundings,
    method: AuthenticationMethod,
    named: bool,
) -> Result<(Candidate, Token), NoToken> {
    let candidate = match method {
        AuthenticationMethod::AccessToken => access_token::find(surroundings),
        AuthenticationMethod::Environment => environment::find(surroundings).await,
        AuthenticationMethod::WorkloadIdentity => workload_identity::find(surroundings).await,
        AuthenticationMethod::ManagedIdentity => managed_identity::find(surroundings).await,
        AuthenticationMethod::AzureCli => command_line_tools::find_azure_cli(surroundings),
        AuthenticationMethod::AzureDeveloperCli => command_line_tools::find_azure_developer_cli(surroundings),
        AuthenticationMethod::AzurePowerShell => Ok(azure_powershell::find(surroundings)),
        AuthenticationMethod::DeviceCode => device_code::find(surroundings, named),
    }?;
    let token = candidate.credential.token(&surroundings.graph).await?;
    // Others than these ask the tenant's own token service; who is signed in to a tool may be so elsewhere, whatever it is told.
    let by_domain = !matches!(
        method,
        AuthenticationMethod::Environment | AuthenticationMethod::WorkloadIdentity | AuthenticationMethod::DeviceCode
    );
    match tenant::check_token(surroundings, &token, by_domain).await {
        Ok(()) => Ok((candidate, token)),
        // A machine has its identity wherever it is, and nobody said that it is the one that is meant.
        Err(NoToken::Failed(reason)) if method == AuthenticationMethod::ManagedIdentity => Err(NoToken::Absent(reason)),
        Err(no_token) => Err(no_token),
    }
}
