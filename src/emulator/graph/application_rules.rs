//! What an application may hold, beyond the form of each value: limits, what must be given, and what must be unique.

use serde_json::Value;

use super::{
    super::{
        refusal::Refusal,
        schema::invalid,
        world::{Collection, Document, KIND, list, text, texts},
    },
    Request, deleted,
};

const LONGEST_URI: usize = 256;

/// Checks what a client sent.
pub(super) fn check_values(sent: &Document) -> Result<(), Refusal> {
    if text(sent, "displayName").chars().count() > 120 {
        return Err(invalid("displayName", "application"));
    }
    let tags: Vec<&str> = texts(sent, "tags").collect();
    let unfit = |tag: &&str| tag.is_empty() || tag.chars().count() > 256 || tag.contains(char::is_whitespace);
    if tags.iter().any(unfit) || repeats(&tags) {
        return Err(invalid("tags", "application"));
    }
    if repeats(&texts(sent, "identifierUris").map(str::to_lowercase).collect::<Vec<_>>()) {
        return Err(duplicate("identifierUris"));
    }
    check_required_access(list(sent, "requiredResourceAccess"))?;
    for platform in ["web", "spa", "publicClient"] {
        let uris: Vec<&str> = inner(sent, platform, "redirectUris").iter().filter_map(Value::as_str).collect();
        if repeats(&uris) {
            return Err(duplicate("redirectUris"));
        }
        if !uris.iter().all(|uri| is_redirect(uri)) {
            return Err(invalid("redirectUris", "application"));
        }
    }
    check_roles(list(sent, "appRoles"))?;
    check_scopes(inner(sent, "api", "oauth2PermissionScopes"))
}

/// Checks the application as it is to be, where properties depend on each other.
pub(super) fn check_whole(request: &Request<'_>, application: &Document) -> Result<(), Refusal> {
    let entitlements: Vec<&Value> =
        list(application, "appRoles").iter().chain(inner(application, "api", "oauth2PermissionScopes")).collect();
    let has_value = |entitlement: &Value| entitlement["value"].as_str().is_some_and(|value| !value.is_empty());
    let clash = |one: &Value, other: &Value| {
        let same_id = one["id"] == other["id"];
        let same_value = has_value(one) && one["value"] == other["value"];
        // A role and a scope may be one permission: then both id and value agree.
        same_id != same_value && (same_id || same_value) && (has_value(one) || has_value(other))
    };
    if pairs(&entitlements).any(|(one, other)| clash(one, other)) {
        return Err(duplicate("appRoles"));
    }
    let scopes = inner(application, "api", "oauth2PermissionScopes");
    let of_no_scope = |id: &Value| !scopes.iter().any(|scope| is_same(&scope["id"], id));
    let authorized = inner(application, "api", "preAuthorizedApplications");
    if authorized.iter().filter_map(|other| other["delegatedPermissionIds"].as_array()).flatten().any(of_no_scope) {
        const PLACE: &str = "api.preAuthorizedApplications.delegatedPermissionIds";
        return Err(Refusal::bad_request(format!(
            "Property {PLACE} has a Permission Id that cannot be found in the AppPermissions sets."
        ))
        .with_detail("InvalidValue", PLACE));
    }
    if text(application, "signInAudience") != "AzureADMyOrg" {
        let foreign = texts(application, "identifierUris").find(|uri| !on_verified_domain(request, uri));
        if let Some(uri) = foreign {
            return Err(Refusal::new(
                400,
                "HostNameNotOnVerifiedDomain",
                format!(
                    "Values of identifierUris property must use a verified domain of the organization or its \
                     subdomain: '{uri}'"
                ),
            )
            .with_detail("HostNameNotOnVerifiedDomain", "identifierUris"));
        }
    }
    Ok(())
}

/// Whether a web address is on a domain of the tenant; any other URI passes.
fn on_verified_domain(request: &Request<'_>, uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once("://") else { return true };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return true;
    }
    let host = rest.split(['/', ':', '?']).next().unwrap_or_default().to_lowercase();
    super::domains::verified(request.world)
        .any(|domain| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

fn inner<'a>(document: &'a Document, outer: &str, name: &str) -> &'a [Value] {
    document.get(outer).and_then(|outer| outer[name].as_array()).map_or(&[], Vec::as_slice)
}

/// Ids are compared without regard to case.
fn is_same(one: &Value, other: &Value) -> bool {
    let text = |value: &Value| value.as_str().map(str::to_lowercase);
    text(one) == text(other)
}

fn pairs<T>(values: &[T]) -> impl Iterator<Item = (&T, &T)> {
    values.iter().enumerate().flat_map(|(index, one)| values[..index].iter().map(move |other| (one, other)))
}

fn repeats<T: PartialEq>(values: &[T]) -> bool {
    pairs(values).any(|(one, other)| one == other)
}

fn duplicate(property: &'static str) -> Refusal {
    Refusal::new(400, "DuplicateValue", "Request contains a property with duplicate values.")
        .with_detail("DuplicateValue", property)
}

