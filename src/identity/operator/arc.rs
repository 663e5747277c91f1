//! The identity of a machine that is not in Azure and is connected to it by Azure Arc. The official crate has it only in a
//! pre-release.
//!
//! Whoever asks shows that it may read files of the agent: the first answer names one, the second request carries what is
//! in it. <https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication>

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value as Json;

use super::credential::{Candidate, Credential, NoToken, Token};
use super::official;
use super::refusal::Refusal;
use super::surroundings::{Machine, Surroundings, is_of_this_machine};

const ENDPOINT: &str = "IDENTITY_ENDPOINT";
const METADATA_ENDPOINT: &str = "IMDS_ENDPOINT";

/// Where the agent answers on a machine whose variables do not say it.
const USUAL_ENDPOINT: &str = "http://localhost:40342/metadata/identity/oauth2/token";
const API_VERSION: &str = "2020-06-01";

/// No key of the agent is longer, in bytes.
const LONGEST_KEY: u64 = 4096;

/// The agent's identity service.
struct Arc {
    machine: Machine,
    endpoint: String,
}

#[derive(Deserialize)]
struct Answer {
    access_token: SecretString,
    /// Seconds, as a text.
    expires_in: Json,
}

/// `None` where there is no agent.
pub(super) fn find(surroundings: &Surroundings) -> Result<Option<Candidate>, NoToken> {
    let machine = &surroundings.machine;
    let endpoint = match (surroundings.variable(ENDPOINT), surroundings.variable(METADATA_ENDPOINT)) {
        (Some(endpoint), Some(_)) => endpoint,
        (None, _) if machine.arc_agent.exists() => USUAL_ENDPOINT.to_owned(),
        (Some(_), None) | (None, _) => return Ok(None),
    };
    if !is_of_this_machine(&endpoint) {
        return Err(NoToken::failed(format!(
            "{ENDPOINT} is `{endpoint}`, and the agent of Azure Arc is on this machine"
        )));
    }
    if let Some((variable, client_id)) = surroundings.client_id() {
        let text = format!("Azure Arc knows the machine's own identity alone, and {variable} names {client_id}");
        return Err(NoToken::absent(text).help(format!("unset {variable}")));
    }
    let description = "as this machine, which Azure Arc connects".to_owned();
    let credential = Box::new(Arc { machine: machine.clone(), endpoint });
    Ok(Some(Candidate { credential, description }))
}

#[async_trait]
impl Credential for Arc {
    async fn token(&self, resource: &str) -> Result<Token, NoToken> {
        let challenge = self.ask(resource, None).await?;
        if challenge.status() != 401 {
            return Err(refused(&challenge));
        }
        let key = self.key(challenge.headers())?;
        let answer = self.ask(resource, Some(&key)).await?;
        if answer.status() != 200 {
            return Err(refused(&answer));
        }
        let unreadable = || NoToken::failed("the answer of Azure Arc's agent holds no token");
        let Answer { access_token, expires_in } = serde_json::from_slice(answer.body()).map_err(|_| unreadable())?;
        let seconds = expires_in.as_u64().or_else(|| expires_in.as_str()?.parse().ok()).ok_or_else(unreadable)?;
        Ok(Token { secret: access_token, good_for: Duration::from_secs(seconds) })
    }
}

impl Arc {
    async fn ask(&self, resource: &str, key: Option<&SecretString>) -> Result<http::Response<Bytes>, NoToken> {
        let Self { machine, endpoint } = self;
        let address = format!("{endpoint}?api-version={API_VERSION}&resource={resource}");
        let mut request = http::Request::get(address).header("metadata", "true");
        if let Some(key) = key {
            request = request.header(http::header::AUTHORIZATION, format!("Basic {}", key.expose_secret()));
        }
        let request = request.body(Bytes::new());
        let request = request.map_err(|_| NoToken::failed(format!("`{endpoint}`, from {ENDPOINT}, is no address")))?;
        let answer = machine.transport.send(request).await;
        answer.map_err(|error| NoToken::failed(format!("the agent of Azure Arc: {}", official::with_innermost(&error))))
    }

    /// The key in the file that the challenge names. Anything could listen at the address and name any file of this
    /// machine, so it has to be one of the agent's.
    fn key(&self, headers: &http::HeaderMap) -> Result<SecretString, NoToken> {
        let challenge = headers.get(http::header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
        let named = challenge.and_then(|challenge| challenge.strip_prefix("Basic realm="));
        let Some(path) = named.map(|path| PathBuf::from(path.trim_matches('"'))) else {
            return Err(NoToken::failed("the agent of Azure Arc names no key file"));
        };
        let foreign = |what: &str| {
            NoToken::failed(format!("the key file `{}`, which Azure Arc's agent names, {what}", path.display()))
        };
        if path.extension().is_none_or(|extension| extension != "key") {
            return Err(foreign("does not end in `.key`"));
        }
        if !self.is_of_agent(&path) {
            return Err(foreign(&format!("is not in `{}`", self.machine.arc_keys.display())));
        }
        let length = std::fs::metadata(&path).map(|facts| facts.len());
        let unreadable = |error: std::io::Error| {
            foreign(&format!("could not be read: {error}"))
                .help("run it as a user of the group `himds` (on Windows: of `Hybrid agent extension applications`)")
        };
        if length.map_err(unreadable)? > LONGEST_KEY {
            return Err(foreign(&format!("is longer than {LONGEST_KEY} bytes")));
        }
        let key = std::fs::read_to_string(&path).map_err(unreadable)?;
        Ok(SecretString::from(key.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// Whether a file lies in the agent's directory itself, links followed.
    fn is_of_agent(&self, path: &Path) -> bool {
        let Ok(directory) = self.machine.arc_keys.canonicalize() else { return false };
        let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
        parent.as_deref() == Some(&*directory) && !path.is_symlink()
    }
}

fn refused(answer: &http::Response<Bytes>) -> NoToken {
    let refusal = Refusal::read(answer.status().as_u16(), answer.body());
    NoToken::failed(format!("the agent of Azure Arc gave no token: {refusal}"))
}
