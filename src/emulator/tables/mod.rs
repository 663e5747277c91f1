//! The property tables: what applications, service principals, users and the other types hold, in the order in which
//! the service writes them.
//!
//! Names and types are those of Graph's published schema; order and defaults are those of recorded answers.

mod groups;
mod policies;

use super::schema::{
    Kind, Property, Shape,
    Shape::{Binary, Boolean, Guid, Instant, Integer, List, Object, OneOf, Text},
    property,
};

pub(crate) use groups::{ADMINISTRATIVE_UNIT, DIRECTORY_ROLE, GROUP};
pub(crate) use policies::{APP_MANAGEMENT_POLICY, DEFAULT_APP_MANAGEMENT_POLICY};

const TEXT: Shape = Text;
const GUID: Shape = Guid;

/// Audiences that the directory knows.
pub(crate) const AUDIENCES: &[&str] =
    &["AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"];

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

const KEY_CREDENTIAL_MEMBERS: &[Property] = &[
    property("customKeyIdentifier", Text),
    property("displayName", Text),
    property("endDateTime", Instant),
    property("key", Binary),
    property("keyId", Guid),
    property("startDateTime", Instant),
    property("type", Text),
    property("usage", Text),
];

/// The credential of `addPassword`.
pub(crate) const PASSWORD_CREDENTIAL: Kind =
    Kind { name: "passwordCredential", properties: PASSWORD_CREDENTIAL_MEMBERS };

const PASSWORD_CREDENTIAL_MEMBERS: &[Property] = &[
    property("customKeyIdentifier", Binary),
    property("displayName", Text),
    property("endDateTime", Instant),
    property("hint", Text).fixed(),
    property("keyId", Guid),
    property("secretText", Text).fixed(),
    property("startDateTime", Instant),
];

const APP_ROLE: &[Property] = &[
    property("allowedMemberTypes", List(&TEXT)),
    property("description", Text),
    property("displayName", Text),
    property("id", Guid).required(),
    property("isEnabled", Boolean).required(),
    property("origin", Text),
    property("value", Text),
];

const SCOPE: &[Property] = &[
    property("adminConsentDescription", Text),
    property("adminConsentDisplayName", Text),
    property("id", Guid).required(),
    property("isEnabled", Boolean).required(),
    property("type", OneOf(&["Admin", "User"])),
    property("userConsentDescription", Text),
    property("userConsentDisplayName", Text),
    property("value", Text),
];

const OPTIONAL_CLAIM: &[Property] = &[
    property("additionalProperties", List(&TEXT)),
    property("essential", Boolean).required(),
    property("name", Text).required(),
    property("source", Text),
];
const OPTIONAL_CLAIMS: Shape = List(&Object(OPTIONAL_CLAIM));

const API: &[Property] = &[
    property("acceptMappedClaims", Boolean),
    property("knownClientApplications", List(&GUID)),
    property("requestedAccessTokenVersion", Integer),
    property("oauth2PermissionScopes", List(&Object(SCOPE))),
    property(
        "preAuthorizedApplications",
        List(&Object(&[property("appId", Text).required(), property("delegatedPermissionIds", List(&TEXT))])),
    ),
];

const INFO: &[Property] = &[
    property("logoUrl", Text).fixed(),
    property("marketingUrl", Text),
    property("privacyStatementUrl", Text),
    property("supportUrl", Text),
    property("termsOfServiceUrl", Text),
];

const VERIFIED_PUBLISHER: &[Property] =
    &[property("displayName", Text), property("verifiedPublisherId", Text), property("addedDateTime", Instant)];

const ADD_IN: &[Property] = &[
    property("id", Guid),
    property("type", Text).required(),
    property("properties", List(&Object(&[property("key", Text), property("value", Text)]))),
];

const WEB: &[Property] = &[
    property("homePageUrl", Text),
    property("logoutUrl", Text),
    property("redirectUris", List(&TEXT)),
    property(
        "implicitGrantSettings",
        Object(&[
            property("enableAccessTokenIssuance", Boolean).required(),
            property("enableIdTokenIssuance", Boolean).required(),
        ]),
    ),
    property("redirectUriSettings", List(&Object(&[property("uri", Text), property("index", Integer)]))),
];

const REQUIRED_RESOURCE_ACCESS: &[Property] = &[
    property("resourceAppId", Guid).required(),
    property(
        "resourceAccess",
        List(&Object(&[property("id", Guid).required(), property("type", OneOf(&["Scope", "Role"])).required()])),
    ),
];

const REDIRECT_URIS: &[Property] = &[property("redirectUris", List(&TEXT))];

