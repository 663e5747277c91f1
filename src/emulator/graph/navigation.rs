//! What the kinds of objects are connected with: one row for each navigation property.
//!
//! A kind with rows here can be expanded, and its connections counted and asked for in filters, wherever it is listed
//! or read.

use serde_json::Value;

use super::{
    super::{
        odata::{Navigation, Related},
        schema::Kind,
        tables::{
            APP_ROLE_ASSIGNMENT, APPLICATION, DIRECTORY_OBJECT, FEDERATED_CREDENTIAL, GRANT, GROUP, ROLE_DEFINITION,
            SERVICE_PRINCIPAL,
        },
        world::{Collection, Document, OWNERS, View, list, text, texts},
    },
    assignments, federated, grants, groups, memberships, objects, users,
};

type Find = for<'a> fn(View<'a>, &'a Document) -> Vec<Related<'a>>;

/// A list of directory objects of any kind.
const fn objects(name: &'static str, find: Find) -> Navigation {
    Navigation { name, many: true, mixed: true, kind: &DIRECTORY_OBJECT, find }
}

/// A list of objects of one kind.
const fn several(name: &'static str, kind: &'static Kind, find: Find) -> Navigation {
    Navigation { name, many: true, mixed: false, kind, find }
}

const APPLICATION_NAVIGATIONS: &[Navigation] =
    &[objects("owners", owners), several("federatedIdentityCredentials", &FEDERATED_CREDENTIAL, federated_credentials)];

/// One directory object of any kind.
const fn one(name: &'static str, find: Find) -> Navigation {
    Navigation { name, many: false, mixed: true, kind: &DIRECTORY_OBJECT, find }
}

const GROUP_NAVIGATIONS: &[Navigation] = &[
    objects("members", members),
    objects("transitiveMembers", |view, group| live(view, memberships::all_members(view, group).into_iter())),
    objects("owners", owners),
    objects("memberOf", member_of),
    objects("transitiveMemberOf", transitive_member_of),
    several("appRoleAssignments", &APP_ROLE_ASSIGNMENT, |view, object| role_assignments(view, object, "principalId")),
];

const UNIT_NAVIGATIONS: &[Navigation] = &[objects("members", members)];

const ROLE_NAVIGATIONS: &[Navigation] = &[objects("members", holders)];

const SERVICE_PRINCIPAL_NAVIGATIONS: &[Navigation] = &[
    objects("memberOf", member_of),
    objects("transitiveMemberOf", transitive_member_of),
    objects("owners", owners),
    objects("ownedObjects", owned_objects),
    several("appRoleAssignments", &APP_ROLE_ASSIGNMENT, |view, object| role_assignments(view, object, "principalId")),
    several("appRoleAssignedTo", &APP_ROLE_ASSIGNMENT, |view, object| role_assignments(view, object, "resourceId")),
    several("oauth2PermissionGrants", &GRANT, |view, object| permission_grants(view, object, "clientId")),
];

const USER_NAVIGATIONS: &[Navigation] = &[
    one("manager", |view, user| live(view, std::iter::once(text(user, users::MANAGER.stored)))),
    objects("directReports", direct_reports),
    objects("memberOf", member_of),
    objects("transitiveMemberOf", transitive_member_of),
    objects("ownedObjects", owned_objects),
    several("appRoleAssignments", &APP_ROLE_ASSIGNMENT, |view, object| role_assignments(view, object, "principalId")),
    several("oauth2PermissionGrants", &GRANT, |view, object| permission_grants(view, object, "principalId")),
];

const ROLE_ASSIGNMENT_NAVIGATIONS: &[Navigation] = &[
    one("principal", principal),
    one("directoryScope", directory_scope),
    Navigation { name: "roleDefinition", many: false, mixed: false, kind: &ROLE_DEFINITION, find: role_definition },
];

const ROLE_DEFINITION_NAVIGATIONS: &[Navigation] =
    &[several("inheritsPermissionsFrom", &ROLE_DEFINITION, |_, _| Vec::new())];

/// The navigation properties of a kind.
pub(super) fn of(kind: &Kind) -> &'static [Navigation] {
    match kind.name {
        "application" => APPLICATION_NAVIGATIONS,
        "servicePrincipal" => SERVICE_PRINCIPAL_NAVIGATIONS,
        "user" => USER_NAVIGATIONS,
        "group" => GROUP_NAVIGATIONS,
        "administrativeUnit" => UNIT_NAVIGATIONS,
        "directoryRole" => ROLE_NAVIGATIONS,
        "unifiedRoleAssignment" => ROLE_ASSIGNMENT_NAVIGATIONS,
        "unifiedRoleDefinition" => ROLE_DEFINITION_NAVIGATIONS,
        _ => &[],
    }
}

