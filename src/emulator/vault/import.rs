//! Certificates that come with their key, as PKCS#12 or as PEM.

use base64::Engine;
use serde_json::{Map, Value, json};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{
    super::{
        certificates::{Certificate, LENIENT},
        world::Change,
    },
    Answer, Request, body,
    certificates::{self, Content},
    issue, pfx_reader, policy,
    private_key::{self, PrivateKey, Shape},
    refusal::Refusal,
    store::{self, CERTIFICATES},
};

/// What a file held.
struct Imported {
    key: PrivateKey,
    /// The key's certificate first.
    chain: Vec<Vec<u8>>,
    content_type: &'static str,
}

pub(super) fn import(request: &Request<'_>, name: &str) -> Result<Answer, Refusal> {
    certificates::check_place(request, name)?;
    let sent = request.object(&["value", "pwd", "policy", "attributes", "tags", "preserveCertOrder"])?;
    certificates::check_order(&sent)?;
    let value = body::string(&sent, "value")?.ok_or_else(|| body::invalid("value"))?;
    let password = body::string(&sent, "pwd")?.unwrap_or_default();
    let imported = read(value, password)?;
    let own = imported.chain.first().and_then(|der| Certificate::from_der(der)).ok_or_else(unreadable)?;
    let policy = policy::merge(&wanted(&sent, &imported, &own)?, None, request.now)?;
    if policy["secret_props"]["contentType"] != imported.content_type {
        return Err(Refusal::bad_parameter(
            "Property policy has invalid value\r\nThe content type does not match the content of the certificate.",
        ));
    }

    let attributes = request.new_attributes(sent.get("attributes"))?;
    let mut document = request.new_document(&CERTIFICATES, name, &store::new_version());
    certificates::tag(&mut document, &sent)?;
    let mut whole = certificates::new_whole(request, name, policy);
    whole.shift_remove("pending");
    let content = Content { key: &imported.key, chain: &imported.chain };
    let enabled = attributes.get("enabled") != Some(&json!(false));
    let (document, mut changes) = certificates::complete(document, &whole, &content, enabled, request.now)?;
    let shown = certificates::bundle(request, &document, &whole);
    changes.push(Change::put(CERTIFICATES.collection, whole));
    Ok(Answer::ok(shown, changes))
}

/// The policy that was sent, with what the certificate itself says where the policy says nothing.
fn wanted(sent: &Map<String, Value>, imported: &Imported, own: &Certificate) -> Result<Map<String, Value>, Refusal> {
    let mut wanted = body::inner(sent, "policy", policy::members())?.unwrap_or_default();
    let (_, parsed) = X509Certificate::from_der(&own.der).map_err(|_| unreadable())?;
    let mut fill = |group: &str, name: &str, value: Value| {
        let group = wanted.entry(group.to_owned()).or_insert_with(|| json!({}));
        if let Value::Object(group) = group
            && group.get(name).is_none_or(Value::is_null)
        {
            group.insert(name.to_owned(), value);
        }
    };
    match imported.key.shape() {
        Shape::Rsa(size) => fill("key_props", "key_size", size.into()),
        Shape::Elliptic(curve) => {
            fill("key_props", "kty", "EC".into());
            fill("key_props", "crv", curve.name.into());
        }
    }
    fill("secret_props", "contentType", imported.content_type.into());
    fill("issuer", "name", "Unknown".into());
    fill("x509_props", "subject", own.subject.clone().into());
    fill("x509_props", "ekus", extended_key_usages(&parsed).into());
    fill("x509_props", "key_usage", key_usages(&parsed).into());
    fill("x509_props", "validity_months", issue::months(own.not_before, own.not_after).max(1).into());
    Ok(wanted)
}

