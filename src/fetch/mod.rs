//! The tenant and the key stores as a [`Snapshot`]: reads only, as few as the manifests allow.

mod applications;
mod exchange;
mod inventory;

pub use inventory::inventory;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value as Json;

use jiff::Timestamp;

use crate::catalog::apis::MICROSOFT_GRAPH;
use crate::catalog::{permissions, powers};
use crate::exchange::{AdminEndpoint, ExchangeError};
use crate::graph::{GraphError, Reader, literal, segment};
use crate::identity::{CertificateSignIn, ProofError};
use crate::keys::{KeyStore, StoreError};
use crate::kinds::{CertificateChain, estate_tag, wire};
use crate::model::{
    Desired, DesiredPermission, KeyPolicies, ObservedApi, ObservedApplication, ObservedOwner, ObservedRoleDefinition,
    ObservedServicePrincipal, ObservedTenant, Operator, OwnerReference, PermissionType, Selection, SignIn, Snapshot,
    StoredCertificate, StoredKeys, Thumbprint,
};

pub use applications::deleted;
use applications::{Applications, applications, declared};

/// Requests under way at once.
const AT_ONCE: usize = 8;

const API_FIELDS: &str = "$select=id,appId,displayName,appRoles,oauth2PermissionScopes";

/// Why the tenant or a key store could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("the tenant could not be read")]
    Graph(#[from] GraphError),
    #[error("Exchange's role groups could not be read")]
    Exchange(#[from] ExchangeError),
    #[error("what Graph returned for {what} has not the form it should")]
    Form {
        what: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("the key store of `{handle}/certificate/{certificate}` could not be read")]
    Keys {
        handle: String,
        certificate: String,
        #[source]
        source: StoreError,
    },
}

/// What the planner's world is read from.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    pub reader: &'a Reader,
    /// The places of the declared certificates, by handle and name.
    pub stores: &'a BTreeMap<(String, String), KeyStore>,
    /// Tries certificates that others are to retire for. `None`: nobody signs in, and nothing is proven.
    pub sign_in: Option<&'a CertificateSignIn>,
    /// Who reads.
    pub operator: &'a Operator,
    /// Exchange's admin endpoint in the tenant of an id, for the operator.
    pub admin_endpoint: &'a (dyn Fn(&str) -> AdminEndpoint + Sync),
    /// Of what else than the declared applications is read.
    pub selection: &'a Selection,
}

/// Reads everything the planner looks at.
pub async fn fetch(sources: Sources<'_>, desired: &Desired, now: Timestamp) -> Result<Snapshot, FetchError> {
    let Sources { reader, stores, sign_in, operator, admin_endpoint, selection } = sources;
    let keys = keys(stores).await?;
    let (tenant, found, role_definitions, users, owner_service_principals, key_policies, owned) = tokio::try_join!(
        async { tenant(reader).await.map_err(FetchError::from) },
        applications(reader, desired, selection),
        role_definitions(reader),
        users(reader, desired),
        owner_service_principals(reader, desired),
        key_policies(reader, desired),
        owned(reader, operator),
    )?;
    let Applications { by_handle: mut applications, contested, taken_names, passed_over } = found;
    let missing = desired.applications.keys().any(|handle| !applications.contains_key(handle.as_str()));
    let deleted = if missing { deleted(reader).await? } else { BTreeMap::new() };
    details(reader, desired, &mut applications).await?;
    let endpoint = admin_endpoint(&tenant.id);
    let exchange = Box::pin(exchange::exchange((reader, &endpoint), desired, &mut applications)).await?;
    let sign_ins = sign_ins(stores, sign_in, desired, &applications, &keys, now).await;
    let apis = apis(reader, desired, &applications).await?;
    let user_roles = user_roles(reader, desired, &users).await?;
    let operators = operators(&desired.estate, &applications);
    Ok(Snapshot {
        tenant,
        operator: operator.clone(),
        owned,
        operators,
        reads: reader.reads(),
        applications,
        passed_over,
        contested,
        taken_names,
        deleted,
        apis,
        users,
        owner_service_principals,
        role_definitions,
        user_roles,
        exchange,
        keys,
        sign_ins,
        key_policies,
    })
}

