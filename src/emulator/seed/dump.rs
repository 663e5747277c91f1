//! The whole tenant as a seed file.

use serde_json::{Map, Value, json};

use super::super::world::{Collection, Document, OWNERS, World};

/// Members that a seed file knows by a name of their own.
pub(crate) const RENAMED: [(&str, &str); 2] =
    [(OWNERS, "owners"), ("~federatedIdentityCredentials", "federatedIdentityCredentials")];

/// Every object as a seed file tells it; what is secret only with `secrets`.
pub(crate) fn dump(world: &World, secrets: bool) -> Value {
    let mut dump = Map::new();
    for collection in Collection::ALL {
        let documents: Vec<Value> =
            world.all(collection).map(|document| Value::Object(told(collection, document, secrets))).collect();
        if !documents.is_empty() {
            dump.insert(collection.name().to_owned(), documents.into());
        }
    }
    Value::Object(dump)
}

fn told(collection: Collection, document: &Document, secrets: bool) -> Document {
    let keeps_secrets = matches!(
        collection,
        Collection::Tenant | Collection::VaultCertificates | Collection::VaultKeys | Collection::VaultSecrets
    );
    let mut told = Document::new();
    for (name, value) in document {
        let renamed = RENAMED.iter().find(|(own, _)| own == name);
        let open = renamed.is_some() || ["~domain", "~kind"].contains(&name.as_str());
        if let Some((_, shown)) = renamed {
            told.insert((*shown).to_owned(), value.clone());
        } else if secrets || open {
            told.insert(name.clone(), value.clone());
        } else if name == "~operator" {
            told.insert(name.clone(), json!({ "clientId": value["clientId"] }));
        } else if !(keeps_secrets && (name.starts_with('~') || name == "value")) {
            told.insert(name.clone(), value.clone());
        }
    }
    if !secrets && let Some(Value::Array(passwords)) = told.get_mut("passwordCredentials") {
        for password in passwords {
            password["secretText"] = Value::Null;
        }
    }
    told
}
