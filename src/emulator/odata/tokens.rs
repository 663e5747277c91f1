//! The words of a `$filter`: names, texts in quotes, and single signs, each with the place where it ends.

use super::super::refusal::Refusal;

/// One word of a filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Symbol(char),
}

/// What is said about a filter that is none, with the place where the reader stood.
pub(super) fn syntax(position: usize, text: &str) -> Refusal {
    Refusal::malformed(format!("Invalid filter clause: Syntax error at position {position} in '{text}'."))
}

/// Cuts a filter into its words. With each comes the position behind it.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, Refusal> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().enumerate().peekable();
    while let Some(&(at, next)) = rest.peek() {
        match next {
            ' ' | '\t' => {
                rest.next();
            }
            '(' | ')' | ',' | ':' => {
                tokens.push((Token::Symbol(next), at + 1));
                rest.next();
            }
            '\'' => {
                rest.next();
                let mut literal = String::new();
                let end = loop {
                    match rest.next() {
                        // Two quotes stand for one.
                        Some((_, '\'')) if rest.peek().is_some_and(|(_, next)| *next == '\'') => {
                            rest.next();
                            literal.push('\'');
                        }
                        Some((at, '\'')) => break at + 1,
                        Some((_, other)) => literal.push(other),
                        None => {
                            return Err(Refusal::malformed(format!(
                                "Invalid filter clause: There is an unterminated string literal at position {} in \
                                 '{text}'.",
                                text.chars().count()
                            )));
                        }
                    }
                };
                tokens.push((Token::Text(literal), end));
            }
            _ if next.is_alphanumeric() || "_-$@.*/".contains(next) => {
                let (mut word, mut end) = (String::new(), at);
                while let Some(&(at, next)) = rest.peek() {
                    // A colon belongs to a time but ends the variable of `any(t:…)`.
                    let belongs = next.is_alphanumeric()
                        || "_-$@.*/+".contains(next)
                        || (next == ':' && word.starts_with(|first: char| first.is_ascii_digit()));
                    if !belongs {
                        break;
                    }
                    word.push(next);
                    end = at + 1;
                    rest.next();
                }
                tokens.push((Token::Word(word), end));
            }
            _ => {
                return Err(Refusal::malformed(format!(
                    "Invalid filter clause: Syntax error: character '{next}' is not valid at position {at} in '{text}'."
                )));
            }
        }
    }
    Ok(tokens)
}
