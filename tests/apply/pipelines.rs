//! `accredit init` and `accredit fmt` by the real binary; the files for pipelines, judged by other people's linters.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value as Json;

use super::command_line::{accredit, err, out, run};
use super::world::{TENANT, repository};

fn init(directory: &Path, arguments: &[&str]) -> Output {
    run(directory, &[&["init"], arguments].concat())
}

const PURPOSES: [&str; 7] =
    ["exchange-read", "exchange-admin", "graph-mail", "graph-users", "sharepoint-sites", "audit-log", "sign-in"];

#[test]
fn a_first_manifest_is_in_form_and_can_be_applied() {
    for purpose in PURPOSES {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let owner = format!("zoe.howard@{TENANT}");
        let written = init(path, &["--tenant", TENANT, "--estate", "first", "--for", purpose, "--owner", &owner]);
        assert!(written.status.success(), "{purpose}: {}", err(&written));
        assert_eq!(out(&written), format!("manifests/{purpose}.yaml\n"));
        let text = std::fs::read_to_string(path.join(out(&written).trim())).unwrap();
        assert!(
            text.lines().filter(|line| line.trim_start().starts_with('#')).count() > 6,
            "it explains itself:\n{text}"
        );
        let checked = run(path, &["fmt", "--check", "--diff"]);
        assert!(checked.status.success(), "{}", out(&checked));
        let valid = run(path, &["validate"]);
        assert!(valid.status.success() && !err(&valid).contains("error"), "{purpose}: {}", err(&valid));
        // Only administrators of everything are given a directory role.
        assert_eq!(text.contains("role: Exchange Administrator"), purpose == "exchange-admin");
        let applied = run(path, &["apply", "--emulator", "--auto-approve"]);
        assert!(applied.status.success(), "{purpose}: {}\n{text}", err(&applied));
        let planned = run(path, &["plan", "--emulator", "--detailed-exitcode"]);
        assert_eq!(planned.status.code(), Some(0), "{purpose}: {}", out(&planned));
        assert!(path.join(".accredit/keys").join(purpose).is_dir(), "the store is below the working directory");
    }
}

#[test]
fn nothing_is_asked_where_nobody_can_answer() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [&[] as &[&str], &["--yes", "--estate", "x"]] {
        let output = init(directory.path(), arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(err(&output).contains("these were not given: --tenant, --for"), "{}", err(&output));
        assert!(err(&output).contains("hint: ") && err(&output).contains("--owner"), "{}", err(&output));
    }
    for wrong in [
        ["--tenant", "no domain"],
        ["--estate", "ü"],
        ["--handle", "Exo"],
        ["--owner", "zoe"],
        ["--display-name", ""],
        ["--store", "keyVault:"],
    ] {
        let mut arguments = vec!["--for", "sign-in", wrong[0], wrong[1]];
        if wrong[0] != "--tenant" {
            arguments.extend(["--tenant", TENANT]);
        }
        assert_eq!(init(directory.path(), &arguments).status.code(), Some(1), "{wrong:?}");
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing was written");
}

#[test]
fn what_is_there_stays_unless_it_is_forced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let arguments = ["--tenant", TENANT, "--for", "graph-mail", "--handle", "mail", "--display-name", "It's: \"x\" #1"];
    let arguments = [&arguments[..], &["--store", "keyVault:contoso", "--directory", "a/b", "--ci", "gitlab"]].concat();
    assert!(init(path, &arguments).status.success());
    std::fs::write(path.join("a/b/mail.yaml"), "mine").unwrap();
    std::fs::remove_file(path.join(".gitlab-ci.yml")).unwrap();
    let again = init(path, &arguments);
    assert_eq!(again.status.code(), Some(1));
    assert!(err(&again).contains("`a/b/mail.yaml` is there already, and nothing was written"), "{}", err(&again));
    assert!(!path.join(".gitlab-ci.yml").exists(), "nothing at all");
    assert!(init(path, &[&arguments[..], &["--force"]].concat()).status.success());
    let text = std::fs::read_to_string(path.join("a/b/mail.yaml")).unwrap();
    assert!(
        text.contains("store: { keyVault: contoso }") && text.contains(r#"displayName: "It's: \"x\" #1""#),
        "{text}"
    );
}

/// The files that `init --ci` writes, and where they are kept.
const FILES: [(&str, &str, &str); 10] = [
    ("github", ".github/workflows/accredit-plan.yml", "github/accredit-plan.yml"),
    ("github", ".github/workflows/accredit-apply.yml", "github/accredit-apply.yml"),
    ("github", ".github/workflows/accredit-drift.yml", "github/accredit-drift.yml"),
    ("github", ".github/actions/install-accredit/action.yml", "github/install-accredit.yml"),
    ("azure-pipelines", "azure-pipelines.yml", "azure-pipelines/azure-pipelines.yml"),
    ("azure-pipelines", "azure-pipelines-drift.yml", "azure-pipelines/azure-pipelines-drift.yml"),
    ("azure-pipelines", ".azure-pipelines/install-accredit.yml", "azure-pipelines/install-accredit.yml"),
    ("gitlab", ".gitlab-ci.yml", "gitlab/gitlab-ci.yml"),
    ("kubernetes", "kubernetes/cronjob.yaml", "kubernetes/cronjob.yaml"),
    ("kubernetes", "kubernetes/indexed-job.yaml", "kubernetes/indexed-job.yaml"),
];

/// A directory with all of them, as `init` writes them.
fn all_pipelines() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let everywhere = ["github", "azure-pipelines", "gitlab", "kubernetes"].map(|place| ["--ci", place]).concat();
    let written = init(directory.path(), &everywhere);
    assert!(written.status.success(), "{}", err(&written));
    assert_eq!(out(&written).lines().count(), FILES.len());
    directory
}

