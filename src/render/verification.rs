//! What came of proving applications, as a table for people, as JSON for programs and as JUnit for pipelines. `docs/verify.md` says
//! what each field means.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::model::{Check, Outcome, Tally, Verification, VerifiedApplication};

use super::count;
use super::junit::{Case, Suite, Verdict, document};
use super::paint::Paint;
use super::value::printable;

/// Major version: a reader must know it. Minor version: fields were added.
const FORMAT_VERSION: &str = "1.0";

/// One block for each application, and a line that counts.
pub fn verification_text(verification: &Verification, paint: Paint) -> String {
    let mut out = String::new();
    for application in &verification.applications {
        let VerifiedApplication { handle, display_name, app_id: _, checks } = application;
        let _ = writeln!(out, "{} ({})", paint.bold(&printable(handle)), printable(display_name));
        let names = checks.iter().map(|check| printable(&check.subject.to_string()).chars().count());
        let width = names.max().unwrap_or(0);
        let mut api = None;
        for check in checks {
            if check.api.as_deref() != api {
                api = check.api.as_deref();
                let _ = writeln!(out, "  {}", paint.bold(&printable(api.unwrap_or_default())));
            }
            self::check(&mut out, check, width, paint);
        }
        out.push('\n');
    }
    let _ = writeln!(out, "{}", tally(verification.tally(), paint));
    out
}

fn check(out: &mut String, check: &Check, width: usize, paint: Paint) {
    let Check { api, subject, outcome, notes } = check;
    let indent = if api.is_some() { "    " } else { "  " };
    // The names of both depths end in one column.
    let width = if api.is_some() { width } else { width + 2 };
    let (sign, words, hint) = match outcome {
        Outcome::Passed { evidence } => (paint.green("✓"), evidence.clone(), None),
        Outcome::Failed { cause, hint } => (paint.red("✗"), cause.to_string(), hint.as_ref()),
        Outcome::Waiting { cause, hint } => (paint.yellow("…"), format!("not yet: {cause}"), hint.as_ref()),
        Outcome::Skipped { because } => (paint.dim("–"), because.clone(), None),
    };
    let subject = printable(&subject.to_string());
    let _ = writeln!(out, "{indent}{sign} {subject:<width$}  {}", printable(&words));
    let below = format!("{indent}  {:width$}  ", "");
    for note in notes {
        let _ = writeln!(out, "{below}{}", printable(note));
    }
    if let Some(hint) = hint {
        let _ = writeln!(out, "{below}{} {}", paint.bold("hint:"), printable(hint));
    }
}

fn tally(tally: Tally, paint: Paint) -> String {
    let Tally { passed, failed, waiting, skipped } = tally;
    let verdict = match (failed, waiting) {
        (0, 0) => paint.green("Proven:"),
        (0, _) => paint.yellow("Not proven yet:"),
        (_, _) => paint.red("Not proven:"),
    };
    let mut parts = vec![format!("{} passed", count(i64::try_from(passed).unwrap_or(i64::MAX), "check"))];
    for (number, word) in [(failed, "failed"), (waiting, "not yet"), (skipped, "skipped")] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    format!("{} {}.", paint.bold(&verdict), parts.join(", "))
}

/// One JSON document, ending in a newline.
pub fn verification_json(verification: &Verification) -> String {
    format!("{:#}\n", verification_value(verification))
}

pub(super) fn verification_value(verification: &Verification) -> Json {
    let Verification { tenant_id, organization, applications } = verification;
    let tally = verification.tally();
    json!({
        "formatVersion": FORMAT_VERSION,
        "tenant": { "id": tenant_id, "initialDomain": organization },
        "passed": tally.is_good(),
        "summary": tally,
        "applications": applications.iter().map(application_json).collect::<Vec<_>>(),
    })
}

/// The document where the tenant could not be looked at: `causes` are the error and what it came from, outermost first.
pub fn unverified_json(causes: &[String], hint: Option<&str>) -> String {
    let document = json!({
        "formatVersion": FORMAT_VERSION,
        "passed": false,
        "error": { "text": causes.join(": "), "hint": hint },
        "applications": [],
    });
    format!("{document:#}\n")
}

/// The same as JUnit XML.
pub fn unverified_junit(causes: &[String], hint: Option<&str>) -> String {
    let verdict = Verdict::Broken { message: causes.join(": "), details: hint.unwrap_or_default().to_owned() };
    let case = Case { class: "tenant".to_owned(), name: "reading".to_owned(), verdict };
    document("accredit verify", &[Suite { name: "tenant".to_owned(), cases: vec![case] }])
}

fn application_json(application: &VerifiedApplication) -> Json {
    let VerifiedApplication { handle, display_name, app_id, checks } = application;
    json!({
        "handle": handle,
        "displayName": display_name,
        "appId": app_id,
        "passed": Tally::of(checks).is_good(),
        "checks": checks.iter().map(check_json).collect::<Vec<_>>(),
    })
}

fn check_json(check: &Check) -> Json {
    let Check { api, subject, outcome, notes } = check;
    // A subject is `check`, and `name` where there is more than one of its kind.
    let mut row = json!({ "api": api });
    let mut put = |name: &str, value: Json| row[name] = value;
    if let Ok(Json::Object(subject)) = serde_json::to_value(subject) {
        for (name, value) in subject {
            put(&name, value);
        }
    }
    put("outcome", outcome.as_str().into());
    match outcome {
        Outcome::Passed { evidence } => put("evidence", evidence.as_str().into()),
        Outcome::Failed { cause, hint } | Outcome::Waiting { cause, hint } => {
            let mut value = serde_json::to_value(cause).unwrap_or_default();
            value["text"] = cause.to_string().into();
            put("cause", value);
            put("hint", hint.clone().into());
        }
        Outcome::Skipped { because } => put("because", because.as_str().into()),
    }
    put("notes", notes.clone().into());
    row
}

