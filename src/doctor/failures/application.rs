//! The application and its service principal.

use crate::doctor::failure::{KnownFailure, Variant, advice};
use crate::doctor::pasted_command::Slip;
use crate::doctor::sign::{code, says, slip};
use crate::model::{FailureNumber, Stage};

pub(super) const NAME_AS_ID: KnownFailure = KnownFailure {
    number: FailureNumber(6),
    title: "The application is not found by its name",
    stage: Stage::Application,
    variants: &[Variant {
        cause: "`-AppId` is the display name or something else; it has to be the application (client) id, a GUID, and not the object id either",
        signs: &[slip(Slip::UnknownName), slip(Slip::AppIdIsName).likely()],
        remedy: advice("Give the application id. `accredit connect HANDLE` shows it, PowerShell finds it by name")
            .run(&["(Get-MgApplication -Filter \"displayName eq 'DISPLAY-NAME'\").AppId"]),
    }],
};

pub(super) const NO_SERVICE_PRINCIPAL: KnownFailure = KnownFailure {
    number: FailureNumber(10),
    title: "The application has no service principal in this tenant",
    stage: Stage::Application,
    variants: &[Variant {
        cause: "the application is registered, but not present in this tenant as a service principal (an enterprise application): it was never made, or somebody deleted it, with its consents and roles",
        signs: &[code(7_000_229), says(&["is missing service principal in the tenant"])],
        remedy: advice(
            "One that was deleted within 30 days comes back with what it held by `accredit restore`; otherwise `accredit apply` makes one and grants it all that the manifest says",
        )
        .run(&["accredit restore HANDLE", "accredit apply"]),
    }],
};

pub(super) const NOT_FOUND: KnownFailure = KnownFailure {
    number: FailureNumber(11),
    title: "The tenant has no such application",
    stage: Stage::Application,
    variants: &[Variant {
        cause: "the sign-in went to another tenant, the id is not this application's, the application was deleted, or it was made minutes ago and is not known everywhere yet",
        signs: &[
            code(700_016),
            code(700_011).likely(),
            says(&["application with identifier", "was not found in the directory"]),
        ],
        remedy: advice(
            "Compare the id and the tenant with what `accredit doctor HANDLE` prints. After a deletion restore it, which keeps its id; after a creation try again in a few minutes",
        )
        .run(&["accredit restore HANDLE", "accredit apply"]),
    }],
};

pub(super) const CONDITIONAL_ACCESS: KnownFailure = KnownFailure {
    number: FailureNumber(13),
    title: "Conditional Access refuses the token",
    stage: Stage::Token,
    variants: &[Variant {
        cause: "a Conditional Access policy for workload identities blocks this service principal, by the address that it signs in from",
        signs: &[code(53_003), says(&["Access has been blocked by Conditional Access"])],
        remedy: advice(
            "Run it from an address that the policy allows, or have the policy leave the service principal out. The sign-in log (Service principal sign-ins) names the policy. Accredit does not manage it",
        ),
    }],
};

pub(super) const PUBLIC_CLIENT: KnownFailure = KnownFailure {
    number: FailureNumber(14),
    title: "The application is a public client",
    stage: Stage::Application,
    variants: &[Variant {
        cause: "the registration allows public client flows, so Entra refuses a certificate or secret from it",
        signs: &[code(700_025), says(&["Client is public so neither"])],
        remedy: advice("Turn it off: App registrations, Authentication, Allow public client flows: No. Or in PowerShell")
            .run(&[
                "Update-MgApplication -ApplicationId (Get-MgApplication -Filter \"appId eq 'APP-ID'\").Id -IsFallbackPublicClient:$false",
            ]),
    }],
};
