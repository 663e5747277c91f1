//! A canary password and a canary key: neither may appear where it does not belong.

use accredit::keys::{Bundle, OutputFormat};
use accredit::model::PfxEncryption;
use secrecy::{ExposeSecret as _, SecretString};

use super::bench::{Bench, bundle, err, open, out, pfx};

const CANARY: &str = "Canary.Password.7f3a";

/// Stretches of the private key in the forms in which it could leak.
fn key_canaries() -> Vec<String> {
    let pem = bundle().private_key.unwrap().pem();
    let lines: Vec<String> =
        pem.expose_secret().lines().filter(|line| line.len() == 64).map(|line| line[8..40].to_owned()).collect();
    lines.into_iter().skip(6).collect()
}

fn assert_clean(what: &str, text: &str) {
    assert!(!text.contains(CANARY), "{what} shows the password:\n{text}");
    // As bytes in `Debug`.
    let bytes: Vec<String> = CANARY.bytes().map(|byte| byte.to_string()).collect();
    assert!(!text.contains(&bytes.join(", ")), "{what} shows the password as numbers");
    for canary in key_canaries() {
        assert!(!text.contains(&canary), "{what} shows the key");
    }
}

#[test]
fn nothing_prints_a_password_or_a_key() {
    let bench = Bench::new();
    let secret = SecretString::from(CANARY);
    bench.write("exo.pfx", pfx(&bundle(), CANARY, PfxEncryption::Legacy));
    bench.write("password", CANARY);
    for format in [OutputFormat::Pem, OutputFormat::Cer] {
        let encoded = bundle().encode(format, None, PfxEncryption::Modern).unwrap();
        bench.write(&format!("exo.{}", format.as_str()), &encoded.bytes);
    }
    let mut broken = bench.read("exo.pem");
    let at = broken.len() - 100;
    broken[at] = b'!';
    bench.write("broken.pem", &broken);
    let mut torn = bench.read("exo.pem");
    torn.truncate(torn.len() - 300);
    bench.write("torn.pem", &torn);
    bench.write("odd.pem", format!("-----BEGIN {CANARY} {}-----\nx", key_canaries()[0]));
    for arguments in [
        &["inspect", "exo.pfx", "--password-file", "password"][..],
        &["inspect", "--json", "exo.pfx", "exo.pem", "--password-command", "cat password"],
        &["inspect", "exo.pfx", "--password-env", "SECRET"],
        &["inspect", "exo.pfx", "--password-env", CANARY],
        &["inspect", "broken.pem", "torn.pem", "odd.pem", "password"],
        &["export", "exo.pfx", "--format", "pfx", "--out", "again.pfx", "--password-file", "password"],
        &["export", "exo.pem", "--format", "key", "--new-password-file", "password"],
        &["export", "torn.pem", "--format", "key"],
        &["export", "odd.pem", "--format", "key"],
        &["import-commands", "exo.pfx", "--password-file", "password"],
        &["csr", "--subject", "CN=a", "--key", "exo.pem"],
        &["csr", "--subject", "CN=b", "--key", "broken.pem"],
        &["new", "--subject", "CN=c", "--format", "pfx", "--password-env", "SECRET"],
    ] {
        let output = bench.command(arguments).env("SECRET", CANARY).env("ACCREDIT_LOG", "trace").output().unwrap();
        let is_given = arguments.contains(&CANARY);
        let (out, err) = (out(&output), err(&output));
        assert_clean(&format!("{arguments:?}"), &out);
        assert_clean(&format!("{arguments:?}"), &err);
        assert!(!is_given || !output.status.success());
    }

    let file = open(&bench.read("exo.pfx"), Some(CANARY)).unwrap();
    let bundle = Bundle::of_files(std::slice::from_ref(&file)).unwrap();
    let encoded = bundle.encode(OutputFormat::Pem, Some(&secret), PfxEncryption::Modern).unwrap();
    assert_clean("Debug", &format!("{file:?} {bundle:?} {encoded:?} {secret:?}"));
    assert_clean("Debug", &format!("{file:#?} {bundle:#?} {encoded:#?}"));
    // Private bytes as numbers: any nine in a row of the key's own.
    let encoded = bundle.encode(OutputFormat::Key, None, PfxEncryption::Modern).unwrap();
    let numbers: Vec<String> = encoded.bytes[200..209].iter().map(u8::to_string).collect();
    assert!(!format!("{file:?} {bundle:?} {encoded:?}").contains(&numbers.join(", ")));
}

/// While a command runs, no process of this machine has the password among its arguments.
#[test]
#[cfg(target_os = "linux")]
fn no_process_list_shows_the_password() {
    // A word of its own: other tests type theirs as an argument on purpose.
    const PASSWORD: &str = "Canary.Among.Processes.91c2";
    let bench = Bench::new();
    bench.write("exo.pfx", pfx(&bundle(), PASSWORD, PfxEncryption::Modern));
    let pipe = bench.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // How many processes have the file among their arguments, when none has the password.
    let look = || {
        let lines = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| {
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).into_owned()
        });
        let lines: Vec<String> = lines.collect();
        assert!(!lines.iter().any(|line| line.contains(PASSWORD)), "{lines:?}");
        lines.iter().filter(|line| line.contains("cat pipe")).count()
    };
    // It waits for its password until the test writes it.
    let mut running = bench.command(&["inspect", "exo.pfx", "--password-command", "cat pipe"]).spawn().unwrap();
    while look() == 0 {
        assert!(running.try_wait().unwrap().is_none(), "it waits");
    }
    std::fs::write(&pipe, PASSWORD).unwrap();
    while running.try_wait().unwrap().is_none() {
        look();
    }
    assert!(running.wait().unwrap().success());
}
