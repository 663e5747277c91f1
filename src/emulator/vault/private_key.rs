//! Private keys, RSA and elliptic: made, read from files and from JSON web keys, and written back.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{self, KeyPairComponents, KeySize, PublicKeyComponents},
    signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, KeyPair as _},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value, json};

use super::{body, refusal::Refusal};

/// A curve that keys can be on.
#[derive(Debug, PartialEq)]
pub(super) struct Curve {
    /// `P-256`
    pub(super) name: &'static str,
    /// What signs on it: `ES256`.
    pub(super) algorithm: &'static str,
    /// The length of a coordinate, in bytes.
    length: usize,
    signing: &'static EcdsaSigningAlgorithm,
    pub(super) verifying: &'static EcdsaVerificationAlgorithm,
}

static CURVES: [Curve; 3] = [
    Curve {
        name: "P-256",
        algorithm: "ES256",
        length: 32,
        signing: &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        verifying: &signature::ECDSA_P256_SHA256_FIXED,
    },
    Curve {
        name: "P-384",
        algorithm: "ES384",
        length: 48,
        signing: &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        verifying: &signature::ECDSA_P384_SHA384_FIXED,
    },
    Curve {
        name: "P-521",
        algorithm: "ES512",
        length: 66,
        signing: &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        verifying: &signature::ECDSA_P521_SHA512_FIXED,
    },
];

/// What a new key is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    /// Bits of the modulus.
    Rsa(i64),
    Elliptic(&'static Curve),
}

impl Shape {
    /// From `kty`, `key_size` and `crv`, as requests for keys and policies of certificates have them.
    pub(super) fn read(members: &Map<String, Value>) -> Result<Self, Refusal> {
        let size = body::number(members, "key_size")?;
        let curve = body::string(members, "crv")?;
        match body::string(members, "kty")?.unwrap_or("RSA") {
            "RSA" if curve.is_some() => Err(Refusal::bad_parameter("Property crv does not fit a key of type RSA")),
            "RSA" => match size.unwrap_or(2048) {
                size @ (2048 | 3072 | 4096) => Ok(Self::Rsa(size)),
                _ => Err(Refusal::bad_parameter("Property key_size must be 2048, 3072 or 4096")),
            },
            "EC" => {
                let curve = named(curve.unwrap_or("P-256"))?;
                // Some clients say the size besides the curve.
                let bits = if curve.length == 66 { 521 } else { curve.length * 8 };
                match size {
                    Some(size) if usize::try_from(size) != Ok(bits) => Err(body::invalid("key_size")),
                    _ => Ok(Self::Elliptic(curve)),
                }
            }
            kind @ ("EC-HSM" | "RSA-HSM" | "oct" | "oct-HSM") => {
                Err(Refusal::not_served(&format!("keys of type {kind}")))
            }
            _ => Err(body::invalid("kty")),
        }
    }
}

fn named(name: &str) -> Result<&'static Curve, Refusal> {
    match CURVES.iter().find(|curve| curve.name == name) {
        Some(curve) => Ok(curve),
        None if name == "P-256K" => Err(Refusal::not_served("keys on the curve P-256K")),
        None => Err(body::invalid("crv")),
    }
}

/// A private key.
pub(super) struct PrivateKey {
    pub(super) pair: Pair,
    /// PKCS#8.
    pub(super) der: Vec<u8>,
}

pub(super) enum Pair {
    Rsa(rsa::KeyPair),
    Elliptic(EcdsaKeyPair, &'static Curve),
}

fn failed() -> Refusal {
    Refusal::new(500, "InternalError", "The cryptographic library failed.")
}

impl PrivateKey {
    /// Makes a key. Slow for RSA: from a tenth of a second to several seconds.
    pub(super) fn generate(shape: Shape) -> Result<Self, Refusal> {
        let size = match shape {
            Shape::Elliptic(curve) => {
                return Self::elliptic(EcdsaKeyPair::generate(curve.signing).map_err(|_| failed())?, curve);
            }
            Shape::Rsa(4096) => KeySize::Rsa4096,
            Shape::Rsa(3072) => KeySize::Rsa3072,
            Shape::Rsa(_) => KeySize::Rsa2048,
        };
        Self::rsa(rsa::KeyPair::generate(size).map_err(|_| failed())?)
    }

    fn rsa(pair: rsa::KeyPair) -> Result<Self, Refusal> {
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| failed())?;
        let der = der.as_ref().to_vec();
        Ok(Self { pair: Pair::Rsa(pair), der })
    }

