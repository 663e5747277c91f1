//! Objects and their versions in a vault: looked up, listed, deleted, recovered, purged, the same way for all three kinds.
//!
//! Each version is one document `vault/name/version`; the newest is the one with the highest `sequence`. A deleted
//! object's versions carry `deletedDate`. Certificates have one more document, `vault/name`, for what belongs to all
//! versions: the policy and the pending operation.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    super::world::{Change, Collection, Document, World, text},
    Request, body,
    refusal::Refusal,
};

/// How long a deleted object can be recovered, in days.
pub(super) const RECOVERABLE_DAYS: i64 = 90;
/// When an object was deleted, in seconds; absent while it lives.
pub(super) const DELETED: &str = "deletedDate";
const PURGED: &str = "scheduledPurgeDate";
const SECONDS_OF_A_DAY: i64 = 86_400;

/// One of the three kinds of object.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) collection: Collection,
    /// `Secret`, as texts and codes name it.
    pub(super) singular: &'static str,
    /// `secrets`, as paths name it.
    pub(super) plural: &'static str,
}

pub(super) const SECRETS: Kind = Kind { collection: Collection::VaultSecrets, singular: "Secret", plural: "secrets" };
pub(super) const KEYS: Kind = Kind { collection: Collection::VaultKeys, singular: "Key", plural: "keys" };
pub(super) const CERTIFICATES: Kind =
    Kind { collection: Collection::VaultCertificates, singular: "Certificate", plural: "certificates" };

/// The address of a document inside its collection; names are compared without regard to case.
pub(super) fn document_id(vault: &str, name: &str, version: Option<&str>) -> String {
    let name = name.to_lowercase();
    match version {
        Some(version) => format!("{vault}/{name}/{version}"),
        None => format!("{vault}/{name}"),
    }
}

/// A new version: 32 digits of hex.
pub(super) fn new_version() -> String {
    super::super::identifiers::guid().replace('-', "")
}

pub(super) fn is_deleted(document: &Document) -> bool {
    document.contains_key(DELETED)
}

fn sequence(document: &Document) -> u64 {
    document.get("sequence").and_then(Value::as_u64).unwrap_or_default()
}

/// All versions of an object, deleted or not, oldest first.
pub(super) fn versions<'a>(world: &'a World, kind: &Kind, vault: &str, name: &str) -> Vec<&'a Document> {
    let mut found: Vec<&Document> = world
        .all(kind.collection)
        .filter(|document| {
            text(document, "vault") == vault
                && text(document, "name").eq_ignore_ascii_case(name)
                && document.contains_key("version")
        })
        .collect();
    found.sort_by_key(|document| sequence(document));
    found
}

/// The newest version of each object of a vault, by name.
pub(super) fn newest<'a>(world: &'a World, kind: &Kind, vault: &str, deleted: bool) -> Vec<&'a Document> {
    let mut by_name: BTreeMap<String, &Document> = BTreeMap::new();
    for document in world.all(kind.collection) {
        if text(document, "vault") != vault || !document.contains_key("version") || is_deleted(document) != deleted {
            continue;
        }
        let newest = by_name.entry(text(document, "name").to_lowercase()).or_insert(document);
        if sequence(document) >= sequence(newest) {
            *newest = document;
        }
    }
    by_name.into_values().collect()
}

