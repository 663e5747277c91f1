//! `extensionProperties` of applications: declared and listed. No object carries values of them.

use serde_json::{Value, json};

use super::{
    super::{
        identifiers, odata,
        refusal::Refusal,
        tables::EXTENSION_PROPERTY,
        world::{Change, Collection, Document, list, text},
    },
    Answer, Request,
    access::{READ_APPLICATIONS, READ_OBJECTS},
    applications, with_context,
};

const STORED: &str = "~extensionProperties";
const TYPES: [&str; 6] = ["Binary", "Boolean", "DateTime", "Integer", "LargeInteger", "String"];
const TARGETS: [&str; 5] = ["User", "Group", "AdministrativeUnit", "Application", "Organization"];

fn stored(application: &Document) -> Vec<Document> {
    list(application, STORED)
        .iter()
        .filter_map(Value::as_object)
        .map(|extension| {
            let mut extension = extension.clone();
            extension.insert("appDisplayName".into(), application["displayName"].clone());
            extension
        })
        .collect()
}

fn set(application: &Document) -> String {
    format!("applications('{}')/extensionProperties", text(application, "id"))
}

pub(super) fn collection(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_APPLICATIONS)?;
            request.query.allow(&["$select", "$top"])?;
            let application = applications::find(request)?;
            let mut extensions = stored(application);
            extensions.sort_by(|left, right| text(left, "id").cmp(text(right, "id")));
            let body = request.listing(&EXTENSION_PROPERTY, &set(application)).page(
                &request.query,
                extensions.iter(),
                |document, selected| odata::project(&EXTENSION_PROPERTY, document, selected),
            )?;
            Ok(Answer::ok(body))
        }
        "POST" => create(request),
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn create(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    let application = applications::found(request)?;
    request.caller.may_write(application)?;
    let sent = request.object()?;
    EXTENSION_PROPERTY.check(sent, true)?;
    let unfit = |name: &str| {
        Refusal::bad_request(format!("Invalid value specified for property '{name}' of resource 'ExtensionProperty'."))
    };
    let name = text(sent, "name");
    if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        return Err(unfit("name"));
    }
    if !TYPES.contains(&text(sent, "dataType")) {
        return Err(unfit("dataType"));
    }
    let targets = list(sent, "targetObjects");
    if targets.is_empty()
        || !targets.iter().all(|target| target.as_str().is_some_and(|target| TARGETS.contains(&target)))
    {
        return Err(unfit("targetObjects"));
    }
    let full = format!("extension_{}_{name}", text(application, "appId").replace('-', ""));
    let mut kept = list(application, STORED).to_vec();
    if kept.iter().any(|other| other["name"] == full.as_str()) {
        return Err(Refusal::bad_request(format!("An extension property exists with the name {full}.")));
    }
    let mut extension = EXTENSION_PROPERTY.fill(sent);
    let id = identifiers::guid();
    for (name, value) in [
        ("id", json!(id)),
        ("name", json!(full)),
        ("isSyncedFromOnPremises", json!(false)),
        ("appDisplayName", application["displayName"].clone()),
    ] {
        extension.insert(name.into(), value);
    }
    kept.push(Value::Object(extension.clone()));
    let body = with_context(&request.context(&format!("{}/$entity", set(application))), extension);
    let location = request.location("directoryObjects", &id, "/Microsoft.DirectoryServices.ExtensionProperty");
    Ok(Answer::created(body, location, vec![with(application, kept)]))
}

fn with(application: &Document, extensions: Vec<Value>) -> Change {
    let mut after = application.clone();
    after.insert(STORED.into(), extensions.into());
    Change::put(Collection::Applications, after)
}

pub(super) fn one(request: &Request<'_>) -> Result<Answer, Refusal> {
    let application =
        if request.method == "GET" { applications::find(request)? } else { applications::found(request)? };
    let id = request.segment(3);
    let extensions = stored(application);
    let extension = extensions.iter().find(|extension| text(extension, "id") == id);
    let extension = extension.ok_or_else(|| Refusal::not_found(id))?;
    match request.method {
        "GET" => {
            request.caller.needs(READ_APPLICATIONS)?;
            request.entity(&EXTENSION_PROPERTY, &set(application), extension)
        }
        "DELETE" => {
            request.query.allow(&[])?;
            request.caller.may_write(application)?;
            let kept = list(application, STORED).iter().filter(|other| other["id"] != id).cloned().collect();
            Ok(Answer::no_content(vec![with(application, kept)]))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// `/directoryObjects/getAvailableExtensionProperties`.
pub(super) fn available(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "POST" {
        return Err(Refusal::method_not_allowed());
    }
    request.query.allow(&[])?;
    request.caller.needs(READ_OBJECTS)?;
    let empty = Document::new();
    let body = if request.body.is_some() { request.object()? } else { &empty };
    super::only(body, &["isSyncedFromOnPremises"], "getAvailableExtensionProperties")?;
    let synced = body.get("isSyncedFromOnPremises") == Some(&Value::Bool(true));
    let all = request.lists.all(Collection::Applications).flat_map(stored).filter(|_| !synced);
    let value: Vec<Value> = all.map(Value::Object).collect();
    let body =
        json!({ "@odata.context": request.context("Collection(microsoft.graph.extensionProperty)"), "value": value });
    Ok(Answer { location: Some(request.origin.to_owned()), ..Answer::ok(body) })
}
