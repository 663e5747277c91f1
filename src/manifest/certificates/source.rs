//! Who makes a certificate, and what can be declared of one that others make.

use std::collections::BTreeSet;

use crate::model::{CertificateSource, ExportFormat, Period, SecretReference, StoreReference, Usage, VaultCertificate};

use super::super::cursor::At;
use super::super::findings::Findings;
use super::super::specification_certificate::{
    CertificateSpecification, FileSpecification, RequestSpecification, SourceName, SourceSpecification,
    UsageSpecification, VaultCertificateSpecification,
};
use super::password::{Reading, is_object_name};
use super::{Surroundings, relative_to};

pub(super) fn source(
    name: &str,
    specification: &CertificateSpecification,
    at: At<'_>,
    surroundings: &Surroundings<'_>,
    store: &StoreReference,
    findings: &mut Findings,
) -> CertificateSource {
    let at = at.key("source");
    match &specification.source {
        None => match store {
            StoreReference::Directory { .. } => CertificateSource::SelfSigned,
            StoreReference::KeyVault { .. } => {
                in_vault(name, &VaultCertificateSpecification::default(), at, surroundings, findings)
            }
        },
        Some(SourceSpecification::Name(SourceName::SelfSigned)) => CertificateSource::SelfSigned,
        Some(SourceSpecification::Name(SourceName::Csr)) => request(&RequestSpecification::default(), at, findings),
        Some(SourceSpecification::Name(SourceName::KeyVault)) => {
            in_vault(name, &VaultCertificateSpecification::default(), at, surroundings, findings)
        }
        Some(SourceSpecification::Details(details)) => {
            if let Some(file) = &details.file {
                self::file(file, at.key("file"), surroundings, findings)
            } else if let Some(vault) = &details.key_vault {
                in_vault(name, vault, at.key("keyVault"), surroundings, findings)
            } else {
                let csr = details.csr.as_ref();
                request(csr.unwrap_or(&RequestSpecification::default()), at.key("csr"), findings)
            }
        }
    }
}

fn request(specification: &RequestSpecification, at: At<'_>, findings: &mut Findings) -> CertificateSource {
    let mut usages = BTreeSet::new();
    for (index, usage) in specification.usages.iter().flatten().enumerate() {
        let usage = match usage {
            UsageSpecification::ClientAuth => Usage::ClientAuthentication,
            UsageSpecification::ServerAuth => Usage::ServerAuthentication,
        };
        if !usages.insert(usage) {
            findings.error("this usage is here twice", at.key("usages").index(index).place());
        }
    }
    if specification.usages.is_none() {
        usages.insert(Usage::ClientAuthentication);
    }
    CertificateSource::Request { usages }
}

fn file(
    specification: &FileSpecification,
    at: At<'_>,
    surroundings: &Surroundings<'_>,
    findings: &mut Findings,
) -> CertificateSource {
    let (path, path_at, password) = match specification {
        FileSpecification::Path(path) => (path, at, None),
        FileSpecification::Details(details) => (&details.path, at.key("path"), details.password.as_ref()),
    };
    if path.trim().is_empty() || path.contains('\0') {
        findings.error("this is not the name of a file", path_at.place());
    }
    let passwords = Reading { directory: surroundings.directory, cloud: surroundings.cloud };
    let password = password.and_then(|it| passwords.reference(it, at.key("password"), findings));
    if let Some(SecretReference::Command(_) | SecretReference::Generated) = password {
        // Whoever writes a manifest for review must not have commands run by whoever plans it.
        let help = "name an environment variable, a file or a secret of a vault";
        let message = "a plan opens this file, and it neither runs commands nor makes passwords";
        findings.error_with_help(message, at.key("password").name(), help);
    }
    CertificateSource::File { path: relative_to(surroundings.directory, path), password }
}