fn key_usages(certificate: &X509Certificate<'_>) -> Vec<&'static str> {
    let Ok(Some(usage)) = certificate.key_usage() else {
        return Vec::new();
    };
    let usage = usage.value;
    [
        (usage.crl_sign(), "cRLSign"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.decipher_only(), "decipherOnly"),
        (usage.digital_signature(), "digitalSignature"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.non_repudiation(), "nonRepudiation"),
    ]
    .into_iter()
    .filter_map(|(is, name)| is.then_some(name))
    .collect()
}

fn extended_key_usages(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(usage)) = certificate.extended_key_usage() else {
        return Vec::new();
    };
    let usage = usage.value;
    [
        (usage.any, "2.5.29.37.0"),
        (usage.server_auth, "1.3.6.1.5.5.7.3.1"),
        (usage.client_auth, "1.3.6.1.5.5.7.3.2"),
        (usage.code_signing, "1.3.6.1.5.5.7.3.3"),
        (usage.email_protection, "1.3.6.1.5.5.7.3.4"),
        (usage.time_stamping, "1.3.6.1.5.5.7.3.8"),
        (usage.ocsp_signing, "1.3.6.1.5.5.7.3.9"),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .map(|(_, identifier)| identifier.to_owned())
    .chain(usage.other.iter().map(x509_parser::asn1_rs::Oid::to_id_string))
    .collect()
}

fn unreadable() -> Refusal {
    Refusal::bad_parameter(
        "The specified PKCS#12 X.509 certificate content can not be read. Please check if certificate is in valid \
         PKCS#12 format.",
    )
}

fn read(value: &str, password: &str) -> Result<Imported, Refusal> {
    if value.trim_start().starts_with("-----BEGIN") {
        return read_pem(value.as_bytes());
    }
    let packed: String = value.split_whitespace().collect();
    let bytes = LENIENT.decode(packed).map_err(|_| unreadable())?;
    if bytes.trim_ascii_start().starts_with(b"-----BEGIN") {
        return read_pem(&bytes);
    }
    let content = pfx_reader::read(&bytes, password).map_err(|trouble| match trouble {
        pfx_reader::Trouble::Unreadable => unreadable(),
        pfx_reader::Trouble::Password => Refusal::bad_parameter("The specified network password is not correct."),
        pfx_reader::Trouble::Cipher(cipher) => {
            Refusal::not_served(&format!("PKCS#12 files protected with {cipher}; use AES or triple DES"))
        }
    })?;
    ordered(&content.keys, content.certificates, policy::PKCS12)
}

fn read_pem(bytes: &[u8]) -> Result<Imported, Refusal> {
    let wrong = || {
        Refusal::bad_parameter(
            "The specified PEM X.509 certificate content is in an unexpected format. Please check if certificate is in \
             valid PEM format.",
        )
    };
    let (mut keys, mut certificates) = (Vec::new(), Vec::new());
    for block in x509_parser::pem::Pem::iter_from_buffer(bytes) {
        let block = block.map_err(|_| wrong())?;
        match block.label.as_str() {
            "CERTIFICATE" => certificates.push(block.contents),
            "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => keys.push(block.contents),
            _ => return Err(wrong()),
        }
    }
    ordered(&keys, certificates, policy::PEM)
}

/// The one key, and the certificates with the key's own first.
fn ordered(keys: &[Vec<u8>], mut certificates: Vec<Vec<u8>>, content_type: &'static str) -> Result<Imported, Refusal> {
    let [key] = keys else {
        return Err(Refusal::bad_parameter("The certificate content must hold exactly one private key."));
    };
    let key = PrivateKey::from_der(key)
        .ok_or_else(|| Refusal::not_served("imported certificates with other keys than RSA from 2048 bits and EC"))?;
    let own =
        certificates.iter().position(|der| private_key::public_bits_of(der).as_deref() == Some(key.public_bits()));
    let own = own.ok_or_else(|| {
        Refusal::bad_parameter(
            "The public key of the end-entity certificate in the specified X.509 certificate content does not match the \
             public part of the specified private key. Please check if certificate is valid.",
        )
    })?;
    certificates[..=own].rotate_right(1);
    Ok(Imported { key, chain: certificates, content_type })
}
