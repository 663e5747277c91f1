//! Blocks as text: two spaces for each level, the keys in their order, one blank line at most.

use super::blocks::{Between, Block, Entry, Item, Remark, Value, indentation, is_blank};
use super::flow;
use super::order::Known;

const STEP: usize = 2;

/// Prints a whole file. Its lines end with `\n`.
pub(super) fn print(block: Block<'_>, known: &Known<'_>) -> String {
    let mut printer = Printer::default();
    let block = match block {
        Block::Map { mut entries, tail } => {
            let heading = entries.first_mut().map(heading).unwrap_or_default();
            printer.between(&heading, 0);
            Block::Map { entries, tail }
        }
        other @ (Block::List { .. } | Block::Verbatim { .. }) => other,
    };
    printer.block(block, 0, known, false);
    printer.lines.join("\n") + "\n"
}

/// Takes from the first key what is said of the whole file: what a blank line parts from it, and words for an editor.
fn heading<'a>(first: &mut Entry<'a>) -> Vec<Between<'a>> {
    let blanks = first.before.iter().take_while(|line| **line == Between::Blank).count();
    first.before.drain(..blanks);
    let of_file = match first.before.iter().rposition(|line| *line == Between::Blank) {
        Some(last) => last + 1,
        None if matches!(first.before.first(), Some(Between::Comment(text)) if is_for_editors(text)) => {
            first.before.len()
        }
        None => 0,
    };
    first.before.drain(..of_file).collect()
}

fn is_for_editors(comment: &str) -> bool {
    comment.trim_start_matches('#').trim_start().starts_with("yaml-language-server:")
}

#[derive(Default)]
struct Printer {
    lines: Vec<String>,
}

impl Printer {
    fn between(&mut self, lines: &[Between<'_>], at: usize) {
        for line in lines {
            match line {
                Between::Blank if self.lines.last().is_none_or(String::is_empty) => {}
                Between::Blank => self.lines.push(String::new()),
                Between::Comment(text) => self.lines.push(format!("{}{text}", " ".repeat(at))),
            }
        }
    }

    /// Prints a block at a column; `is_begun`: its first key stands on the line that was printed last.
    fn block(&mut self, block: Block<'_>, at: usize, known: &Known<'_>, is_begun: bool) {
        match block {
            Block::Map { entries, tail } => {
                for (index, Entry { before, key, value }) in
                    in_order(entries, &tail, known, is_begun).into_iter().enumerate()
                {
                    let key = flow::printed_key(key);
                    if is_begun && index == 0 {
                        self.append(key);
                        self.append(":");
                    } else {
                        self.between(&before, at);
                        self.lines.push(format!("{}{key}:", " ".repeat(at)));
                    }
                    self.value(value, at, &known.of_key(key));
                }
                self.between(&tail, at);
            }
            Block::List { items, tail } => {
                let known = known.of_items();
                for Item { before, value } in items {
                    self.between(&before, at);
                    self.lines.push(format!("{}-", " ".repeat(at)));
                    self.value(value, at, &known);
                }
                self.between(&tail, at);
            }
            Block::Verbatim { indentation, lines } => self.shifted(&lines, indentation, at, 0),
        }
    }

    fn value(&mut self, value: Value<'_>, at: usize, known: &Known<'_>) {
        match value {
            Value::Line { text, remark } => {
                self.text(&flow::printed(text, known));
                self.remark(remark, at);
            }
            Value::Nested { anchor, remark, block } => {
                self.text(anchor);
                self.remark(remark, at);
                self.block(*block, at + STEP, known, false);
            }
            Value::Compact(block) => {
                self.append(" ");
                self.block(*block, at + STEP, known, true);
            }
            Value::Continued { first, lines, indentation } => {
                self.text(first);
                self.shifted(&lines, indentation, at, at + 1);
            }
            Value::Literal { header, lines, indentation, is_told, parent } => {
                self.text(header);
                let (from, to) = if is_told { (parent, at) } else { (indentation, at + STEP) };
                for line in lines {
                    let length = super::blocks::indentation(line);
                    let rest = line.get(length..).unwrap_or_default();
                    let is_short = rest.is_empty() && length <= indentation;
                    self.lines.push(if is_short {
                        String::new()
                    } else {
                        format!("{}{rest}", " ".repeat((length + to).saturating_sub(from)))
                    });
                }
            }
        }
    }

    /// Lines that move as one from a column to another, and not below the least.
    fn shifted(&mut self, lines: &[&str], from: usize, to: usize, least: usize) {
        for line in lines {
            if is_blank(line) {
                self.lines.push(String::new());
                continue;
            }
            let length = indentation(line);
            let rest = line.get(length..).unwrap_or_default();
            // A closing brace may stand below its key.
            let least = if rest.starts_with([']', '}']) { least.min(to) } else { least };
            let column = (length + to).saturating_sub(from).max(least);
            self.lines.push(format!("{}{rest}", " ".repeat(column)));
        }
    }

    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.append(" ");
            self.append(text);
        }
    }

    /// A comment behind a value: where it was lined up with others it stays at its column, as far as there is room.
    fn remark(&mut self, remark: Option<Remark<'_>>, at: usize) {
        let Some(Remark { text, gap, column }) = remark else { return };
        let width = self.lines.last().map_or(0, |line| line.chars().count()).saturating_sub(at);
        let spaces = if gap > 1 { column.saturating_sub(width).max(1) } else { 1 };
        self.append(&" ".repeat(spaces));
        self.append(text);
    }

    fn append(&mut self, text: &str) {
        if let Some(line) = self.lines.last_mut() {
            line.push_str(text);
        }
    }
}

