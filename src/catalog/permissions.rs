//! The permissions that APIs offer: app roles and OAuth2 scopes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::model::PermissionType;

use super::{apis, nearest, rows};

/// One permission. Its id is unique within an API and a type only: some GUIDs mean two things on two APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    pub api_id: &'static str,
    pub permission_type: PermissionType,
    pub value: &'static str,
    pub id: &'static str,
}

type Key = (String, PermissionType);

/// By API and type, and within these by value in lower case.
static PERMISSIONS: LazyLock<BTreeMap<Key, BTreeMap<String, Permission>>> = LazyLock::new(|| {
    let mut table: BTreeMap<Key, BTreeMap<String, Permission>> = BTreeMap::new();
    for row in rows(include_str!("../facts/permissions.tsv")) {
        let [api_id, kind, value, id] = row.as_slice() else { continue };
        let permission_type = if *kind == "Role" { PermissionType::Application } else { PermissionType::Delegated };
        let permission = Permission { api_id, permission_type, value, id };
        table
            .entry(((*api_id).to_owned(), permission_type))
            .or_default()
            .insert(value.to_ascii_lowercase(), permission);
    }
    table
});

fn of(api_id: &str, permission_type: PermissionType) -> Option<&'static BTreeMap<String, Permission>> {
    PERMISSIONS.get(&(api_id.to_ascii_lowercase(), permission_type))
}

/// Whether the table holds every permission of this API, so that an unknown name is certainly wrong.
pub fn is_complete(api_id: &str) -> bool {
    api_id.eq_ignore_ascii_case(apis::MICROSOFT_GRAPH)
}

/// The permission of this value or id; case does not count.
pub fn find(api_id: &str, permission_type: PermissionType, text: &str) -> Option<&'static Permission> {
    let offered = of(api_id, permission_type)?;
    let by_id = || offered.values().find(|permission| permission.id.eq_ignore_ascii_case(text));
    // Only what is as long as a GUID is looked for among the ids, one by one.
    offered.get(&text.to_ascii_lowercase()).or_else(|| (text.len() == 36).then(by_id).flatten())
}

/// The values that `text` was probably meant to be.
pub fn nearest_values(api_id: &str, permission_type: PermissionType, text: &str) -> Vec<&'static str> {
    of(api_id, permission_type)
        .map(|offered| nearest(text, offered.values().map(|permission| permission.value)))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use PermissionType::{Application, Delegated};

    #[test]
    fn finds_by_value_and_id() {
        let permission = find(apis::EXCHANGE_ONLINE, Application, "exchange.manageasapp").unwrap();
        assert_eq!(permission.id, "dc50a0fb-09a3-484d-be87-e023b12c6440");
        assert_eq!(find(apis::EXCHANGE_ONLINE, Application, permission.id), Some(permission));
        assert_eq!(find(apis::EXCHANGE_ONLINE, Delegated, "Exchange.ManageAsApp"), None);
        assert!(find(apis::MICROSOFT_GRAPH, Delegated, "openid").is_some());
    }

    #[test]
    fn leads_the_articles_misspellings_home() {
        for misspelt in ["Exchange.AsManageApp", "Exchange.Manage.AsApp"] {
            let nearest = nearest_values(apis::EXCHANGE_ONLINE, Application, misspelt);
            assert_eq!(nearest.first(), Some(&"Exchange.ManageAsApp"), "{misspelt}");
        }
    }
}
