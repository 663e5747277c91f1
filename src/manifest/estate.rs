//! Merges the files into one estate: what may be said once only, what everyone must agree on, what adds up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::catalog::clouds;
use crate::model::{
    AuthenticationMethod, Cloud, Desired, DesiredApplication, DesiredPolicy, DesiredUserRole, Handle, Place, Problem,
};

use super::application::{self, Written};
use super::certificates;
use super::cursor::At;
use super::expiry;
use super::findings::Findings;
use super::handles::{self, Handles};
use super::policies;
use super::roles;
use super::specification::{
    ApplicationSpecification, AuthenticationSpecification, CloudSpecification, DefaultsSpecification,
    RoleAssignmentSpecification,
};
use super::specification_policy::PolicySpecification;
use super::texts;
use super::tree::{Entry, Node};

/// One file whose shape was checked.
pub(super) struct CheckedFile {
    /// As it was written.
    pub written: Node,
    /// What of it has the right shape.
    pub sound: Node,
    /// Where its relative paths begin.
    pub directory: PathBuf,
}

/// Merges and lowers all files. `complete` says that no file was left out, so that what is nowhere is missing.
pub(super) fn lower(files: &[CheckedFile], complete: bool, findings: &mut Findings) -> Desired {
    let tenant = agreed(files, "tenant", complete, findings);
    if let Some((tenant, place)) = &tenant
        && let Err(reason) = texts::tenant(tenant)
    {
        let help = "write a domain such as `contoso.onmicrosoft.com`, or the tenant's id";
        findings.error_with_help(format!("`{tenant}` cannot be a tenant: {reason}"), place, help);
    }
    let estate = agreed(files, "estate", complete, findings);
    if let Some((estate, place)) = &estate
        && let Err(reason) = texts::estate(estate)
    {
        findings.error(format!("`{estate}` cannot be an estate's name: {reason}"), place);
    }
    let cloud = agreed_entry(files, "cloud", findings).and_then(|(entry, _)| read(&entry.value)).map_or(
        Cloud::default(),
        |cloud| match cloud {
            CloudSpecification::Global => Cloud::Global,
            CloudSpecification::UsGovL4 => Cloud::UsGovL4,
            CloudSpecification::UsGovL5 => Cloud::UsGovL5,
            CloudSpecification::China => Cloud::China,
            CloudSpecification::Custom => Cloud::Custom,
        },
    );
    let authentication =
        agreed_entry(files, "auth", findings).and_then(|(entry, _)| read(&entry.value)).map(|method| match method {
            AuthenticationSpecification::AccessToken => AuthenticationMethod::AccessToken,
            AuthenticationSpecification::Environment => AuthenticationMethod::Environment,
            AuthenticationSpecification::WorkloadIdentity => AuthenticationMethod::WorkloadIdentity,
            AuthenticationSpecification::ManagedIdentity => AuthenticationMethod::ManagedIdentity,
            AuthenticationSpecification::AzureCli => AuthenticationMethod::AzureCli,
            AuthenticationSpecification::AzureDeveloperCli => AuthenticationMethod::AzureDeveloperCli,
            AuthenticationSpecification::AzurePowerShell => AuthenticationMethod::AzurePowerShell,
            AuthenticationSpecification::DeviceCode => AuthenticationMethod::DeviceCode,
        });
    let applications = applications(files, cloud, findings);
    let Handles { moved, let_go } = handles::lower(files, &applications, complete, findings);
    Desired {
        tenant: tenant.map(|(tenant, _)| tenant).unwrap_or_default(),
        cloud,
        authentication,
        estate_place: estate.as_ref().map(|(_, place)| place.clone()),
        estate: estate.map(|(estate, _)| estate).unwrap_or_default(),
        applications,
        applications_declared: files.iter().any(|file| file.written.entry("applications").is_some()),
        user_roles: user_roles(files, findings),
        moved,
        let_go,
        policies: policies(files, findings),
    }
}

/// Reads a specification from a tree whose shape was checked.
fn read<T: serde::de::DeserializeOwned>(node: &Node) -> Option<T> {
    serde_json::from_value(node.to_json()).ok()
}

/// What one or more files say under a key, when they all say the same.
fn agreed_entry<'a>(
    files: &'a [CheckedFile],
    key: &str,
    findings: &mut Findings,
) -> Option<(&'a Entry, &'a CheckedFile)> {
    let mut said = files.iter().filter_map(|file| Some((file.sound.entry(key)?, file)));
    let (first, first_file) = said.next()?;
    let meant = meaning(first, first_file);
    for (entry, file) in said {
        if meaning(entry, file) != meant {
            let message = format!("the files do not agree on `{key}`");
            let problem = Problem::error(message).at(At::entry(entry).place());
            let problem = problem.related(At::entry(first).place(), "another file says this");
            let help = "several files make one estate; say it in one of them, or the same in all";
            findings.problems.push(problem.help(help));
        }
    }
    Some((first, first_file))
}

/// What an entry says, with the path of a store as it is from the working directory: the same words mean two things in two
/// directories, and two spellings may mean the same.
fn meaning(entry: &Entry, file: &CheckedFile) -> serde_json::Value {
    let mut json = entry.value.to_json();
    if let Some(directory) = json.pointer_mut("/store/directory") {
        let real = directory.as_str().map(|text| certificates::relative_to(&file.directory, text));
        *directory = real.map(|real| real.display().to_string()).into();
    }
    json
}

