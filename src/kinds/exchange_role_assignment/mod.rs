//! `exchangeRoleAssignment`: a role of Exchange's own that is given to an application's service principal, for all mailboxes or for
//! some.
//!
//! <https://learn.microsoft.com/graph/api/resources/unifiedroleassignment?view=graph-rest-beta>

mod past_the_scope;
mod wire;

pub use wire::{exchange_role_assignment, exchange_role_assignments_of, is_exchange_role_of, named};

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::catalog::nearest;
use crate::model::{
    Action, Address, DesiredExchangeRole, ExchangeScope, Fields, ObservedExchangeRoleAssignment, ObservedScope,
    Problem, Step, Value,
};

use super::write::{Certificates, Request, Write};
use super::{Context, Kind, Resource, Survey, exchange_scope};

pub(super) struct ExchangeRoleAssignment;

const NAME: &str = "exchangeRoleAssignment";
const PATH: &str = "/beta/roleManagement/exchange/roleAssignments";

const DIRECTORY_SCOPE: &str = "directoryScopeId";
const APP_SCOPE: &str = "appScopeId";

/// Names of steps are to be read in one line.
const LONGEST_SCOPE: usize = 80;

impl Kind for ExchangeRoleAssignment {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, context: &Context<'_>, survey: &mut Survey) {
        if context.snapshot.exchange.roles_unread.is_some() {
            return;
        }
        for (handle, desired, actual) in context.applications() {
            // Not declared is not managed; of an application that goes nothing is declared any more.
            if desired.is_some_and(|desired| desired.exchange.roles.is_none()) {
                continue;
            }
            let roles = desired.and_then(|desired| desired.exchange.roles.as_deref()).unwrap_or_default();
            survey.notices.extend(past_the_scope::notices(context, handle, roles));
            let principal = context.service_principal_id(handle);
            let service_principal = actual.and_then(|actual| actual.service_principal.as_ref());
            let assignments = service_principal.map_or(&[][..], |found| &found.exchange_role_assignments);
            let mut found: BTreeMap<Key, &ObservedExchangeRoleAssignment> =
                assignments.iter().map(|found| (key_of(found), found)).collect();
            let mut seen = BTreeSet::new();
            for declared in roles {
                let (role, scope) = match resolve(context, handle, declared) {
                    Ok(resolved) => resolved,
                    Err(problem) => {
                        survey.problems.push(problem);
                        continue;
                    }
                };
                let key = key(&role, &scope);
                if key.as_ref().is_some_and(|key| !seen.insert(key.clone())) {
                    survey.problems.push(twice(declared));
                    continue;
                }
                let actual = key.and_then(|key| found.remove(&key));
                let fields = fields(role.clone(), principal.clone(), scope);
                // What is compared is the key, and that is the same.
                let actual = actual.map(|actual| (actual.id.clone(), fields.clone()));
                let address = address(handle, &role, described(&declared.scope, context, handle));
                survey.resources.push(Resource::new(address, Some(fields), actual));
            }
            for found in found.into_values() {
                let role = role_by_id(context, &found.role_definition_id);
                let (scope, described) = found_scope(context, handle, &found.scope);
                let fields = fields(role.clone(), principal.clone(), scope);
                let mut resource =
                    Resource::new(address(handle, &role, described), None, Some((found.id.clone(), fields)));
                resource.reason = Some(context.reason_to_go(desired.is_some()));
                survey.resources.push(resource);
            }
        }
    }

    fn writes(&self, step: &Step, _: &Certificates) -> Vec<Write> {
        let create = |after: &Fields| {
            let id = |name: &str| after.get(name).and_then(Value::id).unwrap_or_default();
            let scope = if after.contains_key(APP_SCOPE) { APP_SCOPE } else { DIRECTORY_SCOPE };
            let body = json!({
                "roleDefinitionId": id("roleDefinitionId"),
                "principalId": principal(id("principalId")),
                scope: id(scope),
            });
            let look = exchange_role_assignments_of(id("principalId"));
            Write::Graph(Request::post(PATH.to_owned(), body.clone()).or_look(look, body))
        };
        match &step.action {
            Action::Create { after } => vec![create(after)],
            Action::Delete { id, before: _ } => vec![Write::Graph(Request::delete(format!("{PATH}/{id}")))],
            Action::Update { .. } | Action::Renew { .. } | Action::Prove { .. } => Vec::new(),
        }
    }
}

