//! Graph's part of an exchange: the token into a caller, the body into JSON, the change onto the disk; batches.

use serde_json::Value;

use super::{
    super::{
        faults::{Fault, Then, When},
        graph::{self as service, Answer, Caller},
        odata::{self, Query},
        refusal::Refusal,
        tenant::Tenant,
        world::{Collection, Reads, text},
    },
    Outgoing, Turn,
};

/// What the headers of a call ask for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wishes {
    create_if_missing: bool,
    eventual: bool,
}

impl Wishes {
    fn read<'a>(header: impl Fn(&str) -> &'a str) -> Self {
        Self {
            create_if_missing: header("prefer").to_lowercase().contains("create-if-missing"),
            eventual: header("consistencylevel").eq_ignore_ascii_case("eventual"),
        }
    }
}

impl Turn<'_> {
    pub(super) fn graph(&self, tenant: &mut Tenant) -> Outgoing {
        let incoming = self.incoming;
        let answered = match self.caller(tenant) {
            Err(refusal) => Err(refusal),
            Ok(caller) => match self.json_body() {
                Err(refusal) => Err(refusal),
                Ok(body) if is_batch(&incoming.path) && incoming.method == "POST" => {
                    match self.batch(tenant, &caller, body.as_ref()) {
                        Some(answered) => answered,
                        None => return Outgoing::Drop,
                    }
                }
                Ok(body) => {
                    let wishes = Wishes::read(|name| incoming.header(name));
                    self.call(tenant, &caller, &incoming.method, &incoming.path, &incoming.query, body, wishes)
                }
            },
        };
        Outgoing::Answer(self.graph_reply(answered))
    }

    /// Who calls, by the token.
    fn caller(&self, tenant: &mut Tenant) -> Result<Caller, Refusal> {
        let authorization = self.incoming.header("authorization");
        let token = authorization
            .get(..7)
            .filter(|scheme| scheme.eq_ignore_ascii_case("Bearer "))
            .map_or("", |_| authorization[7..].trim());
        if token.is_empty() {
            return Err(Refusal::invalid_token("Access token is empty."));
        }
        let signer = tenant.signer().map_err(|error| Refusal::new(503, "ServiceUnavailable", error.to_string()))?;
        let claims = signer.verify(token, self.now)?;
        let unknown = || {
            Refusal::new(
                401,
                "Authorization_IdentityNotFound",
                "The identity of the calling application could not be established.",
            )
        };
        let id = claims["oid"].as_str().unwrap_or_default();
        if claims["tid"] != tenant.world.tenant_id() {
            return Err(unknown());
        }
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
            create_if_missing: wishes.create_if_missing,
            eventual: wishes.eventual,
        };
        let mut answer = service::serve(&request)?;
        tenant.commit(std::mem::take(&mut answer.changes)).map_err(|error| {
            Refusal::new(503, "ServiceUnavailable", format!("The write could not be kept: {error}."))
        })?;
        Ok(answer)
    }

    /// All requests of a batch; none when one of them was ordered to drop the connection.
    fn batch(&self, tenant: &mut Tenant, caller: &Caller, body: Option<&Value>) -> Option<Result<Answer, Refusal>> {
        let items = match service::read_batch(body) {
            Ok(items) => items,
            Err(refusal) => return Some(Err(refusal)),
        };
        let version = self.incoming.path.trim_matches('/').split('/').next().unwrap_or("v1.0");
        let mut done: Vec<(String, u16, Value)> = Vec::new();
        for item in items {
            let url = format!("/{version}{}", item.url);
            let (path, query) = url.split_once('?').unwrap_or((&url, ""));
            let fault = tenant.faults.strike(&item.method, &odata::decode(&url, false));
            let reply = if item.is_blocked(&done) {
                self.graph_reply(Err(Refusal::new(424, "FailedDependency", "Failed Dependency")))
            } else if let Some(Fault { then, when: When::Before, .. }) = &fault {
                match then {
                    Then::Drop(_) => return None,
                    Then::Answer(answer) => self.faulty_graph_reply(answer),
                }
            } else {
                let wishes = Wishes::read(|name| item.header(name));
                let answered = self.call(tenant, caller, &item.method, path, query, item.body.clone(), wishes);
                match fault.map(|fault| fault.then) {
                    None => self.graph_reply(answered),
                    Some(Then::Drop(_)) => return None,
                    Some(Then::Answer(answer)) => self.faulty_graph_reply(&answer),
                }
            };
            done.push((item.id.clone(), reply.status, reply.inside_batch(&item.id)));
        }
        Some(Ok(Answer { status: 200, body: Some(service::batch_responses(done)), ..Answer::default() }))
    }
}

fn is_batch(path: &str) -> bool {
    service::segments(path).is_some()
        && odata::decode(path, false).to_lowercase().trim_end_matches('/').ends_with("/$batch")
}
