//! `signIn`: the proof that a certificate works, where others wait for it to retire. It changes nothing in the tenant.

use crate::model::{Action, Address, Fields, Reason, Step, Value};

use super::write::{Certificates, Write};
use super::{Context, How, Kind, Resource, Survey, application, certificate, service_principal};

pub(super) struct SignIn;

const NAME: &str = "signIn";

impl Kind for SignIn {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, context: &Context<'_>, survey: &mut Survey) {
        for (handle, desired, actual) in context.applications() {
            let service_principal = actual.and_then(|actual| actual.service_principal.as_ref());
            if service_principal.is_some_and(|service_principal| !service_principal.account_enabled) {
                // Nobody can sign in; that is reported, and no fault of the certificate.
                continue;
            }
            let has_others = !context.left_over(handle).is_empty() || context.has_foreign_that_wait(handle);
            for name in desired.iter().flat_map(|desired| desired.certificates.iter().flatten().map(|(name, _)| name)) {
                let Some(chain) = context.chain(handle, name) else { continue };
                let made = Value::output(Address::new(handle, certificate::NAME, name), "thumbprint");
                let Some(thumbprint) = chain.unproven(made, has_others) else { continue };
                let fields =
                    Fields::from([("appId".to_owned(), context.app_id(handle)), ("thumbprint".to_owned(), thumbprint)]);
                let mut resource = Resource::new(Address::new(handle, NAME, name), Some(fields), None);
                resource.how = How::Prove;
                resource.reason = Some(Reason::Unproven);
                // It needs no value of these, only that they are done.
                resource.needs.insert(Address::new(handle, application::NAME, ""));
                resource.needs.insert(Address::new(handle, service_principal::NAME, ""));
                survey.resources.push(resource);
            }
        }
    }

    fn writes(&self, step: &Step, _: &Certificates) -> Vec<Write> {
        match &step.action {
            Action::Prove { after } => {
                let field = |name: &str| after.get(name).and_then(Value::id).unwrap_or_default().to_owned();
                vec![Write::SignIn { app_id: field("appId"), thumbprint: field("thumbprint") }]
            }
            Action::Create { .. } | Action::Update { .. } | Action::Renew { .. } | Action::Delete { .. } => Vec::new(),
        }
    }
}
