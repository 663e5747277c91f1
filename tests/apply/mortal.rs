//! Ways to die: a transport that ends a run at a chosen request, and one that watches that something always works.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use accredit::transport::{Sending, Transport, TransportError};
use bytes::Bytes;
use serde_json::{Value as Json, json};
use tokio::sync::Notify;

use super::world::World;

/// What becomes of the chosen request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The process dies before it is sent.
    DiesBefore,
    /// The process dies after it took effect.
    DiesAfter,
    /// It never comes, and the run goes on.
    Unsent,
    /// It took effect, its answer never comes, and the run goes on.
    Unanswered,
}

impl Fate {
    pub(crate) const ALL: [Self; 4] = [Self::DiesBefore, Self::DiesAfter, Self::Unsent, Self::Unanswered];
}

/// Sends requests until it is told otherwise, and watches over one application.
pub(crate) struct Mortal {
    transport: Arc<dyn Transport>,
    somebody_else: reqwest::Client,
    control: String,
    /// Requests from now on until the chosen one; 0: none is chosen.
    until: AtomicUsize,
    fate: Mutex<Fate>,
    is_dead: AtomicBool,
    died: Notify,
    /// Whether the chosen request has come.
    pub(crate) has_come: AtomicBool,
}

impl Mortal {
    pub(crate) fn new(world: &World) -> Arc<Self> {
        Arc::new(Self {
            transport: Arc::clone(&world.others),
            somebody_else: world.somebody_else.clone(),
            control: world.emulator.url().to_owned(),
            until: AtomicUsize::new(0),
            fate: Mutex::new(Fate::Unsent),
            is_dead: AtomicBool::new(false),
            died: Notify::new(),
            has_come: AtomicBool::new(false),
        })
    }

    /// The `nth` request from now on meets its fate.
    pub(crate) fn arm(&self, nth: usize, fate: Fate) {
        *self.fate.lock().unwrap() = fate;
        self.until.store(nth, Ordering::SeqCst);
    }

    pub(crate) fn is_armed(&self) -> bool {
        self.until.load(Ordering::SeqCst) > 0
    }

    /// Another process begins.
    pub(crate) fn disarm(&self) {
        self.until.store(0, Ordering::SeqCst);
        self.is_dead.store(false, Ordering::SeqCst);
    }

    /// Comes when the process is to die: whatever runs is to be dropped.
    pub(crate) async fn death(&self) {
        self.died.notified().await;
    }

    /// Whether a certificate on the application works at this time; `None` where there is no application.
    async fn works(&self) -> Option<bool> {
        let order = json!({ "method": "GET", "path": "/v1.0/applications(uniqueName='exo')", "body": null });
        let asked = self.somebody_else.post(format!("{}/_emulator/graph", self.control)).json(&order);
        let answer = asked.send().await.unwrap();
        if !answer.status().is_success() {
            return None;
        }
        let clock = self.somebody_else.get(format!("{}/_emulator/clock", self.control)).send().await.unwrap();
        let clock: Json = clock.json().await.unwrap();
        let instant = |value: &Json| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        let now = instant(&clock["now"]);
        let application: Json = answer.json().await.unwrap();
        let mut keys = application["keyCredentials"].as_array().unwrap().iter();
        Some(keys.any(|key| instant(&key["startDateTime"]) <= now && now < instant(&key["endDateTime"])))
    }

    async fn send_watched(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let path = request.uri().path();
        let is_write = request.method() != "GET" && path.starts_with("/v1.0/") && !path.ends_with("/$batch");
        if !is_write {
            return self.transport.send(request).await;
        }
        let what = format!("{} {}", request.method(), request.uri().path());
        let before = self.works().await;
        let answer = self.transport.send(request).await;
        let after = self.works().await;
        assert!(before != Some(true) || after == Some(true), "{what} left no certificate that works");
        answer
    }
}

impl Transport for Mortal {
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
        let lost =
            || TransportError { host: "here".to_owned(), never_sent: false, source: "the connection was lost".into() };
        Box::pin(async move {
            if self.is_dead.load(Ordering::SeqCst) {
                return std::future::pending().await;
            }
            let left = self.until.load(Ordering::SeqCst);
            if left > 0 {
                self.until.store(left - 1, Ordering::SeqCst);
            }
            if left != 1 {
                return self.send_watched(request).await;
            }
            self.has_come.store(true, Ordering::SeqCst);
            let fate = *self.fate.lock().unwrap();
            if matches!(fate, Fate::DiesAfter | Fate::Unanswered) {
                let _ = self.send_watched(request).await;
            }
            if matches!(fate, Fate::DiesBefore | Fate::DiesAfter) {
                self.is_dead.store(true, Ordering::SeqCst);
                self.died.notify_one();
                return std::future::pending().await;
            }
            Err(lost())
        })
    }
}
