//! `/servicePrincipals`: an application's presence in the tenant, which holds its grants and roles.

use serde_json::{Map, Value, json};

use super::{
    super::{
        clock,
        credentials::added as credentials_added,
        identifiers,
        refusal::Refusal,
        schema::invalid,
        seed,
        tables::SERVICE_PRINCIPAL,
        world::{Change, Collection, Document, OWNERS, list, text, texts},
    },
    Answer, Request,
    access::READ_APPLICATIONS,
    credential_rules,
    keys::keys_after,
    objects::{self, SERVICE_PRINCIPALS},
    owners,
    ownership::CREATED_BY,
    shown, with_context,
};

const CAST: &str = "/Microsoft.DirectoryServices.ServicePrincipal";

pub(super) fn collection(request: &Request<'_>) -> Result<Answer, Refusal> {
    objects::collection(request, &SERVICE_PRINCIPALS, || create(request, None))
}

/// Another service principal stands for the same application.
pub(super) fn name_in_use(app_id: &str) -> Refusal {
    Refusal::new(
        409,
        "Request_MultipleObjectsWithSameKeyValue",
        format!(
            "The service principal cannot be created, updated, or restored because the service principal name {app_id} \
             is already in use."
        ),
    )
    .with_detail("ObjectConflict", "servicePrincipalNames")
}

pub(super) fn one(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_APPLICATIONS)?;
            request.entity(&SERVICE_PRINCIPAL, "servicePrincipals", find(request)?)
        }
        "PATCH" => match (found(request), request.named_key(1)) {
            (Ok(service_principal), _) => update(request, service_principal),
            (Err(_), Some(("appid", app_id))) if request.create_if_missing => create(request, Some(app_id)),
            (Err(refusal), _) => {
                request.caller.may_create()?;
                Err(refusal)
            }
        },
        "DELETE" => {
            request.query.allow(&[])?;
            request.caller.may_create()?;
            let service_principal = found(request)?;
            request.caller.may_write(service_principal)?;
            Ok(Answer::no_content(objects::soft_delete(request, &SERVICE_PRINCIPALS, service_principal)))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// The service principal that the second segment names, by id or `appId`.
pub(super) fn find<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    let found = match request.named_key(1) {
        Some(("appid", value)) => request.by_id.find(Collection::ServicePrincipals, "appId", value),
        Some(_) => {
            return Err(Refusal::malformed(
                "The key property is not valid for type 'microsoft.graph.servicePrincipal'.",
            ));
        }
        None => request.by_id.get(Collection::ServicePrincipals, &request.segment(1).to_lowercase()),
    };
    found.ok_or_else(|| Refusal::not_found(request.segment(1)))
}

/// The same, as it really is: what a write starts from.
pub(super) fn found<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    request.truth(Collection::ServicePrincipals, find(request)?)
}

fn create(request: &Request<'_>, app_id: Option<&str>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    request.caller.may_create()?;
    let mut sent = request.object()?.clone();
    let bound = sent.remove("owners@odata.bind");
    if let Some(app_id) = app_id {
        if sent.get("appId").is_some_and(|sent| sent != app_id) {
            return Err(invalid("appId", "servicePrincipal"));
        }
        sent.insert("appId".into(), app_id.into());
    }
    SERVICE_PRINCIPAL.check(&sent, true)?;
    let app_id = text(&sent, "appId").to_lowercase();
    if app_id.is_empty() {
        return Err(Refusal::bad_request("A value is required for property 'appId' of resource 'ServicePrincipal'.")
            .with_detail("MissingValue", "appId"));
    }
    let world = request.world;
    let application = request.references.find(Collection::Applications, "appId", &app_id);
    if request.caller.writes_owned_only() && !application.is_some_and(|application| request.caller.owns(application)) {
        return Err(Refusal::new(
            403,
            "Authorization_RequestDenied",
            "When using this permission, the backing application of the service principal being created must in the \
             local tenant",
        ));
    }
    if world.find(Collection::ServicePrincipals, "appId", &app_id).is_some() {
        return Err(name_in_use(&app_id));
    }
    let mut service_principal = match application {
        Some(application) => new_service_principal(application, world.tenant_id(), &clock::seconds(request.now)),
        None => seed::first_party(&app_id).ok_or_else(|| {
            Refusal::bad_request(format!(
                "The appId '{app_id}' of the service principal does not reference a valid application object."
            ))
            .with_detail("NoBackingApplicationObject", "appId")
        })?,
    };
    let keys = keys_after(request, &[], &sent)?;
    sent.insert("keyCredentials".into(), keys);
    sent.insert("appId".into(), app_id.into());
    service_principal = SERVICE_PRINCIPAL.merge(&service_principal, &sent);
    service_principal.insert(OWNERS.into(), owners::bound(request, bound.as_ref())?.into());
    if let Some(creator) = request.caller.service_principal() {
        service_principal.insert(CREATED_BY.into(), creator.into());
    }
    let keys: Vec<&Value> = list(&service_principal, "keyCredentials").iter().collect();
    credential_rules::check(request, Collection::ServicePrincipals, &service_principal, &keys, &[])?;
    let id = text(&service_principal, "id").to_owned();
    let answered = shown(&SERVICE_PRINCIPAL, &service_principal, None, false);
    let body = with_context(&request.context("servicePrincipals/$entity"), answered);
    let location = request.location("directoryObjects", &id, CAST);
    let changes = vec![Change::put(Collection::ServicePrincipals, service_principal)];
    Ok(Answer::created(body, location, changes))
}

