//! Certificates with their policies: read, changed, deleted, recovered; and how one is completed, with its key and secret.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    super::{
        certificates::Certificate,
        world::{Change, Document, text},
    },
    Answer, Request, body, issue, keys, pfx, policy,
    private_key::PrivateKey,
    refusal::Refusal,
    secrets,
    store::{self, CERTIFICATES, KEYS, SECRETS},
};

/// What is outside: other people's certificate authorities, and who gets mail.
pub(super) fn outside(request: &Request<'_>, names: &[&str]) -> Result<Answer, Refusal> {
    match (request.method, names) {
        ("GET", ["certificates", "issuers"]) => Ok(Answer::ok(json!({ "value": [], "nextLink": null }), Vec::new())),
        ("GET", ["certificates", "issuers", name]) => {
            Err(Refusal::new(404, "CertificateIssuerNotFound", format!("Issuer not found: {name}")))
        }
        ("GET", ["certificates", "contacts"]) => Err(Refusal::new(404, "ContactsNotFound", "Contacts not found")),
        _ => Err(Refusal::not_served("issuers and contacts of certificates")),
    }
}

fn thumbprint(document: &Document) -> Option<String> {
    let der = BASE64_STANDARD.decode(text(document, "cer")).ok()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(Certificate::from_der(&der)?.sha1()))
}

pub(super) fn item(document: &Document, id: &str) -> Value {
    let mut item = json!({ "id": id });
    if let Some(thumbprint) = thumbprint(document) {
        item["x5t"] = thumbprint.into();
    }
    item["attributes"] = store::shown_attributes(document);
    item
}

/// The policy as clients see it.
fn shown_policy(request: &Request<'_>, whole: &Document) -> Value {
    let mut shown = json!({ "id": format!("{}/policy", request.name_id(&CERTIFICATES, whole)) });
    for (name, value) in whole.get("policy").and_then(Value::as_object).into_iter().flatten() {
        shown[name] = value.clone();
    }
    shown
}

pub(super) fn bundle(request: &Request<'_>, document: &Document, whole: &Document) -> Value {
    let mut shown = json!({ "id": request.id(&CERTIFICATES, document) });
    if let Some(thumbprint) = thumbprint(document) {
        shown["kid"] = request.id(&KEYS, document).into();
        shown["sid"] = request.id(&SECRETS, document).into();
        shown["x5t"] = thumbprint.into();
        store::show(&mut shown, document, "cer");
    }
    shown["attributes"] = store::shown_attributes(document);
    store::show(&mut shown, document, "tags");
    shown["policy"] = shown_policy(request, whole);
    if whole.get("pending").is_some_and(|pending| pending["version"] == text(document, "version")) {
        shown["pending"] = json!({ "id": format!("{}/pending", request.name_id(&CERTIFICATES, whole)) });
    }
    shown
}

impl Request<'_> {
    /// What belongs to all versions of a certificate.
    pub(super) fn whole(&self, name: &str) -> Option<&Document> {
        self.world.get(CERTIFICATES.collection, &store::document_id(self.vault, name, None))
    }

    /// Refuses a key or a secret of its own under the name of a certificate, which may only be on its way.
    pub(super) fn check_free_of_certificates(&self, kind: &store::Kind, name: &str) -> Result<(), Refusal> {
        let newest = store::versions(self.world, kind, self.vault, name);
        if self.whole(name).is_some() || newest.last().is_some_and(|document| document.contains_key("managed")) {
            return Err(Refusal::of_a_certificate(kind));
        }
        Ok(())
    }

    fn whole_of(&self, name: &str) -> Result<&Document, Refusal> {
        self.whole(name).ok_or_else(|| Refusal::not_found(&CERTIFICATES, name))
    }
}

pub(super) fn get(request: &Request<'_>, name: &str, version: Option<&str>) -> Result<Answer, Refusal> {
    let document = request.find(&CERTIFICATES, name, version)?;
    Ok(Answer::ok(bundle(request, document, request.whole_of(name)?), Vec::new()))
}

