//! Everything the tenant holds: documents by collection and id, with the few indexes that look-ups need.
//!
//! A request never changes the world itself. It answers with [`Change`]s, which are written to the journal first and
//! applied after, so that memory never knows more than the disk. Members whose name begins with `~` are the
//! emulator's own and never leave it.

pub(crate) mod index;
pub(crate) mod lag;
pub(crate) mod stored;

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    world::index::{Index, values},
    world::lag::{Lag, Replication, Seen},
    world::stored::{Members, Packed, Stored},
};

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

/// How many documents may be open before all are closed. An open application takes about 15 KB.
const MOST_OPEN: usize = 1_000;

/// The kinds of directory objects that others refer to, and where they are kept.
const DIRECTORY_OBJECTS: [(Collection, &str); 6] = [
    (Collection::Users, "user"),
    (Collection::ServicePrincipals, "servicePrincipal"),
    (Collection::Applications, "application"),
    (Collection::Groups, "group"),
    (Collection::AdministrativeUnits, "administrativeUnit"),
    (Collection::DirectoryRoles, "directoryRole"),
];

/// What there was of each object before it was first changed.
type Origin = BTreeMap<(Collection, Arc<str>), Option<Arc<Packed>>>;

/// Every document, as it was at one moment.
pub(crate) type Snapshot = Vec<(Collection, Arc<str>, Arc<Packed>)>;

/// The tenant.
#[derive(Debug, Default)]
pub(crate) struct World {
    collections: BTreeMap<Collection, BTreeMap<Arc<str>, Stored>>,
    index: Index,
    replication: Replication,
    opened: AtomicUsize,
    origin: Option<Origin>,
    latest_change: u64,
}

impl World {
    /// Begins a request: the time, and how far reads are behind.
    pub(crate) fn begin(&mut self, now: Timestamp, lag: Lag, is_order: bool) {
        self.replication.begin(now, lag, is_order);
        self.tidy();
    }

    /// Where the choice of replicas and lags starts.
    pub(crate) fn randomize(&mut self, seed: u64) {
        self.replication.randomize(seed);
    }

    pub(crate) fn apply(&mut self, changes: Vec<Change>) {
        let mut is_late = false;
        for change in changes {
            let (collection, id, document) = match change {
                Change::Put { collection, id, document } => (collection, id, Some(document)),
                Change::Remove { collection, id } => (collection, id, None),
            };
            if let Some(document) = &document {
                let number = document.get(CHANGED).and_then(Value::as_u64).unwrap_or_default();
                self.latest_change = self.latest_change.max(number);
            }
            let objects = self.collections.entry(collection).or_default();
            let (id, before) = match objects.remove_entry(id.as_str()) {
                Some((id, before)) => (id, Some(before)),
                None => (Arc::from(id), None),
            };
            if let Some(before) = &before {
                self.index.remove(collection, &id, before.document(&self.opened));
            }
            if let Some(document) = document {
                self.index.add(collection, &id, &document);
                objects.insert(Arc::clone(&id), Stored::new(&document));
            }
            // The tenant's own document holds keys, which nobody sees late or takes back.
            if collection == Collection::Tenant {
                continue;
            }
            if let Some(origin) = &mut self.origin {
                origin
                    .entry((collection, Arc::clone(&id)))
                    .or_insert_with(|| before.as_ref().map(|before| Arc::clone(before.packed())));
            }
            if self.replication.is_on() {
                self.replication.record(collection, &id, before);
                is_late = true;
            }
        }
        if is_late {
            self.replication.count_write();
        }
    }

    /// Closes everything when much is open.
    pub(crate) fn tidy(&mut self) {
        if self.opened.load(Ordering::Relaxed) > MOST_OPEN {
            for stored in self.collections.values_mut().flat_map(BTreeMap::values_mut) {
                stored.close();
            }
            self.opened.store(0, Ordering::Relaxed);
        }
    }

    /// Remembers this state as the one that `back_to_origin` leads to.
    pub(crate) fn set_origin(&mut self) {
        self.origin = Some(Origin::new());
    }

    /// The changes that undo everything since `set_origin`.
    pub(crate) fn back_to_origin(&self) -> Vec<Change> {
        let changed = self.origin.iter().flatten();
        changed
            .map(|((collection, id), before)| match before {
                Some(before) => Change::Put { collection: *collection, id: id.to_string(), document: before.open() },
                None => Change::Remove { collection: *collection, id: id.to_string() },
            })
            .collect()
    }

