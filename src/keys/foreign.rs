//! Files that are no certificate and no key, and what people take for one: what they are, and what to do instead.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::ber::{Malformed, SEQUENCE};
use super::unreadable::Unreadable;

/// The file as text, if it is: UTF-8, or the UTF-16 that `>` makes in Windows PowerShell.
pub(super) fn text(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Zeroizing<Vec<u16>> =
            Zeroizing::new(bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect());
        String::from_utf16(&units).ok().map(Zeroizing::new)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => {
            // Old programs write names beside a certificate in whatever alphabet; only the armour counts.
            let is_armour = rest.windows(11).any(|window| window == b"-----BEGIN ");
            match std::str::from_utf8(rest) {
                Ok(text) => Some(Zeroizing::new(text.to_owned())),
                Err(_) if is_armour => {
                    // Room for all of it at once: a string that grows leaves its former self unwiped.
                    let mut latin = Zeroizing::new(String::with_capacity(2 * rest.len()));
                    latin.extend(rest.iter().map(|byte| char::from(*byte)));
                    Some(latin)
                }
                Err(_) => None,
            }
        }
    }
}

/// What a text of Base64 alone stands for.
pub(super) fn bare_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut packed = Zeroizing::new(Vec::with_capacity(text.len()));
    packed.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    // Every certificate and key begins with a sequence.
    let is_likely = packed.len() > 32 && packed.starts_with(b"M");
    let mut der = Zeroizing::new(vec![0; packed.len()]);
    let length = is_likely.then(|| STANDARD.decode_slice(packed.as_slice(), &mut der).ok()).flatten()?;
    der.truncate(length);
    Some(der)
}

/// Files of other programs, known by how they begin.
pub(super) fn recognize(bytes: &[u8]) -> Option<Unreadable> {
    let something = |what: &str, help| Some(Unreadable::SomethingElse { what: what.to_owned(), help });
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).map_or(&[][..], |at| &bytes[at..]);
    let begins = |text: &str| start.len() >= text.len() && start[..text.len()].eq_ignore_ascii_case(text.as_bytes());
    if start.is_empty() {
        return something("empty", "copy it again, or have it exported again");
    }
    if bytes.iter().all(|byte| *byte == 0) {
        return something("nothing but zeros", "copy it again: the disk or the transfer lost its contents");
    }
    if bytes.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) || bytes.starts_with(&[0xce, 0xce, 0xce, 0xce]) {
        return something(
            "a Java keystore in Java's own format",
            "convert it with `keytool -importkeystore -deststoretype pkcs12`, and give the PFX that it makes",
        );
    }
    if bytes.starts_with(&[0x1e, 0xf1, 0xb5, 0xb0]) {
        return something("a private key in Microsoft's PVK format", "convert it with `openssl rsa -inform PVK`");
    }
    if begins("PuTTY-User-Key-File") {
        return something(
            "an SSH key of PuTTY",
            "SSH keys do not sign in to Entra: `accredit certificate new` makes one",
        );
    }
    if begins("ssh-") || begins("ecdsa-sha2") {
        return something(
            "an SSH public key",
            "SSH keys do not sign in to Entra: `accredit certificate new` makes one",
        );
    }
    if begins("<!doctype") || begins("<html") || begins("<?xml") {
        return something(
            "a web page",
            "it is what a server answered instead of the file: download it again, signed in",
        );
    }
    if begins("{") || begins("[") {
        return something(
            "JSON",
            "take the certificate out of it: the field is called `key`, `cer` or `x5c` and is Base64",
        );
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return something("a ZIP archive", "unpack it, and give the file inside");
    }
    if bytes.starts_with(b"MZ") || bytes.starts_with(b"\x7fELF") {
        return something("a program", "give the certificate that it was signed with, exported as `.cer`");
    }
    None
}

/// PEM blocks that hold neither a certificate nor a readable key.
pub(super) fn block(label: &str) -> Unreadable {
    let (what, help) = match label {
        "OPENSSH PRIVATE KEY" => {
            ("an SSH private key", "SSH keys do not sign in to Entra: `accredit certificate new` makes one")
        }
        "PUBLIC KEY" | "RSA PUBLIC KEY" => {
            ("a public key alone", "Entra takes a certificate, which also says whose key it is and until when")
        }
        "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "PRIVATE KEY" => (
            "a private key encrypted in OpenSSL's old way",
            "convert it: `openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.key -out NEW.key`",
        ),
        "X509 CRL" => ("a list of revoked certificates", "give the certificate itself"),
        "PGP PRIVATE KEY BLOCK" | "PGP PUBLIC KEY BLOCK" | "PGP MESSAGE" => {
            ("of PGP", "PGP keys do not sign in to Entra: `accredit certificate new` makes one")
        }
        _ => ("PEM of another kind", "give a certificate, a PKCS#7, a PKCS#8 or PKCS#1 key, or a request"),
    };
    Unreadable::SomethingElse { what: what.to_owned(), help }
}

/// Bytes that are not one whole element of DER.
pub(super) fn not_der(bytes: &[u8], error: Malformed) -> Unreadable {
    match (&error, bytes.first()) {
        (Malformed::CutOff { .. } | Malformed::Trailing { .. } | Malformed::Deep, Some(&SEQUENCE)) => error.into(),
        _ => Unreadable::SomethingElse {
            what: "no certificate, key or request in any format that Accredit knows".to_owned(),
            help: "give `.cer`, `.crt`, `.der`, `.pem`, `.p7b` or `.pfx`",
        },
    }
}
