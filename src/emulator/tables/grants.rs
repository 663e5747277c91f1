//! What somebody may do: app roles, consents, directory roles.

use super::{
    super::schema::{
        Kind, Property,
        Shape::{Boolean, Guid, Instant, List, Object, OneOf, Text},
        property,
    },
    TEXT,
};

/// An app role assignment.
pub(crate) const APP_ROLE_ASSIGNMENT: Kind = Kind {
    name: "appRoleAssignment",
    properties: &[
        // Terraform's provider reads its assignments so.
        property("id", Text).fixed().filter("eq"),
        property("deletedDateTime", Instant).fixed(),
        property("appRoleId", Guid).required(),
        property("createdDateTime", Instant).fixed(),
        property("principalDisplayName", Text).fixed(),
        property("principalId", Guid).required(),
        property("principalType", Text).fixed(),
        property("resourceDisplayName", Text).fixed(),
        property("resourceId", Guid).required().filter("eq"),
    ],
};

/// A delegated permission grant.
pub(crate) const GRANT: Kind = Kind {
    name: "oAuth2PermissionGrant",
    properties: &[
        property("clientId", Text).required().at_creation().filter("eq"),
        property("consentType", OneOf(&["AllPrincipals", "Principal"])).required().at_creation().filter("eq"),
        property("id", Text).fixed(),
        property("principalId", Text).at_creation().filter("eq"),
        property("resourceId", Text).required().at_creation().filter("eq"),
        property("scope", Text),
    ],
};

/// The same in beta, where it has times that nobody looks at.
pub(crate) const GRANT_IN_BETA: Kind = Kind {
    name: "oAuth2PermissionGrant",
    properties: &[
        property("clientId", Text).required().at_creation().filter("eq"),
        property("consentType", OneOf(&["AllPrincipals", "Principal"])).required().at_creation().filter("eq"),
        property("expiryTime", Instant),
        property("id", Text).fixed(),
        property("principalId", Text).at_creation().filter("eq"),
        property("resourceId", Text).required().at_creation().filter("eq"),
        property("scope", Text),
        property("startTime", Instant),
    ],
};

/// A directory role assignment.
pub(crate) const ROLE_ASSIGNMENT: Kind = Kind {
    name: "unifiedRoleAssignment",
    properties: &[
        property("id", Text).fixed(),
        property("principalId", Text).required().filter("eq"),
        property("directoryScopeId", Text).required().filter("eq"),
        property("roleDefinitionId", Text).required().filter("eq"),
        property("appScopeId", Text).on_select(),
        property("condition", Text).on_select(),
        property("principalOrganizationId", Text).fixed().on_select(),
    ],
};

/// A directory role.
pub(crate) const ROLE_DEFINITION: Kind = Kind {
    name: "unifiedRoleDefinition",
    properties: &[
        property("id", Text).fixed(),
        property("description", Text),
        property("displayName", Text).filter("eq startswith"),
        property("isBuiltIn", Boolean).fixed().filter("eq"),
        property("isEnabled", Boolean),
        property("resourceScopes", List(&TEXT)),
        property("templateId", Text).filter("eq"),
        property("version", Text),
        property("rolePermissions", List(&Object(ROLE_PERMISSION))),
        property("inheritsPermissionsFrom@odata.context", Text).fixed(),
        property("inheritsPermissionsFrom", List(&TEXT)).fixed(),
    ],
};

/// A directory role template.
pub(crate) const ROLE_TEMPLATE: Kind = Kind {
    name: "directoryRoleTemplate",
    properties: &[
        property("id", Text).fixed(),
        property("deletedDateTime", Instant).fixed(),
        property("description", Text).fixed(),
        property("displayName", Text).fixed(),
    ],
};

const ROLE_PERMISSION: &[Property] = &[
    property("allowedResourceActions", List(&TEXT)),
    property("condition", Text),
    property("excludedResourceActions", List(&TEXT)).on_select(),
];
