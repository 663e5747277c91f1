//! The generations of one declared certificate: which is in use, which is due, which may go. Everything follows from
//! the certificates' own dates, from what signed in while the tenant was read, and from `now`; nothing is remembered.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::super::write::{is_made_here, key_id};
use super::choice::{Choice, later};
use crate::model::{
    CertificateSource, DesiredCertificate, Expiry, Fields, ForeignCredentials, KeyAccess, Named, ObservedKeyCredential,
    Period, PfxEncryption, Prune, Rotate, SignIn, StoredCertificate, StoredKeys, Thumbprint, Value,
};

/// Runs that upload within this time may not have seen each other's certificates when they were planned.
const AT_THE_SAME_TIME: SignedDuration = SignedDuration::from_hours(1);

/// What is known of one declared certificate in the key store and on the application.
#[derive(Debug)]
pub struct CertificateChain<'a> {
    pub(super) desired: &'a DesiredCertificate,
    pub(super) expiry: &'a Expiry,
    pub(super) keys: &'a StoredKeys,
    sign_ins: &'a BTreeMap<Thumbprint, SignIn>,
    pub(super) now: Timestamp,
    /// The name of the tenant's policy and the longest life that it allows a certificate.
    pub(super) limit: Option<(&'a str, Period)>,
    /// On the application and ours, oldest first.
    pub(super) uploaded: Vec<Uploaded<'a>>,
    /// The certificate that the application is to have from this plan on.
    pub choice: Choice<'a>,
}

/// A certificate of this chain on the application.
#[derive(Debug)]
pub(super) struct Uploaded<'a> {
    credential: &'a ObservedKeyCredential,
    pub(super) thumbprint: &'a Thumbprint,
    pub(super) stored: Option<&'a StoredCertificate>,
}

impl Uploaded<'_> {
    pub(super) fn start(&self) -> Timestamp {
        self.credential.start.unwrap_or(Timestamp::MIN)
    }

    pub(super) fn end(&self) -> Timestamp {
        self.credential.end.unwrap_or(Timestamp::MAX)
    }

    pub(super) fn is_usable(&self, now: Timestamp) -> bool {
        self.start() <= now && now < self.end()
    }

    fn named(&self, desired: &DesiredCertificate) -> Named {
        let name = self.credential.display_name.as_ref().unwrap_or(&desired.display_name);
        Named { id: self.thumbprint.to_string(), name: name.clone() }
    }
}

impl<'a> CertificateChain<'a> {
    pub fn new(
        desired: &'a DesiredCertificate,
        expiry: &'a Expiry,
        keys: &'a StoredKeys,
        credentials: &'a [ObservedKeyCredential],
        sign_ins: &'a BTreeMap<Thumbprint, SignIn>,
        now: Timestamp,
    ) -> Self {
        let uploaded = credentials.iter().filter_map(|credential| of_chain(credential, desired, &keys.generations));
        let mut uploaded: Vec<Uploaded<'a>> = uploaded.collect();
        let mut chain =
            Self { desired, expiry, keys, sign_ins, now, limit: None, uploaded: Vec::new(), choice: Choice::Nothing };
        // Of two that were uploaded in the same moment the good one is the later.
        uploaded.sort_by_key(|uploaded| (uploaded.start(), chain.replaced_because(uploaded).is_none(), uploaded.end()));
        chain.uploaded = uploaded;
        chain.choice = chain.choose();
        chain
    }

    /// The same where a policy of the tenant limits how long certificates live.
    #[must_use]
    pub(crate) fn limited(self, limit: Option<(&'a str, Period)>) -> Self {
        Self { limit, ..self }
    }

    pub(crate) fn limit(&self) -> Option<(&'a str, Period)> {
        self.limit
    }

    pub(super) fn is_uploaded(&self, stored: &StoredCertificate) -> bool {
        self.uploaded.iter().any(|uploaded| *uploaded.thumbprint == stored.thumbprint)
    }

    /// Whether the store holds the key of a credential, under the `keyId` that is made from its certificate. `None`: it was not
    /// read, or holds nothing at all.
    pub(crate) fn holds_key_of(&self, credential: &ObservedKeyCredential) -> Option<bool> {
        let is_it =
            |uploaded: &Uploaded<'_>| uploaded.stored.is_some() && uploaded.credential.key_id == credential.key_id;
        (!self.keys.generations.is_empty()).then(|| self.uploaded.iter().any(is_it))
    }

    /// Everything in the store, oldest first.
    pub(super) fn stored(&self) -> impl Iterator<Item = &'a StoredCertificate> {
        self.keys.generations.iter()
    }

