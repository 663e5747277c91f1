//! What the key store writes, judged by OpenSSL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use accredit::keys::{DirectoryStore, PfxTerms, inspect, self_signed};
use accredit::model::{
    CertificateProfile, DistinguishedName, ExportFormat, KeyAccess, KeyAlgorithm, StoredCertificate,
};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;

fn profile(subject: &str) -> CertificateProfile {
    CertificateProfile {
        subject: subject.parse().unwrap(),
        dns_names: vec!["m365info.com".into(), "pre_prod.woshub.com".into()],
        key: KeyAlgorithm::Rsa2048,
        not_before: "2026-11-20T23:04:47Z".parse().unwrap(),
        not_after: "2030-11-20T23:14:47Z".parse().unwrap(),
    }
}

/// Runs `openssl` and gives what it said on both streams. These tests mean nothing without it, so they fail.
fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(arguments)
        .output()
        .expect("these tests need the `openssl` program on PATH: install it (Debian: `apt install openssl`)");
    let text = [output.stdout, output.stderr].map(|stream| String::from_utf8_lossy(&stream).into_owned()).concat();
    assert!(output.status.success(), "openssl {arguments:?} failed:\n{text}");
    // Versions differ in spaces at line ends.
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

struct Exported {
    _place: TempDir,
    stored: StoredCertificate,
    cer: PathBuf,
    pem: PathBuf,
    pfx: PathBuf,
    certificate: PathBuf,
    private_key: PathBuf,
}

