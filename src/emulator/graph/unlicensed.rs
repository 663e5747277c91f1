//! A tenant here has bought no licence: what Graph says where one is needed, and the lists that are empty without.

use serde_json::{Value, json};

use super::{
    super::refusal::Refusal,
    Answer, Request,
    access::{READ_DIRECTORY, READ_ORGANIZATION, READ_POLICIES},
};

/// Privileged Identity Management, under `/roleManagement/directory`.
const PRIVILEGED: [&str; 6] = [
    "roleassignmentschedules",
    "roleassignmentscheduleinstances",
    "roleassignmentschedulerequests",
    "roleeligibilityschedules",
    "roleeligibilityscheduleinstances",
    "roleeligibilityschedulerequests",
];

pub(super) fn is_privileged(segment: &str) -> bool {
    PRIVILEGED.contains(&segment)
}

/// Any request to Privileged Identity Management.
pub(super) fn privileged() -> Refusal {
    Refusal::new(
        400,
        "AadPremiumLicenseRequired",
        "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
    )
}

/// Any request for the log of sign-ins.
pub(super) fn sign_ins() -> Refusal {
    Refusal::new(
        403,
        "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
        "Neither tenant is B2C or tenant doesn't have premium license",
    )
}

/// `/subscribedSkus`: no licences.
pub(super) fn licences(request: &Request<'_>) -> Result<Answer, Refusal> {
    nothing(request, "subscribedSkus", READ_ORGANIZATION)
}

/// `/groupSettings`: nobody has made any.
pub(super) fn group_settings(request: &Request<'_>) -> Result<Answer, Refusal> {
    nothing(request, "groupSettings", READ_DIRECTORY)
}

/// `/policies/activityBasedTimeoutPolicies`: nobody has made any.
pub(super) fn timeout_policies(request: &Request<'_>) -> Result<Answer, Refusal> {
    nothing(request, "policies/activityBasedTimeoutPolicies", READ_POLICIES)
}

fn nothing(request: &Request<'_>, name: &str, permissions: &[&str]) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(super::unserved::not_supported());
    }
    request.caller.needs(permissions)?;
    request.query.allow(&["$select", "$filter", "$top"])?;
    Ok(Answer::ok(json!({ "@odata.context": request.context(name), "value": Value::Array(Vec::new()) })))
}
