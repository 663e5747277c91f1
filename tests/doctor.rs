//! Every known failure is recognized by an error text as users paste it, its remedies load, and the documentation lists it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use accredit::doctor::{ManifestLines, failures, is_known, recognize};
use accredit::manifest;
use accredit::model::{Certainty, FailureNumber, Recognition};

/// How many failures the table has to hold.
const KNOWN: u8 = 33;

fn numbers() -> impl Iterator<Item = FailureNumber> {
    (1..=KNOWN).map(FailureNumber)
}

/// An error text of a failure as somebody pasted it.
fn pasted(number: FailureNumber) -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/failures/F{:02}.txt", number.0));
    std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("{number} has no text: {}", file.display()))
}

fn names(found: &Recognition) -> Vec<String> {
    found.diagnoses.iter().map(|cause| cause.failure.unwrap().to_string()).collect()
}

fn first(text: &str) -> String {
    let found = recognize(text, "exo");
    names(&found).first().cloned().unwrap_or_else(|| panic!("nothing is known of:\n{text}"))
}

#[test]
fn the_catalogue_has_all_of_them_in_order() {
    assert!(failures().map(|failure| failure.number).eq(numbers()));
    for failure in failures() {
        assert!(!failure.variants.is_empty(), "{}", failure.number);
    }
}

#[test]
fn each_failure_is_the_first_that_its_text_names() {
    for number in numbers() {
        assert_eq!(first(&pasted(number)), number.to_string(), "{:#?}", recognize(&pasted(number), "exo").diagnoses);
    }
}

#[test]
fn a_text_is_recognized_in_other_casing_wrapping_and_dress() {
    for number in numbers() {
        let text = pasted(number);
        let narrow: String = text.split('\n').map(|line| wrapped(line, 47)).collect();
        let json = serde_json::to_string(&serde_json::json!({ "error": { "message": text } })).unwrap();
        let nested = serde_json::to_string(&serde_json::json!({ "inner": json })).unwrap();
        let colored = format!("\u{1b}[31;1m{}\u{1b}[0m", text.replace('\n', "\u{1b}[0m\r\n\u{1b}[31;1m"));
        let dresses = [
            ("upper case", text.to_uppercase()),
            ("wrapped", narrow),
            ("a paragraph", text.replace('\n', " ")),
            ("in JSON", json),
            ("in JSON inside of JSON", nested),
            ("in colour", colored),
            ("typographic", text.replace('\'', "\u{2019}").replace('"', "\u{201d}")),
            ("in a ticket", format!("Hola, tengo un error:\n\n> {}\n\nSaludos", text.replace('\n', "\n> "))),
        ];
        for (dress, text) in dresses {
            assert_eq!(first(&text), number.to_string(), "{dress}:\n{text}");
        }
    }
}

