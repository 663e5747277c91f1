//! Manifests through the library's front door: the examples, the golden problems, hostile input, and what may be
//! shuffled. `ACCREDIT_BLESS=1 cargo test` rewrites the golden files and the schema.

#![allow(clippy::unwrap_used, reason = "tests, helpers included, may panic")]
#![allow(clippy::format_collect, reason = "speed is nothing here")]

#[path = "manifest/formatting.rs"]
mod formatting;

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
    assert!(kept == text, "{} is stale: `ACCREDIT_BLESS=1 cargo test --test manifest` rewrites it", file.display());
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
        count += loaded.desired.unwrap().applications.len();
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
    assert_eq!(certificate.store.to_string(), ".accredit/keys");
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

/// The YAML blocks of the reference, one after the other, are one manifest.
#[test]
fn the_reference_is_true() {
    let reference = fs::read_to_string(root().join("docs/manifest.md")).unwrap();
    let blocks = reference.split("```").filter_map(|block| block.strip_prefix("yaml\n"));
    let text = text_of(&[("reference.yaml", blocks.collect::<String>().as_bytes())]);
    assert_eq!(text, "");
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

/// A directory of its own with the given files, and what loading it comes to.
fn load_files(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Loaded) {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let loaded = manifest::load(&[PathBuf::from(".")], directory.path());
    (directory, loaded)
}

fn text_of(files: &[(&str, &[u8])]) -> String {
    rendered(&load_files(files).1)
}

#[test]
fn a_huge_file_is_refused_before_it_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let file = fs::File::create(directory.path().join("huge.yaml")).unwrap();
    file.set_len(100 * 1024 * 1024).unwrap();
    let loaded = manifest::load(&[PathBuf::from(".")], directory.path());
    assert_eq!(rendered(&loaded), "error: cannot read `huge.yaml`: larger than 4 MiB\n\n1 error\n");
}

