//! Exchange Online and Security & Compliance PowerShell, which are one module.
//!
//! <https://learn.microsoft.com/powershell/exchange/app-only-auth-powershell-v2>

use super::{CloudAddresses, Script, option, refuses_kept_key};
use crate::catalog::clouds;
use crate::handover::quoting::powershell;
use crate::handover::{Handover, KeyPlace, vault_name};
use crate::model::{Cloud, ExportFormat, Thumbprint};

/// Of a custom cloud.
const UNTRIED: &str = "The addresses have the form of those of Microsoft's own clouds; nobody has tried them in yours.";

/// The line that the articles end with: on Windows, with the certificate in a store of the account that runs it.
pub fn exchange_by_thumbprint(
    app_id: &str,
    organization: &str,
    thumbprint: &Thumbprint,
    cloud: Cloud,
    addresses: Option<&CloudAddresses>,
) -> String {
    let options = exchange_options(cloud, addresses);
    exchange(&by_thumbprint(app_id, thumbprint), organization, &options)
}

/// `who` is the application with what it shows, or a token.
fn exchange(who: &str, organization: &str, options: &str) -> String {
    format!("Connect-ExchangeOnline {who} -Organization {}{options} -ShowBanner:$false", powershell(organization))
}

fn by_thumbprint(app_id: &str, thumbprint: &Thumbprint) -> String {
    format!("-AppId {} -CertificateThumbprint {}", powershell(app_id), powershell(thumbprint.as_str()))
}

/// With what [`Script::pfx`] has put into variables.
fn by_file(app_id: &str) -> String {
    format!("-AppId {} -CertificateFilePath $pfx -CertificatePassword $password", powershell(app_id))
}

/// What `Connect-ExchangeOnline` has to be told of a cloud.
fn exchange_options(cloud: Cloud, addresses: Option<&CloudAddresses>) -> String {
    match (cloud, addresses) {
        (Cloud::Global, _) | (Cloud::Custom, None) => String::new(),
        (Cloud::UsGovL4 | Cloud::UsGovL5 | Cloud::China, _) => {
            option("-ExchangeEnvironmentName", clouds::facts(cloud).exchange_environment)
        }
        (Cloud::Custom, Some(addresses)) => connection(&addresses.exchange) + &authorization(addresses),
    }
}

/// The session's address, which has the same path in each of Microsoft's clouds.
fn connection(address: &str) -> String {
    option("-ConnectionUri", &powershell(&format!("{address}/powershell-liveid")))
}

fn authorization(addresses: &CloudAddresses) -> String {
    option("-AzureADAuthorizationEndpointUri", &powershell(&format!("{}/organizations", addresses.login)))
}

/// With a certificate that the script has in `$certificate` already.
pub(in crate::handover) fn exchange_by_object(handover: &Handover) -> String {
    let options = exchange_options(handover.cloud, handover.addresses.as_ref());
    let who = format!("-AppId {} -Certificate $certificate", powershell(&handover.app_id));
    exchange(&who, &handover.organization, &options)
}

pub(super) fn online(script: &mut Script, handover: &Handover) {
    let certificate = &handover.certificate;
    let options = exchange_options(handover.cloud, handover.addresses.as_ref());
    let connect = |who: &str| exchange(who, &handover.organization, &options);
    script.note("Module ExchangeOnlineManagement 3.2 or later, in Windows PowerShell 5.1 or PowerShell 7 (3.10: 7.6, 3.5 to 3.9: 7.4).");
    if handover.cloud == Cloud::Custom {
        script.note(UNTRIED);
    }
    if !certificate.can_be_installed() {
        script.note("The key never leaves its vault, and the module wants to have it: declare `exportable: true` for the next one.");
        return;
    }
    script.note("On Windows, with the certificate in the personal store of the account that runs this:");
    script.line(&connect(&by_thumbprint(&handover.app_id, &certificate.thumbprint)));
    match certificate.pfx() {
        Some((path, password)) => {
            script.note("Or anywhere, with the PFX:");
            script.pfx(path, password, handover);
            script.line(&connect(&by_file(&handover.app_id)));
        }
        None => script.note(&format!("Or anywhere, with a PFX; {}.", certificate.how_to_get(ExportFormat::Pfx))),
    }
    from_vault(script, handover);
    script.note("Who is connected; and the end, for a session that is left open counts until it expires:");
    script.line("Get-ConnectionInformation | Format-List State, Organization, AppId, CertificateAuthentication, TokenExpiryTimeUTC");
    script.line("Disconnect-ExchangeOnline -Confirm:$false");
}

