//! Findings as annotations of GitHub Actions, which show beside the lines of a pull request:
//! <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>.

use std::fmt::Write as _;

use crate::model::{Finding, Plan, Severity};

use super::rules::{explanation, sentence};
use super::value::printable;
use super::{open, relative, title};

/// One command a line, the gravest first: GitHub shows ten errors, ten warnings and ten notices of a step.
pub fn github(plan: &Plan) -> String {
    let mut out = String::new();
    for finding in open(plan) {
        let Finding { rule, severity, address: _, subject: _, message: _, removed: _, place, circumstances: _ } =
            finding;
        let command = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = place.as_ref().or(plan.place.as_ref()).map_or_else(String::new, |place| {
            format!("file={},line={},col={},", property(&relative(&place.file)), place.line, place.column)
        });
        let title = property(explanation(*rule).title);
        let _ = writeln!(out, "::{command} {place}title={title}::{}", data(&sentence(plan, finding)));
    }
    let heading = property(&format!("Accredit {}", plan.organization));
    let _ = writeln!(out, "::notice title={heading}::{}", data(&title(plan)));
    out
}

/// A message. What ends a line would end the command, and the next line could be one of somebody else's making; `printable`
/// leaves none.
fn data(text: &str) -> String {
    printable(text).replace('%', "%25")
}

/// A property, which the first comma or colon would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_begins_a_command_of_its_own() {
        assert_eq!(data("100 %\r\n::add-mask::x"), r"100 %25\r\n::add-mask::x");
        assert_eq!(property("a,b:c\n"), r"a%2Cb%3Ac\n");
    }
}
