//! The generations of one declared certificate: which is in use, which is due, which may go. Everything follows from
//! the certificates' own dates and `now`; nothing is remembered elsewhere.

use jiff::{SignedDuration, Timestamp};

use super::super::write::key_id;
use crate::model::{
    DesiredCertificate, Expiry, Fields, Named, ObservedKeyCredential, PfxEncryption, Reason, StoredCertificate,
    Thumbprint, Value,
};

/// A new certificate begins this long before it is made, so that a server whose clock is a little behind accepts it.
const BACK_DATED: SignedDuration = SignedDuration::from_mins(10);

/// What is known of one declared certificate in the key store and on the application.
#[derive(Debug)]
pub struct CertificateChain<'a> {
    desired: &'a DesiredCertificate,
    expiry: &'a Expiry,
    now: Timestamp,
    /// On the application and ours, oldest first.
    uploaded: Vec<Uploaded<'a>>,
    /// The certificate that the application is to have from this plan on.
    pub next: Generation<'a>,
}

/// Where the certificate that is to be used comes from.
#[derive(Clone, Debug)]
pub enum Generation<'a> {
    /// It has to be made.
    Make { reason: Reason },
    /// It lies in the key store, whether or not it was uploaded already.
    InStore(&'a StoredCertificate),
    /// It is on the application; its key is not in this store.
    Elsewhere { thumbprint: String },
}

#[derive(Debug)]
struct Uploaded<'a> {
    credential: &'a ObservedKeyCredential,
    thumbprint: &'a Thumbprint,
    stored: Option<&'a StoredCertificate>,
}

impl Uploaded<'_> {
    fn start(&self) -> Timestamp {
        self.credential.start.unwrap_or(Timestamp::MIN)
    }

    fn end(&self) -> Timestamp {
        self.credential.end.unwrap_or(Timestamp::MAX)
    }

    fn named(&self, desired: &DesiredCertificate) -> Named {
        let name = self.credential.display_name.as_ref().unwrap_or(&desired.display_name);
        Named { id: self.thumbprint.to_string(), name: name.clone() }
    }
}

impl<'a> CertificateChain<'a> {
    pub(crate) fn new(
        desired: &'a DesiredCertificate,
        expiry: &'a Expiry,
        stored: &'a [StoredCertificate],
        credentials: &'a [ObservedKeyCredential],
        now: Timestamp,
    ) -> Self {
        let certificates = credentials.iter().filter(|credential| credential.is_sign_in_certificate());
        let uploaded = if stored.is_empty() {
            // Where the keys are elsewhere (a pull request's runner), the name tells which one it is. Where there are keys,
            // a name proves nothing: anybody can upload a certificate under it.
            let named =
                certificates.filter(|credential| credential.display_name.as_deref() == Some(&desired.display_name));
            let uploaded = named.filter_map(|credential| {
                Some(Uploaded { credential, thumbprint: credential.thumbprint.as_ref()?, stored: None })
            });
            uploaded.collect()
        } else {
            certificates.filter_map(|credential| known(credential, stored)).collect()
        };
        let mut chain = Self { desired, expiry, now, uploaded, next: Generation::Make { reason: Reason::Missing } };
        // Of two that were uploaded in the same moment the good one is the later.
        let mut uploaded = std::mem::take(&mut chain.uploaded);
        uploaded.sort_by_key(|uploaded| (uploaded.start(), chain.replaced_because(uploaded).is_none(), uploaded.end()));
        chain.uploaded = uploaded;
        chain.next = chain.choose(stored);
        chain
    }

