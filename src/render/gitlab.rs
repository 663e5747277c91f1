//! Findings as a code quality report of GitLab: <https://docs.gitlab.com/ci/testing/code_quality/>.

use serde_json::{Value as Json, json};

use crate::model::{Finding, Plan, Severity};

use super::rules::sentence;
use super::value::printable;
use super::{open, relative};

/// One JSON array, ending in a newline.
pub fn gitlab(plan: &Plan) -> String {
    let findings: Vec<Json> = open(plan).into_iter().map(|found| issue(found, plan)).collect();
    format!("{:#}\n", Json::Array(findings))
}

fn issue(finding: &Finding, plan: &Plan) -> Json {
    let place = finding.place.as_ref().or(plan.place.as_ref());
    let (path, line) = place.map_or_else(|| (".".to_owned(), 1), |place| (relative(&place.file), place.line));
    json!({
        "description": printable(&sentence(plan, finding)),
        "check_name": finding.rule.code(),
        "fingerprint": finding.fingerprint(),
        "severity": match finding.severity {
            Severity::Error => "critical",
            Severity::Warning => "minor",
        },
        "location": { "path": path, "lines": { "begin": line } },
    })
}
