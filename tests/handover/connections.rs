//! The commands for each service, in each cloud.

use accredit::handover::{
    Handover, KeyPlace, Service, SigningCertificate, block, commands, onto_windows, preferred, rows,
};
use accredit::model::{Cloud, ExportFormat, SecretReference};
use accredit::render::Paint;

use super::golden;
use super::powershell::Script;
use super::samples::{CLOUDS, HOSTILE, directory, granted, handover, vault};

const PROVIDER: &str = "Microsoft Enhanced RSA and AES Cryptographic Provider";

fn all(handover: &Handover) -> String {
    let mut shown = block(&handover.handle, &handover.display_name, &rows(handover), Paint::PLAIN);
    for service in Service::ALL {
        shown += "\n";
        shown += &script(service, handover);
    }
    shown + "\n" + &onto_windows(handover, PROVIDER)
}

/// The commands for one service, which PowerShell understands.
fn script(service: Service, handover: &Handover) -> String {
    let text = commands(service, handover, Paint::PLAIN);
    Script::parse(&text);
    text
}

#[test]
fn every_cloud_as_it_was_looked_at() {
    for cloud in CLOUDS {
        golden::check(&format!("clouds/{cloud:?}.txt").to_lowercase(), &all(&handover(cloud)));
    }
}

/// What Microsoft's pages say that each command has to be told, service by service.
#[test]
fn every_command_names_its_cloud() {
    let expected: [(Cloud, [(Service, &str); 9]); 4] = [
        (
            Cloud::Global,
            [
                (Service::ExchangeOnline, "-Organization 'contoso.onmicrosoft.com' -ShowBanner:$false"),
                (Service::SecurityAndCompliance, "-Organization 'contoso.onmicrosoft.com'\n"),
                (Service::Teams, "-TenantId '2d992b96-9a03-4882-9bb0-486141b9adba'\n"),
                (Service::MicrosoftGraph, "'A26EFACAA44D7A6DF43593C3F320F19C8C689FFA' -NoWelcome"),
                (Service::Pnp, "-Url 'https://contoso.sharepoint.com' "),
                (Service::SharePointOnline, "-Url 'https://contoso-admin.sharepoint.com' "),
                (Service::AzPowerShell, "-CertificateThumbprint 'A26EFACAA44D7A6DF43593C3F320F19C8C689FFA'\n"),
                (Service::AzureCli, "\naz login --service-principal "),
                (Service::CliForMicrosoft365, "--tenant contoso.onmicrosoft.com --certificateFile "),
            ],
        ),
        (
            Cloud::UsGovL4,
            [
                (Service::ExchangeOnline, " -ExchangeEnvironmentName O365USGovGCCHigh "),
                (
                    Service::SecurityAndCompliance,
                    " -ConnectionUri 'https://ps.compliance.protection.office365.us/powershell-liveid/' -AzureADAuthorizationEndpointUri 'https://login.microsoftonline.us/organizations'",
                ),
                (Service::Teams, " -TeamsEnvironmentName TeamsGCCH"),
                (Service::MicrosoftGraph, " -Environment USGov "),
                (Service::Pnp, "-Url 'https://contoso.sharepoint.us' "),
                (Service::SharePointOnline, "-Url 'https://contoso-admin.sharepoint.us' "),
                (Service::AzPowerShell, " -Environment AzureUSGovernment"),
                (Service::AzureCli, "az cloud set --name AzureUSGovernment\n"),
                (Service::CliForMicrosoft365, " --cloud USGovHigh"),
            ],
        ),
        (
            Cloud::UsGovL5,
            [
                (Service::ExchangeOnline, " -ExchangeEnvironmentName O365USGovDoD "),
                (
                    Service::SecurityAndCompliance,
                    " -ConnectionUri 'https://l5.ps.compliance.protection.office365.us/powershell-liveid/' ",
                ),
                (Service::Teams, " -TeamsEnvironmentName TeamsDOD"),
                (Service::MicrosoftGraph, " -Environment USGovDoD "),
                (Service::Pnp, " -AzureEnvironment USGovernmentDoD"),
                (Service::SharePointOnline, " -Region ITAR"),
                (Service::AzPowerShell, " -Environment AzureUSGovernment"),
                (Service::AzureCli, "az cloud set --name AzureUSGovernment\n"),
                (Service::CliForMicrosoft365, " --cloud USGovDoD"),
            ],
        ),
        (
            Cloud::China,
            [
                (Service::ExchangeOnline, " -ExchangeEnvironmentName O365China "),
                (
                    Service::SecurityAndCompliance,
                    " -ConnectionUri 'https://ps.compliance.protection.partner.outlook.cn/powershell-liveid' -AzureADAuthorizationEndpointUri 'https://login.chinacloudapi.cn/organizations'",
                ),
                (Service::Teams, " -TeamsEnvironmentName TeamsChina"),
                (Service::MicrosoftGraph, " -Environment China "),
                (Service::Pnp, "-Url 'https://contoso.sharepoint.cn' "),
                (Service::SharePointOnline, " -Region China"),
                (Service::AzPowerShell, " -Environment AzureChinaCloud"),
                (Service::AzureCli, "az cloud set --name AzureChinaCloud\n"),
                (Service::CliForMicrosoft365, " --cloud China"),
            ],
        ),
    ];
    for (cloud, services) in expected {
        for (service, words) in services {
            let shown = script(service, &handover(cloud));
            assert!(shown.contains(words), "{cloud:?}, {service:?}: {words}\n{shown}");
        }
    }
    let disagreement = script(Service::SecurityAndCompliance, &handover(Cloud::UsGovL5));
    assert!(disagreement.contains("try https://compliance.dod.microsoft.com/powershell-liveid"), "{disagreement}");
}