/// A service principal as Graph names the holder of an Exchange role.
fn principal(id: &str) -> String {
    format!("/ServicePrincipals/{id}")
}

/// What tells one principal's assignments apart.
type Key = (String, ObservedScope);

fn key(role: &Value, scope: &Scope) -> Option<Key> {
    let scope = match scope {
        Scope::Directory(value) => ObservedScope::Directory(value.id()?.to_lowercase()),
        Scope::App(value) => ObservedScope::App(value.id()?.to_lowercase()),
    };
    Some((role.id()?.to_lowercase(), scope))
}

fn key_of(found: &ObservedExchangeRoleAssignment) -> Key {
    let scope = match &found.scope {
        ObservedScope::Directory(id) => ObservedScope::Directory(id.to_lowercase()),
        ObservedScope::App(id) => ObservedScope::App(id.to_lowercase()),
    };
    (found.role_definition_id.to_lowercase(), scope)
}

/// Where an assignment holds, as a value of one of two fields.
#[derive(Clone, Debug)]
enum Scope {
    Directory(Value),
    App(Value),
}

fn fields(role: Value, principal: Value, scope: Scope) -> Fields {
    let (name, scope) = match scope {
        Scope::Directory(value) => (DIRECTORY_SCOPE, value),
        Scope::App(value) => (APP_SCOPE, value),
    };
    Fields::from([
        ("roleDefinitionId".to_owned(), role),
        ("principalId".to_owned(), principal),
        (name.to_owned(), scope),
    ])
}

fn address(handle: &str, role: &Value, scope: Option<String>) -> Address {
    let role = if let Value::Named(role) = role { role.name.as_str() } else { "" };
    Address::new(handle, NAME, scope.map_or_else(|| role.to_owned(), |scope| format!("{role} on {scope}")))
}

/// A scope in the words of the manifest.
fn described(scope: &ExchangeScope, context: &Context<'_>, handle: &str) -> Option<String> {
    let (key, text) = scope.written()?;
    match scope {
        ExchangeScope::RecipientFilter(filter) if text.chars().count() > LONGEST_SCOPE => {
            let name = match exchange_scope::id(context, handle, filter) {
                Value::Named(named) => named.name,
                Value::Output { output } => output.of.name,
                Value::Null | Value::Text(_) | Value::Set(_) | Value::Sensitive { .. } => String::new(),
            };
            Some(format!("customAppScope {name}"))
        }
        ExchangeScope::Organization
        | ExchangeScope::RecipientFilter(_)
        | ExchangeScope::AdministrativeUnit(_)
        | ExchangeScope::Group(_)
        | ExchangeScope::User(_) => Some(format!("{key} {text}")),
    }
}

/// A scope as it was found, and its description.
fn found_scope(context: &Context<'_>, handle: &str, scope: &ObservedScope) -> (Scope, Option<String>) {
    match scope {
        ObservedScope::Directory(id) if id == "/" => (Scope::Directory(Value::text("/")), None),
        ObservedScope::Directory(id) => match context.snapshot.exchange.scope_names.get(&id.to_lowercase()) {
            Some(name) => (Scope::Directory(Value::named(id, name)), Some(format!("{name} ({id})"))),
            None => (Scope::Directory(Value::text(id)), Some(id.clone())),
        },
        ObservedScope::App(id) => {
            let known = context.snapshot.exchange.scopes.iter().find(|scope| scope.id.eq_ignore_ascii_case(id));
            let name = known.map_or(id, |scope| &scope.display_name);
            let ours = known.filter(|scope| exchange_scope::is_ours(context.permanent_name(handle), scope));
            let described = ours.and_then(|scope| {
                described(&ExchangeScope::RecipientFilter(scope.recipient_filter.clone()), context, handle)
            });
            let described = described.unwrap_or_else(|| format!("customAppScope {name}"));
            (Scope::App(Value::named(id, name)), Some(described))
        }
    }
}

fn role_by_id(context: &Context<'_>, id: &str) -> Value {
    let known = context.snapshot.exchange.role_definitions.iter().find(|role| role.id.eq_ignore_ascii_case(id));
    known.map_or_else(|| Value::named(id, id), |role| Value::Named(role.clone()))
}

