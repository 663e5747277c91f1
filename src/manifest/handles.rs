//! What has become of handles that are declared no more: applications that got another one, and those that are let go of.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::nearest;
use crate::model::{CertificateSource, DesiredApplication, Former, Handle, Place, Problem};

use super::cursor::At;
use super::estate::CheckedFile;
use super::findings::{Findings, did_you_mean};
use super::specification::{MovedSpecification, RemovedSpecification};
use super::tree::Node;

/// The handles that changed, by the new one, and those that are let go of.
#[derive(Debug, Default)]
pub(super) struct Handles {
    pub moved: BTreeMap<Handle, Former>,
    pub let_go: BTreeMap<Handle, Place>,
}

/// Reads `moved` and `removed` of all files. `complete` says that no file was left out, so that what is nowhere is missing.
pub(super) fn lower(
    files: &[CheckedFile],
    applications: &BTreeMap<Handle, DesiredApplication>,
    complete: bool,
    findings: &mut Findings,
) -> Handles {
    let declared = declared(files);
    let moves = moves(files, findings);
    let mut lowered = Handles::default();
    let (mut froms, mut tos): (BTreeMap<&Handle, &Place>, BTreeMap<&Handle, &Place>) = Default::default();
    for Move { from, to, from_place, to_place } in &moves {
        if from == to {
            findings.error(format!("`{from}` is moved to itself"), from_place);
            continue;
        }
        if let Some(first) = froms.insert(from, from_place) {
            findings.twice(format!("`{from}` is moved twice"), from_place, first);
            continue;
        }
        if let Some(first) = tos.insert(to, to_place) {
            findings.twice(format!("two applications are moved to `{to}`"), to_place, first);
            continue;
        }
        if let Some(next) = moves.iter().find(|next| next.from == *to && next.to != *to) {
            let circle = next.to == *from;
            let message = if circle {
                format!("`{from}` and `{to}` are moved to each other")
            } else {
                format!("`{to}` is moved on to `{}`", next.to)
            };
            let help = if circle {
                "handles cannot be exchanged: move one of them to a third, and apply that first".to_owned()
            } else {
                format!("where the first move was applied, take it out; else write `from: {from}, to: {}`", next.to)
            };
            let problem = Problem::error(message).at(to_place).related(&next.from_place, "here it is moved on");
            findings.problems.push(problem.help(help));
            continue;
        }
        if let Some(place) = declared.get(from.as_str()) {
            let help = "take it out of `applications`: the application is declared under its new handle";
            let problem = Problem::error(format!("`{from}` is moved, and declared too")).at(from_place);
            findings.problems.push(problem.related(place, "declared here").help(help));
            continue;
        }
        if !declared.contains_key(to.as_str()) {
            if complete {
                let near = nearest(to.as_str(), declared.keys().copied());
                let help = match near.as_slice() {
                    [] => "declare it under `applications`, in the same file".to_owned(),
                    near => did_you_mean(near),
                };
                let message = format!("`{from}` is moved to `{to}`, which is not declared");
                findings.error_with_help(message, to_place, help);
            }
            continue;
        }
        check_vaults(files, applications, (from, to), from_place, findings);
        lowered.moved.insert(to.clone(), Former { handle: from.clone(), place: from_place.clone() });
    }
    lowered.let_go = let_go(files, &declared, &moves, findings);
    lowered
}

struct Move {
    from: Handle,
    to: Handle,
    from_place: Place,
    to_place: Place,
}

/// Every handle that is written under `applications`, whatever is wrong with what it declares.
fn declared(files: &[CheckedFile]) -> BTreeMap<&str, &Place> {
    let written = files.iter().filter_map(|file| file.written.entry("applications"));
    let entries = written.flat_map(|entry| entry.value.entries());
    entries.map(|entry| (entry.key.as_str(), &entry.key_place)).collect()
}

