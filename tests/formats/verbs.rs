//! The verbs: exit codes, streams, files and their modes.

use std::process::Output;

use serde_json::Value as Json;

use super::bench::{Bench, NOW, PASSWORDS, err, holds_pair, open, out};

#[cfg(unix)]
fn mode(bench: &Bench, name: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(bench.path().join(name)).unwrap().permissions().mode() & 0o777
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", out(output));
    assert!(out(output).is_empty(), "a refusal is talk: {}", out(output));
    err(output)
}

#[test]
fn each_verb_shows_examples() {
    let bench = Bench::new();
    let all = bench.succeed(&["--help"]);
    for verb in ["new", "csr", "inspect", "export", "import-commands"] {
        assert!(all.contains(verb), "{all}");
        let help = bench.succeed(&[verb, "--help"]);
        assert!(help.contains("Examples:\n  accredit certificate"), "{help}");
    }
}

#[test]
fn new_writes_whole_private_files_and_never_over_others() {
    let bench = Bench::new();
    let new = ["new", "--dns-name", "m365info.com", "--format", "cer,pem,key,pfx", "--generate-password", "--now", NOW];
    let shown = bench.succeed(&new);
    assert!(
        shown.contains("Subject     CN=m365info.com\n") && shown.contains("NotAfter    2027-11-21 12:00:00 UTC"),
        "{shown}"
    );
    let password = String::from_utf8(bench.read("m365info.com.pfx-password")).unwrap();
    let file = open(&bench.read("m365info.com.pfx"), Some(&password)).unwrap();
    assert!(holds_pair(&file));
    #[cfg(unix)]
    for (extension, wanted) in [("cer", 0o644), ("pem", 0o600), ("key", 0o600), ("pfx", 0o600), ("pfx-password", 0o600)]
    {
        assert_eq!(mode(&bench, &format!("m365info.com.{extension}")), wanted, "{extension}");
    }

    let before = bench.read("m365info.com.key");
    assert!(refused(&bench.run(&new)).contains("is there already, and nothing was written"));
    assert_eq!(bench.read("m365info.com.key"), before);
    bench.succeed(&[&new[..], &["--force"]].concat());
    assert_ne!(bench.read("m365info.com.key"), before);
    assert_eq!(std::fs::read_dir(bench.path()).unwrap().count(), 5, "nothing unfinished is left");
}

#[test]
fn new_keeps_a_key_even_where_only_the_certificate_was_asked_for() {
    let bench = Bench::new();
    bench.succeed(&[
        "new",
        "--subject",
        "CN=EXO/1, O=Contoso",
        "--days",
        "10",
        "--key-size",
        "3072",
        "--out",
        "a/b",
        "--now",
        NOW,
    ]);
    let found = bench.inspect(&["a/b/EXO-1.cer", "a/b/EXO-1.key", "--now", NOW]);
    let certificate = &found["files"][0]["certificates"][0];
    assert_eq!(certificate["daysLeft"], 10);
    assert_eq!((&certificate["key"]["bits"], &certificate["hasPrivateKey"]), (&3072.into(), &true.into()));
    assert_eq!(found["findings"][0]["code"], "ends-soon");
    assert!(refused(&bench.run(&["new"])).contains("nothing says whose certificate it shall be"));
    assert!(refused(&bench.run(&["new", "--subject", "CN=a+b"])).contains("has a meaning of its own"));
    assert!(refused(&bench.run(&["new", "--subject", "a", "--format", "pfx"])).contains("there is nobody to ask"));
}

#[test]
fn a_key_store_takes_a_new_certificate_and_gives_it_out_again() {
    let bench = Bench::new();
    bench.succeed(&[
        "new",
        "--handle",
        "exo",
        "--store",
        "keys",
        "--format",
        "cer,pfx",
        "--generate-password",
        "--pfx-encryption",
        "legacy",
    ]);
    bench.succeed(&["export", "exo", "--store", "keys", "--format", "key"]);
    let found = bench.inspect(&["exo-main.key"]);
    assert_eq!(found["files"][0]["privateKeys"][0]["key"], Json::Null, "the facts are flat: {found:#}");
    assert_eq!(found["files"][0]["privateKeys"][0]["bits"], 2048);
    let commands = bench.succeed(&[
        "import-commands",
        "exo",
        "--store",
        "keys",
        "--to",
        "local-machine",
        "--account",
        "CONTOSO\\o'neil",
    ]);
    assert!(commands.contains("$account = 'CONTOSO\\o''neil'"), "{commands}");
    assert!(commands.contains("-importpfx My $file 'AT_KEYEXCHANGE,NoExport'"), "{commands}");
    assert!(commands.contains("icacls") && !commands.contains("CurrentUser"), "{commands}");

    bench.succeed(&["new", "--handle", "exo", "--store", "keys", "--certificate", "other"]);
    let ambiguous = refused(&bench.run(&["export", "exo", "--store", "keys", "--format", "cer"]));
    assert!(ambiguous.contains("`main`, `other`") && ambiguous.contains("--certificate NAME"), "{ambiguous}");
    let missing = refused(&bench.run(&["export", "nobody", "--store", "keys", "--format", "cer"]));
    assert!(missing.contains("neither a file nor an application"), "{missing}");
}

