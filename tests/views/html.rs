//! The page: what it says, and that it is one file in which nothing of a tenant means anything but itself.

use accredit::render::{from_json, html};
use serde_json::Value as Json;

use super::plans::{estate, expected, expected_json, scenarios, with_findings};

/// The names of all elements, and the texts between them as they are read.
fn read(page: &str) -> (Vec<String>, String) {
    let (mut names, mut text) = (Vec::new(), String::new());
    let page = page.split_once("</style>").unwrap().1;
    let mut rest = page;
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!before.contains('>'), "a bare `>`: {before}");
        text += before;
        let (tag, after) = after.split_once('>').expect("an element that does not end");
        assert!(!tag.contains('<'), "{tag}");
        let name = tag.split_whitespace().next().unwrap();
        // Attributes are ours: their names, and no quote within.
        for part in tag.split('"').step_by(2) {
            for word in part.split_whitespace().filter(|word| word.ends_with('=')) {
                let known = [
                    "class=",
                    "style=",
                    "viewBox=",
                    "preserveAspectRatio=",
                    "role=",
                    "aria-label=",
                    "aria-hidden=",
                    "x=",
                    "y=",
                    "width=",
                    "height=",
                ];
                assert!(known.contains(&word), "<{tag}>");
            }
        }
        names.push(name.to_owned());
        rest = after;
    }
    text += rest;
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    (names, plain.replace("&amp;", "&"))
}

#[test]
fn the_page_says_what_the_plan_says() {
    for scenario in scenarios() {
        let plan = expected(&scenario);
        let (names, text) = read(&html(&plan));
        let mut wanted = vec![plan.organization.clone(), plan.estate.clone(), plan.tenant.clone()];
        wanted.extend(plan.steps.iter().map(|step| step.address.to_string()));
        wanted.extend(plan.steps.iter().flat_map(|step| step.notes.clone()));
        wanted.extend(plan.findings.iter().map(|finding| finding.message.clone()));
        wanted.extend(plan.notices.clone());
        wanted.extend(plan.unchanged.iter().map(ToString::to_string));
        let needed = plan.rights.iter().flat_map(|rights| &rights.needed);
        wanted.extend(needed.map(|right| right.permission.clone()));
        for fields in plan.steps.iter().filter_map(|step| step.action.after()) {
            let ids = fields.values().filter_map(|value| value.id());
            wanted.extend(
                ids.filter(|id| !id.contains('\n'))
                    .map(str::to_owned)
                    .take(usize::from(plan.counts().change == 0) * 99),
            );
        }
        for what in wanted {
            assert!(text.contains(&what), "{}: {what} is not in\n{text}", scenario.display());
        }
        let lines = names.iter().filter(|name| *name == "svg").count();
        let legend = if plan.certificates.is_empty() && plan.rotations.is_empty() { 0 } else { 6 };
        assert_eq!(lines, plan.certificates.len() + legend, "each certificate has a line of time");
        for element in ["details", "section", "ul", "li", "dl", "article", "main"] {
            let count = |name: &str| names.iter().filter(|other| *other == name).count();
            assert_eq!(count(element), count(&format!("/{element}")), "{element}");
        }
    }
}

/// Where its renewal begins, and where now is.
#[test]
fn a_certificates_line_shows_its_renewal() {
    let mut plan = estate(1);
    // It ended a year after it began, and 30 days of it are for renewal; today is its end.
    let page = html(&plan);
    let (window, rest) = page.split_once("<rect class=\"window\" x=\"").unwrap().1.split_once('"').unwrap();
    let share: f64 = window.parse().unwrap();
    // A day more than the year is shown only where there is nothing at all.
    assert!((share - 1000.0 * 335.0 / 365.0).abs() < 0.2, "{share}");
    assert!(rest.contains("renewed from 2026-10-22 on"), "{rest}");
    plan.certificates[0].renewed_from = None;
    assert!(!html(&plan).contains("class=\"window\" x="));
}

/// One file: nothing is fetched and nothing runs.
#[test]
fn the_page_needs_nothing_else() {
    let page = html(&with_findings());
    for word in ["<script", "src=", "href=", "url(", "@import", "http:", "https:", "javascript"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("default-src 'none'"));
    assert!(page.contains("width=device-width"));
    assert!(page.contains("prefers-color-scheme: dark"));
}

const ATTACK: &str = "</code></script><img src=x onerror=alert(1)>\" onmouseover='x' <!-- ]]> &lt; {{x}}";

/// Puts the attack at the end of every text of a plan that is not one of a closed list; ids are of services alone.
fn attack(value: &mut Json, key: &str) {
    let closed = [
        "id",
        "formatVersion",
        "accreditVersion",
        "now",
        "action",
        "code",
        "class",
        "rule",
        "severity",
        "state",
        "notBefore",
        "notAfter",
        "removedFrom",
        "renewedFrom",
        "renewBefore",
    ];
    match value {
        Json::String(text) if !closed.contains(&key) => text.insert_str(text.trim_end().len(), ATTACK),
        Json::Array(values) => values.iter_mut().for_each(|value| attack(value, key)),
        Json::Object(members) => members.iter_mut().for_each(|(key, value)| attack(value, key)),
        Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[test]
fn no_name_in_a_tenant_becomes_an_element() {
    let mut attacked = 0;
    for scenario in scenarios() {
        let json = expected_json(&scenario);
        let mut document: Json = serde_json::from_str(&json).unwrap();
        attack(&mut document, "");
        // Field names too, which come from ours alone.
        let hostile = from_json(&document.to_string()).unwrap();
        let (names, text) = read(&html(&hostile));
        let (plain, _) = read(&html(&from_json(&json).unwrap()));
        // With the attack all sets have as many members as before, and so the page as many elements.
        assert_eq!(names, plain, "{}", scenario.display());
        attacked += text.matches(ATTACK).count();
    }
    assert!(attacked > 100, "{attacked}");
}

/// 500 applications in one page of a size that opens at once.
#[test]
fn a_page_of_500_applications_is_small() {
    let plan = estate(500);
    let page = html(&plan);
    assert!(page.len() < 4_000_000, "{} bytes", page.len());
    let (names, _) = read(&page);
    let folded = names.iter().filter(|name| *name == "details").count();
    assert!(folded >= 500, "each application is folded: {folded}");
}
