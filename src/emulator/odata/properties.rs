//! Properties of the query layer, over generated filters, objects and pages.

use std::collections::BTreeSet;

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

use super::{
    super::{
        schema::{Kind, Property, Shape, property},
        tables::APPLICATION,
        world::{Document, Reads, World, text},
    },
    Connections, Listing, Query,
    filter::Filter,
    project,
    syntax::{Expression, Literal, Operand, Operator, Quantifier},
};

const EVERYTHING: &str = "eq ge le startswith any null orderby search";
const TEXT: Shape = Shape::Text;
const MEMBER: &[Property] =
    &[property("name", Shape::Text).filter(EVERYTHING), property("at", Shape::Instant).filter(EVERYTHING)];

/// A kind with a property of every sort, where everything may be asked.
const SAMPLE: Kind = Kind {
    name: "sample",
    properties: &[
        property("id", Shape::Text),
        property("title", Shape::Text).filter(EVERYTHING),
        property("open", Shape::Boolean).filter(EVERYTHING),
        property("size", Shape::Integer).filter(EVERYTHING),
        property("born", Shape::Instant).filter(EVERYTHING),
        property("key", Shape::Guid).filter(EVERYTHING),
        property("place", Shape::Object(&[property("street", Shape::Text).filter(EVERYTHING)])),
        property("words", Shape::List(&TEXT)).filter(EVERYTHING),
        property("parts", Shape::List(&Shape::Object(MEMBER))).filter(EVERYTHING),
    ],
};

const WORDS: &[&str] = &["", "a", "A", "ab", "Abc", "b", "ä", "Ä", "it's"];
const INSTANTS: &[&str] =
    &["2025-01-01T00:00:00Z", "2025-01-01T00:00:00.5Z", "2025-01-02T00:00:00Z", "2024-12-31T23:59:59Z"];
const GUIDS: &[&str] = &["0610a4a7-3535-4eb5-89ef-7935b1818f2d", "11111111-2222-3333-4444-555555555555"];

fn document() -> impl Strategy<Value = Document> {
    let part = (option::of(select(WORDS)), option::of(select(INSTANTS)))
        .prop_map(|(name, at)| json!({ "name": name, "at": at }));
    (
        (option::of(select(WORDS)), option::of(any::<bool>()), option::of(-2_i64..3), option::of(select(INSTANTS))),
        (option::of(select(GUIDS)), option::of(select(WORDS)), vec(select(WORDS), 0..3), vec(part, 0..3)),
    )
        .prop_map(|((title, open, size, born), (key, street, words, parts))| {
            let document = json!({
                "title": title, "open": open, "size": size, "born": born, "key": key,
                "place": { "street": street }, "words": words, "parts": parts,
            });
            document.as_object().cloned().unwrap()
        })
}

fn operator() -> impl Strategy<Value = Operator> {
    use Operator::{AtLeast, AtMost, Equal, Greater, Less, NotEqual};
    select(vec![Equal, NotEqual, Greater, AtLeast, Less, AtMost])
}

fn text_literal() -> impl Strategy<Value = Literal> {
    select(WORDS).prop_map(|word| Literal::Text(word.to_owned()))
}

fn instant_literal() -> impl Strategy<Value = Literal> {
    select(INSTANTS).prop_map(|text| Literal::Instant(text.to_owned()))
}

fn comparison<S: Strategy<Value = Literal> + 'static>(path: &'static str, literal: S) -> BoxedStrategy<Expression> {
    (operator(), literal)
        .prop_map(move |(operator, literal)| Expression::Compare {
            left: Operand::Path(path.to_owned()),
            operator,
            right: Operand::Literal(literal),
        })
        .boxed()
}

fn starts(path: &'static str) -> BoxedStrategy<Expression> {
    text_literal()
        .prop_map(move |literal| {
            let arguments = vec![Operand::Path(path.to_owned()), Operand::Literal(literal)];
            Expression::Alone(Operand::Call { name: "startswith".to_owned(), arguments })
        })
        .boxed()
}