    /// Chooses what is to be used, in this order: what is uploaded and good; what lies in the store, good and not yet
    /// uploaded (an apply that did not finish); a new one.
    fn choose(&self, stored: &'a [StoredCertificate]) -> Generation<'a> {
        let reason = match self.current() {
            None => Reason::Missing,
            Some(current) => match (current.stored, self.replaced_because(current)) {
                (_, Some(reason)) => reason,
                (Some(stored), None) => return Generation::InStore(stored),
                (None, None) => return Generation::Elsewhere { thumbprint: current.thumbprint.to_string() },
            },
        };
        let since = self.current().map_or(Timestamp::MIN, Uploaded::start);
        let mut waiting = stored.iter().rev().filter(|stored| stored.not_before >= since);
        let good = |stored: &&StoredCertificate| self.due(stored.not_after).is_none() && self.differs(stored).is_none();
        waiting.find(good).map_or(Generation::Make { reason }, Generation::InStore)
    }

    /// The certificate in use: the one that was uploaded last.
    fn current(&self) -> Option<&Uploaded<'a>> {
        self.uploaded.last()
    }

    fn replaced_because(&self, current: &Uploaded<'_>) -> Option<Reason> {
        self.due(current.end()).or_else(|| current.stored.and_then(|stored| self.differs(stored)))
    }

    /// Why a certificate that ends then has to be followed by another one now.
    fn due(&self, end: Timestamp) -> Option<Reason> {
        let days = end.duration_since(self.now).as_hours().div_euclid(24);
        if end <= self.now {
            Some(Reason::Expired { days: -days })
        } else if self.expiry.renew_before.before(end) <= self.now {
            Some(Reason::Expires { days, renew_before: self.expiry.renew_before.to_string() })
        } else {
            None
        }
    }

    /// Whether `stored` was made by another declaration than today's.
    fn differs(&self, stored: &StoredCertificate) -> Option<Reason> {
        let desired = self.desired;
        let (_, end) = dates(desired, stored.not_before + BACK_DATED);
        let same = stored.subject == desired.subject
            && same_names(&stored.dns_names, &desired.dns_names)
            && stored.key == desired.key
            && stored.not_after == end;
        (!same).then_some(Reason::CannotChangeInPlace)
    }

    /// First and last instant of a certificate that is made now.
    pub(crate) fn new_dates(&self) -> (Timestamp, Timestamp) {
        dates(self.desired, self.now)
    }

    /// The key credentials that the application is to have for this certificate.
    pub(crate) fn key_credentials(&self, made: Value) -> Vec<Value> {
        let mut wanted: Vec<Value> = Vec::new();
        let next = match &self.next {
            Generation::Make { .. } => made,
            Generation::InStore(stored) => Value::named(stored.thumbprint.as_str(), &self.desired.display_name),
            Generation::Elsewhere { thumbprint } => Value::named(thumbprint, &self.desired.display_name),
        };
        let is_next = |named: &Named| next.id() == Some(&named.id);
        for (index, uploaded) in self.uploaded.iter().enumerate() {
            let named = uploaded.named(self.desired);
            // One that is followed by another has had its successor beside it since that one was uploaded.
            let successor = self.uploaded.get(index + 1).map(|next| next.start() + BACK_DATED);
            let retired = successor.is_some_and(|start| self.expiry.overlap.after(start) <= self.now);
            let expired = uploaded.end() <= self.now;
            if !is_next(&named) && !retired && !expired {
                wanted.push(Value::Named(named));
            }
        }
        wanted.push(next);
        wanted
    }

    /// The thumbprints on the application that belong to this declared certificate.
    pub(crate) fn uploaded(&self) -> impl Iterator<Item = Named> {
        self.uploaded.iter().map(|uploaded| uploaded.named(self.desired))
    }

    /// When the newest certificate of this declaration was uploaded.
    pub(crate) fn newest_upload(&self) -> Option<Timestamp> {
        self.uploaded.iter().map(|uploaded| uploaded.start() + BACK_DATED).max()
    }

    pub(crate) fn uploaded_key_ids(&self) -> impl Iterator<Item = &str> {
        self.uploaded.iter().map(|uploaded| uploaded.credential.key_id.as_str())
    }

