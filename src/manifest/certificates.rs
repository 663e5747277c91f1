//! Lowers the certificates of an application: defaults are filled in, lifetimes held against the expiry terms.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::model::{
    DesiredCertificate, DistinguishedName, ExportFormat, Handle, InvalidDistinguishedName, KeyAlgorithm, Period,
    PfxEncryption, Place, Problem, SecretReference,
};

use super::application::check_length;
use super::cursor::At;
use super::expiry::{self, Terms};
use super::findings::Findings;
use super::specification_certificate::{
    CertificateSpecification, ExportSpecification, KeySpecification, PfxEncryptionSpecification,
    PfxPasswordSpecification, StoreSpecification,
};
use super::texts;

/// Entra shortens a longer one, and two could become the same.
const MAXIMUM_DISPLAY_NAME: usize = 90;
/// What fits into a PFX.
const MAXIMUM_FRIENDLY_NAME: usize = 255;

/// Where keys lie when no manifest says so, from the working directory.
const DEFAULT_STORE: &str = ".accredit/keys";

/// The longest common name that X.509 allows.
const MAXIMUM_COMMON_NAME: usize = 64;

/// What certificates take from the application and the estate around them.
pub(super) struct Surroundings<'a> {
    pub handle: &'a Handle,
    pub terms: Terms<'a>,
    /// The store that the estate's defaults name.
    pub default_store: Option<&'a Path>,
    /// Where the relative paths of this file begin.
    pub directory: &'a Path,
}

pub(super) fn lower(
    specifications: &BTreeMap<String, CertificateSpecification>,
    at: At<'_>,
    surroundings: &Surroundings<'_>,
    findings: &mut Findings,
) -> BTreeMap<String, DesiredCertificate> {
    let mut lowered = BTreeMap::new();
    let mut display_names: BTreeMap<String, Place> = BTreeMap::new();
    for (name, at) in at.entries() {
        let Some(specification) = specifications.get(name) else { continue };
        if name.parse::<Handle>().is_err() {
            let help = "use 1 to 64 lower-case letters, digits, `-`, `_` or `.`, beginning with a letter or digit";
            findings.error_with_help(format!("`{name}` cannot be a certificate's name"), at.name(), help);
        }
        let certificate = certificate(name, specification, at, surroundings, findings);
        let place = at.key("displayName").place();
        if certificate.display_name.trim().is_empty() {
            findings.error("`displayName` is empty", place);
        } else if let Some(first) = display_names.insert(certificate.display_name.clone(), place.clone()) {
            let message = format!("two certificates are called `{}`", certificate.display_name);
            findings.twice(message, place, &first);
        }
        lowered.insert(name.to_owned(), certificate);
    }
    lowered
}

fn certificate(
    name: &str,
    specification: &CertificateSpecification,
    at: At<'_>,
    surroundings: &Surroundings<'_>,
    findings: &mut Findings,
) -> DesiredCertificate {
    let dns_names = specification.dns_names.clone().unwrap_or_default();
    let mut seen: BTreeMap<String, &Place> = BTreeMap::new();
    for (index, dns_name) in dns_names.iter().enumerate() {
        let place = at.key("dnsNames").index(index).place();
        if let Err(reason) = texts::dns_name(dns_name) {
            findings.error(format!("`{dns_name}` cannot be a DNS name: {reason}"), place);
        }
        if let Some(first) = seen.insert(dns_name.to_ascii_lowercase(), place) {
            findings.twice(format!("the DNS name `{dns_name}` is here twice"), place, first);
        }
    }
    let default_subject = || default_subject(&dns_names, surroundings.handle);
    let subject = specification.subject.as_ref().map_or_else(default_subject, |text| {
        text.parse().unwrap_or_else(|error: InvalidDistinguishedName| {
            findings.error(error.to_string(), at.key("subject").place());
            default_subject()
        })
    });
    let export = exports(specification, at, findings);
    let pfx_password = specification
        .pfx_password
        .as_ref()
        .and_then(|it| password(it, at.key("pfxPassword"), surroundings.directory, findings));
    // A password that is there and wrong was reported where it stands.
    if export.contains(&ExportFormat::Pfx) && specification.pfx_password.is_none() && !at.key("pfxPassword").exists() {
        let help = "add `pfxPassword: { env: NAME }`, `{ file: path }` or `{ generate: true }`";
        findings.error_with_help("`export` has `pfx`, and there is no `pfxPassword`", at.key("export").place(), help);
    }
    let store = specification.store.as_ref().map(|store| {
        check_directory(&store.directory, at.key("store").key("directory"), findings);
        store_of(store, surroundings.directory)
    });
    check_length(specification.display_name.as_deref(), MAXIMUM_DISPLAY_NAME, at.key("displayName"), findings);
    check_length(specification.friendly_name.as_deref(), MAXIMUM_FRIENDLY_NAME, at.key("friendlyName"), findings);
    DesiredCertificate {
        place: at.name().clone(),
        display_name: specification.display_name.clone().unwrap_or_else(|| name.to_owned()),
        subject,
        key: specification.key.map_or_else(KeyAlgorithm::default, key_algorithm),
        valid_for: lifetime(specification, at, &surroundings.terms, findings),
        friendly_name: specification.friendly_name.clone(),
        store: store
            .or_else(|| surroundings.default_store.map(Path::to_path_buf))
            .unwrap_or_else(|| PathBuf::from(DEFAULT_STORE)),
        dns_names,
        export,
        pfx_password,
        pfx_encryption: match specification.pfx_encryption {
            None | Some(PfxEncryptionSpecification::Modern) => PfxEncryption::Modern,
            Some(PfxEncryptionSpecification::Legacy) => PfxEncryption::Legacy,
        },
    }
}

