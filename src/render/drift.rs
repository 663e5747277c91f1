//! What is not as the manifests say, for people: the worst application first, each finding with what to do next.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::{Circumstances, FieldChange, Finding, FindingClass, Place, Plan, Severity, Value};

use super::count;
use super::paint::Paint;
use super::value::{inline, printable};

/// The findings of a plan, and one line that counts them.
pub fn drift_text(plan: &Plan, paint: Paint) -> String {
    let mut out = String::new();
    let as_of = plan.now.strftime("%Y-%m-%d %H:%M UTC");
    let _ = writeln!(
        out,
        "{} of the estate `{}` in {} ({}), as of {as_of}",
        paint.bold("Drift"),
        printable(&plan.estate),
        printable(&plan.organization),
        plan.tenant
    );
    let is_inventory = |finding: &&Finding| finding.rule.class() == FindingClass::Inventory;
    let (accepted, open): (Vec<&Finding>, Vec<&Finding>) =
        plan.findings.iter().partition(|finding| finding.circumstances.accepted.is_some());
    let (inventory, open): (Vec<&Finding>, Vec<&Finding>) = open.into_iter().partition(is_inventory);
    for (holder, findings) in by_holder(&open) {
        let place = findings.iter().find_map(|finding| finding.place.as_ref());
        let file = place.map_or_else(String::new, |place| paint.dim(&format!(" ({})", printable(&place.file))));
        let _ = writeln!(out, "\n{}{file}", paint.bold(&printable(holder)));
        for finding in findings {
            block(&mut out, finding, paint);
        }
    }
    if !inventory.is_empty() {
        let _ = writeln!(out, "\n{}", paint.bold("In no manifest"));
        for finding in inventory {
            let holder = printable(&finding.address.holder);
            let _ = writeln!(out, "  {} {holder} {}", paint.dim("-"), printable(&finding.message));
        }
    }
    if !accepted.is_empty() {
        let _ = writeln!(out, "\n{}", paint.bold("Accepted by the baseline"));
        for finding in &accepted {
            let terms = finding.circumstances.accepted.as_ref();
            let terms = terms.map_or_else(String::new, |terms| {
                format!("by {} until {}: {}", terms.owner, terms.expires, terms.reason)
            });
            let text = format!("{} {}, {terms}", finding.address, finding.rule.code());
            let _ = writeln!(out, "  {} {}", paint.dim("-"), paint.dim(&printable(&text)));
        }
    }
    for notice in &plan.notices {
        let _ = writeln!(out, "\n{} {}", paint.bold("Note:"), printable(notice));
    }
    let _ = writeln!(out, "\n{}", summary(plan, paint));
    out
}

/// Applications, the worst first.
fn by_holder<'a>(findings: &[&'a Finding]) -> Vec<(&'a str, Vec<&'a Finding>)> {
    let mut groups: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        groups.entry(&finding.address.holder).or_default().push(finding);
    }
    let mut groups: Vec<(&str, Vec<&Finding>)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, findings)| {
        Reverse(findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Warning))
    });
    groups
}

fn block(out: &mut String, finding: &Finding, paint: Paint) {
    let Finding { rule, severity, address, message, circumstances, place, subject: _, removed: _ } = finding;
    let Circumstances { change, since, could_have, remedy, until: _, accepted: _ } = circumstances;
    let mark = match severity {
        Severity::Error => paint.red("!"),
        Severity::Warning => paint.yellow("~"),
    };
    let name = if address.name.is_empty() { String::new() } else { format!("/{}", address.name) };
    let what = printable(&format!("{}{name}", address.kind));
    let _ = writeln!(out, "  {mark} {} {what}: {}", paint.bold(rule.code()), printable(message));
    if let Some(FieldChange { path: _, before, after, forces_replacement: _ }) = change
        && [before, after].iter().any(|value| is_long(value))
    {
        let _ = writeln!(out, "      {} {}", paint.dim("found:   "), inline(before));
        let _ = writeln!(out, "      {} {}", paint.dim("declared:"), inline(after));
    }
    let since = since.map(|since| format!("there since {}", since.strftime("%Y-%m-%d")));
    // Who could have done what harms nobody is asked by nobody.
    let is_asked = *severity == Severity::Error && !could_have.is_empty();
    let hands = is_asked.then(|| format!("could have been {}", printable(&could_have.join("; "))));
    let known: Vec<String> = since.into_iter().chain(hands).collect();
    if !known.is_empty() {
        let _ = writeln!(out, "      {}", paint.dim(&known.join("; ")));
    }
    let at = place
        .as_ref()
        .map_or_else(String::new, |Place { file, line, .. }| paint.dim(&format!(" ({}:{line})", printable(file))));
    let _ = writeln!(out, "      {} {}{at}", paint.bold("->"), printable(remedy));
}

/// More than the message shows of it.
fn is_long(value: &Value) -> bool {
    inline(value).chars().count() > 100
}

/// How many findings are open, and how many accepted, as a title.
pub(super) fn counted(plan: &Plan) -> String {
    let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let is_open = |finding: &&Finding| {
        finding.circumstances.accepted.is_none() && finding.rule.class() != FindingClass::Inventory
    };
    let open: Vec<&Finding> = plan.findings.iter().filter(is_open).collect();
    let accepted = plan.findings.iter().filter(|finding| finding.circumstances.accepted.is_some()).count();
    let accepted = if accepted == 0 { String::new() } else { format!("; {accepted} accepted") };
    if open.is_empty() {
        return format!("In line. {} as declared{accepted}", count(number(plan.unchanged.len()), "resource"));
    }
    let of = |severity: Severity| number(open.iter().filter(|finding| finding.severity == severity).count());
    format!(
        "Drift: {}, {} on {}{accepted}",
        count(of(Severity::Error), "error"),
        count(of(Severity::Warning), "warning"),
        count(number(by_holder(&open).len()), "application")
    )
}

fn summary(plan: &Plan, paint: Paint) -> String {
    let counted = counted(plan) + ".";
    match counted.strip_prefix("In line.") {
        Some(rest) => paint.bold(&paint.green("In line.")) + rest,
        None => paint.bold(&counted),
    }
}
