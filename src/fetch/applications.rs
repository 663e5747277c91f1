//! Which applications there are, and under which handles.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Reader, literal};
use crate::kinds::{estate_tag, wire};
use crate::model::{DeletedApplication, Desired, ObservedApplication, Selection};

use super::{FetchError, form};

/// The applications that matter, each under the handle that the manifests have for it.
#[derive(Debug, Default)]
pub(super) struct Applications {
    pub by_handle: BTreeMap<String, ObservedApplication>,
    /// Handles that several have, with their appIds.
    pub contested: BTreeMap<String, BTreeSet<String>>,
    /// `uniqueName`s of applications that have another handle by now.
    pub taken_names: BTreeMap<String, String>,
    /// Handles of those that were not selected.
    pub passed_over: BTreeSet<String>,
}

impl Applications {
    fn take_in_all(&mut self, applications: impl IntoIterator<Item = ObservedApplication>, desired: &Desired) {
        for application in applications {
            self.take_in(application, desired);
        }
    }

    /// Takes one in under the handle that it has, or is to have. Of two with the same handle the one stays that was made with it.
    fn take_in(&mut self, application: ObservedApplication, desired: &Desired) {
        let handle =
            desired.moved_to(&application.handle).map_or_else(|| application.handle.clone(), ToString::to_string);
        if application.unique_name != application.handle {
            self.taken_names.insert(application.unique_name.clone(), application.handle.clone());
        }
        match self.by_handle.get(&handle) {
            Some(other) if other.id != application.id => {
                let app_ids = [other.app_id.clone(), application.app_id.clone()];
                self.contested.entry(handle.clone()).or_default().extend(app_ids);
                if other.unique_name != handle {
                    self.by_handle.insert(handle, application);
                }
            }
            Some(_) | None => {
                self.by_handle.insert(handle, application);
            }
        }
    }
}

/// The estate's applications by its tag, and the declared ones that it does not find by their uniqueName: the tag's
/// index lags behind, a read by key does not.
pub(super) async fn applications(
    reader: &Reader,
    desired: &Desired,
    selection: &Selection,
) -> Result<Applications, FetchError> {
    let mut found = Applications::default();
    let (declared, others): (Vec<_>, Vec<_>) = tagged(reader, &desired.estate).await?.into_iter().partition(|one| {
        let is_declared = |handle: &str| desired.applications.contains_key(handle);
        is_declared(&one.handle) || desired.moved_to(&one.handle).is_some() || !selection.looks_at(&one.handle)
    });
    found.take_in_all(declared, desired);
    // What may be deleted is looked at as it is now: that it has left the estate or got another handle, the index learns late.
    let others = others.into_iter().map(|application| application.unique_name).collect();
    let still_ours = |one: &ObservedApplication| one.tags.contains(&estate_tag(&desired.estate));
    let others = by_unique_name(reader, others).await?.into_iter().filter(still_ours);
    found.take_in_all(others, desired);
    let missing = names_to_look_for(desired, &found);
    found.take_in_all(by_unique_name(reader, missing).await?, desired);
    let (selected, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
        found.by_handle.into_iter().partition(|(handle, _)| selection.looks_at(handle));
    Ok(Applications { by_handle: selected, passed_over: others.into_keys().collect(), ..found })
}

/// The declared applications. One that was given its handle later is found by its tags.
pub(super) async fn declared(
    reader: &Reader,
    desired: &Desired,
) -> Result<BTreeMap<String, ObservedApplication>, FetchError> {
    let mut found = Applications::default();
    let names = names_to_look_for(desired, &found);
    found.take_in_all(by_unique_name(reader, names).await?, desired);
    if desired.applications.keys().any(|handle| !found.by_handle.contains_key(handle.as_str())) {
        let tagged = tagged(reader, &desired.estate).await?;
        found.take_in_all(tagged, desired);
    }
    found.by_handle.retain(|handle, _| desired.applications.contains_key(handle.as_str()));
    Ok(found.by_handle)
}

/// The `uniqueName`s that declared applications may have which were not found yet.
fn names_to_look_for(desired: &Desired, found: &Applications) -> Vec<String> {
    let mut names = Vec::new();
    for handle in desired.applications.keys() {
        let there = found.by_handle.get(handle.as_str());
        // Where another is about to get this handle, nobody may have it.
        if there.is_none_or(|there| there.handle != handle.as_str()) {
            names.push(handle.to_string());
        }
        if let Some(former) = desired.former(handle.as_str()).filter(|_| there.is_none()) {
            names.push(former.handle.to_string());
        }
    }
    names
}

async fn tagged(reader: &Reader, estate: &str) -> Result<Vec<ObservedApplication>, FetchError> {
    let tag = literal(&estate_tag(estate));
    let listed = reader.list(&format!("/applications?$filter=tags/any(t:t eq {tag})&$top=999")).await?;
    let read: Vec<ObservedApplication> =
        listed.iter().map(|json| wire::application(json).map_err(form("an application"))).collect::<Result<_, _>>()?;
    // Without a uniqueName it is none that Accredit made: somebody else's use of the tag.
    Ok(read.into_iter().filter(|application| !application.unique_name.is_empty()).collect())
}

async fn by_unique_name(reader: &Reader, names: Vec<String>) -> Result<Vec<ObservedApplication>, FetchError> {
    let paths = names.iter().map(|name| format!("/applications(uniqueName={})", literal(name)));
    let read = reader.find_all(paths.collect()).await?;
    read.values().flatten().map(|json| wire::application(json).map_err(form("an application"))).collect()
}

/// Deleted applications that can be restored, by handle and by uniqueName, which Graph cannot filter on.
pub async fn deleted(reader: &Reader) -> Result<BTreeMap<String, DeletedApplication>, FetchError> {
    let listed = reader.list("/directory/deletedItems/microsoft.graph.application").await?;
    let mut deleted = BTreeMap::new();
    for json in &listed {
        let (names, application) = wire::deleted_application(json).map_err(form("a deleted application"))?;
        deleted.extend(names.into_iter().map(|name| (name, application.clone())));
    }
    Ok(deleted)
}
