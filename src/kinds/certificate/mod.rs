//! `certificate`: a key pair with its certificate in the key store. Uploading it is the application's business.

mod chain;
mod choice;
mod rotation;
#[cfg(test)]
mod tests;

pub use chain::CertificateChain;
pub use choice::Choice;
pub(super) use choice::back_dated;

use std::collections::BTreeSet;

use crate::model::{
    Action, Address, CertificateSource, DesiredCertificate, ExportFormat, Fields, KeyAccess, PfxEncryption, Reason,
    Step, StoreReference, StoredCertificate, Value,
};

use super::write::{Certificates, Write};
use super::{Context, How, Kind, Resource, Survey, certificate_keys};

pub(super) struct Certificate;

pub(super) const NAME: &str = "certificate";

impl Kind for Certificate {
    fn name(&self) -> &'static str {
        NAME
    }

    fn forces_replacement(&self) -> &'static [&'static str] {
        &["subject", "dnsNames", "key", "exportable"]
    }

    fn resources(&self, context: &Context<'_>, survey: &mut Survey) {
        for (handle, desired, _) in context.applications() {
            let Some(desired) = desired else { continue };
            for (name, certificate) in desired.certificates.iter().flatten() {
                let Some(chain) = context.chain(handle, name) else { continue };
                let address = Address::new(handle, NAME, name);
                survey.problems.extend(chain.problems());
                survey.rotations.extend(chain.rotation(address.clone()));
                survey.certificates.extend(chain.life(address.clone()));
                let resource = resource(address, certificate, chain);
                survey.resources.extend(resource.map(|mut resource| {
                    resource.needs.insert(certificate_keys::address(handle, name));
                    resource
                }));
            }
        }
    }

    fn writes(&self, step: &Step, _: &Certificates) -> Vec<Write> {
        match &step.action {
            Action::Create { after } | Action::Renew { after, .. } => {
                let field = |name: &str| after.get(name).and_then(Value::id).map(str::to_owned);
                match (field("request"), field("thumbprint")) {
                    (Some(request), Some(thumbprint)) => vec![Write::TakeInCertificate { request, thumbprint }],
                    (None, _) | (_, None) => vec![Write::MakeCertificate],
                }
            }
            Action::Update { id, changes, after: _ } => {
                let changed: BTreeSet<&str> = changes.iter().map(|change| change.path.as_str()).collect();
                let thumbprint = || id.clone();
                let encrypt = changed.contains("recipients").then_some(Write::ProtectKeys);
                let export = changed.contains("export").then(|| Write::ExportCertificate { thumbprint: thumbprint() });
                encrypt.into_iter().chain(export).collect()
            }
            // Keys are never deleted, and what signs in is another kind: neither is ever planned.
            Action::Delete { .. } | Action::Prove { .. } => Vec::new(),
        }
    }
}

fn resource(address: Address, certificate: &DesiredCertificate, chain: &CertificateChain<'_>) -> Option<Resource> {
    let successor = |fields: Fields, reason: &Reason| {
        let mut resource = Resource::new(address.clone(), Some(fields), chain.current_facts());
        if resource.actual.is_some() {
            resource.how = How::Renew;
            if !matches!(reason, Reason::Expired { .. }) {
                resource.notes.push(chain.overlap_note());
            }
        }
        resource.reason = Some(reason.clone());
        resource
    };
    match &chain.choice {
        Choice::Make { reason } => {
            let mut fields = declared(certificate);
            let dates = chain.new_dates();
            fields.insert("notBefore".to_owned(), Value::text(dates.0.to_string()));
            fields.insert("notAfter".to_owned(), Value::text(dates.1.to_string()));
            fields.insert("thumbprint".to_owned(), Value::output(address.clone(), "thumbprint"));
            Some(successor(fields, reason))
        }
        Choice::TakeIn { request, signed } => {
            let mut fields = declared(certificate);
            let found = &signed.certificate;
            fields.insert("subject".to_owned(), Value::text(&found.subject.0));
            fields.insert("dnsNames".to_owned(), Value::set(found.dns_names.iter().map(Value::text)));
            fields.insert("notBefore".to_owned(), Value::text(found.not_before.to_string()));
            fields.insert("notAfter".to_owned(), Value::text(found.not_after.to_string()));
            fields.insert("thumbprint".to_owned(), Value::text(found.thumbprint.as_str()));
            fields.insert("request".to_owned(), Value::text(&request.id));
            fields.insert("signedCertificate".to_owned(), Value::text(signed.file.display().to_string()));
            Some(successor(fields, &Reason::Signed))
        }
        Choice::InStore(stored) => {
            let mut fields = exports(certificate);
            let mut there = stored_exports(certificate, stored);
            if let Some((declared, found)) = recipients(certificate, chain) {
                fields.insert("recipients".to_owned(), declared);
                there.insert("recipients".to_owned(), found);
            }
            let notes = loss_of_recipients(fields.get("recipients"), there.get("recipients"));
            let mut resource = Resource::new(address, Some(fields), Some((stored.thumbprint.to_string(), there)));
            resource.notes.extend(notes);
            Some(resource)
        }
        // Its key lies in another store: there is nothing here to compare.
        Choice::Elsewhere { thumbprint } => {
            Some(Resource::new(address, Some(Fields::new()), Some((thumbprint.to_string(), Fields::new()))))
        }
        // The request is a resource of its own, and the certificate in use stays as it is.
        Choice::Request { .. } | Choice::Wait { .. } | Choice::Nothing => None,
    }
}

