//! OpenSSL reads what we write, and we read what OpenSSL writes.

use accredit::keys::{CSP_NAME, OutputFormat, Unreadable};
use accredit::model::PfxEncryption;
use secrecy::SecretString;

use super::bench::{Bench, PASSWORDS, bundle, holds_pair, open, pfx};

/// A key with its certificate, made by OpenSSL.
fn pair(bench: &Bench, name: &str, key: &[&str]) {
    let (key_file, certificate) = (format!("{name}.key"), format!("{name}.crt"));
    let rest = ["-nodes", "-keyout", &key_file, "-out", &certificate, "-subj", "/CN=foreign", "-days", "3650"];
    bench.openssl(&[&["req", "-x509", "-newkey"], key, &rest].concat());
}

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn openssl_reads_both_strengths_with_their_attributes() {
    let bench = Bench::new();
    for password in PASSWORDS {
        bench.write("password", password);
        for (encryption, wanted) in [
            (
                PfxEncryption::Modern,
                [
                    "MAC: sha256, Iteration 100000",
                    "PKCS7 Encrypted data: PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256",
                    "Shrouded Keybag: PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256",
                ],
            ),
            (
                PfxEncryption::Legacy,
                [
                    "MAC: sha1, Iteration 2000",
                    "PKCS7 Encrypted data: pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2000",
                    "Shrouded Keybag: pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2000",
                ],
            ),
        ] {
            bench.write("our.pfx", pfx(&bundle(), password, encryption));
            let info = bench.openssl(&["pkcs12", "-in", "our.pfx", "-info", "-nodes", "-passin", "file:password"]);
            for want in wanted {
                assert!(info.contains(want), "{want:?} is not in\n{info}");
            }
            assert!(info.contains(&format!("Microsoft CSP Name: {CSP_NAME}")), "{info}");
            assert_eq!(info.matches("friendlyName: EXO automated scripts").count(), 2, "{info}");
            assert_eq!(info.matches("localKeyID: ").count(), 2, "{info}");
            let key = bundle().private_key.unwrap().pem();
            assert!(info.contains(secrecy::ExposeSecret::expose_secret(&key)), "another key came out");
        }
    }
}

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn openssl_reads_keys_chains_and_requests() {
    let bench = Bench::new();
    for password in PASSWORDS {
        bench.write("password", password);
        let secret = SecretString::from(password);
        let encoded = bundle().encode(OutputFormat::Key, Some(&secret), PfxEncryption::Modern).unwrap();
        let path = bench.write("encrypted.key", &encoded.bytes);
        assert!(String::from_utf8_lossy(&encoded.bytes).starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
        let checked = bench.openssl(&["pkey", "-in", "encrypted.key", "-passin", "file:password", "-check", "-noout"]);
        assert!(checked.contains("Key is valid"), "{checked}");
        assert!(open(&std::fs::read(path).unwrap(), Some(password)).unwrap().keys[0].was_encrypted);
    }
    bench.succeed(&[
        "csr",
        "--subject",
        "CN=EXO, O=Zürich",
        "--dns-name",
        "a.example",
        "--usage",
        "client-auth,server-auth",
        "--name",
        "our",
    ]);
    let request =
        bench.openssl(&["req", "-in", "our.csr", "-verify", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus"]);
    for want in [
        "verify OK",
        "O=Zürich,CN=EXO",
        "DNS:a.example",
        "Digital Signature, Key Encipherment",
        "TLS Web Client Authentication, TLS Web Server Authentication",
    ] {
        assert!(request.contains(want), "{want:?} is not in\n{request}");
    }
}

/// The options of `openssl pkcs12 -export`, with what our reader shall call the encryption of the key.
const SCHEMES: [(&str, &str); 12] = [
    ("", "key: AES-256, PBKDF2 with SHA-256, 2048 iterations"),
    ("-legacy", "key: TripleDES, PKCS#12 with SHA-1, 2048 iterations"),
    ("-legacy -LMK -keyex -CSP", "key: TripleDES, PKCS#12 with SHA-1, 2048 iterations"),
    (
        "-legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-RC2-40",
        "key: RC2 with 40 bits, PKCS#12 with SHA-1, 2048 iterations",
    ),
    (
        "-legacy -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-2DES",
        "key: TripleDES with two keys, PKCS#12 with SHA-1, 2048 iterations",
    ),
    ("-keypbe AES-128-CBC -certpbe AES-192-CBC -macalg sha512", "key: AES-128, PBKDF2 with SHA-256, 2048 iterations"),
    ("-macalg sha384 -iter 4097", "key: AES-256, PBKDF2 with SHA-256, 4097 iterations"),
    ("-keypbe des-ede3-cbc -macalg sha1", "key: TripleDES, PBKDF2 with SHA-256, 2048 iterations"),
    ("-nomac", "key: AES-256, PBKDF2 with SHA-256, 2048 iterations"),
    ("-noiter -nomaciter", "key: AES-256, PBKDF2 with SHA-256, 1 iterations"),
    ("-certpbe NONE", "key: AES-256, PBKDF2 with SHA-256, 2048 iterations"),
    ("-certpbe NONE -keypbe NONE", ""),
];

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn every_pfx_that_openssl_writes_is_read() {
    let bench = Bench::new();
    pair(&bench, "foreign", &["rsa:2048"]);
    for password in ["P@ssw0Rd1234", "Grüße für 7 €", ""] {
        bench.write("password", format!("{password}\n"));
        for (options, encryption) in SCHEMES {
            let mut arguments: Vec<&str> =
                "pkcs12 -export -in foreign.crt -inkey foreign.key -out foreign.pfx -passout file:password"
                    .split(' ')
                    .collect();
            arguments.extend(["-name", "Schlüssel für Exchange"]);
            arguments.extend(options.split_whitespace());
            let has_provider = options.contains("-CSP");
            if has_provider {
                arguments.push(CSP_NAME);
            }
            bench.openssl(&arguments);
            let shown = format!("{options} under {password:?}");
            let bytes = bench.read("foreign.pfx");
            let file = open(&bytes, Some(password)).unwrap_or_else(|error| panic!("{shown}: {error}"));
            assert!(holds_pair(&file), "{shown}");
            assert_eq!(file.keys[0].labels.friendly_name.as_deref(), Some("Schlüssel für Exchange"), "{shown}");
            assert_eq!(file.keys[0].labels.provider.as_deref(), has_provider.then_some(CSP_NAME), "{shown}");
            assert_eq!(file.keys[0].labels.local_key_id, file.certificates[0].labels.local_key_id, "{shown}");
            let said = file.protections.iter().any(|protection| protection == encryption);
            assert!(said || encryption.is_empty(), "{shown}: {:?}", file.protections);

            // No password is as good as an empty one, and a wrong one is said to be wrong.
            let needs_none = password.is_empty() || options == "-certpbe NONE -keypbe NONE -nomac";
            assert_eq!(open(&bytes, None).is_ok(), needs_none, "{shown}");
            let wrong = open(&bytes, Some("wrong")).unwrap_err();
            assert_eq!(wrong, Unreadable::WrongPassword, "{shown}");
        }
    }
}

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn every_key_that_openssl_writes_is_read() {
    let bench = Bench::new();
    pair(&bench, "rsa", &["rsa:2048"]);
    pair(&bench, "short", &["rsa:1024"]);
    pair(&bench, "ec", &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"]);
    pair(&bench, "edwards", &["ed25519"]);
    bench.write("password", "Grüße\n");
    bench.openssl(&["rsa", "-traditional", "-in", "rsa.key", "-out", "pkcs1.key"]);
    bench.openssl(&["rsa", "-in", "rsa.key", "-outform", "DER", "-traditional", "-out", "pkcs1.der"]);
    bench.openssl(&["ec", "-in", "ec.key", "-out", "sec1.key"]);
    for (certificate, key) in [("rsa.crt", "rsa.key"), ("rsa.crt", "pkcs1.key"), ("rsa.crt", "pkcs1.der")] {
        assert_eq!(bench.objections(&[certificate, key]), [""; 0], "{key}");
    }
    for (options, name) in [
        ("-v2 aes-256-cbc", "aes"),
        ("-v2 des3", "triple"),
        ("-v2 aes-128-cbc -v2prf hmacWithSHA512", "sha512"),
        ("-v1 PBE-SHA1-3DES", "old"),
    ] {
        let file = format!("{name}.key");
        let arguments = format!("pkcs8 -topk8 -in rsa.key -passout file:password -out {file} {options}");
        bench.openssl(&arguments.split(' ').collect::<Vec<_>>());
        assert_eq!(bench.objections(&["rsa.crt", &file, "--password-file", "password"]), [""; 0], "{name}");
        bench.write("wrong", "wrong");
        assert_eq!(bench.objections(&["rsa.crt", &file, "--password-file", "wrong"]), ["unreadable"], "{name}");
    }
    bench.openssl(&["pkcs8", "-topk8", "-in", "rsa.key", "-passout", "file:password", "-out", "scrypt.key", "-scrypt"]);
    let refused = bench.inspect(&["scrypt.key", "--password-file", "password"]);
    assert!(refused["findings"][0]["message"].as_str().unwrap().contains("1.3.6.1.4.1.11591.4.11"), "{refused:#}");
    bench.openssl(&[
        "rsa",
        "-traditional",
        "-aes256",
        "-in",
        "rsa.key",
        "-passout",
        "file:password",
        "-out",
        "ancient.key",
    ]);
    let refused = bench.inspect(&["ancient.key", "--password-file", "password"]);
    assert!(refused["findings"][0]["help"].as_str().unwrap().contains("openssl pkcs8"), "{refused:#}");

    // What no sign-in takes is read all the same, and matched.
    for (name, key) in [("ec", "ec.key"), ("ec", "sec1.key"), ("short", "short.key")] {
        let found = bench.inspect(&[&format!("{name}.crt"), key]);
        assert_eq!(found["files"][0]["certificates"][0]["hasPrivateKey"], true, "{found:#}");
        let wanted = if name == "short" { "key-too-short" } else { "key-not-rsa" };
        assert_eq!(found["findings"][0]["code"], wanted, "{found:#}");
    }
    let edwards = bench.inspect(&["edwards.crt"]);
    assert_eq!(edwards["files"][0]["certificates"][0]["key"]["kind"], "Ed25519");
    assert_eq!(bench.objections(&["rsa.crt", "short.key"]), ["key-too-short", "key-differs"]);
}

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn chains_are_told_from_what_they_issued() {
    let bench = Bench::new();
    pair(&bench, "root", &["rsa:2048"]);
    bench.write("ca.cnf", "basicConstraints=CA:TRUE\n");
    bench.succeed(&["csr", "--subject", "CN=EXO", "--dns-name", "exo.example", "--name", "exo"]);
    bench.openssl(&"x509 -req -in exo.csr -CA root.crt -CAkey root.key -CAcreateserial -days 3650 -copy_extensions copy -out exo.crt".split(' ').collect::<Vec<_>>());
    for form in ["PEM", "DER"] {
        bench.openssl(&[
            "crl2pkcs7",
            "-nocrl",
            "-certfile",
            "root.crt",
            "-certfile",
            "exo.crt",
            "-outform",
            form,
            "-out",
            "chain.p7b",
        ]);
        assert_eq!(bench.objections(&["chain.p7b", "exo.key"]), ["pkcs7"]);
        let found = bench.inspect(&["chain.p7b", "exo.key"]);
        let leaf = &found["files"][0]["certificates"][1];
        assert_eq!(leaf["subject"], "CN=EXO");
        assert_eq!((&leaf["selfSigned"], &leaf["hasPrivateKey"]), (&false.into(), &true.into()), "{found:#}");
        assert_eq!(leaf["chain"][0], "CN=foreign");

        bench.succeed(&["export", "chain.p7b", "--format", "cer", "--out", "leaf.cer", "--force"]);
        let subject = bench.openssl(&["x509", "-inform", "DER", "-in", "leaf.cer", "-noout", "-subject"]);
        assert!(subject.contains("CN = EXO"), "{subject}");
        bench.write("password", PASSWORDS[0]);
        bench.succeed(&[
            "export",
            "chain.p7b",
            "exo.key",
            "--format",
            "pfx",
            "--out",
            "exo.pfx",
            "--force",
            "--password-file",
            "password",
        ]);
        let info = bench.openssl(&["pkcs12", "-in", "exo.pfx", "-info", "-nokeys", "-passin", "file:password"]);
        assert_eq!(info.matches("BEGIN CERTIFICATE").count(), 2, "the chain goes along:\n{info}");
        assert_eq!(bench.objections(&["exo.pfx", "--password-file", "password"]), [""; 0]);
    }
    assert_eq!(bench.objections(&["exo.crt", "root.key"]), ["key-differs"]);
}

#[test]
#[ignore = "needs the openssl command; .ci/run has it"]
fn where_windows_keeps_the_key_is_judged() {
    let bench = Bench::new();
    pair(&bench, "foreign", &["rsa:2048"]);
    bench.write("password", PASSWORDS[0]);
    for (provider, wanted) in [
        ("Microsoft Software Key Storage Provider", "cng"),
        ("Microsoft Platform Crypto Provider", "cng"),
        ("Microsoft Enhanced Cryptographic Provider v1.0", "old-csp"),
    ] {
        let export = "pkcs12 -export -in foreign.crt -inkey foreign.key -out foreign.pfx -passout file:password -CSP";
        bench.openssl(&export.split(' ').chain([provider]).collect::<Vec<_>>());
        assert_eq!(bench.objections(&["foreign.pfx", "--password-file", "password"]), [wanted], "{provider}");
        bench.succeed(&[
            "export",
            "foreign.pfx",
            "--format",
            "pfx",
            "--out",
            "csp.pfx",
            "--force",
            "--password-file",
            "password",
        ]);
        assert_eq!(bench.objections(&["csp.pfx", "--password-file", "password"]), [""; 0], "{provider}");
    }
}