    /// Lets every replica see everything.
    pub(crate) fn settle(&mut self) {
        self.replication.forget();
    }

    pub(crate) fn get(&self, collection: Collection, id: &str) -> Option<&Document> {
        Some(self.collections.get(&collection)?.get(id)?.document(&self.opened))
    }

    /// Finds an object by one of its other keys, without regard to case.
    pub(crate) fn find(&self, collection: Collection, key: &'static str, value: &str) -> Option<&Document> {
        self.find_all(collection, key, value).next()
    }

    /// All objects that have this value, or have it in a list, without regard to case, in the order of their ids.
    pub(crate) fn find_all<'a>(
        &'a self,
        collection: Collection,
        key: &'static str,
        value: &str,
    ) -> impl Iterator<Item = &'a Document> + use<'a> {
        let ids = self.index.ids(collection, key, value);
        let indexed = ids.into_iter().flatten().filter_map(move |id| self.get(collection, id));
        let scanned: Vec<&Document> = match ids {
            Some(_) => Vec::new(),
            None => self.matching(collection, &[key], |document| has(document, key, value)).collect(),
        };
        indexed.chain(scanned)
    }

    /// All documents of a collection, in the order of their ids. All of them are opened: a collection that may be large
    /// is better looked through by `matching`.
    pub(crate) fn all(&self, collection: Collection) -> impl Iterator<Item = &Document> {
        self.stored(collection).map(|(_, stored)| stored.document(&self.opened))
    }

    /// The same for a look at some members of each.
    pub(crate) fn listed(&self, collection: Collection) -> impl Iterator<Item = Listed<'_>> {
        self.stored(collection).map(|(id, stored)| Listed::Packed { id, packed: stored.packed() })
    }

    /// The documents of a collection that pass a test of these members, in the order of their ids.
    pub(crate) fn matching(
        &self,
        collection: Collection,
        members: &[&'static str],
        test: impl Fn(&Document) -> bool,
    ) -> impl Iterator<Item = &Document> {
        let members = Members::new(members.to_vec());
        self.stored(collection)
            .filter(move |(_, stored)| test(&stored.packed().part(&members)))
            .map(|(_, stored)| stored.document(&self.opened))
    }

    fn stored(&self, collection: Collection) -> impl Iterator<Item = (&Arc<str>, &Stored)> {
        self.collections.get(&collection).into_iter().flatten()
    }

    /// The highest number that a change of a directory object has; see [`CHANGED`].
    pub(crate) fn latest_change(&self) -> u64 {
        self.latest_change
    }

    pub(crate) fn count(&self, collection: Collection) -> usize {
        self.collections.get(&collection).map_or(0, BTreeMap::len)
    }

    /// A live directory object with its type's short name.
    pub(crate) fn directory_object(&self, id: &str) -> Option<(&'static str, &Document)> {
        DIRECTORY_OBJECTS.into_iter().find_map(|(collection, kind)| Some((kind, self.get(collection, id)?)))
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

    /// Every document, for a snapshot; it shares them with the world.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.collections
            .iter()
            .flat_map(|(collection, objects)| {
                objects.iter().map(|(id, stored)| (*collection, Arc::clone(id), Arc::clone(stored.packed())))
            })
            .collect()
    }
}

/// Whether a member is this text or a list with it, without regard to case.
fn has(document: &Document, key: &str, value: &str) -> bool {
    values(document, key).any(|other| other.to_lowercase() == value.to_lowercase())
}

/// A document as a list goes over it: a packed one is opened only as far as the list looks at it, and not kept open.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Listed<'a> {
    Open(&'a Document),
    Packed { id: &'a str, packed: &'a Packed },
}

impl<'a> From<&'a Document> for Listed<'a> {
    fn from(document: &'a Document) -> Self {
        Self::Open(document)
    }
}

impl<'a> Listed<'a> {
    pub(crate) fn id(&self) -> &'a str {
        match self {
            Self::Open(document) => text(document, "id"),
            Self::Packed { id, .. } => id,
        }
    }

    /// The document, with these members at least.
    pub(crate) fn part(&self, members: &Members) -> Cow<'a, Document> {
        match self {
            Self::Open(document) => Cow::Borrowed(document),
            Self::Packed { packed, .. } => Cow::Owned(packed.part(members)),
        }
    }

    pub(crate) fn whole(&self) -> Cow<'a, Document> {
        match self {
            Self::Open(document) => Cow::Borrowed(document),
            Self::Packed { packed, .. } => Cow::Owned(packed.open()),
        }
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
    reads: Reads,
}

