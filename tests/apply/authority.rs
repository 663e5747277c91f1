//! A certificate authority for tests: signs what it is asked to, or something else.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer, KeyPair,
    PKCS_RSA_SHA256, RsaKeySize, SerialNumber,
};
use time::OffsetDateTime;

use jiff::Timestamp;

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// PEM.
    pub(crate) certificate: String,
}

fn date(instant: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(instant.as_second()).unwrap()
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, "Contoso Issuing CA");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.not_before = date("2020-01-01T00:00:00Z".parse().unwrap());
        parameters.not_after = date("2045-01-01T00:00:00Z".parse().unwrap());
        let certificate = parameters.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(parameters, key), certificate }
    }

    /// Signs a request, PEM; like many an authority it puts its own organization into the subject.
    pub(crate) fn sign(&self, request: &str, start: Timestamp, end: Timestamp) -> String {
        let mut request = CertificateSigningRequestParams::from_pem(request).unwrap();
        request.params.distinguished_name.push(DnType::OrganizationName, "Contoso");
        request.params.not_before = date(start);
        request.params.not_after = date(end);
        request.params.serial_number = Some(SerialNumber::from(uuid::Uuid::new_v4().as_bytes()[1..].to_vec()));
        request.signed_by(&self.issuer).unwrap().pem()
    }
}
