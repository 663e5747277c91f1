//! The trouble of one exchange: throttling, and what a tester's fault does to it.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    super::{
        graph::{self as service, Caller},
        odata,
        refusal::Refusal,
        reply::Reply,
        tenant::Tenant,
        token::TokenRefusal,
        trouble::faults::{Blow, FaultyAnswer, Plain, Target, Then, When},
        trouble::knobs::Part,
        trouble::throttle::Throttled,
        world::{Collection, text},
    },
    Incoming, Outgoing, Turn,
};

/// Who seems to call: the `appid` of the token, or the `client_id` of the form.
pub(super) fn application(incoming: &Incoming) -> Option<String> {
    if let Some(token) = incoming.credentials("Bearer") {
        let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        let claims: BTreeMap<String, Value> = serde_json::from_slice(&claims).ok()?;
        let id = claims.get("appid").or_else(|| claims.get("azp"))?;
        return id.as_str().map(str::to_owned);
    }
    if !incoming.header("content-type").to_ascii_lowercase().contains("x-www-form-urlencoded") {
        return None;
    }
    let form = String::from_utf8_lossy(&incoming.body);
    odata::pairs(&form).find(|(name, _)| name == "client_id").map(|(_, id)| id.to_lowercase())
}

fn writes(method: &str) -> bool {
    !["GET", "HEAD", "OPTIONS"].contains(&method)
}