fn update(request: &Request<'_>, before: &Document) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    request.caller.may_write(before)?;
    let mut sent = request.object()?.clone();
    // An upsert names the appId in its path and may repeat it.
    if sent.get("appId").is_some_and(|app_id| app_id == text(before, "appId")) {
        sent.remove("appId");
    }
    SERVICE_PRINCIPAL.check(&sent, false)?;
    if sent.contains_key("keyCredentials") {
        credential_rules::check_lock(request, Collection::ServicePrincipals, before, "keyCredentials")?;
        let keys = keys_after(request, list(before, "keyCredentials"), &sent)?;
        sent.insert("keyCredentials".into(), keys);
    }
    let after = SERVICE_PRINCIPAL.merge(before, &sent);
    let keys: Vec<&Value> = credentials_added(list(before, "keyCredentials"), list(&after, "keyCredentials")).collect();
    credential_rules::check(request, Collection::ServicePrincipals, before, &keys, &[])?;
    Ok(Answer::no_content(vec![Change::put(Collection::ServicePrincipals, after)]))
}

/// The service principal that a tenant makes of its own application.
pub(crate) fn new_service_principal(application: &Document, tenant_id: &str, created: &str) -> Document {
    let own = json!({
        "id": identifiers::guid(),
        "accountEnabled": true,
        "appId": application["appId"],
        "appOwnerOrganizationId": tenant_id,
        "createdDateTime": created,
        "servicePrincipalType": "Application",
    });
    let own = own.as_object().cloned().unwrap_or_default();
    mirror(&SERVICE_PRINCIPAL.fill(&own), application)
}

/// The service principal as its application would have it now.
pub(super) fn mirror(service_principal: &Document, application: &Document) -> Document {
    let mut after = service_principal.clone();
    let names: Vec<&str> =
        std::iter::once(text(application, "appId")).chain(texts(application, "identifierUris")).collect();
    let nothing = Value::Null;
    let inside = |outer: &str, inner: &str| {
        application.get(outer).and_then(|outer| outer.get(inner)).unwrap_or(&nothing).clone()
    };
    let mirrored = [
        ("appDisplayName", application["displayName"].clone()),
        ("displayName", application["displayName"].clone()),
        ("appDescription", application["description"].clone()),
        ("homepage", inside("web", "homePageUrl")),
        ("logoutUrl", inside("web", "logoutUrl")),
        ("replyUrls", inside("web", "redirectUris")),
        ("servicePrincipalNames", json!(names)),
        ("signInAudience", application["signInAudience"].clone()),
        ("appRoles", application["appRoles"].clone()),
        ("info", application["info"].clone()),
        ("oauth2PermissionScopes", inside("api", "oauth2PermissionScopes")),
        ("verifiedPublisher", application["verifiedPublisher"].clone()),
    ];
    after.extend(mirrored.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>());
    after
}
