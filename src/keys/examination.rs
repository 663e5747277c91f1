//! Puts together what several files hold: which key belongs to which certificate, and who issued whom.

use jiff::Timestamp;

use super::contents::{FoundKey, KeyFile};
use super::inspect::InspectError;
use super::issuance::Link;
use super::unreadable::Unreadable;
use super::{facts, inspect, verdict};
use crate::model::{
    CertificateFacts, InspectedCertificate, InspectedFile, InspectedKey, InspectedRequest, Inspection, KeyFacts,
    Thumbprint,
};

/// A file by its name, with what it holds or why that is not known.
pub struct Examined<'a> {
    pub name: &'a str,
    pub contents: Result<&'a KeyFile, &'a Unreadable>,
}

/// Looks at files together and says what Entra and Exchange would.
pub fn examine(files: &[Examined<'_>], now: Timestamp) -> Inspection {
    let readable = || files.iter().filter_map(|file| file.contents.ok());
    let keys: Vec<PublicHalf> = readable().flat_map(|file| &file.keys).map(PublicHalf::of).collect();
    let found = || readable().flat_map(|file| &file.certificates);
    let certificates: Vec<Known> = found().filter_map(|found| Known::of(&found.der)).collect();
    let links: Vec<Link<'_>> = found().filter_map(|found| Link::of(&found.der)).collect();

    let mut inspected = Vec::new();
    let mut damaged: Vec<(String, InspectError)> = Vec::new();
    for file in files {
        let mut shown = InspectedFile {
            file: file.name.to_owned(),
            format: None,
            protections: Vec::new(),
            certificates: Vec::new(),
            private_keys: Vec::new(),
            requests: Vec::new(),
        };
        if let Ok(contents) = file.contents {
            shown.format = Some(contents.format.as_str().to_owned());
            shown.protections.clone_from(&contents.protections);
            for found in &contents.certificates {
                match facts::certificate(&found.der) {
                    Ok(facts) => shown.certificates.push(certificate(
                        facts,
                        &found.der,
                        found.labels.friendly_name.clone(),
                        &links,
                        &keys,
                        now,
                    )),
                    Err(error) => damaged.push((file.name.to_owned(), error)),
                }
            }
            shown.private_keys.extend(contents.keys.iter().map(|found| private_key(found, &certificates)));
            for der in &contents.requests {
                match facts::request(der) {
                    Ok(request) => shown.requests.push(InspectedRequest {
                        has_private_key: keys.iter().any(|key| key.is_of(facts::requested_key(der).as_deref())),
                        ..request
                    }),
                    Err(error) => damaged.push((file.name.to_owned(), error)),
                }
            }
        }
        inspected.push(shown);
    }
    let findings = verdict::findings(files, &inspected, &damaged, now);
    let fit = verdict::is_fit(&findings);
    Inspection { now, fit, files: inspected, findings }
}

/// The public half of a private key.
struct PublicHalf(Option<Vec<u8>>);

impl PublicHalf {
    fn of(found: &FoundKey) -> Self {
        Self(found.key.subject_public_key_info())
    }

    fn is_of(&self, key: Option<&[u8]>) -> bool {
        self.0.is_some() && self.0.as_deref() == key
    }
}

/// A certificate that a key may belong to.
struct Known {
    public_key: Vec<u8>,
    thumbprint: Thumbprint,
}

impl Known {
    fn of(der: &[u8]) -> Option<Self> {
        Some(Self { public_key: inspect::public_key(der).ok()?, thumbprint: facts::certificate(der).ok()?.thumbprint })
    }
}

fn certificate(
    facts: CertificateFacts,
    der: &[u8],
    friendly_name: Option<String>,
    links: &[Link<'_>],
    keys: &[PublicHalf],
    now: Timestamp,
) -> InspectedCertificate {
    let public_key = inspect::public_key(der).ok();
    let link = Link::of(der);
    let subject = |issuer: &Link<'_>| facts::certificate(issuer.der).ok().map(|facts| facts.subject);
    InspectedCertificate {
        days_left: (facts.not_after.as_second() - now.as_second()).div_euclid(24 * 60 * 60),
        friendly_name,
        has_private_key: keys.iter().any(|key| key.is_of(public_key.as_deref())),
        chain: link.iter().flat_map(|link| link.chain(links)).filter_map(subject).collect(),
        issued_another: link.is_some_and(|link| link.issued_one_of(links)),
        facts,
    }
}

fn private_key(found: &FoundKey, known: &[Known]) -> InspectedKey {
    let public = found.key.subject_public_key_info();
    let facts = public.as_deref().and_then(facts::public_key);
    let belongs_to = known.iter().find(|certificate| Some(&certificate.public_key) == public.as_ref());
    InspectedKey {
        key: facts.unwrap_or_else(|| KeyFacts { kind: found.key.kind(), bits: None }),
        encrypted: found.was_encrypted,
        friendly_name: found.labels.friendly_name.clone(),
        provider: found.labels.provider.clone(),
        provider_kind: found.labels.provider.as_deref().map(|name| if verdict::is_cng(name) { "CNG" } else { "CSP" }),
        belongs_to: belongs_to.map(|certificate| certificate.thumbprint.clone()),
    }
}
