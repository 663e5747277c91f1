//! What is read of Exchange's own roles: nothing where no manifest declares any, and the admin endpoint only where role groups are
//! declared.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value as Json, json};

use crate::exchange::{AdminEndpoint, ExchangeError};
use crate::graph::{Reader, literal, segment};
use crate::kinds::wire;
use crate::model::{
    Desired, DesiredApplication, ExchangeScope, Named, ObservedApplication, ObservedExchange,
    ObservedExchangeServicePrincipal, ObservedOrganization, ObservedRoleGroup,
};

use super::{FetchError, form, is_guid};

/// Cmdlets under way at once: a tenant has few at a time.
const CMDLETS_AT_ONCE: usize = 4;

/// Reads Exchange's own roles, and into the applications which of them they hold.
pub(super) async fn exchange(
    reader: &Reader,
    desired: &Desired,
    applications: &mut BTreeMap<String, ObservedApplication>,
) -> Result<ObservedExchange, FetchError> {
    let has_roles = |declared: &DesiredApplication| declared.exchange.roles.is_some();
    if !desired.applications.values().any(has_roles) {
        return Ok(ObservedExchange::default());
    }
    let managed =
        applications.iter_mut().filter(|(handle, _)| desired.applications.get(handle.as_str()).is_some_and(has_roles));
    let principals = managed.filter_map(|(_, application)| application.service_principal.as_mut()).collect();
    let (role_definitions, scopes, places, ()) = tokio::try_join!(
        role_definitions(reader),
        scopes(reader),
        places(reader, desired),
        assignments(reader, principals)
    )?;
    Ok(ObservedExchange { role_definitions, scopes, places, organization: None })
}

async fn role_definitions(reader: &Reader) -> Result<Vec<Named>, FetchError> {
    let listed = reader.list("/beta/roleManagement/exchange/roleDefinitions?$select=id,displayName").await?;
    listed.iter().map(wire::named).collect::<Result<_, _>>().map_err(form("an Exchange role"))
}

async fn scopes(reader: &Reader) -> Result<Vec<crate::model::ObservedExchangeScope>, FetchError> {
    let listed = reader.list("/beta/roleManagement/exchange/customAppScopes").await?;
    listed.iter().map(wire::exchange_scope).collect::<Result<_, _>>().map_err(form("a scope of Exchange's roles"))
}

/// Which roles of Exchange's own these hold.
async fn assignments(
    reader: &Reader,
    principals: Vec<&mut crate::model::ObservedServicePrincipal>,
) -> Result<(), FetchError> {
    let paths = principals.iter().map(|found| wire::exchange_role_assignments_of(&found.id)).collect();
    let mut lists = reader.list_all(paths).await?;
    for found in principals {
        let listed = lists.remove(&wire::exchange_role_assignments_of(&found.id)).unwrap_or_default();
        // Of others nothing is to be taken away, however the filter was understood.
        let own = listed.iter().filter(|json| wire::is_exchange_role_of(json, &found.id));
        let read = own.map(wire::exchange_role_assignment).collect::<Result<_, _>>();
        found.exchange_role_assignments = read.map_err(form("an assignment of an Exchange role"))?;
    }
    Ok(())
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
pub(super) async fn organization(
    endpoint: &AdminEndpoint,
    desired: &Desired,
) -> Result<Option<ObservedOrganization>, FetchError> {
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
