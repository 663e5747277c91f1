//! The property tables: what applications, service principals, users and the other types hold, in the order in which
//! the service writes them.
//!
//! Names and types are those of Graph's published schema; order and defaults are those of recorded answers.

mod applications;
mod credentials;
mod grants;
mod groups;
mod organization;
mod policies;
#[cfg(test)]
mod published;
mod users;

use super::schema::{
    Kind, Property, Shape,
    Shape::{Guid, Id, Instant, Text},
    property,
};

pub(crate) use applications::{APPLICATION, EXTENSION_PROPERTY, SERVICE_PRINCIPAL};
pub(crate) use credentials::{
    FEDERATED_CREDENTIAL, FEDERATED_CREDENTIAL_IN_BETA, KEY_CREDENTIAL, PASSWORD_CREDENTIAL, PASSWORD_CREDENTIAL_OF_KEY,
};
pub(crate) use grants::{APP_ROLE_ASSIGNMENT, GRANT, GRANT_IN_BETA, ROLE_ASSIGNMENT, ROLE_DEFINITION, ROLE_TEMPLATE};
pub(crate) use groups::{ADMINISTRATIVE_UNIT, DIRECTORY_ROLE, GROUP};
pub(crate) use organization::{DOMAIN, ORGANIZATION};
pub(crate) use policies::{APP_MANAGEMENT_POLICY, DEFAULT_APP_MANAGEMENT_POLICY};
pub(crate) use users::USER;

const TEXT: Shape = Text;
const GUID: Shape = Guid;

const ASSIGNED_PLAN: &[Property] = &[
    property("assignedDateTime", Instant),
    property("capabilityStatus", Text).filter("+eq"),
    property("service", Text).filter("+eq"),
    property("servicePlanId", Guid).filter("+eq"),
];

/// What is known of a directory object whose kind is not.
pub(crate) const DIRECTORY_OBJECT: Kind = Kind {
    name: "directoryObject",
    properties: &[
        property("id", Id).fixed().filter("eq"),
        property("deletedDateTime", Instant).fixed(),
        property("displayName", Text).fixed().filter("+eq +startswith +orderby search"),
    ],
};

/// The kinds that lists of directory objects hold.
pub(crate) const DIRECTORY_OBJECTS: &[&Kind] =
    &[&USER, &SERVICE_PRINCIPAL, &APPLICATION, &GROUP, &ADMINISTRATIVE_UNIT, &DIRECTORY_ROLE];

const PROVISIONED_PLAN: &[Property] = &[
    property("capabilityStatus", Text),
    property("provisioningStatus", Text).filter("+eq"),
    property("service", Text).filter("+eq"),
];
