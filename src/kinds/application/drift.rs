//! What is on an application and in no manifest: credentials above all, for that is how an intruder stays.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{Address, DesiredApplication, Drift, ObservedApplication, ObservedPasswordCredential, Severity};

use super::{Context, NAME};

pub(super) fn of(
    context: &Context<'_>,
    handle: &str,
    desired: &DesiredApplication,
    actual: &ObservedApplication,
) -> Vec<Drift> {
    let mut drift = Vec::new();
    let mut report = |kind: &str, severity: Severity, message: String| {
        drift.push(Drift { address: Address::new(handle, kind, ""), severity, message, removed: false });
    };
    if desired.certificates.is_some() {
        let ours: BTreeSet<String> = context.uploaded(handle).into_iter().map(|named| named.id).collect();
        for credential in &actual.key_credentials {
            let thumbprint = credential.thumbprint.as_ref().map(ToString::to_string);
            if thumbprint.as_ref().is_some_and(|thumbprint| ours.contains(thumbprint)) {
                continue;
            }
            report(
                NAME,
                Severity::Error,
                format!(
                    "certificate `{}` ({}, {}) can sign in as this application and is not declared",
                    credential.display_name.as_deref().unwrap_or("unnamed"),
                    thumbprint.unwrap_or_else(|| format!("keyId {}", credential.key_id)),
                    until(credential.end)
                ),
            );
        }
        for name in desired.certificates.iter().flat_map(|certificates| certificates.keys()) {
            if let Some(thumbprint) = context.stranger(handle, name) {
                report(
                    NAME,
                    Severity::Warning,
                    format!("the certificate {thumbprint} bears the name of `{name}`, but its key is not in its store"),
                );
            }
        }
    }
    for secret in &actual.password_credentials {
        report(NAME, Severity::Error, format!("{} can sign in as this application", describe(secret)));
    }
    if let Some(service_principal) = &actual.service_principal {
        let kind = super::super::service_principal::NAME;
        if !service_principal.account_enabled {
            report(kind, Severity::Warning, "it is disabled: nobody can sign in as this application".to_owned());
        }
        for secret in &service_principal.password_credentials {
            report(kind, Severity::Error, format!("{} on the service principal can sign in", describe(secret)));
        }
        for credential in &service_principal.key_credentials {
            report(
                kind,
                Severity::Error,
                format!(
                    "certificate `{}` ({}) on the service principal can sign in",
                    credential.display_name.as_deref().unwrap_or("unnamed"),
                    until(credential.end)
                ),
            );
        }
    }
    drift
}

fn describe(secret: &ObservedPasswordCredential) -> String {
    format!(
        "client secret `{}` (keyId {}, {})",
        secret.display_name.as_deref().unwrap_or("unnamed"),
        secret.key_id,
        until(secret.end)
    )
}

fn until(end: Option<Timestamp>) -> String {
    end.map_or_else(|| "no end".to_owned(), |end| format!("until {}", end.strftime("%Y-%m-%d")))
}
