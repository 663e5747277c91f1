//! A person who signs in with a browser, on this device or another one. The official crate does not have it.
//!
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code>

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::identity::token::{endpoint, form};

use super::credential::{Candidate, Credential, NoToken, Token};
use super::official;
use super::refusal::Refusal;
use super::surroundings::Surroundings;

const CLIENT_ID: &str = "ACCREDIT_PUBLIC_CLIENT_ID";

/// Microsoft Graph Command Line Tools: a client of Microsoft's that every tenant may use.
const GRAPH_COMMAND_LINE_TOOLS: &str = "14d82eec-204b-4c2f-b7e8-296a70dab67e";

/// What a person has to allow the client in Graph, for all that Accredit does. What the person may not do themselves, it
/// may not either.
const GRAPH_SCOPES: [&str; 5] = [
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "RoleManagement.ReadWrite.Directory",
    "Directory.Read.All",
];

/// What a person is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCode {
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
}

struct Device {
    surroundings: Surroundings,
    client_id: String,
    /// What gives further tokens without the person; kept here and nowhere else.
    refresh_token: Mutex<Option<SecretString>>,
}

#[derive(Deserialize)]
struct Begun {
    device_code: SecretString,
    user_code: String,
    verification_uri: String,
    /// Seconds.
    expires_in: u64,
    /// Seconds.
    #[serde(default = "usual_interval")]
    interval: u64,
}

const fn usual_interval() -> u64 {
    5
}

/// By how many seconds one waits longer who was told to slow down.
const SLOWER: u64 = 5;

/// How many polls in a row may stay without an answer.
const MOST_UNANSWERED: u32 = 3;

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    refresh_token: Option<SecretString>,
    /// Seconds.
    expires_in: u64,
}

/// `named`: whether it was asked for by name. Else a person has to be there.
pub(super) fn find(surroundings: &Surroundings, named: bool) -> Result<Candidate, NoToken> {
    if !named && !surroundings.has_person {
        return Err(NoToken::absent("nobody sits at a terminal"));
    }
    let client_id = surroundings.variable(CLIENT_ID).unwrap_or_else(|| GRAPH_COMMAND_LINE_TOOLS.to_owned());
    let surroundings = surroundings.clone();
    let credential = Box::new(Device { surroundings, client_id, refresh_token: Mutex::new(None) });
    Ok(Candidate { credential, description: "with a device code".to_owned() })
}

#[async_trait]
impl Credential for Device {
    async fn token(&self, resource: &str) -> Result<Token, NoToken> {
        let scope = scope(resource, &self.surroundings.graph);
        // One person is asked one thing at a time.
        let mut refresh_token = self.refresh_token.lock().await;
        let granted = match &*refresh_token {
            Some(token) => match self.refresh(&scope, token).await? {
                Ok(granted) => granted,
                // It was revoked, or the person has to show something more.
                Err(refusal) if refusal.error == "invalid_grant" => self.ask(&scope).await?,
                Err(refusal) => return Err(self.refused(&refusal)),
            },
            None => self.ask(&scope).await?,
        };
        let Granted { access_token, refresh_token: next, expires_in } = granted;
        if next.is_some() {
            *refresh_token = next;
        }
        Ok(Token { secret: access_token, good_for: Duration::from_secs(expires_in) })
    }
}

/// Graph has scopes that can be named; of other APIs what the person consented to.
fn scope(resource: &str, graph: &str) -> String {
    let scopes: Vec<String> = if resource == graph {
        GRAPH_SCOPES.iter().map(|scope| format!("{resource}/{scope}")).collect()
    } else {
        vec![format!("{resource}/.default")]
    };
    format!("{} offline_access", scopes.join(" "))
}

impl Device {
    /// Has a person sign in.
    async fn ask(&self, scope: &str) -> Result<Granted, NoToken> {
        let begun = self.post("devicecode", &[("client_id", &self.client_id), ("scope", scope)]).await?;
        let begun: Begun = read(&begun)?.map_err(|refusal| self.refused(&refusal))?;
        let Begun { device_code, user_code, verification_uri, expires_in, mut interval } = begun;
        (self.surroundings.show_device_code)(&DeviceCode { user_code, verification_uri });
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", self.client_id.as_str()),
            ("device_code", device_code.expose_secret()),
        ];
        let expired =
            || NoToken::failed("nobody signed in in time").help("run it again and sign in within a quarter of an hour");
        let (mut waited, mut unanswered) = (0, 0);
        while waited <= expires_in {
            (self.surroundings.wait)(Duration::from_secs(interval)).await;
            waited += interval.max(1);
            let answer = match self.post("token", &fields).await {
                // A person is at it, so one answer that was lost on the way ends nothing.
                Err(_) if unanswered < MOST_UNANSWERED => {
                    unanswered += 1;
                    continue;
                }
                outcome => outcome?,
            };
            unanswered = 0;
            match read(&answer)? {
                Ok(granted) => return Ok(granted),
                Err(refusal) => match refusal.error.as_str() {
                    "authorization_pending" => {}
                    "slow_down" => interval += SLOWER,
                    "expired_token" | "code_expired" => return Err(expired()),
                    "access_denied" | "authorization_declined" => {
                        return Err(NoToken::failed("the person did not agree to sign in"));
                    }
                    _ => return Err(self.refused(&refusal)),
                },
            }
        }
        Err(expired())
    }

    async fn refresh(&self, scope: &str, token: &SecretString) -> Result<Result<Granted, Refusal>, NoToken> {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", self.client_id.as_str()),
            ("scope", scope),
            ("refresh_token", token.expose_secret()),
        ];
        read(&self.post("token", &fields).await?)
    }

    async fn post(&self, name: &str, fields: &[(&str, &str)]) -> Result<http::Response<Bytes>, NoToken> {
        let Surroundings { authority, tenant, token_service, .. } = &self.surroundings;
        let request = http::Request::post(endpoint(authority, tenant, name))
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form(fields)))
            .map_err(|_| NoToken::failed(format!("`{tenant}` cannot stand in an address")))?;
        let answer = token_service.send(request).await;
        answer.map_err(|error| official::unanswered(&error))
    }

    fn refused(&self, refusal: &Refusal) -> NoToken {
        let failed = NoToken::failed(refusal.to_string());
        // The client is one of Microsoft's own that Key Vault does not know.
        if refusal.codes.contains(&65_002) {
            return failed.help(format!("set {CLIENT_ID} to a public client of your own, or sign in in another way"));
        }
        match refusal.help(&self.surroundings.tenant) {
            Some(help) => failed.help(help),
            None => failed,
        }
    }
}

/// What was asked for, or why it is refused.
fn read<T: serde::de::DeserializeOwned>(answer: &http::Response<Bytes>) -> Result<Result<T, Refusal>, NoToken> {
    let status = answer.status().as_u16();
    if status != 200 {
        return Ok(Err(Refusal::read(status, answer.body())));
    }
    let read = serde_json::from_slice(answer.body());
    read.map(Ok).map_err(|_| NoToken::failed("the token service's answer could not be read"))
}
