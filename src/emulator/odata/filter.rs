//! `$filter`: a parser and an evaluator for the part of OData that the directory serves.
//!
//! A property that the type lacks, and an operator that the directory does not offer for a property, are refused as
//! the service refuses them. Depth is limited.

use serde_json::Value;

use super::super::{refusal::Refusal, schema::Kind, world::Document};

const DEEPEST: usize = 32;

/// A parsed filter.
#[derive(Debug)]
pub(crate) struct Filter(Expression);

#[derive(Debug)]
enum Expression {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// A property (none = the element of a collection) compared with one or more literals.
    Compare {
        property: Option<&'static str>,
        operator: Operator,
        literals: Vec<Literal>,
    },
    /// One element of a collection property holds.
    Element {
        property: &'static str,
        holds: Box<Self>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    AtLeast,
    AtMost,
    StartsWith,
    EndsWith,
}

#[derive(Debug, PartialEq)]
enum Literal {
    Text(String),
    Boolean(bool),
    Null,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Symbol(char),
}

impl Filter {
    /// Parses a filter over a type. `advanced` allows what the directory gives to advanced queries only.
    pub(crate) fn parse(text: &str, kind: &Kind, advanced: bool) -> Result<Self, Refusal> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens, kind, advanced, variable: None, depth: 0 };
        let expression = parser.either()?;
        if parser.tokens.is_empty() { Ok(Self(expression)) } else { Err(syntax(text)) }
    }

    pub(crate) fn holds(&self, document: &Document) -> bool {
        holds(&self.0, document, None)
    }
}

