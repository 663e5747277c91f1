//! One API of an application: a new token, what it says, and what the API says to it.

use std::sync::Arc;

use secrecy::SecretString;

use crate::catalog::apis::{EXCHANGE_ONLINE, EXCHANGE_ONLINE_PROTECTION, MICROSOFT_GRAPH};
use crate::catalog::{clouds, roles};
use crate::identity::claims;
use crate::keys::Signer;
use crate::kinds::resolve_permission;
use crate::model::{
    Cause, Check, DesiredRole, ObservedApplication, ObservedRoleAssignment, ObservedRoleDefinition, Outcome,
    PermissionType, Problem, Subject,
};
use crate::transport::TokenSource;

use super::application::Proof;
use super::claims::{Expected, WantedRole};
use super::{exchange, failure, graph};

/// What security and compliance cmdlets are called here, where their API is Exchange Online's.
const SECURITY_AND_COMPLIANCE: &str = "Security & Compliance";

/// An API that a token is got for.
#[derive(Clone, Debug)]
pub(super) struct Api {
    /// Its display name.
    pub(super) name: String,
    /// The appId.
    id: String,
    /// What a token is asked for.
    resource: String,
    /// The application permissions that are declared with consent.
    wanted: Vec<String>,
    /// All that are declared.
    declared: Vec<String>,
    /// What is declared and this tenant does not have.
    unknown: Vec<String>,
    runs: Runs,
}

/// What is run there besides the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runs {
    Nothing,
    GraphRead,
    ExchangeOnline,
    SecurityAndCompliance,
}

/// The APIs that the manifest names for an application, in its order.
pub(super) fn of(proof: Proof<'_>) -> Vec<Api> {
    let cloud = clouds::facts(proof.cloud);
    let mut apis: Vec<Api> = Vec::new();
    let declared = proof.declared.permissions.iter().flatten();
    for permission in declared.filter(|permission| permission.permission_type == PermissionType::Application) {
        let resolved = resolve_permission(&proof.found.apis, permission);
        let (name, id) = match &resolved {
            Ok(resolved) => (resolved.api.display_name.clone(), resolved.api.app_id.clone()),
            Err(_) => (permission.api.clone(), permission.api_id.clone().unwrap_or_default()),
        };
        let at = apis.iter().position(|api| api.name == name).unwrap_or_else(|| {
            apis.push(Api::new(proof, name, id));
            apis.len() - 1
        });
        let api = &mut apis[at];
        match resolved {
            Ok(resolved) => {
                api.declared.push(resolved.value.to_owned());
                if resolved.consent {
                    api.wanted.push(resolved.value.to_owned());
                }
                let id = cloud.exchange_permission;
                if resolved.consent && (&*resolved.api.app_id, resolved.id) == (id.api_id, id.id) {
                    api.runs = Runs::ExchangeOnline;
                }
            }
            Err(Problem { message, .. }) => api.unknown.push(message),
        }
    }
    security_and_compliance(proof, &mut apis);
    apis
}

/// Adds what Security & Compliance needs, where the application may use it: its permission there, and a directory role that it
/// accepts.
fn security_and_compliance(proof: Proof<'_>, apis: &mut Vec<Api>) {
    let permission = clouds::facts(proof.cloud).security_and_compliance_permission;
    let value = "Exchange.ManageAsApp";
    let has_permission =
        apis.iter().any(|api| api.id == permission.api_id && api.wanted.iter().any(|wanted| wanted == value));
    let mut declared = proof.declared.roles.iter().flatten().filter(|role| role.scope == "/");
    let has_role = declared.any(|role| {
        let role = roles::find(role.template_id.as_ref().unwrap_or(&role.role));
        role.is_some_and(roles::is_accepted_by_security_and_compliance)
    });
    if !(proof.asked.security_and_compliance || has_permission && has_role) {
        return;
    }
    if let Some(api) = apis.iter_mut().find(|api| api.id == EXCHANGE_ONLINE_PROTECTION) {
        api.runs = Runs::SecurityAndCompliance;
        return;
    }
    let resource = Api::new(proof, String::new(), EXCHANGE_ONLINE_PROTECTION.to_owned()).resource;
    apis.push(Api {
        name: SECURITY_AND_COMPLIANCE.to_owned(),
        id: permission.api_id.to_owned(),
        resource,
        wanted: vec![value.to_owned()],
        declared: vec![value.to_owned()],
        unknown: Vec::new(),
        runs: Runs::SecurityAndCompliance,
    });
}

impl Api {
    fn new(proof: Proof<'_>, name: String, id: String) -> Self {
        let means = proof.means;
        let runs = if id == MICROSOFT_GRAPH { Runs::GraphRead } else { Runs::Nothing };
        let resource = match id.as_str() {
            MICROSOFT_GRAPH => means.sign_in.resource.clone(),
            EXCHANGE_ONLINE => means.exchange.resource().to_owned(),
            EXCHANGE_ONLINE_PROTECTION => {
                means.security_and_compliance.map_or_else(|| id.clone(), |service| service.resource().to_owned())
            }
            // An appId is as good an address as any.
            _ => id.clone(),
        };
        Self { name, id, resource, wanted: Vec::new(), declared: Vec::new(), unknown: Vec::new(), runs }
    }

