//! One HTTP exchange, without HTTP: who is asked (token service, Graph or the control endpoints), what trouble was
//! ordered, what is written, and what goes back.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::Engine;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    certificates::LENIENT,
    clock::{self, Clock},
    control,
    faults::{Fault, FaultyAnswer, Then, When},
    graph::{self, Answer, Caller},
    identifiers,
    odata::{self, Query},
    refusal::Refusal,
    tenant::Tenant,
    token::{self, Endpoint, SignIn, TokenRefusal, discovery},
    world::{Collection, text},
};

/// A request as it came in.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// `http://host` as the client wrote it.
    pub(crate) origin: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Incoming {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }
}

/// What goes back; nothing at all when the connection is to be dropped.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Answer(Reply),
    Drop,
}

/// An answer as it goes out.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "application/json; charset=utf-8".into())],
            body: Some(body),
        }
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
    }
}

/// The emulator behind its ports.
pub(crate) struct Service {
    pub(crate) tenant: Mutex<Tenant>,
    pub(crate) clock: Clock,
    pub(crate) page_size: usize,
    pub(crate) urls: Vec<String>,
}

/// What one exchange needs to know besides the tenant.
struct Turn<'a> {
    incoming: &'a Incoming,
    now: Timestamp,
    request_id: String,
    client_request_id: String,
    page_size: usize,
    urls: &'a [String],
}

impl Service {
    pub(crate) fn tenant(&self) -> MutexGuard<'_, Tenant> {
        // A change is applied whole or not at all, so a panic elsewhere leaves the tenant sound.
        self.tenant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one request from beginning to end.
    pub(crate) fn exchange(&self, incoming: &Incoming) -> Outgoing {
        let request_id = identifiers::guid();
        let client_request_id = match incoming.header("client-request-id") {
            "" => request_id.clone(),
            own => own.to_owned(),
        };
        let turn = Turn {
            incoming,
            now: self.clock.now(),
            request_id,
            client_request_id,
            page_size: self.page_size,
            urls: &self.urls,
        };
        let mut tenant = self.tenant();
        if let Some(route) = incoming.path.strip_prefix("/_emulator/") {
            return Outgoing::Answer(turn.control(&mut tenant, route));
        }
        let target = incoming.target();
        let fault = tenant.faults.strike(&incoming.method, &odata::decode(&target, false));
        let outgoing = match fault {
            None => turn.serve(&mut tenant),
            Some(fault) => {
                if fault.when == When::After && matches!(turn.serve(&mut tenant), Outgoing::Drop) {
                    Outgoing::Drop
                } else {
                    turn.strike(&fault)
                }
            }
        };
        let status = match &outgoing {
            Outgoing::Answer(reply) => Some(reply.status),
            Outgoing::Drop => None,
        };
        tenant.record(&incoming.method, &target, status);
        outgoing
    }
}

