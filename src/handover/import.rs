//! The lines that put a PFX where the program that signs in finds it.

use std::fmt::Write as _;
use std::path::Path;

use super::quoting::{argument, comment, powershell, shell};
use super::{Handover, KeyPlace, vault_name};
use crate::catalog::clouds;
use crate::model::{Cloud, ExportFormat};

/// Where the key shall be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImportTarget {
    CurrentUser,
    LocalMachine,
    Linux,
    MacOs,
}

impl ImportTarget {
    pub const ALL: [Self; 4] = [Self::CurrentUser, Self::LocalMachine, Self::Linux, Self::MacOs];
}

/// How `pfx` comes to a machine. `account` is the one that the script runs as; `provider` is the CSP that the key shall lie in
/// on Windows, for Exchange refuses keys that lie in CNG.
pub fn import(
    target: ImportTarget,
    pfx: &Path,
    thumbprint: Option<&str>,
    account: Option<&str>,
    provider: &str,
) -> String {
    let mut out = String::new();
    match target {
        ImportTarget::CurrentUser => current_user(&mut out, pfx, thumbprint, provider),
        ImportTarget::LocalMachine => local_machine(&mut out, pfx, thumbprint, account, provider),
        ImportTarget::Linux => unix(&mut out, pfx, account, "Linux", "/etc/accredit", "root"),
        ImportTarget::MacOs => unix(&mut out, pfx, account, "macOS", "/usr/local/etc/accredit", "wheel"),
    }
    out
}

/// How the key comes to another machine with Windows.
pub fn onto_windows(handover: &Handover, provider: &str) -> String {
    let certificate = &handover.certificate;
    let mut out = "# Another machine with Windows\n".to_owned();
    let name = certificate.import_name(&handover.handle);
    let pfx = match (certificate.pfx(), &certificate.key) {
        (Some((pfx, _)), _) => {
            let file = comment(&pfx.to_string_lossy());
            let _ = writeln!(out, "# Copy {file} there, by a way that others cannot read.");
            out +=
                "# Windows Server 2016 and before call the password of a modern PFX wrong: `pfxEncryption: legacy`.\n";
            pfx.clone()
        }
        (None, KeyPlace::KeyVault { vault, name: object, version, exportable: true }) => {
            let (vault, object, pfx) = (argument(vault_name(vault)), argument(object), format!("{name}.pfx"));
            let _ = writeln!(
                out,
                "# There, after `az login` by an account that may read the vault's secrets; this PFX has no password:"
            );
            if let Some(names) = clouds::facts(handover.cloud).tools.filter(|_| handover.cloud != Cloud::Global) {
                let _ = writeln!(out, "# (before that: az cloud set --name {})", names.azure);
            }
            let _ = writeln!(
                out,
                "az keyvault secret download --vault-name {vault} --name {object} --version {} --encoding base64 --file {}",
                argument(version),
                argument(&pfx)
            );
            pfx.into()
        }
        (None, KeyPlace::KeyVault { .. }) => {
            out += "# The key never leaves its vault: there is nothing to import.\n";
            return out;
        }
        (None, KeyPlace::Directory { .. } | KeyPlace::File { .. } | KeyPlace::Elsewhere) => {
            let _ = writeln!(out, "# It takes a PFX; {}.", certificate.how_to_get(ExportFormat::Pfx));
            return out;
        }
    };
    let file = powershell(&pfx.file_name().unwrap_or(pfx.as_os_str()).to_string_lossy());
    // Only what Accredit exported is known to name a CSP.
    let is_ours = matches!(certificate.key, KeyPlace::Directory { .. });
    if is_ours {
        out += "# The short way. A PFX of Accredit's names the provider, so the key lands in a CSP; it cannot be exported again.\n";
        let _ = writeln!(
            out,
            "Import-PfxCertificate -FilePath {file} -CertStoreLocation Cert:\\CurrentUser\\My -Password (Read-Host 'Password of the PFX' -AsSecureString)"
        );
    }
    let thumbprint = Some(certificate.thumbprint.as_str());
    for target in [ImportTarget::CurrentUser, ImportTarget::LocalMachine] {
        let or = if is_ours || target != ImportTarget::CurrentUser { "# Or instead:\n" } else { "" };
        let _ = write!(out, "\n{or}{}", import(target, &pfx, thumbprint, None, provider));
    }
    out
}

