//! What somebody could do with what a step gives.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far what is given reaches. What is in neither class is normal, and carries no risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RiskClass {
    /// It reaches much of what people keep in the tenant.
    High,
    /// Whoever holds it can become anything in the tenant, Global Administrator included.
    TenantTakeover,
}

impl RiskClass {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::TenantTakeover => "tenant takeover",
        }
    }
}

/// The risk of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Risk {
    pub class: RiskClass,
    /// The permissions and roles of that class that it is about, by name.
    pub powers: BTreeSet<String>,
    /// What its holder can do, in words.
    pub reason: String,
    /// Whether what it gives takes the place of the same that is there already, as a renewed certificate does. Then nobody gets
    /// anything new.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub succeeds: bool,
}
