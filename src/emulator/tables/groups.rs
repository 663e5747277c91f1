//! Groups, administrative units and activated directory roles.

use super::super::schema::{
    Kind, Shape,
    Shape::{Boolean, Guid, Id, Instant, List, Object, Text},
    property,
};

const TEXT: Shape = Text;

/// A group.
pub(crate) const GROUP: Kind = Kind {
    name: "group",
    properties: &[
        property("id", Guid).fixed().filter("eq in"),
        property("deletedDateTime", Instant).fixed(),
        property("classification", Text),
        property("createdDateTime", Instant).fixed().filter("eq ge le"),
        property("creationOptions", List(&TEXT)).at_creation(),
        property("description", Text),
        property("displayName", Text).required().filter("eq in startswith"),
        property("expirationDateTime", Instant).fixed(),
        property("groupTypes", List(&TEXT)).filter("any"),
        property("isAssignableToRole", Boolean).at_creation().filter("eq"),
        property("mail", Text).fixed().filter("eq in startswith"),
        property("mailEnabled", Boolean).required().filter("eq"),
        property("mailNickname", Text).required().filter("eq in startswith"),
        property("membershipRule", Text),
        property("membershipRuleProcessingState", Text),
        property("onPremisesDomainName", Text).fixed(),
        property("onPremisesLastSyncDateTime", Instant).fixed(),
        property("onPremisesNetBiosName", Text).fixed(),
        property("onPremisesSamAccountName", Text).fixed(),
        property("onPremisesSecurityIdentifier", Text).fixed(),
        property("onPremisesSyncEnabled", Boolean).fixed(),
        property("preferredDataLocation", Text),
        property("preferredLanguage", Text),
        property("proxyAddresses", List(&TEXT)).fixed(),
        property("renewedDateTime", Instant).fixed(),
        property("resourceBehaviorOptions", List(&TEXT)).at_creation(),
        property("resourceProvisioningOptions", List(&TEXT)).at_creation(),
        property("securityEnabled", Boolean).required().filter("eq"),
        property("securityIdentifier", Text).fixed().filter("eq"),
        property("theme", Text),
        property("visibility", Text),
        property("onPremisesProvisioningErrors", List(&TEXT)).fixed(),
        property("serviceProvisioningErrors", List(&TEXT)).fixed(),
        property("uniqueName", Text).on_select(),
        property("allowExternalSenders", Boolean).on_select(),
        property("autoSubscribeNewMembers", Boolean).on_select(),
        property("hideFromAddressLists", Boolean).on_select(),
        property("hideFromOutlookClients", Boolean).on_select(),
        property("isSubscribedByMail", Boolean).on_select(),
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
        property("id", Guid).fixed().filter("eq in"),
        property("deletedDateTime", Instant).fixed(),
        property("description", Text),
        property("displayName", Text).required().filter("eq in startswith"),
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
        property("id", Guid).fixed(),
        property("deletedDateTime", Instant).fixed(),
        property("description", Text).fixed(),
        property("displayName", Text).fixed().filter("eq"),
        property("roleTemplateId", Id).required().at_creation().filter("eq"),
    ],
};
