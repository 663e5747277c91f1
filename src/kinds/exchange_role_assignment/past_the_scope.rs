//! What makes a scope useless: what Entra grants an application and what Exchange's roles give it add up.
//! <https://learn.microsoft.com/exchange/permissions-exo/application-rbac>

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::exchange_roles::permissions_past_the_scope_of;
use crate::kinds::Context;
use crate::model::{DesiredExchangeRole, ExchangeScope, PermissionType};

/// One sentence for each permission that reaches past the scope of declared roles.
pub(super) fn notices(context: &Context<'_>, handle: &str, roles: &[DesiredExchangeRole]) -> Vec<String> {
    let granted = granted(context, handle);
    let mut restricted: BTreeMap<&(String, String, String), BTreeSet<&str>> = BTreeMap::new();
    for role in roles.iter().filter(|role| role.scope != ExchangeScope::Organization) {
        for (api, permission) in permissions_past_the_scope_of(&role.role) {
            let held = granted.iter().find(|(id, _, value)| id == api && *value == permission);
            if let Some(held) = held {
                restricted.entry(held).or_default().insert(&role.role);
            }
        }
    }
    let said = restricted.into_iter().map(|((_, api, permission), roles)| {
        let roles: Vec<String> = roles.into_iter().map(|role| format!("`{role}`")).collect();
        format!(
            "{handle} holds `{permission}` of {api} for every mailbox, so the scope of {} restricts nothing: take the permission \
             away, and the role is all it has",
            roles.join(", ")
        )
    });
    said.collect()
}

/// The application permissions that `handle` has, or will have where the manifest says what there is: the API's appId and name, and
/// the permission.
fn granted(context: &Context<'_>, handle: &str) -> BTreeSet<(String, String, String)> {
    let manages_permissions = context.declared(handle).is_some_and(|declared| declared.permissions.is_some());
    if manages_permissions {
        let consented = context.consented(handle, PermissionType::Application);
        return consented.map(|it| (it.api.app_id.clone(), context.api_name(it.api), it.value.to_owned())).collect();
    }
    let found = context.snapshot.applications.get(handle);
    let found = found.and_then(|application| application.service_principal.as_ref());
    let held = found.into_iter().flat_map(|found| found.application_permissions(&context.snapshot.apis));
    let named =
        held.filter_map(|held| Some((held.api.app_id.clone(), context.api_name(held.api), held.value?.to_owned())));
    named.collect()
}
