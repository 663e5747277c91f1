//! `$search`: words in names, by the beginnings of words.
//!
//! `"displayName:ever green"` finds what has a word that begins with `ever` and one that begins with `green`. Words end
//! at signs, at blanks, between letters and digits, and before a capital letter. Clauses are joined by `AND` and `OR`.

use super::{
    super::{
        refusal::Refusal,
        schema::{Kind, Property},
        world::{Document, text},
    },
    filter::{Offer, offer},
};

const DEEPEST: usize = 32;

/// Properties whose text is cut into words; others are compared from their beginning.
const CUT_INTO_WORDS: [&str; 2] = ["displayName", "description"];

/// A parsed search.
#[derive(Debug)]
pub(crate) enum Search {
    All(Vec<Self>),
    Any(Vec<Self>),
    /// One of the properties has the words.
    Clause {
        properties: Vec<&'static Property>,
        text: String,
        words: Vec<String>,
    },
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Quoted(String),
    And,
    Or,
    Open,
    Close,
}

fn syntax(letter: char, position: usize, text: &str) -> Refusal {
    Refusal::malformed(format!("Syntax error: character '{letter}' is not valid at position {position} in '{text}'."))
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().enumerate().peekable();
    while let Some((at, letter)) = rest.next() {
        match letter {
            ' ' => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            '"' => {
                let mut quoted = String::new();
                loop {
                    match rest.next() {
                        Some((_, '\\')) => quoted.extend(rest.next().map(|(_, letter)| letter)),
                        Some((_, '"')) => break,
                        Some((_, letter)) => quoted.push(letter),
                        None => {
                            return Err(Refusal::malformed(format!(
                                "There is an unterminated string literal at position {} in '{text}'.",
                                text.chars().count()
                            )));
                        }
                    }
                }
                tokens.push(Token::Quoted(quoted));
            }
            letter if letter.is_alphanumeric() => {
                let mut word = String::from(letter);
                while let Some((_, letter)) = rest.next_if(|(_, letter)| letter.is_alphanumeric()) {
                    word.push(letter);
                }
                tokens.push(match word.as_str() {
                    "AND" => Token::And,
                    "OR" => Token::Or,
                    _ => Token::Quoted(word),
                });
            }
            _ => return Err(syntax(letter, at, text)),
        }
    }
    Ok(tokens)
}

impl Search {
    pub(crate) fn parse(text: &str, kind: &Kind) -> Result<Self, Refusal> {
        let tokens = tokens(text)?;
        let mut parser = Parser { text, tokens: &tokens, kind, depth: 0 };
        let search = parser.either()?;
        if parser.tokens.is_empty() { Ok(search) } else { Err(parser.failed()) }
    }

    /// The members of an object that it looks at.
    pub(crate) fn members(&self) -> Vec<&'static str> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::members).collect(),
            Self::Clause { properties, .. } => properties.iter().map(|property| property.name).collect(),
        }
    }

    pub(crate) fn holds(&self, document: &Document) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(document)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(document)),
            Self::Clause { properties, text: wanted, words } => properties.iter().any(|property| {
                let value = text(document, property.name);
                if CUT_INTO_WORDS.contains(&property.name) {
                    let has = self::words(value);
                    words.iter().all(|word| has.iter().any(|own| own.starts_with(word.as_str())))
                } else {
                    value.to_lowercase().starts_with(wanted.as_str())
                }
            }),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    kind: &'a Kind,
    depth: usize,
}

impl Parser<'_> {
    fn failed(&self) -> Refusal {
        let end = self.text.chars().count();
        Refusal::malformed(format!("Expression expected at position {end} in '{}'.", self.text))
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let taken = self.tokens.first() == Some(wanted);
        if taken {
            self.tokens = &self.tokens[1..];
        }
        taken
    }

    fn either(&mut self) -> Result<Search, Refusal> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Refusal::malformed("Recursion depth exceeded allowed limit."));
        }
        let mut choices = vec![self.both()?];
        while self.take(&Token::Or) {
            choices.push(self.both()?);
        }
        self.depth -= 1;
        Ok(Search::Any(choices))
    }

    fn both(&mut self) -> Result<Search, Refusal> {
        let mut parts = vec![self.single()?];
        while self.take(&Token::And) || matches!(self.tokens.first(), Some(Token::Quoted(_) | Token::Open)) {
            parts.push(self.single()?);
        }
        Ok(Search::All(parts))
    }

    fn single(&mut self) -> Result<Search, Refusal> {
        if self.take(&Token::Open) {
            let inner = self.either()?;
            return if self.take(&Token::Close) { Ok(inner) } else { Err(self.failed()) };
        }
        let Some((Token::Quoted(quoted), rest)) = self.tokens.split_first() else {
            return Err(self.failed());
        };
        self.tokens = rest;
        self.clause(quoted)
    }

    fn clause(&self, quoted: &str) -> Result<Search, Refusal> {
        let searchable = |property: &&'static Property| offer(property, "search") != Offer::Never;
        let (properties, text) = match quoted.split_once(':') {
            None => (self.kind.properties.iter().filter(searchable).collect(), quoted),
            Some((name, text)) => {
                let property = self.kind.property(name.trim()).filter(searchable).ok_or_else(|| {
                    Refusal::new(
                        400,
                        "Request_UnsupportedQuery",
                        format!("Property '{}' cannot be searched on type 'microsoft.graph.{}'.", name, self.kind.name),
                    )
                })?;
                (vec![property], text)
            }
        };
        Ok(Search::Clause { properties, text: text.trim().to_lowercase(), words: words(text) })
    }
}

/// The words of a text, in lower case.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut before) = (Vec::new(), String::new(), ' ');
    for letter in text.chars() {
        let breaks = !letter.is_alphanumeric()
            || before.is_numeric() != letter.is_numeric()
            || (before.is_lowercase() && letter.is_uppercase());
        if breaks && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::emulator::tables::APPLICATION;

    fn finds(search: &str) -> Result<bool, String> {
        let document =
            serde_json::from_value(json!({ "displayName": "OneDrive backup 2025", "description": "of all things" }));
        Search::parse(search, &APPLICATION)
            .map(|search| search.holds(&document.unwrap()))
            .map_err(|refusal| refusal.message)
    }

    #[test]
    fn words_are_found_by_their_beginnings() {
        for search in [
            r#""displayName:one""#,
            r#""displayName:Drive""#,
            r#""displayname:back 20""#,
            r#""displayName:OneDrive""#,
            r#""displayName:nothing" OR "description:things""#,
            r#"("displayName:one" AND "description:of") OR "displayName:nothing""#,
            r#""things""#,
        ] {
            assert_eq!(finds(search), Ok(true), "{search}");
        }
        for search in [r#""displayName:rive""#, r#""displayName:one" AND "description:nothing""#] {
            assert_eq!(finds(search), Ok(false), "{search}");
        }
    }

    #[test]
    fn the_rest_is_refused() {
        assert_eq!(
            finds("displayName:one"),
            Err("Syntax error: character ':' is not valid at position 11 in 'displayName:one'.".into())
        );
        assert!(finds(r#""notes:x""#).is_err());
        for search in ["\"x", "", "AND", "(\"x\"", "\"x\" OR", "'displayName:x'"] {
            assert!(finds(search).is_err(), "{search}");
        }
        assert!(finds(&"(".repeat(5000)).is_err());
    }
}
