//! A tenant by a file: objects as Graph shows them, by collection, completed and checked; all that is wrong is told at
//! once.
//!
//! A file with a `tenant` is the whole tenant, as `GET /_emulator/dump` gives it. One without is added to the usual
//! tenant.

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::{
    Options,
    certificates::Certificate,
    clock,
    credentials::new_password,
    graph::{new_service_principal, new_user},
    identifiers,
    schema::{Access, Kind, Property, Shape},
    seed::dump::RENAMED,
    seed::{self, EXCHANGE_ONLINE, MICROSOFT_GRAPH},
    tables::{APP_ROLE_ASSIGNMENT, APPLICATION, GRANT, ROLE_ASSIGNMENT, ROLE_DEFINITION, SERVICE_PRINCIPAL, USER},
    world::{Change, Collection, Document, KIND, OWNERS, World, list, text},
};

/// Reads the file. `usual` is what a new tenant holds.
pub(crate) fn read(
    text_of_file: &str,
    usual: Vec<Change>,
    now: Timestamp,
    options: &Options,
) -> Result<World, Vec<String>> {
    let file: Value = serde_json::from_str(text_of_file).map_err(|error| vec![error.to_string()])?;
    let Value::Object(file) = file else {
        return Err(vec!["a seed is an object with a list for each collection".to_owned()]);
    };
    let mut problems = Vec::new();
    for (name, value) in &file {
        if !Collection::ALL.iter().any(|collection| collection.name() == name) {
            let names: Vec<&str> = Collection::ALL.iter().map(|collection| collection.name()).collect();
            problems.push(format!("`{name}` is no collection; there are {}", names.join(", ")));
        } else if !value.is_array() {
            problems.push(format!("`{name}` must be a list"));
        }
    }
    let mut seeding = Seeding { world: World::default(), now, whole: file.contains_key("tenant") };
    if !seeding.whole {
        seeding.world.apply(usual);
    }
    for collection in Collection::ALL {
        let elements = file.get(collection.name()).and_then(Value::as_array).into_iter().flatten();
        for (index, element) in elements.enumerate() {
            let place = format!("{}[{index}]", collection.name());
            match element.as_object().ok_or_else(|| "must be an object".to_owned()) {
                Ok(object) => match seeding.complete(collection, object) {
                    Ok(document) => seeding.world.apply(vec![Change::put(collection, document)]),
                    Err(problem) => problems.push(format!("{place}: {problem}")),
                },
                Err(problem) => problems.push(format!("{place}: {problem}")),
            }
            seeding.world.tidy();
        }
    }
    if problems.is_empty() {
        seeding.check_owners(&mut problems);
    }
    if problems.is_empty()
        && let Err(problem) = seeding.settle_tenant(options)
    {
        problems.push(problem);
    }
    if problems.is_empty() { Ok(seeding.world) } else { Err(problems) }
}

/// A tenant that is being made of a file.
pub(super) struct Seeding {
    pub(super) world: World,
    now: Timestamp,
    /// Whether the file tells the whole tenant.
    pub(super) whole: bool,
}

fn guid_or_new(object: &Document, name: &str) -> Result<String, String> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(identifiers::guid()),
        Some(Value::String(id)) if identifiers::is_guid(id) => Ok(id.to_lowercase()),
        Some(other) => Err(format!("`{name}` is {other}; it must be a GUID")),
    }
}

/// Fills in what is missing, null or empty.
pub(super) fn default(document: &mut Document, name: &str, value: impl Into<Value>) {
    if document.get(name).is_none_or(|value| value.is_null() || value == "") {
        document.insert(name.to_owned(), value.into());
    }
}

/// The object without what only the service sets, at every depth: what is left is checked as if a client had sent it.
fn sendable(members: &'static [Property], object: &Document) -> Document {
    let known = |name: &str| members.iter().find(|property| property.name == name);
    let sent = object.iter().filter(|(name, value)| match known(name) {
        Some(property) => property.access != Access::Never && !value.is_null(),
        None => true,
    });
    sent.map(|(name, value)| {
        let value = known(name).map_or_else(|| value.clone(), |property| sendable_value(property.shape, value));
        (name.clone(), value)
    })
    .collect()
}

fn sendable_value(shape: Shape, value: &Value) -> Value {
    match (shape, value) {
        (Shape::Object(members), Value::Object(object)) => Value::Object(sendable(members, object)),
        (Shape::List(element), Value::Array(values)) => {
            values.iter().map(|value| sendable_value(*element, value)).collect()
        }
        (_, value) => value.clone(),
    }
}