/// The keys of a map in their order, each with what belongs to it.
fn in_order<'a>(entries: Vec<Entry<'a>>, tail: &[Between<'a>], known: &Known<'_>, is_begun: bool) -> Vec<Entry<'a>> {
    // What an alias repeats has to come before it, and which anchor is meant may depend on the order.
    if entries.iter().any(|entry| refers(&entry.value)) {
        return entries;
    }
    let before: Vec<&str> = entries.iter().map(|entry| entry.key).collect();
    let mut sorted = known.sorted(entries.clone(), |entry| flow::printed_key(entry.key));
    let moved = |index: Option<usize>| index.and_then(|index| Some(sorted.get(index)?.key != *before.get(index)?));
    // A comment below the last key may be about that key or about the map.
    let is_of_last =
        matches!(tail.first(), Some(Between::Comment(_))) && moved(before.len().checked_sub(1)) == Some(true);
    // There is no room for what stands before a key behind a dash.
    let is_behind_dash = is_begun && sorted.first().is_some_and(|first| !first.before.is_empty());
    if is_of_last || is_behind_dash {
        return entries;
    }
    if moved(Some(0)) == Some(true) {
        hand_over_blank(&mut sorted, before.first().copied());
    }
    sorted
}

/// A blank line before what is now the first key stays between keys: it goes to the one that was first.
fn hand_over_blank(sorted: &mut [Entry<'_>], was_first: Option<&str>) {
    let Some(first) = sorted.first_mut().filter(|first| first.before.first() == Some(&Between::Blank)) else { return };
    let blanks = first.before.iter().take_while(|line| **line == Between::Blank).count();
    first.before.drain(..blanks);
    if let Some(entry) = sorted.iter_mut().find(|entry| Some(entry.key) == was_first)
        && entry.before.first() != Some(&Between::Blank)
    {
        entry.before.insert(0, Between::Blank);
    }
}

/// Whether an anchor or an alias may stand in a value.
fn refers(value: &Value<'_>) -> bool {
    let may = |text: &str| text.contains(['&', '*']);
    let begins = |text: &str| text.starts_with(['&', '*']) || (text.starts_with(['{', '[']) && may(text));
    match value {
        Value::Line { text, remark: _ } => begins(text),
        Value::Nested { anchor, remark: _, block } => !anchor.is_empty() || block_refers(block),
        Value::Compact(block) => block_refers(block),
        Value::Continued { first, lines, indentation: _ } => begins(first) || lines.iter().any(|line| may(line)),
        Value::Literal { header, lines: _, indentation: _, is_told: _, parent: _ } => begins(header),
    }
}

fn block_refers(block: &Block<'_>) -> bool {
    match block {
        Block::Map { entries, tail: _ } => entries.iter().any(|entry| refers(&entry.value)),
        Block::List { items, tail: _ } => items.iter().any(|item| refers(&item.value)),
        Block::Verbatim { indentation: _, lines } => lines.iter().any(|line| line.contains(['&', '*'])),
    }
}
