//! Credentials of managed applications by their dates, whoever put them there: those that end soon, that have ended, that are
//! good for too long.

use jiff::{SignedDuration, Timestamp};

use crate::kinds::{is_made_here, key_id};
use crate::model::{
    Action, Address, CertificateSource, Circumstances, Desired, DesiredApplication, DesiredCertificate, Expiry,
    Finding, ObservedApplication, ObservedKeyCredential, ObservedPasswordCredential, Plan, Rule, Severity, Snapshot,
    StoredKeys, Thumbprint,
};

/// So few days before its end nobody should be surprised any more.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Whoever makes a certificate dates it back by some minutes, or to the beginning of a day.
const ALLOWANCE: SignedDuration = SignedDuration::from_hours(24);

/// A credential, wherever it is.
struct Credential<'a> {
    /// `application` or `servicePrincipal`.
    kind: &'static str,
    key_id: &'a str,
    name: Option<&'a str>,
    thumbprint: Option<&'a Thumbprint>,
    what: &'static str,
    signs_in: bool,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl Credential<'_> {
    /// Whether a key store holds its key: by the `keyId` that is made from a certificate, as a thumbprint may be pretended.
    fn is_kept_in(&self, keys: &StoredKeys) -> bool {
        keys.generations.iter().any(|stored| {
            self.thumbprint == Some(&stored.thumbprint) && key_id(stored).eq_ignore_ascii_case(self.key_id)
        })
    }
}

pub(super) fn of(plan: &Plan, desired: &Desired, snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (handle, declared) in &desired.applications {
        let Some(actual) = snapshot.applications.get(handle.as_str()) else { continue };
        let all = credentials(actual);
        let works = |credential: &Credential<'_>| {
            credential.signs_in
                && credential.start.is_none_or(|start| start <= plan.now)
                && credential.end.is_none_or(|end| plan.now < end)
        };
        let anybody_signs_in = all.iter().any(works) || !actual.federated_credentials.is_empty();
        for credential in &all {
            let judge = Judge { plan, handle: handle.as_str(), declared, snapshot, all: &all, anybody_signs_in };
            findings.extend(judge.findings(credential));
        }
    }
    findings
}

struct Judge<'a> {
    plan: &'a Plan,
    handle: &'a str,
    declared: &'a DesiredApplication,
    snapshot: &'a Snapshot,
    /// Its credentials.
    all: &'a [Credential<'a>],
    /// Whether the application has a credential at all that works today.
    anybody_signs_in: bool,
}

impl Judge<'_> {
    fn findings(&self, credential: &Credential<'_>) -> Vec<Finding> {
        let Expiry { warn_before, maximum_lifetime, .. } = self.declared.expiry;
        let now = self.plan.now;
        let name = credential.name.unwrap_or("unnamed");
        let what = format!("{} `{name}`", credential.what);
        let id = credential.thumbprint.map_or_else(|| format!("keyId {}", credential.key_id), ToString::to_string);
        let Some(end) = credential.end else {
            let message = format!("{what} ({id}) has no end");
            return vec![self.finding(Rule::Lifetime, Severity::Error, credential, message)];
        };
        let days = end.duration_since(now).as_hours().div_euclid(24);
        let on = end.strftime("%Y-%m-%d");
        if end <= now {
            let ago = now.duration_since(end).as_hours().div_euclid(24);
            let mut message = format!("{what} ({id}) ended {} ago, on {on}", counted(ago));
            if !self.anybody_signs_in {
                message.push_str(", and nobody can sign in as this application any more");
            }
            let severity = if self.anybody_signs_in { Severity::Warning } else { Severity::Error };
            return vec![self.finding(Rule::Expired, severity, credential, message)];
        }
        let mut findings = Vec::new();
        if warn_before.before(end) <= now && !self.is_followed(credential) {
            let message = format!("{what} ({id}) ends in {}, on {on}", counted(days));
            let is_soon = end.duration_since(now) <= SOON;
            let severity = if is_soon { Severity::Error } else { Severity::Warning };
            findings.push(self.finding(Rule::Expires, severity, credential, message));
        }
        let is_too_long = |start: &Timestamp| {
            maximum_lifetime.after(*start).saturating_add(ALLOWANCE).unwrap_or(Timestamp::MAX) < end
        };
        if let Some(start) = credential.start.filter(is_too_long) {
            let lived = counted(end.duration_since(start).as_hours().div_euclid(24));
            let message = format!(
                "{what} ({id}) is good for {lived}, until {on}, and none may be for longer than {}",
                maximum_lifetime.in_words()
            );
            findings.push(self.finding(Rule::Lifetime, Severity::Warning, credential, message));
        }
        findings
    }

    /// Whether a later one of the same declared certificate is on the application and outlives it, so that its end is no news.
    /// Whether that one has signed in yet is for rotations to know: whoever only looks tries nothing.
    fn is_followed(&self, credential: &Credential<'_>) -> bool {
        let Some((name, _)) = self.certificate(credential) else { return false };
        // Anybody may name one alike: where the store is here, it has to hold the later one.
        let kept = self.snapshot.keys.get(&(self.handle.to_owned(), name.to_owned()));
        let can_be_later =
            |other: &Credential<'_>| kept.is_none_or(|keys| keys.generations.is_empty() || other.is_kept_in(keys));
        self.all.iter().any(|other| {
            other.start > credential.start
                && other.end > credential.end
                && self.certificate(other).is_some_and(|(of, _)| of == name)
                && can_be_later(other)
        })
    }

    fn finding(&self, rule: Rule, severity: Severity, credential: &Credential<'_>, message: String) -> Finding {
        let certificate = self.certificate(credential);
        let address = match certificate {
            Some((name, _)) => Address::new(self.handle, "certificate", name),
            None => Address::new(self.handle, credential.kind, ""),
        };
        let place = certificate.map_or(&self.declared.place, |(_, certificate)| &certificate.place).clone();
        let steps = self.plan.steps.iter().filter(|step| step.address == address);
        let is_followed = steps.clone().any(|step| {
            matches!(step.action, Action::Renew { .. } | Action::Create { .. }) && address.kind == "certificate"
        });
        let remedy = match (rule, certificate) {
            (Rule::Expires | Rule::Expired, Some(_)) if is_followed => {
                "`accredit apply` makes its successor".to_owned()
            }
            (Rule::Expires | Rule::Expired, Some((_, certificate))) => self.who_renews(certificate),
            _ => String::new(),
        };
        Finding {
            rule,
            severity,
            address,
            subject: credential.key_id.to_owned(),
            message,
            removed: is_followed && rule == Rule::Expires,
            place: Some(place),
            circumstances: Circumstances {
                since: credential.start,
                until: credential.end,
                remedy,
                ..Circumstances::default()
            },
        }
    }

    fn who_renews(&self, certificate: &DesiredCertificate) -> String {
        match &certificate.source {
            CertificateSource::Request { .. } => {
                "have the request in its key store signed; `accredit apply` takes up the answer".to_owned()
            }
            CertificateSource::File { path, .. } => {
                format!("put the next one at `{}`, and run `accredit apply`", path.display())
            }
            CertificateSource::KeyVault(vault) if !vault.create => {
                format!("make a new version of `{}` in {}, and run `accredit apply`", vault.name, certificate.store)
            }
            CertificateSource::SelfSigned | CertificateSource::KeyVault(_) => {
                format!("`accredit apply` follows it {} before its end", self.declared.expiry.renew_before.in_words())
            }
        }
    }

    /// The declared certificate that a credential is one of.
    fn certificate(&self, credential: &Credential<'_>) -> Option<(&str, &DesiredCertificate)> {
        let thumbprint = credential.thumbprint.filter(|_| credential.kind == "application")?;
        let mut all = self.declared.certificates.iter().flatten();
        let is_of = |(name, certificate): &(&String, &DesiredCertificate)| {
            let kept = self.snapshot.keys.get(&(self.handle.to_owned(), (*name).clone()));
            kept.is_some_and(|keys| keys.generations.iter().any(|stored| stored.thumbprint == *thumbprint))
                || is_made_here(credential.key_id) && credential.name == Some(certificate.display_name.as_str())
        };
        all.find(is_of).map(|(name, certificate)| (name.as_str(), certificate))
    }
}

