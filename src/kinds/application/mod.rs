//! `application`: the app registration with all that one write of it carries: permissions asked for, certificates,
//! owners, redirect URIs.

mod drift;
mod handles;
mod let_go;
mod policies;
mod requests;
mod wire;

pub use policies::key_policy;
pub(super) use wire::{KeyCredential, PasswordCredential};
pub use wire::{application, deleted_application, federated_credential, key_credentials, owner};

use crate::model::{
    Address, DesiredApplication, Fields, IgnoredField, ObservedApplication, PermissionType, Problem, Snapshot, Step,
    Value,
};

use super::certificate_keys;
use super::write::{Certificates, Write};
use super::{Context, Kind, Resource, Survey};

pub(super) struct Application;

pub(super) const NAME: &str = "application";

/// The tag that says which estate manages an application, up to the estate's name.
pub const ESTATE_TAG: &str = "accredit:estate:";

/// The tag that says which handle an application has where that is not its `uniqueName` any more, up to the handle: Entra does not
/// change a `uniqueName` that is set.
pub const HANDLE_TAG: &str = "accredit:handle:";

/// The tag that keeps an application from being destroyed, also after it has left the manifests.
pub const PROTECTED_TAG: &str = "accredit:protected";

/// The tag of one estate.
pub fn estate_tag(estate: &str) -> String {
    format!("{ESTATE_TAG}{estate}")
}

impl Kind for Application {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, context: &Context<'_>, survey: &mut Survey) {
        survey.problems.extend(handles::problems(context));
        survey.resources.extend(let_go::resources(context));
        survey.notices.extend(ignored(context));
        for (handle, desired, actual) in context.applications() {
            let address = Address::new(handle, NAME, "");
            if let Some(problem) = owned_by_another(context, handle, actual) {
                survey.problems.push(problem);
                continue;
            }
            match (desired, actual) {
                (Some(desired), actual) => {
                    let fields = declared(context, handle, desired, actual, &mut survey.problems);
                    if actual.is_none() {
                        survey.problems.extend(still_deleted(context, handle, desired));
                    }
                    let found = actual.map(|actual| (actual.id.clone(), observed(context, handle, actual, &fields)));
                    let mut resource = Resource::new(address, Some(fields), found);
                    if let Some(actual) = actual {
                        handles::explain(&mut resource, handle, actual);
                        if actual.handle != handle {
                            // Once it has the tag the entry may go, and nobody would look for its keys under the old handle.
                            let names = desired.certificates.iter().flatten().map(|(name, _)| name);
                            resource.needs.extend(names.map(|name| certificate_keys::address(handle, name)));
                        }
                        survey.findings.extend(drift::of(context, handle, desired, actual));
                        if !actual.tags.iter().any(|tag| tag.starts_with(ESTATE_TAG)) {
                            resource.notes.push(format!(
                                "it carries no estate's tag; its uniqueName `{}` says that it is this one",
                                actual.unique_name
                            ));
                        }
                    }
                    survey.resources.push(resource);
                }
                (None, Some(actual)) => {
                    if let Some(problem) = kept_from_destruction(context, handle, actual) {
                        survey.problems.push(problem);
                    } else {
                        let mut resource = gone_with_all_it_has(context, address, actual);
                        resource.notes.extend(handles::may_be_moved(context, actual));
                        survey.resources.push(resource);
                    }
                }
                (None, None) => {}
            }
        }
    }

    fn writes(&self, step: &Step, certificates: &Certificates) -> Vec<Write> {
        requests::of(step, certificates)
    }
}

fn owned_by_another(context: &Context<'_>, handle: &str, actual: Option<&ObservedApplication>) -> Option<Problem> {
    let ours = estate_tag(&context.desired.estate);
    let tags = &actual?.tags;
    let other = tags.iter().find_map(|tag| tag.strip_prefix(ESTATE_TAG))?;
    if tags.contains(&ours) {
        return None;
    }
    let problem = Problem::error(format!(
        "the application `{handle}` belongs to the estate `{other}`, not to `{}`",
        context.desired.estate
    ))
    .help(format!(
        "give yours another handle, or take it over by removing the tag `{ESTATE_TAG}{other}` from the application"
    ));
    Some(match context.declared(handle) {
        Some(declared) => problem.at(&declared.place),
        None => problem,
    })
}

