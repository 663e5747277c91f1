//! The writes of an application: one for a new one, as few as can be for a change.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::model::{Action, FieldChange, Fields, Step, Thumbprint, Value};

use super::super::write::{Certificates, KeyCredentialsChange, Look, Request, Write, key_credential};

/// How many owners one create request may carry.
/// <https://learn.microsoft.com/graph/api/application-post-applications>
const OWNERS_AT_ONCE: usize = 20;

pub(super) fn of(step: &Step, certificates: &Certificates) -> Vec<Write> {
    match &step.action {
        Action::Create { after } => create(&step.address.holder, after, certificates),
        Action::Update { id, changes, after: _ } => update(id, changes, certificates),
        Action::Delete { id, before: _ } => vec![Write::Graph(Request::delete(format!("/applications/{id}")))],
        // Only certificates are renewed, and only they are proven.
        Action::Renew { .. } | Action::Prove { .. } => Vec::new(),
    }
}

fn create(handle: &str, after: &Fields, certificates: &Certificates) -> Vec<Write> {
    let mut body = Map::new();
    let mut later = Vec::new();
    for (name, value) in after {
        match name.as_str() {
            // The key of the request's path; Graph refuses it in the body of an upsert.
            "uniqueName" => {}
            "keyCredentials" => {
                let credentials = added(&BTreeSet::new(), value, certificates).into_values().collect();
                body.insert("keyCredentials".to_owned(), Json::Array(credentials));
            }
            "owners" => {
                let owners: Vec<&str> = value.members().filter_map(Value::id).collect();
                let (first, rest) = owners.split_at(owners.len().min(OWNERS_AT_ONCE));
                let first = first.iter().map(|id| json!(format!("{DIRECTORY_OBJECTS}{id}"))).collect();
                body.insert("owners@odata.bind".to_owned(), Json::Array(first));
                later.extend(rest.iter().map(|id| add_owner(&by_unique_name(handle), id)));
            }
            _ => put(&mut body, name, value),
        }
    }
    let path = by_unique_name(handle);
    // Applications of other makers have neither the estate's tag nor the certificate that only we have the key of.
    let key_ids = |credential: &Json| json!({ "keyId": credential["keyId"] });
    let credentials = body.get("keyCredentials").and_then(Json::as_array);
    let key_ids: Vec<Json> = credentials.into_iter().flatten().map(key_ids).collect();
    let tags = body.get("tags").cloned().unwrap_or_else(|| json!([]));
    let mark = json!({ "tags": tags, "keyCredentials": key_ids });
    let look = Look { path: path.clone(), having: json!({ "uniqueName": handle }), mark };
    let create = Request { create_if_missing: true, look: Some(look), ..Request::patch(path, Json::Object(body)) };
    std::iter::once(Write::Graph(create)).chain(later).collect()
}

fn update(id: &str, changes: &[FieldChange], certificates: &Certificates) -> Vec<Write> {
    let path = format!("/applications/{id}");
    let mut body = Map::new();
    let mut writes = Vec::new();
    for FieldChange { path: name, before, after, forces_replacement: _ } in changes {
        match name.as_str() {
            "keyCredentials" => {
                let there: BTreeSet<&Value> = before.members().collect();
                let kept: BTreeSet<&Value> = after.members().collect();
                writes.push(Write::KeyCredentials(KeyCredentialsChange {
                    holder: path.clone(),
                    add: added(&there, after, certificates),
                    may_leave_none: kept.is_empty(),
                    remove: ids(there.difference(&kept)),
                    stay: ids(there.intersection(&kept)),
                }));
            }
            "owners" => {
                let there: BTreeSet<&str> = before.members().filter_map(Value::id).collect();
                let kept: BTreeSet<&str> = after.members().filter_map(Value::id).collect();
                // First the new ones: an application is never without the owner who may be the operator itself.
                writes.extend(kept.difference(&there).map(|owner| add_owner(&path, owner)));
                writes.extend(
                    there
                        .difference(&kept)
                        .map(|owner| Write::Graph(Request::delete(format!("{path}/owners/{owner}/$ref")))),
                );
            }
            _ => put(&mut body, name, after),
        }
    }
    if !body.is_empty() {
        writes.insert(0, Write::Graph(Request::patch(path, Json::Object(body))));
    }
    writes
}

