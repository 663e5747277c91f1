//! A time, or a range of times from which one is drawn: `200ms`, `PT10M`, `1s..30s`.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, SpanRelativeTo};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// From the least to the most; both are the same when the time is fixed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    least: SignedDuration,
    most: SignedDuration,
}

impl Span {
    pub(crate) const fn seconds(seconds: i64) -> Self {
        let time = SignedDuration::from_secs(seconds);
        Self { least: time, most: time }
    }

    pub(crate) fn is_none(self) -> bool {
        self.most.is_zero()
    }

    pub(crate) fn longest(self) -> SignedDuration {
        self.most
    }

    /// The time that a random number stands for.
    pub(crate) fn pick(self, random: u64) -> SignedDuration {
        let room = (self.most - self.least).as_micros();
        if room <= 0 {
            return self.least;
        }
        let more = i64::try_from(i128::from(random) % (room + 1)).unwrap_or_default();
        self.least + SignedDuration::from_micros(more)
    }
}

/// A time of zero or more.
pub(crate) fn time(text: &str) -> Result<SignedDuration, String> {
    let text = text.trim();
    if text == "0" {
        return Ok(SignedDuration::ZERO);
    }
    // Days have no fixed length elsewhere; here they have 24 hours.
    let days = || {
        let span: jiff::Span = text.parse().ok()?;
        span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
    };
    match text.parse::<SignedDuration>().ok().or_else(days).ok_or(()) {
        Ok(time) if !time.is_negative() && time.as_hours() < 24 * 3660 => Ok(time),
        _ => Err(format!("`{text}` is no time such as `200ms`, `5s`, `1m 30s` or `PT10M`")),
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (least, most) = match text.split_once("..") {
            None => (time(text)?, time(text)?),
            Some((least, most)) => (time(least)?, time(most)?),
        };
        if least > most {
            return Err(format!("the range `{text}` ends before it begins"));
        }
        Ok(Self { least, most })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.least == self.most {
            write!(formatter, "{:#}", self.least)
        } else {
            write!(formatter, "{:#}..{:#}", self.least, self.most)
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
