//! What is read of Exchange's own roles: nothing where no manifest declares any, and the admin endpoint only where role groups are
//! declared. What cannot be read of it is left as it is: nobody's certificate waits for Exchange.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value as Json, json};

use crate::exchange::{AdminEndpoint, ExchangeError};
use crate::graph::{GraphError, Reader, literal, segment};
use crate::kinds::wire;
use crate::model::{
    Desired, DesiredApplication, ExchangeScope, Named, ObservedApplication, ObservedExchange,
    ObservedExchangeRoleAssignment, ObservedExchangeServicePrincipal, ObservedOrganization, ObservedRoleGroup,
    ObservedScope, Unread,
};

use super::{FetchError, form, in_one_line, is_guid};

/// Cmdlets under way at once: a tenant has few at a time.
const CMDLETS_AT_ONCE: usize = 4;

/// Reads Exchange's own roles, and into the applications which of them they hold.
///
/// # Errors
/// Only when the run's time is over.
pub(super) async fn exchange(
    (reader, endpoint): (&Reader, &AdminEndpoint),
    desired: &Desired,
    applications: &mut BTreeMap<String, ObservedApplication>,
) -> Result<ObservedExchange, FetchError> {
    let mut exchange = match roles(reader, desired, applications).await {
        Ok(read) => read,
        Err(error @ FetchError::Graph(GraphError::OutOfTime { .. })) => return Err(error),
        Err(error) => ObservedExchange { roles_unread: Some(roles_unread(&error)), ..ObservedExchange::default() },
    };
    match organization(endpoint, desired).await {
        Ok(read) => exchange.organization = read,
        Err(error @ ExchangeError::OutOfTime { .. }) => return Err(error.into()),
        Err(error) => exchange.role_groups_unread = Some(role_groups_unread(&error)),
    }
    Ok(exchange)
}

fn roles_unread(error: &FetchError) -> Unread {
    let (brief, hint) = match error {
        FetchError::Graph(error) => (error.in_brief(), error.hint()),
        other => (other.to_string(), None),
    };
    let hint = hint.unwrap_or_else(|| "run it again later".to_owned());
    Unread { what: "Exchange's own roles and their scopes", brief, error: in_one_line(error), hint }
}

fn role_groups_unread(error: &ExchangeError) -> Unread {
    let mut hint = error.hint().unwrap_or("run it again later").to_owned();
    if error.denial().is_some() {
        hint += ". `exchange.roleGroups` is managed at Exchange's admin endpoint, for which the operator needs \
                 `Exchange.ManageAsApp` of Office 365 Exchange Online and the role Exchange Administrator or the role group \
                 Organization Management; `exchange.roles` needs neither";
    }
    Unread { what: "Exchange's role groups", brief: error.in_brief(), error: in_one_line(error), hint }
}

/// What Graph says of them.
async fn roles(
    reader: &Reader,
    desired: &Desired,
    applications: &mut BTreeMap<String, ObservedApplication>,
) -> Result<ObservedExchange, FetchError> {
    let has_roles = |declared: &DesiredApplication| declared.exchange.roles.is_some();
    if !desired.applications.values().any(has_roles) {
        return Ok(ObservedExchange::default());
    }
    // What has left the manifests goes, and its roles before it.
    let managed =
        applications.iter_mut().filter(|(handle, _)| desired.applications.get(handle.as_str()).is_none_or(has_roles));
    let principals = managed.filter_map(|(_, application)| application.service_principal.as_mut()).collect();
    // The first refusal says for all of them that the operator has no business here, and says the same each time.
    let role_definitions = role_definitions(reader).await?;
    let (scopes, places, scope_names) =
        tokio::try_join!(scopes(reader), places(reader, desired), assignments(reader, principals))?;
    Ok(ObservedExchange { role_definitions, scopes, places, scope_names, ..ObservedExchange::default() })
}