    fn elliptic(pair: EcdsaKeyPair, curve: &'static Curve) -> Result<Self, Refusal> {
        let der = pair.to_pkcs8v1().map_err(|_| failed())?.as_ref().to_vec();
        Ok(Self { pair: Pair::Elliptic(pair, curve), der })
    }

    /// Reads PKCS#8, PKCS#1 or SEC 1.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        if let Ok(pair) = rsa::KeyPair::from_pkcs8(der).or_else(|_| rsa::KeyPair::from_der(der)) {
            return Self::rsa(pair).ok();
        }
        CURVES.iter().find_map(|curve| {
            let pair = EcdsaKeyPair::from_pkcs8(curve.signing, der)
                .or_else(|_| EcdsaKeyPair::from_private_key_der(curve.signing, der));
            Self::elliptic(pair.ok()?, curve).ok()
        })
    }

    /// Reads what `stored` wrote.
    pub(super) fn from_stored(text: &str) -> Result<Self, Refusal> {
        BASE64_STANDARD.decode(text).ok().and_then(|der| Self::from_der(&der)).ok_or_else(failed)
    }

    pub(super) fn stored(&self) -> String {
        BASE64_STANDARD.encode(&self.der)
    }

    /// The key of a JSON web key, all of whose private members are needed.
    pub(super) fn from_json(key: &Map<String, Value>) -> Result<Self, Refusal> {
        let number = |name: &str| -> Result<Vec<u8>, Refusal> {
            let text = body::string(key, name)?.ok_or_else(|| body::invalid(name))?;
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| body::invalid(name))?;
            let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
            Ok(bytes[start..].to_vec())
        };
        if let Shape::Elliptic(curve) = Shape::read(key)? {
            let filled = |name: &str| -> Result<Vec<u8>, Refusal> {
                let bytes = number(name)?;
                let missing = curve.length.checked_sub(bytes.len()).ok_or_else(|| body::invalid(name))?;
                Ok([vec![0; missing], bytes].concat())
            };
            let point = [vec![4], filled("x")?, filled("y")?].concat();
            let pair = EcdsaKeyPair::from_private_key_and_public_key(curve.signing, &filled("d")?, &point)
                .map_err(|_| Refusal::bad_parameter("The key is not a valid EC private key"))?;
            return Self::elliptic(pair, curve);
        }
        let components = KeyPairComponents {
            public_key: PublicKeyComponents { n: number("n")?, e: number("e")? },
            d: number("d")?,
            p: number("p")?,
            q: number("q")?,
            dP: number("dp")?,
            dQ: number("dq")?,
            qInv: number("qi")?,
        };
        let pair = rsa::KeyPair::from_components(&components)
            .map_err(|_| Refusal::bad_parameter("The key is not a valid RSA private key"))?;
        Self::rsa(pair)
    }

    /// The public members of its JSON web key, in the service's order.
    pub(super) fn public_members(&self) -> Vec<(&'static str, Value)> {
        let write = |bytes: &[u8]| json!(BASE64_URL_SAFE_NO_PAD.encode(bytes));
        match &self.pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                vec![
                    ("kty", json!("RSA")),
                    ("n", write(public.modulus().big_endian_without_leading_zero())),
                    ("e", write(public.exponent().big_endian_without_leading_zero())),
                ]
            }
            Pair::Elliptic(pair, curve) => {
                // The point is a four, then both coordinates.
                let point = pair.public_key().as_ref();
                let (x, y) = point.get(1..).unwrap_or_default().split_at_checked(curve.length).unwrap_or_default();
                vec![("kty", json!("EC")), ("crv", json!(curve.name)), ("x", write(x)), ("y", write(y))]
            }
        }
    }

    pub(super) fn shape(&self) -> Shape {
        match &self.pair {
            Pair::Rsa(pair) => Shape::Rsa(i64::try_from(pair.public_modulus_len() * 8).unwrap_or_default()),
            Pair::Elliptic(_, curve) => Shape::Elliptic(curve),
        }
    }

    /// The public half as the bits inside a certificate's public key: PKCS#1, or a point.
    pub(super) fn public_bits(&self) -> &[u8] {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref(),
            Pair::Elliptic(pair, _) => pair.public_key().as_ref(),
        }
    }
}

/// The same bits of a certificate.
pub(super) fn public_bits_of(certificate: &[u8]) -> Option<Vec<u8>> {
    use x509_parser::prelude::{FromDer, X509Certificate};
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(parsed.public_key().subject_public_key.data.to_vec())
}
