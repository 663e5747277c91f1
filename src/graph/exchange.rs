//! One request and its answer, with the token, and with patience where Graph asks for it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE};
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::patience::{Patience, backoff};
use crate::transport::{TokenSource, Transport, bearer, instant, retry_after};

use super::GraphError;
use super::encode::without_spaces;
use super::error::json;
use super::pace::Pace;

/// How often a request is sent that finds no answer or a broken Graph: two minutes in all.
const TRIES: u32 = 10;
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

const V1: &str = "/v1.0";
/// With what the path of a request begins that v1.0 does not serve.
pub(super) const BETA: &str = "/beta/";

/// Sends requests to one Graph host and nowhere else.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    token: TokenSource,
    /// Scheme and host, such as `https://graph.microsoft.com`.
    host: String,
    patience: Patience,
    pace: Arc<Pace>,
    /// Whether others go before when Graph has too much to do.
    yields: bool,
    /// When Graph first answered, by its own clock.
    answered: Arc<OnceLock<Timestamp>>,
}

/// What is sent.
#[derive(Clone, Copy)]
pub(super) struct Outgoing<'a> {
    pub(super) method: &'a str,
    /// Below v1.0; below beta where it begins with `/beta/`.
    pub(super) path: &'a str,
    pub(super) body: Option<&'a Json>,
    /// `Prefer: create-if-missing`.
    pub(super) create_if_missing: bool,
    /// Whether twice is as good as once: a read, a change to a declared value, a deletion. What is not is sent again only when it
    /// was certainly not done.
    pub(super) repeatable: bool,
    /// As how many requests Graph counts it.
    pub(super) weight: u32,
}

/// What came of sending a request once.
pub(super) enum Attempt {
    Answered(Option<Json>),
    /// It may be sent again, and the time until then was waited for.
    Again,
}

impl<'a> Outgoing<'a> {
    pub(super) fn get(path: &'a str) -> Self {
        Self { method: "GET", path, body: None, create_if_missing: false, repeatable: true, weight: 1 }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client {{ host: {:?} }}", self.host)
    }
}

impl Client {
    /// `host` with its scheme, without a version.
    pub fn new(transport: Arc<dyn Transport>, token: TokenSource, host: &str, patience: Patience) -> Self {
        let host = host.trim_end_matches('/').to_owned();
        Self { transport, token, host, patience, pace: Arc::default(), yields: false, answered: Arc::default() }
    }

    /// The same for whoever `token` is of.
    #[must_use]
    pub fn for_holder(&self, token: TokenSource) -> Self {
        Self { token, ..self.clone() }
    }

    /// Sends at most so many requests in a second, all clones together.
    #[must_use]
    pub fn at_most(self, requests_per_second: f64) -> Self {
        Self { pace: Arc::new(Pace::at_most(requests_per_second)), ..self }
    }

    /// Lets others go before when Graph has too much to do: for what nobody needs at once.
    /// <https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits>
    #[must_use]
    pub fn yielding(self) -> Self {
        Self { yields: true, ..self }
    }

    /// The instant of Graph's first answer, by its clock; `None` before that.
    pub fn answered(&self) -> Option<Timestamp> {
        self.answered.get().copied()
    }

    pub fn patience(&self) -> &Patience {
        &self.patience
    }

    /// What paths are below, such as `https://graph.microsoft.com/v1.0`.
    pub(super) fn base(&self) -> String {
        format!("{}{V1}", self.host)
    }

