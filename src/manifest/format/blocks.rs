//! A manifest's text as blocks: the maps and lists that are told by indentation, with the comments and blank lines between
//! them. What stands on one line or is quoted, folded or in braces stays text.
//!
//! What this does not know for sure it keeps as it is written, line by line ([`Block::Verbatim`]): a formatter that guesses
//! breaks files.

/// Something told by indentation.
#[derive(Clone, Debug)]
pub(super) enum Block<'a> {
    Map {
        entries: Vec<Entry<'a>>,
        tail: Vec<Between<'a>>,
    },
    List {
        items: Vec<Item<'a>>,
        tail: Vec<Between<'a>>,
    },
    /// Lines that are not understood, with the indentation of the first.
    Verbatim {
        indentation: usize,
        lines: Vec<&'a str>,
    },
}

/// A key with its value, and what stands before it and so belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub before: Vec<Between<'a>>,
    pub key: &'a str,
    pub value: Value<'a>,
}

#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    pub before: Vec<Between<'a>>,
    pub value: Value<'a>,
}

/// What stands between keys and items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Between<'a> {
    Blank,
    Comment(&'a str),
}

/// A comment at the end of a line: how far it stands from what is before it, and from the line's own beginning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remark<'a> {
    pub text: &'a str,
    pub gap: usize,
    pub column: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    /// On the line of its key, or nothing at all.
    Line { text: &'a str, remark: Option<Remark<'a>> },
    /// On the following lines; `anchor` is what names it on the line of its key.
    Nested { anchor: &'a str, remark: Option<Remark<'a>>, block: Box<Block<'a>> },
    /// A map that begins on the line of its item's dash.
    Compact(Box<Block<'a>>),
    /// Text or a flow that begins on the line of its key and goes on. `indentation` is that of the key.
    Continued { first: &'a str, lines: Vec<&'a str>, indentation: usize },
    /// A block scalar: its first line, and the lines of its text with what they are indented by. Where the first line says
    /// how far, it is relative to `parent`.
    Literal { header: &'a str, lines: Vec<&'a str>, indentation: usize, is_told: bool, parent: usize },
}

/// Something that is not known for sure.
#[derive(Debug)]
pub(super) struct NotKnown;

/// Reads a whole file. Its lines have no line ends.
pub(super) fn read<'a>(lines: &[&'a str]) -> Result<Block<'a>, NotKnown> {
    let mut reader = Reader { lines: lines.to_vec(), at: 0 };
    let block = reader.block(0, Kind::Map)?;
    while reader.line().is_some_and(is_blank) {
        reader.at += 1;
    }
    if reader.at < reader.lines.len() { Err(NotKnown) } else { Ok(block) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Map,
    List,
    /// A list as deep as the key that it belongs to.
    ShallowList,
}

struct Reader<'a> {
    lines: Vec<&'a str>,
    at: usize,
}

pub(super) fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

pub(super) fn is_blank(line: &str) -> bool {
    line.trim_matches([' ', '\t']).is_empty()
}

fn is_comment(line: &str) -> bool {
    line.trim_start_matches([' ', '\t']).starts_with('#')
}

