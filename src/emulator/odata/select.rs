//! `$select`: which properties are shown, also members of them, and the context that says so.

use std::cell::Cell;

use serde_json::{Map, Value};

use super::{
    super::{
        credentials::shown_keys,
        refusal::Refusal,
        schema::{Kind, Property, Shape, complex_type},
        tables::{DIRECTORY_OBJECT, DIRECTORY_OBJECTS},
        world::stored::{Members, Packed},
        world::{Document, text},
    },
    expand::Expansion,
    navigation::Navigation,
};

/// What a `$select` names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// The properties, in the order asked for, each once.
    pub(crate) properties: Vec<&'static Property>,
    /// Members of properties that were named without the rest: `web`, `homePageUrl`.
    members: Vec<(&'static str, &'static str)>,
    /// As the context repeats it.
    names: Vec<String>,
}

pub(super) fn failed(what: &str) -> Refusal {
    Refusal::malformed(format!("Parsing OData Select and Expand failed: {what}"))
}

fn unknown(name: &str, type_name: &str) -> Refusal {
    failed(&format!("Could not find a property named '{name}' on type 'microsoft.graph.{type_name}'."))
}

impl Selection {
    pub(crate) fn parse(text: &str, kind: &Kind, navigations: &[Navigation]) -> Result<Self, Refusal> {
        let mut selection = Self::default();
        for name in text.split(',').map(str::trim) {
            if name.is_empty() || name.starts_with('@') {
                return Err(failed(&format!("Term '{name}' is not valid in a $select or $expand expression.")));
            }
            if name == "*" {
                kind.properties.iter().for_each(|property| selection.add(property));
                selection.say(name);
                continue;
            }
            // Selecting a navigation property says nothing without `$expand`.
            if kind.property(name).is_none()
                && let Some(navigation) = navigations.iter().find(|other| other.name.eq_ignore_ascii_case(name))
            {
                selection.say(navigation.name);
                continue;
            }
            let (outer, inner) = name.split_once('/').map_or((name, None), |(outer, inner)| (outer, Some(inner)));
            let property =
                kind.property(outer).or_else(|| derived(kind, outer)).ok_or_else(|| unknown(outer, kind.name))?;
            let Some(inner) = inner else {
                selection.members.retain(|(outer, _)| *outer != property.name);
                selection.add(property);
                selection.say(property.name);
                continue;
            };
            let shape = if let Shape::List(element) = property.shape { *element } else { property.shape };
            let Shape::Object(members) = shape else {
                return Err(unknown(inner, complex_type(kind.name, property.name)));
            };
            let member = members
                .iter()
                .find(|member| member.name.eq_ignore_ascii_case(inner))
                .ok_or_else(|| unknown(inner, complex_type(kind.name, property.name)))?;
            let whole =
                selection.has(property.name) && !selection.members.iter().any(|(name, _)| *name == property.name);
            if !whole {
                selection.members.push((property.name, member.name));
            }
            selection.add(property);
            selection.say(&format!("{}/{}", property.name, member.name));
        }
        Ok(selection)
    }

    fn add(&mut self, property: &'static Property) {
        if !self.has(property.name) {
            self.properties.push(property);
        }
    }

    fn say(&mut self, name: &str) {
        if !self.names.iter().any(|said| said == name) {
            self.names.push(name.to_owned());
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.properties.iter().any(|property| property.name == name)
    }

    /// Whether single members of properties were named.
    pub(super) fn narrows(&self) -> bool {
        !self.members.is_empty()
    }

    /// Leaves of a shown object only the members that were named.
    pub(crate) fn narrow(&self, shown: &mut Document) {
        for (outer, _) in &self.members {
            let narrow = |value: &mut Value| {
                if let Value::Object(members) = value {
                    members.retain(|name, _| self.members.iter().any(|(of, member)| of == outer && member == name));
                }
            };
            match shown.get_mut(*outer) {
                Some(Value::Array(elements)) => elements.iter_mut().for_each(narrow),
                Some(value) => narrow(value),
                None => {}
            }
        }
    }
}

/// Where objects of several kinds stand, a selection may name what any of them has.
fn derived(kind: &Kind, name: &str) -> Option<&'static Property> {
    if kind.name != DIRECTORY_OBJECT.name {
        return None;
    }
    DIRECTORY_OBJECTS.iter().find_map(|kind| kind.property(name))
}

/// `(id,appId,owners())`, or nothing when neither was asked for.
pub(crate) fn context(selection: Option<&Selection>, expansion: Option<&Expansion>) -> String {
    let mut names: Vec<String> = selection.map_or_else(Vec::new, |selection| selection.names.clone());
    if let Some(expansion) = expansion {
        let nested = expansion.selection.as_ref().map_or_else(String::new, |nested| nested.names.join(","));
        names.retain(|name| name != expansion.navigation.name);
        names.push(format!("{}({nested})", expansion.navigation.name));
    }
    if names.is_empty() { String::new() } else { format!("({})", names.join(",")) }
}

