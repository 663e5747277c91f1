//! Writing Graph. A write whose answer was lost, or that is said to be there already, is answered by looking, never by
//! writing again.

use serde_json::Value as Json;

use crate::patience::Patience;

use super::exchange::Outgoing;
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

/// One write.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a> {
    pub method: &'a str,
    /// Below the version, such as `/applications/…`.
    pub path: &'a str,
    pub body: Option<&'a Json>,
    /// `Prefer: create-if-missing`.
    pub create_if_missing: bool,
    /// Whether sending it twice is as good as sending it once.
    pub repeatable: bool,
    /// Where, and having which properties, the object is found if the answer does not tell. Graph refuses to make a second one
    /// like it.
    pub look: Option<(&'a str, &'a Json)>,
}

impl Writer {
    /// How often a write whose answer was lost is sent: each time only after looking showed that it was not done.
    const SENT_AT_MOST: u32 = 3;
    /// How often it is looked before that: replicas are behind.
    const LOOKS: usize = 3;

    pub fn new(client: Client) -> Self {
        Self { reader: Reader::new(client.clone()), client }
    }

    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    pub fn patience(&self) -> &Patience {
        self.client.patience()
    }

    /// Sends one write until it is known what became of it.
    pub async fn write(&self, sending: Sending<'_>) -> Result<Created, GraphError> {
        let Sending { method, path, body, create_if_missing, repeatable, look } = sending;
        // References to other objects are absolute addresses on this host.
        let body = body.map(|body| with_host(body, self.client.base()));
        let outgoing = Outgoing { method, path, body: body.as_ref(), create_if_missing, repeatable };
        let mut lost = false;
        for _ in 1..Self::SENT_AT_MOST {
            match self.settle(self.client.send(outgoing).await, outgoing, look, lost).await {
                Err(error) if error.answer_lost() && look.is_some() => lost = true,
                outcome => return outcome,
            }
        }
        self.settle(self.client.send(outgoing).await, outgoing, look, lost).await
    }

    /// What an answer means, or what a look shows where there is none. `lost` says that the same was sent before.
    async fn settle(
        &self,
        outcome: Result<Option<Json>, GraphError>,
        outgoing: Outgoing<'_>,
        look: Option<(&str, &Json)>,
        lost: bool,
    ) -> Result<Created, GraphError> {
        match (outcome, look) {
            (Ok(Some(object)), _) => Ok(Created::Now(object)),
            // The answer to an upsert that found something to change: what was sent before and was done all the same.
            (Ok(None), Some(look)) if outgoing.create_if_missing && lost => {
                let found = self.look_until_seen(look).await?;
                Ok(found.map_or(Created::Changed, Created::Found))
            }
            (Ok(None), Some(_)) if outgoing.create_if_missing => Ok(Created::Changed),
            (Ok(None), Some(_) | None) => Ok(Created::Nothing),
            (Err(error), _) if outgoing.method == "DELETE" && error.status() == Some(404) => Ok(Created::Nothing),
            (Err(error), Some(look)) if error.already_exists() => {
                Ok(Created::Found(self.look_until_seen(look).await?.ok_or(error)?))
            }
            (Err(error), Some(look)) if error.answer_lost() => {
                let mut waits = self.patience().propagation_waits().take(Self::LOOKS - 1);
                loop {
                    if let Ok(Some(object)) = self.look(look.0, look.1).await {
                        return Ok(Created::Found(object));
                    }
                    let Some(wait) = waits.next() else { return Err(error) };
                    if self
                        .patience()
                        .pause(wait, "an answer was lost: looking what became of the write")
                        .await
                        .is_err()
                    {
                        return Err(error);
                    }
                }
            }
            (Err(error), Some(_) | None) => Err(error),
        }
    }

    /// The object that Graph says is there, once a read shows it; `None` if none does for as long as it is waited for.
    async fn look_until_seen(&self, (path, having): (&str, &Json)) -> Result<Option<Json>, GraphError> {
        let why = "what Graph says is there already cannot be read yet";
        let attempt = async || self.look(path, having).await.map_err(Some)?.ok_or(None);
        match self.patience().until_known(why, attempt, Option::is_none).await {
            Ok(object) => Ok(Some(object)),
            Err(None) => Ok(None),
            Err(Some(error)) => Err(error),
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