async fn role_definitions(reader: &Reader) -> Result<Vec<Named>, FetchError> {
    let listed = reader.list("/beta/roleManagement/exchange/roleDefinitions?$select=id,displayName").await?;
    listed.iter().map(wire::named).collect::<Result<_, _>>().map_err(form("an Exchange role"))
}

async fn scopes(reader: &Reader) -> Result<Vec<crate::model::ObservedExchangeScope>, FetchError> {
    let listed = reader.list("/beta/roleManagement/exchange/customAppScopes").await?;
    listed.iter().map(wire::exchange_scope).collect::<Result<_, _>>().map_err(form("a scope of Exchange's roles"))
}

/// Which roles of Exchange's own these hold. Gives the names of what they hold for.
async fn assignments(
    reader: &Reader,
    principals: Vec<&mut crate::model::ObservedServicePrincipal>,
) -> Result<BTreeMap<String, String>, FetchError> {
    let paths: Vec<String> = principals.iter().map(|found| wire::exchange_role_assignments_of(&found.id)).collect();
    let mut lists = match reader.list_all(paths.clone()).await {
        // That they can be filtered by their holder is documented nowhere.
        Err(error) if error.status() == Some(400) => {
            let all = reader.list("/beta/roleManagement/exchange/roleAssignments").await?;
            paths.into_iter().map(|path| (path, all.clone())).collect()
        }
        outcome => outcome?,
    };
    let mut scopes = BTreeSet::new();
    for found in principals {
        let listed = lists.remove(&wire::exchange_role_assignments_of(&found.id)).unwrap_or_default();
        // Of others nothing is to be taken away, however the filter was understood.
        let own = listed.iter().filter(|json| wire::is_exchange_role_of(json, &found.id));
        let read = own.map(wire::exchange_role_assignment).collect::<Result<_, _>>();
        let read: Vec<ObservedExchangeRoleAssignment> = read.map_err(form("an assignment of an Exchange role"))?;
        scopes.extend(read.iter().filter_map(|assignment| match &assignment.scope {
            ObservedScope::Directory(scope) => Some(scope.to_lowercase()),
            ObservedScope::App(_) => None,
        }));
        found.exchange_role_assignments = read;
    }
    scope_names(reader, &scopes).await
}

/// The names of the users, groups and administrative units that directory scopes mean.
async fn scope_names(reader: &Reader, scopes: &BTreeSet<String>) -> Result<BTreeMap<String, String>, FetchError> {
    let path = |scope: &str| {
        let (kind, id) = scope.strip_prefix('/')?.split_once('/')?;
        let collection = match kind {
            "users" | "groups" => format!("/{kind}"),
            "administrativeunits" => "/directory/administrativeUnits".to_owned(),
            _ => return None,
        };
        is_guid(id).then(|| format!("{collection}/{id}?$select=id,displayName"))
    };
    let paths: BTreeMap<&String, String> = scopes.iter().filter_map(|scope| Some((scope, path(scope)?))).collect();
    let found = reader.find_all(paths.values().cloned().collect()).await?;
    let name = |path: &String| Some(wire::named(found.get(path)?.as_ref()?).ok()?.name);
    Ok(paths.into_iter().filter_map(|(scope, path)| Some((scope.clone(), name(&path)?))).collect())
}

