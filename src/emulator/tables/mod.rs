//! The property tables: what applications, service principals, users and the other types hold, in the order in which
//! the service writes them.
//!
//! Names and types are those of Graph's published schema; order and defaults are those of recorded answers.

mod groups;
mod policies;
#[cfg(test)]
mod published;

use super::schema::{
    Kind, Property, Shape,
    Shape::{Binary, Boolean, Guid, Id, Instant, Integer, List, Object, OneOf, Text},
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
    property("isEnabled", Boolean).required().true_unset(),
    property("origin", Text),
    property("value", Text),
];

const SCOPE: &[Property] = &[
    property("adminConsentDescription", Text),
    property("adminConsentDisplayName", Text),
    property("id", Guid).required(),
    property("isEnabled", Boolean).required().true_unset(),
    property("origin", Text).fixed().on_select(),
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
    property("logoUrl", Text).fixed().filter("+null"),
    property("marketingUrl", Text),
    property("privacyStatementUrl", Text),
    property("supportUrl", Text),
    property("termsOfServiceUrl", Text).filter("+eq"),
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
    property("resourceAppId", Id).required().filter("+eq"),
    property(
        "resourceAccess",
        List(&Object(&[property("id", Guid).required(), property("type", OneOf(&["Scope", "Role"])).required()])),
    ),
];

const REDIRECT_URIS: &[Property] = &[property("redirectUris", List(&TEXT))];

const CERTIFICATION: &[Property] = &[
    property("isPublisherAttested", Boolean).fixed(),
    property("isCertifiedByMicrosoft", Boolean).fixed(),
    property("lastCertificationDateTime", Instant).fixed(),
    property("certificationExpirationDateTime", Instant).fixed(),
    property("certificationDetailsUrl", Text).fixed(),
];

const AUTHENTICATION_BEHAVIORS: &[Property] = &[
    property("blockAzureADGraphAccess", Boolean),
    property("removeUnverifiedEmailClaim", Boolean),
    property("requireClientServicePrincipal", Boolean),
];

const RESOURCE_SPECIFIC_PERMISSION: &[Property] = &[
    property("description", Text),
    property("displayName", Text),
    property("id", Guid).required(),
    property("isEnabled", Boolean).required(),
    property("value", Text),
];

const ASSIGNED_LICENSE: &[Property] = &[property("disabledPlans", List(&GUID)), property("skuId", Guid).filter("eq")];

const ASSIGNED_PLAN: &[Property] = &[
    property("assignedDateTime", Instant),
    property("capabilityStatus", Text).filter("+eq"),
    property("service", Text).filter("+eq"),
    property("servicePlanId", Guid).filter("+eq"),
];

const PROVISIONED_PLAN: &[Property] = &[
    property("capabilityStatus", Text),
    property("provisioningStatus", Text).filter("+eq"),
    property("service", Text).filter("+eq"),
];

const OBJECT_IDENTITY: &[Property] = &[
    property("signInType", Text),
    property("issuer", Text).filter("eq"),
    property("issuerAssignedId", Text).filter("eq"),
];

const EXTENSION_ATTRIBUTES: &[Property] = &[
    property("extensionAttribute1", Text).filter("+eq +null"),
    property("extensionAttribute2", Text).filter("+eq +null"),
    property("extensionAttribute3", Text).filter("+eq +null"),
    property("extensionAttribute4", Text).filter("+eq +null"),
    property("extensionAttribute5", Text).filter("+eq +null"),
    property("extensionAttribute6", Text).filter("+eq +null"),
    property("extensionAttribute7", Text).filter("+eq +null"),
    property("extensionAttribute8", Text).filter("+eq +null"),
    property("extensionAttribute9", Text).filter("+eq +null"),
    property("extensionAttribute10", Text).filter("+eq +null"),
    property("extensionAttribute11", Text).filter("+eq +null"),
    property("extensionAttribute12", Text).filter("+eq +null"),
    property("extensionAttribute13", Text).filter("+eq +null"),
    property("extensionAttribute14", Text).filter("+eq +null"),
    property("extensionAttribute15", Text).filter("+eq +null"),
];

