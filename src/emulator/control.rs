//! The control endpoints under `/_emulator`: look at the tenant and the log, order trouble. They need no token.

use serde_json::{Map, Value, json};

use super::{
    faults::Fault,
    reply::Reply,
    tenant::Tenant,
    world::{Collection, Document, OWNERS},
};

/// An out-of-band call to Graph.
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

pub(crate) fn refuse(status: u16, message: &str) -> Reply {
    Reply::json(status, json!({ "error": message }))
}

/// Serves everything but `POST graph`.
pub(crate) fn serve(tenant: &mut Tenant, method: &str, route: &str, body: Result<Value, String>) -> Reply {
    let done = Reply { status: 204, headers: Vec::new(), body: None };
    match (method, route) {
        ("GET", "state") => Reply::json(200, state(tenant)),
        ("GET", "requests") => Reply::json(200, tenant.log.iter().cloned().collect()),
        ("DELETE", "requests") => {
            tenant.log.clear();
            done
        }
        ("POST", "faults") => {
            let faults =
                body.and_then(|body| serde_json::from_value::<Vec<Fault>>(body).map_err(|error| error.to_string()));
            match faults {
                Ok(faults) => {
                    tenant.faults.add(faults);
                    done
                }
                Err(message) => refuse(400, &message),
            }
        }
        ("DELETE", "faults") => {
            tenant.faults.clear();
            done
        }
        _ => refuse(404, "no such control endpoint"),
    }
}

pub(crate) fn read_call(body: &Value) -> Result<Call, String> {
    let text = |name: &str| body[name].as_str().map(str::to_owned).ok_or_else(|| format!("`{name}` must be a string"));
    Ok(Call {
        method: text("method")?.to_ascii_uppercase(),
        path: text("path")?,
        body: body.get("body").filter(|body| !body.is_null()).cloned(),
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
