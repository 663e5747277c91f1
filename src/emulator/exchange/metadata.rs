//! How much an answer of Graph's says about itself: `Accept: application/json;odata.metadata=none`, or `full`.

use serde_json::{Map, Value, json};

use super::super::reply::{Body, Reply};

/// How much a client wants to be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Metadata {
    None,
    #[default]
    Minimal,
    Full,
}

/// Sets of directory objects, with the types of what is in them.
const SETS: [(&str, &str); 6] = [
    ("applications", "application"),
    ("servicePrincipals", "servicePrincipal"),
    ("users", "user"),
    ("groups", "group"),
    ("directory/administrativeUnits", "administrativeUnit"),
    ("directoryRoles", "directoryRole"),
];

impl Metadata {
    /// By the `Accept` header, with or without blanks behind its semicolons.
    pub(super) fn read(accept: &str) -> Self {
        let accept: String = accept.to_ascii_lowercase().split_whitespace().collect();
        match accept.split_once("odata.metadata=").map(|(_, rest)| rest) {
            Some(rest) if rest.starts_with("none") => Self::None,
            Some(rest) if rest.starts_with("full") => Self::Full,
            _ => Self::Minimal,
        }
    }

    /// Takes from the answer what was not wanted, or adds what was.
    pub(super) fn apply(self, reply: &mut Reply, origin: &str, tenant_id: &str) {
        let is_success = (200..300).contains(&reply.status);
        let word = match self {
            Self::None => "none",
            Self::Full => "full",
            Self::Minimal => return,
        };
        let Some(content_type) = reply.header("content-type").filter(|kind| is_success && kind.contains("minimal"))
        else {
            return;
        };
        let content_type = content_type.replace("odata.metadata=minimal", &format!("odata.metadata={word}"));
        reply.set("content-type", content_type);
        let Some(mut body) = reply.body.as_ref().map(Body::value) else { return };
        match &mut body {
            body if self == Self::None => strip(body),
            Value::Object(body) => describe(body, origin, tenant_id),
            _ => {}
        }
        reply.body = Some(body.into());
    }
}

/// Without metadata only what leads on stays, and the count.
fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| {
                name.split_once("@odata.")
                    .is_none_or(|(of, word)| of.is_empty() && ["nextLink", "deltaLink", "count", "id"].contains(&word))
            });
            members.values_mut().for_each(strip);
        }
        Value::Array(elements) => elements.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Every directory object says its type and where it is.
fn describe(body: &mut Map<String, Value>, origin: &str, tenant_id: &str) {
    let context = body.get("@odata.context").and_then(Value::as_str).unwrap_or_default();
    let of = context.split_once('#').map_or("", |(_, of)| of);
    let of = of.strip_suffix("/$entity").unwrap_or(of).split('(').next().unwrap_or_default();
    let kind = SETS.iter().find(|(set, _)| *set == of).map(|(_, kind)| *kind);
    if let Some(Value::Array(elements)) = body.get_mut("value") {
        for element in elements.iter_mut().filter_map(Value::as_object_mut) {
            describe_one(element, kind, origin, tenant_id);
        }
    } else if body.contains_key("id") {
        describe_one(body, kind, origin, tenant_id);
    }
}

fn describe_one(object: &mut Map<String, Value>, kind: Option<&str>, origin: &str, tenant_id: &str) {
    let own = object.get("@odata.type").and_then(Value::as_str).and_then(|kind| kind.strip_prefix("#microsoft.graph."));
    let (Some(kind), Some(id)) = (own.or(kind), object.get("id").and_then(Value::as_str)) else {
        return;
    };
    let mut letters = kind.chars();
    let class: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let place = format!("directoryObjects/{id}/Microsoft.DirectoryServices.{class}");
    let mut described = Map::new();
    for (name, value) in [
        ("@odata.context", object.get("@odata.context").cloned()),
        ("@odata.type", Some(json!(format!("#microsoft.graph.{kind}")))),
        ("@odata.id", Some(json!(format!("{origin}/v2/{tenant_id}/{place}")))),
        ("@odata.editLink", Some(json!(place))),
    ] {
        if let Some(value) = value {
            described.insert(name.to_owned(), value);
        }
    }
    described.extend(object.clone().into_iter().filter(|(name, _)| !name.starts_with("@odata.")));
    *object = described;
}
