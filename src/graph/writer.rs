//! Writing Graph. A write whose answer was lost, or that is said to be there already, is answered by looking, never by
//! writing again.

use serde_json::Value as Json;

use super::{Client, GraphError, Reader};

#[derive(Clone, Debug)]
pub struct Writer {
    client: Client,
    reader: Reader,
}

/// What became of a write that makes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// It was made by this request.
    Now(Json),
    /// It was there: the answer was lost, or somebody else was first.
    Found(Json),
    /// It was there and was changed: a request that should have made it found it.
    Changed,
    /// There is nothing to tell: a change or a deletion.
    Nothing,
}

impl Writer {
    pub fn new(client: Client) -> Self {
        Self { reader: Reader::new(client.clone()), client }
    }

    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Sends one write. `look` is where, and having which properties, the object is found if the answer does not tell.
    pub async fn write(
        &self,
        method: &str,
        path: &str,
        body: Option<&Json>,
        create_if_missing: bool,
        look: Option<(&str, &Json)>,
    ) -> Result<Created, GraphError> {
        // References to other objects are absolute addresses on this host.
        let body = body.map(|body| with_host(body, self.client.base()));
        let outcome = self.client.send(method, path, body.as_ref(), create_if_missing).await;
        match (outcome, look) {
            (Ok(Some(object)), _) => Ok(Created::Now(object)),
            // The answer to an upsert that found something to change.
            (Ok(None), Some(_)) if create_if_missing => Ok(Created::Changed),
            (Ok(None), Some(_) | None) => Ok(Created::Nothing),
            (Err(error), _) if method == "DELETE" && error.status() == Some(404) => Ok(Created::Nothing),
            (Err(error), Some((path, having))) if error.already_exists() || error.answer_lost() => {
                match self.look(path, having).await {
                    Ok(Some(object)) => Ok(Created::Found(object)),
                    Ok(None) | Err(_) => Err(error),
                }
            }
            (Err(error), Some(_) | None) => Err(error),
        }
    }

    /// The object at `path`, or in the list at `path`, that has these properties.
    pub async fn look(&self, path: &str, having: &Json) -> Result<Option<Json>, GraphError> {
        let Some(found) = self.reader.find(path).await? else { return Ok(None) };
        let candidates = if found["value"].is_array() { self.reader.list(path).await? } else { vec![found] };
        Ok(candidates.into_iter().find(|candidate| has(candidate, having)))
    }
}

/// Whether `candidate` has every property of `having`. `scope` compares as the set of words it is.
fn has(candidate: &Json, having: &Json) -> bool {
    let words = |value: &Json| {
        let mut words: Vec<String> = value.as_str().unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        words.sort();
        words
    };
    having.as_object().is_some_and(|having| {
        having.iter().all(|(name, value)| match name.as_str() {
            "scope" => words(&candidate[name]) == words(value),
            _ => candidate[name] == *value,
        })
    })
}

fn with_host(body: &Json, base: &str) -> Json {
    match body {
        Json::String(text) => Json::String(text.replace("{graph}", base)),
        Json::Array(values) => values.iter().map(|value| with_host(value, base)).collect(),
        Json::Object(fields) => {
            // Only references may hold it; a description that does is left as it is.
            let map = |name: &String, value: &Json| {
                if name.starts_with("owners@") || name == "@odata.id" { with_host(value, base) } else { value.clone() }
            };
            Json::Object(fields.iter().map(|(name, value)| (name.clone(), map(name, value))).collect())
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => body.clone(),
    }
}