#[test]
fn passwords_come_from_four_places_and_never_from_an_argument() {
    let bench = Bench::new();
    for password in PASSWORDS {
        bench.write("password", format!("{password}\r\nsecond line\n"));
        bench.succeed(&["new", "--subject", "a", "--format", "pfx", "--password-file", "password", "--force"]);
        assert!(holds_pair(&open(&bench.read("a.pfx"), Some(password)).unwrap()));
        let command = bench.run(&["inspect", "a.pfx", "--password-command", "cat password"]);
        assert!(command.status.success(), "{}", err(&command));
        let environment =
            bench.command(&["inspect", "a.pfx", "--password-env", "SECRET"]).env("SECRET", password).output();
        assert!(environment.unwrap().status.success());
    }
    bench.write("wrong", "wrong");
    assert_eq!(bench.objections(&["a.pfx", "--password-file", "wrong"]), ["unreadable"]);
    let none = bench.inspect(&["a.pfx"]);
    assert!(none["findings"][0]["message"].as_str().unwrap().contains("no password was given"));
    assert!(refused(&bench.run(&["inspect", "a.pfx", "--password-env", "NOT_SET"])).contains("`NOT_SET` is not set"));
    assert!(
        refused(&bench.run(&["inspect", "a.pfx", "--password-file", "missing"]))
            .contains("cannot be read from `missing`")
    );
    let failed = refused(&bench.run(&["inspect", "a.pfx", "--password-command", "exit 3"]));
    assert!(failed.contains("failed (exit status: 3)"), "{failed}");
    assert!(refused(&bench.run(&["inspect", "a.pfx", "--password", "x"])).contains("unexpected argument"));
    let two = refused(&bench.run(&["inspect", "a.pfx", "--password-env", "A", "--password-file", "password"]));
    assert!(two.contains("cannot be used with"), "{two}");
    bench.write("empty", "\n");
    let empty = refused(&bench.run(&["new", "--subject", "b", "--format", "pfx", "--password-file", "empty"]));
    assert!(empty.contains("a PFX needs a password"), "{empty}");
}

#[test]
fn export_goes_around_and_comes_back() {
    let bench = Bench::new();
    bench.write("one", "first password");
    bench.write("two", "second password");
    bench.succeed(&[
        "new",
        "--subject",
        "CN=round",
        "--format",
        "cer,pfx",
        "--friendly-name",
        "Grüße",
        "--password-file",
        "one",
    ]);
    let export = |arguments: &[&str]| bench.succeed(&[&["export"], arguments].concat());
    export(&[
        "round.pfx",
        "--format",
        "pfx",
        "--pfx-encryption",
        "legacy",
        "--out",
        "old.pfx",
        "--password-file",
        "one",
        "--new-password-file",
        "two",
    ]);
    export(&["old.pfx", "--format", "pem", "--password-file", "two"]);
    export(&["old.pem", "--format", "key", "--out", "locked.key", "--generate-password"]);
    export(&[
        "round.cer",
        "locked.key",
        "--format",
        "pfx",
        "--out",
        "last.pfx",
        "--password-file",
        "locked.key-password",
        "--friendly-name",
        "last",
    ]);
    let found = bench.inspect(&["last.pfx", "round.cer", "--password-file", "locked.key-password"]);
    let thumbprints: Vec<&Json> = [0, 1].map(|file| &found["files"][file]["certificates"][0]["thumbprint"]).into();
    assert_eq!(thumbprints[0], thumbprints[1]);
    assert_eq!(found["files"][0]["certificates"][0]["friendlyName"], "last");
    assert_eq!(
        bench.inspect(&["old.pfx", "--password-file", "two"])["files"][0]["certificates"][0]["friendlyName"],
        "Grüße"
    );

    let no_key =
        refused(&bench.run(&["export", "round.cer", "--format", "pfx", "--generate-password", "--out", "x.pfx"]));
    assert!(no_key.contains("there is no private key in what was given"), "{no_key}");
    bench.succeed(&["new", "--subject", "CN=other"]);
    let differs = refused(&bench.run(&["export", "round.cer", "other.key", "--format", "pem", "--out", "x.pem"]));
    assert!(differs.contains("the private key belongs to another certificate"), "{differs}");
    assert_eq!(bench.objections(&["round.cer", "other.key"]), ["key-differs"]);
}

