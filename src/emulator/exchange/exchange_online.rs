//! Exchange Online's part of an exchange: the token into a caller, the path into a call, the change onto the disk.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    super::{
        clouds::{names_at, region_at},
        control,
        exchange_online::{
            self as service, AUDIENCES, Answer, COMPLIANCE_AUDIENCES, COMPLIANCE_HOST, Caller, Closed, ExchangeRefusal,
            Request, Service,
        },
        odata,
        reply::{Body, Reply},
        tenant::Tenant,
        token::tenants,
        world::Reads,
    },
    Turn,
};

/// How many NUL bytes a refusal for want of a role is.
const NOTHING: usize = 4096;
const LARGEST_BATCH: usize = 10;

/// One call to the admin endpoint: alone, or out of a batch.
struct Asked<'a> {
    method: &'a str,
    /// The path below the tenant.
    route: &'a str,
    query: &'a str,
    prefer: &'a str,
    body: Option<Value>,
}

impl Turn<'_> {
    /// Serves `/adminapi/{version}/{tenant}/…`; none when the path is another's.
    pub(super) fn exchange_online(&self, tenant: &mut Tenant) -> Option<Reply> {
        let path = odata::decode(self.incoming.path.trim_matches('/'), false);
        let mut parts = path.splitn(4, '/');
        if !parts.next()?.eq_ignore_ascii_case("adminapi") {
            return None;
        }
        let version = parts.next().unwrap_or_default().to_lowercase();
        let named = parts.next().unwrap_or_default();
        let route = parts.next().unwrap_or_default();
        let is_known = tenants::names(&tenant.world).iter().any(|name| name.eq_ignore_ascii_case(named));
        if !["beta", "v1.0", "v2.0"].contains(&version.as_str()) || !is_known {
            return Some(control::refuse(404, "no such version of the admin endpoint, or no such tenant"));
        }
        let service = if region_at(&self.incoming.origin, COMPLIANCE_HOST).is_some() {
            Service::SecurityAndCompliance
        } else {
            Service::ExchangeOnline
        };
        if let Some(location) = service::location(&self.incoming.origin, &self.incoming.target()) {
            let mut reply = Reply { status: 302, headers: Vec::new(), body: None };
            reply.set("location", location);
            return Some(reply);
        }
        let caller = match self.exchange_caller(tenant, service) {
            Ok(caller) => caller,
            Err(reply) => return Some(reply),
        };
        let app_role = if version == "v2.0" { "Exchange.ManageAsAppV2" } else { "Exchange.ManageAsApp" };
        match service::admit(tenant.world.view(Reads::Tokens), service, &caller, app_role) {
            Ok(()) => {}
            Err(Closed::Unauthorized) => return Some(self.exchange_unauthorized()),
            Err(Closed::Forbidden) => {
                return Some(Reply {
                    status: 403,
                    headers: Vec::new(),
                    body: Some(Body::Value("\0".repeat(NOTHING).into())),
                });
            }
        }
        let address = format!("{}/adminapi/{version}/{named}", self.incoming.origin);
        let body = if self.incoming.body.is_empty() {
            None
        } else {
            match serde_json::from_slice::<Value>(&self.incoming.body) {
                Ok(body) => Some(body),
                Err(error) => return Some(control::refuse(400, &format!("the body is no JSON: {error}"))),
            }
        };
        if self.incoming.method == "POST" && route.eq_ignore_ascii_case("$batch") {
            return Some(self.exchange_batch(tenant, service, &caller, &address, body.as_ref()));
        }
        let asked = Asked {
            method: &self.incoming.method,
            route,
            query: &self.incoming.query,
            prefer: self.incoming.header("prefer"),
            body,
        };
        Some(self.exchange_call(tenant, service, &caller, &address, asked))
    }

    fn exchange_caller(&self, tenant: &mut Tenant, service: Service) -> Result<Caller, Reply> {
        let signer = tenant.signer().map_err(|error| control::refuse(503, &error.to_string()))?;
        let token = self.bearer().unwrap_or_default();
        let audiences: &[&str] = match service {
            Service::ExchangeOnline => &AUDIENCES,
            Service::SecurityAndCompliance => &COMPLIANCE_AUDIENCES,
        };
        let claims = signer
            .verify_for(token, &names_at(&self.incoming.origin, audiences), tenant.world.tenant_id(), self.now)
            .map_err(|_| self.exchange_unauthorized())?;
        let texts = |name: &str| {
            let values = claims[name].as_array().into_iter().flatten();
            values.filter_map(|value| value.as_str().map(str::to_owned)).collect()
        };
        Ok(Caller {
            service_principal: claims["oid"].as_str().unwrap_or_default().to_owned(),
            app_roles: texts("roles"),
            directory_roles: texts("wids"),
        })
    }

    fn exchange_unauthorized(&self) -> Reply {
        let mut reply = Reply { status: 401, headers: Vec::new(), body: None };
        let challenge = format!(
            "Bearer client_id=\"00000002-0000-0ff1-ce00-000000000000\", \
             trusted_issuers=\"00000001-0000-0000-c000-000000000000@*\", \
             token_types=\"app_asserted_user_v1 service_asserted_app_v1\", \
             authorization_uri=\"{}/common/oauth2/authorize\", error=\"invalid_token\"",
            self.incoming.origin
        );
        reply.set("www-authenticate", challenge);
        reply
    }

    fn exchange_call(
        &self,
        tenant: &mut Tenant,
        service: Service,
        caller: &Caller,
        address: &str,
        asked: Asked<'_>,
    ) -> Reply {
        let request = Request {
            world: &tenant.world,
            seen: tenant.world.view(Reads::Lists),
            now: self.now,
            address: address.to_owned(),
            route: asked.route,
            caller,
            service,
            query: odata::pairs(asked.query).collect::<BTreeMap<_, _>>(),
            body: asked.body,
            page_size: page_size(asked.prefer),
            dehydrated: service::is_dehydrated(&tenant.world, tenant.knobs.dehydrated),
        };
        let is_v2 = address.contains("/adminapi/v2.0/");
        let is_online = service == Service::ExchangeOnline;
        let answered = match (asked.method, asked.route.trim_end_matches('/')) {
            ("POST", route) if route.eq_ignore_ascii_case("InvokeCommand") && !is_v2 => service::invoke(&request, None),
            ("POST", route @ ("OrganizationConfig" | "AcceptedDomain" | "Mailbox")) if is_online && is_v2 => {
                service::invoke(&request, Some(&format!("Get-{route}")))
            }
            ("GET", route) if route.eq_ignore_ascii_case("EXOModuleFile") && !is_v2 => {
                Ok(service::module_file(&request))
            }
            ("GET", route) if is_online && !is_v2 && route.eq_ignore_ascii_case("mailbox") => {
                service::mailboxes(&request, None)
            }
            ("GET", route) if is_online && !is_v2 && mailbox_key(route).is_some() => {
                service::mailboxes(&request, mailbox_key(route))
            }
            _ => return control::refuse(404, "the emulator does not serve this path of the admin endpoint"),
        };
        match answered {
            Ok(answer) => Self::exchange_done(tenant, answer, self.now),
            Err(refusal) => exchange_refused(&refusal),
        }
    }

    fn exchange_done(tenant: &mut Tenant, answer: Answer, now: Timestamp) -> Reply {
        if let Err(refusal) = tenant.write(answer.changes, now) {
            return control::refuse(refusal.status, &refusal.message);
        }
        let mut reply = Reply::json(answer.status, answer.body);
        reply.set("content-type", "application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8");
        reply.set("odata-version", "4.0");
        reply
    }

    /// At most ten calls in one, answered in their order.
    fn exchange_batch(
        &self,
        tenant: &mut Tenant,
        service: Service,
        caller: &Caller,
        address: &str,
        body: Option<&Value>,
    ) -> Reply {
        let Some(items) =
            body.and_then(|body| body["requests"].as_array()).filter(|items| items.len() <= LARGEST_BATCH)
        else {
            return control::refuse(400, "a batch is a list of at most ten `requests`");
        };
        let mut responses = Vec::new();
        for item in items {
            let url = item["url"].as_str().unwrap_or_default();
            let (path, query) = url.split_once('?').unwrap_or((url, ""));
            let asked = Asked {
                method: item["method"].as_str().unwrap_or_default(),
                route: path.rsplit('/').next().unwrap_or_default(),
                query,
                prefer: item["headers"]["Prefer"].as_str().unwrap_or_default(),
                body: Some(item["body"].clone()),
            };
            let reply = self.exchange_call(tenant, service, caller, address, asked);
            responses.push(
                json!({ "id": item["id"], "status": reply.status, "body": reply.body.as_ref().map(Body::value) }),
            );
        }
        Reply::json(200, json!({ "responses": responses }))
    }
}

/// The key in `Mailbox('key')` or `Mailbox/key`; none when the path is another's, such as `MailboxStatistics('key')`.
fn mailbox_key(route: &str) -> Option<&str> {
    let (name, key) = route.split_at_checked("mailbox".len())?;
    let key = key.strip_prefix(['(', '/']).filter(|_| name.eq_ignore_ascii_case("mailbox"))?;
    Some(key.trim_start_matches('\'').trim_end_matches([')', '\'']))
}

fn exchange_refused(refusal: &ExchangeRefusal) -> Reply {
    let mut reply = Reply::json(refusal.status, refusal.body());
    reply.set("x-exceptiontype", refusal.exception());
    reply
}

/// What `Prefer: odata.maxpagesize=N` says, among other preferences.
fn page_size(prefer: &str) -> Option<usize> {
    let preferences = prefer.split([',', ';']).map(str::trim);
    preferences
        .filter_map(|preference| preference.strip_prefix("odata.maxpagesize="))
        .find_map(|size| size.parse().ok())
}
