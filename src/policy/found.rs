//! What only the tenant and the key stores show to be out of line, on declared applications.

use jiff::Timestamp;

use crate::model::{
    Address, CertificateSource, Desired, DesiredApplication, Finding, IgnoredField, ObservedApplication, Period,
    PermissionType, PolicyRule, Snapshot, StoredCertificate,
};

use super::declared::{admits_personal_accounts, matches, missing_tags, owners_in_words};
use super::{Named, PermissionName, finding, is_role_meant, policies, role_address};

/// Everything that was found and is not in line with the estate's policies. What the manifests declare is [`super::declared`]'s.
pub fn found(desired: &Desired, actual: &Snapshot, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for policy in policies(desired) {
        for (handle, application) in &desired.applications {
            let handle = handle.as_str();
            keys(policy, (handle, application), actual, now, &mut findings);
            if let Some(observed) = actual.applications.get(handle) {
                of_application(policy, (handle, application, observed), actual, now, &mut findings);
            }
        }
    }
    findings
}

fn of_application(
    policy: Named<'_>,
    (handle, application, observed): (&str, &DesiredApplication, &ObservedApplication),
    actual: &Snapshot,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) {
    let place = &application.place;
    let mut report = |address: Address, what: &str| findings.push(finding(policy, address, what, place));
    let itself = || Address::new(handle, "application", "");
    // What is declared of an ignored field is not what the application will have.
    let ignores = |field: IgnoredField| application.ignore.contains(&field);
    match &policy.1.rule {
        PolicyRule::ForbiddenPermissions(forbidden) => {
            // Where the list is declared, it is all there is.
            if application.permissions.is_some() {
                return;
            }
            for name in granted(observed, actual) {
                if forbidden.iter().any(|forbidden| name.is_meant_by(forbidden)) {
                    report(name.address(handle), &format!("it holds `{}` of {}", name.name, name.api));
                }
            }
        }
        PolicyRule::ForbiddenRoles(forbidden) => {
            if application.roles.is_some() {
                return;
            }
            for assignment in observed.service_principal.iter().flat_map(|principal| &principal.role_assignments) {
                let mut definitions = actual.role_definitions.iter();
                let role = definitions.find(|role| role.has_id(&assignment.role_definition_id));
                let Some(role) = role else { continue };
                let name = (Some(role.template_id.as_str()), role.display_name.as_str());
                if forbidden.iter().any(|forbidden| is_role_meant(name, forbidden)) {
                    let address = role_address(handle, name.1, &assignment.directory_scope_id);
                    report(address, &format!("it holds the role `{}`", name.1));
                }
            }
        }
        PolicyRule::MaximumLifetime(most) => {
            let certificates = observed.key_credentials.iter().filter(|it| it.is_sign_in_certificate());
            for certificate in certificates {
                if let Some(what) = life(certificate.start, certificate.end, *most, now) {
                    let name = certificate.display_name.as_deref().unwrap_or("unnamed");
                    let address = Address::new(handle, "keyCredential", &certificate.key_id);
                    report(address, &format!("the certificate `{name}` {what}"));
                }
            }
            for secret in secrets(observed) {
                if let Some(what) = life(None, secret.1, *most, now) {
                    let address = Address::new(handle, "passwordCredential", secret.2);
                    report(address, &format!("the client secret `{}` {what}", secret.0));
                }
            }
        }
        PolicyRule::NoSecrets => {
            for (name, _, key_id) in secrets(observed) {
                let address = Address::new(handle, "passwordCredential", key_id);
                report(address, &format!("it has the client secret `{name}`"));
            }
        }
        PolicyRule::MinimumOwners(least) => {
            let number = observed.owners.len();
            if (application.owners.is_none() || ignores(IgnoredField::Owners)) && number < *least {
                report(itself(), &format!("it has {}, fewer than {least}", owners_in_words(number)));
            }
        }
        PolicyRule::NoPersonalAccounts => {
            let audience = observed.sign_in_audience.as_deref().unwrap_or_default();
            let is_left = application.sign_in_audience.is_none() || ignores(IgnoredField::SignInAudience);
            if is_left && admits_personal_accounts(audience) {
                report(itself(), &format!("personal accounts may sign in (`{audience}`)"));
            }
        }
        PolicyRule::RequiredTags(required) => {
            let tags: Vec<&str> = observed.tags.iter().map(String::as_str).collect();
            let is_left = application.tags.is_none() || ignores(IgnoredField::Tags);
            if let Some(what) = missing_tags(&tags, required).filter(|_| is_left) {
                report(itself(), &what);
            }
        }
        PolicyRule::DisplayNamePattern(pattern) => {
            let name = &observed.display_name;
            if ignores(IgnoredField::DisplayName) && !matches(pattern, name) {
                report(itself(), &format!("the name `{name}` is not as `{pattern}` says"));
            }
        }
        // Handles are declared always, and keys are those of the store.
        PolicyRule::MinimumKeySize(_) | PolicyRule::HandlePattern(_) => {}
    }
}

