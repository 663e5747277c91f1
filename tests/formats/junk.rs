//! Files that are damaged, cut off, hostile, or something else altogether.

use std::sync::OnceLock;

use accredit::keys::{Bundle, Examined, OutputFormat, Unreadable, examine};
use accredit::model::PfxEncryption;
use proptest::prelude::*;

use super::bench::{Bench, NOW, bundle, holds_pair, open, pfx};

/// One of each format. The PFX is a legacy one: no change of a byte makes its iterations many.
fn samples() -> &'static [Vec<u8>] {
    static SAMPLES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SAMPLES.get_or_init(make_samples)
}

fn make_samples() -> Vec<Vec<u8>> {
    let password = "P@ss".into();
    let encode = |format| bundle().encode(format, Some(&password), PfxEncryption::Legacy).unwrap().bytes.to_vec();
    let mut samples: Vec<Vec<u8>> = [OutputFormat::Cer, OutputFormat::Pem, OutputFormat::Pfx].map(encode).into();
    samples.push(bundle().encode(OutputFormat::Key, None, PfxEncryption::Legacy).unwrap().bytes.to_vec());
    samples.push(to_ber(&samples[2]));
    samples
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_refused_in_words(bytes in prop::collection::vec(any::<u8>(), 0..400), first in any::<bool>()) {
        let mut bytes = bytes;
        if first && !bytes.is_empty() {
            bytes[0] = 0x30;
        }
        let refused = open(&bytes, Some("P@ss")).unwrap_err();
        prop_assert!(!refused.to_string().is_empty() && !refused.help().is_empty());
    }

    #[test]
    fn cut_off_files_are_refused(sample in 0_usize..5, share in 0.0..1.0_f64) {
        let sample = &samples()[sample];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a length")]
        let length = (sample.len() as f64 * share) as usize;
        prop_assume!(length < sample.len());
        let cut = &sample[..length];
        // A PEM may lose the line end after its last block, or a whole block, and still be one.
        let opened = open(cut, Some("P@ss"));
        prop_assert!(opened.is_err() || cut.ends_with(b"-----") || cut.ends_with(b"-----\n") || cut.ends_with(b"-"));
    }

    #[test]
    fn changed_files_never_panic(sample in 0_usize..5, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = samples()[sample].clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let contents = open(&bytes, Some("P@ss"));
        // Judging it must not panic either, nor writing it again.
        let examined = Examined { name: "file", contents: contents.as_ref() };
        let inspection = examine(&[examined], NOW.parse().unwrap());
        prop_assert!(contents.is_ok() || !inspection.fit);
        if let Ok(bundle) = contents.map(|file| Bundle::of_files(&[file])) {
            let _ = bundle.map(|bundle| bundle.encode(OutputFormat::Pem, None, PfxEncryption::Modern));
        }
    }
}

/// The same file with lengths that come last and strings in pieces, as NSS and old Windows write them.
fn to_ber(der: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = der;
    while !rest.is_empty() {
        let (tag, first) = (rest[0], rest[1]);
        let (length, header) = match first {
            0x81 => (usize::from(rest[2]), 3),
            0x82 => (usize::from(rest[2]) << 8 | usize::from(rest[3]), 4),
            short => (usize::from(short), 2),
        };
        let contents = &rest[header..header + length];
        if tag & 0x20 != 0 {
            out.extend([tag, 0x80]);
            out.extend(to_ber(contents));
            out.extend([0, 0]);
        } else if tag == 0x04 && length > 100 {
            out.extend([0x24, 0x80]);
            for piece in contents.chunks(100) {
                out.extend([0x04, u8::try_from(piece.len()).unwrap()]);
                out.extend(piece);
            }
            out.extend([0, 0]);
        } else {
            out.extend(&rest[..header + length]);
        }
        rest = &rest[header + length..];
    }
    out
}

#[test]
fn a_pfx_in_the_lax_notation_is_read() {
    for encryption in [PfxEncryption::Modern, PfxEncryption::Legacy] {
        let lax = to_ber(&pfx(&bundle(), "P@ss", encryption));
        let file = open(&lax, Some("P@ss")).unwrap();
        assert!(holds_pair(&file));
        assert_eq!(open(&lax, Some("wrong")).unwrap_err(), Unreadable::WrongPassword);
    }
}

#[test]
fn a_damaged_pfx_is_told_from_a_wrong_password() {
    let whole = pfx(&bundle(), "P@ss", PfxEncryption::Legacy);
    let mut damaged = 0;
    for at in (60..whole.len()).step_by(37) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        match open(&bytes, Some("P@ss")) {
            Err(Unreadable::Damaged { .. }) => damaged += 1,
            // A byte of a salt makes another key: nothing can tell.
            Err(Unreadable::WrongPassword | Unreadable::Unsupported { .. }) => {}
            other => panic!("byte {at}: {other:?}"),
        }
    }
    let tried = (60..whole.len()).step_by(37).count();
    assert!(damaged * 10 > tried * 8, "{damaged} of {tried}");
}