#[test]
fn a_custom_cloud_gets_the_addresses_of_its_file_and_no_names_that_nobody_knows() {
    let exchange = script(Service::ExchangeOnline, &handover(Cloud::Custom));
    assert!(exchange.contains(" -ConnectionUri 'https://outlook.example/powershell-liveid' -AzureADAuthorizationEndpointUri 'https://login.example/organizations'"), "{exchange}");
    let compliance = script(Service::SecurityAndCompliance, &handover(Cloud::Custom));
    assert!(compliance.contains(" -ConnectionUri 'https://compliance.example/powershell-liveid' "), "{compliance}");
    let graph = script(Service::MicrosoftGraph, &handover(Cloud::Custom));
    assert!(graph.contains("Add-MgEnvironment -Name Custom -AzureADEndpoint 'https://login.example' -GraphEndpoint 'https://graph.example'"), "{graph}");
    for service in [Service::Teams, Service::Pnp, Service::SharePointOnline, Service::AzPowerShell, Service::AzureCli] {
        let shown = script(service, &handover(Cloud::Custom));
        assert!(shown.contains("no name for this cloud") && !shown.contains("\nConnect-"), "{shown}");
    }
}

#[test]
fn exchange_has_three_ways_and_an_end() {
    let text = script(Service::ExchangeOnline, &handover(Cloud::Global));
    let ways: Vec<&str> = text.lines().filter(|line| line.starts_with("Connect-ExchangeOnline")).collect();
    assert_eq!(ways.len(), 3, "{text}");
    for (way, parameter) in ways.iter().zip([
        "-CertificateThumbprint 'A26E",
        "-CertificateFilePath $pfx -CertificatePassword $password",
        "-Certificate $certificate",
    ]) {
        assert!(way.contains(parameter), "{way}");
    }
    assert_eq!(Script::parse(&text).commands().last(), Some(&"Disconnect-ExchangeOnline"));
}

/// By reference, never by value; what is typed or encrypted to a team is asked for.
#[test]
fn the_password_of_a_pfx_comes_from_where_it_is_kept() {
    let file = |path: &str| SecretReference::File(path.into());
    let cases = [
        (
            SecretReference::Environment("EXO".to_owned()),
            "$password = ConvertTo-SecureString ${env:EXO} -AsPlainText -Force",
        ),
        (file("a'b"), "$password = Get-Content -LiteralPath 'a''b' -TotalCount 1 | ConvertTo-SecureString"),
        (file("a.pfx-password.age"), "$password = Read-Host 'Password of the PFX' -AsSecureString"),
        (SecretReference::Command("pass show 'x'".to_owned()), "$password = Read-Host"),
        (SecretReference::Prompt, "$password = Read-Host"),
        (
            SecretReference::KeyVault { url: "https://v1.vault.azure.net".to_owned(), name: "pw".to_owned() },
            "$password = (Get-AzKeyVaultSecret -VaultName 'v1' -Name 'pw').SecretValue",
        ),
    ];
    for (reference, line) in cases {
        let mut handover = handover(Cloud::Global);
        handover.certificate.key = directory(Some(reference));
        for service in [Service::ExchangeOnline, Service::SecurityAndCompliance, Service::Pnp] {
            let shown = script(service, &handover);
            assert!(shown.contains(line), "{line}\n{shown}");
        }
    }
}

