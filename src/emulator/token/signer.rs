//! The key that signs this tenant's tokens, and that checks them when they come back.
//!
//! The private half is kept with the tenant and never leaves the emulator.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};
use x509_parser::{
    prelude::{FromDer, X509Certificate},
    public_key::PublicKey,
};

use super::super::{certificates::Certificate, clouds::names_at, refusal::Refusal};

/// How far the clock of a service may be behind that of the token service, in seconds.
const SKEW: i64 = 300;

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignerError {
    /// The key or its certificate could not be made.
    #[error("could not make the token signing key")]
    Make(#[from] rcgen::Error),
    /// The stored key is not one.
    #[error("the stored token signing key is not usable")]
    Unusable(#[from] jsonwebtoken::errors::Error),
    /// The certificate just made cannot be read.
    #[error("the certificate of the token signing key is not readable")]
    Unreadable,
}

/// What is wrong with a token that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// It is not a token, or not one of this tenant's.
    Signature,
    /// It is for another service.
    Audience,
    /// It is no access token of the tenant's: the same key signs the federated tokens of the rehearsal issuer.
    Issuer,
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    Early,
}

/// What the access tokens of a tenant for Microsoft's own services name as their issuer.
pub(crate) fn issuer(tenant_id: &str) -> String {
    format!("https://sts.windows.net/{tenant_id}/")
}

/// Whether claims that the tenant signed are those of an access token, and its time is now.
pub(crate) fn check_claims(claims: &Value, tenant_id: &str, now: Timestamp) -> Result<(), Rejected> {
    if claims["iss"] != issuer(tenant_id) || claims["tid"] != tenant_id {
        return Err(Rejected::Issuer);
    }
    let current = now.as_second();
    if claims["exp"].as_i64().is_none_or(|expires| expires <= current) {
        return Err(Rejected::Expired);
    }
    if claims["nbf"].as_i64().is_none_or(|begins| begins.saturating_sub(SKEW) > current) {
        return Err(Rejected::Early);
    }
    Ok(())
}

/// The tenant's signing key.
pub(crate) struct Signer {
    header: Header,
    private: EncodingKey,
    public: DecodingKey,
    published: Value,
}

impl Signer {
    /// A new RSA key as PEM. Slow: a tenth of a second or more.
    pub(crate) fn generate() -> Result<String, SignerError> {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        Ok(key.serialize_pem())
    }

    pub(crate) fn from_pem(pem: &str) -> Result<Self, SignerError> {
        let key = KeyPair::from_pem(pem)?;
        let mut parameters = CertificateParams::new(Vec::new())?;
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, "accounts.accesscontrol.windows.net");
        let certificate = parameters.self_signed(&key)?;
        let der = certificate.der().to_vec();
        let read = Certificate::from_der(&der).ok_or(SignerError::Unreadable)?;
        let public_der = read.rsa_public_key.as_deref().ok_or(SignerError::Unreadable)?;
        let (_, parsed) = X509Certificate::from_der(&der).map_err(|_| SignerError::Unreadable)?;
        let Ok(PublicKey::RSA(numbers)) = parsed.public_key().parsed() else {
            return Err(SignerError::Unreadable);
        };
        let number = |bytes: &[u8]| {
            let start = bytes.iter().position(|byte| *byte != 0).unwrap_or_default();
            BASE64_URL_SAFE_NO_PAD.encode(&bytes[start..])
        };
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(read.sha1());
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(thumbprint.clone());
        header.x5t = Some(thumbprint.clone());
        Ok(Self {
            header,
            private: EncodingKey::from_rsa_pem(pem.as_bytes())?,
            public: DecodingKey::from_rsa_der(public_der),
            published: json!({
                "kty": "RSA",
                "use": "sig",
                "kid": thumbprint,
                "x5t": thumbprint,
                "n": number(numbers.modulus),
                "e": number(numbers.exponent),
                "x5c": [BASE64_STANDARD.encode(&der)],
            }),
        })
    }

    pub(crate) fn sign(&self, claims: &Value) -> Result<String, SignerError> {
        Ok(jsonwebtoken::encode(&self.header, claims, &self.private)?)
    }

    /// The public half as a bare JSON web key.
    pub(crate) fn public_key(&self) -> Value {
        self.published.clone()
    }

    /// The public half as the token service publishes it.
    pub(crate) fn published(&self, issuer: &str) -> Value {
        let mut key = self.published.clone();
        key["issuer"] = issuer.into();
        key
    }

    /// The claims of a token that this tenant signed, whatever it is for and however old.
    pub(crate) fn claims(&self, token: &str) -> Option<Value> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode::<Value>(token, &self.public, &validation).ok().map(|decoded| decoded.claims)
    }

    /// The claims of a token that this tenant signed for Microsoft Graph as it is called at `origin`, with Graph's own refusals.
    pub(crate) fn verify(&self, token: &str, origin: &str, tenant_id: &str, now: Timestamp) -> Result<Value, Refusal> {
        if !token.contains('.') {
            return Err(Refusal::invalid_token(
                "IDX14100: JWT is not well formed, there are no dots (.).\nThe token needs to be in JWS or JWE \
                 Compact Serialization Format. (JWS): 'EncodedHeader.EndcodedPayload.EncodedSignature'. (JWE): \
                 'EncodedProtectedHeader.EncodedEncryptedKey.EncodedInitializationVector.EncodedCiphertext.EncodedAuthenticationTag'.",
            ));
        }
        let audiences =
            ["https://graph.microsoft.com", "https://graph.microsoft.com/", "00000003-0000-0000-c000-000000000000"];
        self.verify_for(token, &names_at(origin, &audiences), tenant_id, now).map_err(|rejected| {
            Refusal::invalid_token(match rejected {
                Rejected::Signature => "Access token validation failure. Invalid signature.",
                Rejected::Audience => "Access token validation failure. Invalid audience.",
                Rejected::Issuer => "Access token validation failure. Invalid issuer.",
                Rejected::Expired => "Lifetime validation failed, the token is expired.",
                Rejected::Early => "Lifetime validation failed, the token is not yet valid.",
            })
        })
    }

    /// The claims of an access token that this tenant signed for one of these audiences.
    pub(crate) fn verify_for(
        &self,
        token: &str,
        audiences: &[String],
        tenant_id: &str,
        now: Timestamp,
    ) -> Result<Value, Rejected> {
        let claims = self.claims(token).ok_or(Rejected::Signature)?;
        if !claims["aud"].as_str().is_some_and(|audience| audiences.iter().any(|own| own == audience)) {
            return Err(Rejected::Audience);
        }
        check_claims(&claims, tenant_id, now)?;
        Ok(claims)
    }
}
