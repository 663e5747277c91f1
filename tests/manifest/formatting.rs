//! `accredit fmt` through the library's front door: what it makes of hostile files, and that it never changes what a
//! manifest says.

use std::path::{Path, PathBuf};

use accredit::manifest::{self, LeftAlone};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::root;

fn format(text: &str) -> (String, Option<LeftAlone>) {
    let formatting = manifest::format_text("a.yaml", text);
    let problems = manifest::render_problems(&formatting.problems, &formatting.sources, false);
    let [file] = formatting.files.as_slice() else { panic!("{problems}") };
    (file.after.clone(), file.left_alone)
}

/// `before` becomes `after`, and `after` stays.
fn becomes(before: &str, after: &str) {
    assert_eq!(format(before), (after.to_owned(), None));
    assert_eq!(format(after), (after.to_owned(), None), "a second time");
}

fn stays(text: &str) {
    becomes(text, text);
}

#[test]
fn the_examples_of_this_repository_are_in_form() {
    let paths: Vec<PathBuf> = vec!["manifests".into(), "docs/exchange-least-privilege.yaml".into()];
    let formatting = manifest::format(&paths, root());
    assert!(formatting.problems.is_empty());
    assert!(formatting.files.len() > 6);
    for file in formatting.files {
        assert_eq!(file.left_alone, None, "{}", file.path.display());
        assert_eq!(file.before, file.after, "{}", file.path.display());
    }
}

#[test]
fn the_documentation_shows_manifests_in_form() {
    let page = std::fs::read_to_string(root().join("docs/manifest.md")).unwrap();
    let order = page.split("## The form").nth(1).unwrap().split("\n## ").next().unwrap();
    let schema: Value = serde_json::from_str(&manifest::schema()).unwrap();
    for (what, properties) in [
        ("A manifest", &schema["properties"]),
        ("An application", &schema["definitions"]["ApplicationSpecification"]["properties"]),
        ("A certificate", &schema["definitions"]["CertificateSpecification"]["properties"]),
        ("`expiry`", &schema["definitions"]["ExpirySpecification"]["properties"]),
    ] {
        let row = order.lines().find(|line| line.starts_with(&format!("| {what} |"))).unwrap();
        let keys: Vec<&str> = row.split('`').skip(if what.starts_with('`') { 3 } else { 1 }).step_by(2).collect();
        let expected: Vec<&String> = properties.as_object().unwrap().keys().collect();
        assert_eq!(keys, expected, "{what}: docs/manifest.md names the keys in their order");
    }
}

#[test]
fn keys_indentation_quotes_and_blank_lines() {
    becomes(
        "\n\n# About\n\n\n\nestate: \"messaging-team\"\ntenant:   'contoso.onmicrosoft.com'    # ours\napplications:\n      exo:\n          roles:\n          - \"Exchange Administrator\"\n          -   role: 'yes'\n              scope: \"/\"\n\n\n          displayName: \"It's\"\n          owners: [ \"zoe@x\" ,{user: b} ]\n\n",
        "# About\n\ntenant: contoso.onmicrosoft.com        # ours\nestate: messaging-team\napplications:\n  exo:\n    displayName: \"It's\"\n    owners: [\"zoe@x\", { user: b }]\n\n    roles:\n      - Exchange Administrator\n      - role: 'yes'\n        scope: /\n"
            .replace("\"zoe@x\"", "zoe@x")
            .as_str(),
    );
}

#[test]
fn comments_stay_with_what_they_belong_to() {
    becomes(
        "# of the estate\nestate: x\n# of the tenant\ntenant: t # too\napplications:\n    a:\n        # of the role\n        roles: # behind\n        - r # of r\n        # - another\n        # of the name\n        displayName: n\n\n        # nothing more of a\n    # of b\n    b: {displayName: n}\n# of nothing\n",
        "# of the tenant\ntenant: t # too\n# of the estate\nestate: x\napplications:\n  a:\n    # of the name\n    displayName: n\n    # of the role\n    roles: # behind\n      - r # of r\n      # - another\n\n    # nothing more of a\n  # of b\n  b: { displayName: n }\n# of nothing\n",
    );
    // Whether it is about the last key or about what may be added nobody can tell.
    stays("estate: x\ntenant: t\n# estate: y\n");
    // Words for an editor stay at the top, with what else is said there.
    becomes(
        "# yaml-language-server: $schema=s\n# About\nestate: x\ntenant: t\n",
        "# yaml-language-server: $schema=s\n# About\ntenant: t\nestate: x\n",
    );
    becomes("tenant: t\t# with a\ttab\nestate: x\n", "tenant: t # with a\ttab\nestate: x\n");
}

