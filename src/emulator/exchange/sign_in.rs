//! The token service's part of an exchange: forms and headers into a sign-in, claims into a signed token.

use base64::Engine;
use serde_json::Value;

use super::{
    super::{
        certificates::LENIENT,
        control, odata,
        reply::Reply,
        tenant::Tenant,
        token::{self, Endpoint, SignIn, TokenRefusal},
        world::Reads,
    },
    Turn,
};

impl Turn<'_> {
    pub(super) fn discover(&self, known: Result<(), TokenRefusal>, document: impl Fn() -> Value) -> Reply {
        match known {
            Ok(()) => Reply::json(200, document()),
            Err(refusal) => self.token_refusal(&refusal),
        }
    }

    pub(super) fn token_refusal(&self, refusal: &TokenRefusal) -> Reply {
        let body = refusal.body(self.now, &self.incoming.origin, &self.client_request_id);
        Reply::json(refusal.status, body)
    }

    pub(super) fn token(&self, tenant: &mut Tenant, name: &str, endpoint: Endpoint) -> Reply {
        let body = String::from_utf8_lossy(&self.incoming.body);
        let basic = self
            .incoming
            .header("authorization")
            .strip_prefix("Basic ")
            .and_then(|encoded| LENIENT.decode(encoded.trim()).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|pair| {
                let (client_id, secret) = pair.split_once(':')?;
                Some((odata::decode(client_id, true), odata::decode(secret, true)))
            });
        let request = SignIn {
            world: &tenant.world,
            seen: tenant.world.view(Reads::Tokens),
            now: self.now,
            endpoint,
            origin: &self.incoming.origin,
            own_urls: self.urls,
            form: odata::pairs(&body).collect(),
            basic,
        };
        let granted = token::check_tenant(&tenant.world, name).and_then(|()| token::sign_in(&request));
        let mut reply = match granted {
            Err(refusal) => self.token_refusal(&refusal),
            Ok(grant) => {
                let signed = tenant
                    .signer()
                    .map_err(|error| error.to_string())
                    .and_then(|signer| signer.sign(&grant.claims).map_err(|error| error.to_string()));
                match signed {
                    Ok(token) => Reply::json(200, token::success(endpoint, &grant, &token)),
                    Err(message) => control::refuse(503, &message),
                }
            }
        };
        reply.set("cache-control", "no-store, no-cache");
        reply.set("x-ms-request-id", self.request_id.clone());
        reply
    }
}
