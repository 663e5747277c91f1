//! What somebody should look at: found in the tenant or in the manifests, and no step of a plan.

use serde::{Deserialize, Serialize};

use super::{Address, Place, Severity, sha256};

/// Something that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub rule: Rule,
    pub severity: Severity,
    /// What it was found on.
    pub address: Address,
    /// What tells it from others of its rule there, and stays the same from day to day, such as a `keyId`. Empty where there can
    /// be only one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// What it is, on what, since when: one sentence.
    pub message: String,
    /// Whether a step of this plan does away with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// What in the manifests it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

impl Finding {
    /// The same from run to run, for those who accept or follow it.
    pub fn fingerprint(&self) -> String {
        let said = [self.rule.code(), &self.address.to_string(), &self.subject].join("\n");
        sha256(&said)[..32].to_owned()
    }
}

/// What kind of finding it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// On a managed application, from elsewhere, and declared nowhere.
    Undeclared,
    /// A declared one that has left the manifests, and waits for its time to go.
    LeftManifest,
    /// A declared certificate that somebody uploaded under another `keyId`.
    OtherKeyId,
    /// Nobody can sign in as the application.
    Disabled,
    /// Not in line with a policy, whose name is the subject. An error where the policy denies it.
    Policy,
    /// A step gives what a policy, whose name is the subject, wants somebody to approve.
    ApprovalNeeded,
}

/// What a finding is about, and what a run may be asked to fail on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FindingClass {
    /// The tenant is not as the manifests say.
    Drift,
    /// Something is not as a policy wants it.
    Policy,
}

impl Rule {
    /// As it is written in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Undeclared => "undeclared",
            Self::LeftManifest => "leftManifest",
            Self::OtherKeyId => "otherKeyId",
            Self::Disabled => "disabled",
            Self::Policy => "policy",
            Self::ApprovalNeeded => "approvalNeeded",
        }
    }

    pub fn class(self) -> FindingClass {
        match self {
            Self::Undeclared | Self::LeftManifest | Self::OtherKeyId | Self::Disabled => FindingClass::Drift,
            Self::Policy | Self::ApprovalNeeded => FindingClass::Policy,
        }
    }
}
