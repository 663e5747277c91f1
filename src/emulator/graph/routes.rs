//! The map of what is served: from the segments of a path, in lower case, to what answers.

use super::{
    super::{refusal::Refusal, world::text},
    Answer, Request, administrative_units, applications, assignments, deleted, delta, directory, directory_roles,
    domains, exchange_roles, extensions, federated, grants, groups, keys, memberships, objects, owners, ownership,
    policies, roles, secrets, service_principals, unlicensed, unserved, users,
};

/// What is served. An action may also be written with the namespace before it.
pub(super) fn route(request: &Request<'_>, names: &[&str]) -> Result<Answer, Refusal> {
    let last = names.len().saturating_sub(1);
    let mut names = names.to_vec();
    if let Some(name) = names.get_mut(last).filter(|_| last == 2 || (last == 1)) {
        *name = name.strip_prefix("microsoft.graph.").filter(|name| ACTIONS.contains(name)).unwrap_or(name);
    }
    match *names {
        [set @ ("applications" | "serviceprincipals" | "users" | "groups"), ref rest @ ..] => match set {
            "applications" => of_applications(request, rest),
            "serviceprincipals" => of_service_principals(request, rest),
            "users" => of_users(request, rest),
            _ => of_groups(request, rest),
        }
        .unwrap_or_else(|| Err(unserved::unknown(request, &names))),
        ["oauth2permissiongrants"] => grants::collection(request),
        ["oauth2permissiongrants", "delta" | "delta()"] => Err(Refusal::unsupported_query()),
        ["oauth2permissiongrants", _] => grants::one(request),
        ["rolemanagement", "directory", "roledefinitions"] => roles::definitions(request),
        ["rolemanagement", "directory", "roledefinitions", _] => roles::definition(request),
        ["rolemanagement", "directory", "roleassignments"] => roles::assignments(request),
        ["rolemanagement", "directory", "roleassignments", _] => roles::assignment(request),
        ["rolemanagement", "directory", schedule, ..] if unlicensed::is_privileged(schedule) => {
            Err(unlicensed::privileged())
        }
        ["rolemanagement", "exchange", ref rest @ ..] => exchange_roles::serve(request, rest),
        ["directoryroletemplates"] => directory_roles::templates(request),
        ["directoryroletemplates", _] => directory_roles::template(request),
        ["directoryroles"] => directory_roles::collection(request),
        ["directoryroles", _] => directory_roles::one(request),
        ["directoryroles", _, "members", "$ref"] => directory_roles::member_references(request),
        ["directoryroles", _, "members"] => directory_roles::members(request),
        ["directoryroles", _, "members", _] if request.cast(3).is_ok() => directory_roles::members(request),
        ["directoryroles", _, "scopedmembers"] => directory_roles::scoped_members(request),
        ["directoryroles", _, "members", _, "$ref"] => directory_roles::member_reference(request),
        ["administrativeunits", ref rest @ ..] if request.version == "beta" => {
            of_units(request, rest).unwrap_or_else(|| Err(unserved::unknown(request, &names)))
        }
        ["directory", "administrativeunits", ref rest @ ..] => {
            of_units(request, rest).unwrap_or_else(|| Err(unserved::unknown(request, &names)))
        }
        ["policies", "defaultappmanagementpolicy"] => policies::the_default(request),
        ["policies", "appmanagementpolicies"] => policies::collection(request),
        ["policies", "appmanagementpolicies", _] => policies::one(request),
        ["policies", "appmanagementpolicies", _, "appliesto"] => policies::applies_to(request),
        ["policies", kind] if unserved::is_policy(kind) => unserved::no_policies(request, 1),
        ["policies", "activitybasedtimeoutpolicies"] => unlicensed::timeout_policies(request),
        ["subscribedskus"] => unlicensed::licences(request),
        ["groupsettings"] => unlicensed::group_settings(request),
        ["auditlogs", "signins", ..] => Err(unlicensed::sign_ins()),
        ["organization"] => directory::organizations(request),
        ["organization", _] => directory::organization(request),
        ["domains"] => domains::collection(request),
        ["domains", _] => domains::one(request),
        ["domains", _, "verify"] => domains::verify(request),
        ["domains", _, "verificationdnsrecords"] => domains::verification_records(request),
        ["directoryobjects", "getbyids"] => directory::get_by_ids(request),
        ["directoryobjects", "getavailableextensionproperties"] => extensions::available(request),
        ["directoryobjects", "delta" | "delta()"] => {
            Err(Refusal::new(400, "Request_UnsupportedQuery", "Delta query is not supported for this resource."))
        }
        ["directoryobjects", _] => directory::object(request),
        ["directoryobjects", _, action] => {
            memberships_of(request, action).unwrap_or_else(|| Err(unserved::unknown(request, &names)))
        }
        ["directory", "deleteditems", cast] if cast.starts_with("microsoft.graph.") => {
            request.cast(2)?;
            deleted::list(request)
        }
        ["directory", "deleteditems", _] => deleted::one(request),
        ["directory", "deleteditems", _, "restore" | "microsoft.graph.restore"] => deleted::restore(request),
        ["directoryobjects"] | ["directory", "deleteditems"] => Err(Refusal::new(
            400,
            "Request_UnsupportedQuery",
            "Searches against this resource are not supported. Only specific instances can be queried.",
        )),
        ["approleassignments" | "certificatebasedauthconfiguration", ..] => Err(Refusal::new(
            400,
            "Request_UnsupportedQuery",
            "Direct queries to this resource type are not supported.",
        )),
        ["applicationtemplates", ..] => Err(unserved::not_supported()),
        ["me", ..] => Err(Refusal::malformed("/me request is only valid with delegated authentication flow.")),
        _ => Err(unserved::unknown(request, &names)),
    }
}

