//! What each step puts at risk: what it grants, and who gets a way to use what is granted already.
//!
//! The risk of a step depends on the tenant and on the steps there are, and never on their order.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::risks::{self, Judgement};
use crate::model::{
    Action, Address, Desired, Fields, KeyAccess, ObservedApplication, ObservedScope, PermissionType, Risk, RiskClass,
    Snapshot, Step, StoredCertificate, Value,
};

/// A permission or role by name, with what it puts at risk.
type Power = (String, Judgement);

/// Handles and names of the certificates whose keys Accredit makes.
pub(super) type MadeHere = BTreeSet<(String, String)>;

pub(super) fn made_here(desired: &Desired) -> MadeHere {
    let all = desired.applications.iter().flat_map(|(handle, application)| {
        application.certificates.iter().flatten().map(move |(name, certificate)| (handle, name, certificate))
    });
    all.filter(|(_, _, certificate)| certificate.source.is_made_here())
        .map(|(handle, name, _)| (handle.to_string(), name.clone()))
        .collect()
}

/// What a step of `steps` puts at risk; `None` where it is nothing out of the ordinary.
pub(super) fn of(
    step: &Step,
    steps: &BTreeMap<Address, Step>,
    made_here: &MadeHere,
    actual: &Snapshot,
) -> Option<Risk> {
    let grants = granted(step, actual);
    if !grants.is_empty() {
        return risk(grants, "", false);
    }
    if step.address.kind == "certificate" {
        let Action::Update { id: _, changes, after } = &step.action else { return None };
        let generations = actual.keys.get(&key_of(&step.address)).map_or(&[][..], |it| it.generations.as_slice());
        let opens = changes.iter().any(|change| change.path == "recipients")
            && generations.iter().any(|stored| opens_to_more(after, stored));
        let application = actual.applications.get(&step.address.holder).filter(|_| opens)?;
        let way = "whoever comes to read the key of the certificate acts as an application that ";
        return risk(held(application, actual), way, false);
    }
    if step.address.kind != "application" {
        return None;
    }
    // A new application holds nothing yet: what it is to hold is granted by steps of its own.
    let Action::Update { id: _, changes, after: _ } = &step.action else { return None };
    let added = |path: &str| -> Vec<&Value> {
        let change = changes.iter().find(|change| change.path == path);
        let before: BTreeSet<&Value> = change.iter().flat_map(|change| change.before.members()).collect();
        change.iter().flat_map(|change| change.after.members()).filter(|value| !before.contains(value)).collect()
    };
    let credentials = added("keyCredentials");
    let owners = added("owners");
    let way = match (credentials.is_empty(), owners.is_empty()) {
        (true, true) => return None,
        (false, true) => "whoever has the key of the new certificate acts as an application that ",
        (true, false) => "whoever becomes an owner can act as an application that ",
        (false, false) => {
            "whoever has the key of the new certificate, or becomes an owner, acts as an application that "
        }
    };
    let before = changes.iter().find(|change| change.path == "keyCredentials").map(|change| &change.before);
    let succeeds = owners.is_empty()
        && credentials
            .iter()
            .all(|credential| is_successor(&step.address.holder, credential, before, steps, made_here, actual));
    risk(held(actual.applications.get(&step.address.holder)?, actual), way, succeeds)
}

/// The risk of the highest class among some powers.
fn risk(powers: Vec<Power>, way: &str, succeeds: bool) -> Option<Risk> {
    let class = powers.iter().map(|(_, (class, _))| *class).max()?;
    let of_class: BTreeMap<String, &str> =
        powers.into_iter().filter(|(_, (other, _))| *other == class).map(|(name, (_, why))| (name, why)).collect();
    let words: Vec<String> = of_class.iter().map(|(name, why)| format!("holds `{name}`, which {why}")).collect();
    let reason = if way.is_empty() {
        let words: Vec<String> = of_class.iter().map(|(name, why)| format!("`{name}` {why}")).collect();
        words.join("; ")
    } else {
        format!("{way}{}", words.join("; "))
    };
    Some(Risk { class, powers: of_class.into_keys().collect(), reason, succeeds })
}