/// `(id,appId)` of plain properties, or nothing without `$select`.
pub(crate) fn selection(selected: Option<&[&'static Property]>) -> String {
    selected.map_or_else(String::new, |selected| {
        let names: Vec<&str> = selected.iter().map(|property| property.name).collect();
        format!("({})", names.join(","))
    })
}

/// Keeps what a client sees: the selected properties, or all that need no selection, in the type's own order.
pub(crate) fn project(kind: &Kind, document: &Document, selected: Option<&[&'static Property]>) -> Document {
    let mut shown = Map::with_capacity(selected.map_or(kind.properties.len(), <[_]>::len));
    for property in kind.properties {
        let value = document.get(property.name);
        let value = match selected {
            None if property.on_select => None,
            None => value.cloned(),
            // A property that nobody has set is shown when it is asked for.
            Some(selected) if selected.iter().any(|chosen| chosen.name == property.name) => {
                Some(value.cloned().unwrap_or_else(|| property.empty()))
            }
            Some(_) => None,
        };
        if let Some(value) = value {
            shown.insert(property.name.to_owned(), value);
        }
    }
    shown
}

/// What a client sees of a stored object: no secrets, and certificates only when they were asked for.
pub(crate) fn shown(
    kind: &Kind,
    document: &Document,
    selected: Option<&[&'static Property]>,
    with_keys: bool,
) -> Document {
    let mut shown = project(kind, document, selected);
    shown_keys(&mut shown, with_keys);
    // The creation time has decimals in the answer to the creation alone.
    if ["application", "servicePrincipal"].contains(&kind.name)
        && let Some((seconds, _)) = text(&shown, "createdDateTime").split_once('.')
    {
        let seconds = format!("{seconds}Z");
        shown.insert("createdDateTime".into(), seconds.into());
    }
    shown
}

/// The properties that `shown` does not show as they are stored.
const REWRITTEN: [&str; 3] = ["createdDateTime", "keyCredentials", "passwordCredentials"];

/// What is shown of each object of a long list, to be copied from stored text.
pub(super) struct Columns<'a> {
    kind: &'a Kind,
    /// Each with where it was in the object before, and what is shown when nobody has set it.
    properties: Vec<(&'static Property, Cell<usize>, Option<String>)>,
    /// Which of the properties are rewritten; none when all are shown.
    rewritten: Option<Vec<&'static Property>>,
    looked_at: Members,
}

impl<'a> Columns<'a> {
    pub(super) fn new(kind: &'a Kind, selected: Option<&[&'static Property]>) -> Self {
        let is_shown = |property: &&'static Property| match selected {
            None => !property.on_select,
            Some(selected) => selected.iter().any(|chosen| chosen.name == property.name),
        };
        let shown: Vec<&'static Property> = kind.properties.iter().filter(is_shown).collect();
        let rewritten: Vec<&'static Property> =
            shown.iter().copied().filter(|property| REWRITTEN.contains(&property.name)).collect();
        Self {
            kind,
            looked_at: Members::new(rewritten.iter().map(|property| property.name).collect()),
            rewritten: selected.map(|_| rewritten),
            properties: shown
                .into_iter()
                .map(|property| (property, Cell::new(0), selected.map(|_| property.empty().to_string())))
                .collect(),
        }
    }

    /// Writes what `shown` makes of the object, without opening all of it.
    pub(super) fn write(&self, packed: &Packed, text: &mut String) {
        let rewritten = shown(self.kind, &packed.part(&self.looked_at), self.rewritten.as_deref(), false);
        text.push_str("{}");
        for (property, hint, empty) in &self.properties {
            if let Some(value) = rewritten.get(property.name) {
                add_member(property.name, &value.to_string(), text);
            } else if let Some(value) = packed.member(property.name, hint).or(empty.as_deref()) {
                add_member(property.name, value, text);
            }
        }
    }
}

/// Adds a member to the object that the text ends with.
pub(super) fn add_member(name: &str, value: &str, text: &mut String) {
    text.pop();
    if !text.ends_with('{') {
        text.push(',');
    }
    text.push('"');
    text.push_str(name);
    text.push_str("\":");
    text.push_str(value);
    text.push('}');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::emulator::tables::APPLICATION;

    #[test]
    fn what_is_copied_says_what_is_shown() {
        let whole = APPLICATION.fill(
            json!({
                "id": "one",
                "displayName": "A \"name\"",
                "createdDateTime": "2026-01-01T00:00:00.1234567Z",
                "tags": ["{", ","],
                "keyCredentials": [{ "keyId": "k", "key": "secret" }],
                "passwordCredentials": [{ "keyId": "p", "secretText": "secret" }],
                "~owners": ["o"],
            })
            .as_object()
            .unwrap(),
        );
        let short = json!({ "id": "two", "displayName": null }).as_object().cloned().unwrap();
        let chosen = |names: &[&str]| -> Vec<&'static Property> {
            names.iter().filter_map(|name| APPLICATION.property(name)).collect()
        };
        let some = chosen(&["tags", "id", "keyCredentials"]);
        let dates = chosen(&["createdDateTime"]);
        for selected in [None, Some(some.as_slice()), Some(dates.as_slice())] {
            let columns = Columns::new(&APPLICATION, selected);
            for document in [&whole, &short, &Document::new()] {
                let mut text = String::new();
                columns.write(&Packed::new(document), &mut text);
                assert_eq!(text, Value::Object(shown(&APPLICATION, document, selected, false)).to_string());
            }
        }
    }
}
