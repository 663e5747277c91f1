//! Keeps secrets that someone did write into a manifest off the screen.
//!
//! This looks at the bare text, so that it holds for files that are no YAML at all. It hides too much rather than too
//! little: what is starred out is an excerpt in an error message, never a value.

use std::collections::BTreeSet;
use std::iter::once;
use std::ops::Range;

/// What the names of keys with secrets contain, in lower case.
const SECRET_WORDS: [&str; 5] = ["password", "passphrase", "secret", "privatekey", "private_key"];

/// How far this looks from a word for the end of the key, so that long lines take no long time.
const LONGEST_KEY: usize = 64;

/// Whether a key's name says that its value is a secret.
pub(super) fn names_a_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| key.contains(word))
}

/// Whether a text holds a private key in PEM.
pub(super) fn holds_private_key(text: &str) -> bool {
    text.contains("PRIVATE KEY-----")
}

/// The text with stars in the place of some ranges, byte for byte as long and with the same lines.
pub(super) fn star_out(text: &str, ranges: impl IntoIterator<Item = Range<usize>>) -> String {
    let mut ranges: Vec<_> = ranges.into_iter().collect();
    ranges.sort_by_key(|range| range.start);
    let mut ranges = ranges.into_iter().peekable();
    let mut hidden_until = 0;
    let mut inside = |at: usize| {
        while let Some(range) = ranges.next_if(|range| range.start <= at) {
            hidden_until = hidden_until.max(range.end);
        }
        at < hidden_until
    };
    let mut starred = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        if inside(at) && !matches!(character, '\n' | '\r' | ' ') {
            starred.extend(std::iter::repeat_n('*', character.len_utf8()));
        } else {
            starred.push(character);
        }
    }
    starred
}

/// The text without what looks like a secret in it.
pub(super) fn without_secrets(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    // The indentation of a key whose value goes on over the following, deeper lines.
    let mut block: Option<usize> = None;
    let mut in_private_key = false;
    // The line before said a secret's name and nothing more: what follows is a reference, or the secret.
    let mut is_open = false;
    for line in text.split_inclusive('\n') {
        let indentation = line.len() - line.trim_start().len();
        let trimmed = line.trim();
        if block.is_some_and(|outer| !trimmed.is_empty() && indentation <= outer) && !is_open {
            block = None;
        }
        in_private_key |= line.contains("-----BEGIN") && line.contains("PRIVATE KEY");
        let refers = REFERENCES.iter().any(|start| trimmed.trim_start_matches('{').trim_start().starts_with(start));
        if in_private_key || (block.is_some() && !refers) {
            let start = line.find("-----BEGIN").filter(|_| block.is_none()).unwrap_or(0);
            shown.push_str(&star_out(line, once(start..line.len())));
        } else if let Some(start) = secret_value(line) {
            // The value may go on, on lines that are deeper.
            block = Some(indentation);
            is_open = line.get(start..).unwrap_or_default().trim().is_empty();
            shown.push_str(&star_out(line, once(start..line.len())));
            in_private_key &= !line.contains("-----END");
            continue;
        } else {
            shown.push_str(line);
        }
        is_open &= trimmed.is_empty();
        in_private_key &= !line.contains("-----END");
    }
    shown
}

/// How a reference to a secret begins, on a line of its own.
const REFERENCES: [&str; 7] = ["env:", "file:", "command:", "prompt:", "generate:", "keyVault:", "#"];

/// Where on the line the value of a key with a secret's name begins, unless it is a reference or nothing.
fn secret_value(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    let starts = SECRET_WORDS.iter().flat_map(|word| lower.match_indices(word)).map(|(start, _)| start);
    let starts: BTreeSet<usize> = starts.collect();
    starts.into_iter().find_map(|start| value_of_key(line, start))
}

/// Where the value begins of the key whose name has something at `start`.
fn value_of_key(line: &str, start: usize) -> Option<usize> {
    let rest = line.get(start..)?;
    let colon = rest.bytes().take(LONGEST_KEY).position(|byte| byte == b':')?;
    let (name, value) = (rest.get(..colon)?, rest.get(colon + 1..)?);
    let is_key = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '"' | '\'' | ' '));
    let compact: String = value.chars().filter(|c| !c.is_whitespace()).take(LONGEST_KEY).collect();
    let referred = compact.strip_prefix('{');
    let is_reference = compact.starts_with('#')
        || referred.is_some_and(|compact| REFERENCES.iter().any(|start| compact.starts_with(start)));
    (is_key && !is_reference).then_some(start + colon + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_literals_and_keeps_references() {
        for (line, shown) in [
            ("pfxPassword: hunter2", "pfxPassword: *******"),
            ("  { a: b, clientSecret: \"x y\" }", "  { a: b, clientSecret: ** ** *"),
            ("pfxPassword: { env: NAME }", "pfxPassword: { env: NAME }"),
            ("pfxPassword: { keyVault: contoso/exo }", "pfxPassword: { keyVault: contoso/exo }"),
            ("pfxPassword:\n  env: NAME", "pfxPassword:\n  env: NAME"),
            ("password: |\n  hunter2\nnext: one", "password: *\n  *******\nnext: one"),
            ("pfxPassword: *Hunter2", "pfxPassword: ********"),
            ("{ pfxPassword:\nhunter2 : ], a: b }", "{ pfxPassword:\n******* * ** ** * *"),
            ("clientSecret: abc\n  hunter2: bar\nnext: one", "clientSecret: ***\n  ******** ***\nnext: one"),
            ("displayName: hunter2", "displayName: hunter2"),
            ("app: !secret { displayName: A }", "app: !secret { displayName: A }"),
        ] {
            assert_eq!(without_secrets(line), shown);
        }
    }

    #[test]
    fn hides_private_keys() {
        let shown = without_secrets(
            "notes: |\n  -----BEGIN RSA PRIVATE KEY-----\n  MIIB\n  -----END RSA PRIVATE KEY-----\na: b",
        );
        assert!(!shown.contains("MIIB") && shown.ends_with("\na: b"), "{shown}");
    }
}