/// To whom the keys of a directory are encrypted, as declared and as found.
fn recipients(certificate: &DesiredCertificate, chain: &CertificateChain<'_>) -> Option<(Value, Value)> {
    let StoreReference::Directory { path: _, recipients: declared } = &certificate.store else { return None };
    if matches!(certificate.source, CertificateSource::File { .. }) {
        return None;
    }
    let nobody = BTreeSet::new();
    let found = |stored: &StoredCertificate| match &stored.private_key {
        KeyAccess::Encrypted { recipients } => recipients.clone(),
        KeyAccess::Plain | KeyAccess::Vault { .. } | KeyAccess::Absent => nobody.clone(),
    };
    let all: Vec<BTreeSet<String>> = chain.stored().map(found).collect();
    let differing = all.iter().find(|found| *found != declared).or(all.first())?;
    if declared.is_empty() && differing.is_empty() {
        return None;
    }
    let value = |recipients: &BTreeSet<String>| Value::set(recipients.iter().map(Value::text));
    Some((value(declared), value(differing)))
}

/// What to know where somebody is no longer to open the keys.
fn loss_of_recipients(declared: Option<&Value>, found: Option<&Value>) -> Option<String> {
    let (declared, found) = (declared?, found?);
    let declared: BTreeSet<&Value> = declared.members().collect();
    if found.members().all(|recipient| declared.contains(recipient)) {
        return None;
    }
    Some(if declared.is_empty() {
        "its private keys will lie in the clear, readable by their owner alone".to_owned()
    } else {
        "whoever is taken out has had these keys: `accredit rotate` makes one that they never had".to_owned()
    })
}

fn declared(certificate: &DesiredCertificate) -> Fields {
    let mut fields = exports(certificate);
    fields.insert("subject".to_owned(), Value::text(&certificate.subject.0));
    fields.insert("dnsNames".to_owned(), Value::set(certificate.dns_names.iter().map(Value::text)));
    fields.insert("key".to_owned(), Value::text(certificate.key.as_str()));
    fields.insert("store".to_owned(), Value::text(certificate.store.to_string()));
    if let StoreReference::Directory { path: _, recipients } = &certificate.store
        && !recipients.is_empty()
    {
        fields.insert("recipients".to_owned(), Value::set(recipients.iter().map(Value::text)));
    }
    if let CertificateSource::KeyVault(vault) = &certificate.source {
        fields.insert("vaultCertificate".to_owned(), Value::text(&vault.name));
        fields.insert("exportable".to_owned(), Value::text(vault.exportable.to_string()));
    }
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
    of_formats(certificate, certificate.export.iter())
}

/// The declared files that are there. Others may lie beside them; they are not ours to remove.
fn stored_exports(certificate: &DesiredCertificate, stored: &StoredCertificate) -> Fields {
    of_formats(certificate, stored.exports.intersection(&certificate.export))
}

fn of_formats<'f>(certificate: &DesiredCertificate, formats: impl Iterator<Item = &'f ExportFormat>) -> Fields {
    match certificate.source {
        // Nothing can be exported of these.
        CertificateSource::File { .. } | CertificateSource::KeyVault(_) => Fields::new(),
        CertificateSource::SelfSigned | CertificateSource::Request { .. } => {
            let formats = formats.map(|format| Value::text(format.as_str()));
            Fields::from([("export".to_owned(), Value::set(formats))])
        }
    }
}
