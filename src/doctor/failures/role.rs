//! Roles: what Exchange lets the application do.

use crate::doctor::failure::{KnownFailure, ManifestLines, Variant, advice};
use crate::doctor::sign::{OF_EXCHANGE, OF_OTHERS, code, says, word};
use crate::model::{FailureNumber, Stage};

/// The smallest role that reads everything, and that Security & Compliance takes too.
const A_ROLE: ManifestLines = ManifestLines::Application("roles:\n  - Global Reader");
const EXCHANGE_ADMINISTRATOR: ManifestLines = ManifestLines::Application("roles:\n  - Exchange Administrator");

pub(super) const NO_SUPPORTED_ROLE: KnownFailure = KnownFailure {
    number: FailureNumber(2),
    title: "\"The role assigned to application … isn't supported in this scenario\"",
    stage: Stage::Role,
    variants: &[Variant {
        cause: "the service principal has no directory role, or only roles that app-only sessions do not take",
        signs: &[says(&["role assigned to application", "isn't supported in this scenario"])],
        remedy: advice(
            "Give it one of the eight that Exchange takes: Global Reader or Security Reader to read, Exchange Recipient Administrator, Helpdesk Administrator, Compliance Administrator, Security Administrator, Exchange Administrator, Global Administrator. Security & Compliance takes all but those three that begin with Exchange or Helpdesk. It works minutes later, with a new token",
        )
        .declare(A_ROLE)
        .run(&["accredit apply"]),
    }],
};

pub(super) const NO_MANAGEMENT_ROLE: KnownFailure = KnownFailure {
    number: FailureNumber(3),
    title: "\"The application … isn't assigned to any management roles\"",
    stage: Stage::Role,
    variants: &[Variant {
        cause: "Exchange finds no right at all: no directory role that it takes, no role group, no role of its own; seen in 21Vianet's cloud",
        signs: &[says(&["The application", "isn't assigned to any management roles"]).unless(&["The user"])],
        remedy: advice("Give it a directory role that Exchange takes. It works minutes later, with a new token")
            .declare(A_ROLE)
            .run(&["accredit apply"]),
    }],
};

/// What cmdlets of Exchange are about.
const NOUNS: &[&str] = &[
    "Mailbox",
    "Recipient",
    "Transport",
    "Connector",
    "AcceptedDomain",
    "OrganizationConfig",
    "DistributionGroup",
    "ManagementRole",
    "ManagementScope",
    "RoleGroup",
    "ServicePrincipal",
    "MailUser",
    "MailContact",
    "AuditLog",
    "InboxRule",
    "Quarantine",
    "MessageTrace",
    "CompliancePolicy",
];

/// What is not recognized for other reasons.
const OTHERS: &[&str] = &[
    "Update-ModuleManifest",
    "term 'Connect-",
    "ObjectNotFound: (Connect-",
    "UnifiedGroup",
    "ComplianceSearch",
    "ManagedIdentity",
];

pub(super) const ROLE_TOO_SMALL: KnownFailure = KnownFailure {
    number: FailureNumber(4),
    title: "A cmdlet is refused or not there",
    stage: Stage::Cmdlets,
    variants: &[
        Variant {
            cause: "the application's role does not hold the cmdlet. A session brings only cmdlets that the role allows, so it may look as if there were none of that name",
            signs: &[
                says(&["User is not allowed to call"]),
                says(&["CmdletAccessDeniedException"]).unless(&["isn't assigned to any management roles"]),
            ],
            remedy: advice(
                "Give it a role that holds the cmdlet; this PowerShell, connected as an administrator, names them",
            )
            .declare(EXCHANGE_ADMINISTRATOR)
            .run(&["accredit apply", "Get-ManagementRole -Cmdlet Get-Mailbox"]),
        },
        Variant {
            cause: "this PowerShell has no cmdlet of that name: it is not connected or not any more, the name is misspelt, or the session left it out as the application's role does not hold it",
            signs: &[
                says(&["CommandNotFoundException"]).with_any_of(NOUNS).unless(OTHERS).likely(),
                says(&["is not recognized as", "of a cmdlet"]).with_any_of(NOUNS).unless(OTHERS).likely(),
            ],
            remedy: advice(
                "See first that it is connected, then how the name is spelt. Only where a connected administrator has the cmdlet is it about the role: the last line, run as that administrator, names those that hold it",
            )
            .run(&["Get-ConnectionInformation", "Get-Command '*Mailbox*'", "Get-ManagementRole -Cmdlet Get-Mailbox"]),
        },
    ],
};

