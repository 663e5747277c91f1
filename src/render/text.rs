//! The plan as text, as Terraform's users know it: findings first, one block a resource, changed fields only, one line
//! that counts.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use crate::model::{Action, FieldChange, Finding, FindingClass, Plan, Severity, Step, Value};

use super::paint::Paint;
use super::value::{inline, origin, printable};
use super::{because, count, counted, headline, rotation, rules, symbol};

/// The whole plan.
pub fn text(plan: &Plan, paint: Paint) -> String {
    let mut out = String::new();
    findings(&mut out, plan, paint);
    rotations(&mut out, plan, paint);
    for notice in &plan.notices {
        let _ = writeln!(out, "{} {}\n", paint.bold("Note:"), printable(notice));
    }
    if plan.is_empty() {
        let _ = writeln!(
            out,
            "{} {} as declared ({} compared).",
            paint.bold(&paint.green("No changes.")),
            if plan.unchanged.is_empty() {
                "Nothing is declared, and nothing is there, so all is".to_owned()
            } else {
                format!("{} is", plan.organization)
            },
            count(i64::try_from(plan.unchanged.len()).unwrap_or(i64::MAX), "resource")
        );
        return out;
    }
    let _ = writeln!(out, "Accredit will do the following in {} ({}):", plan.organization, plan.tenant);
    legend(&mut out, plan, paint);
    for step in &plan.steps {
        out.push('\n');
        block(&mut out, step, paint);
    }
    rights(&mut out, plan, paint);
    let _ = writeln!(out, "\n{}", paint.bold(&summary(plan)));
    out
}

/// Between the steps and the line that counts them: it is about the whole plan, and is not to be missed.
fn rights(out: &mut String, plan: &Plan, paint: Paint) {
    let lines: Vec<String> = plan.rights.iter().flat_map(super::rights::missing).collect();
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}\n", paint.bold(&paint.red("The operator lacks rights that this plan needs:")));
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
}

/// `Plan: 6 to add, 0 to change, 0 to destroy.`
pub fn summary(plan: &Plan) -> String {
    counted(plan.counts())
}

fn findings(out: &mut String, plan: &Plan, paint: Paint) {
    let of = |class: FindingClass| {
        let findings: Vec<&Finding> = plan.findings.iter().filter(|finding| finding.rule.class() == class).collect();
        (!findings.is_empty()).then_some((class, findings))
    };
    for (class, findings) in FindingClass::ALL.into_iter().filter_map(of) {
        let heading = rules::heading(class, &findings);
        let (first, rest) = heading.split_at(1);
        let _ = writeln!(out, "{}\n", paint.bold(&format!("Note: {}{rest}", first.to_lowercase())));
        for finding in findings {
            let (mark, message) = match finding.severity {
                Severity::Error => (paint.red("!"), printable(&finding.message)),
                Severity::Warning => (paint.yellow("!"), printable(&finding.message)),
            };
            let fate = rules::fate(plan, finding).map(|fate| format!("; {fate}")).unwrap_or_default();
            // A policy is about what somebody wrote.
            let place = finding.place.as_ref().filter(|_| class == FindingClass::Policy);
            let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
            let _ = writeln!(out, "  {mark} {}: {message}{fate}{place}", printable(&finding.address.to_string()));
        }
        out.push('\n');
    }
}

fn rotations(out: &mut String, plan: &Plan, paint: Paint) {
    if plan.rotations.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}\n", paint.bold("Note: certificates on their way"));
    for one in &plan.rotations {
        let _ = writeln!(out, "  {}", printable(&one.address.to_string()));
        for line in rotation(one, paint) {
            let _ = writeln!(out, "    {line}");
        }
    }
    out.push('\n');
}

fn legend(out: &mut String, plan: &Plan, paint: Paint) {
    let lines = [
        ("+", "create"),
        ("~", "update in-place"),
        ("+/-", "create replacement; the old one goes when its overlap has passed"),
        ("<=", "sign in, which changes nothing"),
        ("-", "destroy"),
    ];
    for (sign, meaning) in lines {
        if plan.steps.iter().any(|step| symbol(&step.action) == sign) {
            let _ = writeln!(out, "{:>1$}{2} {meaning}", "", 5 - sign.len(), paint.symbol(sign));
        }
    }
}

