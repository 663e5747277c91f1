//! The plan as markdown, for a pull request: counts in the title, deletions before all, the whole plan folded away.

use std::fmt::Write as _;

use crate::model::{FindingClass, Plan, Severity, Step};

use super::paint::Paint;
use super::value::printable;
use super::{because, rotation, symbol, text};

pub fn markdown(plan: &Plan) -> String {
    let mut out = String::new();
    let counts = plan.counts();
    let title = if plan.is_empty() {
        "No changes".to_owned()
    } else {
        format!("{} to add, {} to change, {} to destroy", counts.add, counts.change, counts.destroy)
    };
    let _ = writeln!(out, "## Accredit: {title}\n\nTenant `{}`, estate `{}`", plan.organization, plan.estate);
    let deleted: Vec<&Step> = plan.steps.iter().filter(|step| step.action.is_delete()).collect();
    if !deleted.is_empty() {
        out.push_str("\n> [!CAUTION]\n> This plan destroys:\n");
        for step in deleted {
            let _ = writeln!(out, "> - `{}` ({})", code(&step.address.to_string()), because(&step.reason));
        }
    }
    privileged(&mut out, plan);
    let drift = || plan.findings.iter().filter(|finding| finding.rule.class() == FindingClass::Drift);
    if drift().next().is_some() {
        out.push_str("\n> [!WARNING]\n> Found in the tenant and declared in no manifest:\n");
        for finding in drift() {
            let fate = if finding.removed { "removed by this plan" } else { "left by this plan" };
            let _ =
                writeln!(out, "> - `{}`: {} ({fate})", code(&finding.address.to_string()), escaped(&finding.message));
        }
    }
    let missing: Vec<String> = plan.rights.iter().flat_map(super::rights::missing).collect();
    if !missing.is_empty() {
        let _ = writeln!(out, "\n> [!WARNING]\n> The operator lacks rights that this plan needs.\n\n```text");
        for line in missing {
            let _ = writeln!(out, "{}", line.replace('`', "'"));
        }
        out.push_str("```\n");
    }
    for notice in &plan.notices {
        let _ = writeln!(out, "\n> [!NOTE]\n> {}", escaped(notice));
    }
    for one in &plan.rotations {
        let _ = writeln!(out, "\n**`{}`** is on its way:\n\n```text", code(&one.address.to_string()));
        for line in rotation(one, Paint::PLAIN) {
            let _ = writeln!(out, "{}", line.replace('`', "'"));
        }
        out.push_str("```\n");
    }
    if plan.is_empty() {
        return out;
    }
    out.push_str("\n| | resource | why |\n|---|---|---|\n");
    for step in &plan.steps {
        let _ = writeln!(
            out,
            "| `{}` | `{}` | {} |",
            symbol(&step.action),
            code(&step.address.to_string()).replace('|', "\\|"),
            because(&step.reason)
        );
    }
    let shown = text(plan, Paint::PLAIN);
    // A fence longer than any in the text, whatever a description may hold.
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    let _ = writeln!(
        out,
        "\n<details><summary>Full plan</summary>\n\n{fence}diff\n{}{fence}\n\n</details>",
        diff_lines(&shown)
    );
    out
}

/// Grants that somebody could do harm with, and what policies have to say.
fn privileged(out: &mut String, plan: &Plan) {
    let (grants, policies) = (super::risk::privileged(plan), super::risk::out_of_line(plan));
    if !grants.is_empty() {
        out.push_str("\n> [!CAUTION]\n> Privileged in this plan:\n");
    }
    for (address, risk) in grants {
        let _ = writeln!(out, "> - `{}`: {}", code(&address), escaped(&risk));
    }
    if !policies.is_empty() {
        out.push_str("\n> [!WARNING]\n> Not in line with a policy:\n");
    }
    for (severity, address, message) in policies {
        let denied = if severity == Severity::Error { "**denied** " } else { "" };
        let _ = writeln!(out, "> - {denied}`{}`: {}", code(&address), escaped(&message));
    }
}

/// The plan with the signs at the beginning of the lines, where a diff's colours look for them.
fn diff_lines(shown: &str) -> String {
    let mut out = String::new();
    // The legend before the first block has signs too.
    let (mut after_notes, mut in_blocks) = (false, false);
    for line in shown.lines() {
        after_notes |= line.starts_with("Accredit will do");
        in_blocks |= after_notes && line.is_empty();
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let sign = ["+/- ", "+ ", "- ", "~ "].into_iter().find(|sign| trimmed.starts_with(sign));
        match sign {
            Some(sign) if indent > 0 && in_blocks => {
                let mark = if sign == "~ " { "!" } else { &sign[..1] };
                // A sign of one character moves to the front; a longer one is also kept where it is.
                let rest = if sign.len() == 2 { format!(" {}", &trimmed[1..]) } else { trimmed.to_owned() };
                let _ = writeln!(out, "{mark}{}{rest}", " ".repeat(indent - 1));
            }
            Some(_) | None => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}

fn code(text: &str) -> String {
    printable(text).replace('`', "'")
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in printable(text).chars() {
        if matches!(c, '<' | '>' | '|' | '*' | '_' | '[' | ']' | '\\' | '@') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
