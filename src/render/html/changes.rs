//! What the plan does, one folded block for each application, and in it one for each resource.

use std::collections::BTreeMap;

use similar::{ChangeTag, TextDiff};

use crate::model::{Action, Counts, FieldChange, Fields, Plan, Step, Value};

use super::super::value::{inline, origin};
use super::super::{because, count, headline, symbol};
use super::element::{code, element, escaped, section};

/// A plan with no more steps than this is shown unfolded.
const FEW: usize = 10;

pub(super) fn changes(plan: &Plan) -> String {
    if plan.is_empty() {
        let compared = count(i64::try_from(plan.unchanged.len()).unwrap_or(i64::MAX), "resource");
        let said = format!("Everything is as declared ({compared} compared).");
        return section("changes", "Changes", &element("p", "", &said));
    }
    let mut holders: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for step in &plan.steps {
        holders.entry(&step.address.holder).or_default().push(step);
    }
    let open = plan.steps.len() <= FEW;
    let blocks: String = holders.into_iter().map(|(holder, steps)| self::holder(holder, &steps, open)).collect();
    section("changes", "Changes", &blocks)
}

fn holder(holder: &str, steps: &[&Step], open: bool) -> String {
    let Counts { add, change, destroy } = Counts::of(steps.iter().copied());
    let badges: String = [("add", add, "+"), ("change", change, "~"), ("destroy", destroy, "-")]
        .into_iter()
        .filter(|(_, number, _)| *number > 0)
        .map(|(class, number, sign)| element("span", &format!("badge {class}"), &format!("{sign}{number}")))
        .collect();
    let summary = element("summary", "", &format!("{} {badges}", element("b", "", &escaped(holder))));
    let steps: String = steps.iter().map(|step| self::step(step)).collect();
    let open = if open { " open" } else { "" };
    format!("<details class=\"holder\"{open}>{summary}{steps}</details>\n")
}

fn step(step: &Step) -> String {
    let class = match &step.action {
        Action::Create { .. } | Action::Renew { .. } => "add",
        Action::Update { .. } => "change",
        Action::Prove { .. } => "",
        Action::Delete { .. } => "destroy",
    };
    let sign = element("span", &format!("sign {class}"), &escaped(symbol(&step.action)));
    let head = element("h3", "", &format!("{sign} {}", escaped(&headline(step))));
    let mut why = element("p", "why", &escaped(&because(&step.reason)));
    for note in &step.notes {
        why += &element("p", "why", &escaped(note));
    }
    let rows = match &step.action {
        Action::Create { after } => whole(step, after, "ins"),
        Action::Prove { after } => whole(step, after, "span"),
        Action::Delete { id: _, before } => whole(step, before, "del"),
        Action::Update { id: _, changes, after } | Action::Renew { id: _, changes, after } => {
            let mut rows: String = changes.iter().map(|change| changed(step, change)).collect();
            let hidden = after.len().saturating_sub(changes.len());
            if hidden > 0 {
                let same = count(i64::try_from(hidden).unwrap_or(i64::MAX), "unchanged field");
                rows += &element("dt", "why", &escaped(&same));
            }
            rows
        }
    };
    element("article", class, &(head + &why + &element("dl", "", &rows)))
}

fn row(path: &str, value: &str) -> String {
    element("dt", "", &code(path)) + &element("dd", "", value)
}

/// Every field of something that comes or goes, each value in this element.
fn whole(step: &Step, fields: &Fields, name: &str) -> String {
    let of = |value: &Value| element(name, "", &shown(value, step));
    let field = |(path, value): (&String, &Value)| match value {
        Value::Set(values) if !values.is_empty() => row(path, &values.iter().map(of).collect::<String>()),
        Value::Text(text) if text.contains('\n') => {
            row(path, &element("pre", "", element(name, "", &lines_of(text)).trim_end()))
        }
        Value::Null
        | Value::Text(_)
        | Value::Set(_)
        | Value::Output { output: _ }
        | Value::Named(_)
        | Value::Sensitive { sensitive: _ } => row(path, &of(value)),
    };
    fields.iter().map(field).collect()
}

fn changed(step: &Step, change: &FieldChange) -> String {
    let FieldChange { path, before, after, forces_replacement } = change;
    let gone = |value: &Value| element("del", "", &shown(value, step));
    let come = |value: &Value| element("ins", "", &shown(value, step));
    let mut values = match (before, after) {
        (Value::Set(before), Value::Set(after)) => {
            let mut members: String = before.difference(after).map(gone).collect();
            members.extend(after.difference(before).map(come));
            let same = before.intersection(after).count();
            if same > 0 {
                let same = count(i64::try_from(same).unwrap_or(i64::MAX), "unchanged element");
                members += &element("span", "why", &escaped(&same));
            }
            members
        }
        (before, after) if has_lines(before) || has_lines(after) => {
            lines(before.id().unwrap_or_default(), after.id().unwrap_or_default())
        }
        (before, after) => gone(before) + &come(after),
    };
    if *forces_replacement {
        values += &element("span", "why", "forces replacement");
    }
    row(path, &values)
}

fn has_lines(value: &Value) -> bool {
    matches!(value, Value::Text(text) if text.contains('\n'))
}

fn lines(before: &str, after: &str) -> String {
    let mut out = String::new();
    for line in TextDiff::from_lines(before, after).iter_all_changes() {
        let name = match line.tag() {
            ChangeTag::Delete => "del",
            ChangeTag::Insert => "ins",
            ChangeTag::Equal => "span",
        };
        // Each is a line of its own by its style; a line end beside it would be one more.
        out += element(name, "", &escaped(line.value().trim_end_matches(['\r', '\n']))).trim_end();
    }
    element("pre", "", &out)
}

fn lines_of(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("\n")
}

fn shown(value: &Value, step: &Step) -> String {
    let origin = origin(value, &step.address).map(|origin| element("small", "", &escaped(&format!("from {origin}"))));
    format!("{}{}", escaped(&inline(value)), origin.unwrap_or_default())
}