fn export(profile: &CertificateProfile, friendly_name: Option<&str>, password: &str) -> Exported {
    let place = TempDir::new().unwrap();
    let store = DirectoryStore::open(&place.path().join("keys"));
    let stored = store.create("exo-automation", "main", profile).unwrap();
    let password = SecretString::from(password);
    let formats = BTreeSet::from(ExportFormat::ALL);
    let terms = PfxTerms { friendly_name, password: Some(&password), ..PfxTerms::default() };
    store.export("exo-automation", "main", &stored, &formats, terms).unwrap();
    let paths = store.paths("exo-automation", "main", &stored).unwrap();
    Exported {
        _place: place,
        stored,
        cer: paths.export(ExportFormat::Cer),
        pem: paths.export(ExportFormat::Pem),
        pfx: paths.export(ExportFormat::Pfx),
        certificate: paths.certificate,
        private_key: paths.private_key,
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// `AB:CD` as `ABCD`.
fn fingerprint(certificate: &Path, algorithm: &str) -> String {
    let printed = openssl(&["x509", "-in", text(certificate), "-noout", "-fingerprint", algorithm]);
    printed.trim().rsplit('=').next().unwrap().replace(':', "")
}

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn openssl_reads_the_certificate_as_it_was_asked_for() {
    let exported = export(&profile("CN=m365info.com, O=Contoso\\, Ltd., C=US"), None, "P@ssw0Rd1234");
    let show = |options: &[&str]| openssl(&[&["x509", "-in", text(&exported.certificate), "-noout"], options].concat());

    assert_eq!(show(&["-startdate"]).trim(), "notBefore=Nov 20 23:04:47 2026 GMT");
    assert_eq!(show(&["-enddate"]).trim(), "notAfter=Nov 20 23:14:47 2030 GMT");
    assert_eq!(
        show(&["-subject", "-issuer", "-nameopt", "RFC2253"]),
        "subject=CN=m365info.com,O=Contoso\\, Ltd.,C=US\nissuer=CN=m365info.com,O=Contoso\\, Ltd.,C=US\n"
    );

    let extensions = show(&["-ext", "keyUsage,extendedKeyUsage,subjectAltName,basicConstraints,subjectKeyIdentifier"]);
    for want in [
        "X509v3 Key Usage: critical\n    Digital Signature, Key Encipherment\n",
        "X509v3 Extended Key Usage:\n    TLS Web Client Authentication\n",
        "X509v3 Subject Alternative Name:\n    DNS:m365info.com, DNS:pre_prod.woshub.com\n",
        "X509v3 Basic Constraints: critical\n    CA:FALSE\n",
        "X509v3 Subject Key Identifier:\n",
    ] {
        assert!(extensions.contains(want), "{want:?} is not in\n{extensions}");
    }
    let whole = show(&["-text"]);
    assert!(whole.contains("Version: 3 (0x2)"), "{whole}");
    assert!(whole.contains("Signature Algorithm: sha256WithRSAEncryption"), "{whole}");
    assert!(whole.contains("Public-Key: (2048 bit)"), "{whole}");
    let serial = show(&["-serial"]);
    assert_eq!(serial.trim().len(), "serial=".len() + 32, "{serial}");

    let verified = openssl(&[
        "verify",
        "-x509_strict",
        "-check_ss_sig",
        "-attime",
        "1800000000",
        "-purpose",
        "sslclient",
        "-CAfile",
        text(&exported.certificate),
        text(&exported.certificate),
    ]);
    assert!(verified.ends_with(": OK\n"), "{verified}");
}

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn thumbprints_and_facts_are_those_that_openssl_finds() {
    let subject = "CN=EXO, OU=Batch, O=Jobs, L=Zürich, ST=ZH, C=CH, DC=contoso, E=ops@contoso.com";
    let exported = export(&profile(subject), None, "P@ssw0Rd1234");
    assert_eq!(fingerprint(&exported.cer, "-sha1"), exported.stored.thumbprint.as_str());
    assert_eq!(fingerprint(&exported.cer, "-sha256"), exported.stored.thumbprint_sha256.as_str());
    let printed = openssl(&["x509", "-in", text(&exported.cer), "-noout", "-subject", "-nameopt", "RFC2253,-esc_msb"]);
    assert_eq!(
        printed.trim(),
        "subject=CN=EXO,OU=Batch,O=Jobs,L=Zürich,ST=ZH,C=CH,DC=contoso,emailAddress=ops@contoso.com"
    );
    let typed = openssl(&["x509", "-in", text(&exported.cer), "-noout", "-subject", "-nameopt", "RFC2253,show_type"]);
    for want in ["CN=UTF8STRING:", "L=UTF8STRING:", "C=PRINTABLESTRING:", "DC=IA5STRING:", "emailAddress=IA5STRING:"] {
        assert!(typed.contains(want), "{want:?} is not in\n{typed}");
    }
    let facts = inspect(&std::fs::read(&exported.cer).unwrap()).unwrap();
    let asked = profile(subject);
    // The file holds the public half alone; the store has the key too.
    assert_eq!(StoredCertificate { private_key: KeyAccess::Plain, ..facts.clone() }, exported.stored);
    assert_eq!(facts.subject, DistinguishedName(subject.to_owned()));
    assert_eq!(facts.dns_names, asked.dns_names);
    assert_eq!(facts.key, asked.key);
    assert_eq!((facts.not_before, facts.not_after), (asked.not_before, asked.not_after));
}

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn inspect_reads_a_certificate_that_openssl_made() {
    let place = TempDir::new().unwrap();
    let (key, der) = (place.path().join("key.pem"), place.path().join("foreign.cer"));
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        text(&key),
        "-outform",
        "DER",
        "-out",
        text(&der),
        "-subj",
        "/C=US/O=Contoso/OU=x/OU=y/serialNumber=42/CN=a\\/b",
        "-days",
        "10",
        "-addext",
        "subjectAltName=DNS:x.org,IP:127.0.0.1",
    ]);
    let facts = inspect(&std::fs::read(&der).unwrap()).unwrap();
    assert_eq!(facts.subject, DistinguishedName("CN=a/b, 2.5.4.5=42, OU=y, OU=x, O=Contoso, C=US".into()));
    assert_eq!(facts.dns_names, ["x.org"]);
    assert_eq!(fingerprint(&der, "-sha1"), facts.thumbprint.as_str());

    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        text(&key),
        "-outform",
        "DER",
        "-out",
        text(&der),
        "-subj",
        "/CN=ec",
    ]);
    let refused = inspect(&std::fs::read(&der).unwrap()).unwrap_err().to_string();
    assert!(refused.contains("not RSA"), "{refused}");
    assert!(inspect(b"MZ").is_err());
}

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn key_and_certificate_match_in_every_file() {
    let exported = export(&profile("EXOcertificate"), None, "P@ssw0Rd1234");
    let of_certificate = |path: &Path| openssl(&["x509", "-in", text(path), "-noout", "-pubkey"]);
    let of_key = |path: &Path| openssl(&["pkey", "-in", text(path), "-pubout"]);
    let want = of_certificate(&exported.certificate);
    assert_eq!(of_certificate(&exported.cer), want);
    assert_eq!(of_certificate(&exported.pem), want);
    assert_eq!(of_key(&exported.private_key), want);
    assert_eq!(of_key(&exported.pem), want);
    let checked = openssl(&["pkey", "-in", text(&exported.private_key), "-check", "-noout"]);
    assert!(checked.contains("Key is valid"), "{checked}");
    // DER, not PEM under another name.
    openssl(&["x509", "-inform", "DER", "-in", text(&exported.cer), "-noout"]);
    let bundle = std::fs::read_to_string(&exported.pem).unwrap();
    assert!(bundle.find("BEGIN CERTIFICATE") < bundle.find("BEGIN PRIVATE KEY"), "the certificate comes first");
}

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn openssl_opens_the_pfx() {
    for (password, friendly_name) in
        [("P@ssw0Rd1234", Some("EXO automated scripts")), ("Grüße € 7", Some("Schlüssel für Exchange 🔑")), ("x", None)]
    {
        let exported = export(&profile("CN=m365info.com"), friendly_name, password);
        let argument = format!("pass:{password}");
        let info = openssl(&["pkcs12", "-in", text(&exported.pfx), "-info", "-nodes", "-passin", &argument]);
        for want in [
            "MAC: sha256, Iteration 100000",
            "MAC length: 32, salt length: 16",
            "PKCS7 Encrypted data: PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256",
            "Shrouded Keybag: PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256",
            "Microsoft CSP Name: Microsoft Enhanced RSA and AES Cryptographic Provider",
        ] {
            assert!(info.contains(want), "{want:?} is not in\n{info}");
        }
        // One on the certificate, one on the key.
        let local_key_id = exported.stored.thumbprint.as_str().as_bytes().chunks(2);
        let local_key_id: Vec<_> = local_key_id.map(|pair| str::from_utf8(pair).unwrap()).collect();
        assert_eq!(info.matches(&format!("localKeyID: {}", local_key_id.join(" "))).count(), 2, "{info}");
        let named = info.matches("friendlyName: ").count();
        assert_eq!(named, if friendly_name.is_some() { 2 } else { 0 }, "{info}");
        if let Some(name) = friendly_name.filter(|name| name.is_ascii()) {
            assert_eq!(info.matches(&format!("friendlyName: {name}\n")).count(), 2, "{info}");
        }

        let stored = std::fs::read_to_string(&exported.certificate).unwrap();
        let key = std::fs::read_to_string(&exported.private_key).unwrap();
        assert!(info.contains(&stored) && info.contains(&key), "the PFX holds another pair");
    }
}

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn a_wrong_password_does_not_open_the_pfx() {
    let exported = export(&profile("CN=m365info.com"), None, "P@ssw0Rd1234");
    let output = Command::new("openssl")
        .args(["pkcs12", "-in", text(&exported.pfx), "-nodes", "-passin", "pass:P@ssw0Rd1235"])
        .output()
        .unwrap();
    assert!(!output.status.success());
}

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn larger_keys_and_dates_after_2049() {
    for (key, bits) in [(KeyAlgorithm::Rsa3072, 3072), (KeyAlgorithm::Rsa4096, 4096)] {
        let profile = CertificateProfile { key, not_after: "2051-02-03T04:05:06Z".parse().unwrap(), ..profile("a") };
        let pair = self_signed(&profile).unwrap();
        let facts = inspect(&pair.certificate).unwrap();
        assert_eq!((facts.key, facts.not_after), (key, profile.not_after));

        let place = TempDir::new().unwrap();
        let path = place.path().join("bundle.pem");
        std::fs::write(&path, pair.bundle_pem().expose_secret()).unwrap();
        let shown = openssl(&["x509", "-in", text(&path), "-noout", "-text"]);
        assert!(shown.contains(&format!("Public-Key: ({bits} bit)")), "{shown}");
        assert!(shown.contains("Not After : Feb  3 04:05:06 2051 GMT"), "{shown}");
        openssl(&["verify", "-attime", "1800000000", "-CAfile", text(&path), text(&path)]);
    }
}

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn a_dns_name_that_looks_like_an_address_stays_a_dns_name() {
    let profile = CertificateProfile { dns_names: vec!["10.0.0.1".into()], ..profile("a") };
    assert_eq!(inspect(&self_signed(&profile).unwrap().certificate).unwrap().dns_names, ["10.0.0.1"]);
}

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn two_certificates_of_one_profile_share_nothing() {
    let make = || self_signed(&profile("CN=a")).unwrap();
    let (one, two) = (make(), make());
    assert_ne!(one.certificate, two.certificate);
    assert_ne!(one.private_key.pem().expose_secret(), two.private_key.pem().expose_secret());
}
