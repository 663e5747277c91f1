//! The estate's own policies: what of the manifests and of the tenant is not in line with them, as findings.
//!
//! What can be told from the manifests alone is in [`declared`], so that `validate` shows it; what needs the tenant is in [`found`],
//! and which steps of a plan take somebody's approval in [`approvals`]. A finding's subject is the policy's name, and its address
//! tells it from others of the policy.

mod approval;
mod declared;
mod found;

use crate::model::{
    Address, Circumstances, Desired, DesiredPermission, DesiredPolicy, DesiredRole, Finding, PermissionType, Place,
    PolicyLevel, Rule, Severity,
};

pub use approval::approvals;
pub use declared::declared;
pub use found::found;

/// One policy with its name.
type Named<'a> = (&'a str, &'a DesiredPolicy);

/// The policies by name.
fn policies(desired: &Desired) -> impl Iterator<Item = Named<'_>> {
    desired.policies.iter().map(|(name, policy)| (name.as_str(), policy))
}

/// A finding that something is not in line with a policy.
fn finding((name, policy): Named<'_>, address: Address, what: &str, place: &Place) -> Finding {
    let DesiredPolicy { place: said, level, rule: _ } = policy;
    let (rule, severity, verb) = match level {
        PolicyLevel::Warn => (Rule::Policy, Severity::Warning, "warns of it"),
        PolicyLevel::Approval => (Rule::ApprovalNeeded, Severity::Warning, "wants it approved by its name"),
        PolicyLevel::Deny => (Rule::Policy, Severity::Error, "denies it"),
    };
    Finding {
        rule,
        severity,
        address,
        subject: name.to_owned(),
        message: format!("{what}; the policy `{name}` ({}:{}) {verb}", said.file, said.line),
        removed: false,
        place: Some(place.clone()),
        circumstances: Circumstances::default(),
    }
}

/// A pattern that a text has to match from its beginning to its end.
///
/// # Errors
/// Why it is no regular expression.
pub fn whole(pattern: &str) -> Result<regex::Regex, regex::Error> {
    // Alone first: `a)(b` would be one between the parentheses.
    regex::Regex::new(pattern)?;
    regex::Regex::new(&format!(r"\A(?:{pattern})\z"))
}

/// A permission of an API, as far as it is known: by ids where they are, else by names.
#[derive(Clone, Copy)]
struct PermissionName<'a> {
    api_id: Option<&'a str>,
    api: &'a str,
    of: PermissionType,
    id: Option<&'a str>,
    name: &'a str,
}

impl PermissionName<'_> {
    fn of(permission: &DesiredPermission) -> PermissionName<'_> {
        PermissionName {
            api_id: permission.api_id.as_deref(),
            api: &permission.api,
            of: permission.permission_type,
            id: permission.permission_id.as_deref(),
            name: &permission.permission,
        }
    }

    fn is_meant_by(&self, forbidden: &DesiredPermission) -> bool {
        let same = |one: Option<&str>, other: Option<&str>, names: (&str, &str)| match (one, other) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            _ => names.0.eq_ignore_ascii_case(names.1),
        };
        self.of == forbidden.permission_type
            && same(self.api_id, forbidden.api_id.as_deref(), (self.api, &forbidden.api))
            && same(self.id, forbidden.permission_id.as_deref(), (self.name, &forbidden.permission))
    }

    fn address(&self, handle: &str) -> Address {
        let kind = match self.of {
            PermissionType::Application => "appRoleAssignment",
            PermissionType::Delegated => "oauth2PermissionGrant",
        };
        Address::new(handle, kind, format!("{}/{}", self.api, self.name))
    }
}

/// Whether a role is one that a policy names, by its template id or its name.
fn is_role_meant(role: (Option<&str>, &str), forbidden: &DesiredRole) -> bool {
    match (role.0, &forbidden.template_id) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => role.1.eq_ignore_ascii_case(&forbidden.role),
    }
}

fn role_address(holder: &str, role: &str, scope: &str) -> Address {
    Address::new(holder, "roleAssignment", if scope == "/" { role.to_owned() } else { format!("{role} on {scope}") })
}

fn is_tagged(tags: &[&str], required: &str) -> bool {
    match required.strip_suffix('*') {
        Some(beginning) => tags.iter().any(|tag| tag.starts_with(beginning)),
        None => tags.contains(&required),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_matched_whole() {
        let is_match = |pattern: &str, text: &str| whole(pattern).unwrap().is_match(text);
        assert!(is_match("exo|spo", "spo") && !is_match("exo|spo", "spo-reports"));
        assert!(is_match("^exo-.+$", "exo-a") && !is_match("exo", "my-exo"));
        assert!(whole("(").is_err() && whole("a)(b").is_err());
    }

    #[test]
    fn a_tag_may_be_required_by_its_beginning() {
        assert!(is_tagged(&["team:mail"], "team:*") && is_tagged(&["team:mail"], "team:mail"));
        assert!(!is_tagged(&["team:mail"], "team") && !is_tagged(&[], "*"));
    }
}