#[test]
fn each_service_says_what_the_application_lacks_for_it() {
    let mut bare = handover(Cloud::Global);
    bare.granted.clear();
    bare.roles.clear();
    let mut whole = handover(Cloud::Global);
    whole.roles = vec!["Global Administrator".to_owned()];
    whole.granted = granted(&[
        ("00000002-0000-0ff1-ce00-000000000000", "Exchange.ManageAsApp"),
        ("00000003-0000-0000-c000-000000000000", "Organization.Read.All"),
        ("00000003-0000-0ff1-ce00-000000000000", "Sites.FullControl.All"),
    ]);
    let cases = [
        (Service::ExchangeOnline, "exo lacks consent to `Exchange.ManageAsApp` of Office 365 Exchange Online."),
        (Service::ExchangeOnline, "exo holds no directory role that Exchange Online accepts."),
        (Service::SecurityAndCompliance, "exo holds no directory role that Security & Compliance PowerShell accepts."),
        (Service::Teams, "exo has no application permission of Microsoft Graph, such as `Organization.Read.All`."),
        (Service::Teams, "exo holds no directory role that Teams accepts."),
        (Service::MicrosoftGraph, "exo has no application permission of Microsoft Graph"),
        (Service::AzureAd, "exo has no application permission of Microsoft Graph"),
        (Service::Pnp, "exo has no application permission of Office 365 SharePoint Online"),
        (Service::SharePointOnline, "exo has no application permission of Office 365 SharePoint Online"),
        (
            Service::CliForMicrosoft365,
            "exo has no application permission of Microsoft Graph or Office 365 SharePoint Online",
        ),
    ];
    for (service, words) in cases {
        let shown = script(service, &bare);
        assert!(shown.contains(&format!("# ! {words}")), "{words}\n{shown}");
        let shown = script(service, &whole);
        assert!(!shown.contains("# !"), "{shown}");
    }
    // In the clouds of the US government, Security & Compliance wants the permission of another API.
    let mut government = whole;
    government.cloud = Cloud::UsGovL4;
    let shown = script(Service::SecurityAndCompliance, &government);
    assert!(
        shown.contains("lacks consent to `Exchange.ManageAsApp` of Microsoft Exchange Online Protection"),
        "{shown}"
    );
    assert!(!script(Service::ExchangeOnline, &government).contains("# !"));
}

/// Exchange's own roles let in without a directory role; one for a part of the tenant does not.
#[test]
fn a_role_counts_where_it_opens_the_door() {
    let mut own = handover(Cloud::Global);
    own.roles.clear();
    own.exchange_roles = vec!["View-Only Recipients (Exchange's own)".to_owned()];
    assert!(!script(Service::ExchangeOnline, &own).contains("# !"));
    assert!(script(Service::SecurityAndCompliance, &own).contains("holds no directory role"));
    let block = block(&own.handle, &own.display_name, &rows(&own), Paint::PLAIN);
    assert!(block.contains("View-Only Recipients (Exchange's own)\n"), "{block}");
    let mut part = handover(Cloud::Global);
    part.roles = vec!["Exchange Administrator in /administrativeUnits/1".to_owned()];
    assert!(script(Service::ExchangeOnline, &part).contains("holds no directory role that Exchange Online accepts"));
}

#[test]
fn a_password_is_no_argument_and_a_pem_is_had_where_the_key_is() {
    let without_pem = |private_key: &str| {
        let mut handover = handover(Cloud::Global);
        let KeyPlace::Directory { private_key: key, exports, .. } = &mut handover.certificate.key else {
            unreachable!()
        };
        *key = private_key.into();
        exports.retain(|(format, _)| *format != ExportFormat::Pem);
        script(Service::CliForMicrosoft365, &handover)
    };
    let plain = without_pem("private-key.pem");
    assert!(plain.contains("`export: [pem]`") && !plain.contains("m365 login"), "{plain}");
    let encrypted = without_pem("private-key.pem.age");
    assert!(encrypted.contains("`accredit certificate export HANDLE --store DIRECTORY --format pem`"), "{encrypted}");
    let mut vaulted = handover(Cloud::Global);
    vaulted.certificate.key = vault(true);
    assert!(script(Service::AzureCli, &vaulted).contains("`accredit certificate export FILE --format pem`"));
}

#[test]
fn a_vault_is_read_by_somebody_who_signed_in_to_its_cloud() {
    for (cloud, line) in [
        (Cloud::Global, "\nConnect-AzAccount\n"),
        (Cloud::China, "\nConnect-AzAccount -Environment AzureChinaCloud\n"),
        (Cloud::Custom, "\nConnect-AzAccount\n"),
    ] {
        let mut vaulted = handover(cloud);
        vaulted.certificate.key = vault(true);
        let shown = script(Service::ExchangeOnline, &vaulted);
        assert!(shown.find(line).unwrap() < shown.find("Get-AzKeyVaultSecret").unwrap(), "{shown}");
    }
    let mut vaulted = handover(Cloud::China);
    vaulted.certificate.key = vault(true);
    assert!(onto_windows(&vaulted, PROVIDER).contains("az cloud set --name AzureChinaCloud"));
    // Only what Accredit exported names a CSP itself.
    assert!(!onto_windows(&vaulted, PROVIDER).contains("The short way"));
}

