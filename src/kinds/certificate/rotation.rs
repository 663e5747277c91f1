//! What a chain of certificates has to say: how far its rotation has come, and what stands in its way.

use crate::model::{
    Address, CertificateLife, CertificateSource, Generation, GenerationState, OnExpired, Problem, Reason, Rotate,
    Rotation, SignedCertificate, StoredCertificate, StoredRequest,
};

use super::chain::{CertificateChain, Uploaded, day};
use super::choice::Choice;

impl CertificateChain<'_> {
    /// What reviewers see; `None` where one certificate is in use and nothing is to be said of it.
    pub fn rotation(&self, address: Address) -> Option<Rotation> {
        let generations = self.generations();
        let is_first = self.uploaded.is_empty();
        let notes = self.notes();
        let is_plain = match &self.choice {
            // What is made for the first time is a step, and follows nothing.
            Choice::Make { .. } | Choice::InStore(_) | Choice::TakeIn { .. } if is_first => true,
            Choice::Wait { .. } | Choice::Request { .. } => false,
            Choice::Make { .. }
            | Choice::TakeIn { .. }
            | Choice::InStore(_)
            | Choice::Elsewhere { .. }
            | Choice::Nothing => generations.len() < 2,
        };
        if is_plain && notes.is_empty() {
            return None;
        }
        Some(Rotation { address, generations, hosts: self.desired.hosts.clone(), notes })
    }

    /// All of it on one line of time; `None` where there is nothing with dates.
    pub(super) fn life(&self, address: Address) -> Option<CertificateLife> {
        let mut generations = self.generations();
        generations.retain(|generation| generation.not_after.is_some());
        let last = generations.last()?;
        let dates = last.not_before.zip(last.not_after).filter(|_| self.desired.source.is_made_here());
        let renewed_from = dates.map(|(start, end)| self.renewal(start, end));
        Some(CertificateLife { address, generations, renewed_from })
    }

    /// Those on the application, oldest first, and the one that is to come.
    fn generations(&self) -> Vec<Generation> {
        self.uploaded.iter().map(|uploaded| self.generation(uploaded)).chain(self.coming()).collect()
    }

    fn generation(&self, uploaded: &Uploaded<'_>) -> Generation {
        let is = |other: Option<&Uploaded<'_>>| other.is_some_and(|other| other.thumbprint == uploaded.thumbprint);
        let (state, removed_from) = if uploaded.end() <= self.now {
            (GenerationState::Expired, None)
        } else if is(self.active()) {
            (GenerationState::Active, None)
        } else if is(self.chosen()) {
            (GenerationState::Next, None)
        } else {
            (GenerationState::Retiring, self.goes_from(uploaded).filter(|from| *from < uploaded.end()))
        };
        Generation {
            state,
            thumbprint: Some(uploaded.thumbprint.clone()),
            not_before: Some(uploaded.start()),
            not_after: Some(uploaded.end()),
            removed_from,
        }
    }

    /// What is not on the application yet.
    fn coming(&self) -> Option<Generation> {
        let next = |certificate: &StoredCertificate| Generation {
            state: GenerationState::Next,
            thumbprint: Some(certificate.thumbprint.clone()),
            not_before: Some(certificate.not_before),
            not_after: Some(certificate.not_after),
            removed_from: None,
        };
        match &self.choice {
            Choice::Make { .. } => {
                let (not_before, not_after) = self.new_dates();
                Some(Generation {
                    state: GenerationState::Next,
                    thumbprint: None,
                    not_before: Some(not_before),
                    not_after: Some(not_after),
                    removed_from: None,
                })
            }
            Choice::TakeIn { signed, .. } => Some(next(&signed.certificate)),
            Choice::InStore(stored) if !self.is_uploaded(stored) => Some(next(stored)),
            Choice::Request { .. } | Choice::Wait { .. } => Some(Generation {
                state: GenerationState::Requested,
                thumbprint: None,
                not_before: None,
                not_after: None,
                removed_from: None,
            }),
            Choice::InStore(_) | Choice::Elsewhere { .. } | Choice::Nothing => None,
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        match &self.choice {
            Choice::Wait { request } => {
                notes.push(format!("waiting for the signed certificate: {}", what_to_do(request)));
                notes.extend(request.signed.iter().map(|signed| self.not_in_time(signed)));
                notes.extend(request.unusable.iter().map(|unusable| {
                    format!("`{}` is of no use: {}; {}", unusable.file.display(), unusable.reason, unusable.help)
                }));
            }
            Choice::Elsewhere { .. } => notes.push(self.is_elsewhere()),
            Choice::Make { .. }
            | Choice::Request { .. }
            | Choice::TakeIn { .. }
            | Choice::InStore(_)
            | Choice::Nothing => {}
        }
        if self.chosen().is_some() && self.uploaded.iter().filter(|uploaded| uploaded.is_usable(self.now)).count() > 1 {
            match self.refused_sign_in() {
                Some(reason) => notes.push(format!("the next one has not signed in: {reason}")),
                None if !self.is_proven() && matches!(self.choice, Choice::InStore(_)) => notes.push(
                    "nobody here can sign in with the next one, so those before it stay until they end".to_owned(),
                ),
                None => {}
            }
        }
        notes.extend(self.ending());
        notes.extend(
            self.lives_too_long().filter(|(certificate, _)| self.is_uploaded(certificate)).map(|(_, text)| text),
        );
        notes
    }

    /// A warning of the end of the certificate that is in use, where this plan brings no other one.
    fn ending(&self) -> Option<String> {
        let is_followed = match &self.choice {
            Choice::Make { .. } | Choice::TakeIn { .. } => true,
            Choice::InStore(stored) => !self.is_uploaded(stored),
            Choice::Request { .. } | Choice::Wait { .. } | Choice::Elsewhere { .. } | Choice::Nothing => false,
        };
        let last_of_all = || self.uploaded.iter().max_by_key(|uploaded| uploaded.end());
        let last = match &self.choice {
            // That others have a later one does not help those who sign in from here.
            Choice::Elsewhere { .. } => self.own(),
            _ => last_of_all(),
        };
        let last = last.filter(|_| !is_followed)?;
        let days = last.end().duration_since(self.now).as_hours().div_euclid(24);
        let on = day(last.end());
        if last.end() <= self.now {
            Some(match &self.desired.source {
                CertificateSource::File { .. } => {
                    format!("it ended on {on}, and nobody can sign in with it; {}", self.who_renews())
                }
                _ => format!("it ended on {on}, and nobody can sign in with it"),
            })
        } else if self.expiry.warn_before.before(last.end()) <= self.now {
            let in_days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
            Some(format!("it ends in {in_days}, on {on}; {}", self.who_renews()))
        } else {
            None
        }
    }

    /// That the certificate in use was not made in the store that is declared.
    fn is_elsewhere(&self) -> String {
        let place = match &self.desired.source {
            CertificateSource::File { path, .. } => path.display().to_string(),
            _ => self.desired.store.to_string(),
        };
        let others = if self.uploaded.len() > 1 { ", so those before it stay until they end" } else { "" };
        let help = if self.desired.source.is_made_here() { "; `accredit rotate` makes one there" } else { "" };
        format!("the key of the one in use is not in `{place}`{others}{help}")
    }

    fn who_renews(&self) -> String {
        match &self.desired.source {
            CertificateSource::Request { .. } => "nobody has signed the next one".to_owned(),
            CertificateSource::File { path, .. } => format!("put the next one at `{}`", path.display()),
            CertificateSource::KeyVault(vault) if !vault.create => {
                format!("make a new version of `{}` in {}", vault.name, self.desired.store)
            }
            CertificateSource::SelfSigned | CertificateSource::KeyVault(_) => {
                format!("it is renewed {} before its end", self.expiry.renew_before)
            }
        }
    }

    fn not_in_time(&self, signed: &SignedCertificate) -> String {
        let SignedCertificate { file, certificate } = signed;
        if self.now < certificate.not_before {
            format!("`{}` is valid from {} on; it is taken up then", file.display(), day(certificate.not_before))
        } else {
            format!("`{}` ended on {}: have it signed again", file.display(), day(certificate.not_after))
        }
    }

    /// A certificate of others that is valid for longer than the manifest allows any to be.
    fn lives_too_long(&self) -> Option<(&StoredCertificate, String)> {
        let certificate = match (&self.choice, &self.desired.source) {
            (Choice::TakeIn { signed, .. }, _) => &signed.certificate,
            (Choice::InStore(stored), CertificateSource::File { .. } | CertificateSource::Request { .. }) => *stored,
            (Choice::InStore(stored), CertificateSource::KeyVault(vault)) if !vault.create => *stored,
            _ => return None,
        };
        let most = self.expiry.maximum_lifetime;
        // Whoever makes a certificate dates it back by some minutes, or to the beginning of a day.
        let allowance = jiff::SignedDuration::from_hours(24);
        (most.after(certificate.not_before) + allowance < certificate.not_after).then(|| {
            let lifetime = format!("{} to {}", day(certificate.not_before), day(certificate.not_after));
            (certificate, format!("it is valid from {lifetime}, and no certificate may live longer than {most}"))
        })
    }

    /// What keeps this certificate from being planned.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let source = &self.desired.source_place;
        if let Some(unusable) = &self.keys.unusable {
            let message = format!("`{}` cannot be used: {}", unusable.file.display(), unusable.reason);
            problems.push(Problem::error(message).at(source).help(unusable.help.clone()));
        } else if matches!(self.choice, Choice::Nothing) {
            problems.push(self.nothing().at(source));
        }
        if let Some((_, text)) = self.lives_too_long().filter(|(certificate, _)| !self.is_uploaded(certificate)) {
            let help = "have one made with a shorter life, or raise `expiry.maximumLifetime`";
            problems.push(Problem::error(text).at(source).help(help));
        }
        problems.extend(self.forbidden());
        let expired = self.own().and_then(|own| self.replaced_because(own));
        if let (OnExpired::Refuse, Some(Reason::Expired { days }), Rotate::WhenDue) =
            (self.expiry.on_expired, expired, self.desired.rotate)
        {
            let message = format!("the certificate in use ended {days} days ago, and `onExpired: refuse` is said");
            let help = "find out why nobody renewed it; then `accredit rotate`, or `onExpired: renew`";
            problems.push(Problem::error(message).at(&self.desired.place).help(help));
        }
        problems.extend(self.refused_rotation().map(|problem| problem.at(&self.desired.place)));
        problems
    }

    /// That the tenant would refuse the certificate that is to be uploaded.
    fn forbidden(&self) -> Option<Problem> {
        let (policy, longest) = self.limit?;
        // What is uploaded is uploaded as of now.
        let (now, end) = self.new_dates();
        let uploaded = |certificate: &StoredCertificate| {
            (certificate.not_before.max(now), certificate.not_after, &self.desired.source_place)
        };
        let (start, end, place) = match &self.choice {
            Choice::Make { .. } => (now, end, &self.desired.place),
            Choice::TakeIn { signed, .. } => uploaded(&signed.certificate),
            Choice::InStore(stored) if !self.is_uploaded(stored) => uploaded(stored),
            Choice::InStore(_)
            | Choice::Request { .. }
            | Choice::Wait { .. }
            | Choice::Elsewhere { .. }
            | Choice::Nothing => return None,
        };
        (longest.after(start) < end).then(|| {
            let message = format!(
                "valid from {} to {}, and the tenant allows at most {longest} (app management policy `{policy}`)",
                day(start),
                day(end)
            );
            let help = match &self.choice {
                Choice::Make { .. } => format!("shorten `validFor` to {longest}, or have the policy changed"),
                _ => "have one made with a shorter life, or have the policy changed".to_owned(),
            };
            Problem::error(message).at(place).help(help)
        })
    }

    /// That there is no certificate, where only others can make one.
    fn nothing(&self) -> Problem {
        match (&self.desired.source, self.keys.generations.last()) {
            (CertificateSource::KeyVault(vault), None) => {
                Problem::error(format!("{} has no certificate `{}` that is enabled", self.desired.store, vault.name))
                    .help("make it there, or let Accredit do so with `create: true`")
            }
            (_, Some(ended)) => {
                Problem::error(format!("its certificate ended on {}", day(ended.not_after))).help(self.who_renews())
            }
            (_, None) => Problem::error("there is no certificate"),
        }
    }

    /// Why `accredit rotate` cannot do what was asked.
    fn refused_rotation(&self) -> Option<Problem> {
        let usable: Vec<&Uploaded<'_>> = self.uploaded.iter().filter(|uploaded| uploaded.is_usable(self.now)).collect();
        match self.desired.rotate {
            Rotate::Now => {
                let is_handing_over = usable.len() > 1 && self.newest().is_some_and(|newest| newest.stored.is_some());
                if let Choice::Wait { request } = &self.choice {
                    Some(Problem::error("it is being rotated already").help(what_to_do(request)))
                } else if is_handing_over {
                    Some(
                        Problem::error("it is being rotated already: two of its certificates are on the application")
                            .help("wait until the overlap has passed, or end it with `accredit rotate --finish`"),
                    )
                } else if !self.desired.source.is_made_here() {
                    Some(Problem::error("Accredit does not make this certificate").help(self.who_renews()))
                } else {
                    None
                }
            }
            Rotate::Finish if usable.len() < 2 => Some(
                Problem::error("no rotation is under way: no certificate is there that another one has followed")
                    .help("`accredit rotate` without `--finish` begins one"),
            ),
            Rotate::Finish if !self.is_proven() => {
                let reason = self.refused_sign_in().unwrap_or("its key is not here");
                Some(
                    Problem::error(format!(
                        "the next certificate has not signed in, so the one before it stays: {reason}"
                    ))
                    .help("nothing was changed; run it again once the next one signs in"),
                )
            }
            Rotate::WhenDue | Rotate::Finish => None,
        }
    }
}

fn what_to_do(request: &StoredRequest) -> String {
    format!(
        "have `{}` signed, and put the answer (`.cer`, `.pem` or `.p7b`) into the same directory",
        request.file.display()
    )
}
