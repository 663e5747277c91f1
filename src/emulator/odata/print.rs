//! A filter's expression as text: what is printed reads back as the same.

use std::fmt::{self, Display};

use super::syntax::{Expression, Literal, Operand, Quantifier};

impl Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(parts) => joined(formatter, parts, " or "),
            Self::And(parts) => joined(formatter, parts, " and "),
            Self::Not(inner) => write!(formatter, "not ({inner})"),
            Self::Compare { left, operator, right } => write!(formatter, "{left} {} {right}", operator.word()),
            Self::In { left, choices } => {
                write!(formatter, "{left} in (")?;
                listed(formatter, choices)?;
                formatter.write_str(")")
            }
            Self::Lambda { path, quantifier, element } => {
                let name = if *quantifier == Quantifier::Any { "any" } else { "all" };
                match element {
                    None => write!(formatter, "{path}/{name}()"),
                    Some((variable, inner)) => write!(formatter, "{path}/{name}({variable}:{inner})"),
                }
            }
            Self::Alone(operand) => operand.fmt(formatter),
        }
    }
}

/// `and` and `or` inside one another stand in parentheses.
fn joined(formatter: &mut fmt::Formatter<'_>, parts: &[Expression], word: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            formatter.write_str(word)?;
        }
        match part {
            Expression::Or(_) | Expression::And(_) => write!(formatter, "({part})")?,
            _ => part.fmt(formatter)?,
        }
    }
    Ok(())
}

fn listed(formatter: &mut fmt::Formatter<'_>, operands: &[Operand]) -> fmt::Result {
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            formatter.write_str(",")?;
        }
        operand.fmt(formatter)?;
    }
    Ok(())
}

impl Display for Operand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => formatter.write_str(path),
            Self::Literal(literal) => literal.fmt(formatter),
            Self::Call { name, arguments } => {
                write!(formatter, "{name}(")?;
                listed(formatter, arguments)?;
                formatter.write_str(")")
            }
        }
    }
}

impl Display for Literal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Boolean(value) => value.fmt(formatter),
            Self::Integer(number) => number.fmt(formatter),
            Self::Text(text) => write!(formatter, "'{}'", text.replace('\'', "''")),
            Self::Decimal(text) | Self::Guid(text) | Self::Instant(text) | Self::Date(text) => {
                formatter.write_str(text)
            }
        }
    }
}
