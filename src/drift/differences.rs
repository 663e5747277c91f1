//! From the steps of a plan to what they say of the tenant: fields that differ, what is there besides, what is gone.

use std::collections::BTreeSet;

use crate::model::{
    Action, Address, Circumstances, Desired, DesiredApplication, FieldChange, Finding, Place, Plan, Reason, Rule,
    Severity, Step, Value,
};
use crate::render::inline;

/// What the planner has no finding of itself.
pub(super) fn of(plan: &Plan, desired: &Desired) -> Vec<Finding> {
    let made = |kind: &str| -> BTreeSet<&str> {
        let steps = plan.steps.iter().filter(|step| matches!(step.action, Action::Create { .. }));
        steps.filter(|step| step.address.kind == kind).map(|step| step.address.holder.as_str()).collect()
    };
    let look = Look { plan, desired, new: made("application"), without_principal: made("servicePrincipal") };
    plan.steps.iter().flat_map(|step| look.at(step)).collect()
}

struct Look<'a> {
    plan: &'a Plan,
    desired: &'a Desired,
    /// Applications of which nothing is there.
    new: BTreeSet<&'a str>,
    /// Those whose service principal is not there: what it held is gone with it.
    without_principal: BTreeSet<&'a str>,
}

impl Look<'_> {
    fn at(&self, step: &Step) -> Vec<Finding> {
        let Address { holder, kind, name: _ } = &step.address;
        match &step.action {
            // Of the files of a key store nothing is in the tenant.
            Action::Update { .. } if kind == "certificate" => Vec::new(),
            Action::Update { id: _, changes, after: _ } => {
                changes.iter().flat_map(|change| self.changed(step, change)).collect()
            }
            Action::Renew { id: _, changes, after: _ } if step.reason == Reason::CannotChangeInPlace => {
                changes.iter().flat_map(|change| self.changed(step, change)).collect()
            }
            Action::Create { .. } if kind == "application" => {
                let message = "it is declared, and nothing of it is in the tenant".to_owned();
                vec![self.finding(Rule::Missing, Severity::Error, step, message)]
            }
            Action::Create { .. } if self.new.contains(holder.as_str()) => Vec::new(),
            Action::Create { .. } if kind == "servicePrincipal" => {
                let message = "its service principal is gone, with all consents and roles that it held".to_owned();
                vec![self.finding(Rule::Gone, Severity::Error, step, message)]
            }
            Action::Create { .. } if self.without_principal.contains(holder.as_str()) && kind != "certificate" => {
                Vec::new()
            }
            Action::Create { .. } => self.gone(step).into_iter().collect(),
            // What ends soon or has ended is told as such, what signs in changes nothing, and of what is there and not declared
            // the planner has told.
            Action::Renew { .. } | Action::Prove { .. } | Action::Delete { .. } => Vec::new(),
        }
    }

    fn gone(&self, step: &Step) -> Option<Finding> {
        let Address { holder: _, kind, name } = &step.address;
        let message = match kind.as_str() {
            "appRoleAssignment" | "oauth2PermissionGrant" => {
                format!("admin consent to {name} is declared and not there")
            }
            "roleAssignment" => format!("the role {name} is declared and not there"),
            "exchangeRoleAssignment" => format!("the Exchange role {name} is declared and not there"),
            "exchangeRoleGroupMember" => {
                format!("membership in Exchange's role group {name} is declared and not there")
            }
            "exchangeServicePrincipal" => "Exchange does not know the application".to_owned(),
            "certificate" | "certificateRequest" if step.reason == Reason::Missing => {
                format!("no certificate `{name}` is on the application, and none in its key store")
            }
            // It is made because of its dates or of `accredit rotate`; or it is a scope that a role waits for.
            _ => return None,
        };
        Some(self.finding(Rule::Gone, Severity::Error, step, message))
    }

    fn changed(&self, step: &Step, change: &FieldChange) -> Vec<Finding> {
        let FieldChange { path, before, after, forces_replacement: _ } = change;
        let (Value::Set(found), Value::Set(declared)) = (before, after) else {
            let severity =
                if ["signInAudience", "appId"].contains(&path.as_str()) { Severity::Error } else { Severity::Warning };
            let message = format!("`{path}` is {} and {} is declared", short(before), short(after));
            let mut finding = self.finding(Rule::Changed, severity, step, message);
            finding.subject.clone_from(path);
            finding.circumstances.change = Some(change.clone());
            return vec![finding];
        };
        if path == "keyCredentials" {
            return declared.difference(found).filter_map(|value| self.certificate_gone(step, value)).collect();
        }
        let besides = found.difference(declared).map(|value| (Rule::Undeclared, value));
        let gone = declared.difference(found).map(|value| (Rule::Gone, value));
        besides.chain(gone).filter_map(|(rule, value)| self.member(step, path, rule, value)).collect()
    }

    /// A certificate that is in its key store and not on the application. One that is still to be made has told of itself, and
    /// so has one that is there under another `keyId`.
    fn certificate_gone(&self, step: &Step, value: &Value) -> Option<Finding> {
        let Value::Named(named) = value else { return None };
        let holder = &step.address.holder;
        let is_there = |finding: &Finding| finding.rule == Rule::OtherKeyId && finding.address.holder == *holder;
        if step.address.kind != "application" || self.plan.findings.iter().any(is_there) {
            return None;
        }
        let message = format!("the certificate `{}` ({}) is not on the application", named.name, named.id);
        let mut finding = self.finding(Rule::Gone, Severity::Error, step, message);
        finding.subject.clone_from(&named.id);
        let declared = self.desired.applications.get(holder.as_str());
        let mut certificates = declared.into_iter().flat_map(|declared| declared.certificates.iter().flatten());
        let certificate = certificates.find(|(_, certificate)| certificate.display_name == named.name);
        finding.place = certificate.map(|(_, certificate)| certificate.place.clone()).or(finding.place);
        Some(finding)
    }

    /// One member of a field that is a set.
    fn member(&self, step: &Step, path: &str, rule: Rule, value: &Value) -> Option<Finding> {
        let (id, name) = match value {
            Value::Named(named) => (named.id.as_str(), named.name.as_str()),
            Value::Text(text) => (text.as_str(), text.as_str()),
            Value::Null | Value::Set(_) | Value::Output { output: _ } | Value::Sensitive { sensitive: _ } => {
                return None;
            }
        };
        let api = &step.address.name;
        let (what, severity) = match path {
            "owners" => (format!("the owner {name}"), Severity::Error),
            "requiredResourceAccess" => (format!("the requested permission {name}"), Severity::Warning),
            "web.redirectUris" => (format!("the redirect URI {name}"), Severity::Error),
            "scope" => (format!("admin consent to {api}/{name}"), Severity::Error),
            "tags" => (format!("the tag `{name}`"), Severity::Warning),
            _ => (format!("`{name}` in `{path}`"), Severity::Warning),
        };
        let is_undeclared = rule == Rule::Undeclared;
        let message =
            if is_undeclared { format!("{what} is not declared") } else { format!("{what} is declared and not there") };
        // Whom a role group or an application has lost can do less; whom it has gained, more.
        let severity = if is_undeclared || path == "scope" { severity } else { Severity::Warning };
        let mut finding = self.finding(rule, severity, step, message);
        finding.subject = format!("{path}/{id}");
        finding.place = self.place(&step.address, path, name);
        Some(finding)
    }

    fn finding(&self, rule: Rule, severity: Severity, step: &Step, message: String) -> Finding {
        let address = step.address.clone();
        let place = self.place(&address, "", &address.name);
        let circumstances = Circumstances::default();
        // Whatever a step is about is as declared after it.
        Finding { rule, severity, address, subject: String::new(), message, removed: true, place, circumstances }
    }

    /// Where the manifests speak of it, as near as can be told.
    fn place(&self, address: &Address, path: &str, name: &str) -> Option<Place> {
        let Some(declared) = self.desired.applications.get(address.holder.as_str()) else {
            let is_it =
                |role: &&crate::model::DesiredUserRole| role.user == address.holder && is_role(&role.role, name);
            let role = self.desired.user_roles.iter().find(is_it);
            return role
                .map(|role| role.role.place.clone())
                .or_else(|| self.desired.place_of(&address.holder).cloned());
        };
        Some(nearer(declared, &address.kind, path, name).unwrap_or(&declared.place).clone())
    }
}