    /// The one that was uploaded last.
    pub(super) fn newest(&self) -> Option<&Uploaded<'a>> {
        self.uploaded.last()
    }

    /// The one that was uploaded last of those whose keys are here, else of all: what others have the key of may be of no
    /// use to those who sign in from here.
    pub(super) fn own(&self) -> Option<&Uploaded<'a>> {
        self.uploaded.iter().rfind(|uploaded| uploaded.stored.is_some()).or_else(|| self.newest())
    }

    /// The chosen one, where it is in the store and not on the application yet.
    pub(crate) fn coming_from_store(&self) -> Option<&'a StoredCertificate> {
        match &self.choice {
            Choice::InStore(stored) if !self.is_uploaded(stored) => Some(stored),
            _ => None,
        }
    }

    /// The chosen one, where it is on the application already.
    pub(super) fn chosen(&self) -> Option<&Uploaded<'a>> {
        let thumbprint = match &self.choice {
            Choice::InStore(stored) => &stored.thumbprint,
            Choice::Elsewhere { thumbprint } => *thumbprint,
            Choice::Make { .. }
            | Choice::Request { .. }
            | Choice::Wait { .. }
            | Choice::TakeIn { .. }
            | Choice::Nothing => return None,
        };
        self.uploaded.iter().find(|uploaded| uploaded.thumbprint == thumbprint)
    }

    /// The one to sign in with: the chosen one as soon as it has signed in, until then the one before it. Where there is no
    /// other, there is nothing to wait for; where no key is here, nobody here has seen what has taken over since.
    pub(super) fn active(&self) -> Option<&Uploaded<'a>> {
        let usable = || self.uploaded.iter().filter(|uploaded| uploaded.is_usable(self.now));
        let chosen = self.chosen().filter(|chosen| chosen.is_usable(self.now));
        let is_chosen =
            |uploaded: &&Uploaded<'_>| chosen.is_some_and(|chosen| chosen.thumbprint == uploaded.thumbprint);
        chosen
            .filter(|chosen| self.has_signed_in(chosen.thumbprint) || !usable().any(|one| one.stored.is_some()))
            .or_else(|| usable().rfind(|uploaded| !is_chosen(uploaded)))
            .or(chosen)
    }

    /// The certificate to sign in with, or only its thumbprint where its key is not in this store.
    pub fn signs_in_with(&self) -> Option<Result<&'a StoredCertificate, &'a Thumbprint>> {
        self.active().map(|active| active.stored.ok_or(active.thumbprint))
    }

    pub(super) fn has_signed_in(&self, thumbprint: &Thumbprint) -> bool {
        self.sign_ins.get(thumbprint) == Some(&SignIn::Accepted)
    }

    /// Why the chosen one did not sign in, where it was tried.
    pub(super) fn refused_sign_in(&self) -> Option<&'a str> {
        match self.sign_ins.get(self.chosen()?.thumbprint)? {
            SignIn::Refused(reason) => Some(reason),
            SignIn::Accepted => None,
        }
    }

    pub(super) fn is_in_time(&self, certificate: &StoredCertificate) -> bool {
        certificate.not_before <= self.now && self.now < certificate.not_after
    }

    /// The key credentials that the application is to have for this certificate.
    pub(crate) fn key_credentials(&self, made: Value) -> Vec<Value> {
        let next = match &self.choice {
            Choice::Make { .. } | Choice::TakeIn { .. } => Some(made),
            Choice::InStore(stored) => Some(Value::named(stored.thumbprint.as_str(), &self.desired.display_name)),
            Choice::Elsewhere { thumbprint } => Some(Value::named(thumbprint.as_str(), &self.desired.display_name)),
            Choice::Request { .. } | Choice::Wait { .. } | Choice::Nothing => None,
        };
        let kept = self.kept().map(|uploaded| Value::Named(uploaded.named(self.desired)));
        kept.chain(next).collect()
    }

    /// Those beside the chosen one that stay.
    fn kept(&self) -> impl Iterator<Item = &Uploaded<'a>> {
        let chosen = self.chosen().map(|chosen| chosen.thumbprint);
        let others = self.uploaded.iter().filter(move |uploaded| Some(uploaded.thumbprint) != chosen);
        others.filter(|uploaded| self.goes_from(uploaded).is_none_or(|from| self.now < from))
    }

    /// From when on a certificate that is not the chosen one is removed, where that is known.
    pub(super) fn goes_from(&self, uploaded: &Uploaded<'_>) -> Option<Timestamp> {
        let is_followed = match &self.choice {
            Choice::Make { .. } | Choice::TakeIn { .. } | Choice::InStore(_) | Choice::Elsewhere { .. } => true,
            Choice::Request { .. } | Choice::Wait { .. } | Choice::Nothing => false,
        };
        if uploaded.end() <= self.now {
            let is_pruned = self.expiry.prune == Prune::Expired;
            // Whoever's clock is ahead takes for ended what works; so the one that follows is proven first, where it can be.
            let is_proven = self.is_proven() || !self.can_be_proven();
            return (is_pruned || is_followed && is_proven).then_some(uploaded.end());
        }
        if !self.is_proven() || self.is_of_another_store(uploaded) {
            return None;
        }
        let newer = self.uploaded.iter().skip_while(|other| other.thumbprint != uploaded.thumbprint).nth(1);
        Some(self.end_of_overlap(newer.unwrap_or(uploaded)))
    }

    /// When what `uploaded` followed has stood beside it for the overlap.
    fn end_of_overlap(&self, uploaded: &Uploaded<'_>) -> Timestamp {
        match self.desired.rotate {
            Rotate::Finish => self.now,
            Rotate::WhenDue | Rotate::Now => self.expiry.overlap.after(later(uploaded.start())),
        }
    }

    /// Whether somebody with another key store made this one at the same time as the chosen one: neither follows the other, and
    /// somebody works with each.
    fn is_of_another_store(&self, uploaded: &Uploaded<'_>) -> bool {
        let is_made_here =
            matches!(self.desired.source, CertificateSource::SelfSigned | CertificateSource::Request { .. });
        let is_later = self.chosen().is_some_and(|chosen| {
            uploaded.start().saturating_add(AT_THE_SAME_TIME).unwrap_or(Timestamp::MAX) < chosen.start()
        });
        is_made_here && uploaded.stored.is_none() && !is_later
    }

    /// Whether the chosen certificate has signed in.
    pub(crate) fn is_proven(&self) -> bool {
        self.chosen().is_some_and(|chosen| chosen.is_usable(self.now) && self.has_signed_in(chosen.thumbprint))
    }

    fn can_be_proven(&self) -> bool {
        match &self.choice {
            Choice::Make { .. } | Choice::TakeIn { .. } => true,
            Choice::InStore(stored) => stored.private_key != KeyAccess::Absent,
            Choice::Request { .. } | Choice::Wait { .. } | Choice::Elsewhere { .. } | Choice::Nothing => false,
        }
    }

    /// When the newest certificate has stood for the overlap beside what it followed. `None` until the chosen one has signed
    /// in.
    pub(crate) fn handed_over(&self) -> Option<Timestamp> {
        let newest = self.newest().filter(|_| self.is_proven())?;
        Some(self.end_of_overlap(newest))
    }

    /// The certificate that has to sign in once the plan is carried out, so that others can retire. `has_others` says that
    /// the application has certificates of ours outside of this chain that wait for it too.
    pub(crate) fn unproven(&self, made: Value, has_others: bool) -> Option<Value> {
        let is_followed = has_others || self.kept().next().is_some();
        match &self.choice {
            Choice::Make { .. } | Choice::TakeIn { .. } if is_followed => Some(made),
            Choice::InStore(stored)
                if is_followed
                    && stored.private_key != KeyAccess::Absent
                    && self.is_in_time(stored)
                    && !self.has_signed_in(&stored.thumbprint) =>
            {
                Some(Value::text(stored.thumbprint.as_str()))
            }
            Choice::Make { .. }
            | Choice::TakeIn { .. }
            | Choice::InStore(_)
            | Choice::Request { .. }
            | Choice::Wait { .. }
            | Choice::Elsewhere { .. }
            | Choice::Nothing => None,
        }
    }

    /// The chosen certificate, where it is on the application beside others that go once it has signed in, and its key can
    /// be had. Those are others of ours, and everybody's where the manifest has foreign ones removed.
    pub fn waited_for(
        &self,
        credentials: &[ObservedKeyCredential],
        foreign: ForeignCredentials,
    ) -> Option<&'a StoredCertificate> {
        let goes = |credential: &&ObservedKeyCredential| {
            credential.is_sign_in_certificate()
                && (foreign == ForeignCredentials::Remove
                    || is_made_here(&credential.key_id)
                    || self.uploaded_key_ids().any(|own| own.eq_ignore_ascii_case(&credential.key_id)))
        };
        let chosen = self.chosen().filter(|chosen| chosen.is_usable(self.now))?;
        let stored = chosen.stored.filter(|stored| stored.private_key != KeyAccess::Absent)?;
        (credentials.iter().filter(goes).count() > 1).then_some(stored)
    }

    /// The thumbprints on the application that belong to this declared certificate.
    pub(crate) fn uploaded(&self) -> impl Iterator<Item = Named> {
        self.uploaded.iter().map(|uploaded| uploaded.named(self.desired))
    }

    pub(crate) fn uploaded_key_ids(&self) -> impl Iterator<Item = &str> {
        self.uploaded.iter().map(|uploaded| uploaded.credential.key_id.as_str())
    }

    /// Id and fields of the newest certificate, as far as they are known here.
    pub(crate) fn current_facts(&self) -> Option<(String, Fields)> {
        let current = self.newest()?;
        let thumbprint = current.thumbprint.to_string();
        let mut fields = Fields::from([("thumbprint".to_owned(), Value::text(&thumbprint))]);
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        if let Some(stored) = current.stored {
            put("subject", Value::text(&stored.subject.0));
            put("dnsNames", Value::set(stored.dns_names.iter().map(Value::text)));
            put("key", Value::text(stored.key.as_str()));
            put("store", Value::text(self.desired.store.to_string()));
            put("export", Value::set(stored.exports.iter().map(|format| Value::text(format.as_str()))));
            let access = match &stored.private_key {
                KeyAccess::Encrypted { recipients } => {
                    Some(("recipients", Value::set(recipients.iter().map(Value::text))))
                }
                KeyAccess::Vault { version: _, exportable } => {
                    Some(("exportable", Value::text(exportable.to_string())))
                }
                KeyAccess::Plain | KeyAccess::Absent => None,
            };
            if let Some((name, value)) = access {
                put(name, value);
            }
            if let CertificateSource::KeyVault(vault) = &self.desired.source {
                put("vaultCertificate", Value::text(&vault.name));
            }
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
        let end = self.newest().map_or(until, Uploaded::end);
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

/// A credential of this declaration. It is known by its certificate in the store under the `keyId` that is made from it:
/// anybody may upload another one with its thumbprint as the identifier. Where the key lies elsewhere (another machine, a
/// pull request's runner), the form of the `keyId` and the name tell that it is one of these.
fn of_chain<'a>(
    credential: &'a ObservedKeyCredential,
    desired: &DesiredCertificate,
    stored: &'a [StoredCertificate],
) -> Option<Uploaded<'a>> {
    if !credential.is_sign_in_certificate() {
        return None;
    }
    let thumbprint = credential.thumbprint.as_ref()?;
    let known = stored
        .iter()
        .find(|stored| stored.thumbprint == *thumbprint && key_id(stored).eq_ignore_ascii_case(&credential.key_id));
    let is_named = credential.display_name.as_deref() == Some(&desired.display_name);
    (known.is_some() || (is_named && is_made_here(&credential.key_id))).then_some(Uploaded {
        credential,
        thumbprint,
        stored: known,
    })
}

pub(super) fn day(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d").to_string()
}
