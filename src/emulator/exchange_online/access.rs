//! Who may do what: the app role in the token lets in, a directory role or a role of Exchange's own says how far.

use std::collections::BTreeSet;

use super::{
    super::world::{Collection, View, text, texts},
    Request, Service,
    cmdlets::Cmdlet,
    compliance, role_assignments, role_groups,
    roles::{self, GROUPS},
};

/// An application, by its token.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) service_principal: String,
    pub(crate) app_roles: Vec<String>,
    pub(crate) directory_roles: Vec<String>,
}

/// Why a caller does not even get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The token has not the app role.
    Unauthorized,
    /// No role that Exchange accepts.
    Forbidden,
}

/// The directory roles that Exchange accepts of an application, and the role group that each amounts to.
const DIRECTORY_ROLES: [(&str, &str); 8] = [
    ("62e90394-69f5-4237-9190-012177145e10", "Organization Management"),
    ("29232cdf-9323-42fd-ade2-1d097af3e4de", "Organization Management"),
    ("31392ffb-586c-42d1-9346-e59415a2cc4e", "Recipient Management"),
    ("17315797-102d-40b4-93e0-432062caca18", "Compliance Management"),
    ("f2ef992c-3afb-46b9-b7cf-a126ee74c451", "View-Only Organization Management"),
    ("729827e3-9c14-49f7-bb1b-9608f156bbb8", "Help Desk"),
    ("194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator"),
    ("5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader"),
];

/// The ladder that every caller climbs: the app role first, then any role.
pub(crate) fn admit(seen: View<'_>, service: Service, caller: &Caller, app_role: &str) -> Result<(), Closed> {
    if !caller.app_roles.iter().any(|role| role == app_role) {
        return Err(Closed::Unauthorized);
    }
    if held(seen, service, caller).is_empty() { Err(Closed::Forbidden) } else { Ok(()) }
}

/// The management roles that a caller holds, by whichever way.
fn held(seen: View<'_>, service: Service, caller: &Caller) -> BTreeSet<String> {
    if service == Service::SecurityAndCompliance {
        return compliance::held(&caller.directory_roles);
    }
    let own = caller.service_principal.as_str();
    let by_directory = DIRECTORY_ROLES
        .iter()
        .filter(|(template, _)| caller.directory_roles.iter().any(|role| role == template))
        .map(|(_, group)| (*group).to_owned());
    let by_membership = role_groups::stored(seen)
        .filter(|group| texts(group, "members").any(|member| member == own))
        .map(|group| text(group, "name").to_owned());
    let groups: BTreeSet<String> = by_directory.chain(by_membership).collect();
    let mut held: BTreeSet<String> = GROUPS
        .iter()
        .filter(|group| groups.contains(group.name))
        .flat_map(|group| roles::of_group(group).into_iter().map(str::to_owned))
        .collect();
    held.extend(
        role_assignments::live(seen)
            .filter(|assignment| text(assignment, "principalId") == own)
            .map(|assignment| text(assignment, "role").to_owned())
            // Application roles give access to mailboxes, not to cmdlets.
            .filter(|role| !role.starts_with("Application ")),
    );
    held
}

/// Whether one of the caller's roles holds this cmdlet.
pub(super) fn permits(request: &Request<'_>, cmdlet: &Cmdlet) -> bool {
    let held = held(request.seen, request.service, request.caller);
    cmdlet.roles.iter().any(|role| held.contains(*role))
}

/// Whether an application is there under this id.
pub(super) fn is_application(seen: View<'_>, id: &str) -> bool {
    seen.get(Collection::ServicePrincipals, id).is_some()
}