/// JUnit XML: a suite for each application, a case for each check.
pub fn verification_junit(verification: &Verification) -> String {
    let suite = |application: &VerifiedApplication| {
        let VerifiedApplication { handle, display_name: _, app_id: _, checks } = application;
        Suite { name: handle.clone(), cases: checks.iter().map(|check| case(handle, check)).collect() }
    };
    let suites: Vec<Suite> = verification.applications.iter().map(suite).collect();
    document("accredit verify", &suites)
}

fn case(handle: &str, check: &Check) -> Case {
    let Check { api, subject, outcome, notes } = check;
    let class = api.as_ref().map_or_else(|| handle.to_owned(), |api| format!("{handle}.{api}"));
    let verdict = match outcome {
        Outcome::Passed { evidence } => {
            Verdict::Passed { said: std::iter::once(evidence).chain(notes).cloned().collect() }
        }
        Outcome::Failed { cause, hint } | Outcome::Waiting { cause, hint } => Verdict::Failed {
            kind: outcome.as_str().to_owned(),
            message: cause.to_string(),
            details: hint.clone().unwrap_or_default(),
        },
        Outcome::Skipped { because } => Verdict::Skipped { because: because.clone() },
    };
    Case { class, name: subject.to_string(), verdict }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cause, Subject};

    fn sample() -> Verification {
        let check = |api: Option<&str>, subject, outcome| Check {
            api: api.map(str::to_owned),
            subject,
            outcome,
            notes: Vec::new(),
        };
        let exchange = Some("Office 365 Exchange Online");
        let cause = Cause::TokenRefused {
            status: 401,
            codes: vec![700_027],
            message: "AADSTS700027: <not> \"known\" & \u{1b}[31mred".to_owned(),
        };
        let mut passed = check(exchange, Subject::Token, Outcome::Passed { evidence: "a new one".to_owned() });
        passed.notes.push("a note".to_owned());
        Verification {
            tenant_id: "t".to_owned(),
            organization: "contoso.onmicrosoft.com".to_owned(),
            applications: vec![VerifiedApplication {
                handle: "exo".to_owned(),
                display_name: "EXO".to_owned(),
                app_id: Some("a".to_owned()),
                checks: vec![
                    check(
                        None,
                        Subject::Certificate("main".to_owned()),
                        Outcome::Failed { cause, hint: Some("upload it".to_owned()) },
                    ),
                    passed,
                    check(exchange, Subject::Cmdlets, Outcome::Waiting { cause: Cause::NoCmdlets, hint: None }),
                    check(
                        exchange,
                        Subject::Cmdlet("Get-Mailbox".to_owned()),
                        Outcome::Skipped { because: "no role".to_owned() },
                    ),
                ],
            }],
        }
    }

    #[test]
    fn a_table_reads_well_without_colour() {
        let text = "exo (EXO)
  ✗ certificate main  AADSTS700027: <not> \"known\" & \\u{1b}[31mred (HTTP 401)
                      hint: upload it
  Office 365 Exchange Online
    ✓ token             a new one
                        a note
    … cmdlets           not yet: it may run no cmdlet at all
    – Get-Mailbox       no role

Not proven: 1 check passed, 1 failed, 1 not yet, 1 skipped.
";
        let shown = verification_text(&sample(), Paint::PLAIN);
        let squeezed = |text: &str| {
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
        };
        assert_eq!(squeezed(&shown), squeezed(text), "{shown}");
        let column = |line: &str| shown.lines().find(|shown| shown.contains(line)).and_then(|shown| shown.find(line));
        assert_eq!(column("AADSTS700027"), column("a new one"));
    }

    #[test]
    fn json_keeps_the_cause_typed() {
        let document: Json = serde_json::from_str(&verification_json(&sample())).unwrap();
        assert_eq!(document["passed"], false);
        assert_eq!(document["summary"], json!({ "passed": 1, "failed": 1, "waiting": 1, "skipped": 1 }));
        let checks = &document["applications"][0]["checks"];
        assert_eq!((&checks[0]["check"], &checks[0]["name"]), (&json!("certificate"), &json!("main")));
        assert_eq!(checks[0]["cause"]["kind"], "tokenRefused");
        assert_eq!(checks[0]["cause"]["codes"], json!([700_027]));
        assert_eq!(checks[0]["hint"], "upload it");
        assert_eq!((&checks[1]["check"], checks[1].get("name")), (&json!("token"), None));
        assert_eq!(checks[3]["because"], "no role");
    }

    #[test]
    fn junit_has_nothing_in_it_that_is_no_xml() {
        let xml = verification_junit(&sample());
        assert!(xml.contains("&lt;not&gt; &quot;known&quot; &amp; \\u{1b}[31mred"), "{xml}");
        let error = unverified_junit(&["no <answer>".to_owned()], None);
        assert!(error.contains("<error message=\"no &lt;answer&gt;\">"), "{error}");
        assert!(xml.contains("tests=\"4\" failures=\"2\" errors=\"0\" skipped=\"1\""), "{xml}");
    }
}
