//! `accredit doctor`: why an application cannot connect, and what to do.

mod application;
mod text;

use std::io::Read;

use crate::catalog::nearest;
use crate::doctor::is_known;
use crate::manifest;
use crate::model::Handle;

use super::console::Console;
use super::{Exit, Failure, Target, manifests};

/// Of the JSON documents that docs/doctor.md describes. It rises when a field goes or changes its meaning.
const FORMAT_VERSION: u32 = 1;

/// What was typed after `doctor`.
#[derive(Debug)]
pub struct Arguments {
    pub about: About,
    pub target: Target,
    pub json: bool,
}

/// What is asked about.
#[derive(Debug)]
pub enum About {
    /// All declared applications.
    All,
    Handle(String),
    Text(String),
    /// A text on standard input.
    Standard,
    /// A handle, or a text.
    Either(String),
}

/// Of a longer text so many bytes are read at its beginning, and as many at its end, where errors mostly stand.
const MAXIMUM_PART: usize = 1 << 20;

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { about, mut target, json } = arguments;
    let about = match about {
        About::Either(word) => told_apart(console, word, &mut target)?,
        said => said,
    };
    match about {
        About::Handle(handle) => application::run(console, target, Some(handle), json).await,
        About::Text(text) => text::run(console, &text, json),
        About::Standard => text::run(console, &standard_input(console)?, json),
        About::All | About::Either(_) => application::run(console, target, None, json).await,
    }
}

fn standard_input(console: &Console) -> Result<String, Failure> {
    let parts = beginning_and_end(std::io::stdin().lock(), MAXIMUM_PART);
    let (beginning, end) = parts.map_err(|error| Failure::new("standard input could not be read", error))?;
    let Some(end) = end else { return Ok(decoded(&beginning)) };
    console.say("Note: the text is long; only its first and its last mebibyte are looked at.\n");
    let mark = if beginning.starts_with(&[0xFF, 0xFE]) || beginning.starts_with(&[0xFE, 0xFF]) { 2 } else { 0 };
    let end = [&beginning[..mark], &end].concat();
    Ok(format!("{}\n{}", decoded(&beginning), decoded(&end)))
}

/// All of an input; of one that is longer than two parts the first and the last. `part` is even, as two bytes are one
/// letter in UTF-16.
fn beginning_and_end(mut input: impl Read, part: usize) -> std::io::Result<(Vec<u8>, Option<Vec<u8>>)> {
    let mut beginning = vec![0; part * 2];
    let mut length = 0;
    loop {
        match input.read(&mut beginning[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    beginning.truncate(length);
    let mut end = beginning.get(part..).unwrap_or_default().to_vec();
    let mut is_cut = false;
    let mut next = Vec::new();
    while input.by_ref().take(part as u64).read_to_end(&mut next)? > 0 {
        end.append(&mut next);
        let more = end.len().saturating_sub(part);
        end.drain(..more + more % 2);
        is_cut = true;
    }
    if !is_cut {
        return Ok((beginning, None));
    }
    beginning.truncate(part);
    Ok((beginning, Some(end)))
}

/// Windows PowerShell writes files in UTF-16.
fn decoded(bytes: &[u8]) -> String {
    let units = |pair: fn([u8; 2]) -> u16| -> String {
        let units: Vec<u16> = bytes[2..].as_chunks::<2>().0.iter().map(|two| pair(*two)).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xFF, 0xFE, ..] => units(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => units(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// What is a handle of the manifests is a handle, and a path is where they lie; anything else is an error text.
fn told_apart(console: &Console, word: String, target: &mut Target) -> Result<About, Failure> {
    // No handle has a space or a capital, and no error text of one word is long.
    let may_be_handle = word.len() <= 64
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.'));
    let desired =
        if may_be_handle { manifest::load(&target.paths, &manifests::working_directory()?).desired } else { None };
    if desired.as_ref().is_some_and(|desired| desired.applications.contains_key(word.as_str())) {
        if is_known(&word) {
            console.say(&format!(
                "Note: `{word}` is a handle of the manifests, and taken for that; `--text {word}` takes it for an error text.\n"
            ));
        }
        return Ok(About::Handle(word));
    }
    let Some(word) = manifests::handles_among(vec![word], target)?.pop() else { return Ok(About::All) };
    if !may_be_handle || is_known(&word) {
        return Ok(About::Text(word));
    }
    let handles = desired.iter().flat_map(|desired| desired.applications.keys()).map(Handle::as_str);
    let near = nearest(&word, handles).first().map(|handle| format!("did you mean `{handle}`?"));
    Err(Failure::message(format!("`{word}` is no handle of the manifests, and no error text that is known"))
        .hint(near.unwrap_or_else(|| "give the whole error text in quotes, or a handle".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_windows_powershell_is_read() {
        let utf16: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain("AADSTS700027".bytes().flat_map(|byte| [byte, 0])).collect();
        assert_eq!(decoded(&utf16), "AADSTS700027");
        assert_eq!(decoded(b"AADSTS700027"), "AADSTS700027");
        assert_eq!(decoded(b"\xFF"), "\u{fffd}");
    }

    #[test]
    fn of_a_long_text_beginning_and_end_are_read() {
        let parts = |text: &str| {
            let (beginning, end) = beginning_and_end(text.as_bytes(), 4).unwrap();
            (String::from_utf8(beginning).unwrap(), end.map(|end| String::from_utf8(end).unwrap()))
        };
        assert_eq!(parts(""), (String::new(), None));
        assert_eq!(parts("12345678"), ("12345678".to_owned(), None));
        assert_eq!(parts("123456789a"), ("1234".to_owned(), Some("789a".to_owned())));
        assert_eq!(parts("123456789abcdefghi").1.unwrap(), "fghi");
    }
}
