//! Python's cryptography reads what we write, and we read what it writes.

use accredit::keys::{CSP_NAME, OutputFormat};
use accredit::model::PfxEncryption;
use secrecy::SecretString;
use serde_json::{Value as Json, json};

use super::bench::{Bench, PASSWORDS, bundle, holds_pair, open, pfx};

fn python(bench: &Bench, arguments: &[&str]) -> Json {
    let program = std::env::var("ACCREDIT_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/certificate_files.py");
    let printed = bench.foreign(&program, &[&[script], arguments].concat());
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

#[test]
#[ignore = "needs Python with cryptography at ACCREDIT_PYTHON; .ci/run makes one"]
fn python_reads_what_is_written() {
    let bench = Bench::new();
    let bundle = bundle();
    for password in PASSWORDS {
        bench.write("password", password);
        for encryption in [PfxEncryption::Modern, PfxEncryption::Legacy] {
            bench.write("our.pfx", pfx(&bundle, password, encryption));
            let read = python(&bench, &["read", "our.pfx", "password"]);
            assert_eq!(read["friendlyName"], "EXO automated scripts");
            assert_eq!((&read["subject"], &read["keyMatches"]), (&json!("CN=m365info.com,O=Contoso"), &json!(true)));
        }
        let secret = SecretString::from(password);
        for format in [OutputFormat::Key, OutputFormat::Pem] {
            bench.write("our.pem", &bundle.encode(format, Some(&secret), PfxEncryption::Modern).unwrap().bytes);
            assert_eq!(python(&bench, &["read", "our.pem", "password"])["keySize"], 2048);
        }
    }
    bench.write("our.cer", &bundle.encode(OutputFormat::Cer, None, PfxEncryption::Modern).unwrap().bytes);
    assert_eq!(python(&bench, &["read", "our.cer", ""])["subject"], "CN=m365info.com,O=Contoso");
    bench.succeed(&["csr", "--subject", "CN=EXO", "--dns-name", "a.example", "--name", "our"]);
    let request = python(&bench, &["read", "our.csr", ""]);
    assert_eq!(request["signatureHolds"], true);
    assert_eq!(request["dnsNames"], json!(["a.example"]));
}

#[test]
#[ignore = "needs Python with cryptography at ACCREDIT_PYTHON; .ci/run makes one"]
fn what_python_writes_is_read() {
    let bench = Bench::new();
    for password in PASSWORDS {
        bench.write("password", password);
        let written = python(&bench, &["write", "password"]);
        for name in written.as_array().unwrap() {
            let name = name.as_str().unwrap();
            let given = if name.contains("unencrypted") { None } else { Some(password) };
            let file = open(&bench.read(name), given).unwrap_or_else(|error| panic!("{name}: {error}"));
            match name.rsplit('.').next().unwrap() {
                "pfx" => {
                    assert!(holds_pair(&file), "{name}");
                    assert_eq!(file.keys[0].labels.friendly_name.as_deref(), Some("Schlüssel"), "{name}");
                    assert_ne!(file.keys[0].labels.provider.as_deref(), Some(CSP_NAME), "{name}");
                }
                "key" => assert_eq!(file.keys.len(), 1, "{name}"),
                _ => assert_eq!(file.certificates.len(), 1, "{name}"),
            }
        }
        assert!(written.as_array().unwrap().len() >= 9, "{written}");
    }
}

#[test]
#[cfg(unix)]
#[ignore = "needs Python at ACCREDIT_PYTHON; .ci/run makes one"]
fn a_password_is_asked_for_and_never_shown() {
    let bench = Bench::new();
    let program = std::env::var("ACCREDIT_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/ask_on_a_terminal.py");
    let ask = |answers: &str, arguments: &[&str]| {
        bench.write("answers", answers);
        let accredit = [script, "answers", env!("CARGO_BIN_EXE_accredit"), "--color", "never", "certificate"];
        let printed = bench.foreign(&program, &[&accredit[..], arguments].concat());
        let told: Json = serde_json::from_str(&printed).unwrap();
        let shown = told["shown"].as_str().unwrap().to_owned();
        for answer in answers.lines() {
            assert!(!shown.contains(answer), "the terminal shows the password:\n{shown}");
        }
        (told["code"].as_i64().unwrap(), shown)
    };
    let new = ["new", "--subject", "CN=asked", "--format", "pfx"];
    let (code, shown) = ask("Grüße-1\nGrüße-2\nGrüße-3\nGrüße-3\n", &new);
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("The two differ."), "{shown}");
    assert!(holds_pair(&open(&bench.read("asked.pfx"), Some("Grüße-3")).unwrap()));

    let (code, shown) = ask("Grüße-3\n", &["inspect", "asked.pfx"]);
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("Password of asked.pfx: ") && shown.contains("CN=asked"), "{shown}");
    let (code, shown) = ask("Grüße-4\n", &["inspect", "asked.pfx"]);
    assert_eq!(code, 1);
    assert!(shown.contains("the password is wrong"), "{shown}");
    let (code, shown) = ask("half\u{3}\n", &["inspect", "asked.pfx"]);
    assert_eq!(code, 1);
    assert!(shown.contains("interrupted"), "{shown}");
}