pub(super) const NOT_IN_THE_PICKER: KnownFailure = KnownFailure {
    number: FailureNumber(26),
    title: "The application is not among those that the portal offers for a role",
    stage: Stage::Role,
    variants: &[Variant {
        cause: "the portal lists users first; applications show only when their name is searched for under \"No member selected\"",
        signs: &[
            says(&["No member selected"]),
            says(&["app", "not", "role picker"]).likely(),
            says(&["Add assignments", "application", "not"]).possible(),
        ],
        remedy: advice("Type the application's whole name into the search, or leave the portal and declare the role")
            .declare(EXCHANGE_ADMINISTRATOR)
            .run(&["accredit apply"]),
    }],
};

pub(super) const NO_CUSTOMIZATION: KnownFailure = KnownFailure {
    number: FailureNumber(27),
    title: "The organization cannot be customized yet",
    stage: Stage::Cmdlets,
    variants: &[Variant {
        cause: "the tenant still shares Microsoft's own settings (it is dehydrated), and what you change would be the first of its own",
        signs: &[
            says(&["Enable-OrganizationCustomization"]),
            says(&["InvalidOperationInDehydratedContext"]),
            says(&["isn't currently allowed in your organization"]),
        ],
        remedy: advice("Run this once, connected as an administrator, and try again some minutes later")
            .run(&["Enable-OrganizationCustomization"]),
    }],
};

pub(super) const FORMER_NAME: KnownFailure = KnownFailure {
    number: FailureNumber(28),
    title: "The role is not found by its name",
    stage: Stage::Role,
    variants: &[Variant {
        cause: "roles were renamed: \"Exchange Service Administrator\" is \"Exchange Administrator\" today, and the old name finds nothing",
        signs: &[
            says(&["Exchange Service Administrator"]).likely(),
            says(&["this tenant has no directory role"]),
            says(&["DirectoryRole", "because it is null"]).likely(),
        ],
        remedy: advice("Use today's name or the template id; in a manifest Accredit takes former names too")
            .declare(EXCHANGE_ADMINISTRATOR)
            .run(&["Get-MgRoleManagementDirectoryRoleDefinition -Filter \"displayName eq 'Exchange Administrator'\""]),
    }],
};

pub(super) const NO_POINTER: KnownFailure = KnownFailure {
    number: FailureNumber(29),
    title: "A managed identity connects and has no cmdlets",
    stage: Stage::Cmdlets,
    variants: &[Variant {
        cause: "Exchange has no pointer to the managed identity's service principal",
        signs: &[
            says(&["ManagedIdentity", "is not recognized"]).likely(),
            says(&["ManagedIdentity", "CommandNotFoundException"]).likely(),
            says(&["managed identity", "no cmdlets"]).likely(),
            says(&["ManagedIdentity", "UnAuthorized"]).likely(),
        ],
        remedy: advice(
            "Make the pointer, connected as an administrator; `-ObjectId` is that of the enterprise application. It needs `Exchange.ManageAsApp` and a role as every application does",
        )
        .run(&["New-ServicePrincipal -AppId APP-ID -ObjectId SERVICE-PRINCIPAL-OBJECT-ID -DisplayName 'HANDLE'"]),
    }],
};

pub(super) const FORBIDDEN_OR_BUSY: KnownFailure = KnownFailure {
    number: FailureNumber(30),
    title: "403 with an empty body, or 429",
    stage: Stage::Role,
    variants: &[
        Variant {
            cause: "`Exchange.ManageAsApp` opened the door, and no role says what may be done behind it",
            signs: &[
                word("403").with_any_of(OF_EXCHANGE).unless(OF_OTHERS).without_codes().likely(),
                says(&["Forbidden"]).with_any_of(OF_EXCHANGE).unless(OF_OTHERS).without_codes().possible(),
                word("403").and(&["Forbidden"]).unless(OF_OTHERS).without_codes().possible(),
            ],
            remedy: advice("Give it a role that Exchange takes, wait some minutes, and connect with a new token")
                .declare(A_ROLE)
                .run(&["accredit apply"]),
        },
        Variant {
            cause: "too much at once: Exchange limits how many requests of a tenant run side by side",
            signs: &[
                says(&["maximum number of concurrent requests"]).likely(),
                says(&["Too Many Requests"]).with_any_of(OF_EXCHANGE).unless(OF_OTHERS).likely(),
                says(&["Too Many Requests"]).possible(),
                word("429").with_any_of(&["HTTP/1.1 429", "HTTP/2 429", "StatusCode=429", "status code 429"]).possible(),
                code(90_055).likely(),
            ],
            remedy: advice(
                "Wait as long as `Retry-After` says and try again; run fewer jobs side by side, and end each session, which counts until it expires",
            )
            .run(&["Disconnect-ExchangeOnline -Confirm:$false"]),
        },
    ],
};