/// A text that some file must say.
fn agreed(files: &[CheckedFile], key: &str, complete: bool, findings: &mut Findings) -> Option<(String, Place)> {
    if let Some((entry, _)) = agreed_entry(files, key, findings) {
        return Some((read(&entry.value)?, entry.value.place.clone()));
    }
    if complete && !files.iter().any(|file| file.written.entry(key).is_some()) {
        let problem = Problem::error(format!("no manifest says `{key}`"));
        findings.problems.push(problem.help(match key {
            "tenant" => "add `tenant: contoso.onmicrosoft.com` with your tenant's domain",
            _ => "add `estate: name`; it marks what these manifests manage",
        }));
    }
    None
}

fn applications(files: &[CheckedFile], cloud: Cloud, findings: &mut Findings) -> BTreeMap<Handle, DesiredApplication> {
    let defaults = agreed_entry(files, "defaults", findings);
    let specification: DefaultsSpecification = defaults.and_then(|(entry, _)| read(&entry.value)).unwrap_or_default();
    let nothing = Node { value: super::tree::Content::Map(Vec::new()), place: nowhere() };
    let at = defaults.map_or_else(|| At::root(&nothing), |(entry, _)| At::entry(entry));
    let cloud = clouds::facts(cloud);
    let store = match (defaults, &specification.store) {
        (Some((_, file)), Some(store)) => certificates::store(store, at.key("store"), &file.directory, cloud, findings),
        (None, _) | (_, None) => None,
    };
    let estate = application::Estate {
        cloud,
        expiry: (specification.expiry.as_ref(), at.key("expiry")),
        store: store.as_ref(),
        foreign_credentials: specification.foreign_credentials,
        sign_in_audience: specification.sign_in_audience,
        owners: specification.owners.as_deref().map(|owners| (owners, at.key("owners"))),
    };
    // Said once, and also where there is no application yet.
    expiry::merge((None, at), estate.expiry, findings);
    let mut lowered: BTreeMap<Handle, DesiredApplication> = BTreeMap::new();
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for file in files {
        let written = file.written.entry("applications").map(|entry| &entry.value);
        let sound = file.sound.entry("applications").map(|entry| entry.value.entries()).unwrap_or_default();
        let sound: BTreeMap<&str, &Entry> = sound.iter().map(|entry| (entry.key.as_str(), entry)).collect();
        // Also those whose shape was refused: the handle is taken all the same.
        for entry in written.map(Node::entries).unwrap_or_default() {
            let handle = match entry.key.parse::<Handle>() {
                Ok(handle) => Some(handle),
                Err(error) => {
                    findings.error(error.to_string(), &entry.key_place);
                    None
                }
            };
            if let Some(first) = places.get(&entry.key) {
                let message = format!("the application `{}` is declared twice", entry.key);
                findings.twice(message, &entry.key_place, first);
                continue;
            }
            places.insert(entry.key.clone(), entry.key_place.clone());
            let Some(sound) = sound.get(entry.key.as_str()) else { continue };
            let Some(specification) = read::<ApplicationSpecification>(&sound.value) else { continue };
            // A handle that cannot be is reported above; the rest is checked under a name that can.
            let checked = handle.clone().or_else(|| "x".parse().ok());
            let Some(checked) = checked else { continue };
            let written = Written {
                handle: &checked,
                specification: &specification,
                at: At::entry(sound),
                directory: &file.directory,
                refused: refused(&entry.value, &sound.value),
            };
            let application = application::lower(&written, &estate, findings);
            if let Some(handle) = handle {
                lowered.insert(handle, application);
            }
        }
    }
    lowered
}

/// The keys that are written and were refused.
fn refused<'a>(written: &'a Node, sound: &Node) -> BTreeSet<&'a str> {
    let is_refused = |entry: &&Entry| {
        // A list that lost items is no longer what was meant either.
        sound.entry(&entry.key).is_none_or(|kept| kept.value.to_json() != entry.value.to_json())
    };
    written.entries().iter().filter(is_refused).map(|entry| entry.key.as_str()).collect()
}

fn user_roles(files: &[CheckedFile], findings: &mut Findings) -> Vec<DesiredUserRole> {
    let mut lowered = Vec::new();
    for file in files {
        let Some(entry) = file.sound.entry("roleAssignments") else { continue };
        let Some(specifications) = read::<Vec<RoleAssignmentSpecification>>(&entry.value) else { continue };
        lowered.extend(roles::lower_users(&specifications, At::entry(entry), findings));
    }
    roles::refuse_duplicate_users(&mut lowered, findings);
    lowered
}

/// The policies of all files. Where they lie says nothing of what they hold for: it is always the estate.
fn policies(files: &[CheckedFile], findings: &mut Findings) -> BTreeMap<String, DesiredPolicy> {
    let mut lowered = BTreeMap::new();
    for file in files {
        for entry in file.sound.entry("policy").map(|entry| entry.value.entries()).unwrap_or_default() {
            let Some(specification) = read::<PolicySpecification>(&entry.value) else { continue };
            policies::lower((&entry.key, &specification), At::entry(entry), &mut lowered, findings);
        }
    }
    lowered
}

/// The place of defaults that no file says; nothing ever points at it.
fn nowhere() -> Place {
    Place { file: Path::new("").to_string_lossy().into(), line: 1, column: 1, start: 0, end: 0 }
}