#[test]
fn anchors_aliases_and_merges_keep_their_order() {
    stays("estate: &name x\ntenant: *name\n");
    becomes(
        "defaults:\n    owners: &people [a]\napplications:\n    a:\n        owners: *people\n        displayName: x\n    b: { tags: [t], displayName: y }\n",
        "defaults:\n  owners: &people [a]\napplications:\n  a:\n    owners: *people\n    displayName: x\n  b: { displayName: y, tags: [t] }\n",
    );
    becomes(
        "applications:\n  a: &a\n     displayName: x\n  b:\n     <<: *a\n     description: y\n",
        "applications:\n  a: &a\n    displayName: x\n  b:\n    <<: *a\n    description: y\n",
    );
}

#[test]
fn texts_of_several_lines_keep_what_they_say() {
    let inner =
        |description: &str| format!("applications:\n  a:\n    displayName: x\n    description: {description}\n");
    for description in [
        "|\n      one\n\n        two",
        "|-\n      # no comment\n      two",
        ">\n      one\n      two",
        "|2\n        with two spaces\n      without",
        "\"one\n      # no comment\n\n      two\\\n      three\"",
        "one\n      two\n\n      three",
        "'one\n      two'",
    ] {
        stays(&inner(description));
    }
    stays("applications:\n  a:\n    displayName: x\n    tags: [\n      a, # of a\n      b\n    ]\n");
    becomes(
        "applications:\n      a:\n            displayName: x\n            description: |\n                  one\n                    two\n",
        "applications:\n  a:\n    displayName: x\n    description: |\n      one\n        two\n",
    );
    stays("applications:\n  a:\n    description: |+\n      one\n\n\n    owners: []\n");
}

#[test]
fn line_ends_and_marks_stay() {
    becomes("estate: x\r\ntenant: 't'\r\n", "tenant: t\r\nestate: x\r\n");
    becomes("\u{feff}estate: x\ntenant: t\n", "\u{feff}tenant: t\nestate: x\n");
    becomes("---\nestate: x\ntenant: t", "---\ntenant: t\nestate: x\n");
}

#[test]
fn quotes_stay_where_they_are_needed() {
    for text in [
        "'yes'",
        "'null'",
        "'1'",
        "'0x1'",
        "'2026-01-01'",
        "'a: b'",
        "'a #b'",
        "'- a'",
        "'it''s'",
        "\"a\\tb\"",
        "'~'",
        "''",
        "' a'",
        "'a '",
        "'*a'",
        "'&a'",
        "'!a'",
        "'a:'",
        "'12:30'",
        "'1e5'",
        "'[a]'",
        "'No'",
    ] {
        stays(&format!("applications:\n  a:\n    displayName: {text}\n    notes: [{text}]\n"));
    }
    becomes("tenant: \"contoso.com\"\n\"estate\": 'x'\n", "tenant: contoso.com\nestate: x\n");
    // In braces a comma ends a value.
    stays("applications: { a: { displayName: 'a, b' } }\n");
    becomes("applications:\n  a:\n    displayName: 'a, b'\n", "applications:\n  a:\n    displayName: a, b\n");
}

#[test]
fn what_is_not_understood_stays() {
    for text in [
        "? tenant\n: x\n",
        "applications:\n  a:\n    tags:\n      - - a\n",
        "tenant: t\n...\n",
        "tenant: t\rx\n",
        "# only words\n--- # here\ntenant: t\n",
    ] {
        let formatting = manifest::format_text("a.yaml", text);
        for file in formatting.files {
            assert_eq!(file.after, text);
        }
    }
    // A part that is not understood moves as one.
    becomes(
        "applications:\n      a:\n         displayName: x\n         tags:\n            - - a\n              - b # c\n",
        "applications:\n  a:\n    displayName: x\n    tags:\n      - - a\n        - b # c\n",
    );
}