pub(super) fn update(request: &Request<'_>, name: &str, version: Option<&str>) -> Result<Answer, Refusal> {
    let old = request.find(&CERTIFICATES, name, version)?;
    let sent = request.object(&["policy", "attributes", "tags"])?;
    let document = request.updated(old, &sent)?;
    let mut whole = request.whole_of(name)?.clone();
    let mut changes = Vec::new();
    if let Some(sent) = body::inner(&sent, "policy", policy::members())? {
        change_policy(&mut whole, &sent, request.now)?;
        changes.push(Change::put(CERTIFICATES.collection, whole.clone()));
    }
    // The key and the secret are switched off and on with the certificate.
    for kind in [&KEYS, &SECRETS] {
        if let Some(part) = request.world.get(kind.collection, text(&document, "id")) {
            let mut part = part.clone();
            part.insert("attributes".into(), document.get("attributes").cloned().unwrap_or_default());
            if let Some(tags) = document.get("tags") {
                part.insert("tags".into(), tags.clone());
            }
            changes.push(Change::put(kind.collection, part));
        }
    }
    let shown = bundle(request, &document, &whole);
    changes.push(Change::put(CERTIFICATES.collection, document));
    Ok(Answer::ok(shown, changes))
}

pub(super) fn get_policy(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    request.find(&CERTIFICATES, name, None)?;
    Ok(Answer::ok(shown_policy(request, request.whole_of(name)?), Vec::new()))
}

/// Refuses a subject or names that no certificate can be made of, which may be about to be issued.
fn change_policy(whole: &mut Document, sent: &Map<String, Value>, now: Timestamp) -> Result<(), Refusal> {
    let changed = policy::merge(sent, whole.get("policy"), now)?;
    if sent.contains_key("x509_props") {
        issue::check(&changed)?;
    }
    whole.insert("policy".into(), changed);
    Ok(())
}

pub(super) fn update_policy(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    request.find(&CERTIFICATES, name, None)?;
    let sent = request.object(policy::members())?;
    let mut whole = request.whole_of(name)?.clone();
    change_policy(&mut whole, &sent, request.now)?;
    let shown = shown_policy(request, &whole);
    Ok(Answer::ok(shown, vec![Change::put(CERTIFICATES.collection, whole)]))
}

/// The three kinds of object that a certificate consists of.
const PARTS: [&store::Kind; 3] = [&CERTIFICATES, &KEYS, &SECRETS];

pub(super) fn delete(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    let document = request.find(&CERTIFICATES, name, None)?;
    let shown = bundle(request, document, request.whole_of(name)?);
    let changes = PARTS.iter().flat_map(|kind| request.delete(kind, name)).collect();
    Ok(Answer::ok(request.as_deleted(&CERTIFICATES, document, shown), changes))
}

pub(super) fn get_deleted(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    let document = request.find_deleted(&CERTIFICATES, name)?;
    let shown = bundle(request, document, request.whole_of(name)?);
    Ok(Answer::ok(request.as_deleted(&CERTIFICATES, document, shown), Vec::new()))
}

pub(super) fn recover(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    let document = request.find_deleted(&CERTIFICATES, name)?;
    let changes = PARTS.iter().flat_map(|kind| request.recover(kind, name)).collect();
    Ok(Answer::ok(bundle(request, document, request.whole_of(name)?), changes))
}

pub(super) fn purge(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    request.find_deleted(&CERTIFICATES, name)?;
    Ok(Answer::no_content(PARTS.iter().flat_map(|kind| request.purge(kind, name)).collect()))
}

/// The content of a certificate, its own first.
pub(super) struct Content<'a> {
    pub(super) key: &'a PrivateKey,
    pub(super) chain: &'a [Vec<u8>],
}