impl Request<'_> {
    /// The version that the path names, or the newest.
    pub(super) fn find(&self, kind: &Kind, name: &str, version: Option<&str>) -> Result<&Document, Refusal> {
        let mut living = versions(self.world, kind, self.vault, name);
        living.retain(|document| !is_deleted(document));
        let found = match version {
            None => living.last().copied(),
            Some(version) => {
                living.into_iter().find(|document| text(document, "version").eq_ignore_ascii_case(version))
            }
        };
        found.ok_or_else(|| match version {
            None => Refusal::not_found(kind, name),
            Some(version) => Refusal::not_found(kind, &format!("{name}/{version}")),
        })
    }

    /// The newest version of a deleted object.
    pub(super) fn find_deleted(&self, kind: &Kind, name: &str) -> Result<&Document, Refusal> {
        let newest = versions(self.world, kind, self.vault, name).into_iter().rfind(|document| is_deleted(document));
        newest.ok_or_else(|| Refusal::deleted_not_found(kind, name))
    }

    /// Refuses a new version of a name that cannot have one.
    pub(super) fn check_new(&self, kind: &Kind, name: &str) -> Result<(), Refusal> {
        let fits = (1..=127).contains(&name.len())
            && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-');
        if !fits {
            return Err(Refusal::bad_parameter(format!("The request URI contains an invalid name: {name}")));
        }
        if versions(self.world, kind, self.vault, name).into_iter().any(is_deleted) {
            return Err(Refusal::name_is_deleted(kind, name));
        }
        Ok(())
    }

    /// The members that every version has.
    pub(super) fn new_document(&self, kind: &Kind, name: &str, version: &str) -> Document {
        let newest = versions(self.world, kind, self.vault, name);
        let next = newest.last().map_or(0, |document| sequence(document) + 1);
        // The name is spelled as it was when the object was new.
        let spelled = newest.last().map_or(name, |document| text(document, "name"));
        let mut document = Map::new();
        document.insert("id".into(), document_id(self.vault, name, Some(version)).into());
        document.insert("vault".into(), self.vault.into());
        document.insert("name".into(), spelled.into());
        document.insert("version".into(), version.into());
        document.insert("sequence".into(), next.into());
        document
    }

    /// The address that a client sees, with the version.
    pub(super) fn id(&self, kind: &Kind, document: &Document) -> String {
        format!("{}/{}", self.name_id(kind, document), text(document, "version"))
    }

    /// The address that a client sees, without the version.
    pub(super) fn name_id(&self, kind: &Kind, document: &Document) -> String {
        format!("{}/{}/{}", self.origin, kind.plural, text(document, "name"))
    }

    /// The attributes of a new version.
    pub(super) fn new_attributes(&self, sent: Option<&Value>) -> Result<Map<String, Value>, Refusal> {
        let now = self.now.as_second();
        let mut attributes = Map::new();
        attributes.insert("enabled".into(), true.into());
        body::read_attributes(sent, &mut attributes)?;
        attributes.insert("created".into(), now.into());
        attributes.insert("updated".into(), now.into());
        Ok(attributes)
    }

    /// A version with changed attributes and tags, as all three kinds change them.
    pub(super) fn updated(&self, old: &Document, sent: &Map<String, Value>) -> Result<Document, Refusal> {
        let mut document = old.clone();
        let mut attributes = old.get("attributes").and_then(Value::as_object).cloned().unwrap_or_default();
        body::read_attributes(sent.get("attributes"), &mut attributes)?;
        attributes.insert("updated".into(), self.now.as_second().into());
        document.insert("attributes".into(), attributes.into());
        if let Some(tags) = body::tags(sent)? {
            document.insert("tags".into(), tags);
        }
        Ok(document)
    }

    /// Every version of an object, marked as deleted.
    pub(super) fn delete(&self, kind: &Kind, name: &str) -> Vec<Change> {
        let now = self.now.as_second();
        self.all_documents(kind, name)
            .filter(|document| !is_deleted(document))
            .map(|document| {
                let mut document = document.clone();
                document.insert(DELETED.into(), now.into());
                document.insert(PURGED.into(), (now + RECOVERABLE_DAYS * SECONDS_OF_A_DAY).into());
                Change::put(kind.collection, document)
            })
            .collect()
    }

    pub(super) fn recover(&self, kind: &Kind, name: &str) -> Vec<Change> {
        self.all_documents(kind, name)
            .map(|document| {
                let mut document = document.clone();
                document.shift_remove(DELETED);
                document.shift_remove(PURGED);
                Change::put(kind.collection, document)
            })
            .collect()
    }

    pub(super) fn purge(&self, kind: &Kind, name: &str) -> Vec<Change> {
        self.all_documents(kind, name).map(|document| Change::remove(kind.collection, text(document, "id"))).collect()
    }

    fn all_documents<'a>(&'a self, kind: &'a Kind, name: &'a str) -> impl Iterator<Item = &'a Document> {
        self.world.all(kind.collection).filter(move |document| {
            text(document, "vault") == self.vault && text(document, "name").eq_ignore_ascii_case(name)
        })
    }

    /// What a deleted object shows besides what it showed while it lived.
    pub(super) fn as_deleted(&self, kind: &Kind, document: &Document, shown: Value) -> Value {
        let recovery = format!("{}/deleted{}/{}", self.origin, kind.plural, text(document, "name"));
        let mut deleted = Map::new();
        deleted.insert("recoveryId".into(), recovery.into());
        // An object that is only now being deleted does not carry its dates yet.
        let at = document.get(DELETED).and_then(Value::as_i64).unwrap_or_else(|| self.now.as_second());
        deleted.insert(DELETED.into(), at.into());
        deleted.insert(PURGED.into(), (at + RECOVERABLE_DAYS * SECONDS_OF_A_DAY).into());
        if let Value::Object(shown) = shown {
            deleted.extend(shown);
        }
        deleted.into()
    }
}

/// The attributes as clients see them.
pub(super) fn shown_attributes(document: &Document) -> Value {
    let stored = document.get("attributes").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut shown = Map::new();
    for name in ["enabled", "nbf", "exp", "created", "updated"] {
        if let Some(value) = stored.get(name).filter(|value| !value.is_null()) {
            shown.insert(name.into(), value.clone());
        }
    }
    shown.insert("recoveryLevel".into(), "Recoverable+Purgeable".into());
    shown.insert("recoverableDays".into(), RECOVERABLE_DAYS.into());
    shown.into()
}

/// Adds a stored member to what is shown, when there is one.
pub(super) fn show(shown: &mut Value, document: &Document, name: &str) {
    if let Some(value) = document.get(name).filter(|value| !value.is_null()) {
        shown[name] = value.clone();
    }
}

pub(super) fn attribute<'a>(document: &'a Document, name: &str) -> &'a Value {
    document.get("attributes").map_or(&Value::Null, |attributes| &attributes[name])
}

pub(super) fn is_enabled(document: &Document) -> bool {
    attribute(document, "enabled") != &json!(false)
}

/// The documents of all vaults whose time to be recovered is over.
pub(super) fn expired(world: &World, now: i64) -> Vec<Change> {
    [&SECRETS, &KEYS, &CERTIFICATES]
        .into_iter()
        .flat_map(|kind| {
            world
                .all(kind.collection)
                .filter(move |document| document.get(PURGED).and_then(Value::as_i64).is_some_and(|at| at <= now))
                .map(|document| Change::remove(kind.collection, text(document, "id")))
        })
        .collect()
}
