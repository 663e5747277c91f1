//! An application by a token of an issuer that it trusts: of GitHub Actions, of Azure Pipelines, of Kubernetes, or of
//! whoever else writes one into a file or variable.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::http::ClientMethodOptions;
use azure_identity::{
    AzurePipelinesCredential, AzurePipelinesCredentialOptions, ClientAssertion, ClientAssertionCredential,
    ClientAssertionCredentialOptions, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::credential::{Candidate, NoToken};
use super::environment::refused_application;
use super::github::GitHub;
use super::official::{self, Official};
use super::presented::Witness;
use super::surroundings::{Surroundings, is_confidential};
use super::tenant;

const TOKEN_FILES: [&str; 2] = ["AZURE_FEDERATED_TOKEN_FILE", "ARM_OIDC_TOKEN_FILE_PATH"];
const TOKEN: &str = "ARM_OIDC_TOKEN";
const PIPELINES_ADDRESS: &str = "SYSTEM_OIDCREQUESTURI";
const PIPELINES_TOKEN: &str = "SYSTEM_ACCESSTOKEN";
const SERVICE_CONNECTIONS: [&str; 3] = [
    "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
    "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID",
    "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID",
];
/// The tasks of Azure Pipelines name the application of their service connection by a variable of their own.
const CLIENT_IDS: [&str; 3] = ["AZURE_CLIENT_ID", "ARM_CLIENT_ID", "AZURESUBSCRIPTION_CLIENT_ID"];
const TENANTS: [&str; 3] = [tenant::VARIABLE, "ARM_TENANT_ID", "AZURESUBSCRIPTION_TENANT_ID"];

/// Whose token is shown.
enum Issuer {
    File { path: String, from: &'static str },
    Variable(SecretString),
    Pipelines { token: SecretString, connection: String, from: &'static str },
    GitHub(GitHub),
}

pub(super) async fn find(surroundings: &Surroundings) -> Result<Candidate, NoToken> {
    let issuer = issuer(surroundings)?;
    let Some((client_id_from, client_id)) = surroundings.first_variable(&CLIENT_IDS) else {
        let text = format!("there is a token {}, but AZURE_CLIENT_ID is not set", issuer.source());
        // GitHub's are there in every job that may have one; the others were laid down for this, and to go on would be to act as
        // the machine.
        let no_token = if matches!(issuer, Issuer::GitHub(_)) { NoToken::absent(text) } else { NoToken::failed(text) };
        return Err(no_token.help("set AZURE_CLIENT_ID to the id of the application that trusts it"));
    };
    let of_family = CLIENT_IDS.iter().position(|name| *name == client_id_from).unwrap_or_default();
    tenant::check_variable(surroundings, TENANTS[of_family]).await?;

    let witness = Arc::new(Witness::new(Arc::clone(&surroundings.token_service)));
    let options = || ClientAssertionCredentialOptions { client_options: surroundings.client_options(witness.clone()) };
    let description = format!("as application {client_id}, from {client_id_from}, with a token {}", issuer.source());
    let credential = credential(&surroundings.tenant, client_id, issuer, options());
    let credential = credential.map_err(|error| NoToken::failed(official::text(&error)))?;
    let refused = refused_application(surroundings);
    let judge: official::Judge = Box::new(move |error| {
        let no_token = refused(error);
        let is_of_federation = official::refusal(error).is_some_and(|refusal| refusal.is_of_federation());
        match witness.presented() {
            Some(presented) if is_of_federation => no_token.and(&presented.to_string()),
            Some(_) | None => no_token,
        }
    });
    Ok(Candidate { credential: Box::new(Official { credential, judge }), description })
}

fn credential(
    tenant: &str,
    client_id: String,
    issuer: Issuer,
    options: ClientAssertionCredentialOptions,
) -> azure_core::Result<Arc<dyn TokenCredential>> {
    let tenant = tenant.to_owned();
    Ok(match issuer {
        Issuer::File { path, from: _ } => {
            let file = WorkloadIdentityCredentialOptions {
                credential_options: options,
                client_id: Some(client_id),
                tenant_id: Some(tenant),
                token_file_path: Some(path.into()),
            };
            WorkloadIdentityCredential::new(Some(file))?
        }
        Issuer::Variable(token) => ClientAssertionCredential::new(tenant, client_id, Ready(token), Some(options))?,
        Issuer::Pipelines { token, connection, from: _ } => {
            let pipelines = AzurePipelinesCredentialOptions { credential_options: options };
            let token = token.expose_secret().to_owned();
            AzurePipelinesCredential::new(tenant, client_id, &connection, token, Some(pipelines))?
        }
        Issuer::GitHub(github) => ClientAssertionCredential::new(tenant, client_id, github, Some(options))?,
    })
}

/// What was laid down for exactly this goes before what every job of a pipeline has.
fn issuer(surroundings: &Surroundings) -> Result<Issuer, NoToken> {
    if let Some((from, path)) = surroundings.first_variable(&TOKEN_FILES) {
        // What the variable holds may be the token itself, by mistake: it is never shown.
        if !std::path::Path::new(&path).is_file() {
            return Err(NoToken::failed(format!("{from} does not lead to a file"))
                .help(format!("set {from} to the path of a file with a token")));
        }
        return Ok(Issuer::File { path, from });
    }
    if let Some(token) = surroundings.variable(TOKEN) {
        return Ok(Issuer::Variable(token.into()));
    }
    if let Some(address) = surroundings.variable(PIPELINES_ADDRESS) {
        return pipelines(surroundings, &address);
    }
    if let Some(github) = GitHub::find(surroundings)? {
        return Ok(Issuer::GitHub(github));
    }
    let help = format!("set {} to a file with a token that the application trusts", TOKEN_FILES[0]);
    Err(NoToken::absent(format!(
        "neither {} nor a token of GitHub Actions or Azure Pipelines is there",
        TOKEN_FILES[0]
    ))
    .help(help))
}

/// <https://learn.microsoft.com/azure/devops/release-notes/2024/sprint-240-update#pipelines-and-tasks-populate-variables-to-customize-workload-identity-federation-authentication>
fn pipelines(surroundings: &Surroundings, address: &str) -> Result<Issuer, NoToken> {
    let Some(token) = surroundings.variable(PIPELINES_TOKEN) else {
        return Err(NoToken::absent(format!("this is Azure Pipelines, but {PIPELINES_TOKEN} is not set"))
            .help(format!("give the step `env: {{ {PIPELINES_TOKEN}: $(System.AccessToken) }}`")));
    };
    let Some((from, connection)) = surroundings.first_variable(&SERVICE_CONNECTIONS) else {
        return Err(NoToken::absent(format!("this is Azure Pipelines, but {} is not set", SERVICE_CONNECTIONS[0]))
            .help("run it in a task that has a service connection, or set the variable to the id of one"));
    };
    if !is_confidential(address) {
        return Err(NoToken::failed(format!(
            "{PIPELINES_ADDRESS} is no https address, and a token would be sent there"
        )));
    }
    Ok(Issuer::Pipelines { token: token.into(), connection, from })
}

impl Issuer {
    /// Whose token it is and where it comes from.
    fn source(&self) -> String {
        match self {
            Self::File { path: _, from } => format!("in the file that {from} names"),
            Self::Variable(_) => format!("in {TOKEN}"),
            Self::Pipelines { token: _, connection, from } => {
                format!("of Azure Pipelines for the service connection {connection}, from {from}")
            }
            Self::GitHub(_) => "of GitHub Actions".to_owned(),
        }
    }
}

/// A token that is there already.
struct Ready(SecretString);

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ready")
    }
}

#[async_trait]
impl ClientAssertion for Ready {
    async fn secret(&self, _options: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(self.0.expose_secret().to_owned())
    }
}
