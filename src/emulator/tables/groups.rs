//! Groups, administrative units and activated directory roles.

use super::{
    super::schema::{
        Kind, Property, Shape,
        Shape::{Boolean, Id, Instant, List, Object, Text},
        property,
    },
    users::{ASSIGNED_LICENSE, EXTENSION_ATTRIBUTES},
};

const TEXT: Shape = Text;

const ASSIGNED_LABEL: &[Property] = &[property("labelId", Text), property("displayName", Text)];

const PROVISIONING_ERROR: &[Property] = &[
    property("category", Text),
    property("occurredDateTime", Instant),
    property("propertyCausingError", Text),
    property("value", Text),
];

const SERVICE_ERROR: &[Property] =
    &[property("createdDateTime", Instant), property("isResolved", Boolean), property("serviceInstance", Text)];

/// A group.
pub(crate) const GROUP: Kind = Kind {
    name: "group",
    properties: &[
        property("id", Id).fixed().filter("eq"),
        property("deletedDateTime", Instant).fixed().filter("eq ge le +orderby"),
        property("classification", Text).filter("+eq +ge +le +startswith"),
        property("createdDateTime", Instant).fixed().filter("eq ge le"),
        property("creationOptions", List(&TEXT)).at_creation(),
        property("description", Text).filter("+eq +ge +le +startswith search"),
        property("displayName", Text).required().filter("eq startswith +ge +le +null orderby search"),
        property("expirationDateTime", Instant).fixed().filter("+eq +ge +le"),
        property("groupTypes", List(&TEXT)).filter("any"),
        property("isAssignableToRole", Boolean).at_creation().filter("eq"),
        property("mail", Text).fixed().filter("eq ge le startswith +null search"),
        property("mailEnabled", Boolean).required().filter("eq"),
        property("mailNickname", Text).required().filter("eq ge le startswith +null search"),
        property("membershipRule", Text).filter("+eq +ge +le +startswith"),
        property("membershipRuleProcessingState", Text).filter("+eq"),
        property("onPremisesDomainName", Text).fixed(),
        property("onPremisesLastSyncDateTime", Instant).fixed().filter("eq ge le"),
        property("onPremisesNetBiosName", Text).fixed(),
        property("onPremisesSamAccountName", Text).fixed().filter("+eq +ge +le +startswith"),
        property("onPremisesSecurityIdentifier", Text).fixed().filter("eq +null"),
        property("onPremisesSyncEnabled", Boolean).fixed().filter("eq +null"),
        property("preferredDataLocation", Text),
        property("preferredLanguage", Text).filter("+eq +ge +le +startswith +null"),
        property("proxyAddresses", List(&TEXT)).fixed().filter("any ge le startswith"),
        property("renewedDateTime", Instant).fixed().filter("+eq +ge +le"),
        property("resourceBehaviorOptions", List(&TEXT)).at_creation(),
        property("resourceProvisioningOptions", List(&TEXT)).at_creation().filter("any"),
        property("securityEnabled", Boolean).required().filter("eq"),
        property("securityIdentifier", Text).fixed().filter("eq"),
        property("theme", Text),
        property("visibility", Text),
        property("onPremisesProvisioningErrors", List(&Object(PROVISIONING_ERROR))).fixed(),
        property("serviceProvisioningErrors", List(&Object(SERVICE_ERROR))).fixed(),
        property("uniqueName", Text).on_select(),
        property("allowExternalSenders", Boolean).on_select(),
        property("autoSubscribeNewMembers", Boolean).on_select(),
        property("hideFromAddressLists", Boolean).on_select(),
        property("hideFromOutlookClients", Boolean).on_select(),
        property("assignedLabels", List(&Object(ASSIGNED_LABEL))).fixed().on_select(),
        property("assignedLicenses", List(&Object(ASSIGNED_LICENSE))).fixed().filter("any").on_select(),
        property("hasMembersWithLicenseErrors", Boolean).fixed().filter("eq").on_select(),
        property("isManagementRestricted", Boolean).fixed().on_select(),
        property("licenseProcessingState", Object(&[property("state", Text)])).nullable().fixed().on_select(),
        property("onPremisesExtensionAttributes", Object(EXTENSION_ATTRIBUTES)).nullable().fixed().on_select(),
        // Beta only.
        property(
            "writebackConfiguration",
            Object(&[property("isEnabled", Boolean), property("onPremisesGroupType", Text)]),
        )
        .nullable()
        .on_select(),
    ],
};

/// An administrative unit.
pub(crate) const ADMINISTRATIVE_UNIT: Kind = Kind {
    name: "administrativeUnit",
    properties: &[
        property("id", Id).fixed().filter("eq"),
        property("deletedDateTime", Instant).fixed().filter("eq ge le +orderby"),
        property("description", Text).filter("+eq +startswith search"),
        property("displayName", Text).required().filter("eq startswith +ge +le +null +orderby search"),
        property("isMemberManagementRestricted", Boolean).at_creation(),
        property("membershipType", Text),
        property("membershipRule", Text),
        property("membershipRuleProcessingState", Text),
        property("visibility", Text),
    ],
};

/// A directory role that is activated.
pub(crate) const DIRECTORY_ROLE: Kind = Kind {
    name: "directoryRole",
    properties: &[
        property("id", Id).fixed().filter("eq"),
        property("deletedDateTime", Instant).fixed(),
        property("description", Text).fixed().filter("+eq +startswith search"),
        property("displayName", Text).fixed().filter("eq startswith search"),
        property("roleTemplateId", Id).required().at_creation().filter("eq"),
    ],
};