/// Certificates whose keys others made: what the store has is what they are.
fn keys(
    policy: Named<'_>,
    (handle, application): (&str, &DesiredApplication),
    actual: &Snapshot,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) {
    for (name, certificate) in application.certificates.iter().flatten() {
        let Some(stored) = actual.keys.get(&(handle.to_owned(), name.clone())) else { continue };
        let is_made_here = certificate.source.is_made_here();
        let newest = stored.generations.last();
        let signed = stored.requests.iter().flat_map(|request| &request.signed).map(|signed| &signed.certificate);
        let mut report = |what: &str| {
            let address = Address::new(handle, "certificate", name);
            findings.push(finding(policy, address, what, &certificate.place));
        };
        match &policy.1.rule {
            PolicyRule::MinimumKeySize(least) => {
                // One that is smaller than declared is renewed as declared, which is judged by itself. What others make
                // is no different for what is declared.
                let newest = newest.filter(|_| !is_made_here || certificate.key >= *least);
                if let Some(small) = newest.into_iter().chain(signed).find(|stored| stored.key < *least) {
                    report(&format!("the key of the certificate in use is {}, less than {least}", small.key));
                }
            }
            PolicyRule::MaximumLifetime(most) => {
                let answered = matches!(certificate.source, CertificateSource::Request { .. });
                // What is uploaded already is judged as it is found there.
                let is_new = |stored: &&StoredCertificate| {
                    let observed = actual.applications.get(handle);
                    let mut there = observed.into_iter().flat_map(|it| &it.key_credentials);
                    !there.any(|credential| credential.thumbprint.as_ref() == Some(&stored.thumbprint))
                };
                let newest = newest.filter(|_| !is_made_here || answered);
                let to_come = newest.into_iter().chain(signed).filter(is_new);
                let mut lives = to_come.filter_map(|it| life(Some(it.not_before), Some(it.not_after), *most, now));
                if let Some(what) = lives.next() {
                    report(&format!("the certificate to be uploaded {what}"));
                }
            }
            _ => {}
        }
    }
}

/// What an application was consented to.
fn granted<'a>(observed: &'a ObservedApplication, actual: &'a Snapshot) -> Vec<PermissionName<'a>> {
    let Some(principal) = &observed.service_principal else { return Vec::new() };
    let application = principal.application_permissions(&actual.apis).map(|held| PermissionName {
        api_id: Some(&held.api.app_id),
        api: &held.api.display_name,
        of: PermissionType::Application,
        id: Some(held.id),
        name: held.value.unwrap_or(held.id),
    });
    let delegated = principal.grants.iter().flat_map(|grant| {
        let api = actual.apis.iter().find(|api| api.id == grant.resource_id);
        api.into_iter().flat_map(move |api| {
            grant.scopes.iter().map(move |scope| PermissionName {
                api_id: Some(&api.app_id),
                api: &api.display_name,
                of: PermissionType::Delegated,
                id: api.delegated.iter().find(|(_, value)| *value == scope).map(|(id, _)| id.as_str()),
                name: scope,
            })
        })
    });
    application.chain(delegated).collect()
}

/// Name, end and id of the secrets of an application and of its service principal.
fn secrets(observed: &ObservedApplication) -> impl Iterator<Item = (&str, Option<Timestamp>, &str)> {
    let of_principal = observed.service_principal.iter().flat_map(|principal| &principal.password_credentials);
    let all = observed.password_credentials.iter().chain(of_principal);
    all.map(|secret| (secret.display_name.as_deref().unwrap_or("unnamed"), secret.end, secret.key_id.as_str()))
}

/// How a credential outlives `most`, in words. Where its start is not known it is reckoned from now, which finds fewer.
fn life(start: Option<Timestamp>, end: Option<Timestamp>, most: Period, now: Timestamp) -> Option<String> {
    let Some(end) = end else { return Some(format!("has no end, and {most} is the most")) };
    // Authorities and portals date a certificate back by minutes, or to the end of a day.
    let latest = most.after(start.unwrap_or(now)).checked_add(jiff::SignedDuration::from_hours(24)).ok()?;
    (end > now && end > latest).then(|| format!("lives until {}, longer than {most}", end.strftime("%Y-%m-%d")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_lives_too_long_from_its_start_or_from_now_on() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let now = at("2026-06-01T00:00:00Z").unwrap();
        let most: Period = "1y".parse().unwrap();
        let (start, end) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        assert_eq!(life(start, end, most, now), None);
        assert!(life(start, at("2027-02-01T00:00:00Z"), most, now).unwrap().contains("2027-02-01"));
        assert_eq!(life(None, at("2027-05-01T00:00:00Z"), most, now), None);
        assert!(life(None, at("2027-07-01T00:00:00Z"), most, now).is_some());
        assert!(life(None, None, most, now).unwrap().contains("no end"));
        assert_eq!(life(at("2020-01-01T00:00:00Z"), at("2026-05-01T00:00:00Z"), most, now), None, "it has ended");
    }
}
