//! The published types of values, and literals as values of such a type.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    super::{refusal::Refusal, schema::Shape},
    evaluate::Want,
    syntax::{Literal, Operator},
};

/// The published type of a value.
pub(super) fn edm(shape: Shape) -> &'static str {
    match shape {
        Shape::Text | Shape::Id | Shape::OneOf(_) => "Edm.String",
        Shape::Guid => "Edm.Guid",
        Shape::Boolean => "Edm.Boolean",
        Shape::Integer => "Edm.Int32",
        Shape::Instant => "Edm.DateTimeOffset",
        Shape::Binary => "Edm.Binary",
        Shape::Object(_) => "Edm.ComplexType",
        Shape::List(_) => "Collection",
    }
}

/// The literal as a value of the property's type.
pub(super) fn want(shape: Shape, literal: &Literal, operator: Operator) -> Result<Want, Refusal> {
    let edm = edm(shape);
    match (edm, literal) {
        (_, Literal::Null) => Ok(Want::Null),
        ("Edm.String", Literal::Text(text)) | ("Edm.Guid", Literal::Guid(text)) => Ok(Want::text(text)),
        ("Edm.Boolean", Literal::Boolean(value)) => Ok(Want::Boolean(*value)),
        ("Edm.Int32", Literal::Integer(number)) => Ok(Want::Number(*number)),
        ("Edm.DateTimeOffset", Literal::Instant(text)) => text
            .parse::<Timestamp>()
            .map(|at| Want::Instant { at, whole_seconds: !text.contains('.') })
            .map_err(|_| Refusal::unsupported_query()),
        ("Edm.DateTimeOffset", Literal::Date(text)) => text
            .parse::<Date>()
            .and_then(|date| date.to_zoned(TimeZone::UTC))
            .map(|at| Want::Instant { at: at.timestamp(), whole_seconds: true })
            .map_err(|_| Refusal::unsupported_query()),
        ("Edm.ComplexType" | "Collection", _) => Err(Refusal::unsupported_query()),
        _ => Err(incompatible(edm, literal.edm(), operator)),
    }
}

pub(super) fn incompatible(left: &str, right: &str, operator: Operator) -> Refusal {
    Refusal::malformed(format!(
        "Invalid filter clause: A binary operator with incompatible types was detected. Found operand types '{left}' \
         and '{right}' for operator kind '{}'.",
        operator.kind()
    ))
}

pub(super) fn incompatible_not(operand: &str) -> Refusal {
    Refusal::malformed(format!(
        "Invalid filter clause: A unary operator with an incompatible type was detected. Found operand type \
         '{operand}' for operator kind 'Not'."
    ))
}
