//! The values, read back by those whom they are for.

use std::collections::BTreeMap;
use std::process::Command;

use accredit::handover::{Format, Handover, values};
use accredit::model::{Cloud, SecretReference};
use serde_json::{Value as Json, json};

use super::golden;
use super::powershell::Script;
use super::samples::{CLOUDS, HOSTILE, directory, handover, vault};

const FORMATS: [(&str, Format); 4] = [
    ("json", Format::Json),
    ("dotenv", Format::Dotenv),
    ("powershell", Format::PowerShell),
    ("github", Format::GitHub),
];

fn hostile() -> Handover {
    let mut handover = handover(Cloud::Global);
    HOSTILE.clone_into(&mut handover.display_name);
    handover.roles = vec!["a, \"b\"".to_owned(), HOSTILE.to_owned()];
    handover.certificate.key = directory(Some(SecretReference::Command("pass show 'exo'\n$(x)".to_owned())));
    handover
}

fn json(handover: &Handover) -> BTreeMap<String, Json> {
    serde_json::from_str(&values(handover, Format::Json)).unwrap()
}

/// The same as one text each, under names without `_` in lower case.
fn flat(handover: &Handover) -> BTreeMap<String, String> {
    let text = |value: Json| match value {
        Json::Null => String::new(),
        Json::String(text) => text,
        other => other.to_string(),
    };
    json(handover).into_iter().map(|(name, value)| (name.to_lowercase(), text(value))).collect()
}

fn bare(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

#[test]
fn every_form_as_it_was_looked_at() {
    for (name, format) in FORMATS {
        golden::check(&format!("values/{name}.txt"), &values(&handover(Cloud::Global), format));
        golden::check(&format!("values/hostile-{name}.txt"), &values(&hostile(), format));
    }
}

#[test]
fn the_block_has_all_that_was_promised() {
    let values = json(&handover(Cloud::UsGovL4));
    let expected = json!({
        "appId": "3f2db3ef-10b5-428c-8ed7-9a81478c57ed",
        "appObjectId": "4f81c293-58a0-4d35-87c7-48a8491e4903",
        "servicePrincipalObjectId": "6a76e109-5396-451d-9100-ce653139079f",
        "tenantId": "2d992b96-9a03-4882-9bb0-486141b9adba",
        "organization": "contoso.onmicrosoft.us",
        "cloud": "usGovL4",
        "exchangeEnvironmentName": "O365USGovGCCHigh",
        "roles": ["Exchange Administrator"],
        "certificateThumbprint": "A26EFACAA44D7A6DF43593C3F320F19C8C689FFA",
        "keyId": "c82e4775-07fc-839e-a625-37b5ed8a58c4",
        "notBefore": "2026-11-21T08:13:18Z",
        "notAfter": "2027-11-21T08:23:18Z",
        "keyPlace": "directory",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&values[name], value, "{name}");
    }
    let mut vaulted = handover(Cloud::Global);
    vaulted.certificate.key = vault(true);
    vaulted.service_principal_object_id = None;
    let values = json(&vaulted);
    assert_eq!(
        values["keyVaultCertificate"],
        "https://contoso-keys.vault.azure.net/certificates/exo/0123456789abcdef0123456789abcdef"
    );
    assert_eq!(values["keyVaultExportable"], true);
    assert!(accredit::handover::values(&vaulted, Format::PowerShell).contains("$KeyVaultExportable = $true\n"));
    assert_eq!((&values["pfxPath"], &values["servicePrincipalObjectId"]), (&Json::Null, &Json::Null));
}

#[test]
fn a_shell_reads_back_what_was_written() {
    for handover in [handover(Cloud::China), hostile()] {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("exo.env"), values(&handover, Format::Dotenv)).unwrap();
        let read = "set -a; . ./exo.env; env -0";
        let output = Command::new("sh")
            .args(["-euc", read])
            .current_dir(&directory)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let environment = String::from_utf8(output.stdout).unwrap();
        let variables: BTreeMap<String, String> = environment
            .split('\0')
            .filter_map(|line| line.split_once('='))
            .filter(|(name, _)| !["PATH", "PWD", "SHLVL", "_", "OLDPWD"].contains(name))
            .map(|(name, value)| (bare(name), value.to_owned()))
            .collect();
        assert_eq!(variables, flat(&handover));
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1, "nothing was run");
    }
}

#[test]
fn powershell_assigns_and_runs_nothing() {
    for handover in [handover(Cloud::UsGovL5), hostile()] {
        let text = values(&handover, Format::PowerShell);
        let script = Script::parse(&text);
        assert_eq!(script.commands(), Vec::<&str>::new(), "{text}");
        let named: Vec<String> = script
            .texts("left_assignment_expression")
            .into_iter()
            .map(|name| name.trim_start_matches('$').to_lowercase())
            .collect();
        let expected: BTreeMap<String, String> = flat(&handover);
        assert_eq!(named.iter().collect::<std::collections::BTreeSet<_>>(), expected.keys().collect());
        let literals = script.literals();
        assert!(literals.contains(&handover.display_name), "{literals:#?}");
        for role in &handover.roles {
            assert!(literals.contains(role), "{literals:#?}");
        }
    }
}

/// As the runner reads the file: `name=value`, or `name<<end` with lines up to `end`, whichever sign comes first.
fn outputs(text: &str) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    let mut lines = text.split('\n');
    while let Some(line) = lines.next() {
        let (equals, here) = (line.find('='), line.find("<<"));
        match (equals, here) {
            (Some(equals), here) if here.is_none_or(|here| equals < here) => {
                outputs.insert(bare(&line[..equals]), line[equals + 1..].to_owned());
            }
            (_, Some(here)) => {
                let end = &line[here + 2..];
                let value: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
                outputs.insert(bare(&line[..here]), value.join("\n"));
            }
            (_, None) => assert!(line.is_empty(), "the runner refuses {line:?}"),
        }
    }
    outputs
}

#[test]
fn a_runner_of_github_reads_back_what_was_written() {
    for handover in CLOUDS.map(handover).into_iter().chain([hostile()]) {
        assert_eq!(outputs(&values(&handover, Format::GitHub)), flat(&handover));
    }
}
