//! The real program, stopped where it hurts: killed while a request is under way, with a full disk, with another one at
//! work in the same key store. And what a stopped one has in its memory.

use std::process::Command;

use serde_json::{Value as Json, json};

use super::process::{Bench, kill};
use super::world::{TENANT, one_of_everything};

const MANIFEST: &str = "
estate: kills
applications:
  exo:
    displayName: Exo
    certificates:
      main: { dnsNames: [exo.example], store: { directory: ../.accredit/keys } }
";

/// The writes of a new application, and those of a rotation: method, a part of the path, and how many there are at least.
const FIRST: [(&str, &str, i32); 3] =
    [("PATCH", "/applications", 1), ("POST", "/servicePrincipals", 2), ("POST", "/roleAssignments", 1)];
const ROTATION: [(&str, &str, i32); 2] = [("PATCH", "/applications", 0), ("POST", "/applications/", 1)];

/// A new application, killed at every request that is not a mere look, before and after it took effect.
#[test]
fn a_first_run_that_is_killed_at_any_request_is_finished_by_the_next() {
    let manifest = one_of_everything("exo").replacen(&format!("tenant: {TENANT}\n"), "", 1);
    for when in ["before", "after"] {
        for (method, path, least) in FIRST {
            for nth in 1.. {
                let bench = Bench::new(&manifest);
                let fault = json!([{ "method": method, "path": path, "nth": nth, "then": "hang", "when": when }]);
                let Some(apply) = bench.stopped(&fault) else {
                    assert!(nth > least, "{method} {path} {nth}");
                    break;
                };
                kill(apply);
                bench.applied();
                assert!(bench.applied().starts_with("No changes."), "{when} {method} {nth}");
                assert_eq!(bench.kept().len(), 1, "{when} {method} {nth}: the key that was made first is used");
                assert_eq!(bench.working(), bench.kept());
            }
        }
    }
}

/// A clock that is wrong would have certificates dated, taken for ended and removed by it.
#[test]
fn a_clock_that_is_ahead_changes_nothing() {
    let bench = Bench::new(MANIFEST);
    bench.applied();
    let working = bench.working();
    let mut apply = bench.command(&["apply", "--auto-approve"]);
    let arguments: Vec<String> = apply.get_args().map(|argument| argument.to_str().unwrap().to_owned()).collect();
    let days_ahead = super::world::days_after(super::world::noon(), 400).to_string();
    let now = arguments.iter().position(|argument| argument == "--now").unwrap() + 1;
    let mut ahead = Command::new(apply.get_program());
    ahead.current_dir(bench.path()).args(&arguments[..now]).arg(days_ahead).args(&arguments[now + 1..]);
    let output = ahead.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("it is 2027-12-26") && said.contains("2026-11-21") && said.contains("the clock"), "{said}");
    assert_eq!(bench.working(), working);
    assert!(apply.output().unwrap().status.success());
}

/// A rotation and its end, killed at every request that is not a mere look, before and after it took effect.
#[test]
fn a_rotation_that_is_killed_at_any_request_is_finished_by_the_next_run() {
    for when in ["before", "after"] {
        for (method, path, least) in ROTATION {
            for nth in 1.. {
                let mut bench = Bench::new(MANIFEST);
                bench.applied();
                let first = bench.kept();
                assert_eq!(bench.working(), first);
                let fault = json!([{ "method": method, "path": path, "nth": nth, "then": "hang", "when": when }]);
                bench.turn_to_day(340);
                let Some(apply) = bench.stopped(&fault) else {
                    assert!(nth > least, "{method} {path} {nth}");
                    break;
                };
                kill(apply);
                assert!(!bench.working().is_empty(), "{when} {method} {nth}");
                bench.applied();
                let kept = bench.kept();
                assert_eq!(kept.len(), 2, "{when} {method} {nth}: no key was made twice, and none is lost: {kept:?}");
                assert_eq!(bench.working().len(), 2);
                bench.turn_to_day(355);
                bench.applied();
                let working = bench.working();
                assert_eq!(working.len(), 1, "{when} {method} {nth}");
                assert_ne!(working, first, "{when} {method} {nth}");
                assert!(bench.applied().starts_with("No changes."));
                assert_eq!(bench.kept(), kept);
            }
        }
    }
}

