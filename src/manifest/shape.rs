//! Checks a tree against the JSON Schema: every unknown key, missing key and wrong type, each with its place.
//!
//! Understands what [`super::schema`] produces and no more. Patterns are for editors: what they say is checked again,
//! with better words, while lowering.

use serde_json::{Map, Value};

use crate::catalog::nearest;

use super::findings::{Findings, any_of, did_you_mean};
use super::secrets;
use super::tree::{Content, Entry, Node};

const WRITE_A_REFERENCE: &str =
    "write a reference to it, such as `{ env: NAME }`, `{ file: path }` or `{ generate: true }`";

/// Reports what is wrong with the shape of `node` and returns what is right, so that the rest can still be checked.
pub(super) fn check(node: &Node, schema: &Value, findings: &mut Findings) -> Option<Node> {
    check_as("the manifest", node, schema, findings)
}

/// The same for a file that people call something else.
pub(super) fn check_as(name: &str, node: &Node, schema: &Value, findings: &mut Findings) -> Option<Node> {
    Shape { root: schema, findings }.node(node, schema, &Name { text: name.to_owned(), key: node })
}

struct Shape<'s, 'f> {
    root: &'s Value,
    findings: &'f mut Findings,
}

/// What a value is called in messages.
struct Name<'a> {
    text: String,
    key: &'a Node,
}

