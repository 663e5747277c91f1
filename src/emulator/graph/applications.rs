//! `/applications`: create, upsert by unique name, read, change, delete.
//!
//! An application's own service principal mirrors it, so a change here may change that document too.

use serde_json::{Value, json};

use super::{
    super::{
        clock,
        credentials::replace_keys,
        identifiers,
        refusal::Refusal,
        schema::invalid,
        tables::APPLICATION,
        world::{Change, Collection, Document, KIND, OWNERS, World, list, text, texts},
    },
    Answer, Request,
    access::READ_APPLICATIONS,
    owners, service_principals, shown, with_context,
};

const BIND_OWNERS: &str = "owners@odata.bind";
const CAST: &str = "/Microsoft.DirectoryServices.Application";

/// Collections whose order the service does not keep: it gives them back in another order than they came in.
const UNORDERED: [&[&str]; 8] = [
    &["identifierUris"],
    &["tags"],
    &["appRoles"],
    &["requiredResourceAccess"],
    &["web", "redirectUris"],
    &["spa", "redirectUris"],
    &["publicClient", "redirectUris"],
    &["api", "oauth2PermissionScopes"],
];

pub(super) fn collection(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_APPLICATIONS)?;
            request.query.allow(&["$select", "$filter", "$top"])?;
            let documents = request.lists.all(Collection::Applications);
            let body = request.listing(&APPLICATION, "applications").page(
                &request.query,
                documents,
                |document, selected| shown(&APPLICATION, document, selected, false),
            )?;
            Ok(Answer::ok(body).costing(2))
        }
        "POST" => {
            request.query.allow(&[])?;
            create(request, None)
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

pub(super) fn one(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_APPLICATIONS)?;
            request.entity(&APPLICATION, "applications", find(request)?)
        }
        "PATCH" => {
            request.query.allow(&[])?;
            match (find(request), request.named_key(1)) {
                (Ok(application), _) => update(request, request.truth(Collection::Applications, application)?),
                (Err(_), Some(("uniquename", name))) if request.create_if_missing => create(request, Some(name)),
                (Err(refusal), _) => {
                    request.caller.may_create()?;
                    Err(refusal)
                }
            }
        }
        "DELETE" => {
            request.query.allow(&[])?;
            request.caller.may_create()?;
            let application = request.truth(Collection::Applications, find(request)?)?;
            request.caller.may_write(application)?;
            let deleted_at = clock::seconds(request.now);
            let mut changes = soft_delete(Collection::Applications, "application", application, &deleted_at);
            let own = request.world.find(Collection::ServicePrincipals, "appId", text(application, "appId"));
            if let Some(own) = own {
                changes.extend(soft_delete(Collection::ServicePrincipals, "servicePrincipal", own, &deleted_at));
            }
            Ok(Answer::no_content(changes))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// The application that the second segment names, by id, `appId` or `uniqueName`.
pub(super) fn find<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    let seen = request.by_id;
    let found = match request.named_key(1) {
        Some(("appid", value)) => seen.find(Collection::Applications, "appId", value),
        Some(("uniquename", value)) => seen.find(Collection::Applications, "uniqueName", value),
        Some(_) => {
            return Err(Refusal::malformed("The key property is not valid for type 'microsoft.graph.application'."));
        }
        None => seen.get(Collection::Applications, &request.segment(1).to_lowercase()),
    };
    found.ok_or_else(|| Refusal::not_found(request.segment(1)))
}

/// Moves an object to the deleted ones.
pub(super) fn soft_delete(collection: Collection, kind: &str, document: &Document, at: &str) -> Vec<Change> {
    let mut deleted = document.clone();
    deleted.insert("deletedDateTime".into(), at.into());
    deleted.insert(KIND.into(), kind.into());
    vec![Change::remove(collection, text(document, "id")), Change::put(Collection::Deleted, deleted)]
}

