//! That it is the manifest's tenant that is signed in to, and no other.

use secrecy::ExposeSecret as _;
use serde_json::Value as Json;

use super::super::claims;
use super::credential::{NoToken, Token};
use super::official;
use super::surroundings::Surroundings;

/// Says which tenant a run is about, whoever signs in.
pub(super) const VARIABLE: &str = "AZURE_TENANT_ID";

/// A tenant that a variable names has to be the manifest's. Where one is named by its id and the other by a domain, the token
/// service is asked whose the domain is.
pub(super) async fn check_variable(surroundings: &Surroundings, variable: &str) -> Result<(), NoToken> {
    let Some(named) = surroundings.variable(variable) else { return Ok(()) };
    let wanted = &surroundings.tenant;
    let is_same = match (is_id(&named), is_id(wanted)) {
        (true, true) | (false, false) => named.eq_ignore_ascii_case(wanted),
        (true, false) => id_of(surroundings, wanted).await?.eq_ignore_ascii_case(&named),
        (false, true) => id_of(surroundings, &named).await?.eq_ignore_ascii_case(wanted),
    };
    if is_same {
        return Ok(());
    }
    Err(NoToken::failed(format!("{variable} is `{named}`, and the manifest's tenant is `{wanted}`"))
        .help(format!("unset {variable} or set it to the manifest's tenant: the manifest decides")))
}

/// A token that says its tenant has to be of the manifest's. `by_domain`: also where the manifest names a domain, of which
/// the token service has to be asked; for methods that cannot be told for which tenant they are to sign in.
pub(super) async fn check_token(surroundings: &Surroundings, token: &Token, by_domain: bool) -> Result<(), NoToken> {
    let claims = claims::of(token.secret.expose_secret());
    let Some(given) = claims["tid"].as_str() else { return Ok(()) };
    let wanted = &surroundings.tenant;
    let wanted_id = match (is_id(wanted), by_domain) {
        (true, _) => wanted.clone(),
        (false, true) => id_of(surroundings, wanted).await?,
        (false, false) => return Ok(()),
    };
    if given.eq_ignore_ascii_case(&wanted_id) {
        return Ok(());
    }
    let also = if is_id(wanted) { String::new() } else { format!(" ({wanted_id})") };
    Err(NoToken::failed(format!("its tokens are for the tenant {given}, and the manifest's is `{wanted}`{also}")))
}

fn is_id(tenant: &str) -> bool {
    uuid::Uuid::try_parse(tenant).is_ok()
}

/// The id of the tenant that has a domain.
/// <https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc#find-your-apps-openid-configuration-document-uri>
async fn id_of(surroundings: &Surroundings, domain: &str) -> Result<String, NoToken> {
    let unknown = |why: &str| {
        NoToken::failed(format!("which tenant has the domain `{domain}` could not be found out{why}")).help(
            "look whether the domain is right, and whether `cloud` in the manifests is the tenant's; or write the tenant's id in place of the domain",
        )
    };
    let address = format!("{}/{domain}/v2.0/.well-known/openid-configuration", surroundings.authority);
    let request = http::Request::get(address).body(bytes::Bytes::new()).map_err(|_| unknown(""))?;
    let answer = surroundings.token_service.send(request).await.map_err(|error| official::unanswered(&error))?;
    let document: Json = serde_json::from_slice(answer.body()).map_err(|_| unknown(""))?;
    let issuer = document["issuer"].as_str().unwrap_or_default();
    issuer.split('/').find(|part| is_id(part)).map(str::to_owned).ok_or_else(|| {
        let said = document["error_description"].as_str().and_then(|said| said.lines().next());
        unknown(&said.map_or_else(String::new, |said| format!(": {said}")))
    })
}
