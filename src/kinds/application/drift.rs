//! What is on an application and in no manifest: credentials above all, for that is how an intruder stays.

use jiff::Timestamp;

use crate::model::{
    Address, Circumstances, DesiredApplication, Finding, ObservedApplication, ObservedPasswordCredential, Rule,
    Severity,
};

use super::{Context, NAME};

pub(super) fn of(
    context: &Context<'_>,
    handle: &str,
    desired: &DesiredApplication,
    actual: &ObservedApplication,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut report = |rule: Rule, (kind, subject): (&str, &str), severity: Severity, message: String, removed: bool| {
        let (address, subject) = (Address::new(handle, kind, ""), subject.to_owned());
        let (place, circumstances) = (Some(desired.place.clone()), Circumstances::default());
        found.push(Finding { rule, severity, address, subject, message, removed, place, circumstances });
    };
    // A credential that has ended lets nobody in any more.
    let severity = |end: Option<Timestamp>| {
        if end.is_some_and(|end| end <= context.now) { Severity::Warning } else { Severity::Error }
    };
    let removed = |end: Option<Timestamp>| context.removes(handle, end).is_some();
    if desired.certificates.is_some() {
        let ours = context.uploaded_key_ids(handle);
        let left_over = context.left_over(handle);
        for credential in actual.key_credentials.iter().filter(|credential| credential.is_sign_in_certificate()) {
            if ours.contains(credential.key_id.as_str()) {
                continue;
            }
            if let Some((_, named, goes)) = left_over.iter().find(|(other, _, _)| *other == credential) {
                let when = goes.map_or_else(
                    || "when its successor has signed in and stood beside it for the overlap".to_owned(),
                    |goes| format!("after {}", goes.strftime("%Y-%m-%d")),
                );
                if goes.is_none_or(|goes| goes > context.now) {
                    let message = format!(
                        "certificate `{}` ({}) has left the manifest; an apply {when} removes it",
                        named.name, named.id
                    );
                    report(Rule::LeftManifest, (NAME, &credential.key_id), Severity::Warning, message, false);
                }
                continue;
            }
            let thumbprint = credential.thumbprint.as_ref().map(ToString::to_string);
            let certificate = format!(
                "certificate `{}` ({}, {})",
                credential.display_name.as_deref().unwrap_or("unnamed"),
                thumbprint.unwrap_or_else(|| format!("keyId {}", credential.key_id)),
                until(credential.end)
            );
            if context.is_uploaded_anew(handle, credential) {
                let message =
                    format!("{certificate} is a declared one under another keyId, and is uploaded under ours");
                report(Rule::OtherKeyId, (NAME, &credential.key_id), Severity::Warning, message, true);
                continue;
            }
            let can = can_sign_in(credential.end, context.now, "as this application");
            let mut message = format!("{certificate} {can} and is not declared");
            let waits = context.goes_after_proof(handle, credential.end);
            if waits {
                message.push_str("; it goes when one that is declared has signed in");
            }
            let removed = removed(credential.end) && !waits;
            report(Rule::Undeclared, (NAME, &credential.key_id), severity(credential.end), message, removed);
        }
    }
    for federated in &actual.federated_credentials {
        let message = format!(
            "federated credential `{}` lets `{}` of {} sign in as this application",
            federated.name, federated.subject, federated.issuer
        );
        report(Rule::Undeclared, (NAME, &federated.id), Severity::Error, message, removed(None));
    }
    for secret in &actual.password_credentials {
        let can = can_sign_in(secret.end, context.now, "as this application");
        let message = format!("{} {can}", describe(secret));
        report(Rule::Undeclared, (NAME, &secret.key_id), severity(secret.end), message, removed(secret.end));
    }
    if let Some(service_principal) = &actual.service_principal {
        let kind = super::super::service_principal::NAME;
        if !service_principal.account_enabled {
            let message = "it is disabled: nobody can sign in as this application".to_owned();
            report(Rule::Disabled, (kind, ""), Severity::Warning, message, false);
        }
        for secret in &service_principal.password_credentials {
            let can = can_sign_in(secret.end, context.now, "");
            let message = format!("{} on the service principal {can}", describe(secret));
            report(Rule::Undeclared, (kind, &secret.key_id), severity(secret.end), message, removed(secret.end));
        }
        for credential in &service_principal.key_credentials {
            let message = format!(
                "certificate `{}` ({}) on the service principal {}",
                credential.display_name.as_deref().unwrap_or("unnamed"),
                until(credential.end),
                can_sign_in(credential.end, context.now, ""),
            );
            report(
                Rule::Undeclared,
                (kind, &credential.key_id),
                severity(credential.end),
                message,
                removed(credential.end),
            );
        }
    }
    found
}

fn can_sign_in(end: Option<Timestamp>, now: Timestamp, whom: &str) -> String {
    match end {
        Some(end) if end <= now => "has ended".to_owned(),
        _ => format!("can sign in {whom}").trim_end().to_owned(),
    }
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
