//! RSA keys: made, read from files and from JSON web keys, and written back.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeyPairComponents, KeySize, PublicKeyComponents},
    signature::KeyPair as _,
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value};

use super::{body, refusal::Refusal};

/// A private key.
pub(super) struct PrivateKey {
    pub(super) pair: KeyPair,
    /// PKCS#8.
    pub(super) der: Vec<u8>,
}

fn failed() -> Refusal {
    Refusal::new(500, "InternalError", "The cryptographic library failed.")
}

impl PrivateKey {
    /// Makes a key. Slow: from a tenth of a second to several seconds.
    pub(super) fn generate(bits: i64) -> Result<Self, Refusal> {
        let size = match bits {
            2048 => KeySize::Rsa2048,
            3072 => KeySize::Rsa3072,
            4096 => KeySize::Rsa4096,
            _ => return Err(Refusal::bad_parameter("Key size must be 2048, 3072 or 4096")),
        };
        Self::of(KeyPair::generate(size).map_err(|_| failed())?)
    }

    fn of(pair: KeyPair) -> Result<Self, Refusal> {
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| failed())?;
        let der = der.as_ref().to_vec();
        Ok(Self { pair, der })
    }

    /// Reads PKCS#8 or PKCS#1.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        let pair = KeyPair::from_pkcs8(der).or_else(|_| KeyPair::from_der(der)).ok()?;
        Self::of(pair).ok()
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
            let start = bytes.iter().position(|byte| *byte != 0).unwrap_or_default();
            Ok(bytes[start..].to_vec())
        };
        let components = KeyPairComponents {
            public_key: PublicKeyComponents { n: number("n")?, e: number("e")? },
            d: number("d")?,
            p: number("p")?,
            q: number("q")?,
            dP: number("dp")?,
            dQ: number("dq")?,
            qInv: number("qi")?,
        };
        let pair = KeyPair::from_components(&components)
            .map_err(|_| Refusal::bad_parameter("The key is not a valid RSA private key"))?;
        Self::of(pair)
    }

    /// Modulus and exponent as a JSON web key has them.
    pub(super) fn numbers(&self) -> (String, String) {
        let public = self.pair.public_key();
        let write = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        (
            write(public.modulus().big_endian_without_leading_zero()),
            write(public.exponent().big_endian_without_leading_zero()),
        )
    }

    pub(super) fn bits(&self) -> usize {
        self.pair.public_modulus_len() * 8
    }

    /// The public half as PKCS#1.
    pub(super) fn public_der(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }
}
