//! How fast a run asks Graph: as fast as it likes until Graph shows its limits, then slower, and faster again bit by bit.
//! One pace for all requests of a run.
//! <https://learn.microsoft.com/graph/throttling>

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;

/// Reckons in the time since the run began.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The time between two requests that the user asked for.
    least: Duration,
    /// The time between two requests that Graph's answers call for.
    called_for: Duration,
    /// When the next request may go.
    next: Duration,
    /// Until when Graph asked not to be asked.
    held_until: Duration,
}

impl Pace {
    /// The first slowdown, and what an unhurried run comes down from.
    const SLOW: Duration = Duration::from_millis(100);
    const SLOWEST: Duration = Duration::from_secs(2);
    /// Less than this between two requests is no slowdown.
    const FREE: Duration = Duration::from_millis(10);

    /// At most so many requests in a second.
    pub(super) fn at_most(requests_per_second: f64) -> Self {
        let least = Duration::try_from_secs_f64(1.0 / requests_per_second).unwrap_or_default();
        Self(Mutex::new(State { least, ..State::default() }))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next turn, for something that counts as so many requests; gives how long it is until then, and why.
    pub(super) fn turn(&self, now: Duration, weight: u32) -> (Duration, &'static str) {
        let mut state = self.state();
        let at = state.next.max(now);
        let is_graphs = state.held_until > now || state.called_for > state.least;
        let why = if is_graphs {
            "Graph is throttling"
        } else {
            "no more requests were allowed by `--max-requests-per-second`"
        };
        state.next = at.saturating_add(state.called_for.max(state.least.saturating_mul(weight)));
        (at.saturating_sub(now), why)
    }

    /// Learns from an answer that was no refusal to serve.
    pub(super) fn served(&self, headers: &HeaderMap) {
        let mut state = self.state();
        let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<f64>().ok();
        match number("x-ms-throttle-limit-percentage") {
            // Sent from 0.8 on; at 1 requests begin to be refused.
            Some(used) if used >= 0.8 => {
                let slower = Self::SLOW.mul_f64(1.0 + (used.min(2.0) - 0.8) * 10.0);
                state.called_for = state.called_for.max(slower).min(Self::SLOWEST);
            }
            Some(_) | None => {
                state.called_for = state.called_for.mul_f64(0.9);
                if state.called_for < Self::FREE {
                    state.called_for = Duration::ZERO;
                }
            }
        }
    }

    /// Learns that Graph refused to serve: nobody asks before `wait` is over, and all more slowly from then on.
    pub(super) fn refused(&self, now: Duration, wait: Duration) {
        let mut state = self.state();
        // Requests that were under way together are refused together: that is one refusal.
        if now >= state.held_until {
            state.called_for = (state.called_for * 2).clamp(Self::SLOW, Self::SLOWEST);
        }
        let until = now.saturating_add(wait);
        state.held_until = state.held_until.max(until);
        state.next = state.next.max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn milliseconds(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    fn turn(pace: &Pace, now: Duration) -> Duration {
        pace.turn(now, 1).0
    }

    #[test]
    fn nobody_is_held_up_without_need() {
        let pace = Pace::default();
        for _ in 0..100 {
            assert_eq!(turn(&pace, milliseconds(5)), Duration::ZERO);
            pace.served(&HeaderMap::new());
        }
    }

    #[test]
    fn a_limit_of_the_users_own_is_kept() {
        let pace = Pace::at_most(4.0);
        let waits: Vec<Duration> = (0..4).map(|_| turn(&pace, Duration::ZERO)).collect();
        assert_eq!(waits, [0, 250, 500, 750].map(milliseconds));
        assert_eq!(turn(&pace, milliseconds(5000)), Duration::ZERO, "what was not used is not saved up");
        assert_eq!(turn(&pace, milliseconds(5000)), milliseconds(250));
    }

    #[test]
    fn a_batch_takes_the_turns_of_all_in_it_and_the_reason_is_the_limit() {
        let pace = Pace::at_most(4.0);
        assert_eq!(pace.turn(Duration::ZERO, 20).0, Duration::ZERO);
        let (wait, why) = pace.turn(Duration::ZERO, 1);
        assert_eq!(wait, milliseconds(5000));
        assert!(why.contains("--max-requests-per-second"), "{why}");
        pace.refused(Duration::ZERO, Duration::MAX);
        assert_eq!(pace.turn(milliseconds(1), 1).1, "Graph is throttling");
    }

    #[test]
    fn a_refusal_holds_up_everybody_and_is_forgotten_bit_by_bit() {
        let pace = Pace::default();
        pace.refused(Duration::ZERO, milliseconds(3000));
        assert_eq!(turn(&pace, milliseconds(1000)), milliseconds(2000));
        assert_eq!(turn(&pace, milliseconds(1000)), milliseconds(2100));
        pace.refused(milliseconds(1000), milliseconds(1000));
        let (one, two) = (turn(&pace, milliseconds(1000)), turn(&pace, milliseconds(1000)));
        assert_eq!(two.checked_sub(one), Some(milliseconds(100)), "what was under way beside it makes nothing slower");
        pace.refused(milliseconds(4000), milliseconds(1000));
        let (one, two) = (turn(&pace, milliseconds(4000)), turn(&pace, milliseconds(4000)));
        assert_eq!(two.checked_sub(one), Some(milliseconds(200)), "a refusal after that does");
        for _ in 0..30 {
            pace.served(&HeaderMap::new());
        }
        let now = milliseconds(60_000);
        assert_eq!((turn(&pace, now), turn(&pace, now)), (Duration::ZERO, Duration::ZERO));
    }

    #[test]
    fn it_slows_down_before_the_wall() {
        let near = |used: &'static str| {
            let pace = Pace::default();
            let name = http::HeaderName::from_static("x-ms-throttle-limit-percentage");
            pace.served(&HeaderMap::from_iter([(name, http::HeaderValue::from_static(used))]));
            let _first = turn(&pace, Duration::ZERO);
            turn(&pace, Duration::ZERO)
        };
        assert_eq!(
            (near("0.5"), near("0.8"), near("1.0"), near("1.8")),
            (Duration::ZERO, milliseconds(100), milliseconds(300), milliseconds(1100))
        );
    }
}
