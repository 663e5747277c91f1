//! A text in the languages of others, as itself: whatever stands in it, it begins nothing, ends nothing and runs nothing.

use std::fmt::Write as _;

use crate::render::printable;

/// A text that PowerShell takes as it is, in ASCII whatever is in it. Windows PowerShell reads a file as ANSI, where a byte of a
/// letter may be a typographic mark, and PowerShell takes those for the plain one.
pub(super) fn powershell(text: &str) -> String {
    let marked = |text: &str| format!("'{}'", text.replace('\'', "''"));
    if text.is_ascii() {
        return marked(text);
    }
    // What has no name in ASCII has a number. <https://learn.microsoft.com/dotnet/api/system.text.regularexpressions.regex.unescape>
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' => escaped += "\\\\",
            c if c.is_ascii() => escaped.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
        }
    }
    format!("([regex]::Unescape({}))", marked(&escaped))
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

/// A text within a comment, which ends with its line. It is ASCII too, for nobody knows which letter ends a line elsewhere.
pub(super) fn comment(text: &str) -> String {
    let ascii = |c: char| if c.is_ascii() { c.to_string() } else { c.escape_default().to_string() };
    printable(text).chars().map(ascii).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_doubled_also_those_that_only_look_like_one() {
        assert_eq!(powershell("o'neil $(x) `n \"q\""), "'o''neil $(x) `n \"q\"'");
        assert_eq!(powershell("o'neil \u{2019}"), "([regex]::Unescape('o''neil \\u2019'))");
        assert_eq!(powershell("C:\\\u{412} \u{1f511}"), "([regex]::Unescape('C:\\\\\\u0412 \\ud83d\\udd11'))");
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
        assert_eq!(comment("a\nb\u{2028}c"), "a\\nb\\u{2028}c");
    }
}
