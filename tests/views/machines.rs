//! What other programs read: SARIF, annotations, code quality, JUnit.

use accredit::render::{github, gitlab, junit, sarif};
use serde_json::{Value as Json, json};

use super::plans::{empty, estate, expected, scenarios, with_findings};

fn parsed(text: &str) -> Json {
    assert!(text.ends_with('\n'));
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_finding_is_a_result_at_its_line_and_with_its_fingerprint() {
    let plan = with_findings();
    let run = &parsed(&sarif(&plan))["runs"][0];
    assert_eq!(run["automationDetails"]["id"], format!("accredit/{}/messaging-team/", plan.tenant));
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for (result, finding) in results.iter().zip(&plan.findings) {
        assert_eq!(result["ruleId"], finding.rule.code());
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(rule[text]["text"].as_str().unwrap().len() > 10, "{rule}");
        }
        assert_eq!(rule["defaultConfiguration"]["level"], result["level"]);
        assert_eq!(result["partialFingerprints"]["accreditFinding/v1"], finding.fingerprint());
    }
    let place = &results[1]["locations"][0]["physicalLocation"];
    let uri = json!({ "uri": "manifests/exo,%20live.yaml", "uriBaseId": "%SRCROOT%" });
    assert_eq!(place["artifactLocation"], uri);
    assert_eq!(place["region"], json!({ "startLine": 4, "startColumn": 3 }));
    // What has no place of its own points at where the estate is named: GitHub takes no result without one.
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "manifests/estate.yaml");
    let severity =
        |code: &str| rules.iter().find(|rule| rule["id"] == code).unwrap()["properties"]["security-severity"].clone();
    assert_eq!((severity("undeclared"), severity("disabled")), (json!("8.0"), Json::Null));
    assert_eq!(parsed(&sarif(&empty()))["runs"][0]["results"], json!([]));
}

#[test]
fn an_annotation_is_one_line_and_the_gravest_comes_first() {
    let shown = github(&with_findings());
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 3, "{shown}");
    assert!(
        lines[0]
            .starts_with("::error file=manifests/exo%2C live.yaml,line=4,col=3,title=On a managed application%2C and")
    );
    assert!(lines[0].contains("::exo/application: client secret `100 %25: a,"), "{}", lines[0]);
    assert!(lines[0].contains(r"\n::add-mask::<x>`") && !lines[0].contains('\u{1b}'), "{}", lines[0]);
    assert!(lines[1].starts_with("::warning file=manifests/estate.yaml,line=2,col=3,"), "{}", lines[1]);
    assert_eq!(lines[2], "::notice title=Accredit contoso.onmicrosoft.com::No changes");
}

#[test]
fn gitlab_knows_a_finding_again() {
    let plan = with_findings();
    let issues = parsed(&gitlab(&plan));
    assert_eq!(issues[0]["fingerprint"], plan.findings[1].fingerprint());
    assert_eq!(issues[0]["severity"], "critical");
    assert_eq!(issues[0]["location"], json!({ "path": "manifests/exo, live.yaml", "lines": { "begin": 4 } }));
    assert_eq!((&issues[1]["check_name"], &issues[1]["severity"]), (&json!("disabled"), &json!("minor")));
    assert_eq!(parsed(&gitlab(&empty())), json!([]));
}

#[test]
fn each_resource_and_each_finding_is_a_case() {
    for scenario in scenarios() {
        let plan = expected(&scenario);
        let xml = junit(&plan);
        let all = plan.steps.len() + plan.unchanged.len() + plan.findings.len();
        assert_eq!(xml.matches("<testcase ").count(), all, "{}", scenario.display());
        let grave = plan.findings.iter().filter(|finding| finding.severity == accredit::model::Severity::Error).count();
        assert_eq!(xml.matches("<failure ").count(), plan.steps.len() + grave, "{}", scenario.display());
    }
    let xml = junit(&with_findings());
    assert!(
        xml.contains("classname=\"exo\" name=\"undeclared exo/application 11111111-2222-3333-8444-555555555555\""),
        "{xml}"
    );
    assert!(xml.contains("<system-out>exo/application: it is disabled; this plan leaves it</system-out>"), "{xml}");
    assert!(xml.contains("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\""), "{xml}");
    assert!(!xml.contains('\u{1b}') && !xml.contains("<x>"), "{xml}");
    assert!(
        junit(&estate(1))
            .contains("<failure type=\"create\" message=\"app-0000/application will be created: it is declared")
    );
}