#[test]
fn what_is_no_manifest_stays() {
    assert_eq!(format("on:   push\n").1, Some(LeftAlone::NoManifest));
    assert_eq!(format("- a\n").1, Some(LeftAlone::NoManifest));
}

#[test]
fn broken_files_are_told_with_their_place() {
    for text in ["tenant: [\n", "tenant:\n\tx: y\n", "tenant: a\ntenant: b\n", "a: 1\n---\nb: 2\n", "tenant: *none\n"] {
        let formatting = manifest::format_text("a.yaml", text);
        assert!(formatting.files.is_empty(), "{text}");
        let shown = manifest::render_problems(&formatting.problems, &formatting.sources, false);
        assert!(shown.contains("--> a.yaml:") && shown.contains('^'), "{shown}");
    }
}

fn desired(text: &str) -> Result<String, String> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.yaml"), text).unwrap();
    let loaded = manifest::load(&["a.yaml".into()], directory.path());
    match loaded.desired {
        Some(desired) => Ok(without_places(&format!("{desired:?}"))),
        None => Err(loaded.problems.into_iter().map(|problem| problem.message + "\n").collect()),
    }
}

/// A value as it prints, without the places in it.
fn without_places(text: &str) -> String {
    let mut parts = text.split("Place { ");
    let mut kept = parts.next().unwrap().to_owned();
    for part in parts {
        kept.push_str(part.split_once('}').unwrap().1);
    }
    assert!(!kept.contains("column:"), "{kept}");
    kept
}

#[test]
fn bad_manifests_are_as_bad_afterwards() {
    let mut formatted = 0;
    for entry in walk(&root().join("tests/bad-manifests")) {
        let Ok(text) = std::fs::read_to_string(&entry) else { continue };
        for file in manifest::format_text("a.yaml", &text).files {
            formatted += usize::from(file.after != file.before);
            let (before, after) = (desired(&file.before), desired(&file.after));
            let sorted = |outcome: Result<String, String>| {
                outcome.map_err(|text| {
                    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                    lines.sort();
                    lines
                })
            };
            assert_eq!(sorted(before), sorted(after), "{}", entry.display());
            assert_eq!(format(&file.after).0, file.after, "{}", entry.display());
        }
    }
    assert!(formatted > 10, "{formatted}");
}

fn walk(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found
}

/// Writes a manifest as a person in a strange mood does; every choice is taken from `choices`.
struct Mood<'a> {
    choices: std::iter::Cycle<std::slice::Iter<'a, u8>>,
    comments: usize,
    text: String,
}