fn syntax(near: &str) -> Refusal {
    Refusal::malformed(format!("Invalid filter clause: Syntax error at position 0 in '{near}'."))
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
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

struct Parser<'a> {
    tokens: &'a [Token],
    kind: &'a Kind,
    advanced: bool,
    variable: Option<(String, &'static str)>,
    depth: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Result<Token, Refusal> {
        let (first, rest) = self.tokens.split_first().ok_or_else(|| syntax(""))?;
        self.tokens = rest;
        Ok(first.clone())
    }

    fn word(&self, index: usize) -> Option<&str> {
        match self.tokens.get(index) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn take_word(&mut self, word: &str) -> bool {
        let taken = self.word(0) == Some(word);
        if taken {
            self.tokens = &self.tokens[1..];
        }
        taken
    }

    fn expect(&mut self, symbol: char) -> Result<(), Refusal> {
        if self.next()? == Token::Symbol(symbol) { Ok(()) } else { Err(syntax(&symbol.to_string())) }
    }

    fn either(&mut self) -> Result<Expression, Refusal> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Refusal::malformed("The node count limit of '100' has been exceeded."));
        }
        let mut choices = vec![self.both()?];
        while self.take_word("or") {
            choices.push(self.both()?);
        }
        self.depth -= 1;
        Ok(Expression::Any(choices))
    }

    fn both(&mut self) -> Result<Expression, Refusal> {
        let mut parts = vec![self.single()?];
        while self.take_word("and") {
            parts.push(self.single()?);
        }
        Ok(Expression::All(parts))
    }

    fn single(&mut self) -> Result<Expression, Refusal> {
        if self.take_word("not") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(Refusal::malformed("The node count limit of '100' has been exceeded."));
            }
            self.needs_advanced()?;
            let inner = self.single()?;
            self.depth -= 1;
            return Ok(Expression::Not(Box::new(inner)));
        }
        if self.tokens.first() == Some(&Token::Symbol('(')) {
            self.next()?;
            let inner = self.either()?;
            self.expect(')')?;
            return Ok(inner);
        }
        let Token::Word(word) = self.next()? else {
            return Err(syntax("("));
        };
        match word.to_ascii_lowercase().as_str() {
            "startswith" | "endswith" => self.function(&word.to_ascii_lowercase()),
            _ => match word.split_once('/') {
                Some((property, "any")) => self.element(property),
                Some((property, _)) => {
                    self.resolve(property)?;
                    Err(Refusal::unsupported_query())
                }
                None => self.comparison(&word),
            },
        }
    }

    fn function(&mut self, name: &str) -> Result<Expression, Refusal> {
        self.expect('(')?;
        let Token::Word(property) = self.next()? else {
            return Err(syntax(name));
        };
        self.expect(',')?;
        let literal = self.literal()?;
        self.expect(')')?;
        let operator = if name == "endswith" {
            self.needs_advanced()?;
            Operator::EndsWith
        } else {
            Operator::StartsWith
        };
        let property = self.allowed(&property, "startswith")?;
        Ok(Expression::Compare { property, operator, literals: vec![literal] })
    }

    fn element(&mut self, property: &str) -> Result<Expression, Refusal> {
        let property = self.resolve(property)?;
        if !allows(self.kind, property, "any") || self.variable.is_some() {
            return Err(Refusal::unsupported_query());
        }
        self.expect('(')?;
        let Token::Word(variable) = self.next()? else {
            return Err(syntax("any"));
        };
        self.expect(':')?;
        self.variable = Some((variable, property));
        let inner = self.either()?;
        self.variable = None;
        self.expect(')')?;
        Ok(Expression::Element { property, holds: Box::new(inner) })
    }

    fn comparison(&mut self, property: &str) -> Result<Expression, Refusal> {
        let is_variable = self.variable.as_ref().is_some_and(|(variable, _)| variable == property);
        if !is_variable {
            self.resolve(property)?;
        }
        let Token::Word(operator) = self.next()? else {
            return Err(syntax(property));
        };
        let (operator, literals) = match operator.as_str() {
            "eq" => (Operator::Equal, vec![self.literal()?]),
            "ne" => {
                self.needs_advanced()?;
                (Operator::NotEqual, vec![self.literal()?])
            }
            "ge" => (Operator::AtLeast, vec![self.literal()?]),
            "le" => (Operator::AtMost, vec![self.literal()?]),
            "in" => {
                self.expect('(')?;
                let mut literals = vec![self.literal()?];
                loop {
                    match self.next()? {
                        Token::Symbol(',') => literals.push(self.literal()?),
                        Token::Symbol(')') => break,
                        Token::Word(_) | Token::Text(_) | Token::Symbol(_) => return Err(syntax("in")),
                    }
                }
                (Operator::Equal, literals)
            }
            other => return Err(syntax(other)),
        };
        let name = match operator {
            Operator::AtLeast => "ge",
            Operator::AtMost => "le",
            Operator::Equal if literals.len() > 1 => "in",
            Operator::Equal | Operator::NotEqual | Operator::StartsWith | Operator::EndsWith => "eq",
        };
        Ok(Expression::Compare { property: self.allowed(property, name)?, operator, literals })
    }

    fn literal(&mut self) -> Result<Literal, Refusal> {
        match self.next()? {
            Token::Text(text) => Ok(Literal::Text(text)),
            Token::Word(word) => match word.as_str() {
                "true" => Ok(Literal::Boolean(true)),
                "false" => Ok(Literal::Boolean(false)),
                "null" => Ok(Literal::Null),
                // Bare GUIDs and times are literals of their own types.
                _ if word.starts_with(|first: char| first.is_ascii_hexdigit()) && word.contains('-') => {
                    Ok(Literal::Text(word))
                }
                _ => Err(self.unknown(&word)),
            },
            Token::Symbol(symbol) => Err(syntax(&symbol.to_string())),
        }
    }

    fn needs_advanced(&self) -> Result<(), Refusal> {
        if self.advanced { Ok(()) } else { Err(Refusal::unsupported_query()) }
    }

    fn unknown(&self, name: &str) -> Refusal {
        Refusal::malformed(format!(
            "Invalid filter clause: Could not find a property named '{name}' on type 'microsoft.graph.{}'.",
            self.kind.name
        ))
    }

    fn resolve(&self, name: &str) -> Result<&'static str, Refusal> {
        self.kind.property(name).map(|property| property.name).ok_or_else(|| self.unknown(name))
    }

    /// The property, or none for the variable of `any`; refused when the directory does not offer the operator.
    fn allowed(&self, name: &str, operator: &str) -> Result<Option<&'static str>, Refusal> {
        if self.variable.as_ref().is_some_and(|(variable, _)| variable == name) {
            return Ok(None);
        }
        let property = self.resolve(name)?;
        if allows(self.kind, property, operator) && self.variable.is_none() {
            Ok(Some(property))
        } else {
            Err(Refusal::unsupported_query())
        }
    }
}

