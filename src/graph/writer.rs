//! Writing Graph. A write whose answer was lost, or that is said to be there already, is answered by looking, never by
//! writing again.

use serde_json::Value as Json;

use crate::patience::Patience;

use super::exchange::{Attempt, Outgoing};
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
    /// Another one is there in its place, and was left as it is.
    Foreign,
    /// There is nothing to tell: a change or a deletion.
    Nothing,
}

/// One write.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a> {
    pub method: &'a str,
    /// Below v1.0, such as `/applications/…`; below beta where it begins with `/beta/`.
    pub path: &'a str,
    pub body: Option<&'a Json>,
    /// Whether sending it twice is as good as sending it once.
    pub repeatable: bool,
    /// Where, and having which properties, the object is found if the answer does not tell. Graph refuses to make a second one
    /// like it.
    pub look: Option<(&'a str, &'a Json)>,
}

impl Writer {
    /// How often a write whose answer was lost is sent: each time only after looking showed that it was not done.
    const SENT_AT_MOST: u32 = 6;
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
        let Sending { method, path, body, repeatable, look } = sending;
        // References to other objects are absolute addresses on this host.
        let body = body.map(|body| with_host(body, &self.client.base()));
        let outgoing = Outgoing { method, body: body.as_ref(), repeatable, ..Outgoing::get(path) };
        let mut sent = 0;
        loop {
            sent += 1;
            let error = match (self.client.send(outgoing).await, look) {
                (Ok(Some(object)), _) => return Ok(Created::Now(object)),
                (Ok(None), _) => return Ok(Created::Nothing),
                (Err(error), _) if method == "DELETE" && error.is_not_found() => return Ok(Created::Nothing),
                (Err(error), Some(look)) if error.already_exists() => {
                    return Ok(Created::Found(self.look_until_seen(look).await?.ok_or(error)?));
                }
                (Err(error), Some(look)) if error.answer_lost() => match self.look_after_loss(look).await {
                    Some(object) => return Ok(Created::Found(object)),
                    None => error,
                },
                (Err(error), Some(_) | None) => return Err(error),
            };
            if sent == Self::SENT_AT_MOST {
                return Err(error);
            }
        }
    }

    /// Sends a write once, that is right only for what was there when it was made. `Ok(None)`: Graph did nothing and asked to
    /// come back, which was waited for; `failures` counts how often.
    pub async fn write_once(
        &self,
        method: &str,
        path: &str,
        body: &Json,
        failures: &mut u32,
    ) -> Result<Option<Json>, GraphError> {
        let body = with_host(body, &self.client.base());
        let outgoing = Outgoing { method, body: Some(&body), repeatable: false, ..Outgoing::get(path) };
        Ok(match self.client.attempt(outgoing, failures, &mut None).await? {
            Attempt::Answered(answer) => Some(answer.unwrap_or_default()),
            Attempt::Again => None,
        })
    }

    /// Makes an object by a key of ours, with all that it has. Over one that is there this would replace what that one has, so it is
    /// looked before each sending. `mark` is what only an object of this write's making has.
    /// <https://learn.microsoft.com/graph/api/application-upsert>
    pub async fn upsert(
        &self,
        path: &str,
        body: &Json,
        look: (&str, &Json),
        mark: &Json,
    ) -> Result<Created, GraphError> {
        let body = with_host(body, &self.client.base());
        let outgoing = Outgoing {
            method: "PATCH",
            body: Some(&body),
            create_if_missing: true,
            repeatable: false,
            ..Outgoing::get(path)
        };
        let known = |object: Json| if contains(&object, mark) { Created::Found(object) } else { Created::Foreign };
        let (mut failures, mut losses) = (0, 0);
        loop {
            if let Some(object) = self.look(look.0, look.1).await? {
                return Ok(known(object));
            }
            let error = match self.client.attempt(outgoing, &mut failures, &mut None).await {
                Ok(Attempt::Again) => continue,
                Ok(Attempt::Answered(Some(object))) => return Ok(Created::Now(object)),
                // It found something to change: what was sent before and was done all the same, or somebody else's.
                Ok(Attempt::Answered(None)) if losses > 0 => {
                    return Ok(self.look_until_seen(look).await?.map_or(Created::Changed, known));
                }
                Ok(Attempt::Answered(None)) => return Ok(Created::Changed),
                Err(error) => error,
            };
            if error.answer_lost() {
                losses += 1;
                match self.look_after_loss(look).await {
                    Some(object) => return Ok(known(object)),
                    None if losses < Self::SENT_AT_MOST => continue,
                    None => return Err(error),
                }
            }
            // What an upsert may say of a new object, such as its owners, it may not say of one that is there.
            let is_there = error.already_exists() || (losses > 0 && error.status() == Some(400));
            let found = if is_there {
                self.look_until_seen(look).await?
            } else if error.status() == Some(400) {
                self.look(look.0, look.1).await?
            } else {
                None
            };
            return found.map(known).ok_or(error);
        }
    }

    /// What became of a write without an answer, as far as some looks show it.
    async fn look_after_loss(&self, (path, having): (&str, &Json)) -> Option<Json> {
        let waits = self.patience().propagation_waits().take(Self::LOOKS - 1);
        let why = "an answer was lost: looking what became of the write";
        let attempt = async || self.look(path, having).await.ok().flatten().ok_or(());
        self.patience().again(waits, why, attempt, |()| true).await.ok()
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
        let candidates = self.reader.all_at(path).await?;
        Ok(candidates.into_iter().find(|candidate| has(candidate, having)))
    }
}

/// Whether something holds all of `mark`: of an object its properties, of a list its members.
fn contains(candidate: &Json, mark: &Json) -> bool {
    match (candidate, mark) {
        (Json::Object(have), Json::Object(wanted)) => {
            wanted.iter().all(|(name, value)| have.get(name).is_some_and(|have| contains(have, value)))
        }
        (Json::Array(have), Json::Array(wanted)) => {
            wanted.iter().all(|value| have.iter().any(|have| contains(have, value)))
        }
        _ => candidate == mark,
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
