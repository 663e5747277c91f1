//! The text of a plan never says what its JSON does not hold, and loses with each piece of the JSON something that it said.

use std::collections::BTreeSet;

use accredit::model::Plan;
use accredit::render::{Paint, from_json, html, json, markdown, text};
use serde_json::Value as Json;

use super::plans::{expected, expected_json, scenarios};

/// All texts in a document, members' names too.
fn texts(value: &Json, found: &mut BTreeSet<String>) {
    match value {
        Json::String(text) => {
            found.insert(text.clone());
        }
        Json::Array(values) => values.iter().for_each(|value| texts(value, found)),
        Json::Object(members) => {
            for (name, value) in members {
                found.insert(name.clone());
                texts(value, found);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[test]
fn every_value_in_the_text_is_in_the_json() {
    let mut checked = 0;
    for scenario in scenarios() {
        let json = expected_json(&scenario);
        let mut held = BTreeSet::new();
        texts(&serde_json::from_str(&json).unwrap(), &mut held);
        let holds = |said: &str| held.iter().any(|held| held.contains(said));
        let shown = text(&from_json(&json).unwrap(), Paint::PLAIN);
        let mut in_text = false;
        for line in shown.lines() {
            // The lines of a text with several of them stand by themselves.
            if in_text && line.trim() != "TEXT" {
                assert!(holds(line.get(12..).unwrap_or_default()), "{line}");
                checked += 1;
            }
            in_text = line.ends_with("<<TEXT") || in_text && line.trim() != "TEXT";
            for value in line.split('"').skip(1).step_by(2) {
                assert!(holds(value), "{}: {value}", scenario.display());
                checked += 1;
            }
            let words = line.split_whitespace().map(|word| word.trim_matches([',', ':', ';', '(', ')', '[', ']']));
            for word in words.filter(|word| word.contains('/') && !word.contains(['`', '"', '+'])) {
                // A place is a file, a line and a column.
                let mut parts = word.rsplitn(3, ':');
                let is_number = |part: Option<&str>| part.is_some_and(|part| part.parse::<usize>().is_ok());
                let is_place = is_number(parts.next()) && is_number(parts.next());
                let said = if is_place { parts.next().unwrap_or(word) } else { word };
                assert!(holds(said), "{}: {word}", scenario.display());
                checked += 1;
            }
        }
    }
    assert!(checked > 200, "{checked}");
}

/// Everything that a reviewer reads survives being written and read.
#[test]
fn the_views_are_the_same_of_the_json_that_was_read_again() {
    for scenario in scenarios() {
        let plan = expected(&scenario);
        let again = from_json(&json(&plan)).unwrap();
        assert_eq!(json(&again), json(&plan));
        assert_eq!(text(&again, Paint::PLAIN), text(&plan, Paint::PLAIN));
        assert_eq!(markdown(&again), markdown(&plan));
        assert_eq!(html(&again), html(&plan));
    }
}

/// The plan without one piece of its JSON; nothing where it is no plan any more.
fn without(document: &Json, path: &str) -> Option<Plan> {
    let (parent, last) = path.rsplit_once('/').unwrap();
    let mut document = document.clone();
    match document.pointer_mut(parent).unwrap() {
        Json::Array(values) => {
            values.remove(last.parse().unwrap());
        }
        Json::Object(members) => {
            members.shift_remove(last);
        }
        _ => return None,
    }
    from_json(&document.to_string()).ok()
}

/// Every step, change, field of what comes or goes, note, finding, notice and rotation.
fn pieces(document: &Json) -> Vec<String> {
    let mut found = Vec::new();
    let mut members = |path: &str| -> Vec<String> {
        let here = match document.pointer(path) {
            Some(Json::Array(values)) => (0..values.len()).map(|number| format!("{path}/{number}")).collect(),
            Some(Json::Object(members)) => {
                members.keys().map(|name| format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))).collect()
            }
            _ => Vec::new(),
        };
        found.extend(here.clone());
        here
    };
    for name in ["/findings", "/notices", "/rotations"] {
        for piece in members(name) {
            members(&format!("{piece}/generations"));
            members(&format!("{piece}/notes"));
        }
    }
    for step in members("/steps") {
        members(&format!("{step}/changes"));
        members(&format!("{step}/notes"));
        let action = document.pointer(&format!("{step}/action")).and_then(Json::as_str);
        // Of what changes, only the changes are told.
        match action {
            Some("delete") => drop(members(&format!("{step}/before"))),
            Some("create" | "prove") => drop(members(&format!("{step}/after"))),
            _ => {}
        }
    }
    found
}

#[test]
fn each_piece_of_the_json_is_in_the_text_and_the_other_views() {
    let mut removed = 0;
    for scenario in scenarios() {
        let document: Json = serde_json::from_str(&expected_json(&scenario)).unwrap();
        let plan = from_json(&document.to_string()).unwrap();
        for piece in pieces(&document) {
            let Some(less) = without(&document, &piece) else { continue };
            let shown = format!("{} of {}", piece, scenario.display());
            assert_ne!(text(&less, Paint::PLAIN), text(&plan, Paint::PLAIN), "{shown}");
            assert_ne!(markdown(&less), markdown(&plan), "{shown}");
            assert_ne!(html(&less), html(&plan), "{shown}");
            removed += 1;
        }
    }
    assert!(removed > 150, "{removed}");
}
