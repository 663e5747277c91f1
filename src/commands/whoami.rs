//! `accredit whoami`: who is signed in, and what that is good for.

use std::fmt::Write as _;

use serde::Serialize;

use crate::catalog::capabilities::capabilities;
use crate::catalog::powers::Verdict;
use crate::catalog::risks;
use crate::catalog::{clouds, roles};
use crate::fetch::tenant;
use crate::model::{ObservedTenant, Operator, Powers};
use crate::render::{Paint, printable};

use super::console::Console;
use super::session::SignedIn;
use super::{Exit, Failure, Target};

/// What was typed after `whoami`.
#[derive(Debug)]
pub struct Arguments {
    pub target: Target,
    pub json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    tenant: Tenant,
    cloud: &'static str,
    /// How, as the end of "signed in …".
    signed_in: String,
    principal: Principal,
    /// `null`: the token cannot be read.
    permissions: Option<Vec<Permission>>,
    directory_roles: Vec<Role>,
    capabilities: Vec<Ability>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tenant {
    id: Option<String>,
    display_name: Option<String>,
    initial_domain: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Principal {
    kind: &'static str,
    name: Option<String>,
    app_id: Option<String>,
    object_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Permission {
    name: String,
    /// Why it is a dangerous one to hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    danger: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Role {
    name: String,
    template_id: String,
    privileged: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ability {
    name: &'static str,
    /// `yes`, `no`, or `unknown` where it depends on what the token does not say.
    allowed: &'static str,
    missing: Vec<&'static str>,
}

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { target, json } = arguments;
    let session = SignedIn::open(console, target).await?;
    let operator = session.operator();
    let found = tenant(&session.reader()).await;
    let named = |name: fn(&ObservedTenant) -> &String| found.as_ref().ok().map(name).filter(|name| !name.is_empty());
    let (display_name, initial_domain) =
        (named(|it| &it.display_name).cloned(), named(|it| &it.initial_domain).cloned());
    let identity = Identity {
        tenant: Tenant { id: operator.tenant.clone(), display_name, initial_domain },
        cloud: clouds::facts(session.cloud()).name,
        signed_in: session.method().to_owned(),
        principal: principal(operator),
        permissions: permissions(operator),
        directory_roles: directory_roles(operator),
        capabilities: abilities(operator),
    };
    if json {
        let text = serde_json::to_string_pretty(&identity);
        // Every key is text and nothing in it can fail to serialize.
        console.data(&(text.expect("an identity is always representable as JSON") + "\n"))?;
    } else {
        console.data(&text(&identity, console.paint))?;
    }
    if let Err(error) = found {
        let hint = error.hint().unwrap_or_default();
        console.say("");
        console.say(&printable(&format!("Note: the tenant's name could not be read: {error}. {hint}")));
    }
    Ok(Exit::Success)
}

fn principal(operator: &Operator) -> Principal {
    let Operator { tenant: _, object_id, app_id, name, powers } = operator;
    let kind = match powers {
        Powers::Unknown => "unknown",
        Powers::Application { .. } => "application",
        Powers::User { .. } => "user",
    };
    Principal { kind, name: name.clone(), app_id: app_id.clone(), object_id: object_id.clone() }
}

fn permissions(operator: &Operator) -> Option<Vec<Permission>> {
    let (Powers::Application { permissions: held, roles: _ } | Powers::User { scopes: held, roles: _ }) =
        &operator.powers
    else {
        return None;
    };
    Some(
        held.iter()
            .map(|name| Permission { name: name.clone(), danger: risks::of_graph_permission(name).map(|(_, why)| why) })
            .collect(),
    )
}

fn directory_roles(operator: &Operator) -> Vec<Role> {
    let (Powers::Application { permissions: _, roles: held } | Powers::User { scopes: _, roles: held }) =
        &operator.powers
    else {
        return Vec::new();
    };
    let held = held.iter().filter(|id| roles::is_role(id));
    let role = |id: &String| {
        let known = roles::find(id);
        Role {
            name: known.map_or_else(|| "a role that Accredit does not know".to_owned(), |role| role.name.to_owned()),
            template_id: id.clone(),
            privileged: known.is_some_and(|role| role.privileged),
        }
    };
    held.map(role).collect()
}

fn abilities(operator: &Operator) -> Vec<Ability> {
    let ability = |capability: &crate::catalog::capabilities::Capability| {
        let (verdict, missing) = capability.of(operator);
        let allowed = match verdict {
            Verdict::Allowed if operator.powers == Powers::Unknown => "unknown",
            Verdict::Allowed => "yes",
            Verdict::Doubtful => "unknown",
            Verdict::Refused => "no",
        };
        Ability { name: capability.name, allowed, missing: missing.into_iter().collect() }
    };
    capabilities().iter().map(ability).collect()
}

fn text(identity: &Identity, paint: Paint) -> String {
    let Identity { tenant, cloud, signed_in, principal, permissions, directory_roles, capabilities } = identity;
    let mut out = String::new();
    let mut row = |name: &str, value: Option<&String>| {
        let value = value.map_or_else(|| "not known".to_owned(), |value| printable(value));
        let _ = writeln!(out, "{name:<14}{value}");
    };
    let named = |name: &Option<String>, more: &Option<String>| match (name, more) {
        (Some(name), Some(more)) => Some(format!("{name} ({more})")),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    };
    row("Tenant", named(&tenant.display_name, &tenant.initial_domain).as_ref());
    row("Tenant id", tenant.id.as_ref());
    row("Cloud", Some(&(*cloud).to_owned()));
    row("Signed in", Some(signed_in));
    row("Principal", Some(&format!("{} ({})", principal.name.as_deref().unwrap_or("not known"), principal.kind)));
    row("Application", principal.app_id.as_ref());
    row("Object id", principal.object_id.as_ref());
    let Some(permissions) = permissions else {
        out.push_str("\nThe token cannot be read, so what it allows is not known; Graph will say.\n");
        return out;
    };
    let _ = writeln!(out, "\n{}", paint.bold("Permissions of Microsoft Graph"));
    let width = permissions.iter().map(|permission| permission.name.len()).max().unwrap_or(0);
    for Permission { name, danger } in permissions {
        let name = printable(name);
        match danger {
            Some(danger) => {
                let _ = writeln!(out, "  {name:<width$}  {}", paint.yellow(&format!("! {danger}")));
            }
            None => {
                let _ = writeln!(out, "  {name}");
            }
        }
    }
    if permissions.is_empty() {
        out.push_str("  none: none was granted, or its consent is missing\n");
    }
    let _ = writeln!(out, "\n{}", paint.bold("Directory roles"));
    for Role { name, template_id, privileged } in directory_roles {
        let privileged = if *privileged { paint.yellow(" ! privileged") } else { String::new() };
        let _ = writeln!(out, "  {} ({}){privileged}", printable(name), printable(template_id));
    }
    if directory_roles.is_empty() {
        out.push_str("  none\n");
    }
    let _ = writeln!(out, "\n{}", paint.bold("With Accredit it can"));
    let width = capabilities.iter().map(|ability| ability.name.len()).max().unwrap_or(0);
    for Ability { name, allowed, missing } in capabilities {
        let sign = match *allowed {
            "yes" => paint.green("✓"),
            "no" => paint.red("✗"),
            _ => paint.yellow("?"),
        };
        let lacks = if missing.is_empty() { String::new() } else { format!("lacks {}", missing.join(", ")) };
        let _ = writeln!(out, "{}", format!("  {sign} {name:<width$}  {lacks}").trim_end());
    }
    out
}
