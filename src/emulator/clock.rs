//! The emulator's clock: the wall clock, or a start of the tester's choice that then advances with real time.
//!
//! This is the only file of the emulator that reads the time.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use jiff::{SignedDuration, Timestamp};

/// A clock that may have been set to another day.
#[derive(Debug)]
pub(crate) struct Clock(Mutex<Setting>);

#[derive(Debug, Clone, Copy)]
struct Setting {
    start: Timestamp,
    since: Instant,
    stopped: bool,
}

impl Setting {
    fn now(&self) -> Timestamp {
        if self.stopped {
            return self.start;
        }
        let elapsed = SignedDuration::try_from(self.since.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}

impl Clock {
    /// Starts at `start`, or at the wall clock and so much more when there is none.
    #[expect(clippy::disallowed_methods, reason = "the one place where the emulator reads the wall clock")]
    pub(crate) fn new(start: Option<Timestamp>, offset: SignedDuration) -> Self {
        let start = start.unwrap_or_else(Timestamp::now).saturating_add(offset).unwrap_or(Timestamp::MAX);
        Self(Mutex::new(Setting { start, since: Instant::now(), stopped: false }))
    }

    fn setting(&self) -> MutexGuard<'_, Setting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.setting().now()
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.setting().stopped
    }

    /// Sets the clock, and stops it or lets it go on.
    pub(crate) fn set(&self, now: Timestamp, stopped: bool) {
        *self.setting() = Setting { start: now, since: Instant::now(), stopped };
    }
}

/// Measures how long something takes, by the machine's own clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds, to the microsecond.
    #[expect(clippy::cast_precision_loss, reason = "a request does not take an age")]
    pub(crate) fn milliseconds(self) -> f64 {
        self.0.elapsed().as_micros() as f64 / 1000.0
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
