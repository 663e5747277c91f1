//! `accredit certificate import-commands`: the lines that put a PFX where the program that signs in finds it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::commands::console::Console;
use crate::commands::{Exit, Failure};
use crate::keys::{self, CSP_NAME};
use crate::model::ExportFormat;

use super::files::{self, Passwords};
use super::password::PasswordSource;
use super::source::{self, Shelf};

/// What was typed after `import-commands`.
#[derive(Debug)]
pub struct Arguments {
    /// A PFX, or a handle.
    pub source: PathBuf,
    pub shelf: Shelf,
    /// None means all.
    pub targets: BTreeSet<Target>,
    /// The account that the script runs as.
    pub account: Option<String>,
    pub password: PasswordSource,
}

/// Where the key shall be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    CurrentUser,
    LocalMachine,
    Linux,
    MacOs,
}

impl Target {
    pub const ALL: [Self; 4] = [Self::CurrentUser, Self::LocalMachine, Self::Linux, Self::MacOs];
}

pub(super) fn run(console: &Console, arguments: &Arguments) -> Result<Exit, Failure> {
    let (pfx, thumbprint) = find(arguments)?;
    let account = arguments.account.as_deref();
    let mut out = String::new();
    for target in Target::ALL {
        if !arguments.targets.is_empty() && !arguments.targets.contains(&target) {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        match target {
            Target::CurrentUser => current_user(&mut out, &pfx, thumbprint.as_deref()),
            Target::LocalMachine => local_machine(&mut out, &pfx, thumbprint.as_deref(), account),
            Target::Linux => unix(&mut out, &pfx, account, "Linux", "/etc/accredit", "root"),
            Target::MacOs => unix(&mut out, &pfx, account, "macOS", "/usr/local/etc/accredit", "wheel"),
        }
    }
    console.data(&out)?;
    Ok(Exit::Success)
}

/// The PFX, and the thumbprint where it can be known without asking for a password.
fn find(arguments: &Arguments) -> Result<(PathBuf, Option<String>), Failure> {
    if let Some(stored) = source::find(&arguments.source, &arguments.shelf)? {
        let pfx = stored.paths()?.export(ExportFormat::Pfx);
        if !pfx.exists() {
            return Err(Failure::message(format!("`{}` was never exported as PFX", stored.handle)).hint(
                "declare `export: [pfx]` in its manifest and apply, or run `accredit certificate export HANDLE --format pfx`",
            ));
        }
        return Ok((pfx, Some(stored.generation.thumbprint.to_string())));
    }
    let path = &arguments.source;
    let mut passwords = Passwords::new(&arguments.password);
    let given = passwords.given()?;
    let bytes =
        std::fs::read(path).map_err(|error| Failure::new(format!("`{}` cannot be read", path.display()), error))?;
    let mut certificates = match keys::read(&bytes, given.as_ref()) {
        Ok(contents) if contents.format != keys::FileFormat::Pfx => {
            return Err(Failure::message(format!("`{}` is {}, not a PFX", path.display(), contents.format.as_str()))
                .hint("make one with `accredit certificate export FILE… --format pfx`"));
        }
        Ok(contents) => vec![contents],
        // Without its password only the certificate beside it says which one it is.
        Err(keys::Unreadable::PasswordNeeded) => Vec::new(),
        Err(_) => vec![files::open(path, &mut passwords)?],
    };
    let beside = path.with_extension("cer");
    if certificates.is_empty() && beside.exists() {
        certificates.extend(files::open(&beside, &mut passwords));
    }
    let bundle = keys::Bundle::of_files(&certificates).ok();
    let der = bundle.and_then(|bundle| bundle.certificate);
    let thumbprint = der.and_then(|der| Some(keys::inspect(&der).ok()?.thumbprint.to_string()));
    Ok((path.clone(), thumbprint))
}

fn current_user(out: &mut String, pfx: &Path, thumbprint: Option<&str>) {
    heading(out, "Windows, for the account that runs these lines alone (Windows PowerShell 5.1)");
    import(out, pfx, "-user ");
    check(out, "CurrentUser", thumbprint);
}

fn local_machine(out: &mut String, pfx: &Path, thumbprint: Option<&str>, account: Option<&str>) {
    heading(out, "Windows, for every account that is given the key (Windows PowerShell 5.1, as administrator)");
    import(out, pfx, "");
    check(out, "LocalMachine", thumbprint);
    let account = account.unwrap_or("CONTOSO\\service-account");
    let _ = writeln!(out, "# The account of the scheduled task or service reads the key; for a gMSA end it with $.");
    let _ = writeln!(out, "$account = {}", powershell(account));
    let _ = writeln!(out, "$container = $certificate.PrivateKey.CspKeyContainerInfo.UniqueKeyContainerName");
    let _ = writeln!(
        out,
        "icacls \"$env:ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys\\$container\" /grant \"${{account}}:R\""
    );
}

fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "# {text}");
}

/// `certutil` names the provider itself, so that the key lands in a CSP even where the PFX names none.
fn import(out: &mut String, pfx: &Path, scope: &str) {
    let file = powershell(&pfx.file_name().unwrap_or(pfx.as_os_str()).to_string_lossy());
    let _ = writeln!(out, "$file = {file}   # copied here; delete it once the check below has passed");
    let _ = writeln!(out, "# It asks for the password of the PFX. The key cannot be exported again.");
    let _ = writeln!(out, "certutil {scope}-csp '{CSP_NAME}' -importpfx My $file 'AT_KEYEXCHANGE,NoExport'");
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
        powershell(&place)
    );
}

/// A text that PowerShell takes as it is.
fn powershell(text: &str) -> String {
    // PowerShell takes the typographic marks for the plain one.
    let is_mark = |c: char| matches!(c, '\'' | '\u{2018}'..='\u{201b}');
    let escaped: String = text.chars().flat_map(|c| std::iter::repeat_n(c, if is_mark(c) { 2 } else { 1 })).collect();
    format!("'{escaped}'")
}

/// A text that a shell takes as it is.
fn shell(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