impl Seeding {
    /// The whole object, checked.
    fn complete(&self, collection: Collection, given: &Document) -> Result<Document, String> {
        let mut object: Document = given
            .iter()
            .filter(|(name, _)| !name.contains("@odata."))
            .map(|(name, value)| {
                let own = RENAMED.iter().find(|(_, shown)| shown == name).map_or(name.as_str(), |(own, _)| own);
                (own.to_owned(), value.clone())
            })
            .collect();
        let kind = match collection {
            Collection::Users => Some(&USER),
            Collection::Applications => Some(&APPLICATION),
            Collection::ServicePrincipals => Some(&SERVICE_PRINCIPAL),
            Collection::AppRoleAssignments => Some(&APP_ROLE_ASSIGNMENT),
            Collection::Grants => Some(&GRANT),
            Collection::RoleDefinitions => Some(&ROLE_DEFINITION),
            Collection::RoleAssignments => Some(&ROLE_ASSIGNMENT),
            Collection::Deleted => match text(&object, KIND) {
                "application" => Some(&APPLICATION),
                "servicePrincipal" => Some(&SERVICE_PRINCIPAL),
                "user" => Some(&USER),
                _ => None,
            },
            _ => None,
        };
        let internal: Vec<(String, Value)> = object
            .iter()
            .filter(|(name, _)| name.starts_with('~'))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        object.retain(|name, _| !name.starts_with('~'));
        let mut document = if let Some(kind) = kind {
            self.of_kind(collection, kind, object)?
        } else {
            if collection == Collection::Tenant && self.world.tenant().is_some() {
                return Err("there is one tenant".to_owned());
            }
            if text(&object, "id").is_empty() {
                object.insert("id".into(), identifiers::guid().into());
            }
            object
        };
        document.extend(internal);
        if let Some(owners) = document.get(OWNERS).cloned() {
            document.insert(OWNERS.into(), self.owners(&owners)?);
        }
        if collection != Collection::ServicePrincipals && self.world.get(collection, text(&document, "id")).is_some() {
            return Err(format!("the id `{}` is there already", text(&document, "id")));
        }
        Ok(document)
    }

    fn of_kind(&self, collection: Collection, kind: &'static Kind, object: Document) -> Result<Document, String> {
        // References may be told by names, which the check does not know; they are resolved first.
        let object = match collection {
            Collection::AppRoleAssignments => self.app_role_assignment(object)?,
            Collection::Grants => self.grant(object)?,
            Collection::RoleAssignments => self.role_assignment(object)?,
            _ => object,
        };
        kind.check(&sendable(kind.properties, &object), true).map_err(|refusal| refusal.message)?;
        let created = clock::seconds(self.now);
        let mut document = match collection {
            Collection::Applications => self.application(&object)?,
            Collection::ServicePrincipals => self.service_principal(&object)?,
            Collection::Users => {
                let id = guid_or_new(&object, "id")?;
                let given = text(&object, "createdDateTime");
                let mut user = new_user(&object, if given.is_empty() { &created } else { given });
                user.insert("id".into(), id.into());
                default(&mut user, "accountEnabled", true);
                let name = text(&user, "userPrincipalName").to_owned();
                if !name.contains('@') {
                    return Err("a user needs a `userPrincipalName` such as adele@contoso.com".to_owned());
                }
                self.is_free(Collection::Users, "userPrincipalName", &name)?;
                user
            }
            _ => {
                let mut document = kind.fill(&object);
                default(&mut document, "id", identifiers::guid());
                document
            }
        };
        self.credentials(&mut document)?;
        if document.contains_key("createdDateTime") && collection != Collection::ServicePrincipals {
            default(&mut document, "createdDateTime", created);
        }
        Ok(document)
    }

    fn is_free(&self, collection: Collection, key: &'static str, value: &str) -> Result<(), String> {
        match self.world.find(collection, key, value) {
            Some(_) if !value.is_empty() => Err(format!("the `{key}` `{value}` is there already")),
            _ => Ok(()),
        }
    }

    fn application(&self, object: &Document) -> Result<Document, String> {
        let (id, app_id) = (guid_or_new(object, "id")?, guid_or_new(object, "appId")?);
        let mut application = APPLICATION.fill(object);
        if text(&application, "displayName").is_empty() {
            return Err("an application needs a `displayName`".to_owned());
        }
        self.is_free(Collection::Applications, "appId", &app_id)?;
        self.is_free(Collection::Applications, "uniqueName", text(&application, "uniqueName"))?;
        application.insert("id".into(), id.into());
        application.insert("appId".into(), app_id.into());
        default(&mut application, "publisherDomain", self.world.domain());
        default(&mut application, "signInAudience", "AzureADMyOrg");
        if !object.contains_key("parentalControlSettings") {
            let settings = json!({ "countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow" });
            application.insert("parentalControlSettings".into(), settings);
        }
        Ok(application)
    }

    fn service_principal(&self, object: &Document) -> Result<Document, String> {
        let app_id = text(object, "appId").to_lowercase();
        if self.whole {
            let mut principal = SERVICE_PRINCIPAL.fill(object);
            principal.insert("id".into(), guid_or_new(object, "id")?.into());
            return Ok(principal);
        }
        let there = self.world.find(Collection::ServicePrincipals, "appId", &app_id);
        let base = match (there, self.world.find(Collection::Applications, "appId", &app_id)) {
            (Some(there), _) => there.clone(),
            (None, Some(application)) => {
                new_service_principal(application, self.world.tenant_id(), &clock::seconds(self.now))
            }
            (None, None) => seed::first_party(&app_id).ok_or_else(|| {
                format!("no application has the `appId` `{app_id}`, and no API of Microsoft's either")
            })?,
        };
        let mut principal = SERVICE_PRINCIPAL.merge(&base, object);
        let id = match (there, object.get("id")) {
            (Some(there), None) => text(there, "id").to_owned(),
            (Some(there), Some(id)) if id != text(there, "id") => {
                return Err(format!("the `appId` `{app_id}` has a service principal already, with another id"));
            }
            _ => guid_or_new(object, "id")?,
        };
        principal.insert("id".into(), id.into());
        Ok(principal)
    }

