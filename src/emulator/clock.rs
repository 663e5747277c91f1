//! The emulator's clock: the wall clock, or a start of the tester's choice that then advances with real time.
//!
//! This is the only file of the emulator that reads the time.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// A clock that may have been set to another day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Timestamp,
    since: Instant,
}

impl Clock {
    /// Starts at `start`, or at the wall clock when there is none.
    #[expect(clippy::disallowed_methods, reason = "the one place where the emulator reads the wall clock")]
    pub(crate) fn new(start: Option<Timestamp>) -> Self {
        Self { start: start.unwrap_or_else(Timestamp::now), since: Instant::now() }
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.since.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}

/// `2025-04-08T09:40:20.2882444Z`: at most seven decimals, without trailing zeros, as .NET writes it.
pub(crate) fn ticks(at: Timestamp) -> String {
    let ticks = at.subsec_nanosecond().unsigned_abs() / 100;
    let whole = at.strftime("%Y-%m-%dT%H:%M:%S");
    if ticks == 0 {
        return format!("{whole}Z");
    }
    let decimals = format!("{ticks:07}");
    format!("{whole}.{}Z", decimals.trim_end_matches('0'))
}

/// `2025-04-08T09:40:20Z`.
pub(crate) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2025-04-08T09:40:20`: the form inside Graph's errors, which names no zone.
pub(crate) fn without_zone(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// `2024-12-18 23:10:03Z`: the form of the token service.
pub(crate) fn spaced(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// `Tue, 08 Apr 2025 09:40:20 GMT`: the form of the `Date` header.
pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
