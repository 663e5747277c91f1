//! Paths that Graph has and the emulator has not, each refused in the service's words; and policies of kinds that no
//! tenant here has, which are empty lists.

use serde_json::json;

use super::{super::refusal::Refusal, Answer, Request, access::READ_POLICIES, secrets::holder};

/// Kinds of policies that an application or service principal may have.
const POLICIES: [&str; 4] =
    ["claimsMappingPolicies", "homeRealmDiscoveryPolicies", "tokenIssuancePolicies", "tokenLifetimePolicies"];

pub(super) fn is_policy(segment: &str) -> bool {
    POLICIES.iter().any(|policy| policy.eq_ignore_ascii_case(segment))
}

/// `/servicePrincipals/{id}/claimsMappingPolicies` and the like, and `/policies/claimsMappingPolicies`: none.
pub(super) fn no_policies(request: &Request<'_>, index: usize) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(not_supported());
    }
    request.caller.needs(READ_POLICIES)?;
    request.query.allow(&["$select", "$filter", "$top"])?;
    if index == 2 {
        holder(request)?;
    }
    let name = POLICIES.iter().find(|name| name.eq_ignore_ascii_case(request.segment(index))).unwrap_or(&"");
    Ok(Answer::ok(json!({ "@odata.context": request.context(&format!("policies/{name}")), "value": [] })))
}

/// What the service says of a path that none of its parts serves.
pub(super) fn not_supported() -> Refusal {
    Refusal::new(404, "NotFound", "Requested API is not supported. Please check the path.")
}

/// `setVerifiedPublisher`: no account of a partner is known here.
pub(super) fn set_verified_publisher(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "POST" {
        return Err(Refusal::method_not_allowed());
    }
    let (_, object) = holder(request)?;
    request.caller.may_write(object)?;
    let body = request.object()?;
    super::only(body, &["verifiedPublisherId"], "setVerifiedPublisher")?;
    let id = body.get("verifiedPublisherId").and_then(serde_json::Value::as_str).unwrap_or_default();
    Err(Refusal::new(
        400,
        "MPNAccountNotFoundOrNoAccess",
        format!("The MPN ID provided ({id}) doesn't exist, or you don't have access to it."),
    ))
}

/// `unsetVerifiedPublisher`: there is none to take away.
pub(super) fn unset_verified_publisher(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "POST" {
        return Err(Refusal::method_not_allowed());
    }
    let (_, object) = holder(request)?;
    request.caller.may_write(object)?;
    Ok(Answer::no_content(Vec::new()))
}

/// A path of which nobody knows a segment: the first such one is named.
pub(super) fn unknown(request: &Request<'_>, names: &[&str]) -> Refusal {
    let sets = [
        "administrativeunits",
        "applications",
        "directoryobjects",
        "directoryroles",
        "directoryroletemplates",
        "domains",
        "groups",
        "oauth2permissiongrants",
        "organization",
        "serviceprincipals",
        "users",
    ];
    let depth = match *names {
        [set, ..] if sets.contains(&set) => 2,
        ["directory", "deleteditems" | "administrativeunits", ..] => 3,
        ["rolemanagement", "directory", "roledefinitions" | "roleassignments", ..] => 4,
        ["rolemanagement", "directory", ..] => 2,
        ["directory" | "policies" | "rolemanagement", ..] => 1,
        _ => 0,
    };
    let last = names.len().saturating_sub(1);
    Refusal::unknown_segment(request.segment(depth.min(last)))
}
