//! Key Vault's part of an exchange: the challenge, the token, the vault that the host names, the change onto the disk.

use serde_json::Value;

use super::{
    super::{
        clouds::names_at,
        reply::Reply,
        tenant::Tenant,
        token::{Rejected, check_claims, issuer},
        vault::{self as service, Answer, Refusal},
        world::{Collection, Reads},
    },
    Outgoing, Turn,
};

/// What tokens for every vault are for.
const RESOURCE: &str = "https://vault.azure.net";
const APP_ID: &str = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093";

impl Turn<'_> {
    pub(super) fn vault(&self, tenant: &mut Tenant) -> Outgoing {
        let answered = self.check_token(tenant).and_then(|()| self.call_vault(tenant));
        let reply = self.vault_reply(answered, tenant.world.tenant_id());
        Outgoing::Answer(reply)
    }

    /// Whether the caller is a service principal of this tenant with a token for Key Vault.
    fn check_token(&self, tenant: &mut Tenant) -> Result<(), Refusal> {
        let Some(token) = self.bearer() else {
            return Err(Refusal::unauthorized("AKV10000: Request is missing a Bearer or PoP token."));
        };
        let signer = tenant.signer().map_err(|error| Refusal::new(503, "ServiceUnavailable", error.to_string()))?;
        let claims = signer.claims(token).ok_or_else(|| {
            Refusal::unauthorized("AKV10001: Error validating token: IDX10511: Signature validation failed.")
        })?;
        let (_, own) = service::of_host(&self.incoming.origin);
        let audience = claims["aud"].as_str().unwrap_or_default();
        let bare = audience.trim_end_matches('/');
        let fits = names_at(&self.incoming.origin, &[RESOURCE]).iter().any(|name| bare.eq_ignore_ascii_case(name))
            || bare.eq_ignore_ascii_case(APP_ID)
            || own.is_some_and(|own| bare.eq_ignore_ascii_case(&own));
        if !fits {
            return Err(Refusal::unauthorized(format!(
                "AKV10022: Invalid audience. Expected {RESOURCE}, found: {audience}."
            )));
        }
        let tenant_id = tenant.world.tenant_id();
        check_claims(&claims, tenant_id, self.now).map_err(|rejected| {
            Refusal::unauthorized(match rejected {
                Rejected::Issuer => format!(
                    "AKV10032: Invalid issuer. Expected one of {}, found {}.",
                    issuer(tenant_id),
                    claims["iss"].as_str().unwrap_or_default()
                ),
                Rejected::Early => "AKV10001: Error validating token: IDX10222: Lifetime validation failed.".to_owned(),
                _ => "AKV10001: Error validating token: IDX10223: Lifetime validation failed.".to_owned(),
            })
        })?;
        let id = claims["oid"].as_str().unwrap_or_default();
        if tenant.world.view(Reads::Tokens).get(Collection::ServicePrincipals, id).is_none() {
            return Err(Refusal::unauthorized("AKV10046: Unable to resolve the caller of the request."));
        }
        Ok(())
    }

    fn call_vault(&self, tenant: &mut Tenant) -> Result<Answer, Refusal> {
        let incoming = self.incoming;
        let (vault, _) = service::of_host(&incoming.origin);
        let vault = vault.to_lowercase();
        let lost = |error: std::io::Error| {
            Refusal::new(503, "ServiceUnavailable", format!("The write could not be kept: {error}."))
        };
        let settled = service::settle(&tenant.world, self.now, &vault, &incoming.method, &incoming.path);
        tenant.commit(settled).map_err(lost)?;
        let request = service::Request {
            world: &tenant.world,
            now: self.now,
            origin: &incoming.origin,
            vault: &vault,
            method: &incoming.method,
            path: &incoming.path,
            query: &incoming.query,
            body: &incoming.body,
        };
        let mut answer = service::serve(&request)?;
        tenant.commit(std::mem::take(&mut answer.changes)).map_err(lost)?;
        Ok(answer)
    }

    pub(super) fn vault_reply(&self, answered: Result<Answer, Refusal>, tenant_id: &str) -> Reply {
        let mut reply = match answered {
            Ok(answer) => {
                let mut reply = match answer.body {
                    Some(body) => Reply::json(answer.status, body),
                    None => Reply { status: answer.status, headers: Vec::new(), body: None },
                };
                if let Some(location) = answer.location {
                    reply.set("location", location);
                }
                if let Some(seconds) = answer.retry_after {
                    reply.set("retry-after", seconds.to_string());
                }
                reply
            }
            Err(refusal) => {
                let mut reply = Reply::json(refusal.status, service::error_body(&refusal));
                if refusal.status == 401 {
                    reply.set("www-authenticate", self.challenge(tenant_id));
                }
                reply
            }
        };
        reply.set("pragma", "no-cache");
        reply.set("expires", "-1");
        reply.set("x-ms-keyvault-region", "local");
        if let Some(id) = self.incoming.headers.get("x-ms-client-request-id") {
            reply.set("x-ms-client-request-id", id.clone());
        }
        reply.set("x-ms-request-id", self.request_id.clone());
        reply.set("x-ms-keyvault-service-version", "1.9.0.0");
        reply.set("x-ms-keyvault-network-info", "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;");
        reply.set("x-content-type-options", "nosniff");
        self.finish(reply)
    }

    /// Where to get a token, and for what. Clients compare the resource with the host that they call, so a vault with a
    /// name of its own gets the resource of that host.
    fn challenge(&self, tenant_id: &str) -> String {
        let origin = &self.incoming.origin;
        let (_, own) = service::of_host(origin);
        let resource = own.unwrap_or_else(|| RESOURCE.to_owned());
        format!("Bearer authorization=\"{}/{tenant_id}\", resource=\"{resource}\"", self.authority())
    }

    /// The token service on the port that the client used. Only `localhost` is in every client's name resolution and in
    /// the certificate, so a vault's own host is not handed out as one.
    fn authority(&self) -> String {
        let origin = &self.incoming.origin;
        if service::of_host(origin).1.is_none() {
            return origin.clone();
        }
        let scheme = origin.split_once("://").map_or("https", |(scheme, _)| scheme);
        let own = self.urls.iter().find(|url| url.starts_with(&format!("{scheme}://")));
        own.unwrap_or(origin).clone()
    }

    /// The answer that a tester ordered for a vault.
    pub(super) fn faulty_vault_body(code: &str, message: &str) -> Value {
        service::error_body(&Refusal::new(0, code, message))
    }
}
