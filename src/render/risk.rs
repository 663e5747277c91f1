//! Steps that a reviewer must not miss: what gives rights that amount to much of a tenant.

use crate::catalog::{powers, roles};
use crate::model::{Action, Plan, Step, Value};

/// The steps that grant something dangerous, each with the reason. All views take them from here.
pub(super) fn grants(plan: &Plan) -> Vec<(&Step, String)> {
    plan.steps.iter().filter_map(|step| Some((step, danger(step)?))).collect()
}

fn danger(step: &Step) -> Option<String> {
    let Action::Create { after } = &step.action else { return None };
    match step.address.kind.as_str() {
        "appRoleAssignment" => {
            let permission = step.address.name.strip_prefix("Microsoft Graph/")?;
            powers::danger(permission).map(str::to_owned)
        }
        "roleAssignment" => {
            let role = roles::find(after.get("roleDefinitionId").and_then(Value::id)?)?;
            role.privileged.then(|| format!("Microsoft calls {} a privileged role", role.name))
        }
        _ => None,
    }
}
