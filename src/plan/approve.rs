//! The brakes between a plan and its execution. [`Approved`] can be had from [`approve`] alone.

use crate::model::{Plan, Rights, Step};

/// Fewer deletions than this are never a mistake of scale.
const BRAKE_FROM: usize = 3;
/// Of the estate's applications, in percent.
const BRAKE_ABOVE_PERCENT: usize = 30;

/// What a run may do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// The number of applications that the operator said may be deleted.
    pub allow_deletes: Option<usize>,
    /// Whether a plan may be tried although the operator lacks what it needs.
    pub despite_missing_rights: bool,
}

/// A plan that may be carried out.
#[derive(Clone, Debug)]
pub struct Approved(Plan);

impl Approved {
    pub fn plan(&self) -> &Plan {
        &self.0
    }

    pub fn steps(&self) -> &[Step] {
        &self.0.steps
    }
}

/// Why a plan is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "this plan deletes {deletes} of the estate's {applications} applications, more than {BRAKE_ABOVE_PERCENT} %"
    )]
    TooManyDeletes { deletes: usize, applications: usize },
    #[error("`--allow-deletes {allowed}` was given, but this plan deletes {deletes} applications")]
    OtherNumberOfDeletes { deletes: usize, allowed: usize },
    #[error("the operator lacks {} for this plan", lacking(.permissions))]
    MissingRights { permissions: Vec<String> },
}

fn lacking(permissions: &[String]) -> String {
    let named: Vec<String> = permissions.iter().map(|permission| format!("`{permission}`")).collect();
    named.join(", ")
}

impl Refusal {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::TooManyDeletes { deletes, .. } => format!(
                "check that the right manifests were given; if all of these are to go, add `--allow-deletes {deletes}`"
            ),
            Self::OtherNumberOfDeletes { deletes, .. } => {
                format!("read the plan again; if all of these are to go, say `--allow-deletes {deletes}`")
            }
            Self::MissingRights { .. } => "have them granted, as `accredit plan` shows, and sign in again; \
                                           `--skip-rights-check` tries it all the same"
                .to_owned(),
        }
    }
}

/// Lets a plan through unless it deletes more than was allowed, or has steps that are sure to be refused.
pub fn approve(plan: Plan, limits: Limits) -> Result<Approved, Refusal> {
    let missing = plan.rights.iter().flat_map(Rights::certainly_missing);
    let permissions: Vec<String> = missing.map(str::to_owned).collect();
    if !permissions.is_empty() && !limits.despite_missing_rights {
        return Err(Refusal::MissingRights { permissions });
    }
    let deletes =
        plan.steps.iter().filter(|step| step.action.is_delete() && step.address.kind == "application").count();
    let applications = plan.applications;
    match limits.allow_deletes {
        Some(allowed) if allowed != deletes => return Err(Refusal::OtherNumberOfDeletes { deletes, allowed }),
        None if deletes >= BRAKE_FROM && deletes * 100 > applications * BRAKE_ABOVE_PERCENT => {
            return Err(Refusal::TooManyDeletes { deletes, applications });
        }
        Some(_) | None => {}
    }
    Ok(Approved(plan))
}
