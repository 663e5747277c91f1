//! The scripts, workflows and pipelines.

use accredit::handover::{Handover, Host, Recipe, RecipeFile, recipe};
use accredit::model::Cloud;
use serde_json::{Value as Json, json};

use super::golden;
use super::powershell::Script;
use super::samples::{CLOUDS, HOSTILE, handover};

fn yaml(text: &str) -> Json {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Everything in PowerShell that a recipe's file has.
fn script(file: &RecipeFile) -> String {
    if std::path::Path::new(file.path).extension().is_some_and(|extension| extension == "ps1") {
        return file.text.clone();
    }
    let parsed = yaml(&file.text);
    let workflow = parsed["jobs"].as_object().map(|jobs| jobs.values().next().unwrap()["steps"][0]["run"].clone());
    let pipeline = || parsed["steps"][1]["inputs"]["script"].clone();
    workflow.unwrap_or_else(pipeline).as_str().unwrap().to_owned()
}

fn every(handover: &Handover) -> Vec<(Recipe, Host, Vec<RecipeFile>)> {
    let hosts = |recipe| Host::ALL.map(|host| (recipe, host));
    Recipe::ALL.into_iter().flat_map(hosts).map(|(one, host)| (one, host, recipe(one, host, handover))).collect()
}

#[test]
fn every_recipe_as_it_was_looked_at() {
    for (_, host, files) in every(&handover(Cloud::Global)) {
        for file in files {
            golden::check(&format!("recipes/{host:?}/{}", file.path.trim_start_matches('.')), &file.text);
        }
    }
}

#[test]
fn powershell_understands_every_script_in_every_cloud_and_it_always_disconnects() {
    for cloud in CLOUDS {
        for (recipe, host, files) in every(&handover(cloud)) {
            let text = script(&files[0]);
            let parsed = Script::parse(&text);
            let last = parsed.texts("finally_clause");
            assert_eq!(last.len(), 1, "{recipe:?} {host:?}");
            assert!(last[0].contains("Disconnect-ExchangeOnline -Confirm:$false"), "{}", last[0]);
            let commands = parsed.commands();
            let connected = commands.iter().position(|name| *name == "Connect-ExchangeOnline").unwrap();
            let work = if recipe == Recipe::MailboxExport { "Get-EXOMailbox" } else { "Get-AuditRecord" };
            assert!(commands[connected..].contains(&work), "{commands:?}");
            if !matches!(cloud, Cloud::Global | Cloud::Custom) {
                assert!(text.contains("-ExchangeEnvironmentName O365"), "{text}");
            }
            for file in &files[1..] {
                Script::parse(&file.text);
            }
        }
    }
}

#[test]
fn the_mailboxes_are_all_there_sorted_and_under_names_of_their_own() {
    for host in Host::ALL {
        let text = script(&recipe(Recipe::MailboxExport, host, &handover(Cloud::Global))[0]);
        for words in [
            "Get-EXOMailbox -ResultSize Unlimited",
            "Sort-Object -Property DisplayName",
            "Select-Object -Property DisplayName, PrimarySmtpAddress",
            "-NoTypeInformation -Encoding UTF8",
            "Get-Date -Format 'yyyyMMdd-HHmm'",
        ] {
            assert!(text.contains(words), "{host:?}: {words}");
        }
        assert!(!text.contains("hhmm"), "twelve hours give two files one name");
    }
}

#[test]
fn the_audit_log_is_read_in_pages_and_ends_where_the_month_does() {
    for host in Host::ALL {
        let text = script(&recipe(Recipe::AuditLog, host, &handover(Cloud::Global))[0]);
        for words in [
            "-SessionId $session -SessionCommand ReturnLargeSet -ResultSize 5000",
            "$end = [DateTime]::new($now.Year, $now.Month, 1, 0, 0, 0, [DateTimeKind]::Utc)",
            "$start = $end.AddMonths(-1)",
            "Sort-Object -Property Identity -Unique",
        ] {
            assert!(text.contains(words), "{host:?}: {words}");
        }
    }
}

#[test]
fn a_workflow_may_do_nothing_else_and_names_its_secrets_alone() {
    for recipe_of in Recipe::ALL {
        let file = &recipe(recipe_of, Host::GitHubActions, &handover(Cloud::Global))[0];
        let workflow = yaml(&file.text);
        assert_eq!(workflow["permissions"], json!({}));
        let job = workflow["jobs"].as_object().unwrap().values().next().unwrap();
        assert_eq!(
            job["steps"][0]["env"],
            json!({ "PFX_BASE64": "${{ secrets.EXO_PFX_BASE64 }}", "PFX_PASSWORD": "${{ secrets.EXO_PFX_PASSWORD }}" })
        );
        assert!(!script(file).contains("${{"), "what stands in a script is put there before it is read");
        let uses = job["steps"][1]["uses"].as_str().unwrap();
        let commit = uses.split_once('@').unwrap().1;
        assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{uses}");
        assert_eq!(workflow["on"]["schedule"][0]["cron"].as_str().unwrap().split(' ').count(), 5);
    }
}

#[test]
fn a_pipeline_names_its_secrets_alone_and_its_script_has_none_of_its_variables() {
    for recipe_of in Recipe::ALL {
        let file = &recipe(recipe_of, Host::AzurePipelines, &handover(Cloud::Global))[0];
        let pipeline = yaml(&file.text);
        assert_eq!(pipeline["trigger"], "none");
        assert_eq!(pipeline["steps"][0]["inputs"]["secureFile"], "exo-main.pfx");
        assert_eq!(
            pipeline["steps"][1]["env"],
            json!({ "PFX_PATH": "$(pfx.secureFilePath)", "PFX_PASSWORD": "$(PfxPassword)" })
        );
        assert!(!script(file).contains("$("), "the pipeline would put a variable there");
    }
}

/// A vault takes no other name than one of letters, digits and `-`.
#[test]
fn a_certificate_has_a_name_that_vaults_take() {
    let mut odd = handover(Cloud::Global);
    odd.handle = "exo_2.b".to_owned();
    let runbook = &recipe(Recipe::MailboxExport, Host::AzureAutomation, &odd)[0].text;
    assert!(runbook.contains("Get-AutomationCertificate -Name 'exo-2-b-main'"), "{runbook}");
}

#[test]
fn names_change_no_script() {
    let plain = handover(Cloud::Global);
    let mut hostile = plain.clone();
    hostile.display_name = HOSTILE.to_owned();
    for ((recipe, host, wanted), (_, _, files)) in every(&plain).into_iter().zip(every(&hostile)) {
        for (wanted, file) in wanted.iter().zip(&files) {
            assert_eq!(
                Script::parse(&script(file)).commands(),
                Script::parse(&script(wanted)).commands(),
                "{recipe:?} {host:?}"
            );
        }
        let lines = |files: &[RecipeFile]| files.iter().map(|file| file.text.lines().count()).sum::<usize>();
        assert_eq!(lines(&files), lines(&wanted), "{recipe:?} {host:?}: a comment stays on its line");
    }
}
