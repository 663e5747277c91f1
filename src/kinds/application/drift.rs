//! What is on an application and in no manifest: credentials above all, for that is how an intruder stays.

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
        let ours = context.uploaded_key_ids(handle);
        let left_over = context.left_over(handle);
        for credential in actual.key_credentials.iter().filter(|credential| credential.is_sign_in_certificate()) {
            if ours.contains(credential.key_id.as_str()) {
                continue;
            }
            if let Some((_, named, goes)) = left_over.iter().find(|(other, _, _)| *other == credential) {
                let when = goes.map_or_else(
                    || "when its successor has stood beside it for the overlap".to_owned(),
                    |goes| format!("after {}", goes.strftime("%Y-%m-%d")),
                );
                if goes.is_none_or(|goes| goes > context.now) {
                    let message = format!(
                        "certificate `{}` ({}) has left the manifest; an apply {when} removes it",
                        named.name, named.id
                    );
                    report(NAME, Severity::Warning, message);
                }
                continue;
            }
            let thumbprint = credential.thumbprint.as_ref().map(ToString::to_string);
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
    }
    for federated in &actual.federated_credentials {
        let message = format!(
            "federated credential `{}` lets `{}` of {} sign in as this application",
            federated.name, federated.subject, federated.issuer
        );
        report(NAME, Severity::Error, message);
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