/// Reads of the declared applications what is looked at to prove that they work, which is less than a plan takes: who they are, the
/// permissions and roles that they hold, and what these are called. `waits` says whether a service principal that cannot be read
/// is asked for some more times.
pub async fn found(
    reader: &Reader,
    admin_endpoint: &(dyn Fn(&str) -> AdminEndpoint + Sync),
    desired: &Desired,
    waits: bool,
) -> Result<Snapshot, FetchError> {
    let (tenant, mut applications) =
        tokio::try_join!(async { tenant(reader).await.map_err(FetchError::from) }, declared(reader, desired))?;
    let objects = applications.values().map(|application| principal_of(&application.app_id));
    let objects = if waits {
        reader.find_all_expected(objects.collect()).await?
    } else {
        reader.find_all(objects.collect()).await?
    };
    holdings(reader, with_principals(&mut applications, objects)?).await?;
    let apis = apis(reader, desired, &applications).await?;
    let has_roles =
        desired.applications.values().any(|application| application.roles.iter().flatten().next().is_some());
    let role_definitions = if has_roles { role_definitions(reader).await? } else { Vec::new() };
    let exchange = exchange::exchange((reader, &admin_endpoint(&tenant.id)), desired, &mut applications).await?;
    Ok(Snapshot { tenant, applications, apis, role_definitions, exchange, ..Snapshot::default() })
}

fn form(what: impl Into<String>) -> impl FnOnce(serde_json::Error) -> FetchError {
    let what = what.into();
    |source| FetchError::Form { what, source }
}