/// Lines as a console of that width shows them, broken within words.
fn wrapped(line: &str, width: usize) -> String {
    let characters: Vec<char> = line.chars().collect();
    let parts = characters.chunks(width).map(|part| part.iter().collect::<String>());
    parts.collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn each_code_of_a_family_has_a_remedy_of_its_own() {
    for (failure, codes) in [
        ("F12", &[90_002, 90_038, 900_382, 900_432][..]),
        ("F15", &[650_056, 650_057, 650_052, 65_001, 90_094, 90_099, 70_011, 700_030]),
    ] {
        let mut remedies = BTreeSet::new();
        for code in codes {
            let found = recognize(&format!("AADSTS{code}: in some words"), "exo");
            assert_eq!(names(&found), [failure], "{code}");
            assert!(remedies.insert(found.diagnoses[0].remedy.text.clone()), "{code} has the remedy of another code");
            assert_eq!(found.diagnoses[0].evidence, [format!("AADSTS{code}")]);
        }
    }
}

#[test]
fn one_code_is_told_apart_by_its_words() {
    let cause = |text: &str| {
        let found = recognize(text, "exo");
        assert_eq!(found.diagnoses.len(), 1, "{text}: {:?}", names(&found));
        (found.diagnoses[0].failure.unwrap().to_string(), found.diagnoses[0].cause.clone())
    };
    let not_found =
        cause("AADSTS700027: Client assertion contains an invalid signature. [Reason - The key was not found.");
    let expired =
        cause("AADSTS700027: Client assertion contains an invalid signature. [Reason - The key used is expired.");
    let early = cause("AADSTS700027: [Reason - The key used is not yet valid.");
    let signature = cause("AADSTS700027: The provided signature value did not match the expected signature value.");
    assert_eq!([&*not_found.0, &*expired.0, &*early.0, &*signature.0], ["F8", "F9", "F9", "F8"]);
    assert_eq!(BTreeSet::from([not_found.1, expired.1, early.1, signature.1]).len(), 4, "four causes");
}

#[test]
fn several_causes_are_all_named_and_what_explains_the_others_comes_first() {
    let text = format!("{}\n{}\n{}", pasted(FailureNumber(2)), pasted(FailureNumber(8)), pasted(FailureNumber(12)));
    assert_eq!(names(&recognize(&text, "exo")), ["F12", "F8", "F2"]);
    let reader = pasted(FailureNumber(5));
    assert_eq!(names(&recognize(&reader, "exo")), ["F5", "F1"], "and consent may be missing as well");
}

#[test]
fn a_reader_s_masked_values_are_caught() {
    let found = recognize(
        "Connect-ExchangeOnline -CertificateThumbPrint \"R39DC6340648BAF741A61179A077D7B7B98B2783\" -AppID \"dv861cc4-5984-4d56-b60c-3e79405841c4\" -Organization \"ins-cr.com\"\nUnAuthorized",
        "exo",
    );
    assert_eq!(names(&found), ["F5", "F1"]);
    assert_eq!(found.values.len(), 2, "{:?}", found.values);
}

#[test]
fn what_has_nothing_to_do_with_it_is_not_known() {
    for text in [
        "",
        "hello",
        "the disk is full",
        "git : The term 'git' is not recognized as the name of a cmdlet, function, script file, or operable program.\n    + FullyQualifiedErrorId : CommandNotFoundException",
        "error[E0308]: mismatched types",
        "HTTP/1.1 500 Internal Server Error",
        "Get-ChildItem : Cannot find path 'C:\\nowhere' because it does not exist.",
        "Connect-ExchangeOnline -AppId 36ee4c6c-0812-40a2-b820-b22ebd02bce3 -CertificateThumbprint A26EFACAA44D7A6DF43593C3F320F19C8C689FFA -Organization contoso.onmicrosoft.com",
        "12345678901234567890",
    ] {
        assert!(!is_known(text), "{text}: {:#?}", recognize(text, "exo"));
    }
}

/// Words that stand in a failure's text, and mean something else where they stand alone.
#[test]
fn a_word_alone_is_no_proof() {
    for text in [
        "error: unauthorized_client",
        "GET https://contoso.sharepoint.com/_api/web 401 Unauthorized",
        "https://management.azure.com/subscriptions 401 Unauthorized",
        "AADSTS7000215: invalid client secret. 401 Unauthorized",
        "System.UnauthorizedAccessException: Access to the path 'C:\\jobs\\out.csv' is denied.",
        "Get-Item : Access to the path is denied: UnauthorizedAccessException",
        "The remote certificate has expired: NotTimeValid",
        "The SSL connection could not be established. The certificate has expired.",
        "the token is expired; client certificate ok; the session has expired",
        "full_access_as_app is granted and EWS works: https://outlook.office365.com/EWS/Exchange.asmx answers 200",
        "GET https://outlook.office365.com/api/v2.0/me/messages HTTP/1.1 403 Forbidden",
        "processed 429 mailboxes",
        "processed 403 mailboxes",
        "mail 0x4036 of 14039 went to https://outlook.office365.com/owa",
        "ErrorAccessDenied: Blocked by tenant configured AppOnly AccessPolicy settings.",
        "the PFX was imported; the user's password expires in 3 days; incorrect time zone",
    ] {
        let found = recognize(text, "exo");
        assert!(found.diagnoses.is_empty(), "{text}: {:#?}", found.diagnoses);
    }
}

/// What others say too is not told as if nothing else said it.
#[test]
fn a_cause_is_as_certain_as_its_text() {
    use Certainty::{Certain, Likely, Possible};
    for (text, number, certainty) in [
        ("401 Unauthorized", "F1", Possible),
        ("Connect-ExchangeOnline: UnAuthorized", "F1", Likely),
        ("The certificate has expired.", "F9", Likely),
        ("The key used is expired. Client assertion", "F9", Certain),
        ("Bearer error=\"invalid_token\" roles: full_access_as_app", "F21", Likely),
        ("HTTP/1.1 403 Forbidden", "F30", Possible),
        ("POST /adminapi/beta/x/InvokeCommand 403", "F30", Likely),
        ("429 Too Many Requests", "F30", Possible),
        ("Connect-ExchangeOnline: Too Many Requests", "F30", Likely),
        ("ErrorAccessDenied: Access is denied.", "F33", Possible),
        ("Get-MgUserMessage: Access is denied.", "F33", Likely),
        ("exo.pfx: the password is incorrect", "F22", Likely),
    ] {
        let found = recognize(text, "exo");
        let named: Vec<_> = found.diagnoses.iter().map(|it| (it.failure.unwrap().to_string(), it.certainty)).collect();
        assert_eq!(named, [(number.to_owned(), certainty)], "{text}");
    }
}

/// Some hundred thousand letters of codes is read in the time of a few lines.
#[test]
fn a_long_text_takes_no_long_time() {
    use std::fmt::Write as _;
    let mut text = String::new();
    for code in 0..20_000 {
        let _ = writeln!(text, "AADSTS{}: x", 1_000_000 + code);
    }
    text.push_str("AADSTS7000\n27: broken");
    let begin = std::time::Instant::now();
    let found = recognize(&text, "exo");
    assert_eq!(names(&found).first().map(String::as_str), Some("F8"));
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
}

/// Consoles break values, sentences end behind them, and other programs have organizations too.
#[test]
fn a_right_command_stays_right_in_any_dress() {
    let id = "36ee4c6c-0812-40a2-b820-b22ebd02bce3";
    let thumbprint = "A26EFACAA44D7A6DF43593C3F320F19C8C689FFA";
    let domain = "contoso.onmicrosoft.com";
    let mut texts = vec![
        format!(
            "I ran Connect-ExchangeOnline -AppId {id}, -CertificateThumbprint {thumbprint}; -Organization {domain}."
        ),
        format!("(Connect-ExchangeOnline -Organization {domain} -CertificateThumbprint {thumbprint} -AppId {id})."),
        "Subject: CN=exo, Organization = Contoso.Ltd\nThumbprint = none".to_owned(),
        "OU = IT\nOrganization = Contoso.Ltd".to_owned(),
        "Connect-ExchangeOnline -UserPrincipalName zoe@contoso.com -Organization contoso.com".to_owned(),
        "gh-mirror -Organization contoso.com".to_owned(),
    ];
    for (name, value) in [("AppId", id), ("CertificateThumbprint", thumbprint), ("Organization", domain)] {
        for at in [1, 9, 12, 20, value.len() - 1] {
            for gutter in ["", "     | ", "> ", "\r"] {
                let (begin, end) = value.split_at(at);
                let break_ = if gutter == "\r" { "\r\n".to_owned() } else { format!("\n{gutter}") };
                texts.push(format!("Connect-ExchangeOnline -{name} {begin}{break_}{end} -Verbose"));
                texts.push(format!("Connect-ExchangeOnline -{name} \"{begin}{break_}{end}\""));
            }
        }
    }
    for text in texts {
        let found = recognize(&text, "exo");
        assert!(found.is_empty(), "{text}: {found:#?}");
    }
    let broken = format!(
        "AADSTS700016: Application with identifier '36ee4c6c-0812-\n     | {}' was not found in the directory",
        &id[14..]
    );
    assert_eq!(names(&recognize(&broken, "exo")), ["F11"]);
}

/// A value that is read out of a command is no proof, and is not said again.
#[test]
fn a_mistake_in_a_command_is_likely_at_most() {
    for (text, number) in [
        ("Connect-ExchangeOnline -AppId x -Organization Passw0rd.of.mine", "F5"),
        ("Connect-ExchangeOnline -AppId 'EXO automated' -Organization contoso.onmicrosoft.com", "F6"),
        ("Connect-IPPSSession -AppId $id -Organization 36ee4c6c-0812-40a2-b820-b22ebd02bce3", "F31"),
    ] {
        let found = recognize(text, "exo");
        assert!(names(&found).contains(&number.to_owned()), "{text}: {found:#?}");
        assert!(found.diagnoses.iter().all(|it| it.certainty == Certainty::Likely), "{text}: {found:#?}");
        assert!(!serde_json::to_string(&found).unwrap().contains("Passw0rd"), "{found:#?}");
    }
    let both =
        "Connect-ExchangeOnline -AppId $id -Organization contoso.com\nAADSTS700027: [Reason - The key was not found.";
    assert_eq!(
        names(&recognize(both, "exo")),
        ["F8", "F5"],
        "what Entra says goes before what is read out of a command"
    );
}

/// A cmdlet may not be there as nobody connected, or as it is misspelt: no reason for a greater role.
#[test]
fn a_cmdlet_that_is_not_recognized_is_no_reason_for_a_greater_role() {
    for name in ["Get-Mailbox", "Get-Mailboxx", "Get-InboxRule"] {
        let text =
            format!("{name} : The term '{name}' is not recognized as the name of a cmdlet, function, script file");
        let found = recognize(&text, "exo");
        assert_eq!(names(&found), ["F4"], "{text}");
        let cause = &found.diagnoses[0];
        assert_eq!(cause.certainty, Certainty::Likely);
        assert!(cause.cause.contains("not connected") && cause.cause.contains("misspelt"), "{cause:#?}");
        assert!(cause.remedy.manifest.is_none() && !format!("{:?}", cause.remedy).contains("Exchange Administrator"));
        assert_eq!(cause.remedy.commands[0], "Get-ConnectionInformation");
    }
    let refused = recognize("User is not allowed to call Get-Mailbox", "exo");
    assert_eq!(refused.diagnoses[0].certainty, Certainty::Certain);
    assert!(refused.diagnoses[0].remedy.manifest.is_some());
}

#[test]
fn a_code_of_another_kind_gets_an_honest_answer() {
    let found = recognize("AADSTS7000222: The provided client secret keys are expired.", "exo");
    assert!(found.diagnoses.is_empty() && found.codes[0].meaning.unwrap().contains("secret"), "{found:#?}");
    let found = recognize("AADSTS123456: nobody knows", "exo");
    assert!(found.diagnoses.is_empty() && found.codes[0].meaning.is_none(), "{found:#?}");
}

/// What a text holds comes out again only where it is known to be no secret.
#[test]
fn nothing_of_a_text_is_said_again_that_may_be_a_secret() {
    let canary = "hunter2-canary";
    for number in numbers() {
        let text = format!(
            "$password = '{canary}'\nConnect-ExchangeOnline -AppId '{canary}' -CertificateThumbprint '{canary}' -Organization '{canary}' -CertificatePassword {canary}\nBearer {canary}\n{}",
            pasted(number)
        );
        let found = recognize(&text, "exo");
        assert!(!serde_json::to_string(&found).unwrap().contains("canary"), "{number}: {found:#?}");
    }
}

#[test]
fn every_remedy_s_manifest_loads() {
    let directory = tempfile::tempdir().unwrap();
    let mut loaded = 0;
    for failure in failures() {
        for variant in failure.variants {
            let Some(lines) = variant.manifest() else { continue };
            let declared = lines.in_place("exo");
            let text = match lines {
                // A file needs an estate and its tenant, an application its name, and the door of Exchange a role.
                ManifestLines::Estate(_) if declared.contains("tenant:") => format!("{declared}\nestate: tests\n"),
                ManifestLines::Estate(_) => format!("tenant: contoso.onmicrosoft.com\n{declared}\nestate: tests\n"),
                ManifestLines::Application(_) => {
                    format!("tenant: contoso.onmicrosoft.com\nestate: tests\n{declared}    displayName: EXO\n")
                }
            };
            let file = directory.path().join("exo.yaml");
            std::fs::write(&file, &text).unwrap();
            let found = manifest::load(&[file], Path::new(""));
            let problems = manifest::render_problems(&found.problems, &found.sources, false);
            assert!(found.desired.is_some(), "{}:\n{text}\n{problems}", failure.number);
            loaded += 1;
        }
    }
    assert!(loaded > 10, "{loaded}");
}

/// A failure is recognized by what it is, not by a guess.
#[test]
fn the_first_cause_is_never_a_mere_possibility() {
    for number in numbers() {
        let found = recognize(&pasted(number), "exo");
        assert!(found.diagnoses[0].certainty < Certainty::Possible, "{number}");
    }
}

#[test]
fn the_documentation_lists_the_catalogue() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/doctor.md");
    let text = std::fs::read_to_string(file).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| F") || line.starts_with("| | ")).collect();
    let mut wanted = Vec::new();
    for failure in failures() {
        for (index, variant) in failure.variants.iter().enumerate() {
            let (number, title, stage) = match index {
                0 => (failure.number.to_string(), failure.title, failure.stage.as_str()),
                _ => (String::new(), "", ""),
            };
            wanted.push(format!("| {number} | {title} | {stage} | {} |", variant.cause).replace("|  ", "| "));
        }
    }
    assert_eq!(rows, wanted, "the table of docs/doctor.md is that of src/doctor/failures:\n{}", wanted.join("\n"));
}