fn check_required_access(accesses: &[Value]) -> Result<(), Refusal> {
    let unfit = || invalid("requiredResourceAccess", "application");
    let total: usize = accesses.iter().map(|access| access["resourceAccess"].as_array().map_or(0, Vec::len)).sum();
    let given = accesses.iter().all(|access| {
        let permissions = access["resourceAccess"].as_array();
        access["resourceAppId"].is_string()
            && permissions.is_some_and(|permissions| {
                permissions.iter().all(|permission| permission["id"].is_string() && permission["type"].is_string())
            })
    });
    if !given || accesses.len() > 50 || total > 400 {
        return Err(unfit());
    }
    let resources: Vec<&Value> = accesses.iter().map(|access| &access["resourceAppId"]).collect();
    let twice = accesses.iter().any(|access| {
        let permissions: Vec<_> = access["resourceAccess"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|permission| (&permission["id"], &permission["type"]))
            .collect();
        repeats(&permissions)
    });
    if repeats(&resources) || twice { Err(duplicate("requiredResourceAccess")) } else { Ok(()) }
}

fn is_redirect(uri: &str) -> bool {
    let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
    !scheme.is_empty()
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
        && uri.chars().count() <= LONGEST_URI
        && !uri.contains('#')
        && !uri.contains(char::is_whitespace)
}

fn check_roles(roles: &[Value]) -> Result<(), Refusal> {
    for role in roles {
        let id = role["id"].as_str().ok_or_else(|| invalid("appRoles", "application"))?;
        let kinds = role["allowedMemberTypes"].as_array().map_or(&[][..], Vec::as_slice);
        if kinds.is_empty() {
            return Err(Refusal::bad_request(format!(
                "App role with identifier '{id}' must have at least one value specified for 'allowedMemberTypes'."
            )));
        }
        let known = kinds.iter().all(|kind| kind == "User" || kind == "Application");
        if !known || role["displayName"].as_str().is_none_or(str::is_empty) {
            return Err(invalid("appRoles", "application"));
        }
    }
    check_entitlement_values(roles, "appRoles")
}

fn check_scopes(scopes: &[Value]) -> Result<(), Refusal> {
    if scopes.iter().any(|scope| !scope["id"].is_string()) {
        return Err(invalid("oauth2PermissionScopes", "application"));
    }
    check_entitlement_values(scopes, "oauth2PermissionScopes")
}

/// Values have no blanks; ids and values occur once.
fn check_entitlement_values(entitlements: &[Value], property: &'static str) -> Result<(), Refusal> {
    let values: Vec<&str> = entitlements
        .iter()
        .filter_map(|entitlement| entitlement["value"].as_str())
        .filter(|value| !value.is_empty())
        .collect();
    if values.iter().any(|value| value.contains(char::is_whitespace)) {
        return Err(invalid(property, "application"));
    }
    let ids: Vec<&Value> = entitlements.iter().map(|entitlement| &entitlement["id"]).collect();
    if repeats(&ids) || repeats(&values) { Err(duplicate(property)) } else { Ok(()) }
}

/// Names that no other application may have.
pub(super) fn check_unique(request: &Request<'_>, sent: &Document, own_id: &str) -> Result<(), Refusal> {
    let world = request.world;
    let clash = |property: &'static str| {
        Refusal::bad_request(format!("Another object with the same value for property {property} already exists."))
            .with_detail("ObjectConflict", property)
    };
    let name = text(sent, "uniqueName");
    if !name.is_empty() {
        let by_name = world.find(Collection::Applications, "uniqueName", name);
        // A soft-deleted application keeps its name.
        let by_deleted = world
            .find_all(Collection::Deleted, "uniqueName", name)
            .find(|other| text(other, KIND) == "application" && deleted::is_kept(request, other));
        if by_name.into_iter().chain(by_deleted).any(|other| text(other, "id") != own_id) {
            return Err(clash("uniqueName"));
        }
    }
    let uris: Vec<&str> = texts(sent, "identifierUris").collect();
    if uris.is_empty() {
        return Ok(());
    }
    let taken = |uri: &&str| {
        world.find_all(Collection::Applications, "identifierUris", uri).any(|other| text(other, "id") != own_id)
    };
    if uris.iter().any(taken) { Err(clash("identifierUris")) } else { Ok(()) }
}

/// An enabled role or scope may neither go nor change; it must be disabled first.
pub(super) fn check_entitlements(before: &Document, after: &Document) -> Result<(), Refusal> {
    let lists = [
        (list(before, "appRoles"), list(after, "appRoles")),
        (inner(before, "api", "oauth2PermissionScopes"), inner(after, "api", "oauth2PermissionScopes")),
    ];
    for (before, after) in lists {
        for entitlement in before.iter().filter(|entitlement| entitlement["isEnabled"] == true) {
            let kept = after.iter().find(|other| other["id"] == entitlement["id"]);
            let unchanged = kept.is_some_and(|kept| {
                let mut enabled = kept.clone();
                enabled["isEnabled"] = Value::Bool(true);
                enabled == *entitlement
            });
            if !unchanged {
                return Err(Refusal::new(
                    400,
                    "CannotDeleteOrUpdateEnabledEntitlement",
                    "Permission (scope or role) cannot be deleted or updated unless disabled first.",
                ));
            }
        }
    }
    Ok(())
}