/// Actions that clients may write with the namespace before them.
const ACTIONS: &[&str] = &[
    "addkey",
    "addpassword",
    "checkmembergroups",
    "checkmemberobjects",
    "delta",
    "delta()",
    "getavailableextensionproperties",
    "getbyids",
    "getmembergroups",
    "getmemberobjects",
    "removekey",
    "removepassword",
    "revokesigninsessions",
    "setverifiedpublisher",
    "unsetverifiedpublisher",
    "verify",
];

type Routed = Option<Result<Answer, Refusal>>;

/// What applications and service principals have alike, after `/applications`.
fn of_holders(request: &Request<'_>, rest: &[&str]) -> Routed {
    Some(match *rest {
        [_, "addpassword"] => secrets::add(request),
        [_, "removepassword"] => secrets::remove(request),
        [_, "addkey"] => keys::add(request),
        [_, "removekey"] => keys::remove(request),
        [_, "owners", "$ref"] => owners::references(request),
        [_, "owners"] => owners::list(request),
        [_, "owners", _] if request.cast(3).is_ok() => owners::list(request),
        [_, "owners", _, "$ref"] => owners::reference(request),
        [_, "appmanagementpolicies"] => policies::of_object(request),
        [_, "appmanagementpolicies", "$ref"] => policies::assign(request),
        [_, "appmanagementpolicies", _, "$ref"] => policies::withdraw(request),
        [_, kind] if unserved::is_policy(kind) => unserved::no_policies(request, 2),
        [_, "checkmembergroups" | "checkmemberobjects"] => memberships::check(request),
        [_, "getmembergroups" | "getmemberobjects"] => memberships::get(request),
        _ => return None,
    })
}

fn of_applications(request: &Request<'_>, rest: &[&str]) -> Routed {
    Some(match *rest {
        [] => applications::collection(request),
        ["delta" | "delta()"] => delta::changes(request, &objects::APPLICATIONS),
        [_] => applications::one(request),
        [_, "federatedidentitycredentials"] => federated::collection(request),
        [_, "federatedidentitycredentials", _] => federated::one(request),
        [_, "extensionproperties"] => extensions::collection(request),
        [_, "extensionproperties", _] => extensions::one(request),
        [_, "setverifiedpublisher"] => unserved::set_verified_publisher(request),
        [_, "unsetverifiedpublisher"] => unserved::unset_verified_publisher(request),
        [_, "logo" | "synchronization", ..] => Err(unserved::not_supported()),
        _ => return of_holders(request, rest),
    })
}