impl<'s> Shape<'s, '_> {
    fn node(&mut self, node: &Node, schema: &'s Value, name: &Name<'_>) -> Option<Node> {
        let layers = layers_of(self.root, schema);
        let find = |key: &str| layers.iter().find_map(|layer| layer.get(key));
        let place = name.key.place.clone();
        if find("x-secret").is_some() && !matches!(node.value, Content::Map(_) | Content::Null) {
            self.hide(node);
            let message = format!("{} is written out: a manifest never holds a secret", name.text);
            self.findings.error_with_help(message, &place, WRITE_A_REFERENCE);
            return None;
        }
        if let Content::Text(text) = &node.value
            && secrets::holds_private_key(text)
        {
            let message = format!("{} holds a private key: a manifest never holds a secret", name.text);
            self.findings.secret(message, &node.place, &place, "take it out; private keys lie in the key store alone");
            return None;
        }
        if matches!(node.value, Content::Null) {
            let help = if name.text == "`scope`" {
                // Left out it would be managed, and as wide as can be.
                "say for what it holds; without the key it holds for the whole organization"
            } else {
                "leave the key out to leave it unmanaged, or write `[]` or `{}` for none"
            };
            self.findings.error_with_help(format!("{} has no value", name.text), &place, help);
            return None;
        }
        if let Some(allowed) = constants(&layers) {
            return self.one_of(node, &allowed, find("x-notYet"), name);
        }
        if let Some(branches) = find("anyOf").or_else(|| find("oneOf")).and_then(Value::as_array) {
            let kind = kind_of(node);
            let type_of = |branch: &'s Value| {
                layers_of(self.root, branch).iter().find_map(|layer| layer.get("type")).and_then(Value::as_str)
            };
            return if let Some(branch) = branches.iter().find(|branch| type_of(branch) == Some(kind)) {
                self.node(node, branch, name)
            } else {
                let words: Vec<&str> = branches.iter().filter_map(type_of).map(words_for).collect();
                self.wrong_type(node, &words.join(" or "), None, name)
            };
        }
        let Some(expected) = find("type").and_then(Value::as_str) else { return Some(node.clone()) };
        if expected != kind_of(node) {
            let example = find("examples").and_then(|examples| examples.get(0)).and_then(Value::as_str);
            return self.wrong_type(node, words_for(expected), example, name);
        }
        match &node.value {
            Content::Map(entries) => self.map(node, entries, &layers, name),
            Content::List(items) => {
                let schema = find("items")?;
                let mut kept = Vec::new();
                for item in items {
                    let name = Name { text: format!("an item of {}", name.text), key: item };
                    kept.extend(self.node(item, schema, &name));
                }
                Some(Node { value: Content::List(kept), place: node.place.clone() })
            }
            Content::Bool(_) | Content::Text(_) | Content::Null | Content::Number(_) => Some(node.clone()),
        }
    }

    fn map(
        &mut self,
        node: &Node,
        entries: &[Entry],
        layers: &[&'s Map<String, Value>],
        name: &Name<'_>,
    ) -> Option<Node> {
        let find = |key: &str| layers.iter().find_map(|layer| layer.get(key));
        let is_secret = find("x-secret").is_some();
        let others = find("additionalProperties").filter(|schema| schema.is_object());
        let known = find("properties").and_then(Value::as_object);
        let names: Vec<&str> = known.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        let mut kept = Vec::new();
        let mut complete = true;
        let mut meant_otherwise: Vec<String> = Vec::new();
        for entry in entries {
            let key_node = Node { value: Content::Null, place: entry.key_place.clone() };
            let inner = Name { text: format!("`{}`", entry.key), key: &key_node };
            if let Some(schema) = known.and_then(|known| known.get(&entry.key)).or(others) {
                let value = self.node(&entry.value, schema, &inner);
                if is_secret && value.is_none() {
                    self.hide(&entry.value);
                }
                let is_one_of_many = others.is_some();
                complete &= value.is_some() || is_one_of_many || !is_needed(find("required"), &entry.key);
                // A refused value stays as nothing, so that nobody takes the key for absent.
                let nothing = || Node { value: Content::Null, place: entry.value.place.clone() };
                let value = value.or_else(|| (!is_one_of_many).then(nothing));
                kept.extend(value.map(|value| Entry { value, ..entry.clone() }));
            } else {
                let meant = self.unknown_key(entry, is_secret, &names, find("x-notYet"), name);
                meant_otherwise.extend(meant);
            }
        }
        for key in find("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !entries.iter().any(|entry| entry.key == key) {
                if !meant_otherwise.iter().any(|meant| meant == key) {
                    self.findings.error(format!("{} has no `{key}`", name.text), &name.key.place);
                }
                complete &= !is_needed(find("required"), key);
            }
        }
        let count = entries.len();
        let limit = |key: &str| find(key).and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
        if limit("minProperties").is_some_and(|least| count < least)
            || limit("maxProperties").is_some_and(|most| count > most)
        {
            let message = format!("{} takes exactly one of {}", name.text, any_of(names));
            self.findings.error(message, &name.key.place);
            return None;
        }
        complete.then(|| Node { value: Content::Map(kept), place: node.place.clone() })
    }

    /// Keeps every text and number of a value off the screen.
    fn hide(&mut self, node: &Node) {
        match &node.value {
            Content::List(items) => items.iter().for_each(|item| self.hide(item)),
            Content::Map(entries) => entries.iter().for_each(|entry| self.hide(&entry.value)),
            Content::Null | Content::Bool(_) | Content::Number(_) | Content::Text(_) => {
                self.findings.secrets.push(node.place.clone());
            }
        }
    }

    /// Reports a key that is not there and returns the keys that it may stand for.
    fn unknown_key(
        &mut self,
        entry: &Entry,
        in_secret: bool,
        known: &[&str],
        not_yet: Option<&Value>,
        name: &Name<'_>,
    ) -> Vec<String> {
        let place = &entry.key_place;
        if (in_secret || secrets::names_a_secret(&entry.key)) && !known.contains(&entry.key.as_str()) {
            self.hide(&entry.value);
        }
        let message = format!("{} has no key `{}`", name.text, entry.key);
        let candidates = known.iter().copied().filter(|_| !self.findings.are_too_many());
        let similar = nearest(&entry.key, candidates);
        if lists(not_yet, &entry.key) {
            let help = format!("write {}", any_of(known.iter().copied()));
            self.findings.error_with_help(format!("`{}` is not supported yet", entry.key), place, help);
            return known.iter().map(|key| (*key).to_owned()).collect();
        }
        if !similar.is_empty() {
            self.findings.error_with_help(message, place, did_you_mean(&similar));
        } else if in_secret {
            self.findings.error_with_help(message, place, WRITE_A_REFERENCE);
        } else if secrets::names_a_secret(&entry.key) {
            let help = match known.iter().find(|key| secrets::names_a_secret(key)) {
                Some(key) => format!("a manifest never holds a secret; `{key}` takes a reference to one"),
                None => "a manifest never holds a secret".to_owned(),
            };
            self.findings.error_with_help(message, place, help);
        } else {
            self.findings.error_with_help(message, place, format!("it takes {}", any_of(known.iter().copied())));
        }
        similar.into_iter().map(str::to_owned).collect()
    }

    fn one_of(&mut self, node: &Node, allowed: &[&Value], not_yet: Option<&Value>, name: &Name<'_>) -> Option<Node> {
        if allowed.iter().any(|value| **value == node.to_json() && !matches!(node.value, Content::Number(_))) {
            return Some(node.clone());
        }
        let words: Vec<String> =
            allowed.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
        let allowed = any_of(words.iter().map(String::as_str));
        let (Content::Text(text) | Content::Number(text)) = &node.value else {
            return self.wrong_type(node, &allowed, None, name);
        };
        let help = match nearest(text, words.iter().map(String::as_str)).as_slice() {
            [] => format!("write {allowed}"),
            similar => did_you_mean(similar),
        };
        let message = if lists(not_yet, text) {
            format!("`{text}` is not supported yet")
        } else {
            format!("{} cannot be `{text}`", name.text)
        };
        self.findings.error_with_help(message, &node.place, help);
        None
    }

    fn wrong_type(&mut self, node: &Node, expected: &str, example: Option<&str>, name: &Name<'_>) -> Option<Node> {
        let place = match node.value {
            Content::Bool(_) | Content::Number(_) | Content::Text(_) => &node.place,
            Content::Null | Content::List(_) | Content::Map(_) => &name.key.place,
        };
        let message = format!("{} must be {expected}, and is {}", name.text, node.kind());
        match (&node.value, expected.contains("text"), expected.contains("list")) {
            (Content::Number(_) | Content::Bool(_), true, _) => {
                let help = example.map_or_else(
                    || "put it in quotes to make it text".to_owned(),
                    |example| format!("write text, such as `{example}`, in quotes if it looks like a number"),
                );
                self.findings.error_with_help(message, place, help);
            }
            (Content::Text(_) | Content::Map(_), _, true) => {
                self.findings.error_with_help(message, place, "write `[…]` around it, or `- ` before each item");
            }
            _ => self.findings.error(message, place),
        }
        None
    }
}

