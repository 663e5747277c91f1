//! Reads a PFX of whatever program made it.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::mac::Mac;
use crate::keys::PrivateKey;
use crate::keys::ber::{self, EXPLICIT_0, Element, Elements, IMPLICIT_0, Malformed, SET};
use crate::keys::contents::{FileFormat, FoundCertificate, FoundKey, KeyFile, Labels};
use crate::keys::encryption::{Encryption, Password};
use crate::keys::identifiers as id;
use crate::keys::unreadable::Unreadable;

/// Bags within bags deeper than this are an attack.
const MAXIMUM_DEPTH: usize = 4;

/// One part of the file.
enum Safe {
    Plain(Zeroizing<Vec<u8>>),
    Encrypted { encryption: Encryption, ciphertext: Zeroizing<Vec<u8>> },
}

/// Reads the file. Without a password, those that are as good as none are tried.
pub(in crate::keys) fn decode(bytes: &[u8], password: Option<&SecretString>) -> Result<KeyFile, Unreadable> {
    let mut parts = ber::read(bytes)?.sequence("a PFX")?;
    parts.number("the version of a PFX")?;
    let content = data(parts.any("the contents of the PFX")?)?;
    let mac = parts.next()?.map(Mac::read).transpose()?;
    let safes = safes(&content)?;

    let candidates = match password.map(ExposeSecret::expose_secret) {
        None => vec![Password::None, Password::Text("")],
        Some("") => vec![Password::Text(""), Password::None],
        Some(text) => vec![Password::Text(text)],
    };
    let refused = if password.is_some() { Unreadable::WrongPassword } else { Unreadable::PasswordNeeded };
    let Some(mac) = mac else {
        // Nothing but the decryption itself says whether the password is right.
        let opened = candidates.into_iter().map(|candidate| open(&safes, candidate)).find(Result::is_ok);
        let mut file = opened.unwrap_or(Err(refused))?;
        file.notes.push("it has no MAC, so nothing shows whether it was changed");
        file.protections.insert(0, "no MAC".to_owned());
        return Ok(file);
    };
    if let Some(right) = candidates.iter().find(|candidate| mac.holds(&content, **candidate)) {
        let mut file = open(&safes, *right)?;
        file.protections.insert(0, format!("MAC: {}", mac.name()));
        return Ok(file);
    }
    // A password that opens a part and fails the MAC is right, and the file is not.
    if candidates.iter().any(|candidate| opens_a_part(&safes, *candidate)) {
        return Err(Unreadable::Damaged {
            what: "the PFX",
            reason: "the password opens a part of it, but its MAC is not that of its contents".to_owned(),
        });
    }
    Err(refused)
}

/// The octets of a `ContentInfo` that must be plain data.
fn data(content: Element<'_>) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let mut parts = content.sequence("the contents of the PFX")?;
    let kind = parts.any("the kind of contents")?;
    if kind.is(id::SIGNED_DATA) || kind.is(id::ENVELOPED_DATA) {
        return Err(to_a_key());
    }
    if !kind.is(id::DATA) {
        return Err(Malformed::Unexpected { what: "the contents of the PFX" }.into());
    }
    let inner = parts.tagged(EXPLICIT_0, "the contents of the PFX")?;
    Ok(inner.children().octets("the contents of the PFX")?)
}

fn to_a_key() -> Unreadable {
    Unreadable::Unsupported {
        what: "protection by another key or by a group of Active Directory".to_owned(),
        help: "export it again with a password: `Export-PfxCertificate -Password`, without `-ProtectTo`",
    }
}

fn safes(content: &[u8]) -> Result<Vec<Safe>, Unreadable> {
    let mut found = Vec::new();
    for part in ber::read(content)?.sequence("the parts of the PFX")?.all()? {
        let mut parts = part.sequence("a part of the PFX")?;
        let kind = parts.any("the kind of a part")?;
        if kind.is(id::ENVELOPED_DATA) {
            return Err(to_a_key());
        }
        if !kind.is(id::ENCRYPTED_DATA) {
            found.push(Safe::Plain(data(part)?));
            continue;
        }
        let inner = parts.tagged(EXPLICIT_0, "an encrypted part")?.children().any("an encrypted part")?;
        let mut encrypted = inner.sequence("an encrypted part")?;
        encrypted.number("the version of an encrypted part")?;
        let mut content = encrypted.any("an encrypted part")?.sequence("an encrypted part")?;
        content.any("the kind of an encrypted part")?;
        let encryption = Encryption::read(content.any("an encryption scheme")?)?;
        let ciphertext = content.any("the bytes of an encrypted part")?;
        if ciphertext.tag & !0x20 != IMPLICIT_0 {
            return Err(Malformed::Unexpected { what: "the bytes of an encrypted part" }.into());
        }
        found.push(Safe::Encrypted { encryption, ciphertext: ciphertext.octets()? });
    }
    Ok(found)
}

