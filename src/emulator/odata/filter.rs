//! What a `$filter` means: names become properties, literals get the property's type, and what the directory does not
//! offer for a property is refused as the service refuses it.

use super::{
    super::{
        refusal::Refusal,
        schema::{Kind, Property, Shape, complex_type},
    },
    evaluate::{Condition, Source, Test, Want},
    navigation::Connections,
    syntax::{Expression, Literal, Operand, Operator, Quantifier},
    types::{edm, incompatible, incompatible_not, want},
};

/// The most conditions that `or` may join, the values of `in` included.
const MOST_CHOICES: usize = 15;

/// Properties on which the directory offers `endsWith`.
const ENDS_WITH: [&str; 4] = ["mail", "otherMails", "proxyAddresses", "userPrincipalName"];

const MISSING_PARAMETERS: &str = "is not supported because the required parameters might be missing. Try adding \
                                  $count=true query parameter and ConsistencyLevel:eventual header. Refer to \
                                  https://aka.ms/graph-docs/advanced-queries for more information";

/// A filter over a kind, ready to be asked.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(super) condition: Condition,
    /// Whether only an advanced query can have it.
    pub(crate) advanced: bool,
}

impl Filter {
    /// Reads a filter. `advanced` allows what the directory gives to advanced queries only.
    pub(crate) fn parse(
        text: &str,
        kind: &Kind,
        connections: Option<Connections<'_>>,
        advanced: bool,
    ) -> Result<Self, Refusal> {
        let expression = Expression::parse(text)?;
        let mut binder = Binder { kind, connections, advanced, used_advanced: false, variable: None };
        let condition = binder.bind(&expression)?;
        Ok(Self { condition, advanced: binder.used_advanced })
    }
}

/// The variable of a lambda and what it stands for.
struct Variable {
    name: String,
    /// The type that names behind the variable belong to.
    type_name: &'static str,
    members: &'static [Property],
    /// The collection property whose elements it stands for, when they are plain values.
    plain: Option<&'static Property>,
    /// Whether it stands for whole objects, found by a navigation property.
    whole: bool,
}

struct Binder<'a> {
    kind: &'a Kind,
    connections: Option<Connections<'a>>,
    advanced: bool,
    used_advanced: bool,
    variable: Option<Variable>,
}

/// What a path leads to.
struct Place {
    path: Vec<&'static str>,
    property: &'static Property,
    /// The shape of the value: for the variable of a lambda, the element's.
    shape: Shape,
}

fn unknown(name: &str, type_name: &str) -> Refusal {
    Refusal::malformed(format!(
        "Invalid filter clause: Could not find a property named '{name}' on type 'microsoft.graph.{type_name}'."
    ))
}

fn unsupported(message: String) -> Refusal {
    Refusal::new(400, "Request_UnsupportedQuery", message)
}

/// The resource's name as the directory writes it: `ServicePrincipal`.
pub(super) fn resource(kind: &Kind) -> String {
    let mut letters = kind.name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// How a property offers an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    Always,
    Advanced,
    Never,
}

pub(super) fn offer(property: &Property, word: &str) -> Offer {
    property.filter.split(' ').fold(Offer::Never, |offer, offered| match offered.strip_prefix('+') {
        None if offered == word => Offer::Always,
        Some(offered) if offered == word && offer == Offer::Never => Offer::Advanced,
        _ => offer,
    })
}

