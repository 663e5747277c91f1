//! The grammar of `$filter`: text to an expression and back. What the names mean is no concern of this file.

use super::{
    super::{identifiers, refusal::Refusal},
    tokens::{Token, syntax, tokens},
};

const DEEPEST: usize = 32;

/// A condition, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Or(Vec<Self>),
    And(Vec<Self>),
    Not(Box<Self>),
    Compare {
        left: Operand,
        operator: Operator,
        right: Operand,
    },
    In {
        left: Operand,
        choices: Vec<Operand>,
    },
    /// `tags/any(t:t eq 'x')`; without a variable and its condition in `tags/any()`.
    Lambda {
        path: String,
        quantifier: Quantifier,
        element: Option<(String, Box<Self>)>,
    },
    /// A condition that is a function or a name alone.
    Alone(Operand),
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Path(String),
    Literal(Literal),
    Call { name: String, arguments: Vec<Self> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    Any,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Greater,
    AtLeast,
    Less,
    AtMost,
}

/// A value, by the form in which it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Boolean(bool),
    Integer(i64),
    Decimal(String),
    Text(String),
    Guid(String),
    Instant(String),
    Date(String),
}

impl Operator {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "gt" => Self::Greater,
            "ge" => Self::AtLeast,
            "lt" => Self::Less,
            "le" => Self::AtMost,
            _ => return None,
        })
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Greater => "gt",
            Self::AtLeast => "ge",
            Self::Less => "lt",
            Self::AtMost => "le",
        }
    }

    /// The name in the service's refusals.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Equal => "Equal",
            Self::NotEqual => "NotEqual",
            Self::Greater => "GreaterThan",
            Self::AtLeast => "GreaterThanOrEqual",
            Self::Less => "LessThan",
            Self::AtMost => "LessThanOrEqual",
        }
    }
}

impl Literal {
    /// The type in the service's refusals.
    pub(super) fn edm(&self) -> &'static str {
        match self {
            Self::Null => "<null>",
            Self::Boolean(_) => "Edm.Boolean",
            Self::Integer(number) if i32::try_from(*number).is_ok() => "Edm.Int32",
            Self::Integer(_) => "Edm.Int64",
            Self::Decimal(_) => "Edm.Single",
            Self::Text(_) => "Edm.String",
            Self::Guid(_) => "Edm.Guid",
            Self::Instant(_) => "Edm.DateTimeOffset",
            Self::Date(_) => "Edm.Date",
        }
    }

    /// The literal that a bare word is; none when it is a name.
    fn read(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "null" => return Some(Self::Null),
            "true" => return Some(Self::Boolean(true)),
            "false" => return Some(Self::Boolean(false)),
            _ => {}
        }
        if identifiers::is_guid(word) {
            return Some(Self::Guid(word.to_owned()));
        }
        if !word.trim_start_matches('-').starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        if let Ok(number) = word.parse() {
            return Some(Self::Integer(number));
        }
        if word.parse::<jiff::Timestamp>().is_ok() {
            return Some(Self::Instant(word.to_owned()));
        }
        if word.parse::<jiff::civil::Date>().is_ok() {
            return Some(Self::Date(word.to_owned()));
        }
        word.parse::<f64>().is_ok().then(|| Self::Decimal(word.to_owned()))
    }
}

impl Expression {
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let tokens = tokens(text)?;
        let mut parser = Parser { text, tokens: &tokens, depth: 0 };
        let expression = parser.either()?;
        if parser.tokens.is_empty() { Ok(expression) } else { Err(parser.failed()) }
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [(Token, usize)],
    depth: usize,
}