fn chosen(path: &'static str) -> BoxedStrategy<Expression> {
    vec(text_literal().prop_map(Operand::Literal), 1..4)
        .prop_map(move |choices| Expression::In { left: Operand::Path(path.to_owned()), choices })
        .boxed()
}

fn null(path: &'static str) -> BoxedStrategy<Expression> {
    select(vec![Operator::Equal, Operator::NotEqual])
        .prop_map(move |operator| Expression::Compare {
            left: Operand::Path(path.to_owned()),
            operator,
            right: Operand::Literal(Literal::Null),
        })
        .boxed()
}

/// `and`, `or` and `not` around simpler conditions.
fn joined(leaf: BoxedStrategy<Expression>) -> BoxedStrategy<Expression> {
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Expression::And),
            vec(inner.clone(), 2..4).prop_map(Expression::Or),
            inner
                .prop_filter("a name alone cannot be negated", |inner| !matches!(
                    inner,
                    Expression::Alone(Operand::Path(_))
                ))
                .prop_map(|inner| Expression::Not(Box::new(inner))),
        ]
    })
    .boxed()
}

fn lambda(path: &'static str, inner: BoxedStrategy<Expression>) -> BoxedStrategy<Expression> {
    joined(inner)
        .prop_map(move |inner| Expression::Lambda {
            path: path.to_owned(),
            quantifier: Quantifier::Any,
            element: Some(("x".to_owned(), Box::new(inner))),
        })
        .boxed()
}

fn filter() -> BoxedStrategy<Expression> {
    let flag = any::<bool>().prop_map(Literal::Boolean);
    let number = (-3_i64..4).prop_map(Literal::Integer);
    let key = select(GUIDS).prop_map(|text| Literal::Guid(text.to_uppercase()));
    let count = (0_i64..3).prop_map(Literal::Integer);
    let counted =
        (select(vec![Operator::Equal, Operator::NotEqual]), count).prop_map(|(operator, number)| Expression::Compare {
            left: Operand::Path("words/$count".to_owned()),
            operator,
            right: Operand::Literal(number),
        });
    let element = prop_oneof![
        (select(vec![Operator::Equal, Operator::NotEqual]), text_literal()).prop_map(|(operator, literal)| {
            Expression::Compare { left: Operand::Path("x".to_owned()), operator, right: Operand::Literal(literal) }
        }),
        starts("x"),
        chosen("x"),
    ];
    let member =
        prop_oneof![comparison("x/name", text_literal()), comparison("x/at", instant_literal()), null("x/name")];
    joined(
        prop_oneof![
            comparison("title", text_literal()),
            comparison("TITLE", text_literal()),
            comparison("open", flag),
            comparison("size", number),
            comparison("born", instant_literal()),
            comparison("key", key),
            comparison("place/street", text_literal()),
            starts("title"),
            chosen("place/street"),
            null("born"),
            null("title"),
            counted,
            lambda("words", element.boxed()),
            lambda("parts", member.boxed()),
        ]
        .boxed(),
    )
}

