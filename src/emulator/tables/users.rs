//! Users.

use super::{
    super::schema::{
        Kind, Property,
        Shape::{Boolean, Guid, Id, Instant, List, Object, Text},
        property,
    },
    ASSIGNED_PLAN, GUID, PROVISIONED_PLAN, TEXT,
};

pub(super) const ASSIGNED_LICENSE: &[Property] =
    &[property("disabledPlans", List(&GUID)), property("skuId", Guid).filter("eq")];

const OBJECT_IDENTITY: &[Property] = &[
    property("signInType", Text),
    property("issuer", Text).filter("eq"),
    property("issuerAssignedId", Text).filter("eq"),
];

pub(super) const EXTENSION_ATTRIBUTES: &[Property] = &[
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
