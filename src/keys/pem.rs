//! PEM armour, written so that no copy of a private key is left behind in freed memory.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::unreadable::Unreadable;

const CERTIFICATE: &str = "CERTIFICATE";

/// RFC 7468: 64 characters on a line.
const LINE: usize = 64;

pub(super) fn encode_certificate(der: &[u8]) -> String {
    encode(CERTIFICATE, der).as_str().to_owned()
}

pub(super) fn encode_request(der: &[u8]) -> String {
    encode("CERTIFICATE REQUEST", der).as_str().to_owned()
}

pub(super) fn decode_certificate(text: &str) -> Option<Vec<u8>> {
    decode(CERTIFICATE, text).map(|der| der.to_vec())
}

pub(super) fn encode_secret(label: &str, der: &[u8]) -> SecretString {
    // `as_str().into()` makes a boxed copy; the `Zeroizing` original is wiped here.
    encode(label, der).as_str().into()
}

fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let characters = der.len().div_ceil(3) * 4;
    let mut body = Zeroizing::new(vec![0; characters]);
    let written = STANDARD.encode_slice(der, &mut body).expect("the buffer has the size that base64 needs");
    // Room for all of it at once: a string that grows leaves its former self unwiped.
    let lines = characters.div_ceil(LINE);
    let mut text = Zeroizing::new(String::with_capacity(characters + lines + 2 * (label.len() + 20)));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    for line in body[..written].chunks(LINE) {
        text.extend(line.iter().map(|byte| char::from(*byte)));
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

/// The first block of that label; `None` if there is none or it is damaged.
pub(super) fn decode(label: &str, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, after) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = after.split_once(&format!("-----END {label}-----"))?;
    unarmour(body)
}

fn unarmour(body: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut packed = Zeroizing::new(Vec::with_capacity(body.len()));
    packed.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let mut der = Zeroizing::new(vec![0; packed.len()]);
    let length = STANDARD.decode_slice(packed.as_slice(), &mut der).ok()?;
    der.truncate(length);
    Some(der)
}

/// One block of a file, opened.
pub(super) struct Block {
    pub(super) label: String,
    pub(super) der: Zeroizing<Vec<u8>>,
    /// Whether its header says that it is encrypted in OpenSSL's own, old way.
    pub(super) is_encrypted: bool,
}

/// All blocks of a text, in their order. What stands between them is talk.
pub(super) fn blocks(text: &str) -> Result<Vec<Block>, Unreadable> {
    const BEGIN: &str = "-----BEGIN ";
    let damaged = |reason: String| Unreadable::Damaged { what: "the PEM", reason };
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let (label, after) = after.split_once("-----").ok_or_else(|| damaged("it ends within a header".to_owned()))?;
        // A label is a few words; anything else is not worth repeating, and might be a key.
        let is_label =
            label.len() <= LINE && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '#'));
        let label = if is_label { label } else { "…" };
        let end = format!("-----END {label}-----");
        let (body, after) = after
            .split_once(&end)
            .ok_or_else(|| damaged(format!("`-----BEGIN {label}-----` has no `{end}`: it was cut off")))?;
        rest = after;
        let is_encrypted = body.contains("Proc-Type:") && body.contains("ENCRYPTED");
        let der = if is_encrypted {
            Zeroizing::default()
        } else {
            unarmour(body).ok_or_else(|| damaged(format!("what stands in `{label}` is not Base64")))?
        };
        found.push(Block { label: label.to_owned(), der, is_encrypted });
    }
    let last = rest.lines().next_back().unwrap_or_default();
    if last.len() > 5 && BEGIN.starts_with(last) {
        return Err(damaged("it ends within a header".to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_writes() {
        for length in [0, 1, 47, 48, 49, 1200] {
            let der = vec![0xA5; length];
            let text = encode("CERTIFICATE", &der);
            assert!(text.lines().all(|line| line.len() <= 64));
            assert_eq!(decode("CERTIFICATE", &text).unwrap().as_slice(), der);
        }
    }

    #[test]
    fn damaged_armour_is_nothing() {
        assert!(decode("CERTIFICATE", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----").is_none());
        assert!(decode("CERTIFICATE", "-----BEGIN CERTIFICATE-----\nAAAA").is_none());
        assert!(decode("CERTIFICATE", "").is_none());
    }
}
