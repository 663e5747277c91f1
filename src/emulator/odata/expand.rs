//! `$expand`: the objects that an object is connected with, shown inside it.

use serde_json::{Map, Value};

use super::{
    super::{refusal::Refusal, schema::Kind, world::Document},
    navigation::{Connections, Navigation, Related},
    select::{Selection, failed, shown},
};

/// The most objects that are shown inside another one.
const MOST_SHOWN: usize = 20;

/// One expanded navigation property.
#[derive(Debug)]
pub(crate) struct Expansion {
    pub(crate) navigation: &'static Navigation,
    pub(crate) selection: Option<Selection>,
}

impl Expansion {
    pub(crate) fn parse(text: &str, kind: &Kind, connections: Connections<'_>) -> Result<Self, Refusal> {
        let items = items(text);
        if items.len() > 1 {
            return Err(Refusal::malformed(format!(
                "The result of parsing $expand contained at least {} items, but the maximum allowed is 1.",
                items.len()
            )));
        }
        let item = items.first().copied().unwrap_or_default().trim();
        let (name, options) = match item.split_once('(') {
            None => (item, None),
            Some((name, rest)) => match rest.strip_suffix(')') {
                Some(options) => (name.trim(), Some(options)),
                None => return Err(invalid(item)),
            },
        };
        if name.is_empty() || name.starts_with('@') {
            return Err(invalid(name));
        }
        let Some(navigation) = connections.named(name) else {
            return Err(match kind.property(name) {
                Some(property) => failed(&format!(
                    "Property '{}' on type 'microsoft.graph.{}' is not a navigation property or complex property. Only \
                     navigation properties can be expanded.",
                    property.name, kind.name
                )),
                None => failed(&format!(
                    "Could not find a property named '{name}' on type 'microsoft.graph.{}'.",
                    kind.name
                )),
            });
        };
        let mut selection = None;
        for option in options.unwrap_or_default().split(';').filter(|option| !option.trim().is_empty()) {
            match option.split_once('=') {
                Some((name, value)) if name.trim().eq_ignore_ascii_case("$select") => {
                    selection = Some(Selection::parse(value, navigation.kind, &[])?);
                }
                // Deeper queries are understood by the grammar and not by the directory.
                Some((name, _)) if name.trim().starts_with('$') => return Err(Refusal::unsupported_query()),
                _ => return Err(invalid(option)),
            }
        }
        Ok(Self { navigation, selection })
    }

    /// The member that is added to a shown object.
    pub(crate) fn member(&self, connections: Connections<'_>, document: &Document) -> Value {
        let mut found = (self.navigation.find)(connections.view, document);
        found.truncate(MOST_SHOWN);
        let mut values = found.into_iter().map(|related| self.related(related));
        if self.navigation.many { values.collect() } else { values.next().unwrap_or(Value::Null) }
    }

    fn related(&self, (kind, document): Related<'_>) -> Value {
        let mut object = Map::new();
        if self.navigation.mixed {
            object.insert("@odata.type".into(), format!("#microsoft.graph.{}", kind.name).into());
        }
        match &self.selection {
            None => object.extend(shown(kind, document, None, false)),
            Some(selection) => {
                // Of several kinds each shows what it has.
                let own: Vec<_> =
                    selection.properties.iter().filter_map(|property| kind.property(property.name)).collect();
                let mut shown = shown(kind, document, Some(&own), false);
                selection.narrow(&mut shown);
                object.extend(shown);
            }
        }
        Value::Object(object)
    }
}

fn invalid(term: &str) -> Refusal {
    failed(&format!("Term '{term}' is not valid in a $select or $expand expression."))
}

/// The parts between commas that stand in no parentheses.
fn items(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0_usize, 0, Vec::new());
    for (index, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                items.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    items.push(&text[start..]);
    items
}
