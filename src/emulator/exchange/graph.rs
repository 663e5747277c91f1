//! Graph's part of an exchange: the token into a caller, the body into JSON, the change onto the disk; batches.

use serde_json::Value;

use super::{
    super::{
        graph::{self as service, Answer, Caller},
        odata::{self, Query},
        refusal::Refusal,
        reply::Reply,
        tenant::Tenant,
        trouble::faults::{Plain, Then, When},
        world::{Collection, Reads, text},
    },
    Outgoing, Turn,
    metadata::Metadata,
};

/// What the headers of a call ask for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wishes {
    create_if_missing: bool,
    eventual: bool,
    metadata: Metadata,
}

impl Wishes {
    pub(super) fn read<'a>(header: impl Fn(&str) -> &'a str) -> Self {
        Self {
            create_if_missing: header("prefer").to_lowercase().contains("create-if-missing"),
            eventual: header("consistencylevel").eq_ignore_ascii_case("eventual"),
            metadata: Metadata::read(header("accept")),
        }
    }
}

impl Turn<'_> {
    pub(super) fn graph(&self, tenant: &mut Tenant) -> Outgoing {
        let incoming = self.incoming;
        let asked = self.caller(tenant).and_then(|caller| Ok((caller, self.json_body()?)));
        let (caller, body) = match asked {
            Ok(asked) => asked,
            Err(refusal) => return Outgoing::Answer(self.graph_reply(Err(refusal))),
        };
        if is_batch(&incoming.path) && incoming.method == "POST" {
            return match self.batch(tenant, &caller, body.as_ref()) {
                Ok(answered) => Outgoing::Answer(self.graph_reply(answered)),
                Err(ended) => ended,
            };
        }
        let wishes = Wishes::read(|name| incoming.header(name));
        let reply = self.metered(tenant, &caller, &incoming.method, &incoming.path, &incoming.query, body, wishes);
        Outgoing::Answer(reply)
    }

    /// One call to Graph, counted and, when the caller has used up what it may, refused.
    #[expect(clippy::too_many_arguments, reason = "a call inside a batch differs from its envelope in each of them")]
    fn metered(
        &self,
        tenant: &mut Tenant,
        caller: &Caller,
        method: &str,
        path: &str,
        query: &str,
        body: Option<Value>,
        wishes: Wishes,
    ) -> Reply {
        if let Err(throttled) = self.admit(tenant, caller, method) {
            return throttled;
        }
        let answered = self.call(tenant, caller, method, path, query, body, wishes);
        let mut reply = self.graph_reply(answered);
        wishes.metadata.apply(&mut reply, &self.incoming.origin, tenant.world.tenant_id());
        self.charge(tenant, caller, method, &mut reply);
        reply
    }

    /// Who calls, by the token.
    fn caller(&self, tenant: &mut Tenant) -> Result<Caller, Refusal> {
        let Some(token) = self.bearer() else {
            return Err(Refusal::invalid_token("Access token is empty."));
        };
        let signer = tenant.signer().map_err(|error| Refusal::new(503, "ServiceUnavailable", error.to_string()))?;
        let claims = signer.verify(token, &self.incoming.origin, tenant.world.tenant_id(), self.now)?;
        let unknown = || {
            Refusal::new(
                401,
                "Authorization_IdentityNotFound",
                "The identity of the calling application could not be established.",
            )
        };
        let id = claims["oid"].as_str().unwrap_or_default();
        let principal = tenant.world.view(Reads::Tokens).get(Collection::ServicePrincipals, id).ok_or_else(unknown)?;
        let named = |claim: &str| {
            claims[claim].as_array().into_iter().flatten().filter_map(|role| role.as_str().map(str::to_owned)).collect()
        };
        Ok(Caller::Application {
            service_principal: text(principal, "id").to_owned(),
            roles: named("roles"),
            directory_roles: named("wids"),
        })
    }

    fn json_body(&self) -> Result<Option<Value>, Refusal> {
        if self.incoming.body.is_empty() {
            return Ok(None);
        }
        let unreadable = || {
            Refusal::malformed(
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of \
                 valid JSON format.",
            )
        };
        if !self.incoming.header("content-type").to_lowercase().contains("json") {
            return Err(unreadable());
        }
        serde_json::from_slice(&self.incoming.body).map(Some).map_err(|_| unreadable())
    }

    /// One call to Graph, with its change made durable.
    #[expect(clippy::too_many_arguments, reason = "a call inside a batch differs from its envelope in each of them")]
    pub(super) fn call(
        &self,
        tenant: &mut Tenant,
        caller: &Caller,
        method: &str,
        path: &str,
        query: &str,
        body: Option<Value>,
        wishes: Wishes,
    ) -> Result<Answer, Refusal> {
        let Some((version, mut segments)) = service::segments(path) else {
            let version = path.trim_matches('/').split('/').next().unwrap_or_default();
            return Err(Refusal::malformed(format!("Invalid version: {version}")));
        };
        // The tenant may stand before everything else, although the token has said it.
        let own = [tenant.world.tenant_id(), tenant.world.domain(), "myorganization"];
        if segments.first().is_some_and(|first| own.iter().any(|name| first.text.eq_ignore_ascii_case(name))) {
            segments.remove(0);
        }
        let body = body.map(|body| service::spelled(&segments, body));
        let request = service::Request {
            world: &tenant.world,
            by_id: tenant.world.view(Reads::ById),
            lists: tenant.world.view(Reads::Lists),
            references: tenant.world.view(Reads::References),
            now: self.now,
            origin: &self.incoming.origin,
            method,
            version,
            segments,
            query: Query::parse(query),
            body,
            caller,
            page_size: self.page_size,
            dehydrated: super::super::exchange_online::is_dehydrated(&tenant.world, tenant.knobs.dehydrated),
            unsettled: tenant.knobs.unsettled,
            create_if_missing: wishes.create_if_missing,
            eventual: wishes.eventual,
        };
        let mut answer = service::serve(&request)?;
        tenant.write(std::mem::take(&mut answer.changes), self.now)?;
        Ok(answer)
    }

    /// All requests of a batch; an error when one of them was ordered to end the exchange.
    fn batch(
        &self,
        tenant: &mut Tenant,
        caller: &Caller,
        body: Option<&Value>,
    ) -> Result<Result<Answer, Refusal>, Outgoing> {
        let items = match service::read_batch(body) {
            Ok(items) => items,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let version = self.incoming.path.trim_matches('/').split('/').next().unwrap_or("v1.0");
        let mut done: Vec<(String, u16, Value)> = Vec::new();
        for item in items {
            let url = format!("/{version}{}", item.url);
            let (path, query) = url.split_once('?').unwrap_or((&url, ""));
            let blow = Self::strike_inside(tenant, &item.method, &url, item.body.as_ref());
            let reply = if item.is_blocked(&done) {
                self.graph_reply(Err(Refusal::new(424, "FailedDependency", "Failed Dependency")))
            } else {
                let wishes = Wishes::read(|name| item.header(name));
                let body = item.body.clone();
                let before = blow.as_ref().filter(|blow| blow.when == When::Before).map(|blow| &blow.then);
                let served = match before {
                    Some(Then::Answer(_) | Then::Plain(Plain::Reset | Plain::Hang)) => None,
                    _ => Some(self.metered(tenant, caller, &item.method, path, query, body, wishes)),
                };
                match (blow.as_ref().map(|blow| &blow.then), served) {
                    (Some(Then::Plain(Plain::Reset)), _) => return Err(Outgoing::Drop),
                    (Some(Then::Answer(answer)), _) => self.faulty_reply(answer),
                    (Some(then @ (Then::Hang(_) | Then::Truncate(_) | Then::Plain(Plain::Truncate))), Some(reply)) => {
                        let wait = blow.as_ref().map(|blow| blow.wait.unsigned_abs()).unwrap_or_default();
                        self.aftermath.set(Some((then.clone(), wait)));
                        reply
                    }
                    (None, Some(reply)) => reply,
                    (Some(_), _) | (None, None) => return Err(Outgoing::Hang),
                }
            };
            done.push((item.id.clone(), reply.status, reply.inside_batch(&item.id)));
        }
        Ok(Ok(Answer { status: 200, body: Some(service::batch_responses(done)), ..Answer::default() }))
    }
}

fn is_batch(path: &str) -> bool {
    service::segments(path).is_some()
        && odata::decode(path, false).to_lowercase().trim_end_matches('/').ends_with("/$batch")
}