/// By another name it is the same object.
fn twice(declared: &DesiredExchangeRole) -> Problem {
    Problem::error(format!("the Exchange role `{}` is here twice for the same scope", declared.role))
        .at(&declared.scope_place)
        .help("names and ids of one object mean the same: leave one of the two out")
}

/// The ids that this tenant has for a declared role and its scope.
fn resolve(context: &Context<'_>, handle: &str, declared: &DesiredExchangeRole) -> Result<(Value, Scope), Problem> {
    let definitions = &context.snapshot.exchange.role_definitions;
    let role = definitions.iter().find(|role| role.name.eq_ignore_ascii_case(&declared.role)).ok_or_else(|| {
        let names = nearest(&declared.role, definitions.iter().map(|role| role.name.as_str()));
        let help = names.first().map_or_else(
            || "see the roles under Roles in the Exchange admin center".to_owned(),
            |name| format!("did you mean `{name}`?"),
        );
        Problem::error(format!("Exchange has no role `{}` in this tenant", declared.role))
            .at(&declared.place)
            .help(help)
    })?;
    let scope = match &declared.scope {
        ExchangeScope::Organization => Scope::Directory(Value::text("/")),
        ExchangeScope::RecipientFilter(filter) => Scope::App(exchange_scope::id(context, handle, filter)),
        ExchangeScope::AdministrativeUnit(name) => place(context, declared, "AdministrativeUnits", name)?,
        ExchangeScope::Group(name) => place(context, declared, "Groups", name)?,
        ExchangeScope::User(name) => place(context, declared, "Users", name)?,
    };
    Ok((Value::Named(role.clone()), scope))
}

/// The one object that a scope names.
fn place(context: &Context<'_>, declared: &DesiredExchangeRole, segment: &str, name: &str) -> Result<Scope, Problem> {
    let what = match declared.scope {
        ExchangeScope::AdministrativeUnit(_) => "administrative unit",
        ExchangeScope::Group(_) => "group",
        ExchangeScope::Organization | ExchangeScope::RecipientFilter(_) | ExchangeScope::User(_) => "user",
    };
    match context.snapshot.exchange.places.get(&declared.scope).map_or(&[][..], Vec::as_slice) {
        [one] => Ok(Scope::Directory(Value::named(format!("/{segment}/{}", one.id), &one.name))),
        [] => Err(Problem::error(format!("this tenant has no {what} `{name}`")).at(&declared.scope_place).help(
            if segment == "Users" {
                "users are named by their user principal name or their id"
            } else {
                "write its display name or its id, as in the Microsoft Entra admin center"
            },
        )),
        several => {
            Err(Problem::error(format!("`{name}` is ambiguous: it is the name of {} of its kind", several.len()))
                .at(&declared.scope_place)
                .help(format!("write the id of the {what} that you mean")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::write::writes;

    #[test]
    fn an_assignment_names_its_holder_with_its_kind_and_one_scope() {
        let role = || Value::named("role", "Application Mail.Read");
        for (scope, name, id) in [
            (Scope::Directory(Value::text("/")), "directoryScopeId", "/"),
            (Scope::Directory(Value::named("/Groups/1", "Sales")), "directoryScopeId", "/Groups/1"),
            (Scope::App(Value::named("2", "accredit reports 1")), "appScopeId", "2"),
        ] {
            let after = fields(role(), Value::named("sp", "Reports"), scope);
            let body = json!({ "roleDefinitionId": "role", "principalId": "/ServicePrincipals/sp", name: id });
            let look = format!("{PATH}?$filter=principalId eq '/ServicePrincipals/sp'");
            let post = Request::post(PATH.to_owned(), body.clone()).or_look(look, body);
            assert_eq!(writes(&ExchangeRoleAssignment, Action::Create { after }), [Write::Graph(post)]);
        }
        let delete = Action::Delete { id: "7".to_owned(), before: Fields::new() };
        let expected = Request::delete("/beta/roleManagement/exchange/roleAssignments/7".to_owned());
        assert_eq!(writes(&ExchangeRoleAssignment, delete), [Write::Graph(expected)]);
    }

    #[test]
    fn whose_an_assignment_is_is_told_by_its_id() {
        let of = |principal: &str| is_exchange_role_of(&json!({ "principalId": principal }), "a1");
        assert!(of("/ServicePrincipals/A1") && of("a1"));
        assert!(!of("/ServicePrincipals/a2") && !of("") && !is_exchange_role_of(&json!({}), "a1"));
    }
}
