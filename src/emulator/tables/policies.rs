//! App management policies.

use super::super::schema::{
    Kind, Property, Shape,
    Shape::{Boolean, Id, Instant, List, Object, OneOf, Text},
    property,
};

const STATE: Property = property("state", OneOf(&["enabled", "disabled"]));
const ACTORS: Property = property(
    "excludeActors",
    Object(&[property(
        "customSecurityAttributes",
        List(&Object(&[property("id", Text), property("operator", OneOf(&["equals"])), property("value", Text)])),
    )]),
)
.nullable();

const PASSWORD: &[Property] = &[
    property(
        "restrictionType",
        OneOf(&[
            "passwordAddition",
            "passwordLifetime",
            "symmetricKeyAddition",
            "symmetricKeyLifetime",
            "customPasswordAddition",
        ]),
    ),
    STATE,
    property("maxLifetime", Text),
    property("restrictForAppsCreatedAfterDateTime", Instant),
    ACTORS,
];

const KEY: &[Property] = &[
    property("restrictionType", OneOf(&["asymmetricKeyLifetime"])),
    STATE,
    property("maxLifetime", Text),
    property("restrictForAppsCreatedAfterDateTime", Instant),
    ACTORS,
];

const URI: &[Property] = &[
    STATE,
    property("restrictForAppsCreatedAfterDateTime", Instant),
    property("excludeAppsReceivingV2Tokens", Boolean),
    property("excludeSaml", Boolean),
    property("isStateSetByMicrosoft", Boolean).fixed(),
    ACTORS,
];

const IDENTIFIERS: Property = property(
    "identifierUris",
    Object(&[
        property("nonDefaultUriAddition", Object(URI)).nullable(),
        property("uriAdditionWithoutUniqueTenantIdentifier", Object(URI)).nullable(),
    ]),
)
.nullable();
const PASSWORDS: Property = property("passwordCredentials", List(&Object(PASSWORD)));
const KEYS: Property = property("keyCredentials", List(&Object(KEY)));

const ON_APPLICATIONS: Shape = Object(&[PASSWORDS, KEYS, IDENTIFIERS]);
const ON_SERVICE_PRINCIPALS: Shape = Object(&[PASSWORDS, KEYS]);

/// The policy that every application and service principal is under.
pub(crate) const DEFAULT_APP_MANAGEMENT_POLICY: Kind = Kind {
    name: "tenantAppManagementPolicy",
    properties: &[
        property("id", Id).fixed(),
        property("deletedDateTime", Instant).fixed(),
        property("displayName", Text),
        property("description", Text),
        property("isEnabled", Boolean).required(),
        property("applicationRestrictions", ON_APPLICATIONS),
        property("servicePrincipalRestrictions", ON_SERVICE_PRINCIPALS),
    ],
};

/// A policy for the objects that it is assigned to.
pub(crate) const APP_MANAGEMENT_POLICY: Kind = Kind {
    name: "appManagementPolicy",
    properties: &[
        property("id", Id).fixed().filter("eq"),
        property("deletedDateTime", Instant).fixed(),
        property("displayName", Text).filter("eq"),
        property("description", Text),
        property("isEnabled", Boolean).required(),
        property(
            "restrictions",
            Object(&[PASSWORDS, KEYS, property("applicationRestrictions", Object(&[IDENTIFIERS])).nullable()]),
        ),
    ],
};
