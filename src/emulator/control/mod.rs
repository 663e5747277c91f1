//! The control endpoints under `/_emulator`: look at the tenant and the log, order trouble, turn the clock. They need no
//! token.

pub(crate) mod front_page;
pub(crate) mod record;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    clock::{self, Clock},
    odata,
    reply::Reply,
    seed::dump,
    tenant::Tenant,
    trouble::faults,
    trouble::span,
    world::{Collection, Document, OWNERS, text},
};

/// An out-of-band call to Graph.
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
}

/// A request to a control endpoint other than `POST graph`.
pub(crate) struct Order<'a> {
    pub(crate) method: &'a str,
    pub(crate) route: &'a str,
    pub(crate) query: &'a str,
    pub(crate) accept: &'a str,
    pub(crate) body: Result<Value, String>,
}

pub(crate) fn refuse(status: u16, message: &str) -> Reply {
    Reply::json(status, json!({ "error": message }))
}

fn done() -> Reply {
    Reply { status: 204, headers: Vec::new(), body: None }
}

fn answer(outcome: Result<Reply, String>) -> Reply {
    outcome.unwrap_or_else(|message| refuse(400, &message))
}

/// Serves everything but `POST graph`.
pub(crate) fn serve(tenant: &mut Tenant, clock: &Clock, order: Order<'_>) -> Reply {
    let Order { method, route, query, accept, body } = order;
    if let Some((name, _)) = odata::pairs(query).find(|(name, _)| (route, name.as_str()) != ("dump", "secrets")) {
        return refuse(400, &format!("`{route}` has no parameter `{name}`"));
    }
    match (method, route) {
        ("GET", "state") => Reply::json(200, state(tenant)),
        ("GET", "dump") => match odata::pairs(query).next().map(|(_, value)| value).as_deref() {
            None | Some("false") => Reply::json(200, dump::dump(&tenant.world, false)),
            Some("true") => Reply::json(200, dump::dump(&tenant.world, true)),
            Some(other) => refuse(400, &format!("`secrets` is true or false, not `{other}`")),
        },
        ("POST", "reset") => match tenant.reset() {
            Ok(()) => done(),
            Err(error) => refuse(503, &error.to_string()),
        },
        ("GET", "requests") if accept.contains("application/x-ndjson") => {
            let lines: Vec<String> =
                tenant.record.entries().filter_map(|entry| Some(serde_json::to_string(entry).ok()? + "\n")).collect();
            let mut reply = Reply::json(200, lines.concat().into());
            reply.set("content-type", "application/x-ndjson");
            reply
        }
        ("GET", "requests") => {
            let entries: Vec<Value> =
                tenant.record.entries().filter_map(|entry| serde_json::to_value(entry).ok()).collect();
            Reply::json(200, entries.into())
        }
        ("DELETE", "requests") => {
            tenant.record.clear();
            done()
        }
        ("GET", "counters") => Reply::json(200, tenant.record.counters()),
        ("DELETE", "counters") => {
            tenant.record.clear_counters();
            done()
        }
        ("GET", "faults") => Reply::json(200, json!(tenant.faults.all())),
        ("POST", "faults") => answer(body.and_then(|body| faults::read(&body)).map(|faults| {
            tenant.faults.add(faults);
            done()
        })),
        ("DELETE", "faults") => {
            tenant.faults.clear();
            done()
        }
        ("GET", "knobs") => Reply::json(200, json!(tenant.knobs)),
        ("PATCH", "knobs") => answer(body.and_then(|body| tenant.knobs.changed(&body)).map(|knobs| {
            if knobs.throttle != tenant.knobs.throttle {
                tenant.meters.clear();
            }
            tenant.knobs = knobs;
            Reply::json(200, json!(tenant.knobs))
        })),
        ("GET", "clock") => Reply::json(200, shown_clock(clock)),
        ("POST", "clock") => {
            answer(body.and_then(|body| turn(clock, &body)).map(|()| Reply::json(200, shown_clock(clock))))
        }
        ("GET", "seed/key") => match tenant.world.tenant().map(|tenant| text(tenant, super::seed::SHARED_KEY)) {
            Some(key) if !key.is_empty() => Reply::json(200, json!({ "privateKey": key })),
            _ => refuse(404, "the tenant was not seeded with a number, so there is no shared key"),
        },
        _ => match front_page::methods(route) {
            Some(methods) => {
                let methods = methods.join(", ");
                let mut reply = refuse(405, &format!("`{route}` does not take {method}; it takes {methods}"));
                reply.set("allow", methods);
                reply
            }
            None => refuse(404, &format!("no such control endpoint; there are {}", front_page::routes())),
        },
    }
}