/// An application.
pub(crate) const APPLICATION: Kind = Kind {
    name: "application",
    properties: &[
        property("id", Guid).fixed().filter("eq in"),
        property("deletedDateTime", Instant).fixed(),
        property("appId", Guid).fixed().filter("eq in"),
        property("applicationTemplateId", Text).fixed(),
        property("disabledByMicrosoftStatus", Text).fixed(),
        property("createdDateTime", Instant).fixed().filter("eq ge le"),
        property("displayName", Text).required().filter("eq in startswith"),
        property("description", Text),
        property("groupMembershipClaims", Text),
        property("identifierUris", List(&TEXT)).filter("any startswith"),
        property("isDeviceOnlyAuthSupported", Boolean),
        property("isFallbackPublicClient", Boolean),
        property("nativeAuthenticationApisEnabled", Text),
        property("notes", Text),
        property("publisherDomain", Text).fixed(),
        property("serviceManagementReference", Text),
        property("signInAudience", OneOf(AUDIENCES)).required().filter("eq in"),
        property("tags", List(&TEXT)).filter("any startswith"),
        property("tokenEncryptionKeyId", Guid),
        property("uniqueName", Text),
        property("oauth2RequirePostResponse", Boolean).required().on_select(),
        property("createdByAppId", Text).fixed().on_select(),
        property(
            "authenticationBehaviors",
            Object(&[
                property("blockAzureADGraphAccess", Boolean),
                property("removeUnverifiedEmailClaim", Boolean),
                property("requireClientServicePrincipal", Boolean),
            ]),
        )
        .nullable()
        .on_select(),
        property("samlMetadataUrl", Text),
        property("defaultRedirectUri", Text),
        property("certification", Text).fixed(),
        property(
            "optionalClaims",
            Object(&[
                property("accessToken", OPTIONAL_CLAIMS),
                property("idToken", OPTIONAL_CLAIMS),
                property("saml2Token", OPTIONAL_CLAIMS),
            ]),
        )
        .nullable(),
        property(
            "servicePrincipalLockConfiguration",
            Object(&[
                property("isEnabled", Boolean).required(),
                property("allProperties", Boolean),
                property("credentialsWithUsageVerify", Boolean),
                property("credentialsWithUsageSign", Boolean),
                property("tokenEncryptionKeyId", Boolean),
            ]),
        )
        .nullable(),
        property(
            "requestSignatureVerification",
            Object(&[property("isSignedRequestRequired", Boolean).required(), property("allowedWeakAlgorithms", Text)]),
        )
        .nullable(),
        property("addIns", List(&Object(ADD_IN))),
        property("api", Object(API)),
        property("appRoles", List(&Object(APP_ROLE))),
        property("info", Object(INFO)),
        property("keyCredentials", List(&Object(KEY_CREDENTIAL_MEMBERS))),
        property(
            "parentalControlSettings",
            Object(&[property("countriesBlockedForMinors", List(&TEXT)), property("legalAgeGroupRule", Text)]),
        ),
        property("passwordCredentials", List(&Object(PASSWORD_CREDENTIAL_MEMBERS))).at_creation(),
        property("publicClient", Object(REDIRECT_URIS)),
        property("requiredResourceAccess", List(&Object(REQUIRED_RESOURCE_ACCESS))),
        property("verifiedPublisher", Object(VERIFIED_PUBLISHER)).fixed(),
        property("web", Object(WEB)),
        property("spa", Object(REDIRECT_URIS)),
    ],
};

/// A service principal.
pub(crate) const SERVICE_PRINCIPAL: Kind = Kind {
    name: "servicePrincipal",
    properties: &[
        property("id", Guid).fixed().filter("eq in"),
        property("deletedDateTime", Instant).fixed(),
        property("accountEnabled", Boolean).filter("eq"),
        property("alternativeNames", List(&TEXT)).filter("any startswith"),
        property("appDisplayName", Text).fixed(),
        property("appDescription", Text).fixed(),
        property("appId", Guid).at_creation().filter("eq in"),
        property("applicationTemplateId", Text).fixed(),
        property("appOwnerOrganizationId", Guid).fixed(),
        property("appRoleAssignmentRequired", Boolean).required(),
        property("createdDateTime", Instant).fixed().filter("eq ge le"),
        property("description", Text),
        property("disabledByMicrosoftStatus", Text).fixed(),
        property("displayName", Text).filter("eq in startswith"),
        property("homepage", Text),
        property("loginUrl", Text),
        property("logoutUrl", Text),
        property("notes", Text),
        property("notificationEmailAddresses", List(&TEXT)),
        property("preferredSingleSignOnMode", Text),
        property("preferredTokenSigningKeyThumbprint", Text),
        property("replyUrls", List(&TEXT)),
        property("servicePrincipalNames", List(&TEXT)).filter("any startswith"),
        property("servicePrincipalType", Text).fixed().filter("eq in"),
        property("signInAudience", Text).fixed(),
        property("tags", List(&TEXT)).filter("any startswith"),
        property("tokenEncryptionKeyId", Guid),
        property("samlSingleSignOnSettings", Object(&[property("relayState", Text)])).nullable(),
        property("addIns", List(&Object(ADD_IN))),
        property("appRoles", List(&Object(APP_ROLE))).fixed(),
        property("info", Object(INFO)).fixed(),
        property("keyCredentials", List(&Object(KEY_CREDENTIAL_MEMBERS))),
        property("oauth2PermissionScopes", List(&Object(SCOPE))).fixed(),
        property("passwordCredentials", List(&Object(PASSWORD_CREDENTIAL_MEMBERS))).fixed(),
        property("resourceSpecificApplicationPermissions", List(&TEXT)).fixed(),
        property("verifiedPublisher", Object(VERIFIED_PUBLISHER)).fixed(),
    ],
};