/// An application.
pub(crate) const APPLICATION: Kind = Kind {
    name: "application",
    properties: &[
        property("id", Id).fixed().filter("eq"),
        property("deletedDateTime", Instant).fixed().filter("eq ge le +orderby"),
        property("appId", Id).fixed().filter("eq"),
        property("applicationTemplateId", Text).fixed().filter("eq"),
        property("disabledByMicrosoftStatus", Text).fixed().filter("eq"),
        property("createdDateTime", Instant).fixed().filter("eq ge le +null +orderby"),
        property("displayName", Text).required().filter("eq startswith +ge +le +null +orderby search"),
        property("description", Text).filter("+eq +startswith search"),
        property("groupMembershipClaims", Text),
        property("identifierUris", List(&TEXT)).filter("any startswith"),
        property("isDeviceOnlyAuthSupported", Boolean),
        property("isFallbackPublicClient", Boolean),
        property("nativeAuthenticationApisEnabled", OneOf(&["none", "all"])),
        property("notes", Text),
        property("publisherDomain", Text).fixed().filter("eq startswith"),
        property("serviceManagementReference", Text),
        property("signInAudience", OneOf(AUDIENCES)).required().filter("eq"),
        property("tags", List(&TEXT)).filter("any startswith"),
        property("tokenEncryptionKeyId", Guid),
        property("uniqueName", Text),
        property("samlMetadataUrl", Text),
        property("defaultRedirectUri", Text),
        property("certification", Object(CERTIFICATION)).nullable().fixed(),
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
            Object(&[
                property("isSignedRequestRequired", Boolean).required(),
                property("allowedWeakAlgorithms", OneOf(&["rsaSha1"])),
            ]),
        )
        .nullable(),
        property("addIns", List(&Object(ADD_IN))),
        property("api", Object(API)),
        property("appRoles", List(&Object(APP_ROLE))),
        property("info", Object(INFO)),
        property("keyCredentials", List(&Object(KEY_CREDENTIAL_MEMBERS))).filter("+any"),
        property(
            "parentalControlSettings",
            Object(&[property("countriesBlockedForMinors", List(&TEXT)), property("legalAgeGroupRule", Text)]),
        ),
        property("passwordCredentials", List(&Object(PASSWORD_CREDENTIAL_MEMBERS))).at_creation(),
        property("publicClient", Object(REDIRECT_URIS)),
        property("requiredResourceAccess", List(&Object(REQUIRED_RESOURCE_ACCESS))).filter("+any"),
        property("verifiedPublisher", Object(VERIFIED_PUBLISHER)).fixed(),
        property("web", Object(WEB)),
        property("spa", Object(REDIRECT_URIS)),
        property("authenticationBehaviors", Object(AUTHENTICATION_BEHAVIORS)).nullable().on_select(),
        property("createdByAppId", Text).fixed().on_select(),
        property("isDisabled", Boolean).on_select(),
        property("managerApplications", List(&GUID)).fixed().on_select(),
        property("oauth2RequirePostResponse", Boolean).required().on_select(),
    ],
};

/// A service principal.
pub(crate) const SERVICE_PRINCIPAL: Kind = Kind {
    name: "servicePrincipal",
    properties: &[
        property("id", Id).fixed().filter("eq"),
        property("deletedDateTime", Instant).fixed().filter("eq ge le +orderby"),
        property("accountEnabled", Boolean).filter("eq"),
        property("alternativeNames", List(&TEXT)).filter("any startswith"),
        property("appDisplayName", Text).fixed(),
        property("appDescription", Text).fixed(),
        property("appId", Id).at_creation().filter("eq"),
        property("applicationTemplateId", Text).fixed().filter("eq"),
        property("appOwnerOrganizationId", Guid).fixed().filter("+eq"),
        property("appRoleAssignmentRequired", Boolean).required().filter("+eq"),
        property("createdDateTime", Instant).fixed().filter("eq ge le +null +orderby"),
        property("description", Text).filter("+eq +startswith search"),
        property("disabledByMicrosoftStatus", Text).fixed().filter("eq"),
        property("displayName", Text).filter("eq startswith +ge +le +null +orderby search"),
        property("homepage", Text),
        property("loginUrl", Text),
        property("logoutUrl", Text),
        property("notes", Text),
        property("notificationEmailAddresses", List(&TEXT)),
        // Beta only.
        property("samlMetadataUrl", Text).fixed().on_select(),
        property("preferredSingleSignOnMode", Text),
        property("preferredTokenSigningKeyThumbprint", Text),
        property("replyUrls", List(&TEXT)),
        property("servicePrincipalNames", List(&TEXT)).filter("any startswith"),
        property("servicePrincipalType", Text).fixed().filter("eq"),
        property("signInAudience", Text).fixed(),
        property("tags", List(&TEXT)).filter("any startswith"),
        property("tokenEncryptionKeyId", Guid),
        property("samlSingleSignOnSettings", Object(&[property("relayState", Text)])).nullable(),
        property("addIns", List(&Object(ADD_IN))),
        property("appRoles", List(&Object(APP_ROLE))).fixed(),
        property("info", Object(INFO)).fixed(),
        property("keyCredentials", List(&Object(KEY_CREDENTIAL_MEMBERS))).filter("+any"),
        property("oauth2PermissionScopes", List(&Object(SCOPE))).fixed(),
        property("passwordCredentials", List(&Object(PASSWORD_CREDENTIAL_MEMBERS))).fixed(),
        property("resourceSpecificApplicationPermissions", List(&Object(RESOURCE_SPECIFIC_PERMISSION))).fixed(),
        property("verifiedPublisher", Object(VERIFIED_PUBLISHER)).fixed(),
        property("createdByAppId", Text).fixed().on_select(),
        property("isDisabled", Boolean).on_select(),
    ],
};