fn of_service_principals(request: &Request<'_>, rest: &[&str]) -> Routed {
    Some(match *rest {
        [] => service_principals::collection(request),
        ["delta" | "delta()"] => delta::changes(request, &objects::SERVICE_PRINCIPALS),
        [_] => service_principals::one(request),
        [_, "approleassignments" | "approleassignedto"] => assignments::collection(request),
        [_, "approleassignments" | "approleassignedto", _] => assignments::one(request),
        [_, "oauth2permissiongrants"] => grants::of_client(request),
        [_, "ownedobjects", ..] => ownership::owned(request),
        [_, "createdobjects", ..] => ownership::created(request),
        [_, "synchronization", ..] => Err(unserved::not_supported()),
        _ => return of_members(request, rest).or_else(|| of_holders(request, rest)),
    })
}

fn of_users(request: &Request<'_>, rest: &[&str]) -> Routed {
    Some(match *rest {
        [] => users::collection(request),
        ["delta" | "delta()"] => delta::changes(request, &objects::USERS),
        [_] => users::one(request),
        [_, "revokesigninsessions"] => users::revoke_sessions(request),
        [_, "manager"] => users::manager(request),
        [_, "manager", "$ref"] => users::manager_reference(request),
        [_, "directreports"] => users::direct_reports(request),
        [_, "scopedrolememberof"] => users::find(request)
            .and_then(|user| administrative_units::scoped_of(request, "principalId", text(user, "id"))),
        [_, "approleassignments"] => assignments::collection(request),
        [_, "approleassignments", _] => assignments::one(request),
        [_, "oauth2permissiongrants"] => grants::of_client(request),
        [_, "ownedobjects", ..] => ownership::owned(request),
        [_, "createdobjects", ..] => ownership::created(request),
        _ => return of_members(request, rest),
    })
}

fn of_groups(request: &Request<'_>, rest: &[&str]) -> Routed {
    Some(match *rest {
        [] => groups::collection(request),
        ["delta" | "delta()"] => delta::changes(request, &objects::GROUPS),
        [_] => groups::one(request),
        [_, "members", "$ref"] => groups::member_references(request),
        [_, "members"] => memberships::members(request, false),
        [_, "members", _] if request.cast(3).is_ok() => memberships::members(request, false),
        [_, "members", _, "$ref"] => groups::member_reference(request),
        [_, "transitivemembers"] => memberships::members(request, true),
        [_, "transitivemembers", _] if request.cast(3).is_ok() => memberships::members(request, true),
        [_, "owners", "$ref"] => owners::references(request),
        [_, "owners"] => owners::list(request),
        [_, "owners", _] if request.cast(3).is_ok() => owners::list(request),
        [_, "owners", _, "$ref"] => owners::reference(request),
        [_, "approleassignments"] => assignments::collection(request),
        [_, "approleassignments", _] => assignments::one(request),
        _ => return of_members(request, rest),
    })
}

/// After `/directory/administrativeUnits`.
fn of_units(request: &Request<'_>, rest: &[&str]) -> Routed {
    Some(match *rest {
        [] => administrative_units::collection(request),
        ["delta" | "delta()"] => delta::changes(request, &objects::UNITS),
        [_] => administrative_units::one(request),
        [_, "members"] => administrative_units::members(request),
        [_, "members", "$ref"] => administrative_units::member_references(request),
        [_, "members", _] => administrative_units::member(request, false),
        [_, "members", _, "$ref"] => administrative_units::member(request, true),
        [_, "scopedrolemembers"] => administrative_units::scoped_role_members(request),
        [_, "scopedrolemembers", _] => administrative_units::scoped_role_member(request),
        _ => return None,
    })
}

/// What users, groups and service principals can be asked about their memberships.
fn of_members(request: &Request<'_>, rest: &[&str]) -> Routed {
    match *rest {
        [_, action] => memberships_of(request, action),
        [_, action @ ("memberof" | "transitivememberof"), _] if request.cast(3).is_ok() => {
            memberships_of(request, action)
        }
        _ => None,
    }
}

/// What any member of something can be asked, after `/users/{id}`.
fn memberships_of(request: &Request<'_>, action: &str) -> Routed {
    Some(match action {
        "memberof" => memberships::member_of(request, false),
        "transitivememberof" => memberships::member_of(request, true),
        "checkmembergroups" | "checkmemberobjects" => memberships::check(request),
        "getmembergroups" | "getmemberobjects" => memberships::get(request),
        _ => return None,
    })
}