/// The users, groups and administrative units that scopes name.
async fn places(reader: &Reader, desired: &Desired) -> Result<BTreeMap<ExchangeScope, Vec<Named>>, FetchError> {
    let roles = desired.applications.values().flat_map(|application| application.exchange.roles.iter().flatten());
    let scopes: BTreeSet<&ExchangeScope> = roles.map(|role| &role.scope).collect();
    let path = |scope: &ExchangeScope| {
        let by_name = |collection: &str, name: &str| {
            if is_guid(name) {
                format!("{collection}/{}?$select=id,displayName", segment(name))
            } else {
                format!("{collection}?$filter=displayName eq {}&$select=id,displayName", literal(name))
            }
        };
        match scope {
            ExchangeScope::Organization | ExchangeScope::RecipientFilter(_) => None,
            ExchangeScope::AdministrativeUnit(name) => Some(by_name("/directory/administrativeUnits", name)),
            ExchangeScope::Group(name) => Some(by_name("/groups", name)),
            ExchangeScope::User(name) => Some(format!("/users/{}?$select=id,displayName", segment(name))),
        }
    };
    let asked = scopes.into_iter().filter_map(|scope| Some((scope.clone(), path(scope)?)));
    stream::iter(asked.collect::<Vec<_>>())
        .map(|(scope, path)| async move {
            let found = reader.all_at(&path).await?;
            let named = found.iter().map(wire::named).collect::<Result<_, _>>();
            Ok((scope, named.map_err(form("what a scope names"))?))
        })
        .buffer_unordered(super::AT_ONCE)
        .try_collect()
        .await
}

/// What the admin endpoint says; `None` where no role group is declared.
async fn organization(
    endpoint: &AdminEndpoint,
    desired: &Desired,
) -> Result<Option<ObservedOrganization>, ExchangeError> {
    let mut declared = desired.applications.values().map(|application| &application.exchange.role_groups);
    if !declared.any(Option::is_some) {
        return Ok(None);
    }
    let nothing = json!({});
    // The first refusal says for all of them that the operator has no business here.
    let cmdlets = endpoint.cmdlets().await?;
    let (configuration, service_principals, groups) = tokio::try_join!(
        endpoint.run("Get-OrganizationConfig", &nothing),
        endpoint.run("Get-ServicePrincipal", &nothing),
        endpoint.run("Get-RoleGroup", &nothing),
    )?;
    let text = |row: &Json, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    // It gives all that there are, also when it is asked for one; who is meant is looked for here.
    let known = service_principals.iter().map(|row| {
        let found = ObservedExchangeServicePrincipal {
            object_id: text(row, "ObjectId").to_lowercase(),
            display_name: text(row, "DisplayName"),
        };
        (text(row, "AppId").to_lowercase(), found)
    });
    let role_groups = stream::iter(groups.iter().map(|row| (text(row, "Name"), is_empty_list(&row["Members"]))))
        .map(|(name, is_empty)| async move {
            let members = if is_empty { Vec::new() } else { members(endpoint, &name).await? };
            Ok::<_, ExchangeError>(ObservedRoleGroup { name, members: in_entra(&members) })
        })
        .buffered(CMDLETS_AT_ONCE)
        .try_collect()
        .await?;
    Ok(Some(ObservedOrganization {
        is_dehydrated: configuration.iter().any(|row| row["IsDehydrated"] == true),
        cmdlets,
        service_principals: known.collect(),
        role_groups,
    }))
}

/// The ids in Entra of a group's members. Groups and contacts of Exchange alone have none.
fn in_entra(members: &[Json]) -> BTreeSet<String> {
    let ids = members.iter().filter_map(|row| row["ExternalDirectoryObjectId"].as_str());
    ids.filter(|id| !id.is_empty()).map(str::to_lowercase).collect()
}

/// Whether a list is there and empty: then nobody has to be asked for its members.
fn is_empty_list(value: &Json) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

async fn members(endpoint: &AdminEndpoint, group: &str) -> Result<Vec<Json>, ExchangeError> {
    endpoint.run("Get-RoleGroupMember", &json!({ "Identity": group })).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_are_nobody_in_entra_are_no_application() {
        let rows = [
            json!({ "ExternalDirectoryObjectId": "" }),
            json!({ "ExternalDirectoryObjectId": null }),
            json!({ "Name": "contact" }),
            json!({ "ExternalDirectoryObjectId": "77777E31-B130-4CC7-819E-B4E912E31C33" }),
        ];
        assert_eq!(in_entra(&rows), BTreeSet::from(["77777e31-b130-4cc7-819e-b4e912e31c33".to_owned()]));
    }
}
