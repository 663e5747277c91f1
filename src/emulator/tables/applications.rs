//! Applications, service principals and the properties that an application gives its tenant.

use super::{
    super::schema::{
        Kind, Property, Shape,
        Shape::{Boolean, Guid, Id, Instant, Integer, List, Object, OneOf, Text},
        property,
    },
    GUID, TEXT,
    credentials::{KEY_CREDENTIAL_MEMBERS, PASSWORD_CREDENTIAL_MEMBERS},
};

/// Audiences that the directory knows.
const AUDIENCES: &[&str] =
    &["AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"];

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
