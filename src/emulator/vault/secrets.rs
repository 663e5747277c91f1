//! Secrets: texts with a content type, in versions. A certificate's secret is made by the certificate.

use serde_json::{Value, json};

use super::{
    super::world::{Change, Document, text},
    Answer, Request, body, deletion,
    refusal::Refusal,
    store::{self, SECRETS},
};

/// The secret itself, which the control endpoints never show.
pub(super) const VALUE: &str = "~value";
const LARGEST_VALUE: usize = 25 * 1024;

pub(super) fn item(document: &Document, id: &str) -> Value {
    let mut item = json!({});
    store::show(&mut item, document, "contentType");
    item["id"] = id.into();
    store::show(&mut item, document, "managed");
    item["attributes"] = store::shown_attributes(document);
    item
}

/// A secret without what it keeps, as an answer to its deletion shows it.
pub(super) fn without_value(request: &Request<'_>, document: &Document) -> Value {
    bundle(request, document, false)
}

fn bundle(request: &Request<'_>, document: &Document, with_value: bool) -> Value {
    let mut shown = json!({});
    if with_value {
        shown["value"] = text(document, VALUE).into();
    }
    if let Value::Object(rest) = item(document, &request.id(&SECRETS, document)) {
        for (name, value) in rest {
            shown[name] = value;
        }
    }
    store::show(&mut shown, document, "tags");
    if document.contains_key("managed") {
        let key = format!("{}/keys/{}/{}", request.origin, text(document, "name"), text(document, "version"));
        shown["kid"] = key.into();
    }
    shown
}

pub(super) fn set(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    request.check_new(&SECRETS, name)?;
    let sent = request.object(&["value", "contentType", "attributes", "tags"])?;
    let value = body::string(&sent, "value")?.ok_or_else(|| body::invalid("value"))?;
    if value.len() > LARGEST_VALUE {
        return Err(Refusal::bad_parameter("The secret value is longer than 25k bytes"));
    }
    request.check_free_of_certificates(&SECRETS, name)?;
    let mut document = request.new_document(&SECRETS, name, &store::new_version());
    document.insert(VALUE.into(), value.into());
    if let Some(kind) = body::string(&sent, "contentType")? {
        document.insert("contentType".into(), kind.into());
    }
    document.insert("attributes".into(), request.new_attributes(sent.get("attributes"))?.into());
    if let Some(tags) = body::tags(&sent)? {
        document.insert("tags".into(), tags);
    }
    let shown = bundle(request, &document, true);
    Ok(Answer::ok(shown, vec![Change::put(SECRETS.collection, document)]))
}

pub(super) fn get(request: &Request<'_>, name: &str, version: Option<&str>) -> Result<Answer, Refusal> {
    if request.parameter("outcontenttype").is_some() {
        return Err(Refusal::not_served("conversions of secrets by outContentType"));
    }
    let document = request.find(&SECRETS, name, version)?;
    if !store::is_enabled(document) {
        return Err(Refusal::forbidden("Operation get is not allowed on a disabled secret.", "SecretDisabled"));
    }
    Ok(Answer::ok(bundle(request, document, true), Vec::new()))
}

pub(super) fn update(request: &Request<'_>, name: &str, version: Option<&str>) -> Result<Answer, Refusal> {
    let old = request.find(&SECRETS, name, version)?;
    let sent = request.object(&["contentType", "attributes", "tags"])?;
    deletion::check_alone(&SECRETS, old)?;
    let mut document = request.updated(old, &sent)?;
    if let Some(kind) = body::string(&sent, "contentType")? {
        document.insert("contentType".into(), kind.into());
    }
    let shown = without_value(request, &document);
    Ok(Answer::ok(shown, vec![Change::put(SECRETS.collection, document)]))
}
