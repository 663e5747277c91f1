//! The identity of the machine or service that this runs on.
//!
//! The official crate asks virtual machines, App Service and Container Apps; it reads for itself, from the process,
//! which of them it is on. Azure Arc is in [`super::arc`].

use std::time::Duration;

use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};
use bytes::Bytes;

use super::arc;
use super::credential::{Candidate, NoToken};
use super::official::{self, Official};
use super::surroundings::Surroundings;

const APP_SERVICE: [&str; 2] = ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"];

/// Where a virtual machine asks.
/// <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token>
const METADATA_SERVICE: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

/// A metadata service is on the same machine, and answers at once where there is one.
const PROBE: Duration = Duration::from_secs(2);

pub(super) async fn find(surroundings: &Surroundings) -> Result<Candidate, NoToken> {
    let is_set = |name: &&str| surroundings.variable(name).is_some();
    let is_app_service = APP_SERVICE.iter().all(is_set);
    if !is_app_service {
        if let Some(candidate) = arc::find(surroundings)? {
            return Ok(candidate);
        }
        probe(surroundings).await?;
    }
    let place = if is_app_service { "service" } else { "machine" };
    let client_id = surroundings.client_id();
    let description = match &client_id {
        Some((from, client_id)) => {
            format!("as the managed identity {client_id} of this {place}, from {from}")
        }
        None => format!("as the managed identity of this {place}"),
    };
    let options = ManagedIdentityCredentialOptions {
        client_options: surroundings.machine_options(),
        user_assigned_id: client_id.clone().map(|(_, client_id)| UserAssignedId::ClientId(client_id)),
    };
    let credential = ManagedIdentityCredential::new(Some(options));
    let credential = credential.map_err(|error| NoToken::absent(official::text(&error)))?;
    let judge: official::Judge = Box::new(move |error| {
        let refusal = official::refusal(error);
        if !refusal.is_some_and(|refusal| refusal.status == 400 && refusal.says("identity not found")) {
            return NoToken::failed(official::text(error));
        }
        match &client_id {
            Some((from, client_id)) => {
                NoToken::absent(format!("this {place} has no managed identity {client_id}, which {from} names"))
            }
            None => NoToken::absent(format!("this {place} has no managed identity of its own"))
                .help("assign it one, or name one that is assigned by AZURE_CLIENT_ID"),
        }
    });
    Ok(Candidate { credential: Box::new(Official { credential, judge }), description })
}

/// Whether a metadata service of Azure is there. It refuses what does not carry its header, and is known by that: other
/// clouds have a service of their own at the same address.
async fn probe(surroundings: &Surroundings) -> Result<(), NoToken> {
    let absent = || NoToken::absent("this is no machine or service of Azure");
    let request = http::Request::get(METADATA_SERVICE).body(Bytes::new()).map_err(|_| absent())?;
    let answer = tokio::time::timeout(PROBE, surroundings.machine.transport.send(request)).await;
    match answer {
        Ok(Ok(answer)) if matches!(answer.status().as_u16(), 400 | 410 | 429 | 500..) => Ok(()),
        Ok(Ok(_) | Err(_)) | Err(_) => Err(absent()),
    }
}