#[test]
fn the_documented_files_are_those_that_are_written() {
    let directory = all_pipelines();
    let mut kept = 0;
    for folder in std::fs::read_dir(repository("docs/ci")).unwrap() {
        kept += std::fs::read_dir(folder.unwrap().path()).unwrap().count();
    }
    assert_eq!(kept, FILES.len(), "every file under docs/ci is written by somebody");
    for (_, written, kept) in FILES {
        let written = std::fs::read_to_string(directory.path().join(written)).unwrap();
        assert_eq!(written, std::fs::read_to_string(repository(&format!("docs/ci/{kept}"))).unwrap(), "{kept}");
    }
}

#[test]
fn pipelines_call_accredit_by_words_that_it_knows() {
    let directory = tempfile::tempdir().unwrap();
    let help = out(&run(directory.path(), &["--help"]));
    let mut calls = 0;
    for (_, _, kept) in FILES {
        let text = std::fs::read_to_string(repository(&format!("docs/ci/{kept}"))).unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
            let Some((_, call)) = line.split_once("accredit ") else { continue };
            let mut words = call.split_whitespace();
            let verb = words.next().unwrap();
            if !help.contains(&format!("\n  {verb} ")) {
                continue;
            }
            let of_verb = out(&run(directory.path(), &[verb, "--help"]));
            let flags = words.take_while(|word| !word.starts_with('>')).filter(|word| word.starts_with("--"));
            for flag in flags {
                assert!(of_verb.contains(flag), "{kept}: accredit {verb} has no {flag}");
            }
            calls += 1;
        }
    }
    assert!(calls >= 10, "{calls}");
}

#[test]
fn pipelines_hold_no_secret_and_nothing_from_a_title() {
    for (place, _, kept) in FILES {
        let text = std::fs::read_to_string(repository(&format!("docs/ci/{kept}"))).unwrap();
        for line in text.lines() {
            let line = line.trim_start_matches([' ', '-']);
            if let Some(action) = line.strip_prefix("uses: ").filter(|action| !action.starts_with("./")) {
                let commit = action.split('@').nth(1).unwrap().split(' ').next().unwrap();
                assert!(commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit()), "{kept}: {action}");
                assert!(action.contains(" # v"), "{kept}: {action} names its version");
            }
            assert!(!line.contains("secrets."), "{kept}: {line}");
        }
        if place == "github" && kept != "github/install-accredit.yml" {
            assert!(text.contains("\npermissions: {}\n") && text.contains("\nconcurrency:\n"), "{kept}");
            let checkouts = text.matches("actions/checkout@").count();
            assert_eq!(text.matches("persist-credentials: false").count(), checkouts, "{kept}");
            // What somebody else wrote gets into a script by the environment alone.
            let mut in_script = false;
            for line in text.lines() {
                let indentation = line.len() - line.trim_start().len();
                in_script = line.trim_start().starts_with("run: ") || (in_script && indentation >= 10);
                assert!(!(in_script && line.contains("${{")), "{kept}: {line}");
            }
        }
    }
}

