//! Lists of objects and of versions, page by page.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    super::world::Document,
    Answer, Request, certificates, keys,
    refusal::Refusal,
    secrets,
    store::{self, CERTIFICATES, Kind},
};

/// The largest page, and the size of one when the client does not say.
const PAGE: usize = 25;

/// The objects of a vault, living or deleted, each by its newest version.
pub(super) fn list(request: &Request<'_>, kind: &Kind, deleted: bool) -> Result<Answer, Refusal> {
    let found = store::newest(request.world, kind, request.vault, deleted);
    // A certificate that never had a content is only shown to those who ask for pending ones.
    let pending = request.parameter("includepending").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let found = found.into_iter().filter(|document| {
        deleted || pending || kind.collection != CERTIFICATES.collection || document.contains_key("cer")
    });
    let items = found.map(|document| {
        let item = shown(request, kind, document, false);
        if deleted { request.as_deleted(kind, document, item) } else { item }
    });
    page(request, items.collect())
}

/// The versions of one object, oldest first.
pub(super) fn versions(request: &Request<'_>, kind: &Kind, name: &str) -> Result<Answer, Refusal> {
    let found = store::versions(request.world, kind, request.vault, name);
    let items = found.into_iter().filter(|document| !store::is_deleted(document));
    page(request, items.map(|document| shown(request, kind, document, true)).collect())
}

fn shown(request: &Request<'_>, kind: &Kind, document: &Document, with_version: bool) -> Value {
    let id = if with_version { request.id(kind, document) } else { request.name_id(kind, document) };
    let mut item = match kind.plural {
        "secrets" => secrets::item(document, &id),
        "keys" => keys::item(document, &id),
        _ => certificates::item(document, &id),
    };
    store::show(&mut item, document, "tags");
    item
}

fn page(request: &Request<'_>, items: Vec<Value>) -> Result<Answer, Refusal> {
    let size = match request.parameter("maxresults") {
        None => PAGE,
        Some(text) => text.parse().ok().filter(|size| (1..=PAGE).contains(size)).ok_or_else(|| {
            Refusal::bad_parameter("The maxresults query parameter must be a number between 1 and 25")
        })?,
    };
    let start: usize = match request.parameter("$skiptoken") {
        None => 0,
        Some(token) => BASE64_URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Refusal::bad_parameter("The $skiptoken query parameter is not valid"))?,
    };
    let end = start.saturating_add(size);
    let next = (end < items.len()).then(|| {
        let version = request.parameter("api-version").unwrap_or_default();
        let token = BASE64_URL_SAFE_NO_PAD.encode(end.to_string());
        let pending = request
            .parameter("includepending")
            .map_or_else(String::new, |value| format!("&includePending={}", value.eq_ignore_ascii_case("true")));
        let path = request.path.trim_end_matches('/');
        format!("{}{path}?api-version={version}&$skiptoken={token}&maxresults={size}{pending}", request.origin)
    });
    let value: Vec<Value> = items.into_iter().skip(start).take(size).collect();
    Ok(Answer::ok(json!({ "value": value, "nextLink": next }), Vec::new()))
}
