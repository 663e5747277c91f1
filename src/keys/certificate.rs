//! Makes an RSA key and the self-signed certificate for it, by rcgen.

use jiff::Timestamp;
use rcgen::{
    CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize, SanType,
    SerialNumber,
};
use secrecy::SecretString;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{PrivateKey, name, pem};
use crate::model::{CertificateProfile, DistinguishedName, InvalidDistinguishedName, KeyAlgorithm, NameAttribute};

/// A certificate and the private key that belongs to it.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// DER.
    pub certificate: Vec<u8>,
    pub private_key: PrivateKey,
}

impl KeyPair {
    pub fn certificate_pem(&self) -> String {
        pem::encode_certificate(&self.certificate)
    }

    /// The certificate followed by its key, both PEM.
    pub fn bundle_pem(&self) -> SecretString {
        self.private_key.bundle(&self.certificate)
    }
}

/// A profile that no certificate can be made of.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    #[error("the subject `{subject}` cannot go into a certificate")]
    Subject { subject: String, source: InvalidDistinguishedName },
    #[error("`{name}` cannot be a DNS name in a certificate: write it in ASCII (`xn--…` for others), without spaces")]
    DnsName { name: String },
    #[error("the certificate would end ({not_after}) before it begins ({not_before}): give it a longer lifetime")]
    EndsBeforeItBegins { not_before: Timestamp, not_after: Timestamp },
    #[error("the cryptographic library made no {algorithm} key; run again, and look at the machine if it repeats")]
    Cryptography { algorithm: KeyAlgorithm, source: rcgen::Error },
    #[error("the key is no sound RSA key: Entra and Exchange take RSA of 2048 bits or more")]
    NotRsa,
    #[error("no request could be made for the key")]
    Request { source: rcgen::Error },
}

/// Makes a new key and a certificate for it, with exactly the profile's dates (whole seconds).
///
/// The extended key usage is `clientAuth` alone. `New-SelfSignedCertificate` adds `serverAuth`, but nothing in Entra or
/// Exchange asks for it, and a credential that could also pose as a web server is worth more to a thief.
pub fn self_signed(profile: &CertificateProfile) -> Result<KeyPair, MakeError> {
    let subject = check(&profile.subject, &profile.dns_names)?;
    let CertificateProfile { not_before, not_after, .. } = *profile;
    if not_after.as_second() <= not_before.as_second() {
        return Err(MakeError::EndsBeforeItBegins { not_before, not_after });
    }
    make(profile, &subject).map_err(|source| MakeError::Cryptography { algorithm: profile.key, source })
}

/// The parts of a subject, once it and the DNS names fit into a certificate.
pub(super) fn check(
    subject: &DistinguishedName,
    dns_names: &[String],
) -> Result<Vec<(NameAttribute, String)>, MakeError> {
    let parts = subject.attributes().map_err(|source| MakeError::Subject { subject: subject.0.clone(), source })?;
    match dns_names.iter().find(|name| !is_dns_name(name)) {
        Some(name) => Err(MakeError::DnsName { name: name.clone() }),
        None => Ok(parts),
    }
}

/// rcgen keeps a copy of the key as DER and does not wipe it by itself.
pub(super) fn generate(algorithm: KeyAlgorithm) -> Result<Zeroizing<rcgen::KeyPair>, rcgen::Error> {
    let size = match algorithm {
        KeyAlgorithm::Rsa2048 => RsaKeySize::_2048,
        KeyAlgorithm::Rsa3072 => RsaKeySize::_3072,
        KeyAlgorithm::Rsa4096 => RsaKeySize::_4096,
    };
    Ok(Zeroizing::new(rcgen::KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size)?))
}

/// `CertificateParams::new` would make an address of a name such as `10.0.0.1`.
pub(super) fn dns_alternatives(names: &[String]) -> Result<Vec<SanType>, rcgen::Error> {
    names.iter().map(|name| Ok(SanType::DnsName(name.as_str().try_into()?))).collect()
}

fn make(profile: &CertificateProfile, subject: &[(NameAttribute, String)]) -> Result<KeyPair, rcgen::Error> {
    let pair = generate(profile.key)?;

    let mut parameters = CertificateParams::default();
    parameters.serial_number = Some(random_serial()?);
    parameters.not_before = date(profile.not_before);
    parameters.not_after = date(profile.not_after);
    parameters.distinguished_name = name::write(subject)?;
    parameters.subject_alt_names = dns_alternatives(&profile.dns_names)?;
    // The first signs the assertion; the second is what Windows calls `KeySpec KeyExchange`.
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    parameters.is_ca = IsCa::ExplicitNoCa;

    let certificate = parameters.self_signed(&*pair)?;
    Ok(KeyPair { certificate: certificate.der().to_vec(), private_key: PrivateKey::of(&pair) })
}

/// rcgen's own would be a hash of the public key: the same whenever a key is certified again.
fn random_serial() -> Result<SerialNumber, rcgen::Error> {
    let mut serial = [0; 16];
    aws_lc_rs::rand::fill(&mut serial).map_err(|_| rcgen::Error::RingUnspecified)?;
    // Positive, and never shorter than sixteen bytes.
    serial[0] = serial[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&serial))
}

fn date(instant: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(instant.as_second()).expect("both crates know the years -9999 to 9999")
}

/// Whatever fits into an `IA5String` and can be read by a person; odd names such as `pre_prod.woshub.com` are real.
fn is_dns_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 253 && name.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> CertificateProfile {
        CertificateProfile {
            subject: DistinguishedName("CN=m365info.com".into()),
            dns_names: vec!["m365info.com".into()],
            key: KeyAlgorithm::Rsa2048,
            not_before: "2026-11-20T23:04:47Z".parse().unwrap(),
            not_after: "2030-11-20T23:14:47Z".parse().unwrap(),
        }
    }

    #[test]
    fn printing_a_key_pair_shows_no_key() {
        let printed = format!("{:?}", self_signed(&profile()).unwrap());
        assert!(printed.contains("private_key: [private key]"), "{printed}");
    }

    #[test]
    fn refuses_what_no_certificate_can_hold() {
        let refused = |change: &dyn Fn(&mut CertificateProfile)| {
            let mut profile = profile();
            change(&mut profile);
            self_signed(&profile).unwrap_err()
        };
        assert!(matches!(
            refused(&|p| p.subject = DistinguishedName("CN=a+OU=b".into())),
            MakeError::Subject { source: InvalidDistinguishedName::Unescaped { character: '+' }, .. }
        ));
        assert!(matches!(
            refused(&|p| p.subject = DistinguishedName("CN=a, OU=b, OU=c".into())),
            MakeError::Subject { source: InvalidDistinguishedName::Repeated { name: "OU" }, .. }
        ));
        for name in ["münchen.de", "", "a b"] {
            let error = refused(&|p| p.dns_names.push(name.to_owned()));
            assert!(matches!(error, MakeError::DnsName { .. }), "{error}");
        }
        assert!(matches!(refused(&|p| p.not_after = p.not_before), MakeError::EndsBeforeItBegins { .. }));
    }
}
