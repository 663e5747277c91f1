//! Throttling: how much one application, and the tenant, may ask for in a window of time.
//!
//! Graph counts resource units and writes; the other services count requests. Each limit begins its window with the first
//! request, and begins a new one when that has passed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::{trouble::knobs::Part, trouble::span::Span};

/// So much in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "a limit such as {\"most\": 7, \"window\": \"1m\"}")]
pub struct Limit {
    most: u64,
    window: Span,
}

/// All limits; one that is absent does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "`graph`, `tight`, `off`, or an object of limits")]
pub struct Throttle {
    resource_units: Option<Limit>,
    writes: Option<Limit>,
    tenant_writes: Option<Limit>,
    token: Option<Limit>,
    exchange: Option<Limit>,
    vault: Option<Limit>,
    /// Whether a refusal says how long to wait.
    retry_after: bool,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            resource_units: None,
            writes: None,
            tenant_writes: None,
            token: None,
            exchange: None,
            vault: None,
            retry_after: true,
        }
    }
}

const fn limit(most: u64, seconds: i64) -> Limit {
    Limit { most, window: Span::seconds(seconds) }
}

impl Throttle {
    /// `graph`: the published numbers for a large tenant. `tight`: a few requests, for tests. `off`: no limit.
    pub(crate) fn preset(name: &str) -> Result<Self, String> {
        match name {
            "off" => Ok(Self::default()),
            "graph" => Ok(Self {
                resource_units: Some(limit(8000, 10)),
                writes: Some(limit(3000, 150)),
                tenant_writes: Some(limit(18_000, 300)),
                vault: Some(limit(4000, 10)),
                ..Self::default()
            }),
            "tight" => Ok(Self {
                resource_units: Some(limit(20, 10)),
                writes: Some(limit(5, 10)),
                tenant_writes: Some(limit(10, 10)),
                token: Some(limit(5, 10)),
                exchange: Some(limit(5, 10)),
                vault: Some(limit(5, 10)),
                ..Self::default()
            }),
            _ => Err(format!("`{name}` is no throttling; it is `graph`, `tight` or `off`")),
        }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        let limits = [self.resource_units, self.writes, self.tenant_writes, self.token, self.exchange, self.vault];
        if limits.into_iter().flatten().any(|limit| limit.most == 0 || limit.window.is_none()) {
            return Err("a limit needs a `most` above 0 and a `window` above 0; `null` is no limit".to_owned());
        }
        Ok(())
    }

    fn of(&self, meter: Meter) -> Option<Limit> {
        match meter {
            Meter::ResourceUnits => self.resource_units,
            Meter::Writes => self.writes,
            Meter::TenantWrites => self.tenant_writes,
            Meter::Requests(Part::Token) => self.token,
            Meter::Requests(Part::Exchange) => self.exchange,
            Meter::Requests(Part::Vault) => self.vault,
            Meter::Requests(Part::Graph | Part::ResourceManager) => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meter {
    ResourceUnits,
    Writes,
    TenantWrites,
    Requests(Part),
}

#[derive(Debug)]
struct Window {
    began: Timestamp,
    used: u64,
}

/// A request that came too early.
#[derive(Debug)]
pub(crate) struct Throttled {
    /// Seconds to wait; absent when the service does not say.
    pub(crate) retry_after: Option<i64>,
    /// `Tenant_Application/Write`, as in `x-ms-throttle-scope`.
    pub(crate) scope: &'static str,
    /// As in `x-ms-throttle-information`.
    pub(crate) information: &'static str,
}

/// What has been used.
#[derive(Debug, Default)]
pub(crate) struct Meters(BTreeMap<(Meter, String), Window>);

impl Meters {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    fn meters(part: Part, writes: bool) -> &'static [Meter] {
        match part {
            Part::Graph if writes => &[Meter::ResourceUnits, Meter::Writes, Meter::TenantWrites],
            Part::Graph => &[Meter::ResourceUnits],
            Part::Token => &[Meter::Requests(Part::Token)],
            Part::Exchange => &[Meter::Requests(Part::Exchange)],
            Part::Vault => &[Meter::Requests(Part::Vault)],
            Part::ResourceManager => &[],
        }
    }

    fn window(&mut self, meter: Meter, application: &str, limit: Limit, now: Timestamp) -> &mut Window {
        let whose = if meter == Meter::TenantWrites { String::new() } else { application.to_owned() };
        let window = self.0.entry((meter, whose)).or_insert(Window { began: now, used: 0 });
        let age = window.began.duration_until(now);
        if age >= limit.window.longest() || age.is_negative() {
            *window = Window { began: now, used: 0 };
        }
        window
    }

    /// Refuses a request when what it needs is used up.
    pub(crate) fn admit(
        &mut self,
        throttle: &Throttle,
        part: Part,
        application: &str,
        writes: bool,
        now: Timestamp,
    ) -> Result<(), Throttled> {
        // Of several limits that are used up, the one that lasts longest: whoever waits as long as told is served.
        let mut longest: Option<(SignedDuration, Meter)> = None;
        for meter in Self::meters(part, writes) {
            let Some(limit) = throttle.of(*meter) else { continue };
            let window = self.window(*meter, application, limit, now);
            if window.used < limit.most {
                continue;
            }
            let left = limit.window.longest() - window.began.duration_until(now);
            if longest.is_none_or(|(before, _)| before < left) {
                longest = Some((left, *meter));
            }
        }
        let Some((left, meter)) = longest else { return Ok(()) };
        let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
        let (scope, information) = match meter {
            Meter::ResourceUnits => ("Tenant_Application/ReadWrite", "ResourceUnitLimitExceeded"),
            Meter::Writes => ("Tenant_Application/Write", "WriteLimitExceeded"),
            Meter::TenantWrites => ("Tenant/Write", "WriteLimitExceeded"),
            Meter::Requests(_) => ("Tenant_Application/ReadWrite", "RequestLimitExceeded"),
        };
        Err(Throttled { retry_after: throttle.retry_after.then_some(seconds), scope, information })
    }

    /// Counts a request that was served. Gives back how much of its fullest limit is used, from 0.8.
    pub(crate) fn charge(
        &mut self,
        throttle: &Throttle,
        part: Part,
        application: &str,
        writes: bool,
        units: u32,
        now: Timestamp,
    ) -> Option<String> {
        // In tenths: clients read one decimal.
        let mut fullest = 0;
        for meter in Self::meters(part, writes) {
            let Some(limit) = throttle.of(*meter) else { continue };
            let window = self.window(*meter, application, limit, now);
            window.used += if *meter == Meter::ResourceUnits { u64::from(units) } else { 1 };
            fullest = fullest.max(window.used * 10 / limit.most);
        }
        let shown = fullest.min(18);
        (shown >= 8).then(|| format!("{}.{}", shown / 10, shown % 10))
    }
}
