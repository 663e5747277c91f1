//! The organization and its domains.

use super::{
    super::schema::{
        Kind, Property,
        Shape::{Boolean, Instant, Integer, List, Object, OneOf, Text},
        property,
    },
    ASSIGNED_PLAN, PROVISIONED_PLAN, TEXT,
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
