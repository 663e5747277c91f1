//! Which of an estate's resources a run is about.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Address;

/// What was chosen of an estate; nothing said means all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// Only what one of these means; none means everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Pattern>,
    /// Nothing that one of these means.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excludes: Vec<Pattern>,
}

impl Selection {
    /// These applications, whole.
    pub fn of(handles: impl IntoIterator<Item = String>) -> Self {
        let targets = handles.into_iter().map(|holder| Pattern { holder, kind: None, name: None }).collect();
        Self { targets, excludes: Vec::new() }
    }

    pub fn is_everything(&self) -> bool {
        self.targets.is_empty() && self.excludes.is_empty()
    }

    /// Whether anything of an application or user may be meant, so that it has to be looked at.
    pub fn looks_at(&self, holder: &str) -> bool {
        let targeted = self.targets.is_empty() || self.targets.iter().any(|pattern| pattern.means_holder(holder));
        targeted && !self.excludes.iter().any(|pattern| pattern.is_whole() && pattern.means_holder(holder))
    }

    /// Whether a resource is meant.
    pub fn covers(&self, address: &Address) -> bool {
        let targeted = self.targets.is_empty() || self.targets.iter().any(|pattern| pattern.means(address));
        targeted && !self.excludes(address)
    }

    /// Whether a resource was said to be left alone.
    pub fn excludes(&self, address: &Address) -> bool {
        self.excludes.iter().any(|pattern| pattern.means(address))
    }

    /// Whether an application was asked for by its very handle.
    pub fn names(&self, handle: &str) -> bool {
        self.targets.iter().any(|pattern| pattern.holder == handle)
    }

    /// All that was written, with the option that it was written for.
    pub fn patterns(&self) -> impl Iterator<Item = (&'static str, &Pattern)> {
        let targets = self.targets.iter().map(|pattern| ("--target", pattern));
        targets.chain(self.excludes.iter().map(|pattern| ("--exclude", pattern)))
    }

    /// What a plan that is made of it is about, as a sentence; `None` where it is about everything.
    pub fn in_words(&self) -> Option<String> {
        let named = |patterns: &[Pattern]| {
            let named: Vec<String> = patterns.iter().map(|pattern| format!("`{pattern}`")).collect();
            named.join(", ")
        };
        match (self.targets.as_slice(), self.excludes.as_slice()) {
            ([], []) => None,
            (targets, []) => Some(format!("only {} was looked at", named(targets))),
            ([], excludes) => Some(format!("everything was looked at but {}", named(excludes))),
            (targets, excludes) => Some(format!("only {} was looked at, without {}", named(targets), named(excludes))),
        }
    }
}

/// `HANDLE`, `HANDLE/kind` or `HANDLE/kind/name`. In each part `*` stands for any text and `?` for one character; a name may
/// have slashes of its own. Capital letters and small ones are the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(with = "String")]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    holder: String,
    kind: Option<String>,
    name: Option<String>,
}

impl Pattern {
    /// The part that means applications and users.
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// Whether it means all that a holder has.
    pub fn is_whole(&self) -> bool {
        let all = |part: &Option<String>| part.as_deref().is_none_or(|part| part == "*");
        all(&self.kind) && all(&self.name)
    }

    pub fn means_holder(&self, holder: &str) -> bool {
        matches(&self.holder, holder)
    }

    pub fn means(&self, address: &Address) -> bool {
        let means = |part: &Option<String>, text: &str| part.as_deref().is_none_or(|part| matches(part, text));
        self.means_holder(&address.holder) && means(&self.kind, &address.kind) && means(&self.name, &address.name)
    }
}

/// A text that means no resources.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write `HANDLE`, `HANDLE/kind` or `HANDLE/kind/name`; `*` stands for any text")]
pub struct InvalidPattern;

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let mut parts = text.splitn(3, '/').map(str::to_owned);
        let (holder, kind, name) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let is_empty = |part: &Option<String>| part.as_deref() == Some("");
        if holder.is_empty() || is_empty(&kind) || is_empty(&name) {
            return Err(InvalidPattern);
        }
        Ok(Self { holder, kind, name })
    }
}

impl TryFrom<String> for Pattern {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { holder, kind, name } = self;
        f.write_str(holder)?;
        [kind, name].into_iter().flatten().try_for_each(|part| write!(f, "/{part}"))
    }
}

/// Whether `text` has the form of `pattern`. Goes back to the last `*` alone, so that its time is bounded by the product of both
/// lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let fold = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<char>>();
    let (pattern, text) = (fold(pattern), fold(text));
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(c) if *c == '?' || *c == text[read] => {
                at += 1;
                read += 1;
            }
            Some(_) | None => {
                let Some((place, from)) = star else { return false };
                star = Some((place, from + 1));
                at = place + 1;
                read = from + 1;
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(targets: &[&str], excludes: &[&str]) -> Selection {
        let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Selection { targets: patterns(targets), excludes: patterns(excludes) }
    }

    #[test]
    fn stars_and_question_marks_stand_for_text() {
        for (pattern, text) in [
            ("exo-*", "exo-"),
            ("exo-*", "exo-automation"),
            ("*", ""),
            ("*a*b", "xaab"),
            ("e?o", "exo"),
            ("Exo", "exo"),
            ("Office*/Exchange.*", "Office 365 Exchange Online/Exchange.ManageAsApp"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("exo", "exo-automation"), ("exo-*", "exo"), ("e?o", "eo"), ("*a*b", "abc"), ("", "a")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        // Nothing that takes time without end.
        assert!(!matches(&"*a".repeat(40), &"a".repeat(4_000).replace("aaaa", "aaab")));
    }

    #[test]
    fn a_pattern_is_read_as_it_is_written() {
        for text in
            ["exo", "exo/certificate", "*/roleAssignment/*", "zoe@contoso.com/roleAssignment/Global Reader", "a/b/c/d"]
        {
            assert_eq!(text.parse::<Pattern>().unwrap().to_string(), text);
        }
        for text in ["", "/", "exo/", "/certificate", "exo//main", "exo/certificate/"] {
            assert_eq!(text.parse::<Pattern>(), Err(InvalidPattern), "{text}");
        }
    }

    #[test]
    fn what_is_excluded_is_not_covered_and_only_a_whole_one_is_not_looked_at() {
        let certificate = Address::new("exo-a", "certificate", "main");
        let role = Address::new("exo-a", "roleAssignment", "Global Reader");
        let some = selection(&["exo-*"], &["*/roleAssignment/*"]);
        assert!(some.covers(&certificate) && !some.covers(&role));
        assert!(some.looks_at("exo-a") && !some.looks_at("other"));
        let whole = selection(&[], &["exo-a/*"]);
        assert!(!whole.looks_at("exo-a") && whole.looks_at("exo-b"));
        assert!(selection(&[], &[]).is_everything() && !whole.is_everything());
    }

    #[test]
    fn it_survives_being_written_down() {
        let selection = selection(&["exo-*", "a/certificate/main"], &["*/roleAssignment"]);
        let json = serde_json::to_string(&selection).unwrap();
        assert_eq!(json, r#"{"targets":["exo-*","a/certificate/main"],"excludes":["*/roleAssignment"]}"#);
        assert_eq!(serde_json::from_str::<Selection>(&json).unwrap(), selection);
        assert!(serde_json::from_str::<Selection>(r#"{"targets":["a/"]}"#).is_err());
    }
}