fn open(safes: &[Safe], password: Password<'_>) -> Result<KeyFile, Unreadable> {
    let mut file = KeyFile::new(FileFormat::Pfx);
    for safe in safes {
        match safe {
            Safe::Plain(bytes) => read_bags(bytes, password, &mut file, 0)?,
            Safe::Encrypted { encryption, ciphertext } => {
                let bytes = encryption.decrypt(ciphertext, password).map_err(|_| undecipherable())?;
                file.protections.push(format!("certificates: {}", encryption.name()));
                read_bags(&bytes, password, &mut file, 0)?;
            }
        }
    }
    Ok(file)
}

/// Whether the password is right for at least one part that is encrypted.
fn opens_a_part(safes: &[Safe], password: Password<'_>) -> bool {
    safes.iter().any(|safe| {
        let mut file = KeyFile::new(FileFormat::Pfx);
        match safe {
            Safe::Plain(bytes) => {
                // Plain bags hold keys that are encrypted one by one.
                read_bags(bytes, password, &mut file, 0).is_ok() && file.keys.iter().any(|key| key.was_encrypted)
            }
            Safe::Encrypted { encryption, ciphertext } => encryption
                .decrypt(ciphertext, password)
                .is_ok_and(|bytes| read_bags(&bytes, password, &mut file, 0).is_ok()),
        }
    })
}

fn undecipherable() -> Unreadable {
    Unreadable::Damaged { what: "an encrypted part", reason: "it cannot be decrypted".to_owned() }
}

fn read_bags(bytes: &[u8], password: Password<'_>, file: &mut KeyFile, depth: usize) -> Result<(), Unreadable> {
    if depth > MAXIMUM_DEPTH {
        return Err(Malformed::Deep.into());
    }
    for bag in ber::read(bytes)?.sequence("the contents of a part")?.all()? {
        let mut parts = bag.sequence("an entry of the PFX")?;
        let kind = parts.any("the kind of an entry")?;
        let value = parts.tagged(EXPLICIT_0, "the value of an entry")?.children();
        let labels = match parts.optional(SET)? {
            Some(attributes) => read_attributes(attributes)?,
            None => Labels::default(),
        };
        read_bag(kind, value, labels, password, file, depth)?;
    }
    Ok(())
}

fn read_bag(
    kind: Element<'_>,
    mut value: Elements<'_>,
    labels: Labels,
    password: Password<'_>,
    file: &mut KeyFile,
    depth: usize,
) -> Result<(), Unreadable> {
    let value = value.any("the value of an entry")?;
    if kind.is(id::CERTIFICATE_BAG) {
        let mut parts = value.sequence("a certificate's entry")?;
        if parts.any("the kind of a certificate")?.is(id::X509_CERTIFICATE) {
            let der = parts.tagged(EXPLICIT_0, "a certificate")?.children().octets("a certificate")?.to_vec();
            file.certificates.push(FoundCertificate { der, labels });
        }
    } else if kind.is(id::KEY_BAG) {
        file.keys.push(FoundKey { key: PrivateKey::from_pkcs8(value.whole)?, labels, was_encrypted: false });
        file.notes.push("its private key is not encrypted");
    } else if kind.is(id::SHROUDED_KEY_BAG) {
        let (key, encryption) = PrivateKey::from_encrypted_element(value, password).map_err(|error| match error {
            Unreadable::WrongPassword => undecipherable(),
            other => other,
        })?;
        file.protections.push(format!("key: {}", encryption.name()));
        file.is_legacy |= encryption.is_legacy();
        file.keys.push(FoundKey { key, labels, was_encrypted: true });
    } else if kind.is(id::NESTED_BAGS) {
        read_bags(value.whole, password, file, depth + 1)?;
    }
    // Revocation lists and foreign secrets are nobody's business here.
    Ok(())
}

fn read_attributes(attributes: Element<'_>) -> Result<Labels, Unreadable> {
    let mut labels = Labels::default();
    for attribute in attributes.children().all()? {
        let mut parts = attribute.sequence("an attribute")?;
        let kind = parts.any("the kind of an attribute")?;
        // Some attributes, such as Microsoft's mark of a machine's key, have no value.
        let Some(value) = parts.any("the values of an attribute")?.children().next()? else { continue };
        if kind.is(id::FRIENDLY_NAME) {
            labels.friendly_name = value.bmp_text();
        } else if kind.is(id::PROVIDER_NAME) {
            labels.provider = value.bmp_text();
        } else if kind.is(id::LOCAL_KEY_ID) {
            labels.local_key_id = Some(value.primitive().to_vec());
        }
    }
    Ok(labels)
}