    /// Everything that is proven at this API, with one new token.
    pub(super) async fn prove(
        &self,
        proof: Proof<'_>,
        application: &ObservedApplication,
        signer: &Signer,
    ) -> Vec<Check> {
        let api = self.name.as_str();
        let mut checks: Vec<Check> = self.unknown.iter().map(|message| unknown(api, message)).collect();
        if self.id.is_empty() {
            return checks;
        }
        if self.runs == Runs::SecurityAndCompliance && proof.means.security_and_compliance.is_none() {
            let because = "the cloud's file does not say where it is (`securityAndCompliance`)";
            checks.push(Check::skipped(Some(api), Subject::Token, because));
            return checks;
        }
        let token = match proof.means.sign_in.token(&application.app_id, signer, &self.resource).await {
            Ok(token) => token,
            Err(error) => {
                checks.push(failure::of_sign_in(Some(api), Subject::Token, &error));
                return checks;
            }
        };
        checks.extend(self.read(proof, application, &token));
        let source = source(token.clone());
        match self.runs {
            Runs::Nothing => {}
            Runs::GraphRead => {
                let held = claims::application(&token).map(|claims| claims.permissions);
                let held = held.unwrap_or_else(|| self.wanted.clone());
                checks.push(graph::read(api, &proof.means.graph.for_holder(source), &held).await);
            }
            Runs::ExchangeOnline => {
                let endpoint = proof.means.exchange.of_tenant(&proof.found.tenant.id, source);
                checks.extend(exchange::online(api, &endpoint, proof).await);
            }
            Runs::SecurityAndCompliance => {
                if let Some(service) = proof.means.security_and_compliance {
                    let tenant = &proof.found.tenant;
                    let endpoint = service.of_tenant(&tenant.id, source).of_domain(&tenant.initial_domain);
                    checks.extend(exchange::security_and_compliance(api, &endpoint).await);
                }
            }
        }
        checks
    }

    /// What the token says.
    fn read(&self, proof: Proof<'_>, application: &ObservedApplication, token: &SecretString) -> Vec<Check> {
        let api = self.name.as_str();
        let Some(claims) = claims::application(token) else {
            let because = "the token can be read by its API alone";
            return vec![Check::skipped(Some(api), Subject::Claims, because)];
        };
        let until = claims.expires.map_or_else(String::new, |end| end.strftime(", good until %H:%M UTC").to_string());
        let mut checks =
            vec![Check::passed(Some(api), Subject::Token, format!("a new one for {}{until}", self.resource))];
        let principal = application.service_principal.as_ref();
        let expected = Expected {
            audiences: vec![&self.resource, &self.id],
            tenant_id: &proof.found.tenant.id,
            app_id: &application.app_id,
            object_id: principal.map(|found| found.id.as_str()),
        };
        checks.push(super::claims::check(api, &claims, &expected, proof.now));
        let wanted: Vec<&str> = self.wanted.iter().map(String::as_str).collect();
        let declared: Vec<&str> = self.declared.iter().map(String::as_str).collect();
        let granted = self.granted(proof, application);
        let (outcome, notes) = super::claims::permissions(&claims, &wanted, &declared, &granted);
        checks.push(Check { notes, ..Check::of(Some(api), Subject::Permissions, outcome) });
        let has_roles = self.runs != Runs::Nothing && !claims.directory_roles.is_empty();
        if let Some(roles) = proof.declared.roles.as_ref().filter(|_| has_roles) {
            let assigned = principal.into_iter().flat_map(|found| &found.role_assignments);
            let assigned: Vec<&ObservedRoleAssignment> = assigned.collect();
            let wanted: Vec<WantedRole> =
                roles.iter().map(|role| wanted_role(role, &proof.found.role_definitions, &assigned)).collect();
            let (outcome, notes) = super::claims::directory_roles(&claims, &wanted);
            checks.push(Check { notes, ..Check::of(Some(api), Subject::DirectoryRoles, outcome) });
        }
        checks
    }

    /// The permissions of this API that Graph shows as granted.
    fn granted<'f>(&self, proof: Proof<'f>, application: &'f ObservedApplication) -> Vec<&'f str> {
        let principal = application.service_principal.iter();
        let held = principal.flat_map(|found| found.application_permissions(&proof.found.apis));
        held.filter(|held| held.api.app_id == self.id).filter_map(|held| held.value).collect()
    }
}

/// A declared role as this tenant has it.
fn wanted_role(
    role: &DesiredRole,
    definitions: &[ObservedRoleDefinition],
    assigned: &[&ObservedRoleAssignment],
) -> WantedRole {
    let definition = definitions.iter().find(|definition| definition.is_meant_by(role));
    let mut ids: Vec<String> = role.template_id.iter().cloned().collect();
    ids.extend(definition.into_iter().flat_map(|found| [found.template_id.clone(), found.id.clone()]));
    let is_assigned = assigned.iter().any(|assignment| {
        assignment.directory_scope_id.eq_ignore_ascii_case(&role.scope)
            && ids.iter().any(|id| id.eq_ignore_ascii_case(&assignment.role_definition_id))
    });
    let name = definition.map_or(&role.role, |found| &found.display_name);
    let is_everywhere = role.scope == "/";
    WantedRole {
        name: if is_everywhere { name.clone() } else { format!("{name} for {}", role.scope) },
        // A role for a part of the tenant is in no token, and one of the tenant's own making need not be.
        is_in_tokens: is_everywhere && ids.iter().any(|id| roles::find(id).is_some()),
        is_everywhere,
        is_assigned,
        ids,
    }
}

/// One token for every request.
fn source(token: SecretString) -> TokenSource {
    Arc::new(move || {
        let token = token.clone();
        Box::pin(async move { Ok(token) })
    })
}

fn unknown(api: &str, message: &str) -> Check {
    let cause = Cause::NotOffered { message: message.to_owned() };
    Check::of(Some(api), Subject::Permissions, Outcome::Failed { cause, hint: None })
}