/// A user, as far as applications have to do with users.
pub(crate) const USER: Kind = Kind {
    name: "user",
    properties: &[
        property("id", Id).fixed().filter("eq"),
        property("businessPhones", List(&TEXT)).filter("any startswith"),
        property("displayName", Text).required().filter("eq startswith +ge +le +null orderby search"),
        property("givenName", Text).filter("eq ge le startswith +null search"),
        property("jobTitle", Text).filter("eq ge le startswith +null"),
        property("mail", Text).filter("eq ge le startswith +null search"),
        property("mobilePhone", Text).filter("+eq +ge +le +startswith +null"),
        property("officeLocation", Text).filter("+eq +ge +le +startswith +null"),
        property("preferredLanguage", Text).filter("+eq +ge +le +startswith +null"),
        property("surname", Text).filter("eq ge le startswith +null search"),
        property("userPrincipalName", Text).required().filter("eq ge le startswith orderby search"),
        property("accountEnabled", Boolean).filter("eq +ge +le").on_select(),
        property("mailNickname", Text).filter("eq ge le startswith +null search").on_select(),
        property("userType", Text).filter("eq +null").on_select(),
        property("createdDateTime", Instant).fixed().filter("eq ge le +orderby").on_select(),
        property("deletedDateTime", Instant).fixed().filter("eq ge le +orderby").on_select(),
        property(
            "passwordProfile",
            Object(&[
                property("password", Text),
                property("forceChangePasswordNextSignIn", Boolean).filter("+eq +null"),
                property("forceChangePasswordNextSignInWithMfa", Boolean).filter("+eq +null"),
            ]),
        )
        .nullable()
        .on_select(),
        property("ageGroup", Text).filter("eq").on_select(),
        property("assignedLicenses", List(&Object(ASSIGNED_LICENSE))).fixed().filter("any").on_select(),
        property("assignedPlans", List(&Object(ASSIGNED_PLAN))).fixed().filter("+any").on_select(),
        property("city", Text).filter("eq ge startswith +null").on_select(),
        property("companyName", Text).filter("+eq +ge +le +startswith +null").on_select(),
        property("consentProvidedForMinor", Text).filter("eq").on_select(),
        property("country", Text).filter("eq ge le startswith +null").on_select(),
        property("creationType", Text).fixed().filter("eq").on_select(),
        property("department", Text).filter("eq ge le startswith +null").on_select(),
        property("employeeHireDate", Instant).filter("+eq +ge +le").on_select(),
        property("employeeId", Text).filter("eq +le startswith +null").on_select(),
        property("employeeLeaveDateTime", Instant).filter("+eq +ge +le").on_select(),
        property(
            "employeeOrgData",
            Object(&[property("costCenter", Text).filter("+eq"), property("division", Text).filter("+eq")]),
        )
        .nullable()
        .on_select(),
        property("employeeType", Text).filter("+eq +ge +le +startswith").on_select(),
        property("externalUserState", Text).filter("eq").on_select(),
        property("externalUserStateChangeDateTime", Instant).filter("eq ge le").on_select(),
        property("faxNumber", Text).filter("+eq +ge +le +startswith +null").on_select(),
        property("identities", List(&Object(OBJECT_IDENTITY))).filter("any").on_select(),
        property("imAddresses", List(&TEXT)).fixed().filter("any startswith").on_select(),
        property("isManagementRestricted", Boolean).fixed().on_select(),
        property("isResourceAccount", Boolean).filter("eq").on_select(),
        property("lastPasswordChangeDateTime", Instant).fixed().on_select(),
        property("legalAgeGroupClassification", Text).fixed().on_select(),
        property("onPremisesDistinguishedName", Text).fixed().on_select(),
        property("onPremisesDomainName", Text).fixed().on_select(),
        property("onPremisesExtensionAttributes", Object(EXTENSION_ATTRIBUTES)).nullable().on_select(),
        property("onPremisesImmutableId", Text).filter("eq ge le").on_select(),
        property("onPremisesLastSyncDateTime", Instant).fixed().filter("eq ge le").on_select(),
        property("onPremisesSamAccountName", Text).fixed().filter("+eq +ge +le +startswith").on_select(),
        property("onPremisesSecurityIdentifier", Text).fixed().filter("eq +null").on_select(),
        property("onPremisesSyncEnabled", Boolean).fixed().filter("eq +null").on_select(),
        property("onPremisesUserPrincipalName", Text).fixed().filter("eq ge le startswith").on_select(),
        property("otherMails", List(&TEXT)).filter("any ge le startswith").on_select(),
        property("passwordPolicies", Text).filter("+null").on_select(),
        property("postalCode", Text).filter("+eq +ge +le +startswith +null").on_select(),
        property("preferredDataLocation", Text).on_select(),
        property("provisionedPlans", List(&Object(PROVISIONED_PLAN))).fixed().filter("+any").on_select(),
        property("proxyAddresses", List(&TEXT)).fixed().filter("any ge le startswith").on_select(),
        property("securityIdentifier", Text).fixed().on_select(),
        property("showInAddressList", Boolean).filter("+eq").on_select(),
        property("signInSessionsValidFromDateTime", Instant).fixed().on_select(),
        property("state", Text).filter("eq ge le startswith +null").on_select(),
        property("streetAddress", Text).filter("+eq +ge +le +startswith +null").on_select(),
        property("usageLocation", Text).filter("eq ge le startswith +null").on_select(),
    ],
};

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
        property("defaultUsageLocation", Text).fixed().on_select(),
        property("displayName", Text),
        property("marketingNotificationEmails", List(&TEXT)),
        property("mobileDeviceManagementAuthority", OneOf(&["unknown", "intune", "sccm", "office365"]))
            .fixed()
            .on_select(),
        property("onPremisesLastSyncDateTime", Instant).fixed(),
        property("onPremisesSyncEnabled", Boolean),
        property("partnerTenantType", OneOf(&["microsoftSupport", "syndicatePartner", "breadthPartner"]))
            .fixed()
            .on_select(),
        property("postalCode", Text),
        property("preferredLanguage", Text),
        property("privacyProfile", Object(&[property("contactEmail", Text), property("statementUrl", Text)]))
            .nullable(),
        property("securityComplianceNotificationMails", List(&TEXT)),
        property("securityComplianceNotificationPhones", List(&TEXT)),
        property("state", Text),
        property("street", Text),
        property("technicalNotificationMails", List(&TEXT)),
        property("tenantType", Text),
        property("assignedPlans", List(&Object(ASSIGNED_PLAN))).fixed(),
        property("provisionedPlans", List(&Object(PROVISIONED_PLAN))).fixed(),
        property("verifiedDomains", List(&Object(VERIFIED_DOMAIN))).fixed(),
    ],
};

const VERIFIED_DOMAIN: &[Property] = &[
    property("capabilities", Text),
    property("isDefault", Boolean),
    property("isInitial", Boolean),
    property("name", Text),
    property("type", Text),
];

const DOMAIN_STATE: &[Property] =
    &[property("lastActionDateTime", Instant), property("operation", Text), property("status", Text)];

const ROLE_PERMISSION: &[Property] = &[
    property("allowedResourceActions", List(&TEXT)),
    property("condition", Text),
    property("excludedResourceActions", List(&TEXT)).on_select(),
];

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
        property("state", Object(DOMAIN_STATE)).nullable().fixed(),
        property("manufacturer", Text).fixed().on_select(),
        property("model", Text).fixed().on_select(),
    ],
};