async fn keys(
    stores: &BTreeMap<(String, String), KeyStore>,
) -> Result<BTreeMap<(String, String), StoredKeys>, FetchError> {
    stream::iter(stores)
        .map(|(key, store)| async move {
            let listed = store.list().await;
            let (handle, certificate) = key.clone();
            let kept = listed.map_err(|source| FetchError::Keys { handle, certificate, source })?;
            Ok((key.clone(), kept))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

/// Signs in with each certificate that others wait for to retire. That it does not succeed is an answer too.
async fn sign_ins(
    stores: &BTreeMap<(String, String), KeyStore>,
    sign_in: Option<&CertificateSignIn>,
    desired: &Desired,
    applications: &BTreeMap<String, ObservedApplication>,
    keys: &BTreeMap<(String, String), StoredKeys>,
    now: Timestamp,
) -> BTreeMap<String, BTreeMap<Thumbprint, SignIn>> {
    let none = BTreeMap::new();
    let mut waited_for: Vec<(&str, &str, &KeyStore, StoredCertificate)> = Vec::new();
    for (key, kept) in keys {
        let Some(application) = applications.get(&key.0) else { continue };
        let Some(declared) = desired.applications.get(key.0.as_str()) else { continue };
        let certificate = declared.certificates.as_ref().and_then(|certificates| certificates.get(&key.1));
        let (Some(certificate), Some(store)) = (certificate, stores.get(key)) else { continue };
        let credentials = &application.key_credentials;
        let chain = CertificateChain::new(certificate, &declared.expiry, kept, credentials, &none, now);
        let is_enabled = application.service_principal.as_ref().is_some_and(|found| found.account_enabled);
        if let Some(stored) = chain.waited_for(credentials, declared.foreign_credentials).filter(|_| is_enabled) {
            waited_for.push((&key.0, &application.app_id, store, stored.clone()));
        }
    }
    let outcomes: Vec<(String, Thumbprint, SignIn)> = stream::iter(waited_for)
        .map(|(handle, app_id, store, stored)| async move {
            let outcome = match sign_in {
                None => SignIn::Refused("it was not tried, because this run signs in with no certificate".to_owned()),
                Some(sign_in) => match sign_in.prove(app_id, store, &stored).await {
                    Ok(_) => SignIn::Accepted,
                    Err(ProofError::SignIn(error)) => SignIn::Refused(error.in_brief()),
                    Err(ProofError::Key(error)) => SignIn::Refused(in_one_line(&error)),
                },
            };
            (handle.to_owned(), stored.thumbprint, outcome)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut sign_ins: BTreeMap<String, BTreeMap<Thumbprint, SignIn>> = BTreeMap::new();
    for (handle, thumbprint, outcome) in outcomes {
        sign_ins.entry(handle).or_default().insert(thumbprint, outcome);
    }
    sign_ins
}

/// An error with its causes.
pub(crate) fn in_one_line(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The tenant's id and names.
pub async fn tenant(reader: &Reader) -> Result<ObservedTenant, GraphError> {
    let organizations = reader.list("/organization?$select=id,displayName,verifiedDomains").await?;
    let organization = organizations.first().unwrap_or(&Json::Null);
    let domains = organization["verifiedDomains"].as_array();
    let initial = domains.into_iter().flatten().find(|domain| domain["isInitial"] == true);
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    Ok(ObservedTenant {
        id: text(&organization["id"]),
        display_name: text(&organization["displayName"]),
        initial_domain: initial.map_or_else(String::new, |domain| text(&domain["name"])),
    })
}

/// The service principals of the estate that may write applications.
fn operators(estate: &str, applications: &BTreeMap<String, ObservedApplication>) -> BTreeSet<String> {
    let writes = ["Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"];
    let ids = writes.map(|name| permissions::find(MICROSOFT_GRAPH, PermissionType::Application, name).map(|it| it.id));
    let may_write = |found: &ObservedServicePrincipal| {
        found.app_role_assignments.iter().any(|consent| ids.contains(&Some(consent.app_role_id.as_str())))
    };
    let of_estate = applications.values().filter(|application| application.tags.contains(&estate_tag(estate)));
    let principals = of_estate.filter_map(|application| application.service_principal.as_ref());
    principals.filter(|found| may_write(found)).map(|found| found.id.clone()).collect()
}

/// Reads what hangs on the applications.
async fn details(
    reader: &Reader,
    desired: &Desired,
    applications: &mut BTreeMap<String, ObservedApplication>,
) -> Result<(), FetchError> {
    let owners = |id: &str| format!("/applications/{id}/owners?$select=id,displayName,userPrincipalName");
    let federated = |id: &str| format!("/applications/{id}/federatedIdentityCredentials");
    let declares_owners = |name: &str| {
        let declared = desired.applications.get(name);
        declared.is_some_and(|declared| declared.owners.is_some())
    };
    let with_owners = applications.iter().filter(|(name, _)| declares_owners(name));
    let lists = with_owners
        .map(|(_, application)| owners(&application.id))
        .chain(applications.values().map(|application| federated(&application.id)));
    let objects = applications.values().map(|application| principal_of(&application.app_id));
    let (mut lists, objects) =
        tokio::try_join!(reader.list_all(lists.collect()), reader.find_all_expected(objects.collect()))?;
    for application in applications.values_mut() {
        let listed = lists.remove(&owners(&application.id)).unwrap_or_default();
        application.owners = listed.iter().filter_map(wire::owner).collect();
        let listed = lists.remove(&federated(&application.id)).unwrap_or_default();
        application.federated_credentials = listed.iter().map(wire::federated_credential).collect();
    }
    holdings(reader, with_principals(applications, objects)?).await
}

/// Where an application's service principal is.
fn principal_of(app_id: &str) -> String {
    format!("/servicePrincipals(appId={})", literal(app_id))
}

/// Gives the applications the service principals that were read for them.
fn with_principals(
    applications: &mut BTreeMap<String, ObservedApplication>,
    mut objects: BTreeMap<String, Option<Json>>,
) -> Result<Vec<&mut ObservedServicePrincipal>, FetchError> {
    let mut principals = Vec::new();
    for application in applications.values_mut() {
        if let Some(json) = objects.remove(&principal_of(&application.app_id)).flatten() {
            let read = wire::service_principal(&json).map_err(form("a service principal"))?;
            principals.push(application.service_principal.insert(read));
        }
    }
    Ok(principals)
}

/// Reads what service principals hold: consents and roles.
async fn holdings(reader: &Reader, principals: Vec<&mut ObservedServicePrincipal>) -> Result<(), FetchError> {
    let consents = |id: &str| format!("/servicePrincipals/{id}/appRoleAssignments");
    let grants = |id: &str| format!("/oauth2PermissionGrants?$filter=clientId eq {}", literal(id));
    let paths = principals.iter().flat_map(|found| [consents(&found.id), grants(&found.id), roles_of(&found.id)]);
    let mut lists = reader.list_all(paths.collect()).await?;
    for found in principals {
        let listed = lists.remove(&consents(&found.id)).unwrap_or_default();
        let read = listed.iter().map(wire::app_role_assignment).collect::<Result<_, _>>();
        found.app_role_assignments = read.map_err(form("an app role assignment"))?;
        let listed = lists.remove(&grants(&found.id)).unwrap_or_default();
        let read = listed.iter().map(wire::permission_grant).collect::<Result<Vec<_>, _>>();
        found.grants = read.map_err(form("a permission grant"))?.into_iter().flatten().collect();
        found.role_assignments = role_assignments(&lists.remove(&roles_of(&found.id)).unwrap_or_default())?;
    }
    Ok(())
}

/// Where the directory roles of a principal are listed.
fn roles_of(principal: &str) -> String {
    format!("/roleManagement/directory/roleAssignments?$filter=principalId eq {}", literal(principal))
}

fn role_assignments(listed: &[Json]) -> Result<Vec<crate::model::ObservedRoleAssignment>, FetchError> {
    listed.iter().map(wire::role_assignment).collect::<Result<_, _>>().map_err(form("a role assignment"))
}

/// The directory roles of the users that roles are declared for, by their ids.
async fn user_roles(
    reader: &Reader,
    desired: &Desired,
    users: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Vec<crate::model::ObservedRoleAssignment>>, FetchError> {
    let holders = desired.user_roles.iter().filter_map(|role| users.get(&role.user.to_lowercase()));
    let holders: BTreeSet<&String> = holders.collect();
    let mut lists = reader.list_all(holders.iter().map(|id| roles_of(id)).collect()).await?;
    let roles_of_each = holders.into_iter().map(|id| {
        let listed = lists.remove(&roles_of(id)).unwrap_or_default();
        Ok((id.clone(), role_assignments(&listed)?))
    });
    roles_of_each.collect()
}

/// The policies that limit certificates, where any is declared. Without the right to read them nothing is known, and all the
/// rest can still be planned.
async fn key_policies(reader: &Reader, desired: &Desired) -> Result<KeyPolicies, FetchError> {
    let mut certificates =
        desired.applications.values().flat_map(|application| application.certificates.iter().flatten());
    if certificates.next().is_none() {
        return Ok(KeyPolicies { is_known: true, ..KeyPolicies::default() });
    }
    let read = |json: &Json| wire::key_policy(json).map_err(form("an app management policy"));
    let default = match reader.get("/policies/defaultAppManagementPolicy").await {
        Err(error) if error.status() == Some(403) => return Ok(KeyPolicies::default()),
        outcome => read(&outcome?)?,
    };
    let mut own = BTreeMap::new();
    for json in reader.list("/policies/appManagementPolicies").await? {
        let (Some(policy), Some(id)) = (read(&json)?, json["id"].as_str()) else { continue };
        let path = format!("/policies/appManagementPolicies/{}/appliesTo?$select=id", segment(id));
        let objects = reader.list(&path).await?;
        own.extend(objects.iter().filter_map(|object| Some((object["id"].as_str()?.to_owned(), policy.clone()))));
    }
    Ok(KeyPolicies { is_known: true, default, own })
}

/// What the operator owns, where it may write nothing else. That this cannot be read leaves it unknown.
async fn owned(reader: &Reader, operator: &Operator) -> Result<Option<BTreeSet<String>>, FetchError> {
    let Some(id) = operator.object_id.as_ref().filter(|_| powers::writes_owned_alone(operator)) else {
        return Ok(None);
    };
    let listed = match reader.list(&format!("/servicePrincipals/{}/ownedObjects?$select=id", segment(id))).await {
        Err(error) if error.status() == Some(403) => return Ok(None),
        outcome => outcome?,
    };
    Ok(Some(listed.iter().filter_map(|object| object["id"].as_str().map(str::to_owned)).collect()))
}

async fn role_definitions(reader: &Reader) -> Result<Vec<ObservedRoleDefinition>, FetchError> {
    let listed = reader.list("/roleManagement/directory/roleDefinitions?$select=id,templateId,displayName").await?;
    listed.iter().map(wire::role_definition).collect::<Result<_, _>>().map_err(form("a role definition"))
}

async fn users(reader: &Reader, desired: &Desired) -> Result<BTreeMap<String, String>, FetchError> {
    let owners = desired.applications.values().flat_map(|application| application.owners.iter().flatten());
    let owners = owners.filter_map(|owner| match &owner.owner {
        OwnerReference::User(name) => Some(name),
        OwnerReference::ServicePrincipal(_) => None,
    });
    let names: BTreeSet<String> =
        owners.chain(desired.user_roles.iter().map(|role| &role.user)).map(|name| name.to_lowercase()).collect();
    let path = |name: &str| format!("/users/{}?$select=id,userPrincipalName", segment(name));
    let found = reader.find_all(names.iter().map(|name| path(name)).collect()).await?;
    let id = |name: &String| Some(found.get(&path(name))?.as_ref()?["id"].as_str()?.to_owned());
    Ok(names.into_iter().filter_map(|name| Some((name.clone(), id(&name)?))).collect())
}

async fn owner_service_principals(
    reader: &Reader,
    desired: &Desired,
) -> Result<BTreeMap<String, Vec<ObservedOwner>>, FetchError> {
    let owners = desired.applications.values().flat_map(|application| application.owners.iter().flatten());
    let names: BTreeSet<String> = owners
        .filter_map(|owner| match &owner.owner {
            OwnerReference::User(_) => None,
            OwnerReference::ServicePrincipal(name) => Some(name.clone()),
        })
        .collect();
    let path = |name: &str| {
        let property = if is_guid(name) { "appId" } else { "displayName" };
        format!("/servicePrincipals?$filter={property} eq {}&$select=id,displayName", literal(name))
    };
    let mut lists = reader.list_all(names.iter().map(|name| path(name)).collect()).await?;
    let of = |name: String| {
        let listed = lists.remove(&path(&name)).unwrap_or_default();
        (name, listed.iter().filter_map(wire::owner).collect())
    };
    Ok(names.into_iter().map(of).collect())
}

/// The APIs that permissions are declared of, and those that applications hold permissions of.
async fn apis(
    reader: &Reader,
    desired: &Desired,
    applications: &BTreeMap<String, ObservedApplication>,
) -> Result<Vec<ObservedApi>, FetchError> {
    let declared: Vec<&DesiredPermission> =
        desired.applications.values().flat_map(|application| application.permissions.iter().flatten()).collect();
    let by_name = declared.iter().filter(|permission| permission.api_id.is_none()).map(|permission| {
        format!("/servicePrincipals?$filter=displayName eq {}&{API_FIELDS}", literal(&permission.api))
    });
    let held = applications.values().flat_map(|application| &application.required_resource_access);
    let app_ids = declared.iter().filter_map(|permission| permission.api_id.as_ref());
    let app_ids = app_ids.chain(held.map(|permission| &permission.api_id));
    let by_app_id = app_ids.map(|id| format!("/servicePrincipals?$filter=appId eq {}&{API_FIELDS}", literal(id)));
    let mut apis = read_apis(reader, by_name.chain(by_app_id).collect()).await?;
    let known: BTreeSet<&str> = apis.iter().map(|api| api.id.as_str()).collect();
    let service_principals = applications.values().filter_map(|application| application.service_principal.as_ref());
    let granted = service_principals.flat_map(|service_principal| {
        let consents = service_principal.app_role_assignments.iter().map(|consent| &consent.resource_id);
        consents.chain(service_principal.grants.iter().map(|grant| &grant.resource_id))
    });
    let unknown = granted.filter(|id| !known.contains(id.as_str()));
    let by_id: BTreeSet<String> =
        unknown.map(|id| format!("/servicePrincipals/{}?{API_FIELDS}", segment(id))).collect();
    let others = read_apis(reader, by_id).await?;
    apis.extend(others);
    apis.sort_by(|one, other| (&one.display_name, &one.id).cmp(&(&other.display_name, &other.id)));
    apis.dedup_by(|one, other| one.id == other.id);
    Ok(apis)
}

async fn read_apis(reader: &Reader, paths: BTreeSet<String>) -> Result<Vec<ObservedApi>, FetchError> {
    let found: Vec<Vec<Json>> = stream::iter(paths)
        .map(|path| async move {
            if path.contains("$filter") {
                reader.list(&path).await
            } else {
                Ok(reader.find(&path).await?.into_iter().collect())
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    found.iter().flatten().map(wire::api).collect::<Result<_, _>>().map_err(form("an API's service principal"))
}

fn is_guid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}
