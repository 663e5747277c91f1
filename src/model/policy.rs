//! What an estate asks of its own manifests and of what is found in the tenant.

use super::{DesiredPermission, DesiredRole, KeyAlgorithm, Period, Place};

/// One policy of an estate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredPolicy {
    /// Where its name stands.
    pub place: Place,
    pub level: PolicyLevel,
    pub rule: PolicyRule,
}

/// What becomes of a run that is not in line with a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyLevel {
    /// It is shown.
    Warn,
    /// What gives it anew is applied only by somebody who names the policy.
    Approval,
    /// It is not applied.
    Deny,
}

/// What a policy asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyRule {
    /// Permissions that no application has or asks for.
    ForbiddenPermissions(Vec<DesiredPermission>),
    /// Directory roles that neither applications nor users are given, wherever they hold.
    ForbiddenRoles(Vec<DesiredRole>),
    /// How long a certificate or a secret may live.
    MaximumLifetime(Period),
    MinimumKeySize(KeyAlgorithm),
    MinimumOwners(usize),
    NoSecrets,
    NoPersonalAccounts,
    /// A regular expression that the whole handle matches.
    HandlePattern(String),
    /// A regular expression that the whole `displayName` matches.
    DisplayNamePattern(String),
    /// Tags that every application has; one that ends in `*` stands for every tag that begins so.
    RequiredTags(Vec<String>),
}
