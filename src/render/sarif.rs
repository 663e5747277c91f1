//! Findings as SARIF 2.1.0, for code scanning: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>. What GitHub wants beyond the
//! standard: <https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value as Json, json};

use crate::model::{Finding, Plan, Rule, Severity, Terms};

use super::rules::{explanation, sentence};
use super::value::printable;

/// One document with one run, ending in a newline.
pub fn sarif(plan: &Plan) -> String {
    let rules: Vec<Rule> =
        plan.findings.iter().map(|finding| finding.rule).collect::<BTreeSet<_>>().into_iter().collect();
    let results: Vec<Json> = plan.findings.iter().map(|finding| result(finding, &rules, plan)).collect();
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Accredit",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| self::rule(*rule, plan)).collect::<Vec<_>>(),
            }},
            // Runs of other estates and tenants stand beside this one instead of taking its place.
            "automationDetails": { "id": format!("accredit/{}/{}/", plan.tenant, plan.estate) },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

fn rule(rule: Rule, plan: &Plan) -> Json {
    let explained = explanation(rule);
    // The gravest that was found: a rule has one default, and its results say their own.
    let worst = plan.findings.iter().filter(|finding| finding.rule == rule).map(|finding| finding.severity).max();
    let mut described = json!({
        "id": rule.code(),
        "name": rule.code(),
        "shortDescription": { "text": explained.title },
        "fullDescription": { "text": explained.meaning },
        "help": { "text": explained.help, "markdown": explained.help },
        "defaultConfiguration": { "level": level(worst.unwrap_or(Severity::Warning)) },
        "properties": { "tags": [rule.class()] },
    });
    if let Some(severity) = explained.security_severity {
        described["properties"]["security-severity"] = severity.into();
        described["properties"]["tags"] = json!([rule.class(), "security"]);
    }
    described
}

fn result(finding: &Finding, rules: &[Rule], plan: &Plan) -> Json {
    let address = printable(&finding.address.to_string());
    let mut location = json!({ "logicalLocations": [{ "fullyQualifiedName": address, "kind": "resource" }] });
    if let Some(place) = finding.place.as_ref().or(plan.place.as_ref()) {
        location["physicalLocation"] = json!({
            "artifactLocation": artifact(&place.file),
            "region": { "startLine": place.line, "startColumn": place.column },
        });
    }
    let mut result = json!({
        "ruleId": finding.rule.code(),
        "ruleIndex": rules.iter().position(|rule| *rule == finding.rule),
        "level": level(finding.severity),
        "message": { "text": printable(&sentence(plan, finding)) },
        "locations": [location],
        "partialFingerprints": { "accreditFinding/v1": finding.fingerprint() },
    });
    if let Some(Terms { owner, reason, expires }) = &finding.circumstances.accepted {
        let justification = printable(&format!("{owner}: {reason} (until {expires})"));
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": justification }]);
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// What stands in a path without being escaped: <https://www.rfc-editor.org/rfc/rfc3986#section-3.3>.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    // A relative address whose first part has one would be taken for a scheme.
    .add(b':');

/// A file, relative to the root of the repository where the path is relative.
fn artifact(file: &str) -> Json {
    let path = super::relative(file);
    let encoded = utf8_percent_encode(&path, PATH);
    if path.starts_with('/') {
        json!({ "uri": format!("file://{encoded}") })
    } else if is_drive(&path) {
        json!({ "uri": format!("file:///{encoded}").replacen("%3A", ":", 1) })
    } else {
        json!({ "uri": encoded.to_string(), "uriBaseId": "%SRCROOT%" })
    }
}

/// Whether a path begins with the letter of a drive, as on Windows.
fn is_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_address_is_relative_where_its_path_is() {
        let relative = |uri: &str| json!({ "uri": uri, "uriBaseId": "%SRCROOT%" });
        assert_eq!(artifact("manifests/exo.yaml"), relative("manifests/exo.yaml"));
        assert_eq!(artifact("./manifests/a b#1%.yaml"), relative("manifests/a%20b%231%25.yaml"));
        assert_eq!(artifact("manifests\\ä.yaml"), relative("manifests/%C3%A4.yaml"));
        assert_eq!(artifact("odd:name.yaml"), relative("odd%3Aname.yaml"));
        assert_eq!(artifact("/srv/exo.yaml"), json!({ "uri": "file:///srv/exo.yaml" }));
        assert_eq!(artifact("C:\\estate\\exo.yaml"), json!({ "uri": "file:///C:/estate/exo.yaml" }));
    }
}