impl<'a> View<'a> {
    pub(crate) fn get(&self, collection: Collection, id: &str) -> Option<&'a Document> {
        Some(self.seen(collection, id)?.document(&self.world.opened))
    }

    /// Finds an object by one of its other keys, without regard to case. A replica may see a deleted object and the one
    /// that took its key over; then the one written last counts, since the order of ids is chance.
    pub(crate) fn find(&self, collection: Collection, key: &'static str, value: &str) -> Option<&'a Document> {
        let newest = |document: &&Document| self.world.replication.newest(collection, text(document, "id"));
        self.find_all(collection, key, value).min_by_key(|document| Reverse(newest(document)))
    }

    /// All objects that have this value, or have it in a list, without regard to case, in the order of their ids.
    pub(crate) fn find_all(
        &self,
        collection: Collection,
        key: &'static str,
        value: &str,
    ) -> impl Iterator<Item = &'a Document> + use<'a> {
        let lagging = self.world.replication.touches(collection);
        let mut late: Vec<&Document> = Vec::new();
        if lagging {
            let truth = self.world.find_all(collection, key, value).map(|document| text(document, "id"));
            let mut ids: Vec<&str> = truth.chain(self.world.replication.late(collection).map(|id| &**id)).collect();
            ids.sort_unstable();
            ids.dedup();
            late.extend(
                ids.into_iter().filter_map(|id| self.get(collection, id)).filter(|document| has(document, key, value)),
            );
        }
        let truth = (!lagging).then(|| self.world.find_all(collection, key, value));
        truth.into_iter().flatten().chain(late)
    }

    /// All documents of a collection, in the order of their ids; all of them are opened.
    pub(crate) fn all(&self, collection: Collection) -> impl Iterator<Item = &'a Document> + use<'a> {
        let opened = &self.world.opened;
        self.stored(collection).map(|(_, stored)| stored.document(opened))
    }

    /// All documents of a collection, in the order of their ids, for a list that opens what it shows.
    pub(crate) fn listed(&self, collection: Collection) -> impl Iterator<Item = Listed<'a>> + use<'a> {
        self.stored(collection).map(|(id, stored)| Listed::Packed { id, packed: stored.packed() })
    }

    /// The documents of a collection that pass a test of these members, in the order of their ids.
    pub(crate) fn matching<T: Fn(&Document) -> bool>(
        &self,
        collection: Collection,
        members: &[&'static str],
        test: T,
    ) -> impl Iterator<Item = &'a Document> + use<'a, T> {
        let members = Members::new(members.to_vec());
        let opened = &self.world.opened;
        self.stored(collection)
            .filter(move |(_, stored)| test(&stored.packed().part(&members)))
            .map(|(_, stored)| stored.document(opened))
    }

    fn stored(&self, collection: Collection) -> impl Iterator<Item = (&'a str, &'a Stored)> + use<'a> {
        let world = self.world;
        let lagging = world.replication.touches(collection);
        let mut late: Vec<(&str, &Stored)> = Vec::new();
        if lagging {
            let stored = world.stored(collection).map(|(id, _)| id);
            let mut ids: Vec<&Arc<str>> = stored.chain(world.replication.late(collection)).collect();
            ids.sort_unstable();
            ids.dedup();
            late.extend(ids.into_iter().filter_map(|id| Some((&**id, self.seen(collection, id)?))));
        }
        let truth = (!lagging).then(|| world.stored(collection).map(|(id, stored)| (&**id, stored)));
        truth.into_iter().flatten().chain(late)
    }

    fn seen(&self, collection: Collection, id: &str) -> Option<&'a Stored> {
        match self.world.replication.seen(self.reads, collection, id) {
            Seen::Truth => self.world.collections.get(&collection)?.get(id),
            Seen::Earlier(stored) => stored,
        }
    }

    /// Whether an object is there; it is not opened.
    pub(crate) fn holds(&self, collection: Collection, id: &str) -> bool {
        self.seen(collection, id).is_some()
    }

    /// Whether a live directory object has this id; it is not opened.
    pub(crate) fn holds_directory_object(&self, id: &str) -> bool {
        DIRECTORY_OBJECTS.iter().any(|(collection, _)| self.holds(*collection, id))
    }

    /// A live directory object, with its type's short name.
    pub(crate) fn directory_object(&self, id: &str) -> Option<(&'static str, &'a Document)> {
        DIRECTORY_OBJECTS.into_iter().find_map(|(collection, kind)| Some((kind, self.get(collection, id)?)))
    }
}
