//! An error text as somebody pasted it: in colours, wrapped at the console's width, inside JSON or CLIXML, in any case.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Bound;

use serde_json::Value as Json;

use super::pasted_command::Command;

/// What is compared of a pasted text.
#[derive(Debug)]
pub(super) struct Pasted {
    /// Letters and digits alone, in lower case.
    pub(super) letters: String,
    /// The words, in lower case. A name such as `unauthorized_client` is one.
    pub(super) words: BTreeSet<String>,
    /// The numbers behind `AADSTS`.
    pub(super) codes: BTreeSet<u32>,
    pub(super) command: Command,
}

impl Pasted {
    pub(super) fn read(text: &str) -> Self {
        let clean = clean(text);
        let words = clean
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase);
        Self { letters: squeezed(&clean), words: words.collect(), codes: codes(&clean), command: Command::read(&clean) }
    }
}

/// Letters and digits alone, in lower case.
pub(super) fn squeezed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The text without what terminals, JSON and CLIXML put between its letters.
fn clean(text: &str) -> String {
    let text = without_json(text, MAXIMUM_DEPTH);
    let text = without_escapes(&text);
    let text = if text.contains("CLIXML") { without_tags(&text) } else { text };
    text.replace("_x000D_", "\r").replace("_x000A_", "\n").replace("_x001B_", "\u{1b}")
}

/// How deep JSON stands inside of texts of JSON, and how often its beginning is looked for.
const MAXIMUM_DEPTH: usize = 4;
const MAXIMUM_OBJECTS: usize = 100;

/// Objects of JSON become lines of names and values.
fn without_json(text: &str, depth: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    for _ in 0..MAXIMUM_OBJECTS {
        let Some(at) = rest.find('{') else { break };
        let mut values = serde_json::Deserializer::from_str(&rest[at..]).into_iter::<Json>();
        if let Some(Ok(json)) = values.next() {
            out.push_str(&rest[..at]);
            out.push('\n');
            flatten("", &json, depth, &mut out);
            rest = &rest[at + values.byte_offset()..];
        } else {
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
        }
    }
    out + rest
}

fn flatten(name: &str, json: &Json, depth: usize, out: &mut String) {
    match json {
        Json::Null | Json::Bool(_) => {}
        Json::Number(number) => {
            let _ = writeln!(out, "{name}: {number}");
        }
        Json::String(text) => {
            let text = if depth > 0 { without_json(text, depth - 1) } else { text.clone() };
            let _ = writeln!(out, "{name}: {text}");
        }
        Json::Array(members) => members.iter().for_each(|member| flatten(name, member, depth, out)),
        Json::Object(members) => members.iter().for_each(|(name, member)| flatten(name, member, depth, out)),
    }
}

/// Without the sequences that steer a terminal. Escapes of JSON that was cut become what they stand for.
fn without_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => {
                if rest.next_if_eq(&'[').is_some() {
                    // It ends with the first letter or sign above `?`.
                    let _ = rest.by_ref().find(|end| ('\u{40}'..='\u{7e}').contains(end));
                }
            }
            '\\' => {
                while rest.next_if_eq(&'\\').is_some() {}
                let after: String = rest.clone().take(5).collect();
                let meant = after.strip_prefix('u').and_then(|digits| u32::from_str_radix(digits, 16).ok());
                if let Some(meant) = meant.and_then(char::from_u32) {
                    rest.nth(4);
                    out.push(meant);
                } else if after.starts_with("r\\n") {
                    rest.nth(2);
                    out.push('\n');
                } else if !after.starts_with(['"', '\'']) {
                    out.push(c);
                }
            }
            c => out.push(c),
        }
    }
    out
}

fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut within = false;
    for c in text.chars() {
        match c {
            '<' => within = true,
            '>' => within = false,
            c if !within => out.push(c),
            _ => {}
        }
    }
    out
}

/// The codes of Entra's that a text names: `AADSTS700027`, `"error_codes":[700027]`, `error?code=700027`, or the number
/// alone.
fn codes(text: &str) -> BTreeSet<u32> {
    let lower = text.to_lowercase();
    let mut found: BTreeSet<&str> = ["aadsts", "error_codes", "error?code=", "error code"]
        .iter()
        .flat_map(|name| lower.match_indices(*name).map(|(at, name)| &lower[at + name.len()..]))
        .map(number)
        .collect();
    let alone = lower.trim();
    if alone.bytes().all(|byte| byte.is_ascii_digit()) {
        found.insert(alone);
    }
    // A console may have broken the line within the number.
    let joined = lower.lines().map(|line| line.trim_start_matches([' ', '|', '+'])).collect::<String>();
    let whole: BTreeSet<&str> = joined
        .match_indices("aadsts")
        .map(|(at, name)| &joined[at + name.len()..])
        .filter_map(|after| {
            let digits = number(after);
            after.strip_prefix(digits)?.starts_with(':').then_some(digits)
        })
        .collect();
    // What begins with the digits is sorted right behind them.
    let is_half = |digits: &&str| {
        let mut longer = whole.range::<str, _>((Bound::Excluded(*digits), Bound::Unbounded));
        longer.next().is_some_and(|longer| longer.starts_with(digits))
    };
    let codes = found.iter().filter(|digits| !is_half(digits)).chain(&whole);
    codes.filter(|digits| (5..=7).contains(&digits.len())).filter_map(|digits| digits.parse().ok()).collect()
}

/// The digits that a text begins with, but for a few signs before them.
fn number(text: &str) -> &str {
    let text = text.trim_start_matches([' ', ':', '=', '"', '\'', '[', '\\', '#']);
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<u32> {
        Pasted::read(text).codes.into_iter().collect()
    }

    #[test]
    fn finds_codes_however_they_are_written() {
        for text in [
            "AADSTS700027: Client assertion …",
            "aadsts700027 without a colon",
            "\u{1b}[31;1mAADSTS\u{1b}[0m700027\u{1b}[0m: in colour",
            r#"{"error":"invalid_client","error_codes":[700027],"trace_id":"1"}"#,
            r#""{\"error_codes\":[700027]}""#,
            "https://login.microsoftonline.com/error?code=700027",
            "Sign-in error code: 700027",
            "700027",
            "MsalServiceException: AADSTS7000\r\n27: broken within the number",
            "     | AADSTS700\n     | 027: in PowerShell 7's gutter",
        ] {
            assert_eq!(found(text), [700_027], "{text}");
        }
        assert_eq!(found("AADSTS90002 and AADSTS900382: both"), [90_002, 900_382]);
        assert_eq!(found("error code: 0x80090016, HTTP 500, 12345 apples"), Vec::<u32>::new());
        assert_eq!(found("AADSTS99999999999999: no such"), Vec::<u32>::new());
    }

    #[test]
    fn compares_letters_alone() {
        let wrapped = "The role assigned to application isn\u{2019}t supp\n   | orted in\tthis scenario";
        assert!(Pasted::read(wrapped).letters.contains("isntsupportedinthisscenario"));
        let cut = r#"\"message\":\"isn\u0027t supported\r\nin this scenario"#;
        assert!(Pasted::read(cut).letters.contains("isntsupportedinthisscenario"), "{}", Pasted::read(cut).letters);
        let xml = "#< CLIXML\r\n<Objs><S S=\"Error\">isn't supp_x000D__x000A_</S><S S=\"Error\">orted</S></Objs>";
        assert!(Pasted::read(xml).letters.contains("isntsupported"));
        assert!(Pasted::read(r"C:\new\temp\read").letters.contains("cnewtempread"));
    }
}