/// A value on one line, and no more of it than one reads there.
fn short(value: &Value) -> String {
    const MOST: usize = 100;
    let text = inline(value);
    if text.chars().count() <= MOST { text } else { text.chars().take(MOST).chain("…".chars()).collect() }
}

fn nearer<'a>(declared: &'a DesiredApplication, kind: &str, path: &str, name: &str) -> Option<&'a Place> {
    let permission = |named: &str| {
        let (api, permission) = named.rsplit_once('/').unwrap_or(("", named));
        let mut all = declared.permissions.iter().flatten();
        let is_it = |it: &&crate::model::DesiredPermission| {
            it.permission.eq_ignore_ascii_case(permission) && (api.is_empty() || api.starts_with(&it.api))
        };
        all.find(is_it).map(|permission| &permission.place)
    };
    match (kind, path) {
        ("application", "requiredResourceAccess") | ("appRoleAssignment", _) | ("oauth2PermissionGrant", "scope") => {
            permission(name)
        }
        ("application", "owners") => {
            let owner = |owner: &&crate::model::DesiredOwner| match &owner.owner {
                crate::model::OwnerReference::User(user) => user.eq_ignore_ascii_case(name),
                crate::model::OwnerReference::ServicePrincipal(principal) => principal == name,
            };
            declared.owners.iter().flatten().find(owner).map(|owner| &owner.place)
        }
        ("roleAssignment", _) => {
            declared.roles.iter().flatten().find(|role| is_role(role, name)).map(|role| &role.place)
        }
        ("certificate" | "certificateRequest", _) => {
            declared.certificates.as_ref()?.get(name).map(|certificate| &certificate.place)
        }
        _ => None,
    }
}

/// Whether an assignment called `name` is one of this role.
fn is_role(role: &crate::model::DesiredRole, name: &str) -> bool {
    name.strip_prefix(role.role.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(" on "))
}
