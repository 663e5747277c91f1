//! `certificateRequest`: a key with the request by which an authority certifies it. What the authority signed is taken up
//! as a `certificate`.

use crate::model::{Action, Address, CertificateSource, Fields, Step, Value};

use super::certificate::{CertificateChain, Choice};
use super::write::{Certificates, Write};
use super::{Context, Kind, Resource, Survey};

pub(super) struct CertificateRequest;

const NAME: &str = "certificateRequest";

impl Kind for CertificateRequest {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, context: &Context<'_>, survey: &mut Survey) {
        for (handle, desired, _) in context.applications() {
            for (name, certificate) in desired.iter().flat_map(|desired| desired.certificates.iter().flatten()) {
                let Some(Choice::Request { reason }) = context.chain(handle, name).map(|chain| &chain.choice) else {
                    continue;
                };
                let address = Address::new(handle, NAME, name);
                let usages = match &certificate.source {
                    CertificateSource::Request { usages } => usages.iter().map(|usage| Value::text(usage.as_str())),
                    CertificateSource::SelfSigned | CertificateSource::File { .. } | CertificateSource::KeyVault(_) => {
                        continue;
                    }
                };
                let fields = Fields::from([
                    ("subject".to_owned(), Value::text(&certificate.subject.0)),
                    ("dnsNames".to_owned(), Value::set(certificate.dns_names.iter().map(Value::text))),
                    ("key".to_owned(), Value::text(certificate.key.as_str())),
                    ("extendedKeyUsage".to_owned(), Value::set(usages)),
                    ("store".to_owned(), Value::text(certificate.store.to_string())),
                    ("file".to_owned(), Value::output(address.clone(), "file")),
                ]);
                let mut resource = Resource::new(address, Some(fields), None);
                resource.reason = Some(reason.clone());
                resource
                    .notes
                    .push("have it signed by an authority; an apply after that takes the certificate up".to_owned());
                let limit = context.chain(handle, name).and_then(CertificateChain::limit);
                resource.notes.extend(limit.map(|(policy, longest)| {
                    format!("the tenant takes no certificate that lives longer than {longest} (policy `{policy}`)")
                }));
                survey.resources.push(resource);
            }
        }
    }

    fn writes(&self, step: &Step, _: &Certificates) -> Vec<Write> {
        match &step.action {
            Action::Create { after: _ } => vec![Write::MakeRequest],
            // Requests are made and taken up, and nothing else is ever planned for them.
            Action::Update { .. } | Action::Renew { .. } | Action::Prove { .. } | Action::Delete { .. } => Vec::new(),
        }
    }
}