/// With the certificate as it lies in a vault, or would.
fn from_vault(script: &mut Script, handover: &Handover) {
    let certificate = &handover.certificate;
    let (vault, name, version) = match &certificate.key {
        KeyPlace::KeyVault { vault, name, version, exportable: _ } => {
            (vault_name(vault), name.clone(), option("-Version", &powershell(version)))
        }
        KeyPlace::Directory { .. } | KeyPlace::File { .. } | KeyPlace::Elsewhere => {
            // Without a PFX nothing can be put there.
            if certificate.pfx().is_none() {
                return;
            }
            ("VAULT-NAME", certificate.import_name(&handover.handle), String::new())
        }
    };
    script.note("Or anywhere, with the certificate from a vault and no file (modules Az.Accounts and Az.KeyVault):");
    let is_there = !version.is_empty();
    let place = format!("-VaultName {} -Name {}", powershell(vault), powershell(&name));
    script.sign_in_to_azure(handover);
    if is_there {
        script.note("(without -Version it is the newest, which follows rotations and may not be uploaded yet)");
    } else {
        let password = "-Password (Read-Host 'Password of the PFX' -AsSecureString)";
        script
            .note(&format!("(it is in none yet: Import-AzKeyVaultCertificate {place} -FilePath FILE.pfx {password})"));
    }
    script.line(&format!("$secret = Get-AzKeyVaultSecret {place}{version} -AsPlainText"));
    script.line("$certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new([Convert]::FromBase64String($secret), '')");
    script.line(&exchange_by_object(handover));
}

pub(super) fn security_and_compliance(script: &mut Script, handover: &Handover) {
    let certificate = &handover.certificate;
    script.note("The same module, 3.7 or later; not in PowerShell 7 on macOS. Of eDiscovery, Get-, New- and Start-ComplianceSearch do not");
    script.note("run app-only, and the rest wants -EnableSearchOnlySession (3.9).");
    let mut options = String::new();
    if let Some(known) = clouds::facts(handover.cloud).security_and_compliance_powershell {
        options += &option("-ConnectionUri", &powershell(known.connection));
        options += &option("-AzureADAuthorizationEndpointUri", &powershell(known.authorization));
        if let Some(otherwise) = known.otherwise {
            let note = "Microsoft's pages disagree about the address. Where this one does not answer, try";
            script.note(&format!("{note} {otherwise}"));
        }
    } else if let Some(addresses) = &handover.addresses {
        match &addresses.security_and_compliance {
            Some(address) => {
                script.note(UNTRIED);
                options += &connection(address);
            }
            None => {
                script.note("The cloud's file does not say where it is (`securityAndCompliance`): add -ConnectionUri.");
            }
        }
        options += &authorization(addresses);
    }
    if refuses_kept_key(script, handover) {
        return;
    }
    script.note("If it asks for a user in PowerShell 7 on Windows, run this first: $Global:IsWindows = $true");
    let connect =
        |who: &str| format!("Connect-IPPSSession {who} -Organization {}{options}", powershell(&handover.organization));
    script.line(&connect(&by_thumbprint(&handover.app_id, &certificate.thumbprint)));
    if let Some((path, password)) = certificate.pfx() {
        script.pfx(path, password, handover);
        script.line(&connect(&by_file(&handover.app_id)));
    }
}
