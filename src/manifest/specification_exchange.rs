//! What a user writes about Exchange's own roles, as types.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// Roles of Exchange's own. A key that is absent is not managed; `[]` means none.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct ExchangeSpecification {
    /// Management roles and application roles that are given to the application itself, by Microsoft Graph (beta). The list is
    /// the whole truth: others are taken away.
    #[schemars(example = json!(["View-Only Recipients"]))]
    pub roles: Option<Vec<ExchangeRoleSpecification>>,
    /// Exchange's role groups that the application is a member of, by Exchange's admin endpoint. The list is the whole truth.
    #[schemars(example = json!(["Hygiene Management"]))]
    pub role_groups: Option<Vec<String>>,
}

/// A role by name, or with its scope.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum ExchangeRoleSpecification {
    Text(String),
    Assignment(ExchangeRoleReferenceSpecification),
}

/// One role of Exchange's own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ExchangeRoleReferenceSpecification {
    /// The role by its name in Exchange.
    #[schemars(example = &"View-Only Recipients", example = &"Application Mail.Read")]
    pub role: String,
    /// The mailboxes that the role holds for. Default: all.
    pub scope: Option<ExchangeScopeSpecification>,
}

/// The mailboxes that a role holds for, said in one way.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub(super) struct ExchangeScopeSpecification {
    /// Those that a filter fits, in Exchange's OPATH.
    #[schemars(example = &"CustomAttribute1 -eq 'reports'")]
    pub recipient_filter: Option<String>,
    /// The members of an administrative unit, by display name or id.
    pub administrative_unit: Option<String>,
    /// The direct members of a group, by display name or id. Members of groups in it do not count.
    pub group: Option<String>,
    /// One user, by user principal name or id.
    pub user: Option<String>,
}