    /// The path of a link that Graph gave, if it leads to the host that the token is for.
    pub(super) fn path_of_link<'l>(&self, link: &'l str) -> Option<&'l str> {
        let path = link.strip_prefix(&self.host)?;
        let below = path.strip_prefix(V1).filter(|path| path.starts_with('/'));
        below.or_else(|| path.starts_with(BETA).then_some(path))
    }

    /// The address that a path stands for.
    fn address(&self, path: &str) -> String {
        let version = if path.starts_with(BETA) { "" } else { V1 };
        format!("{}{version}{}", self.host, without_spaces(path))
    }

    /// Sends a request until it is answered. What Graph refused to serve is sent again until the run's deadline; what may have
    /// been done, only if it is repeatable.
    pub(super) async fn send(&self, outgoing: Outgoing<'_>) -> Result<Option<Json>, GraphError> {
        let (mut failures, mut last) = (0, None);
        loop {
            if let Attempt::Answered(answer) = self.attempt(outgoing, &mut failures, &mut last).await? {
                return Ok(answer);
            }
        }
    }

    /// Sends a request once. Whoever has it sent again may look first whether it is still right. `failures` is how often it failed,
    /// `last` with what.
    pub(super) async fn attempt(
        &self,
        outgoing: Outgoing<'_>,
        failures: &mut u32,
        last: &mut Option<GraphError>,
    ) -> Result<Attempt, GraphError> {
        let (turn, why) = self.pace.turn(self.patience.elapsed(), outgoing.weight);
        self.wait(turn, why, outgoing, last).await?;
        let (error, asked_for) = match self.send_once(outgoing).await {
            Ok(answer) => return Ok(Attempt::Answered(answer)),
            Err(failed) => failed,
        };
        *failures += 1;
        let Some(wait) = self.verdict(&error, outgoing.repeatable, asked_for, *failures) else { return Err(error) };
        let why = error.in_brief();
        *last = Some(error);
        self.wait(wait, &why, outgoing, last).await?;
        Ok(Attempt::Again)
    }

    /// What the answer to a read inside a batch holds, or why it holds nothing and how long to wait before it is asked for again.
    pub(super) fn judged(
        &self,
        path: &str,
        answer: &http::Response<Bytes>,
        failures: u32,
    ) -> Result<Option<Json>, (GraphError, Option<Duration>)> {
        content("GET", path, answer).map_err(|(error, asked_for)| {
            let wait = self.verdict(&error, true, asked_for, failures);
            (error, wait)
        })
    }

    /// How long to wait before a request that failed so often is sent again; `None` where that would be wrong or is no use.
    fn verdict(
        &self,
        error: &GraphError,
        repeatable: bool,
        asked_for: Option<Duration>,
        failures: u32,
    ) -> Option<Duration> {
        let usual = backoff(FIRST_WAIT, LONGEST_WAIT, failures);
        let again = match error {
            // Graph did nothing, and asks everybody to be slower.
            GraphError::Refused { status: 429, .. } => {
                let wait = asked_for.unwrap_or(usual.max(Duration::from_secs(1)));
                self.pace.refused(self.patience.elapsed(), wait);
                return Some(wait);
            }
            GraphError::Refused { status: 408 | 500 | 502..=504, .. } => repeatable,
            // Another write to the same object was under way, and this one was not begun.
            GraphError::Refused { .. } => error.is_conflict_of_writes(),
            // What is wrong with this machine's certificates or proxy is so the next time too.
            GraphError::Lost { source, .. } => source.hint().is_none() && (repeatable || source.never_sent),
            GraphError::Unreadable { .. } | GraphError::SignIn { .. } | GraphError::OutOfTime { .. } => false,
        };
        (again && failures < TRIES).then(|| asked_for.unwrap_or(usual))
    }

    pub(super) async fn wait(
        &self,
        wait: Duration,
        why: &str,
        outgoing: Outgoing<'_>,
        last: &mut Option<GraphError>,
    ) -> Result<(), GraphError> {
        self.patience.pause(wait, why).await.map_err(|source| GraphError::OutOfTime {
            method: outgoing.method.to_owned(),
            path: outgoing.path.to_owned(),
            last: last.take().map(Box::new),
            source,
        })
    }

    async fn send_once(&self, outgoing: Outgoing<'_>) -> Result<Option<Json>, (GraphError, Option<Duration>)> {
        let Outgoing { method, path, body, create_if_missing, repeatable: _, weight: _ } = outgoing;
        let unreadable = |reason: String| {
            (GraphError::Unreadable { method: method.to_owned(), path: path.to_owned(), reason }, None)
        };
        let out_of_time = |source| {
            (GraphError::OutOfTime { method: method.to_owned(), path: path.to_owned(), last: None, source }, None)
        };
        let token = self.patience.attend("the operator signs in", (self.token)()).await.map_err(out_of_time)?;
        let token = token.map_err(|source| {
            (GraphError::SignIn { method: method.to_owned(), path: path.to_owned(), source }, None)
        })?;
        let bearer =
            bearer(&token).ok_or_else(|| unreadable("the operator's token cannot stand in a header".to_owned()))?;
        let mut request = http::Request::builder()
            .method(method)
            .uri(self.address(path))
            .header(AUTHORIZATION, bearer)
            .header(ACCEPT, "application/json");
        if create_if_missing {
            request = request.header("Prefer", "create-if-missing");
        }
        if self.yields {
            request = request.header("x-ms-throttle-priority", "low");
        }
        let bytes = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        let request = request.body(bytes).map_err(|error| unreadable(error.to_string()))?;
        let lost = |source| (GraphError::Lost { method: method.to_owned(), path: path.to_owned(), source }, None);
        let answer = if method == "GET" {
            // A write is waited for even beyond the deadline: what became of it has to be known.
            self.patience.within(self.transport.send(request)).await.map_err(out_of_time)?
        } else {
            self.transport.send(request).await
        };
        let answer = answer.map_err(lost)?;
        tracing::debug!("{method} {path}: {}", answer.status());
        if let Some(date) = instant(answer.headers(), DATE) {
            let _earlier = self.answered.set(date);
        }
        if answer.status().is_success() {
            self.pace.served(answer.headers());
        }
        content(method, path, &answer)
    }
}