impl Mood<'_> {
    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn choose(&mut self, of: u8) -> u8 {
        self.choices.next().unwrap() % of
    }

    fn between(&mut self, at: usize, what: &str) {
        match self.choose(5) {
            0 => self.text.push('\n'),
            1 => self.text.push_str("\n\n\n"),
            2 => {
                self.comments += 1;
                self.put(&format!("{}# {} before {what}\n", " ".repeat(at), self.comments));
            }
            _ => {}
        }
    }

    fn behind(&mut self) {
        if self.choose(4) == 0 {
            self.comments += 1;
            let spaces = " ".repeat(1 + usize::from(self.choose(6)));
            self.put(&format!("{spaces}# {} behind", self.comments));
        }
        self.text.push('\n');
    }

    fn scalar(&mut self, value: &Value) -> String {
        let Value::String(text) = value else { return value.to_string() };
        let plain = text.chars().all(|c| c.is_alphanumeric() || " .-_/=$@".contains(c)) && !text.is_empty();
        let plain = plain && text.starts_with(|c: char| c.is_alphabetic());
        match self.choose(3) {
            0 if plain => text.clone(),
            1 => format!("'{}'", text.replace('\'', "''")),
            _ => value.to_string(),
        }
    }

    fn flow(&mut self, value: &Value) -> String {
        match value {
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.flow(item)).collect();
                format!("[ {}]", items.join(" ,"))
            }
            Value::Object(entries) => {
                let entries: Vec<String> = self
                    .shuffled(entries)
                    .into_iter()
                    .map(|(key, value)| format!("{key}: {}", self.flow(value)))
                    .collect();
                format!("{{{}}}", entries.join(","))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => self.scalar(value),
        }
    }

    fn shuffled<'v>(&mut self, entries: &'v Map<String, Value>) -> Vec<(&'v String, &'v Value)> {
        let mut entries: Vec<_> = entries.iter().collect();
        for at in (1..entries.len()).rev() {
            entries.swap(at, usize::from(self.choose(u8::try_from(at + 1).unwrap())));
        }
        entries
    }

    fn value(&mut self, value: &Value, at: usize, in_map: bool) {
        let step = 1 + usize::from(self.choose(5));
        let is_empty = value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
        match value {
            Value::Array(items) if !is_empty && self.choose(4) > 0 => {
                let inner = if in_map && self.choose(3) == 0 { at } else { at + step };
                self.behind();
                for item in items {
                    self.between(inner, "an item");
                    self.put(&format!("{}-", " ".repeat(inner)));
                    match item {
                        Value::Object(entries) if self.choose(3) > 0 => {
                            self.text.push_str("  ");
                            let mut is_first = true;
                            for (key, value) in self.shuffled(entries) {
                                if !is_first {
                                    self.between(inner + 3, key);
                                    self.text.push_str(&" ".repeat(inner + 3));
                                }
                                is_first = false;
                                self.put(&format!("{key}:"));
                                self.value(value, inner + 3, true);
                            }
                        }
                        _ => self.value(item, inner, false),
                    }
                }
            }
            Value::Object(entries) if !is_empty && self.choose(4) > 0 => {
                self.behind();
                self.map(entries, at + step);
            }
            Value::String(text) if self.choose(6) == 0 && !text.is_empty() && !text.contains('\n') => {
                self.put(&format!(" |-\n{}{text}\n", " ".repeat(at + step)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                let flow = self.flow(value);
                self.put(&format!(" {flow}"));
                self.behind();
            }
        }
    }

    fn map(&mut self, entries: &Map<String, Value>, at: usize) {
        for (key, value) in self.shuffled(entries) {
            self.between(at, key);
            self.put(&format!("{}{key}:", " ".repeat(at)));
            self.value(value, at, true);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_manifest_says_anything_else_afterwards(choices in proptest::collection::vec(any::<u8>(), 50..400), which in 0_usize..7) {
        let names = ["cert-auth-powershell", "contoso-audit-log", "exo-automation", "exo-background-process", "exo-certificate", "operators", ""];
        let file = match names[which] {
            "" => root().join("docs/exchange-least-privilege.yaml"),
            name => root().join(format!("manifests/{name}.yaml")),
        };
        let meant: Value = serde_yaml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let mut mood = Mood { choices: choices.iter().cycle(), comments: 0, text: String::new() };
        mood.map(meant.as_object().unwrap(), 0);
        let (before, comments) = (mood.text, mood.comments);
        let (after, left_alone) = format(&before);
        prop_assert_eq!(left_alone, None, "{}", before);
        let (said, says) = (desired(&before), desired(&after));
        prop_assert!(said.is_ok(), "{:?}\n{}", said, before);
        prop_assert_eq!(said, says, "{}\nbecame\n{}", before, after);
        prop_assert_eq!(&format(&after).0, &after);
        prop_assert!(!after.contains("\n\n\n") && !after.starts_with('\n') && after.ends_with('\n') && !after.ends_with("\n\n"));
        for number in 1..=comments {
            let mark = format!("# {number} b");
            prop_assert_eq!(after.matches(&mark).count(), 1, "{}\nbecame\n{}", before, after);
        }
        // What stands above a key stays above that key.
        let lines: Vec<&str> = after.lines().filter(|line| !line.trim().is_empty()).collect();
        for (at, line) in lines.iter().enumerate() {
            if let Some((_, key)) = line.split_once(" before ").filter(|(_, key)| *key != "an item") {
                let next = lines.iter().skip(at + 1).find(|line| !line.trim_start().starts_with('#')).unwrap();
                prop_assert!(next.trim_start().starts_with(&format!("{key}:")), "{}\n{}\nbecame\n{}", line, before, after);
            }
        }
    }

    #[test]
    fn nothing_makes_it_fail(text in "([a-z]{1,3}:|- |  |\n|\"|'|#|\\{|\\}|\\[|\\]|\\||>|&a|\\*a|tenant: |estate: |x|,|\t|\r){0,40}") {
        for file in manifest::format_text("a.yaml", &text).files {
            prop_assert_eq!(&manifest::format_text("a.yaml", &file.after).files[0].after, &file.after);
        }
    }
}
