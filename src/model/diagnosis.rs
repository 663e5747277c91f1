//! What is wrong with an application-only connection, why, and what to do about it.

use std::fmt;

use serde::{Serialize, Serializer};

/// The number of a failure in docs/doctor.md, such as `F8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FailureNumber(pub u8);

impl fmt::Display for FailureNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "F{}", self.0)
    }
}

impl Serialize for FailureNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What is looked at, in the order in which one thing explains the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// The certificate and its key, where they are kept.
    LocalCertificate,
    /// The machine that connects: its PowerShell, its modules, its certificate stores.
    Machine,
    Tenant,
    Application,
    /// The certificate on the application.
    KeyCredential,
    Consent,
    Role,
    Token,
    Claims,
    Cmdlets,
    Read,
}

impl Stage {
    /// In a few words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LocalCertificate => "certificate and key",
            Self::Machine => "the connecting machine",
            Self::Tenant => "tenant and cloud",
            Self::Application => "application",
            Self::KeyCredential => "uploaded certificate",
            Self::Consent => "consent",
            Self::Role => "role",
            Self::Token => "token",
            Self::Claims => "claims",
            Self::Cmdlets => "cmdlets",
            Self::Read => "one read",
        }
    }
}

/// How much speaks for a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Certainty {
    /// Nothing else says this.
    Certain,
    /// Others say this too, but rarely.
    Likely,
    /// It fits, as other causes do.
    Possible,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remedy {
    /// One or a few sentences.
    pub text: String,
    /// Lines of a manifest that declare it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// Lines to run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
}

/// One reason why something does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// `None`: it is none of the failures that have a number.
    pub failure: Option<FailureNumber>,
    pub title: String,
    pub stage: Stage,
    pub certainty: Certainty,
    pub cause: String,
    /// What was seen that speaks for it.
    pub evidence: Vec<String>,
    pub remedy: Remedy,
}

/// What an error text says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recognition {
    /// The best first.
    pub diagnoses: Vec<Diagnosis>,
    /// Values in a pasted command that cannot be right.
    pub values: Vec<String>,
    /// Codes of Entra's that stand for none of the failures with a number.
    pub codes: Vec<EntraCode>,
}

impl Recognition {
    /// Whether nothing in the text is known.
    pub fn is_empty(&self) -> bool {
        self.diagnoses.is_empty() && self.values.is_empty() && self.codes.is_empty()
    }
}

/// A code that the token service gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntraCode {
    /// The number behind `AADSTS`.
    pub code: u32,
    /// `None` where Accredit does not know it.
    pub meaning: Option<&'static str>,
    /// What to do, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<&'static str>,
}

/// What came of looking at one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum ExaminationState {
    Passed,
    /// It failed in a way that may pass by itself: what was written a short while ago is not known everywhere yet.
    Waiting,
    Failed,
    /// It was not looked at, for want of something or because it does not matter here.
    Skipped {
        because: String,
    },
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Examination {
    pub stage: Stage,
    #[serde(flatten)]
    pub state: ExaminationState,
    /// What was seen.
    pub evidence: Vec<String>,
    /// What is worth knowing and stands in nobody's way.
    pub notes: Vec<String>,
}

/// One application, looked at from its key to what Exchange answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExaminedApplication {
    pub handle: String,
    pub display_name: String,
    /// `None` where the tenant has no such application.
    pub app_id: Option<String>,
    pub examinations: Vec<Examination>,
    /// Why something failed: the first explains the rest.
    pub diagnoses: Vec<Diagnosis>,
}

impl ExaminedApplication {
    /// Whether nothing failed and nothing is waited for.
    pub fn is_healthy(&self) -> bool {
        self.examinations.iter().all(|examination| match examination.state {
            ExaminationState::Passed | ExaminationState::Skipped { .. } => true,
            ExaminationState::Waiting | ExaminationState::Failed => false,
        })
    }
}
