//! The machine that connects: PowerShell, its modules and its network. None of it can be seen from elsewhere.

use crate::doctor::failure::{KnownFailure, ManifestLines, Variant, advice};
use crate::doctor::pasted_command::Slip;
use crate::doctor::sign::{says, slip};
use crate::model::{FailureNumber, Stage};

const NEW_MODULE: &str = "Install-Module ExchangeOnlineManagement -MinimumVersion 3.2.0 -Scope CurrentUser -Force";

pub(super) const WINRM_BASIC: KnownFailure = KnownFailure {
    number: FailureNumber(18),
    title: "\"Create Powershell Session is failed using OAuth\"",
    stage: Stage::Machine,
    variants: &[Variant {
        cause: "the module is 2.0.5 or older and needs WinRM with Basic authentication, which a policy of the machine turns off",
        signs: &[says(&["Create Powershell Session is failed using OAuth"])],
        remedy: advice("Leave the policy as it is and update the module: from 3.2.0 on nothing of WinRM is used")
            .run(&[NEW_MODULE]),
    }],
};

pub(super) const ASKS_FOR_A_USER: KnownFailure = KnownFailure {
    number: FailureNumber(19),
    title: "Connect-IPPSSession asks for a user although a thumbprint was given",
    stage: Stage::Machine,
    variants: &[
        Variant {
            cause: "modules before 3.1.0 lose the thumbprint on the way; in some hosts later ones do, as a variable that tells Windows is not set",
            signs: &[
                says(&["IPPSSession", "prompt"]).likely(),
                says(&["IPPSSession", "asks for a user"]),
                says(&["IPPSSession", "sign-in window"]),
                says(&["IPPSSession", "popup"]),
                says(&["IPPSSession", "window handle"]).likely(),
            ],
            remedy: advice("Update the module. If it still asks, set the variable before connecting")
                .run(&[NEW_MODULE, "$Global:IsWindows = $true"]),
        },
        Variant {
            cause: "the module is older than 3.0.0, whose Connect-IPPSSession knows no certificates",
            signs: &[
                says(&["Connect-IPPSSession", "parameter cannot be found", "Certificate"]),
                says(&["Connect-IPPSSession", "NamedParameterNotFound"]).likely(),
            ],
            remedy: advice("Update the module").run(&[NEW_MODULE]),
        },
    ],
};

pub(super) const NO_UPDATE_MODULE_MANIFEST: KnownFailure = KnownFailure {
    number: FailureNumber(23),
    title: "\"Update-ModuleManifest\" is not recognized",
    stage: Stage::Machine,
    variants: &[Variant {
        cause: "PowerShellGet is missing where the module builds its cmdlets: a program that hosts PowerShell, or a slim image",
        signs: &[says(&["term 'Update-ModuleManifest'"]), says(&["Update-ModuleManifest"]).likely()],
        remedy: advice("Connect without formatting data, or install PowerShellGet")
            .run(&["Connect-ExchangeOnline -SkipLoadingFormatData …", "Install-Module PowerShellGet -Force"]),
    }],
};

pub(super) const DOES_NOT_LOAD: KnownFailure = KnownFailure {
    number: FailureNumber(24),
    title: "The module does not load, or does not reach Exchange",
    stage: Stage::Machine,
    variants: &[
        Variant {
            cause: "the execution policy forbids scripts, which the module is made of",
            signs: &[
                says(&["running scripts is disabled on this system"]),
                says(&["about_Execution_Policies"]),
                says(&["PSSecurityException"]).likely(),
            ],
            remedy: advice("Allow signed and local scripts")
                .run(&["Set-ExecutionPolicy RemoteSigned -Scope CurrentUser"]),
        },
        Variant {
            cause: "the module is not installed for this PowerShell, or not for this account",
            signs: &[
                says(&["term 'Connect-ExchangeOnline'"]).unless(&["Update-ModuleManifest"]),
                says(&["term 'Connect-IPPSSession'"]),
                says(&["Connect-ExchangeOnline", "CommandNotFoundException", "ObjectNotFound: (Connect-"]),
            ],
            remedy: advice("Install it: 3.10 wants PowerShell 7.6 or Windows PowerShell 5.1, 3.5 to 3.9.2 want 7.4")
                .run(&[NEW_MODULE, "Get-Module ExchangeOnlineManagement -ListAvailable"]),
        },
        Variant {
            cause: "the module writes its cmdlets below the profile, and a `$` in that path breaks them",
            signs: &[slip(Slip::DollarInProfile).likely()],
            remedy: advice("Run it as an account whose profile has no `$` in its path"),
        },
        Variant {
            cause: "a preview of PowerShellGet or PackageManagement is installed, which the module cannot work with",
            signs: &[says(&["PowerShellGet", "preview"]).likely(), says(&["PowerShellGet", "beta"]).likely()],
            remedy: advice("Take the preview away and install the last release").run(&[
                "Uninstall-Module PowerShellGet -AllowPrerelease -RequiredVersion VERSION",
                "Install-Module PowerShellGet -Force",
            ]),
        },
        Variant {
            cause: "Microsoft 365 is not reached: a firewall or proxy is in the way, or TCP port 80 is closed, which the module needs too",
            signs: &[
                says(&["Unable to connect to the remote server"]).likely(),
                says(&["connection attempt failed because the connected party did not properly respond"]).likely(),
                says(&["remote name could not be resolved"]).likely(),
            ],
            remedy: advice("Open ports 443 and 80 to Microsoft 365, or name the proxy").run(&[
                "Test-NetConnection outlook.office365.com -Port 443",
                "Test-NetConnection outlook.office365.com -Port 80",
            ]),
        },
        Variant {
            cause: "requests leave the network by several addresses (SNAT), and Security & Compliance takes a session from one alone",
            signs: &[says(&["SNAT"]).likely(), says(&["IPPSSession", "IP address", "changed"]).likely()],
            remedy: advice("Send this machine's traffic out by one address"),
        },
    ],
};

pub(super) const NOT_FOR_APPLICATIONS: KnownFailure = KnownFailure {
    number: FailureNumber(25),
    title: "A cmdlet for groups or eDiscovery fails",
    stage: Stage::Cmdlets,
    variants: &[
        Variant {
            cause: "New- and Remove-UnifiedGroup and Add- and Remove-UnifiedGroupLinks do not work for applications",
            signs: &[
                says(&["New-UnifiedGroup"]).likely(),
                says(&["Remove-UnifiedGroup"]).likely(),
                says(&["Add-UnifiedGroupLinks"]).likely(),
            ],
            remedy: advice("Do it by Microsoft Graph, with a permission of its own")
                .declare(ManifestLines::Application(
                    "permissions:\n  - api: Office 365 Exchange Online\n    application: [Exchange.ManageAsApp]\n  - api: Microsoft Graph\n    application: [Group.ReadWrite.All]",
                ))
                .run(&["New-MgGroup -DisplayName … -MailNickname … -GroupTypes Unified -MailEnabled -SecurityEnabled:$false"]),
        },
        Variant {
            cause: "compliance searches and holds are not for applications in a plain session",
            signs: &[
                says(&["-ComplianceSearch"]).likely(),
                says(&["Invoke-HoldRemovalAction"]).likely(),
                says(&["Invoke-ComplianceSecurityFilterAction"]).likely(),
                says(&["EnableSearchOnlySession"]),
            ],
            remedy: advice("Connect for searches, with module 3.9.0 or later")
                .run(&["Connect-IPPSSession -EnableSearchOnlySession …"]),
        },
    ],
};