    /// Id and fields of the certificate in use, as far as they are known here.
    pub(crate) fn current_facts(&self) -> Option<(String, Fields)> {
        let current = self.current()?;
        let thumbprint = current.thumbprint.to_string();
        let mut fields = Fields::from([("thumbprint".to_owned(), Value::text(&thumbprint))]);
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        if let Some(stored) = current.stored {
            put("subject", Value::text(&stored.subject.0));
            put("dnsNames", Value::set(stored.dns_names.iter().map(Value::text)));
            put("key", Value::text(stored.key.as_str()));
            put("store", Value::text(self.desired.store.display().to_string()));
            put("export", Value::set(stored.exports.iter().map(|format| Value::text(format.as_str()))));
        }
        put("notBefore", Value::text(current.start().to_string()));
        put("notAfter", Value::text(current.end().to_string()));
        if let Some(name) = &self.desired.friendly_name {
            put("friendlyName", Value::text(name));
        }
        if self.desired.pfx_password.is_some() {
            put("pfxPassword", Value::SENSITIVE);
        }
        if self.desired.pfx_encryption != PfxEncryption::default() {
            put("pfxEncryption", Value::text(self.desired.pfx_encryption.as_str()));
        }
        Some((thumbprint, fields))
    }

    /// What becomes of the certificate in use when its successor is made now.
    pub(crate) fn overlap_note(&self) -> String {
        let until = self.expiry.overlap.after(self.now);
        let end = self.current().map_or(until, Uploaded::end);
        if end <= until {
            format!("the one it follows stays usable until it ends on {}", day(end))
        } else {
            format!(
                "the one it follows stays usable until {} (overlap {}); an apply after that day removes it",
                day(until),
                self.expiry.overlap
            )
        }
    }
}