#[test]
fn a_second_apply_that_needs_the_same_key_store_does_nothing() {
    let bench = Bench::new(MANIFEST);
    let apply = bench.stopped(&json!([{ "method": "PATCH", "then": "hang", "times": 1 }])).unwrap();
    bench.declare(&MANIFEST.replace("exo.example", "other.example"));
    let second = bench.apply();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("another") && said.contains(".accredit/keys"), "{said}");
    let log = bench.control("GET", "requests", &Json::Null);
    let writes = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["method"] != "GET" && !entry["path"].as_str().unwrap().contains("/oauth2/"));
    assert_eq!(writes.count(), 1, "that of the first one");
    kill(apply);
    bench.applied();
}

/// No file can grow: whatever was there stays, the tenant is as it was, and the next run goes on.
#[test]
fn a_full_disk_costs_nothing() {
    let mut bench = Bench::new(MANIFEST);
    bench.applied();
    let first = bench.kept();
    bench.turn_to_day(340);
    let full = bench.command(&["apply", "--auto-approve"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""]).arg(full.get_program()).args(full.get_args());
    let output = shell.current_dir(bench.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("File too large") && said.contains(".accredit/keys/exo/main"), "{said}");
    assert_eq!(bench.kept(), first);
    assert_eq!(bench.working(), first);
    bench.applied();
    assert_eq!(bench.kept().len(), 2);
    assert_eq!(bench.working().len(), 2);
}

/// Once a key is safe in its place, the program has nothing of it in its memory any more: it waits for the tenant here.
#[test]
#[cfg(target_os = "linux")]
fn a_key_is_wiped_from_memory_when_it_is_not_needed() {
    use base64::prelude::{BASE64_STANDARD, Engine as _};

    let bench = Bench::new(MANIFEST);
    let apply = bench.stopped(&json!([{ "method": "PATCH", "then": "hang", "times": 1 }])).unwrap();
    let memory = memory_of(apply.id());
    let pem = bench.private_key(&bench.kept()[0]);
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = BASE64_STANDARD.decode(&body).unwrap();
    let certificate = bench.kept().remove(0);
    assert!(find(&memory, certificate.as_bytes()), "the memory is that of the program: it knows the thumbprint");
    // The second half of the file: private exponent and primes, in its bytes and in its letters, and the other way round.
    for start in (der.len() / 2..der.len() - 32).step_by(24) {
        let piece = &der[start..start + 24];
        let reversed: Vec<u8> = piece.iter().rev().copied().collect();
        assert!(!find(&memory, piece), "bytes {start} and on of the private key are in memory");
        assert!(!find(&memory, &reversed), "bytes {start} and on of the private key are in memory as a number");
    }
    for line in pem.lines().skip(14) {
        assert!(!find(&memory, line.as_bytes()), "a line of the private key is in memory");
    }
    kill(apply);
}

/// Everything that a process has written to and can read.
#[cfg(target_os = "linux")]
fn memory_of(process: u32) -> Vec<u8> {
    use std::os::unix::fs::FileExt as _;

    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let file = std::fs::File::open(format!("/proc/{process}/mem")).unwrap();
    let mut memory = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, permissions) = (words.next().unwrap(), words.next().unwrap());
        if !permissions.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let at = |text: &str| u64::from_str_radix(text, 16).unwrap();
        let mut part = vec![0; usize::try_from(at(end) - at(start)).unwrap()];
        if file.read_exact_at(&mut part, at(start)).is_ok() {
            memory.extend(part);
        }
    }
    memory
}

#[cfg(target_os = "linux")]
fn find(memory: &[u8], piece: &[u8]) -> bool {
    memchr::memmem::find(memory, piece).is_some()
}
