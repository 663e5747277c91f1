//! What the manifests alone show to be out of line.

use crate::model::{
    Address, CertificateSource, Desired, DesiredApplication, DesiredCertificate, Finding, KeyAlgorithm, Period,
    PolicyRule, SignInAudience,
};

use super::{Named, PermissionName, finding, is_role_meant, is_tagged, policies, role_address, whole};

/// Everything in the manifests that is not in line with the estate's policies, by address.
pub fn declared(desired: &Desired) -> Vec<Finding> {
    let mut findings = Vec::new();
    for policy in policies(desired) {
        for (handle, application) in &desired.applications {
            of_application(policy, handle.as_str(), application, &mut findings);
        }
        if let PolicyRule::ForbiddenRoles(forbidden) = &policy.1.rule {
            for declared in &desired.user_roles {
                let role = &declared.role;
                if forbidden.iter().any(|it| is_role_meant((role.template_id.as_deref(), &role.role), it)) {
                    let address = role_address(&declared.user, &role.role, &role.scope);
                    let what = format!("`{}` is given the role `{}`", declared.user, role.role);
                    findings.push(finding(policy, address, &what, &role.place));
                }
            }
        }
    }
    findings.sort_by(|one, other| (&one.address, &one.subject).cmp(&(&other.address, &other.subject)));
    findings
}

fn of_application(policy: Named<'_>, handle: &str, application: &DesiredApplication, findings: &mut Vec<Finding>) {
    let places = &application.places;
    let itself = || Address::new(handle, "application", "");
    match &policy.1.rule {
        PolicyRule::ForbiddenPermissions(forbidden) => {
            for permission in application.permissions.iter().flatten() {
                let name = PermissionName::of(permission);
                if forbidden.iter().any(|forbidden| name.is_meant_by(forbidden)) {
                    let what = if permission.consent { "it is given" } else { "it asks for" };
                    let what = format!("{what} `{}` of {}", permission.permission, permission.api);
                    findings.push(finding(policy, name.address(handle), &what, &permission.place));
                }
            }
        }
        PolicyRule::ForbiddenRoles(forbidden) => {
            for role in application.roles.iter().flatten() {
                if forbidden.iter().any(|it| is_role_meant((role.template_id.as_deref(), &role.role), it)) {
                    let address = role_address(handle, &role.role, &role.scope);
                    let what = format!("it is given the role `{}`", role.role);
                    findings.push(finding(policy, address, &what, &role.place));
                }
            }
        }
        PolicyRule::MaximumLifetime(most) => {
            for (name, certificate) in application.certificates.iter().flatten() {
                findings.extend(lifetime(policy, (handle, name), certificate, *most));
            }
        }
        PolicyRule::MinimumKeySize(least) => {
            for (name, certificate) in application.certificates.iter().flatten() {
                findings.extend(key(policy, (handle, name), certificate, *least));
            }
        }
        PolicyRule::MinimumOwners(least) => {
            if let Some(owners) = application.owners.as_ref().filter(|owners| owners.len() < *least) {
                let what = format!("it has {}, fewer than {least}", owners_in_words(owners.len()));
                findings.push(finding(policy, itself(), &what, &places.owners));
            }
        }
        PolicyRule::NoPersonalAccounts => {
            if let Some(audience) = application.sign_in_audience.filter(|it| admits_personal_accounts(it.as_str())) {
                let what = format!("personal accounts may sign in (`{}`)", audience.as_str());
                findings.push(finding(policy, itself(), &what, &places.sign_in_audience));
            }
        }
        PolicyRule::HandlePattern(pattern) => {
            if !matches(pattern, handle) {
                let what = format!("the handle `{handle}` is not as `{pattern}` says");
                findings.push(finding(policy, itself(), &what, &application.place));
            }
        }
        PolicyRule::DisplayNamePattern(pattern) => {
            if !matches(pattern, &application.display_name) {
                let what = format!("the name `{}` is not as `{pattern}` says", application.display_name);
                findings.push(finding(policy, itself(), &what, &places.display_name));
            }
        }
        PolicyRule::RequiredTags(required) => {
            if let Some(tags) = &application.tags {
                let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
                findings
                    .extend(missing_tags(&tags, required).map(|what| finding(policy, itself(), &what, &places.tags)));
            }
        }
        // No manifest declares one.
        PolicyRule::NoSecrets => {}
    }
}

fn lifetime(
    policy: Named<'_>,
    (handle, name): (&str, &str),
    certificate: &DesiredCertificate,
    most: Period,
) -> Option<Finding> {
    // Elsewhere the certificate itself says it, when it is there.
    let place = certificate.lifetime_place.as_ref()?;
    let valid_for = certificate.valid_for;
    // Any day will do; a leap day is in neither year after it.
    let day = "2025-01-01T00:00:00Z".parse().expect("this is an instant");
    valid_for.is_longer_than(most, day).then(|| {
        let what = format!("it is valid for {valid_for}, longer than {most}");
        finding(policy, Address::new(handle, "certificate", name), &what, place)
    })
}

fn key(
    policy: Named<'_>,
    (handle, name): (&str, &str),
    certificate: &DesiredCertificate,
    least: KeyAlgorithm,
) -> Option<Finding> {
    let is_made_here = match &certificate.source {
        CertificateSource::SelfSigned | CertificateSource::Request { .. } => true,
        CertificateSource::KeyVault(vault) => vault.create,
        CertificateSource::File { .. } => false,
    };
    (is_made_here && certificate.key < least).then(|| {
        let what = format!("its key is {}, less than {least}", certificate.key);
        finding(policy, Address::new(handle, "certificate", name), &what, &certificate.key_place)
    })
}

pub(super) fn owners_in_words(number: usize) -> String {
    match number {
        0 => "no owner".to_owned(),
        1 => "1 owner".to_owned(),
        number => format!("{number} owners"),
    }
}

pub(super) fn admits_personal_accounts(audience: &str) -> bool {
    [SignInAudience::AzureAdAndPersonalMicrosoftAccount, SignInAudience::PersonalMicrosoftAccount]
        .iter()
        .any(|personal| personal.as_str() == audience)
}

/// Which of the required tags are not there, in words.
pub(super) fn missing_tags(tags: &[&str], required: &[String]) -> Option<String> {
    let missing = required.iter().filter(|required| !is_tagged(tags, required));
    let missing: Vec<String> = missing.map(|tag| format!("`{tag}`")).collect();
    (!missing.is_empty())
        .then(|| format!("it lacks the {} {}", if missing.len() == 1 { "tag" } else { "tags" }, missing.join(", ")))
}

pub(super) fn matches(pattern: &str, text: &str) -> bool {
    whole(pattern).is_ok_and(|pattern| pattern.is_match(text))
}