impl Turn<'_> {
    /// Serves the request unless its service is asked too much. Graph counts for itself, request by request in a batch.
    pub(super) fn admitted(&self, tenant: &mut Tenant) -> Outgoing {
        let part = Part::of(&self.incoming.path, &self.incoming.origin);
        if part == Part::Graph {
            return self.after_batch(self.serve(tenant));
        }
        let application = self.application.as_deref().unwrap_or_default();
        let writes = writes(&self.incoming.method);
        let throttle = tenant.knobs.throttle;
        if let Err(throttled) = tenant.meters.admit(&throttle, part, application, writes, self.now) {
            return Outgoing::Answer(self.throttled(part, application, tenant.world.tenant_id(), &throttled));
        }
        tenant.meters.charge(&throttle, part, application, writes, 1, self.now);
        self.serve(tenant)
    }

    fn after_batch(&self, outgoing: Outgoing) -> Outgoing {
        match (outgoing, self.aftermath.take()) {
            (Outgoing::Answer(reply), Some((then, wait))) => torn(reply, &then, wait),
            (outgoing, _) => outgoing,
        }
    }

    /// Refuses a call to Graph that comes too early.
    pub(super) fn admit(&self, tenant: &mut Tenant, caller: &Caller, method: &str) -> Result<(), Reply> {
        let Some(application) = calling(tenant, caller) else { return Ok(()) };
        let throttle = tenant.knobs.throttle;
        let admitted = tenant.meters.admit(&throttle, Part::Graph, &application, writes(method), self.now);
        admitted.map_err(|throttled| self.throttled(Part::Graph, &application, tenant.world.tenant_id(), &throttled))
    }

    /// Counts a call to Graph that was served, and says how much of the limit is used.
    pub(super) fn charge(&self, tenant: &mut Tenant, caller: &Caller, method: &str, reply: &mut Reply) {
        let Some(application) = calling(tenant, caller) else { return };
        let units = reply.resource_units().unwrap_or(1);
        let throttle = tenant.knobs.throttle;
        let used = tenant.meters.charge(&throttle, Part::Graph, &application, writes(method), units, self.now);
        if let Some(used) = used {
            reply.set("x-ms-throttle-limit-percentage", used);
        }
    }

    fn throttled(&self, part: Part, application: &str, tenant_id: &str, throttled: &Throttled) -> Reply {
        let mut reply = match part {
            Part::Graph => {
                let message = format!(
                    "Too many requests from Identifier:{application}_{tenant_id} under \
                     category:aadgraph.app.tenant_large. Please try again later."
                );
                let mut reply = self.graph_reply(Err(Refusal::new(429, "TooManyRequests", message)));
                let scope = format!("{}/{application}/{tenant_id}", throttled.scope);
                reply.set("x-ms-throttle-scope", scope);
                reply.set("x-ms-throttle-information", throttled.information);
                reply
            }
            Part::Token => {
                let message = "There are too many incoming requests. This exception is thrown for blocked tenants.";
                let refusal = TokenRefusal::new(429, "temporarily_unavailable", 90055, message.to_owned());
                self.finish(self.token_refusal(&refusal))
            }
            Part::Vault => self.finish(Reply::json(
                429,
                json!({ "error": {
                    "code": "Throttled",
                    "message": "Request was not processed because too many requests were received. \
                                Reason: VaultRequestTypeLimitReached",
                } }),
            )),
            Part::Exchange | Part::ResourceManager => self.finish(Reply::json(
                429,
                json!({ "error": { "code": "TooManyRequests", "message": "Too many requests. Please try again later." } }),
            )),
        };
        if let Some(seconds) = throttled.retry_after {
            reply.set("retry-after", seconds.to_string());
        }
        reply
    }

    /// What a fault makes of the request. The time of a hang before the request has passed already.
    pub(super) fn strike(&self, tenant: &mut Tenant, blow: &Blow) -> Outgoing {
        let needs_answer = matches!(blow.then, Then::Hang(_) | Then::Truncate(_) | Then::Plain(Plain::Truncate));
        let served = (blow.when == When::After || needs_answer).then(|| self.admitted(tenant));
        match (&blow.then, served) {
            // Another fault, inside the batch, has ended the exchange.
            (_, Some(ended @ (Outgoing::Drop | Outgoing::Hang))) => ended,
            (Then::Plain(Plain::Reset), _) => Outgoing::Drop,
            (Then::Plain(Plain::Hang), _) | (_, None) if !matches!(blow.then, Then::Answer(_)) => Outgoing::Hang,
            (Then::Answer(answer), _) => Outgoing::Answer(self.faulty_reply(answer)),
            (then, Some(Outgoing::Answer(reply) | Outgoing::Late(reply, _) | Outgoing::Torn(reply, _))) => {
                torn(reply, then, if blow.when == When::After { blow.wait.unsigned_abs() } else { Duration::ZERO })
            }
            (_, None) => Outgoing::Hang,
        }
    }

    /// A fault for one request inside a batch.
    pub(super) fn strike_inside(tenant: &mut Tenant, method: &str, url: &str, body: Option<&Value>) -> Option<Blow> {
        let path = odata::decode(url, false);
        let body = body.map(Value::to_string).unwrap_or_default();
        let target = Target { part: Part::Graph, method, path: &path, body: body.as_bytes() };
        let Tenant { faults, chance, .. } = tenant;
        faults.strike(&target, chance)
    }

    /// The answer that a tester ordered.
    pub(super) fn faulty_reply(&self, answer: &FaultyAnswer) -> Reply {
        let mut reply = if service::segments(&self.incoming.path).is_some() {
            self.graph_reply(Err(Refusal::new(answer.status, &answer.code, answer.message.clone())))
        } else {
            let body = match Part::of(&self.incoming.path, &self.incoming.origin) {
                Part::Token | Part::Graph => json!({ "error": answer.code, "error_description": answer.message }),
                Part::Vault => Self::faulty_vault_body(&answer.code, &answer.message),
                Part::Exchange | Part::ResourceManager => {
                    json!({ "error": { "code": answer.code, "message": answer.message } })
                }
            };
            self.finish(Reply::json(answer.status, body))
        };
        if let Some(body) = &answer.body {
            if body.is_string() {
                reply.set("content-type", "text/plain");
            }
            reply.body = Some(body.clone().into());
        }
        reply.add_ordered(answer);
        reply
    }
}

fn torn(reply: Reply, then: &Then, wait: Duration) -> Outgoing {
    match then {
        Then::Plain(Plain::Truncate) => Outgoing::Torn(reply, None),
        Then::Truncate(torn) => Outgoing::Torn(reply, Some(torn.truncate)),
        _ if wait.is_zero() => Outgoing::Answer(reply),
        _ => Outgoing::Late(reply, wait),
    }
}

/// The `appId` of a calling application.
fn calling(tenant: &Tenant, caller: &Caller) -> Option<String> {
    let principal = tenant.world.get(Collection::ServicePrincipals, caller.service_principal()?);
    Some(principal.map_or(String::new(), |principal| text(principal, "appId").to_owned()))
}
