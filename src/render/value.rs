//! One value as text.

use crate::model::{Address, Value};

/// A value on one line. Control characters are escaped, so that no property of a tenant can steer a terminal.
pub fn inline(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Text(text) => quoted(text),
        Value::Output { output: _ } => "(known after apply)".to_owned(),
        Value::Named(named) if named.name == named.id => quoted(&named.id),
        Value::Named(named) => format!("{} ({})", quoted(&named.name), printable(&named.id)),
        Value::Sensitive { sensitive: _ } => "(sensitive value)".to_owned(),
        Value::Set(values) => format!("[{}]", values.iter().map(inline).collect::<Vec<_>>().join(", ")),
    }
}

/// Where a value that is not known yet will come from, where that is another resource.
pub(super) fn origin(value: &Value, of: &Address) -> Option<String> {
    if let Value::Output { output } = value
        && output.of != *of
    {
        return Some(output.of.to_string());
    }
    None
}

pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text).replace('"', "\\\""))
}

/// The text with control characters and such as change the direction of writing escaped.
pub fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let hidden = c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
            let escaped: Vec<char> = if hidden { c.escape_default().collect() } else { vec![c] };
            escaped
        })
        .collect()
}
