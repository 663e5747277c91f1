//! Which certificate an application is to have from a plan on, and why it has to be another one than before.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::chain::{CertificateChain, Uploaded};
use crate::model::{
    AskedFor, CertificateSource, DesiredCertificate, KeyAccess, OnExpired, Reason, Rotate, SignedCertificate,
    StoredCertificate, StoredRequest, Thumbprint,
};

/// A new certificate begins this long before it is made, so that a server whose clock is a little behind accepts it.
pub(super) const BACK_DATED: SignedDuration = SignedDuration::from_mins(10);

/// Where the certificate that is to be used comes from.
#[derive(Clone, Debug)]
pub enum Choice<'a> {
    /// Key and certificate have to be made.
    Make { reason: Reason },
    /// A key and the request for its certificate have to be made.
    Request { reason: Reason },
    /// The request is made, and nobody has signed it yet.
    Wait { request: &'a StoredRequest },
    /// An authority has signed the request.
    TakeIn { request: &'a StoredRequest, signed: &'a SignedCertificate },
    /// It lies in the key store, whether or not it was uploaded already.
    InStore(&'a StoredCertificate),
    /// It is on the application; its key is not in this store.
    Elsewhere { thumbprint: &'a Thumbprint },
    /// There is none, and none can be made here.
    Nothing,
}

impl<'a> CertificateChain<'a> {
    pub(super) fn choose(&self) -> Choice<'a> {
        match &self.desired.source {
            CertificateSource::SelfSigned => self.ours(),
            CertificateSource::KeyVault(vault) if vault.create => self.ours(),
            CertificateSource::Request { .. } => self.requested(),
            CertificateSource::File { .. } | CertificateSource::KeyVault(_) => match self.keys.generations.last() {
                Some(given) if self.now < given.not_after || self.is_uploaded(given) => Choice::InStore(given),
                Some(_) | None => self.in_use(),
            },
        }
    }

    /// In this order: what lies in the store, good and not yet uploaded (a rotation that was begun); what is uploaded and
    /// good; a new one.
    fn ours(&self) -> Choice<'a> {
        match (self.waiting(), self.followed_because()) {
            // What lies there may be what has to be replaced: it was taken off the application by hand.
            (Some(waiting), _) if self.desired.rotate != Rotate::Now => Choice::InStore(waiting),
            (_, Some(reason)) => Choice::Make { reason },
            (_, None) => self.in_use(),
        }
    }

    /// The same where an authority signs: a request that lies there is a rotation that was begun.
    fn requested(&self) -> Choice<'a> {
        if let Some(waiting) = self.waiting().filter(|_| self.desired.rotate != Rotate::Now) {
            return Choice::InStore(waiting);
        }
        match (self.request(), self.followed_because()) {
            (Some(request), _) => match request.signed.iter().find(|signed| self.is_in_time(&signed.certificate)) {
                Some(signed) => Choice::TakeIn { request, signed },
                None => Choice::Wait { request },
            },
            (None, Some(reason)) => Choice::Request { reason },
            (None, None) => self.in_use(),
        }
    }

    /// What is uploaded already.
    fn in_use(&self) -> Choice<'a> {
        match self.newest() {
            None => Choice::Nothing,
            Some(newest) => newest.stored.map_or(Choice::Elsewhere { thumbprint: newest.thumbprint }, Choice::InStore),
        }
    }

    /// The request that asks for what is declared today.
    fn request(&self) -> Option<&'a StoredRequest> {
        let is_asked =
            |request: &&StoredRequest| asks_for(&request.asked, self.desired) && request.key == self.desired.key;
        let requests = || self.keys.requests.iter().filter(is_asked);
        requests().find(|request| !request.signed.is_empty()).or_else(|| requests().next())
    }

    /// The newest certificate in the store that is good and on no application yet.
    fn waiting(&self) -> Option<&'a StoredCertificate> {
        let newest = self.newest();
        let is_later = |stored: &&StoredCertificate| newest.is_none_or(|newest| comes_after(stored, newest));
        let candidates = self.keys.generations.iter().rev().filter(|stored| !self.is_uploaded(stored));
        candidates
            .filter(is_later)
            .find(|stored| self.due(stored.not_before, stored.not_after).is_none() && self.differs(stored).is_none())
    }

    /// Why another one is to follow those that are uploaded.
    fn followed_because(&self) -> Option<Reason> {
        let Some(own) = self.own() else { return Some(Reason::Missing) };
        if self.desired.rotate == Rotate::Now {
            return Some(self.replaced_because(own).unwrap_or(Reason::Rotated));
        }
        self.replaced_because(own)
            .filter(|reason| !matches!(reason, Reason::Expired { .. }) || self.expiry.on_expired == OnExpired::Renew)
    }

    pub(super) fn replaced_because(&self, uploaded: &Uploaded<'_>) -> Option<Reason> {
        let start = uploaded.stored.map_or(uploaded.start(), |stored| stored.not_before);
        self.due(start, uploaded.end()).or_else(|| uploaded.stored.and_then(|stored| self.differs(stored)))
    }

    /// Why a certificate with these dates has to be followed by another one now.
    fn due(&self, start: Timestamp, end: Timestamp) -> Option<Reason> {
        let days = end.duration_since(self.now).as_hours().div_euclid(24);
        if end <= self.now {
            Some(Reason::Expired { days: -days })
        } else if self.renewal(start, end) <= self.now {
            Some(Reason::Expires { days, renew_before: self.expiry.renew_before.to_string() })
        } else {
            None
        }
    }

    /// From when on a certificate with these dates is followed by another one.
    pub(super) fn renewal(&self, start: Timestamp, end: Timestamp) -> Timestamp {
        let renewal = self.expiry.renew_before.before(end);
        if start < renewal {
            return renewal;
        }
        // An authority gave it less time than that: it would be due from its first day on.
        start + (end.duration_since(start) / 3) * 2
    }

    /// Whether `stored` was made by another declaration than today's.
    fn differs(&self, stored: &StoredCertificate) -> Option<Reason> {
        let desired = self.desired;
        // A policy of the tenant may have taken off as much as it was dated back.
        let same_end = || {
            let (_, end) = dates(desired, later(stored.not_before));
            stored.not_after <= end && end <= later(stored.not_after)
        };
        let same_rest = || same_names(&stored.dns_names, &desired.dns_names) && stored.key == desired.key;
        let same = match &desired.source {
            CertificateSource::SelfSigned => same_subject(&stored.subject, desired) && same_rest() && same_end(),
            // Authorities change what they sign and decide dates by themselves, so the request is held against what is
            // declared. A certificate without one was signed by no authority.
            CertificateSource::Request { .. } => {
                stored.asked.as_ref().is_some_and(|asked| asks_for(asked, desired)) && stored.key == desired.key
            }
            CertificateSource::KeyVault(vault) if vault.create => {
                let same_export =
                    matches!(stored.private_key, KeyAccess::Vault { exportable, .. } if exportable == vault.exportable);
                // A vault reckons in months. Whether it keeps the order of a subject's parts is not written anywhere.
                (desired.subject_by_handle || stored.subject.has_parts_of(&desired.subject))
                    && same_rest()
                    && same_export
            }
            CertificateSource::File { .. } | CertificateSource::KeyVault(_) => true,
        };
        (!same).then_some(Reason::CannotChangeInPlace)
    }

    /// First and last instant of a certificate that is made now.
    pub(crate) fn new_dates(&self) -> (Timestamp, Timestamp) {
        let (start, end) = dates(self.desired, self.now);
        // The tenant reckons from the first instant, which is dated back.
        let latest = self.limit.map(|(_, longest)| longest.after(start)).filter(|latest| end <= later(*latest));
        (start, latest.map_or(end, |latest| latest.min(end)))
    }
}

