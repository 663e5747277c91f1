//! Bodies of requests, read strictly: what is not known is refused, what has the wrong type too. `null` is absence.

use serde_json::{Map, Value};

use super::{Request, refusal::Refusal};

/// Members of `attributes` that the service sets itself; clients send back what they read, and it is not looked at.
const SET_BY_THE_SERVICE: &[&str] = &["created", "updated", "recoveryLevel", "recoverableDays", "hsmPlatform"];

impl Request<'_> {
    /// The body as an object with none but these members.
    pub(super) fn object(&self, known: &[&str]) -> Result<Map<String, Value>, Refusal> {
        match self.body {
            [] => Err(Refusal::bad_parameter("The request body must be specified")),
            body => match serde_json::from_slice(body) {
                Ok(Value::Object(members)) => only(members, known),
                _ => Err(Refusal::bad_parameter("The request body is not a valid JSON object")),
            },
        }
    }
}

/// The members that are not null, none of which may be unknown.
fn only(members: Map<String, Value>, known: &[&str]) -> Result<Map<String, Value>, Refusal> {
    let members: Map<String, Value> = members.into_iter().filter(|(_, value)| !value.is_null()).collect();
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(Refusal::bad_parameter(format!("Property {unknown} is not known"))),
        None => Ok(members),
    }
}

pub(super) fn invalid(name: &str) -> Refusal {
    Refusal::bad_parameter(format!("Property {name} has invalid value"))
}

/// An object among the members, with none but these members; none when it is absent.
pub(super) fn inner(
    members: &Map<String, Value>,
    name: &str,
    known: &[&str],
) -> Result<Option<Map<String, Value>>, Refusal> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::Object(inner)) => only(inner.clone(), known).map(Some),
        Some(_) => Err(invalid(name)),
    }
}

pub(super) fn string<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    members.get(name).map(|value| value.as_str().ok_or_else(|| invalid(name))).transpose()
}

pub(super) fn boolean(members: &Map<String, Value>, name: &str) -> Result<Option<bool>, Refusal> {
    members.get(name).map(|value| value.as_bool().ok_or_else(|| invalid(name))).transpose()
}

pub(super) fn number(members: &Map<String, Value>, name: &str) -> Result<Option<i64>, Refusal> {
    members.get(name).map(|value| value.as_i64().ok_or_else(|| invalid(name))).transpose()
}

pub(super) fn strings(members: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, Refusal> {
    let read = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| invalid(name));
    match members.get(name) {
        None => Ok(None),
        Some(Value::Array(values)) => values.iter().map(read).collect::<Result<_, _>>().map(Some),
        Some(_) => Err(invalid(name)),
    }
}

/// Tags: at most fifteen texts by name.
pub(super) fn tags(members: &Map<String, Value>) -> Result<Option<Value>, Refusal> {
    match members.get("tags") {
        None => Ok(None),
        Some(Value::Object(tags)) if tags.len() <= 15 && tags.values().all(Value::is_string) => {
            Ok(Some(Value::Object(tags.clone())))
        }
        Some(_) => Err(invalid("tags")),
    }
}

/// Takes over what a client may set of `attributes`.
pub(super) fn read_attributes(sent: Option<&Value>, attributes: &mut Map<String, Value>) -> Result<(), Refusal> {
    let Some(sent) = sent else {
        return Ok(());
    };
    let sent = sent.as_object().ok_or_else(|| invalid("attributes"))?;
    for (name, value) in sent {
        let fits = match name.as_str() {
            "enabled" => value.is_boolean() || value.is_null(),
            "nbf" | "exp" => value.is_i64() || value.is_u64() || value.is_null(),
            name if SET_BY_THE_SERVICE.contains(&name) => continue,
            "exportable" if value == &Value::Bool(true) => {
                return Err(Refusal::not_served("keys that can be exported by a release policy"));
            }
            "exportable" => continue,
            _ => return Err(Refusal::bad_parameter(format!("Property {name} is not known"))),
        };
        if !fits {
            return Err(invalid(name));
        }
        if !value.is_null() {
            attributes.insert(name.clone(), value.clone());
        }
    }
    let seconds = |name: &str| attributes.get(name).and_then(Value::as_i64);
    if let (Some(start), Some(end)) = (seconds("nbf"), seconds("exp"))
        && start >= end
    {
        return Err(Refusal::bad_parameter("The nbf attribute must be before the exp attribute"));
    }
    Ok(())
}
