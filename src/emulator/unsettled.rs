//! Answers that neither documentation nor recordings settle, and that a client may depend on: what they are is a setting.

use serde::{Deserialize, Serialize};

/// How open questions are answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object with `addKeyNames`, `endedKeys` and `complianceApi`"
)]
pub struct Unsettled {
    /// Whether `addKey` keeps the `keyId`, the name and the dates that the caller sends.
    pub add_key_names: AddKeyNames,
    /// Whether a list of keys may be written that still holds one whose end has passed.
    pub ended_keys: EndedKeys,
    /// Whose app roles a token for Security & Compliance holds.
    pub compliance_api: ComplianceApi,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ComplianceApi {
    /// Exchange Online Protection's in the clouds of the US government, Exchange Online's elsewhere.
    #[default]
    OfCloud,
    ExchangeOnline,
    ExchangeOnlineProtection,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AddKeyNames {
    #[default]
    Kept,
    /// They are made and taken from the certificate, whatever is sent.
    Ignored,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndedKeys {
    #[default]
    Kept,
    /// `KeyCredentialsInvalidEndDate`, as some have reported.
    Refused,
}