/// Why an application that is wanted no more is not to be deleted.
fn kept_from_destruction(context: &Context<'_>, handle: &str, actual: &ObservedApplication) -> Option<Problem> {
    let declared = context.declared(handle);
    let problem = if !actual.tags.contains(&estate_tag(&context.desired.estate)) {
        Problem::error(format!("`{handle}` would be destroyed, and it does not carry the tag of this estate"))
            .help("only what Accredit made or took in is deleted by it; delete it by hand if it is to go")
    } else if actual.tags.iter().any(|tag| tag == PROTECTED_TAG) || declared.is_some_and(|declared| declared.protect) {
        Problem::error(format!("`{handle}` is protected and would be destroyed")).help(match declared {
            Some(_) => "set `protect: false`, apply that, and destroy it then",
            None => "put it back into the manifests with `protect: false`, apply that, and remove it then",
        })
    } else if let Some(heir) = handles::heir(context, actual) {
        Problem::error(format!(
            "`{handle}` would be destroyed, and its certificate is kept for `{heir}`, which has no application"
        ))
        .help(format!("where it is the same under another handle, say so: `moved: [{{ from: {handle}, to: {heir} }}]`"))
    } else {
        return None;
    };
    Some(match declared {
        Some(declared) => problem.at(&declared.place),
        None => problem,
    })
}

/// The deletion of an application. Its service principal, consents and roles go with it, and come back with it: one soft
/// delete, where deleting each of them would be for good.
fn gone_with_all_it_has(context: &Context<'_>, address: Address, actual: &ObservedApplication) -> Resource {
    let mut fields = identity(actual);
    if let Some(service_principal) = &actual.service_principal {
        let name = |id: &str, names: &std::collections::BTreeMap<String, String>| {
            names.get(id).cloned().unwrap_or_else(|| id.to_owned())
        };
        let consents = service_principal.app_role_assignments.iter().map(|consent| {
            let api = context.api_by_object_id(&consent.resource_id);
            let value =
                api.map_or_else(|| consent.app_role_id.clone(), |api| name(&consent.app_role_id, &api.application));
            Value::named(&consent.app_role_id, format!("{}/{value}", consent.resource_display_name))
        });
        let roles = service_principal.role_assignments.iter().map(|role| context.role_by_id(&role.role_definition_id));
        fields.insert("servicePrincipal".to_owned(), Value::text(&service_principal.id));
        fields.insert("appRoleAssignments".to_owned(), Value::set(consents));
        fields.insert("roleAssignments".to_owned(), Value::set(roles));
    }
    let mut resource = Resource::new(address, None, Some((actual.id.clone(), fields)));
    resource.reason = Some(context.reason_to_go(false));
    resource.notes.push(
        "its service principal, consents and directory roles go with it; `accredit restore` brings these back within 30 days, in which its uniqueName stays taken"
            .to_owned(),
    );
    if let Some(groups) = exchange_role_groups(context, actual) {
        resource.notes.push(format!(
            "it leaves Exchange's role groups too ({}): after `accredit restore`, `accredit apply` makes it a member again",
            groups.join(", ")
        ));
    }
    resource
}

/// The role groups of Exchange's own that an application is a member of.
fn exchange_role_groups<'a>(context: &Context<'a>, actual: &ObservedApplication) -> Option<Vec<&'a str>> {
    let member = actual.service_principal.as_ref()?.id.to_lowercase();
    let groups = &context.snapshot.exchange.organization.as_ref()?.role_groups;
    let its = groups.iter().filter(|group| group.members.contains(&member)).map(|group| group.name.as_str());
    Some(its.collect()).filter(|names: &Vec<_>| !names.is_empty())
}

fn still_deleted(context: &Context<'_>, handle: &str, desired: &DesiredApplication) -> Option<Problem> {
    let formerly = || context.desired.former(handle).map(|former| former.handle.as_str());
    let (handle, deleted) = [Some(handle), formerly()]
        .into_iter()
        .flatten()
        .find_map(|handle| Some((handle, context.snapshot.deleted.get(handle)?)))?;
    let when = deleted.deleted.map_or_else(String::new, |when| format!(" on {}", when.strftime("%Y-%m-%d")));
    Some(
        Problem::error(format!(
            "the application `{handle}` (appId {}) was deleted{when}, and Entra keeps its uniqueName for 30 days",
            deleted.app_id
        ))
        .at(&desired.place)
        .help(format!(
            "`accredit restore {handle}` brings it back with the same appId; to begin anew, delete it permanently under App registrations, Deleted applications"
        )),
    )
}

