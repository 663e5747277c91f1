//! Manifests through the library's front door: the examples, the golden problems, hostile input, and what may be
//! shuffled. `ACCREDIT_BLESS=1 cargo test` rewrites the golden files and the schema.

use std::fs;
use std::path::{Path, PathBuf};

use accredit::manifest::{self, Loaded};
use accredit::model::{Cloud, Desired, ExportFormat, Handle, SecretReference};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rendered(loaded: &Loaded) -> String {
    manifest::render_problems(&loaded.problems, &loaded.sources, false)
}

#[expect(clippy::disallowed_methods, reason = "a test may be told to rewrite what it compares with")]
fn is_blessing() -> bool {
    std::env::var_os("ACCREDIT_BLESS").is_some()
}

fn compare_or_bless(file: &Path, text: &str) {
    if is_blessing() {
        fs::write(file, text).unwrap();
    }
    let kept = fs::read_to_string(file).unwrap_or_default();
    assert_eq!(kept, text, "{} is stale: `ACCREDIT_BLESS=1 cargo test --test manifest` rewrites it", file.display());
}

fn load(path: &str) -> Loaded {
    manifest::load(&[PathBuf::from(path)], root())
}

fn example(name: &str, handle: &str) -> (Desired, accredit::model::DesiredApplication) {
    let loaded = load(&format!("manifests/{name}.yaml"));
    assert_eq!(rendered(&loaded), "", "{name}");
    let desired = loaded.desired.unwrap();
    let application = desired.applications[&handle.parse::<Handle>().unwrap()].clone();
    (desired, application)
}

#[test]
fn every_example_loads_without_a_problem() {
    let mut count = 0;
    for entry in fs::read_dir(root().join("manifests")).unwrap() {
        let path = entry.unwrap().path();
        let loaded = manifest::load(std::slice::from_ref(&path), root());
        assert_eq!(rendered(&loaded), "", "{}", path.display());
        let first = fs::read_to_string(&path).unwrap();
        assert!(first.starts_with("# yaml-language-server: $schema=../schemas/manifest.schema.json\n"));
        count += 1;
    }
    let together = load("manifests");
    assert_eq!(rendered(&together), "");
    assert_eq!(together.desired.unwrap().applications.len(), count);
}

#[test]
fn the_examples_say_what_the_articles_say() {
    let (desired, exo) = example("exo-automation", "exo-automation");
    assert_eq!((desired.tenant.as_str(), desired.cloud), ("contoso.onmicrosoft.com", Cloud::Global));
    assert_eq!(exo.display_name, "EXO PowerShell automated");
    let certificate = &exo.certificates.unwrap()["main"];
    assert_eq!(certificate.subject.to_string(), "CN=m365info.com");
    assert_eq!(certificate.valid_for.to_string(), "4y");
    assert_eq!(certificate.display_name, "EXO Automated Scripts");
    assert_eq!(certificate.store, Path::new(".accredit/keys"));
    assert_eq!(certificate.export, [ExportFormat::Cer, ExportFormat::Pfx].into());
    assert_eq!(certificate.pfx_password, Some(SecretReference::Generated));

    let (_, plain) = example("exo-certificate", "exo-certificate");
    assert_eq!(plain.certificates.unwrap()["main"].subject.to_string(), "CN=EXOcertificate");

    let (desired, background) = example("exo-background-process", "exo-background-process");
    assert_eq!(background.roles.unwrap()[0].role, "Exchange Administrator");
    assert_eq!(desired.user_roles[0].role.role, "Global Reader");

    let (_, audit) = example("contoso-audit-log", "contoso-audit-log");
    let permission = &audit.permissions.unwrap()[0];
    assert_eq!(permission.permission, "Exchange.ManageAsApp");
    assert_eq!(permission.permission_id.as_deref(), Some("dc50a0fb-09a3-484d-be87-e023b12c6440"));
    assert_eq!(audit.redirect_uris, Some([].into()));
    assert_eq!(audit.tags, None);
}

#[test]
fn the_schema_is_fresh() {
    compare_or_bless(&root().join("schemas/manifest.schema.json"), &manifest::schema());
}

/// Each folder of `tests/bad-manifests` is an estate; `expected.txt` in it is what its author is told.
#[test]
fn bad_manifests_are_explained() {
    let base = root().join("tests/bad-manifests");
    let mut folders: Vec<PathBuf> = fs::read_dir(&base).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() >= 25, "{}", folders.len());
    let mut stale = Vec::new();
    for folder in folders {
        let loaded = manifest::load(&[PathBuf::from(".")], &folder);
        let text = rendered(&loaded);
        let expected = folder.join("expected.txt");
        if is_blessing() {
            fs::write(&expected, &text).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != text {
            stale.push(format!("{}\n{text}", folder.display()));
        }
        for secret in ["hunter2", "correct horse", "MIIEvQ"] {
            assert!(!text.contains(secret), "{} shows a secret", folder.display());
            assert!(!format!("{:?}", loaded.problems).contains(secret), "{} tells a secret", folder.display());
        }
        let has_errors = loaded.problems.iter().any(|it| it.severity == accredit::model::Severity::Error);
        assert_eq!(loaded.desired.is_none(), has_errors, "{}", folder.display());
        assert!(!loaded.problems.is_empty(), "{}", folder.display());
    }
    assert!(
        stale.is_empty(),
        "run `ACCREDIT_BLESS=1 cargo test --test manifest` if this is right:\n{}",
        stale.join("\n")
    );
}
