//! `accredit doctor`: why an application cannot connect, and what to do.

mod application;
mod text;

use std::io::Read as _;

use crate::catalog::nearest;
use crate::doctor::is_known;
use crate::manifest;
use crate::model::Handle;

use super::console::Console;
use super::{Exit, Failure, Target, manifests};

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

/// Longer texts are none that somebody pasted.
const MAXIMUM_TEXT: u64 = 1 << 20;

pub(super) async fn run(console: &Console, arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { about, mut target, json } = arguments;
    let about = match about {
        About::Either(word) => told_apart(console, word, &mut target)?,
        said => said,
    };
    match about {
        About::Handle(handle) => application::run(console, target, Some(handle), json).await,
        About::Text(text) => text::run(console, &text, json),
        About::Standard => text::run(console, &standard_input()?, json),
        About::All | About::Either(_) => application::run(console, target, None, json).await,
    }
}

fn standard_input() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MAXIMUM_TEXT).read_to_end(&mut bytes);
    read.map_err(|error| Failure::new("standard input could not be read", error))?;
    Ok(decoded(&bytes))
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
    let Some(word) = manifests::handles_among(vec![word], &mut target.paths)?.pop() else { return Ok(About::All) };
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
}
