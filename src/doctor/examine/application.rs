//! The tenant, the application in it, and its service principal.

use super::{Outcome, Subject, failed, unlisted};
use crate::catalog::clouds;
use crate::model::Stage;

/// It is the tenant that is meant.
pub(super) fn tenant(subject: &Subject<'_>) -> Outcome {
    let found = &subject.observed.snapshot.tenant;
    let desired = subject.observed.desired;
    let named = desired.tenant.as_str();
    let initial = &found.initial_domain;
    let is_id = named.eq_ignore_ascii_case(&found.id);
    if uuid::Uuid::try_parse(named).is_ok() && !is_id {
        let evidence = vec![format!("`tenant: {named}`, and the operator is signed in to {initial} ({})", found.id)];
        let remedy =
            subject.run("correct `tenant:` in the manifest, or sign in to the other tenant", &["accredit whoami"]);
        return failed(
            12,
            "the manifest names another tenant than the one that the operator signed in to",
            evidence,
            remedy,
        );
    }
    let mut notes = Vec::new();
    if is_id {
        notes.push(format!("`tenant:` is an id, which is fine for Accredit; `-Organization` wants {initial} (F31)"));
    } else if !named.eq_ignore_ascii_case(initial) {
        notes.push(format!(
            "`tenant: {named}` is a custom domain, which is fine for Accredit; `-Organization` wants {initial} (F5)"
        ));
    }
    let cloud = clouds::facts(desired.cloud).name;
    Outcome::Passed { evidence: vec![format!("{initial} ({}), cloud {cloud}", found.id)], notes }
}

/// Application and service principal are there, and may sign in.
pub(super) fn present(subject: &Subject<'_>) -> Outcome {
    let Some(application) = subject.application else { return missing(subject) };
    let Some(found) = subject.service_principal() else {
        let evidence = vec![format!("no service principal has the appId {}", application.app_id)];
        return if subject.observed.deleted_service_principals.contains(&application.app_id) {
            let remedy = subject.run(
                "bring it back with its consents and roles, within 30 days of its deletion",
                &["accredit restore HANDLE"],
            );
            failed(10, "the service principal was deleted, and can be restored", evidence, remedy)
        } else {
            let remedy = subject.apply("`accredit apply` makes it, and grants it what the manifest says");
            failed(10, "the application has no service principal in this tenant", evidence, remedy)
        };
    };
    if !found.account_enabled {
        let evidence = vec![format!("`accountEnabled` of the service principal {} is false", found.id)];
        let enable = format!("Update-MgServicePrincipal -ServicePrincipalId {} -AccountEnabled:$true", found.id);
        let remedy = subject.run(
            "find out who turned it off and why; then turn it on, under Enterprise applications, Properties, or in PowerShell. Accredit does not do that by itself",
            &[&enable],
        );
        let cause =
            "somebody disabled the application in this tenant, so Entra gives no token (AADSTS7000112)".to_owned();
        return unlisted(Stage::Application, "The application is disabled", cause, evidence, remedy);
    }
    let evidence = format!("application {}, service principal {}", application.app_id, found.id);
    Outcome::Passed { evidence: vec![evidence], notes: Vec::new() }
}

/// There is no such application, or not any more.
fn missing(subject: &Subject<'_>) -> Outcome {
    let handle = subject.handle;
    if let Some(deleted) = subject.observed.snapshot.deleted.get(handle) {
        let when = deleted.deleted.map_or_else(String::new, |when| format!(" on {}", when.strftime("%Y-%m-%d")));
        let evidence = vec![format!("{} ({}) was deleted{when}", deleted.display_name, deleted.app_id)];
        let remedy = subject.run(
            "bring it back with the same application id, within 30 days of its deletion",
            &["accredit restore HANDLE", "accredit apply --target HANDLE"],
        );
        return failed(11, "the application was deleted, and can be restored", evidence, remedy);
    }
    let evidence = vec![format!("no application has the uniqueName `{handle}`")];
    let remedy = subject.apply("`accredit apply` makes it, with all that the manifest says");
    let cause = "the application is declared, and was never made in this tenant or is gone for good";
    unlisted(Stage::Application, "The application is not applied", cause.to_owned(), evidence, remedy)
}