#[test]
#[ignore = "needs check-jsonschema, zizmor and yamllint beside ACCREDIT_PYTHON; .ci/run has them"]
fn other_peoples_linters_find_nothing() {
    let python = PathBuf::from(std::env::var_os("ACCREDIT_PYTHON").unwrap());
    let tool = |name: &str, arguments: &[&str]| {
        let directory = all_pipelines();
        let output =
            Command::new(python.with_file_name(name)).current_dir(&directory).args(arguments).output().unwrap();
        let said = format!("{}{}", out(&output), err(&output));
        assert!(output.status.success(), "{name} {arguments:?}:\n{said}");
    };
    let schema = |schema: &str, files: &[&str]| {
        tool("check-jsonschema", &[&["--regex-variant", "nonunicode", "--builtin-schema", schema], files].concat());
    };
    schema(
        "vendor.github-workflows",
        &[
            ".github/workflows/accredit-plan.yml",
            ".github/workflows/accredit-apply.yml",
            ".github/workflows/accredit-drift.yml",
        ],
    );
    schema("vendor.github-actions", &[".github/actions/install-accredit/action.yml"]);
    schema(
        "vendor.azure-pipelines",
        &["azure-pipelines.yml", "azure-pipelines-drift.yml", ".azure-pipelines/install-accredit.yml"],
    );
    schema("vendor.gitlab-ci", &[".gitlab-ci.yml"]);
    tool("zizmor", &["--offline", "--no-progress", "--persona", "auditor", "--min-severity", "medium", "."]);
    let rules = "{extends: default, rules: {line-length: disable, document-start: disable, truthy: {check-keys: false}, comments: {min-spaces-from-content: 1}}}";
    tool(
        "yamllint",
        &[
            "--strict",
            "-d",
            rules,
            ".github",
            "azure-pipelines.yml",
            "azure-pipelines-drift.yml",
            ".azure-pipelines",
            ".gitlab-ci.yml",
            "kubernetes",
        ],
    );
}

#[test]
fn scripts_of_pipelines_are_sound_to_a_shell() {
    // Every script that stands in a block of a pipeline's file.
    let mut scripts = 0;
    for (_, _, kept) in FILES {
        let text = std::fs::read_to_string(repository(&format!("docs/ci/{kept}"))).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let is_script = ["run: |", "bash: |", "inlineScript: |", "- |"].iter().any(|end| line.ends_with(end));
            if !is_script {
                continue;
            }
            let key = if line.ends_with("- |") { line.trim_start() } else { line.trim_start_matches([' ', '-']) };
            let outer = line.len() - key.len();
            let script: Vec<&str> = lines[at + 1..]
                .iter()
                .take_while(|line| line.trim().is_empty() || line.len() - line.trim_start().len() > outer)
                .copied()
                .collect();
            let mut shell = Command::new("bash").arg("-n").stdin(std::process::Stdio::piped()).spawn().unwrap();
            shell.stdin.take().unwrap().write_all(script.join("\n").as_bytes()).unwrap();
            assert!(shell.wait().unwrap().success(), "{kept}:{}", at + 1);
            scripts += 1;
        }
    }
    assert!(scripts >= 12, "{scripts}");
}

#[test]
#[ignore = "needs Python at ACCREDIT_PYTHON; .ci/run has it"]
fn questions_are_answered_on_a_terminal() {
    let directory = tempfile::tempdir().unwrap();
    // The second answer is wrong and asked for again.
    let answers = "contoso.onmicrosoft.com\nno good\nmail\n\n\n\nzoe.howard@contoso.onmicrosoft.com\n\n";
    std::fs::write(directory.path().join("answers"), answers).unwrap();
    let output = Command::new(std::env::var_os("ACCREDIT_PYTHON").unwrap())
        .current_dir(&directory)
        .arg(repository("tests/interop/ask_on_a_terminal.py"))
        .args(["answers", env!("CARGO_BIN_EXE_accredit"), "init"])
        .output()
        .unwrap();
    let answer: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["code"], 0, "{}", answer["shown"].as_str().unwrap());
    let text = std::fs::read_to_string(directory.path().join("manifests/exchange-read.yaml")).unwrap();
    assert!(text.contains("estate: mail\n") && text.contains("displayName: Exchange read\n"), "{text}");
    assert!(text.contains("owners: [zoe.howard@contoso.onmicrosoft.com]\n"), "{text}");
}

