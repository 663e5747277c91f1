//! The operator as an application with a client secret.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use crate::transport::Transport;

use super::SignInError;
use super::token::Grant;

/// A token is fetched anew this long before it ends.
const RESERVE: Duration = Duration::from_mins(5);

/// The operator as an application with a client secret.
pub struct ClientSecret {
    transport: Arc<dyn Transport>,
    /// The login host with its scheme.
    authority: String,
    tenant: String,
    client_id: String,
    secret: SecretString,
    /// By what the token is for, with the instant until which it is good.
    cached: Mutex<BTreeMap<String, (SecretString, Instant)>>,
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientSecret {{ tenant: {:?}, client_id: {:?} }}", self.tenant, self.client_id)
    }
}

impl ClientSecret {
    pub fn new(
        transport: Arc<dyn Transport>,
        authority: &str,
        tenant: &str,
        client_id: &str,
        secret: SecretString,
    ) -> Self {
        Self {
            transport,
            authority: authority.trim_end_matches('/').to_owned(),
            tenant: tenant.to_owned(),
            client_id: client_id.to_owned(),
            secret,
            cached: Mutex::new(BTreeMap::new()),
        }
    }

    /// A token for `resource`, such as `https://graph.microsoft.com`, that is good for some minutes yet.
    pub async fn token(&self, resource: &str) -> Result<SecretString, SignInError> {
        let mut cached = self.cached.lock().await;
        if let Some((token, until)) = cached.get(resource)
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        let Self { transport: _, authority, tenant, client_id, secret: _, cached: _ } = self;
        let grant = Grant { authority, tenant, client_id, resource };
        let token = grant.request(&*self.transport, &[("client_secret", &self.secret)]).await?;
        let good_for = Duration::from_secs(token.expires_in).saturating_sub(RESERVE);
        cached.insert(resource.to_owned(), (token.access_token.clone(), Instant::now() + good_for));
        Ok(token.access_token)
    }

    /// The object id of the operator's service principal, as its token for `resource` says it. Tokens for another API are
    /// opaque by contract, so this is a hint and nothing more.
    pub async fn object_id(&self, resource: &str) -> Result<Option<String>, SignInError> {
        use base64::Engine as _;
        let token = self.token(resource).await?;
        let claims = token.expose_secret().split('.').nth(1).unwrap_or_default();
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap_or_default();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap_or_default();
        Ok(claims["oid"].as_str().map(str::to_owned))
    }
}