fn ids<'a>(values: impl Iterator<Item = &'a &'a Value>) -> Vec<String> {
    values.filter_map(|value| value.id()).map(str::to_owned).collect()
}

/// Graph takes a reference on any of its hosts' names; the writer puts its own before it.
const DIRECTORY_OBJECTS: &str = "{graph}/directoryObjects/";

fn by_unique_name(handle: &str) -> String {
    format!("/applications(uniqueName='{handle}')")
}

fn add_owner(application: &str, owner: &str) -> Write {
    let body = json!({ "@odata.id": format!("{DIRECTORY_OBJECTS}{owner}") });
    let request = Request::post(format!("{application}/owners/$ref"), body);
    Write::Graph(request.or_look(format!("{application}/owners?$select=id"), json!({ "id": owner })))
}

/// The key credentials of `after` that are not in `there`, as they are sent.
fn added(there: &BTreeSet<&Value>, after: &Value, certificates: &Certificates) -> BTreeMap<Thumbprint, Json> {
    let new = after.members().filter(|value| !there.contains(value));
    let named = new.filter_map(|value| if let Value::Named(named) = value { Some(named) } else { None });
    named.filter_map(|named| Some((Thumbprint::parse(&named.id)?, key_credential(named, certificates)?))).collect()
}

/// Puts one property into a body as Graph wants it, nested where its name has a dot.
fn put(body: &mut Map<String, Json>, name: &str, value: &Value) {
    let sent = match (name, value) {
        ("requiredResourceAccess", value) => required_resource_access(value),
        (_, Value::Null) => Json::Null,
        (_, Value::Set(values)) => values.iter().filter_map(Value::id).map(Json::from).collect(),
        (_, value) => json!(value.id()),
    };
    match name.split_once('.') {
        None => {
            body.insert(name.to_owned(), sent);
        }
        Some((outer, inner)) => {
            let nested = body.entry(outer).or_insert_with(|| json!({}));
            nested[inner] = sent;
        }
    }
}

