//! What each application signs in with, and where its key is: the end of `apply`, and the beginning of `connect`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::execute::Report;
use crate::handover::{
    KeyPlace, Row, SigningCertificate, SigningFacts, block, certificate_rows, exchange_by_thumbprint, preferred,
};
use crate::keys::DirectoryStore;
use crate::kinds::{CertificateChain, key_id, uploaded_from};
use crate::model::{
    Address, CertificateSource, DesiredApplication, DesiredCertificate, ExportFormat, Generation, GenerationState,
    KeyAccess, ObservedKeyCredential, PermissionType, Rotate, Rotation, SecretReference, SignIn, Snapshot,
    StoreReference, StoredCertificate, StoredKeys, Thumbprint, Value,
};
use crate::render::{Paint, printable, rotation};

use super::console::Console;
use super::session::Session;

/// A declared certificate as it is handed over.
pub(super) struct Handed {
    /// Its name in the manifest.
    pub(super) name: String,
    /// `None`: there is none to sign in with yet. The error is why its keys cannot be read.
    pub(super) signing: Result<Option<SigningCertificate>, String>,
    /// Where it is between two generations.
    rotation: Option<Rotation>,
}

impl Handed {
    /// Whether another one takes over soon. One that is still to be made does not.
    pub(super) fn has_next(&self) -> bool {
        self.generations().any(|one| one.state == GenerationState::Next && one.thumbprint.is_some())
    }

    /// When the last one ended.
    pub(super) fn expired(&self) -> Option<Timestamp> {
        self.generations().filter(|one| one.state == GenerationState::Expired).filter_map(|one| one.not_after).max()
    }

    /// What it waits for before there is one.
    pub(super) fn waiting(&self) -> Option<&str> {
        self.rotation.as_ref()?.notes.first().map(String::as_str)
    }

    fn generations(&self) -> impl Iterator<Item = &Generation> {
        self.rotation.iter().flat_map(|rotation| &rotation.generations)
    }

    pub(super) fn rows(&self, paint: Paint) -> Vec<Row> {
        let mut rows = match &self.signing {
            Ok(Some(certificate)) => certificate_rows(certificate),
            Ok(None) => vec![("", "there is none to sign in with yet".to_owned())],
            Err(error) => vec![("", printable(&format!("its keys cannot be read: {error}")))],
        };
        rows.extend(self.rotation_rows(paint));
        rows
    }

    pub(super) fn rotation_rows(&self, paint: Paint) -> impl Iterator<Item = Row> {
        self.rotation.iter().flat_map(move |one| rotation(one, paint)).map(|line| ("", line))
    }
}

/// One block for each declared application that is there.
pub(super) async fn handover(console: &Console, session: &Session, snapshot: &Snapshot, report: &Report) -> String {
    let mut out = String::new();
    for (handle, application) in &session.desired.applications {
        let handle = handle.as_str();
        let Some(app_id) = app_id(handle, snapshot, report) else { continue };
        let organization = &snapshot.tenant.initial_domain;
        let mut rows = vec![("Application id", app_id.clone()), ("Organization", organization.clone())];
        let handed = certificates(session, snapshot, report, handle, application).await;
        for certificate in &handed {
            rows.push(("Certificate", certificate.name.clone()));
            rows.extend(certificate.rows(console.paint));
        }
        let _ = write!(out, "\n{}", block(handle, &application.display_name, &rows, console.paint));
        // What lies elsewhere is named by its thumbprint and offered to nobody.
        let here = handed.iter().filter_map(|handed| handed.signing.as_ref().ok()?.as_ref());
        let usable = |one: &&SigningCertificate| one.key != KeyPlace::Elsewhere && one.can_be_installed();
        if let Some(certificate) = preferred(here).filter(usable).filter(|_| connects_to_exchange(application)) {
            let cloud = session.desired.cloud;
            let line =
                exchange_by_thumbprint(&app_id, organization, &certificate.thumbprint, cloud, session.addresses());
            let _ = writeln!(out, "\n  {line}");
        }
    }
    out
}

