//! Holds the floors of `docs/architecture.md`: a room imports only from rooms below it, pure rooms do no I/O, and the
//! emulator shares nothing with the client that it judges.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each room with the rooms that it may import.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("transport", &[]),
    ("patience", &[]),
    ("emulator", &[]),
    ("catalog", &["model"]),
    ("diff", &["model"]),
    ("keys", &["model", "transport"]),
    ("identity", &["model", "transport", "patience", "catalog", "keys"]),
    ("graph", &["transport", "patience", "model", "catalog"]),
    ("exchange", &["model", "transport", "patience"]),
    ("kinds", &["model", "catalog"]),
    ("policy", &["model"]),
    ("manifest", &["model", "catalog", "kinds", "policy"]),
    ("doctor", &["model", "catalog", "kinds"]),
    ("plan", &["model", "catalog", "diff", "kinds", "policy"]),
    ("render", &["model"]),
    ("drift", &["model", "catalog", "kinds", "plan", "render"]),
    ("saved", &["model", "render"]),
    ("rego", &["model", "render"]),
    ("handover", &["model", "catalog", "render"]),
    ("merge", &["model"]),
    ("fetch", &["model", "catalog", "kinds", "graph", "exchange", "keys", "identity"]),
    ("notify", &["model", "transport", "patience"]),
    ("execute", &["model", "kinds", "plan", "graph", "exchange", "keys", "identity"]),
    (
        "verify",
        &["model", "transport", "patience", "catalog", "keys", "identity", "graph", "exchange", "kinds", "fetch"],
    ),
    (
        "commands",
        &[
            "model",
            "transport",
            "patience",
            "emulator",
            "catalog",
            "diff",
            "keys",
            "identity",
            "graph",
            "exchange",
            "kinds",
            "doctor",
            "manifest",
            "policy",
            "plan",
            "drift",
            "notify",
            "render",
            "rego",
            "saved",
            "handover",
            "merge",
            "fetch",
            "execute",
            "verify",
        ],
    ),
    ("cli", &["commands"]),
    ("main", &["cli"]),
];

/// Rooms that are functions from values to values.
const PURE: &[&str] =
    &["model", "catalog", "diff", "kinds", "policy", "doctor", "plan", "drift", "render", "handover", "saved", "merge"];

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Room → file → text without its comments.
fn rooms() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found: BTreeMap<String, Vec<(PathBuf, String)>> = BTreeMap::new();
    for path in sources(&source) {
        let relative = path.strip_prefix(&source).unwrap().to_owned();
        let room = relative.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
        let text = std::fs::read_to_string(&path).unwrap();
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        found.entry(room).or_default().push((relative, code.join("\n")));
    }
    found
}

/// The first names after `crate::` (or, in the binary, the library's name).
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for start in ["crate::", "accredit::"] {
        for (at, _) in code.match_indices(start) {
            let rest = &code[at + start.len()..];
            let names: Vec<&str> = if let Some(list) = rest.strip_prefix('{') {
                list.split('}').next().unwrap_or_default().split(',').collect()
            } else {
                vec![rest]
            };
            for name in names {
                let name = name.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                if !name.is_empty() {
                    found.insert(name.to_owned());
                }
            }
        }
    }
    found
}

#[test]
fn every_room_imports_only_from_floors_below_it() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let mut wrong = Vec::new();
    for (room, files) in rooms() {
        if room == "lib" {
            continue;
        }
        let Some(allowed) = allowed.get(room.as_str()) else {
            panic!("the room `{room}` stands on no floor: add it to this table and to docs/architecture.md");
        };
        for (file, code) in files {
            for import in imports(&code) {
                if import != room && !allowed.contains(&import.as_str()) {
                    wrong.push(format!("{} imports `{import}`", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "these imports go up or sideways:\n{}", wrong.join("\n"));
}

#[test]
fn the_table_itself_has_no_way_up() {
    let floor: BTreeMap<&str, usize> = MAY_USE.iter().enumerate().map(|(index, (room, _))| (*room, index)).collect();
    for (room, uses) in MAY_USE {
        for used in *uses {
            assert!(floor[used] < floor[room], "`{room}` may not use `{used}`, which stands above it");
        }
    }
}

#[test]
fn pure_rooms_neither_wait_nor_touch_the_world() {
    let forbidden =
        ["async ", ".await", "std::fs", "std::net", "std::env", "std::process", "tokio", "reqwest", "::now()"];
    let mut wrong = Vec::new();
    for (room, files) in rooms() {
        if PURE.contains(&room.as_str()) {
            for (file, code) in files {
                for word in forbidden.iter().filter(|word| code.contains(**word)) {
                    wrong.push(format!("{} has `{word}`", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "pure rooms must stay functions of their arguments:\n{}", wrong.join("\n"));
}

#[test]
fn only_commands_print_and_read_the_environment() {
    let mut wrong = Vec::new();
    for (room, files) in rooms() {
        if !["commands", "cli", "main"].contains(&room.as_str()) {
            // A test beside the tables, which looks for Graph's published schema on the machine.
            let asks = Path::new("emulator/tables/published.rs");
            for (file, code) in files.iter().filter(|(file, _)| file != asks) {
                for word in ["println!", "eprintln!", "io::stdout", "io::stderr", "env::var"] {
                    if code.contains(word) {
                        wrong.push(format!("{} has `{word}`", file.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_source_leaves_a_note_to_do_it_later() {
    let words = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["X", "XX"].concat()];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in sources(&root.join("src")).into_iter().chain(sources(&root.join("tests"))) {
        let text = std::fs::read_to_string(&path).unwrap();
        for word in &words {
            assert!(!text.contains(word.as_str()), "{} has `{word}`", path.display());
        }
    }
}
