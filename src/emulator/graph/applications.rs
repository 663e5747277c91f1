//! `/applications`: create, upsert by unique name, read, change, delete.
//!
//! An application's own service principal mirrors it, so a change here may change that document too.

use serde_json::{Value, json};

use super::{
    super::{
        clock,
        credentials::{added as credentials_added, new_passwords},
        identifiers,
        refusal::Refusal,
        schema::invalid,
        tables::APPLICATION,
        world::{Change, Collection, Document, OWNERS, list, text},
    },
    Answer, Request,
    access::READ_APPLICATIONS,
    application_rules::{check_entitlements, check_unique, check_values, check_whole},
    credential_rules,
    keys::keys_after,
    objects::{self, APPLICATIONS, SERVICE_PRINCIPALS},
    owners,
    ownership::CREATED_BY,
    service_principals, with_context,
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
    objects::collection(request, &APPLICATIONS, || create(request, None))
}

pub(super) fn one(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_APPLICATIONS)?;
            request.entity(&APPLICATION, "applications", find(request)?)
        }
        "PATCH" => {
            request.query.allow(&[])?;
            match (found(request), request.named_key(1)) {
                (Ok(application), _) => update(request, application),
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
            let application = found(request)?;
            request.caller.may_write(application)?;
            let mut changes = objects::soft_delete(request, &APPLICATIONS, application);
            let own = request.world.find(Collection::ServicePrincipals, "appId", text(application, "appId"));
            if let Some(own) = own {
                changes.extend(objects::soft_delete(request, &SERVICE_PRINCIPALS, own));
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

/// The same, as it really is: what a write starts from.
pub(super) fn found<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    request.truth(Collection::Applications, find(request)?)
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
    // Who only writes its own may set this in a later change, not here.
    let maps_claims = sent.get("api").is_some_and(|api| !api["acceptMappedClaims"].is_null());
    if maps_claims && request.caller.writes_owned_only() {
        return Err(Refusal::denied());
    }
    if text(&sent, "displayName").is_empty() {
        return Err(Refusal::bad_request("A value is required for property 'displayName' of resource 'Application'.")
            .with_detail("MissingValue", "displayName"));
    }
    check_unique(request, &sent, "")?;
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
    let keys = keys_after(request, &[], &sent)?;
    application.insert("keyCredentials".into(), keys);
    let passwords = new_passwords(list(&sent, "passwordCredentials"), request.now)?;
    application.insert("passwordCredentials".into(), passwords.clone().into());
    let owner_ids = owners::bound(request, bound.as_ref())?;
    application.insert(OWNERS.into(), owner_ids.into());
    if let Some(creator) = request.caller.service_principal() {
        application.insert(CREATED_BY.into(), creator.into());
        let creator = request.world.get(Collection::ServicePrincipals, creator);
        let app_id = creator.map_or(Value::Null, |creator| creator["appId"].clone());
        application.insert("createdByAppId".into(), app_id);
    }

    let mut answered = application.clone();
    derive(&mut answered);
    check_whole(request, &answered)?;
    let added: (Vec<&Value>, Vec<&Value>) =
        (list(&answered, "keyCredentials").iter().collect(), passwords.iter().collect());
    credential_rules::check(request, Collection::Applications, &answered, &added.0, &added.1)?;
    credential_rules::check_identifiers(request, None, &answered)?;
    answered = super::odata::project(&APPLICATION, &answered, None);
    super::shown_keys(&mut answered, false);
    // The one time that anybody sees the secrets.
    answered.insert("passwordCredentials".into(), passwords.into());
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
    check_unique(request, &sent, text(before, "id"))?;
    if sent.contains_key("keyCredentials") {
        let keys = keys_after(request, list(before, "keyCredentials"), &sent)?;
        sent.insert("keyCredentials".into(), keys);
    }
    reorder(&mut sent);
    let mut after = APPLICATION.merge(before, &sent);
    derive(&mut after);
    check_whole(request, &after)?;
    check_entitlements(before, &after)?;
    let keys: Vec<&Value> = credentials_added(list(before, "keyCredentials"), list(&after, "keyCredentials")).collect();
    credential_rules::check(request, Collection::Applications, before, &keys, &[])?;
    credential_rules::check_identifiers(request, Some(before), &after)?;
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
