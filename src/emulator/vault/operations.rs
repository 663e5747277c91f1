//! What a key does: sign, verify, encrypt, decrypt, wrap and unwrap. The client sends digests, never messages.

use aws_lc_rs::{
    digest::{self, Digest},
    rsa::{
        OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
        Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey, PrivateDecryptingKey,
    },
    signature::{self, RsaEncoding, RsaParameters, UnparsedPublicKey},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{
    super::world::{Document, text, texts},
    Answer, Request, body, keys,
    private_key::{Pair, PrivateKey},
    refusal::Refusal,
    store::{self, KEYS},
};

type Scheme = (&'static digest::Algorithm, &'static dyn RsaEncoding, &'static RsaParameters);

fn scheme(algorithm: &str) -> Option<Scheme> {
    use signature as s;
    Some(match algorithm {
        "RS256" => (&digest::SHA256, &s::RSA_PKCS1_SHA256, &s::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => (&digest::SHA384, &s::RSA_PKCS1_SHA384, &s::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => (&digest::SHA512, &s::RSA_PKCS1_SHA512, &s::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => (&digest::SHA256, &s::RSA_PSS_SHA256, &s::RSA_PSS_2048_8192_SHA256),
        "PS384" => (&digest::SHA384, &s::RSA_PSS_SHA384, &s::RSA_PSS_2048_8192_SHA384),
        "PS512" => (&digest::SHA512, &s::RSA_PSS_SHA512, &s::RSA_PSS_2048_8192_SHA512),
        _ => return None,
    })
}

/// Performs the operation that the path names.
pub(super) fn perform(
    request: &Request<'_>,
    name: &str,
    version: Option<&str>,
    operation: &str,
) -> Result<Answer, Refusal> {
    let (operation, known): (&str, &[&str]) = match operation.to_ascii_lowercase().as_str() {
        "sign" => ("sign", &["alg", "value"]),
        "verify" => ("verify", &["alg", "digest", "value"]),
        "encrypt" => ("encrypt", &["alg", "value"]),
        "decrypt" => ("decrypt", &["alg", "value"]),
        "wrapkey" => ("wrapKey", &["alg", "value"]),
        "unwrapkey" => ("unwrapKey", &["alg", "value"]),
        _ => return Err(Refusal::not_served(&format!("the operation {operation} of keys"))),
    };
    let document = request.find(&KEYS, name, version)?;
    may(request, document, operation)?;
    let sent = request.object(known)?;
    let algorithm = body::string(&sent, "alg")?.ok_or_else(|| body::invalid("alg"))?;
    let value = bytes(&sent, "value")?;
    let key = PrivateKey::from_stored(text(document, keys::PRIVATE))?;
    let result = match operation {
        "sign" => sign(&key, algorithm, &value)?,
        "verify" => {
            let valid = verify(&key, algorithm, &bytes(&sent, "digest")?, &value)?;
            return Ok(Answer::ok(json!({ "value": valid }), Vec::new()));
        }
        "encrypt" | "wrapKey" => encrypt(&key, algorithm, &value)?,
        _ => decrypt(&key, algorithm, &value)?,
    };
    let shown = json!({ "kid": request.id(&KEYS, document), "value": BASE64_URL_SAFE_NO_PAD.encode(result) });
    Ok(Answer::ok(shown, Vec::new()))
}

/// Whether the key may be used for this now. What was made with it can be undone after its time.
fn may(request: &Request<'_>, document: &Document, operation: &str) -> Result<(), Refusal> {
    if !store::is_enabled(document) {
        let message = format!("Operation {operation} is not allowed on a disabled key.");
        return Err(Refusal::forbidden(message, "KeyDisabled"));
    }
    if !texts(document, "key_ops").any(|allowed| allowed == operation) {
        let message = format!("Operation {operation} is not permitted on this key.");
        return Err(Refusal::forbidden(message, "KeyOperationForbidden"));
    }
    let now = request.now.as_second();
    let undoes = matches!(operation, "verify" | "decrypt" | "unwrapKey");
    if !undoes && store::attribute(document, "nbf").as_i64().is_some_and(|start| now < start) {
        let message = format!("Operation {operation} is not allowed on a key that is not yet valid.");
        return Err(Refusal::forbidden(message, "KeyNotYetValid"));
    }
    if !undoes && store::attribute(document, "exp").as_i64().is_some_and(|end| now >= end) {
        let message = format!("Operation {operation} is not allowed on an expired key.");
        return Err(Refusal::forbidden(message, "KeyExpired"));
    }
    Ok(())
}

fn bytes(sent: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Refusal> {
    let text = body::string(sent, name)?.ok_or_else(|| body::invalid(name))?;
    BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| body::invalid(name))
}

fn unknown(algorithm: &str) -> Refusal {
    Refusal::bad_parameter(format!("Key and algorithm are not compatible: {algorithm}"))
}

fn read_digest(algorithm: &'static digest::Algorithm, value: &[u8]) -> Result<Digest, Refusal> {
    Digest::import_less_safe(value, algorithm).map_err(|_| {
        Refusal::bad_parameter(format!("Invalid length of 'value': {} bytes. It must be the digest.", value.len()))
    })
}

fn sign(key: &PrivateKey, algorithm: &str, value: &[u8]) -> Result<Vec<u8>, Refusal> {
    match &key.pair {
        Pair::Rsa(pair) => {
            let (hash, encoding, _) = scheme(algorithm).ok_or_else(|| unknown(algorithm))?;
            let digest = read_digest(hash, value)?;
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign_digest(encoding, &digest, &mut signature).map_err(|_| unknown(algorithm))?;
            Ok(signature)
        }
        Pair::Elliptic(pair, curve) => {
            let digest = read_digest(hash_of_curve(curve.algorithm, algorithm)?, value)?;
            Ok(pair.sign_digest(&digest).map_err(|_| unknown(algorithm))?.as_ref().to_vec())
        }
    }
}

fn verify(key: &PrivateKey, algorithm: &str, value: &[u8], signature: &[u8]) -> Result<bool, Refusal> {
    if let Pair::Elliptic(_, curve) = &key.pair {
        let digest = read_digest(hash_of_curve(curve.algorithm, algorithm)?, value)?;
        let public = UnparsedPublicKey::new(curve.verifying, key.public_bits());
        return Ok(public.verify_digest(&digest, signature).is_ok());
    }
    let (hash, _, parameters) = scheme(algorithm).ok_or_else(|| unknown(algorithm))?;
    let digest = read_digest(hash, value)?;
    Ok(UnparsedPublicKey::new(parameters, key.public_bits()).verify_digest(&digest, signature).is_ok())
}

/// The digest that a curve's own algorithm takes; keys on it sign with no other.
fn hash_of_curve(own: &str, asked: &str) -> Result<&'static digest::Algorithm, Refusal> {
    match asked {
        _ if asked != own => Err(unknown(asked)),
        "ES256" => Ok(&digest::SHA256),
        "ES384" => Ok(&digest::SHA384),
        _ => Ok(&digest::SHA512),
    }
}

fn padding(algorithm: &str) -> Result<Option<&'static OaepAlgorithm>, Refusal> {
    match algorithm {
        "RSA-OAEP" => Ok(Some(&OAEP_SHA1_MGF1SHA1)),
        "RSA-OAEP-256" => Ok(Some(&OAEP_SHA256_MGF1SHA256)),
        "RSA1_5" => Ok(None),
        _ => Err(unknown(algorithm)),
    }
}

fn encrypt(key: &PrivateKey, algorithm: &str, plain: &[u8]) -> Result<Vec<u8>, Refusal> {
    let too_long = |_| Refusal::bad_parameter("The value is too long for the key and the algorithm");
    let private = PrivateDecryptingKey::from_pkcs8(&key.der).map_err(|_| unknown(algorithm))?;
    let public = private.public_key();
    let mut room = vec![0; public.key_size_bytes()];
    let written = match padding(algorithm)? {
        Some(oaep) => OaepPublicEncryptingKey::new(public)
            .and_then(|public| public.encrypt(oaep, plain, &mut room, None).map(|secret| secret.len())),
        None => Pkcs1PublicEncryptingKey::new(public)
            .and_then(|public| public.encrypt(plain, &mut room).map(|secret| secret.len())),
    };
    room.truncate(written.map_err(too_long)?);
    Ok(room)
}

fn decrypt(key: &PrivateKey, algorithm: &str, secret: &[u8]) -> Result<Vec<u8>, Refusal> {
    let wrong = |_| Refusal::bad_parameter("The value cannot be decrypted with this key and algorithm");
    let private = PrivateDecryptingKey::from_pkcs8(&key.der).map_err(|_| unknown(algorithm))?;
    let mut room = vec![0; private.key_size_bytes()];
    let written = match padding(algorithm)? {
        Some(oaep) => OaepPrivateDecryptingKey::new(private)
            .and_then(|private| private.decrypt(oaep, secret, &mut room, None).map(|plain| plain.len())),
        None => Pkcs1PrivateDecryptingKey::new(private)
            .and_then(|private| private.decrypt(secret, &mut room).map(|plain| plain.len())),
    };
    room.truncate(written.map_err(wrong)?);
    Ok(room)
}
