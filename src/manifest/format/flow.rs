//! Texts and flows that stand on one line: `{ env: NAME }`, `[cer, pfx]`, `"quoted"`.

use super::order::Known;

/// A value in braces, or within one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Flow {
    Map(Vec<(String, Self)>),
    List(Vec<Self>),
    Scalar(String),
}

/// A value of one line as it is printed: the same where it is not understood.
pub(super) fn printed(text: &str, known: &Known<'_>) -> String {
    if text.starts_with(['{', '[']) {
        let mut rest = text;
        return match read(&mut rest) {
            Some(flow) if rest.is_empty() => print(in_order(flow, known)),
            Some(_) | None => text.to_owned(),
        };
    }
    without_quotes(text, false).unwrap_or(text).to_owned()
}

/// A key as it is printed.
pub(super) fn printed_key(text: &str) -> &str {
    without_quotes(text, true).unwrap_or(text)
}

/// What a quoted text says, where it says the same without its quotes, also to programs that read an older YAML.
fn without_quotes(text: &str, in_flow: bool) -> Option<&str> {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    let others = if in_flow { " ._-/@()+" } else { " ._-/@()+,:=" };
    let is_plain = |character: char| character.is_alphanumeric() || others.contains(character);
    let begins = inside.starts_with(|first: char| first.is_alphabetic() || first == '/');
    let is_a_key = inside.ends_with(':') || inside.contains(": ");
    let is_a_word = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(inside));
    (begins && !inside.ends_with(' ') && inside.chars().all(is_plain) && !is_a_key && !is_a_word).then_some(inside)
}

/// Takes one value from the beginning of a text.
fn read(rest: &mut &str) -> Option<Flow> {
    skip(rest);
    if let Some(inside) = rest.strip_prefix('{') {
        *rest = inside;
        let mut entries = Vec::new();
        while !end(rest, '}')? {
            let Flow::Scalar(key) = scalar(rest)? else { return None };
            skip(rest);
            *rest = rest.strip_prefix(':')?;
            skip(rest);
            entries.push((key, read(rest)?));
            separator(rest, '}')?;
        }
        return Some(Flow::Map(entries));
    }
    if let Some(inside) = rest.strip_prefix('[') {
        *rest = inside;
        let mut items = Vec::new();
        while !end(rest, ']')? {
            items.push(read(rest)?);
            separator(rest, ']')?;
        }
        return Some(Flow::List(items));
    }
    scalar(rest)
}

fn skip(rest: &mut &str) {
    *rest = rest.trim_start_matches(' ');
}

/// Whether a flow ends here; its closing brace is taken.
fn end(rest: &mut &str, brace: char) -> Option<bool> {
    skip(rest);
    if rest.is_empty() {
        return None;
    }
    let after = rest.strip_prefix(brace);
    *rest = after.unwrap_or(rest);
    Some(after.is_some())
}

/// A comma, or the brace that follows, which stays.
fn separator(rest: &mut &str, brace: char) -> Option<()> {
    skip(rest);
    if let Some(after) = rest.strip_prefix(',') {
        *rest = after;
        return Some(());
    }
    rest.starts_with(brace).then_some(())
}

fn scalar(rest: &mut &str) -> Option<Flow> {
    let first = rest.chars().next()?;
    let length = match first {
        '"' => {
            let mut escaped = false;
            let close = rest.char_indices().skip(1).find(|(_, character)| {
                let is_end = *character == '"' && !escaped;
                escaped = *character == '\\' && !escaped;
                is_end
            });
            close?.0 + 1
        }
        '\'' => {
            let close = rest.get(1..)?.find('\'')? + 2;
            // Two of them are one that is meant: not worth the trouble.
            if rest.get(close..)?.starts_with('\'') {
                return None;
            }
            close
        }
        '?' | '!' | '|' | '>' | '%' | '@' | '`' | '#' | ',' | '}' | ']' | ':' | '&' | '*' | '-' => return None,
        _ => {
            let mut length = rest.len();
            for (at, character) in rest.char_indices() {
                let after = rest.get(at + character.len_utf8()..)?.chars().next();
                match character {
                    ',' | '}' | ']' => {
                        length = at;
                        break;
                    }
                    '{' | '[' => return None,
                    ':' if after.is_none_or(|after| matches!(after, ' ' | ',' | '}' | ']')) => {
                        length = at;
                        break;
                    }
                    '#' if rest.get(..at)?.ends_with([' ', '\t']) => return None,
                    _ => {}
                }
            }
            length
        }
    };
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    let text = text.trim_end_matches(' ');
    (!text.is_empty()).then(|| Flow::Scalar(without_quotes(text, true).unwrap_or(text).to_owned()))
}

fn in_order(flow: Flow, known: &Known<'_>) -> Flow {
    match flow {
        Flow::Map(entries) => {
            let ordered = known.sorted(entries, |(key, _)| key);
            Flow::Map(
                ordered
                    .into_iter()
                    .map(|(key, value)| {
                        let inner = known.of_key(&key);
                        (key, in_order(value, &inner))
                    })
                    .collect(),
            )
        }
        Flow::List(items) => Flow::List(items.into_iter().map(|item| in_order(item, &known.of_items())).collect()),
        Flow::Scalar(text) => Flow::Scalar(text),
    }
}

fn print(flow: Flow) -> String {
    match flow {
        Flow::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Flow::Map(entries) => {
            let entries: Vec<String> =
                entries.into_iter().map(|(key, value)| format!("{key}: {}", print(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Flow::List(items) => format!("[{}]", items.into_iter().map(print).collect::<Vec<_>>().join(", ")),
        Flow::Scalar(text) => text,
    }
}