fn create(request: &Request<'_>, unique_name: Option<&str>) -> Result<Answer, Refusal> {
    request.caller.may_create()?;
    let mut sent = request.object()?.clone();
    let bound = sent.remove(BIND_OWNERS);
    if let Some(name) = unique_name {
        if sent.get("uniqueName").is_some_and(|sent| sent != name) {
            return Err(invalid("uniqueName", "application"));
        }
        sent.insert("uniqueName".into(), name.into());
    }
    APPLICATION.check(&sent, true)?;
    check_values(&sent)?;
    if text(&sent, "displayName").is_empty() {
        return Err(Refusal::bad_request("A value is required for property 'displayName' of resource 'Application'.")
            .with_detail("MissingValue", "displayName"));
    }
    check_unique(request.world, &sent, "")?;
    let mut application = APPLICATION.fill(&sent);
    let (id, app_id) = (identifiers::guid(), identifiers::guid());
    for (name, value) in [
        ("id", json!(id)),
        ("appId", json!(app_id)),
        ("createdDateTime", json!(clock::ticks(request.now))),
        ("publisherDomain", json!(request.world.domain())),
    ] {
        application.insert(name.into(), value);
    }
    if text(&sent, "signInAudience").is_empty() {
        application.insert("signInAudience".into(), "AzureADMyOrg".into());
    }
    if !sent.contains_key("parentalControlSettings") {
        let settings = json!({ "countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow" });
        application.insert("parentalControlSettings".into(), settings);
    }
    let keys = replace_keys(&[], list(&sent, "keyCredentials"), request.now)?;
    application.insert("keyCredentials".into(), keys.into());
    let owner_ids = owners::bound(request, bound.as_ref())?;
    application.insert(OWNERS.into(), owner_ids.into());

    let mut answered = application.clone();
    derive(&mut answered);
    answered = super::odata::project(&APPLICATION, &answered, None);
    super::shown_keys(&mut answered, false);
    reorder(&mut application);
    derive(&mut application);
    let body = with_context(&request.context("applications/$entity"), answered);
    let location = request.location("directoryObjects", &id, CAST);
    let changes = vec![Change::put(Collection::Applications, application)];
    Ok(Answer::created(body, location, changes))
}

fn update(request: &Request<'_>, before: &Document) -> Result<Answer, Refusal> {
    request.caller.may_write(before)?;
    let mut sent = request.object()?.clone();
    APPLICATION.check(&sent, false)?;
    check_values(&sent)?;
    if sent.get("displayName").is_some_and(|name| name == "") {
        return Err(invalid("displayName", "application"));
    }
    if let Some(name) = sent.get("uniqueName") {
        let had = text(before, "uniqueName");
        if !had.is_empty() && name != had {
            return Err(Refusal::bad_request("Property 'uniqueName' is read-only and cannot be set."));
        }
    }
    check_unique(request.world, &sent, text(before, "id"))?;
    if sent.contains_key("keyCredentials") {
        let keys = replace_keys(list(before, "keyCredentials"), list(&sent, "keyCredentials"), request.now)?;
        sent.insert("keyCredentials".into(), keys.into());
    }
    reorder(&mut sent);
    let mut after = APPLICATION.merge(before, &sent);
    derive(&mut after);
    check_entitlements(before, &after)?;
    let mut changes = Vec::new();
    let own = request.world.find(Collection::ServicePrincipals, "appId", text(before, "appId"));
    if let Some(own) = own {
        let mirrored = service_principals::mirror(own, &after);
        if mirrored != *own {
            changes.push(Change::put(Collection::ServicePrincipals, mirrored));
        }
    }
    changes.push(Change::put(Collection::Applications, after));
    Ok(Answer::no_content(changes))
}

