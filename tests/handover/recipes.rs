//! The scripts, workflows and pipelines.

use accredit::handover::{Format, Handover, Host, KeyPlace, Recipe, RecipeFile, Service, commands, recipe, values};
use accredit::model::{Cloud, SecretReference};
use accredit::render::Paint;
use serde_json::{Value as Json, json};

use super::golden;
use super::powershell::{Script, read_as_ansi};
use super::samples::{CLOUDS, HOSTILE, directory, handover, vault};

fn yaml(text: &str) -> Json {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Everything in PowerShell that a recipe's file has.
fn script(file: &RecipeFile) -> String {
    if std::path::Path::new(&file.path).extension().is_some_and(|extension| extension == "ps1") {
        return file.text.clone();
    }
    let parsed = yaml(&file.text);
    let workflow = parsed["jobs"].as_object().map(|jobs| jobs.values().next().unwrap()["steps"][1]["run"].clone());
    let pipeline = || parsed["jobs"][0]["steps"][3]["inputs"]["script"].clone();
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
            let close = |clause: &&&str| clause.contains("{ Disconnect-ExchangeOnline -Confirm:$false }");
            assert_eq!(last.iter().filter(close).count(), 1, "{recipe:?} {host:?}");
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
            // What broke off is neither the end nor nothing.
            "-ResultSize 5000 -ErrorAction Stop",
            "$_.ResultIndex -eq -1",
            "broke off three times",
            "if ($records.Count -eq 0) {",
            "(Get-Creation $_) -lt $end",
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
            (&job["steps"][1]["env"]["PFX_BASE64"], &job["steps"][1]["env"]["PFX_PASSWORD"]),
            (&json!("${{ secrets.PFX_BASE64_EXO }}"), &json!("${{ secrets.PFX_PASSWORD_EXO }}"))
        );
        // What is installed runs too.
        assert!(job["steps"][0]["run"].as_str().unwrap().starts_with("Install-Module "));
        assert_eq!(job["steps"][0]["env"], Json::Null);
        assert!(!script(file).contains("Install-Module"));
        assert!(!script(file).contains("${{"), "what stands in a script is put there before it is read");
        let uses = job["steps"][2]["uses"].as_str().unwrap();
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
        let job = &pipeline["jobs"][0];
        assert_eq!((&job["steps"][0]["checkout"], &job["timeoutInMinutes"]), (&json!("none"), &json!(120)));
        assert_eq!(job["steps"][1]["env"], Json::Null);
        assert_eq!(job["steps"][2]["inputs"]["secureFile"], "exo-main.pfx");
        let environment = &job["steps"][3]["env"];
        assert_eq!(
            (&environment["PFX_PATH"], &environment["PFX_PASSWORD"]),
            (&json!("$(pfx.secureFilePath)"), &json!("$(PfxPassword)"))
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

/// Windows PowerShell takes a file for ANSI, and typographic marks for the plain one: as UTF-8, the `В` of a Russian name has
/// one within.
#[test]
fn a_name_runs_nothing_in_whatever_page_windows_powershell_reads_it() {
    let plain = handover(Cloud::Global);
    let mut russian = plain.clone();
    "Выгрузка; Remove-Item C:\\ -Recurse # \u{2019}\u{201a}".clone_into(&mut russian.display_name);
    russian.organization = "В; Remove-Item C:\\ -Recurse #".to_owned();
    let naive = format!("$name = '{}'", russian.organization);
    assert_ne!(read_as_ansi(&naive, 1252).matches('\u{2019}').count(), 0, "the test sees what it is about");
    let texts = |handover: &Handover| {
        let files = every(handover).into_iter().flat_map(|(_, _, files)| files);
        let mut texts: Vec<String> = files.map(|file| script(&file)).collect();
        texts.push(values(handover, Format::PowerShell));
        texts.extend(Service::ALL.map(|service| commands(service, handover, Paint::PLAIN)));
        texts
    };
    for (text, wanted) in texts(&russian).iter().zip(texts(&plain)) {
        let wanted = Script::parse(&wanted);
        for page in [1250, 1251, 1252, 874] {
            let read = read_as_ansi(text, page);
            let shown = Script::parse(&read);
            assert_eq!(shown.commands(), wanted.commands(), "{page}");
            assert_eq!(read, *text, "in every page it is the same text");
        }
    }
    let variables = values(&russian, Format::PowerShell);
    let literals = Script::parse(&variables).literals();
    assert!(literals.contains(&russian.display_name) && literals.contains(&russian.organization), "{literals:?}");
}

#[test]
fn two_applications_share_a_machine_a_repository_and_a_project() {
    let one = handover(Cloud::Global);
    let mut other = one.clone();
    "exo_2.b".clone_into(&mut other.handle);
    for ((recipe, host, files), (_, _, others)) in every(&one).into_iter().zip(every(&other)) {
        for (file, other) in files.iter().zip(&others) {
            assert_ne!(file.path, other.path, "{recipe:?} {host:?}");
        }
    }
    let workflow = yaml(&recipe(Recipe::AuditLog, Host::GitHubActions, &other)[0].text);
    assert_eq!(workflow["concurrency"], "exo_2.b-audit-log");
    let environment = &workflow["jobs"]["audit-log"]["steps"][1]["env"];
    assert_eq!(environment["PFX_PASSWORD"], "${{ secrets.PFX_PASSWORD_EXO_2_B }}");
    let registration = &recipe(Recipe::AuditLog, Host::TaskScheduler, &other)[1].text;
    assert!(registration.contains("TaskName    = 'Accredit exo_2.b-audit-log'"), "{registration}");
    assert!(registration.contains("'Export-AuditLog-exo_2.b.ps1'"), "{registration}");
}

#[test]
fn the_task_can_be_registered_with_whom_to_mail_to_and_too_large_is_a_failure() {
    let files = recipe(Recipe::AuditLog, Host::TaskScheduler, &handover(Cloud::Global));
    let registration = Script::parse(&files[1].text);
    let variables = registration.texts("variable");
    assert!(variables.contains(&"$MailFrom") && variables.contains(&"$MailTo"), "{variables:?}");
    assert!(files[0].text.contains("throw \"$file is written, and too large to be mailed.\""), "{}", files[0].text);
    let mailboxes = recipe(Recipe::MailboxExport, Host::TaskScheduler, &handover(Cloud::Global));
    assert!(!mailboxes.iter().any(|file| file.text.contains("$MailTo")));
}

/// What is on the disk of a runbook's machine may be there because it did not get further.
#[test]
fn a_runbook_asks_the_container_whether_a_month_is_done() {
    for recipe_of in Recipe::ALL {
        let runbook = &recipe(recipe_of, Host::AzureAutomation, &handover(Cloud::Global))[0].text;
        let commands = Script::parse(runbook).commands().join(" ");
        assert!(commands.find("Get-AzStorageBlob ") < commands.find("Connect-ExchangeOnline"), "{commands}");
        assert!(commands.contains("Get-AzStorageBlob "), "{commands}");
        assert!(!runbook.contains("Test-Path"), "{runbook}");
        assert!(runbook.contains("[Guid]::NewGuid()"), "{runbook}");
        let script = Script::parse(runbook);
        let outer = script.texts("finally_clause");
        assert!(
            outer.iter().any(|clause| clause.contains("Remove-Item -LiteralPath $Directory -Recurse")),
            "{runbook}"
        );
        assert!(commands.find("Set-AzStorageBlobContent") < commands.find("Remove-Item"), "{commands}");
    }
}

#[test]
fn a_month_can_be_asked_for_and_a_day_too_early_fails_where_nobody_comes_back() {
    for host in Host::ALL {
        let file = &recipe(Recipe::AuditLog, host, &handover(Cloud::Global))[0];
        let text = script(file);
        assert!(text.contains("$now -lt $end.AddDays(1)"), "{host:?}");
        let comes_back = matches!(host, Host::TaskScheduler | Host::AzureAutomation);
        assert_eq!(text.contains("if ($Month) { throw"), comes_back, "{host:?}");
        assert!(text.contains("too early.'"), "{host:?}");
        assert!(file.text.contains("such as 2026-10"), "{host:?}");
    }
    let workflow = yaml(&recipe(Recipe::AuditLog, Host::GitHubActions, &handover(Cloud::Global))[0].text);
    assert_eq!(workflow["on"]["schedule"][0]["cron"], "17 4 2-5 * *");
    assert_eq!(Recipe::AuditLog.refused_in(Cloud::Global), None);
    assert!(
        Recipe::AuditLog.refused_in(Cloud::China).is_some() && Recipe::MailboxExport.refused_in(Cloud::China).is_none()
    );
}

/// Vaults have neither a file nor a password.
#[test]
fn the_secrets_are_set_from_where_the_key_is() {
    let workflow = |key: KeyPlace| {
        let mut handover = handover(Cloud::Global);
        handover.certificate.key = key;
        recipe(Recipe::MailboxExport, Host::GitHubActions, &handover)[0].text.clone()
    };
    let vaulted = workflow(vault(true));
    assert!(vaulted.contains("az keyvault secret show --vault-name contoso-keys --name exo --version 0123456789abcdef0123456789abcdef --query value --output tsv | gh secret set PFX_BASE64_EXO\n"), "{vaulted}");
    assert!(!vaulted.contains("gh secret set PFX_PASSWORD_EXO"), "{vaulted}");
    let made = workflow(directory(Some(SecretReference::File("keys/a b.pfx-password".into()))));
    assert!(made.contains("gh secret set PFX_PASSWORD_EXO < 'keys/a b.pfx-password'\n"), "{made}");
}
