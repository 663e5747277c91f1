//! What the user came for: the three values of each application, and the line that connects with them.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::execute::Report;
use crate::keys::DirectoryStore;
use crate::model::{
    Address, Desired, DesiredApplication, DesiredCertificate, ExportFormat, PermissionType, SecretReference, Snapshot,
    StoredCertificate,
};

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
            let newest = store.list(handle, name).unwrap_or_default().pop();
            let Some(stored) = newest.filter(|stored| stored.not_after > now) else {
                rows.push(("Certificate", format!("{name}: its key is not in `{}`", certificate.store.display())));
                continue;
            };
            rows.push(("Subject", stored.subject.to_string()));
            rows.push(("Thumbprint", stored.thumbprint.to_string()));
            rows.push(("NotBefore", instant(stored.not_before)));
            rows.push(("NotAfter", instant(stored.not_after)));
            rows.extend(files(&store, handle, name, certificate, &stored));
            thumbprint.get_or_insert(stored.thumbprint);
        }
        let _ = writeln!(out, "\n{} ({})", console.paint.bold(handle), application.display_name);
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
    let mut rows = vec![("Private key", paths.private_key.display().to_string())];
    for format in certificate.export.intersection(&stored.exports) {
        let path = paths.export(*format).display().to_string();
        match format {
            ExportFormat::Cer => rows.push(("Certificate", path)),
            ExportFormat::Pem => rows.push(("PEM", path)),
            ExportFormat::Pfx => rows.push(("PFX", path)),
        }
    }
    if stored.exports.contains(&ExportFormat::Pfx) {
        match &certificate.pfx_password {
            Some(SecretReference::Generated) => {
                rows.push(("PFX password", format!("in {}", paths.pfx_password.display())));
            }
            Some(SecretReference::Environment(name)) => rows.push(("PFX password", format!("in ${name}"))),
            Some(SecretReference::File(file)) => rows.push(("PFX password", format!("in {}", file.display()))),
            None => {}
        }
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