impl Parser<'_> {
    fn failed(&self) -> Refusal {
        let end = self.text.chars().count();
        syntax(self.tokens.first().map_or(end, |(_, position)| *position), self.text)
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.first().map(|(token, _)| token)
    }

    fn skip(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or_default();
    }

    /// The next word in lower case, when it is one.
    fn word(&self) -> Option<String> {
        match self.peek() {
            Some(Token::Word(word)) => Some(word.to_ascii_lowercase()),
            _ => None,
        }
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let taken = self.word().is_some_and(|word| word == wanted);
        if taken {
            self.skip();
        }
        taken
    }

    fn take(&mut self, symbol: char) -> bool {
        let taken = self.peek() == Some(&Token::Symbol(symbol));
        if taken {
            self.skip();
        }
        taken
    }

    fn expect(&mut self, symbol: char) -> Result<(), Refusal> {
        if self.take(symbol) { Ok(()) } else { Err(self.failed()) }
    }

    fn deeper(&mut self) -> Result<(), Refusal> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Refusal::malformed("Invalid filter clause: Recursion depth exceeded allowed limit."));
        }
        Ok(())
    }

    fn either(&mut self) -> Result<Expression, Refusal> {
        self.deeper()?;
        let first = self.both()?;
        let mut choices = vec![first];
        while self.take_word("or") {
            choices.push(self.both()?);
        }
        self.depth -= 1;
        Ok(alone_or(choices, Expression::Or))
    }

    fn both(&mut self) -> Result<Expression, Refusal> {
        let mut parts = vec![self.single()?];
        while self.take_word("and") {
            parts.push(self.single()?);
        }
        Ok(alone_or(parts, Expression::And))
    }

    fn single(&mut self) -> Result<Expression, Refusal> {
        if self.take_word("not") {
            self.deeper()?;
            // `not` binds tighter than a comparison does.
            let inner = self.primary()?;
            self.depth -= 1;
            // What is compared with `not name` does not matter: a name alone cannot be negated, and that is refused.
            if matches!(inner, Expression::Alone(Operand::Path(_) | Operand::Literal(_)))
                && self.word().is_some_and(|word| Operator::read(&word).is_some())
            {
                self.skip();
                self.operand()?;
            }
            return Ok(Expression::Not(Box::new(inner)));
        }
        let left = match self.primary()? {
            Expression::Alone(left) => left,
            whole => return Ok(whole),
        };
        let Some(word) = self.word() else {
            return Ok(Expression::Alone(left));
        };
        if let Some(operator) = Operator::read(&word) {
            self.skip();
            return Ok(Expression::Compare { left, operator, right: self.operand()? });
        }
        if word == "in" {
            self.skip();
            self.expect('(')?;
            return Ok(Expression::In { left, choices: self.operands()? });
        }
        Ok(Expression::Alone(left))
    }

    fn primary(&mut self) -> Result<Expression, Refusal> {
        if self.take('(') {
            let inner = self.either()?;
            self.expect(')')?;
            return Ok(inner);
        }
        match (self.word(), self.tokens.get(1)) {
            (Some(word), Some((Token::Symbol('('), _))) if word.ends_with("/any") => self.lambda(Quantifier::Any),
            (Some(word), Some((Token::Symbol('('), _))) if word.ends_with("/all") => self.lambda(Quantifier::All),
            _ => Ok(Expression::Alone(self.operand()?)),
        }
    }

    fn lambda(&mut self, quantifier: Quantifier) -> Result<Expression, Refusal> {
        let Some(Token::Word(word)) = self.peek().cloned() else {
            return Err(self.failed());
        };
        let path = word[..word.len() - "/any".len()].to_owned();
        self.skip();
        self.expect('(')?;
        if self.take(')') {
            return Ok(Expression::Lambda { path, quantifier, element: None });
        }
        let Some(Token::Word(variable)) = self.peek().cloned() else {
            return Err(self.failed());
        };
        self.skip();
        self.expect(':')?;
        let inner = self.either()?;
        self.expect(')')?;
        Ok(Expression::Lambda { path, quantifier, element: Some((variable, Box::new(inner))) })
    }

    fn operand(&mut self) -> Result<Operand, Refusal> {
        let operand = match self.peek() {
            Some(Token::Text(text)) => Operand::Literal(Literal::Text(text.clone())),
            Some(Token::Word(word)) => match Literal::read(word) {
                Some(literal) => Operand::Literal(literal),
                None => Operand::Path(word.clone()),
            },
            Some(Token::Symbol(_)) | None => return Err(self.failed()),
        };
        self.skip();
        match operand {
            Operand::Path(name) if self.take('(') => {
                self.deeper()?;
                let arguments = if self.take(')') { Vec::new() } else { self.operands()? };
                self.depth -= 1;
                Ok(Operand::Call { name, arguments })
            }
            operand => Ok(operand),
        }
    }

    /// Operands with commas between them, up to the closing parenthesis.
    fn operands(&mut self) -> Result<Vec<Operand>, Refusal> {
        let mut operands = vec![self.operand()?];
        while self.take(',') {
            operands.push(self.operand()?);
        }
        self.expect(')')?;
        Ok(operands)
    }
}

fn alone_or(mut parts: Vec<Expression>, several: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            several(parts)
        }
    }
}