/// Whether a certificate follows one that the application has already, with a key that was made in the same store. What
/// others made succeeds nothing, whatever its name.
fn is_successor(
    handle: &str,
    credential: &Value,
    before: Option<&Value>,
    steps: &BTreeMap<Address, Step>,
    made_here: &MadeHere,
    actual: &Snapshot,
) -> bool {
    let is_made_here = |name: &str| made_here.contains(&(handle.to_owned(), name.to_owned()));
    match credential {
        Value::Output { output } => {
            let Some(Action::Renew { after, .. }) = steps.get(&output.of).map(|step| &step.action) else {
                return false;
            };
            let stored = actual.keys.get(&key_of(&output.of)).and_then(|stored| stored.generations.last());
            is_made_here(&output.of.name) && !stored.is_some_and(|stored| opens_to_more(after, stored))
        }
        Value::Named(named) => actual.keys.iter().any(|((holder, name), stored)| {
            let is_of_store = |id: &str| {
                stored.generations.iter().any(|stored| stored.thumbprint.to_string().eq_ignore_ascii_case(id))
            };
            holder.as_str() == handle
                && is_made_here(name)
                && is_of_store(&named.id)
                && before.into_iter().flat_map(Value::members).filter_map(Value::id).any(is_of_store)
        }),
        Value::Null | Value::Text(_) | Value::Set(_) | Value::Sensitive { .. } => false,
    }
}

fn key_of(certificate: &Address) -> (String, String) {
    (certificate.holder.clone(), certificate.name.clone())
}

/// Whether somebody is to open a key who does not open that of a certificate in the store.
fn opens_to_more(after: &Fields, stored: &StoredCertificate) -> bool {
    let after: BTreeSet<&str> =
        after.get("recipients").into_iter().flat_map(Value::members).filter_map(Value::id).collect();
    match &stored.private_key {
        KeyAccess::Encrypted { recipients } => {
            after.is_empty() || after.iter().any(|recipient| !recipients.contains(*recipient))
        }
        KeyAccess::Plain => !after.is_empty(),
        KeyAccess::Vault { .. } | KeyAccess::Absent => false,
    }
}