#[test]
fn a_certificate_whose_key_is_here_goes_before_others() {
    let here = handover(Cloud::Global).certificate;
    let elsewhere = SigningCertificate { key: KeyPlace::Elsewhere, ..here.clone() };
    let kept = SigningCertificate { key: vault(false), ..here.clone() };
    assert_eq!(preferred([&elsewhere, &kept, &here]), Some(&here));
    assert_eq!(preferred([&elsewhere, &kept]), Some(&kept));
    assert_eq!(preferred([&elsewhere]), Some(&elsewhere));
}

#[test]
fn a_key_that_never_leaves_its_vault_is_offered_to_nobody() {
    let mut kept = handover(Cloud::Global);
    kept.certificate.key = vault(false);
    for service in Service::ALL {
        let shown = script(service, &kept);
        assert!(shown.contains("exportable: true"), "{shown}");
        assert!(!shown.contains("Thumbprint") && !shown.contains(" login "), "{shown}");
    }
    // Nothing gives the token that -AccessToken would want.
    assert!(!script(Service::ExchangeOnline, &kept).contains("\nConnect-"));
    assert!(onto_windows(&kept, PROVIDER).contains("nothing to import"));

    let mut lent = handover(Cloud::Global);
    lent.certificate.key = vault(true);
    golden::check("exportable.txt", &all(&lent));
    // The certificate is the one that was chosen, whatever is the newest in the vault.
    let version = "0123456789abcdef0123456789abcdef";
    assert!(script(Service::ExchangeOnline, &lent).contains(&format!("-Name 'exo' -Version '{version}' -AsPlainText")));
    assert!(onto_windows(&lent, PROVIDER).contains(&format!("--name exo --version {version} ")));
}

#[test]
fn what_is_not_there_is_not_offered() {
    let mut elsewhere = handover(Cloud::Global);
    elsewhere.certificate.key = KeyPlace::Elsewhere;
    elsewhere.certificate.facts = None;
    golden::check("elsewhere.txt", &all(&elsewhere));
    let mut file = handover(Cloud::Global);
    file.certificate.key = KeyPlace::File { path: "team/exo.PFX".into(), has_key: true, password: None };
    let shown = script(Service::ExchangeOnline, &file);
    assert!(shown.contains("$pfx = 'team/exo.PFX'"), "{shown}");
    file.certificate.key = KeyPlace::File { path: "team/exo.cer".into(), has_key: false, password: None };
    assert!(script(Service::AzureCli, &file).contains("it has to be made where the key is"));
}

/// Whatever the tenant and the file system call things, the same commands are run.
#[test]
fn names_run_nothing() {
    let plain = handover(Cloud::UsGovL5);
    let mut hostile = plain.clone();
    hostile.display_name = HOSTILE.to_owned();
    hostile.organization = format!("contoso.{HOSTILE}");
    hostile.roles = vec!["Exchange Administrator".to_owned(), HOSTILE.to_owned()];
    let KeyPlace::Directory { exports, pfx_password, .. } = &mut hostile.certificate.key else { unreachable!() };
    for (_, path) in exports {
        *path = format!("{HOSTILE}/{}", path.display()).into();
    }
    *pfx_password = Some(SecretReference::File(HOSTILE.into()));
    for service in Service::ALL {
        let wanted = script(service, &plain)
            .replace("Read-Host 'Password of the PFX' -AsSecureString", "Get-Content 'f' | ConvertTo-SecureString");
        let shown = script(service, &hostile);
        assert_eq!(Script::parse(&shown).commands(), Script::parse(&wanted).commands(), "{shown}");
    }
    let wanted = onto_windows(&plain, PROVIDER);
    let shown = onto_windows(&hostile, PROVIDER);
    assert_eq!(Script::parse(&shown).commands(), Script::parse(&wanted).commands(), "{shown}");
    let block = block(&hostile.handle, &hostile.display_name, &rows(&hostile), Paint::PLAIN);
    assert!(!block.lines().any(|line| line.starts_with("$(touch")), "{block}");
}

#[test]
fn the_key_lands_in_a_csp_and_the_account_of_the_job_may_read_it() {
    let shown = onto_windows(&handover(Cloud::Global), PROVIDER);
    let script = Script::parse(&shown);
    assert_eq!(script.commands().iter().filter(|name| **name == "certutil").count(), 2, "{shown}");
    assert!(script.commands().contains(&"Import-PfxCertificate") && script.commands().contains(&"icacls"), "{shown}");
    assert!(script.literals().contains(&PROVIDER.to_owned()), "{:?}", script.literals());
    // Without the name of a container the grant would be for all keys of the machine.
    let (before, _) = shown.split_once("icacls ").unwrap();
    assert!(before.ends_with("if (-not $container) { throw 'The key is not in a CSP.' }\n"), "{before}");
}