/// The stored certificate that `credential` is. Anybody may upload another one with its thumbprint as the identifier, but
/// not under the `keyId` that is made from it without replacing it.
fn known<'a>(credential: &'a ObservedKeyCredential, stored: &'a [StoredCertificate]) -> Option<Uploaded<'a>> {
    let thumbprint = credential.thumbprint.as_ref()?;
    let stored = stored
        .iter()
        .find(|stored| stored.thumbprint == *thumbprint && key_id(stored).eq_ignore_ascii_case(&credential.key_id))?;
    Some(Uploaded { credential, thumbprint, stored: Some(stored) })
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

fn same_names(one: &[String], other: &[String]) -> bool {
    use std::collections::BTreeSet;
    one.iter().collect::<BTreeSet<_>>() == other.iter().collect::<BTreeSet<_>>()
}

fn day(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::model::{DistinguishedName, KeyAlgorithm, Place};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn desired() -> DesiredCertificate {
        DesiredCertificate {
            place: Place { file: "exo.yaml".into(), line: 1, column: 1, start: 0, end: 1 },
            display_name: "main".to_owned(),
            subject: DistinguishedName("CN=exo".to_owned()),
            dns_names: Vec::new(),
            key: KeyAlgorithm::Rsa2048,
            valid_for: "1y".parse().unwrap(),
            friendly_name: None,
            store: "keys".into(),
            export: BTreeSet::new(),
            pfx_password: None,
            pfx_encryption: PfxEncryption::default(),
        }
    }

    fn expiry() -> Expiry {
        let period = |text: &str| text.parse().unwrap();
        Expiry { renew_before: period("30d"), overlap: period("14d"), maximum_lifetime: period("1y") }
    }

    /// One that was made at `made`, with a thumbprint of one repeated digit.
    fn stored(digit: char, made: &str) -> StoredCertificate {
        let (not_before, not_after) = dates(&desired(), at(made));
        StoredCertificate {
            thumbprint: Thumbprint::parse(&digit.to_string().repeat(40)).unwrap(),
            thumbprint_sha256: Thumbprint::parse(&digit.to_string().repeat(64)).unwrap(),
            subject: desired().subject,
            dns_names: Vec::new(),
            key: KeyAlgorithm::Rsa2048,
            not_before,
            not_after,
            der: Vec::new(),
            exports: BTreeSet::new(),
        }
    }

    fn uploaded(stored: &StoredCertificate) -> ObservedKeyCredential {
        ObservedKeyCredential {
            key_id: key_id(stored),
            display_name: Some("main".to_owned()),
            thumbprint: Some(stored.thumbprint.clone()),
            start: Some(stored.not_before),
            end: Some(stored.not_after),
            key_type: "AsymmetricX509Cert".to_owned(),
            usage: "Verify".to_owned(),
        }
    }

    /// What is next ("make" or a digit), and the digits that the application is to have.
    fn outcome(stored: &[StoredCertificate], uploaded: &[ObservedKeyCredential], now: &str) -> (String, String) {
        let (desired, expiry) = (desired(), expiry());
        let chain = CertificateChain::new(&desired, &expiry, stored, uploaded, at(now));
        let next = match &chain.next {
            Generation::Make { .. } => "make".to_owned(),
            Generation::InStore(stored) => stored.thumbprint.as_str()[..1].to_owned(),
            Generation::Elsewhere { thumbprint } => thumbprint[..1].to_owned(),
        };
        let wanted = chain.key_credentials(Value::text("+"));
        (next, wanted.iter().filter_map(Value::id).map(|id| &id[..1]).collect())
    }

    #[test]
    fn the_renewal_period_begins_to_the_second() {
        let one = [stored('1', "2026-01-01T00:00:00Z")];
        let there = [uploaded(&one[0])];
        assert_eq!(outcome(&one, &there, "2026-12-01T23:59:59Z"), ("1".into(), "1".into()));
        assert_eq!(outcome(&one, &there, "2026-12-02T00:00:00Z"), ("make".into(), "1+".into()));
    }

    #[test]
    fn the_overlap_ends_to_the_second_and_the_old_one_goes_then() {
        let two = [stored('1', "2026-01-01T00:00:00Z"), stored('2', "2026-12-02T00:00:00Z")];
        let there = [uploaded(&two[0]), uploaded(&two[1])];
        assert_eq!(outcome(&two, &there, "2026-12-15T23:59:59Z"), ("2".into(), "12".into()));
        assert_eq!(outcome(&two, &there, "2026-12-16T00:00:00Z"), ("2".into(), "2".into()));
    }

    #[test]
    fn a_key_that_waits_in_the_store_is_used_and_no_other_made() {
        let two = [stored('1', "2026-01-01T00:00:00Z"), stored('2', "2026-12-02T00:00:00Z")];
        assert_eq!(outcome(&two, &[uploaded(&two[0])], "2026-12-03T00:00:00Z"), ("2".into(), "12".into()));
        assert_eq!(outcome(&two, &[], "2026-12-03T00:00:00Z"), ("2".into(), "2".into()));
    }

    #[test]
    fn an_expired_one_is_replaced_and_goes_at_once() {
        let one = [stored('1', "2026-01-01T00:00:00Z")];
        assert_eq!(outcome(&one, &[uploaded(&one[0])], "2027-01-01T00:00:00Z"), ("make".into(), "+".into()));
    }

    #[test]
    fn one_whose_key_is_elsewhere_is_known_by_its_name() {
        let one = stored('1', "2026-01-01T00:00:00Z");
        assert_eq!(outcome(&[], &[uploaded(&one)], "2026-06-01T00:00:00Z"), ("1".into(), "1".into()));
        let mut other = uploaded(&one);
        other.display_name = Some("by hand".to_owned());
        assert_eq!(outcome(&[], &[other], "2026-06-01T00:00:00Z"), ("make".into(), "+".into()));
    }

    #[test]
    fn a_leap_day_is_no_trouble() {
        let one = stored('1', "2028-02-29T12:00:00Z");
        assert_eq!(one.not_after, at("2029-02-28T12:00:00Z"));
        assert_eq!(
            outcome(std::slice::from_ref(&one), &[uploaded(&one)], "2028-03-01T00:00:00Z"),
            ("1".into(), "1".into())
        );
    }
}
