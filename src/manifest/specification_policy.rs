//! Policies as a user writes them.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::specification_certificate::KeySpecification;

/// One policy: a level, and one thing that it asks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PolicySpecification {
    /// What becomes of a run that is not in line with it.
    pub level: PolicyLevelSpecification,
    /// Permissions that no application has or asks for.
    pub forbidden_permissions: Option<Vec<ForbiddenPermissionsSpecification>>,
    /// Directory roles that neither applications nor users are given, by name, former name or template id.
    #[schemars(example = json!(["Global Administrator", "Privileged Role Administrator"]))]
    pub forbidden_roles: Option<Vec<String>>,
    /// How long a certificate may live, and a client secret that is found.
    #[schemars(example = &"180d")]
    pub maximum_lifetime: Option<String>,
    /// The least key of a certificate.
    pub minimum_key_size: Option<KeySpecification>,
    /// How many owners every application has at least.
    #[schemars(example = 2, extend("minimum" = 1))]
    pub minimum_owners: Option<u32>,
    /// `true`: no application has a client secret.
    pub certificates_only: Option<bool>,
    /// `true`: personal Microsoft accounts sign in to no application.
    pub no_personal_accounts: Option<bool>,
    /// A regular expression that every handle matches from its beginning to its end.
    #[schemars(example = &"(exo|spo)-[a-z-]+")]
    pub handle_pattern: Option<String>,
    /// A regular expression that every application's `displayName` matches from its beginning to its end.
    #[schemars(example = &"(EXO|SPO) .+")]
    pub display_name_pattern: Option<String>,
    /// Tags that every application has. One that ends in `*` stands for every tag that begins so.
    #[schemars(example = json!(["team:*"]))]
    pub required_tags: Option<Vec<String>>,
}

/// What becomes of a run that is not in line with a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum PolicyLevelSpecification {
    /// It is shown.
    Warn,
    /// For permissions and roles: giving one takes `accredit apply --approve NAME`, with the policy's name.
    Approval,
    /// `validate` and `plan` end with 1 after they have shown everything, and `apply` refuses.
    Deny,
}

/// Permissions of one API.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ForbiddenPermissionsSpecification {
    /// The API by name, usual short name or appId.
    #[schemars(example = &"Microsoft Graph")]
    pub api: String,
    /// Application permissions (app roles) by name or id.
    #[schemars(example = json!(["RoleManagement.ReadWrite.Directory"]))]
    pub application: Option<Vec<String>>,
    /// Delegated permissions (OAuth2 scopes) by name or id.
    pub delegated: Option<Vec<String>>,
}
