//! Whoever is signed in to the Azure CLI or the Azure Developer CLI.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential, AzureDeveloperCliCredentialOptions,
};

use super::credential::{Candidate, NoToken};
use super::official::{self, Official};
use super::programs::Programs;
use super::surroundings::Surroundings;

pub(super) fn find_azure_cli(surroundings: &Surroundings) -> Result<Candidate, NoToken> {
    let tenant = &surroundings.tenant;
    let options = AzureCliCredentialOptions {
        tenant_id: Some(tenant.clone()),
        executor: Some(Arc::new(Programs::new(surroundings))),
        ..AzureCliCredentialOptions::default()
    };
    let credential = AzureCliCredential::new(Some(options)).map_err(|error| unusable(&error))?;
    Ok(candidate(credential, "az", format!("az login --tenant {tenant} --allow-no-subscriptions"), "the Azure CLI"))
}

pub(super) fn find_azure_developer_cli(surroundings: &Surroundings) -> Result<Candidate, NoToken> {
    let tenant = &surroundings.tenant;
    let options = AzureDeveloperCliCredentialOptions {
        tenant_id: Some(tenant.clone()),
        executor: Some(Arc::new(Programs::new(surroundings))),
    };
    let credential = AzureDeveloperCliCredential::new(Some(options)).map_err(|error| unusable(&error))?;
    let sign_in = format!("azd auth login --tenant-id {tenant}");
    Ok(candidate(credential, "azd", sign_in, "the Azure Developer CLI"))
}

fn unusable(error: &azure_core::Error) -> NoToken {
    NoToken::failed(official::text(error))
}

/// Nothing says that a tool that is there is meant, so one that gives no token is passed over.
fn candidate(
    credential: Arc<dyn TokenCredential>,
    program: &'static str,
    sign_in: String,
    tool: &'static str,
) -> Candidate {
    let judge: official::Judge = Box::new(move |error| {
        let said = official::text(error);
        if said.contains("not found on PATH") {
            return NoToken::absent(format!("`{program}` is not on the PATH"))
                .help(format!("install {tool} and sign in: `{sign_in}`"));
        }
        let said = said.strip_prefix("ERROR: ").unwrap_or(&said);
        let said = if said.is_empty() { "no reason was given" } else { said };
        NoToken::absent(format!("`{program}` gave no token: {said}")).help(format!("sign in: `{sign_in}`"))
    });
    let credential = Box::new(Official { credential, judge });
    Candidate { credential, description: format!("with {tool}") }
}