/// Puts the content into a version, and makes the key and the secret that go with it.
pub(super) fn complete(
    mut document: Document,
    whole: &Document,
    content: &Content<'_>,
    enabled: bool,
    now: Timestamp,
) -> Result<(Document, Vec<Change>), Refusal> {
    let unreadable = || Refusal::bad_parameter("The X.509 certificate content can not be read.");
    let own = content.chain.first().and_then(|der| Certificate::from_der(der)).ok_or_else(unreadable)?;
    document.insert("cer".into(), BASE64_STANDARD.encode(&own.der).into());
    let now = now.as_second();
    let attributes = json!({
        "enabled": enabled,
        "nbf": own.not_before.as_second(),
        "exp": own.not_after.as_second(),
        "created": now,
        "updated": now,
    });
    document.insert("attributes".into(), attributes.clone());

    let properties = &whole.get("policy").unwrap_or(&Value::Null).clone();
    let exportable = properties["key_props"]["exportable"] != json!(false);
    let pem = properties["secret_props"]["contentType"] == policy::PEM;
    let shared = |document: &Document| {
        let mut part = Document::new();
        for name in ["id", "vault", "name", "version", "sequence", "attributes", "tags"] {
            if let Some(value) = document.get(name) {
                part.insert(name.into(), value.clone());
            }
        }
        part.insert("managed".into(), true.into());
        part
    };
    let mut key = shared(&document);
    keys::fill(&mut key, content.key, &keys::all_operations(content.key));
    key.insert("exportable".into(), exportable.into());
    let private = exportable.then_some(content.key.der.as_slice());
    let mut secret = shared(&document);
    let value = if pem {
        pfx::pem(private, content.chain)
    } else {
        BASE64_STANDARD.encode(pfx::write(private, content.chain)?)
    };
    secret.insert(secrets::VALUE.into(), value.into());
    secret.insert("contentType".into(), if pem { policy::PEM } else { policy::PKCS12 }.into());
    let changes = vec![
        Change::put(KEYS.collection, key),
        Change::put(SECRETS.collection, secret),
        Change::put(CERTIFICATES.collection, document.clone()),
    ];
    Ok((document, changes))
}

/// Refuses to make a certificate where its key and secret would have no place.
pub(super) fn check_place(request: &Request<'_>, name: &str) -> Result<(), Refusal> {
    request.check_new(&CERTIFICATES, name)?;
    for kind in [&KEYS, &SECRETS] {
        request.check_new(kind, name)?;
        let newest = store::versions(request.world, kind, request.vault, name);
        if newest.last().is_some_and(|document| !document.contains_key("managed")) {
            let message = format!(
                "{} {name} exists and does not belong to a certificate, so its name cannot be used for one.",
                kind.singular
            );
            return Err(Refusal::new(409, "Conflict", message));
        }
    }
    if request.whole(name).is_some_and(|whole| whole.get("pending").is_some_and(|it| it["status"] == "inProgress")) {
        return Err(Refusal::new(
            409,
            "Conflict",
            "A new key vault certificate can not be created or imported while a pending key vault certificate's status \
             is inProgress.",
        ));
    }
    Ok(())
}

/// The document that belongs to all versions, new or as it was.
pub(super) fn new_whole(request: &Request<'_>, name: &str, policy: Value) -> Document {
    let mut whole = request.whole(name).cloned().unwrap_or_else(|| {
        let mut whole = Document::new();
        whole.insert("id".into(), store::document_id(request.vault, name, None).into());
        whole.insert("vault".into(), request.vault.into());
        whole.insert("name".into(), name.into());
        whole
    });
    whole.insert("policy".into(), policy);
    whole
}

/// Certificates of a chain come with the key's own first; any other order is not kept.
pub(super) fn check_order(sent: &Map<String, Value>) -> Result<(), Refusal> {
    match body::boolean(sent, "preserveCertOrder")? {
        Some(true) => Err(Refusal::not_served("preserveCertOrder")),
        _ => Ok(()),
    }
}

/// Tags of a new version.
pub(super) fn tag(document: &mut Document, sent: &Map<String, Value>) -> Result<(), Refusal> {
    if let Some(tags) = body::tags(sent)? {
        document.insert("tags".into(), tags);
    }
    Ok(())
}
