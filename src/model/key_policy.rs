//! What the tenant's app management policies allow certificates to be.
//! <https://learn.microsoft.com/graph/api/resources/applicationauthenticationmethodpolicy>

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Period;

/// The policies of a tenant, as far as they are about certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPolicies {
    /// Whether the operator may read them; what is unknown cannot be predicted.
    pub is_known: bool,
    /// For every application without a policy of its own; `None` where it is not enabled.
    pub default: Option<KeyPolicy>,
    /// Policies of single applications, by object id. One replaces the default wholly.
    pub own: BTreeMap<String, KeyPolicy>,
}

/// One enabled policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPolicy {
    pub name: String,
    pub limits: Vec<KeyLimit>,
}

/// The longest life of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLimit {
    pub maximum_lifetime: Period,
    /// Holds for applications that were created from then on; `None`: for all.
    pub created_from: Option<Timestamp>,
}

impl KeyPolicies {
    /// The policy's name and the shortest limit for an application, by its object id and creation; both are `None` for one
    /// that is still to be made.
    pub fn limit(&self, id: Option<&str>, created: Option<Timestamp>) -> Option<(&str, Period)> {
        let policy = id.and_then(|id| self.own.get(id)).or(self.default.as_ref())?;
        let is_new = id.is_none();
        let holds = |limit: &&KeyLimit| {
            limit.created_from.is_none_or(|from| is_new || created.is_some_and(|created| created >= from))
        };
        let limits = policy.limits.iter().filter(holds).map(|limit| limit.maximum_lifetime);
        let start = Timestamp::UNIX_EPOCH;
        limits.min_by_key(|limit| limit.after(start)).map(|limit| (policy.name.as_str(), limit))
    }
}
