//! Which application a handle means: the one with that `uniqueName`, or the one that was given the handle since.

use crate::model::{ObservedApplication, Problem, Reason};

use super::super::Intent;
use super::{Context, Resource};

/// What makes it unclear which application is meant.
pub(super) fn problems(context: &Context<'_>) -> Vec<Problem> {
    let (desired, snapshot) = (context.desired, context.snapshot);
    let mut problems = Vec::new();
    for (handle, app_ids) in &snapshot.contested {
        let Some(place) = desired.place_of(handle) else { continue };
        let app_ids: Vec<&str> = app_ids.iter().map(String::as_str).collect();
        if let Some(former) = desired.former(handle) {
            let message =
                format!("`{}` cannot be moved to `{handle}`: both are there ({})", former.handle, app_ids.join(", "));
            let help = format!(
                "delete the one that is not meant, or let go of it, and give no two applications the handle `{handle}`"
            );
            problems.push(Problem::error(message).at(&former.place).help(help));
            continue;
        }
        let problem = Problem::error(format!("`{handle}` may be any of the applications {}", app_ids.join(" and ")));
        problems.push(problem.at(place).help(
            "one has it as its uniqueName, another by a tag `accredit:handle:…`: take the tag off the one that is not meant, or \
             delete that one",
        ));
    }
    for (handle, application) in &desired.applications {
        let holder = snapshot.taken_names.get(handle.as_str());
        let is_there = snapshot.applications.contains_key(handle.as_str());
        if let Some(holder) = holder.filter(|_| !is_there && context.intent == Intent::Reconcile) {
            let message =
                format!("`{handle}` cannot be made: it is still the uniqueName of `{holder}`, which was moved");
            let help = "Entra does not change a uniqueName that is set: choose another handle";
            problems.push(Problem::error(message).at(&application.place).help(help));
        }
    }
    for (handle, former) in &desired.moved {
        let holder = snapshot.taken_names.get(former.handle.as_str());
        if let Some(holder) = holder.filter(|holder| *holder != handle.as_str()) {
            let message = format!("the application that was made as `{}` has the handle `{holder}`", former.handle);
            let help = format!("write `from: {holder}`");
            problems.push(Problem::error(message).at(&former.place).help(help));
        }
    }
    problems
}

/// Says of an application that gets another handle what that means.
pub(super) fn explain(resource: &mut Resource, handle: &str, actual: &ObservedApplication) {
    if actual.handle == handle {
        return;
    }
    resource.reason = Some(Reason::Moved { from: actual.handle.clone() });
    resource.notes.push(format!(
        "its appId, its keys and all it holds stay; its uniqueName stays `{}`, which Entra does not change once it is set, and a tag \
         holds the handle",
        actual.unique_name
    ));
}

/// A declared application that is not there, for which a key is kept that signs in as `actual`: most likely the same one under
/// another handle.
pub(super) fn heir<'a>(context: &Context<'a>, actual: &ObservedApplication) -> Option<&'a str> {
    if context.intent == Intent::Destroy {
        return None;
    }
    let signs_in =
        |thumbprint| actual.key_credentials.iter().any(|credential| credential.thumbprint.as_ref() == Some(thumbprint));
    let kept = context.snapshot.keys.iter().filter(|((handle, _), _)| {
        context.declared(handle).is_some() && !context.snapshot.applications.contains_key(handle)
    });
    kept.filter(|(_, kept)| kept.generations.iter().any(|stored| signs_in(&stored.thumbprint)))
        .map(|((handle, _), _)| handle.as_str())
        .next()
}

/// What to know where an application is to go and one of the same name is to come.
pub(super) fn may_be_moved(context: &Context<'_>, actual: &ObservedApplication) -> Option<String> {
    if context.intent == Intent::Destroy {
        return None;
    }
    let mut new = context.desired.applications.iter().filter(|(handle, declared)| {
        declared.display_name == actual.display_name && !context.snapshot.applications.contains_key(handle.as_str())
    });
    let (handle, _) = new.next()?;
    Some(format!(
        "if it is to live on as `{handle}`, say `moved: [{{ from: {}, to: {handle} }}]`, and its appId and keys stay",
        actual.handle
    ))
}