fn allows(kind: &Kind, property: &str, operator: &str) -> bool {
    kind.property(property).is_some_and(|property| property.filter.split(' ').any(|allowed| allowed == operator))
}

fn holds(expression: &Expression, document: &Document, element: Option<&Value>) -> bool {
    match expression {
        Expression::All(parts) => parts.iter().all(|part| holds(part, document, element)),
        Expression::Any(parts) => parts.iter().any(|part| holds(part, document, element)),
        Expression::Not(inner) => !holds(inner, document, element),
        Expression::Element { property, holds: inner } => document
            .get(*property)
            .and_then(Value::as_array)
            .is_some_and(|values| values.iter().any(|value| holds(inner, document, Some(value)))),
        Expression::Compare { property, operator, literals } => {
            let value = match property {
                Some(property) => document.get(*property),
                None => element,
            };
            let value = value.unwrap_or(&Value::Null);
            match operator {
                Operator::NotEqual => !literals.iter().any(|literal| compare(value, Operator::Equal, literal)),
                operator => literals.iter().any(|literal| compare(value, *operator, literal)),
            }
        }
    }
}

fn compare(value: &Value, operator: Operator, literal: &Literal) -> bool {
    match (value, literal) {
        (Value::Null, Literal::Null) => operator == Operator::Equal,
        (Value::Bool(value), Literal::Boolean(literal)) => operator == Operator::Equal && value == literal,
        (Value::String(value), Literal::Text(literal)) => {
            // The directory compares texts without regard to case.
            let (value, literal) = (value.to_lowercase(), literal.to_lowercase());
            match operator {
                Operator::Equal => value == literal,
                Operator::NotEqual => value != literal,
                Operator::AtLeast => value >= literal,
                Operator::AtMost => value <= literal,
                Operator::StartsWith => value.starts_with(&literal),
                Operator::EndsWith => value.ends_with(&literal),
            }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::emulator::tables::APPLICATION;

    fn holds(filter: &str) -> Result<bool, String> {
        let document: Document = serde_json::from_value(json!({
            "appId": "0610a4a7-3535-4eb5-89ef-7935b1818f2d", "displayName": "It's one", "tags": ["a:b", "c"],
            "createdDateTime": "2025-04-08T09:40:20Z",
        }))
        .unwrap();
        Filter::parse(filter, &APPLICATION, false)
            .map(|filter| filter.holds(&document))
            .map_err(|refusal| refusal.message)
    }

    #[test]
    fn served_filters_hold_or_not() {
        assert_eq!(holds("appid eq '0610A4A7-3535-4eb5-89ef-7935b1818f2d'"), Ok(true));
        assert_eq!(holds("displayName eq 'it''s one' and tags/any(t:t eq 'a:b')"), Ok(true));
        assert_eq!(holds("(displayName in ('x','y') or startswith(displayName,'It'))"), Ok(true));
        assert_eq!(holds("tags/any(t:t eq 'd')"), Ok(false));
        assert_eq!(holds("createdDateTime ge 2025-04-08T00:00:00Z"), Ok(true));
    }

    #[test]
    fn the_rest_is_refused() {
        for filter in ["uniqueName eq 'x'", "displayName ne 'x'", "not displayName eq 'x'", "notes eq 'x'"] {
            assert_eq!(holds(filter), Err("Unsupported Query.".into()), "{filter}");
        }
        assert!(holds("nonsense eq 'x'").unwrap_err().contains("Could not find a property named 'nonsense'"));
        for filter in ["meeting", "displayName eq", "displayName eq 'x", "displayName eq 'x' or", "((("] {
            assert!(holds(filter).is_err(), "{filter}");
        }
        assert!(holds(&format!("{}displayName eq 'x'", "(".repeat(5000))).is_err());
    }
}