/// When that which begins at `start` was made, as far as there are instants.
pub(super) fn later(start: Timestamp) -> Timestamp {
    start.saturating_add(BACK_DATED).unwrap_or(Timestamp::MAX)
}

/// The first instant of what is made at `now`.
pub(in super::super) fn back_dated(now: Timestamp) -> Timestamp {
    whole_seconds(now) - BACK_DATED
}

fn dates(desired: &DesiredCertificate, now: Timestamp) -> (Timestamp, Timestamp) {
    (back_dated(now), desired.valid_for.after(whole_seconds(now)))
}

/// X.509 has no fractions of a second.
fn whole_seconds(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Whether a request asks for what is declared today.
fn asks_for(asked: &AskedFor, desired: &DesiredCertificate) -> bool {
    let usages: Vec<String> = match &desired.source {
        CertificateSource::Request { usages } => usages.iter().map(|usage| usage.as_str().to_owned()).collect(),
        CertificateSource::SelfSigned | CertificateSource::File { .. } | CertificateSource::KeyVault(_) => Vec::new(),
    };
    same_subject(&asked.subject, desired)
        && same_names(&asked.dns_names, &desired.dns_names)
        && same_names(&asked.usages, &usages)
}

/// Whether a certificate that is on no application came into the store after the one that was uploaded last. Where that was
/// not written down, only what begins after the upload did: one that was removed must not come back.
fn comes_after(stored: &StoredCertificate, newest: &Uploaded<'_>) -> bool {
    match newest.stored {
        Some(known) if stored.follows.contains(&known.thumbprint) => true,
        Some(known) if known.follows.contains(&stored.thumbprint) => false,
        Some(_) | None => newest.start() < stored.not_before,
    }
}

fn same_names(one: &[String], other: &[String]) -> bool {
    one.iter().collect::<BTreeSet<_>>() == other.iter().collect::<BTreeSet<_>>()
}

/// Whether a certificate has the declared subject. One that nobody declared follows no new handle.
fn same_subject(subject: &crate::model::DistinguishedName, desired: &DesiredCertificate) -> bool {
    desired.subject_by_handle || *subject == desired.subject
}
