//! What applications sign in with: keys, passwords, and tokens of others.

use super::{
    super::schema::{
        Kind, Property,
        Shape::{Binary, Guid, Instant, Integer, List, Object, Text},
        property,
    },
    TEXT,
};

/// The key of `addKey`.
pub(crate) const KEY_CREDENTIAL: Kind = Kind { name: "keyCredential", properties: KEY_CREDENTIAL_MEMBERS };

/// The password of `addKey`, which locks the certificate that comes with it.
pub(crate) const PASSWORD_CREDENTIAL_OF_KEY: Kind = Kind {
    name: "passwordCredential",
    properties: &[
        property("customKeyIdentifier", Binary),
        property("displayName", Text),
        property("endDateTime", Instant),
        property("hint", Text),
        property("keyId", Guid),
        property("secretText", Text),
        property("startDateTime", Instant),
    ],
};

pub(super) const KEY_CREDENTIAL_MEMBERS: &[Property] = &[
    // Published as binary, and yet the service writes it as hexadecimal digits.
    property("customKeyIdentifier", Binary),
    property("displayName", Text).filter("+eq"),
    property("endDateTime", Instant).filter("+eq +ge +le"),
    property("key", Binary),
    property("keyId", Guid).filter("+eq"),
    property("startDateTime", Instant).filter("+eq +ge +le"),
    property("type", Text).filter("+eq"),
    property("usage", Text).filter("+eq"),
];

/// The credential of `addPassword`.
pub(crate) const PASSWORD_CREDENTIAL: Kind =
    Kind { name: "passwordCredential", properties: PASSWORD_CREDENTIAL_MEMBERS };

pub(super) const PASSWORD_CREDENTIAL_MEMBERS: &[Property] = &[
    property("customKeyIdentifier", Binary),
    property("displayName", Text),
    property("endDateTime", Instant),
    property("hint", Text).fixed(),
    property("keyId", Guid),
    property("secretText", Text).fixed(),
    property("startDateTime", Instant),
];

/// A federated identity credential.
pub(crate) const FEDERATED_CREDENTIAL: Kind = Kind {
    name: "federatedIdentityCredential",
    properties: &[
        property("id", Text).fixed().filter("eq"),
        property("name", Text).required().at_creation().filter("eq"),
        property("issuer", Text).required(),
        property("subject", Text).filter("eq"),
        property("description", Text),
        property("audiences", List(&TEXT)),
    ],
};

/// The same in beta, where claims may be matched by an expression instead of a subject.
pub(crate) const FEDERATED_CREDENTIAL_IN_BETA: Kind = Kind {
    name: "federatedIdentityCredential",
    properties: &[
        property("id", Text).fixed().filter("eq"),
        property("name", Text).required().at_creation().filter("eq"),
        property("issuer", Text).required(),
        property("subject", Text).filter("eq"),
        property("description", Text),
        property("audiences", List(&TEXT)),
        property(
            "claimsMatchingExpression",
            Object(&[property("value", Text).required(), property("languageVersion", Integer).required()]),
        )
        .nullable(),
    ],
};