/// The subject of a certificate that declares none: its first DNS name, where that fits.
fn default_subject(dns_names: &[String], handle: &Handle) -> DistinguishedName {
    let name = dns_names.first().map(String::as_str).filter(|name| name.len() <= MAXIMUM_COMMON_NAME);
    DistinguishedName::from_parts([("CN", name.unwrap_or(handle.as_str()).to_owned())])
}

fn exports(specification: &CertificateSpecification, at: At<'_>, findings: &mut Findings) -> BTreeSet<ExportFormat> {
    let mut formats = BTreeMap::new();
    for (index, format) in specification.export.iter().flatten().enumerate() {
        let format = match format {
            ExportSpecification::Cer => ExportFormat::Cer,
            ExportSpecification::Pem => ExportFormat::Pem,
            ExportSpecification::Pfx => ExportFormat::Pfx,
        };
        let place = at.key("export").index(index).place();
        if let Some(first) = formats.insert(format, place) {
            findings.twice(format!("`{}` is here twice", format.as_str()), place, first);
        }
    }
    formats.into_keys().collect()
}

/// The certificate's validity, held against the terms.
fn lifetime(
    specification: &CertificateSpecification,
    at: At<'_>,
    terms: &Terms<'_>,
    findings: &mut Findings,
) -> Period {
    let place = at.key("validFor").place();
    let declared = match &specification.valid_for {
        Some(text) => expiry::read(text, place, findings),
        None => Some(expiry::built_in("1y")),
    };
    let Some(valid_for) = declared else { return expiry::built_in("1y") };
    let most = terms.maximum_lifetime;
    if expiry::is_longer(valid_for, most.period) {
        let message = format!("valid for {valid_for}, and no certificate may live longer than {}", most.period);
        let mut problem = Problem::error(message).at(place);
        problem = match most.place {
            Some(limit) => problem.related(limit, "the limit").help("shorten `validFor`, or raise the limit"),
            None => problem.help(format!(
                "that is the limit unless a manifest says another: `expiry: {{ maximumLifetime: {valid_for} }}`"
            )),
        };
        findings.problems.push(problem);
    } else if !expiry::is_longer(valid_for, terms.renew_before.period) {
        let before = terms.renew_before.period;
        let message = format!("valid for {valid_for}, and renewed {before} before its end: it would always be due");
        let problem = Problem::error(message).at(place);
        findings.problems.push(match terms.renew_before.place {
            Some(said) => problem.related(said, "renewed this long before the end"),
            None => problem.help("say a shorter `expiry: { renewBefore: … }`"),
        });
    }
    valid_for
}

fn key_algorithm(specification: KeySpecification) -> KeyAlgorithm {
    match specification {
        KeySpecification::Rsa2048 => KeyAlgorithm::Rsa2048,
        KeySpecification::Rsa3072 => KeyAlgorithm::Rsa3072,
        KeySpecification::Rsa4096 => KeyAlgorithm::Rsa4096,
    }
}

/// A name that an environment variable can have; anything else is taken for the password itself and not shown.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn password(
    specification: &PfxPasswordSpecification,
    at: At<'_>,
    directory: &Path,
    findings: &mut Findings,
) -> Option<SecretReference> {
    let PfxPasswordSpecification { env, file, generate } = specification;
    if let Some(name) = env {
        if !is_variable(name) {
            let env = at.key("env");
            let help = "write the variable's name: letters, digits and `_`";
            findings.secret("`env` is not the name of an environment variable", env.place(), env.name(), help);
            return None;
        }
        return Some(SecretReference::Environment(name.clone()));
    }
    if let Some(file) = file {
        if file.trim().is_empty() {
            findings.error("`file` is empty", at.key("file").place());
            return None;
        }
        return Some(SecretReference::File(relative_to(directory, file)));
    }
    generate.map(|_| SecretReference::Generated)
}

pub(super) fn store_of(specification: &StoreSpecification, directory: &Path) -> PathBuf {
    relative_to(directory, &specification.directory)
}

pub(super) fn check_directory(directory: &str, at: At<'_>, findings: &mut Findings) {
    if directory.trim().is_empty() || directory.contains('\0') {
        findings.error("this is not the name of a directory", at.place());
    } else if directory.starts_with('~') {
        let help = "write it from the root, or from this file";
        findings.error_with_help("`~` is not the home directory here", at.place(), help);
    }
}

/// A path that a manifest says, without `.` and `..` where that can be told from the text alone.
pub(super) fn relative_to(directory: &Path, path: &str) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in directory.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            Component::ParentDir | Component::Normal(_) | Component::RootDir | Component::Prefix(_) => {
                plain.push(component);
            }
        }
    }
    if plain.as_os_str().is_empty() { PathBuf::from(".") } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_at_the_manifest() {
        for (directory, path, want) in [
            ("manifests", "../.accredit/keys", ".accredit/keys"),
            ("manifests/team", "keys", "manifests/team/keys"),
            ("", "../keys", "../keys"),
            (".", "./keys/.", "keys"),
            ("a", "/var/keys", "/var/keys"),
            ("a", "..", "."),
        ] {
            assert_eq!(relative_to(Path::new(directory), path), Path::new(want), "{directory} {path}");
        }
    }
}
