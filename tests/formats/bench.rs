//! A directory to work in, the real binary, and the programs of others.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use accredit::keys::{Bundle, KeyFile, OutputFormat, Unreadable, read, self_signed};
use accredit::model::{CertificateProfile, KeyAlgorithm, PfxEncryption};
use secrecy::SecretString;
use serde_json::Value as Json;

/// Passwords that programs get wrong in different ways.
pub(crate) const PASSWORDS: [&str; 3] = ["P@ssw0Rd1234", "Grüße für 7 €", "x"];

/// For tests of dates. All others go by the clock, as the programs of others do.
pub(crate) const NOW: &str = "2026-11-21T12:00:00Z";

/// One key with its certificate for all tests: keys take time to make.
pub(crate) fn bundle() -> Bundle {
    static BUNDLE: OnceLock<Bundle> = OnceLock::new();
    let make = || {
        let profile = CertificateProfile {
            subject: "CN=m365info.com, O=Contoso".parse().unwrap(),
            dns_names: vec!["m365info.com".into()],
            key: KeyAlgorithm::Rsa2048,
            not_before: "2026-11-20T23:04:47Z".parse().unwrap(),
            not_after: "2090-11-20T23:14:47Z".parse().unwrap(),
        };
        Bundle::of_pair(self_signed(&profile).unwrap(), Some("EXO automated scripts".to_owned()))
    };
    BUNDLE.get_or_init(make).clone()
}

/// The bytes of a PFX.
pub(crate) fn pfx(bundle: &Bundle, password: &str, encryption: PfxEncryption) -> Vec<u8> {
    bundle.encode(OutputFormat::Pfx, Some(&password.into()), encryption).unwrap().bytes.to_vec()
}

pub(crate) fn open(bytes: &[u8], password: Option<&str>) -> Result<KeyFile, Unreadable> {
    read(bytes, password.map(SecretString::from).as_ref())
}

/// Whether a file holds the key of its certificate, and which.
pub(crate) fn holds_pair(file: &KeyFile) -> bool {
    let bundle = Bundle::of_files(std::slice::from_ref(file));
    bundle.is_ok_and(|bundle| bundle.certificate.is_some() && bundle.private_key.is_some())
}

pub(crate) struct Bench(tempfile::TempDir);

impl Bench {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// `accredit certificate …`, here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accredit"));
        command.current_dir(self.path()).arg("certificate").args(arguments);
        command.env_remove("NO_COLOR").env_remove("ACCREDIT_LOG");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What it printed, where it must succeed.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}:\n{}{}", out(&output), err(&output));
        out(&output)
    }

    /// What `inspect --json` finds, whatever its exit code.
    pub(crate) fn inspect(&self, arguments: &[&str]) -> Json {
        let output = self.run(&[&["inspect", "--json"], arguments].concat());
        let found: Json =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", err(&output)));
        assert_eq!(output.status.success(), found["fit"] == true, "{found:#}");
        found
    }

    /// The codes of the errors and warnings that `inspect` finds.
    pub(crate) fn objections(&self, arguments: &[&str]) -> Vec<String> {
        let found = self.inspect(arguments);
        let findings = found["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "note");
        findings.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
    }

    /// Runs a program of others here; it must succeed. Both its streams.
    pub(crate) fn foreign(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(program);
        // The program's own words are compared, so they must be English.
        command.current_dir(self.path()).args(arguments).env("LC_ALL", "C.UTF-8").env("PFX_PASSWORD", PASSWORDS[0]);
        let output = command.output().unwrap_or_else(|error| panic!("these tests need `{program}`: {error}"));
        let text = out(&output) + &err(&output);
        assert!(output.status.success(), "{program} {arguments:?}:\n{text}");
        text
    }

    pub(crate) fn openssl(&self, arguments: &[&str]) -> String {
        self.foreign("openssl", arguments)
    }
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
