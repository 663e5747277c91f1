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

    /// The texts between single marks, as PowerShell reads them.
    pub(crate) fn literals(&self) -> Vec<String> {
        self.kind("verbatim_string_characters").into_iter().map(|node| unquoted(self.of(node))).collect()
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

/// PowerShell reads a doubled mark as one, whichever of its marks that is.
fn unquoted(literal: &str) -> String {
    let mut text = literal.trim_matches('\'').to_owned();
    for mark in ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'] {
        text = text.replace(&format!("{mark}{mark}"), &mark.to_string());
    }
    text
}
