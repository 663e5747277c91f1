//! One HTTP exchange, without HTTP: who is asked (token service, Graph or the control endpoints), what trouble was
//! ordered, what is written, and what goes back.

mod exchange_online;
mod graph;
mod resource_manager;
mod sign_in;
mod vault;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    clock::{self, Clock},
    control,
    faults::{Fault, FaultyAnswer, Then, When},
    graph::{self as service, Answer, Caller},
    identifiers, odata,
    refusal::Refusal,
    reply::Reply,
    tenant::Tenant,
    vault as key_vault,
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
        if let Some(reply) = self.federation(tenant, route) {
            return reply;
        }
        let body = || serde_json::from_slice(&self.incoming.body).map_err(|error| error.to_string());
        if (self.incoming.method.as_str(), route) != ("POST", "graph") {
            return control::serve(tenant, &self.incoming.method, route, body());
        }
        let call = match body().and_then(|body: Value| control::read_call(&body)) {
            Ok(call) => call,
            Err(message) => return control::refuse(400, &message),
        };
        let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
        let path = if service::segments(path).is_some() {
            path.to_owned()
        } else {
            format!("/v1.0/{}", path.trim_start_matches('/'))
        };
        let answered =
            self.call(tenant, &Caller::Administrator, &call.method, &path, query, call.body, graph::Wishes::default());
        self.graph_reply(answered)
    }

    fn serve(&self, tenant: &mut Tenant) -> Outgoing {
        let path = self.incoming.path.to_lowercase();
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let own = self
            .sign_in_service(tenant, &parts)
            .or_else(|| self.resource_manager(tenant, &parts))
            .or_else(|| self.exchange_online(tenant));
        match own {
            Some(reply) => Outgoing::Answer(self.finish(reply)),
            None if key_vault::is_path(&self.incoming.path) => self.vault(tenant),
            None => self.graph(tenant),
        }
    }

    /// The token in the `Authorization` header.
    fn bearer(&self) -> Option<&str> {
        let authorization = self.incoming.header("authorization");
        let scheme = authorization.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("Bearer "))?;
        Some(authorization[scheme.len()..].trim()).filter(|token| !token.is_empty())
    }

    fn graph_reply(&self, answered: Result<Answer, Refusal>) -> Reply {
        let refusal = match answered {
            Ok(answer) => return self.finish(Reply::graph(answer)),
            Err(refusal) => refusal,
        };
        let body = refusal.body(self.now, &self.request_id, &self.client_request_id);
        let mut reply = Reply::json(refusal.status, body);
        reply.set("content-type", "application/json");
        // The directory charges for what it refuses; the gateway before it does not.
        if refusal.code.starts_with("Request_") {
            reply.set("x-ms-resource-unit", "1");
        }
        if refusal.status == 401 && refusal.code == "InvalidAuthenticationToken" {
            let challenge = format!(
                "Bearer realm=\"\", authorization_uri=\"{}/common/oauth2/authorize\", \
                 client_id=\"00000003-0000-0000-c000-000000000000\"",
                self.incoming.origin
            );
            reply.set("www-authenticate", challenge);
        }
        self.finish(reply)
    }

    /// The headers that every answer has.
    fn finish(&self, mut reply: Reply) -> Reply {
        if !reply.has("cache-control") {
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
            Then::Answer(answer) if service::segments(&self.incoming.path).is_some() => {
                Outgoing::Answer(self.faulty_graph_reply(answer))
            }
            Then::Answer(answer) => {
                let body = if key_vault::is_path(&self.incoming.path) {
                    Self::faulty_vault_body(&answer.code, &answer.message)
                } else {
                    json!({ "error": answer.code, "error_description": answer.message })
                };
                let mut reply = self.finish(Reply::json(answer.status, body));
                reply.add_ordered(answer);
                Outgoing::Answer(reply)
            }
        }
    }

    fn faulty_graph_reply(&self, answer: &FaultyAnswer) -> Reply {
        let refusal = Refusal::new(answer.status, &answer.code, answer.message.clone());
        let mut reply = self.graph_reply(Err(refusal));
        reply.add_ordered(answer);
        reply
    }
}
