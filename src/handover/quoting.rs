//! A text in the languages of others, as itself: whatever stands in it, it begins nothing, ends nothing and runs nothing.

use crate::render::printable;

/// A text that PowerShell takes as it is.
pub(super) fn powershell(text: &str) -> String {
    // PowerShell takes the typographic marks for the plain one.
    let is_mark = |c: char| matches!(c, '\'' | '\u{2018}'..='\u{201b}');
    let escaped: String = text.chars().flat_map(|c| std::iter::repeat_n(c, if is_mark(c) { 2 } else { 1 })).collect();
    format!("'{escaped}'")
}

/// An argument of a program that PowerShell starts, with as few marks as it can have. Where there is no `'` in it, other shells
/// read the same.
pub(super) fn argument(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { powershell(text) }
}

/// A text that a shell takes as it is.
pub(super) fn shell(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

fn is_plain(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    !text.is_empty() && text.chars().all(is_plain)
}

/// A text that YAML takes as it is, on one line.
pub(super) fn yaml(text: &str) -> String {
    // JSON's strings are YAML's, and leave nothing of a line.
    serde_json::Value::from(text).to_string()
}

/// A text within a comment, which ends with its line.
pub(super) fn comment(text: &str) -> String {
    printable(text).replace(['\u{2028}', '\u{2029}'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_doubled_also_those_that_only_look_like_one() {
        assert_eq!(powershell("o'neil \u{2019} $(x) `n \"q\""), "'o''neil \u{2019}\u{2019} $(x) `n \"q\"'");
        assert_eq!(powershell("two\nlines"), "'two\nlines'");
    }

    #[test]
    fn a_shell_reads_back_what_was_meant() {
        assert_eq!(shell("a/b-c_d.pem"), "a/b-c_d.pem");
        assert_eq!(shell("o'neil $(x)"), "'o'\\''neil $(x)'");
        assert_eq!(shell(""), "''");
    }

    #[test]
    fn a_comment_has_one_line() {
        assert_eq!(comment("a\nb\u{2028}c"), "a\\nb c");
    }
}
