//! What is on an application and in no manifest: credentials above all, for that is how an intruder stays.

use jiff::Timestamp;

use crate::model::{
    Address, Circumstances, DesiredApplication, Finding, ObservedApplication, ObservedFederatedCredential,
    ObservedKeyCredential, ObservedPasswordCredential, Rule, Severity,
};

use super::{Context, NAME};

pub(super) fn of(
    context: &Context<'_>,
    handle: &str,
    desired: &DesiredApplication,
    actual: &ObservedApplication,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let report =
        |rule: Rule, (kind, subject): (&str, &str), severity: Severity, message: String, removed: bool| -> Finding {
            let (address, subject) = (Address::new(handle, kind, ""), subject.to_owned());
            let (place, circumstances) = (Some(desired.place.clone()), Circumstances::default());
            Finding { rule, severity, address, subject, message, removed, place, circumstances }
        };
    // A credential that has ended lets nobody in any more.
    let severity = |end: Option<Timestamp>| {
        if end.is_some_and(|end| end <= context.now) { Severity::Warning } else { Severity::Error }
    };
    let removed = |end: Option<Timestamp>| context.removes(handle, end).is_some();
    let ours = context.uploaded_key_ids(handle);
    let left_over = context.left_over(handle);
    for credential in actual.key_credentials.iter().filter(|credential| credential.is_sign_in_certificate()) {
        if ours.contains(credential.key_id.as_str()) {
            if let Some(name) = context.is_in_no_store(handle, credential) {
                let message = format!(
                    "{} {} under the name of `{name}` and a keyId of our form, and the key store that was read does not \
                     hold its key: it is from another store, or an intruder's",
                    describe_certificate(credential),
                    can_sign_in(credential.end, context.now, "as this application"),
                );
                let removed = !context.stays(handle, credential);
                let mut pretender =
                    report(Rule::Undeclared, (NAME, &credential.key_id), severity(credential.end), message, removed);
                pretender.circumstances.remedy = remedy_of_pretender(name);
                found.push(pretender);
            }
            continue;
        }
        if let Some((_, named, goes)) = left_over.iter().find(|(other, _, _)| *other == credential) {
            let when = goes.map_or_else(
                || "when its successor has signed in and stood beside it for the overlap".to_owned(),
                |goes| format!("after {}", goes.strftime("%Y-%m-%d")),
            );
            if goes.is_none_or(|goes| goes > context.now) {
                let message = format!(
                    "certificate `{}` ({}) has left the manifest, if it ever was in one: its keyId has our form, and its key is in no \
                     store that was read; an apply {when} removes it",
                    named.name, named.id
                );
                found.push(report(Rule::LeftManifest, (NAME, &credential.key_id), Severity::Warning, message, false));
            }
            continue;
        }
        let certificate = describe_certificate(credential);
        if context.is_uploaded_anew(handle, credential) {
            let message = format!("{certificate} is a declared one under another keyId, and is uploaded under ours");
            found.push(report(Rule::OtherKeyId, (NAME, &credential.key_id), Severity::Warning, message, true));
            continue;
        }
        let can = can_sign_in(credential.end, context.now, "as this application");
        let mut message = format!("{certificate} {can} and is not declared");
        let waits = context.goes_after_proof(handle, credential.end);
        if waits {
            message.push_str("; it goes when one that is declared has signed in");
        }
        // Where no certificates are declared, none is managed.
        let removed = desired.certificates.is_some() && removed(credential.end) && !waits;
        found.push(report(Rule::Undeclared, (NAME, &credential.key_id), severity(credential.end), message, removed));
    }
    for federated in &actual.federated_credentials {
        // Whom it lets in can be changed under the same id, and is another finding then.
        let ObservedFederatedCredential { id, name: _, issuer, subject, audiences } = federated;
        let subject = format!("{id} issuer={issuer} subject={subject} audiences={}", audiences.join(","));
        let message = format!(
            "federated credential `{}` lets `{}` of {} sign in as this application",
            federated.name, federated.subject, federated.issuer
        );
        found.push(report(Rule::Undeclared, (NAME, &subject), Severity::Error, message, removed(None)));
    }
    for secret in &actual.password_credentials {
        let can = can_sign_in(secret.end, context.now, "as this application");
        let message = format!("{} {can}", describe(secret));
        found.push(report(
            Rule::Undeclared,
            (NAME, &secret.key_id),
            severity(secret.end),
            message,
            removed(secret.end),
        ));
    }
    if let Some(service_principal) = &actual.service_principal {
        let kind = super::super::service_principal::NAME;
        if !service_principal.account_enabled {
            let message = "it is disabled: nobody can sign in as this application".to_owned();
            found.push(report(Rule::Disabled, (kind, ""), Severity::Warning, message, false));
        }
        for secret in &service_principal.password_credentials {
            let can = can_sign_in(secret.end, context.now, "");
            let message = format!("{} on the service principal {can}", describe(secret));
            found.push(report(
                Rule::Undeclared,
                (kind, &secret.key_id),
                severity(secret.end),
                message,
                removed(secret.end),
            ));
        }
        for credential in &service_principal.key_credentials {
            let message = format!(
                "certificate `{}` ({}) on the service principal {}",
                credential.display_name.as_deref().unwrap_or("unnamed"),
                until(credential.end),
                can_sign_in(credential.end, context.now, ""),
            );
            found.push(report(
                Rule::Undeclared,
                (kind, &credential.key_id),
                severity(credential.end),
                message,
                removed(credential.end),
            ));
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

/// What to do about a certificate that may be that of others who work on the same application.
fn remedy_of_pretender(name: &str) -> String {
    format!(
        "ask whoever applies with another key store, or gave an earlier file for `{name}`, whether it is theirs; if it is \
         nobody's, delete it by its keyId and find out who added it; nothing removes it before it has been followed"
    )
}

fn describe_certificate(credential: &ObservedKeyCredential) -> String {
    let thumbprint = credential.thumbprint.as_ref().map(ToString::to_string);
    format!(
        "certificate `{}` ({}, {})",
        credential.display_name.as_deref().unwrap_or("unnamed"),
        thumbprint.unwrap_or_else(|| format!("keyId {}", credential.key_id)),
        until(credential.end)
    )
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
