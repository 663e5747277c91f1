//! What the kinds of directory objects have in common: their tables and collections, the shape of their lists, and how
//! one is deleted.

use super::{
    super::{
        clock,
        refusal::Refusal,
        schema::Kind,
        tables::{ADMINISTRATIVE_UNIT, APPLICATION, DIRECTORY_ROLE, GROUP, SERVICE_PRINCIPAL, USER},
        world::{Change, Collection, Document, KIND, text},
    },
    Answer, Request,
    access::{READ_APPLICATIONS, READ_GROUPS, READ_ROLES, READ_UNITS, READ_USERS},
    shown,
};

/// One kind of directory object.
pub(super) struct Set {
    pub(super) kind: &'static Kind,
    pub(super) collection: Collection,
    /// As paths and contexts have it: `applications`.
    pub(super) name: &'static str,
    /// Who reads one of these may read.
    pub(super) read: &'static [&'static str],
    /// What a list costs in resource units.
    units: u32,
}

pub(super) static APPLICATIONS: Set = Set {
    kind: &APPLICATION,
    collection: Collection::Applications,
    name: "applications",
    read: READ_APPLICATIONS,
    units: 2,
};
pub(super) static SERVICE_PRINCIPALS: Set = Set {
    kind: &SERVICE_PRINCIPAL,
    collection: Collection::ServicePrincipals,
    name: "servicePrincipals",
    read: READ_APPLICATIONS,
    units: 1,
};
pub(super) static USERS: Set =
    Set { kind: &USER, collection: Collection::Users, name: "users", read: READ_USERS, units: 2 };
pub(super) static GROUPS: Set =
    Set { kind: &GROUP, collection: Collection::Groups, name: "groups", read: READ_GROUPS, units: 1 };
pub(super) static UNITS: Set = Set {
    kind: &ADMINISTRATIVE_UNIT,
    collection: Collection::AdministrativeUnits,
    name: "directory/administrativeUnits",
    read: READ_UNITS,
    units: 1,
};
static ROLES: Set = Set {
    kind: &DIRECTORY_ROLE,
    collection: Collection::DirectoryRoles,
    name: "directoryRoles",
    read: READ_ROLES,
    units: 1,
};

/// The set of a kind by its short name, in any case: `servicePrincipal`.
pub(super) fn named(kind: &str) -> Option<&'static Set> {
    [&APPLICATIONS, &SERVICE_PRINCIPALS, &USERS, &GROUPS, &UNITS, &ROLES]
        .into_iter()
        .find(|set| set.kind.name.eq_ignore_ascii_case(kind))
}

/// The set by its name in a path, in any case: `servicePrincipals`.
pub(super) fn by_name(name: &str) -> Option<&'static Set> {
    [&APPLICATIONS, &SERVICE_PRINCIPALS, &USERS, &GROUPS].into_iter().find(|set| set.name.eq_ignore_ascii_case(name))
}

/// The set of a kind that is known to be one.
pub(super) fn of_kind(kind: &str) -> &'static Set {
    named(kind).unwrap_or(&USERS)
}

/// The set that is kept there.
pub(super) fn of_collection(collection: Collection) -> &'static Set {
    [&APPLICATIONS, &SERVICE_PRINCIPALS, &GROUPS, &UNITS, &ROLES]
        .into_iter()
        .find(|set| set.collection == collection)
        .unwrap_or(&USERS)
}

/// A request for the whole collection: listed, or one more of it.
pub(super) fn collection(
    request: &Request<'_>,
    set: &'static Set,
    create: impl FnOnce() -> Result<Answer, Refusal>,
) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(set.read)?;
            request.query.allow(&["$select", "$filter", "$top"])?;
            let (listing, documents) = (request.listing(set.kind, set.name), request.lists.listed(set.collection));
            let answer = if request.query.counting {
                let number = listing
                    .page(&request.query, documents, |document, selected| shown(set.kind, document, selected, false))?;
                Answer::ok(number)
            } else {
                Answer::written(listing.written(&request.query, documents)?)
            };
            Ok(answer.costing(set.units))
        }
        "POST" => {
            request.query.allow(&[])?;
            create()
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// Moves an object to the deleted ones.
pub(super) fn soft_delete(request: &Request<'_>, set: &Set, document: &Document) -> Vec<Change> {
    let mut deleted = document.clone();
    deleted.insert("deletedDateTime".into(), clock::seconds(request.now).into());
    deleted.insert(KIND.into(), set.kind.name.into());
    vec![Change::remove(set.collection, text(document, "id")), Change::put(Collection::Deleted, deleted)]
}
