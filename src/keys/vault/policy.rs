//! What a vault is told of a certificate that it is to make.

use azure_security_keyvault_certificates::models::{
    CertificatePolicy, CertificatePolicyAction, CreateCertificateParameters, IssuerParameters, KeyProperties, KeyType,
    KeyUsageType, LifetimeAction, LifetimeActionTrigger, LifetimeActionType, SecretProperties, SubjectAlternativeNames,
    X509CertificateProperties,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use crate::keys::certificate::{MakeError, check};
use crate::model::{CertificateProfile, KeyAlgorithm, NameAttribute};

/// A vault dates what it makes back by this, as Accredit does.
const BACK_DATED: SignedDuration = SignedDuration::from_mins(10);
const CLIENT_AUTHENTICATION: &str = "1.3.6.1.5.5.7.3.2";

/// Why a vault cannot be told.
pub(super) enum Untellable {
    Profile(MakeError),
    NoWholeMonths,
}

/// The order for a certificate that the vault signs itself, with a new key.
pub(super) fn parameters(
    profile: &CertificateProfile,
    exportable: bool,
) -> Result<CreateCertificateParameters, Untellable> {
    let CertificateProfile { subject, dns_names, key, not_before, not_after } = profile;
    let subject = check(subject, dns_names).map_err(Untellable::Profile)?;
    let months = months(*not_before, *not_after).ok_or(Untellable::NoWholeMonths)?;
    let bits = match key {
        KeyAlgorithm::Rsa2048 => 2048,
        KeyAlgorithm::Rsa3072 => 3072,
        KeyAlgorithm::Rsa4096 => 4096,
    };
    let names = SubjectAlternativeNames { dns_names: Some(dns_names.clone()), ..Default::default() };
    let policy = CertificatePolicy {
        issuer_parameters: Some(IssuerParameters { name: Some("Self".to_owned()), ..Default::default() }),
        key_properties: Some(KeyProperties {
            exportable: Some(exportable),
            key_type: Some(KeyType::Rsa),
            key_size: Some(bits),
            reuse_key: Some(false),
            curve: None,
        }),
        secret_properties: Some(SecretProperties { content_type: Some("application/x-pkcs12".to_owned()) }),
        x509_certificate_properties: Some(X509CertificateProperties {
            subject: Some(written(&subject)),
            subject_alternative_names: (!dns_names.is_empty()).then_some(names),
            enhanced_key_usage: Some(vec![CLIENT_AUTHENTICATION.to_owned()]),
            key_usage: Some(vec![KeyUsageType::DigitalSignature, KeyUsageType::KeyEncipherment]),
            validity_in_months: Some(months),
        }),
        lifetime_actions: Some(vec![mail_to_contacts()]),
        ..Default::default()
    };
    Ok(CreateCertificateParameters { certificate_policy: Some(policy), ..Default::default() })
}

/// A vault that is told of no action renews by itself at 80 % of the lifetime; recordings of the service show it. One
/// action replaces another and none cannot be said, so this one it is: mail to the vault's contacts, who may be nobody,
/// when next to nothing of the lifetime is left and Accredit was not run.
fn mail_to_contacts() -> LifetimeAction {
    LifetimeAction {
        trigger: Some(LifetimeActionTrigger { lifetime_percentage: Some(95), days_before_expiry: None }),
        action: Some(LifetimeActionType { action_type: Some(CertificatePolicyAction::EmailContacts) }),
    }
}

/// The whole months of a lifetime. The days of a month that is too short for them are cut off, as in calendars.
fn months(not_before: Timestamp, not_after: Timestamp) -> Option<i32> {
    let start = (not_before + BACK_DATED).to_zoned(TimeZone::UTC);
    let end = not_after.to_zoned(TimeZone::UTC);
    let years = i32::from(end.year()) - i32::from(start.year());
    let months = years * 12 + i32::from(end.month()) - i32::from(start.month());
    let reached = start.checked_add(Span::new().try_months(months).ok()?).ok()?;
    (months > 0 && reached.timestamp().as_second() == not_after.as_second()).then_some(months)
}

/// The subject as Windows writes names, since vaults read them by .NET: quotes, and no backslashes.
fn written(parts: &[(NameAttribute, String)]) -> String {
    let parts: Vec<String> =
        parts.iter().map(|(attribute, value)| format!("{}={}", attribute.as_str(), quoted(value))).collect();
    parts.join(", ")
}

fn quoted(value: &str) -> String {
    let special = value.contains([',', '+', '"', '\\', '<', '>', ';', '=', '#']);
    if special || value.trim() != value { format!("\"{}\"", value.replace('"', "\"\"")) } else { value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DistinguishedName;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let counted = |from: &str, until: &str| months(at(from) - BACK_DATED, at(until));
        assert_eq!(counted("2026-11-21T12:00:00Z", "2027-11-21T12:00:00Z"), Some(12));
        assert_eq!(counted("2027-01-31T00:05:00Z", "2027-02-28T00:05:00Z"), Some(1));
        assert_eq!(counted("2028-02-29T00:00:00Z", "2029-02-28T00:00:00Z"), Some(12));
        // The beginning is not, ten minutes before it.
        assert_eq!(months(at("2027-02-28T23:55:00Z"), at("2027-04-01T00:05:00Z")), Some(1));
        assert_eq!(counted("2026-11-21T12:00:00Z", "2027-11-20T12:00:00Z"), None);
        assert_eq!(counted("2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z"), None);
        assert_eq!(counted("2026-11-21T12:00:00Z", "2025-11-21T12:00:00Z"), None);
    }

    #[test]
    fn subjects_are_written_as_windows_writes_them() {
        let name: DistinguishedName =
            r#"CN=\ edge, O=Contoso\, Ltd. \"x\", OU=a=b, ST=Washington, C=US"#.parse().unwrap();
        assert_eq!(
            written(&name.attributes().unwrap()),
            r#"CN=" edge", O="Contoso, Ltd. ""x""", OU="a=b", ST=Washington, C=US"#
        );
    }
}
