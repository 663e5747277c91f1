//! Permissions and consent.

use crate::doctor::failure::{KnownFailure, ManifestLines, Variant, advice};
use crate::doctor::sign::{OF_EXCHANGE, OF_OTHERS, code, says, word};
use crate::model::{FailureNumber, Stage};

const MANAGE_AS_APP: ManifestLines = ManifestLines::Application(
    "permissions:\n  - api: Office 365 Exchange Online\n    application: [Exchange.ManageAsApp]\n    consent: granted",
);

pub(super) const UNAUTHORIZED: KnownFailure = KnownFailure {
    number: FailureNumber(1),
    title: "\"UnAuthorized\", although there is a token",
    stage: Stage::Consent,
    variants: &[Variant {
        cause: "the token has no `Exchange.ManageAsApp`: it was asked for and never consented to, it is the delegated one, or the token is from before the consent",
        signs: &[
            word("unauthorized").with_any_of(OF_EXCHANGE).unless(OF_OTHERS).without_codes().likely(),
            says(&["UnauthorizedAccessException"])
                .with_any_of(OF_EXCHANGE)
                .unless(OF_OTHERS)
                .without_codes()
                .likely(),
            word("unauthorized").unless(OF_OTHERS).without_codes().possible(),
        ],
        remedy: advice(
            "Declare the permission with consent and apply. Then take a new token: a permission is written into it when it is issued, so reconnect in a new PowerShell",
        )
        .declare(MANAGE_AS_APP)
        .run(&["accredit apply"]),
    }],
};

/// The codes by which Entra says that consent or what it is about is missing.
pub(super) const NOT_GRANTED: KnownFailure = KnownFailure {
    number: FailureNumber(15),
    title: "Entra says that consent, a permission or its API is missing",
    stage: Stage::Consent,
    variants: &[
        Variant {
            cause: "the application asks for no permission of this API, or no administrator has consented in this tenant",
            signs: &[code(650_056)],
            remedy: advice("Declare the permission with consent, and apply as somebody who may grant it")
                .declare(MANAGE_AS_APP)
                .run(&["accredit apply"]),
        },
        Variant {
            cause: "a token was asked for an API that the registration does not list at all",
            signs: &[code(650_057)],
            remedy: advice("Declare a permission of the API that the message names as the resource; for Exchange this one")
                .declare(MANAGE_AS_APP)
                .run(&["accredit apply"]),
        },
        Variant {
            cause: "the tenant has no service principal of the API: its service is not licensed or was never used here",
            signs: &[code(650_052)],
            remedy: advice("Give the tenant a licence with Exchange Online, or make the API's service principal")
                .run(&["New-MgServicePrincipal -AppId 00000002-0000-0ff1-ce00-000000000000", "accredit apply"]),
        },
        Variant {
            cause: "nobody has consented to the application's permissions",
            signs: &[code(65_001)],
            remedy: advice("Have the consent granted for the whole tenant; the portal then says \"Granted for\"")
                .declare(MANAGE_AS_APP)
                .run(&["accredit apply"]),
        },
        Variant {
            cause: "only an administrator may consent to what the application asks for",
            signs: &[code(90_094)],
            remedy: advice(
                "Apply as somebody who may: for permissions of Exchange at least a Cloud Application Administrator. docs/rights.md has the least rights",
            )
            .declare(MANAGE_AS_APP)
            .run(&["accredit whoami", "accredit apply"]),
        },
        Variant {
            cause: "the application of a partner was not authorized in the customer's tenant, which delegated administrators need first",
            signs: &[code(90_099)],
            remedy: advice(
                "Consent to it in the customer's tenant: by the customer's administrator at this address, or by the Partner Center's consent API",
            )
            .run(&[
                "https://login.microsoftonline.com/CUSTOMER-TENANT-ID/adminconsent?client_id=APP-ID&scope=https://outlook.office365.com/.default",
            ]),
        },
        Variant {
            cause: "the scope is none: an application asks for everything that it was granted, as one `.default`",
            signs: &[code(70_011)],
            remedy: advice(
                "Ask for `https://outlook.office365.com/.default`; in other clouds with their host: outlook.office365.us (GCC High), outlook-dod.office365.us (DoD), partner.outlook.cn (21Vianet)",
            ),
        },
        Variant {
            cause: "the certificate itself is not registered, and its subject is none that the application trusts: sign-in by subject and issuer is not for ordinary tenants",
            signs: &[code(700_030)],
            remedy: advice("Have the certificate itself uploaded, and do not send its chain").run(&["accredit apply"]),
        },
    ],
};

