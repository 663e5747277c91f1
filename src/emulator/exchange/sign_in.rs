//! The token service's part of an exchange: forms and headers into a sign-in, claims into a signed token, discovery,
//! and the issuer of federated tokens that the emulator is itself.

use std::collections::BTreeMap;

use base64::Engine;
use serde_json::{Value, json};

use super::{
    super::{
        certificates::LENIENT,
        control, identifiers, odata,
        reply::Reply,
        tenant::Tenant,
        token::{self, Endpoint, SignIn, TokenRefusal, discovery, tenants},
        world::Reads,
    },
    Turn,
};

/// How long a federated token lives, in seconds, when it is not told otherwise.
const FEDERATED_LIFETIME: i64 = 3600;

impl Turn<'_> {
    /// Everything that the token service serves; none when the path is none of its own.
    pub(super) fn sign_in_service(&self, tenant: &mut Tenant, parts: &[&str]) -> Option<Reply> {
        let reply = match *parts {
            [name, "oauth2", "v2.0", "token"] => self.token(tenant, name, Endpoint::V2),
            [name, "oauth2", "token"] => self.token(tenant, name, Endpoint::V1),
            [_, "discovery", "instance"] => self.answer(self.instance(tenant)),
            [name, "v2.0", ".well-known", "openid-configuration"] => {
                self.configuration(tenant, name, discovery::configuration)
            }
            [name, ".well-known", "openid-configuration"] => {
                self.configuration(tenant, name, discovery::configuration_v1)
            }
            [name, "discovery", "v2.0", "keys"] | [name, "discovery", "keys"] => self.keys(tenant, name),
            [_, "userrealm", user] => {
                let user = odata::decode(user, false);
                let domain = user.rsplit_once('@').map_or("", |(_, domain)| domain);
                let is_ours = tenants::names(&tenant.world).iter().any(|name| name.eq_ignore_ascii_case(domain));
                Reply::json(200, discovery::user_realm(&user, is_ours))
            }
            [_, "oauth2", ..] => control::refuse(404, "the emulator signs in applications only, not users"),
            _ => return None,
        };
        Some(reply)
    }

    fn answer(&self, answered: Result<Value, TokenRefusal>) -> Reply {
        match answered {
            Ok(document) => Reply::json(200, document),
            Err(refusal) => self.token_refusal(&refusal),
        }
    }

    /// The tenant as the documents name it: its id, or the word for any tenant that was asked for.
    fn known<'a>(&self, tenant: &'a Tenant, name: &'a str) -> Result<&'a str, TokenRefusal> {
        if tenants::NO_PARTICULAR.contains(&name) {
            return Ok(name);
        }
        let is_its_cloud = tenant.knobs.cloud.is_at(&self.incoming.origin);
        tenants::check(&tenant.world, name, is_its_cloud).map(|()| tenant.world.tenant_id())
    }

    fn configuration(&self, tenant: &Tenant, name: &str, document: fn(&str, &str) -> Value) -> Reply {
        self.answer(self.known(tenant, name).map(|name| document(&self.incoming.origin, name)))
    }

    fn instance(&self, tenant: &Tenant) -> Result<Value, TokenRefusal> {
        let query: BTreeMap<String, String> = odata::pairs(&self.incoming.query).collect();
        let text = |name: &str| query.get(name).map_or("", String::as_str);
        discovery::instance(
            &self.incoming.origin,
            self.urls,
            tenant.world.tenant_id(),
            text("api-version"),
            text("authorization_endpoint"),
        )
    }

    fn keys(&self, tenant: &mut Tenant, name: &str) -> Reply {
        let named = match self.known(tenant, name) {
            Ok(named) if tenants::NO_PARTICULAR.contains(&named) => "{tenantid}".to_owned(),
            Ok(named) => named.to_owned(),
            Err(refusal) => return self.token_refusal(&refusal),
        };
        let issuer = format!("{}/{named}/v2.0", self.incoming.origin);
        match tenant.signer() {
            Ok(signer) => Reply::json(200, json!({ "keys": [signer.published(&issuer)] })),
            Err(error) => control::refuse(503, &error.to_string()),
        }
    }

    pub(super) fn token_refusal(&self, refusal: &TokenRefusal) -> Reply {
        let body = refusal.body(self.now, &self.incoming.origin, &self.client_request_id);
        let mut reply = Reply::json(refusal.status, body);
        reply.set("x-ms-clitelem", format!("1,{},0,,", refusal.code()));
        reply
    }

    fn token(&self, tenant: &mut Tenant, name: &str, endpoint: Endpoint) -> Reply {
        let mut reply = if self.incoming.method == "POST" {
            self.granted(tenant, name, endpoint)
        } else {
            let message = format!(
                "The endpoint only accepts POST, OPTIONS requests. Received a {} request.",
                self.incoming.method
            );
            let mut reply = self.token_refusal(&TokenRefusal::new(405, "invalid_request", 900_561, message));
            reply.set("allow", "POST, OPTIONS");
            reply
        };
        reply.set("cache-control", "no-store, no-cache");
        reply.set("pragma", "no-cache");
        reply.set("x-ms-request-id", self.request_id.clone());
        reply.set("x-ms-ests-server", "2.1.19568.4 - EUS ProdSlices");
        reply
    }

    fn granted(&self, tenant: &mut Tenant, name: &str, endpoint: Endpoint) -> Reply {
        let signer = match tenant.signer() {
            Ok(signer) => signer,
            Err(error) => return control::refuse(503, &error.to_string()),
        };
        let request = SignIn {
            world: &tenant.world,
            seen: tenant.world.view(Reads::Tokens),
            now: self.now,
            endpoint,
            tenant_name: name,
            origin: &self.incoming.origin,
            own_urls: self.urls,
            own_key: signer.public_key(),
            unsettled: tenant.knobs.unsettled,
            home: tenant.knobs.cloud,
            form: self.form(),
            basic: self.basic(),
        };
        let grant = match token::sign_in(&request) {
            Ok(grant) => grant,
            Err(refusal) => return self.token_refusal(&refusal),
        };
        match signer.sign(&grant.claims) {
            Ok(token) => {
                let mut reply = Reply::json(200, token::success(endpoint, &grant, &token));
                reply.set("x-ms-clitelem", "1,0,0,,");
                reply
            }
            Err(error) => control::refuse(503, &error.to_string()),
        }
    }

    /// The form in the body; empty when the body says that it is something else.
    fn form(&self) -> BTreeMap<String, String> {
        let kind = self.incoming.header("content-type").to_lowercase();
        if !kind.is_empty() && !kind.contains("x-www-form-urlencoded") {
            return BTreeMap::new();
        }
        odata::pairs(&String::from_utf8_lossy(&self.incoming.body)).collect()
    }

    fn basic(&self) -> Option<(String, String)> {
        let encoded = self.incoming.credentials("Basic")?;
        let pair = String::from_utf8(LENIENT.decode(encoded).ok()?).ok()?;
        let (client_id, secret) = pair.split_once(':')?;
        Some((odata::decode(client_id, true), odata::decode(secret, true)))
    }

    /// The control endpoints of federation: whose tokens are trusted, and an issuer to rehearse with.
    pub(super) fn federation(&self, tenant: &mut Tenant, route: &str) -> Option<Reply> {
        let body = || serde_json::from_slice::<Value>(&self.incoming.body).map_err(|error| error.to_string());
        let done = Reply { status: 204, headers: Vec::new(), body: None };
        let reply = match (self.incoming.method.as_str(), route) {
            ("GET", "issuers") => {
                let known = tenant.world.tenant().and_then(|tenant| tenant.get(token::ISSUERS));
                Reply::json(200, known.cloned().unwrap_or_else(|| json!({})))
            }
            ("POST", "issuers") => {
                let kept = body()
                    .and_then(|sent| token::with_issuer(&tenant.world, &sent))
                    .map(|issuers| tenant.remember(vec![(token::ISSUERS, issuers)]));
                match kept {
                    Ok(Ok(())) => done,
                    Ok(Err(error)) => control::refuse(503, &error.to_string()),
                    Err(message) => control::refuse(400, &message),
                }
            }
            ("DELETE", "issuers") => match tenant.remember(vec![(token::ISSUERS, json!({}))]) {
                Ok(()) => done,
                Err(error) => control::refuse(503, &error.to_string()),
            },
            ("GET", "oidc/.well-known/openid-configuration") => {
                Reply::json(200, discovery::own_issuer(&self.incoming.origin))
            }
            ("GET", "oidc/jwks") => match tenant.signer() {
                Ok(signer) => Reply::json(200, json!({ "keys": [signer.public_key()] })),
                Err(error) => control::refuse(503, &error.to_string()),
            },
            ("POST", "oidc/token") => match body().and_then(|sent| self.mint(tenant, &sent)) {
                Ok(token) => Reply::json(200, json!({ "token": token, "expires_in": FEDERATED_LIFETIME })),
                Err(message) => control::refuse(400, &message),
            },
            // What a job asks its runner for: the audience is the job's wish, the subject is fixed in the address.
            ("GET", "oidc/token") => {
                let query: BTreeMap<String, String> = odata::pairs(&self.incoming.query).collect();
                let sent = json!({ "subject": query.get("subject"), "audience": query.get("audience") });
                match self.mint(tenant, &sent) {
                    Ok(token) => Reply::json(200, json!({ "count": token.len(), "value": token })),
                    Err(message) => control::refuse(400, &message),
                }
            }
            _ => return None,
        };
        Some(self.finish(reply))
    }

    /// A token of the emulator's own issuer.
    fn mint(&self, tenant: &mut Tenant, sent: &Value) -> Result<String, String> {
        let members = sent.as_object().ok_or("the body must be an object")?;
        if let Some(name) = members.keys().find(|name| !["subject", "audience", "claims"].contains(&name.as_str())) {
            return Err(format!("unknown member `{name}`"));
        }
        let subject =
            sent["subject"].as_str().filter(|subject| !subject.is_empty()).ok_or("`subject` must be a text")?;
        let audience = sent["audience"].as_str().unwrap_or("api://AzureADTokenExchange");
        let now = self.now.as_second();
        let mut claims = json!({
            "iss": format!("{}/_emulator/oidc", self.incoming.origin),
            "sub": subject,
            "aud": audience,
            "jti": identifiers::guid(),
            "iat": now,
            "nbf": now,
            "exp": now + FEDERATED_LIFETIME,
        });
        match &sent["claims"] {
            Value::Null => {}
            Value::Object(more) => {
                for (name, value) in more {
                    claims[name] = value.clone();
                }
            }
            _ => return Err("`claims` must be an object".to_owned()),
        }
        // Otherwise this would be a way to be anybody, past every credential.
        if claims["iss"] == token::issuer(tenant.world.tenant_id()) {
            return Err("this issuer makes no access tokens of the tenant".to_owned());
        }
        let signer = tenant.signer().map_err(|error| error.to_string())?;
        signer.sign(&claims).map_err(|error| error.to_string())
    }
}
