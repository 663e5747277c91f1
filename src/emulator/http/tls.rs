//! The emulator's own certificate authority, kept with the tenant, and the certificate for localhost.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use serde_json::{Value, json};

use super::super::http::proxy;

/// The authority: certificate and key as PEM.
#[derive(Clone)]
pub(crate) struct Authority {
    pub(crate) certificate: String,
    key: String,
}

/// A certificate for localhost and the hosts that it may stand for, with its chain, and its key.
pub(crate) struct Identity {
    pub(crate) chain: String,
    pub(crate) key: String,
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

impl Authority {
    pub(crate) fn generate() -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut parameters = CertificateParams::new(Vec::new())?;
        parameters.distinguished_name = named("Accredit emulator authority");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        // Clients check these dates by their own clocks, whatever the emulator's clock says.
        parameters.not_before = date_time_ymd(2020, 1, 1);
        parameters.not_after = date_time_ymd(2049, 12, 31);
        let certificate = parameters.self_signed(&key)?;
        Ok(Self { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    pub(crate) fn read(stored: &Value) -> Option<Self> {
        Some(Self { certificate: stored["certificate"].as_str()?.to_owned(), key: stored["key"].as_str()?.to_owned() })
    }

    pub(crate) fn store(&self) -> Value {
        json!({ "certificate": self.certificate, "key": self.key })
    }

    /// A certificate for localhost and for the names that a tester adds.
    pub(crate) fn issue(&self, more: &[String]) -> Result<Identity, rcgen::Error> {
        let issuer = Issuer::from_ca_cert_pem(&self.certificate, KeyPair::from_pem(&self.key)?)?;
        let key = KeyPair::generate()?;
        // Vaults have hosts of their own: `NAME.vault.localhost`.
        let own = ["localhost", "*.vault.localhost", "127.0.0.1", "::1"];
        let names = own.into_iter().chain(proxy::HOSTS.iter().copied()).map(str::to_owned).chain(more.iter().cloned());
        let mut parameters = CertificateParams::new(names.collect::<Vec<_>>())?;
        parameters.distinguished_name = named("localhost");
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.use_authority_key_identifier_extension = true;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.not_before = date_time_ymd(2020, 1, 1);
        parameters.not_after = date_time_ymd(2049, 12, 31);
        let certificate = parameters.signed_by(&key, &issuer)?;
        Ok(Identity { chain: format!("{}{}", certificate.pem(), self.certificate), key: key.serialize_pem() })
    }
}
