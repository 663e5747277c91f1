//! A secret or key that is deleted, recovered or purged by itself. What belongs to a certificate goes with that alone.

use serde_json::Value;

use super::{super::world::Document, Answer, Request, refusal::Refusal, store::Kind};

/// One version as answers show it.
type Shown = fn(&Request<'_>, &Document) -> Value;

/// Refuses what a certificate made.
pub(super) fn check_alone(kind: &Kind, document: &Document) -> Result<(), Refusal> {
    if document.contains_key("managed") { Err(Refusal::of_a_certificate(kind)) } else { Ok(()) }
}

pub(super) fn delete(request: &Request<'_>, kind: &Kind, shown: Shown, name: &str) -> Result<Answer, Refusal> {
    let document = request.find(kind, name, None)?;
    check_alone(kind, document)?;
    let shown = request.as_deleted(kind, document, shown(request, document));
    Ok(Answer::ok(shown, request.delete(kind, name)))
}

pub(super) fn get_deleted(request: &Request<'_>, kind: &Kind, shown: Shown, name: &str) -> Result<Answer, Refusal> {
    let document = request.find_deleted(kind, name)?;
    Ok(Answer::ok(request.as_deleted(kind, document, shown(request, document)), Vec::new()))
}

pub(super) fn recover(request: &Request<'_>, kind: &Kind, shown: Shown, name: &str) -> Result<Answer, Refusal> {
    let document = request.find_deleted(kind, name)?;
    check_alone(kind, document)?;
    Ok(Answer::ok(shown(request, document), request.recover(kind, name)))
}

pub(super) fn purge(request: &Request<'_>, kind: &Kind, name: &str) -> Result<Answer, Refusal> {
    check_alone(kind, request.find_deleted(kind, name)?)?;
    Ok(Answer::no_content(request.purge(kind, name)))
}