/// What a filter means, said again from the specification and not from the code: over the tree as it was generated.
fn naive(expression: &Expression, document: &Value, element: Option<&Value>) -> bool {
    match expression {
        Expression::And(parts) => !parts.iter().any(|part| !naive(part, document, element)),
        Expression::Or(parts) => parts.iter().any(|part| naive(part, document, element)),
        Expression::Not(inner) => !naive(inner, document, element),
        Expression::In { left, choices } => choices.iter().any(|choice| {
            let same = Expression::Compare { left: left.clone(), operator: Operator::Equal, right: choice.clone() };
            naive(&same, document, element)
        }),
        Expression::Lambda { path, element: Some((_, inner)), .. } => {
            let mut any = false;
            for value in document[path.as_str()].as_array().unwrap() {
                any = naive(inner, document, Some(value)) || any;
            }
            any
        }
        Expression::Alone(Operand::Call { arguments, .. }) => match (&arguments[0], &arguments[1]) {
            (Operand::Path(path), Operand::Literal(Literal::Text(start))) => {
                let value = look_up(path, document, element);
                value.as_str().is_some_and(|value| value.to_lowercase().starts_with(&start.to_lowercase()))
            }
            _ => panic!("not generated"),
        },
        Expression::Compare { left: Operand::Path(path), operator, right: Operand::Literal(literal) } => {
            let value = look_up(path, document, element);
            let order = match (&value, literal) {
                (Value::Null, Literal::Null) => Some(0),
                (Value::Bool(value), Literal::Boolean(literal)) => Some(i64::from(*value) - i64::from(*literal)),
                (Value::Number(value), Literal::Integer(literal)) => Some(value.as_i64().unwrap() - literal),
                (Value::String(value), Literal::Text(literal) | Literal::Guid(literal)) => {
                    Some(value.to_lowercase().cmp(&literal.to_lowercase()) as i64)
                }
                (Value::String(value), Literal::Instant(literal)) => {
                    // Without a fraction, only whole seconds count.
                    let cut = |text: &str| if literal.contains('.') { text.to_owned() } else { text[..19].to_owned() };
                    let comparable = |text: &str| format!("{:0<22}", cut(text).trim_end_matches('Z').replace('.', ":"));
                    Some(comparable(value).cmp(&comparable(literal)) as i64)
                }
                _ => None,
            };
            match operator {
                Operator::Equal => order == Some(0),
                Operator::NotEqual => order != Some(0),
                Operator::Greater => order.is_some_and(|order| order > 0),
                Operator::AtLeast => order.is_some_and(|order| order >= 0),
                Operator::Less => order.is_some_and(|order| order < 0),
                Operator::AtMost => order.is_some_and(|order| order <= 0),
            }
        }
        _ => panic!("not generated: {expression}"),
    }
}

fn look_up(path: &str, document: &Value, element: Option<&Value>) -> Value {
    match path.to_lowercase().as_str() {
        "x" => element.unwrap().clone(),
        "x/name" => element.unwrap()["name"].clone(),
        "x/at" => element.unwrap()["at"].clone(),
        "place/street" => document["place"]["street"].clone(),
        "words/$count" => document["words"].as_array().unwrap().len().into(),
        name => document[name].clone(),
    }
}

/// How many conditions an `or` joins: the directory takes fifteen.
fn widest(expression: &Expression) -> usize {
    fn leaves(expression: &Expression) -> usize {
        match expression {
            Expression::And(parts) | Expression::Or(parts) => parts.iter().map(leaves).sum(),
            Expression::Not(inner) => leaves(inner),
            Expression::In { choices, .. } => choices.len(),
            _ => 1,
        }
    }
    match expression {
        Expression::Or(_) => leaves(expression),
        Expression::And(parts) => parts.iter().map(widest).max().unwrap_or_default(),
        Expression::Not(inner) => widest(inner),
        _ => 0,
    }
}

fn listing(world: &World, page_size: usize) -> Listing<'_> {
    Listing {
        kind: &SAMPLE,
        address: "http://host/v1.0/samples".to_owned(),
        metadata: "http://host/v1.0/$metadata#".to_owned(),
        name: "samples".to_owned(),
        page_size,
        eventual: true,
        connections: Connections { all: &[], view: world.view(Reads::Lists) },
    }
}

/// The ids of all pages, in the order in which they came, and how many pages there were.
fn walk(
    documents: &[Document],
    query: &str,
    page_size: usize,
    between: impl Fn(usize) -> Option<Document>,
) -> (Vec<String>, usize) {
    let world = World::default();
    let mut documents = documents.to_vec();
    let (mut seen, mut pages, mut query) = (Vec::new(), 0, query.to_owned());
    loop {
        let body = listing(&world, page_size)
            .page(&Query::parse(&query), documents.iter(), |document, chosen| project(&SAMPLE, document, chosen))
            .unwrap();
        pages += 1;
        let value = body["value"].as_array().unwrap();
        assert!(value.len() <= page_size);
        seen.extend(value.iter().map(|object| object["id"].as_str().unwrap().to_owned()));
        let Some(next) = body["@odata.nextLink"].as_str() else { return (seen, pages) };
        query = next.split_once('?').unwrap().1.to_owned();
        documents.extend(between(pages));
        documents.sort_by(|left, right| text(left, "id").cmp(text(right, "id")));
    }
}