const OUT_OF_FORM: &str = "estate: 'x' # of ours\ntenant: t.onmicrosoft.com\n";
const IN_FORM: &str = "tenant: t.onmicrosoft.com\nestate: x   # of ours\n";

#[test]
fn fmt_writes_names_and_checks() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    std::fs::create_dir(path.join("manifests")).unwrap();
    let file = path.join("manifests/a.yaml");
    std::fs::write(&file, OUT_OF_FORM).unwrap();
    std::fs::write(path.join("manifests/good.yaml"), "applications: {}\n").unwrap();
    let checked = run(path, &["fmt", "--check"]);
    assert_eq!((checked.status.code(), out(&checked).as_str()), (Some(2), "manifests/a.yaml\n"));
    let shown = run(path, &["fmt", "--diff"]);
    assert_eq!(shown.status.code(), Some(0));
    assert!(out(&shown).contains("-estate: 'x' # of ours\n"), "{}", out(&shown));
    assert_eq!(run(path, &["fmt", "--diff", "--check"]).status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), OUT_OF_FORM, "neither writes");
    let written = run(path, &["fmt"]);
    assert_eq!((written.status.code(), out(&written).as_str()), (Some(0), "manifests/a.yaml\n"), "{}", err(&written));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), IN_FORM.replace("   #", " #"));
    let again = run(path, &["fmt", "--check"]);
    assert_eq!((again.status.code(), out(&again).as_str(), err(&again).as_str()), (Some(0), "", ""));
}

#[test]
fn fmt_leaves_what_is_broken_and_goes_on_with_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    std::fs::write(path.join("a.yaml"), "tenant: [\n").unwrap();
    std::fs::write(path.join("b.yaml"), OUT_OF_FORM).unwrap();
    std::fs::write(path.join("c.yaml"), "on:   push\n").unwrap();
    let output = run(path, &["fmt", "."]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(1), "b.yaml\n"));
    assert!(err(&output).contains("--> a.yaml:") && err(&output).contains('^'), "{}", err(&output));
    assert!(err(&output).contains("Left as it is: `c.yaml`; it has keys that no manifest has."), "{}", err(&output));
    assert_eq!(std::fs::read_to_string(path.join("a.yaml")).unwrap(), "tenant: [\n");
}

#[test]
fn fmt_reads_standard_input() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = accredit(directory.path(), &["fmt", "-"]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(OUT_OF_FORM.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(out(&output), IN_FORM.replace("   #", " #"));
    assert_eq!(run(directory.path(), &["fmt", "-", "x"]).status.code(), Some(1));
}

#[test]
fn a_difference_shows_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let text =
        "applications:\n    a:\n        certificates:\n            m:\n                pfxPassword: canary-7131\n";
    std::fs::write(directory.path().join("a.yaml"), text).unwrap();
    let output = run(directory.path(), &["fmt", "--diff", "a.yaml"]);
    assert!(out(&output).contains("pfxPassword: ***") && !out(&output).contains("canary"), "{}", out(&output));
}

#[cfg(unix)]
#[test]
fn fmt_keeps_permissions_and_follows_links() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    std::fs::create_dir(path.join("elsewhere")).unwrap();
    let file = path.join("elsewhere/real.yaml");
    std::fs::write(&file, OUT_OF_FORM).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("elsewhere/real.yaml", path.join("a.yaml")).unwrap();
    assert!(run(path, &["fmt", "a.yaml"]).status.success());
    assert!(path.join("a.yaml").symlink_metadata().unwrap().is_symlink());
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("tenant"));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(path.join("elsewhere")).unwrap().count(), 1, "no draft is left behind");
}
