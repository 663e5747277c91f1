//! Role assignments of Exchange's own: who holds which role, and for which recipients. Graph shows the same ones.

use serde_json::{Map, Value, json};

use super::{
    super::{
        clock, identifiers,
        world::{Change, Collection, Document, View, World, text},
    },
    ExchangeRefusal, Output,
    parameters::Call,
    recipients,
    roles::{self, Role},
    scopes,
    service_principals::{self, confirm},
};

pub(crate) const STORED: Collection = Collection::ExchangeRoleAssignments;
pub(super) const ASSIGNEE_TYPES: &[&str] = &["User", "SecurityGroup", "ServicePrincipal", "RoleGroup"];
const LONGEST_NAME: usize = 64;

/// The holder of an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    ServicePrincipal,
    User,
    Group,
}

impl Holder {
    const ALL: [Self; 3] = [Self::ServicePrincipal, Self::User, Self::Group];

    /// The segment with which Graph writes its id.
    pub(crate) fn segment(self) -> &'static str {
        match self {
            Self::ServicePrincipal => "ServicePrincipals",
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }

    fn collection(self) -> Collection {
        match self {
            Self::ServicePrincipal => Collection::ServicePrincipals,
            Self::User => Collection::Users,
            Self::Group => Collection::Groups,
        }
    }

    fn assignee_type(self) -> &'static str {
        match self {
            Self::ServicePrincipal => "ServicePrincipal",
            Self::User => "User",
            Self::Group => "SecurityGroup",
        }
    }

    fn of(assignment: &Document) -> Option<Self> {
        Self::ALL.into_iter().find(|holder| holder.segment() == text(assignment, "principalKind"))
    }

    /// The holder that `/ServicePrincipals/{id}`, or a bare id, names.
    pub(crate) fn find<'a>(seen: View<'a>, principal: &str) -> Option<(Self, &'a Document)> {
        let (segment, id) = principal.trim_start_matches('/').split_once('/').unwrap_or(("", principal));
        Self::ALL
            .into_iter()
            .filter(|holder| segment.is_empty() || holder.segment().eq_ignore_ascii_case(segment))
            .find_map(|holder| Some((holder, seen.get(holder.collection(), &id.to_lowercase())?)))
    }
}

/// The assignments whose holder is still there, and the scope too if they name one: what comes back of a holder that is restored
/// does not bring a scope back that was removed meanwhile.
pub(crate) fn live(seen: View<'_>) -> impl Iterator<Item = &Document> {
    seen.all(STORED).filter(move |assignment| {
        let scope = text(assignment, "appScopeId");
        Holder::of(assignment)
            .is_some_and(|holder| seen.get(holder.collection(), text(assignment, "principalId")).is_some())
            && (scope.is_empty() || seen.get(scopes::STORED, scope).is_some())
    })
}

/// Whether the holder of an assignment is still there.
pub(super) fn has_holder(world: &World, assignment: &Document) -> bool {
    Holder::of(assignment)
        .is_some_and(|holder| world.get(holder.collection(), text(assignment, "principalId")).is_some())
}

/// A new assignment. One of the two scopes is empty.
pub(crate) fn new(
    name: Option<&str>,
    role: &Role,
    holder: Holder,
    principal: &Document,
    directory_scope: &str,
    app_scope: &str,
    created: &str,
) -> Document {
    let id = identifiers::guid();
    let name = name.map_or_else(|| format!("{}-{id}", &role.name[..role.name.len().min(27)]), str::to_owned);
    let optional = |scope: &str| if scope.is_empty() { Value::Null } else { scope.into() };
    let assignment = json!({
        "id": id,
        "name": name,
        "roleDefinitionId": role.id,
        "role": role.name,
        "principalId": principal["id"],
        "principalKind": holder.segment(),
        "directoryScopeId": optional(directory_scope),
        "appScopeId": optional(app_scope),
        "~created": created,
    });
    assignment.as_object().cloned().unwrap_or_default()
}

/// Whether the same role is assigned to the same holder in the same scope already.
pub(crate) fn is_double(world: &World, new: &Document) -> bool {
    let same = |other: &Document| {
        ["roleDefinitionId", "principalId", "directoryScopeId", "appScopeId"]
            .iter()
            .all(|name| other.get(*name) == new.get(*name))
    };
    world.all(STORED).any(same)
}

