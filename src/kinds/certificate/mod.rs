//! `certificate`: a key pair with its certificate in the key store. Uploading it is the application's business.

mod chain;

pub(super) use chain::back_dated;
pub use chain::{CertificateChain, Generation};

use crate::model::{Address, DesiredCertificate, Fields, PfxEncryption, Reason, Step, StoredCertificate, Value};

use super::write::{Certificates, Write};
use super::{Context, Findings, Kind, Resource};

pub(super) struct Certificate;

pub(super) const NAME: &str = "certificate";

impl Kind for Certificate {
    fn name(&self) -> &'static str {
        NAME
    }

    fn forces_replacement(&self) -> &'static [&'static str] {
        &["subject", "dnsNames", "key"]
    }

    fn resources(&self, context: &Context<'_>, findings: &mut Findings) {
        for (handle, desired, _) in context.applications() {
            let Some(desired) = desired else { continue };
            for (name, certificate) in desired.certificates.iter().flatten() {
                let Some(chain) = context.chain(handle, name) else { continue };
                let address = Address::new(handle, NAME, name);
                match &chain.next {
                    Generation::Make { reason } => {
                        let mut fields = declared(certificate);
                        let dates = chain.new_dates();
                        fields.insert("notBefore".to_owned(), Value::text(dates.0.to_string()));
                        fields.insert("notAfter".to_owned(), Value::text(dates.1.to_string()));
                        fields.insert("thumbprint".to_owned(), Value::output(address.clone(), "thumbprint"));
                        let current = chain.current_facts();
                        let mut resource = Resource::new(address, Some(fields), current);
                        resource.renewal = resource.actual.is_some();
                        if resource.renewal && !matches!(reason, Reason::Expired { .. }) {
                            resource.notes.push(chain.overlap_note());
                        }
                        resource.reason = Some(reason.clone());
                        findings.resources.push(resource);
                    }
                    Generation::InStore(stored) => {
                        let fields = exports(certificate);
                        let actual = (stored.thumbprint.to_string(), stored_exports(certificate, stored));
                        findings.resources.push(Resource::new(address, Some(fields), Some(actual)));
                    }
                    // Its key lies in another store: there is nothing here to compare.
                    Generation::Elsewhere { thumbprint } => findings.resources.push(Resource::new(
                        address,
                        Some(Fields::new()),
                        Some((thumbprint.clone(), Fields::new())),
                    )),
                }
            }
        }
    }

    fn writes(&self, step: &Step, _: &Certificates) -> Vec<Write> {
        match &step.action {
            crate::model::Action::Create { after: _ } | crate::model::Action::Renew { .. } => {
                vec![Write::MakeCertificate]
            }
            crate::model::Action::Update { id, .. } => vec![Write::ExportCertificate { thumbprint: id.clone() }],
            // Keys are never deleted, so this is never planned.
            crate::model::Action::Delete { .. } => Vec::new(),
        }
    }
}

fn declared(certificate: &DesiredCertificate) -> Fields {
    let mut fields = exports(certificate);
    fields.insert("subject".to_owned(), Value::text(&certificate.subject.0));
    fields.insert("dnsNames".to_owned(), Value::set(certificate.dns_names.iter().map(Value::text)));
    fields.insert("key".to_owned(), Value::text(certificate.key.as_str()));
    fields.insert("store".to_owned(), Value::text(certificate.store.display().to_string()));
    if let Some(name) = &certificate.friendly_name {
        fields.insert("friendlyName".to_owned(), Value::text(name));
    }
    if certificate.pfx_password.is_some() {
        fields.insert("pfxPassword".to_owned(), Value::SENSITIVE);
    }
    if certificate.pfx_encryption != PfxEncryption::default() {
        fields.insert("pfxEncryption".to_owned(), Value::text(certificate.pfx_encryption.as_str()));
    }
    fields
}

fn exports(certificate: &DesiredCertificate) -> Fields {
    let formats = certificate.export.iter().map(|format| Value::text(format.as_str()));
    Fields::from([("export".to_owned(), Value::set(formats))])
}

/// The declared files that are there. Others may lie beside them; they are not ours to remove.
fn stored_exports(certificate: &DesiredCertificate, stored: &StoredCertificate) -> Fields {
    let there = stored.exports.intersection(&certificate.export).map(|format| Value::text(format.as_str()));
    Fields::from([("export".to_owned(), Value::set(there))])
}
