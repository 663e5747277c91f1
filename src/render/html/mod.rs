//! The plan as one HTML file that needs nothing else and runs nothing: it can be mailed, archived, and read on a phone.
//!
//! Every element is made by `element`, and every text that is not ours goes through `escaped` or `code`.

mod changes;
mod element;
mod timeline;

use std::collections::BTreeMap;

use crate::model::{Finding, FindingClass, Plan, Right, Rights, Severity};

use super::{accepted, because, count, open, risk, rules, shown, title};
use element::{code, element, escaped, section};

/// So many addresses are worth a list; more are folded away.
const FEW: usize = 12;

/// The whole page.
pub fn html(plan: &Plan) -> String {
    let plan = &*shown(plan);
    let title = format!("Accredit: {}", title(plan));
    let body = [
        header(plan),
        warnings(plan),
        findings(plan),
        changes::changes(plan),
        timeline::timeline(plan),
        rights(plan),
        notices(plan),
        unchanged(plan),
        footer(plan),
    ]
    .concat();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{} ({})</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escaped(&title),
        escaped(&plan.organization),
        include_str!("style.css"),
    )
}

fn header(plan: &Plan) -> String {
    let counts = plan.counts();
    let tile = |class: &str, number: usize, word: &str| {
        let number = element("b", "", &number.to_string());
        element("li", class, &format!("{number} {word}"))
    };
    let findings = open(plan);
    let is_grave = findings.iter().any(|finding| finding.severity == Severity::Error);
    let mut tiles = vec![
        tile("add", counts.add, "to add"),
        tile("change", counts.change, "to change"),
        tile("destroy", counts.destroy, "to destroy"),
        tile("", plan.unchanged.len(), "as declared"),
        tile(if is_grave { "destroy" } else { "" }, findings.len(), "findings"),
    ];
    if plan.drift {
        tiles.drain(..3);
    }
    let heading = title(plan);
    let what = format!(
        "Estate {} in {} ({}), reckoned for {}",
        code(&plan.estate),
        code(&plan.organization),
        code(&plan.tenant),
        escaped(&plan.now.strftime("%Y-%m-%d %H:%M UTC").to_string())
    );
    let name = element("p", "brand", "Accredit");
    let inner = [name, element("h1", "", &escaped(&heading)), element("p", "", &what)].concat();
    element("header", "", &(inner + &element("ul", "tiles", &tiles.concat())))
}

/// What must not be missed: what goes, and what gives rights over the tenant.
fn warnings(plan: &Plan) -> String {
    let mut out = String::new();
    let mut deleted: Vec<_> = plan.steps.iter().filter(|step| step.action.is_delete()).collect();
    // With an application goes all that it has.
    deleted.sort_by_key(|step| step.address.kind != "application");
    let rows: Vec<String> = deleted
        .iter()
        .map(|step| format!("{} {}", code(&step.address.to_string()), escaped(&because(&step.reason))))
        .collect();
    out += &warning("This plan destroys", &rows);
    let grants = risk::privileged(plan);
    let rows: Vec<String> = grants.iter().map(|(address, why)| format!("{} {}", code(address), escaped(why))).collect();
    out += &warning("Privileged in this plan", &rows);
    out
}

fn warning(title: &str, rows: &[String]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    section("warning", &format!("{title} ({})", rows.len()), &list(rows))
}

/// A list, of which the end is folded away where it is long.
fn list(rows: &[String]) -> String {
    let items = |rows: &[String]| -> String {
        let items: String = rows.iter().map(|row| element("li", "", row)).collect();
        element("ul", "plain", &items)
    };
    let (first, rest) = rows.split_at(rows.len().min(FEW));
    if rest.is_empty() {
        return items(first);
    }
    let summary = element("summary", "", &format!("{} more", rest.len()));
    items(first) + &element("details", "", &(summary + &items(rest)))
}