/// Rules beyond form.
fn check_values(sent: &Document) -> Result<(), Refusal> {
    let display_name = text(sent, "displayName");
    if display_name.chars().count() > 120 {
        return Err(invalid("displayName", "application"));
    }
    let tags: Vec<&str> = texts(sent, "tags").collect();
    let unfit = |tag: &&str| tag.is_empty() || tag.chars().count() > 256 || tag.contains(char::is_whitespace);
    let repeated = (1..tags.len()).any(|index| tags[..index].contains(&tags[index]));
    if tags.iter().any(unfit) || repeated {
        return Err(invalid("tags", "application"));
    }
    let accesses = list(sent, "requiredResourceAccess");
    let total: usize = accesses.iter().map(|access| access["resourceAccess"].as_array().map_or(0, Vec::len)).sum();
    let same_resource = (1..accesses.len())
        .any(|index| accesses[..index].iter().any(|other| other["resourceAppId"] == accesses[index]["resourceAppId"]));
    if accesses.len() > 50 || total > 400 || same_resource {
        return Err(invalid("requiredResourceAccess", "application"));
    }
    Ok(())
}

fn check_unique(world: &World, sent: &Document, own_id: &str) -> Result<(), Refusal> {
    let named = |name: &str| {
        let deleted = world.find_all(Collection::Deleted, "uniqueName", name);
        let deleted = deleted.filter(|document| text(document, KIND) == "application");
        world
            .find_all(Collection::Applications, "uniqueName", name)
            .chain(deleted)
            .any(|other| text(other, "id") != own_id)
    };
    let clash = |property: &str| {
        Refusal::bad_request(format!("Another object with the same value for property {property} already exists."))
    };
    let name = text(sent, "uniqueName");
    // A soft-deleted application keeps its name.
    if !name.is_empty() && named(name) {
        return Err(clash("uniqueName").with_detail("ObjectConflict", "uniqueName"));
    }
    let uris: Vec<&str> = texts(sent, "identifierUris").collect();
    let taken = |uri: &&str| {
        world.find_all(Collection::Applications, "identifierUris", uri).any(|other| text(other, "id") != own_id)
    };
    if uris.iter().any(taken) {
        return Err(clash("identifierUris").with_detail("ObjectConflict", "identifierUris"));
    }
    Ok(())
}

/// An enabled role or scope may neither go nor change; it must be disabled first.
fn check_entitlements(before: &Document, after: &Document) -> Result<(), Refusal> {
    let scopes = |document: &Document| document["api"]["oauth2PermissionScopes"].as_array().cloned();
    let pairs = [
        (list(before, "appRoles").to_vec(), list(after, "appRoles").to_vec()),
        (scopes(before).unwrap_or_default(), scopes(after).unwrap_or_default()),
    ];
    for (before, after) in pairs {
        for entitlement in before.iter().filter(|entitlement| entitlement["isEnabled"] == true) {
            let kept = after.iter().find(|other| other["id"] == entitlement["id"]);
            let unchanged = kept.is_some_and(|kept| {
                let mut enabled = kept.clone();
                enabled["isEnabled"] = Value::Bool(true);
                enabled == *entitlement
            });
            if !unchanged {
                return Err(Refusal::new(
                    400,
                    "CannotDeleteOrUpdateEnabledEntitlement",
                    "Permission (scope or role) cannot be deleted or updated unless disabled first.",
                ));
            }
        }
    }
    Ok(())
}

/// What follows from other properties.
fn derive(application: &mut Document) {
    if let Some(Value::Array(roles)) = application.get_mut("appRoles") {
        for role in roles {
            role["origin"] = "Application".into();
        }
    }
    let personal = ["AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"]
        .contains(&text(application, "signInAudience"));
    if personal && let Some(api) = application.get_mut("api") {
        api["requestedAccessTokenVersion"] = json!(2);
    }
    if let Some(web) = application.get_mut("web") {
        let settings = web["redirectUris"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|uri| json!({ "uri": uri, "index": null }))
            .collect();
        web["redirectUriSettings"] = settings;
    }
}

fn reorder(document: &mut Document) {
    for path in UNORDERED {
        let value = match path {
            [outer, inner] => document.get_mut(*outer).and_then(|outer| outer.get_mut(*inner)),
            [name] => document.get_mut(*name),
            _ => None,
        };
        if let Some(Value::Array(elements)) = value {
            elements.reverse();
        }
    }
}
