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
        let mut row = |label: &str, value: &str| {
            let _ = writeln!(out, "  {label:<15} {value}");
        };
        row("Application id", &app_id);
        row("Organization", &snapshot.tenant.initial_domain);
        let mut thumbprint = None;
        for (name, certificate) in application.certificates.iter().flatten() {
            let store = DirectoryStore::open(&certificate.store);
            let Some(stored) =
                store.list(handle, name).unwrap_or_default().pop().filter(|stored| stored.not_after > now)
            else {
                row("Certificate", &format!("{name}: its key is not in `{}`", certificate.store.display()));
                continue;
            };
            row("Subject", &stored.subject.to_string());
            row("Thumbprint", stored.thumbprint.as_str());
            row("NotBefore", &instant(stored.not_before));
            row("NotAfter", &instant(stored.not_after));
            for file in files(&store, handle, name, certificate, &stored) {
                row("File", &file);
            }
            thumbprint.get_or_insert(stored.thumbprint);
        }
        let title = format!("{} ({})", console.paint.bold(handle), application.display_name);
        let rows = std::mem::take(&mut out);
        // The rows are written before the title is known to be needed.
        let connect = thumbprint.filter(|_| connects_to_exchange(application)).map(|thumbprint| {
            format!(
                "\n  Connect-ExchangeOnline -AppId \"{app_id}\" -CertificateThumbprint \"{thumbprint}\" -Organization \"{}\" -ShowBanner:$false\n",
                snapshot.tenant.initial_domain
            )
        });
        let _ = write!(out, "\n{title}\n{rows}{}", connect.unwrap_or_default());
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

fn files(
    store: &DirectoryStore,
    handle: &str,
    name: &str,
    certificate: &DesiredCertificate,
    stored: &StoredCertificate,
) -> Vec<String> {
    let Ok(paths) = store.paths(handle, name, stored) else { return Vec::new() };
    let there = certificate.export.intersection(&stored.exports);
    there
        .map(|format| {
            let path = paths.export(*format).display().to_string();
            match (format, &certificate.pfx_password) {
                (ExportFormat::Pfx, Some(SecretReference::Generated)) => {
                    format!("{path} (its password is in {})", paths.pfx_password.display())
                }
                (ExportFormat::Pfx, Some(SecretReference::Environment(name))) => {
                    format!("{path} (its password is in ${name})")
                }
                (ExportFormat::Pfx, Some(SecretReference::File(file))) => {
                    format!("{path} (its password is in {})", file.display())
                }
                (ExportFormat::Cer | ExportFormat::Pem | ExportFormat::Pfx, _) => path,
            }
        })
        .collect()
}

fn connects_to_exchange(application: &DesiredApplication) -> bool {
    application.permissions.iter().flatten().any(|permission| {
        permission.permission_type == PermissionType::Application
            && permission.permission == "Exchange.ManageAsApp"
            && permission.consent
    })
}