impl Turn<'_> {
    fn control(&self, tenant: &mut Tenant, route: &str) -> Reply {
        let body = || serde_json::from_slice(&self.incoming.body).map_err(|error| error.to_string());
        if (self.incoming.method.as_str(), route) != ("POST", "graph") {
            return control::serve(tenant, &self.incoming.method, route, body());
        }
        let call = match body().and_then(|body: Value| control::read_call(&body)) {
            Ok(call) => call,
            Err(message) => return control::refuse(400, &message),
        };
        let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
        let path = if graph::segments(path).is_some() {
            path.to_owned()
        } else {
            format!("/v1.0/{}", path.trim_start_matches('/'))
        };
        let answered = self.call(tenant, &Caller::Administrator, &call.method, &path, query, call.body, false);
        self.graph_reply(answered)
    }

    fn serve(&self, tenant: &mut Tenant) -> Outgoing {
        let path = self.incoming.path.to_lowercase();
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let endpoint = match parts[..] {
            [_, "oauth2", "v2.0", "token"] => Some(Endpoint::V2),
            [_, "oauth2", "token"] => Some(Endpoint::V1),
            _ => None,
        };
        let reply = match (endpoint, &parts[..]) {
            (Some(endpoint), _) if self.incoming.method == "POST" => self.token(tenant, parts[0], endpoint),
            (_, ["common", "discovery", "instance"]) => {
                Reply::json(200, discovery::instance(&self.incoming.origin, tenant.world.tenant_id()))
            }
            (_, [name, "v2.0", ".well-known", "openid-configuration"]) => self
                .discover(token::check_tenant(&tenant.world, name), || {
                    discovery::configuration(&self.incoming.origin, tenant.world.tenant_id())
                }),
            (_, [name, "discovery", "v2.0", "keys"] | [name, "discovery", "keys"]) => {
                let known = token::check_tenant(&tenant.world, name);
                let issuer = format!("{}/{}/v2.0", self.incoming.origin, tenant.world.tenant_id());
                match (known, tenant.signer()) {
                    (Err(refusal), _) => self.token_refusal(&refusal),
                    (Ok(()), Ok(signer)) => Reply::json(200, json!({ "keys": [signer.published(&issuer)] })),
                    (Ok(()), Err(error)) => control::refuse(503, &error.to_string()),
                }
            }
            (None, _) => return self.graph(tenant),
            (Some(_), _) => control::refuse(405, "the token endpoint takes POST"),
        };
        Outgoing::Answer(self.finish(reply))
    }

    fn discover(&self, known: Result<(), TokenRefusal>, document: impl Fn() -> Value) -> Reply {
        match known {
            Ok(()) => Reply::json(200, document()),
            Err(refusal) => self.token_refusal(&refusal),
        }
    }

    fn token_refusal(&self, refusal: &TokenRefusal) -> Reply {
        let body = refusal.body(self.now, &self.incoming.origin, &self.client_request_id);
        Reply::json(refusal.status, body)
    }

    fn token(&self, tenant: &mut Tenant, name: &str, endpoint: Endpoint) -> Reply {
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

    fn graph(&self, tenant: &mut Tenant) -> Outgoing {
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
                    let prefers = incoming.header("prefer").to_lowercase().contains("create-if-missing");
                    self.call(tenant, &caller, &incoming.method, &incoming.path, &incoming.query, body, prefers)
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
        let principal = tenant.world.get(Collection::ServicePrincipals, id).ok_or_else(unknown)?;
        Ok(Caller::Application {
            service_principal: text(principal, "id").to_owned(),
            roles: claims["roles"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|role| role.as_str().map(str::to_owned))
                .collect(),
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
    fn call(
        &self,
        tenant: &mut Tenant,
        caller: &Caller,
        method: &str,
        path: &str,
        query: &str,
        body: Option<Value>,
        create_if_missing: bool,
    ) -> Result<Answer, Refusal> {
        let Some((version, segments)) = graph::segments(path) else {
            let version = path.trim_matches('/').split('/').next().unwrap_or_default();
            return Err(Refusal::malformed(format!("Invalid version: {version}")));
        };
        let request = graph::Request {
            world: &tenant.world,
            now: self.now,
            origin: &self.incoming.origin,
            method,
            version,
            segments,
            query: Query::parse(query),
            body,
            caller,
            page_size: self.page_size,
            create_if_missing,
            eventual: self.incoming.header("consistencylevel").eq_ignore_ascii_case("eventual"),
        };
        let mut answer = graph::serve(&request)?;
        tenant.commit(std::mem::take(&mut answer.changes)).map_err(|error| {
            Refusal::new(503, "ServiceUnavailable", format!("The write could not be kept: {error}."))
        })?;
        Ok(answer)
    }

    /// All requests of a batch; none when one of them was ordered to drop the connection.
    fn batch(&self, tenant: &mut Tenant, caller: &Caller, body: Option<&Value>) -> Option<Result<Answer, Refusal>> {
        let items = match graph::read_batch(body) {
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
                let prefers = item
                    .headers
                    .iter()
                    .any(|(name, value)| name == "prefer" && value.to_lowercase().contains("create-if-missing"));
                let answered = self.call(tenant, caller, &item.method, path, query, item.body.clone(), prefers);
                match fault.map(|fault| fault.then) {
                    None => self.graph_reply(answered),
                    Some(Then::Drop(_)) => return None,
                    Some(Then::Answer(answer)) => self.faulty_graph_reply(&answer),
                }
            };
            done.push((item.id.clone(), reply.status, inner_response(&item.id, &reply)));
        }
        Some(Ok(Answer { status: 200, body: Some(graph::batch_responses(done)), ..Answer::default() }))
    }

    fn graph_reply(&self, answered: Result<Answer, Refusal>) -> Reply {
        let (status, body, headers) = match answered {
            Ok(answer) => {
                let mut headers = vec![("x-ms-resource-unit".to_owned(), answer.units.to_string())];
                if let Some(location) = answer.location {
                    headers.push(("location".into(), location));
                }
                if answer.body.is_some() {
                    headers.push(("odata-version".into(), "4.0".into()));
                    headers.push((
                        "content-type".into(),
                        "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
                            .into(),
                    ));
                }
                (answer.status, answer.body, headers)
            }
            Err(refusal) => {
                let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
                if refusal.status == 401 && refusal.code == "InvalidAuthenticationToken" {
                    let challenge = format!(
                        "Bearer realm=\"\", authorization_uri=\"{}/common/oauth2/authorize\", \
                         client_id=\"00000003-0000-0000-c000-000000000000\"",
                        self.incoming.origin
                    );
                    headers.push(("www-authenticate".into(), challenge));
                }
                let body = refusal.body(self.now, &self.request_id, &self.client_request_id);
                (refusal.status, Some(body), headers)
            }
        };
        self.finish(Reply { status, headers, body })
    }

    /// The headers that every answer has.
    fn finish(&self, mut reply: Reply) -> Reply {
        if !reply.headers.iter().any(|(name, _)| name == "cache-control") {
            reply.set("cache-control", "no-cache");
        }
        reply.set("request-id", self.request_id.clone());
        reply.set("client-request-id", self.client_request_id.clone());
        reply.set("date", clock::http_date(self.now));
        reply
    }

    /// The answer that a tester ordered.
    fn strike(&self, fault: &Fault) -> Outgoing {
        match &fault.then {
            Then::Drop(_) => Outgoing::Drop,
            Then::Answer(answer) if graph::segments(&self.incoming.path).is_some() => {
                Outgoing::Answer(self.faulty_graph_reply(answer))
            }
            Then::Answer(answer) => {
                let body = json!({ "error": answer.code, "error_description": answer.message });
                let mut reply = self.finish(Reply::json(answer.status, body));
                add_headers(&mut reply, answer);
                Outgoing::Answer(reply)
            }
        }
    }

    fn faulty_graph_reply(&self, answer: &FaultyAnswer) -> Reply {
        let refusal = Refusal::new(answer.status, &answer.code, answer.message.clone());
        let mut reply = self.graph_reply(Err(refusal));
        add_headers(&mut reply, answer);
        reply
    }
}

fn add_headers(reply: &mut Reply, answer: &FaultyAnswer) {
    for (name, value) in &answer.headers {
        reply.set(name, value.clone());
    }
}

fn is_batch(path: &str) -> bool {
    graph::segments(path).is_some()
        && odata::decode(path, false).to_lowercase().trim_end_matches('/').ends_with("/$batch")
}

/// One answer as the envelope of a batch shows it.
fn inner_response(id: &str, reply: &Reply) -> Value {
    let shown = ["content-type", "location", "odata-version", "x-ms-resource-unit", "cache-control", "retry-after"];
    let canonical = |name: &str| match name {
        "content-type" => "Content-Type".to_owned(),
        "location" => "Location".to_owned(),
        "odata-version" => "OData-Version".to_owned(),
        "cache-control" => "Cache-Control".to_owned(),
        "retry-after" => "Retry-After".to_owned(),
        other => other.to_owned(),
    };
    let headers: Map<String, Value> = reply
        .headers
        .iter()
        .filter(|(name, _)| shown.iter().any(|shown| shown.eq_ignore_ascii_case(name)))
        .map(|(name, value)| (canonical(&name.to_lowercase()), value.clone().into()))
        .collect();
    if reply.status == 204 {
        return json!({ "id": id, "status": 204, "body": null });
    }
    json!({ "id": id, "status": reply.status, "headers": headers, "body": reply.body })
}
