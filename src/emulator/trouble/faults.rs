//! Trouble on request: refusals, lost connections, silence and torn answers that a tester has ordered.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::{trouble::chance::Chance, trouble::knobs::Part, trouble::span::Span};

/// One order for trouble.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fault {
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Part>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// A part of path and query, in any case; with `*`, a pattern for the whole of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// A part of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// Which matching request it hits, counted from one; absent: every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    nth: Option<u64>,
    /// It hits each time that so many have matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<u64>,
    /// It hits with this probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    /// How often it hits before it is used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    pub(crate) then: Then,
    #[serde(default)]
    pub(crate) when: When,
    #[serde(skip_deserializing)]
    matched: u64,
    #[serde(skip_deserializing)]
    hit: u64,
}

/// What happens.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Then {
    Plain(Plain),
    Hang(Hang),
    Truncate(Truncate),
    Answer(FaultyAnswer),
}

/// What needs no further word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Plain {
    /// The connection is reset without an answer.
    Reset,
    /// No answer until the client gives up.
    Hang,
    /// Half of the answer's body, then the end of the connection.
    Truncate,
}

/// The answer comes so much later.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hang {
    pub(crate) hang: Span,
}

/// So many bytes of the body, then the end of the connection.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Truncate {
    pub(crate) truncate: usize,
}

/// The answer that is given instead.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultyAnswer {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// The whole body, in place of one made of code and message; a text goes out as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Value>,
}

/// Whether the request takes effect first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum When {
    #[default]
    Before,
    After,
}

/// What a fault means for the one request that it hit.
#[derive(Debug, Clone)]
pub(crate) struct Blow {
    pub(crate) then: Then,
    pub(crate) when: When,
    /// How long a `hang` with a time lasts.
    pub(crate) wait: SignedDuration,
}

impl Blow {
    /// The word for it in the log.
    pub(crate) fn name(&self) -> &'static str {
        match self.then {
            Then::Plain(Plain::Reset) => "reset",
            Then::Plain(Plain::Hang) | Then::Hang(_) => "hang",
            Then::Plain(Plain::Truncate) | Then::Truncate(_) => "truncate",
            Then::Answer(_) => "answer",
        }
    }
}

/// A request, as far as faults choose by it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) part: Part,
    pub(crate) method: &'a str,
    /// Path and query, decoded.
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
}

/// Reads orders: a list of them, each checked. All that is wrong is told at once.
pub(crate) fn read(orders: &Value) -> Result<Vec<Fault>, String> {
    let list = orders.as_array().ok_or("faults must be a list")?;
    let (mut faults, mut problems) = (Vec::new(), Vec::new());
    for (index, order) in list.iter().enumerate() {
        match read_one(order) {
            Ok(fault) => faults.push(fault),
            Err(why) => problems.push(format!("fault {index}: {why}")),
        }
    }
    if problems.is_empty() { Ok(faults) } else { Err(problems.join("; ")) }
}

fn read_one(order: &Value) -> Result<Fault, String> {
    if let Some(then) = order.get("then") {
        check_then(then)?;
    }
    let fault: Fault = serde_json::from_value(order.clone()).map_err(|error| error.to_string())?;
    if fault.nth == Some(0) || fault.every == Some(0) || fault.times == Some(0) {
        return Err("`nth`, `every` and `times` count from 1".to_owned());
    }
    if [fault.nth.is_some(), fault.every.is_some(), fault.probability.is_some()].iter().filter(|is| **is).count() > 1 {
        return Err("`nth`, `every` and `probability` exclude each other".to_owned());
    }
    if fault.probability.is_some_and(|probability| !(0.0..=1.0).contains(&probability)) {
        return Err("`probability` must be from 0 to 1".to_owned());
    }
    if let Some(method) = &fault.method
        && !["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(method))
    {
        return Err(format!("`{method}` is no method"));
    }
    if let Then::Answer(answer) = &fault.then {
        if !(200..=599).contains(&answer.status) {
            return Err(format!("the status {} is outside 200..599", answer.status));
        }
        for (name, value) in &answer.headers {
            if http::HeaderName::try_from(name).is_err() || http::HeaderValue::try_from(value).is_err() {
                return Err(format!("`{name}: {value}` is no header"));
            }
        }
    }
    Ok(fault)
}

/// Says what is wrong with a `then` in words; the reader only knows that none of its forms fits.
fn check_then(then: &Value) -> Result<(), String> {
    let known = || "`then` is \"reset\", \"hang\", \"truncate\", {\"hang\": \"5s\"}, {\"truncate\": 20} or an answer with a `status`";
    match then {
        Value::String(word) if ["reset", "hang", "truncate"].contains(&word.as_str()) => Ok(()),
        Value::Object(members) if members.contains_key("hang") => {
            serde_json::from_value::<Hang>(then.clone()).map(drop).map_err(|error| format!("`then`: {error}"))
        }
        Value::Object(members) if members.contains_key("truncate") => {
            serde_json::from_value::<Truncate>(then.clone()).map(drop).map_err(|error| format!("`then`: {error}"))
        }
        Value::Object(_) => {
            serde_json::from_value::<FaultyAnswer>(then.clone()).map(drop).map_err(|error| format!("`then`: {error}"))
        }
        _ => Err(known().to_owned()),
    }
}

impl Fault {
    fn matches(&self, target: &Target<'_>, path: &str) -> bool {
        self.service.is_none_or(|part| part == target.part)
            && self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(target.method))
            && self.path.as_ref().is_none_or(|wanted| {
                let wanted = wanted.to_lowercase();
                if wanted.contains('*') { fits(&wanted, path) } else { path.contains(&wanted) }
            })
            && self.body.as_ref().is_none_or(|part| String::from_utf8_lossy(target.body).contains(part.as_str()))
    }

    fn is_used_up(&self) -> bool {
        (self.nth.is_some() && self.hit > 0) || self.times.is_some_and(|times| self.hit >= times)
    }
}

/// Whether a pattern in which `*` stands for anything fits the whole text.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(place) => rest = &rest[place + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

/// The orders in force.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, faults: Vec<Fault>) {
        self.0.extend(faults);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn all(&self) -> &[Fault] {
        &self.0
    }

    /// Counts a request, and gives back the first fault that hits it.
    pub(crate) fn strike(&mut self, target: &Target<'_>, chance: &mut Chance) -> Option<Blow> {
        if self.0.is_empty() {
            return None;
        }
        let path = target.path.to_lowercase();
        let mut struck = None;
        for (index, fault) in self.0.iter_mut().enumerate() {
            if !fault.matches(target, &path) {
                continue;
            }
            fault.matched += 1;
            let hits = fault.nth.is_none_or(|nth| nth == fault.matched)
                && fault.every.is_none_or(|every| fault.matched.is_multiple_of(every))
                && fault.probability.is_none_or(|probability| chance.happens(probability));
            if hits && struck.is_none() {
                fault.hit += 1;
                struck = Some(index);
            }
        }
        let index = struck?;
        let fault = &self.0[index];
        let wait = match fault.then {
            Then::Hang(Hang { hang }) => hang.pick(chance.draw()),
            _ => SignedDuration::ZERO,
        };
        let blow = Blow { then: fault.then.clone(), when: fault.when, wait };
        if fault.is_used_up() {
            self.0.remove(index);
        }
        Some(blow)
    }
}
