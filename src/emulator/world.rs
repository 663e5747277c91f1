//! Everything the tenant holds: documents by collection and id, with the few indexes that look-ups need.
//!
//! A request never changes the world itself. It answers with [`Change`]s, which are written to the journal first and
//! applied after, so that memory never knows more than the disk. Members whose name begins with `~` are the
//! emulator's own and never leave it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One stored object.
pub(crate) type Document = Map<String, Value>;

/// The owners of an application or service principal: ids.
pub(crate) const OWNERS: &str = "~owners";
/// The number of an object's latest change: delta queries tell by it what is new.
pub(crate) const CHANGED: &str = "~changed";
/// What kind of object a deleted one was.
pub(crate) const KIND: &str = "~kind";

/// Where a document is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Collection {
    Tenant,
    Users,
    Applications,
    ServicePrincipals,
    AppRoleAssignments,
    Grants,
    RoleDefinitions,
    RoleAssignments,
    Deleted,
    Groups,
    AdministrativeUnits,
    DirectoryRoles,
    AppManagementPolicies,
    ExchangeServicePrincipals,
    ExchangeRoles,
    ExchangeRoleAssignments,
    ExchangeScopes,
    VaultCertificates,
    VaultKeys,
    VaultSecrets,
}

impl Collection {
    pub(crate) const ALL: [Self; 20] = [
        Self::Tenant,
        Self::Users,
        Self::Applications,
        Self::ServicePrincipals,
        Self::AppRoleAssignments,
        Self::Grants,
        Self::RoleDefinitions,
        Self::RoleAssignments,
        Self::Deleted,
        Self::Groups,
        Self::AdministrativeUnits,
        Self::DirectoryRoles,
        Self::AppManagementPolicies,
        Self::ExchangeServicePrincipals,
        Self::ExchangeRoles,
        Self::ExchangeRoleAssignments,
        Self::ExchangeScopes,
        Self::VaultCertificates,
        Self::VaultKeys,
        Self::VaultSecrets,
    ];

    /// The name under which the control endpoints show it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Users => "users",
            Self::Applications => "applications",
            Self::ServicePrincipals => "servicePrincipals",
            Self::AppRoleAssignments => "appRoleAssignments",
            Self::Grants => "oauth2PermissionGrants",
            Self::RoleDefinitions => "roleDefinitions",
            Self::RoleAssignments => "roleAssignments",
            Self::Deleted => "deletedItems",
            Self::Groups => "groups",
            Self::AdministrativeUnits => "administrativeUnits",
            Self::DirectoryRoles => "directoryRoles",
            Self::AppManagementPolicies => "appManagementPolicies",
            Self::ExchangeServicePrincipals => "exchangeServicePrincipals",
            Self::ExchangeRoles => "exchangeRoles",
            Self::ExchangeRoleAssignments => "exchangeRoleAssignments",
            Self::ExchangeScopes => "exchangeScopes",
            Self::VaultCertificates => "vaultCertificates",
            Self::VaultKeys => "vaultKeys",
            Self::VaultSecrets => "vaultSecrets",
        }
    }
}

/// One step of a change to the world.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Change {
    Put { collection: Collection, id: String, document: Document },
    Remove { collection: Collection, id: String },
}

impl Change {
    /// Puts a document under its own `id`.
    pub(crate) fn put(collection: Collection, document: Document) -> Self {
        Self::Put { collection, id: text(&document, "id").to_owned(), document }
    }

    pub(crate) fn remove(collection: Collection, id: &str) -> Self {
        Self::Remove { collection, id: id.to_owned() }
    }
}

/// The text of a member; empty when it is absent or no text.
pub(crate) fn text<'a>(document: &'a Document, name: &str) -> &'a str {
    document.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The texts of a collection member.
pub(crate) fn texts<'a>(document: &'a Document, name: &str) -> impl Iterator<Item = &'a str> {
    list(document, name).iter().filter_map(Value::as_str)
}

/// The elements of a collection member; none when it is absent.
pub(crate) fn list<'a>(document: &'a Document, name: &str) -> &'a [Value] {
    document.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The tenant.
