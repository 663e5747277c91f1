//! What a plan puts at risk.

use crate::model::{Plan, RiskClass, Step};

/// The risk of a step in one line; `None` where it is nothing out of the ordinary.
pub(super) fn risk(step: &Step) -> Option<String> {
    let risk = step.risk.as_ref()?;
    let succeeds = if risk.succeeds { ", which the one that it follows could do too" } else { "" };
    Some(format!("risk: {}: {}{succeeds}", risk.class.name(), risk.reason))
}

/// What a step takes from whoever carries it out.
pub(super) const REMOVES_OPERATOR: &str = "it takes from the operator what it reads and writes with";

/// One line for each step that gives what somebody could do harm with, the worst first, each with its address and its risk.
pub(super) fn privileged(plan: &Plan) -> Vec<(String, String)> {
    let of_class = |class: RiskClass| {
        plan.steps
            .iter()
            .filter(move |step| step.risk.as_ref().is_some_and(|risk| risk.class == class && !risk.succeeds))
    };
    let steps = of_class(RiskClass::TenantTakeover).chain(of_class(RiskClass::High));
    let lines = steps.filter_map(|step| Some((step.address.to_string(), risk(step)?)));
    let own = plan.steps.iter().filter(|step| step.removes_operator);
    lines.chain(own.map(|step| (step.address.to_string(), REMOVES_OPERATOR.to_owned()))).collect()
}
