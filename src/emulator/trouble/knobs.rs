//! How the emulator misbehaves: one value, set at the start and changed while it runs.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::{
    clouds::HomeCloud, trouble::span::Span, trouble::throttle::Throttle, unsettled::Unsettled, world::lag::Lag,
};

/// Which of the services a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Part {
    Graph,
    Token,
    Exchange,
    Vault,
    ResourceManager,
}

const VAULT: [&str; 6] = ["certificates", "keys", "secrets", "deletedcertificates", "deletedkeys", "deletedsecrets"];

impl Part {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Graph => "graph",
            Self::Token => "token",
            Self::Exchange => "exchange",
            Self::Vault => "vault",
            Self::ResourceManager => "resourceManager",
        }
    }

    /// The service that a request is for, by its path and by the host that the client called.
    pub(crate) fn of(path: &str, origin: &str) -> Self {
        let path = path.to_ascii_lowercase();
        let mut parts = path.trim_start_matches('/').split('/');
        let first = parts.next().unwrap_or_default();
        let second = parts.next().unwrap_or_default();
        if first == "adminapi" || second == "adminapi" {
            Self::Exchange
        } else if ["arm", "metadata", "tenants", "subscriptions"].contains(&first) {
            Self::ResourceManager
        } else if first == "v1.0" || first == "beta" {
            Self::Graph
        } else if VAULT.contains(&first) || first == "vault" || first == "vaults" || origin.contains(".vault.") {
            Self::Vault
        } else if ["oauth2", "discovery", "v2.0", ".well-known", "common"].contains(&second) || first == "common" {
            Self::Token
        } else {
            Self::Graph
        }
    }
}

/// How long answers take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "a time, or an object with a time for each service")]
pub struct Latency {
    graph: Span,
    token: Span,
    exchange: Span,
    vault: Span,
    resource_manager: Span,
}

impl Latency {
    pub(crate) fn of(&self, part: Part) -> Span {
        match part {
            Part::Graph => self.graph,
            Part::Token => self.token,
            Part::Exchange => self.exchange,
            Part::Vault => self.vault,
            Part::ResourceManager => self.resource_manager,
        }
    }
}

/// When writes to one object get in each other's way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object with `writes` and `creation`")]
pub struct Conflicts {
    /// A write this soon after another one to the same object is refused.
    pub writes: Span,
    /// A write this soon after the object was made is refused.
    pub creation: Span,
}

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Knobs {
    /// How many objects a page holds when the client does not say.
    pub page_size: usize,
    /// How long answers take.
    pub latency: Latency,
    /// How far reads are behind.
    pub lag: Lag,
    /// When writes get in each other's way.
    pub conflicts: Conflicts,
    /// How much is too much.
    pub throttle: Throttle,
    /// The cloud that the tenant is in: the token services of others do not know it.
    pub cloud: HomeCloud,
    /// Whether Exchange's organization begins dehydrated: its roles cannot be changed before somebody has run
    /// `Enable-OrganizationCustomization`.
    pub dehydrated: bool,
    /// How open questions are answered.
    pub unsettled: Unsettled,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            page_size: 100,
            latency: Latency::default(),
            lag: Lag::default(),
            conflicts: Conflicts::default(),
            throttle: Throttle::default(),
            cloud: HomeCloud::default(),
            dehydrated: false,
            unsettled: Unsettled::default(),
        }
    }
}

impl Knobs {
    /// These knobs with some of them changed. A time in place of `latency` or `lag` sets each time in it; a name in place
    /// of `throttle` is a preset.
    /// All that is wrong is told at once.
    pub fn changed(&self, change: &Value) -> Result<Self, String> {
        let Some(members) = change.as_object() else {
            return Err("knobs must be an object, such as {\"lag\": {\"byId\": \"5s\"}}".to_owned());
        };
        let mut changed = self.clone();
        let mut problems = Vec::new();
        for (name, value) in members {
            match changed.turned(json!({ name: value })) {
                Ok(turned) => changed = turned,
                Err(why) => problems.push(format!("`{name}`: {why}")),
            }
        }
        if problems.is_empty() { Ok(changed) } else { Err(problems.join("; ")) }
    }

    /// These knobs with one of them changed.
    fn turned(&self, mut change: Value) -> Result<Self, String> {
        for (name, members) in [
            ("latency", &["graph", "token", "exchange", "vault", "resourceManager"][..]),
            ("lag", &["byId", "lists", "references", "tokens"][..]),
        ] {
            if let Some(time) = change.get(name).filter(|value| value.is_string()).cloned() {
                change[name] = members.iter().map(|member| ((*member).to_owned(), time.clone())).collect();
            }
        }
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        if let Some(preset) = change.get("throttle").and_then(Value::as_str) {
            let preset = Throttle::preset(preset)?;
            all["throttle"] = json!(null);
            change["throttle"] = serde_json::to_value(preset).map_err(|error| error.to_string())?;
        }
        merge(&mut all, &change);
        let changed: Self = serde_json::from_value(all).map_err(|error| error.to_string())?;
        if !(1..=999).contains(&changed.page_size) {
            return Err(format!("{} is not from 1 to 999", changed.page_size));
        }
        if !(1..=16).contains(&changed.lag.replicas) {
            return Err(format!("`replicas` is {}; it must be from 1 to 16", changed.lag.replicas));
        }
        changed.throttle.check()?;
        Ok(changed)
    }
}

/// Objects are merged member by member; everything else is replaced.
fn merge(into: &mut Value, change: &Value) {
    match (into, change) {
        (Value::Object(into), Value::Object(change)) => {
            for (name, value) in change {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, change) => *into = change.clone(),
    }
}