#[derive(Debug, Default)]
pub(crate) struct World {
    collections: BTreeMap<Collection, BTreeMap<String, Document>>,
    by_key: BTreeMap<(Collection, &'static str, String), String>,
    latest_change: u64,
}

/// Properties that identify an object besides its id.
const KEYS: [(Collection, &str); 6] = [
    (Collection::Applications, "appId"),
    (Collection::Applications, "uniqueName"),
    (Collection::ServicePrincipals, "appId"),
    (Collection::Users, "userPrincipalName"),
    (Collection::Groups, "uniqueName"),
    (Collection::DirectoryRoles, "roleTemplateId"),
];

impl World {
    pub(crate) fn apply(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Put { collection, id, document } => {
                    let number = document.get(CHANGED).and_then(Value::as_u64).unwrap_or_default();
                    self.latest_change = self.latest_change.max(number);
                    self.forget_keys(collection, &id);
                    for (_, key) in KEYS.iter().filter(|(of, _)| *of == collection) {
                        let value = text(&document, key);
                        if !value.is_empty() {
                            self.by_key.insert((collection, key, value.to_lowercase()), id.clone());
                        }
                    }
                    self.collections.entry(collection).or_default().insert(id, document);
                }
                Change::Remove { collection, id } => {
                    self.forget_keys(collection, &id);
                    if let Some(documents) = self.collections.get_mut(&collection) {
                        documents.remove(&id);
                    }
                }
            }
        }
    }

    fn forget_keys(&mut self, collection: Collection, id: &str) {
        for (_, key) in KEYS.iter().filter(|(of, _)| *of == collection) {
            let value = self.get(collection, id).map(|document| text(document, key).to_lowercase()).unwrap_or_default();
            self.by_key.remove(&(collection, key, value));
        }
    }

    pub(crate) fn get(&self, collection: Collection, id: &str) -> Option<&Document> {
        self.collections.get(&collection)?.get(id)
    }

    /// Finds an object by one of its other keys, without regard to case.
    pub(crate) fn find(&self, collection: Collection, key: &'static str, value: &str) -> Option<&Document> {
        let id = self.by_key.get(&(collection, key, value.to_lowercase()))?;
        self.get(collection, id)
    }

    /// All documents of a collection, in the order of their ids.
    pub(crate) fn all(&self, collection: Collection) -> impl Iterator<Item = &Document> {
        self.collections.get(&collection).into_iter().flat_map(BTreeMap::values)
    }

    /// The highest number that a change of a directory object has; see [`CHANGED`].
    pub(crate) fn latest_change(&self) -> u64 {
        self.latest_change
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.collections.values().all(BTreeMap::is_empty)
    }

    /// A live directory object with its type's short name.
    pub(crate) fn directory_object(&self, id: &str) -> Option<(&'static str, &Document)> {
        [
            (Collection::Users, "user"),
            (Collection::ServicePrincipals, "servicePrincipal"),
            (Collection::Applications, "application"),
            (Collection::Groups, "group"),
            (Collection::AdministrativeUnits, "administrativeUnit"),
            (Collection::DirectoryRoles, "directoryRole"),
        ]
        .into_iter()
        .find_map(|(collection, kind)| Some((kind, self.get(collection, id)?)))
    }

    /// The tenant's own document: id, domain, names, keys.
    pub(crate) fn tenant(&self) -> Option<&Document> {
        self.all(Collection::Tenant).next()
    }

    pub(crate) fn tenant_id(&self) -> &str {
        self.tenant().map_or("", |tenant| text(tenant, "id"))
    }

    pub(crate) fn domain(&self) -> &str {
        self.tenant().map_or("", |tenant| text(tenant, "~domain"))
    }

    /// The world as reads of this sort find it.
    pub(crate) fn view(&self, reads: Reads) -> View<'_> {
        View { world: self, reads }
    }

    /// Every document as one change, for a snapshot.
    pub(crate) fn snapshot(&self) -> impl Iterator<Item = Change> + '_ {
        self.collections.iter().flat_map(|(collection, documents)| {
            documents.iter().map(|(id, document)| Change::Put {
                collection: *collection,
                id: id.clone(),
                document: document.clone(),
            })
        })
    }
}

/// Through which part of the service a read goes: each lags behind the truth by a time of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    /// An object that the path names by its id or another key.
    ById,
    /// A list of a collection.
    Lists,
    /// An object that another one is about to refer to.
    References,
    /// The token service.
    Tokens,
}

/// The world as one sort of read finds it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    world: &'a World,
    #[expect(dead_code, reason = "nothing lags yet")]
    reads: Reads,
}

impl<'a> View<'a> {
    pub(crate) fn get(&self, collection: Collection, id: &str) -> Option<&'a Document> {
        self.world.get(collection, id)
    }

    /// Finds an object by one of its other keys, without regard to case.
    pub(crate) fn find(&self, collection: Collection, key: &'static str, value: &str) -> Option<&'a Document> {
        self.world.find(collection, key, value)
    }

    /// All documents of a collection, in the order of their ids.
    pub(crate) fn all(&self, collection: Collection) -> impl Iterator<Item = &'a Document> + use<'a> {
        self.world.all(collection)
    }

    /// A live directory object, with its type's short name.
    pub(crate) fn directory_object(&self, id: &str) -> Option<(&'static str, &'a Document)> {
        self.world.directory_object(id)
    }
}