/// What an answer holds, or the refusal that it is, with the wait that it asks for.
fn content(
    method: &str,
    path: &str,
    answer: &http::Response<Bytes>,
) -> Result<Option<Json>, (GraphError, Option<Duration>)> {
    if !answer.status().is_success() {
        return Err((GraphError::refused(method, path, answer), retry_after(answer.headers())));
    }
    if answer.body().is_empty() {
        return Ok(None);
    }
    let read = json(answer).map(Some);
    read.map_err(|error| {
        let reason = format!("the answer is not JSON: {error}");
        (GraphError::Unreadable { method: method.to_owned(), path: path.to_owned(), reason }, None)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use crate::transport::Sending;

    use super::*;

    /// Answers with what it is given, one after the other, and keeps what was asked.
    struct Script {
        answers: Mutex<Vec<http::Response<Bytes>>>,
        asked: Mutex<Vec<http::Request<Bytes>>>,
    }

    impl Transport for Script {
        fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
            self.asked.lock().unwrap().push(request);
            let answer = self.answers.lock().unwrap().remove(0);
            Box::pin(async { Ok(answer) })
        }
    }

    fn answer(status: u16, retry_after: &str) -> http::Response<Bytes> {
        http::Response::builder().status(status).header("retry-after", retry_after).body(Bytes::new()).unwrap()
    }

    fn client(answers: Vec<http::Response<Bytes>>) -> (Arc<Script>, Client) {
        let script = Arc::new(Script { answers: Mutex::new(answers), asked: Mutex::default() });
        let token: TokenSource = Arc::new(|| Box::pin(async { Ok("token".into()) }));
        let patience = Patience::default().skipping(|_| Box::pin(async {}));
        (Arc::clone(&script), Client::new(script, token, "https://graph.example", patience))
    }

    #[tokio::test]
    async fn a_client_that_yields_says_so_to_graph() {
        for (yields, said) in [(false, None), (true, Some("low"))] {
            let (script, client) = client(vec![answer(204, "")]);
            let client = if yields { client.yielding() } else { client };
            client.send(Outgoing::get("/me")).await.unwrap();
            let asked = script.asked.lock().unwrap();
            let priority = asked[0].headers().get("x-ms-throttle-priority").map(|value| value.to_str().unwrap());
            assert_eq!(priority, said);
        }
    }

    #[tokio::test]
    async fn a_busy_graph_is_asked_again_and_as_late_as_it_says() {
        let (script, client) = client(vec![answer(429, "40"), answer(429, "7"), answer(503, "5"), answer(204, "")]);
        let write = Outgoing { method: "POST", repeatable: false, ..Outgoing::get("/servicePrincipals") };
        let refused = client.send(write).await.unwrap_err();
        assert_eq!(refused.status(), Some(503), "it may have been done, whatever wait it asks for");
        assert_eq!(script.asked.lock().unwrap().len(), 3);
        let elapsed = client.patience().elapsed();
        assert!((47..60).contains(&elapsed.as_secs()), "{elapsed:?}");
    }
}