#[test]
fn depth_and_breadth_have_bounds() {
    let deep = format!("a: {}", "[".repeat(20_000));
    assert!(
        text_of(&[("deep.yaml", deep.as_bytes())]).contains("deep"),
        "{}",
        text_of(&[("deep.yaml", deep.as_bytes())])
    );
    let blocks: String = (0..200).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert!(text_of(&[("blocks.yaml", blocks.as_bytes())]).contains("nested deeper than 48 levels"));
    let wide = format!("a: [{}]", "1,".repeat(1_000_000));
    assert!(text_of(&[("wide.yaml", wide.as_bytes())]).contains("more than 400000 values"));
    // Long lines and many secrets take no long time; that this test ends is what it says.
    let line = "password: ".repeat(300_000);
    assert!(text_of(&[("line.yaml", line.as_bytes())]).contains("line.yaml:1:"));
    let secrets: String = (0..20_000).map(|n| format!("c{n}: {{ pfxPassword: hunter2 }},")).collect();
    let secrets = format!("applications: {{ a: {{ displayName: A, certificates: {{ {secrets} }} }} }}");
    assert!(!text_of(&[("secrets.yaml", secrets.as_bytes())]).contains("hunter2"));
    // One line of many mistakes: the report stays short.
    let mistakes = format!("{{{}}}", (0..50_000).map(|n| format!("k{n}: 1,")).collect::<String>());
    let text = text_of(&[("line.yaml", mistakes.as_bytes())]);
    assert!(text.len() < 100_000 && text.contains("more problems"), "{} bytes", text.len());
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_named_and_links_do_not_lead_round_in_circles() {
    use std::os::unix::fs::symlink;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::create_dir_all(path.join("team/folder.yaml")).unwrap();
    fs::write(path.join("team/folder.yaml/good.yaml"), "tenant: contoso.com\nestate: e\n").unwrap();
    symlink(path, path.join("team/loop")).unwrap();
    symlink("nowhere", path.join("dangling.yaml")).unwrap();
    symlink("team/folder.yaml/good.yaml", path.join("again.yaml")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(path.join("pipe.yaml")).status().unwrap();
    assert!(made.success());
    let loaded = manifest::load(&[PathBuf::from("."), PathBuf::from("team"), PathBuf::from("missing")], path);
    let text = rendered(&loaded);
    for part in [
        "`pipe.yaml`: neither a file nor a directory",
        "`team/loop`: this symbolic link leads back",
        "`dangling.yaml`: No such file",
        "`missing`: No such file",
        "4 errors",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[test]
fn secrets_stay_off_the_screen_wherever_they_stand() {
    let canary = "Tr0ub4dor";
    for text in [
        format!("pfxPassword: {canary}"),
        format!("{{ applications: {{ a: {{ pfxPassword: {canary}, x: ] }} }} }}"),
        format!("applications: {{ a: {{ displayName: 1, certificates: {{ m: {{ pfxPassword: '{canary}' }} }} }} }}"),
        format!(
            "applications:\n  a:\n    certificates:\n      m:\n        pfxPassword: &p {canary}\n        subject: [*p]\n"
        ),
        format!("applications:\n  a:\n    certificates:\n      m:\n        pfxPassword:\n          {canary}\n"),
        format!("applications:\n  a:\n    certificates:\n      m:\n        pfxPassword:\n          env: [{canary}]\n"),
        format!(
            "applications:\n  a:\n    certificates:\n      m: {{ export: [cet], pfxPassword: {{ env: \"{canary} x\" }} }}\n"
        ),
        format!("clientSecret:\n  - {canary}\n"),
        format!("a:\n  password: >-\n    {canary}\n  b: c: d\n"),
    ] {
        let (_directory, loaded) = load_files(&[("a.yaml", text.as_bytes())]);
        assert!(loaded.desired.is_none());
        assert!(!rendered(&loaded).contains(canary), "{text}\n{}", rendered(&loaded));
        assert!(!format!("{:?}", loaded.problems).contains(canary), "{text}");
    }
}

#[test]
fn places_are_right_after_wide_characters_and_a_byte_order_mark() {
    let text =
        "\u{feff}tenant: contoso.com\r\nestate: e\r\napplications: { é: { displayName: ü, tags: [\"ö ö\"] } }\r\n";
    let (_directory, loaded) = load_files(&[("a.yaml", text.as_bytes())]);
    let places: Vec<String> = loaded.problems.iter().map(|it| it.place.as_ref().unwrap().to_string()).collect();
    assert_eq!(places, ["a.yaml:3:17", "a.yaml:3:45"], "{}", rendered(&loaded));
}

mod properties {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// Pieces of which YAML is made, good and bad.
    fn yamlish() -> impl Strategy<Value = String> {
        let piece = select(vec![
            "tenant: contoso.com\n",
            "estate: e\n",
            "applications:\n",
            "  app:\n",
            "    displayName: A\n",
            "defaults:\n",
            "    permissions:\n",
            "      - api: Graph\n",
            "        application: [User.Read.All]\n",
            "    certificates:\n",
            "      main:\n",
            "        validFor: 4y\n",
            "        pfxPassword: x\n",
            "        export: [pfx]\n",
            "\t",
            ": ",
            "- ",
            "[",
            "]",
            "{",
            "}",
            "&a ",
            "*a",
            "<<: ",
            "|\n",
            "> \n",
            "'",
            "\"",
            "\\",
            "#",
            "? ",
            "---\n",
            "...\n",
            "!x ",
            "%",
            "é",
            "\u{1F511}",
            "\u{0}",
            "\r\n",
            "\n",
            " ",
            "~",
            "null",
            "1",
            "0x10",
            "\u{feff}",
            "roles: ",
        ]);
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    fn shuffled<T: Clone + std::fmt::Debug + 'static>(items: Vec<T>) -> impl Strategy<Value = Vec<T>> {
        Just(items).prop_shuffle()
    }

    /// One estate written in some order: files, keys and lists that are sets.
    fn estate() -> impl Strategy<Value = Vec<(String, String)>> {
        let one = (
            shuffled(vec!["User.Read.All", "Mail.Read", "Group.Read.All"]),
            shuffled(vec!["zoe@contoso.com", "amy@contoso.com", "{ servicePrincipal: Deployment }"]),
            shuffled(vec!["Global Reader", "Security Reader", "{ role: User Administrator, justification: j }"]),
            shuffled(vec!["cer", "pem", "pfx"]),
            Just(vec![0, 1, 2, 3, 4, 5, 6]).prop_shuffle(),
        )
            .prop_map(|(permissions, owners, roles, exports, order)| {
                let lines = [
                    "displayName: One".to_owned(),
                    format!("owners: [{}]", owners.join(", ")),
                    format!("permissions: [{{ application: [{}], api: Graph }}]", permissions.join(", ")),
                    format!("roles: [{}]", roles.join(", ")),
                    format!(
                        "certificates: {{ main: {{ export: [{}], pfxPassword: {{ env: X }} }}, other: {{}} }}",
                        exports.join(", ")
                    ),
                    "tags: [a, b]".to_owned(),
                    "protect: true".to_owned(),
                ];
                order.into_iter().map(|index: usize| format!("    {}\n", lines[index])).collect::<String>()
            });
        let users = shuffled(vec![
            "{ user: a@contoso.com, role: Global Reader }",
            "{ role: Reports Reader, user: B@contoso.com }",
        ]);
        (one, users, shuffled(vec![0, 1, 2]), shuffled(vec!["a.yaml", "b.yaml", "c.yaml"])).prop_map(
            |(one, users, order, names)| {
                let files = [
                    "tenant: contoso.com\ndefaults: { expiry: { overlap: 7d } }\n".to_owned(),
                    format!("applications:\n  one:\n{one}"),
                    format!(
                        "estate: e\nroleAssignments: [{}]\napplications: {{ two: {{ displayName: B }} }}\n",
                        users.join(", ")
                    ),
                ];
                order.into_iter().zip(names).map(|(index, name)| (name.to_owned(), files[index].clone())).collect()
            },
        )
    }

    /// What is desired, without the places.
    fn without_places(desired: &Desired) -> String {
        let text = format!("{desired:#?}");
        let mut kept = String::new();
        let mut depth = 0_usize;
        for line in text.lines() {
            if depth == 0 && line.trim_end().ends_with("Place {") {
                depth = line.len() - line.trim_start().len() + 1;
            } else if depth > 0 {
                if line.len() - line.trim_start().len() + 1 == depth && line.trim_start().starts_with('}') {
                    depth = 0;
                }
            } else {
                kept.push_str(line);
                kept.push('\n');
            }
        }
        kept
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_makes_it_panic(text in yamlish()) {
            let (_directory, loaded) = load_files(&[("a.yaml", text.as_bytes())]);
            let report = rendered(&loaded);
            prop_assert_eq!(report.is_empty(), loaded.problems.is_empty());
            let _ = manifest::render_problems(&loaded.problems, &loaded.sources, true);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let (_directory, loaded) = load_files(&[("a.yaml", &bytes)]);
            prop_assert!(!rendered(&loaded).is_empty());
        }

        #[test]
        fn no_place_makes_rendering_panic(text in "\\PC{0,40}", start in 0_usize..200, end in 0_usize..200) {
            let (_directory, loaded) = load_files(&[("a.yaml", text.as_bytes())]);
            let place = accredit::model::Place { file: "a.yaml".into(), line: 1, column: 1, start, end };
            let problem = accredit::model::Problem::error("x").at(&place).related(&place, "y");
            let _ = manifest::render_problems(&[problem], &loaded.sources, false);
        }

        #[test]
        fn order_does_not_matter(files in estate()) {
            let reference = without_places(&load_files(&[
                ("a.yaml", b"tenant: contoso.com\nestate: e\ndefaults: { expiry: { overlap: 7d } }\n"),
                ("b.yaml", b"applications:\n  two: { displayName: B }\n  one:\n    displayName: One\n    protect: true\n    tags: [b, a]\n    owners: [amy@contoso.com, zoe@contoso.com, { servicePrincipal: Deployment }]\n    permissions: [{ api: Microsoft Graph, application: [Mail.Read, Group.Read.All, User.Read.All] }]\n    roles: [Global Reader, Security Reader, { role: User Administrator, justification: j }]\n    certificates: { other: {}, main: { pfxPassword: { env: X }, export: [pem, pfx, cer] } }\nroleAssignments: [{ user: B@contoso.com, role: Reports Reader }, { user: a@contoso.com, role: Global Reader }]\n"),
            ]).1.desired.unwrap());
            let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
            let (_directory, loaded) = load_files(&files);
            prop_assert_eq!(rendered(&loaded), "");
            prop_assert_eq!(without_places(&loaded.desired.unwrap()), reference);
        }
    }
}
