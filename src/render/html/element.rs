//! The pieces that the page is made of.

use super::super::value::printable;

/// An element around HTML. No class where it is empty.
pub(super) fn element(name: &str, class: &str, inner: &str) -> String {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    format!("<{name}{class}>{inner}</{name}>\n")
}

/// A part of the page with its heading.
pub(super) fn section(class: &str, heading: &str, inner: &str) -> String {
    element("section", class, &(element("h2", "", &escaped(heading)) + inner))
}

/// A name of the tenant or the manifests.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

/// Text that means nothing but itself, between elements as in attributes.
pub(super) fn escaped(text: &str) -> String {
    let text = printable(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
