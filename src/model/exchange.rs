//! Roles of Exchange's own: what the manifests declare, and what was found.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Named, Place};

/// What an application may do by roles of Exchange's own. `None` means "not managed", an empty list means "none".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesiredExchange {
    /// Roles given to the application itself.
    pub roles: Option<Vec<DesiredExchangeRole>>,
    /// Exchange's own role groups that it is a member of, sorted by name.
    pub role_groups: Option<Vec<DesiredRoleGroup>>,
}

impl DesiredExchange {
    /// Whether anything is to be given.
    pub fn is_some(&self) -> bool {
        self.roles.iter().flatten().next().is_some() || self.role_groups.iter().flatten().next().is_some()
    }
}

/// One role of Exchange's own, sorted by role and scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredExchangeRole {
    pub place: Place,
    /// The catalog's spelling where it knows the role, or what the manifest says.
    pub role: String,
    pub scope: ExchangeScope,
    pub scope_place: Place,
}

/// One role group, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredRoleGroup {
    pub place: Place,
    /// The catalog's spelling where it knows the group, or what the manifest says.
    pub name: String,
}

/// The mailboxes for which a role of Exchange's own holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExchangeScope {
    #[default]
    Organization,
    /// Those that a filter in Exchange's OPATH fits.
    RecipientFilter(String),
    /// The members of an administrative unit, by display name or id.
    AdministrativeUnit(String),
    /// The direct members of a group, by display name or id.
    Group(String),
    /// One user, by user principal name or id.
    User(String),
}

impl ExchangeScope {
    /// As a manifest writes it: the key and what stands behind it. `None` for the whole organization.
    pub fn written(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Organization => None,
            Self::RecipientFilter(text) => Some(("recipientFilter", text)),
            Self::AdministrativeUnit(text) => Some(("administrativeUnit", text)),
            Self::Group(text) => Some(("group", text)),
            Self::User(text) => Some(("user", text)),
        }
    }
}

/// What was found of Exchange's own roles, as far as the manifests declare any.
#[derive(Clone, Debug, Default)]
pub struct ObservedExchange {
    pub role_definitions: Vec<Named>,
    /// Every `customAppScope` of the tenant, which Exchange calls management scope.
    pub scopes: Vec<ObservedExchangeScope>,
    /// The objects that have the names which scopes are declared by.
    pub places: BTreeMap<ExchangeScope, Vec<Named>>,
    /// The names of what found roles hold for, by their directory scopes in lower case.
    pub scope_names: BTreeMap<String, String>,
    /// Why none of the above could be read, where roles are declared.
    pub roles_unread: Option<Unread>,
    /// What the admin endpoint said; `None` where no role group is declared and nobody asked, and where it said nothing.
    pub organization: Option<ObservedOrganization>,
    /// Why the admin endpoint said nothing, where role groups are declared.
    pub role_groups_unread: Option<Unread>,
}

/// Why something could not be read. What was not seen is not planned, and all the rest can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Such as `Exchange's role groups`.
    pub what: &'static str,
    /// In few words, which are the same each time.
    pub brief: String,
    /// The whole of it, with the request-id.
    pub error: String,
    /// What helps.
    pub hint: String,
}

impl Unread {
    /// What a plan says of it.
    pub fn notice(&self) -> String {
        let Self { what, brief, error: _, hint } = self;
        format!("{what} could not be read ({brief}), so nothing of them is planned: {hint}")
    }
}

impl ObservedExchange {
    /// What was to be read and could not be.
    pub fn unread(&self) -> impl Iterator<Item = &Unread> {
        self.roles_unread.iter().chain(&self.role_groups_unread)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedExchangeScope {
    pub id: String,
    pub display_name: String,
    pub recipient_filter: String,
    /// Scopes of this sort restrict administrators and no application.
    pub is_exclusive: bool,
}

/// One role of Exchange's own that an application was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedExchangeRoleAssignment {
    pub id: String,
    pub role_definition_id: String,
    pub scope: ObservedScope,
}

/// Where an assignment holds, as Graph says it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObservedScope {
    /// `/`, or an object's kind and id, such as `/Groups/{id}`.
    Directory(String),
    /// The id of a `customAppScope`.
    App(String),
}

/// The right for want of which Exchange's admin endpoint refuses a cmdlet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Denial {
    /// The token has not the app role `Exchange.ManageAsApp`: 401 without words.
    NoPermission,
    /// None of its roles is one that Exchange accepts: 403 without words.
    NoRole,
    /// No role holds the cmdlet: 401 that says so.
    CmdletNotHeld,
}

/// What Exchange's admin endpoint said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedOrganization {
    /// Whether Exchange refuses changes to its roles until somebody ran `Enable-OrganizationCustomization`, once.
    pub is_dehydrated: bool,
    /// What the operator may run.
    pub cmdlets: BTreeSet<String>,
    /// The service principals that Exchange knows of, by appId.
    pub service_principals: BTreeMap<String, ObservedExchangeServicePrincipal>,
    pub role_groups: Vec<ObservedRoleGroup>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedExchangeServicePrincipal {
    /// The id of the service principal in Entra.
    pub object_id: String,
    pub display_name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedRoleGroup {
    pub name: String,
    /// Ids in Entra, in lower case.
    pub members: BTreeSet<String>,
}