/// What tells an application apart, for one that is to go.
fn identity(actual: &ObservedApplication) -> Fields {
    let credentials = actual.key_credentials.iter().map(|credential| {
        let name = credential.display_name.clone().unwrap_or_default();
        let id = credential.thumbprint.as_ref().map_or_else(|| credential.key_id.clone(), ToString::to_string);
        Value::named(id, name)
    });
    Fields::from([
        ("uniqueName".to_owned(), Value::text(&actual.unique_name)),
        ("displayName".to_owned(), Value::text(&actual.display_name)),
        ("appId".to_owned(), Value::text(&actual.app_id)),
        ("keyCredentials".to_owned(), Value::set(credentials)),
    ])
}

fn declared(
    context: &Context<'_>,
    handle: &str,
    desired: &DesiredApplication,
    actual: Option<&ObservedApplication>,
    problems: &mut Vec<Problem>,
) -> Fields {
    let mut fields = Fields::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    // It is set once.
    put("uniqueName", Value::text(actual.map_or(handle, |actual| &actual.unique_name)));
    put("displayName", Value::text(&desired.display_name));
    // Graph has null where there is no text.
    let text = |text: &String| if text.is_empty() { Value::Null } else { Value::text(text) };
    if let Some(description) = &desired.description {
        put("description", text(description));
    }
    if let Some(notes) = &desired.notes {
        put("notes", text(notes));
    }
    match (desired.sign_in_audience, actual) {
        (Some(audience), _) => put("signInAudience", Value::text(audience.as_str())),
        // Always sent: what Graph fills in has changed over the years.
        (None, None) => put("signInAudience", Value::text(crate::model::SignInAudience::default().as_str())),
        (None, Some(_)) => None,
    };
    put("tags", tags(context, handle, desired, actual));
    if let Some(uris) = &desired.redirect_uris {
        put("web.redirectUris", Value::set(uris.iter().map(Value::text)));
    }
    if desired.permissions.is_some() {
        let permissions = context.permissions(handle).iter().map(|permission| {
            required_resource_access(
                &permission.api.app_id,
                permission.id,
                permission.permission_type,
                &permission.api.display_name,
                permission.value,
            )
        });
        put("requiredResourceAccess", Value::set(permissions));
    }
    let looks_after_owners = actual.is_none() || !desired.ignore.contains(&IgnoredField::Owners);
    if let Some(owners) = desired.owners.as_ref().filter(|_| looks_after_owners) {
        let owners =
            owners.iter().filter_map(|owner| context.owner(owner).map_err(|problem| problems.push(problem)).ok());
        let operators = actual.into_iter().flat_map(|actual| operators_among_owners(context, actual));
        put("owners", Value::set(owners.chain(operators)));
    }
    if let Some(certificates) = &desired.certificates {
        let credentials = certificates.keys().flat_map(|name| {
            let made = Value::output(Address::new(handle, super::certificate::NAME, name), "keyCredential");
            context.key_credentials(handle, name, made)
        });
        let left_over = context.left_over(handle).into_iter();
        let kept = left_over.filter(|(_, _, goes)| goes.is_none_or(|goes| goes > context.now));
        put("keyCredentials", Value::set(credentials.chain(kept.map(|(_, named, _)| Value::Named(named)))));
    }
    if actual.is_some() {
        // Of the tags the estate's own remain; see `tags`.
        let ignored = desired.ignore.iter().filter(|field| **field != IgnoredField::Tags);
        ignored.for_each(|field| drop(fields.remove(field.property())));
    }
    fields
}

/// Owners that are operators: whoever signed in, and those that the estate itself has. Without being an owner, one with rights
/// over no more than its own applications could not write this one again; and whoever plans, the plan is the same.
fn operators_among_owners(context: &Context<'_>, actual: &ObservedApplication) -> Vec<Value> {
    let Snapshot { operator, operators, .. } = context.snapshot;
    let is_operator = |id: &String| operators.contains(id) || operator.object_id.as_ref() == Some(id);
    let owners = actual.owners.iter().filter(|owner| is_operator(&owner.id));
    owners.map(|owner| Value::named(&owner.id, &owner.name)).collect()
}