fn current_user(out: &mut String, pfx: &Path, thumbprint: Option<&str>, provider: &str) {
    heading(out, "Windows, for the account that runs these lines alone (Windows PowerShell 5.1)");
    import_pfx(out, pfx, "-user ", provider);
    check(out, "CurrentUser", thumbprint);
}

fn local_machine(out: &mut String, pfx: &Path, thumbprint: Option<&str>, account: Option<&str>, provider: &str) {
    heading(out, "Windows, for every account that is given the key (Windows PowerShell 5.1, as administrator)");
    import_pfx(out, pfx, "", provider);
    check(out, "LocalMachine", thumbprint);
    let account = account.unwrap_or("CONTOSO\\service-account");
    let _ = writeln!(out, "# The account of the scheduled task or service reads the key; for a gMSA end it with $.");
    let _ = writeln!(out, "$account = {}", powershell(account));
    let _ = writeln!(out, "$container = $certificate.PrivateKey.CspKeyContainerInfo.UniqueKeyContainerName");
    // With no name the next line would be about the directory, and the key of every other account in it.
    let _ = writeln!(out, "if (-not $container) {{ throw 'The key is not in a CSP.' }}");
    let _ = writeln!(
        out,
        "icacls \"$env:ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys\\$container\" /grant \"${{account}}:R\""
    );
}

fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "# {text}");
}

/// `certutil` names the provider itself, so that the key lands in a CSP even where the PFX names none.
fn import_pfx(out: &mut String, pfx: &Path, scope: &str, provider: &str) {
    let file = powershell(&pfx.file_name().unwrap_or(pfx.as_os_str()).to_string_lossy());
    let _ = writeln!(out, "$file = {file}   # copied here; delete it once the check below has passed");
    let _ = writeln!(out, "# It asks for the password of the PFX. The key cannot be exported again.");
    let _ =
        writeln!(out, "certutil {scope}-csp {} -importpfx My $file 'AT_KEYEXCHANGE,NoExport'", powershell(provider));
}

fn check(out: &mut String, location: &str, thumbprint: Option<&str>) {
    match thumbprint {
        Some(thumbprint) => {
            let _ = writeln!(out, "$thumbprint = '{thumbprint}'");
        }
        None => {
            let _ = writeln!(
                out,
                "$thumbprint = (Get-PfxData $file -Password (Read-Host 'Password of the PFX' -AsSecureString)).EndEntityCertificates[0].Thumbprint"
            );
        }
    }
    let _ = writeln!(out, "$certificate = Get-Item \"Cert:\\{location}\\My\\$thumbprint\"");
    let _ =
        writeln!(out, "# Must print the provider above: a key in CNG prints nothing here, and Exchange refuses it.");
    let _ = writeln!(out, "$certificate.PrivateKey.CspKeyContainerInfo.ProviderName");
}

fn unix(out: &mut String, pfx: &Path, account: Option<&str>, system: &str, directory: &str, group: &str) {
    heading(out, &format!("{system}, for one account"));
    let name = pfx.file_name().unwrap_or(pfx.as_os_str()).to_string_lossy();
    let account = shell(account.unwrap_or("service-account"));
    let place = format!("{directory}/{name}");
    let _ = writeln!(out, "sudo install -d -m 0755 -o root -g {group} {directory}");
    let _ = writeln!(out, "sudo install -m 0400 -o {account} {} {}", shell(&pfx.to_string_lossy()), shell(&place));
    let _ = writeln!(out, "# In PowerShell, which has no certificate store here; it asks for the password:");
    let _ = writeln!(
        out,
        "# Connect-ExchangeOnline -AppId APP-ID -Organization TENANT.onmicrosoft.com -CertificateFilePath {} -CertificatePassword (Read-Host -AsSecureString)",
        comment(&powershell(&place))
    );
}
