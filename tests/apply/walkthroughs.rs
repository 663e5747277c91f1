//! The five articles: each from empty to applied to "No changes", with the values that stand in it.

use accredit::render::{Paint, text};
use serde_json::{Value as Json, json};

use super::world::{World, repository};

const EXCHANGE_ONLINE: &str = "00000002-0000-0ff1-ce00-000000000000";
const MANAGE_AS_APP: &str = "dc50a0fb-09a3-484d-be87-e023b12c6440";
const EXCHANGE_ADMINISTRATOR: &str = "29232cdf-9323-42fd-ade2-1d097af3e4de";

struct Expected {
    file: &'static str,
    handle: &'static str,
    display_name: &'static str,
    subject: &'static str,
    years: i16,
    exports: &'static [&'static str],
}

/// What each article makes.
const ARTICLES: [Expected; 5] = [
    Expected {
        file: "exo-automation.yaml",
        handle: "exo-automation",
        display_name: "EXO PowerShell automated",
        subject: "CN=m365info.com",
        years: 4,
        exports: &["cer", "pfx"],
    },
    Expected {
        file: "cert-auth-powershell.yaml",
        handle: "cert-auth-powershell",
        display_name: "testCertAuthPowerShell",
        subject: "CN=pre_prod.woshub.com",
        years: 3,
        exports: &["cer", "pfx"],
    },
    Expected {
        file: "exo-certificate.yaml",
        handle: "exo-certificate",
        display_name: "EXO certificate",
        subject: "CN=EXOcertificate",
        years: 1,
        exports: &["cer"],
    },
    Expected {
        file: "exo-background-process.yaml",
        handle: "exo-background-process",
        display_name: "Exo Background process",
        subject: "CN=Exo Background process",
        years: 1,
        exports: &["cer"],
    },
    Expected {
        file: "contoso-audit-log.yaml",
        handle: "contoso-audit-log",
        display_name: "Contoso audit log export",
        subject: "CN=contoso.org",
        years: 1,
        exports: &["cer", "pfx"],
    },
];

async fn does(expected: &Expected) {
    let world = World::new().await;
    // A copy: the manifest's key store lies beside its directory.
    let manifest = std::fs::read_to_string(repository("manifests").join(expected.file)).unwrap();
    world.write(expected.file, &manifest);
    let desired = world.desired();
    world.converge(&desired).await;
    assert!(text(&world.plan(&desired).await, Paint::PLAIN).starts_with("No changes."));

    let application = world.application(expected.handle).await;
    assert_eq!(application["displayName"], json!(expected.display_name));
    assert_eq!(application["signInAudience"], json!("AzureADMyOrg"));
    assert_eq!(
        application["requiredResourceAccess"],
        json!([{ "resourceAppId": EXCHANGE_ONLINE, "resourceAccess": [{ "id": MANAGE_AS_APP, "type": "Role" }] }]),
        "the default User.Read does not linger"
    );

    let snapshot = world.snapshot(&desired).await;
    let stored: Vec<_> = snapshot.keys.values().flat_map(|kept| &kept.generations).collect();
    assert_eq!(stored.len(), 1);
    let stored = stored[0];
    assert_eq!(stored.subject.to_string(), expected.subject);
    assert_eq!(
        stored.not_before,
        world.now - jiff::SignedDuration::from_mins(10),
        "back-dated as in the article (S19)"
    );
    let year = stored.not_after.strftime("%Y").to_string();
    assert_eq!(year, (2026 + expected.years).to_string());
    let exports: Vec<&str> = stored.exports.iter().map(|format| format.as_str()).collect();
    assert_eq!(exports, expected.exports);
    let credential = &application["keyCredentials"][0];
    assert_eq!(credential["customKeyIdentifier"], json!(stored.thumbprint.as_str()), "S41: the same thumbprint");

    let observed = &snapshot.applications[expected.handle];
    let service_principal = observed.service_principal.as_ref().unwrap();
    assert_eq!(service_principal.app_role_assignments[0].app_role_id, MANAGE_AS_APP);
    let roles: Vec<&str> =
        service_principal.role_assignments.iter().map(|role| role.role_definition_id.as_str()).collect();
    assert_eq!(roles, [EXCHANGE_ADMINISTRATOR]);
}

#[tokio::test]
async fn article_000_exo_automation() {
    does(&ARTICLES[0]).await;
}

#[tokio::test]
async fn article_001_cert_auth_powershell() {
    does(&ARTICLES[1]).await;
}

#[tokio::test]
async fn article_002_exo_certificate() {
    does(&ARTICLES[2]).await;
}

#[tokio::test]
async fn article_003_exo_background_process() {
    does(&ARTICLES[3]).await;
}

#[tokio::test]
async fn article_004_contoso_audit_log() {
    does(&ARTICLES[4]).await;
}

#[tokio::test]
async fn all_articles_together_are_one_estate() {
    let world = World::new().await;
    for expected in &ARTICLES {
        let manifest = std::fs::read_to_string(repository("manifests").join(expected.file)).unwrap();
        world.write(expected.file, &manifest);
    }
    let desired = world.desired();
    assert_eq!(desired.applications.len(), 5);
    let report = world.converge(&desired).await;
    assert_eq!(report.counts().add, 5 * 5 + 1, "five resources each, and one user's role");
    let listed: Json = world.read("/v1.0/applications?$filter=tags/any(t:t eq 'accredit:estate:walkthroughs')").await;
    assert_eq!(listed["value"].as_array().unwrap().len(), 5);
}

#[test]
fn every_example_manifest_is_one_of_the_articles_or_declares_the_operators() {
    let mut files: Vec<String> = std::fs::read_dir(repository("manifests"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    let mut known: Vec<&str> = ARTICLES.iter().map(|article| article.file).chain(["operators.yaml"]).collect();
    known.sort_unstable();
    assert_eq!(files, known);
}

/// The plan in the README is one that the program prints.
#[tokio::test]
async fn the_readme_shows_a_real_plan() {
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    let shown =
        readme.split("## A plan").nth(1).unwrap().split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let world = World::new().await;
    world.write("exo.yaml", &std::fs::read_to_string(repository("manifests/exo-automation.yaml")).unwrap());
    let plan = world.plan_text(&world.desired()).await;
    let plan = plan.replace(&world.keys().display().to_string(), ".accredit/keys");
    assert_eq!(without_what_differs(shown), without_what_differs(&plan));
}

/// Dates and random ids differ from run to run.
fn without_what_differs(text: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let random =
            bare.len() == 36 && bare.as_bytes()[14] == b'4' && ![MANAGE_AS_APP, EXCHANGE_ADMINISTRATOR].contains(&bare);
        let date = bare.len() == 20 && bare.ends_with('Z');
        if random || date { word.replace(bare, "…") } else { word.to_owned() }
    };
    text.lines().map(|line| line.split(' ').map(word).collect::<Vec<_>>().join(" ") + "\n").collect()
}
