//! Makes a PKCS#10 request: what a certificate authority signs.

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, PKCS_RSA_SHA256};
use zeroize::Zeroizing;

use super::certificate::{self, MakeError, dns_alternatives};
use super::{PrivateKey, name, pem};
use crate::model::{KeyAlgorithm, NameAttribute, RequestProfile, Usage};

/// Makes an RSA key that no certificate is made for yet.
pub fn generate(algorithm: KeyAlgorithm) -> Result<PrivateKey, MakeError> {
    let pair = certificate::generate(algorithm).map_err(|source| MakeError::Cryptography { algorithm, source })?;
    Ok(PrivateKey::of(&pair))
}

/// The request for a key, PEM.
pub fn request(key: &PrivateKey, profile: &RequestProfile) -> Result<String, MakeError> {
    let subject = certificate::check(&profile.subject, &profile.dns_names)?;
    if key.public_key().is_none() {
        return Err(MakeError::NotRsa);
    }
    let der = make(key, profile, &subject).map_err(|source| MakeError::Request { source })?;
    Ok(pem::encode_request(&der))
}

fn make(
    key: &PrivateKey,
    profile: &RequestProfile,
    subject: &[(NameAttribute, String)],
) -> Result<Vec<u8>, rcgen::Error> {
    let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&key.expose().into(), &PKCS_RSA_SHA256)?;
    let pair = Zeroizing::new(pair);
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = name::write(subject)?;
    parameters.subject_alt_names = dns_alternatives(&profile.dns_names)?;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    parameters.extended_key_usages = profile
        .usages
        .iter()
        .map(|usage| match usage {
            Usage::ClientAuthentication => ExtendedKeyUsagePurpose::ClientAuth,
            Usage::ServerAuthentication => ExtendedKeyUsagePurpose::ServerAuth,
        })
        .collect();
    // The authority decides about basic constraints; most refuse a request that does.
    parameters.is_ca = IsCa::NoCa;
    Ok(parameters.serialize_request(&*pair)?.der().to_vec())
}