    /// Certificates are read; what follows from them is filled in. Those that have expired are taken too.
    fn credentials(&self, document: &mut Document) -> Result<(), String> {
        for (index, key) in list(document, "keyCredentials").to_vec().iter().enumerate() {
            let Some(certificate) = key["key"].as_str().and_then(Certificate::from_base64) else {
                return Err(format!("`keyCredentials[{index}].key` must be a certificate in base64"));
            };
            let mut key = key.as_object().cloned().unwrap_or_default();
            key.insert("key".into(), BASE64_STANDARD.encode(&certificate.der).into());
            default(&mut key, "customKeyIdentifier", certificate.thumbprint());
            default(&mut key, "displayName", certificate.subject.clone());
            default(&mut key, "startDateTime", clock::ticks(certificate.not_before));
            default(&mut key, "endDateTime", clock::ticks(certificate.not_after));
            default(&mut key, "keyId", identifiers::guid());
            default(&mut key, "type", "AsymmetricX509Cert");
            default(&mut key, "usage", "Verify");
            document["keyCredentials"][index] = Value::Object(key);
        }
        for (index, password) in list(document, "passwordCredentials").to_vec().iter().enumerate() {
            let mut password = password.as_object().cloned().unwrap_or_default();
            let made = new_password(&Map::new(), self.now).unwrap_or_default();
            if let Some(secret) = password.get("secretText").and_then(Value::as_str) {
                let hint: String = secret.chars().take(3).collect();
                default(&mut password, "hint", hint);
            }
            for name in ["keyId", "startDateTime", "endDateTime"] {
                default(&mut password, name, made[name].clone());
            }
            document["passwordCredentials"][index] = Value::Object(password);
        }
        Ok(())
    }

    /// A tenant that came without its operator's secret gets a new one.
    fn settle_tenant(&mut self, options: &Options) -> Result<(), String> {
        let mut tenant = self.world.tenant().cloned().unwrap_or_default();
        let id = text(&tenant, "id").to_owned();
        if !identifiers::is_guid(&id) {
            return Err("`tenant[0].id` must be a GUID".to_owned());
        }
        if options.tenant_id.as_ref().is_some_and(|asked| !asked.eq_ignore_ascii_case(&id)) {
            return Err(format!("the file is of the tenant {id}, not of the one asked for"));
        }
        default(&mut tenant, "~domain", options.domain.clone());
        let domain = text(&tenant, "~domain").to_owned();
        let told = tenant.get("~operator").cloned().unwrap_or_default();
        if options.operator.is_none() && told["clientSecret"].is_string() {
            return Ok(());
        }
        let mut changes = Vec::new();
        let client_id = options.operator.as_ref().map(|operator| operator.client_id.to_lowercase());
        let client_id = client_id.or_else(|| told["clientId"].as_str().map(str::to_owned));
        let there = client_id.as_ref().and_then(|id| self.world.find(Collection::Applications, "appId", id));
        let (client_id, client_secret) = match (there, &options.operator) {
            // The usual tenant has been made with the operator asked for.
            (_, Some(operator)) if !self.whole => (operator.client_id.to_lowercase(), operator.client_secret.clone()),
            (Some(application), fixed) => {
                let mut application = application.clone();
                let mut password = new_password(&Map::new(), self.now).map_err(|refusal| refusal.message)?;
                if let Some(fixed) = fixed {
                    password["secretText"] = fixed.client_secret.clone().into();
                }
                password["endDateTime"] = "2299-12-31T00:00:00Z".into();
                let secret = password["secretText"].as_str().unwrap_or_default().to_owned();
                let mut passwords = list(&application, "passwordCredentials").to_vec();
                passwords.push(password);
                application.insert("passwordCredentials".into(), passwords.into());
                let client_id = text(&application, "appId").to_owned();
                changes.push(Change::put(Collection::Applications, application));
                (client_id, secret)
            }
            (None, fixed) => {
                let api = |app_id: &str| self.world.find(Collection::ServicePrincipals, "appId", app_id).cloned();
                let graph = api(MICROSOFT_GRAPH).ok_or("the tenant has no service principal of Microsoft Graph")?;
                let apis: Vec<_> = [Some(graph), api(EXCHANGE_ONLINE)].into_iter().flatten().collect();
                seed::operator(&id, &domain, self.now, &apis, fixed.as_ref(), &mut changes)
            }
        };
        tenant.insert("~operator".into(), json!({ "clientId": client_id, "clientSecret": client_secret }));
        changes.push(Change::put(Collection::Tenant, tenant));
        self.world.apply(changes);
        Ok(())
    }
}
