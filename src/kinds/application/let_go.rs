//! Applications that the manifests let go of: the estate's tags come off, and everything else stays.

use crate::model::{Address, Fields, Reason, Value};

use super::super::Intent;
use super::{Context, ESTATE_TAG, HANDLE_TAG, NAME, PROTECTED_TAG, Resource, estate_tag};

pub(super) fn resources(context: &Context<'_>) -> Vec<Resource> {
    if context.intent == Intent::Destroy {
        return Vec::new();
    }
    let ours = estate_tag(&context.desired.estate);
    let found = context.desired.let_go.keys().filter_map(|handle| {
        let actual = context.snapshot.applications.get(handle.as_str())?;
        actual.tags.contains(&ours).then_some((handle, actual))
    });
    found
        .map(|(handle, actual)| {
            let tags = |kept: &dyn Fn(&String) -> bool| {
                let tags = actual.tags.iter().filter(|tag| kept(tag)).map(Value::text);
                Fields::from([("tags".to_owned(), Value::set(tags))])
            };
            let is_accredits =
                |tag: &String| tag.starts_with(ESTATE_TAG) || tag.starts_with(HANDLE_TAG) || tag == PROTECTED_TAG;
            let address = Address::new(handle.as_str(), NAME, "");
            let found = (actual.id.clone(), tags(&|_| true));
            let mut resource = Resource::new(address, Some(tags(&|tag| !is_accredits(tag))), Some(found));
            resource.reason = Some(Reason::LetGo);
            resource.notes.push(
                "it stays and works, with its keys, consents and roles, and nobody manages it: its certificates are renewed no more"
                    .to_owned(),
            );
            resource
        })
        .collect()
}