fn in_vault(
    certificate: &str,
    specification: &VaultCertificateSpecification,
    at: At<'_>,
    surroundings: &Surroundings<'_>,
    findings: &mut Findings,
) -> CertificateSource {
    let VaultCertificateSpecification { name, version, exportable, create } = specification;
    let name = name.clone().unwrap_or_else(|| {
        // `.` and `_` may stand in ours, and not in the vault's.
        format!("{}-{certificate}", surroundings.handle).replace(['.', '_'], "-")
    });
    if !is_object_name(&name) {
        let help = "a certificate's name in a vault has 1 to 127 letters, digits and `-`: say one with `name`";
        findings.error_with_help(format!("`{name}` cannot be a certificate's name in a vault"), at.place(), help);
    }
    let is_version = |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(version) = version.as_deref().filter(|version| !is_version(version)) {
        let help = "a version has 32 hexadecimal digits; without one the newest is used";
        let message = format!("`{version}` is no version of a certificate");
        findings.error_with_help(message, at.key("version").place(), help);
    }
    if version.is_some() && *create == Some(true) {
        let help = "take `version` out to have Accredit make new ones, or `create`";
        findings.error_with_help("one version is said, so none can be made", at.key("create").place(), help);
    }
    CertificateSource::KeyVault(VaultCertificate {
        name,
        version: version.as_ref().map(|version| version.to_ascii_lowercase()),
        exportable: exportable.unwrap_or(false),
        create: create.unwrap_or(version.is_none()),
    })
}

/// Whether Accredit says how long the certificate is valid.
pub(super) fn decides_lifetime(source: &CertificateSource) -> bool {
    match source {
        CertificateSource::SelfSigned => true,
        CertificateSource::KeyVault(vault) => vault.create,
        CertificateSource::Request { .. } | CertificateSource::File { .. } => false,
    }
}

/// What is declared has to mean something for this source and fit its store, where that is known.
pub(super) fn check(
    source: &CertificateSource,
    store: Option<&StoreReference>,
    specification: &CertificateSpecification,
    at: At<'_>,
    findings: &mut Findings,
) {
    let is_vault = matches!(store, Some(StoreReference::KeyVault { .. }));
    let is_directory = matches!(store, Some(StoreReference::Directory { .. }));
    let mut useless = |keys: &[&str], because: &str| {
        for (name, key) in keys.iter().map(|name| (name, at.key(name))).filter(|(_, key)| key.exists()) {
            findings.error_with_help(format!("`{name}` would have no effect"), key.name(), because);
        }
    };
    let is_encrypted = matches!(store, Some(StoreReference::Directory { recipients, .. }) if !recipients.is_empty());
    match source {
        CertificateSource::SelfSigned => {}
        CertificateSource::Request { .. } => {
            useless(&["validFor"], "the authority that signs the certificate decides how long it is valid");
        }
        CertificateSource::File { .. } => {
            let because = "whoever made the file decided it";
            useless(&["subject", "dnsNames", "validFor", "key", "friendlyName", "pfxEncryption"], because);
            let because = "`accredit certificate export` writes the file in other formats";
            useless(&["export", "pfxPassword"], because);
            useless(&["store"], "the certificate lies in its file");
        }
        CertificateSource::KeyVault(vault) => {
            if !vault.create {
                let because = "Accredit makes no versions of this certificate";
                useless(&["subject", "dnsNames", "validFor", "key"], because);
            }
            let because = "the key lies in the vault: `az keyvault` writes files, where it may be exported";
            useless(&["export", "pfxPassword", "pfxEncryption", "friendlyName"], because);
        }
    }
    match source {
        CertificateSource::KeyVault(_) if is_directory => {
            let help = "add `store: { keyVault: NAME }`, here or under `defaults`";
            findings.error_with_help("no vault is said for it", at.key("source").place(), help);
        }
        CertificateSource::SelfSigned | CertificateSource::Request { .. } if is_vault => {
            let help = "say `source: keyVault`, so that the key is made in the vault and stays there; or a directory";
            findings.error_with_help("a vault keeps only keys that are made in it", at.key("source").place(), help);
        }
        CertificateSource::SelfSigned
        | CertificateSource::Request { .. }
        | CertificateSource::File { .. }
        | CertificateSource::KeyVault(_) => {}
    }
    if let (CertificateSource::KeyVault(vault), Some(text)) = (source, &specification.valid_for)
        && vault.create
        && text.parse::<Period>().is_ok_and(|period| period.whole_months().is_none())
    {
        let help = "write it in years or months: `1y`, `6mo`";
        findings.error_with_help("a vault reckons in whole months", at.key("validFor").place(), help);
    }
    let exports_pem = at.key("export").exists()
        && specification.export.iter().flatten().any(|format| super::format(*format) == ExportFormat::Pem);
    if is_encrypted && exports_pem {
        let help = "export `pfx`, which has a password";
        let message = "`pem` would hold the private key in the clear, beside the encrypted one";
        findings.error_with_help(message, at.key("export").place(), help);
    }
}