fn is_item(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

impl<'a> Reader<'a> {
    fn line(&self) -> Option<&'a str> {
        self.lines.get(self.at).copied()
    }

    /// The next line that says something, from `at`, skipping what stands between.
    fn next_said(&self) -> Option<&'a str> {
        self.lines.get(self.at..)?.iter().copied().find(|line| !is_blank(line) && !is_comment(line))
    }

    fn between(&mut self) -> Vec<Between<'a>> {
        let mut found = Vec::new();
        while let Some(line) = self.line() {
            if is_blank(line) {
                found.push(Between::Blank);
            } else if is_comment(line) {
                found.push(Between::Comment(line.trim_matches([' ', '\t'])));
            } else {
                break;
            }
            self.at += 1;
        }
        found
    }

    /// What stands after the last key or item of a block and belongs to it still: up to the last comment that is indented
    /// at least as deeply, before one that is not.
    fn tail(&mut self, from: usize, kind: Kind) -> Vec<Between<'a>> {
        let begin = self.at;
        let all = self.between();
        let is_item_left_out = |line: &str| {
            kind == Kind::ShallowList && is_item(line.trim_start_matches([' ', '#'])) && indentation(line) + 1 == from
        };
        let is_inside = |line: &&str| indentation(line) >= from || is_item_left_out(line);
        let deep = |at: &usize| self.lines.get(begin + at).is_some_and(is_inside);
        let comments = (0..all.len()).filter(|at| matches!(all.get(*at), Some(Between::Comment(_))));
        let count = comments.take_while(deep).last().map_or(0, |last| last + 1);
        self.at = begin + count;
        all.into_iter().take(count).collect()
    }

    fn block(&mut self, depth: usize, kind: Kind) -> Result<Block<'a>, NotKnown> {
        let from = if kind == Kind::ShallowList { depth + 1 } else { depth };
        let (mut entries, mut items) = (Vec::new(), Vec::new());
        loop {
            let goes_on = self.next_said().is_some_and(|line| {
                let inside = indentation(line) >= depth;
                inside && (kind != Kind::ShallowList || is_item(line.trim_start_matches(' ')))
            });
            if !goes_on {
                break;
            }
            let before = self.between();
            let line = self.line().ok_or(NotKnown)?;
            if indentation(line) != depth {
                return Err(NotKnown);
            }
            let text = line.get(depth..).ok_or(NotKnown)?;
            match (kind, is_item(text)) {
                (Kind::Map, false) => entries.push(self.entry(before, depth)?),
                (Kind::List | Kind::ShallowList, true) => items.push(self.item(before, depth)?),
                (Kind::Map, true) | (Kind::List | Kind::ShallowList, false) => return Err(NotKnown),
            }
        }
        let tail = self.tail(from, kind);
        match kind {
            Kind::Map if entries.is_empty() => Err(NotKnown),
            Kind::Map => Ok(Block::Map { entries, tail }),
            Kind::List | Kind::ShallowList => Ok(Block::List { items, tail }),
        }
    }

    /// A key, which begins at the column `depth` of the line, and its value.
    fn entry(&mut self, before: Vec<Between<'a>>, depth: usize) -> Result<Entry<'a>, NotKnown> {
        let line = self.line().ok_or(NotKnown)?;
        let text = line.get(depth..).ok_or(NotKnown)?;
        let (key, rest) = key_of(text).ok_or(NotKnown)?;
        let value = self.value(rest, line.len() - rest.len(), depth, Kind::Map)?;
        Ok(Entry { before, key, value })
    }

    fn item(&mut self, before: Vec<Between<'a>>, depth: usize) -> Result<Item<'a>, NotKnown> {
        let line = self.line().ok_or(NotKnown)?;
        let rest = line.get(depth + 1..).ok_or(NotKnown)?;
        let text = rest.trim_start_matches(' ');
        let column = line.len() - text.len();
        if is_item(text) {
            return Err(NotKnown);
        }
        if !text.starts_with('#') && key_of(text).is_some() {
            return Ok(Item { before, value: Value::Compact(Box::new(self.compact(column)?)) });
        }
        let value = self.value(rest, line.len() - rest.len(), depth, Kind::List)?;
        Ok(Item { before, value })
    }

    /// A map whose first key stands behind a dash, at the column `depth`.
    fn compact(&mut self, depth: usize) -> Result<Block<'a>, NotKnown> {
        let first = self.entry(Vec::new(), depth)?;
        let mut entries = vec![first];
        // A map goes on at the same column; a list there, or anything deeper, is none of it.
        if self.next_said().is_some_and(|line| indentation(line) >= depth) {
            let Block::Map { entries: rest, tail } = self.block(depth, Kind::Map)? else { return Err(NotKnown) };
            entries.extend(rest);
            return Ok(Block::Map { entries, tail });
        }
        let tail = self.tail(depth, Kind::Map);
        Ok(Block::Map { entries, tail })
    }

    /// What stands behind a key or a dash, `rest` of the line, and on the lines below. `depth` is the indentation of that key
    /// or dash.
    fn value(&mut self, rest: &'a str, column: usize, depth: usize, kind: Kind) -> Result<Value<'a>, NotKnown> {
        let text = rest.trim_matches([' ', '\t']);
        let start = column + (rest.len() - rest.trim_start_matches([' ', '\t']).len());
        let (anchor, scalar) = match text.strip_prefix('&') {
            Some(named) => {
                let end = named.find([' ', '\t']).map_or(text.len(), |end| end + 1);
                text.split_at(end)
            }
            None => ("", text),
        };
        let behind = scalar.trim_start_matches([' ', '\t']);
        // Behind a key there is at least a space, so what begins with `#` is a comment.
        if behind.is_empty() || behind.starts_with('#') {
            let width = start + anchor.len();
            let gap = start + (text.len() - behind.len()) - width;
            let gap = if anchor.is_empty() { start - column } else { gap };
            let remark = remark(behind, gap, start + (text.len() - behind.len()) - depth)?;
            self.at += 1;
            return Ok(self.below(anchor, remark, depth, kind));
        }
        let end_of = |length: usize| -> Result<Option<Remark<'a>>, NotKnown> {
            let after = behind.get(length..).ok_or(NotKnown)?;
            let comment = after.trim_start_matches([' ', '\t']);
            let gap = after.len() - comment.len();
            if !comment.is_empty() && (gap == 0 || !comment.starts_with('#')) {
                return Err(NotKnown);
            }
            remark(comment, gap, start + (text.len() - comment.len()) - depth)
        };
        match behind.chars().next() {
            Some('|' | '>') => Ok(self.literal(text, depth)),
            Some('"' | '\'' | '{' | '[') => {
                if let Some(length) = closed(behind) {
                    let remark = end_of(length)?;
                    self.at += 1;
                    let length = text.len() - behind.len() + length;
                    self.ends_here(depth)?;
                    Ok(Value::Line { text: text.get(..length).ok_or(NotKnown)?, remark })
                } else {
                    self.continued_until_closed(text, behind, depth)
                }
            }
            Some('!' | '%' | '@' | '`' | '?' | '-' | ':' | ',' | ']' | '}') if is_reserved(behind) => Err(NotKnown),
            _ => {
                let length = plain_length(behind);
                let remark = end_of(length)?;
                let length = text.len() - behind.len() + length;
                let text = text.get(..length).ok_or(NotKnown)?;
                self.at += 1;
                if remark.is_some() {
                    self.ends_here(depth)?;
                    return Ok(Value::Line { text, remark });
                }
                let lines = self.continuation(depth);
                if lines.is_empty() {
                    self.ends_here(depth)?;
                    return Ok(Value::Line { text, remark });
                }
                Ok(Value::Continued { first: text, lines, indentation: depth })
            }
        }
    }

    /// That nothing deeper follows a value that has ended.
    fn ends_here(&self, depth: usize) -> Result<(), NotKnown> {
        match self.next_said() {
            Some(line) if indentation(line) > depth => Err(NotKnown),
            Some(_) | None => Ok(()),
        }
    }

    /// What belongs to a key or dash with nothing behind it.
    fn below(&mut self, anchor: &'a str, remark: Option<Remark<'a>>, depth: usize, kind: Kind) -> Value<'a> {
        let Some(line) = self.next_said() else { return Value::Line { text: anchor, remark } };
        let deep = indentation(line);
        let text = line.trim_start_matches(' ');
        let inner = if deep > depth && is_item(text) {
            Kind::List
        } else if deep > depth {
            Kind::Map
        } else if deep == depth && kind == Kind::Map && is_item(text) {
            Kind::ShallowList
        } else {
            return Value::Line { text: anchor, remark };
        };
        let begin = self.at;
        let block = self.block(deep, inner).unwrap_or_else(|NotKnown| {
            self.at = begin;
            self.verbatim(deep, inner)
        });
        Value::Nested { anchor, remark, block: Box::new(block) }
    }

    /// Everything that is as deep, as it is.
    fn verbatim(&mut self, depth: usize, kind: Kind) -> Block<'a> {
        let begin = self.at;
        let mut end = begin;
        while let Some(line) = self.line() {
            let inside = match kind {
                Kind::Map | Kind::List => indentation(line) >= depth,
                Kind::ShallowList => {
                    indentation(line) > depth || (indentation(line) == depth && is_item(line.trim_start_matches(' ')))
                }
            };
            if !is_blank(line) && !inside {
                break;
            }
            self.at += 1;
            if !is_blank(line) {
                end = self.at;
            }
        }
        self.at = end;
        Block::Verbatim { indentation: depth, lines: self.lines.get(begin..end).unwrap_or_default().to_vec() }
    }

    /// The further lines of a plain text.
    fn continuation(&mut self, depth: usize) -> Vec<&'a str> {
        let begin = self.at;
        let mut end = begin;
        for (at, line) in self.lines.iter().enumerate().skip(begin) {
            if is_blank(line) {
                continue;
            }
            if is_comment(line) || indentation(line) <= depth {
                break;
            }
            end = at + 1;
        }
        self.at = end;
        self.lines.get(begin..end).unwrap_or_default().to_vec()
    }

    /// A quoted text or a flow that ends on a later line.
    fn continued_until_closed(&mut self, text: &'a str, behind: &'a str, depth: usize) -> Result<Value<'a>, NotKnown> {
        let begin = self.at + 1;
        let mut whole = behind.to_owned();
        for (at, line) in self.lines.iter().enumerate().skip(begin) {
            whole.push('\n');
            let before = whole.len();
            whole.push_str(line);
            if let Some(length) = closed(&whole) {
                let after = line.get(length.saturating_sub(before)..).unwrap_or_default();
                let comment = after.trim_matches([' ', '\t']);
                if !comment.is_empty() && (!comment.starts_with('#') || after.starts_with('#')) {
                    return Err(NotKnown);
                }
                self.at = at + 1;
                self.ends_here(depth)?;
                let lines = self.lines.get(begin..=at).ok_or(NotKnown)?.to_vec();
                return Ok(Value::Continued { first: text, lines, indentation: depth });
            }
        }
        Err(NotKnown)
    }

    fn literal(&mut self, header: &'a str, depth: usize) -> Value<'a> {
        self.at += 1;
        let begin = self.at;
        let marks = header.trim_start_matches('&').split('#').next().unwrap_or_default();
        let marks = marks.rsplit(['|', '>']).next().unwrap_or_default();
        let is_told = marks.contains(|c: char| c.is_ascii_digit());
        let keeps_blanks = marks.contains('+');
        let mut end = begin;
        for (at, line) in self.lines.iter().enumerate().skip(begin) {
            let spaces_alone = line.trim_start_matches(' ').is_empty();
            if !spaces_alone && indentation(line) <= depth {
                break;
            }
            if !spaces_alone || keeps_blanks {
                end = at + 1;
            }
        }
        self.at = end;
        let lines = self.lines.get(begin..end).unwrap_or_default().to_vec();
        let first = lines.iter().find(|line| !line.trim_start_matches(' ').is_empty());
        let indentation = first.map_or(depth + 2, |line| indentation(line));
        Value::Literal { header, lines, indentation, is_told, parent: depth }
    }
}

