//! One property as an address of its own: `/applications/{id}/appRoles`, `/users/{id}/displayName/$value`.

use serde_json::{Map, Value};

use super::{
    super::{
        refusal::Refusal,
        schema::{Kind, Shape},
        tables::{
            ADMINISTRATIVE_UNIT, APPLICATION, DIRECTORY_ROLE, DOMAIN, GROUP, ORGANIZATION, ROLE_DEFINITION,
            SERVICE_PRINCIPAL, USER,
        },
    },
    Answer, Request, routes,
};

/// The kind of the object that a path names, and its set as contexts have it.
fn kind(path: &[&str]) -> Option<(&'static Kind, &'static str)> {
    Some(match *path {
        ["applications", _] => (&APPLICATION, "applications"),
        ["serviceprincipals", _] => (&SERVICE_PRINCIPAL, "servicePrincipals"),
        ["users", _] => (&USER, "users"),
        ["groups", _] => (&GROUP, "groups"),
        ["directoryroles", _] => (&DIRECTORY_ROLE, "directoryRoles"),
        ["organization", _] => (&ORGANIZATION, "organization"),
        ["domains", _] => (&DOMAIN, "domains"),
        ["directory", "administrativeunits", _] => (&ADMINISTRATIVE_UNIT, "directory/administrativeUnits"),
        ["rolemanagement", "directory", "roledefinitions", _] => {
            (&ROLE_DEFINITION, "roleManagement/directory/roleDefinitions")
        }
        _ => return None,
    })
}

/// What the path says of one property; none when it ends in none.
pub(super) fn serve(request: &Request<'_>, names: &[&str]) -> Option<Result<Answer, Refusal>> {
    let (path, plain) = match *names {
        [ref path @ .., "$value"] => (path, true),
        _ => (names, false),
    };
    let (name, object) = path.split_last()?;
    let (kind, set) = kind(object)?;
    let property = kind.property(name)?;
    let read = || {
        if request.method != "GET" {
            return Err(Refusal::method_not_allowed());
        }
        request.query.allow(&[])?;
        let mut query = request.query.clone();
        query.select = Some(format!("id,{}", property.name));
        let whole = Request {
            segments: request.segments[..object.len()].to_vec(),
            query,
            body: None,
            version: request.version.clone(),
            ..*request
        };
        let mut body = match routes::route(&whole, object)?.body {
            Some(Value::Object(body)) => body,
            _ => Map::new(),
        };
        let id = body.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let value = body.remove(property.name).unwrap_or(Value::Null);
        if value.is_null() {
            return Ok(Answer::no_content(Vec::new()));
        }
        if plain {
            return text(property.shape, value);
        }
        let mut body = Map::new();
        body.insert("@odata.context".into(), request.context(&format!("{set}('{id}')/{}", property.name)).into());
        match value {
            Value::Object(members) => body.extend(members),
            value => {
                body.insert("value".into(), value);
            }
        }
        Ok(Answer::ok(Value::Object(body)))
    };
    Some(read())
}

/// A value without JSON around it; only single values have one.
fn text(shape: Shape, value: Value) -> Result<Answer, Refusal> {
    if matches!(shape, Shape::Object(_) | Shape::List(_)) {
        return Err(Refusal::unknown_segment("$value"));
    }
    let text = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(Answer { plain: true, ..Answer::ok(text.into()) })
}
