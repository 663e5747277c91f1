//! The values for people: labels and texts, in the order in which they are looked for.

use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;

use crate::catalog::clouds;
use crate::model::{Cloud, ExportFormat, SecretReference};
use crate::render::{Paint, printable};

use super::{Handover, KeyPlace, SigningCertificate};

/// What a value is called, and the value. A row without a name goes on with the one above it.
pub type Row = (&'static str, String);

/// One application's rows under its name.
pub fn block(handle: &str, display_name: &str, rows: &[Row], paint: Paint) -> String {
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    let mut out = format!("{} ({})\n", paint.bold(handle), printable(display_name));
    for (label, value) in rows {
        let _ = writeln!(out, "  {label:<width$}  {value}");
    }
    out
}

/// Everything there is to know.
pub fn rows(handover: &Handover) -> Vec<Row> {
    let Handover {
        handle: _,
        display_name: _,
        app_id,
        app_object_id,
        service_principal_object_id,
        tenant_id,
        organization,
        cloud,
        addresses: _,
        roles,
        exchange_roles,
        mailbox_roles,
        granted: _,
        certificate,
    } = handover;
    let service_principal = service_principal_object_id.as_deref().unwrap_or("there is none yet");
    let mut rows = vec![
        ("Application id", app_id.clone()),
        ("Object id", app_object_id.clone()),
        ("Service principal", service_principal.to_owned()),
        ("Tenant id", tenant_id.clone()),
        ("Organization", printable(organization)),
        ("Cloud", named(*cloud)),
    ];
    let directory_roles = Some(roles.join(", ")).filter(|roles| !roles.is_empty());
    let mut all = directory_roles.iter().chain(exchange_roles).chain(mailbox_roles).map(|role| printable(role));
    rows.push(("Roles", all.next().unwrap_or_else(|| "none".to_owned())));
    rows.extend(all.map(|role| ("", role)));
    rows.push(("Certificate", certificate.name.clone()));
    rows.extend(certificate_rows(certificate));
    rows.push(("Key id", certificate.key_id.clone()));
    if let Some(facts) = &certificate.facts {
        rows.push(("SHA-256", facts.thumbprint_sha256.to_string()));
    }
    rows
}

/// A certificate as Windows shows it in the articles, but in UTC and said so; then where its key is.
pub fn certificate_rows(certificate: &SigningCertificate) -> Vec<Row> {
    let SigningCertificate { name: _, thumbprint, key_id: _, not_before, not_after, facts, key } = certificate;
    let mut rows: Vec<Row> = Vec::new();
    rows.extend(facts.iter().map(|facts| ("Subject", printable(&facts.subject.0))));
    rows.push(("Thumbprint", thumbprint.to_string()));
    rows.extend(not_before.map(|instant| ("NotBefore", utc(instant))));
    rows.extend(not_after.map(|instant| ("NotAfter", utc(instant))));
    rows.extend(key_rows(key).into_iter().map(|(label, value)| (label, printable(&value))));
    rows
}

fn key_rows(key: &KeyPlace) -> Vec<Row> {
    match key {
        KeyPlace::Directory { directory, private_key, exports, pfx_password } => {
            let mut rows = vec![("Files in", directory.display().to_string()), ("", within(private_key, directory))];
            for (format, path) in exports {
                let path = within(path, directory);
                let password = pfx_password.as_ref().filter(|_| *format == ExportFormat::Pfx);
                let password = password.and_then(|password| reference(password, directory));
                rows.push(("", password.map_or(path.clone(), |password| format!("{path} (its password: {password})"))));
            }
            rows
        }
        KeyPlace::File { path, has_key, password: _ } => {
            let key = if *has_key { "" } else { " (without its key)" };
            vec![("File", format!("{}{key}", path.display()))]
        }
        KeyPlace::KeyVault { vault, name, version, exportable } => {
            let key = if *exportable {
                format!("with its key: {vault}/secrets/{name}/{version}")
            } else {
                format!("its key stays in the vault, which signs: {vault}/keys/{name}/{version}")
            };
            vec![("Key Vault", format!("{vault}/certificates/{name}/{version}")), ("", key)]
        }
        KeyPlace::Elsewhere => vec![("Key", "not in the declared store".to_owned())],
    }
}

/// Where a password is, for people; `None` where somebody types it. What lies in `directory` goes by its name there.
fn reference(password: &SecretReference, directory: &Path) -> Option<String> {
    match password {
        SecretReference::Prompt | SecretReference::Generated => None,
        SecretReference::Environment(name) => Some(format!("${name}")),
        SecretReference::File(path) => Some(within(path, directory)),
        SecretReference::Command(command) => Some(format!("what `{command}` prints")),
        SecretReference::KeyVault { url, name } => Some(format!("{url}/secrets/{name}")),
    }
}

fn within(path: &Path, directory: &Path) -> String {
    path.strip_prefix(directory).unwrap_or(path).display().to_string()
}

fn utc(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A cloud as manifests write it, and as Exchange does.
fn named(cloud: Cloud) -> String {
    let facts = clouds::facts(cloud);
    match facts.exchange_environment {
        "" => facts.name.to_owned(),
        environment => format!("{} ({environment})", facts.name),
    }
}
