//! Writes a PFX: a certificate with its chain and its key under a password.

use secrecy::{ExposeSecret, SecretString};
use sha1::{Digest, Sha1};
use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, DERWriterSet, Tag};

use super::PfxError;
use super::mac::Mac;
use crate::keys::KeyPair;
use crate::keys::encryption::{Password, Protected};
use crate::keys::identifiers as id;
use crate::model::PfxEncryption;

/// Exchange refuses CNG keys ("non-CNG", "Invalid provider type"); named in the file, this provider makes Windows
/// import the key into a CSP that can sign with SHA-256.
pub const CSP_NAME: &str = "Microsoft Enhanced RSA and AES Cryptographic Provider";

/// The PFX of a key pair, with the friendly name that Windows shows, and the certificates of those who issued it.
pub(in crate::keys) fn encode(
    pair: &KeyPair,
    chain: &[Vec<u8>],
    friendly_name: Option<&str>,
    password: &SecretString,
    strength: PfxEncryption,
) -> Result<Vec<u8>, PfxError> {
    let password = password.expose_secret();
    super::check_password(password)?;
    let password = Password::Text(password);
    let friendly_name = friendly_name.filter(|name| !name.is_empty());
    if friendly_name.is_some_and(|name| name.chars().count() > 255) {
        return Err(PfxError::LongFriendlyName);
    }
    // Ties the two bags together; OpenSSL uses the same value.
    let local_key_id = Sha1::digest(&pair.certificate);

    let certificate_bags = yasna::construct_der(|writer| {
        writer.write_sequence(|bags| {
            write_bag(
                bags.next(),
                id::CERTIFICATE_BAG,
                |value| write_certificate(value, &pair.certificate),
                |set| write_bag_attributes(set, friendly_name, &local_key_id),
            );
            for issuer in chain {
                write_bag(bags.next(), id::CERTIFICATE_BAG, |value| write_certificate(value, issuer), |_| {});
            }
        });
    });
    let protected_certificates = Protected::new(&certificate_bags, password, strength)?;
    let protected_key = Protected::new(pair.private_key.expose(), password, strength)?;
    let key_bags = yasna::construct_der(|writer| {
        writer.write_sequence(|bags| {
            write_bag(
                bags.next(),
                id::SHROUDED_KEY_BAG,
                |value| protected_key.write_key(value),
                |set| {
                    write_bag_attributes(set, friendly_name, &local_key_id);
                    write_attribute(set.next(), id::PROVIDER_NAME, |writer| writer.write_bmp_string(CSP_NAME));
                },
            );
        });
    });

    let authenticated_safe = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_sequence(|content| {
                content.next().write_oid(&ObjectIdentifier::from_slice(id::ENCRYPTED_DATA));
                content.next().write_tagged(Tag::context(0), |writer| protected_certificates.write_data(writer));
            });
            write_data(writer.next(), &key_bags);
        });
    });

    let mac = Mac::new(&authenticated_safe, password, strength)?;
    Ok(yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_u8(3);
            write_data(writer.next(), &authenticated_safe);
            mac.write(writer.next());
        });
    }))
}

fn write_bag(
    writer: DERWriter<'_>,
    kind: &[u64],
    value: impl FnOnce(DERWriter<'_>),
    attributes: impl FnOnce(&mut DERWriterSet<'_>),
) {
    writer.write_sequence(|bag| {
        bag.next().write_oid(&ObjectIdentifier::from_slice(kind));
        bag.next().write_tagged(Tag::context(0), value);
        bag.next().write_set_of(attributes);
    });
}

fn write_certificate(writer: DERWriter<'_>, certificate: &[u8]) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(id::X509_CERTIFICATE));
        writer.next().write_tagged(Tag::context(0), |writer| writer.write_bytes(certificate));
    });
}

fn write_bag_attributes(set: &mut DERWriterSet<'_>, friendly_name: Option<&str>, local_key_id: &[u8]) {
    if let Some(name) = friendly_name {
        write_attribute(set.next(), id::FRIENDLY_NAME, |writer| writer.write_bmp_string(name));
    }
    write_attribute(set.next(), id::LOCAL_KEY_ID, |writer| writer.write_bytes(local_key_id));
}

fn write_attribute(writer: DERWriter<'_>, kind: &[u64], value: impl FnOnce(DERWriter<'_>)) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(kind));
        writer.next().write_set_of(|values| value(values.next()));
    });
}

/// A `ContentInfo` of plain data.
fn write_data(writer: DERWriter<'_>, data: &[u8]) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(id::DATA));
        writer.next().write_tagged(Tag::context(0), |writer| writer.write_bytes(data));
    });
}