/// The certificates that are declared for an application, as they are after this run.
pub(super) async fn certificates(
    session: &Session,
    snapshot: &Snapshot,
    report: &Report,
    handle: &str,
    application: &DesiredApplication,
) -> Vec<Handed> {
    let sign_ins = sign_ins(handle, snapshot, report);
    let mut handed = Vec::new();
    for (name, declared) in application.certificates.iter().flatten() {
        // What was asked for beyond the manifest is done.
        let certificate = &DesiredCertificate { rotate: Rotate::WhenDue, ..declared.clone() };
        let key = (handle.to_owned(), name.clone());
        let listed = match session.stores.get(&key).filter(|_| was_written_to(handle, name, report)) {
            Some(store) => store.list().await,
            None => Ok(snapshot.keys.get(&key).cloned().unwrap_or_default()),
        };
        let kept = match listed {
            Ok(kept) => kept,
            Err(error) => {
                handed.push(Handed { name: name.clone(), signing: Err(error.to_string()), rotation: None });
                continue;
            }
        };
        let credentials = credentials(handle, snapshot, report, &kept, session.now);
        let chain =
            CertificateChain::new(certificate, &application.expiry, &kept, &credentials, &sign_ins, session.now);
        let signing = chain.signs_in_with().map(|found| match found {
            Ok(stored) => of_store(handle, name, certificate, stored),
            Err(thumbprint) => elsewhere(name, thumbprint, &credentials),
        });
        let rotation = chain.rotation(Address::new(handle, "certificate", name));
        handed.push(Handed { name: name.clone(), signing: Ok(signing), rotation });
    }
    handed
}

fn of_store(
    handle: &str,
    name: &str,
    certificate: &DesiredCertificate,
    stored: &StoredCertificate,
) -> SigningCertificate {
    SigningCertificate {
        name: name.to_owned(),
        thumbprint: stored.thumbprint.clone(),
        key_id: key_id(stored),
        not_before: Some(stored.not_before),
        not_after: Some(stored.not_after),
        facts: Some(SigningFacts {
            thumbprint_sha256: stored.thumbprint_sha256.clone(),
            subject: stored.subject.clone(),
        }),
        key: key_place(handle, name, certificate, stored),
    }
}

/// A certificate of which there is only what Entra says.
fn elsewhere(name: &str, thumbprint: &Thumbprint, credentials: &[ObservedKeyCredential]) -> SigningCertificate {
    let credential = credentials.iter().find(|credential| credential.thumbprint.as_ref() == Some(thumbprint));
    SigningCertificate {
        name: name.to_owned(),
        thumbprint: thumbprint.clone(),
        key_id: credential.map_or_else(String::new, |credential| credential.key_id.clone()),
        not_before: credential.and_then(|credential| credential.start),
        not_after: credential.and_then(|credential| credential.end),
        facts: None,
        key: KeyPlace::Elsewhere,
    }
}

/// Whether this run put something into the place of a certificate's keys since they were read.
fn was_written_to(handle: &str, name: &str, report: &Report) -> bool {
    let mut places = report.done.iter().map(|step| &step.address);
    places.any(|place| place.holder == handle && place.name == name && place.kind.starts_with("certificate"))
}

fn app_id(handle: &str, snapshot: &Snapshot, report: &Report) -> Option<String> {
    let made = report.outputs.get(&Address::new(handle, "application", "")).and_then(|outputs| outputs.get("appId"));
    let made = made.and_then(|value| value.id()).map(str::to_owned);
    made.or_else(|| Some(snapshot.applications.get(handle)?.app_id.clone()))
}

/// What signed in as `handle` while the tenant was read, and in this run.
fn sign_ins(handle: &str, snapshot: &Snapshot, report: &Report) -> BTreeMap<Thumbprint, SignIn> {
    let proven = report.outputs.iter().filter(|(address, _)| address.kind == "signIn" && address.holder == handle);
    let proven = proven.filter_map(|(_, outputs)| Thumbprint::parse(outputs.get("thumbprint")?.id()?));
    let read = snapshot.sign_ins.get(handle).cloned().unwrap_or_default().into_iter();
    read.chain(proven.map(|thumbprint| (thumbprint, SignIn::Accepted))).collect()
}

