//! The plan: a value that says everything an apply will do and why.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Address, CertificateLife, Fields, Finding, Place, Rights, Risk, Rotation, Selection, Value};

/// What an apply would do to one tenant, in the order in which it would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The tenant's id.
    pub tenant: String,
    pub organization: String,
    pub estate: String,
    /// Where the manifests name the estate: the place of all that has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The instant the plan was reckoned for.
    pub now: Timestamp,
    pub steps: Vec<Step>,
    /// Everything that was found of the managed resources, as far as it is compared. Saved beside the plan, not in it.
    #[serde(skip)]
    pub observed: BTreeMap<Address, Observed>,
    /// Resources that are as declared.
    pub unchanged: BTreeSet<Address>,
    /// What somebody should look at, such as what was found on managed applications and is declared nowhere.
    pub findings: Vec<Finding>,
    /// What to know of the plan as a whole, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// Certificates that follow each other at this time, or that need somebody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rotations: Vec<Rotation>,
    /// All declared certificates of which there is one, or will be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<CertificateLife>,
    /// What it needs of the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<Rights>,
    /// Whether it only tells what is not as declared, and is not meant to be carried out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drift: bool,
    /// How many applications carry the estate's tag or are declared and exist.
    pub applications: usize,
    /// The part of the estate that it is about.
    #[serde(default, skip_serializing_if = "Selection::is_everything")]
    pub selection: Selection,
}

/// A resource as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    /// As steps have it.
    pub id: String,
    pub fields: Fields,
}

/// One resource to write, with all that is needed to write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    pub address: Address,
    #[serde(flatten)]
    pub action: Action,
    pub reason: Reason,
    /// Consequences a reviewer should know, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Addresses of steps that must be done before.
    pub needs: BTreeSet<Address>,
    /// What somebody could do with what it gives; `None` where that is nothing out of the ordinary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// Whether it takes from the operator what it reads and writes with.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removes_operator: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase")]
pub enum Action {
    Create {
        after: Fields,
    },
    Update {
        id: String,
        changes: Vec<FieldChange>,
        /// All managed fields as they will be.
        after: Fields,
    },
    /// Make a successor beside the one there is, which stays until its overlap has passed.
    Renew {
        id: String,
        changes: Vec<FieldChange>,
        after: Fields,
    },
    /// Sign in, which changes nothing in the tenant and shows that what was done before it works.
    Prove {
        after: Fields,
    },
    Delete {
        id: String,
        before: Fields,
    },
}

impl Step {
    /// A step with nothing to say beside what it does and why.
    pub fn new(address: Address, action: Action, reason: Reason) -> Self {
        let (notes, needs) = (Vec::new(), BTreeSet::new());
        Self { address, action, reason, notes, needs, risk: None, removes_operator: false }
    }
}

impl Action {
    /// All managed fields as they will be; `None` when the resource will be gone.
    pub fn after(&self) -> Option<&Fields> {
        match self {
            Self::Create { after }
            | Self::Update { id: _, changes: _, after }
            | Self::Renew { id: _, changes: _, after }
            | Self::Prove { after } => Some(after),
            Self::Delete { id: _, before: _ } => None,
        }
    }

    /// The same action with every field that it will write passed through `resolve`.
    #[must_use]
    pub fn map_after(&self, resolve: impl Fn(&Value) -> Value) -> Self {
        let mut action = self.clone();
        let map = |fields: &mut Fields| fields.values_mut().for_each(|value| *value = resolve(value));
        match &mut action {
            Self::Create { after } | Self::Prove { after } => map(after),
            Self::Update { id: _, changes, after } | Self::Renew { id: _, changes, after } => {
                map(after);
                for change in changes {
                    change.after = resolve(&change.after);
                }
            }
            Self::Delete { id: _, before: _ } => {}
        }
        action
    }

    /// As it is written in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Renew { .. } => "renew",
            Self::Prove { .. } => "prove",
            Self::Delete { .. } => "delete",
        }
    }

    pub fn is_delete(&self) -> bool {
        matches!(self, Self::Delete { .. })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    pub path: String,
    pub before: Value,
    pub after: Value,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forces_replacement: bool,
}

/// Why a step is in the plan. It explains; no code branches on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "camelCase")]
pub enum Reason {
    /// Declared and not there.
    Missing,
    Differs,
    CannotChangeInPlace,
    /// There, and the list it belongs to does not declare it.
    Undeclared,
    /// The application it belongs to is in no manifest any more.
    RemovedFromManifests,
    /// `accredit destroy` was asked for.
    Destroyed,
    /// The certificate's end comes within the renewal period.
    #[serde(rename_all = "camelCase")]
    Expires {
        days: i64,
        renew_before: String,
    },
    Expired {
        days: i64,
    },
    /// `accredit rotate` or `--replace` was asked for.
    Rotated,
    /// A certificate authority has signed what was requested.
    Signed,
    /// A certificate that is to take over has not signed in yet.
    Unproven,
    /// Somebody else put it there, and the manifest has such removed.
    Foreign,
    /// Its end has passed, and the manifest has such removed.
    Ended,
    /// Its application had another handle.
    #[serde(rename_all = "camelCase")]
    Moved {
        from: String,
    },
    /// The manifests let go of it.
    LetGo,
}

/// How many resources a plan adds, changes and destroys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    pub add: usize,
    pub change: usize,
    pub destroy: usize,
}

impl Counts {
    pub fn of<'s>(steps: impl IntoIterator<Item = &'s Step>) -> Self {
        let mut counts = Self::default();
        for step in steps {
            match &step.action {
                Action::Create { .. } | Action::Renew { .. } => counts.add += 1,
                Action::Update { .. } => counts.change += 1,
                Action::Delete { .. } => counts.destroy += 1,
                Action::Prove { .. } => {}
            }
        }
        counts
    }
}

impl Plan {
    pub fn counts(&self) -> Counts {
        Counts::of(&self.steps)
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}
