//! Certificates and signing requests from a policy.

use std::net::IpAddr;

use jiff::{Timestamp, Unit, civil::DateTime, tz::TimeZone};
use rcgen::{
    CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose,
    OtherNameValue, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_RSA_SHA256, SanType,
    SerialNumber,
};
use serde_json::Value;
use sha1::{Digest, Sha1};
use time::OffsetDateTime;

use super::{
    policy,
    private_key::{Pair, PrivateKey},
    refusal::Refusal,
    subject,
};

/// The user principal name among the other names.
const PRINCIPAL_NAME: &[u64] = &[1, 3, 6, 1, 4, 1, 311, 20, 2, 3];
/// A certificate is valid since ten minutes before it was made, for clocks that are late.
const HEAD_START: i64 = 600;

fn failed(error: &rcgen::Error) -> Refusal {
    Refusal::bad_parameter(format!("Property policy has invalid value\r\nNo certificate can be made of it: {error}."))
}

fn signer(key: &PrivateKey) -> Result<KeyPair, Refusal> {
    let algorithm = match &key.pair {
        Pair::Rsa(_) => &PKCS_RSA_SHA256,
        Pair::Elliptic(_, curve) => match curve.name {
            "P-256" => &PKCS_ECDSA_P256_SHA256,
            "P-384" => &PKCS_ECDSA_P384_SHA384,
            _ => &PKCS_ECDSA_P521_SHA512,
        },
    };
    KeyPair::from_pkcs8_der_and_sign_algo(&key.der.as_slice().into(), algorithm).map_err(|error| failed(&error))
}

/// From when until when a certificate made now is valid, in seconds.
pub(super) fn validity(policy: &Value, now: Timestamp) -> (i64, i64) {
    let months = policy["x509_props"]["validity_months"].as_i64().unwrap_or(12);
    let start = now.as_second() - HEAD_START;
    let end = jiff::Span::new()
        .try_months(months)
        .ok()
        .and_then(|span| now.to_zoned(TimeZone::UTC).checked_add(span).ok())
        .map_or(i64::MAX, |end| end.timestamp().as_second());
    (start, end)
}

/// The whole months of a validity.
pub(super) fn months(start: Timestamp, end: Timestamp) -> i64 {
    let day = |at: Timestamp| -> DateTime { at.to_zoned(TimeZone::UTC).datetime() };
    day(start).until((Unit::Month, day(end))).map_or(12, |span| {
        // Ten minutes of head start make the last month look broken off or begun.
        let months = i64::from(span.get_years()) * 12 + i64::from(span.get_months());
        months + i64::from(span.get_days() >= 15)
    })
}

/// A signing request, as DER.
pub(super) fn request(policy: &Value, key: &PrivateKey) -> Result<Vec<u8>, Refusal> {
    let parameters = parameters(policy)?;
    let request = parameters.serialize_request(&signer(key)?).map_err(|error| failed(&error))?;
    Ok(request.der().to_vec())
}

/// A certificate that the key signs for itself, as DER.
pub(super) fn self_signed(policy: &Value, key: &PrivateKey, start: i64, end: i64) -> Result<Vec<u8>, Refusal> {
    let mut parameters = parameters(policy)?;
    let date = |seconds: i64| {
        OffsetDateTime::from_unix_timestamp(seconds)
            .map_err(|_| Refusal::bad_parameter("Property policy has invalid value\r\nvalidity_months is too large."))
    };
    parameters.not_before = date(start)?;
    parameters.not_after = date(end)?;
    let mut serial = uuid::Uuid::new_v4().into_bytes();
    serial[0] = serial[0] & 0x7f | 0x40;
    parameters.serial_number = Some(SerialNumber::from_slice(&serial));
    parameters.use_authority_key_identifier_extension = true;
    parameters.key_identifier_method = KeyIdMethod::PreSpecified(Sha1::digest(key.public_bits()).to_vec());
    let certificate = parameters.self_signed(&signer(key)?).map_err(|error| failed(&error))?;
    Ok(certificate.der().to_vec())
}

/// Refuses a policy that no certificate can be made of.
pub(super) fn check(policy: &Value) -> Result<(), Refusal> {
    parameters(policy).map(drop)
}

fn parameters(policy: &Value) -> Result<CertificateParams, Refusal> {
    let wanted = &policy["x509_props"];
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = match wanted["subject"].as_str() {
        None | Some("") => DistinguishedName::new(),
        Some(text) => subject::parse(text)?,
    };
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = texts(&wanted["key_usage"]).iter().filter_map(|usage| key_usage(usage)).collect();
    parameters.extended_key_usages = texts(&wanted["ekus"])
        .iter()
        .filter_map(|usage| policy::object_identifier(usage))
        .map(ExtendedKeyUsagePurpose::Other)
        .collect();
    let sans = &wanted["sans"];
    let wrong = |text: &str| {
        Refusal::bad_parameter(format!(
            "Property policy has invalid value\r\nThe alternative name '{text}' is not valid."
        ))
    };
    for text in texts(&sans["dns_names"]) {
        parameters.subject_alt_names.push(SanType::DnsName(text.as_str().try_into().map_err(|_| wrong(&text))?));
    }
    for text in texts(&sans["emails"]) {
        parameters.subject_alt_names.push(SanType::Rfc822Name(text.as_str().try_into().map_err(|_| wrong(&text))?));
    }
    for text in texts(&sans["uris"]) {
        parameters.subject_alt_names.push(SanType::URI(text.as_str().try_into().map_err(|_| wrong(&text))?));
    }
    for text in texts(&sans["ipAddresses"]) {
        let address: IpAddr = text.parse().map_err(|_| wrong(&text))?;
        parameters.subject_alt_names.push(SanType::IpAddress(address));
    }
    for text in texts(&sans["upns"]) {
        let name = OtherNameValue::Utf8String(text);
        parameters.subject_alt_names.push(SanType::OtherName((PRINCIPAL_NAME.to_vec(), name)));
    }
    Ok(parameters)
}

fn key_usage(name: &str) -> Option<KeyUsagePurpose> {
    Some(match name {
        "digitalSignature" => KeyUsagePurpose::DigitalSignature,
        "nonRepudiation" => KeyUsagePurpose::ContentCommitment,
        "keyEncipherment" => KeyUsagePurpose::KeyEncipherment,
        "dataEncipherment" => KeyUsagePurpose::DataEncipherment,
        "keyAgreement" => KeyUsagePurpose::KeyAgreement,
        "keyCertSign" => KeyUsagePurpose::KeyCertSign,
        "cRLSign" => KeyUsagePurpose::CrlSign,
        "encipherOnly" => KeyUsagePurpose::EncipherOnly,
        "decipherOnly" => KeyUsagePurpose::DecipherOnly,
        _ => return None,
    })
}
