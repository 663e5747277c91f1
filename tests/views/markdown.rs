//! A comment on a pull request: never longer than one may be, whole in its markup, and of use however long the plan is.

use std::collections::BTreeSet;

use accredit::model::{
    Action, Address, Circumstances, Fields, Finding, Plan, Reason, Risk, RiskClass, Rotation, Rule, Severity, Value,
};
use accredit::render::markdown;
use proptest::prelude::*;

use super::plans::{empty, estate, expected, scenarios, step, update};

/// The longest comment that GitHub takes.
const LIMIT: usize = 65_536;

/// Counted as GitHub's form does, in UTF-16 and with line ends of two characters.
fn length(comment: &str) -> usize {
    comment.encode_utf16().count() + comment.matches('\n').count()
}

/// The lines that stand outside of fences, once it is clear that every fence is closed and every block is.
fn outside(comment: &str) -> Vec<&str> {
    let (mut open, mut outside) = (None, Vec::new());
    for line in comment.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match open {
            Some(fence) if ticks >= fence && line.len() == ticks => open = None,
            Some(_) => {}
            None if ticks >= 3 => open = Some(ticks),
            None => outside.push(line),
        }
    }
    assert_eq!(open, None, "a fence is open at the end:\n{comment}");
    let opened = outside.iter().filter(|line| line.starts_with("<details>")).count();
    let closed = outside.iter().filter(|line| **line == "</details>").count();
    assert_eq!(opened, closed, "{comment}");
    for row in outside.iter().filter(|line| line.starts_with('|')) {
        assert!([4, 5].contains(&row.matches('|').count()), "a cell too many: {row}");
    }
    outside
}

fn sound(plan: &Plan) -> String {
    let comment = markdown(plan);
    assert!(length(&comment) <= LIMIT, "{} characters", length(&comment));
    for line in outside(&comment) {
        let allowed =
            line.starts_with("<!-- accredit-plan ") || line.starts_with("<details><summary>") || line == "</details>";
        // What is no code has no markup of somebody else's making.
        let prose: String = line.replace("<!-- -->", "").split('`').step_by(2).collect();
        assert!(allowed || !prose.replace("\\<", "").contains('<'), "{line}");
    }
    comment
}

#[test]
fn the_first_line_is_the_same_for_every_plan_of_an_estate() {
    let marker = "<!-- accredit-plan messaging-team 6f1d4b0e-0d3c-4a57-9d2b-0c1f5a7e9b11 -->\n";
    for plan in [empty(), estate(3)] {
        assert!(markdown(&plan).starts_with(marker));
    }
    let hostile = Plan { estate: "a --> <b>".to_owned(), ..empty() };
    assert!(markdown(&hostile).starts_with("<!-- accredit-plan a--b 6f1d"), "{}", markdown(&hostile));
    assert!(markdown(&empty()).contains("## Accredit: No changes"));
}

#[test]
fn what_must_not_be_missed_stands_before_all_else() {
    let mut plan = estate(6);
    let role = Fields::from([(
        "roleDefinitionId".to_owned(),
        Value::named("62e90394-69f5-4237-9190-012177145e10", "Global Administrator"),
    )]);
    let grant = Action::Create { after: role };
    plan.steps
        .insert(0, step(Address::new("app-0000", "roleAssignment", "Global Administrator"), grant, Reason::Missing));
    let grant = Action::Create { after: Fields::new() };
    let address = Address::new("app-0001", "appRoleAssignment", "Microsoft Graph/RoleManagement.ReadWrite.Directory");
    plan.steps.insert(1, step(address, grant, Reason::Missing));
    for step in &mut plan.steps[..2] {
        let (class, reason) = (RiskClass::TenantTakeover, "whoever holds it can become anything".to_owned());
        step.risk = Some(Risk { class, powers: BTreeSet::new(), reason, succeeds: false });
    }
    let comment = sound(&plan);
    let at = |what: &str| comment.find(what).unwrap_or_else(|| panic!("{what}:\n{comment}"));
    assert!(at("> This plan destroys:\n> - `app-0005/application`") < at("> Privileged in this plan"));
    assert!(at("> - `app-0000/roleAssignment/Global Administrator`") < at("| resource |"));
    assert!(
        at("> - `app-0001/appRoleAssignment/Microsoft Graph/RoleManagement.ReadWrite.Directory`") < at("| resource |")
    );
    let grants: Vec<&str> = comment.lines().filter(|line| line.starts_with("> - ")).collect();
    assert_eq!(grants.len(), 3, "Exchange Administrator is no such role: {grants:?}");
}

