//! The tables against Graph's published schema: names and types, at every depth.
//!
//! The schema is not part of this repository. It is read from `shared/data/graph-schema.json` beside it, or from the
//! file that `ACCREDIT_SCHEMA` names.

use std::{
    collections::BTreeSet,
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::{
    super::schema::{
        Shape::{Binary, Boolean, Guid, Id, Instant, Integer, List, Object, OneOf, Text},
        complex_type,
    },
    *,
};

/// Every kind that is served, by its published type.
const KINDS: &[&Kind] = &[
    &APPLICATION,
    &SERVICE_PRINCIPAL,
    &USER,
    &PASSWORD_CREDENTIAL,
    &FEDERATED_CREDENTIAL,
    &APP_ROLE_ASSIGNMENT,
    &GRANT,
    &ROLE_ASSIGNMENT,
    &ROLE_DEFINITION,
    &ROLE_TEMPLATE,
    &ORGANIZATION,
    &DOMAIN,
    &EXTENSION_PROPERTY,
    &DEFAULT_APP_MANAGEMENT_POLICY,
    &APP_MANAGEMENT_POLICY,
];

/// Kinds that beta alone has so.
const BETA_KINDS: &[&Kind] = &[&GRANT_IN_BETA, &FEDERATED_CREDENTIAL_IN_BETA];

/// Published properties that no table has, and why.
const LEFT_OUT: &[(&str, &str, &[&str])] = &[
    ("application", "a stream with an address of its own", &["logo"]),
    ("servicePrincipal", "needs attribute sets, which are not served", &["customSecurityAttributes"]),
    ("user", "needs attribute sets, which are not served", &["customSecurityAttributes"]),
    (
        "user",
        "kept by SharePoint, not by the directory",
        &[
            "aboutMe",
            "birthday",
            "hireDate",
            "interests",
            "mySite",
            "pastProjects",
            "preferredName",
            "responsibilities",
            "schools",
            "skills",
        ],
    ),
    (
        "user",
        "kept by another service than the directory",
        &["deviceEnrollmentLimit", "mailboxSettings", "print", "signInActivity"],
    ),
    (
        "group",
        "kept by Exchange or Viva Engage, not by the directory",
        &[
            "accessType",
            "infoCatalogs",
            "isArchived",
            "isFavorite",
            "isSubscribedByMail",
            "organizationId",
            "unseenConversationsCount",
            "unseenCount",
            "unseenMessagesCount",
            "welcomeMessageEnabled",
        ],
    ),
    (
        "user",
        "comes with licensing or synchronization, of which there is none",
        &[
            "authorizationInfo",
            "identityParentId",
            "licenseAssignmentStates",
            "onPremisesProvisioningErrors",
            "serviceProvisioningErrors",
        ],
    ),
];

/// What tables have beyond the published properties, and why.
const BEYOND: &[(&str, &str, &[&str])] = &[
    ("servicePrincipal", "in every recorded answer", &["createdDateTime"]),
    ("group", "in every recorded answer", &["creationOptions"]),
    ("group", "in beta, and clients that use beta for groups send it", &["writebackConfiguration"]),
    ("servicePrincipal", "in beta, where Terraform's provider reads it", &["samlMetadataUrl"]),
    ("customSecurityAttributeExemption", "of the one type that is derived from it", &["value"]),
    (
        "unifiedRoleDefinition",
        "a navigation property that every answer shows, with its context",
        &["inheritsPermissionsFrom", "inheritsPermissionsFrom@odata.context"],
    ),
];

fn listed(exceptions: &[(&str, &str, &[&str])], type_name: &str, name: &str) -> bool {
    exceptions.iter().any(|(of, _, names)| *of == type_name && names.contains(&name))
}

#[expect(clippy::disallowed_methods, reason = "where the schema lies is up to the machine")]
fn schema() -> Option<Value> {
    let file = env::var_os("ACCREDIT_SCHEMA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/graph-schema.json"), PathBuf::from);
    let text = fs::read_to_string(file).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

struct Schema {
    types: Map<String, Value>,
    enumerations: Map<String, Value>,
    wrong: Vec<String>,
    /// Types on the way down, since some hold themselves.
    seen: BTreeSet<String>,
}

impl Schema {
    /// The properties of a type and of what it is based on.
    fn properties(&self, type_name: &str) -> Map<String, Value> {
        let Some(found) = self.types.get(type_name) else { return Map::new() };
        let mut all = found["base"].as_str().map(|base| self.properties(base)).unwrap_or_default();
        all.extend(found["props"].as_object().cloned().unwrap_or_default());
        all
    }

    fn members(&mut self, type_name: &str, members: &[Property]) {
        let published = self.properties(type_name);
        if published.is_empty() {
            self.wrong.push(format!("{type_name}: no published type"));
        }
        for name in published.keys() {
            if !members.iter().any(|member| member.name == name) && !listed(LEFT_OUT, type_name, name) {
                self.wrong.push(format!("{type_name}.{name}: missing"));
            }
        }
        for member in members {
            match published.get(member.name) {
                Some(property) => {
                    let of = property["t"].as_str().unwrap().to_owned();
                    self.shape(&format!("{type_name}.{}", member.name), member.shape, &of);
                }
                None if listed(BEYOND, type_name, member.name) => {}
                None => self.wrong.push(format!("{type_name}.{}: not published", member.name)),
            }
        }
    }

    fn shape(&mut self, place: &str, shape: Shape, of: &str) {
        if let Some(element) = of.strip_prefix("Collection(").and_then(|of| of.strip_suffix(')')) {
            match shape {
                List(shape) => self.shape(place, *shape, element),
                _ => self.wrong.push(format!("{place}: {shape:?} where {of} is published")),
            }
            return;
        }
        let (parent, name) = place.split_once('.').unwrap_or_default();
        let fits = match shape {
            // Lengths of time are texts to us.
            Text if of == "Edm.Duration" => true,
            Text | Id => of == "Edm.String",
            // The id of every entity is a text, and here always a GUID.
            Guid => of == "Edm.Guid" || (of == "Edm.String" && place.rsplit('.').next() == Some("id")),
            Boolean => of == "Edm.Boolean",
            Integer => of == "Edm.Int32",
            Instant => of == "Edm.DateTimeOffset",
            Binary => of == "Edm.Binary",
            OneOf(choices) => match self.enumerations.get(of) {
                None => of == "Edm.String",
                Some(published) => {
                    choices.iter().all(|choice| published.as_array().unwrap().contains(&(*choice).into()))
                }
            },
            Object(members) => {
                if self.types.contains_key(of) && self.seen.insert(of.to_owned()) {
                    self.members(of, members);
                }
                self.types.contains_key(of) && complex_type(parent, name) == of
            }
            List(_) => false,
        };
        if !fits {
            self.wrong.push(format!("{place}: {shape:?} where {of} is published"));
        }
    }
}

#[test]
fn the_tables_agree_with_the_published_schema() {
    let Some(schema) = schema() else {
        writeln!(io::stderr(), "no published schema beside the repository: skipped").unwrap();
        return;
    };
    let part = |path: &str| schema.pointer(path).and_then(Value::as_object).cloned().unwrap_or_default();
    let mut wrong = Vec::new();
    let v1: Vec<&&Kind> = KINDS.iter().chain(DIRECTORY_OBJECTS).collect();
    for (version, kinds) in [("v1.0", v1), ("beta", BETA_KINDS.iter().collect())] {
        let mut schema = Schema {
            types: part(&format!("/{version}")),
            enumerations: part(&format!("/enums/{version}")),
            wrong: Vec::new(),
            seen: BTreeSet::new(),
        };
        for kind in kinds {
            schema.seen.clear();
            schema.members(kind.name, kind.properties);
        }
        wrong.append(&mut schema.wrong);
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
