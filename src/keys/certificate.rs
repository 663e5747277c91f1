//! Makes an RSA key and the self-signed certificate for it.
//!
//! The certificate is written here and not by rcgen because rcgen keeps a subject as a map from attribute to value,
//! so that of `OU=a, OU=b` or `DC=contoso, DC=com` only one part would be left.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use sha1::{Digest, Sha1};
use yasna::models::ObjectIdentifier;
use yasna::tags::{TAG_GENERALIZEDTIME, TAG_UTCTIME};
use yasna::{DERWriter, DERWriterSeq, Tag};

use super::{PrivateKey, name, pem};
use crate::model::{CertificateProfile, InvalidDistinguishedName, KeyAlgorithm, NameAttribute};

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
    Cryptography { algorithm: KeyAlgorithm },
}

/// Makes a new key and a certificate for it, with exactly the profile's dates (whole seconds).
///
/// The extended key usage is `clientAuth` alone. `New-SelfSignedCertificate` adds `serverAuth`, but nothing in Entra or
/// Exchange asks for it, and a credential that could also pose as a web server is worth more to a thief.
pub fn self_signed(profile: &CertificateProfile) -> Result<KeyPair, MakeError> {
    let subject = profile
        .subject
        .attributes()
        .map_err(|source| MakeError::Subject { subject: profile.subject.0.clone(), source })?;
    if let Some(name) = profile.dns_names.iter().find(|name| !is_dns_name(name)) {
        return Err(MakeError::DnsName { name: name.clone() });
    }
    let CertificateProfile { not_before, not_after, .. } = *profile;
    if not_after.as_second() <= not_before.as_second() {
        return Err(MakeError::EndsBeforeItBegins { not_before, not_after });
    }
    make(profile, &subject).map_err(|_| MakeError::Cryptography { algorithm: profile.key })
}

fn make(
    profile: &CertificateProfile,
    subject: &[(NameAttribute, String)],
) -> Result<KeyPair, aws_lc_rs::error::Unspecified> {
    let pair = rsa::KeyPair::generate(match profile.key {
        KeyAlgorithm::Rsa2048 => rsa::KeySize::Rsa2048,
        KeyAlgorithm::Rsa3072 => rsa::KeySize::Rsa3072,
        KeyAlgorithm::Rsa4096 => rsa::KeySize::Rsa4096,
    })?;
    let mut serial = [0; 16];
    aws_lc_rs::rand::fill(&mut serial)?;
    // Positive, and never shorter than sixteen bytes.
    serial[0] = serial[0] & 0x7f | 0x40;

    let public_key = pair.public_key().as_der()?;
    let key_identifier = Sha1::digest(pair.public_key().as_ref());
    let to_be_signed = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_tagged(Tag::context(0), |version| version.write_u8(2));
            writer.next().write_bigint_bytes(&serial, true);
            write_signature_algorithm(writer.next());
            name::write(writer.next(), subject);
            writer.next().write_sequence(|validity| {
                write_time(validity.next(), profile.not_before);
                write_time(validity.next(), profile.not_after);
            });
            name::write(writer.next(), subject);
            writer.next().write_der(public_key.as_ref());
            writer.next().write_tagged(Tag::context(3), |writer| {
                writer.write_sequence(|extensions| write_extensions(extensions, &profile.dns_names, &key_identifier));
            });
        });
    });

    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &to_be_signed, &mut signature)?;
    let certificate = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(&to_be_signed);
            write_signature_algorithm(writer.next());
            writer.next().write_bitvec_bytes(&signature, signature.len() * 8);
        });
    });
    Ok(KeyPair { certificate, private_key: PrivateKey::of(&pair)? })
}

/// `sha256WithRSAEncryption`.
fn write_signature_algorithm(writer: DERWriter<'_>) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(&[1, 2, 840, 113_549, 1, 1, 11]));
        writer.next().write_null();
    });
}

/// RFC 5280: `UTCTime` until 2049, `GeneralizedTime` from 2050 on.
fn write_time(writer: DERWriter<'_>, instant: Timestamp) {
    let civil = instant.to_zoned(TimeZone::UTC);
    let (tag, format) = if (1950..2050).contains(&civil.year()) {
        (TAG_UTCTIME, "%y%m%d%H%M%SZ")
    } else {
        (TAG_GENERALIZEDTIME, "%Y%m%d%H%M%SZ")
    };
    let text = civil.strftime(format).to_string();
    writer.write_tagged_implicit(tag, |writer| writer.write_bytes(text.as_bytes()));
}

fn write_extensions(extensions: &mut DERWriterSeq<'_>, dns_names: &[String], key_identifier: &[u8]) {
    // keyUsage: digitalSignature (bit 0) signs the assertion; keyEncipherment (bit 2) is what Windows calls
    // `KeySpec KeyExchange`.
    write_extension(extensions.next(), &[2, 5, 29, 15], true, |writer| writer.write_bitvec_bytes(&[0b1010_0000], 3));
    // extKeyUsage: clientAuth
    write_extension(extensions.next(), &[2, 5, 29, 37], false, |writer| {
        writer.write_sequence(|purposes| {
            purposes.next().write_oid(&ObjectIdentifier::from_slice(&[1, 3, 6, 1, 5, 5, 7, 3, 2]));
        });
    });
    // subjectAltName: each DNS name as [2] IMPLICIT IA5String
    if !dns_names.is_empty() {
        write_extension(extensions.next(), &[2, 5, 29, 17], false, |writer| {
            writer.write_sequence(|names| {
                for name in dns_names {
                    names.next().write_tagged_implicit(Tag::context(2), |writer| writer.write_ia5_string(name));
                }
            });
        });
    }
    // basicConstraints: an empty sequence is CA:FALSE
    write_extension(extensions.next(), &[2, 5, 29, 19], true, |writer| writer.write_sequence(|_| ()));
    // subjectKeyIdentifier
    write_extension(extensions.next(), &[2, 5, 29, 14], false, |writer| writer.write_bytes(key_identifier));
}

fn write_extension(writer: DERWriter<'_>, identifier: &[u64], critical: bool, value: impl FnOnce(DERWriter<'_>)) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(identifier));
        if critical {
            writer.next().write_bool(true);
        }
        writer.next().write_bytes(&yasna::construct_der(value));
    });
}

/// Whatever fits into an `IA5String` and can be read by a person; odd names such as `pre_prod.woshub.com` are real.
fn is_dns_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 253 && name.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DistinguishedName;

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
        for name in ["münchen.de", "", "a b"] {
            let error = refused(&|p| p.dns_names.push(name.to_owned()));
            assert!(matches!(error, MakeError::DnsName { .. }), "{error}");
        }
        assert!(matches!(refused(&|p| p.not_after = p.not_before), MakeError::EndsBeforeItBegins { .. }));
    }
}