/// What a step gives that was not there.
fn granted(step: &Step, actual: &Snapshot) -> Vec<Power> {
    let (after, changes) = match &step.action {
        Action::Create { after } => (after, &[][..]),
        Action::Update { id: _, changes, after } => (after, changes.as_slice()),
        Action::Renew { .. } | Action::Prove { .. } | Action::Delete { .. } => return Vec::new(),
    };
    let id = |field: &str| after.get(field).and_then(Value::id).unwrap_or_default();
    let api = || actual.apis.iter().find(|api| api.id == id("resourceId")).map(|api| api.app_id.as_str());
    match step.address.kind.as_str() {
        "appRoleAssignment" => {
            let of = api().and_then(|api| permission(api, PermissionType::Application, id("appRoleId")));
            of.into_iter().collect()
        }
        "oauth2PermissionGrant" => {
            let there = changes.iter().find(|change| change.path == "scope").map(|change| &change.before);
            let there: BTreeSet<&Value> = there.into_iter().flat_map(Value::members).collect();
            let scopes = after.get("scope").into_iter().flat_map(Value::members).filter(|scope| !there.contains(scope));
            let Some(api) = api() else { return Vec::new() };
            scopes.filter_map(Value::id).filter_map(|scope| permission(api, PermissionType::Delegated, scope)).collect()
        }
        "roleAssignment" => role(id("roleDefinitionId"), id("directoryScopeId"), actual).into_iter().collect(),
        "exchangeRoleAssignment" => {
            let name = after.get("roleDefinitionId").and_then(name_of).unwrap_or_default();
            let of = (id("directoryScopeId") == "/").then(|| risks::of_exchange_role(name)).flatten();
            of.map(power).into_iter().collect()
        }
        "exchangeRoleGroupMember" => risks::of_role_group(id("roleGroup")).map(power).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// What an application holds already.
fn held(application: &ObservedApplication, actual: &Snapshot) -> Vec<Power> {
    let Some(principal) = &application.service_principal else { return Vec::new() };
    let mut powers: Vec<Power> = principal
        .application_permissions(&actual.apis)
        .filter_map(|held| permission(&held.api.app_id, PermissionType::Application, held.id))
        .collect();
    for grant in &principal.grants {
        let Some(api) = actual.apis.iter().find(|api| api.id == grant.resource_id) else { continue };
        let scopes = grant.scopes.iter();
        powers.extend(scopes.filter_map(|scope| permission(&api.app_id, PermissionType::Delegated, scope)));
    }
    for assignment in &principal.role_assignments {
        powers.extend(role(&assignment.role_definition_id, &assignment.directory_scope_id, actual));
    }
    for assignment in &principal.exchange_role_assignments {
        let whole = matches!(&assignment.scope, ObservedScope::Directory(scope) if scope == "/");
        let definitions = &actual.exchange.role_definitions;
        let role = definitions.iter().find(|role| role.id.eq_ignore_ascii_case(&assignment.role_definition_id));
        powers.extend(role.filter(|_| whole).and_then(|role| risks::of_exchange_role(&role.name)).map(power));
    }
    let id = principal.id.to_lowercase();
    let groups = actual.exchange.organization.iter().flat_map(|organization| &organization.role_groups);
    let groups = groups.filter(|group| group.members.contains(&id));
    powers.extend(groups.filter_map(|group| risks::of_role_group(&group.name)).map(power));
    powers
}

fn power((name, judgement): (&'static str, Judgement)) -> Power {
    (name.to_owned(), judgement)
}

fn permission(api: &str, of: PermissionType, permission: &str) -> Option<Power> {
    risks::of_permission(api, of, permission).map(power)
}

fn role(definition: &str, scope: &str, actual: &Snapshot) -> Option<Power> {
    let known = actual.role_definitions.iter().find(|known| known.has_id(definition));
    let template = known.map_or(definition, |known| known.template_id.as_str());
    risks::of_role(template, scope == "/").map(power)
}

fn name_of(value: &Value) -> Option<&str> {
    if let Value::Named(named) = value { Some(&named.name) } else { None }
}

/// Whether a step gives somebody what amounts to the whole tenant, and so is not to be done in passing.
pub(super) fn is_takeover(step: &Step) -> bool {
    step.risk.as_ref().is_some_and(|risk| risk.class == RiskClass::TenantTakeover && !risk.succeeds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::apis::{EXCHANGE_ONLINE, MICROSOFT_GRAPH};
    use crate::catalog::{permissions, roles};
    use crate::model::{
        FieldChange, ObservedApi, ObservedAppRoleAssignment, ObservedGrant, ObservedRoleAssignment,
        ObservedRoleDefinition, ObservedServicePrincipal, Reason,
    };

    fn id_of(api: &str, name: &str) -> String {
        permissions::find(api, PermissionType::Application, name).unwrap().id.to_owned()
    }

    fn snapshot(held: &[&str], role: Option<(&str, &str)>) -> Snapshot {
        let api = |id: &str, app_id: &str, names: &[&str]| ObservedApi {
            id: id.to_owned(),
            app_id: app_id.to_owned(),
            application: names.iter().map(|name| (id_of(app_id, name), (*name).to_owned())).collect(),
            ..ObservedApi::default()
        };
        let assignment = |name: &&str| ObservedAppRoleAssignment {
            id: (*name).to_owned(),
            app_role_id: id_of(MICROSOFT_GRAPH, name),
            resource_id: "graph".to_owned(),
            resource_display_name: "Microsoft Graph".to_owned(),
            created: None,
        };
        let service_principal = ObservedServicePrincipal {
            id: "sp".to_owned(),
            app_role_assignments: held.iter().map(assignment).collect(),
            grants: vec![ObservedGrant {
                id: "1".to_owned(),
                resource_id: "graph".to_owned(),
                scopes: vec!["Mail.Read".to_owned()],
            }],
            role_assignments: role
                .map(|(role, scope)| ObservedRoleAssignment {
                    id: "1".to_owned(),
                    role_definition_id: roles::find(role).unwrap().template_id.to_owned(),
                    directory_scope_id: scope.to_owned(),
                })
                .into_iter()
                .collect(),
            ..ObservedServicePrincipal::default()
        };
        let application = ObservedApplication {
            unique_name: "exo".to_owned(),
            service_principal: Some(service_principal),
            ..ObservedApplication::default()
        };
        let definition = |role: &roles::Role| ObservedRoleDefinition {
            id: role.template_id.to_owned(),
            template_id: role.template_id.to_owned(),
            display_name: role.name.to_owned(),
        };
        Snapshot {
            applications: [("exo".to_owned(), application)].into(),
            apis: vec![api("graph", MICROSOFT_GRAPH, held), api("exchange", EXCHANGE_ONLINE, &["full_access_as_app"])],
            role_definitions: roles::all().iter().map(definition).collect(),
            ..Snapshot::default()
        }
    }

    fn create(kind: &str, fields: &[(&str, Value)]) -> Step {
        let after: Fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Step::new(Address::new("exo", kind, ""), Action::Create { after }, Reason::Missing)
    }

    fn change(path: &str, before: &[Value], after: &[Value]) -> Step {
        let change = FieldChange {
            path: path.to_owned(),
            before: Value::set(before.iter().cloned()),
            after: Value::set(after.iter().cloned()),
            forces_replacement: false,
        };
        let action = Action::Update { id: "1".to_owned(), changes: vec![change], after: Fields::new() };
        Step::new(Address::new("exo", "application", ""), action, Reason::Differs)
    }

    fn of_alone(step: &Step, actual: &Snapshot) -> Option<Risk> {
        of(step, &BTreeMap::new(), &MadeHere::new(), actual)
    }

    #[test]
    fn a_grant_is_judged_by_ids_and_a_scoped_role_by_less() {
        let actual = snapshot(&["User.Read.All", "AppRoleAssignment.ReadWrite.All"], None);
        let grant = |api: &str, id: String| {
            create(
                "appRoleAssignment",
                &[("resourceId", Value::named(api, "any")), ("appRoleId", Value::named(id, "any"))],
            )
        };
        let takeover =
            of_alone(&grant("graph", id_of(MICROSOFT_GRAPH, "AppRoleAssignment.ReadWrite.All")), &actual).unwrap();
        assert_eq!(takeover.class, RiskClass::TenantTakeover);
        assert_eq!(takeover.powers, ["AppRoleAssignment.ReadWrite.All".to_owned()].into());
        assert_eq!(of_alone(&grant("graph", id_of(MICROSOFT_GRAPH, "User.Read.All")), &actual), None);
        assert_eq!(
            of_alone(&grant("another", id_of(MICROSOFT_GRAPH, "AppRoleAssignment.ReadWrite.All")), &actual),
            None
        );
        let full = of_alone(&grant("exchange", id_of(EXCHANGE_ONLINE, "full_access_as_app")), &actual).unwrap();
        assert_eq!(full.class, RiskClass::High);
        let role = |scope: &str| {
            let role = roles::find("Global Administrator").unwrap();
            let role = Value::named(role.template_id, "any");
            of_alone(
                &create("roleAssignment", &[("roleDefinitionId", role), ("directoryScopeId", Value::text(scope))]),
                &actual,
            )
        };
        assert_eq!(role("/").unwrap().class, RiskClass::TenantTakeover);
        assert_eq!(role("/administrativeUnits/1").unwrap().class, RiskClass::High);
    }

    #[test]
    fn credentials_and_owners_have_the_power_of_their_application() {
        let powerful = snapshot(&["AppRoleAssignment.ReadWrite.All", "Mail.Read"], None);
        let (old, new, other) = (Value::named("A", "main"), Value::named("B", "main"), Value::named("C", "second"));
        let followed =
            of_alone(&change("keyCredentials", std::slice::from_ref(&old), &[old.clone(), new]), &powerful).unwrap();
        assert!(followed.class == RiskClass::TenantTakeover && !followed.succeeds, "a name makes no successor");
        assert_eq!(followed.powers, ["AppRoleAssignment.ReadWrite.All".to_owned()].into(), "the worst alone");
        let added = of_alone(&change("keyCredentials", std::slice::from_ref(&old), &[old.clone(), other]), &powerful);
        assert!(!added.unwrap().succeeds);
        let owner = Value::named("user", "zoe");
        assert!(!of_alone(&change("owners", &[], std::slice::from_ref(&owner)), &powerful).unwrap().succeeds);
        assert_eq!(of_alone(&change("owners", std::slice::from_ref(&owner), &[]), &powerful), None);
        assert_eq!(of_alone(&change("displayName", &[], std::slice::from_ref(&owner)), &powerful), None);
        let modest = snapshot(&["User.Read.All"], None);
        assert_eq!(of_alone(&change("owners", &[], &[owner]), &modest), None);
    }

    #[test]
    fn a_certificate_that_is_renewed_is_a_successor_and_a_new_one_is_not() {
        let actual = snapshot(&[], Some(("Exchange Administrator", "/")));
        let certificate = Address::new("exo", "certificate", "main");
        let coming = change("keyCredentials", &[], &[Value::output(certificate.clone(), "keyCredential")]);
        let with = |action: Action| {
            let made = Step::new(certificate.clone(), action, Reason::Missing);
            of(&coming, &[(certificate.clone(), made)].into(), &[("exo".to_owned(), "main".to_owned())].into(), &actual)
                .unwrap()
                .succeeds
        };
        assert!(with(Action::Renew { id: String::new(), changes: Vec::new(), after: Fields::new() }));
        assert!(!with(Action::Create { after: Fields::new() }));
    }

    proptest! {
        /// In whatever order Graph gives things, and whatever else is in the plan.
        #[test]
        fn the_risk_does_not_depend_on_order(
            held in Just(vec!["AppRoleAssignment.ReadWrite.All", "Mail.Read", "User.Read.All", "Application.ReadWrite.All"]).prop_shuffle(),
            definitions in Just((0..roles::all().len()).collect::<Vec<usize>>()).prop_shuffle(),
            reversed in any::<bool>(),
        ) {
            let step = change("owners", &[], &[Value::named("user", "zoe")]);
            let reference = snapshot(
                &["Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "Mail.Read", "User.Read.All"],
                Some(("Global Administrator", "/")),
            );
            let mut shuffled = snapshot(&held, Some(("Global Administrator", "/")));
            let all = shuffled.role_definitions.clone();
            shuffled.role_definitions = definitions.iter().map(|index| all[*index].clone()).collect();
            if reversed {
                shuffled.apis.reverse();
            }
            let others: BTreeMap<Address, Step> = [create("application", &[]), create("servicePrincipal", &[])]
                .into_iter()
                .map(|step| (step.address.clone(), step))
                .collect();
            let expected = of_alone(&step, &reference);
            prop_assert!(expected.as_ref().is_some_and(|risk| risk.powers.len() == 3));
            prop_assert_eq!(of(&step, &others, &MadeHere::new(), &shuffled), expected);
        }
    }
}
