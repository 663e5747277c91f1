//! Applications as a list of all has them: what tells them apart, and their credentials.

use jiff::Timestamp;
use serde::Serialize;

/// One application as a list of all has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedApplication {
    /// The object id.
    pub id: String,
    pub app_id: String,
    pub display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    #[serde(skip)]
    pub tags: Vec<String>,
    /// The estate whose tag it carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estate: Option<String>,
    pub credentials: Vec<ListedCredential>,
}

/// A credential of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedCredential {
    /// `certificate` or `secret`.
    pub kind: &'static str,
    pub key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
}
