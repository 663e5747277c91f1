//! The query part of a request: reading the options, refusing those a route does not serve, and shaping the answer
//! (`$select`, `$top`, `$skiptoken`, `$count`).
//!
//! Nothing is ignored: an option that is not served is an error.

pub(crate) mod filter;
mod tokens;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    refusal::Refusal,
    schema::{Kind, Property},
    world::{Document, text},
};
use filter::Filter;

/// The options that a request carries, as sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pub(crate) select: Option<String>,
    pub(crate) filter: Option<String>,
    pub(crate) top: Option<String>,
    pub(crate) skip_token: Option<String>,
    pub(crate) count: bool,
    pub(crate) delta_token: Option<String>,
    /// Options that no route here serves.
    other: Vec<String>,
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
        for (name, value) in pairs(text) {
            match name.to_ascii_lowercase().as_str() {
                "$select" => query.select = Some(value),
                "$filter" => query.filter = Some(value),
                "$top" => query.top = Some(value),
                "$skiptoken" => query.skip_token = Some(value),
                "$deltatoken" => query.delta_token = Some(value),
                "$count" => query.count = value.eq_ignore_ascii_case("true"),
                _ => query.other.push(name),
            }
        }
        query
    }

    /// Refuses every option when `allowed` has none of it; the names are `$select`, `$filter`, `$top`, `$count`.
    pub(crate) fn allow(&self, allowed: &[&str]) -> Result<(), Refusal> {
        if let Some(name) = self.other.first() {
            return Err(match name.as_str() {
                "$orderby" | "$search" => Refusal::unsupported_query(),
                name => Refusal::malformed(format!("The query parameter '{name}' is not supported.")),
            });
        }
        let present = [
            ("$select", self.select.is_some()),
            ("$filter", self.filter.is_some()),
            ("$top", self.top.is_some() || self.skip_token.is_some()),
            ("$deltatoken", self.delta_token.is_some()),
        ];
        match present.iter().find(|(name, here)| *here && !allowed.contains(name)) {
            None => Ok(()),
            Some(("$top", _)) => Err(Refusal::new(
                400,
                "Request_UnsupportedQuery",
                "This resource does not support custom page sizes. Please retry without a page size.",
            )),
            Some(_) => Err(Refusal::unsupported_query()),
        }
    }

    /// The selected properties, in the order asked for, by their canonical names.
    pub(crate) fn selected(&self, kind: &Kind) -> Result<Option<Vec<&'static Property>>, Refusal> {
        let Some(select) = &self.select else {
            return Ok(None);
        };
        let failed = |what: String| Refusal::malformed(format!("Parsing OData Select and Expand failed: {what}"));
        select
            .split(',')
            .map(|name| {
                let name = name.trim();
                if name.starts_with('@') {
                    return Err(failed(format!("Term '{name}' is not valid in a $select or $expand expression.")));
                }
                kind.property(name).ok_or_else(|| {
                    failed(format!("Could not find a property named '{name}' on type 'microsoft.graph.{}'.", kind.name))
                })
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn page_size(&self, default: usize) -> Result<usize, Refusal> {
        match &self.top {
            None => Ok(default),
            Some(top) => match top.parse() {
                Ok(size @ 1..=999) => Ok(size),
                _ => Err(Refusal::bad_request(format!(
                    "Invalid page size specified: '{top}'. Must be between 1 and 999 inclusive."
                ))),
            },
        }
    }

    fn after(&self) -> Result<Option<String>, Refusal> {
        let Some(token) = &self.skip_token else {
            return Ok(None);
        };
        BASE64_URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|token| Some(token.strip_prefix("DSpt\n")?.to_owned()))
            .map(Some)
            .ok_or_else(|| {
                Refusal::new(400, "Directory_ExpiredPageToken", "The specified page token value has expired.")
            })
    }
}

/// How a collection is listed.
pub(crate) struct Listing<'a> {
    pub(crate) kind: &'a Kind,
    /// The address of the collection, on the host that the client used.
    pub(crate) address: String,
    /// `http://…/v1.0/$metadata#`, to which the name of the collection is added.
    pub(crate) metadata: String,
    /// The collection in the context: `applications`.
    pub(crate) name: String,
    pub(crate) page_size: usize,
    /// The client asked for eventual consistency, which allows more in a filter.
    pub(crate) eventual: bool,
}

impl Listing<'_> {
    /// Filters, cuts one page and projects. `documents` come in the order of their ids.
    pub(crate) fn page<'d>(
        &self,
        query: &Query,
        documents: impl Iterator<Item = &'d Document>,
        shown: impl Fn(&Document, Option<&[&'static Property]>) -> Document,
    ) -> Result<Value, Refusal> {
        let selected = query.selected(self.kind)?;
        let filter = match &query.filter {
            None => None,
            Some(text) => Some(Filter::parse(text, self.kind, self.eventual && query.count)?),
        };
        let size = query.page_size(self.page_size)?;
        let after = query.after()?;
        let matching = documents.filter(|document| filter.as_ref().is_none_or(|filter| filter.holds(document)));
        let (mut page, mut total, mut last, mut more) = (Vec::new(), 0, String::new(), false);
        for document in matching {
            total += 1;
            let id = text(document, "id");
            if after.as_deref().is_some_and(|after| id <= after) {
                continue;
            }
            if page.len() == size {
                more = true;
                if query.count && self.eventual {
                    continue;
                }
                break;
            }
            id.clone_into(&mut last);
            page.push(Value::Object(shown(document, selected.as_deref())));
        }
        let mut body = Map::new();
        body.insert("@odata.context".into(), self.context(selected.as_deref()).into());
        if query.count && self.eventual {
            body.insert("@odata.count".into(), total.into());
        }
        if more {
            body.insert("@odata.nextLink".into(), self.next_link(query, &last).into());
        }
        body.insert("value".into(), page.into());
        Ok(Value::Object(body))
    }

    fn context(&self, selected: Option<&[&'static Property]>) -> String {
        format!("{}{}{}", self.metadata, self.name, selection(selected))
    }

    fn next_link(&self, query: &Query, last: &str) -> String {
        let mut options = Vec::new();
        if query.count {
            options.push("$count=true".to_owned());
        }
        for (name, value) in [("$filter", &query.filter), ("$select", &query.select), ("$top", &query.top)] {
            if let Some(value) = value {
                options.push(format!("{name}={}", encode(value)));
            }
        }
        let token = BASE64_URL_SAFE_NO_PAD.encode(format!("DSpt\n{last}"));
        options.push(format!("$skiptoken={token}"));
        format!("{}?{}", self.address, options.join("&"))
    }
}

/// `(id,appId)`, or nothing without `$select`.
pub(crate) fn selection(selected: Option<&[&'static Property]>) -> String {
    selected.map_or_else(String::new, |selected| {
        let names: Vec<&str> = selected.iter().map(|property| property.name).collect();
        format!("({})", names.join(","))
    })
}

/// Keeps what a client sees: the selected properties, or all that need no selection, in the type's own order.
pub(crate) fn project(kind: &Kind, document: &Document, selected: Option<&[&'static Property]>) -> Document {
    kind.properties
        .iter()
        .filter(|property| match selected {
            None => !property.on_select,
            Some(selected) => selected.iter().any(|chosen| chosen.name == property.name),
        })
        .filter_map(|property| Some((property.name.to_owned(), document.get(property.name)?.clone())))
        .collect()
}
