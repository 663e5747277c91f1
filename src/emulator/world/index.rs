//! Look-ups besides the id, so that no write has to go through all objects of a large tenant.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::super::world::{Collection, Document};

/// Members by which objects are found; every text of a member that is a list counts.
const KEYS: [(Collection, &str); 23] = [
    (Collection::Applications, "appId"),
    (Collection::Applications, "uniqueName"),
    (Collection::Applications, "identifierUris"),
    (Collection::ServicePrincipals, "appId"),
    (Collection::ServicePrincipals, "servicePrincipalNames"),
    (Collection::Users, "userPrincipalName"),
    (Collection::AppRoleAssignments, "principalId"),
    (Collection::AppRoleAssignments, "resourceId"),
    (Collection::Grants, "clientId"),
    (Collection::Grants, "resourceId"),
    (Collection::RoleAssignments, "principalId"),
    (Collection::RoleAssignments, "roleDefinitionId"),
    (Collection::Deleted, "appId"),
    (Collection::Deleted, "uniqueName"),
    (Collection::Deleted, "userPrincipalName"),
    (Collection::RoleAssignments, "~scope"),
    (Collection::Groups, "displayName"),
    (Collection::Groups, "uniqueName"),
    (Collection::Groups, "~members"),
    (Collection::AdministrativeUnits, "~members"),
    (Collection::DirectoryRoles, "roleTemplateId"),
    (Collection::ExchangeServicePrincipals, "AppId"),
    (Collection::ExchangeRoleAssignments, "RoleAssignee"),
];

/// The ids, in their order, by a value in lower case.
type ByValue = BTreeMap<Box<str>, Vec<Arc<str>>>;

/// Ids by collection, member and value.
#[derive(Debug, Default)]
pub(crate) struct Index(BTreeMap<(Collection, &'static str), ByValue>);

/// The texts of a member, be it one or a list of them.
pub(crate) fn values<'a>(document: &'a Document, key: &str) -> impl Iterator<Item = &'a str> {
    let member = document.get(key);
    let list = member.and_then(Value::as_array).into_iter().flatten();
    member.into_iter().chain(list).filter_map(Value::as_str).filter(|value| !value.is_empty())
}

impl Index {
    pub(crate) fn add(&mut self, collection: Collection, id: &Arc<str>, document: &Document) {
        for (of, key) in KEYS.iter().filter(|(of, _)| *of == collection) {
            for value in values(document, key) {
                let ids = self.0.entry((*of, key)).or_default().entry(value.to_lowercase().into()).or_default();
                if let Err(place) = ids.binary_search(id) {
                    ids.insert(place, Arc::clone(id));
                }
            }
        }
    }

    pub(crate) fn remove(&mut self, collection: Collection, id: &Arc<str>, document: &Document) {
        for (of, key) in KEYS.iter().filter(|(of, _)| *of == collection) {
            let Some(by_value) = self.0.get_mut(&(*of, *key)) else { continue };
            for value in values(document, key) {
                let value = value.to_lowercase();
                let Some(ids) = by_value.get_mut(value.as_str()) else { continue };
                if let Ok(place) = ids.binary_search(id) {
                    ids.remove(place);
                }
                if ids.is_empty() {
                    by_value.remove(value.as_str());
                }
            }
        }
    }

    /// The ids of the objects that have this value; none when the member has no index.
    pub(crate) fn ids(&self, collection: Collection, key: &'static str, value: &str) -> Option<&[Arc<str>]> {
        if !KEYS.contains(&(collection, key)) {
            return None;
        }
        let ids = self.0.get(&(collection, key)).and_then(|by_value| by_value.get(value.to_lowercase().as_str()));
        Some(ids.map_or(&[], Vec::as_slice))
    }
}
