//! The known failures, by what explains them.

mod application;
mod certificate;
mod consent;
mod machine;
mod role;
mod tenant;

use super::failure::KnownFailure;

/// By number.
pub(super) const ALL: [&KnownFailure; 33] = [
    &consent::UNAUTHORIZED,
    &role::NO_SUPPORTED_ROLE,
    &role::NO_MANAGEMENT_ROLE,
    &role::ROLE_TOO_SMALL,
    &tenant::CUSTOM_DOMAIN,
    &application::NAME_AS_ID,
    &tenant::DELEGATED_ORGANIZATION,
    &certificate::NOT_REGISTERED,
    &certificate::NOT_IN_TIME,
    &application::NO_SERVICE_PRINCIPAL,
    &application::NOT_FOUND,
    &tenant::WRONG_TENANT_OR_CLOUD,
    &application::CONDITIONAL_ACCESS,
    &application::PUBLIC_CLIENT,
    &consent::NOT_GRANTED,
    &certificate::KEY_NOT_THERE,
    &certificate::KEY_IN_CNG,
    &machine::WINRM_BASIC,
    &machine::ASKS_FOR_A_USER,
    &consent::SECOND_VERSION_ALONE,
    &consent::MAILBOX_PERMISSION_ALONE,
    &certificate::PFX_TOO_NEW,
    &machine::NO_UPDATE_MODULE_MANIFEST,
    &machine::DOES_NOT_LOAD,
    &machine::NOT_FOR_APPLICATIONS,
    &role::NOT_IN_THE_PICKER,
    &role::NO_CUSTOMIZATION,
    &role::FORMER_NAME,
    &role::NO_POINTER,
    &role::FORBIDDEN_OR_BUSY,
    &tenant::ORGANIZATION_IS_ID,
    &consent::SCOPE_IS_DEFEATED,
    &consent::GRAPH_NEEDS_ITS_OWN,
];