fn remark(text: &str, gap: usize, column: usize) -> Result<Option<Remark<'_>>, NotKnown> {
    match text.chars().next() {
        None => Ok(None),
        Some('#') => Ok(Some(Remark { text, gap, column })),
        Some(_) => Err(NotKnown),
    }
}

/// Whether a plain text cannot begin like this.
fn is_reserved(text: &str) -> bool {
    let mut characters = text.chars();
    match characters.next() {
        Some('?' | '-' | ':') => characters.next().is_none_or(|next| next == ' ' || next == '\t'),
        _ => true,
    }
}

/// How long a plain text on one line is, without the comment behind it.
fn plain_length(text: &str) -> usize {
    let comment = text.match_indices('#').map(|(at, _)| at);
    let end = comment
        .into_iter()
        .find(|at| text.get(..*at).is_some_and(|before| before.ends_with([' ', '\t'])))
        .unwrap_or(text.len());
    text.get(..end).unwrap_or(text).trim_end_matches([' ', '\t']).len()
}

/// The key at the beginning of a text, and what is behind its colon.
pub(super) fn key_of(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?;
    let end = match first {
        '"' | '\'' => closed(text)?,
        '?' | '&' | '*' | '!' | '|' | '>' | '%' | '@' | '`' | '{' | '}' | '[' | ']' | ',' | '#' | ':' | '\t' => {
            return None;
        }
        _ => {
            let mut colons = text.match_indices(':').map(|(at, _)| at);
            let is_end =
                |at: &usize| text.get(at + 1..).is_some_and(|after| after.is_empty() || after.starts_with([' ', '\t']));
            let end = colons.find(is_end)?;
            if plain_length(text) < end {
                return None;
            }
            end
        }
    };
    let (key, after) = text.split_at_checked(end)?;
    let after = after.trim_start_matches(' ').strip_prefix(':')?;
    let is_end = after.is_empty() || after.starts_with([' ', '\t']);
    is_end.then_some((key.trim_end_matches(' '), after))
}

/// How long the quoted text or flow at the beginning of a text is, if it is closed there.
fn closed(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    let mut characters = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some('"'), '\\') => {
                characters.next();
            }
            (Some('\''), '\'') if characters.peek().is_some_and(|(_, next)| *next == '\'') => {
                characters.next();
            }
            (Some(open), _) if open == character => {
                quote = None;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            // Inside a plain text a quote is a character like any other.
            (None, '"' | '\'') if matches!(before, ' ' | '\t' | '\n' | '{' | '[' | ',' | ':') => {
                quote = Some(character);
            }
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            (None, '#') if matches!(before, ' ' | '\t' | '\n') => {
                while characters.peek().is_some_and(|(_, next)| *next != '\n') {
                    characters.next();
                }
            }
            (Some(_) | None, _) => {}
        }
        before = character;
    }
    None
}
