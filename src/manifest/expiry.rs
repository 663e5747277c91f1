//! Periods: reading them, merging an application's expiry terms with the defaults, and comparing them.

use jiff::Timestamp;

use crate::model::{Expiry, OnExpired, Period, Place, Prune};

use super::cursor::At;
use super::findings::Findings;
use super::specification_certificate::{ExpirySpecification, OnExpiredSpecification, PruneSpecification};

/// Shorter periods are slips: `1m` is a minute, not a month.
const SHORTEST: &str = "1h";

/// The day from which periods are compared with each other: `12mo` is as long as `1y`, and `365d` is no longer.
pub(super) fn comparison_day() -> Timestamp {
    // 2025-03-01: no leap day within the next two years.
    Timestamp::from_second(1_740_787_200).expect("a constant within range")
}

pub(super) fn is_longer(one: Period, other: Period) -> bool {
    one.is_longer_than(other, comparison_day())
}

/// A period with the place that says it, `None` where a default holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term<'a> {
    pub period: Period,
    pub place: Option<&'a Place>,
}

/// The terms that hold for one application.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub renew_before: Term<'a>,
    pub overlap: Term<'a>,
    pub maximum_lifetime: Term<'a>,
    pub warn_before: Term<'a>,
    pub on_expired: OnExpired,
    pub prune: Prune,
}

impl Terms<'_> {
    pub(super) fn expiry(&self) -> Expiry {
        Expiry {
            renew_before: self.renew_before.period,
            overlap: self.overlap.period,
            maximum_lifetime: self.maximum_lifetime.period,
            warn_before: self.warn_before.period,
            on_expired: self.on_expired,
            prune: self.prune,
        }
    }
}

/// An expiry specification and where it stands.
pub(super) type Declared<'a> = (Option<&'a ExpirySpecification>, At<'a>);

/// Reads a period; when it is none, says so.
pub(super) fn read(text: &str, place: &Place, findings: &mut Findings) -> Option<Period> {
    let period: Period = match text.parse() {
        Ok(period) => period,
        Err(error) => {
            let error: crate::model::InvalidPeriod = error;
            findings.error(error.to_string(), place);
            return None;
        }
    };
    if is_longer(built_in(SHORTEST), period) {
        let help = "`m` is minutes and `mo` months; `30d` is thirty days";
        findings.error_with_help(format!("`{text}` is shorter than an hour"), place, help);
        return None;
    }
    // From the middle of the calendar's range, so that a date can still be reckoned from any day that will come.
    if is_longer(period, built_in("100y")) {
        findings.error(format!("`{text}` is longer than a hundred years"), place);
        return None;
    }
    Some(period)
}

pub(super) fn built_in(text: &str) -> Period {
    text.parse().expect("a constant that is a period")
}

/// Merges an application's terms, the estate's defaults and the built-in ones, key by key.
pub(super) fn merge<'a>(own: Declared<'a>, defaults: Declared<'a>, findings: &mut Findings) -> Terms<'a> {
    let mut term = |key: &str, text: fn(&ExpirySpecification) -> Option<&String>, otherwise: &str| {
        for (specification, at) in [own, defaults] {
            if let Some(text) = specification.and_then(text) {
                let place = at.key(key).place();
                return match read(text, place, findings) {
                    Some(period) => Term { period, place: Some(place) },
                    None => Term { period: built_in(otherwise), place: None },
                };
            }
        }
        Term { period: built_in(otherwise), place: None }
    };
    let terms = Terms {
        renew_before: term("renewBefore", |it| it.renew_before.as_ref(), "30d"),
        overlap: term("overlap", |it| it.overlap.as_ref(), "14d"),
        maximum_lifetime: term("maximumLifetime", |it| it.maximum_lifetime.as_ref(), "1y"),
        warn_before: term("warnBefore", |it| it.warn_before.as_ref(), "30d"),
        on_expired: said(own, defaults, |it| it.on_expired).map_or(
            OnExpired::default(),
            |on_expired| match on_expired {
                OnExpiredSpecification::Renew => OnExpired::Renew,
                OnExpiredSpecification::Warn => OnExpired::Warn,
                OnExpiredSpecification::Refuse => OnExpired::Refuse,
            },
        ),
        prune: said(own, defaults, |it| it.prune).map_or(Prune::default(), |prune| match prune {
            PruneSpecification::Nothing => Prune::Nothing,
            PruneSpecification::Expired => Prune::Expired,
        }),
    };
    let (overlap, renew_before) = (terms.overlap, terms.renew_before);
    if is_longer(overlap.period, renew_before.period)
        && let Some(place) = overlap.place.or(renew_before.place)
    {
        let message = format!(
            "the overlap of {} is longer than the {} before a certificate's end when it is renewed",
            overlap.period, renew_before.period
        );
        let help = "the old certificate ends before the overlap is over: renew earlier, or say a shorter `overlap`";
        findings.error_with_help(message, place, help);
    }
    terms
}

/// What the application says, or else the defaults.
fn said<T>(own: Declared<'_>, defaults: Declared<'_>, key: fn(&ExpirySpecification) -> Option<T>) -> Option<T> {
    own.0.and_then(key).or_else(|| defaults.0.and_then(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_by_the_calendar() {
        let longer = |one: &str, other: &str| is_longer(built_in(one), built_in(other));
        assert!(!longer("12mo", "1y") && !longer("365d", "1y") && longer("366d", "1y") && longer("4y", "1y"));
        assert_eq!(comparison_day(), "2025-03-01T00:00:00Z".parse().unwrap());
    }
}