fn find<'a>(seen: View<'a>, key: &str) -> Option<&'a Document> {
    live(seen).find(|assignment| {
        text(assignment, "name").eq_ignore_ascii_case(key) || text(assignment, "id").eq_ignore_ascii_case(key)
    })
}

fn named<'a>(call: &Call<'a>) -> Result<&'a Document, ExchangeRefusal> {
    let key = call.required("Identity");
    find(call.request.seen, key).ok_or_else(|| ExchangeRefusal::not_found(key))
}

fn row(seen: View<'_>, assignment: &Document) -> Value {
    let principal_id = text(assignment, "principalId");
    let scope =
        scopes::find(seen, text(assignment, "appScopeId")).map_or(Value::Null, |scope| scope["displayName"].clone());
    let directory_scope = text(assignment, "directoryScopeId");
    let write_scope = match directory_scope {
        "" => "CustomRecipientScope",
        "/" => "Organization",
        scope if scope.starts_with("/AdministrativeUnits/") => "AdministrativeUnit",
        scope if scope.starts_with("/Groups/") => "Group",
        _ => "CustomRecipientScope",
    };
    let custom = if scope.is_null() && directory_scope != "/" {
        directory_scope.rsplit('/').next().map_or(Value::Null, Value::from)
    } else {
        scope
    };
    json!({
        "Name": assignment["name"],
        "Identity": assignment["name"],
        "Guid": assignment["id"],
        "Role": assignment["role"],
        "RoleAssignee": principal_id,
        "RoleAssigneeName": principal_id,
        "RoleAssigneeType": Holder::of(assignment).map(Holder::assignee_type),
        "App": if text(assignment, "principalKind") == "ServicePrincipals" { principal_id.into() } else { Value::Null },
        "EffectiveUserName": principal_id,
        "AssignmentMethod": "Direct",
        "RoleAssignmentDelegationType": "Regular",
        "RecipientReadScope": "Organization",
        "ConfigReadScope": "OrganizationConfig",
        "RecipientWriteScope": write_scope,
        "CustomRecipientWriteScope": custom,
        "CustomResourceScope": custom,
        "ConfigWriteScope": "OrganizationConfig",
        "CustomConfigWriteScope": null,
        "Enabled": true,
        "WhenCreatedUTC": text(assignment, "~created"),
        "IsValid": true,
    })
}

/// `Get-ManagementRoleAssignment`.
pub(super) fn list(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let seen = call.request.seen;
    if let Some(key) = call.text("Identity") {
        let found = find(seen, key).ok_or_else(|| ExchangeRefusal::not_found(key))?;
        return Ok(Output { rows: vec![row(seen, found)], ..Output::default() });
    }
    let role = match call.text("Role") {
        None => None,
        Some(key) => Some(roles::find(call.request.world, key).ok_or_else(|| ExchangeRefusal::not_found(key))?),
    };
    let assignee = call.text("RoleAssignee").map(|key| {
        let pointer = service_principals::find(seen, key).map(|pointer| text(pointer, "objectId"));
        let user = recipients::find(seen, key).map(|user| text(user, "id"));
        pointer.or(user).unwrap_or(key).to_lowercase()
    });
    let kind = call.text("RoleAssigneeType");
    let scope =
        call.text("CustomRecipientWriteScope").map(|key| scopes::find(seen, key).map_or("", |scope| text(scope, "id")));
    let rows = live(seen)
        .filter(|assignment| role.as_ref().is_none_or(|role| text(assignment, "role") == role.name))
        .filter(|assignment| assignee.as_ref().is_none_or(|assignee| text(assignment, "principalId") == assignee))
        .filter(|assignment| scope.is_none_or(|scope| text(assignment, "appScopeId") == scope))
        .filter(|assignment| {
            let own = Holder::of(assignment).map_or("", Holder::assignee_type);
            kind.is_none_or(|kind| kind.eq_ignore_ascii_case(own))
        })
        .filter(|_| call.flag("Enabled") != Some(false))
        .map(|assignment| row(seen, assignment))
        .collect();
    Ok(Output { rows, ..Output::default() })
}

