//! What the operator lacks for a plan, and how it is granted.

use std::collections::BTreeSet;

use crate::model::{Address, ExchangeRights, MissingRight, Rights};

use super::value::printable;

/// How many steps are named for each right: addresses are long.
const NAMED: usize = 1;

/// A table of what is missing, one row for each right, and how to grant it; empty where nothing is.
pub(super) fn missing(rights: &Rights) -> Vec<String> {
    let mut lines = of_graph(rights);
    let exchange = of_exchange(rights);
    if !lines.is_empty() && !exchange.is_empty() {
        lines.push(String::new());
    }
    lines.extend(exchange);
    lines
}

/// What Exchange's admin endpoint would refuse.
fn of_exchange(rights: &Rights) -> Vec<String> {
    let Some(ExchangeRights { cmdlets: _, missing, steps }) = &rights.exchange else { return Vec::new() };
    if missing.is_empty() {
        return Vec::new();
    }
    let named: Vec<String> = missing.iter().map(|cmdlet| printable(cmdlet)).collect();
    vec![
        format!("  Exchange does not let it run {}, needed for {}.", named.join(", "), shown_steps(steps)),
        format!(
            "  The directory role {} holds them, and the role group Organization Management; a new sign-in has them.",
            ExchangeRights::LEAST_ROLE
        ),
    ]
}

fn of_graph(rights: &Rights) -> Vec<String> {
    if rights.missing.is_empty() {
        return Vec::new();
    }
    let heading = ["permission of Microsoft Graph", "or directory role", "needed for"].map(str::to_owned);
    let rows: Vec<[String; 3]> = std::iter::once(heading).chain(rights.missing.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let mut lines: Vec<String> = rows
        .iter()
        .map(|[permission, role, steps]| format!("  {permission:first$}  {role:second$}  {steps}"))
        .collect();
    lines.push(String::new());
    let names: Vec<&str> = rights.missing.iter().map(|missing| missing.right.permission.as_str()).collect();
    lines.extend([
        "  A Privileged Role Administrator or Global Administrator grants them: the permission to an application, the role to"
            .to_owned(),
        "  a user. Where the operator is declared in a manifest, it is this permission there, applied by somebody who may:"
            .to_owned(),
        String::new(),
        format!("    {{ api: Microsoft Graph, application: [{}] }}", names.join(", ")),
    ]);
    if names.contains(&"Application.ReadWrite.All") {
        lines.push(String::new());
        lines.push(
            "  Or make the operator an owner of these applications: with `Application.ReadWrite.OwnedBy` that is enough."
                .to_owned(),
        );
    }
    if rights.missing.iter().any(|missing| !missing.certain) {
        lines.push(String::new());
        lines.push(
            "  (?) A user who owns what is written, or has the role for that part of the tenant, needs it not."
                .to_owned(),
        );
    }
    lines
}

fn row(missing: &MissingRight) -> [String; 3] {
    let MissingRight { right, steps, certain } = missing;
    let doubt = if *certain { "" } else { " (?)" };
    [format!("{}{doubt}", right.permission), right.role.clone().unwrap_or_else(|| "-".to_owned()), shown_steps(steps)]
}

fn shown_steps(steps: &BTreeSet<Address>) -> String {
    let named: Vec<String> = steps.iter().take(NAMED).map(|address| printable(&address.to_string())).collect();
    let shown = named.join(", ");
    if steps.len() > NAMED { format!("{shown} and {} more", steps.len() - NAMED) } else { shown }
}

#[cfg(test)]
mod tests {
    use crate::model::Right;

    use super::*;

    fn lacking(permission: &str, role: Option<&str>, steps: &[&str], certain: bool) -> MissingRight {
        let right = Right { permission: permission.to_owned(), role: role.map(str::to_owned) };
        let steps = steps.iter().map(|handle| Address::new(*handle, "application", "")).collect();
        MissingRight { right, steps, certain }
    }

    #[test]
    fn a_row_says_what_is_missing_for_what() {
        let missing = vec![
            lacking("A.Long.Permission", Some("Some Role"), &["one", "two", "three"], true),
            lacking("Short", None, &["one"], false),
        ];
        let lines = super::missing(&Rights { missing, ..Rights::default() });
        assert_eq!(
            lines[..3],
            [
                "  permission of Microsoft Graph  or directory role  needed for",
                "  A.Long.Permission              Some Role          one/application and 2 more",
                "  Short (?)                      -                  one/application",
            ]
        );
        assert!(lines.contains(&"    { api: Microsoft Graph, application: [A.Long.Permission, Short] }".to_owned()));
        assert!(lines.last().is_some_and(|line| line.starts_with("  (?)")));
        assert_eq!(super::missing(&Rights::default()), Vec::<String>::new());
    }
}
