//! How far a certificate has come on its way from one generation to the next.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Address, Thumbprint};

/// A declared certificate that is being followed by another one, or that somebody has to do something about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rotation {
    pub address: Address,
    /// Oldest first.
    pub generations: Vec<Generation>,
    /// Who signs in with it and has to take the new one, as the manifest says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// What to know or to do, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A declared certificate with all of its generations, whether or not there is anything to say of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateLife {
    pub address: Address,
    /// Oldest first.
    pub generations: Vec<Generation>,
    /// From when on a plan has the last of them followed by another one; absent where nobody here makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed_from: Option<Timestamp>,
}

/// One certificate of several that follow each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Generation {
    pub state: GenerationState,
    /// SHA-1; absent where the certificate is still to be made or signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbprint: Option<Thumbprint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// From when on it is removed from the application, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_from: Option<Timestamp>,
}

/// What a certificate is in its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GenerationState {
    /// The one to sign in with.
    Active,
    /// It takes over as soon as it is on the application and has signed in.
    Next,
    /// Another one has taken over; it still works until it is removed.
    Retiring,
    /// Its end has passed.
    Expired,
    /// An authority has yet to sign it.
    Requested,
}

impl GenerationState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Next => "next",
            Self::Retiring => "retiring",
            Self::Expired => "expired",
            Self::Requested => "requested",
        }
    }
}