/// A user, as far as applications have to do with users.
pub(crate) const USER: Kind = Kind {
    name: "user",
    properties: &[
        property("id", Guid).fixed().filter("eq in"),
        property("businessPhones", List(&TEXT)),
        property("displayName", Text).required().filter("eq in startswith"),
        property("givenName", Text),
        property("jobTitle", Text),
        property("mail", Text).filter("eq in startswith"),
        property("mobilePhone", Text),
        property("officeLocation", Text),
        property("preferredLanguage", Text),
        property("surname", Text),
        property("userPrincipalName", Text).required().filter("eq in startswith"),
        property("accountEnabled", Boolean).filter("eq").on_select(),
        property("mailNickname", Text).filter("eq in startswith").on_select(),
        property("userType", Text).filter("eq in").on_select(),
        property("ageGroup", Text).on_select(),
        property("city", Text).on_select(),
        property("companyName", Text).on_select(),
        property("consentProvidedForMinor", Text).on_select(),
        property("country", Text).on_select(),
        property("department", Text).filter("eq").on_select(),
        property("employeeHireDate", Instant).on_select(),
        property("employeeId", Text).filter("eq").on_select(),
        property("employeeOrgData", Object(&[property("costCenter", Text), property("division", Text)]))
            .nullable()
            .on_select(),
        property("employeeType", Text).on_select(),
        property("faxNumber", Text).on_select(),
        property("onPremisesImmutableId", Text).on_select(),
        property("otherMails", List(&TEXT)).on_select(),
        property("passwordPolicies", Text).on_select(),
        property("postalCode", Text).on_select(),
        property("proxyAddresses", List(&TEXT)).fixed().on_select(),
        property("showInAddressList", Boolean).on_select(),
        property("state", Text).on_select(),
        property("streetAddress", Text).on_select(),
        property("usageLocation", Text).on_select(),
        property("createdDateTime", Instant).fixed().on_select(),
        property("deletedDateTime", Instant).fixed().on_select(),
        property(
            "passwordProfile",
            Object(&[
                property("password", Text),
                property("forceChangePasswordNextSignIn", Boolean),
                property("forceChangePasswordNextSignInWithMfa", Boolean),
            ]),
        )
        .nullable()
        .on_select(),
    ],
};

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

/// An app role assignment.
pub(crate) const APP_ROLE_ASSIGNMENT: Kind = Kind {
    name: "appRoleAssignment",
    properties: &[
        property("id", Text).fixed(),
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

/// A directory role assignment.
pub(crate) const ROLE_ASSIGNMENT: Kind = Kind {
    name: "unifiedRoleAssignment",
    properties: &[
        property("id", Text).fixed(),
        property("principalId", Text).required().filter("eq"),
        property("directoryScopeId", Text).required().filter("eq"),
        property("roleDefinitionId", Text).required().filter("eq"),
        property("appScopeId", Text).on_select(),
    ],
};

const ROLE_PERMISSION: &[Property] = &[property("allowedResourceActions", List(&TEXT)), property("condition", Text)];

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

/// A directory extension that an application declares.
pub(crate) const EXTENSION_PROPERTY: Kind = Kind {
    name: "extensionProperty",
    properties: &[
        property("id", Text).fixed(),
        property("deletedDateTime", Instant).fixed(),
        property("appDisplayName", Text).fixed(),
        property("dataType", Text).required().at_creation(),
        property("isMultiValued", Boolean).required().at_creation(),
        property("isSyncedFromOnPremises", Boolean).fixed(),
        property("name", Text).required().at_creation(),
        property("targetObjects", List(&TEXT)).at_creation(),
    ],
};

/// The tenant as an organization.
pub(crate) const ORGANIZATION: Kind = Kind {
    name: "organization",
    properties: &[
        property("id", Text).fixed(),
        property("deletedDateTime", Instant).fixed(),
        property("businessPhones", List(&TEXT)),
        property("city", Text),
        property("country", Text),
        property("countryLetterCode", Text),
        property("createdDateTime", Instant).fixed(),
        property("displayName", Text),
        property("tenantType", Text),
        property("verifiedDomains", List(&Object(&[]))).fixed(),
    ],
};

/// A domain of the tenant.
pub(crate) const DOMAIN: Kind = Kind {
    name: "domain",
    properties: &[
        property("authenticationType", Text).fixed(),
        property("availabilityStatus", Text).fixed(),
        property("id", Text).fixed(),
        property("isAdminManaged", Boolean).fixed(),
        property("isDefault", Boolean).fixed(),
        property("isInitial", Boolean).fixed(),
        property("isRoot", Boolean).fixed(),
        property("isVerified", Boolean).fixed(),
        property("supportedServices", List(&TEXT)).fixed(),
        property("passwordValidityPeriodInDays", Integer).fixed(),
        property("passwordNotificationWindowInDays", Integer).fixed(),
        property("state", Text).fixed(),
    ],
};