/// 500 changes, and more than any comment holds.
#[test]
fn a_long_plan_is_summed_up_and_cut_between_steps() {
    for applications in [120, 500, 5_000] {
        let plan = estate(applications);
        let comment = sound(&plan);
        assert!(plan.steps.len() >= 500);
        assert!(comment.contains("Not everything fits into a comment"), "{applications}");
        let row = |start: &str| comment.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned();
        let gone = applications / 6;
        assert!(row("## ").contains(&format!("{gone} to destroy")), "{}", row("## "));
        let made = applications - gone;
        assert_eq!(row("| `certificate` |"), format!("| `certificate` | {made} | 0 | 0 |"));
        assert_eq!(row("| `application` |"), format!("| `application` | {made} | 0 | {gone} |"));
        // What is destroyed comes first among the applications.
        assert_eq!(row("| `app-"), "| `app-0005` | 0 | 0 | 1 |");
        let told = comment.lines().filter(|line| line.starts_with("| `+` |") || line.starts_with("| `-` |")).count();
        assert!(told >= 60, "{told} rows");
        assert!(comment.contains(&format!("| | and {} more | |", plan.steps.len() - told)), "{applications}");
        let begun = comment.lines().filter(|line| line.starts_with("  # app-")).count();
        assert!(begun >= 60, "{begun} steps in the diff");
        assert_eq!(comment.lines().filter(|line| *line == "    }").count(), begun, "each of them is whole");
        assert!(comment.contains(&format!("... and {} more steps\n", plan.steps.len() - begun)), "{applications}");
    }
}

#[test]
fn a_short_plan_is_told_whole() {
    let mut shown = 0;
    for scenario in scenarios() {
        let plan = expected(&scenario);
        let comment = sound(&plan);
        assert!(!comment.contains("Not everything fits"), "{}", scenario.display());
        for step in &plan.steps {
            assert!(comment.matches(&step.address.to_string()).count() >= 2, "{}", step.address);
            shown += 1;
        }
    }
    assert!(shown > 20);
}

#[test]
fn nothing_in_a_tenant_names_somebody_or_leads_anywhere() {
    let mut plan = empty();
    plan.notices = vec!["@octocat said <b>#1</b> is at https://example.com and www.example.com".to_owned()];
    let comment = sound(&plan);
    for what in ["@octocat", "#1", "://example", "www.example", " <b>"] {
        assert!(!comment.contains(what), "{what}: {comment}");
    }
}

/// What a name, a description or a message may hold.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z ]{0,20}",
        1 => "`{1,12}",
        1 => Just("\n```\n".to_owned()),
        1 => Just("</details>".to_owned()),
        1 => Just("<!-- -->".to_owned()),
        1 => Just("\\| |\n".to_owned()),
        1 => "[漢😀é]{1,200}",
        1 => any::<String>(),
        1 => Just("x".repeat(20_000)),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn plan() -> impl Strategy<Value = Plan> {
    let step = (hostile(), hostile(), 0..3_u8).prop_map(|(name, value, action)| {
        let value = Value::text(value);
        let action = match action {
            0 => Action::Create { after: Fields::from([(name.clone(), value)]) },
            1 => update(&name, Value::Null, value),
            _ => Action::Delete { id: "id".to_owned(), before: Fields::from([(name.clone(), value)]) },
        };
        step(Address::new("app", "application", name), action, Reason::Differs)
    });
    let step = step.boxed();
    let steps = prop_oneof![prop::collection::vec(step.clone(), 0..5), prop::collection::vec(step, 50..300)];
    (steps, prop::collection::vec(hostile(), 0..30), prop::collection::vec(hostile(), 0..30), hostile()).prop_map(
        |(steps, messages, notices, estate)| {
            let address = Address::new("app", "application", "");
            let findings = messages.iter().map(|message| Finding {
                rule: Rule::Undeclared,
                severity: Severity::Error,
                address: address.clone(),
                subject: String::new(),
                message: message.clone(),
                removed: false,
                place: None,
                circumstances: Circumstances::default(),
            });
            let rotation = |note: &String| Rotation {
                address: address.clone(),
                generations: Vec::new(),
                hosts: Vec::new(),
                notes: vec![note.clone()],
            };
            let rotations = notices.iter().map(rotation).collect();
            Plan { steps, findings: findings.collect(), notices, rotations, estate, ..empty() }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_comment_fits_and_is_whole_whatever_a_plan_says(plan in plan()) {
        sound(&plan);
    }
}
