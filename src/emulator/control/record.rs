//! What was asked and answered: the log of requests, and counters. No secrets, tokens or bodies.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::Write,
};

use serde::Serialize;
use serde_json::{Value, json};

use super::super::{identifiers, trouble::knobs::Part};

const LONGEST_LOG: usize = 50_000;
/// Words whose values are secret wherever they come up in a query.
const SECRET: [&str; 6] = ["client_secret", "client_assertion", "access_token", "code", "password", "sig"];

/// One served request.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    pub(crate) time: String,
    pub(crate) service: &'static str,
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    /// Null when the connection was dropped.
    pub(crate) status: Option<u16>,
    pub(crate) request_id: String,
    pub(crate) milliseconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resource_units: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<&'static str>,
    /// The `appId` of the caller, when it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) application: Option<String>,
}

type Counted = (&'static str, String, String, String);

/// The log and the counters.
#[derive(Default)]
pub(crate) struct Record {
    entries: VecDeque<Entry>,
    counts: BTreeMap<Counted, u64>,
    retries: BTreeMap<Counted, u64>,
    /// Requests that failed in a way that clients try again.
    failed: BTreeSet<(String, String, Option<String>)>,
    file: Option<std::fs::File>,
}

impl Record {
    /// Writes every entry to this file too, as one line of JSON.
    pub(crate) fn write_to(&mut self, file: std::fs::File) {
        self.file = Some(file);
    }

    /// The oldest are forgotten.
    pub(crate) fn add(&mut self, mut entry: Entry) {
        entry.path = without_secrets(&entry.path);
        let pattern = pattern(&entry.path);
        let status = entry.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let counted = (entry.service, entry.method.clone(), pattern, status);
        let same = (entry.method.clone(), entry.path.clone(), entry.application.clone());
        if self.failed.remove(&same) {
            *self.retries.entry(counted.clone()).or_default() += 1;
        }
        *self.counts.entry(counted).or_default() += 1;
        if entry.status.is_none_or(|status| [408, 409, 424, 429].contains(&status) || status >= 500)
            && self.failed.len() < LONGEST_LOG
        {
            self.failed.insert(same);
        }
        if let Some(file) = &mut self.file
            && let Ok(mut line) = serde_json::to_vec(&entry)
        {
            line.push(b'\n');
            // A full disk must not stop the service; the log is also at the control endpoint.
            let _ = file.write_all(&line);
        }
        if self.entries.len() == LONGEST_LOG {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.clear_counters();
    }

    pub(crate) fn clear_counters(&mut self) {
        self.counts.clear();
        self.retries.clear();
        self.failed.clear();
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(crate) fn counters(&self) -> Value {
        let total: u64 = self.counts.values().sum();
        let retries: u64 = self.retries.values().sum();
        let routes: Vec<Value> = self
            .counts
            .iter()
            .map(|(counted, count)| {
                let (service, method, route, status) = counted;
                let retries = self.retries.get(counted).copied().unwrap_or_default();
                json!({
                    "service": service, "method": method, "route": route,
                    "status": status.parse::<u16>().ok(), "count": count, "retries": retries,
                })
            })
            .collect();
        json!({ "requests": total, "retries": retries, "routes": routes })
    }
}

fn without_secrets(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else {
        return target.to_owned();
    };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if SECRET.iter().any(|secret| name.eq_ignore_ascii_case(secret)) => {
                format!("{name}=[elided]")
            }
            _ => pair.to_owned(),
        })
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

/// `/v1.0/applications/{id}/owners`: the path without what differs from object to object.
fn pattern(target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let part = Part::of(path, "");
    let segments: Vec<String> = path
        .trim_matches('/')
        .split('/')
        .enumerate()
        .map(|(index, segment)| {
            if part == Part::Token && index == 0 && segment != "common" {
                return "{tenant}".to_owned();
            }
            if part == Part::Vault && index > 0 && !["versions", "pending", "policy", "create"].contains(&segment) {
                return "{name}".to_owned();
            }
            if let Some((name, key)) = segment.split_once('(') {
                return match key.split_once('=') {
                    Some((key, _)) => format!("{name}({key}={{{key}}})"),
                    None => format!("{name}({{id}})"),
                };
            }
            let is_id = identifiers::is_guid(segment)
                || segment.contains('@')
                || segment.len() >= 22 && {
                    segment.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
                        && !segment.contains('.')
                };
            if is_id && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(segment)) {
                return "{id}".to_owned();
            }
            segment.to_owned()
        })
        .collect();
    format!("/{}", segments.join("/"))
}

/// Long names of collections that look like ids.
const WORDS: [&str; 5] = [
    "oauth2PermissionGrants",
    "federatedIdentityCredentials",
    "directoryRoleTemplates",
    "appManagementPolicies",
    "defaultAppManagementPolicy",
];
