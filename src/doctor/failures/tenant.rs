//! The tenant and its cloud: what `-Organization` and `tenant:` say.

use crate::doctor::failure::{KnownFailure, ManifestLines, Variant, advice};
use crate::doctor::pasted_command::Slip;
use crate::doctor::sign::{OF_EXCHANGE, code, says, slip};
use crate::model::{FailureNumber, Stage};

pub(super) const CUSTOM_DOMAIN: KnownFailure = KnownFailure {
    number: FailureNumber(5),
    title: "Connects and then refuses, or works on one machine alone",
    stage: Stage::Tenant,
    variants: &[Variant {
        cause: "`-Organization` is a domain that the tenant added; Exchange wants the tenant's initial domain, which ends in `.onmicrosoft.com`",
        signs: &[
            slip(Slip::CustomDomain).likely(),
            says(&["UnauthorizedAccessException"])
                .with_any_of(OF_EXCHANGE)
                .unless(&["onmicrosoft", "onmschina", "Access to the path", "User is not allowed to call"])
                .without_codes()
                .possible(),
        ],
        remedy: advice("Give the initial domain. `accredit whoami` prints it, and so does PowerShell").run(&[
            "(Get-MgOrganization).VerifiedDomains | Where-Object IsInitial | Select-Object -ExpandProperty Name",
        ]),
    }],
};

pub(super) const DELEGATED_ORGANIZATION: KnownFailure = KnownFailure {
    number: FailureNumber(7),
    title: "Access denied with `-DelegatedOrganization`",
    stage: Stage::Tenant,
    variants: &[Variant {
        cause: "`-DelegatedOrganization` is for partners: an application of one tenant alone cannot act in another one by it",
        signs: &[
            says(&["DelegatedOrg", "denied"]),
            says(&["DelegatedOrg", "about_Remote_Troubleshooting"]),
            says(&["DelegatedOrganization"]).possible(),
        ],
        remedy: advice(
            "For your own tenant leave the parameter out. For a customer's, the application has to be multi-tenant, the customer consents to it and gives it a role there (or the partner does by GDAP and the Partner Center)",
        )
        .declare(ManifestLines::Application("signInAudience: AzureADMultipleOrgs"))
        .run(&[
            "https://login.microsoftonline.com/CUSTOMER-TENANT-ID/adminconsent?client_id=APP-ID&scope=https://outlook.office365.com/.default",
        ]),
    }],
};

pub(super) const WRONG_TENANT_OR_CLOUD: KnownFailure = KnownFailure {
    number: FailureNumber(12),
    title: "The tenant is not found, or is in another cloud",
    stage: Stage::Tenant,
    variants: &[
        Variant {
            cause: "this cloud knows no tenant of that name or id: it is misspelt, or the tenant lives in another cloud",
            signs: &[code(90_002)],
            remedy: advice(
                "Check the domain letter by letter. If it is right, name the tenant's cloud: `usGovL4` is GCC High, `usGovL5` DoD, `china` 21Vianet; GCC is `global`",
            )
            .declare(ManifestLines::Estate("tenant: contoso.onmicrosoft.com\ncloud: usGovL4")),
        },
        Variant {
            cause: "the tenant belongs to a national cloud, and the sign-in went to another one, which sends it away",
            signs: &[code(90_038)],
            remedy: advice(
                "Name the national cloud that the message mentions, and give `-ExchangeEnvironmentName` to Connect-ExchangeOnline",
            )
            .declare(ManifestLines::Estate("cloud: usGovL4"))
            .run(&["Connect-ExchangeOnline -ExchangeEnvironmentName O365USGovGCCHigh …"]),
        },
        Variant {
            cause: "an application with a secret or certificate signed in at one cloud's login host for a tenant or a service of another cloud; none does that across clouds",
            signs: &[code(900_382), says(&["Confidential Client", "supported in Cross Cloud request"]).likely()],
            remedy: advice(
                "Sign in at the tenant's own cloud; login host, scope and Exchange environment all are of that one. An application registered in the worldwide cloud has to be registered anew there",
            )
            .declare(ManifestLines::Estate("cloud: usGovL4")),
        },
        Variant {
            cause: "the sign-in crossed clouds: the token service is that of one cloud, the tenant or the service asked for of another",
            signs: &[code(900_432)],
            remedy: advice(
                "Use the tenant's own login host: login.microsoftonline.us for GCC High and DoD, login.chinacloudapi.cn for 21Vianet",
            )
            .declare(ManifestLines::Estate("cloud: china")),
        },
    ],
};

pub(super) const ORGANIZATION_IS_ID: KnownFailure = KnownFailure {
    number: FailureNumber(31),
    title: "\"Organization cannot be a Guid\"",
    stage: Stage::Tenant,
    variants: &[Variant {
        cause: "`-Organization` is the tenant's id; Connect-IPPSSession wants the initial domain, and so did older modules everywhere",
        signs: &[
            says(&["Organization cannot be a Guid"]),
            slip(Slip::OrganizationIsId).and(&["IPPSSession"]).likely(),
            slip(Slip::OrganizationIsId).possible(),
        ],
        remedy: advice("Give the initial domain, which ends in `.onmicrosoft.com`; `accredit whoami` prints it"),
    }],
};