/// The declared tags, or those that are there, with Accredit's own.
fn tags(
    context: &Context<'_>,
    handle: &str,
    desired: &DesiredApplication,
    actual: Option<&ObservedApplication>,
) -> Value {
    let declared = desired.tags.as_ref().filter(|_| actual.is_none() || !desired.ignore.contains(&IgnoredField::Tags));
    let others: Vec<&String> = match (declared, actual) {
        (Some(declared), _) => declared.iter().collect(),
        (None, Some(actual)) => {
            let is_ours = |tag: &&String| *tag == PROTECTED_TAG || tag.starts_with(HANDLE_TAG);
            actual.tags.iter().filter(|tag| !is_ours(tag)).collect()
        }
        (None, None) => Vec::new(),
    };
    let mut tags: Vec<Value> = others.into_iter().map(Value::text).collect();
    tags.push(Value::text(estate_tag(&context.desired.estate)));
    if actual.is_some_and(|actual| actual.unique_name != handle) {
        tags.push(Value::text(format!("{HANDLE_TAG}{handle}")));
    }
    if desired.protect {
        tags.push(Value::text(PROTECTED_TAG));
    }
    Value::set(tags)
}

/// What is left to others, in one sentence for the whole plan.
fn ignored(context: &Context<'_>) -> Option<String> {
    let there = context
        .applications()
        .filter_map(|(handle, desired, actual)| Some((handle, desired.filter(|_| actual.is_some())?)));
    let each = there.filter(|(_, desired)| !desired.ignore.is_empty()).map(|(handle, desired)| {
        let fields: Vec<&str> = desired.ignore.iter().map(|field| field.as_str()).collect();
        format!("{handle} ({})", fields.join(", "))
    });
    let each: Vec<String> = each.collect();
    (!each.is_empty()).then(|| format!("fields that `ignore` leaves to others were not compared: {}", each.join(", ")))
}

/// One entry of `requiredResourceAccess`, in one line.
fn required_resource_access(
    api_id: &str,
    permission_id: &str,
    permission_type: PermissionType,
    api: &str,
    permission: &str,
) -> Value {
    let graph_type = match permission_type {
        PermissionType::Application => "Role",
        PermissionType::Delegated => "Scope",
    };
    Value::named(format!("{api_id}/{graph_type}/{permission_id}"), format!("{api}/{permission}"))
}

/// The fields of `actual` that `desired` manages.
fn observed(context: &Context<'_>, handle: &str, actual: &ObservedApplication, desired: &Fields) -> Fields {
    let permissions = actual.required_resource_access.iter().map(|permission| {
        let api = context.api_by_app_id(&permission.api_id);
        let offered = api.map(|api| match permission.permission_type {
            PermissionType::Application => &api.application,
            PermissionType::Delegated => &api.delegated,
        });
        let value = offered.and_then(|offered| offered.get(&permission.permission_id));
        required_resource_access(
            &permission.api_id,
            &permission.permission_id,
            permission.permission_type,
            api.map_or(&permission.api_id, |api| &api.display_name),
            value.unwrap_or(&permission.permission_id),
        )
    });
    let left_over = context.left_over(handle).into_iter().map(|(_, named, _)| named);
    let unwanted = context.unwanted(handle);
    let credentials = context.uploaded(handle).into_iter().chain(left_over).chain(unwanted);
    let all = Fields::from([
        ("uniqueName".to_owned(), Value::text(&actual.unique_name)),
        ("displayName".to_owned(), Value::text(&actual.display_name)),
        ("description".to_owned(), Value::optional_text(actual.description.as_deref())),
        ("notes".to_owned(), Value::optional_text(actual.notes.as_deref())),
        ("signInAudience".to_owned(), Value::optional_text(actual.sign_in_audience.as_deref())),
        ("tags".to_owned(), Value::set(actual.tags.iter().map(Value::text))),
        ("web.redirectUris".to_owned(), Value::set(actual.redirect_uris.iter().map(Value::text))),
        ("requiredResourceAccess".to_owned(), Value::set(permissions)),
        ("owners".to_owned(), Value::set(actual.owners.iter().map(|owner| Value::named(&owner.id, &owner.name)))),
        ("keyCredentials".to_owned(), Value::set(credentials.map(Value::Named))),
    ]);
    all.into_iter().filter(|(name, _)| desired.contains_key(name)).collect()
}