pub(super) const SECOND_VERSION_ALONE: KnownFailure = KnownFailure {
    number: FailureNumber(20),
    title: "\"Module could not be correctly formed\"",
    stage: Stage::Consent,
    variants: &[Variant {
        cause: "only `Exchange.ManageAsAppV2` was granted, which is for the new Admin API alone; PowerShell wants `Exchange.ManageAsApp`",
        signs: &[
            says(&["Module could not be correctly formed"]),
            says(&["ManageAsAppV2"]).likely(),
            says(&["Failed to fetch banner content"]).possible(),
        ],
        remedy: advice("Declare the older permission, beside the new one where something uses that, and connect anew")
            .declare(MANAGE_AS_APP)
            .run(&["accredit apply"]),
    }],
};

pub(super) const MAILBOX_PERMISSION_ALONE: KnownFailure = KnownFailure {
    number: FailureNumber(21),
    title: "401 \"invalid_token\" that does not pass",
    stage: Stage::Consent,
    variants: &[Variant {
        cause: "`full_access_as_app` was granted in place of `Exchange.ManageAsApp`: it opens all mailboxes to EWS, and PowerShell does not take it",
        signs: &[
            says(&["full_access_as_app", "invalid_token"]).unless(OF_OTHERS).likely(),
            says(&["full_access_as_app", "Unauthorized"]).with_any_of(OF_EXCHANGE).unless(OF_OTHERS).likely(),
            says(&["invalid_token"]).with_any_of(OF_EXCHANGE).unless(OF_OTHERS).possible(),
        ],
        remedy: advice(
            "Declare the right permission beside those that stay. The list is the whole truth: where something uses EWS, keep `full_access_as_app` in it, or the apply takes it away",
        )
        .declare(MANAGE_AS_APP)
        .run(&["accredit apply"]),
    }],
};

pub(super) const SCOPE_IS_DEFEATED: KnownFailure = KnownFailure {
    number: FailureNumber(32),
    title: "Mailboxes outside of the scope can be reached",
    stage: Stage::Consent,
    variants: &[Variant {
        cause: "the application holds the same right twice: scoped in Exchange, and unscoped by consent in Entra. Rights add up, so the scope limits nothing",
        signs: &[
            says(&["Test-ServicePrincipalAuthorization", "InScope", "False"]).likely(),
            says(&["mailbox", "outside", "scope"]).likely(),
        ],
        remedy: advice(
            "Take the consent in Entra away: declare the permissions without it, as here without `Mail.Read` of Microsoft Graph. Exchange's cache takes 30 minutes to 2 hours",
        )
        .declare(MANAGE_AS_APP)
        .run(&["accredit apply", "Test-ServicePrincipalAuthorization -Identity APP-ID -Resource mailbox@contoso.com"]),
    }],
};

pub(super) const GRAPH_NEEDS_ITS_OWN: KnownFailure = KnownFailure {
    number: FailureNumber(33),
    title: "\"Access is denied\" from a Graph cmdlet",
    stage: Stage::Consent,
    variants: &[Variant {
        cause: "roles of Exchange and `Exchange.ManageAsApp` say nothing of Microsoft Graph, which wants a permission of its own. Of one mailbox alone an access policy or a scope says the same",
        signs: &[
            says(&["Get-Mg", "Access is denied"]).unless(&["AccessPolicy"]).likely(),
            says(&["Get-Mg", "Insufficient privileges"]).likely(),
            says(&["Authorization_RequestDenied"]).likely(),
            says(&["ErrorAccessDenied"]).unless(&["AccessPolicy"]).possible(),
        ],
        remedy: advice(
            "Declare the application permission that the cmdlet needs beside the others, for calendars `Calendars.Read`. Graph's module knows which",
        )
        .declare(ManifestLines::Application(
            "permissions:\n  - api: Office 365 Exchange Online\n    application: [Exchange.ManageAsApp]\n  - api: Microsoft Graph\n    application: [Calendars.Read]",
        ))
        .run(&["(Find-MgGraphCommand -Command Get-MgUserCalendarView)[0].Permissions", "accredit apply"]),
    }],
};
