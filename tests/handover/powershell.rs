//! What PowerShell's grammar makes of a text.

use tree_sitter::{Node, Parser, Tree};

/// A text that was understood to its end.
pub(crate) struct Script<'a> {
    text: &'a str,
    tree: Tree,
}

impl<'a> Script<'a> {
    /// Panics where the grammar finds anything that it does not know.
    pub(crate) fn parse(text: &'a str) -> Self {
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
        let tree = parser.parse(text, None).unwrap();
        let script = Self { text, tree };
        // The grammar wants something to be done; PowerShell takes comments alone.
        if text.lines().all(|line| line.is_empty() || line.starts_with('#')) {
            return script;
        }
        let wrong: Vec<String> = script
            .nodes()
            .into_iter()
            .filter(|node| node.is_error() || node.is_missing())
            .map(|node| format!("line {}: {}", node.start_position().row + 1, script.of(node)))
            .collect();
        assert!(wrong.is_empty(), "this is no PowerShell:\n{}\n\nin\n{text}", wrong.join("\n"));
        script
    }

    /// The names of the commands that it runs, in order.
    pub(crate) fn commands(&self) -> Vec<&'a str> {
        self.kind("command_name").into_iter().map(|node| self.of(node)).collect()
    }

    /// The texts between single marks, as PowerShell reads them, and as .NET reads those that are handed to `Unescape`.
    pub(crate) fn literals(&self) -> Vec<String> {
        let is_escaped = |node: &Node<'_>| self.text[..node.start_byte()].ends_with("[regex]::Unescape(");
        let text = |node| {
            let text = unquoted(self.of(node));
            if is_escaped(&node) { unescaped(&text) } else { text }
        };
        self.kind("verbatim_string_characters").into_iter().map(text).collect()
    }

    /// The texts of all nodes of this kind.
    pub(crate) fn texts(&self, kind: &str) -> Vec<&'a str> {
        self.kind(kind).into_iter().map(|node| self.of(node)).collect()
    }

    fn kind(&self, kind: &str) -> Vec<Node<'_>> {
        self.nodes().into_iter().filter(|node| node.kind() == kind).collect()
    }

    /// All nodes, each before those within it.
    fn nodes(&self) -> Vec<Node<'_>> {
        let mut found = Vec::new();
        let mut waiting = vec![self.tree.root_node()];
        while let Some(node) = waiting.pop() {
            found.push(node);
            let children: Vec<Node<'_>> = node.children(&mut node.walk()).collect();
            waiting.extend(children.into_iter().rev());
        }
        found
    }

    fn of(&self, node: Node<'_>) -> &'a str {
        &self.text[node.byte_range()]
    }
}

/// `\\` and `\u` with four digits, in units of UTF-16.
fn unescaped(text: &str) -> String {
    let mut units: Vec<u16> = Vec::new();
    let mut rest = text.encode_utf16().peekable();
    let backslash = u16::from(b'\\');
    while let Some(unit) = rest.next() {
        if unit != backslash {
            units.push(unit);
            continue;
        }
        match rest.next().unwrap() {
            unit if unit == backslash => units.push(unit),
            unit if unit == u16::from(b'u') => {
                let digits = String::from_utf16(&rest.by_ref().take(4).collect::<Vec<_>>()).unwrap();
                units.push(u16::from_str_radix(&digits, 16).unwrap());
            }
            other => panic!("\\ before {other} in {text}"),
        }
    }
    String::from_utf16(&units).unwrap()
}

/// A text as Windows PowerShell reads its file, which it takes for ANSI. What is a mark in 1250, 1251 and 1252 is one in 874
/// too, but for one; other bytes beyond ASCII are letters here.
pub(crate) fn read_as_ansi(text: &str, page: u16) -> String {
    let read = |byte: u8| match byte {
        0x00..=0x7f => char::from(byte),
        0x82 if page != 874 => '\u{201a}',
        0x84 if page != 874 => '\u{201e}',
        0x85 => '\u{2026}',
        0x91 => '\u{2018}',
        0x92 => '\u{2019}',
        0x93 => '\u{201c}',
        0x94 => '\u{201d}',
        0x96 => '\u{2013}',
        0x97 => '\u{2014}',
        0xa0 => '\u{a0}',
        _ => 'x',
    };
    text.bytes().map(read).collect()
}

/// PowerShell reads a doubled mark as one, whichever of its marks that is.
fn unquoted(literal: &str) -> String {
    let mut text = literal.trim_matches('\'').to_owned();
    for mark in ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'] {
        text = text.replace(&format!("{mark}{mark}"), &mark.to_string());
    }
    text
}
