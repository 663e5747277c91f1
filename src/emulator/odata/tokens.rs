//! The words of a `$filter`: names, texts in quotes, and single signs.

use super::super::refusal::Refusal;

/// One word of a filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Symbol(char),
}

/// What is said about a filter that is none.
pub(super) fn syntax(near: &str) -> Refusal {
    Refusal::malformed(format!("Invalid filter clause: Syntax error at position 0 in '{near}'."))
}

/// Cuts a filter into its words.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&next) = rest.peek() {
        match next {
            ' ' => {
                rest.next();
            }
            '(' | ')' | ',' | ':' => {
                tokens.push(Token::Symbol(next));
                rest.next();
            }
            '\'' => {
                rest.next();
                let mut literal = String::new();
                loop {
                    match rest.next() {
                        // Two quotes stand for one.
                        Some('\'') if rest.peek() == Some(&'\'') => {
                            rest.next();
                            literal.push('\'');
                        }
                        Some('\'') => break,
                        Some(other) => literal.push(other),
                        None => {
                            return Err(Refusal::malformed(
                                "Invalid filter clause: There is an unterminated string literal.",
                            ));
                        }
                    }
                }
                tokens.push(Token::Text(literal));
            }
            _ => {
                let mut word = String::new();
                while let Some(&next) = rest.peek() {
                    // A colon belongs to a time but ends the variable of `any(t:…)`.
                    let ends = matches!(next, ' ' | '(' | ')' | ',' | '\'')
                        || (next == ':' && !word.starts_with(|first: char| first.is_ascii_digit()));
                    if ends {
                        break;
                    }
                    word.push(next);
                    rest.next();
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}
