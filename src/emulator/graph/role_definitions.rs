//! Writing `/roleManagement/directory/roleDefinitions`: custom roles. Those that Microsoft defines never change.

use serde_json::{Value, json};

use super::{
    super::{
        identifiers,
        refusal::Refusal,
        schema::invalid,
        tables::ROLE_DEFINITION,
        world::{Change, Collection, Document, list, text},
    },
    Answer, Request,
    access::WRITE_ROLES,
    roles, with_context,
};

const MOST: usize = 100;

fn check(definition: &Document, request: &Request<'_>, own_id: &str) -> Result<(), Refusal> {
    let unfit = |name: &str| invalid(name, "RoleDefinition");
    let name = text(definition, "displayName");
    if name.is_empty() {
        return Err(unfit("displayName"));
    }
    if !definition["isEnabled"].is_boolean() {
        return Err(unfit("isEnabled"));
    }
    let permissions = list(definition, "rolePermissions");
    let actions = |permission: &Value| permission["allowedResourceActions"].as_array().cloned().unwrap_or_default();
    let is_action = |action: &Value| action.as_str().is_some_and(|action| action.split('/').count() >= 3);
    let fits = permissions.iter().all(|permission| {
        let actions = actions(permission);
        !actions.is_empty() && actions.iter().all(is_action)
    });
    if permissions.is_empty() || !fits {
        return Err(unfit("rolePermissions"));
    }
    let taken = request
        .world
        .all(Collection::RoleDefinitions)
        .any(|other| text(other, "id") != own_id && text(other, "displayName").eq_ignore_ascii_case(name));
    if taken {
        return Err(Refusal::bad_request(
            "A conflicting object with one or more of the specified property values is present in the directory.",
        )
        .with_detail("ConflictingObjects", "displayName"));
    }
    Ok(())
}

pub(super) fn create(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    request.caller.needs(WRITE_ROLES)?;
    let sent = request.object()?;
    ROLE_DEFINITION.check(sent, true)?;
    let template = text(sent, "templateId").to_lowercase();
    let id = if template.is_empty() { identifiers::guid() } else { template };
    if request.world.get(Collection::RoleDefinitions, &id).is_some() {
        return Err(Refusal::bad_request(
            "A conflicting object with one or more of the specified property values is present in the directory.",
        )
        .with_detail("ConflictingObjects", "templateId"));
    }
    let custom = request.world.all(Collection::RoleDefinitions).filter(|other| other["isBuiltIn"] == false).count();
    if custom >= MOST {
        return Err(Refusal::new(403, "Directory_QuotaExceeded", "The object limit of roleDefinitions was exceeded."));
    }
    let mut definition = ROLE_DEFINITION.fill(sent);
    for (name, value) in [
        ("id", json!(id)),
        ("templateId", json!(id)),
        ("isBuiltIn", json!(false)),
        ("resourceScopes", json!(["/"])),
        ("inheritsPermissionsFrom", json!([])),
    ] {
        definition.insert(name.into(), value);
    }
    check(&definition, request, &id)?;
    let shown = roles::shown(request, &definition, None);
    let body = with_context(&request.context(&format!("{}/$entity", roles::DEFINITIONS)), shown);
    let location = format!("{}/{}/{id}", request.base(), roles::DEFINITIONS);
    Ok(Answer::created(body, location, vec![Change::put(Collection::RoleDefinitions, definition)]))
}

/// A role that may be written, as it really is: one of the tenant's own.
fn custom<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    let definition = request.truth(Collection::RoleDefinitions, roles::find_definition(request)?)?;
    if definition["isBuiltIn"] == true {
        return Err(Refusal::bad_request("Built-in role definitions cannot be changed or deleted."));
    }
    Ok(definition)
}

pub(super) fn update(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    request.caller.needs(WRITE_ROLES)?;
    let before = custom(request)?;
    let mut sent = request.object()?.clone();
    // Clients repeat the template id; it stays what it is.
    if sent.get("templateId").is_some_and(|template| *template == before["templateId"] || template.is_null()) {
        sent.remove("templateId");
    }
    ROLE_DEFINITION.check(&sent, false)?;
    if sent.contains_key("templateId") {
        return Err(invalid("templateId", "RoleDefinition"));
    }
    let after = ROLE_DEFINITION.merge(before, &sent);
    check(&after, request, text(before, "id"))?;
    Ok(Answer::no_content(vec![Change::put(Collection::RoleDefinitions, after)]))
}

pub(super) fn remove(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    request.caller.needs(WRITE_ROLES)?;
    let id = text(custom(request)?, "id");
    let held = request.world.find_all(Collection::RoleAssignments, "roleDefinitionId", id);
    let mut changes: Vec<Change> =
        held.map(|assignment| Change::remove(Collection::RoleAssignments, text(assignment, "id"))).collect();
    changes.push(Change::remove(Collection::RoleDefinitions, id));
    Ok(Answer::no_content(changes))
}