/// The live objects with these ids, each once, in the order of ids.
pub(super) fn live<'a, 'i>(view: View<'a>, ids: impl Iterator<Item = &'i str>) -> Vec<Related<'a>> {
    let mut found: Vec<_> = ids
        .filter_map(|id| view.directory_object(id))
        .map(|(name, document)| (objects::of_kind(name).kind, document))
        .collect();
    found.sort_by_key(|(_, document)| text(document, "id"));
    found.dedup_by_key(|(_, document)| text(document, "id"));
    found
}

fn owners<'a>(view: View<'a>, object: &'a Document) -> Vec<Related<'a>> {
    live(view, texts(object, OWNERS))
}

fn members<'a>(view: View<'a>, holder: &'a Document) -> Vec<Related<'a>> {
    live(view, texts(holder, groups::MEMBERS))
}

fn member_of<'a>(view: View<'a>, object: &'a Document) -> Vec<Related<'a>> {
    live(view, memberships::containers(view, text(object, "id")).into_iter())
}

fn transitive_member_of<'a>(view: View<'a>, object: &'a Document) -> Vec<Related<'a>> {
    live(view, memberships::all_containers(view, text(object, "id")).into_iter())
}

fn direct_reports<'a>(view: View<'a>, manager: &'a Document) -> Vec<Related<'a>> {
    let id = text(manager, "id");
    let reports = view.all(Collection::Users).filter(|user| text(user, users::MANAGER.stored) == id);
    live(view, reports.map(|user| text(user, "id")))
}

/// Who holds a directory role in the whole tenant.
fn holders<'a>(view: View<'a>, role: &'a Document) -> Vec<Related<'a>> {
    let template = text(role, "roleTemplateId");
    let held = view.all(Collection::RoleAssignments).filter(|assignment| {
        text(assignment, "roleDefinitionId") == template && text(assignment, "directoryScopeId") == "/"
    });
    live(view, held.map(|assignment| text(assignment, "principalId")))
}

/// What a directory role is held over; nothing when that is the whole tenant.
fn directory_scope<'a>(view: View<'a>, assignment: &'a Document) -> Vec<Related<'a>> {
    let id = text(assignment, "directoryScopeId").rsplit('/').next().unwrap_or_default();
    live(view, std::iter::once(id))
}

fn owned_objects<'a>(view: View<'a>, holder: &'a Document) -> Vec<Related<'a>> {
    let id = text(holder, "id");
    let owned = |collection, kind: &'static Kind| {
        view.matching(collection, &[OWNERS], move |object| texts(object, OWNERS).any(|owner| owner == id))
            .map(move |object| (kind, object))
    };
    let mut found: Vec<Related<'a>> = owned(Collection::Applications, &APPLICATION)
        .chain(owned(Collection::ServicePrincipals, &SERVICE_PRINCIPAL))
        .chain(owned(Collection::Groups, &GROUP))
        .collect();
    found.sort_by_key(|(_, object)| text(object, "id"));
    found
}

fn federated_credentials<'a>(_: View<'a>, application: &'a Document) -> Vec<Related<'a>> {
    let mut found: Vec<Related<'a>> = list(application, federated::STORED)
        .iter()
        .filter_map(Value::as_object)
        .map(|credential| (&FEDERATED_CREDENTIAL, credential))
        .collect();
    found.sort_by_key(|(_, credential)| text(credential, "id"));
    found
}

fn role_assignments<'a>(view: View<'a>, object: &'a Document, end: &'static str) -> Vec<Related<'a>> {
    assignments::of(view, end, text(object, "id")).map(|assignment| (&APP_ROLE_ASSIGNMENT, assignment)).collect()
}

fn permission_grants<'a>(view: View<'a>, object: &'a Document, end: &'static str) -> Vec<Related<'a>> {
    let id = text(object, "id");
    let grants = view.find_all(Collection::Grants, end, id).filter(|grant| grants::is_live(view, grant));
    grants.map(|grant| (&GRANT, grant)).collect()
}

fn principal<'a>(view: View<'a>, assignment: &'a Document) -> Vec<Related<'a>> {
    live(view, std::iter::once(text(assignment, "principalId")))
}

fn role_definition<'a>(view: View<'a>, assignment: &'a Document) -> Vec<Related<'a>> {
    let definition = view.get(Collection::RoleDefinitions, text(assignment, "roleDefinitionId"));
    definition.into_iter().map(|definition| (&ROLE_DEFINITION, definition)).collect()
}