#[test]
fn dates_are_held_against_the_given_instant() {
    let bench = Bench::new();
    bench.succeed(&["new", "--subject", "CN=dated", "--valid-for", "1y", "--now", NOW]);
    let at = |now: &str| {
        let output = bench.run(&["inspect", "dated.cer", "--now", now]);
        (output.status.code(), out(&output))
    };
    let (code, text) = at("2027-01-01T00:00:00Z");
    assert_eq!(code, Some(0));
    assert!(text.contains("(324 days left)") && text.contains("Fit for Entra and Exchange."), "{text}");
    let (code, text) = at("2028-01-01T00:00:00Z");
    assert_eq!(code, Some(1));
    assert!(
        text.contains("Not fit for use as it is.\n  error: the certificate ended on 2027-11-21T12:00:00Z"),
        "{text}"
    );
    assert!(at("2026-01-01T00:00:00Z").1.contains("the certificate begins on 2026-11-21T12:00:00Z"));
}

#[test]
fn a_key_that_is_not_rsa_is_matched_and_refused() {
    let bench = Bench::new();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(vec!["ec.example".to_owned()]).unwrap();
    parameters.not_after = rcgen::date_time_ymd(2090, 1, 1);
    bench.write("ec.crt", parameters.self_signed(&key).unwrap().pem());
    bench.write("ec.key", key.serialize_pem());
    let found = bench.inspect(&["ec.crt", "ec.key"]);
    let certificate = &found["files"][0]["certificates"][0];
    assert_eq!((&certificate["key"]["kind"], &certificate["key"]["bits"]), (&"EC".into(), &256.into()), "{found:#}");
    assert_eq!(certificate["hasPrivateKey"], true);
    assert_eq!(found["files"][1]["privateKeys"][0]["belongsTo"], certificate["thumbprint"]);
    assert_eq!(bench.objections(&["ec.crt", "ec.key"]), ["key-not-rsa"]);
    let request = refused(&bench.run(&["csr", "--subject", "CN=ec", "--key", "ec.key"]));
    assert!(request.contains("no sound RSA key"), "{request}");
}

#[test]
fn a_private_key_in_a_public_file_is_an_error() {
    let bench = Bench::new();
    bench.succeed(&["new", "--subject", "CN=leak", "--format", "pem"]);
    assert_eq!(bench.objections(&["leak.pem"]), [""; 0]);
    std::fs::rename(bench.path().join("leak.pem"), bench.path().join("leak.cer")).unwrap();
    assert_eq!(bench.objections(&["leak.cer"]), ["private-key-in-public-file"]);
}

#[test]
fn import_commands_hold_no_password_and_ask_for_it() {
    let bench = Bench::new();
    bench.succeed(&["new", "--subject", "CN=exo script", "--format", "cer,pfx", "--generate-password"]);
    let password = String::from_utf8(bench.read("exo-script.pfx-password")).unwrap();
    let thumbprint = bench.inspect(&["exo-script.cer"])["files"][0]["certificates"][0]["thumbprint"].clone();
    let commands = bench.succeed(&["import-commands", "exo-script.pfx"]);
    assert!(commands.contains(&format!("$thumbprint = '{}'", thumbprint.as_str().unwrap())), "{commands}");
    assert!(
        commands.contains("certutil -user -csp 'Microsoft Enhanced RSA and AES Cryptographic Provider'"),
        "{commands}"
    );
    for word in ["Linux", "macOS", "LocalMachine", "CurrentUser", "ProviderName"] {
        assert!(commands.contains(word), "{word}: {commands}");
    }
    assert!(!commands.contains(&password));
    std::fs::remove_file(bench.path().join("exo-script.cer")).unwrap();
    let commands = bench.succeed(&["import-commands", "exo-script.pfx", "--to", "current-user"]);
    assert!(commands.contains("Read-Host"), "{commands}");
    bench.succeed(&["new", "--subject", "CN=pem", "--format", "pem"]);
    assert!(refused(&bench.run(&["import-commands", "pem.pem"])).contains("is PEM, not a PFX"));
}

#[test]
fn a_request_uses_a_key_again() {
    let bench = Bench::new();
    bench.succeed(&["csr", "--subject", "CN=one"]);
    bench.succeed(&["csr", "--subject", "CN=two", "--key", "one.key"]);
    let found = bench.inspect(&["two.csr", "one.key"]);
    assert_eq!(found["files"][0]["requests"][0]["hasPrivateKey"], true, "{found:#}");
    assert_eq!(found["files"][0]["requests"][0]["signatureHolds"], true);
    assert!(!bench.path().join("two.key").exists());
    #[cfg(unix)]
    assert_eq!(mode(&bench, "one.key"), 0o600);
    assert!(refused(&bench.run(&["csr", "--subject", "CN=three", "--key", "one.csr"])).contains("no private key"));
}