/// One step with its fields.
pub(super) fn block(out: &mut String, step: &Step, paint: Paint) {
    let _ = writeln!(out, "  {} {}", paint.dim("#"), paint.bold(&printable(&headline(step))));
    let _ = writeln!(out, "  {}", paint.dim(&format!("# ({})", because(&step.reason))));
    if let Some(risk) = super::risk::risk(step) {
        let _ = writeln!(out, "  {}", paint.red(&format!("# ({})", printable(&risk))));
    }
    if step.removes_operator {
        let _ = writeln!(out, "  {}", paint.red(&format!("# ({})", super::risk::REMOVES_OPERATOR)));
    }
    for note in &step.notes {
        let _ = writeln!(out, "  {}", paint.dim(&format!("# ({})", printable(note))));
    }
    let sign = symbol(&step.action);
    let name =
        if step.address.name.is_empty() { String::new() } else { format!(" \"{}\"", printable(&step.address.name)) };
    let _ = writeln!(out, "{:>1$}{2} {3}{name} {{", "", 3 - sign.len(), paint.symbol(sign), step.address.kind);
    match &step.action {
        Action::Create { after } => whole(out, step, after, "+", paint),
        Action::Prove { after } => whole(out, step, after, " ", paint),
        Action::Delete { id: _, before } => whole(out, step, before, "-", paint),
        Action::Update { id: _, changes, after } | Action::Renew { id: _, changes, after } => {
            let width = changes.iter().map(|change| change.path.len()).max().unwrap_or(0);
            for change in changes {
                changed(out, step, change, width, paint);
            }
            let hidden = after.len().saturating_sub(changes.len());
            if hidden > 0 {
                let fields = count(i64::try_from(hidden).unwrap_or(i64::MAX), "unchanged field");
                let _ = writeln!(out, "        {}", paint.dim(&format!("# ({fields} hidden)")));
            }
        }
    }
    out.push_str("    }\n");
}

fn has_lines(value: &Value) -> bool {
    matches!(value, Value::Text(text) if text.contains('\n'))
}

/// Two texts line by line, and the end of the block that they stand in.
fn lines(out: &mut String, before: &str, after: &str, paint: Paint) {
    for line in TextDiff::from_lines(before, after).iter_all_changes() {
        let sign = match line.tag() {
            ChangeTag::Delete => paint.symbol("-"),
            ChangeTag::Insert => paint.symbol("+"),
            ChangeTag::Equal => " ".to_owned(),
        };
        let _ = writeln!(out, "          {sign} {}", printable(line.value().trim_end_matches(['\r', '\n'])));
    }
    out.push_str("        TEXT\n");
}

/// Every field of something that comes or goes.
fn whole(out: &mut String, step: &Step, fields: &crate::model::Fields, sign: &str, paint: Paint) {
    let comes = sign == "+";
    let sign = paint.symbol(sign);
    let width = fields.keys().map(String::len).max().unwrap_or(0);
    for (name, value) in fields {
        if let Value::Set(values) = value
            && values.len() > 1
        {
            let _ = writeln!(out, "      {sign} {name:width$} = [");
            for value in values {
                let _ = writeln!(out, "          {sign} {},{}", inline(value), comment(value, step, paint));
            }
            out.push_str("        ]\n");
        } else if has_lines(value) {
            let _ = writeln!(out, "      {sign} {name:width$} = <<TEXT");
            let text = value.id().unwrap_or_default();
            let (before, after) = if comes { ("", text) } else { (text, "") };
            lines(out, before, after, paint);
        } else {
            let shown = value.members().next().unwrap_or(value);
            let _ = writeln!(out, "      {sign} {name:width$} = {}{}", inline(value), comment(shown, step, paint));
        }
    }
}

fn comment(value: &Value, step: &Step, paint: Paint) -> String {
    let origin = origin(value, &step.address);
    origin.map_or_else(String::new, |origin| paint.dim(&format!(" # {}", printable(&origin))))
}

fn changed(out: &mut String, step: &Step, change: &FieldChange, width: usize, paint: Paint) {
    let FieldChange { path, before, after, forces_replacement } = change;
    let sign = paint.symbol("~");
    let forces = if *forces_replacement { paint.red(" # forces replacement") } else { String::new() };
    match (before, after) {
        (Value::Set(before), Value::Set(after)) => {
            let _ = writeln!(out, "      {sign} {path:width$} = [{forces}");
            for value in before.difference(after) {
                let _ = writeln!(out, "          {} {},", paint.symbol("-"), inline(value));
            }
            for value in after.difference(before) {
                let comment = comment(value, step, paint);
                let _ = writeln!(out, "          {} {},{comment}", paint.symbol("+"), inline(value));
            }
            let same: BTreeSet<&Value> = before.intersection(after).collect();
            if !same.is_empty() {
                let elements = count(i64::try_from(same.len()).unwrap_or(i64::MAX), "unchanged element");
                let _ = writeln!(out, "            {}", paint.dim(&format!("# ({elements} hidden)")));
            }
            out.push_str("        ]\n");
        }
        (before, after) if has_lines(before) || has_lines(after) => {
            let _ = writeln!(out, "      {sign} {path:width$} = <<TEXT{forces}");
            lines(out, before.id().unwrap_or_default(), after.id().unwrap_or_default(), paint);
        }
        (before, after) => {
            let comment = comment(after, step, paint);
            let _ =
                writeln!(out, "      {sign} {path:width$} = {} -> {}{comment}{forces}", inline(before), inline(after));
        }
    }
}
