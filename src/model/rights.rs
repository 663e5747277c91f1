//! What a plan needs of the operator, beside what the operator has.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Address;

/// What a plan needs of the operator, beside what the operator has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rights {
    /// The least with which this plan can be made and carried out.
    pub needed: BTreeSet<Right>,
    /// Whether it is known what the operator has. Where it is not, nothing is called missing or surplus.
    pub known: bool,
    /// What steps of this plan need and the operator lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingRight>,
    /// What it needs at Exchange's admin endpoint, where it changes anything there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<ExchangeRights>,
    /// Permissions and directory roles of the operator that neither this plan nor any part of the manifests needs.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub surplus: BTreeSet<String>,
}

/// A permission, and what is as good.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Right {
    /// A permission of Microsoft Graph.
    pub permission: String,
    /// The least directory role that amounts to it, for users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MissingRight {
    #[serde(flatten)]
    pub right: Right,
    /// The steps that need it.
    pub steps: BTreeSet<Address>,
    /// Whether these steps are sure to fail. A user without the role may own what is written, or have the role for a part of
    /// the tenant, which no token says.
    pub certain: bool,
}

/// Cmdlets that steps run at Exchange's admin endpoint. To run any takes the application permission `Exchange.ManageAsApp` of
/// Office 365 Exchange Online, and to run these a role that holds them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeRights {
    pub cmdlets: BTreeSet<String>,
    /// Those that the operator may not run.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub missing: BTreeSet<String>,
    /// The steps that need one of those.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub steps: BTreeSet<Address>,
}

impl ExchangeRights {
    /// The least directory role that holds all of these cmdlets.
    pub const LEAST_ROLE: &str = "Exchange Administrator";
}

impl Rights {
    /// What is missing so that steps are sure to fail: permissions, and a role.
    pub fn certainly_missing(&self) -> impl Iterator<Item = &str> {
        let permissions = self.missing.iter().filter(|missing| missing.certain);
        let exchange = self.exchange.iter().filter(|exchange| !exchange.missing.is_empty());
        permissions.map(|missing| missing.right.permission.as_str()).chain(exchange.map(|_| ExchangeRights::LEAST_ROLE))
    }
}