fn moves(files: &[CheckedFile], findings: &mut Findings) -> Vec<Move> {
    let mut moves = Vec::new();
    for (specification, at) in lists::<MovedSpecification>(files, "moved") {
        let from = handle(&specification.from, at.key("from"), findings);
        let to = handle(&specification.to, at.key("to"), findings);
        if let (Some(from), Some(to)) = (from, to) {
            let (from_place, to_place) = (at.key("from").place().clone(), at.key("to").place().clone());
            moves.push(Move { from, to, from_place, to_place });
        }
    }
    moves
}

fn let_go(
    files: &[CheckedFile],
    declared: &BTreeMap<&str, &Place>,
    moves: &[Move],
    findings: &mut Findings,
) -> BTreeMap<Handle, Place> {
    let mut let_go = BTreeMap::new();
    let mut seen: BTreeMap<Handle, Place> = BTreeMap::new();
    for (RemovedSpecification { handle: text, destroy }, at) in lists::<RemovedSpecification>(files, "removed") {
        let at = at.key("handle");
        let Some(handle) = handle(&text, at, findings) else { continue };
        let place = at.place();
        if let Some(first) = seen.insert(handle.clone(), place.clone()) {
            findings.twice(format!("`{handle}` is removed twice"), place, &first);
        } else if let Some(declared) = declared.get(handle.as_str()) {
            let problem = Problem::error(format!("`{handle}` is removed, and declared too")).at(place);
            let problem = problem.related(declared, "declared here");
            findings.problems.push(problem.help("take it out of `applications`, or out of `removed`"));
        } else if let Some(moved) = moves.iter().find(|one| one.from == handle) {
            let problem = Problem::error(format!("`{handle}` is removed, and moved too")).at(place);
            let problem = problem.related(&moved.from_place, "moved here");
            findings.problems.push(problem.help("an application that is moved is declared under its new handle"));
        } else if destroy != Some(true) {
            let_go.insert(handle, place.clone());
        }
    }
    let_go
}

/// Every item of a list that several files may have, with its place.
fn lists<'a, T: serde::de::DeserializeOwned>(files: &'a [CheckedFile], key: &str) -> Vec<(T, At<'a>)> {
    let entries = files.iter().filter_map(|file| file.sound.entry(key));
    let items = entries.flat_map(|entry| {
        let at = At::entry(entry);
        let length = entry.value.items().len();
        (0..length).map(move |index| (at.index(index), &entry.value.items()[index]))
    });
    items.filter_map(|(at, node): (At<'a>, &Node)| Some((serde_json::from_value(node.to_json()).ok()?, at))).collect()
}

fn handle(text: &str, at: At<'_>, findings: &mut Findings) -> Option<Handle> {
    text.parse().map_err(|error: crate::model::InvalidHandle| findings.error(error.to_string(), at.place())).ok()
}

/// A certificate in a vault whose name there was made of the handle would be another one after the move.
fn check_vaults(
    files: &[CheckedFile],
    applications: &BTreeMap<Handle, DesiredApplication>,
    (from, to): (&Handle, &Handle),
    place: &Place,
    findings: &mut Findings,
) {
    let certificates =
        applications.get(to).into_iter().flat_map(|application| application.certificates.iter().flatten());
    let in_vault = certificates.filter(|(_, certificate)| matches!(certificate.source, CertificateSource::KeyVault(_)));
    let named: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.sound.entry("applications"))
        .map(At::entry)
        .map(|at| at.key(to.as_str()).key("certificates"))
        .flat_map(At::entries)
        .filter(|(_, at)| at.key("source").key("keyVault").key("name").exists())
        .map(|(name, _)| name)
        .collect();
    for (name, certificate) in in_vault.filter(|(name, _)| !named.contains(name.as_str())) {
        let former = format!("{from}-{name}").replace(['.', '_'], "-");
        let message = format!("the certificate `{name}` has its name in the vault from the handle, which changes");
        let problem = Problem::error(message).at(place).related(&certificate.source_place, "in the vault");
        findings
            .problems
            .push(problem.help(format!("write its name in the vault: `source: {{ keyVault: {{ name: {former} }} }}`")));
    }
}
