//! PEM armour, written so that no copy of a private key is left behind in freed memory.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use zeroize::Zeroizing;

const CERTIFICATE: &str = "CERTIFICATE";

/// RFC 7468: 64 characters on a line.
const LINE: usize = 64;

pub(super) fn encode_certificate(der: &[u8]) -> String {
    encode(CERTIFICATE, der).as_str().to_owned()
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
    let mut packed = Zeroizing::new(Vec::with_capacity(body.len()));
    packed.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let mut der = Zeroizing::new(vec![0; packed.len()]);
    let length = STANDARD.decode_slice(packed.as_slice(), &mut der).ok()?;
    der.truncate(length);
    Some(der)
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