/// All that one can sign in with or sign with, on the application and on its service principal.
fn credentials(actual: &ObservedApplication) -> Vec<Credential<'_>> {
    let mut all = Vec::new();
    of_holder("application", &actual.key_credentials, &actual.password_credentials, &mut all);
    if let Some(principal) = &actual.service_principal {
        of_holder("servicePrincipal", &principal.key_credentials, &principal.password_credentials, &mut all);
    }
    all
}

fn of_holder<'a>(
    kind: &'static str,
    keys: &'a [ObservedKeyCredential],
    secrets: &'a [ObservedPasswordCredential],
    all: &mut Vec<Credential<'a>>,
) {
    all.extend(keys.iter().map(|credential| Credential {
        kind,
        key_id: &credential.key_id,
        name: credential.display_name.as_deref(),
        thumbprint: credential.thumbprint.as_ref(),
        what: match (credential.is_sign_in_certificate(), credential.usage.as_str()) {
            (true, _) => "certificate",
            (false, "Sign") => "signing certificate",
            (false, "Encrypt") => "encryption certificate",
            (false, _) => "key",
        },
        signs_in: credential.is_sign_in_certificate(),
        start: credential.start,
        end: credential.end,
    }));
    all.extend(secrets.iter().map(|secret| Credential {
        kind,
        key_id: &secret.key_id,
        name: secret.display_name.as_deref(),
        thumbprint: None,
        what: "client secret",
        signs_in: true,
        start: secret.start,
        end: secret.end,
    }));
}

/// Since when what a finding is about is there, as far as the tenant dates it.
pub(super) fn since(plan: &Plan, snapshot: &Snapshot, finding: &Finding) -> Option<Timestamp> {
    if finding.rule != Rule::Undeclared && finding.rule != Rule::OtherKeyId && finding.rule != Rule::LeftManifest {
        return None;
    }
    let application = snapshot.applications.get(&finding.address.holder)?;
    if finding.address.kind == "appRoleAssignment" {
        let step = plan.steps.iter().find(|step| step.address == finding.address)?;
        let Action::Delete { id, before: _ } = &step.action else { return None };
        let consents = &application.service_principal.as_ref()?.app_role_assignments;
        return consents.iter().find(|consent| consent.id == *id)?.created;
    }
    credentials(application).iter().find(|credential| is_about(finding, credential))?.start
}

pub(super) fn until(snapshot: &Snapshot, finding: &Finding) -> Option<Timestamp> {
    let application = snapshot.applications.get(&finding.address.holder)?;
    credentials(application).iter().find(|credential| is_about(finding, credential))?.end
}

fn is_about(finding: &Finding, credential: &Credential<'_>) -> bool {
    finding.subject == credential.key_id && finding.address.kind == credential.kind
}

/// `1 day`, `12 days`.
fn counted(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}
