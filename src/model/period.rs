//! Calendar periods such as `1y`, `90d` or `P1Y`: years and months are calendar-true, never 365 days.

use std::fmt;
use std::str::FromStr;

use jiff::fmt::friendly::{Designator, Spacing, SpanPrinter};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// A positive length of time by the calendar, reckoned in UTC.
#[derive(Clone, Copy, Debug)]
pub struct Period(Span);

/// A text that is no positive period.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a period: write a positive number with a unit, such as `30d`, `6mo`, `1y` or `P1Y6M`")]
pub struct InvalidPeriod(String);

impl Period {
    pub fn of_days(days: u32) -> Self {
        Self(Span::new().days(days.max(1)))
    }

    pub fn after(self, start: Timestamp) -> Timestamp {
        start.to_zoned(TimeZone::UTC).checked_add(self.0).map_or(Timestamp::MAX, |end| end.timestamp())
    }

    pub fn before(self, end: Timestamp) -> Timestamp {
        end.to_zoned(TimeZone::UTC).checked_sub(self.0).map_or(Timestamp::MIN, |start| start.timestamp())
    }

    /// How many months it is, where it is said in years and months alone.
    pub fn whole_months(self) -> Option<u32> {
        let months = i64::from(self.0.get_years()) * 12 + i64::from(self.0.get_months());
        let only = Span::new().years(self.0.get_years()).months(self.0.get_months());
        (self.0.fieldwise() == only.fieldwise()).then(|| u32::try_from(months).ok()).flatten()
    }

    /// `30 days`, `1 year 6 months`.
    pub fn in_words(self) -> String {
        const PRINTER: SpanPrinter =
            SpanPrinter::new().designator(Designator::Verbose).spacing(Spacing::BetweenUnitsAndDesignators);
        PRINTER.span_to_string(&self.0)
    }

    /// Whether this period is longer than `other` when both begin at `start`.
    pub fn is_longer_than(self, other: Self, start: Timestamp) -> bool {
        self.after(start) > other.after(start)
    }
}

impl FromStr for Period {
    type Err = InvalidPeriod;

    fn from_str(text: &str) -> Result<Self, InvalidPeriod> {
        let invalid = || InvalidPeriod(text.to_owned());
        let span: Span = text.parse().map_err(|_| invalid())?;
        if span.is_positive() { Ok(Self(span)) } else { Err(invalid()) }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl PartialEq for Period {
    fn eq(&self, other: &Self) -> bool {
        self.0.fieldwise() == other.0.fieldwise()
    }
}

impl Eq for Period {}

impl Serialize for Period {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_year_is_a_calendar_year() {
        let year: Period = "1y".parse().unwrap();
        assert_eq!(year.after(at("2027-03-01T12:00:00Z")), at("2028-03-01T12:00:00Z"));
        assert_eq!(year.after(at("2028-02-29T00:00:00Z")), at("2029-02-28T00:00:00Z"));
        assert_eq!(year, "P1Y".parse().unwrap());
    }

    #[test]
    fn refuses_what_is_no_positive_period() {
        for text in ["", "10", "-1d", "0d", "1.5y", "a year"] {
            assert_eq!(text.parse::<Period>(), Err(InvalidPeriod(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn is_told_in_words() {
        for (text, words) in [("30d", "30 days"), ("1y", "1 year"), ("P1Y6M", "1 year 6 months")] {
            assert_eq!(text.parse::<Period>().unwrap().in_words(), words);
        }
    }

    #[test]
    fn months_are_counted_where_nothing_else_is_said() {
        for (text, months) in [("1y", Some(12)), ("P1Y6M", Some(18)), ("6mo", Some(6)), ("90d", None), ("1y 1d", None)]
        {
            assert_eq!(text.parse::<Period>().unwrap().whole_months(), months, "{text}");
        }
    }

    #[test]
    fn prints_as_it_is_written() {
        for text in ["30d", "1y", "6mo"] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
        }
    }
}