fn shown_clock(clock: &Clock) -> Value {
    json!({ "now": clock::ticks(clock.now()), "stopped": clock.is_stopped() })
}

/// `{"advance": "PT10M"}` or `{"now": "2030-01-01T00:00:00Z"}`, each with `"stopped"`; back only with `"backwards"`.
fn turn(clock: &Clock, order: &Value) -> Result<(), String> {
    let members = order.as_object().ok_or("a clock is turned by an object, such as {\"advance\": \"PT10M\"}")?;
    if let Some(other) =
        members.keys().find(|name| !["now", "advance", "stopped", "backwards"].contains(&name.as_str()))
    {
        return Err(format!("unknown member `{other}`; there are now, advance, stopped, backwards"));
    }
    let flag = |name: &str, otherwise: bool| match members.get(name) {
        None => Ok(otherwise),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(format!("`{name}` must be true or false")),
    };
    let (stopped, backwards) = (flag("stopped", clock.is_stopped())?, flag("backwards", false)?);
    let before = clock.now();
    let now = match (members.get("now"), members.get("advance")) {
        (Some(_), Some(_)) => return Err("`now` and `advance` exclude each other".to_owned()),
        (None, None) => before,
        (Some(now), None) => now
            .as_str()
            .and_then(|now| now.parse::<Timestamp>().ok())
            .ok_or("`now` must be an instant such as 2030-01-01T00:00:00Z")?,
        (None, Some(advance)) => {
            let advance = advance.as_str().ok_or("`advance` must be a time such as PT10M")?;
            before.checked_add(span::time(advance)?).map_err(|error| error.to_string())?
        }
    };
    if now < before && !backwards {
        return Err(format!("{now} has passed: it is {before}; say \"backwards\": true to turn the clock back"));
    }
    clock.set(now, stopped);
    Ok(())
}

pub(crate) fn read_call(body: &Value) -> Result<Call, String> {
    let members = body.as_object().ok_or("a call is an object with `method` and `path`")?;
    if let Some(other) = members.keys().find(|name| !["method", "path", "headers", "body"].contains(&name.as_str())) {
        return Err(format!("unknown member `{other}`; there are method, path, headers, body"));
    }
    let text = |name: &str| body[name].as_str().map(str::to_owned).ok_or_else(|| format!("`{name}` must be a string"));
    let headers = match members.get("headers") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(headers)) => headers
            .iter()
            .map(|(name, value)| match value.as_str() {
                Some(value) => Ok((name.to_ascii_lowercase(), value.to_owned())),
                None => Err(format!("the header `{name}` must be a string")),
            })
            .collect::<Result<_, _>>()?,
        Some(_) => return Err("`headers` must be an object of strings".to_owned()),
    };
    Ok(Call {
        method: text("method")?.to_ascii_uppercase(),
        path: text("path")?,
        headers,
        body: members.get("body").filter(|body| !body.is_null()).cloned(),
    })
}

/// Every object, without what is secret.
fn state(tenant: &Tenant) -> Value {
    let state: Map<String, Value> = Collection::ALL
        .into_iter()
        .map(|collection| {
            let documents: Vec<Value> = tenant.world.all(collection).map(open).collect();
            (collection.name().to_owned(), documents.into())
        })
        .collect();
    Value::Object(state)
}

fn open(document: &Document) -> Value {
    let mut shown: Document = document
        .iter()
        .filter(|(name, _)| !name.starts_with('~'))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(owners) = document.get(OWNERS) {
        shown.insert("owners".into(), owners.clone());
    }
    if let Some(Value::Array(passwords)) = shown.get_mut("passwordCredentials") {
        for password in passwords {
            password["secretText"] = Value::Null;
        }
    }
    Value::Object(shown)
}
