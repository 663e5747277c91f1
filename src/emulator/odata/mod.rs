//! The query part of a request: reading the options, refusing those a route does not serve, and shaping the answer.
//!
//! Nothing is ignored: an option that is not served is an error. `filter` says what `$filter` means, over the grammar
//! in `syntax`; `page` puts the options together.

mod evaluate;
mod expand;
pub(crate) mod filter;
mod navigation;
mod order;
mod page;
mod print;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod refusals;
mod search;
mod select;
mod syntax;
mod tokens;
mod types;

use super::{
    refusal::Refusal,
    schema::{Kind, Property},
};
use expand::Expansion;
pub(crate) use navigation::{Connections, Navigation, Related};
pub(crate) use page::Listing;
use select::Selection;
pub(crate) use select::{context, project, selection, shown};

/// The options that a request carries, as sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pub(crate) select: Option<String>,
    pub(crate) filter: Option<String>,
    pub(crate) order: Option<String>,
    pub(crate) search: Option<String>,
    pub(crate) expand: Option<String>,
    pub(crate) top: Option<String>,
    pub(crate) skip_token: Option<String>,
    pub(crate) count: bool,
    /// Where a delta query goes on; only a route that names `$deltatoken` takes it.
    pub(crate) delta_token: Option<String>,
    /// The path ends in `/$count`: only the number is wanted.
    pub(crate) counting: bool,
    /// Options that no list serves.
    other: Vec<(String, String)>,
    /// What was wrong with the options themselves.
    fault: Option<Refusal>,
}

/// Decodes `%41` and, in queries and forms, `+`.
pub(crate) fn decode(text: &str, plus_is_blank: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let hex = bytes
            .get(index + 1..index + 3)
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[index], hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                index += 2;
            }
            (b'+', _) if plus_is_blank => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        index += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The pairs of a query or form.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name, true), decode(value, true))
    })
}

/// Encodes as the service encodes its own next links: `+` for blanks, lower-case hex.
fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => encoded.push('+'),
            b'-' | b'_' | b'.' | b'!' | b'*' | b'(' | b')' => encoded.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            byte => {
                let _ = write!(encoded, "%{byte:02x}");
            }
        }
    }
    encoded
}

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        let mut query = Self::default();
        let mut seen = Vec::new();
        for (name, value) in pairs(text) {
            let lower = name.to_ascii_lowercase();
            // The service takes its options without the dollar sign, too.
            let option = lower.strip_prefix('$').unwrap_or(&lower).to_owned();
            if seen.contains(&option) {
                query.blame(Refusal::malformed(format!(
                    "Query option '{name}' was specified more than once, but it must be specified at most once."
                )));
                continue;
            }
            match option.as_str() {
                "select" => query.select = Some(value),
                "filter" => query.filter = Some(value),
                "orderby" => query.order = Some(value),
                "search" => query.search = Some(value),
                "expand" => query.expand = Some(value),
                "top" => query.top = Some(value),
                "skiptoken" => query.skip_token = Some(value),
                "deltatoken" => query.delta_token = Some(value),
                "count" if ["true", "false"].contains(&value.to_ascii_lowercase().as_str()) => {
                    query.count = value.eq_ignore_ascii_case("true");
                }
                "count" => query.blame(Refusal::malformed(format!(
                    "Invalid value '{value}' for $count query option found. Valid values are 'true' and 'false'."
                ))),
                "format" if value.eq_ignore_ascii_case("json") || value.starts_with("application/json") => {}
                "format" => query.blame(Refusal::malformed(format!(
                    "The value '{value}' of the query option '$format' is not supported."
                ))),
                "skip" => query.blame(Refusal::bad_request("'$skip' is not supported by the service.")),
                _ => query.other.push((name, value)),
            }
            seen.push(option);
        }
        query
    }

    /// Keeps the first fault: the others are not told.
    fn blame(&mut self, refusal: Refusal) {
        self.fault.get_or_insert(refusal);
    }

    /// Refuses the options that a route does not serve; the names are `$select`, `$filter`, `$top` and `$expand`. What
    /// can be filtered can be sorted, searched and expanded, as far as its kind offers that.
    pub(crate) fn allow(&self, allowed: &[&str]) -> Result<(), Refusal> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        if let Some((name, _)) = self.other.first() {
            return Err(Refusal::malformed(format!("The query parameter '{name}' is not supported.")));
        }
        let listed = allowed.contains(&"$filter");
        let present = [
            (self.select.is_some(), allowed.contains(&"$select")),
            (self.filter.is_some(), listed),
            (self.order.is_some(), listed),
            (self.delta_token.is_some(), allowed.contains(&"$deltatoken")),
            (self.search.is_some(), listed),
            (self.expand.is_some(), listed || allowed.contains(&"$expand")),
        ];
        if present.iter().any(|(here, allowed)| *here && !allowed) {
            return Err(Refusal::unsupported_query());
        }
        if (self.top.is_some() || self.skip_token.is_some()) && !allowed.contains(&"$top") {
            return Err(Refusal::new(
                400,
                "Request_UnsupportedQuery",
                "This resource does not support custom page sizes. Please retry without a page size.",
            ));
        }
        Ok(())
    }

    /// The selected properties, in the order asked for, by their canonical names.
    pub(crate) fn selected(&self, kind: &Kind) -> Result<Option<Vec<&'static Property>>, Refusal> {
        Ok(self.selection(kind, &[])?.map(|selection| selection.properties))
    }

    pub(crate) fn selection(&self, kind: &Kind, navigations: &[Navigation]) -> Result<Option<Selection>, Refusal> {
        self.select.as_ref().map(|text| Selection::parse(text, kind, navigations)).transpose()
    }

    pub(crate) fn expanded(&self, kind: &Kind, connections: Connections<'_>) -> Result<Option<Expansion>, Refusal> {
        self.expand.as_ref().map(|text| Expansion::parse(text, kind, connections)).transpose()
    }

    /// The same query where only the number is wanted.
    pub(crate) fn counting(&self) -> Self {
        Self { counting: true, ..self.clone() }
    }

    pub(crate) fn page_size(&self, default: usize) -> Result<usize, Refusal> {
        match &self.top {
            None => Ok(default),
            Some(top) => match top.parse::<u32>() {
                Ok(size @ 1..=999) => Ok(usize::try_from(size).unwrap_or(default)),
                Ok(_) => Err(Refusal::new(
                    400,
                    "Request_UnsupportedQuery",
                    format!("Invalid page size specified: '{top}'. Must be between 1 and 999 inclusive."),
                )),
                Err(_) => Err(Refusal::malformed(format!(
                    "Invalid value '{top}' for $top query option found. The $top query option requires a non-negative \
                     integer value."
                ))),
            },
        }
    }
}
