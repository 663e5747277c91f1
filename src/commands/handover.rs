//! What the user came for: the three values of each application, and the line that connects with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;

use crate::execute::Report;
use crate::keys::DirectoryStore;
use crate::kinds::{CertificateChain, key_id, uploaded_from};
use crate::model::{
    Address, CertificateSource, DesiredApplication, DesiredCertificate, ExportFormat, KeyAccess, ObservedKeyCredential,
    PermissionType, Rotate, SecretReference, SignIn, Snapshot, StoreReference, StoredCertificate, StoredKeys,
    Thumbprint, Value,
};
use crate::render::{printable, rotation};

use super::console::Console;
use super::session::Session;

/// One block for each declared application that is there.
pub(super) async fn handover(console: &Console, session: &Session, snapshot: &Snapshot, report: &Report) -> String {
    let mut out = String::new();
    for (handle, application) in &session.desired.applications {
        let handle = handle.as_str();
        let sign_ins = sign_ins(handle, snapshot, report);
        let Some(app_id) = app_id(handle, snapshot, report) else { continue };
        let organization = &snapshot.tenant.initial_domain;
        let mut rows = vec![("Application id", app_id.clone()), ("Organization", organization.clone())];
        let mut thumbprint = None;
        for (name, declared) in application.certificates.iter().flatten() {
            // What was asked for beyond the manifest is done.
            let certificate = &DesiredCertificate { rotate: Rotate::WhenDue, ..declared.clone() };
            let key = (handle.to_owned(), name.clone());
            let listed = match session.stores.get(&key).filter(|_| was_written_to(handle, name, report)) {
                Some(store) => store.list().await,
                None => Ok(snapshot.keys.get(&key).cloned().unwrap_or_default()),
            };
            rows.push(("Certificate", name.clone()));
            let kept = match listed {
                Ok(kept) => kept,
                Err(error) => {
                    rows.push(("", printable(&format!("its keys cannot be read: {error}"))));
                    continue;
                }
            };
            let credentials = credentials(handle, snapshot, report, &kept, session.now);
            let chain =
                CertificateChain::new(certificate, &application.expiry, &kept, &credentials, &sign_ins, session.now);
            match chain.signs_in_with() {
                Some(Ok(stored)) => {
                    rows.push(("Subject", printable(&stored.subject.0)));
                    rows.push(("Thumbprint", stored.thumbprint.to_string()));
                    rows.push(("NotBefore", instant(stored.not_before)));
                    rows.push(("NotAfter", instant(stored.not_after)));
                    let files = files(handle, name, certificate, stored);
                    rows.extend(files.into_iter().map(|(label, value)| (label, printable(&value))));
                    // What does not leave its vault is in no machine's store.
                    if !matches!(stored.private_key, KeyAccess::Vault { exportable: false, .. }) {
                        thumbprint.get_or_insert(stored.thumbprint.clone());
                    }
                }
                Some(Err(elsewhere)) => rows.push(("Thumbprint", elsewhere.to_string())),
                None => rows.push(("", "there is none to sign in with yet".to_owned())),
            }
            let on_its_way = chain.rotation(Address::new(handle, "certificate", name));
            rows.extend(on_its_way.iter().flat_map(|one| rotation(one, console.paint)).map(|line| ("", line)));
        }
        let _ = writeln!(out, "\n{} ({})", console.paint.bold(handle), printable(&application.display_name));
        for (label, value) in rows {
            let _ = writeln!(out, "  {label:<15} {value}");
        }
        if let Some(thumbprint) = thumbprint.filter(|_| connects_to_exchange(application)) {
            let _ = writeln!(
                out,
                "\n  Connect-ExchangeOnline -AppId \"{app_id}\" -CertificateThumbprint \"{thumbprint}\" -Organization \"{organization}\" -ShowBanner:$false"
            );
        }
    }
    out
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

/// As Windows shows it in the articles, but in UTC and said so.
fn instant(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Where the key and the exported files lie, and how to open the PFX.
fn files(
    handle: &str,
    name: &str,
    certificate: &DesiredCertificate,
    stored: &StoredCertificate,
) -> Vec<(&'static str, String)> {
    let directory = match (&certificate.source, &certificate.store, &stored.private_key) {
        (CertificateSource::File { path, password: _ }, _, access) => {
            let key = if *access == KeyAccess::Absent { " (without its key)" } else { "" };
            return vec![("File", format!("{}{key}", path.display()))];
        }
        (CertificateSource::KeyVault(vault), store, KeyAccess::Vault { version, exportable }) => {
            let certificate = format!("{store}/certificates/{}/{version}", vault.name);
            let key = if *exportable {
                format!("with its key: {store}/secrets/{}/{version}", vault.name)
            } else {
                format!("its key stays in the vault, which signs: {store}/keys/{}/{version}", vault.name)
            };
            return vec![("Key Vault", certificate), ("", key)];
        }
        (_, StoreReference::Directory { path, recipients: _ }, _) => path,
        (_, StoreReference::KeyVault { .. }, _) => return Vec::new(),
    };
    let Ok(paths) = DirectoryStore::open(directory).paths(handle, name, stored) else { return Vec::new() };
    let file = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let sealed = |path: &Path| {
        let name = file(path);
        if matches!(stored.private_key, KeyAccess::Encrypted { .. }) { format!("{name}.age") } else { name }
    };
    let mut rows = vec![("Files in", paths.directory.display().to_string()), ("", sealed(&paths.private_key))];
    for format in certificate.export.intersection(&stored.exports) {
        let path = file(&paths.export(*format));
        let password = match (format, &certificate.pfx_password) {
            (ExportFormat::Cer | ExportFormat::Pem, _) | (ExportFormat::Pfx, None | Some(SecretReference::Prompt)) => {
                None
            }
            (ExportFormat::Pfx, Some(SecretReference::Generated)) => Some(sealed(&paths.pfx_password)),
            (ExportFormat::Pfx, Some(SecretReference::Environment(name))) => Some(format!("${name}")),
            (ExportFormat::Pfx, Some(SecretReference::File(path))) => Some(path.display().to_string()),
            (ExportFormat::Pfx, Some(SecretReference::Command(command))) => Some(format!("what `{command}` prints")),
            (ExportFormat::Pfx, Some(SecretReference::KeyVault { url, name })) => Some(format!("{url}/secrets/{name}")),
        };
        rows.push(("", password.map_or(path.clone(), |password| format!("{path} (its password: {password})"))));
    }
    rows
}

fn connects_to_exchange(application: &DesiredApplication) -> bool {
    application.permissions.iter().flatten().any(|permission| {
        permission.permission_type == PermissionType::Application
            && permission.permission == "Exchange.ManageAsApp"
            && permission.consent
    })
}
