//! What the user came for: the three values of each application, and the line that connects with them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;

use crate::execute::Report;
use crate::keys::DirectoryStore;
use crate::model::{
    Address, Desired, DesiredApplication, DesiredCertificate, ExportFormat, PermissionType, SecretReference, Snapshot,
    StoredCertificate, Thumbprint, Value,
};

use crate::render::printable;

use super::console::Console;

/// One block for each declared application that is there.
pub(super) fn handover(
    console: &Console,
    desired: &Desired,
    snapshot: &Snapshot,
    report: &Report,
    now: Timestamp,
) -> String {
    let mut out = String::new();
    for (handle, application) in &desired.applications {
        let handle = handle.as_str();
        let Some(app_id) = app_id(handle, snapshot, report) else { continue };
        let organization = &snapshot.tenant.initial_domain;
        let mut rows = vec![("Application id", app_id.clone()), ("Organization", organization.clone())];
        let mut thumbprint = None;
        for (name, certificate) in application.certificates.iter().flatten() {
            let store = DirectoryStore::open(&certificate.store);
            let generations = store.list(handle, name).unwrap_or_default();
            let uploaded = uploaded(handle, name, snapshot, report);
            let usable = |stored: &&StoredCertificate| stored.not_after > now && uploaded.contains(&stored.thumbprint);
            let Some(stored) = generations.iter().rev().find(usable) else {
                rows.push(("Certificate", format!("{name}: its key is not in `{}`", certificate.store.display())));
                continue;
            };
            rows.push(("Certificate", name.clone()));
            rows.push(("Subject", stored.subject.to_string()));
            rows.push(("Thumbprint", stored.thumbprint.to_string()));
            rows.push(("NotBefore", instant(stored.not_before)));
            rows.push(("NotAfter", instant(stored.not_after)));
            rows.extend(files(&store, handle, name, certificate, stored));
            thumbprint.get_or_insert(stored.thumbprint.clone());
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

fn app_id(handle: &str, snapshot: &Snapshot, report: &Report) -> Option<String> {
    let made = report.outputs.get(&Address::new(handle, "application", "")).and_then(|outputs| outputs.get("appId"));
    let made = made.and_then(|value| value.id()).map(str::to_owned);
    made.or_else(|| Some(snapshot.applications.get(handle)?.app_id.clone()))
}

/// The certificates that the application has now: those it had, and what this run added. A key may lie in the store that
/// was never uploaded; nobody can sign in with that one.
fn uploaded(handle: &str, certificate: &str, snapshot: &Snapshot, report: &Report) -> BTreeSet<Thumbprint> {
    let before = snapshot.applications.get(handle).into_iter().flat_map(|application| &application.key_credentials);
    let written = report.done.iter().filter(|step| step.address == Address::new(handle, "application", ""));
    let written = written.filter_map(|step| step.action.after()?.get("keyCredentials")).flat_map(Value::members);
    let made = report.outputs.get(&Address::new(handle, "certificate", certificate));
    let made = made.and_then(|outputs| outputs.get("thumbprint"));
    let added = written.chain(made).filter_map(|value| Thumbprint::parse(value.id()?));
    before.filter_map(|credential| credential.thumbprint.clone()).chain(added).collect()
}

/// As Windows shows it in the articles, but in UTC and said so.
fn instant(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Where the key and the exported files lie, and how to open the PFX.
fn files(
    store: &DirectoryStore,
    handle: &str,
    name: &str,
    certificate: &DesiredCertificate,
    stored: &StoredCertificate,
) -> Vec<(&'static str, String)> {
    let Ok(paths) = store.paths(handle, name, stored) else { return Vec::new() };
    let file = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let mut rows = vec![("Files in", paths.directory.display().to_string()), ("", file(&paths.private_key))];
    for format in certificate.export.intersection(&stored.exports) {
        let path = file(&paths.export(*format));
        let password = match (format, &certificate.pfx_password) {
            (ExportFormat::Cer | ExportFormat::Pem, _) | (ExportFormat::Pfx, None) => None,
            (ExportFormat::Pfx, Some(SecretReference::Generated)) => Some(file(&paths.pfx_password)),
            (ExportFormat::Pfx, Some(SecretReference::Environment(name))) => Some(format!("${name}")),
            (ExportFormat::Pfx, Some(SecretReference::File(path))) => Some(path.display().to_string()),
        };
        rows.push(("", password.map_or(path.clone(), |password| format!("{path} (its password is in {password})"))));
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