impl Binder<'_> {
    fn bind(&mut self, expression: &Expression) -> Result<Condition, Refusal> {
        match expression {
            Expression::And(parts) => {
                Ok(Condition::All(parts.iter().map(|part| self.bind(part)).collect::<Result<_, _>>()?))
            }
            Expression::Or(parts) => {
                let choices: usize = parts.iter().map(leaves).sum();
                too_many(choices)?;
                Ok(Condition::Any(parts.iter().map(|part| self.bind(part)).collect::<Result<_, _>>()?))
            }
            Expression::Not(inner) => {
                if let Expression::Alone(Operand::Literal(literal)) = &**inner {
                    return Err(incompatible_not(literal.edm()));
                }
                if let Expression::Alone(Operand::Path(path)) = &**inner {
                    let place = self.place(path)?;
                    return Err(incompatible_not(edm(place.shape)));
                }
                self.needs_advanced(Refusal::unsupported_query)?;
                Ok(Condition::Not(Box::new(self.bind(inner)?)))
            }
            Expression::Compare { left, operator, right } => self.compare(left, *operator, right),
            Expression::In { left, choices } => {
                too_many(choices.len())?;
                let place = self.operand_place(left)?;
                self.permit(&place, Operator::Equal)?;
                let wants = choices
                    .iter()
                    .map(|choice| match choice {
                        Operand::Literal(literal) => want(place.shape, literal, Operator::Equal),
                        Operand::Path(path) => Err(self.misplaced(path)),
                        Operand::Call { .. } => Err(Refusal::unsupported_query()),
                    })
                    .collect::<Result<_, _>>()?;
                Ok(Condition::Holds { path: place.path, test: Test::OneOf(wants) })
            }
            Expression::Lambda { path, quantifier, element } => self.lambda(path, *quantifier, element.as_ref()),
            Expression::Alone(Operand::Call { name, arguments }) => self.call(name, arguments),
            Expression::Alone(Operand::Path(path)) => {
                self.place(path)?;
                Err(Refusal::unsupported_query())
            }
            Expression::Alone(Operand::Literal(_)) => Err(Refusal::malformed(
                "Invalid filter clause: The $filter expression must evaluate to a single boolean value.",
            )),
        }
    }

    fn needs_advanced(&mut self, refusal: impl FnOnce() -> Refusal) -> Result<(), Refusal> {
        self.used_advanced = true;
        if self.advanced { Ok(()) } else { Err(refusal()) }
    }

    /// What is said about a name where a literal should stand.
    fn misplaced(&self, path: &str) -> Refusal {
        self.place(path).map_or_else(|refusal| refusal, |_| Refusal::unsupported_query())
    }

    fn operand_place(&self, operand: &Operand) -> Result<Place, Refusal> {
        match operand {
            Operand::Path(path) => self.place(path),
            Operand::Literal(_) | Operand::Call { .. } => Err(Refusal::unsupported_query()),
        }
    }

    /// Finds the property that a path names, from the object or from the variable of a lambda.
    fn place(&self, path: &str) -> Result<Place, Refusal> {
        let mut segments = path.split('/').peekable();
        let (mut members, mut type_name) = (self.kind.properties, self.kind.name);
        if let Some(variable) = &self.variable {
            if segments.peek() != Some(&variable.name.as_str()) {
                // The object itself cannot be asked inside a lambda.
                let first = segments.next().unwrap_or_default();
                return Err(match self.kind.property(first) {
                    Some(_) => Refusal::unsupported_query(),
                    None => unknown(first, type_name),
                });
            }
            segments.next();
            if segments.peek().is_none() {
                return match variable.plain {
                    Some(property) => {
                        let shape = if let Shape::List(element) = property.shape { *element } else { property.shape };
                        Ok(Place { path: Vec::new(), property, shape })
                    }
                    None => Err(Refusal::unsupported_query()),
                };
            }
            (members, type_name) = (variable.members, variable.type_name);
        }
        let mut walked = Vec::new();
        let mut found: Option<&'static Property> = None;
        for segment in segments {
            let property = members
                .iter()
                .find(|property| property.name.eq_ignore_ascii_case(segment))
                .ok_or_else(|| unknown(segment, type_name))?;
            walked.push(property.name);
            found = Some(property);
            (members, type_name) = match property.shape {
                Shape::Object(members) => (members, complex_type(type_name, property.name)),
                _ => (&[] as &[Property], complex_type(type_name, property.name)),
            };
        }
        let property = found.ok_or_else(|| unknown(path, type_name))?;
        let whole = self.variable.as_ref().is_none_or(|variable| variable.whole);
        let shape = match property.shape {
            // The id of every entity is published as a text.
            Shape::Guid if whole && walked == ["id"] => Shape::Id,
            shape => shape,
        };
        Ok(Place { path: walked, property, shape })
    }

    /// Whether the property offers the operator to this query.
    fn permit(&mut self, place: &Place, operator: Operator) -> Result<(), Refusal> {
        let word = match operator {
            Operator::Equal | Operator::NotEqual => "eq",
            Operator::Greater | Operator::AtLeast => "ge",
            Operator::Less | Operator::AtMost => "le",
        };
        // The elements of a collection are asked by the collection's leave.
        let offered = if place.path.is_empty() {
            match operator {
                Operator::Equal | Operator::NotEqual => offer(place.property, "any"),
                _ => offer(place.property, word),
            }
        } else {
            offer(place.property, word)
        };
        let clause = || {
            unsupported(format!(
                "Unsupported or invalid query filter clause specified for property '{}' of resource '{}'.",
                place.property.name,
                resource(self.kind)
            ))
        };
        match offered {
            Offer::Never => return Err(clause()),
            Offer::Advanced => {
                let refusal = clause();
                self.needs_advanced(|| refusal)?;
            }
            Offer::Always => {}
        }
        if operator == Operator::NotEqual {
            self.needs_advanced(|| {
                unsupported("Unsupported property filter clause operator 'NotEqualsMatch'.".to_owned())
            })?;
        }
        Ok(())
    }

    fn compare(&mut self, left: &Operand, operator: Operator, right: &Operand) -> Result<Condition, Refusal> {
        let literal = match (left, right) {
            (Operand::Path(_) | Operand::Call { .. }, Operand::Literal(literal)) => literal,
            (_, Operand::Path(path)) => return Err(self.misplaced(path)),
            _ => return Err(Refusal::unsupported_query()),
        };
        if let Operand::Call { name, arguments } = left {
            let condition = self.call(name, arguments)?;
            return match (operator, literal) {
                (Operator::Equal, Literal::Boolean(true)) | (Operator::NotEqual, Literal::Boolean(false)) => {
                    Ok(condition)
                }
                (Operator::Equal, Literal::Boolean(false)) | (Operator::NotEqual, Literal::Boolean(true)) => {
                    self.needs_advanced(Refusal::unsupported_query)?;
                    Ok(Condition::Not(Box::new(condition)))
                }
                _ => Err(incompatible("Edm.Boolean", literal.edm(), operator)),
            };
        }
        let Operand::Path(path) = left else {
            return Err(Refusal::unsupported_query());
        };
        if let Some(counted) = path.strip_suffix("/$count") {
            return self.count(counted, operator, literal);
        }
        let place = self.place(path)?;
        let want = want(place.shape, literal, operator)?;
        let null = want == Want::Null;
        if null && !matches!(operator, Operator::Equal | Operator::NotEqual) {
            return Err(Refusal::unsupported_query());
        }
        if null && offer(place.property, "null") != Offer::Never {
            if offer(place.property, "null") == Offer::Advanced {
                self.needs_advanced(Refusal::unsupported_query)?;
            }
            if operator == Operator::NotEqual {
                self.needs_advanced(Refusal::unsupported_query)?;
            }
        } else {
            self.permit(&place, operator)?;
            if null {
                self.needs_advanced(Refusal::unsupported_query)?;
            }
        }
        Ok(Condition::Holds { path: place.path, test: Test::Compare(operator, want) })
    }

    /// `owners/$count eq 0`, over a navigation property or a collection.
    fn count(&mut self, counted: &str, operator: Operator, literal: &Literal) -> Result<Condition, Refusal> {
        let navigation = self.connections.and_then(|connections| connections.named(counted));
        let source = match navigation {
            Some(navigation) if navigation.many => Source::Navigation(navigation),
            Some(_) => return Err(Refusal::unsupported_query()),
            None => {
                let place = self.place(counted)?;
                if !matches!(place.shape, Shape::List(_)) || place.property.filter.is_empty() {
                    return Err(Refusal::unsupported_query());
                }
                Source::Property(place.path)
            }
        };
        let Literal::Integer(number) = literal else {
            return Err(incompatible("Edm.Int64", literal.edm(), operator));
        };
        if !matches!(operator, Operator::Equal | Operator::NotEqual) {
            return Err(Refusal::unsupported_query());
        }
        self.needs_advanced(Refusal::unsupported_query)?;
        Ok(Condition::Count { source, equal: operator == Operator::Equal, number: *number })
    }

    fn call(&mut self, name: &str, arguments: &[Operand]) -> Result<Condition, Refusal> {
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "startswith" | "endswith" | "contains" => {}
            "tolower" | "toupper" | "trim" | "concat" | "length" | "indexof" | "substring" | "year" | "month"
            | "day" | "hour" | "minute" | "second" | "now" | "cast" | "isof" => {
                return Err(Refusal::unsupported_query());
            }
            _ => {
                return Err(Refusal::malformed(format!(
                    "Invalid filter clause: An unknown function with name '{name}' was found. This may also be a \
                     function import or a key lookup on a navigation property, which is not allowed."
                )));
            }
        }
        let [first, second] = arguments else {
            return Err(no_signature(&lower));
        };
        let place = match first {
            Operand::Path(path) => self.place(path)?,
            Operand::Literal(_) => {
                if let Operand::Path(path) = second {
                    return Err(self.misplaced(path));
                }
                return Err(Refusal::unsupported_query());
            }
            Operand::Call { .. } => return Err(Refusal::unsupported_query()),
        };
        let Operand::Literal(Literal::Text(part)) = second else {
            return Err(no_signature(&lower));
        };
        if !matches!(place.shape, Shape::Text | Shape::Id | Shape::OneOf(_)) {
            return Err(no_signature(&lower));
        }
        let part = part.to_lowercase();
        let test = match lower.as_str() {
            "startswith" => {
                match offer(place.property, "startswith") {
                    Offer::Never => return Err(Refusal::unsupported_query()),
                    Offer::Advanced => self.needs_advanced(Refusal::unsupported_query)?,
                    Offer::Always => {}
                }
                Test::StartsWith(part)
            }
            "endswith" => {
                self.needs_advanced(|| unsupported(format!("Operator 'endsWith' {MISSING_PARAMETERS}")))?;
                if !ENDS_WITH.contains(&place.property.name) {
                    return Err(Refusal::unsupported_query());
                }
                Test::EndsWith(part)
            }
            _ => return Err(unsupported("Unsupported property filter clause operator 'Contains'.".to_owned())),
        };
        Ok(Condition::Holds { path: place.path, test })
    }

    fn lambda(
        &mut self,
        path: &str,
        quantifier: Quantifier,
        element: Option<&(String, Box<Expression>)>,
    ) -> Result<Condition, Refusal> {
        if self.variable.is_some() {
            return Err(Refusal::unsupported_query());
        }
        if let Some(navigation) = self.connections.and_then(|connections| connections.named(path)) {
            let (Quantifier::Any, true, Some((variable, inner))) = (quantifier, navigation.many, element) else {
                return Err(Refusal::unsupported_query());
            };
            self.needs_advanced(Refusal::unsupported_query)?;
            let kind = navigation.kind;
            let variable = Variable {
                name: variable.clone(),
                type_name: kind.name,
                members: kind.properties,
                plain: None,
                whole: true,
            };
            let holds = self.inside(variable, inner)?;
            return Ok(Condition::Element { source: Source::Navigation(navigation), holds });
        }
        let place = self.place(path)?;
        let Shape::List(shape) = place.shape else {
            return Err(Refusal::malformed("Invalid filter clause: Any/All may only be used following a collection."));
        };
        let (Quantifier::Any, Some((variable, inner))) = (quantifier, element) else {
            return Err(Refusal::unsupported_query());
        };
        let complex = |name: &str| unsupported(format!("Complex query on property {name} is not supported."));
        let name = place.property.name;
        match (offer(place.property, "any"), shape) {
            (Offer::Always, _) => {}
            (Offer::Advanced, Shape::Object(_)) => self.needs_advanced(|| complex(name))?,
            (Offer::Never, Shape::Object(_)) => return Err(complex(name)),
            (Offer::Advanced, _) => self.needs_advanced(Refusal::unsupported_query)?,
            (Offer::Never, _) => return Err(Refusal::unsupported_query()),
        }
        let variable = match shape {
            Shape::Object(members) => Variable {
                name: variable.clone(),
                type_name: complex_type("", name),
                members,
                plain: None,
                whole: false,
            },
            _ => Variable {
                name: variable.clone(),
                type_name: complex_type("", name),
                members: &[],
                plain: Some(place.property),
                whole: false,
            },
        };
        let holds = self.inside(variable, inner)?;
        Ok(Condition::Element { source: Source::Property(place.path), holds })
    }

    fn inside(&mut self, variable: Variable, inner: &Expression) -> Result<Box<Condition>, Refusal> {
        self.variable = Some(variable);
        let bound = self.bind(inner);
        self.variable = None;
        bound.map(Box::new)
    }
}

/// How many conditions stand in an expression.
fn leaves(expression: &Expression) -> usize {
    match expression {
        Expression::Or(parts) | Expression::And(parts) => parts.iter().map(leaves).sum(),
        Expression::Not(inner) => leaves(inner),
        Expression::In { choices, .. } => choices.len(),
        Expression::Compare { .. } | Expression::Lambda { .. } | Expression::Alone(_) => 1,
    }
}

fn too_many(choices: usize) -> Result<(), Refusal> {
    if choices <= MOST_CHOICES {
        return Ok(());
    }
    Err(unsupported(format!(
        "Too many child clauses specified in search filter expression containing 'OR' operators: {choices}. Max \
         allowed: {MOST_CHOICES}."
    )))
}

fn no_signature(name: &str) -> Refusal {
    Refusal::malformed(format!(
        "Invalid filter clause: No function signature for the function with name '{name}' matches the specified \
         arguments. The function signatures considered are: {name}(Edm.String Nullable=true, Edm.String \
         Nullable=true)."
    ))
}
