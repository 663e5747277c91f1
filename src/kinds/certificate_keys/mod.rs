//! `certificateKeys`: where the keys of one declared certificate lie in their store. They lie under their application's handle, and
//! are copied when that changes.

use crate::model::{Action, Address, Fields, Reason, Step, Value};

use super::write::{Certificates, Write};
use super::{Context, Kind, Resource, Survey};

pub(super) struct CertificateKeys;

const NAME: &str = "certificateKeys";

impl Kind for CertificateKeys {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, context: &Context<'_>, survey: &mut Survey) {
        for (handle, desired, _) in context.applications() {
            for name in desired.iter().flat_map(|desired| desired.certificates.iter().flatten()).map(|(name, _)| name) {
                let kept = context.snapshot.keys.get(&(handle.to_owned(), name.clone()));
                let Some(former) = context.desired.former(handle).filter(|_| kept.is_some_and(|kept| kept.in_former))
                else {
                    continue;
                };
                let lies_under = |handle: &str| Fields::from([("handle".to_owned(), Value::text(handle))]);
                let former = former.handle.as_str();
                let actual = (former.to_owned(), lies_under(former));
                let mut resource = Resource::new(address(handle, name), Some(lies_under(handle)), Some(actual));
                resource.reason = Some(Reason::Moved { from: former.to_owned() });
                resource.notes.push(format!(
                    "its keys are copied to `{handle}/{name}`; what lies under `{former}/{name}` stays, and may be removed by hand once nothing uses it"
                ));
                survey.resources.push(resource);
            }
        }
    }

    fn writes(&self, step: &Step, _: &Certificates) -> Vec<Write> {
        match &step.action {
            Action::Update { .. } => vec![Write::CopyKeys],
            Action::Create { .. } | Action::Renew { .. } | Action::Prove { .. } | Action::Delete { .. } => Vec::new(),
        }
    }
}

/// What has to be done before anything else is done to a certificate's keys.
pub(super) fn address(handle: &str, certificate: &str) -> Address {
    Address::new(handle, NAME, certificate)
}
