//! What a user writes, as types: the JSON Schema is generated from them, descriptions and examples included.
//!
//! Values that need a place when they are wrong (names, periods, scopes) stay texts here and are read while lowering.
//! `x-secret` and `x-notYet` in the schema are hints to our own check ([`super::shape`]); editors ignore them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::specification_certificate::{
    CertificateSpecification, ExpirySpecification, ForeignCredentialsSpecification, StoreSpecification,
};
use super::specification_exchange::ExchangeSpecification;
use super::specification_policy::PolicySpecification;

/// What an estate of app-only identities in one Microsoft Entra tenant shall look like. Several files make one estate.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(title = "Accredit manifest")]
pub(super) struct ManifestSpecification {
    /// A domain of the tenant or the tenant's id. One of the estate's files must say it.
    #[schemars(example = &"contoso.onmicrosoft.com", example = &"36ee4c6c-0812-40a2-b820-b22ebd02bce3")]
    pub tenant: Option<String>,
    /// The Microsoft cloud that the tenant lives in. Default: `global`.
    pub cloud: Option<CloudSpecification>,
    /// How Accredit signs in. Default: the first way that is set up, as docs/signing-in.md says. `--auth` and the variable
    /// `ACCREDIT_AUTH` go before it.
    pub auth: Option<AuthenticationSpecification>,
    /// The name of the estate. A tag with it marks the applications that these manifests manage. One of the estate's
    /// files must say it. 1 to 64 letters, digits, `.`, `_` or `-`.
    #[schemars(example = &"messaging-team", extend("pattern" = "^[A-Za-z0-9._-]{1,64}$"))]
    pub estate: Option<String>,
    /// Settings for every application that does not say otherwise.
    pub defaults: Option<DefaultsSpecification>,
    /// Applications by handle. A handle becomes the application's `uniqueName` and so never changes: 1 to 64
    /// lower-case letters, digits, `-`, `_` or `.`, beginning with a letter or digit.
    #[schemars(extend("propertyNames" = json!({"pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"})))]
    pub applications: Option<BTreeMap<String, ApplicationSpecification>>,
    /// Directory roles of users. Nothing else of these users is managed.
    pub role_assignments: Option<Vec<RoleAssignmentSpecification>>,
    /// Applications that got another handle. They keep their appId, their keys and all they hold.
    #[schemars(example = json!([{"from": "exo", "to": "exo-automation"}]))]
    pub moved: Option<Vec<MovedSpecification>>,
    /// Applications that have left these manifests, and what becomes of them. Without it they are deleted.
    #[schemars(example = json!([{"handle": "exo-automation", "destroy": false}]))]
    pub removed: Option<Vec<RemovedSpecification>>,
    /// What is asked of the estate, by names of your own: policies that a run has to be in line with, as docs/policy.md says.
    #[schemars(extend("propertyNames" = json!({"pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"})))]
    pub policy: Option<BTreeMap<String, PolicySpecification>>,
}

/// A Microsoft cloud; each has its own hosts and tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum CloudSpecification {
    /// Worldwide, GCC included.
    Global,
    /// US Government L4: GCC High.
    UsGovL4,
    /// US Government L5: the Department of Defense.
    UsGovL5,
    /// Operated by 21Vianet.
    China,
    /// Another one; `--cloud-file` says where it is.
    Custom,
}

/// A way of signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum AuthenticationSpecification {
    /// The token in `ACCREDIT_ACCESS_TOKEN`.
    AccessToken,
    /// An application's secret or certificate, from `AZURE_CLIENT_ID` and its like.
    Environment,
    /// An application by a token of GitHub Actions, Azure Pipelines or Kubernetes.
    WorkloadIdentity,
    /// The identity of the machine or service in Azure that this runs on.
    ManagedIdentity,
    /// Whoever is signed in to `az`.
    AzureCli,
    /// Whoever is signed in to `azd`.
    AzureDeveloperCli,
    /// Whoever is signed in to Azure PowerShell.
    AzurePowerShell,
    /// A person with a browser, who types a code.
    DeviceCode,
}

/// Settings for every application that does not say otherwise.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct DefaultsSpecification {
    /// When certificates are renewed and how long they may live. Merged key by key.
    pub expiry: Option<ExpirySpecification>,
    /// Where private keys lie. Default: `.accredit/keys` in the working directory.
    pub store: Option<StoreSpecification>,
    /// Who may sign in.
    pub sign_in_audience: Option<SignInAudienceSpecification>,
    /// Owners of the applications that declare none of their own.
    pub owners: Option<Vec<OwnerSpecification>>,
    /// What becomes of credentials that somebody else put on an application.
    pub foreign_credentials: Option<ForeignCredentialsSpecification>,
}

