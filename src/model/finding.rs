//! What somebody should look at: found in the tenant or in the manifests, and no step of a plan.

use std::borrow::Cow;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, Serializer};

use super::{Address, FieldChange, Place, Severity, Terms, sha256};

/// Something that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub rule: Rule,
    pub severity: Severity,
    /// What it was found on.
    pub address: Address,
    /// What tells it from others of its rule there, and stays the same from day to day, such as a `keyId`. Empty where there can
    /// be only one.
    #[serde(default)]
    pub subject: String,
    /// What it is, on what, since when: one sentence.
    pub message: String,
    /// Whether a step of this plan does away with it.
    #[serde(default)]
    pub removed: bool,
    /// What in the manifests it is about.
    #[serde(default)]
    pub place: Option<Place>,
    #[serde(flatten)]
    pub circumstances: Circumstances,
}

/// What is known around a finding. A plan leaves it empty; `accredit drift` fills it in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Circumstances {
    /// The field that is not as declared; as in a step, `before` was found and `after` is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<FieldChange>,
    /// Since when it is there, where the tenant says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When a credential ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Who has the rights to have done it, whom we know first: a hint, and no proof.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub could_have: Vec<String>,
    /// What to do next: one sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// A baseline accepts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Terms>,
}

impl Finding {
    /// The same from run to run, for those who accept or follow it.
    pub fn fingerprint(&self) -> String {
        let said = [self.rule.code(), &self.address.to_string(), &self.subject].join("\n");
        sha256(&said)[..32].to_owned()
    }
}

/// Something that somebody should look at, as it is in JSON: with what follows from it, for those who would have to reckon it
/// again.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    rule: Rule,
    /// What it is about.
    class: FindingClass,
    severity: Severity,
    /// What it was found on.
    address: &'a Address,
    /// What tells it from others of its rule there, and stays the same from day to day, such as a `keyId`. Absent where there can
    /// be only one.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    subject: &'a str,
    /// The same from run to run, for those who accept or follow it.
    fingerprint: String,
    /// What it is, on what, since when: one sentence.
    message: &'a str,
    /// Whether a step of this plan does away with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    removed: bool,
    /// What in the manifests it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<&'a Place>,
    #[serde(flatten)]
    circumstances: &'a Circumstances,
}

impl JsonSchema for Finding {
    fn schema_name() -> Cow<'static, str> {
        "Finding".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Written::json_schema(generator)
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { rule, severity, address, subject, message, removed, place, circumstances } = self;
        let written = Written {
            rule: *rule,
            class: rule.class(),
            severity: *severity,
            address,
            subject,
            fingerprint: self.fingerprint(),
            message,
            removed: *removed,
            place: place.as_ref(),
            circumstances,
        };
        written.serialize(serializer)
    }
}

/// What kind of finding it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
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
    /// A managed field is not as declared.
    Changed,
    /// Declared, not there, and belonging to something that is there.
    Gone,
    /// Declared, and nothing of it is there.
    Missing,
    /// A credential ends soon.
    Expires,
    /// A credential's end has passed.
    Expired,
    /// A credential is good for longer than any may be.
    Lifetime,
    /// An application that carries the estate's tag and is in no manifest.
    Unmanaged,
    /// Any other application of the tenant that is in no manifest.
    Foreign,
    /// Not in line with a policy, whose name is the subject. An error where the policy denies it.
    Policy,
    /// A step gives what a policy, whose name is the subject, wants somebody to approve.
    ApprovalNeeded,
}

/// What a finding is about, and what a run may be asked to fail on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FindingClass {
    /// The tenant is not as the manifests say.
    Drift,
    /// A credential ends, has ended, or ends too late.
    Expiry,
    /// Something is not as a policy wants it.
    Policy,
    /// Something that no manifest is about.
    Inventory,
}

/// A word that is no class of findings.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("write one of {}", FindingClass::ALL.map(FindingClass::code).join(", "))]
pub struct UnknownClass;

impl FindingClass {
    pub const ALL: [Self; 4] = [Self::Drift, Self::Expiry, Self::Policy, Self::Inventory];

    /// As it is written in JSON and after `--fail-on`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Expiry => "expiry",
            Self::Policy => "policy",
            Self::Inventory => "inventory",
        }
    }
}

impl FromStr for FindingClass {
    type Err = UnknownClass;

    fn from_str(text: &str) -> Result<Self, UnknownClass> {
        Self::ALL.into_iter().find(|class| class.code() == text).ok_or(UnknownClass)
    }
}

impl Rule {
    /// As it is written in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Undeclared => "undeclared",
            Self::LeftManifest => "leftManifest",
            Self::OtherKeyId => "otherKeyId",
            Self::Disabled => "disabled",
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::Missing => "missing",
            Self::Expires => "expires",
            Self::Expired => "expired",
            Self::Lifetime => "lifetime",
            Self::Unmanaged => "unmanaged",
            Self::Foreign => "foreign",
            Self::Policy => "policy",
            Self::ApprovalNeeded => "approvalNeeded",
        }
    }

    pub fn class(self) -> FindingClass {
        match self {
            Self::Undeclared
            | Self::LeftManifest
            | Self::OtherKeyId
            | Self::Disabled
            | Self::Changed
            | Self::Gone
            | Self::Missing
            | Self::Unmanaged => FindingClass::Drift,
            Self::Expires | Self::Expired | Self::Lifetime => FindingClass::Expiry,
            Self::Policy | Self::ApprovalNeeded => FindingClass::Policy,
            Self::Foreign => FindingClass::Inventory,
        }
    }
}
