//! Java's keytool reads what we write, and we read what it writes. Where there is no Java, that is said and the tests
//! pass: a development kit is too large to install for three of them.

use accredit::keys::Unreadable;
use accredit::model::PfxEncryption;

use super::bench::{Bench, PASSWORDS, bundle, holds_pair, open, pfx};

fn has_java() -> bool {
    let found = std::process::Command::new("keytool").arg("-help").output().is_ok();
    if !found {
        eprintln!("no `keytool` on PATH: Java judges nothing here");
    }
    found
}

#[test]
#[ignore = "starts Java several times; .ci/run runs it where there is one"]
fn java_reads_both_strengths() {
    if !has_java() {
        return;
    }
    let bench = Bench::new();
    for encryption in [PfxEncryption::Modern, PfxEncryption::Legacy] {
        bench.write("our.pfx", pfx(&bundle(), PASSWORDS[0], encryption));
        let listed =
            bench.foreign("keytool", &["-list", "-v", "-keystore", "our.pfx", "-storepass:env", "PFX_PASSWORD"]);
        for want in
            ["Your keystore contains 1 entry", "Entry type: PrivateKeyEntry", "Owner: CN=m365info.com, O=Contoso"]
        {
            assert!(listed.contains(want), "{want:?} is not in\n{listed}");
        }
        assert!(listed.to_lowercase().contains("alias name: exo automated scripts"), "{listed}");
        // Reading the key itself is what copying it takes.
        let copy = format!("{}.copy", encryption.as_str());
        let from = ["-importkeystore", "-srckeystore", "our.pfx", "-srcstorepass:env", "PFX_PASSWORD"];
        let to = ["-destkeystore", &copy, "-deststoretype", "pkcs12", "-deststorepass:env", "PFX_PASSWORD"];
        bench.foreign("keytool", &[&from[..], &to].concat());
        assert!(holds_pair(&open(&bench.read(&copy), Some(PASSWORDS[0])).unwrap()));
    }
}

#[test]
#[ignore = "starts Java several times; .ci/run runs it where there is one"]
fn what_java_writes_is_read() {
    if !has_java() {
        return;
    }
    let bench = Bench::new();
    let make = |file: &str, more: &[&str]| {
        let arguments = ["-genkeypair", "-keystore", file, "-storepass:env", "PFX_PASSWORD", "-alias", "exo"];
        let key = ["-keyalg", "RSA", "-keysize", "2048", "-dname", "CN=java, O=Contoso", "-validity", "3650"];
        bench.foreign("keytool", &[&arguments[..], &key, more].concat());
    };
    make("modern.pfx", &["-storetype", "pkcs12"]);
    make("legacy.pfx", &["-storetype", "pkcs12", "-J-Dkeystore.pkcs12.legacy"]);
    make("own.jks", &["-storetype", "jks"]);
    for name in ["modern.pfx", "legacy.pfx"] {
        let file = open(&bench.read(name), Some(PASSWORDS[0])).unwrap();
        assert!(holds_pair(&file), "{name}");
        assert_eq!(file.keys[0].labels.friendly_name.as_deref(), Some("exo"), "{name}");
        assert_eq!(open(&bench.read(name), Some("wrong")).unwrap_err(), Unreadable::WrongPassword, "{name}");
    }
    assert!(open(&bench.read("legacy.pfx"), Some(PASSWORDS[0])).unwrap().is_legacy);
    let refused = open(&bench.read("own.jks"), Some(PASSWORDS[0])).unwrap_err();
    assert!(refused.help().contains("keytool -importkeystore"), "{refused}");
}

#[test]
#[ignore = "starts Java several times; .ci/run runs it where there is one"]
fn java_reads_a_request_and_a_certificate() {
    if !has_java() {
        return;
    }
    let bench = Bench::new();
    bench.succeed(&["csr", "--subject", "CN=EXO, O=Contoso", "--dns-name", "a.example", "--name", "our"]);
    let request = bench.foreign("keytool", &["-printcertreq", "-file", "our.csr"]);
    assert!(request.contains("CN=EXO, O=Contoso") && request.contains("DNSName: a.example"), "{request}");
    bench.succeed(&["new", "--subject", "CN=EXO", "--name", "our", "--force"]);
    let certificate = bench.foreign("keytool", &["-printcert", "-file", "our.cer"]);
    assert!(certificate.contains("Owner: CN=EXO"), "{certificate}");
}
