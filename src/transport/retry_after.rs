//! How long a service asks to be left alone.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, HeaderName, RETRY_AFTER};
use jiff::Timestamp;

/// The wait that an answer asks for, in seconds or as a date. A date is reckoned against the answer's own, so that this
/// machine's clock does not matter. <https://www.rfc-editor.org/rfc/rfc9110#field.retry-after>
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = instant(headers, RETRY_AFTER)?;
    let wait = until.duration_since(instant(headers, DATE)?);
    Some(wait.try_into().unwrap_or_default())
}

/// The instant that a header holds.
pub fn instant(headers: &HeaderMap, name: HeaderName) -> Option<Timestamp> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn seconds_and_dates_are_understood() {
        let of = |value: &'static str| {
            let date = HeaderValue::from_static("Sat, 28 Nov 2026 10:00:00 GMT");
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value)), (DATE, date)]))
        };
        assert_eq!(of("17"), Some(Duration::from_secs(17)));
        assert_eq!(of("Sat, 28 Nov 2026 10:01:30 GMT"), Some(Duration::from_secs(90)));
        assert_eq!(of("Sat, 28 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO), "it has passed");
        assert_eq!(of("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