fn required_resource_access(value: &Value) -> Json {
    let mut apis: Map<String, Json> = Map::new();
    for id in value.members().filter_map(Value::id) {
        let mut parts = id.splitn(3, '/');
        let (Some(api), Some(kind), Some(permission)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let entry = apis.entry(api).or_insert_with(|| json!({ "resourceAppId": api, "resourceAccess": [] }));
        if let Some(list) = entry["resourceAccess"].as_array_mut() {
            list.push(json!({ "id": permission, "type": kind }));
        }
    }
    apis.into_iter().map(|(_, entry)| entry).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use crate::model::{Address, DistinguishedName, KeyAlgorithm, Reason, StoredCertificate};

    use super::*;

    const SHA1: &str = "D3083EC9CF8AEE4BD3428D8C8A6A228CB3383B6E";

    fn step(action: Action) -> Step {
        Step::new(Address::new("exo", "application", ""), action, Reason::Missing)
    }

    fn certificates() -> Certificates {
        let instant = |text: &str| text.parse::<Timestamp>().unwrap();
        let certificate = StoredCertificate {
            thumbprint: Thumbprint::parse(SHA1).unwrap(),
            thumbprint_sha256: Thumbprint::parse(&"0123456789ABCDEF".repeat(4)).unwrap(),
            subject: DistinguishedName("CN=m365info.com".to_owned()),
            dns_names: Vec::new(),
            key: KeyAlgorithm::Rsa2048,
            not_before: instant("2024-02-12T23:04:47Z"),
            not_after: instant("2028-02-12T23:14:47Z"),
            der: b"certificate".to_vec(),
            exports: BTreeSet::new(),
            asked: None,
            follows: BTreeSet::new(),
            private_key: crate::model::KeyAccess::Plain,
        };
        let now = instant("2024-02-12T23:14:47Z");
        Certificates { stored: [(certificate.thumbprint.clone(), certificate)].into(), kept: BTreeMap::new(), now }
    }

    fn fields(pairs: Vec<(&str, Value)>) -> Fields {
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    #[test]
    fn a_new_application_is_one_request_with_all_it_has() {
        let after = fields(vec![
            ("uniqueName", Value::text("exo")),
            ("displayName", Value::text("EXO PowerShell automated")),
            ("description", Value::Null),
            ("web.redirectUris", Value::set([Value::text("http://localhost")])),
            ("keyCredentials", Value::set([Value::named(SHA1, "main")])),
            ("owners", Value::set([Value::named("zoe-id", "zoe")])),
            (
                "requiredResourceAccess",
                Value::set([Value::named("api/Role/one", "a"), Value::named("api/Scope/two", "b")]),
            ),
        ]);
        let writes = of(&step(Action::Create { after }), &certificates());
        let [Write::Graph(request)] = writes.as_slice() else { panic!("{writes:?}") };
        assert_eq!(request.method, "PATCH");
        assert_eq!(request.path, "/applications(uniqueName='exo')");
        assert!(request.create_if_missing);
        assert_eq!(
            request.body,
            Some(json!({
                "description": null,
                "displayName": "EXO PowerShell automated",
                "keyCredentials": [{
                    "keyId": "01234567-89ab-8def-a123-456789abcdef",
                    "displayName": "main",
                    "type": "AsymmetricX509Cert",
                    "usage": "Verify",
                    "startDateTime": "2024-02-12T23:04:47Z",
                    "endDateTime": "2028-02-12T23:14:47Z",
                    "key": "Y2VydGlmaWNhdGU=",
                }],
                "owners@odata.bind": ["{graph}/directoryObjects/zoe-id"],
                "requiredResourceAccess": [{
                    "resourceAppId": "api",
                    "resourceAccess": [{ "id": "one", "type": "Role" }, { "id": "two", "type": "Scope" }],
                }],
                "web": { "redirectUris": ["http://localhost"] },
            }))
        );
    }

    #[test]
    fn owners_beyond_twenty_follow_one_by_one() {
        let owners = Value::set((0..23).map(|index| Value::named(format!("{index:02}"), "owner")));
        let writes = of(&step(Action::Create { after: fields(vec![("owners", owners)]) }), &certificates());
        assert_eq!(writes.len(), 1 + 3);
        let Write::Graph(last) = &writes[3] else { panic!("{writes:?}") };
        assert_eq!(last.body, Some(json!({ "@odata.id": "{graph}/directoryObjects/22" })));
    }

    #[test]
    fn a_change_sends_what_differs_and_adds_owners_before_it_removes_any() {
        let change = |path: &str, before: Value, after: Value| FieldChange {
            path: path.to_owned(),
            before,
            after,
            forces_replacement: false,
        };
        let changes = vec![
            change("displayName", Value::text("a"), Value::text("b")),
            change(
                "keyCredentials",
                Value::set([Value::named("0".repeat(40), "old")]),
                Value::set([Value::named(SHA1, "main")]),
            ),
            change("owners", Value::set([Value::named("gone", "g")]), Value::set([Value::named("new", "n")])),
        ];
        let writes = of(&step(Action::Update { id: "id".to_owned(), changes, after: Fields::new() }), &certificates());
        let shown: Vec<String> = writes
            .iter()
            .map(|write| match write {
                Write::Graph(request) => format!("{} {}", request.method, request.path),
                Write::KeyCredentials(change) => {
                    format!("{} added, {:?} removed", change.add.len(), change.remove.len())
                }
                Write::MakeCertificate
                | Write::ExportCertificate { .. }
                | Write::MakeRequest
                | Write::TakeInCertificate { .. }
                | Write::ProtectKeys
                | Write::CopyKeys
                | Write::SignIn { .. }
                | Write::Cmdlet(_) => panic!("{write:?}"),
            })
            .collect();
        assert_eq!(
            shown,
            [
                "PATCH /applications/id",
                "1 added, 1 removed",
                "POST /applications/id/owners/$ref",
                "DELETE /applications/id/owners/gone/$ref"
            ]
        );
    }
}
