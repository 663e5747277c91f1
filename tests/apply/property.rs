//! Apply, then plan: nothing. For whatever the manifests may say.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use accredit::model::Plan;

use super::world::{TENANT, World};

/// One application as YAML lines below its handle. Certificates share few keys: making RSA keys is slow.
fn application(index: usize) -> impl Strategy<Value = String> {
    let text = prop_oneof![Just(""), Just("one line"), Just("two\\nlines"), Just("größe \\\"quoted\\\" 'too'")];
    let owners = prop::sample::subsequence(vec!["zoe.howard", "megan", "carol.baker"], 0..=3);
    let exchange = prop::sample::subsequence(vec!["Exchange.ManageAsApp", "full_access_as_app"], 1..=2);
    let delegated = prop::sample::subsequence(vec!["User.Read", "Mail.Send", "openid"], 1..=3);
    let graph = prop::sample::subsequence(vec!["User.Read.All", "Mail.Read"], 0..=2);
    let roles =
        prop::sample::subsequence(vec!["Exchange Administrator", "Global Reader", "Helpdesk Administrator"], 1..=3);
    let tags = prop::option::of(prop::sample::subsequence(vec!["blue", "green", "team-mail"], 0..=3));
    let exchange_roles = prop::option::of(prop::sample::subsequence(
        vec![
            "View-Only Recipients",
            "{ role: Mail Recipients, scope: { user: megan@contoso.onmicrosoft.com } }",
            "{ role: Application Mail.Read, scope: { recipientFilter: \"Department -eq 'Sales'\" } }",
            "{ role: Application Mail.Send, scope: { recipientFilter: \"Department -eq 'Sales'\" } }",
            "{ role: Application Mail.Send, scope: { recipientFilter: \"CustomAttribute1 -eq 'x'\" } }",
        ],
        0..=5,
    ));
    let role_groups =
        prop::option::of(prop::sample::subsequence(vec!["Hygiene Management", "Help Desk", "Security Reader"], 0..=3));
    let own_roles = (exchange_roles, role_groups);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (text, owners, exchange, delegated, graph, roles, tags, flags, own_roles).prop_map(
        move |(text, owners, exchange, delegated, graph, roles, tags, (described, with_owners, consent, certified), (exchange_roles, role_groups))| {
            let mut out = format!("  app-{index}:\n    displayName: Application {index}\n");
            if described {
                out += &format!("    description: \"{text}\"\n    notes: \"{text}\"\n");
            }
            if with_owners {
                let owners: Vec<String> = owners.iter().map(|owner| format!("{owner}@{TENANT}")).collect();
                out += &format!("    owners: [{}]\n", owners.join(", "));
            }
            if let Some(tags) = tags {
                out += &format!("    tags: [{}]\n", tags.join(", "));
            }
            out += "    permissions:\n";
            let consent = if consent { "granted" } else { "none" };
            out += &format!(
                "      - api: Office 365 Exchange Online\n        application: [{}]\n        consent: {consent}\n",
                exchange.join(", ")
            );
            out += &format!(
                "      - api: Microsoft Graph\n        application: [{}]\n        delegated: [{}]\n",
                graph.join(", "),
                delegated.join(", ")
            );
            if certified {
                out += &format!(
                    "    certificates:\n      main:\n        dnsNames: [app-{index}.example]\n        store: {{ directory: ../.accredit/keys }}\n        export: [cer]\n"
                );
            }
            out += "    roles:\n";
            for role in roles {
                out += &format!("      - role: {role}\n");
            }
            if exchange_roles.is_some() || role_groups.is_some() {
                out += "    exchange:\n";
            }
            if let Some(roles) = exchange_roles {
                let roles: Vec<String> = roles.iter().map(|role| format!("\n        - {role}")).collect();
                out += &format!("      roles:{}\n", if roles.is_empty() { " []".to_owned() } else { roles.concat() });
            }
            if let Some(groups) = role_groups {
                out += &format!("      roleGroups: [{}]\n", groups.join(", "));
            }
            out
        },
    )
}

fn estate() -> impl Strategy<Value = String> {
    (application(0), application(1), any::<bool>()).prop_map(|(one, other, both)| {
        let other = if both { other } else { String::new() };
        format!("tenant: {TENANT}\nestate: generated\napplications:\n{one}{other}")
    })
}

/// From nothing to one estate and on to another, each time with an empty plan after it.
#[test]
fn apply_then_plan_is_empty() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    runner
        .run(&(estate(), estate()), |(first, second)| {
            runtime.block_on(async {
                let world = World::new().await;
                for manifest in [&first, &second] {
                    world.write("estate.yaml", manifest);
                    world.converge(&world.desired()).await;
                }
            });
            Ok(())
        })
        .unwrap();
}

/// The plan is the same text whatever the order of files, keys and lists.
#[tokio::test]
async fn the_plan_does_not_depend_on_the_order_of_what_is_written() {
    let forwards = format!(
        "tenant: {TENANT}\nestate: order\napplications:\n  exo:\n    displayName: Exo\n    tags: [a, b, c]\n    owners: [zoe.howard@{TENANT}, megan@{TENANT}]\n    permissions:\n      - api: Office 365 Exchange Online\n        application: [Exchange.ManageAsApp, full_access_as_app]\n      - api: Microsoft Graph\n        delegated: [User.Read, Mail.Send]\n    roles: [Exchange Administrator, Global Reader]\n    exchange:\n      roles: [View-Only Recipients, {{ role: Application Mail.Read, scope: {{ recipientFilter: \"Title -eq 'VP'\" }} }}]\n"
    );
    let backwards = format!(
        "applications:\n  exo:\n    exchange:\n      roles: [{{ scope: {{ recipientFilter: \"Title -eq 'VP'\" }}, role: application mail.read }}, view-only recipients]\n    roles: [Global Reader, Exchange Administrator]\n    permissions:\n      - delegated: [Mail.Send, User.Read]\n        api: Microsoft Graph\n      - application: [full_access_as_app, Exchange.ManageAsApp]\n        api: Office 365 Exchange Online\n    owners: [megan@{TENANT}, zoe.howard@{TENANT}]\n    tags: [c, a, b]\n    displayName: Exo\nestate: order\ntenant: {TENANT}\n"
    );
    let world = World::new().await;
    world.write("exo.yaml", &forwards);
    // Where something stands is all that may differ.
    let shown = |mut plan: Plan| {
        plan.place = None;
        accredit::render::json(&plan)
    };
    let first = shown(world.plan(&world.desired()).await);
    world.write("exo.yaml", &backwards);
    let second = shown(world.plan(&world.desired()).await);
    assert_eq!(first, second);
    world.converge(&world.desired()).await;
    world.write("exo.yaml", &forwards);
    assert!(world.plan(&world.desired()).await.is_empty());
}