#[test]
fn a_hostile_number_of_iterations_is_refused_at_once() {
    let whole = pfx(&bundle(), "P@ss", PfxEncryption::Legacy);
    // 2000 as a number, wherever it stands, becomes 32 720: still fine; the last, the MAC's, is made huge by hand.
    let at = whole.windows(4).rposition(|window| window == [0x02, 0x02, 0x07, 0xd0]).unwrap();
    let mut hostile = whole[..at].to_vec();
    hostile.extend([0x02, 0x04, 0x7f, 0xff, 0xff, 0xff]);
    // Three lengths around it grow by two.
    for (position, size) in [(2, 2), (whole.len() - at, 0)] {
        if size == 2 {
            let length = u16::from_be_bytes([hostile[position], hostile[position + 1]]) + 2;
            hostile[position..position + 2].copy_from_slice(&length.to_be_bytes());
        }
    }
    let mac = hostile.windows(2).rposition(|window| window == [0x30, 0x21]).unwrap() - 2;
    hostile[mac + 1] += 2;
    let begun = std::time::Instant::now();
    let refused = open(&hostile, Some("P@ss")).unwrap_err();
    assert!(matches!(&refused, Unreadable::Unsupported { what, .. } if what.contains("2147483647")), "{refused}");
    assert!(begun.elapsed().as_secs() < 2);
}

#[test]
fn what_people_take_for_a_certificate_is_called_by_its_name() {
    let bench = Bench::new();
    let utf16 = |text: &str| {
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect::<Vec<u8>>()
    };
    for (bytes, wanted) in [
        (b"".to_vec(), "it is empty"),
        (vec![0; 900], "nothing but zeros"),
        (b"<!DOCTYPE html><html>".to_vec(), "a web page"),
        (b"{\"key\": \"MII\"}".to_vec(), "JSON"),
        (b"ssh-rsa AAAAB3 me@host".to_vec(), "an SSH public key"),
        (b"PuTTY-User-Key-File-3: ssh-rsa".to_vec(), "an SSH key of PuTTY"),
        (
            b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n".to_vec(),
            "an SSH private key",
        ),
        (b"-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n".to_vec(), "a public key alone"),
        (vec![0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2], "a Java keystore"),
        (b"PK\x03\x04....".to_vec(), "a ZIP archive"),
        (b"MZ\x90\0".to_vec(), "a program"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB".to_vec(), "it was cut off"),
        (b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----".to_vec(), "not Base64"),
        (b"\x30\x82\x04\x00\x30".to_vec(), "1023 more bytes belong to it"),
        (b"hello".to_vec(), "no certificate, key or request"),
        (utf16("hello"), "no certificate, key or request"),
    ] {
        bench.write("file", &bytes);
        let found = bench.inspect(&["file"]);
        let message = found["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains(wanted), "{wanted:?} is not in {message:?}");
        assert!(!found["findings"][0]["help"].as_str().unwrap().is_empty());
    }
}

#[test]
fn certificates_in_odd_clothes_are_read() {
    let der = bundle().certificate.unwrap();
    let pem =
        String::from_utf8(bundle().encode(OutputFormat::Pem, None, PfxEncryption::Modern).unwrap().bytes.to_vec());
    let pem = pem.unwrap();
    let certificate = pem.split_inclusive("-----END CERTIFICATE-----\n").next().unwrap().to_owned();
    let bare: String = certificate.lines().filter(|line| !line.starts_with('-')).collect();
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(certificate.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for (name, bytes) in [
        ("windows line ends", certificate.replace('\n', "\r\n").into_bytes()),
        ("a mark before UTF-8", [b"\xef\xbb\xbf", certificate.as_bytes()].concat()),
        ("UTF-16 of PowerShell", utf16),
        ("talk around it", format!("Bag Attributes\n  friendlyName: x\n{certificate}and more\n").into_bytes()),
        ("talk in Latin-1", [b"friendlyName: Schl\xfcssel\n", certificate.as_bytes()].concat()),
        ("Base64 alone", bare.into_bytes()),
    ] {
        let file = open(&bytes, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(file.certificates[0].der, der, "{name}");
    }
    // The key before the certificate, or twice the certificate, changes nothing.
    let (_, key) = pem.split_once("-----END CERTIFICATE-----\n").unwrap();
    assert!(holds_pair(&open(format!("{key}{certificate}{certificate}").as_bytes(), None).unwrap()));
}
