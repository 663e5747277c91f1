//! Puts together what several files hold: which key belongs to which certificate, and who issued whom.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::contents::{FoundKey, KeyFile};
use super::inspect::InspectError;
use super::unreadable::Unreadable;
use super::{facts, inspect, verdict};
use crate::model::{
    CertificateFacts, DistinguishedName, InspectedCertificate, InspectedFile, InspectedKey, InspectedRequest,
    Inspection, KeyFacts, Thumbprint,
};

/// Chains of certificates are not longer.
const MAXIMUM_CHAIN: usize = 10;

/// A file by its name, with what it holds or why that is not known.
pub struct Examined<'a> {
    pub name: &'a str,
    pub contents: Result<&'a KeyFile, &'a Unreadable>,
}

/// Looks at files together and says what Entra and Exchange would.
pub fn examine(files: &[Examined<'_>], now: Timestamp) -> Inspection {
    let readable = || files.iter().filter_map(|file| file.contents.ok());
    let keys: Vec<PublicHalf> = readable().flat_map(|file| &file.keys).map(PublicHalf::of).collect();
    let certificates: Vec<Known> =
        readable().flat_map(|file| &file.certificates).filter_map(|found| Known::of(&found.der)).collect();

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
                        &certificates,
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

/// A certificate that others may have been issued by.
struct Known {
    der: Vec<u8>,
    public_key: Vec<u8>,
    facts: CertificateFacts,
}

impl Known {
    fn of(der: &[u8]) -> Option<Self> {
        let (facts, public_key) = (facts::certificate(der).ok()?, inspect::public_key(der).ok()?);
        Some(Self { der: der.to_vec(), public_key, facts })
    }
}

fn certificate(
    facts: CertificateFacts,
    der: &[u8],
    friendly_name: Option<String>,
    known: &[Known],
    keys: &[PublicHalf],
    now: Timestamp,
) -> InspectedCertificate {
    let public_key = inspect::public_key(der).ok();
    InspectedCertificate {
        days_left: (facts.not_after.as_second() - now.as_second()).div_euclid(24 * 60 * 60),
        friendly_name,
        has_private_key: keys.iter().any(|key| key.is_of(public_key.as_deref())),
        chain: chain(&facts, der, known),
        issued_another: known.iter().any(|other| other.der != der && facts::is_issued_by(&other.der, der)),
        facts,
    }
}

/// Those that issued a certificate, the nearest first.
fn chain(facts: &CertificateFacts, der: &[u8], known: &[Known]) -> Vec<DistinguishedName> {
    let mut chain = Vec::new();
    let mut seen: BTreeSet<&Thumbprint> = BTreeSet::from([&facts.thumbprint]);
    let mut last = der;
    while let Some(issuer) =
        known.iter().find(|issuer| !seen.contains(&issuer.facts.thumbprint) && facts::is_issued_by(last, &issuer.der))
    {
        seen.insert(&issuer.facts.thumbprint);
        chain.push(issuer.facts.subject.clone());
        last = &issuer.der;
        if chain.len() == MAXIMUM_CHAIN {
            break;
        }
    }
    chain
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
        belongs_to: belongs_to.map(|certificate| certificate.facts.thumbprint.clone()),
    }
}