fn numbered(documents: Vec<Document>) -> Vec<Document> {
    let numbered = documents.into_iter().enumerate().map(|(number, mut document)| {
        document.insert("id".to_owned(), format!("{number:03}").into());
        document
    });
    numbered.collect()
}

fn order() -> impl Strategy<Value = String> {
    let key = (select(vec!["title", "open", "size", "born"]), select(vec!["", " asc", " desc"]));
    option::of(vec(key, 1..3)).prop_map(|keys| {
        let keys = keys.map(|keys| keys.iter().map(|(name, way)| format!("{name}{way}")).collect::<Vec<_>>().join(","));
        keys.map_or_else(String::new, |keys| format!("&$orderby={keys}"))
    })
}

proptest! {
    #[test]
    fn a_printed_filter_is_read_as_what_it_was(filter in filter()) {
        let printed = filter.to_string();
        let read = Expression::parse(&printed).map_err(|refusal| TestCaseError::fail(format!("{printed}: {}", refusal.message)))?;
        prop_assert_eq!(read, filter, "{}", printed);
    }

    #[test]
    fn a_filter_means_what_the_specification_says(filter in filter(), document in document()) {
        let printed = filter.to_string();
        match Filter::parse(&printed, &SAMPLE, None, true) {
            Ok(bound) => {
                let expected = naive(&filter, &Value::Object(document.clone()), None);
                prop_assert_eq!(bound.holds(&document, None), expected, "{}", printed);
            }
            Err(refusal) => {
                let too_wide = widest(&filter) > 15 && refusal.message.starts_with("Too many child clauses");
                prop_assert!(too_wide || refusal.message.contains("Recursion depth"), "{}: {}", printed, refusal.message);
            }
        }
    }

    #[test]
    fn pages_hold_each_object_once_in_one_order(
        documents in vec(document(), 0..12), page_size in 1_usize..8, order in order(),
    ) {
        let documents = numbered(documents);
        let query = format!("$count=true{order}");
        let (whole, _) = walk(&documents, &query, 999, |_| None);
        let (paged, pages) = walk(&documents, &query, page_size, |_| None);
        prop_assert_eq!(&paged, &whole);
        prop_assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), documents.len());
        prop_assert_eq!(pages, documents.len().div_ceil(page_size).max(1));
    }

    #[test]
    fn what_comes_in_between_moves_nothing_else(
        documents in vec(document(), 1..12), added in document(), page_size in 1_usize..4, order in order(), at in 0_usize..12,
    ) {
        let documents = numbered(documents);
        let mut added = added;
        added.insert("id".to_owned(), format!("{at:03}a").into());
        let query = format!("$count=true{order}");
        let (seen, _) = walk(&documents, &query, page_size, |page| (page == 1).then(|| added.clone()));
        let mut old: Vec<&String> = seen.iter().filter(|id| !id.ends_with('a')).collect();
        let (whole, _) = walk(&documents, &query, 999, |_| None);
        prop_assert_eq!(&old, &whole.iter().collect::<Vec<_>>());
        old.dedup();
        prop_assert_eq!(old.len(), documents.len());
        prop_assert!(seen.iter().filter(|id| id.ends_with('a')).count() <= 1);
    }

    #[test]
    fn no_option_is_too_strange(option in select(vec!["$orderby", "$search", "$select", "$expand", "$skiptoken", "$top"]), value in "\\PC{0,20}|[ -~]{0,30}") {
        let world = World::default();
        let mut query = Query::default();
        let of = |name: &str| (option == name).then(|| value.clone());
        query.select = of("$select");
        query.order = of("$orderby");
        query.search = of("$search");
        query.expand = of("$expand");
        query.top = of("$top");
        query.skip_token = of("$skiptoken");
        let listing = Listing { kind: &APPLICATION, ..listing(&world, 5) };
        let _ = listing.page(&query, std::iter::empty::<&Document>(), |document, chosen| project(&APPLICATION, document, chosen));
    }
}
