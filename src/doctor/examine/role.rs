//! The directory role, without which Exchange lets in nobody.

use super::{Outcome, Subject, failed, unlisted};
use crate::catalog::roles;
use crate::doctor::failure::ManifestLines;
use crate::kinds::{DeclaredExchangeAccess, exchanges_own};
use crate::model::{Cloud, ObservedRoleAssignment, Remedy, Stage, Unread};

pub(super) fn held(subject: &Subject<'_>) -> Outcome {
    let none = DeclaredExchangeAccess::default();
    let access = subject.observed.exchange.get(subject.handle).unwrap_or(&none);
    if !subject.is_for_exchange() && *access == none {
        return Outcome::Skipped("it is not for Exchange".to_owned());
    }
    if let Some(unknown) = unknown_role(subject) {
        return unknown;
    }
    let assignments = subject.service_principal().map_or(&[][..], |found| &found.role_assignments);
    let named: Vec<(String, bool)> = assignments.iter().map(|assignment| named(subject, assignment)).collect();
    let own = subject
        .service_principal()
        .map_or_else(Vec::new, |principal| exchanges_own(principal, subject.observed.snapshot));
    let evidence = vec![match named.as_slice() {
        [] if own.is_empty() => "no directory role".to_owned(),
        named => named
            .iter()
            .map(|(name, _)| name.as_str())
            .chain(own.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(", "),
    }];
    let is_let_in = !own.is_empty() || named.iter().any(|(_, accepted)| *accepted);
    if let Some(failed) = without_exchanges_own(subject, access) {
        return failed;
    }
    if is_let_in {
        return Outcome::Passed { evidence, notes: Vec::new() };
    }
    if !subject.is_for_exchange() {
        return Outcome::Passed { evidence: access.held.clone(), notes: Vec::new() };
    }
    if subject.desired.exchange.is_some()
        && let Some(Unread { what, error, .. }) = subject.observed.snapshot.exchange.unread().next()
    {
        return Outcome::Skipped(format!("{what} could not be read: {error}"));
    }
    let declares = subject.desired.roles.iter().flatten().any(|role| {
        role.scope == "/"
            && roles::find(role.template_id.as_deref().unwrap_or(&role.role))
                .is_some_and(roles::is_accepted_by_exchange)
    });
    let remedy = if declares {
        subject.apply(
            "the manifest declares a role that Exchange takes: apply it, wait some minutes, and take a new token",
        )
    } else {
        Remedy {
            text: format!(
                "declare one that Exchange takes, for the whole tenant: {}. This one reads everything and changes nothing",
                roles::names_accepted_by_exchange().collect::<Vec<_>>().join(", ")
            ),
            manifest: Some(ManifestLines::Application("roles:\n  - Global Reader").in_place(subject.handle)),
            commands: vec![format!("accredit apply --target {}", subject.handle)],
        }
    };
    if named.is_empty() && subject.observed.desired.cloud == Cloud::China {
        return failed(3, "the service principal has no directory role", evidence, remedy);
    }
    let cause = if named.is_empty() {
        "the service principal has no directory role"
    } else {
        "the service principal has only roles that sessions of applications do not take, or for a part of the tenant"
    };
    failed(2, cause, evidence, remedy)
}

/// Declared roles and role groups of Exchange's own that it does not have.
fn without_exchanges_own(subject: &Subject<'_>, access: &DeclaredExchangeAccess) -> Option<Outcome> {
    if let Some(problem) = access.problems.first() {
        let at = problem.place.as_ref().map_or_else(String::new, |place| format!(" at {place}"));
        let help = problem.help.clone().unwrap_or_else(|| "name one that is there".to_owned());
        let remedy = Remedy { text: help, manifest: None, commands: Vec::new() };
        let (title, evidence) = ("A declared role of Exchange's own is not in this tenant", format!("declared{at}"));
        return Some(unlisted(Stage::Role, title, problem.message.clone(), vec![evidence], remedy));
    }
    if access.missing.is_empty() {
        return None;
    }
    let evidence = vec![format!("not given: {}", access.missing.join(", "))];
    let cause = "the manifest declares roles of Exchange's own that the application does not have: they were not applied, or somebody took them away";
    let remedy = subject.apply("apply gives them again; until that has effect may take 30 minutes to 2 hours");
    Some(unlisted(Stage::Role, "A declared role of Exchange's own is missing", cause.to_owned(), evidence, remedy))
}

/// A declared role that this tenant does not have.
fn unknown_role(subject: &Subject<'_>) -> Option<Outcome> {
    let definitions = &subject.observed.snapshot.role_definitions;
    let mut declared = subject.desired.roles.iter().flatten();
    let unknown = declared.find(|role| !definitions.iter().any(|definition| definition.is_meant_by(role)))?;
    let evidence = vec![format!("`{}` at {}", unknown.role, unknown.place)];
    let near = roles::nearest_names(&unknown.role).first().map_or_else(
        || "write the role's name as Roles & admins shows it, or its template id".to_owned(),
        |name| format!("did you mean `{name}`?"),
    );
    let remedy = Remedy { text: near, manifest: None, commands: Vec::new() };
    Some(failed(28, "this tenant has no directory role of the declared name", evidence, remedy))
}

/// A role as people know it, with its scope, and whether Exchange takes it.
fn named(subject: &Subject<'_>, assignment: &ObservedRoleAssignment) -> (String, bool) {
    let ObservedRoleAssignment { id: _, role_definition_id, directory_scope_id } = assignment;
    let definitions = &subject.observed.snapshot.role_definitions;
    let definition = definitions.iter().find(|definition| definition.has_id(role_definition_id));
    let template = definition.map_or(role_definition_id, |definition| &definition.template_id);
    let name = definition.map_or(role_definition_id, |definition| &definition.display_name);
    let is_whole = directory_scope_id == "/";
    let accepted = is_whole && roles::find(template).is_some_and(roles::is_accepted_by_exchange);
    let scope = if is_whole { String::new() } else { format!(" in {directory_scope_id}") };
    let refused = if accepted { "" } else { " (not taken by Exchange)" };
    (format!("{name}{scope}{refused}"), accepted)
}
