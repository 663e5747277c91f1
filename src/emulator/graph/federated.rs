//! `federatedIdentityCredentials` of applications. The token service takes tokens of the issuers that they trust.

use serde_json::Value;

use super::{
    super::{
        identifiers, odata,
        refusal::Refusal,
        schema::Kind,
        tables::{FEDERATED_CREDENTIAL, FEDERATED_CREDENTIAL_IN_BETA},
        world::{Change, Collection, Document, list, text},
    },
    Answer, Request,
    access::READ_APPLICATIONS,
    applications, with_context,
};

/// Where an application keeps them.
pub(super) const STORED: &str = "~federatedIdentityCredentials";
const MOST: usize = 20;

fn set(application: &Document) -> String {
    format!("applications('{}')/federatedIdentityCredentials", text(application, "id"))
}

/// Expressions over claims are there in beta only.
fn kind(request: &Request<'_>) -> &'static Kind {
    if request.version == "beta" { &FEDERATED_CREDENTIAL_IN_BETA } else { &FEDERATED_CREDENTIAL }
}

fn stored(application: &Document) -> Vec<Document> {
    list(application, STORED).iter().filter_map(Value::as_object).cloned().collect()
}

fn with_stored(application: &Document, credentials: Vec<Document>) -> Vec<Change> {
    let mut after = application.clone();
    let credentials: Vec<Value> = credentials.into_iter().map(Value::Object).collect();
    after.insert(STORED.into(), credentials.into());
    vec![Change::put(Collection::Applications, after)]
}

pub(super) fn collection(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_APPLICATIONS)?;
            request.query.allow(&["$select", "$filter", "$top"])?;
            let application = applications::find(request)?;
            let mut credentials = stored(application);
            credentials.sort_by(|left, right| text(left, "id").cmp(text(right, "id")));
            let listing = request.listing(kind(request), &set(application));
            let body = listing.page(&request.query, credentials.iter(), |document, selected| {
                odata::project(kind(request), document, selected)
            })?;
            Ok(Answer::ok(body))
        }
        "POST" => create(request, None),
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn create(request: &Request<'_>, named: Option<&str>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    request.caller.may_create()?;
    let application = applications::found(request)?;
    request.caller.may_write(application)?;
    let mut sent = request.object()?.clone();
    if let Some(name) = named {
        if sent.get("name").is_some_and(|sent| sent != name) {
            return Err(Refusal::bad_request("One or more property values specified are invalid."));
        }
        sent.insert("name".into(), name.into());
    }
    let sent = &sent;
    kind(request).check(sent, true)?;
    let name = text(sent, "name");
    if ["name", "issuer"].iter().any(|name| text(sent, name).is_empty()) {
        return Err(Refusal::bad_request("One or more property values specified are invalid."));
    }
    check_subject(sent)?;
    if !name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.~".contains(letter)) {
        return Err(Refusal::bad_request(format!("The name '{name}' is not a valid URI last segment.")));
    }
    let mut credentials = stored(application);
    if credentials.iter().any(|other| text(other, "name").eq_ignore_ascii_case(name)) {
        return Err(Refusal::new(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            format!("FederatedIdentityCredential with name {name} already exists."),
        ));
    }
    check_pair(&credentials, sent, "")?;
    if credentials.len() >= MOST {
        return Err(Refusal::new(403, "Directory_QuotaExceeded", "Size of object exceeded limit"));
    }
    let id = identifiers::guid();
    let mut credential = kind(request).fill(sent);
    credential.insert("id".into(), id.clone().into());
    let context = request.context(&format!("{}/$entity", set(application)));
    let body = with_context(&context, credential.clone());
    credentials.push(credential);
    let location = request.location("federatedIdentityCredentials", &id, "");
    Ok(Answer::created(body, location, with_stored(application, credentials)))
}

/// Either a subject or an expression says whom the credential lets in.
fn check_subject(credential: &Document) -> Result<(), Refusal> {
    let expression = credential.get("claimsMatchingExpression").filter(|expression| !expression.is_null());
    let is_whole = expression.is_none_or(|expression| {
        !expression["value"].as_str().unwrap_or_default().is_empty() && expression["languageVersion"] == 1
    });
    if is_whole && text(credential, "subject").is_empty() == expression.is_some() {
        Ok(())
    } else {
        Err(Refusal::bad_request("One or more property values specified are invalid."))
    }
}

/// One audience, and no other credential for the same issuer and subject.
fn check_pair(credentials: &[Document], after: &Document, own_id: &str) -> Result<(), Refusal> {
    if list(after, "audiences").len() != 1 {
        return Err(Refusal::bad_request("FederatedIdentityCredential must have exactly one audience."));
    }
    let same = |other: &Document| {
        ["issuer", "subject", "claimsMatchingExpression"]
            .iter()
            .all(|name| other.get(*name).unwrap_or(&Value::Null) == after.get(*name).unwrap_or(&Value::Null))
    };
    if credentials.iter().any(|other| text(other, "id") != own_id && same(other)) {
        return Err(Refusal::bad_request(
            "Combination of issuer and subject must be unique for the federated identity credentials of an application.",
        ));
    }
    Ok(())
}

pub(super) fn one(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.caller.needs(READ_APPLICATIONS)?;
    let application =
        if request.method == "GET" { applications::find(request)? } else { applications::found(request)? };
    let mut credentials = stored(application);
    let key = request.segment(3);
    let found =
        credentials.iter().position(|other| text(other, "id").eq_ignore_ascii_case(key) || text(other, "name") == key);
    if let (None, "PATCH", true, Some(("name", name))) =
        (found, request.method, request.create_if_missing, request.named_key(3))
    {
        return create(request, Some(name));
    }
    let index = found.ok_or_else(|| Refusal::not_found(key))?;
    match request.method {
        "GET" => request.entity(kind(request), &set(application), &credentials[index]),
        "PATCH" => {
            request.query.allow(&[])?;
            request.caller.may_write(application)?;
            let mut sent = request.object()?.clone();
            // The name may be repeated, not changed.
            if sent.get("name").is_some_and(|name| name == text(&credentials[index], "name")) {
                sent.remove("name");
            }
            kind(request).check(&sent, false)?;
            let mut after = FEDERATED_CREDENTIAL_IN_BETA.merge(&credentials[index], &sent);
            after.retain(|name, value| FEDERATED_CREDENTIAL.property(name).is_some() || !value.is_null());
            if text(&after, "issuer").is_empty() {
                return Err(Refusal::bad_request("One or more property values specified are invalid."));
            }
            check_subject(&after)?;
            check_pair(&credentials, &after, text(&after, "id"))?;
            credentials[index] = after;
            Ok(Answer::no_content(with_stored(application, credentials)))
        }
        "DELETE" => {
            request.query.allow(&[])?;
            request.caller.may_write(application)?;
            credentials.remove(index);
            Ok(Answer::no_content(with_stored(application, credentials)))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}
