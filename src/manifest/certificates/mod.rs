//! Lowers the certificates of an application: defaults are filled in, lifetimes held against the expiry terms.

mod password;
mod source;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::catalog::clouds::CloudFacts;
use crate::model::{
    DesiredCertificate, DistinguishedName, ExportFormat, Handle, InvalidDistinguishedName, KeyAlgorithm, Period,
    PfxEncryption, Place, Problem, Rotate, StoreReference,
};

use super::application::check_length;
use super::cursor::At;
use super::expiry::{self, Terms};
use super::findings::Findings;
use super::specification_certificate::{
    CertificateSpecification, ExportSpecification, KeySpecification, PfxEncryptionSpecification,
};
use super::texts;

pub(super) use store::store;

/// Entra shortens a longer one, and two could become the same.
const MAXIMUM_DISPLAY_NAME: usize = 90;
/// What fits into a PFX.
const MAXIMUM_FRIENDLY_NAME: usize = 255;

/// The longest common name that X.509 allows.
const MAXIMUM_COMMON_NAME: usize = 64;

/// What certificates take from the application and the estate around them.
pub(super) struct Surroundings<'a> {
    pub handle: &'a Handle,
    pub terms: Terms<'a>,
    pub cloud: &'static CloudFacts,
    /// The store that the estate's defaults name.
    pub default_store: Option<&'a StoreReference>,
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
    let passwords = password::Reading { directory: surroundings.directory, cloud: surroundings.cloud };
    let pfx_password =
        specification.pfx_password.as_ref().and_then(|it| passwords.reference(it, at.key("pfxPassword"), findings));
    // A password that is there and wrong was reported where it stands.
    if export.contains(&ExportFormat::Pfx) && specification.pfx_password.is_none() && !at.key("pfxPassword").exists() {
        let help = "add `pfxPassword: { env: NAME }`, `{ file: path }` or `{ generate: true }`";
        findings.error_with_help("`export` has `pfx`, and there is no `pfxPassword`", at.key("export").place(), help);
    }
    let own_store = specification
        .store
        .as_ref()
        .and_then(|it| store(it, at.key("store"), surroundings.directory, surroundings.cloud, findings));
    let store = own_store.clone().or_else(|| surroundings.default_store.cloned()).unwrap_or_else(store::default);
    let source = source::source(name, specification, at, surroundings, &store, findings);
    // Of a store that is written wrongly nothing more can be said.
    let is_known = own_store.is_some() || !at.key("store").exists();
    source::check(&source, is_known.then_some(&store), specification, at, findings);
    check_length(specification.display_name.as_deref(), MAXIMUM_DISPLAY_NAME, at.key("displayName"), findings);
    check_length(specification.friendly_name.as_deref(), MAXIMUM_FRIENDLY_NAME, at.key("friendlyName"), findings);
    let valid_for = if source::decides_lifetime(&source) {
        lifetime(specification, at, &surroundings.terms, findings)
    } else {
        surroundings.terms.maximum_lifetime.period
    };
    DesiredCertificate {
        place: at.name().clone(),
        source_place: at.key("source").place().clone(),
        lifetime_place: source::decides_lifetime(&source).then(|| at.key("validFor").place().clone()),
        key_place: at.key("key").place().clone(),
        rotate: Rotate::default(),
        display_name: specification.display_name.clone().unwrap_or_else(|| name.to_owned()),
        subject,
        subject_by_handle: specification.subject.is_none() && !names_subject(&dns_names),
        key: specification.key.map_or_else(KeyAlgorithm::default, key_algorithm),
        valid_for,
        friendly_name: specification.friendly_name.clone(),
        store,
        source,
        dns_names,
        export,
        pfx_password,
        pfx_encryption: match specification.pfx_encryption {
            None | Some(PfxEncryptionSpecification::Modern) => PfxEncryption::Modern,
            Some(PfxEncryptionSpecification::Legacy) => PfxEncryption::Legacy,
        },
        hosts: hosts(specification, at.key("hosts"), findings),
    }
}

fn hosts(specification: &CertificateSpecification, at: At<'_>, findings: &mut Findings) -> Vec<String> {
    let hosts = specification.hosts.clone().unwrap_or_default();
    let mut seen: BTreeMap<&str, &Place> = BTreeMap::new();
    for (index, host) in hosts.iter().enumerate() {
        let place = at.index(index).place();
        if host.trim().is_empty() || host.chars().any(char::is_control) {
            findings.error("this names no host", place);
        }
        if let Some(first) = seen.insert(host, place) {
            findings.twice(format!("the host `{host}` is here twice"), place, first);
        }
    }
    hosts
}

/// The subject of a certificate that declares none: its first DNS name, where that fits.
fn default_subject(dns_names: &[String], handle: &Handle) -> DistinguishedName {
    let name = dns_names.first().map(String::as_str).filter(|_| names_subject(dns_names));
    DistinguishedName::from_parts([("CN", name.unwrap_or(handle.as_str()).to_owned())])
}

/// Whether the first DNS name fits as the subject.
fn names_subject(dns_names: &[String]) -> bool {
    dns_names.first().is_some_and(|name| name.len() <= MAXIMUM_COMMON_NAME)
}

fn exports(specification: &CertificateSpecification, at: At<'_>, findings: &mut Findings) -> BTreeSet<ExportFormat> {
    let mut formats = BTreeMap::new();
    for (index, format) in specification.export.iter().flatten().enumerate() {
        let format = self::format(*format);
        let place = at.key("export").index(index).place();
        if let Some(first) = formats.insert(format, place) {
            findings.twice(format!("`{}` is here twice", format.as_str()), place, first);
        }
    }
    formats.into_keys().collect()
}

fn format(specification: ExportSpecification) -> ExportFormat {
    match specification {
        ExportSpecification::Cer => ExportFormat::Cer,
        ExportSpecification::Pem => ExportFormat::Pem,
        ExportSpecification::Pfx => ExportFormat::Pfx,
    }
}

/// Whether a certificate is still kept when the one after its successor is made.
fn stands_beside_two(valid_for: Period, terms: &Terms<'_>) -> bool {
    let day = expiry::comparison_day();
    terms.overlap.period.after(terms.renew_before.period.after(day)) > valid_for.after(day)
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
    } else if expiry::is_longer(valid_for, terms.renew_before.period) && stands_beside_two(valid_for, terms) {
        let (before, overlap) = (terms.renew_before.period, terms.overlap.period);
        let message = format!(
            "valid for {valid_for}, renewed {before} before its end, and kept for {overlap} after that: more than two would be in use at once"
        );
        let help = "shorten `expiry.renewBefore` or `expiry.overlap`, or lengthen `validFor`";
        findings.problems.push(Problem::error(message).at(place).help(help));
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

pub(super) fn key_algorithm(specification: KeySpecification) -> KeyAlgorithm {
    match specification {
        KeySpecification::Rsa2048 => KeyAlgorithm::Rsa2048,
        KeySpecification::Rsa3072 => KeyAlgorithm::Rsa3072,
        KeySpecification::Rsa4096 => KeyAlgorithm::Rsa4096,
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