/// The certificates that the application has now: those it had, without what this run removed, with what it added. A key may
/// lie in the store that was never uploaded; nobody can sign in with that one.
fn credentials(
    handle: &str,
    snapshot: &Snapshot,
    report: &Report,
    kept: &StoredKeys,
    now: Timestamp,
) -> Vec<ObservedKeyCredential> {
    let found = snapshot.applications.get(handle);
    let mut credentials = found.map_or_else(Vec::new, |application| application.key_credentials.clone());
    let written = report.done.iter().find(|step| step.address == Address::new(handle, "application", ""));
    let Some(wanted) = written.and_then(|step| step.action.after()?.get("keyCredentials")) else { return credentials };
    let resolve = |value: &Value| match value {
        Value::Output { output } => report.outputs.get(&output.of)?.get("thumbprint")?.id().map(str::to_owned),
        other => other.id().map(str::to_owned),
    };
    let wanted: BTreeSet<String> = wanted.members().filter_map(resolve).collect();
    let is_wanted = |credential: &ObservedKeyCredential| {
        let thumbprint = credential.thumbprint.as_ref();
        thumbprint.is_some_and(|thumbprint| wanted.contains(thumbprint.as_str())) || wanted.contains(&credential.key_id)
    };
    let is_known = |stored: &StoredCertificate| {
        found.is_some_and(|application| {
            application.key_credentials.iter().any(|credential| credential.key_id.eq_ignore_ascii_case(&key_id(stored)))
        })
    };
    credentials.retain(is_wanted);
    let added =
        kept.generations.iter().filter(|stored| wanted.contains(stored.thumbprint.as_str()) && !is_known(stored));
    credentials.extend(added.map(|stored| ObservedKeyCredential {
        key_id: key_id(stored),
        display_name: None,
        thumbprint: Some(stored.thumbprint.clone()),
        // As it is uploaded.
        start: Some(uploaded_from(stored, now)),
        end: Some(stored.not_after),
        key_type: "AsymmetricX509Cert".to_owned(),
        usage: "Verify".to_owned(),
    }));
    credentials
}

/// Where the key and the exported files lie, and how to open the PFX.
fn key_place(handle: &str, name: &str, certificate: &DesiredCertificate, stored: &StoredCertificate) -> KeyPlace {
    let directory = match (&certificate.source, &certificate.store, &stored.private_key) {
        (CertificateSource::File { path, password }, _, access) => {
            let has_key = *access != KeyAccess::Absent;
            return KeyPlace::File { path: path.clone(), has_key, password: password.clone() };
        }
        (CertificateSource::KeyVault(vault), store, KeyAccess::Vault { version, exportable }) => {
            return KeyPlace::KeyVault {
                vault: store.to_string(),
                name: vault.name.clone(),
                version: version.clone(),
                exportable: *exportable,
            };
        }
        (_, StoreReference::Directory { path, recipients: _ }, _) => path,
        (_, StoreReference::KeyVault { .. }, _) => return KeyPlace::Elsewhere,
    };
    let Ok(paths) = DirectoryStore::open(directory).paths(handle, name, stored) else { return KeyPlace::Elsewhere };
    let is_encrypted = matches!(stored.private_key, KeyAccess::Encrypted { .. });
    let sealed = |path: PathBuf| if is_encrypted { with_more(path, ".age") } else { path };
    let pfx_password = certificate.pfx_password.as_ref().map(|reference| match reference {
        SecretReference::Generated => SecretReference::File(sealed(paths.pfx_password.clone())),
        other => other.clone(),
    });
    let exports = certificate.export.intersection(&stored.exports);
    KeyPlace::Directory {
        private_key: sealed(paths.private_key.clone()),
        exports: exports.map(|format| (*format, paths.export(*format))).collect(),
        pfx_password: pfx_password.filter(|_| stored.exports.contains(&ExportFormat::Pfx)),
        directory: paths.directory,
    }
}

fn with_more(path: PathBuf, more: &str) -> PathBuf {
    let mut name = path.into_os_string();
    name.push(more);
    name.into()
}

fn connects_to_exchange(application: &DesiredApplication) -> bool {
    application.permissions.iter().flatten().any(|permission| {
        permission.permission_type == PermissionType::Application
            && permission.permission == "Exchange.ManageAsApp"
            && permission.consent
    })
}