/// One application registration with its service principal, certificates, permissions and roles. A key that is absent
/// is not managed; `[]` means none.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ApplicationSpecification {
    /// The name people see, at most 120 characters.
    // Optional here so that an application without a name is still checked in everything else.
    #[schemars(required, example = &"EXO PowerShell automated")]
    pub display_name: Option<String>,
    /// What the application is for.
    pub description: Option<String>,
    /// Notes for those who administer it.
    pub notes: Option<String>,
    /// Who may sign in. App-only access needs `AzureADMyOrg`.
    pub sign_in_audience: Option<SignInAudienceSpecification>,
    /// Tags, each of 1 to 256 characters without white space. Accredit's own, which begin with `accredit:`, are not
    /// written here.
    #[schemars(example = json!(["team:messaging"]))]
    pub tags: Option<Vec<String>>,
    /// Who may change the application: users by user principal name, service principals by name or appId.
    #[schemars(example = json!(["zoe.howard@contoso.onmicrosoft.com", {"servicePrincipal": "Deployment"}]))]
    pub owners: Option<Vec<OwnerSpecification>>,
    /// Settings of the web platform. App-only access needs none.
    pub web: Option<WebSpecification>,
    /// Permissions of APIs. The list is the whole truth: others are taken away.
    pub permissions: Option<Vec<PermissionsSpecification>>,
    /// Certificates by name. The names are yours; they tell certificates of one application apart.
    #[schemars(extend("propertyNames" = json!({"pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"})))]
    pub certificates: Option<BTreeMap<String, CertificateSpecification>>,
    /// Directory roles of the application's service principal. Exchange reads from them what a session may do.
    #[schemars(example = json!(["Exchange Administrator"]))]
    pub roles: Option<Vec<RoleSpecification>>,
    /// Roles of Exchange's own, which allow less than a directory role does.
    pub exchange: Option<ExchangeSpecification>,
    /// When certificates are renewed and how long they may live.
    pub expiry: Option<ExpirySpecification>,
    /// What becomes of credentials that somebody else put on this application. Default: `report`.
    pub foreign_credentials: Option<ForeignCredentialsSpecification>,
    /// `true` refuses every plan that would delete this application. Default: `false`.
    pub protect: Option<bool>,
    /// Fields that somebody else looks after: a new application gets what is declared, and afterwards they are neither compared
    /// nor written.
    #[schemars(example = json!(["notes", "owners"]))]
    pub ignore: Option<Vec<IgnoredSpecification>>,
}

/// A field that somebody else looks after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum IgnoredSpecification {
    DisplayName,
    Description,
    Notes,
    SignInAudience,
    Tags,
    Owners,
    RedirectUris,
}

/// An application that got another handle.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct MovedSpecification {
    /// The handle that it had.
    #[schemars(example = &"exo")]
    pub from: String,
    /// The handle under which `applications` declares it now.
    #[schemars(example = &"exo-automation")]
    pub to: String,
}

/// An application that has left the manifests.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RemovedSpecification {
    /// The handle that it had.
    #[schemars(example = &"exo-automation")]
    pub handle: String,
    /// `false` lets go of it: it stays and works, and belongs to the estate no more. `true` deletes it. Default: `false`.
    pub destroy: Option<bool>,
}

/// Who may sign in to an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub(super) enum SignInAudienceSpecification {
    /// This tenant only.
    #[serde(rename = "AzureADMyOrg")]
    MyOrg,
    /// Every Microsoft Entra tenant.
    #[serde(rename = "AzureADMultipleOrgs")]
    MultipleOrgs,
    /// Every Microsoft Entra tenant and personal Microsoft accounts.
    #[serde(rename = "AzureADandPersonalMicrosoftAccount")]
    AndPersonalMicrosoftAccount,
    /// Personal Microsoft accounts only.
    #[serde(rename = "PersonalMicrosoftAccount")]
    PersonalMicrosoftAccount,
}

/// A user by user principal name, or what kind of owner it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum OwnerSpecification {
    Text(String),
    Reference(OwnerReferenceSpecification),
}

/// One owner: either a user or a service principal.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub(super) struct OwnerReferenceSpecification {
    /// A user principal name.
    #[schemars(example = &"zoe.howard@contoso.onmicrosoft.com")]
    pub user: Option<String>,
    /// A service principal's display name or appId.
    pub service_principal: Option<String>,
}

/// Settings of the web platform.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct WebSpecification {
    /// Where sign-in answers may be sent: `https://…`, or `http://localhost`.
    pub redirect_uris: Option<Vec<String>>,
}

/// Permissions of one API.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PermissionsSpecification {
    /// The API by name, usual short name or appId.
    #[schemars(example = &"Office 365 Exchange Online", example = &"Microsoft Graph")]
    pub api: String,
    /// Application permissions (app roles) by name or id.
    #[schemars(example = json!(["Exchange.ManageAsApp"]))]
    pub application: Option<Vec<String>>,
    /// Delegated permissions (OAuth2 scopes) by name or id.
    #[schemars(example = json!(["User.Read"]))]
    pub delegated: Option<Vec<String>>,
    /// Whether admin consent is given for the whole tenant. Default: `granted`.
    pub consent: Option<ConsentSpecification>,
}

/// Whether admin consent is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum ConsentSpecification {
    /// Given for the whole tenant.
    Granted,
    /// Not given: the permission is only asked for.
    None,
}

/// A role by name, or with its scope and reason.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum RoleSpecification {
    Text(String),
    Assignment(RoleReferenceSpecification),
}

/// One directory role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RoleReferenceSpecification {
    /// The role by name, former name or template id.
    #[schemars(example = &"Exchange Administrator")]
    pub role: String,
    /// Where the role holds: `/` is the whole tenant (the default), `/administrativeUnits/{id}` or `/{object id}` a
    /// part of it.
    #[schemars(example = &"/")]
    pub scope: Option<String>,
    /// Why the role is needed, for those who review the plan.
    pub justification: Option<String>,
}

/// One directory role of one user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RoleAssignmentSpecification {
    /// The user by user principal name.
    #[schemars(example = &"amelia.nash@contoso.onmicrosoft.com")]
    pub user: String,
    /// The role by name, former name or template id.
    #[schemars(example = &"Global Reader")]
    pub role: String,
    /// Where the role holds. Default: `/`, the whole tenant.
    pub scope: Option<String>,
    /// Why the role is needed, for those who review the plan.
    pub justification: Option<String>,
}
