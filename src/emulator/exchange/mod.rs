//! One HTTP exchange, without HTTP: who is asked (token service, Graph or the control endpoints), what trouble was
//! ordered, what is written, and what goes back.

mod exchange_online;
mod graph;
mod metadata;
mod resource_manager;
mod sign_in;
mod trouble;
mod vault;

use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    clock::{self, Clock, Stopwatch},
    control,
    control::front_page,
    control::record::Entry,
    graph::{self as service, Answer, Caller},
    identifiers, odata,
    refusal::Refusal,
    reply::Reply,
    tenant::Tenant,
    trouble::faults::{Blow, Target, Then, When},
    trouble::knobs::Part,
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

    /// The control endpoint that is asked, by what comes after `/_emulator/`; nothing for the front page.
    fn control_route(&self) -> Option<&str> {
        match self.path.as_str() {
            "/_emulator" => Some(""),
            "/" if self.method == "GET" && self.header("authorization").is_empty() => Some(""),
            path => path.strip_prefix("/_emulator/"),
        }
    }

    /// What follows this scheme in the `Authorization` header.
    fn credentials(&self, scheme: &str) -> Option<&str> {
        let (own, rest) = self.header("authorization").split_once(' ')?;
        own.eq_ignore_ascii_case(scheme).then(|| rest.trim())
    }

    fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }
}

/// What goes back.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Answer(Reply),
    /// The answer, so much later.
    Late(Reply, Duration),
    /// The beginning of the answer, so many bytes of its body or half of it; then the connection ends.
    Torn(Reply, Option<usize>),
    /// Nothing, until the client gives up.
    Hang,
    /// Nothing: the connection is dropped.
    Drop,
}

impl Outgoing {
    fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Answer(reply) | Self::Late(reply, _) | Self::Torn(reply, _) => Some(reply),
            Self::Hang | Self::Drop => None,
        }
    }
}

/// What a request is in for, chosen before it is served.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    blow: Option<Blow>,
    /// How long the request waits until it is served.
    pub(crate) wait: Duration,
}

/// The emulator behind its ports.
pub(crate) struct Service {
    pub(crate) tenant: Mutex<Tenant>,
    pub(crate) clock: Clock,
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
    /// The `appId` in the token or form, which nobody has checked yet.
    application: Option<String>,
    /// What a fault inside a batch does to the whole answer.
    aftermath: Cell<Option<(Then, Duration)>>,
}

impl Service {
    pub(crate) fn tenant(&self) -> MutexGuard<'_, Tenant> {
        // A change is applied whole or not at all, so a panic elsewhere leaves the tenant sound.
        self.tenant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Chooses what a request is in for.
    pub(crate) fn plan(&self, incoming: &Incoming) -> Plan {
        if incoming.control_route().is_some() {
            return Plan::default();
        }
        let part = Part::of(&incoming.path, &incoming.origin);
        let path = odata::decode(&incoming.target(), false);
        let target = Target { part, method: &incoming.method, path: &path, body: &incoming.body };
        let mut tenant = self.tenant();
        let Tenant { faults, chance, knobs, .. } = &mut *tenant;
        let blow = faults.strike(&target, chance);
        let mut wait = knobs.latency.of(part).pick(chance.draw());
        if let Some(blow) = &blow
            && blow.when == When::Before
        {
            wait += blow.wait;
        }
        Plan { blow, wait: wait.unsigned_abs() }
    }

    /// Serves one request from beginning to end.
    pub(crate) fn exchange(&self, incoming: &Incoming, plan: &Plan) -> Outgoing {
        let stopwatch = Stopwatch::start();
        let request_id = identifiers::guid();
        let client_request_id = match incoming.header("client-request-id") {
            "" => request_id.clone(),
            own => own.to_owned(),
        };
        let mut tenant = self.tenant();
        let turn = Turn {
            incoming,
            now: self.clock.now(),
            request_id,
            client_request_id,
            page_size: tenant.knobs.page_size,
            urls: &self.urls,
            application: trouble::application(incoming),
            aftermath: Cell::new(None),
        };
        let route = incoming.control_route();
        // Who looks at the log or turns the clock must not change which replica answers the next request.
        tenant.begin(turn.now, route.is_some_and(|route| (incoming.method.as_str(), route) != ("POST", "graph")));
        if let Some(route) = route {
            return Outgoing::Answer(turn.control(&mut tenant, &self.clock, route));
        }
        let outgoing = match &plan.blow {
            None => turn.admitted(&mut tenant),
            Some(blow) => turn.strike(&mut tenant, blow),
        };
        let reply = outgoing.reply();
        let fault = plan.blow.as_ref().map(Blow::name);
        tenant.record.add(Entry {
            time: clock::ticks(turn.now),
            service: Part::of(&incoming.path, &incoming.origin).name(),
            method: incoming.method.clone(),
            path: incoming.target(),
            status: reply.map(|reply| reply.status),
            request_id: turn.request_id.clone(),
            milliseconds: stopwatch.milliseconds(),
            resource_units: reply.and_then(Reply::resource_units),
            fault,
            application: turn.application.clone(),
        });
        outgoing
    }
}

impl Turn<'_> {
    fn control(&self, tenant: &mut Tenant, clock: &Clock, route: &str) -> Reply {
        if let Some(reply) = self.federation(tenant, route) {
            return reply;
        }
        let incoming = self.incoming;
        if (incoming.method.as_str(), route) == ("GET", "") {
            return self.finish(front_page::page(&tenant.world, self.urls, incoming.header("accept")));
        }
        let body = || serde_json::from_slice(&incoming.body).map_err(|error| format!("the body is no JSON: {error}"));
        if (incoming.method.as_str(), route) != ("POST", "graph") {
            let order = control::Order {
                method: &incoming.method,
                route,
                query: &incoming.query,
                accept: incoming.header("accept"),
                body: body(),
            };
            return control::serve(tenant, clock, order);
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
        // The call is served as if it had come in with these headers.
        let inner = Incoming {
            method: call.method,
            path,
            query: query.to_owned(),
            origin: incoming.origin.clone(),
            headers: call.headers.into_iter().collect(),
            body: Vec::new(),
        };
        let turn = Turn {
            incoming: &inner,
            now: self.now,
            request_id: self.request_id.clone(),
            client_request_id: self.client_request_id.clone(),
            page_size: self.page_size,
            urls: self.urls,
            application: None,
            aftermath: Cell::new(None),
        };
        let wishes = graph::Wishes::read(|name| inner.header(name));
        let administrator = Caller::Administrator;
        let answered = turn.call(tenant, &administrator, &inner.method, &inner.path, &inner.query, call.body, wishes);
        turn.graph_reply(answered)
    }

    fn serve(&self, tenant: &mut Tenant) -> Outgoing {
        let path = self.incoming.path.to_lowercase();
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        // Before the others, whose words may be names in a vault: `/secrets/oauth2/…`.
        if key_vault::is_path(&path) {
            return self.vault(tenant);
        }
        let own = self
            .sign_in_service(tenant, &parts)
            .or_else(|| self.resource_manager(tenant, &parts))
            .or_else(|| self.exchange_online(tenant));
        match own {
            Some(reply) => Outgoing::Answer(self.finish(reply)),
            None => self.graph(tenant),
        }
    }

    /// The token in the `Authorization` header.
    fn bearer(&self) -> Option<&str> {
        self.incoming.credentials("Bearer").filter(|token| !token.is_empty())
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
}
