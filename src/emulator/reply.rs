//! An answer as it goes out: status, headers, body.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::{graph::Answer, trouble::faults::FaultyAnswer};

/// Headers that an answer inside a batch keeps, as they are written there.
const INSIDE_BATCH: [&str; 6] =
    ["Cache-Control", "Content-Type", "Location", "OData-Version", "Retry-After", "x-ms-resource-unit"];

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Body {
    Value(Value),
    /// JSON that was written as text already.
    Written(String),
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

impl Body {
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Written(text) => serde_json::from_str(text).unwrap_or_default(),
        }
    }
}

/// An answer as it goes out.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Body>,
}

impl Reply {
    /// An answer of the token service or of the control endpoints.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "application/json; charset=utf-8".into())],
            body: Some(body.into()),
        }
    }

    /// An answer of Graph's that is no refusal.
    pub(crate) fn graph(answer: Answer) -> Self {
        let mut reply = Self {
            status: answer.status,
            headers: Vec::new(),
            body: answer.written.map(Body::Written).or(answer.body.map(Body::Value)),
        };
        reply.set("x-ms-resource-unit", answer.units.to_string());
        if let Some(location) = answer.location {
            reply.set("location", location);
        }
        if reply.body.is_some() {
            reply.set("odata-version", "4.0");
            reply.set(
                "content-type",
                "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
            );
        }
        // The answer to `/$count`, and to `/$value`.
        if answer.plain || matches!(reply.body, Some(Body::Value(Value::Number(_)))) {
            reply.set("content-type", "text/plain");
        }
        reply
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// What Graph reckons the request to have cost.
    pub(crate) fn resource_units(&self) -> Option<u32> {
        self.header("x-ms-resource-unit")?.parse().ok()
    }

    /// The body as it goes out. A text under another type than JSON goes out as it is.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match &self.body {
            None => Cow::Borrowed(""),
            Some(Body::Written(text)) => Cow::Borrowed(text),
            Some(Body::Value(Value::String(text)))
                if !self.header("content-type").unwrap_or_default().contains("/json") =>
            {
                Cow::Borrowed(text)
            }
            Some(Body::Value(body)) => Cow::Owned(body.to_string()),
        }
    }

    /// Adds the headers that a tester ordered.
    pub(crate) fn add_ordered(&mut self, answer: &FaultyAnswer) {
        for (name, value) in &answer.headers {
            self.set(name, value.clone());
        }
    }

    /// This answer as the envelope of a batch shows it.
    pub(crate) fn inside_batch(&self, id: &str) -> Value {
        if self.status == 204 {
            return json!({ "id": id, "status": 204, "body": null });
        }
        let headers: Map<String, Value> = self
            .headers
            .iter()
            .filter_map(|(name, value)| {
                let name = INSIDE_BATCH.iter().find(|shown| shown.eq_ignore_ascii_case(name))?;
                // What the gateway refuses by itself costs nothing, and comes without the workload's headers.
                if *name == "Cache-Control" && !self.has("x-ms-resource-unit") {
                    return None;
                }
                Some(((*name).to_owned(), value.clone().into()))
            })
            .collect();
        json!({ "id": id, "status": self.status, "headers": headers, "body": self.body.as_ref().map(Body::value) })
    }
}