/// The schema and what it refers to, nearest first.
pub(super) fn layers_of<'s>(root: &'s Value, schema: &'s Value) -> Vec<&'s Map<String, Value>> {
    let mut layers = Vec::new();
    let mut next = schema.as_object();
    while let Some(layer) = next {
        layers.push(layer);
        let wrapped = layer.get("allOf").and_then(|all| all.get(0)).and_then(Value::as_object);
        let reference = layer.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#'));
        next = wrapped.or_else(|| reference.and_then(|pointer| root.pointer(pointer)).and_then(Value::as_object));
    }
    layers
}

/// The constants that a schema allows, if it allows constants only.
fn constants<'s>(layers: &[&'s Map<String, Value>]) -> Option<Vec<&'s Value>> {
    let find = |key: &str| layers.iter().find_map(|layer| layer.get(key));
    if let Some(only) = find("const") {
        return Some(vec![only]);
    }
    if let Some(allowed) = find("enum").and_then(Value::as_array) {
        return Some(allowed.iter().collect());
    }
    find("oneOf")?.as_array()?.iter().map(|branch| branch.get("const")).collect()
}

/// What a schema's type is called in messages.
fn words_for(name: &str) -> &'static str {
    match name {
        "string" => "text",
        "array" => "a list",
        "boolean" => "`true` or `false`",
        "integer" => "a whole number",
        _ => "a map",
    }
}

/// The schema's name for what a value is.
fn kind_of(node: &Node) -> &'static str {
    match node.value {
        Content::Null => "null",
        Content::Bool(_) => "boolean",
        Content::Number(ref text) if text.parse::<u32>().is_ok() => "integer",
        Content::Number(_) => "number",
        Content::Text(_) => "string",
        Content::List(_) => "array",
        Content::Map(_) => "object",
    }
}

fn lists(list: Option<&Value>, text: &str) -> bool {
    list.and_then(Value::as_array).is_some_and(|list| list.iter().any(|value| value == text))
}

/// Whether a map is worth nothing without this key. An application without a name keeps its place in the estate, so
/// that the rest of it is still checked.
fn is_needed(required: Option<&Value>, key: &str) -> bool {
    key != "displayName" && lists(required, key)
}