/// The scope that a call names: a place in the directory, or a management scope; one of them is empty.
fn scope(call: &Call<'_>) -> Result<Option<(String, String)>, ExchangeRefusal> {
    let seen = call.request.seen;
    let custom = call.text("CustomResourceScope").or_else(|| call.text("CustomRecipientWriteScope"));
    let unit = call.text("RecipientAdministrativeUnitScope");
    let group = call.text("RecipientGroupScope");
    if [custom, unit, group].iter().flatten().count() > 1 {
        return Err(ExchangeRefusal::rejected("Only one scope can be specified for a role assignment."));
    }
    let by_name = |collection: Collection, key: &str| {
        seen.all(collection)
            .find(|object| text(object, "id").eq_ignore_ascii_case(key) || text(object, "displayName") == key)
            .map(|object| text(object, "id").to_owned())
            .ok_or_else(|| ExchangeRefusal::not_found(key))
    };
    if let Some(key) = custom {
        let found = scopes::find(seen, key).ok_or_else(|| ExchangeRefusal::not_found(key))?;
        return Ok(Some((String::new(), text(found, "id").to_owned())));
    }
    if let Some(key) = unit {
        return Ok(Some((
            format!("/AdministrativeUnits/{}", by_name(Collection::AdministrativeUnits, key)?),
            String::new(),
        )));
    }
    if let Some(key) = group {
        return Ok(Some((format!("/Groups/{}", by_name(Collection::Groups, key)?), String::new())));
    }
    Ok(None)
}

/// `New-ManagementRoleAssignment`, for an application that Exchange was told of, a user, or a group.
pub(super) fn create(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let (world, seen) = (call.request.world, call.request.seen);
    let role_key = call.required("Role");
    let role = roles::find(world, role_key).ok_or_else(|| ExchangeRefusal::not_found(role_key))?;
    let holders = [call.text("App"), call.text("User"), call.text("SecurityGroup")];
    if holders.iter().flatten().count() != 1 {
        return Err(ExchangeRefusal::missing_parameters("App"));
    }
    let (holder, principal) = if let Some(key) = call.text("App") {
        let pointer = service_principals::find(seen, key).ok_or_else(|| ExchangeRefusal::not_found(key))?;
        Holder::find(seen, text(pointer, "objectId")).ok_or_else(|| ExchangeRefusal::not_found(key))?
    } else if let Some(key) = call.text("User") {
        (Holder::User, recipients::find(seen, key).ok_or_else(|| ExchangeRefusal::not_found(key))?)
    } else {
        let key = call.required("SecurityGroup");
        let group = seen
            .all(Collection::Groups)
            .find(|group| text(group, "id").eq_ignore_ascii_case(key) || text(group, "displayName") == key);
        (Holder::Group, group.ok_or_else(|| ExchangeRefusal::not_found(key))?)
    };
    if role.is_application && holder != Holder::ServicePrincipal {
        return Err(ExchangeRefusal::rejected("An application role can be assigned to a service principal only."));
    }
    let (directory_scope, app_scope) = scope(call)?.unwrap_or_else(|| ("/".to_owned(), String::new()));
    let name = call.text("Name");
    if name.is_some_and(|name| name.chars().count() > LONGEST_NAME) {
        return Err(ExchangeRefusal::rejected("The name of a role assignment can have 64 characters at most."));
    }
    let created = clock::ticks(call.request.now);
    let assignment = new(name, &role, holder, principal, &directory_scope, &app_scope, &created);
    let name = text(&assignment, "name");
    if find(seen, name).is_some() || is_double(world, &assignment) {
        return Err(ExchangeRefusal::exists(name));
    }
    Ok(Output { rows: vec![row(seen, &assignment)], changes: vec![Change::put(STORED, assignment)] })
}

/// `Set-ManagementRoleAssignment`: another scope.
pub(super) fn change(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let mut assignment: Map<String, Value> = named(call)?.clone();
    if let Some((directory_scope, app_scope)) = scope(call)? {
        let optional = |scope: String| if scope.is_empty() { Value::Null } else { scope.into() };
        assignment.insert("directoryScopeId".into(), optional(directory_scope));
        assignment.insert("appScopeId".into(), optional(app_scope));
    }
    Ok(Output { rows: Vec::new(), changes: vec![Change::put(STORED, assignment)] })
}

/// `Remove-ManagementRoleAssignment`.
pub(super) fn remove(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    confirm(call)?;
    let id = text(named(call)?, "id");
    Ok(Output { rows: Vec::new(), changes: vec![Change::remove(STORED, id)] })
}
