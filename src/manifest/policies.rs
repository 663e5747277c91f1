//! Lowers policies: each has a name, a level and one thing that it asks.

use std::collections::BTreeMap;

use crate::model::{DesiredPolicy, PolicyLevel, PolicyRule};

use super::certificates::key_algorithm;
use super::cursor::At;
use super::findings::{Findings, any_of};
use super::specification::{PermissionsSpecification, RoleSpecification};
use super::specification_policy::{ForbiddenPermissionsSpecification, PolicyLevelSpecification, PolicySpecification};
use super::{expiry, permissions, roles, texts};

/// The keys of which a policy has one.
const RULES: [&str; 10] = [
    "forbiddenPermissions",
    "forbiddenRoles",
    "maximumLifetime",
    "minimumKeySize",
    "minimumOwners",
    "certificatesOnly",
    "noPersonalAccounts",
    "handlePattern",
    "displayNamePattern",
    "requiredTags",
];

/// Lowers one policy into those of the estate.
pub(super) fn lower(
    (name, specification): (&str, &PolicySpecification),
    at: At<'_>,
    into: &mut BTreeMap<String, DesiredPolicy>,
    findings: &mut Findings,
) {
    if let Err(reason) = texts::policy(name) {
        findings.error(format!("`{name}` cannot be a policy's name: {reason}"), at.name());
    }
    if let Some(first) = into.get(name) {
        findings.twice(format!("the policy `{name}` is declared twice"), at.name(), &first.place);
        return;
    }
    let level = match specification.level {
        PolicyLevelSpecification::Warn => PolicyLevel::Warn,
        PolicyLevelSpecification::Approval => PolicyLevel::Approval,
        PolicyLevelSpecification::Deny => PolicyLevel::Deny,
    };
    let said: Vec<&str> = RULES.into_iter().filter(|rule| at.key(rule).exists()).collect();
    if said.len() != 1 {
        let message = if said.is_empty() {
            format!("the policy `{name}` asks nothing")
        } else {
            format!("the policy `{name}` asks {} things", said.len())
        };
        let help = if said.is_empty() {
            format!("write one of {}", any_of(RULES))
        } else {
            "make one policy of each: it is by its name that a policy is found, and approved".to_owned()
        };
        findings.error_with_help(message, at.name(), help);
        return;
    }
    let Some(rule) = rule(specification, at, findings) else { return };
    let gives = matches!(rule, PolicyRule::ForbiddenPermissions(_) | PolicyRule::ForbiddenRoles(_));
    if level == PolicyLevel::Approval && !gives {
        let message = "only permissions and roles can be approved";
        findings.error_with_help(message, at.key("level").place(), "write `warn` or `deny`");
    }
    into.insert(name.to_owned(), DesiredPolicy { place: at.name().clone(), level, rule });
}

/// The one thing that a policy asks; `None` where it is written wrongly.
fn rule(specification: &PolicySpecification, at: At<'_>, findings: &mut Findings) -> Option<PolicyRule> {
    let PolicySpecification {
        level: _,
        forbidden_permissions,
        forbidden_roles,
        maximum_lifetime,
        minimum_key_size,
        minimum_owners,
        certificates_only,
        no_personal_accounts,
        handle_pattern,
        display_name_pattern,
        required_tags,
    } = specification;
    if let Some(forbidden) = forbidden_permissions {
        let forbidden: Vec<PermissionsSpecification> = forbidden.iter().cloned().map(Into::into).collect();
        let lowered = permissions::named(&forbidden, at.key("forbiddenPermissions"), findings);
        return Some(PolicyRule::ForbiddenPermissions(lowered));
    }
    if let Some(names) = forbidden_roles {
        let names: Vec<RoleSpecification> = names.iter().cloned().map(RoleSpecification::Text).collect();
        return Some(PolicyRule::ForbiddenRoles(roles::lower(&names, at.key("forbiddenRoles"), findings)));
    }
    if let Some(text) = maximum_lifetime {
        return expiry::read(text, at.key("maximumLifetime").place(), findings).map(PolicyRule::MaximumLifetime);
    }
    if let Some(least) = minimum_key_size {
        return Some(PolicyRule::MinimumKeySize(key_algorithm(*least)));
    }
    if let Some(least) = minimum_owners {
        return usize::try_from(*least).ok().map(PolicyRule::MinimumOwners);
    }
    if certificates_only.is_some() {
        return switch(*certificates_only, at.key("certificatesOnly"), findings).then_some(PolicyRule::NoSecrets);
    }
    if no_personal_accounts.is_some() {
        let is_on = switch(*no_personal_accounts, at.key("noPersonalAccounts"), findings);
        return is_on.then_some(PolicyRule::NoPersonalAccounts);
    }
    if let Some(text) = handle_pattern {
        return pattern(text, at.key("handlePattern"), findings).map(PolicyRule::HandlePattern);
    }
    if let Some(text) = display_name_pattern {
        return pattern(text, at.key("displayNamePattern"), findings).map(PolicyRule::DisplayNamePattern);
    }
    let tags = required_tags.as_ref()?;
    for (index, tag) in tags.iter().enumerate() {
        if let Err(reason) = texts::tag(tag) {
            let place = at.key("requiredTags").index(index).place();
            findings.error(format!("`{tag}` cannot be a tag: {reason}"), place);
        }
    }
    Some(PolicyRule::RequiredTags(tags.clone()))
}

/// A policy is there or it is not; `false` would say neither.
fn switch(said: Option<bool>, at: At<'_>, findings: &mut Findings) -> bool {
    if said == Some(false) {
        findings.error_with_help("`false` asks nothing", at.place(), "leave the policy out");
    }
    said == Some(true)
}

fn pattern(text: &str, at: At<'_>, findings: &mut Findings) -> Option<String> {
    match crate::policy::whole(text) {
        Ok(_) => Some(text.to_owned()),
        Err(error) => {
            // The last line says what is wrong; those before it draw the expression.
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            findings.error(format!("`{text}` is no regular expression: {reason}"), at.place());
            None
        }
    }
}

impl From<ForbiddenPermissionsSpecification> for PermissionsSpecification {
    fn from(forbidden: ForbiddenPermissionsSpecification) -> Self {
        let ForbiddenPermissionsSpecification { api, application, delegated } = forbidden;
        Self { api, application, delegated, consent: None }
    }
}