fn findings(plan: &Plan) -> String {
    let mut classes: BTreeMap<FindingClass, Vec<&Finding>> = BTreeMap::new();
    for finding in open(plan) {
        classes.entry(finding.rule.class()).or_default().push(finding);
    }
    let of_class = |(class, findings): (&FindingClass, &Vec<&Finding>)| {
        let rows: Vec<String> = findings.iter().map(|finding| self::finding(plan, finding)).collect();
        section("findings", &format!("{} ({})", rules::heading(*class, findings), rows.len()), &list(&rows))
    };
    let accepted = accepted(plan).map(|accepted| element("p", "", &format!("Beside these {accepted}.")));
    classes.iter().map(of_class).chain(accepted).collect()
}

fn finding(plan: &Plan, finding: &Finding) -> String {
    let (class, word) = match finding.severity {
        Severity::Error => ("badge destroy", "error"),
        Severity::Warning => ("badge change", "warning"),
    };
    let badge = element("span", class, word);
    let fate = rules::fate(plan, finding).map(|fate| format!("; {fate}")).unwrap_or_default();
    let place = finding.place.as_ref().map(|place| element("small", "", &escaped(&place.to_string())));
    format!(
        "{badge} {} {}{} {}",
        code(&finding.address.to_string()),
        escaped(&finding.message),
        escaped(&fate),
        place.unwrap_or_default()
    )
}

fn rights(plan: &Plan) -> String {
    let Some(Rights { needed, known, missing, exchange, surplus }) = &plan.rights else { return String::new() };
    let mut out = String::new();
    let right = |right: &Right| {
        let role = right.role.as_ref().map(|role| format!(" or the role {}", code(role))).unwrap_or_default();
        code(&right.permission) + &role
    };
    let mut lacking: Vec<String> = missing
        .iter()
        .map(|missing| {
            let steps = count(i64::try_from(missing.steps.len()).unwrap_or(i64::MAX), "step");
            let doubt = if missing.certain { "" } else { ", unless it owns what is written" };
            format!("{}, for {steps}{doubt}", right(&missing.right))
        })
        .collect();
    let cmdlets = exchange.iter().flat_map(|exchange| &exchange.missing);
    lacking.extend(cmdlets.map(|cmdlet| format!("Exchange does not let it run {}", code(cmdlet))));
    if !lacking.is_empty() {
        out += &element("h3", "destroy", "The operator lacks");
        out += &list(&lacking);
    }
    if !known {
        out += &element("p", "", "What the operator has is not known: its token cannot be read.");
    }
    out += &element("h3", "", "The least that it takes");
    out += &list(&needed.iter().map(right).collect::<Vec<_>>());
    let surplus: Vec<String> = surplus.iter().map(|name| code(name)).collect();
    if !surplus.is_empty() {
        out += &element("h3", "", "The operator has and these manifests do not need");
        out += &list(&surplus);
    }
    section("rights", "Rights of the operator", &out)
}

fn notices(plan: &Plan) -> String {
    if plan.notices.is_empty() {
        return String::new();
    }
    let rows: Vec<String> = plan.notices.iter().map(|notice| escaped(notice)).collect();
    section("notices", "To know", &list(&rows))
}

fn unchanged(plan: &Plan) -> String {
    if plan.unchanged.is_empty() {
        return String::new();
    }
    let rows: String = plan.unchanged.iter().map(|address| element("li", "", &code(&address.to_string()))).collect();
    let summary = element("summary", "", "Show them");
    let folded = element("details", "", &(summary + &element("ul", "plain", &rows)));
    section("unchanged", &format!("As declared ({})", plan.unchanged.len()), &folded)
}

fn footer(plan: &Plan) -> String {
    let said = format!(
        "Made by Accredit {} for the instant {}. It holds no secret, and names and roles of the tenant.",
        env!("CARGO_PKG_VERSION"),
        escaped(&plan.now.to_string())
    );
    element("footer", "", &said)
}
