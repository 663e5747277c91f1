//! JUnit XML, for pipelines that show tests: suites of cases, each with what came of it.

use std::fmt::Write as _;

use super::value::printable;

/// Cases that belong together.
pub(super) struct Suite {
    pub(super) name: String,
    pub(super) cases: Vec<Case>,
}

/// One thing that was looked at.
pub(super) struct Case {
    pub(super) class: String,
    pub(super) name: String,
    pub(super) verdict: Verdict,
}

/// What came of it.
pub(super) enum Verdict {
    Passed {
        said: Vec<String>,
    },
    Failed {
        kind: String,
        message: String,
        details: String,
    },
    Skipped {
        because: String,
    },
    /// It could not be looked at.
    Broken {
        message: String,
        details: String,
    },
}

/// The whole document.
pub(super) fn document(name: &str, suites: &[Suite]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all = suites.iter().flat_map(|suite| &suite.cases);
    let _ = writeln!(out, "<testsuites name=\"{}\" {}>", escaped(name), counts(all));
    for Suite { name, cases } in suites {
        let _ = writeln!(out, "  <testsuite name=\"{}\" {}>", escaped(name), counts(cases.iter()));
        for case in cases {
            self::case(&mut out, case);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts<'c>(cases: impl Iterator<Item = &'c Case>) -> String {
    let (mut tests, mut failures, mut errors, mut skipped) = (0, 0, 0, 0);
    for case in cases {
        tests += 1;
        match case.verdict {
            Verdict::Passed { said: _ } => {}
            Verdict::Failed { .. } => failures += 1,
            Verdict::Skipped { because: _ } => skipped += 1,
            Verdict::Broken { .. } => errors += 1,
        }
    }
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
}

fn case(out: &mut String, case: &Case) {
    let Case { class, name, verdict } = case;
    let _ = write!(out, "    <testcase classname=\"{}\" name=\"{}\"", escaped(class), escaped(name));
    let _ = match verdict {
        Verdict::Passed { said } if said.is_empty() => writeln!(out, "/>"),
        Verdict::Passed { said } => {
            let said: Vec<String> = said.iter().map(|line| escaped(line)).collect();
            writeln!(out, "><system-out>{}</system-out></testcase>", said.join("\n"))
        }
        Verdict::Failed { kind, message, details } => {
            let (kind, message, details) = (escaped(kind), escaped(message), escaped_lines(details));
            let failure = format!("<failure type=\"{kind}\" message=\"{message}\">{message}\n{details}</failure>");
            writeln!(out, ">{failure}</testcase>")
        }
        Verdict::Skipped { because } => writeln!(out, "><skipped message=\"{}\"/></testcase>", escaped(because)),
        Verdict::Broken { message, details } => {
            let (message, details) = (escaped(message), escaped_lines(details));
            writeln!(out, "><error message=\"{message}\">{message}\n{details}</error></testcase>")
        }
    };
}

fn escaped_lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

/// Text as XML takes it: it knows no control characters, not even escaped.
pub(super) fn escaped(text: &str) -> String {
    let text = printable(text);
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}
