//! `$batch`: the envelope. The requests inside are served one by one by the same code as any other.

use serde_json::{Value, json};

use super::super::refusal::Refusal;

/// One request of a batch.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) method: String,
    /// Path and query, beginning with `/`, without the version.
    pub(crate) url: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
    depends_on: Vec<String>,
}

/// The requests of a batch, in the order in which they are served.
pub(crate) type Items = Vec<Item>;

const MOST: usize = 20;

/// Reads a batch. Requests come out last first where nothing depends on anything, because the service does not keep
/// their order and clients must not rely on it.
pub(crate) fn read(body: Option<&Value>) -> Result<Items, Refusal> {
    let requests = body
        .and_then(|body| body["requests"].as_array())
        .ok_or_else(|| Refusal::malformed("Invalid batch payload format."))?;
    if requests.len() > MOST {
        return Err(Refusal::malformed(format!("Number of batch request steps exceeds the maximum value of {MOST}.")));
    }
    let mut items: Vec<Item> = Vec::new();
    for request in requests {
        let item = item(request)?;
        if items.iter().any(|other| other.id.eq_ignore_ascii_case(&item.id)) {
            return Err(Refusal::malformed(format!("Duplicate request id '{}' in the batch.", item.id)));
        }
        items.push(item);
    }
    let mut waiting: Vec<Item> = items.into_iter().rev().collect();
    let mut ordered: Items = Vec::new();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|item| {
            item.depends_on.iter().all(|wanted| ordered.iter().any(|done| done.id.eq_ignore_ascii_case(wanted)))
        });
        let Some(ready) = ready else {
            return Err(Refusal::malformed("The batch has a dependency on a request that is not in it."));
        };
        ordered.push(waiting.remove(ready));
    }
    Ok(ordered)
}

fn item(request: &Value) -> Result<Item, Refusal> {
    let misshapen = || Refusal::malformed("Invalid batch payload format.");
    let text = |name: &str| request[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let (Some(id), Some(method), Some(url)) = (identifier(&request["id"]), text("method"), text("url")) else {
        return Err(misshapen());
    };
    let headers: Vec<(String, String)> = match &request["headers"] {
        Value::Null => Vec::new(),
        Value::Object(headers) => headers
            .iter()
            .map(|(name, value)| Some((name.to_ascii_lowercase(), value.as_str()?.to_owned())))
            .collect::<Option<_>>()
            .ok_or_else(misshapen)?,
        _ => return Err(misshapen()),
    };
    let depends_on = match &request["dependsOn"] {
        Value::Null => Vec::new(),
        Value::Array(ids) => ids.iter().map(identifier).collect::<Option<_>>().ok_or_else(misshapen)?,
        _ => return Err(misshapen()),
    };
    let body = request.get("body").filter(|body| !body.is_null()).cloned();
    if body.is_some() && !headers.iter().any(|(name, _)| name == "content-type") {
        return Err(Refusal::malformed(format!(
            "Write request id : {id} does not contain Content-Type header or body."
        )));
    }
    Ok(Item {
        id,
        method: method.to_ascii_uppercase(),
        url: format!("/{}", url.trim_start_matches('/')),
        headers,
        body,
        depends_on,
    })
}

/// An id in a batch. Some clients count their requests; answers have the number as a text.
fn identifier(id: &Value) -> Option<String> {
    match id {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Item {
    /// A header by its lower-case name; empty when it was not sent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }

    /// Whether something that this request depends on has failed.
    pub(crate) fn is_blocked(&self, done: &[(String, u16, Value)]) -> bool {
        self.depends_on
            .iter()
            .any(|wanted| done.iter().any(|(id, status, _)| id.eq_ignore_ascii_case(wanted) && *status >= 400))
    }
}

/// The envelope of the answers.
pub(crate) fn responses(done: Vec<(String, u16, Value)>) -> Value {
    let responses: Vec<Value> = done.into_iter().map(|(_, _, response)| response).collect();
    json!({ "responses": responses })
}
