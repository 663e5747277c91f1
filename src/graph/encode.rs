//! Names in paths and queries.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 3986 leaves unreserved stands for itself.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `text` as one segment of a path.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// `text` as an OData string in a path or query, with its quotes.
pub fn literal(text: &str) -> String {
    format!("'{}'", utf8_percent_encode(&text.replace('\'', "''"), RESERVED))
}

/// A path and query that is whole but for its spaces.
pub(super) fn without_spaces(path: &str) -> String {
    path.replace(' ', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_and_all_else_is_encoded() {
        assert_eq!(literal("O'Brien & Söhne"), "'O%27%27Brien%20%26%20S%C3%B6hne'");
        assert_eq!(segment("zoe#ext@contoso.onmicrosoft.com"), "zoe%23ext%40contoso.onmicrosoft.com");
    }
}
