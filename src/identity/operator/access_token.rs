//! A ready token, for tests and for what signs in by itself.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};

use crate::catalog::apis;

use super::super::claims;
use super::credential::{Candidate, Credential, NoToken, Token};
use super::surroundings::Surroundings;

const VARIABLE: &str = "ACCREDIT_ACCESS_TOKEN";

/// Of a token that does not say when it ends.
const LIFE: Duration = Duration::from_hours(1);

struct AccessToken {
    token: SecretString,
    /// What it is good for: Graph.
    resource: String,
    good_for: Duration,
}

pub(super) fn find(surroundings: &Surroundings) -> Result<Candidate, NoToken> {
    let resource = &surroundings.graph;
    let Some(token) = surroundings.variable(VARIABLE) else {
        return Err(NoToken::absent(format!("{VARIABLE} is not set"))
            .help(format!("set {VARIABLE} to a token for `{resource}`")));
    };
    let token = SecretString::from(token);
    let claims = claims::of(token.expose_secret());
    if let Some(audience) = claims["aud"].as_str()
        && ![resource.as_str(), apis::MICROSOFT_GRAPH].contains(&audience.trim_end_matches('/'))
    {
        return Err(NoToken::failed(format!("the token in {VARIABLE} is for `{audience}` and not for `{resource}`"))
            .help(format!("get one for `{resource}`")));
    }
    let end = claims["exp"].as_i64();
    let left = end.map(|end| end - (surroundings.clock)().as_second());
    let good_for = match left.map(u64::try_from) {
        None => LIFE,
        Some(Ok(seconds)) if seconds > 0 => Duration::from_secs(seconds),
        Some(_) => {
            return Err(NoToken::failed(format!("the token in {VARIABLE} has ended")).help("get a new one"));
        }
    };
    let credential = Box::new(AccessToken { token, resource: resource.clone(), good_for });
    Ok(Candidate { credential, description: format!("with the token in {VARIABLE}") })
}

#[async_trait]
impl Credential for AccessToken {
    async fn token(&self, resource: &str) -> Result<Token, NoToken> {
        if resource != self.resource {
            let text = format!("the token in {VARIABLE} is for `{}` and not for `{resource}`", self.resource);
            return Err(NoToken::failed(text).help("sign in in another way to use what is there"));
        }
        Ok(Token { secret: self.token.clone(), good_for: self.good_for })
    }
}
